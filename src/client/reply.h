/*
 * mf_reply: reads the answer to a server-streaming call of the Connect
 * protocol: messages in envelopes, and the JSON that ends them.
 *
 * Bytes in, messages out; does no I/O. Nothing here is trusted.
 */
#ifndef MF_CLIENT_REPLY_H
#define MF_CLIENT_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "codec/envelope.h"
#include "connectrpc/connect.pb-c.h"
#include "pb/schema.h"

struct mf_reply {
    const struct mf_schema *schema;
    struct mf_envelope envelope;
    bool has_ended;
    Connectrpc__EndStream *end; /* NULL before the end */
};

/* `schema` knows proto/ (mf_pb_descriptors); borrowed. Messages are at most
 * `max_len` bytes. */
void mf_reply_init(struct mf_reply *reply, const struct mf_schema *schema,
                   size_t max_len);
void mf_reply_release(struct mf_reply *reply);

/*
 * Read from *data, *len and move them past what was read.
 *
 *  1            a message is whole, in *ret_message until the next call
 *  0            the input is used up, or the stream has ended (has_ended)
 *  MF_ECORRUPT  not the protocol, or bytes after its end; `err` says more
 *  MF_EFULL     a message is too long
 *  MF_ENOMEM
 *
 * After an error nothing more can be read.
 */
int mf_reply_next(struct mf_reply *reply, const uint8_t **data, size_t *len,
                  struct mf_envelope_message *ret_message, struct mf_err *err);

/* The error that the stream ended with; NULL: none, or it has not ended.
 * Borrowed for the reply's life; its texts are the server's. */
const Connectrpc__Error *mf_reply_error(const struct mf_reply *reply);

#endif
