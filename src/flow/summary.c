/* The FlowSummary that follows from a snapshot. */
#include <math.h>
#include <string.h>

#include "flow/details.h"

enum {
    ANSWERS_MAX = 8,
    ANSWER_MAX_LEN = 512,
};

/* One put after another, stopping at the first that fails. */
struct putter {
    struct mf_buf *out;
    int rc;
};

static void text(struct putter *put, uint32_t number, struct mf_span span,
                 size_t max)
{
    if (!put->rc)
        put->rc = mf_flow__put_text(put->out, number, span, max);
}

static void number(struct putter *put, uint32_t field, uint64_t value)
{
    if (!put->rc)
        put->rc = mf_wire_put_varint_opt(put->out, field, value);
}

static void put_http(struct putter *put, const struct mf_flow *flow)
{
    const struct mf_flow__details *details = &flow->details;
    const struct mf_flow_facts *facts = &flow->facts;
    struct mf_span version = details->request.http_version;
    if (!version.len)
        version = details->response.http_version;
    text(put, 1, facts->method, MF_SUMMARY_METHOD_MAX_LEN);
    text(put, 2, facts->url, MF_SUMMARY_URL_MAX_LEN);
    number(put, 3, (uint64_t)(int64_t)facts->status_code);
    number(put, 4, (uint64_t)llround(details->duration_ms));
    number(put, 5, details->request.body_len);
    number(put, 6, details->response.body_len);
    text(put, 7, details->client_host, MF_SUMMARY_TEXT_MAX_LEN);
    text(put, 8, details->server_host, MF_SUMMARY_TEXT_MAX_LEN);
    number(put, 9, details->server_port);
    number(put, 10, details->client_port);
    text(put, 100, facts->pretty_url, MF_SUMMARY_URL_MAX_LEN);
    text(put, 101, version, MF_SUMMARY_METHOD_MAX_LEN);
    text(put, 102, details->response_type, MF_SUMMARY_TEXT_MAX_LEN);
    number(put, 103, facts->is_websocket);
    text(put, 104, details->reason, MF_SUMMARY_TEXT_MAX_LEN);
}

static void put_answer(struct putter *put, const struct mf_wire_field *answer,
                       struct mf_span packed)
{
    struct mf_cursor cursor = mf_cursor_make(answer->data, answer->len);
    struct mf_wire_field field;
    struct mf_span type = {"", 0}, data = {"", 0};
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 2)
            type = mf_flow__span(&field);
        else if (field.number == 5)
            data = mf_flow__span(&field);
    }
    char readable[ANSWER_MAX_LEN];
    size_t len =
        mf_flow__dns_data_text(type, data, packed, readable, sizeof readable);
    text(put, 101, (struct mf_span){readable, len}, sizeof readable);
}

int mf_flow__put_answers(const struct mf_flow *flow, struct mf_buf *out)
{
    struct mf_span response = flow->details.dns_response;
    struct putter put = {.out = out};
    struct mf_wire_field packed = {0}, field;
    mf_wire_find((const uint8_t *)response.text, response.len, 1, &packed);
    struct mf_cursor cursor = mf_flow__cursor(response);
    int count = 0;
    while (count < ANSWERS_MAX && mf_wire_next(&cursor, &field)) {
        if (field.number != 3 || field.type != MF_WIRE_LEN)
            continue;
        put_answer(&put, &field, mf_flow__span(&packed));
        count++;
    }
    return put.rc;
}

static void put_dns(struct putter *put, const struct mf_flow *flow)
{
    const struct mf_flow__details *details = &flow->details;
    text(put, 1, details->question_name, MF_SUMMARY_TEXT_MAX_LEN);
    text(put, 2, details->client_host, MF_SUMMARY_TEXT_MAX_LEN);
    text(put, 3, details->error, MF_SUMMARY_TEXT_MAX_LEN);
    text(put, 100, details->question_type, MF_SUMMARY_METHOD_MAX_LEN);
    if (!put->rc)
        put->rc = mf_flow__put_answers(flow, put->out);
    number(put, 102, details->response_code);
    number(put, 103, details->has_dns_response);
    text(put, 104, details->server_host, MF_SUMMARY_TEXT_MAX_LEN);
    number(put, 105, details->server_port);
}

/* TcpFlowSummary and UdpFlowSummary are alike. */
static void put_packets(struct putter *put, const struct mf_flow *flow)
{
    const struct mf_flow__details *details = &flow->details;
    text(put, 1, details->server_host, MF_SUMMARY_TEXT_MAX_LEN);
    number(put, 2, details->server_port);
    text(put, 3, details->client_host, MF_SUMMARY_TEXT_MAX_LEN);
    number(put, 4, details->client_port);
    text(put, 5, details->error, MF_SUMMARY_TEXT_MAX_LEN);
}

static const struct {
    uint32_t field;
    void (*put)(struct putter *put, const struct mf_flow *flow);
} kinds[] = {
    [MF_FLOW_HTTP] = {6, put_http},
    [MF_FLOW_DNS] = {7, put_dns},
    [MF_FLOW_TCP] = {8, put_packets},
    [MF_FLOW_UDP] = {9, put_packets},
};

uint32_t mf_flow__summary_field(enum mf_flow_type type)
{
    return kinds[type].field;
}

static void put_typed(struct putter *put, const struct mf_flow *flow)
{
    size_t mark;
    if (!put->rc)
        put->rc = mf_wire_begin(put->out, kinds[flow->type].field, &mark);
    if (put->rc)
        return;
    kinds[flow->type].put(put, flow);
    if (!put->rc)
        put->rc = mf_wire_end(put->out, mark);
}

int mf_flow_put_summary(const struct mf_flow *flow, struct mf_buf *out)
{
    const struct mf_flow__details *details = &flow->details;
    const char *type = mf_flow_type_name(flow->type);
    enum { TYPE_NAME_MAX_LEN = 8 };
    struct putter put = {.out = out};
    text(&put, 1, flow->id, SIZE_MAX);
    text(&put, 2, (struct mf_span){type, strlen(type)}, TYPE_NAME_MAX_LEN);
    if (!put.rc)
        put.rc = mf_wire_put_timestamp_opt(out, 3, flow->start_ns);
    put_typed(&put, flow);
    text(&put, 104, details->error, MF_SUMMARY_TEXT_MAX_LEN);
    if (!put.rc)
        put.rc = mf_wire_put_double_opt(out, 105, details->duration_ms);
    number(&put, 106, details->client_bytes);
    number(&put, 107, details->server_bytes);
    number(&put, 108,
           details->message_count > UINT32_MAX ? UINT32_MAX
                                               : details->message_count);
    number(&put, 109, details->tls);
    text(&put, 110, details->proxy_mode, MF_SUMMARY_TEXT_MAX_LEN);
    return put.rc;
}
