#include "flow/flow.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "flow/details.h"
#include "flow/messages.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/check.h"

enum {
    ID_MAX_LEN = 65536,
    STATUS_SWITCHING_PROTOCOLS = 101,
    CONTENT_TYPE_LEN = sizeof "content-type" - 1,
};

/* Longer than this (some 31 years) a duration is taken for garbage. */
static const double DURATION_MAX_MS = 1e12;

static const struct {
    enum mf_flow_type type;
    const char *name;
    uint32_t client, server, error, start, duration, messages;
} types[] = {
    {MF_FLOW_HTTP, "http", 6, 7, 8, 4, 5, 11},
    {MF_FLOW_DNS, "dns", 6, 7, 8, 4, 5, 0},
    {MF_FLOW_TCP, "tcp", 2, 3, 7, 5, 6, 4},
    {MF_FLOW_UDP, "udp", 2, 3, 7, 5, 6, 4},
};

/* Events after which nothing more comes of a flow of that type. */
static const struct {
    Mitmproxy__V1__EventType event;
    enum mf_flow_type type;
} endings[] = {
    {MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_RESPONSE, MF_FLOW_HTTP},
    {MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_ERROR, MF_FLOW_HTTP},
    {MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_WEBSOCKET_END, MF_FLOW_HTTP},
    {MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_HTTP_CONNECTED, MF_FLOW_HTTP},
    {MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_HTTP_CONNECT_ERROR, MF_FLOW_HTTP},
    {MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_DNS_RESPONSE, MF_FLOW_DNS},
    {MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_DNS_ERROR, MF_FLOW_DNS},
    {MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_TCP_END, MF_FLOW_TCP},
    {MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_TCP_ERROR, MF_FLOW_TCP},
    {MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_UDP_END, MF_FLOW_UDP},
    {MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_UDP_ERROR, MF_FLOW_UDP},
};

uint32_t mf_flow__messages_field(enum mf_flow_type type)
{
    if (type < MF_FLOW_HTTP || type > MF_FLOW_UDP)
        return 0;
    return types[type - 1].messages;
}

const char *mf_flow_type_name(enum mf_flow_type type)
{
    return types[type - 1].name;
}

static int64_t timestamp_of(const struct mf_wire_field *field)
{
    return field->type == MF_WIRE_LEN
               ? mf_wire_timestamp_ns(field->data, field->len)
               : 0;
}

/* A header field: the first of the name is the one that counts. */
static void note_header(struct mf_flow__half *half,
                        const struct mf_wire_field *field)
{
    struct mf_span name, value;
    if (half->has_content_type || field->type != MF_WIRE_LEN ||
        !mf_flow__may_be_header(field, CONTENT_TYPE_LEN))
        return;
    mf_flow__read_line(field, &name, &value);
    if (!mf_flow__is_name(name, "content-type"))
        return;
    half->has_content_type = true;
    half->content_type = value;
}

static void read_half(struct mf_flow__half *half,
                      const struct mf_flow__half_fields *fields)
{
    struct mf_cursor cursor = mf_flow__cursor(half->message);
    struct mf_wire_field field;
    uint64_t size = 0;
    half->content_type = (struct mf_span){"", 0};
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == MF_HALF_HEADER_FIELDS ||
            field.number == fields->headers)
            note_header(half, &field);
        else if (field.number == fields->content)
            half->content = mf_flow__span(&field);
        else if (field.number == fields->http_version)
            half->http_version = mf_flow__span(&field);
        else if (field.number == fields->start)
            half->start_ns = timestamp_of(&field);
        else if (field.number == fields->end)
            half->end_ns = timestamp_of(&field);
        else if (field.number == MF_HALF_RAW_CONTENT)
            half->raw_content = mf_flow__span(&field);
        else if (field.number == MF_HALF_CONTENT_SIZE) {
            size = field.value;
            half->is_cut |= size != 0;
        } else if (field.number == fields->truncated) {
            half->is_cut |= field.value != 0;
        }
    }
    half->body_len =
        half->raw_content.len ? half->raw_content.len : half->content.len;
    /* What no body can have is a lie; sums must not overflow. */
    if (size > half->body_len && size <= INT64_MAX / 4)
        half->body_len = size;
}

