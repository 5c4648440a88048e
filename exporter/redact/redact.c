/* ExportFlowRequest, from the outside in. */
#include "exporter/redact/redact.h"

#include <string.h>

#include "base/error.h"
#include "codec/tnetstring.h"
#include "exporter/redact/walk.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    REQUEST_FLOW = 1,
    REQUEST_APPEND = 100,
    REQUEST_PART = 101,
    REQUEST_CONNECTION = 102,
    PART_FLOW = 2,
    FLOW_META = 100,
    META_REDACTIONS = 7,
    MESSAGE_CONTENT = 1,
    DNS_PACKED = 1,
};

/* ---- what is looked at before anything is put ---- */

static void see_host(struct mf_job *job, const struct mf_region_field *field,
                     uint32_t number)
{
    struct mf_region_field host;
    if (!mf_walk_find(field, number, &host))
        return;
    struct mf_text text = mf_walk_text(job, &host);
    if (mf_facts_add_host(job->facts, text.data, text.len))
        job->is_broken = true;
}

static void see_client(struct mf_job *job, const struct mf_region_field *field)
{
    enum { SNI = 16 };
    see_host(job, field, SNI);
}

static void see_server(struct mf_job *job, const struct mf_region_field *field)
{
    enum { PEERNAME = 1, SNI = 16, ADDRESS = 20 };
    see_host(job, field, PEERNAME);
    see_host(job, field, SNI);
    see_host(job, field, ADDRESS);
}

/* The names that a DNS flow asks for. */
static void see_questions(struct mf_job *job,
                          const struct mf_region_field *field)
{
    enum { QUESTION = 2, NAME = 1 };
    struct mf_region region = field->body;
    struct mf_region_field inner;
    while (mf_region_next(&region, &inner))
        if (inner.number == QUESTION && inner.type == MF_WIRE_LEN)
            see_host(job, &inner, NAME);
}

enum flow_kind { HTTP = 1, DNS, TCP, UDP };

static void see_flow(struct mf_job *job, const struct mf_region_field *field,
                     bool is_whole)
{
    struct mf_region region = field->body;
    struct mf_region_field inner;
    enum flow_kind kind = (enum flow_kind)field->number;
    bool is_stream = kind == TCP || kind == UDP;
    while (mf_region_next(&region, &inner)) {
        if (inner.type != MF_WIRE_LEN)
            continue;
        if (inner.number == (is_stream ? 2 : 6))
            see_client(job, &inner);
        else if (inner.number == (is_stream ? 3 : 7))
            see_server(job, &inner);
        else if (kind == HTTP && (inner.number == 2 || inner.number == 3))
            mf_walk_see_half(job, &inner, inner.number == 3, is_whole);
        else if (kind == DNS && inner.number == 2)
            see_questions(job, &inner);
    }
    job->is_broken |= region.error != 0;
}

/* `field` is a Flow. */
static void see(struct mf_job *job, const struct mf_region_field *field,
                bool is_whole)
{
    struct mf_region region = field->body;
    struct mf_region_field inner;
    while (mf_region_next(&region, &inner))
        if (inner.type == MF_WIRE_LEN && inner.number >= HTTP &&
            inner.number <= UDP)
            see_flow(job, &inner, is_whole);
    job->is_broken |= region.error != 0;
}

/* ---- connections, texts, messages ---- */

static void put_connection(struct mf_job *job,
                           const struct mf_region_field *field,
                           struct mf_encoder *out)
{
    static const struct mf_entry ENTRIES[] = {{8, mf_walk_put_rest}};
    if (job->redactor->places & MF_PLACE_REST)
        mf_walk_message(job, field, ENTRIES, COUNT(ENTRIES), out);
    else
        mf_region_put(out, field);
}

static void put_content(struct mf_job *job, const struct mf_region_field *field,
                        struct mf_encoder *out)
{
    const struct mf_redactor *redactor = job->redactor;
    struct mf_text text = mf_walk_text(job, field);
    size_t rule = mf_skip_rule(job, NULL, false, text.len);
    if (text.len && (job->is_strict || rule != SIZE_MAX)) {
        if (rule != SIZE_MAX)
            mf_job_fire(job, rule);
        job->is_changed = true;
        return;
    }
    if (!(redactor->places & MF_PLACE_BODY) &&
        !(redactor->kinds & 1u << MF_RULE_JSON)) {
        mf_region_put(out, field);
        return;
    }
    mf_spans_clear(&job->redactor->spans);
    mf_find_in_message(job, text.data, text.len);
    mf_walk_put_found(job, field, text, false, out);
}

static void put_message(struct mf_job *job, const struct mf_region_field *field,
                        struct mf_encoder *out)
{
    static const struct mf_entry ENTRIES[] = {{MESSAGE_CONTENT, put_content}};
    mf_walk_message(job, field, ENTRIES, COUNT(ENTRIES), out);
}

