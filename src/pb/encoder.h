/*
 * mf_encoder: writes one protobuf message into a buffer that is used again
 * and again; long byte strings are referred to in place of copied.
 *
 * The message is `buf` with each splice's bytes put in at its place. Errors
 * are sticky: after the first, writers do nothing and `error` tells it.
 *
 * Thread:  one at a time.
 */
#ifndef MF_PB_ENCODER_H
#define MF_PB_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Byte strings from this length on are not copied. */
enum { MF_SPLICE_MIN_LEN = 8192 };

struct mf_splice {
    size_t at; /* offset in the buffer */
    const uint8_t *data;
    size_t len;
    void *object; /* what keeps `data` alive */
};

struct mf_encoder {
    struct mf_buf buf;
    struct mf_splice *splices;
    size_t splice_count;
    size_t splice_cap;
    size_t spliced_len;
    int error;
};

struct mf_mark {
    size_t at;
    size_t splice;
    size_t spliced_len;
};

/* Messages of up to `max` bytes, without what is spliced. */
void mf_encoder_init(struct mf_encoder *enc, size_t max);
void mf_encoder_release(struct mf_encoder *enc);

/* Forget the message; keep the memory, unless it is very much. */
void mf_encoder_clear(struct mf_encoder *enc);

/* Length of the message as it stands. */
size_t mf_encoder_len(const struct mf_encoder *enc);

/* Begin and end a nested message. */
struct mf_mark mf_encoder_begin(struct mf_encoder *enc, uint32_t number);
void mf_encoder_end(struct mf_encoder *enc, struct mf_mark mark);

/* As in pb/wire.h; those named _opt leave out zero and empty. */
void mf_encoder_varint_opt(struct mf_encoder *enc, uint32_t number,
                           uint64_t value);
void mf_encoder_double_opt(struct mf_encoder *enc, uint32_t number,
                           double value);
void mf_encoder_bytes(struct mf_encoder *enc, uint32_t number, const void *data,
                      size_t len);
void mf_encoder_bytes_opt(struct mf_encoder *enc, uint32_t number,
                          const void *data, size_t len);

/* Seconds since the epoch, as Python's time.time(); absurd ones are left out */
void mf_encoder_seconds(struct mf_encoder *enc, uint32_t number,
                        double seconds);

/* A bytes field that is referred to where it is long. */
void mf_encoder_body(struct mf_encoder *enc, uint32_t number, const void *data,
                     size_t len, void *object);

/* Refer to bytes at splice->at, which lies behind all others. 0 or MF_ENOMEM,
 * which is sticky. */
int mf_encoder_splice(struct mf_encoder *enc, const struct mf_splice *splice);

/* Record an error, unless one is recorded already. */
void mf_encoder_fail(struct mf_encoder *enc, int error);

#endif
