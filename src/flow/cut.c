/*
 * Patches are steps over the rest, each a varint of the bytes that are the
 * same up to it, then a varint: its lowest bit is 0 for a length that was
 * changed, 1 for bytes that were taken out; the others are how many bytes. Of a
 * length they follow, and replace as many. It keeps its width, so that nothing
 * else moves.
 */
#include "flow/cut.h"

#include <stdlib.h>
#include <string.h>

#include "pb/wire.h"

enum { DEPTH_MAX = 8, VARINT_MAX = 10 };

struct cutter {
    const uint8_t *snapshot;
    const struct mf_span *next, *end;
    struct mf_buf *rest;
    struct mf_buf *patches;
    struct mf_buf *taken;
    size_t copied;  /* of the snapshot, or taken out */
    size_t patched; /* of `rest`, since its start: where the last step ended */
    size_t start;   /* of this snapshot in `rest` */
};

static int put_varint(struct mf_buf *buf, uint64_t value)
{
    uint8_t bytes[VARINT_MAX];
    return mf_buf_append(buf, bytes, mf_wire_encode_varint(bytes, value));
}

static int copy_up_to(struct cutter *cutter, size_t at)
{
    int rc = mf_buf_append(cutter->rest, cutter->snapshot + cutter->copied,
                           at - cutter->copied);
    if (!rc)
        cutter->copied = at;
    return rc;
}

static int put_step(struct cutter *cutter, uint64_t what)
{
    size_t at = cutter->rest->len - cutter->start;
    int rc = put_varint(cutter->patches, at - cutter->patched);
    if (!rc)
        rc = put_varint(cutter->patches, what);
    cutter->patched = at;
    return rc;
}

/* A varint of a given width: longer than it need be. */
static void set_length(uint8_t *at, size_t width, uint64_t value)
{
    for (size_t i = 0; i < width; i++, value >>= 7)
        at[i] = (uint8_t)((value & 0x7f) | (i + 1 < width ? 0x80 : 0));
}

/* Copy the length in front of `payload`, and note it to be put back.
 * *ret_at: where it is in `rest`. */
static int patch_length(struct cutter *cutter, size_t payload, size_t width,
                        size_t *ret_at)
{
    int rc = copy_up_to(cutter, payload - width);
    if (!rc)
        rc = put_step(cutter, (uint64_t)width << 1);
    if (!rc)
        rc = mf_buf_append(cutter->patches, cutter->snapshot + payload - width,
                           width);
    if (!rc) {
        *ret_at = cutter->rest->len;
        rc = copy_up_to(cutter, payload);
    }
    cutter->patched += width;
    return rc;
}

static int take_out(struct cutter *cutter, size_t payload, size_t len,
                    size_t width)
{
    size_t length_at;
    int rc = patch_length(cutter, payload, width, &length_at);
    if (!rc)
        rc = put_step(cutter, (uint64_t)len << 1 | 1);
    if (!rc)
        rc = mf_buf_append(cutter->taken, cutter->snapshot + payload, len);
    if (rc)
        return rc;
    set_length(cutter->rest->data + length_at, width, 0);
    cutter->copied = payload + len;
    cutter->next++;
    return 0;
}

static size_t offset_of(const struct cutter *cutter, const void *at)
{
    return (size_t)((const uint8_t *)at - cutter->snapshot);
}

/* Whether the next cut lies inside of the bytes, but is not all of them. */
static bool holds_next(struct cutter *cutter, size_t from, size_t len)
{
    while (cutter->next < cutter->end &&
           offset_of(cutter, cutter->next->text) < from)
        cutter->next++; /* no field's bytes */
    if (cutter->next == cutter->end)
        return false;
    size_t at = offset_of(cutter, cutter->next->text);
    return at < from + len && cutter->next->len < len &&
           cutter->next->len <= from + len - at;
}

static bool is_next(const struct cutter *cutter,
                    const struct mf_wire_field *field)
{
    return cutter->next < cutter->end && field->len > 0 &&
           cutter->next->text == (const char *)field->data &&
           cutter->next->len == field->len;
}

