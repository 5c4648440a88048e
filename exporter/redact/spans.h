/*
 * mf_spans: which bytes of a text are secrets, and what stands for each.
 *
 * All rules look at the text as it came, so their order does not matter; where
 * what they found overlaps, one mark stands for all of it.
 */
#ifndef MF_EXPORTER_REDACT_SPANS_H
#define MF_EXPORTER_REDACT_SPANS_H

#include <stdbool.h>

#include "exporter/redact/marker.h"
#include "pb/encoder.h"

/* More in one text and it is not redacted but left out. */
enum { MF_SPANS_MAX = 1 << 18 };

struct mf_secret {
    size_t from, to; /* in the text */
    char mark[MF_MARKER_LEN];
    bool is_quoted; /* the mark stands in double quotes */
};

struct mf_spans {
    struct mf_marker *marker; /* borrowed */
    struct mf_secret *items;  /* owned */
    size_t count, cap;
    int error;   /* MF_EFULL or MF_ENOMEM; sticky until cleared */
    size_t tail; /* from here on the text is left out; SIZE_MAX: all is in */
};

void mf_spans_init(struct mf_spans *spans, struct mf_marker *marker);
void mf_spans_release(struct mf_spans *spans);
void mf_spans_clear(struct mf_spans *spans);

/* `secret` is what the mark is of: what stands from `from` to `to`, decoded.
 * Nothing happens if that is empty. */
void mf_spans_add(struct mf_spans *spans, size_t from, size_t to,
                  const void *secret, size_t secret_len, bool is_quoted);

/* All is in order, apart and inside the text. With `is_utf8` no character is
 * cut. */
void mf_spans_settle(struct mf_spans *spans, const uint8_t *text, size_t len,
                     bool is_utf8);

static inline bool mf_spans_is_empty(const struct mf_spans *spans)
{
    return spans->count == 0 && spans->tail == SIZE_MAX && !spans->error;
}

/* Put the text with its marks as field `number`; settled. */
void mf_spans_put(const struct mf_spans *spans, const uint8_t *text, size_t len,
                  uint32_t number, struct mf_encoder *out);

#endif
