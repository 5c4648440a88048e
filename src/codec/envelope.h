/*
 * mf_envelope: messages with a five-byte prefix, as gRPC, gRPC-Web and the
 * streams of Connect frame them: one byte of flags, four of length (big
 * endian), the message.
 *
 * Incremental: bytes go in as they come, whole messages come out; a message
 * that lies whole in the input is not copied.
 */
#ifndef MF_CODEC_ENVELOPE_H
#define MF_CODEC_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
    MF_ENVELOPE_PREFIX_LEN = 5,
    MF_ENVELOPE_COMPRESSED = 0x01,
    MF_ENVELOPE_END_STREAM = 0x02, /* Connect */
    MF_ENVELOPE_TRAILERS = 0x80,   /* gRPC-Web */
};

struct mf_envelope {
    uint8_t prefix[MF_ENVELOPE_PREFIX_LEN];
    size_t prefix_len;
    struct mf_buf body; /* of a message that came in pieces */
    size_t max_len;
    uint8_t known_flags;
    bool is_taken; /* `body` was given out by the last call */
};

/* Take messages of up to `max_len` bytes, with no flags but `known_flags`. */
void mf_envelope_init(struct mf_envelope *envelope, uint8_t known_flags,
                      size_t max_len);
void mf_envelope_release(struct mf_envelope *envelope);

struct mf_envelope_message {
    uint8_t flags;
    const uint8_t *data; /* until the next call, or as long as the input */
    size_t len;
};

/*
 * Read from *data, *len and move them past what was read.
 *
 *  1            a message is whole, in *ret_message
 *  0            the input is used up, more is needed
 *  MF_EFULL     the prefix announces more than max_len
 *  MF_ECORRUPT  the prefix has unknown flags
 *  MF_ENOMEM
 *
 * After an error nothing more can be read.
 */
int mf_envelope_next(struct mf_envelope *envelope, const uint8_t **data,
                     size_t *len, struct mf_envelope_message *ret_message);

/* True between messages: a stream that ends here was not cut. */
bool mf_envelope_is_between(const struct mf_envelope *envelope);

/* The prefix of a message. */
void mf_envelope_prefix(uint8_t flags, uint32_t len,
                        uint8_t prefix[MF_ENVELOPE_PREFIX_LEN]);

#endif
