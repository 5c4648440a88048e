/* What a search sees of a flow. */
#include <string.h>

#include "codec/encoding.h"
#include "flow/details.h"

/* More of a decoded body than this is not searched. */
enum { BODY_MAX_LEN = 16 << 20 };

struct visitor {
    bool (*visit)(void *user, const char *text, size_t len);
    void *user;
};

static bool see(const struct visitor *visitor, struct mf_span span)
{
    return span.len && visitor->visit(visitor->user, span.text, span.len);
}

static bool see_lines(const struct visitor *visitor, struct mf_span message,
                      uint32_t numbered, uint32_t map)
{
    struct mf_cursor cursor = mf_flow__cursor(message);
    struct mf_span name, value;
    while (mf_flow__next_line(&cursor, numbered, map, &name, &value))
        if (see(visitor, name) || see(visitor, value))
            return true;
    return false;
}

static bool see_body(const struct visitor *visitor,
                     const struct mf_flow__half *half,
                     const struct mf_flow__half_fields *fields)
{
    if (half->content.len || !half->raw_content.len)
        return see(visitor, half->content);
    struct mf_span encoding = mf_flow__header(half, fields, "content-encoding");
    struct mf_buf body;
    mf_buf_init(&body, BODY_MAX_LEN);
    int rc = mf_encoding_decode_all(encoding.text, encoding.len,
                                    half->raw_content.text,
                                    half->raw_content.len, &body);
    bool found =
        rc == MF_EUNSUPPORTED
            ? see(visitor, half->raw_content)
            : see(visitor, (struct mf_span){(char *)body.data, body.len});
    mf_buf_release(&body);
    return found;
}

static bool see_half(const struct visitor *visitor,
                     const struct mf_flow__half *half,
                     const struct mf_flow__half_fields *fields)
{
    return see_lines(visitor, half->message, MF_FLOW__HEADER_FIELDS,
                     fields->headers) ||
           see_lines(visitor, half->message, MF_FLOW__TRAILER_FIELDS,
                     fields->trailers) ||
           see_body(visitor, half, fields);
}

static bool see_http(const struct visitor *visitor, const struct mf_flow *flow)
{
    const struct mf_flow__details *details = &flow->details;
    struct mf_wire_field close;
    struct mf_wire_field reason = {0};
    if (mf_wire_find((const uint8_t *)flow->body.text, flow->body.len, 100,
                     &close))
        mf_wire_find(close.data, close.len, 3, &reason);
    return see(visitor, flow->facts.method) || see(visitor, flow->facts.url) ||
           see(visitor, flow->facts.pretty_url) ||
           see(visitor, details->reason) ||
           see_half(visitor, &details->request, &mf_flow__request_fields) ||
           see_half(visitor, &details->response, &mf_flow__response_fields) ||
           see(visitor, mf_flow__span(&reason));
}

static bool see_record(const struct visitor *visitor,
                       const struct mf_wire_field *record,
                       struct mf_span packed)
{
    struct mf_cursor cursor = mf_cursor_make(record->data, record->len);
    struct mf_wire_field field;
    struct mf_span type = {"", 0}, data = {"", 0};
    while (mf_wire_next(&cursor, &field)) {
        struct mf_span span = mf_flow__span(&field);
        if (field.number == 2)
            type = span;
        else if (field.number == 5)
            data = span;
        if (field.number != 3 && see(visitor, span))
            return true;
    }
    char text[1024];
    size_t len = mf_flow__dns_data_text(type, data, packed, text, sizeof text);
    return see(visitor, (struct mf_span){text, len});
}

static bool see_dns(const struct visitor *visitor, struct mf_span message)
{
    struct mf_wire_field packed = {0}, field;
    mf_wire_find((const uint8_t *)message.text, message.len, 1, &packed);
    struct mf_cursor cursor = mf_flow__cursor(message);
    while (mf_wire_next(&cursor, &field))
        if (field.type == MF_WIRE_LEN && field.number >= 2 &&
            field.number <= 5 &&
            see_record(visitor, &field, mf_flow__span(&packed)))
            return true;
    return false;
}

static bool see_messages(const struct visitor *visitor,
                         const struct mf_flow *flow)
{
    uint32_t number = mf_flow__messages_field(flow->type);
    struct mf_cursor cursor = mf_flow__cursor(flow->body);
    struct mf_wire_field field, content;
    while (number && mf_wire_next(&cursor, &field))
        if (field.number == number && field.type == MF_WIRE_LEN &&
            mf_wire_find(field.data, field.len, 1, &content) &&
            see(visitor, mf_flow__span(&content)))
            return true;
    return false;
}

bool mf_flow_each_text(const struct mf_flow *flow,
                       bool (*visit)(void *user, const char *text, size_t len),
                       void *user)
{
    const struct visitor visitor = {visit, user};
    const struct mf_flow__details *details = &flow->details;
    return see(&visitor, details->error) || see(&visitor, flow->comment) ||
           see(&visitor, details->client_host) ||
           see(&visitor, details->server_host) || see(&visitor, details->sni) ||
           (flow->type == MF_FLOW_HTTP && see_http(&visitor, flow)) ||
           see_dns(&visitor, details->dns_request) ||
           see_dns(&visitor, details->dns_response) ||
           see_messages(&visitor, flow);
}