static void read_http(struct mf_flow *flow)
{
    struct mf_flow__details *details = &flow->details;
    struct mf_flow_facts *facts = &flow->facts;
    read_half(&details->request, &mf_flow__request_fields);
    read_half(&details->response, &mf_flow__response_fields);
    struct mf_cursor cursor = mf_flow__cursor(details->request.message);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 1)
            facts->method = mf_flow__span(&field);
        else if (field.number == 2)
            facts->url = mf_flow__span(&field);
        else if (field.number == 11)
            facts->pretty_url = mf_flow__span(&field);
    }
    cursor = mf_flow__cursor(details->response.message);
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 1)
            facts->status_code = (int32_t)field.value;
        else if (field.number == 11)
            details->reason = mf_flow__span(&field);
    }
    details->response_type = details->response.content_type;
    facts->content_type = details->response_type;
    if (!facts->content_type.len)
        facts->content_type = details->request.content_type;
    details->client_bytes += details->request.body_len;
    details->server_bytes += details->response.body_len;
}

static uint32_t packed_response_code(struct mf_span packed)
{
    return packed.len > 3 ? (uint8_t)packed.text[3] & 0x0f : 0;
}

/* Returns the time that the message itself tells, or 0. */
static int64_t read_dns_message(struct mf_flow *flow, struct mf_span message,
                                bool is_response)
{
    struct mf_cursor cursor = mf_flow__cursor(message);
    struct mf_wire_field field, question = {0};
    struct mf_flow__details *details = &flow->details;
    struct mf_span packed = {"", 0};
    int64_t at_ns = 0;
    bool has_code = false;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 104)
            at_ns = timestamp_of(&field);
        else if (field.number == 2 && !question.number)
            question = field;
        else if (field.number == 1)
            packed = mf_flow__span(&field);
        else if (field.number == 100 && is_response) {
            details->response_code = (uint32_t)field.value;
            has_code = true;
        }
    }
    if (is_response && !has_code)
        details->response_code = packed_response_code(packed);
    *(is_response ? &details->server_bytes : &details->client_bytes) +=
        packed.len;
    if (details->question_name.len || question.type != MF_WIRE_LEN)
        return at_ns;
    cursor = mf_cursor_make(question.data, question.len);
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 1)
            details->question_name = mf_flow__span(&field);
        else if (field.number == 2)
            details->question_type = mf_flow__span(&field);
    }
    return at_ns;
}

/* ProxyMode.parse('regular'), as one exporter writes it, is "regular". */
static struct mf_span plain_proxy_mode(struct mf_span mode)
{
    static const char head[] = "ProxyMode.parse('", tail[] = "')";
    size_t head_len = sizeof head - 1, tail_len = sizeof tail - 1;
    if (mode.len < head_len + tail_len ||
        memcmp(mode.text, head, head_len) != 0 ||
        memcmp(mode.text + mode.len - tail_len, tail, tail_len) != 0)
        return mode;
    return (struct mf_span){mode.text + head_len,
                            mode.len - head_len - tail_len};
}

static void read_client(struct mf_flow *flow, struct mf_span client)
{
    struct mf_cursor cursor = mf_flow__cursor(client);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 1)
            flow->details.client_host = mf_flow__span(&field);
        else if (field.number == 2)
            flow->details.client_port = (uint32_t)field.value;
        else if (field.number == 7)
            flow->details.is_udp =
                field.value ==
                MITMPROXY__V1__TRANSPORT_PROTOCOL__TRANSPORT_PROTOCOL_UDP;
        else if (field.number == 9)
            flow->details.tls = field.value != 0;
        else if (field.number == 16)
            flow->details.sni = mf_flow__span(&field);
        else if (field.number == 17)
            flow->details.client_start_ns = timestamp_of(&field);
        else if (field.number == 21)
            flow->details.proxy_mode = plain_proxy_mode(mf_flow__span(&field));
    }
    flow->facts.client_host = flow->details.client_host;
}

