/* From messages and a status to a response. */
#include "rpc/accept.h"
#include "rpc/call_impl.h"
#include "rpc/cors.h"

enum {
    /* Shorter messages gain nothing by it, and longer ones would stop the
     * loop for more than ten milliseconds. */
    ENCODE_MIN_LEN = 1024,
    ENCODE_MAX_LEN = 1024 * 1024,
    H2_INTERNAL_ERROR = 2, /* RFC 9113, section 7 */
};

/* ---- The head ---- */

static void add_head_fields(const struct mf_call *call,
                            struct mf_fields *fields)
{
    const struct mf_protocol_names *names = mf_protocol_names(call->protocol);
    mf_fields_add(fields, "content-type", call->content_type);
    if (call->protocol != MF_PROTOCOL_CONNECT_UNARY) {
        if (call->answer_encoding != MF_ENCODING_IDENTITY)
            mf_fields_add(fields, names->encoding,
                          mf_encoding_name(call->answer_encoding));
        mf_fields_add(fields, names->accept_encoding, MF_ACCEPT_OURS);
    }
    mf_cors_add_fields(&call->rpc->opts, call->x, fields);
    mf_fields_add_all(fields, &call->headers, false);
}

static void respond(struct mf_call *call, const struct mf_fields *fields)
{
    call->is_head_sent = true;
    if (fields->rc)
        mf_exchange_reset(call->x, H2_INTERNAL_ERROR);
    else
        mf_exchange_respond(call->x, 200, fields->list, fields->count);
}

void mf_call__write_head(struct mf_call *call)
{
    if (call->is_head_sent || call->protocol == MF_PROTOCOL_CONNECT_UNARY)
        return;
    struct mf_fields fields;
    mf_fields_init(&fields);
    add_head_fields(call, &fields);
    respond(call, &fields);
    mf_fields_release(&fields);
}

/* ---- Messages ---- */

/* A message on its way to the wire. */
struct outgoing {
    const uint8_t *data; /* what it is now */
    size_t len;
    bool is_encoded;
    struct mf_buf json;
    struct mf_buf encoded;
};

static void release(struct outgoing *message)
{
    mf_buf_release(&message->json);
    mf_buf_release(&message->encoded);
}

/* Compress it, where that makes it shorter. 0 or MF_ENOMEM. */
static int compress(const struct mf_call *call, struct outgoing *message)
{
    if (call->answer_encoding == MF_ENCODING_IDENTITY ||
        message->len < ENCODE_MIN_LEN || message->len > ENCODE_MAX_LEN)
        return 0;
    mf_buf_init(&message->encoded, message->len - 1);
    int rc = mf_encoding_encode(call->answer_encoding, message->data,
                                message->len, &message->encoded);
    if (rc)
        return rc == MF_EFULL ? 0 : rc;
    message->data = message->encoded.data;
    message->len = message->encoded.len;
    message->is_encoded = true;
    return 0;
}

/* Into the client's codec and encoding. 0 or MF_E*. */
static int prepare(const struct mf_call *call, struct outgoing *message)
{
    mf_buf_init(&message->json, SIZE_MAX);
    mf_buf_init(&message->encoded, 0);
    message->is_encoded = false;
    if (call->is_json) {
        int rc = mf_json_from_binary(call->rpc->opts.schema,
                                     call->method->output, message->data,
                                     message->len, &message->json, NULL);
        if (rc)
            return rc;
        message->data = message->json.data;
        message->len = message->json.len;
    }
    return compress(call, message);
}

static void write_unary(struct mf_call *call, const struct outgoing *message)
{
    struct mf_fields fields;
    mf_fields_init(&fields);
    add_head_fields(call, &fields);
    if (message->is_encoded)
        mf_fields_add(&fields, "content-encoding",
                      mf_encoding_name(call->answer_encoding));
    mf_fields_add(&fields, "vary", "accept-encoding");
    mf_fields_add_all(&fields, &call->trailers, true);
    respond(call, &fields);
    mf_exchange_write(call->x, message->data, message->len);
    mf_fields_release(&fields);
}

/* One text for prefix and message: padding then is at its end alone. */
static int write_text(struct mf_call *call, const uint8_t *prefix,
                      const uint8_t *data, size_t len)
{
    struct mf_buf whole, text;
    mf_buf_init(&whole, SIZE_MAX);
    mf_buf_init(&text, SIZE_MAX);
    int rc = mf_buf_append(&whole, prefix, MF_ENVELOPE_PREFIX_LEN);
    if (!rc)
        rc = mf_buf_append(&whole, data, len);
    if (!rc)
        rc = mf_base64_encode(whole.data, whole.len, true, &text);
    if (!rc)
        mf_exchange_write(call->x, text.data, text.len);
    mf_buf_release(&whole);
    mf_buf_release(&text);
    return rc;
}

int mf_call__write_envelope(struct mf_call *call, uint8_t flags,
                            const uint8_t *data, size_t len)
{
    uint8_t prefix[MF_ENVELOPE_PREFIX_LEN];
    if (len > UINT32_MAX)
        return MF_EFULL;
    mf_envelope_prefix(flags, (uint32_t)len, prefix);
    mf_call__write_head(call);
    if (call->is_text)
        return write_text(call, prefix, data, len);
    mf_exchange_write(call->x, prefix, sizeof prefix);
    mf_exchange_write(call->x, data, len);
    return 0;
}

int mf_call__write(struct mf_call *call, const uint8_t *data, size_t len)
{
    struct outgoing message = {.data = data, .len = len};
    int rc = prepare(call, &message);
    if (!rc && call->protocol == MF_PROTOCOL_CONNECT_UNARY)
        write_unary(call, &message);
    else if (!rc)
        rc = mf_call__write_envelope(
            call, message.is_encoded ? MF_ENVELOPE_COMPRESSED : 0, message.data,
            message.len);
    release(&message);
    return rc;
}
