#include "exporter/redact/spans.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"

/* Memory beyond this is given back. */
enum { KEEP_MAX = 1024 };

void mf_spans_init(struct mf_spans *spans, struct mf_marker *marker)
{
    *spans = (struct mf_spans){.marker = marker, .tail = SIZE_MAX};
}

void mf_spans_release(struct mf_spans *spans)
{
    free(spans->items);
    mf_spans_init(spans, spans->marker);
}

void mf_spans_clear(struct mf_spans *spans)
{
    if (spans->cap > KEEP_MAX)
        mf_spans_release(spans);
    spans->count = 0;
    spans->error = 0;
    spans->tail = SIZE_MAX;
}

void mf_spans_add(struct mf_spans *spans, size_t from, size_t to,
                  const void *secret, size_t secret_len, bool is_quoted)
{
    if (spans->error || from >= to || secret_len == 0)
        return;
    if (spans->count == MF_SPANS_MAX) {
        spans->error = MF_EFULL;
        return;
    }
    struct mf_secret *items =
        mf_array_grow(spans->items, spans->count, &spans->cap, sizeof *items);
    if (!items) {
        spans->error = MF_ENOMEM;
        return;
    }
    spans->items = items;
    struct mf_secret *item = &items[spans->count++];
    *item = (struct mf_secret){.from = from, .to = to, .is_quoted = is_quoted};
    mf_marker_make(spans->marker, secret, secret_len, item->mark);
}

static int compare(const void *a, const void *b)
{
    const struct mf_secret *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    /* The longer one first. */
    if (x->to != y->to)
        return x->to > y->to ? -1 : 1;
    return (int)y->is_quoted - (int)x->is_quoted;
}

static void sort(struct mf_spans *spans)
{
    for (size_t i = 1; i < spans->count; i++)
        if (compare(&spans->items[i - 1], &spans->items[i]) > 0) {
            qsort(spans->items, spans->count, sizeof *spans->items, compare);
            return;
        }
}

static bool is_inside_char(const uint8_t *text, size_t len, size_t at)
{
    return at > 0 && at < len && (text[at] & 0xc0) == 0x80;
}

static void widen(struct mf_secret *item, const uint8_t *text, size_t len)
{
    while (is_inside_char(text, len, item->from))
        item->from--;
    while (is_inside_char(text, len, item->to))
        item->to++;
}

/* Make `last` reach over `next`, which begins inside it. */
static void join(struct mf_spans *spans, struct mf_secret *last,
                 const struct mf_secret *next, const uint8_t *text)
{
    if (next->to <= last->to)
        return;
    last->to = next->to;
    last->is_quoted = false;
    mf_marker_make(spans->marker, text + last->from, last->to - last->from,
                   last->mark);
}

void mf_spans_settle(struct mf_spans *spans, const uint8_t *text, size_t len,
                     bool is_utf8)
{
    size_t kept = 0;
    size_t end = spans->tail < len ? spans->tail : len;
    for (size_t i = 0; is_utf8 && i < spans->count; i++)
        widen(&spans->items[i], text, len);
    sort(spans);
    for (size_t i = 0; i < spans->count; i++) {
        struct mf_secret *item = &spans->items[i];
        if (item->from >= end)
            break;
        if (kept && item->from < spans->items[kept - 1].to)
            join(spans, &spans->items[kept - 1], item, text);
        else
            spans->items[kept++] = *item;
    }
    spans->count = kept;
}

static void put(struct mf_encoder *out, const void *data, size_t len)
{
    if (!out->error)
        out->error = mf_buf_append(&out->buf, data, len);
}

void mf_spans_put(const struct mf_spans *spans, const uint8_t *text, size_t len,
                  uint32_t number, struct mf_encoder *out)
{
    size_t at = 0, end = spans->tail < len ? spans->tail : len;
    struct mf_mark mark = mf_encoder_begin(out, number);
    for (size_t i = 0; i < spans->count; i++) {
        const struct mf_secret *item = &spans->items[i];
        put(out, text + at, item->from - at);
        if (item->is_quoted)
            put(out, "\"", 1);
        put(out, item->mark, sizeof item->mark);
        if (item->is_quoted)
            put(out, "\"", 1);
        at = item->to;
    }
    if (at < end)
        put(out, text + at, end - at);
    mf_encoder_end(out, mark);
}