static void read_server(struct mf_flow *flow, struct mf_span server)
{
    struct mf_cursor cursor = mf_flow__cursor(server);
    struct mf_wire_field field;
    struct mf_span peer_host = {"", 0};
    uint32_t peer_port = 0;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 20)
            flow->details.server_host = mf_flow__span(&field);
        else if (field.number == 21)
            flow->details.server_port = (uint32_t)field.value;
        else if (field.number == 1)
            peer_host = mf_flow__span(&field);
        else if (field.number == 2)
            peer_port = (uint32_t)field.value;
    }
    if (!flow->details.server_host.len) {
        flow->details.server_host = peer_host;
        flow->details.server_port = peer_port;
    }
}

/* Count a TCP, UDP or WebSocket message; returns its time, or 0. */
static int64_t read_message(struct mf_flow__details *details,
                            const struct mf_wire_field *message)
{
    struct mf_cursor cursor = mf_cursor_make(message->data, message->len);
    struct mf_wire_field field;
    size_t len = 0;
    bool from_client = false;
    int64_t at_ns = 0;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 1)
            len = mf_flow__span(&field).len;
        else if (field.number == 2)
            at_ns = timestamp_of(&field);
        else if (field.number == 3)
            from_client = field.value != 0;
    }
    details->message_count++;
    *(from_client ? &details->client_bytes : &details->server_bytes) += len;
    return at_ns;
}

static void set_duration(struct mf_flow *flow, double told_ms, int64_t end_ns)
{
    double duration_ms = told_ms;
    if (!(isfinite(told_ms) && told_ms > 0)) {
        int64_t start_ns = flow->start_ns;
        if (flow->type == MF_FLOW_HTTP && flow->details.request.start_ns)
            start_ns = flow->details.request.start_ns;
        duration_ms = start_ns && end_ns
                          ? ((double)end_ns - (double)start_ns) / MF_NS_PER_MS
                          : 0;
    }
    if (duration_ms > 0 && duration_ms < DURATION_MAX_MS)
        flow->details.duration_ms = duration_ms;
}

/* The parts of a flow that are found in one walk over its body. */
struct parts {
    struct mf_span client;
    struct mf_span server;
    double duration_ms;
    int64_t last_message_ns;
};

static void read_typed_field(struct mf_flow *flow,
                             const struct mf_wire_field *field)
{
    struct mf_flow__details *details = &flow->details;
    bool is_http = flow->type == MF_FLOW_HTTP,
         is_dns = flow->type == MF_FLOW_DNS;
    if (is_http && field->number == 2) {
        details->request.message = mf_flow__span(field);
        details->request.is_there = true;
    } else if (is_http && field->number == 3) {
        details->response.message = mf_flow__span(field);
        details->response.is_there = true;
    } else if (is_http && field->number == 9) {
        flow->facts.is_websocket = field->value != 0;
    } else if (is_dns && field->number == 2) {
        details->dns_request = mf_flow__span(field);
        details->has_dns_request = true;
    } else if (is_dns && field->number == 3) {
        details->dns_response = mf_flow__span(field);
        details->has_dns_response = true;
    }
}

/*
 * The published exporter takes local time for UTC where it tells when a DNS
 * flow began, but not where it tells when its client came. Over UDP the two
 * are the same moment but for seconds, so a difference of whole quarters of
 * an hour is a time zone.
 */
static void undo_time_zone(struct mf_flow *flow)
{
    const int64_t quarter_ns = 15 * 60 * MF_NS_PER_S;
    const int64_t slack_ns = 60 * MF_NS_PER_S, zone_max_ns = 60 * quarter_ns;
    int64_t client_ns = flow->details.client_start_ns;
    if (!flow->details.is_udp || client_ns <= 0 || flow->start_ns <= 0)
        return;
    int64_t apart_ns = flow->start_ns - client_ns;
    int64_t quarters =
        (apart_ns + (apart_ns < 0 ? -1 : 1) * quarter_ns / 2) / quarter_ns;
    int64_t rest_ns = apart_ns - quarters * quarter_ns;
    if (rest_ns > -slack_ns && rest_ns < slack_ns && apart_ns < zone_max_ns &&
        apart_ns > -zone_max_ns)
        flow->start_ns -= quarters * quarter_ns;
}

