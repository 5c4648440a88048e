/* From messages and a status to a response. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/percent.h"
#include "rpc/call_impl.h"

enum {
    /* Shorter messages gain nothing by gzip. */
    GZIP_MIN_LEN = 1024,
    H2_INTERNAL_ERROR = 2, /* RFC 9113, section 7 */
    STATUS_CAP = 16,
};
static const char accepted[] = "gzip, deflate, br, zstd";

struct headers {
    struct mf_header list[8];
    size_t count;
};

static void add(struct headers *headers, const char *name, const char *value)
{
    headers->list[headers->count++] = (struct mf_header){name, value};
}

/* ---- The head ---- */

static void head_of(const struct mf_call *call, struct headers *headers)
{
    const struct mf_protocol_names *names = mf_protocol_names(call->protocol);
    headers->count = 0;
    add(headers, "content-type", call->content_type);
    if (call->protocol == MF_PROTOCOL_CONNECT_UNARY)
        return;
    if (call->may_gzip)
        add(headers, names->encoding, "gzip");
    add(headers, names->accept_encoding, accepted);
}

void mf_call__write_head(struct mf_call *call)
{
    if (call->is_head_sent || call->protocol == MF_PROTOCOL_CONNECT_UNARY)
        return;
    struct headers headers;
    head_of(call, &headers);
    call->is_head_sent = true;
    mf_exchange_respond(call->x, 200, headers.list, headers.count);
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
        int rc = mf_json_from_binary(call->rpc->opts.schema, call->method->output,
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
    struct headers headers;
    head_of(call, &headers);
    if (is_gzip)
        add(&headers, "content-encoding", "gzip");
    add(&headers, "vary", "accept-encoding");
    call->is_head_sent = true;
    mf_exchange_respond(call->x, 200, headers.list, headers.count);
    mf_exchange_write(call->x, data, len);
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

/* ---- The end ---- */

static int end_connect_unary(struct mf_call *call, enum mf_status status,
                             const char *message)
{
    if (status == MF_STATUS_OK) {
        mf_exchange_finish(call->x, NULL, 0);
        return 0;
    }
    struct mf_buf text;
    mf_buf_init(&text, SIZE_MAX);
    int rc = mf_error_json(status, message, &text);
    if (!rc) {
        const struct mf_header type = {"content-type", "application/json"};
        mf_exchange_respond(call->x, mf_status_http(status), &type, 1);
        mf_exchange_write(call->x, text.data, text.len);
        mf_exchange_finish(call->x, NULL, 0);
    }
    mf_buf_release(&text);
    return rc;
}

/* A last envelope, and nothing after it. */
static int write_last(struct mf_call *call, uint8_t flags,
                      const struct mf_buf *text)
{
    uint8_t prefix[MF_ENVELOPE_PREFIX_LEN];
    mf_envelope_prefix(flags, (uint32_t)text->len, prefix);
    mf_call__write_head(call);
    mf_exchange_write(call->x, prefix, sizeof prefix);
    mf_exchange_write(call->x, text->data, text->len);
    mf_exchange_finish(call->x, NULL, 0);
    return 0;
}

static int end_connect_stream(struct mf_call *call, enum mf_status status,
                              const char *message)
{
    struct mf_buf text;
    mf_buf_init(&text, SIZE_MAX);
    int rc = 0;
    if (status) {
        rc = mf_buf_printf(&text, "{\"error\":");
        if (!rc)
            rc = mf_error_json(status, message, &text);
    }
    if (!rc)
        rc = mf_buf_printf(&text, status ? "}" : "{}");
    if (!rc)
        rc = write_last(call, MF_ENVELOPE_END_STREAM, &text);
    mf_buf_release(&text);
    return rc;
}

static int end_grpc_web(struct mf_call *call, enum mf_status status,
                        const char *message)
{
    struct mf_buf text;
    mf_buf_init(&text, SIZE_MAX);
    int rc = mf_buf_printf(&text, "grpc-status: %d\r\n", (int)status);
    if (!rc && message && *message) {
        rc = mf_buf_printf(&text, "grpc-message: ");
        if (!rc)
            rc = mf_percent_encode(message, strlen(message), &text);
        if (!rc)
            rc = mf_buf_printf(&text, "\r\n");
    }
    if (!rc)
        rc = write_last(call, MF_ENVELOPE_TRAILERS, &text);
    mf_buf_release(&text);
    return rc;
}

static int end_grpc(struct mf_call *call, enum mf_status status,
                    const char *message)
{
    struct mf_buf text;
    mf_buf_init(&text, SIZE_MAX);
    int rc = 0;
    if (message)
        rc = mf_percent_encode(message, strlen(message), &text);
    if (!rc)
        rc = mf_buf_append_byte(&text, 0);
    if (rc)
        goto out;
    char number[STATUS_CAP];
    snprintf(number, sizeof number, "%d", (int)status);
    struct headers headers;
    headers.count = 0;
    /* Without a head yet the trailers stand in for it ("Trailers-Only"). */
    if (!call->is_head_sent)
        head_of(call, &headers);
    add(&headers, "grpc-status", number);
    if (text.len > 1)
        add(&headers, "grpc-message", (const char *)text.data);
    if (call->is_head_sent) {
        mf_exchange_finish(call->x, headers.list, headers.count);
    } else {
        call->is_head_sent = true;
        mf_exchange_respond(call->x, 200, headers.list, headers.count);
        mf_exchange_finish(call->x, NULL, 0);
    }
out:
    mf_buf_release(&text);
    return rc;
}

void mf_call__write_end(struct mf_call *call, enum mf_status status,
                        const char *message)
{
    static int (*const ends[])(struct mf_call *, enum mf_status,
                               const char *) = {
        [MF_PROTOCOL_CONNECT_UNARY] = end_connect_unary,
        [MF_PROTOCOL_CONNECT_STREAM] = end_connect_stream,
        [MF_PROTOCOL_GRPC] = end_grpc,
        [MF_PROTOCOL_GRPC_WEB] = end_grpc_web,
    };
    if (ends[call->protocol](call, status, message))
        mf_exchange_reset(call->x, H2_INTERNAL_ERROR);
}
