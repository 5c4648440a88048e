/* A FlowSummary taken apart for the store's columns, and joined again. */
#include <math.h>
#include <string.h>

#include "flow/details.h"
#include "flow/messages.h"
#include "flow/summary.h"

/*
 * The rest is itself a FlowSummary, with what is not told elsewhere and with
 * what is told wrongly: fields of it win over columns, even empty ones.
 */

/* One put after another, stopping at the first that fails. */
struct putter {
    struct mf_buf *out;
    int rc;
};

/* Also when it is empty: then it says so. */
static void text(struct putter *put, uint32_t number, struct mf_span span,
                 size_t max)
{
    size_t mark;
    if (put->rc || (put->rc = mf_wire_begin(put->out, number, &mark)))
        return;
    put->rc = mf_flow__append_text(put->out, span, max);
    if (!put->rc)
        put->rc = mf_wire_end(put->out, mark);
}

static void text_opt(struct putter *put, uint32_t number, struct mf_span span,
                     size_t max)
{
    if (!put->rc)
        put->rc = mf_flow__put_text(put->out, number, span, max);
}

static void number(struct putter *put, uint32_t field, uint64_t value)
{
    if (!put->rc)
        put->rc = mf_wire_put_varint(put->out, field, value);
}

static void number_opt(struct putter *put, uint32_t field, uint64_t value)
{
    if (!put->rc)
        put->rc = mf_wire_put_varint_opt(put->out, field, value);
}

static bool is_same(struct mf_span a, struct mf_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.text, b.text, a.len) == 0);
}

/* ---- taking apart ---- */

static void split_address(struct putter *put, const struct mf_flow *flow,
                          const struct mf_columns *columns,
                          uint32_t client_field, uint32_t client_port_field,
                          uint32_t server_port_field)
{
    const struct mf_flow__details *details = &flow->details;
    if (!columns->client)
        text_opt(put, client_field, details->client_host,
                 MF_SUMMARY_TEXT_MAX_LEN);
    if (columns->client_port != details->client_port && client_port_field)
        number(put, client_port_field, details->client_port);
    if (columns->server_port != details->server_port)
        number(put, server_port_field, details->server_port);
}

static void split_url(struct putter *put, const struct mf_flow *flow,
                      struct mf_buf *url)
{
    const struct mf_flow_facts *facts = &flow->facts;
    bool is_pretty = facts->pretty_url.len > 0;
    if (put->rc)
        return;
    put->rc =
        mf_flow__append_text(url, is_pretty ? facts->pretty_url : facts->url,
                             MF_SUMMARY_URL_MAX_LEN);
    if (!is_pretty && facts->url.len)
        text(put, 100, facts->pretty_url, MF_SUMMARY_URL_MAX_LEN);
    else if (!is_same(facts->url, facts->pretty_url))
        text(put, 2, facts->url, MF_SUMMARY_URL_MAX_LEN);
}

static void split_http(struct putter *put, const struct mf_flow *flow,
                       const struct mf_columns *columns, struct mf_span host,
                       struct mf_buf *url)
{
    const struct mf_flow__details *details = &flow->details;
    const struct mf_flow_facts *facts = &flow->facts;
    struct mf_span version = details->request.http_version;
    if (!version.len)
        version = details->response.http_version;
    bool may_grow = mf_flow_may_grow(flow);
    split_url(put, flow, url);
    split_address(put, flow, columns, 7, 10, 9);
    if (!columns->method)
        text_opt(put, 1, facts->method, MF_SUMMARY_METHOD_MAX_LEN);
    if (columns->status != facts->status_code)
        number(put, 3, (uint64_t)(int64_t)facts->status_code);
    if (may_grow || details->request.body_len != columns->client_bytes)
        number(put, 5, details->request.body_len);
    if (may_grow || details->response.body_len != columns->server_bytes)
        number(put, 6, details->response.body_len);
    if (!columns->host || !is_same(host, details->server_host))
        text(put, 8, details->server_host, MF_SUMMARY_TEXT_MAX_LEN);
    text_opt(put, 101, version, MF_SUMMARY_METHOD_MAX_LEN);
    if (!columns->response_type)
        text_opt(put, 102, details->response_type, MF_SUMMARY_TEXT_MAX_LEN);
    text_opt(put, 104, details->reason, MF_SUMMARY_TEXT_MAX_LEN);
}