static int walk_body(struct mf_flow *flow, struct parts *parts)
{
    size_t row = flow->type - 1;
    struct mf_cursor cursor = mf_flow__cursor(flow->body);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        uint32_t number = field.number;
        if (number == 1)
            flow->id = mf_flow__span(&field);
        else if (number == types[row].client)
            parts->client = mf_flow__span(&field);
        else if (number == types[row].server)
            parts->server = mf_flow__span(&field);
        else if (number == types[row].error)
            flow->details.error = mf_flow__span(&field);
        else if (number == types[row].start)
            flow->start_ns = timestamp_of(&field);
        else if (number == types[row].duration)
            parts->duration_ms = mf_wire_double(&field);
        else if (number == types[row].messages && field.type == MF_WIRE_LEN)
            parts->last_message_ns = read_message(&flow->details, &field);
        else
            read_typed_field(flow, &field);
    }
    return cursor.error ? MF_ECORRUPT : 0;
}

static int read_body(struct mf_flow *flow, struct mf_err *err)
{
    struct parts parts = {0};
    if (walk_body(flow, &parts))
        return mf_err_set(err, MF_ECORRUPT, "flow: malformed");
    if (flow->id.len == 0)
        return mf_err_set(err, MF_EINVAL, "flow without an id");
    if (flow->id.len > ID_MAX_LEN)
        return mf_err_set(err, MF_EINVAL, "flow id of %zu bytes", flow->id.len);
    flow->details.client = parts.client;
    flow->details.server = parts.server;
    read_client(flow, parts.client);
    read_server(flow, parts.server);
    int64_t end_ns = parts.last_message_ns;
    if (flow->type == MF_FLOW_HTTP) {
        read_http(flow);
        if (!end_ns)
            end_ns = flow->details.response.end_ns;
        if (!flow->start_ns)
            flow->start_ns = flow->details.request.start_ns;
    } else if (flow->type == MF_FLOW_DNS) {
        int64_t asked_ns =
            read_dns_message(flow, flow->details.dns_request, false);
        end_ns = read_dns_message(flow, flow->details.dns_response, true);
        if (asked_ns)
            flow->start_ns = asked_ns;
        else
            undo_time_zone(flow);
    }
    set_duration(flow, parts.duration_ms, end_ns);
    return 0;
}

static void read_meta(struct mf_flow *flow, const struct mf_wire_field *meta)
{
    struct mf_wire_field comment;
    if (mf_wire_find(meta->data, meta->len, 1, &comment))
        flow->comment = mf_flow__span(&comment);
}

static int read_flow(struct mf_flow *flow, struct mf_err *err)
{
    struct mf_cursor cursor =
        mf_cursor_make(flow->snapshot, flow->snapshot_len);
    struct mf_wire_field field, body = {0};
    while (mf_wire_next(&cursor, &field)) {
        if (field.type != MF_WIRE_LEN)
            continue;
        if (field.number >= MF_FLOW_HTTP && field.number <= MF_FLOW_UDP)
            body = field;
        else if (field.number == 100)
            read_meta(flow, &field);
    }
    if (cursor.error)
        return mf_err_set(err, MF_ECORRUPT, "flow: malformed");
    if (!body.number)
        return mf_err_set(err, MF_EINVAL, "flow of an unknown type");
    flow->type = (enum mf_flow_type)body.number;
    flow->body = mf_flow__span(&body);
    return read_body(flow, err);
}

