/* Request and Response. */
#include <string.h>

#include "exporter/redact/target.h"
#include "exporter/redact/walk.h"
#include "flow/half_numbers.h"

/* How they number what they have in common. */
struct numbers {
    uint32_t url, pretty_url, headers, trailers, reason;
    struct mf_body_numbers body;
};
static const struct numbers REQUEST = {2, 11, 3, 7, 0, {4, 12}};
static const struct numbers RESPONSE = {0, 0, 2, 6, 11, {3, 10}};

enum {
    NAME = 1, /* of HeaderField, and of an entry of a map */
    VALUE = 2,
};

static const struct numbers *numbers_of(bool is_response)
{
    return is_response ? &RESPONSE : &REQUEST;
}

static bool is_bodys(const struct numbers *numbers, uint32_t number)
{
    return number == numbers->body.content ||
           number == numbers->body.truncated ||
           (number >= MF_HALF_RAW_CONTENT && number <= MF_HALF_STREAMED);
}

/* ---- before anything is put ---- */

static void see_header(struct mf_job *job, struct mf_half_facts *half,
                       const struct mf_region_field *field)
{
    struct mf_region_field name, value;
    if (!mf_walk_find(field, NAME, &name) ||
        !mf_walk_find(field, VALUE, &value) ||
        name.body.splice != name.body.splice_end)
        return;
    struct mf_text name_text = mf_walk_text(job, &name);
    /* Of no other name it is looked at. */
    if (name_text.len < 8 || (name_text.data[0] | 0x20) != 'c')
        return;
    struct mf_text text = mf_walk_text(job, &value);
    if (!mf_half_facts_see(half, name_text.data, name_text.len, text.data,
                           text.len))
        job->is_broken = true;
}

void mf_walk_see_half(struct mf_job *job, const struct mf_region_field *field,
                      bool is_response, bool is_whole)
{
    const struct numbers *numbers = numbers_of(is_response);
    struct mf_half_facts *half = &job->facts->halves[is_response];
    struct mf_region region = field->body;
    struct mf_region_field inner;
    bool is_first = true;
    if (is_whole) {
        mf_half_facts_release(half);
        half->has_headers = true;
    }
    while (mf_region_next(&region, &inner)) {
        if (inner.type != MF_WIRE_LEN)
            continue;
        if (inner.number == MF_HALF_HEADER_FIELDS ||
            inner.number == numbers->headers) {
            if (is_first)
                mf_half_facts_release(half);
            is_first = false;
            half->has_headers = true;
            see_header(job, half, &inner);
        } else if (numbers->url && (inner.number == numbers->url ||
                                    inner.number == numbers->pretty_url)) {
            struct mf_text url = mf_walk_text(job, &inner);
            if (mf_facts_add_url(job->facts, url.data, url.len))
                job->is_broken = true;
        } else if (numbers->url && mf_target_is(inner.number)) {
            mf_target_see(job, &inner);
        }
    }
}

/* ---- putting ---- */

static void put_header(struct mf_job *job, const struct mf_region_field *field,
                       struct mf_encoder *out)
{
    const struct mf_redactor *redactor = job->redactor;
    struct mf_spans *spans = &job->redactor->spans;
    struct mf_region_field name, value;
    const unsigned kinds = 1u << MF_RULE_HEADER | 1u << MF_RULE_QUERY;
    if ((!(redactor->kinds & kinds) && !(redactor->places & MF_PLACE_HEADER)) ||
        !mf_walk_find(field, VALUE, &value)) {
        mf_region_put(out, field);
        return;
    }
    struct mf_text name_text = {(const uint8_t *)"", 0};
    if (mf_walk_find(field, NAME, &name)) {
        if (name.body.splice != name.body.splice_end) {
            job->is_broken = true;
            return;
        }
        name_text = mf_walk_text(job, &name);
    }
    struct mf_text text = mf_walk_text(job, &value);
    mf_spans_clear(spans);
    mf_find_header(job, name_text.data, name_text.len, text.data, text.len);
    mf_find_regex(job, MF_PLACE_HEADER, NULL, text.data, text.len);
    mf_find_regex_encoded(job, MF_PLACE_HEADER, NULL, text.data, text.len);
    if (mf_spans_is_empty(spans)) {
        mf_region_put(out, field);
        return;
    }
    struct mf_mark mark = mf_encoder_begin(out, field->number);
    mf_encoder_bytes_opt(out, NAME, name_text.data, name_text.len);
    /* Entries of a map are strings. */
    mf_walk_put_found(job, &value, text, field->number < MF_HALF_HEADER_FIELDS,
                      out);
    mf_encoder_end(out, mark);
}

