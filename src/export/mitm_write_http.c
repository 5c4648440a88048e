/* Requests, responses and WebSockets in a .mitm file. */
#include <string.h>
#include <strings.h>

#include "export/http_view.h"
#include "export/mitm.h"

enum {
    HTTP_IS_WEBSOCKET = 9, /* of HTTPFlow, as the next two */
    HTTP_MESSAGES = 11,
    HTTP_CLOSE = 100,
    REQUEST_CONTENT = 4,
    REQUEST_END = 10,
    REQUEST_START = 9,
    REQUEST_AUTHORITY = 107,
    RESPONSE_CONTENT = 3,
    RESPONSE_START = 8,
    RESPONSE_END = 9,
};

static void put_bytes(struct mf_mitm_writer *writer, const char *key,
                      struct mf_span bytes)
{
    mf_mitm_put_key(writer, key);
    mf_tnet_put_bytes(&writer->out, bytes);
}

static void put_fields(struct mf_mitm_writer *writer, const char *key,
                       struct mf_http_fields fields, bool is_always_there)
{
    struct mf_span name, value;
    struct mf_tnet_out *out = &writer->out;
    size_t count = 0;
    mf_mitm_put_key(writer, key);
    struct mf_tnet_mark mark = mf_tnet_begin(out);
    while (mf_http_fields_next(&fields, &name, &value)) {
        struct mf_tnet_mark pair = mf_tnet_begin(out);
        mf_tnet_put_bytes(out, name);
        mf_tnet_put_bytes(out, value);
        mf_tnet_end(out, pair, MF_TNET_LIST);
        count++;
    }
    if (count || is_always_there)
        mf_tnet_end(out, mark, MF_TNET_LIST);
    else
        mf_tnet_put_null(out);
}

static void put_content(struct mf_mitm_writer *writer,
                        const struct mf_http_half *half,
                        const struct mf_mitm_fields *fields)
{
    struct mf_span body;
    bool is_request = half->is_request;
    uint32_t content = is_request ? REQUEST_CONTENT : RESPONSE_CONTENT;
    uint32_t end = is_request ? REQUEST_END : RESPONSE_END;
    bool is_there = mf_mitm_has(fields, content) ||
                    !(half->is_streamed || half->is_cut || half->left_out.len ||
                      !mf_mitm_has(fields, end));
    if (!mf_http_wire_body(half, &body) && body.len)
        mf_mitm_leave_out(writer, "a body as it was on the wire, which has a "
                                  "content encoding that this has not");
    mf_mitm_put_key(writer, "content");
    if (is_there || body.len)
        mf_tnet_put_bytes(&writer->out, body);
    else
        mf_tnet_put_null(&writer->out);
}

static void put_common(struct mf_mitm_writer *writer,
                       const struct mf_http_half *half,
                       const struct mf_mitm_fields *fields)
{
    double start = 0;
    put_bytes(writer, "http_version", half->http_version);
    put_fields(writer, "headers", mf_http_headers(half), true);
    put_content(writer, half, fields);
    put_fields(writer, "trailers", mf_http_trailers(half), false);
    mf_mitm_seconds(fields, half->is_request ? REQUEST_START : RESPONSE_START,
                    &start);
    mf_mitm_put_key(writer, "timestamp_start");
    mf_tnet_put_double(&writer->out, start);
    mf_mitm_put_seconds(writer, "timestamp_end", fields,
                        half->is_request ? REQUEST_END : RESPONSE_END);
}

/* ---- the request's line ---- */

/* Of an exporter that does not tell it: what it would be. */
static struct mf_span authority_of(const struct mf_http_half *half,
                                   const struct mf_mitm_fields *fields)
{
    if (mf_mitm_has(fields, REQUEST_AUTHORITY))
        return mf_mitm_span(fields, REQUEST_AUTHORITY);
    return mf_target_likely_authority(half->method, half->http_version,
                                      half->url, half->pretty_url);
}

static void put_request(struct mf_mitm_writer *writer,
                        const struct mf_flow *flow,
                        const struct mf_http_half *half)
{
    struct mf_mitm_fields fields;
    struct mf_target target;
    mf_mitm_read_fields(half->message, &fields);
    mf_mitm_target_of(flow, half, &target);
    struct mf_tnet_mark mark = mf_tnet_begin(&writer->out);
    put_common(writer, half, &fields);
    mf_mitm_put_key(writer, "host");
    mf_tnet_put_text(&writer->out, target.host);
    mf_mitm_put_key(writer, "port");
    mf_tnet_put_int(&writer->out, target.port);
    put_bytes(writer, "method", half->wire_method);
    put_bytes(writer, "scheme", target.scheme);
    put_bytes(writer, "authority", authority_of(half, &fields));
    put_bytes(writer, "path", target.path);
    mf_tnet_end(&writer->out, mark, MF_TNET_DICT);
}

/* ---- the response ---- */

/* Text that was read as ISO-8859-1, as bytes again. */
static void put_latin1(struct mf_mitm_writer *writer, const char *key,
                       struct mf_span text)
{
    struct mf_buf *bytes = &writer->scratch;
    mf_buf_clear(bytes);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.text[i];
        bool is_wide = c > 0xc3;
        if (c >= 0xc2 && c <= 0xc3 && i + 1 < text.len)
            c = (uint8_t)(c << 6 | ((uint8_t)text.text[++i] & 0x3f));
        int rc = mf_buf_append_byte(bytes, c);
        if (is_wide) { /* no ISO-8859-1 */
            put_bytes(writer, key, text);
            return;
        }
        if (rc)
            writer->out.error = rc;
    }
    put_bytes(
        writer, key,
        (struct mf_span){bytes->len ? (char *)bytes->data : "", bytes->len});
}