static void put_close(struct mf_job *job, const struct mf_region_field *field,
                      struct mf_encoder *out)
{
    static const struct mf_entry ENTRIES[] = {{3, mf_walk_put_rest}};
    mf_walk_message(job, field, ENTRIES, COUNT(ENTRIES), out);
}

/* ---- DNS ---- */

static void put_record(struct mf_job *job, const struct mf_region_field *field,
                       struct mf_encoder *out)
{
    static const struct mf_entry ENTRIES[] = {
        {1, mf_walk_put_rest},
        {5, mf_walk_put_rest_bytes},
    };
    mf_walk_message(job, field, ENTRIES, COUNT(ENTRIES), out);
}

/* What was taken out of the records is in the packed message, too, which then
 * goes as a whole. */
static void put_dns(struct mf_job *job, const struct mf_region_field *field,
                    struct mf_encoder *out)
{
    struct mf_region region = field->body;
    struct mf_region_field inner, packed = {0};
    struct mf_mark mark;
    bool was_changed = job->is_changed;
    if (!(job->redactor->places & MF_PLACE_REST)) {
        mf_region_put(out, field);
        return;
    }
    job->is_changed = false;
    mark = mf_encoder_begin(out, field->number);
    while (mf_region_next(&region, &inner)) {
        if (inner.type != MF_WIRE_LEN)
            mf_region_put(out, &inner);
        else if (inner.number == DNS_PACKED)
            packed = inner;
        else if (inner.number >= 2 && inner.number <= 5)
            put_record(job, &inner, out);
        else
            mf_region_put(out, &inner);
    }
    job->is_broken |= region.error != 0;
    if (packed.number && !job->is_changed) {
        struct mf_text text = mf_walk_text(job, &packed);
        mf_spans_clear(&job->redactor->spans);
        mf_find_regex(job, MF_PLACE_REST, NULL, text.data, text.len);
        job->is_changed = !mf_spans_is_empty(&job->redactor->spans);
        if (!job->is_changed)
            mf_region_put(out, &packed);
    }
    mf_encoder_end(out, mark);
    job->is_changed |= was_changed;
}

/* ---- flows ---- */

static const struct mf_entry HTTP_ENTRIES[] = {
    {2, mf_walk_put_request}, {3, mf_walk_put_response}, {6, put_connection},
    {7, put_connection},      {8, mf_walk_put_rest},     {11, put_message},
    {100, put_close},
};
static const struct mf_entry DNS_ENTRIES[] = {
    {2, put_dns},        {3, put_dns},          {6, put_connection},
    {7, put_connection}, {8, mf_walk_put_rest},
};
static const struct mf_entry STREAM_ENTRIES[] = {
    {2, put_connection},
    {3, put_connection},
    {4, put_message},
    {7, mf_walk_put_rest},
};
static const struct mf_entry APPEND_ENTRIES[] = {
    {3, put_message}, {4, put_message},      {5, put_message},
    {6, put_close},   {7, mf_walk_put_rest},
};
static const struct mf_entry CONNECTION_ENTRIES[] = {
    {2, put_connection},
    {3, put_connection},
    {4, mf_walk_put_rest},
};

/* True if a regex finds something in it; also if nobody could tell. */
static bool has_found(struct mf_job *job, struct mf_tnet value)
{
    struct mf_tnet inner;
    struct mf_cursor cursor = mf_tnet_inside(value);
    bool is_found = false;
    while (mf_tnet_next(&cursor, &inner))
        is_found |= has_found(job, inner);
    if (value.type == MF_TNET_LIST || value.type == MF_TNET_DICT)
        return is_found;
    mf_spans_clear(&job->redactor->spans);
    mf_find_regex(job, MF_PLACE_REST, NULL, (const uint8_t *)value.data.text,
                  value.data.len);
    return !mf_spans_is_empty(&job->redactor->spans);
}

static bool is_typed_clean(struct mf_job *job,
                           const struct mf_region_field *field)
{
    struct mf_text text = mf_walk_text(job, field);
    struct mf_cursor cursor = mf_cursor_make(text.data, text.len);
    struct mf_tnet value;
    const uint8_t *at;
    const char *why;
    return mf_tnet_next(&cursor, &value) && mf_cursor_done(&cursor) &&
           mf_tnet_check(value, &at, &why) == 0 && !has_found(job, value);
}

