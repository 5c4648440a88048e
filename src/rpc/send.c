/* From messages and a status to a response. */
#include "rpc/call_impl.h"

enum {
    /* Shorter messages gain nothing by gzip. */
    GZIP_MIN_LEN = 1024,
    H2_INTERNAL_ERROR = 2, /* RFC 9113, section 7 */
};
static const char accepted[] = "gzip, deflate, br, zstd";

/* ---- The head ---- */

void mf_call__add_head_fields(const struct mf_call *call,
                              struct mf_fields *fields)
{
    const struct mf_protocol_names *names = mf_protocol_names(call->protocol);
    mf_fields_add(fields, "content-type", call->content_type);
    if (call->protocol != MF_PROTOCOL_CONNECT_UNARY) {
        if (call->may_gzip)
            mf_fields_add(fields, names->encoding, "gzip");
        mf_fields_add(fields, names->accept_encoding, accepted);
    }
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
    mf_call__add_head_fields(call, &fields);
    respond(call, &fields);
    mf_fields_release(&fields);
}

/* ---- Messages ---- */

/*
 * What goes onto the wire for a message: *data, *len, in `json` and `gzip`
 * or as it was. 0 or MF_E*.
 */
static int encode(struct mf_call *call, const uint8_t **data, size_t *len,
                  bool *ret_is_gzip, struct mf_buf *json, struct mf_buf *gzip)
{
    *ret_is_gzip = false;
    if (call->is_json) {
        int rc =
            mf_json_from_binary(call->rpc->opts.schema, call->method->output,
                                *data, *len, json, NULL);
        if (rc)
            return rc;
        *data = json->data;
        *len = json->len;
    }
    if (call->may_gzip && *len >= GZIP_MIN_LEN) {
        int rc = mf_encoding_encode(MF_ENCODING_GZIP, *data, *len, gzip);
        if (rc)
            return rc;
        *ret_is_gzip = true;
        *data = gzip->data;
        *len = gzip->len;
    }
    return *len > UINT32_MAX ? MF_EFULL : 0;
}

static void write_unary(struct mf_call *call, const uint8_t *data, size_t len,
                        bool is_gzip)
{
    struct mf_fields fields;
    mf_fields_init(&fields);
    mf_call__add_head_fields(call, &fields);
    if (is_gzip)
        mf_fields_add(&fields, "content-encoding", "gzip");
    mf_fields_add(&fields, "vary", "accept-encoding");
    mf_fields_add_all(&fields, &call->trailers, true);
    respond(call, &fields);
    mf_exchange_write(call->x, data, len);
    mf_fields_release(&fields);
}

int mf_call__write(struct mf_call *call, const uint8_t *message, size_t len)
{
    struct mf_buf json, gzip;
    mf_buf_init(&json, SIZE_MAX);
    mf_buf_init(&gzip, SIZE_MAX);
    bool is_gzip;
    int rc = encode(call, &message, &len, &is_gzip, &json, &gzip);
    if (rc)
        goto out;
    if (call->protocol == MF_PROTOCOL_CONNECT_UNARY) {
        write_unary(call, message, len, is_gzip);
    } else {
        uint8_t prefix[MF_ENVELOPE_PREFIX_LEN];
        mf_envelope_prefix(is_gzip ? MF_ENVELOPE_COMPRESSED : 0, (uint32_t)len,
                           prefix);
        mf_call__write_head(call);
        mf_exchange_write(call->x, prefix, sizeof prefix);
        mf_exchange_write(call->x, message, len);
    }
out:
    mf_buf_release(&json);
    mf_buf_release(&gzip);
    return rc;
}