static void put_response(struct mf_mitm_writer *writer,
                         const struct mf_http_half *half)
{
    struct mf_mitm_fields fields;
    if (!half->is_there) {
        mf_tnet_put_null(&writer->out);
        return;
    }
    mf_mitm_read_fields(half->message, &fields);
    struct mf_tnet_mark mark = mf_tnet_begin(&writer->out);
    put_common(writer, half, &fields);
    mf_mitm_put_key(writer, "status_code");
    mf_tnet_put_int(&writer->out, half->status);
    put_latin1(writer, "reason", half->reason);
    mf_tnet_end(&writer->out, mark, MF_TNET_DICT);
}

/* ---- WebSockets ---- */

static void put_message(struct mf_mitm_writer *writer, struct mf_span message)
{
    enum {
        CONTENT = 1,
        TIMESTAMP = 2,
        FROM_CLIENT = 3,
        OPCODE = 100,
        DROPPED = 101,
        INJECTED = 102,
        OPCODE_BINARY = 2,
    };
    struct mf_mitm_fields fields;
    struct mf_tnet_out *out = &writer->out;
    double at = 0;
    mf_mitm_read_fields(message, &fields);
    mf_mitm_seconds(&fields, TIMESTAMP, &at);
    uint64_t opcode = mf_mitm_uint(&fields, OPCODE);
    struct mf_tnet_mark mark = mf_tnet_begin(out);
    mf_tnet_put_int(out, opcode == 1 ? 1 : OPCODE_BINARY);
    mf_tnet_put_bool(out, mf_mitm_uint(&fields, FROM_CLIENT));
    mf_tnet_put_bytes(out, mf_mitm_span(&fields, CONTENT));
    mf_tnet_put_double(out, at);
    mf_tnet_put_bool(out, mf_mitm_uint(&fields, DROPPED));
    mf_tnet_put_bool(out, mf_mitm_uint(&fields, INJECTED));
    mf_tnet_end(out, mark, MF_TNET_LIST);
}

static void put_close(struct mf_mitm_writer *writer,
                      const struct mf_mitm_fields *own)
{
    enum { BY_CLIENT = 1, CODE = 2, REASON = 3, TIMESTAMP = 4, UNKNOWN = 5 };
    struct mf_mitm_fields close;
    struct mf_tnet_out *out = &writer->out;
    mf_mitm_read_fields(mf_mitm_span(own, HTTP_CLOSE), &close);
    mf_mitm_put_key(writer, "closed_by_client");
    bool is_known =
        mf_mitm_has(own, HTTP_CLOSE) && !mf_mitm_uint(&close, UNKNOWN);
    if (is_known)
        mf_tnet_put_bool(out, mf_mitm_uint(&close, BY_CLIENT));
    else
        mf_tnet_put_null(out);
    mf_mitm_put_key(writer, "close_code");
    if (mf_mitm_has(&close, CODE))
        mf_tnet_put_int(out, (int64_t)mf_mitm_uint(&close, CODE));
    else
        mf_tnet_put_null(out);
    /* Exporters leave out one that is empty. */
    if (is_known && !mf_mitm_has(&close, REASON)) {
        mf_mitm_put_key(writer, "close_reason");
        mf_tnet_put_string(out, "");
    } else {
        mf_mitm_put_text(writer, "close_reason", &close, REASON);
    }
    mf_mitm_put_seconds(writer, "timestamp_end", &close, TIMESTAMP);
}

static void put_websocket(struct mf_mitm_writer *writer,
                          const struct mf_mitm_fields *own)
{
    struct mf_wire_field field;
    struct mf_cursor cursor =
        mf_cursor_make(own->message.text, own->message.len);
    if (!mf_mitm_uint(own, HTTP_IS_WEBSOCKET)) {
        mf_tnet_put_null(&writer->out);
        return;
    }
    struct mf_tnet_mark mark = mf_tnet_begin(&writer->out);
    mf_mitm_put_key(writer, "messages");
    struct mf_tnet_mark list = mf_tnet_begin(&writer->out);
    while (mf_wire_next(&cursor, &field))
        if (field.number == HTTP_MESSAGES && field.type == MF_WIRE_LEN)
            put_message(writer,
                        (struct mf_span){(const char *)field.data, field.len});
    mf_tnet_end(&writer->out, list, MF_TNET_LIST);
    put_close(writer, own);
    mf_tnet_end(&writer->out, mark, MF_TNET_DICT);
}

void mf_mitm_put_http(struct mf_mitm_writer *writer, const struct mf_flow *flow,
                      const struct mf_mitm_fields *own)
{
    struct mf_http_half request, response;
    mf_http_half(flow, MF_HALF_REQUEST, &request);
    mf_http_half(flow, MF_HALF_RESPONSE, &response);
    mf_mitm_put_key(writer, "request");
    put_request(writer, flow, &request);
    mf_mitm_put_key(writer, "response");
    put_response(writer, &response);
    mf_mitm_put_key(writer, "websocket");
    put_websocket(writer, own);
}
