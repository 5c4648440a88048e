#include "client/reply.h"

#include <string.h>

/* Of the end as binary: much more than a server of ours says. */
enum { END_MAX_LEN = 1 << 20 };

void mf_reply_init(struct mf_reply *reply, const struct mf_schema *schema,
                   size_t max_len)
{
    *reply = (struct mf_reply){.schema = schema};
    mf_envelope_init(&reply->envelope, MF_ENVELOPE_END_STREAM, max_len);
}

void mf_reply_release(struct mf_reply *reply)
{
    mf_envelope_release(&reply->envelope);
    connectrpc__end_stream__free_unpacked(reply->end, NULL);
    reply->end = NULL;
}

static int read_end(struct mf_reply *reply,
                    const struct mf_envelope_message *message,
                    struct mf_err *err)
{
    struct mf_buf binary;
    mf_buf_init(&binary, END_MAX_LEN);
    int rc = mf_json_to_binary(reply->schema, "connectrpc.EndStream",
                               (const char *)message->data, message->len,
                               &binary, err);
    if (!rc) {
        reply->end =
            connectrpc__end_stream__unpack(NULL, binary.len, binary.data);
        if (!reply->end)
            rc = mf_err_set(err, MF_ENOMEM, "out of memory");
    }
    mf_buf_release(&binary);
    reply->has_ended = !rc;
    return rc;
}

int mf_reply_next(struct mf_reply *reply, const uint8_t **data, size_t *len,
                  struct mf_envelope_message *ret_message, struct mf_err *err)
{
    int rc = 0;
    if (!reply->has_ended) {
        rc = mf_envelope_next(&reply->envelope, data, len, ret_message);
        if (rc < 0)
            return mf_err_set(err, rc, "the answer is not a Connect stream: %s",
                              mf_err_message(rc));
        if (rc == 0 || !(ret_message->flags & MF_ENVELOPE_END_STREAM))
            return rc;
        rc = read_end(reply, ret_message, err);
    }
    if (!rc && *len)
        return mf_err_set(err, MF_ECORRUPT, "the answer goes on after its end");
    return rc;
}

const Connectrpc__Error *mf_reply_error(const struct mf_reply *reply)
{
    return reply->end ? reply->end->error : NULL;
}