static void split_dns(struct putter *put, const struct mf_flow *flow,
                      const struct mf_columns *columns, struct mf_buf *url)
{
    const struct mf_flow__details *details = &flow->details;
    if (!put->rc)
        put->rc = mf_flow__append_text(url, details->question_name,
                                       MF_SUMMARY_TEXT_MAX_LEN);
    split_address(put, flow, columns, 2, 0, 105);
    text_opt(put, 100, details->question_type, MF_SUMMARY_METHOD_MAX_LEN);
    if (!put->rc)
        put->rc = mf_flow__put_answers(flow, put->out);
    number_opt(put, 102, details->response_code);
    text_opt(put, 104, details->server_host, MF_SUMMARY_TEXT_MAX_LEN);
}

static void split_packets(struct putter *put, const struct mf_flow *flow,
                          const struct mf_columns *columns)
{
    split_address(put, flow, columns, 3, 4, 2);
    if (!columns->host)
        text_opt(put, 1, flow->details.server_host, MF_SUMMARY_TEXT_MAX_LEN);
}

int mf_summary_split(const struct mf_flow *flow,
                     const struct mf_columns *columns,
                     const struct mf_column_texts *texts, struct mf_buf *url,
                     struct mf_buf *rest)
{
    struct putter put = {.out = rest};
    size_t mark;
    put.rc = mf_wire_begin(rest, mf_flow__summary_field(flow->type), &mark);
    if (put.rc)
        return put.rc;
    if (flow->type == MF_FLOW_HTTP)
        split_http(&put, flow, columns, texts->names[MF_NAME_HOST], url);
    else if (flow->type == MF_FLOW_DNS)
        split_dns(&put, flow, columns, url);
    else
        split_packets(&put, flow, columns);
    if (!put.rc)
        put.rc = mf_wire_end(rest, mark);
    text_opt(&put, 104, flow->details.error, MF_SUMMARY_TEXT_MAX_LEN);
    text_opt(&put, 110, flow->details.proxy_mode, MF_SUMMARY_TEXT_MAX_LEN);
    return put.rc;
}

int mf_summary_keep(struct mf_span summary, struct mf_columns *columns,
                    struct mf_buf *rest)
{
    enum {
        FIRST_TYPE = 6,
        LAST_TYPE = 9,
        ERROR = 104,
        DURATION = 105,
        CLIENT_BYTES = 106,
        SERVER_BYTES = 107,
        MESSAGE_COUNT = 108,
        TLS = 109,
        MODE = 110,
    };
    struct mf_cursor cursor = mf_cursor_make(summary.text, summary.len);
    struct mf_wire_field field;
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field)) {
        if (field.number == DURATION)
            columns->duration_ms = mf_wire_double(&field);
        else if (field.number == CLIENT_BYTES)
            columns->client_bytes = field.value;
        else if (field.number == SERVER_BYTES)
            columns->server_bytes = field.value;
        else if (field.number == MESSAGE_COUNT)
            columns->message_count = (uint32_t)field.value;
        else if (field.number == TLS)
            columns->flags |= MF_COLUMN_TLS;
        else if ((field.number >= FIRST_TYPE && field.number <= LAST_TYPE) ||
                 field.number == ERROR || field.number == MODE)
            rc = mf_wire_put_field(rest, &field);
    }
    return rc;
}

/* ---- joining ---- */

/* Which fields of a message are there: those below 64, and from 100 on. */
struct fields_seen {
    uint64_t low;
    uint64_t high;
};

static bool has(const struct fields_seen *seen, uint32_t number)
{
    if (number < 64)
        return seen->low >> number & 1;
    return number >= 100 && number < 164 && (seen->high >> (number - 100) & 1);
}

static void note_field(struct fields_seen *seen, uint32_t number)
{
    if (number < 64)
        seen->low |= UINT64_C(1) << number;
    else if (number >= 100 && number < 164)
        seen->high |= UINT64_C(1) << (number - 100);
}

struct join {
    struct putter put;
    const struct mf_summary_row *row;
    struct mf_span typed; /* of the rest */
    struct mf_span error;
    struct fields_seen seen; /* in `typed` */
};

static void join_text(struct join *join, uint32_t number, struct mf_span span,
                      size_t max)
{
    if (!has(&join->seen, number))
        text_opt(&join->put, number, span, max);
}

static void join_number(struct join *join, uint32_t field, uint64_t value)
{
    if (!has(&join->seen, field))
        number_opt(&join->put, field, value);
}

