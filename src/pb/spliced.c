#include "pb/spliced.h"

#include "base/error.h"

struct mf_spliced mf_spliced_of(const struct mf_encoder *enc)
{
    return (struct mf_spliced){enc->buf.data, enc->buf.len, enc->splices,
                               enc->splice_count};
}

size_t mf_spliced_len(const struct mf_spliced *message)
{
    size_t len = message->len;
    for (size_t i = 0; i < message->splice_count; i++)
        len += message->splices[i].len;
    return len;
}

/* ---- reading ---- */

struct mf_region mf_region_of(const struct mf_spliced *message)
{
    return (struct mf_region){
        .message = message,
        .end = message->len,
        .splice_end = message->splice_count,
    };
}

static bool fail(struct mf_region *region)
{
    region->error = MF_ECORRUPT;
    return false;
}

/* A splice here, where a field should begin or end. */
static bool is_spliced_at(const struct mf_region *region, size_t at)
{
    return region->splice < region->splice_end &&
           region->message->splices[region->splice].at == at;
}

/* Cut the next `len` bytes, those of splices counted, off the region. */
static bool take_body(struct mf_region *region, uint64_t len,
                      struct mf_region *ret_body)
{
    const struct mf_splice *splices = region->message->splices;
    struct mf_region body = *region;
    while (region->splice < region->splice_end) {
        const struct mf_splice *next = &splices[region->splice];
        size_t before = next->at - region->at;
        if (before > len || len - before < next->len) {
            /* It lies behind this body, not half inside. */
            if (before < len)
                return fail(region);
            break;
        }
        len -= before + next->len;
        region->at = next->at;
        region->splice++;
    }
    if (len > region->end - region->at)
        return fail(region);
    region->at += (size_t)len;
    body.end = region->at;
    body.splice_end = region->splice;
    *ret_body = body;
    return true;
}

bool mf_region_next(struct mf_region *region, struct mf_region_field *ret_field)
{
    if (region->error)
        return false;
    if (is_spliced_at(region, region->at))
        return fail(region);
    if (region->at == region->end)
        return false;
    const struct mf_spliced *message = region->message;
    size_t end = region->splice < region->splice_end
                     ? message->splices[region->splice].at
                     : region->end;
    if (end < region->at || end > region->end)
        return fail(region);
    struct mf_cursor cursor =
        mf_cursor_make(message->bytes + region->at, end - region->at);
    struct mf_wire_field head;
    if (!mf_wire_next_head(&cursor, &head))
        return fail(region);
    struct mf_region_field field = {head.number, head.type, head.value, {0}};
    region->at = (size_t)(cursor.at - message->bytes);
    if (field.type == MF_WIRE_LEN && !take_body(region, head.len, &field.body))
        return false;
    *ret_field = field;
    return true;
}

/* ---- writing ---- */

/* Append message->bytes from one place to another; there may be none. */
static int append_run(struct mf_buf *out, const struct mf_spliced *message,
                      size_t from, size_t to)
{
    return from < to ? mf_buf_append(out, message->bytes + from, to - from) : 0;
}

int mf_region_flatten(const struct mf_region *region, struct mf_buf *out)
{
    const struct mf_spliced *message = region->message;
    size_t at = region->at;
    int rc = 0;
    for (size_t i = region->splice; !rc && i < region->splice_end; i++) {
        const struct mf_splice *splice = &message->splices[i];
        rc = append_run(out, message, at, splice->at);
        if (!rc)
            rc = mf_buf_append(out, splice->data, splice->len);
        at = splice->at;
    }
    return rc ? rc : append_run(out, message, at, region->end);
}

int mf_spliced_flatten(const struct mf_spliced *message, struct mf_buf *out)
{
    const struct mf_region all = mf_region_of(message);
    return mf_region_flatten(&all, out);
}

static void put_run(struct mf_encoder *out, const struct mf_spliced *message,
                    size_t from, size_t to)
{
    if (!out->error)
        out->error = append_run(&out->buf, message, from, to);
}

void mf_region_put_bytes(struct mf_encoder *out, const struct mf_region *region)
{
    const struct mf_spliced *message = region->message;
    size_t at = region->at;
    for (size_t i = region->splice; i < region->splice_end; i++) {
        struct mf_splice splice = message->splices[i];
        put_run(out, message, at, splice.at);
        at = splice.at;
        splice.at = out->buf.len;
        if (splice.object)
            mf_encoder_splice(out, &splice);
        else if (!out->error)
            out->error = mf_buf_append(&out->buf, splice.data, splice.len);
    }
    put_run(out, message, at, region->end);
}

void mf_region_put(struct mf_encoder *out, const struct mf_region_field *field)
{
    if (field->type == MF_WIRE_LEN) {
        const struct mf_region *body = &field->body;
        if (body->splice == body->splice_end) {
            mf_encoder_bytes(out, field->number,
                             body->message->bytes + body->at,
                             body->end - body->at);
            return;
        }
        struct mf_mark mark = mf_encoder_begin(out, field->number);
        mf_region_put_bytes(out, body);
        mf_encoder_end(out, mark);
        return;
    }
    struct mf_wire_field plain = {
        .number = field->number,
        .type = field->type,
        .value = field->value,
    };
    if (!out->error)
        out->error = mf_wire_put_field(&out->buf, &plain);
}
