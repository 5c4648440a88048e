#include "exporter/redact/walk.h"

#include <string.h>

#include "base/error.h"

void mf_walk_message(struct mf_job *job, const struct mf_region_field *field,
                     const struct mf_entry *entries, size_t count,
                     struct mf_encoder *out)
{
    struct mf_region region = field->body;
    struct mf_region_field inner;
    struct mf_mark mark = mf_encoder_begin(out, field->number);
    while (mf_region_next(&region, &inner)) {
        size_t i = 0;
        while (i < count &&
               (entries[i].number != inner.number || inner.type != MF_WIRE_LEN))
            i++;
        if (i < count)
            entries[i].put(job, &inner, out);
        else
            mf_region_put(out, &inner);
    }
    job->is_broken |= region.error != 0;
    mf_encoder_end(out, mark);
}

/* Pieces in one. */
static struct mf_text join(struct mf_job *job, const struct mf_region *body)
{
    struct mf_buf *joined = &job->redactor->joined;
    mf_buf_clear(joined);
    if (mf_region_flatten(body, joined)) {
        job->is_broken = true;
        return (struct mf_text){(const uint8_t *)"", 0};
    }
    return (struct mf_text){joined->data, joined->len};
}

struct mf_text mf_walk_text(struct mf_job *job,
                            const struct mf_region_field *field)
{
    const struct mf_region *body = &field->body;
    const struct mf_spliced *message = body->message;
    if (field->type != MF_WIRE_LEN) {
        job->is_broken = true;
        return (struct mf_text){(const uint8_t *)"", 0};
    }
    if (body->splice == body->splice_end)
        return (struct mf_text){message->bytes + body->at,
                                body->end - body->at};
    if (body->splice + 1 == body->splice_end && body->at == body->end)
        return (struct mf_text){message->splices[body->splice].data,
                                message->splices[body->splice].len};
    return join(job, body);
}

bool mf_walk_find(const struct mf_region_field *field, uint32_t number,
                  struct mf_region_field *ret_field)
{
    struct mf_region region = field->body;
    struct mf_region_field inner;
    bool is_found = false;
    while (mf_region_next(&region, &inner))
        if (inner.number == number && inner.type == MF_WIRE_LEN) {
            *ret_field = inner;
            is_found = true;
        }
    return is_found && !region.error;
}

void mf_walk_put_found(struct mf_job *job, const struct mf_region_field *field,
                       struct mf_text text, bool is_utf8,
                       struct mf_encoder *out)
{
    struct mf_spans *spans = &job->redactor->spans;
    if (spans->error) {
        mf_spans_clear(spans);
        mf_spans_add(spans, 0, text.len, text.data, text.len, false);
        if (spans->error)
            job->is_broken = true;
    }
    if (mf_spans_is_empty(spans)) {
        mf_region_put(out, field);
        return;
    }
    mf_spans_settle(spans, text.data, text.len, is_utf8);
    mf_spans_put(spans, text.data, text.len, field->number, out);
    job->is_changed = true;
}

static void put_rest(struct mf_job *job, const struct mf_region_field *field,
                     bool is_utf8, struct mf_encoder *out)
{
    if (!(job->redactor->places & MF_PLACE_REST)) {
        mf_region_put(out, field);
        return;
    }
    struct mf_text text = mf_walk_text(job, field);
    mf_spans_clear(&job->redactor->spans);
    mf_find_regex(job, MF_PLACE_REST, NULL, text.data, text.len);
    mf_walk_put_found(job, field, text, is_utf8, out);
}

void mf_walk_put_rest(struct mf_job *job, const struct mf_region_field *field,
                      struct mf_encoder *out)
{
    put_rest(job, field, true, out);
}

void mf_walk_put_rest_bytes(struct mf_job *job,
                            const struct mf_region_field *field,
                            struct mf_encoder *out)
{
    put_rest(job, field, false, out);
}