/* Bytes of the length in front of the field's: the last has no upper bit,
 * and neither has the last of the tag before it. */
static size_t length_width(const struct mf_wire_field *field)
{
    size_t width = 1;
    while (width < VARINT_MAX && field->data[-1 - (ptrdiff_t)width] & 0x80)
        width++;
    return width;
}

static int cut_message(struct cutter *cutter, size_t from, size_t len,
                       int depth);

static int cut_inside(struct cutter *cutter, size_t payload, size_t len,
                      size_t width, int depth)
{
    size_t length_at;
    int rc = patch_length(cutter, payload, width, &length_at);
    size_t begin = cutter->rest->len;
    if (!rc)
        rc = cut_message(cutter, payload, len, depth + 1);
    if (!rc)
        rc = copy_up_to(cutter, payload + len);
    if (!rc)
        set_length(cutter->rest->data + length_at, width,
                   cutter->rest->len - begin);
    return rc;
}

static int cut_message(struct cutter *cutter, size_t from, size_t len,
                       int depth)
{
    struct mf_cursor cursor = mf_cursor_make(cutter->snapshot + from, len);
    struct mf_wire_field field;
    int rc = 0;
    while (!rc && cutter->next < cutter->end && mf_wire_next(&cursor, &field)) {
        if (field.type != MF_WIRE_LEN)
            continue;
        size_t payload = offset_of(cutter, field.data);
        bool holds = holds_next(cutter, payload, field.len);
        if (is_next(cutter, &field))
            rc = take_out(cutter, payload, field.len, length_width(&field));
        else if (holds && depth < DEPTH_MAX)
            rc = cut_inside(cutter, payload, field.len, length_width(&field),
                            depth);
    }
    return rc;
}

static int by_place_in_snapshot(const void *a, const void *b)
{
    const struct mf_span *one = a, *other = b;
    return (one->text > other->text) - (one->text < other->text);
}

int mf_cut_take(const uint8_t *snapshot, size_t len, struct mf_span *cuts,
                size_t count, struct mf_buf *rest, struct mf_buf *patches,
                struct mf_buf *taken)
{
    if (count == 0)
        return mf_buf_append(rest, snapshot, len);
    struct cutter cutter = {
        .snapshot = snapshot,
        .next = cuts,
        .end = cuts + count,
        .rest = rest,
        .patches = patches,
        .taken = taken,
        .start = rest->len,
    };
    if (count > 1)
        qsort(cuts, count, sizeof *cuts, by_place_in_snapshot);
    int rc = cut_message(&cutter, 0, len, 0);
    return rc ? rc : copy_up_to(&cutter, len);
}

/* Copy `len` bytes of `from` to `out`. */
static int move(struct mf_cursor *from, uint64_t len, struct mf_buf *out)
{
    const uint8_t *bytes = mf_cursor_bytes(from, len);
    return from->error ? MF_ECORRUPT : mf_buf_append(out, bytes, (size_t)len);
}

int mf_cut_undo(struct mf_span rest, struct mf_span patches,
                struct mf_span taken, struct mf_buf *out)
{
    struct mf_cursor steps = mf_cursor_make(patches.text, patches.len);
    struct mf_cursor left = mf_cursor_make(rest.text, rest.len);
    struct mf_cursor back = mf_cursor_make(taken.text, taken.len);
    int rc = 0;
    while (!rc && !mf_cursor_done(&steps)) {
        uint64_t same = mf_cursor_varint(&steps);
        uint64_t what = mf_cursor_varint(&steps);
        rc = steps.error ? MF_ECORRUPT : move(&left, same, out);
        if (rc)
            return rc;
        if (what & 1) {
            rc = move(&back, what >> 1, out);
        } else {
            mf_cursor_bytes(&left, what >> 1);
            rc = left.error ? MF_ECORRUPT : move(&steps, what >> 1, out);
        }
    }
    if (!rc && !mf_cursor_done(&back))
        rc = MF_ECORRUPT;
    return rc ? rc : move(&left, mf_cursor_left(&left), out);
}