static struct mf_body read_body(struct mf_job *job,
                                const struct numbers *numbers,
                                const struct mf_region_field *field)
{
    struct mf_body body = {0};
    struct mf_region region = field->body;
    struct mf_region_field inner;
    bool needs_raw = false;
    while (mf_region_next(&region, &inner)) {
        if (!is_bodys(numbers, inner.number))
            continue;
        body.is_there = true;
        if (inner.number == numbers->body.truncated) {
            body.is_truncated = inner.value != 0;
        } else if (inner.number == MF_HALF_CONTENT_SIZE) {
            body.size = inner.value;
        } else if (inner.number == MF_HALF_STREAMED) {
            body.is_streamed = inner.value != 0;
        } else if (inner.number == MF_HALF_RAW_CONTENT) {
            struct mf_text text = mf_walk_text(job, &inner);
            body.raw = text.data;
            body.raw_len = text.len;
            body.has_raw = needs_raw = true;
        } else if (inner.number == numbers->body.content && !needs_raw) {
            struct mf_text text = mf_walk_text(job, &inner);
            body.content = text.data;
            body.content_len = text.len;
            body.has_content = true;
        }
    }
    job->is_broken |= region.error != 0;
    return body;
}

static void put_half(struct mf_job *job, const struct mf_region_field *field,
                     bool is_response, struct mf_encoder *out)
{
    const struct numbers *numbers = numbers_of(is_response);
    struct mf_region region = field->body;
    struct mf_region_field inner;
    struct mf_target_finds finds = {0};
    struct mf_mark mark = mf_encoder_begin(out, field->number);
    struct mf_body body = read_body(job, numbers, field);
    bool is_put = mf_body_put(job, &job->facts->halves[is_response], &body,
                              &numbers->body, out);
    while (mf_region_next(&region, &inner)) {
        if (is_bodys(numbers, inner.number)) {
            bool is_double =
                inner.number == numbers->body.content && body.has_raw;
            job->is_changed |= is_double;
            if (!is_put && !is_double)
                mf_region_put(out, &inner);
        } else if (inner.type != MF_WIRE_LEN) {
            mf_region_put(out, &inner);
        } else if (inner.number == MF_HALF_HEADER_FIELDS ||
                   inner.number == MF_HALF_TRAILER_FIELDS ||
                   inner.number == numbers->headers ||
                   inner.number == numbers->trailers) {
            put_header(job, &inner, out);
        } else if (numbers->url && (inner.number == numbers->url ||
                                    inner.number == numbers->pretty_url)) {
            mf_target_put_url(job, &inner, &finds, out);
        } else if (numbers->url && mf_target_is(inner.number)) {
            continue; /* behind both URLs */
        } else if (numbers->reason && inner.number == numbers->reason) {
            mf_walk_put_rest(job, &inner, out);
        } else {
            mf_region_put(out, &inner);
        }
    }
    job->is_broken |= region.error != 0;
    if (numbers->url)
        mf_target_put_rest(job, field, &finds, out);
    mf_encoder_end(out, mark);
}

void mf_walk_put_request(struct mf_job *job,
                         const struct mf_region_field *field,
                         struct mf_encoder *out)
{
    put_half(job, field, false, out);
}

void mf_walk_put_response(struct mf_job *job,
                          const struct mf_region_field *field,
                          struct mf_encoder *out)
{
    put_half(job, field, true, out);
}
