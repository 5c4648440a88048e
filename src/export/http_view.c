#include "export/http_view.h"

#include <string.h>
#include <strings.h>

#include "codec/encoding.h"
#include "flow/half_numbers.h"
#include "pb/wire.h"

/* Field numbers of mitmproxy.v1. */
enum {
    FLOW_META = 100,
    HTTP_REQUEST = 2,
    HTTP_RESPONSE = 3,
    REQUEST_METHOD = 1,
    REQUEST_URL = 2,
    REQUEST_PRETTY_URL = 11,
    RESPONSE_STATUS = 1,
    RESPONSE_REASON = 11,
    REQUEST_RAW_METHOD = 111,
};

/* What Request and Response number differently. */
struct numbers {
    uint32_t headers, content, http_version, trailers, start, end, truncated;
};
static const struct numbers request_numbers = {3, 4, 6, 7, 9, 10, 12};
static const struct numbers response_numbers = {2, 3, 5, 6, 8, 9, 10};

static struct mf_span span_of(const struct mf_wire_field *field)
{
    return field->type == MF_WIRE_LEN
               ? (struct mf_span){(const char *)field->data, field->len}
               : MF_SPAN_NONE;
}

static int64_t time_of(const struct mf_wire_field *field)
{
    return field->type == MF_WIRE_LEN
               ? mf_wire_timestamp_ns(field->data, field->len)
               : 0;
}

static struct mf_cursor cursor_of(struct mf_span span)
{
    return mf_cursor_make(span.text, span.len);
}

static struct mf_span find_span(struct mf_span message, uint32_t number,
                                bool *ret_is_there)
{
    struct mf_wire_field field;
    *ret_is_there = mf_wire_find((const uint8_t *)message.text, message.len,
                                 number, &field);
    return *ret_is_there ? span_of(&field) : (struct mf_span){"", 0};
}

struct mf_span mf_flow_own_message(const struct mf_flow *flow)
{
    size_t len;
    bool is_there;
    const uint8_t *bytes = mf_flow_snapshot(flow, &len);
    return find_span((struct mf_span){(const char *)bytes, len},
                     (uint32_t)mf_flow_type(flow), &is_there);
}

struct mf_span mf_flow_meta(const struct mf_flow *flow)
{
    size_t len;
    bool is_there;
    const uint8_t *bytes = mf_flow_snapshot(flow, &len);
    return find_span((struct mf_span){(const char *)bytes, len}, FLOW_META,
                     &is_there);
}

/* ---- halves ---- */

static void take_line(struct mf_http_half *half,
                      const struct mf_wire_field *field)
{
    struct mf_span span = span_of(field);
    if (half->is_request) {
        if (field->number == REQUEST_METHOD)
            half->method = span;
        else if (field->number == REQUEST_URL)
            half->url = span;
        else if (field->number == REQUEST_PRETTY_URL)
            half->pretty_url = span;
        else if (field->number == REQUEST_RAW_METHOD)
            half->wire_method = span;
    } else if (field->number == RESPONSE_STATUS) {
        half->status = (uint32_t)field->value;
    } else if (field->number == RESPONSE_REASON) {
        half->reason = span;
    }
}

/* Fields that both number alike. */
static void take_own(struct mf_http_half *half,
                     const struct mf_wire_field *field, uint64_t *ret_size)
{
    switch (field->number) {
    case MF_HALF_HEADER_FIELDS:
        half->header_field = MF_HALF_HEADER_FIELDS;
        break;
    case MF_HALF_TRAILER_FIELDS:
        half->trailer_field = MF_HALF_TRAILER_FIELDS;
        break;
    case MF_HALF_RAW_CONTENT:
        half->raw_content = span_of(field);
        break;
    case MF_HALF_CONTENT_SIZE:
        *ret_size = field->value;
        break;
    case MF_HALF_CONTENT_CHANGED:
        half->is_changed = field->value != 0;
        break;
    case MF_HALF_CONTENT_LEFT_OUT:
        half->left_out = span_of(field);
        break;
    case MF_HALF_STREAMED:
        half->is_streamed = field->value != 0;
        break;
    }
}

