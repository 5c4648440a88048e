#include "support.h"

#include <stdlib.h>

enum { NAMES_MAX = 1000 };

static struct {
    char *texts[MF_NAME_KINDS][NAMES_MAX];
    size_t lens[MF_NAME_KINDS][NAMES_MAX];
    uint32_t counts[MF_NAME_KINDS];
} names;

static void put(struct mf_buf *buf, uint32_t number, const char *text)
{
    if (text)
        mf_wire_put_bytes(buf, number, text, strlen(text));
}

static void put_pair(struct mf_buf *buf, uint32_t number, const char *name,
                     const char *value)
{
    size_t mark;
    if (!value)
        return;
    mf_wire_begin(buf, number, &mark);
    put(buf, 1, name);
    put(buf, 2, value);
    mf_wire_end(buf, mark);
}

static void put_http(struct mf_buf *buf, const struct sample *sample)
{
    size_t mark;
    mf_wire_begin(buf, 2, &mark);
    put(buf, 1, sample->method);
    put(buf, 2, sample->url);
    put(buf, 4, sample->request_body);
    put(buf, 11, sample->pretty_url);
    put_pair(buf, 100, "content-type", sample->request_content_type);
    mf_wire_end(buf, mark);
    mf_wire_put_varint_opt(buf, 9, sample->is_websocket);
    if (sample->is_websocket && sample->message)
        put_pair(buf, 11, sample->message, NULL);
    if (sample->has_no_response)
        return;
    mf_wire_begin(buf, 3, &mark);
    mf_wire_put_varint(buf, 1, (uint64_t)sample->status);
    put_pair(buf, 100, "Content-Type", sample->content_type);
    put_pair(buf, 100, "content-type", sample->second_content_type);
    put_pair(buf, 100, "X-Test", sample->header);
    put(buf, 3, sample->message);
    mf_wire_put_varint_opt(buf, 103, sample->is_streamed ? 12345 : 0);
    mf_wire_end(buf, mark);
}

static void put_dns(struct mf_buf *buf, const struct sample *sample)
{
    size_t message, part;
    mf_wire_begin(buf, 2, &message);
    if (sample->question) {
        mf_wire_begin(buf, 2, &part);
        put(buf, 1, sample->question);
        mf_wire_end(buf, part);
    }
    mf_wire_end(buf, message);
    if (!sample->dns_answer)
        return;
    mf_wire_begin(buf, 3, &message);
    mf_wire_begin(buf, 3, &part);
    put(buf, 2, "A");
    mf_wire_put_bytes(buf, 5, sample->dns_answer, 4);
    mf_wire_end(buf, part);
    mf_wire_end(buf, message);
}

static void put_message(struct mf_buf *buf, const struct sample *sample)
{
    size_t mark;
    mf_wire_begin(buf, 4, &mark);
    put(buf, 1, sample->message);
    mf_wire_put_varint(buf, 3, 1);
    mf_wire_end(buf, mark);
}

static void put_body(struct mf_buf *buf, const struct sample *sample)
{
    bool is_packets =
        sample->type == MF_FLOW_TCP || sample->type == MF_FLOW_UDP;
    size_t mark;
    put(buf, 1, sample->id ? sample->id : "id");
    mf_wire_begin(buf, is_packets ? 2 : 6, &mark);
    put(buf, 1, sample->client_ip);
    mf_wire_put_varint_opt(buf, 2, sample->client_port);
    mf_wire_end(buf, mark);
    mf_wire_begin(buf, is_packets ? 3 : 7, &mark);
    put(buf, 20, sample->server_host);
    mf_wire_put_varint_opt(buf, 21, sample->server_port);
    mf_wire_end(buf, mark);
    put(buf, is_packets ? 7 : 8, sample->error);
    mf_wire_put_timestamp_opt(buf, is_packets ? 5 : 4, sample->start_ns);
    mf_wire_put_double_opt(buf, is_packets ? 6 : 5, sample->duration_ms);
    if (sample->type == MF_FLOW_HTTP)
        put_http(buf, sample);
    if (sample->type == MF_FLOW_DNS)
        put_dns(buf, sample);
    if (is_packets)
        put_message(buf, sample);
}

static void put_meta(struct mf_buf *buf, const struct sample *sample)
{
    size_t mark;
    mf_wire_begin(buf, 100, &mark);
    put(buf, 1, sample->comment);
    put(buf, 2, sample->marker);
    put(buf, 3, sample->replayed);
    put_pair(buf, 6, "key", sample->metadata);
    mf_wire_end(buf, mark);
}