/* A value of a type of its own goes as a whole: a mark would be none. */
static void put_metadata(struct mf_job *job,
                         const struct mf_region_field *field,
                         struct mf_encoder *out)
{
    enum { VALUE = 2, TYPED_VALUE = 3 };
    struct mf_region region = field->body;
    struct mf_region_field inner, typed = {0};
    bool was_changed = job->is_changed;
    if (!(job->redactor->places & MF_PLACE_REST)) {
        mf_region_put(out, field);
        return;
    }
    job->is_changed = false;
    struct mf_mark mark = mf_encoder_begin(out, field->number);
    while (mf_region_next(&region, &inner)) {
        if (inner.type == MF_WIRE_LEN && inner.number == TYPED_VALUE)
            typed = inner;
        else if (inner.type == MF_WIRE_LEN && inner.number == VALUE)
            mf_walk_put_rest(job, &inner, out);
        else
            mf_region_put(out, &inner);
    }
    job->is_broken |= region.error != 0;
    if (typed.number && !job->is_changed && is_typed_clean(job, &typed))
        mf_region_put(out, &typed);
    else if (typed.number)
        job->is_changed = true;
    mf_encoder_end(out, mark);
    job->is_changed |= was_changed;
}

/* The rules that fired are told in the flow's meta, of which the last takes
 * the place of all before: so what it had is told again. `field` NULL: the
 * message has none. */
static void put_meta(struct mf_job *job, const struct mf_region_field *field,
                     struct mf_encoder *out)
{
    struct mf_redact_facts *facts = job->facts;
    struct mf_mark mark = mf_encoder_begin(out, FLOW_META);
    const struct mf_spliced raw = {.bytes = facts->meta.data,
                                   .len = facts->meta.len};
    const struct mf_region_field noted = {
        .number = FLOW_META, .type = MF_WIRE_LEN, .body = mf_region_of(&raw)};
    if (!field && facts->is_meta_raw && facts->meta.len)
        field = &noted;
    if (field) {
        facts->is_meta_raw = false;
        struct mf_region region = field->body;
        struct mf_region_field inner;
        while (mf_region_next(&region, &inner)) {
            if (inner.type == MF_WIRE_LEN && inner.number == 1)
                mf_walk_put_rest(job, &inner, out);
            else if (inner.type == MF_WIRE_LEN && inner.number == 6)
                put_metadata(job, &inner, out);
            else if (inner.number != META_REDACTIONS)
                mf_region_put(out, &inner);
        }
        job->is_broken |= region.error != 0 || out->splice_count != mark.splice;
        mf_buf_clear(&facts->meta);
        if (!out->error && mf_buf_append(&facts->meta, out->buf.data + mark.at,
                                         out->buf.len - mark.at))
            job->is_broken = true;
    } else if (!out->error) {
        out->error =
            mf_buf_append(&out->buf, facts->meta.data, facts->meta.len);
    }
    if (!out->error)
        out->error =
            mf_buf_append(&out->buf, facts->told.data, facts->told.len);
    mf_encoder_end(out, mark);
    job->is_changed |= facts->told.len > 0;
}

static void put_flow(struct mf_job *job, const struct mf_region_field *field,
                     bool is_whole, struct mf_encoder *out)
{
    struct mf_region region = field->body;
    struct mf_region_field inner, meta = {0};
    struct mf_mark mark = mf_encoder_begin(out, field->number);
    if (is_whole)
        mf_buf_clear(&job->facts->meta); /* what no rule has seen, too */
    while (mf_region_next(&region, &inner)) {
        if (inner.type != MF_WIRE_LEN)
            mf_region_put(out, &inner);
        else if (inner.number == HTTP)
            mf_walk_message(job, &inner, HTTP_ENTRIES, COUNT(HTTP_ENTRIES),
                            out);
        else if (inner.number == DNS)
            mf_walk_message(job, &inner, DNS_ENTRIES, COUNT(DNS_ENTRIES), out);
        else if (inner.number == TCP || inner.number == UDP)
            mf_walk_message(job, &inner, STREAM_ENTRIES, COUNT(STREAM_ENTRIES),
                            out);
        else if (inner.number == FLOW_META)
            meta = inner;
        else
            mf_region_put(out, &inner);
    }
    job->is_broken |= region.error != 0;
    if (meta.number)
        put_meta(job, &meta, out);
    else if (is_whole ? job->facts->told.len > 0 : job->has_told)
        put_meta(job, NULL, out);
    mf_encoder_end(out, mark);
}

/* ---- the whole message ---- */

/* The Flow in a message of either kind; false: there is none. */
static bool find_flow(const struct mf_spliced *message,
                      struct mf_region_field *ret_flow, bool *ret_is_whole)
{
    struct mf_region region = mf_region_of(message);
    struct mf_region_field field;
    while (mf_region_next(&region, &field)) {
        if (field.type != MF_WIRE_LEN)
            continue;
        *ret_is_whole = field.number == REQUEST_FLOW;
        if (*ret_is_whole) {
            *ret_flow = field;
            return true;
        }
        if (field.number == REQUEST_PART)
            return mf_walk_find(&field, PART_FLOW, ret_flow);
    }
    return false;
}