static void read_half(struct mf_http_half *half, const struct numbers *numbers)
{
    struct mf_cursor cursor = cursor_of(half->message);
    struct mf_wire_field field;
    uint64_t size = 0;
    half->header_field = numbers->headers;
    half->trailer_field = numbers->trailers;
    while (mf_wire_next(&cursor, &field)) {
        take_line(half, &field);
        if (field.number >= MF_HALF_HEADER_FIELDS)
            take_own(half, &field, &size);
        else if (field.number == numbers->content)
            half->content = span_of(&field);
        else if (field.number == numbers->http_version)
            half->http_version = span_of(&field);
        else if (field.number == numbers->start)
            half->start_ns = time_of(&field);
        else if (field.number == numbers->end)
            half->end_ns = time_of(&field);
        else if (field.number == numbers->truncated)
            half->is_cut |= field.value != 0;
    }
    if (!half->wire_method.len)
        half->wire_method = half->method;
    half->is_cut |= size != 0;
    half->wire_len =
        half->raw_content.len ? half->raw_content.len : half->content.len;
    if (size > half->wire_len && size <= INT64_MAX)
        half->wire_len = size;
}

void mf_http_half(const struct mf_flow *flow, enum mf_half which,
                  struct mf_http_half *ret_half)
{
    static const struct mf_span none = {"", 0};
    *ret_half = (struct mf_http_half){
        .is_request = which == MF_HALF_REQUEST,
        .message = none,
        .method = none,
        .wire_method = none,
        .url = none,
        .pretty_url = none,
        .reason = none,
        .http_version = none,
        .content = none,
        .raw_content = none,
        .left_out = none,
    };
    if (mf_flow_type(flow) != MF_FLOW_HTTP)
        return;
    ret_half->message =
        find_span(mf_flow_own_message(flow),
                  which == MF_HALF_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE,
                  &ret_half->is_there);
    read_half(ret_half,
              which == MF_HALF_REQUEST ? &request_numbers : &response_numbers);
}

struct mf_http_fields mf_http_headers(const struct mf_http_half *half)
{
    return (struct mf_http_fields){cursor_of(half->message),
                                   half->header_field};
}

struct mf_http_fields mf_http_trailers(const struct mf_http_half *half)
{
    return (struct mf_http_fields){cursor_of(half->message),
                                   half->trailer_field};
}

bool mf_http_fields_next(struct mf_http_fields *fields,
                         struct mf_span *ret_name, struct mf_span *ret_value)
{
    struct mf_wire_field field, part;
    while (fields->number && mf_wire_next(&fields->cursor, &field)) {
        if (field.number != fields->number || field.type != MF_WIRE_LEN)
            continue;
        *ret_name = *ret_value = (struct mf_span){"", 0};
        struct mf_cursor cursor = mf_cursor_make(field.data, field.len);
        while (mf_wire_next(&cursor, &part)) {
            if (part.number == 1)
                *ret_name = span_of(&part);
            else if (part.number == 2)
                *ret_value = span_of(&part);
        }
        return true;
    }
    return false;
}

bool mf_http_is_name(struct mf_span name, const char *want)
{
    return name.len == strlen(want) &&
           strncasecmp(name.text, want, name.len) == 0;
}

struct mf_span mf_http_header(const struct mf_http_half *half, const char *want)
{
    struct mf_http_fields fields = mf_http_headers(half);
    struct mf_span name, value;
    while (mf_http_fields_next(&fields, &name, &value))
        if (mf_http_is_name(name, want))
            return value;
    return (struct mf_span){"", 0};
}

/* ---- bodies ---- */

static struct mf_encoding_list encodings_of(const struct mf_http_half *half)
{
    struct mf_encoding_list list = {.joined_len = 0};
    struct mf_http_fields fields = mf_http_headers(half);
    struct mf_span name, value;
    while (mf_http_fields_next(&fields, &name, &value))
        if (mf_http_is_name(name, "content-encoding"))
            mf_encoding_list_add(&list, value);
    return list;
}

int mf_http_body(const struct mf_http_half *half, struct mf_buf *scratch,
                 struct mf_span *ret_body)
{
    *ret_body = half->content;
    if (half->content.len || !half->raw_content.len)
        return 0;
    const struct mf_encoding_list encodings = encodings_of(half);
    struct mf_span encoding = mf_encoding_list_value(&encodings);
    mf_buf_clear(scratch);
    int rc = mf_encoding_decode_all(encoding.text, encoding.len,
                                    half->raw_content.text,
                                    half->raw_content.len, scratch);
    *ret_body =
        rc == MF_EUNSUPPORTED || rc == MF_ECORRUPT
            ? half->raw_content
            : (struct mf_span){scratch->len ? (char *)scratch->data : "",
                               scratch->len};
    return rc;
}

