#include "flow/spliced.h"

#include "base/error.h"

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
    uint64_t tag = mf_cursor_varint(&cursor);
    struct mf_region_field field = {
        .number = (uint32_t)(tag >> 3),
        .type = (enum mf_wire_type)(tag & 7),
    };
    uint64_t len = 0;
    if (tag >> 3 == 0 || tag > UINT32_MAX)
        return fail(region);
    switch (field.type) {
    case MF_WIRE_VARINT:
        field.value = mf_cursor_varint(&cursor);
        break;
    case MF_WIRE_FIXED64:
        field.value = mf_cursor_le64(&cursor);
        break;
    case MF_WIRE_FIXED32:
        field.value = mf_cursor_le32(&cursor);
        break;
    case MF_WIRE_LEN:
        len = mf_cursor_varint(&cursor);
        break;
    default:
        return fail(region);
    }
    if (cursor.error)
        return fail(region);
    region->at = (size_t)(cursor.at - message->bytes);
    if (field.type == MF_WIRE_LEN && !take_body(region, len, &field.body))
        return false;
    *ret_field = field;
    return true;
}

static void put_run(struct mf_encoder *out, const uint8_t *data, size_t len)
{
    if (!out->error)
        out->error = mf_buf_append(&out->buf, data, len);
}

/* The bytes of a body with splices in it. */
static void put_body(struct mf_encoder *out, const struct mf_region *body)
{
    const struct mf_spliced *message = body->message;
    size_t at = body->at;
    for (size_t i = body->splice; i < body->splice_end; i++) {
        struct mf_splice splice = message->splices[i];
        put_run(out, message->bytes + at, splice.at - at);
        at = splice.at;
        splice.at = out->buf.len;
        if (!splice.object)
            put_run(out, splice.data, splice.len);
        else
            mf_encoder_splice(out, &splice);
    }
    put_run(out, message->bytes + at, body->end - at);
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
        put_body(out, body);
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