static void put_part(struct mf_job *job, const struct mf_region_field *field,
                     struct mf_encoder *out)
{
    struct mf_region region = field->body;
    struct mf_region_field inner;
    struct mf_mark mark = mf_encoder_begin(out, field->number);
    while (mf_region_next(&region, &inner))
        if (inner.number == PART_FLOW && inner.type == MF_WIRE_LEN)
            put_flow(job, &inner, false, out);
        else
            mf_region_put(out, &inner);
    job->is_broken |= region.error != 0;
    mf_encoder_end(out, mark);
}

static void put_all(struct mf_job *job, const struct mf_spliced *message,
                    struct mf_encoder *out)
{
    struct mf_region region = mf_region_of(message);
    struct mf_region_field field;
    while (mf_region_next(&region, &field)) {
        if (field.type != MF_WIRE_LEN)
            mf_region_put(out, &field);
        else if (field.number == REQUEST_FLOW)
            put_flow(job, &field, true, out);
        else if (field.number == REQUEST_PART)
            put_part(job, &field, out);
        else if (field.number == REQUEST_APPEND)
            mf_walk_message(job, &field, APPEND_ENTRIES, COUNT(APPEND_ENTRIES),
                            out);
        else if (field.number == REQUEST_CONNECTION)
            mf_walk_message(job, &field, CONNECTION_ENTRIES,
                            COUNT(CONNECTION_ENTRIES), out);
        else
            mf_region_put(out, &field);
    }
    job->is_broken |= region.error != 0 || out->error != 0;
}

/* Learn what there is to be known of the flow from this message. */
static void learn(struct mf_job *job, const struct mf_spliced *message)
{
    struct mf_region region = mf_region_of(message);
    struct mf_region_field field, inner;
    bool is_whole = false;
    if (find_flow(message, &field, &is_whole)) {
        see(job, &field, is_whole);
        job->facts->has_head |= is_whole;
    } else
        while (mf_region_next(&region, &field))
            if (field.number == REQUEST_CONNECTION &&
                field.type == MF_WIRE_LEN) {
                if (mf_walk_find(&field, 2, &inner))
                    see_client(job, &inner);
                if (mf_walk_find(&field, 3, &inner))
                    see_server(job, &inner);
                job->facts->has_head = true;
            }
    mf_facts_settle(job->facts, job->redactor);
}

static bool is_skipped(const struct mf_job *job)
{
    const struct mf_redactor *redactor = job->redactor;
    if (!(redactor->kinds & 1u << MF_RULE_SKIP_FLOW))
        return false;
    for (size_t i = 0; i < redactor->count; i++)
        if (redactor->rules[i].kind == MF_RULE_SKIP_FLOW &&
            (job->facts->rules[i] & MF_RULE_IS_SURE))
            return true;
    return false;
}

enum mf_redact_verdict mf_redact(struct mf_redactor *redactor,
                                 struct mf_redact_flow *flow,
                                 const struct mf_label *label,
                                 const struct mf_spliced *message,
                                 size_t body_max, struct mf_encoder *out)
{
    if (label->kind == MF_KIND_LOSS)
        return MF_REDACT_KEEP;
    struct mf_job job = {
        .redactor = redactor,
        .facts = mf_facts_get(flow, redactor),
        .body_max = body_max,
    };
    if (!job.facts)
        return MF_REDACT_SKIP;
    learn(&job, message);
    if (job.is_broken || is_skipped(&job))
        return MF_REDACT_SKIP;
    put_all(&job, message, out);
    if (job.is_broken) {
        job.is_broken = false;
        job.is_strict = true;
        mf_encoder_clear(out);
        put_all(&job, message, out);
        if (job.is_broken) {
            mf_encoder_clear(out);
            return MF_REDACT_SKIP;
        }
    }
    if (job.is_changed)
        return MF_REDACT_CHANGED;
    mf_encoder_clear(out);
    return MF_REDACT_KEEP;
}

void mf_redact_note(struct mf_redact_flow *flow,
                    const struct mf_spliced *message)
{
    struct mf_region_field field, meta;
    bool is_whole = false;
    if (!find_flow(message, &field, &is_whole))
        return;
    bool has_meta = mf_walk_find(&field, FLOW_META, &meta);
    if (is_whole && flow->facts)
        mf_buf_clear(&flow->facts->meta);
    if (!has_meta)
        return;
    struct mf_redact_facts *facts = mf_facts_get_raw(flow);
    if (!facts)
        return;
    facts->is_meta_raw = true;
    mf_buf_clear(&facts->meta);
    if (mf_region_flatten(&meta.body, &facts->meta))
        mf_buf_clear(&facts->meta);
}