static bool is_identity(const struct mf_http_half *half)
{
    const struct mf_encoding_list encodings = encodings_of(half);
    struct mf_span encoding = mf_encoding_list_value(&encodings);
    enum mf_encoding stack[MF_ENCODING_STACK_MAX];
    size_t count;
    return mf_encoding_parse_stack(encoding.text, encoding.len, stack,
                                   &count) == 0 &&
           count == 0;
}

bool mf_http_wire_body(const struct mf_http_half *half,
                       struct mf_span *ret_body)
{
    if (half->raw_content.len) {
        *ret_body = half->raw_content;
        return true;
    }
    *ret_body = half->content;
    return !half->is_changed && (!half->content.len || is_identity(half));
}

/* ---- connections ---- */

enum {
    PEER_HOST = 1,
    PEER_PORT = 2,
    SOCK_HOST = 3,
    SOCK_PORT = 4,
    CONN_ID = 6,
    CONN_ERROR = 8,
    CONN_TLS = 9,
    CONN_ALPN = 11,
    CONN_CIPHER = 13,
    CONN_SNI = 16,
    CONN_START = 17,
    CONN_END = 18,
    CONN_TLS_SETUP = 19,
    SERVER_ADDRESS_HOST = 20, /* a client has other fields there */
    SERVER_ADDRESS_PORT = 21,
    SERVER_TCP_SETUP = 22,
};

static void take_server(struct mf_http_conn *conn,
                        const struct mf_wire_field *field)
{
    switch (field->number) {
    case SERVER_ADDRESS_HOST:
        conn->address_host = span_of(field);
        break;
    case SERVER_ADDRESS_PORT:
        conn->address_port = (uint32_t)field->value;
        break;
    case SERVER_TCP_SETUP:
        conn->tcp_ns = time_of(field);
        break;
    }
}

static void take_conn(struct mf_http_conn *conn,
                      const struct mf_wire_field *field)
{
    switch (field->number) {
    case PEER_HOST:
        conn->peer_host = span_of(field);
        break;
    case PEER_PORT:
        conn->peer_port = (uint32_t)field->value;
        break;
    case SOCK_HOST:
        conn->sock_host = span_of(field);
        break;
    case SOCK_PORT:
        conn->sock_port = (uint32_t)field->value;
        break;
    case CONN_ID:
        conn->id = span_of(field);
        break;
    case CONN_ERROR:
        conn->error = span_of(field);
        break;
    case CONN_TLS:
        conn->is_tls = field->value != 0;
        break;
    case CONN_ALPN:
        conn->alpn = span_of(field);
        break;
    case CONN_CIPHER:
        conn->cipher = span_of(field);
        break;
    case CONN_SNI:
        conn->sni = span_of(field);
        break;
    case CONN_START:
        conn->start_ns = time_of(field);
        break;
    case CONN_END:
        conn->end_ns = time_of(field);
        break;
    case CONN_TLS_SETUP:
        conn->tls_ns = time_of(field);
        break;
    }
}

static void read_conn(const struct mf_flow *flow, bool is_server,
                      struct mf_http_conn *conn)
{
    static const struct mf_span none = {"", 0};
    enum mf_flow_type type = mf_flow_type(flow);
    bool is_stream = type == MF_FLOW_TCP || type == MF_FLOW_UDP;
    uint32_t client = is_stream ? 2 : 6;
    struct mf_wire_field field;
    *conn = (struct mf_http_conn){
        .id = none,
        .peer_host = none,
        .sock_host = none,
        .address_host = none,
        .sni = none,
        .alpn = none,
        .cipher = none,
        .error = none,
    };
    conn->message = find_span(mf_flow_own_message(flow),
                              is_server ? client + 1 : client, &conn->is_there);
    struct mf_cursor cursor = cursor_of(conn->message);
    while (mf_wire_next(&cursor, &field)) {
        take_conn(conn, &field);
        if (is_server)
            take_server(conn, &field);
    }
}

void mf_http_client(const struct mf_flow *flow, struct mf_http_conn *ret_conn)
{
    read_conn(flow, false, ret_conn);
}

void mf_http_server(const struct mf_flow *flow, struct mf_http_conn *ret_conn)
{
    read_conn(flow, true, ret_conn);
}