static void join_http(struct join *join)
{
    const struct mf_columns *columns = join->row->columns;
    const struct mf_column_texts *texts = &join->row->texts;
    join_text(join, 1, texts->names[MF_NAME_METHOD], MF_SUMMARY_METHOD_MAX_LEN);
    join_text(join, 2, join->row->url, MF_SUMMARY_URL_MAX_LEN);
    join_number(join, 3, columns->status);
    join_number(join, 4, (uint64_t)llround(columns->duration_ms));
    join_number(join, 5, columns->client_bytes);
    join_number(join, 6, columns->server_bytes);
    join_text(join, 7, texts->names[MF_NAME_CLIENT], MF_SUMMARY_TEXT_MAX_LEN);
    join_text(join, 8, texts->names[MF_NAME_HOST], MF_SUMMARY_TEXT_MAX_LEN);
    join_number(join, 9, columns->server_port);
    join_number(join, 10, columns->client_port);
    join_text(join, 100, join->row->url, MF_SUMMARY_URL_MAX_LEN);
    join_text(join, 102, texts->response_type, MF_SUMMARY_TEXT_MAX_LEN);
    join_number(join, 103, (columns->flags & MF_COLUMN_WEBSOCKET) != 0);
}

static void join_dns(struct join *join)
{
    const struct mf_columns *columns = join->row->columns;
    join_text(join, 1, join->row->url, MF_SUMMARY_TEXT_MAX_LEN);
    join_text(join, 2, join->row->texts.names[MF_NAME_CLIENT],
              MF_SUMMARY_TEXT_MAX_LEN);
    join_text(join, 3, join->error, MF_SUMMARY_TEXT_MAX_LEN);
    join_number(join, 103, (columns->flags & MF_COLUMN_RESPONSE) != 0);
    join_number(join, 105, columns->server_port);
}

static void join_packets(struct join *join)
{
    const struct mf_columns *columns = join->row->columns;
    const struct mf_column_texts *texts = &join->row->texts;
    join_text(join, 1, texts->names[MF_NAME_HOST], MF_SUMMARY_TEXT_MAX_LEN);
    join_number(join, 2, columns->server_port);
    join_text(join, 3, texts->names[MF_NAME_CLIENT], MF_SUMMARY_TEXT_MAX_LEN);
    join_number(join, 4, columns->client_port);
    join_text(join, 5, join->error, MF_SUMMARY_TEXT_MAX_LEN);
}

/* Append what `typed` itself has, but for empty values. */
static void copy_typed(struct join *join)
{
    struct mf_cursor cursor = mf_flow__cursor(join->typed);
    struct mf_wire_field field;
    while (!join->put.rc && mf_wire_next(&cursor, &field))
        if (field.len || field.value)
            join->put.rc = mf_wire_put_field(join->put.out, &field);
}

static void join_typed(struct join *join)
{
    enum mf_flow_type type = (enum mf_flow_type)join->row->columns->type;
    size_t mark;
    if (!join->put.rc)
        join->put.rc =
            mf_wire_begin(join->put.out, mf_flow__summary_field(type), &mark);
    if (join->put.rc)
        return;
    if (type == MF_FLOW_HTTP)
        join_http(join);
    else if (type == MF_FLOW_DNS)
        join_dns(join);
    else
        join_packets(join);
    copy_typed(join);
    if (!join->put.rc)
        join->put.rc = mf_wire_end(join->put.out, mark);
}

static int note_fields(struct mf_span message, struct fields_seen *seen)
{
    struct mf_cursor cursor = mf_flow__cursor(message);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field))
        note_field(seen, field.number);
    return cursor.error ? MF_ECORRUPT : 0;
}

static int read_rest(struct join *join, struct mf_span *ret_mode)
{
    uint32_t typed =
        mf_flow__summary_field((enum mf_flow_type)join->row->columns->type);
    struct mf_cursor cursor = mf_flow__cursor(join->row->rest);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == typed)
            join->typed = mf_flow__span(&field);
        else if (field.number == 104)
            join->error = mf_flow__span(&field);
        else if (field.number == 110)
            *ret_mode = mf_flow__span(&field);
    }
    if (cursor.error)
        return MF_ECORRUPT;
    return note_fields(join->typed, &join->seen);
}