struct mf_record *record_of(const struct sample *sample)
{
    struct mf_buf buf;
    struct mf_flow *flow = NULL;
    size_t mark;
    mf_buf_init(&buf, 1 << 20);
    mf_wire_begin(&buf, sample->type, &mark);
    put_body(&buf, sample);
    mf_wire_end(&buf, mark);
    put_meta(&buf, sample);
    assert_int_equal(
        mf_flow_from_snapshot(buf.data, buf.len, MF_FLOW_LIVE, &flow, NULL), 0);
    mf_buf_release(&buf);
    const struct mf_record_head head = {
        .number = 1,
        .source = sample->source ? sample->source : "",
        .note = sample->note ? sample->note : "",
        .pinned = sample->pinned,
        .state = sample->state,
    };
    struct mf_record *record = mf_record_new(&head, flow, NULL, 0);
    mf_flow_unref(flow);
    return record;
}

/* ---- columns ---- */

static uint32_t id_of(enum mf_name_kind kind, struct mf_span text)
{
    uint32_t count = names.counts[kind];
    if (text.len == 0 || text.len > MF_NAME_MAX_LEN || count == NAMES_MAX)
        return 0;
    for (uint32_t i = 0; i < count; i++)
        if (names.lens[kind][i] == text.len &&
            memcmp(names.texts[kind][i], text.text, text.len) == 0)
            return i + 1;
    names.texts[kind][count] = malloc(text.len);
    memcpy(names.texts[kind][count], text.text, text.len);
    names.lens[kind][count] = text.len;
    return ++names.counts[kind];
}

struct mf_span name_of(void *user, enum mf_name_kind kind, uint32_t id)
{
    (void)user;
    return (struct mf_span){names.texts[kind][id - 1],
                            names.lens[kind][id - 1]};
}

void forget_names(void)
{
    for (int kind = 0; kind < MF_NAME_KINDS; kind++) {
        for (uint32_t i = 0; i < names.counts[kind]; i++)
            free(names.texts[kind][i]);
        names.counts[kind] = 0;
    }
}

struct mf_columns columns_of(const struct mf_record *record)
{
    const struct mf_record_head *head = mf_record_head(record);
    struct mf_columns columns;
    struct mf_column_texts texts;
    mf_flow_columns(mf_record_flow(record), &columns, &texts);
    columns.method = id_of(MF_NAME_METHOD, texts.names[MF_NAME_METHOD]);
    columns.host = id_of(MF_NAME_HOST, texts.names[MF_NAME_HOST]);
    columns.client = id_of(MF_NAME_CLIENT, texts.names[MF_NAME_CLIENT]);
    columns.source = id_of(
        MF_NAME_SOURCE, (struct mf_span){head->source, strlen(head->source)});
    columns.response_type = id_of(MF_NAME_CONTENT_TYPE, texts.response_type);
    columns.request_type = id_of(MF_NAME_CONTENT_TYPE, texts.request_type);
    columns.flags |= (head->pinned ? MF_COLUMN_PINNED : 0) |
                     (head->note[0] ? MF_COLUMN_NOTE : 0) |
                     (head->state == MF_FLOW_CUT_OFF ? MF_COLUMN_LOST : 0);
    return columns;
}

/* ---- filters ---- */

struct mf_filter *filter_of(const char *expression)
{
    struct mf_filter *filter = NULL;
    struct mf_filter_fault fault = {0};
    if (mf_filter_parse(expression, strlen(expression), &filter, &fault))
        fail_msg("%s: %s at %zu", expression, fault.text, fault.position);
    return filter;
}

enum mf_filter_verdict judged(const struct mf_filter *filter,
                              const struct mf_record *record)
{
    struct mf_columns columns = columns_of(record);
    struct mf_judge *judge;
    assert_int_equal(mf_judge_new(filter, name_of, NULL, &judge), 0);
    enum mf_filter_verdict first = mf_judge_row(judge, &columns);
    /* And once more, when it remembers the names. */
    assert_int_equal(mf_judge_row(judge, &columns), first);
    mf_judge_free(judge);
    return first;
}

bool finds(const char *expression, const struct sample *sample)
{
    struct mf_filter *filter = filter_of(expression);
    struct mf_record *record = record_of(sample);
    bool is_match = mf_filter_match(filter, record, NULL);
    enum mf_filter_verdict verdict = judged(filter, record);
    if (verdict != MF_FILTER_UNSURE && (verdict == MF_FILTER_YES) != is_match)
        fail_msg("%s: the columns say %d, the flow %d", expression, verdict,
                 is_match);
    mf_record_unref(record);
    mf_filter_unref(filter);
    return is_match;
}
