/* mf_span: borrowed bytes. */
#ifndef MF_BASE_SPAN_H
#define MF_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Borrowed text or bytes: not NUL-terminated, UTF-8 only where it is said. */
struct mf_span {
    const char *text;
    size_t len;
};

/* A literal as a span. */
#define MF_SPAN(literal) ((struct mf_span){(literal), sizeof(literal) - 1})

#define MF_SPAN_NONE ((struct mf_span){"", 0})

static inline bool mf_span_starts_with(struct mf_span span, const char *start)
{
    size_t len = strlen(start);
    return span.len >= len && memcmp(span.text, start, len) == 0;
}

/* What follows the first `len` bytes, which are at most all. */
static inline struct mf_span mf_span_after(struct mf_span span, size_t len)
{
    /* No step, not even of 0, from the NULL of a span that is empty. */
    return len ? (struct mf_span){span.text + len, span.len - len} : span;
}

static inline bool mf_span_equals(struct mf_span one, struct mf_span two)
{
    return one.len == two.len &&
           (one.len == 0 || memcmp(one.text, two.text, one.len) == 0);
}

#endif