int mf_summary_join(const struct mf_summary_row *row, struct mf_buf *out)
{
    const struct mf_columns *columns = row->columns;
    const struct mf_span none = {"", 0};
    struct join join = {
        .put = {.out = out}, .row = row, .typed = none, .error = none};
    struct mf_span mode = none;
    if (columns->type < MF_FLOW_HTTP || columns->type > MF_FLOW_UDP)
        return MF_ECORRUPT;
    int rc = read_rest(&join, &mode);
    if (rc)
        return rc;
    const char *type = mf_flow_type_name((enum mf_flow_type)columns->type);
    text_opt(&join.put, 1, row->id, SIZE_MAX);
    text_opt(&join.put, 2, (struct mf_span){type, strlen(type)}, SIZE_MAX);
    if (!join.put.rc)
        join.put.rc = mf_wire_put_timestamp_opt(out, 3, columns->start_ns);
    join_typed(&join);
    text_opt(&join.put, 104, join.error, MF_SUMMARY_TEXT_MAX_LEN);
    if (!join.put.rc)
        join.put.rc = mf_wire_put_double_opt(out, 105, columns->duration_ms);
    number_opt(&join.put, 106, columns->client_bytes);
    number_opt(&join.put, 107, columns->server_bytes);
    number_opt(&join.put, 108, columns->message_count);
    number_opt(&join.put, 109, (columns->flags & MF_COLUMN_TLS) != 0);
    text_opt(&join.put, 110, mode, MF_SUMMARY_TEXT_MAX_LEN);
    return join.put.rc;
}

/* ---- growing ---- */

/* Fields of the typed part that follow from others of the summary. */
static const struct {
    uint32_t duration;
    uint32_t error;
} followers[] = {
    [MF_FLOW_HTTP] = {.duration = 4},
    [MF_FLOW_DNS] = {.error = 3},
    [MF_FLOW_TCP] = {.error = 5},
    [MF_FLOW_UDP] = {.error = 5},
};

static void grow_typed(struct putter *put, const struct mf_wire_field *typed,
                       size_t type, const struct mf_summary_growth *growth)
{
    struct mf_cursor cursor = mf_cursor_make(typed->data, typed->len);
    struct mf_wire_field field;
    bool has_error = growth->error.len > 0;
    size_t mark;
    put->rc = mf_wire_begin(put->out, typed->number, &mark);
    while (!put->rc && mf_wire_next(&cursor, &field))
        if (field.number != followers[type].duration &&
            !(has_error && field.number == followers[type].error))
            put->rc = mf_wire_put_field(put->out, &field);
    if (!put->rc && cursor.error)
        put->rc = MF_ECORRUPT;
    if (followers[type].duration)
        number_opt(put, followers[type].duration,
                   (uint64_t)llround(growth->duration_ms));
    if (followers[type].error && has_error)
        text_opt(put, followers[type].error, growth->error,
                 MF_SUMMARY_TEXT_MAX_LEN);
    if (!put->rc)
        put->rc = mf_wire_end(put->out, mark);
}

int mf_summary_grow(const uint8_t *derived, size_t len,
                    const struct mf_summary_growth *growth, struct mf_buf *out)
{
    enum { ERROR = 104, DURATION = 105, MESSAGE_COUNT = 108 };
    struct putter put = {.out = out};
    struct mf_cursor cursor = mf_cursor_make(derived, len);
    struct mf_wire_field field;
    while (!put.rc && mf_wire_next(&cursor, &field)) {
        if (field.number >= DURATION && field.number <= MESSAGE_COUNT)
            continue;
        if (field.number == ERROR && growth->error.len)
            continue;
        size_t type = MF_FLOW_HTTP;
        while (type <= MF_FLOW_UDP &&
               mf_flow__summary_field((enum mf_flow_type)type) != field.number)
            type++;
        if (type <= MF_FLOW_UDP && field.type == MF_WIRE_LEN)
            grow_typed(&put, &field, type, growth);
        else
            put.rc = mf_wire_put_field(out, &field);
    }
    if (!put.rc && cursor.error)
        put.rc = MF_ECORRUPT;
    text_opt(&put, ERROR, growth->error, MF_SUMMARY_TEXT_MAX_LEN);
    if (!put.rc)
        put.rc = mf_wire_put_double_opt(out, DURATION, growth->duration_ms);
    number_opt(&put, 106, growth->client_bytes);
    number_opt(&put, 107, growth->server_bytes);
    number_opt(&put, MESSAGE_COUNT,
               growth->message_count > UINT32_MAX ? UINT32_MAX
                                                  : growth->message_count);
    return put.rc;
}