int mf_flow_from_snapshot(const uint8_t *snapshot, size_t len,
                          enum mf_flow_state state, struct mf_flow **ret_flow,
                          struct mf_err *err)
{
    struct mf_flow *flow =
        len < SIZE_MAX - sizeof *flow ? malloc(sizeof *flow + len) : NULL;
    if (!flow)
        return mf_err_set(err, MF_ENOMEM, "flow of %zu bytes: out of memory",
                          len);
    *flow = (struct mf_flow){.state = state, .snapshot_len = len};
    atomic_init(&flow->refs, 1);
    if (len)
        memcpy(flow->snapshot, snapshot, len);
    int rc = read_flow(flow, err);
    if (rc) {
        free(flow);
        return rc;
    }
    *ret_flow = flow;
    return 0;
}

bool mf_flow__ends(enum mf_flow_type type, uint64_t event)
{
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if ((uint64_t)endings[i].event == event && endings[i].type == type)
            return true;
    return false;
}

bool mf_flow_may_grow(const struct mf_flow *flow)
{
    switch (flow->type) {
    case MF_FLOW_HTTP:
        return flow->facts.is_websocket ||
               flow->facts.status_code == STATUS_SWITCHING_PROTOCOLS;
    case MF_FLOW_TCP:
    case MF_FLOW_UDP:
        return true;
    default:
        return false;
    }
}

void mf_flow__set_event(struct mf_flow *flow, uint64_t event)
{
    bool goes_on = event == MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_RESPONSE &&
                   flow->type == MF_FLOW_HTTP && mf_flow_may_grow(flow);
    flow->state = !goes_on && mf_flow__ends(flow->type, event) ? MF_FLOW_ENDED
                                                               : MF_FLOW_LIVE;
}

int mf_flow_from_export(const uint8_t *message, size_t len,
                        struct mf_flow **ret_flow, struct mf_err *err)
{
    int rc = mf_pb_check(&mitmproxy__v1__export_flow_request__descriptor,
                         message, len, err);
    if (rc)
        return rc;
    struct mf_cursor cursor = mf_cursor_make(message, len);
    struct mf_wire_field field, flow_field = {0};
    uint64_t event = 0;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 1)
            flow_field = field;
        else if (field.number == 2)
            event = field.value;
    }
    if (!flow_field.number)
        return mf_err_set(err, MF_EINVAL, "message without a flow");
    struct mf_flow *flow;
    rc = mf_flow_from_snapshot(flow_field.data, flow_field.len, MF_FLOW_LIVE,
                               &flow, err);
    if (rc)
        return rc;
    mf_flow__set_event(flow, event);
    *ret_flow = flow;
    return 0;
}

enum mf_flow_type mf_flow_snapshot_type(struct mf_span snapshot)
{
    struct mf_cursor cursor = mf_cursor_make(snapshot.text, snapshot.len);
    struct mf_wire_field field;
    enum mf_flow_type type = 0;
    while (mf_wire_next(&cursor, &field))
        if (field.type == MF_WIRE_LEN && field.number >= MF_FLOW_HTTP &&
            field.number <= MF_FLOW_UDP)
            type = (enum mf_flow_type)field.number;
    return cursor.error ? 0 : type;
}

struct mf_flow *mf_flow_ref(struct mf_flow *flow)
{
    atomic_fetch_add_explicit(&flow->refs, 1, memory_order_relaxed);
    return flow;
}

void mf_flow_unref(struct mf_flow *flow)
{
    if (flow &&
        atomic_fetch_sub_explicit(&flow->refs, 1, memory_order_acq_rel) == 1)
        free(flow);
}

enum mf_flow_type mf_flow_type(const struct mf_flow *flow)
{
    return flow->type;
}

enum mf_flow_state mf_flow_state(const struct mf_flow *flow)
{
    return flow->state;
}

struct mf_span mf_flow_id(const struct mf_flow *flow)
{
    return flow->id;
}

int64_t mf_flow_start_ns(const struct mf_flow *flow)
{
    return flow->start_ns;
}

const uint8_t *mf_flow_snapshot(const struct mf_flow *flow, size_t *ret_len)
{
    *ret_len = flow->snapshot_len;
    return flow->snapshot;
}

const struct mf_flow_facts *mf_flow_facts(const struct mf_flow *flow)
{
    return &flow->facts;
}
