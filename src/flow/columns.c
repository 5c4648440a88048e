#include "flow/columns.h"

#include <string.h>

#include "flow/details.h"
#include "flow/lookup.h"

static bool is_same(struct mf_span a, struct mf_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.text, b.text, a.len) == 0);
}

static bool is_text(struct mf_span span, const char *text)
{
    return is_same(span, (struct mf_span){text, strlen(text)});
}

static void read_hosts(const struct mf_flow *flow, struct mf_columns *columns,
                       struct mf_column_texts *texts)
{
    const struct mf_flow_facts *facts = &flow->facts;
    struct mf_span pretty = mf_flow_pretty_host(flow);
    texts->names[MF_NAME_HOST] = pretty;
    if (facts->pretty_url.len && !is_same(facts->pretty_url, facts->url) &&
        !is_same(mf_flow_host(flow), pretty))
        columns->flags |= MF_COLUMN_TWO_HOSTS;
}

/* The Content-Type, empty if there are several; *flags gets `flag` if there is
 * one, even an empty one. */
static struct mf_span read_type(const struct mf_flow *flow, enum mf_half half,
                                uint32_t flag, uint32_t *flags)
{
    struct mf_flow_headers headers = mf_flow_headers(flow, half);
    struct mf_span name, value, type = {"", 0};
    while (mf_flow_headers_next(&headers, &name, &value)) {
        if (!mf_flow_is_content_type(name))
            continue;
        type = *flags & flag ? (struct mf_span){"", 0} : value;
        *flags |= flag;
    }
    return type;
}

static void read_http(const struct mf_flow *flow, struct mf_columns *columns,
                      struct mf_column_texts *texts)
{
    const struct mf_flow_facts *facts = &flow->facts;
    read_hosts(flow, columns, texts);
    texts->names[MF_NAME_METHOD] = facts->method;
    texts->response_type = read_type(flow, MF_HALF_RESPONSE,
                                     MF_COLUMN_RESPONSE_TYPE, &columns->flags);
    texts->request_type = read_type(flow, MF_HALF_REQUEST,
                                    MF_COLUMN_REQUEST_TYPE, &columns->flags);
    if (facts->is_websocket)
        columns->flags |= MF_COLUMN_WEBSOCKET;
    if (mf_flow_lacks_body(flow))
        columns->flags |= MF_COLUMN_LOST;
    if (facts->status_code >= 0 && facts->status_code <= UINT16_MAX)
        columns->status = (uint16_t)facts->status_code;
}

/* mitmproxy.v1.FlowMeta */
static uint32_t meta_flags(const struct mf_flow *flow)
{
    struct mf_wire_field field;
    if (!mf_wire_find(flow->snapshot, flow->snapshot_len, 100, &field))
        return 0;
    struct mf_cursor cursor = mf_cursor_make(field.data, field.len);
    uint32_t flags = 0;
    while (mf_wire_next(&cursor, &field)) {
        struct mf_span text = mf_flow__span(&field);
        if (field.number == 1 && text.len)
            flags |= MF_COLUMN_COMMENT;
        else if (field.number == 2 && text.len)
            flags |= MF_COLUMN_MARKED;
        else if (field.number == 3 && is_text(text, "request"))
            flags |= MF_COLUMN_REPLAYED_REQUEST;
        else if (field.number == 3 && is_text(text, "response"))
            flags |= MF_COLUMN_REPLAYED_RESPONSE;
        else if (field.number == 4 && field.value)
            flags |= MF_COLUMN_INTERCEPTED;
        else if (field.number == 6)
            flags |= MF_COLUMN_METADATA;
    }
    return flags;
}

static uint16_t port_of(uint32_t port)
{
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

void mf_flow_columns(const struct mf_flow *flow, struct mf_columns *ret_columns,
                     struct mf_column_texts *ret_texts)
{
    const struct mf_flow__details *details = &flow->details;
    *ret_columns = (struct mf_columns){
        .type = (uint8_t)flow->type,
        .state = (uint8_t)flow->state,
        .flags = meta_flags(flow) | (details->error.len ? MF_COLUMN_ERROR : 0) |
                 (details->tls ? MF_COLUMN_TLS : 0),
        .client_port = port_of(details->client_port),
        .server_port = port_of(details->server_port),
        .start_ns = flow->start_ns,
        .duration_ms = details->duration_ms,
        .client_bytes = details->client_bytes,
        .server_bytes = details->server_bytes,
        .message_count = details->message_count > UINT32_MAX
                             ? UINT32_MAX
                             : (uint32_t)details->message_count,
    };
    *ret_texts = (struct mf_column_texts){
        .names = {[MF_NAME_HOST] = details->server_host,
                  [MF_NAME_CLIENT] = details->client_host},
    };
    if (mf_flow_has_half(flow, MF_HALF_REQUEST))
        ret_columns->flags |= MF_COLUMN_REQUEST;
    if (mf_flow_has_half(flow, MF_HALF_RESPONSE))
        ret_columns->flags |= MF_COLUMN_RESPONSE;
    if (flow->type == MF_FLOW_HTTP)
        read_http(flow, ret_columns, ret_texts);
    else if (flow->type == MF_FLOW_DNS)
        ret_texts->names[MF_NAME_HOST] = details->question_name;
}
