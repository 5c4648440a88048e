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
static inline bool mf_span_starts_with(struct mf_span span, const char *start)
{
    size_t len = strlen(start);
    return span.len >= len && memcmp(span.text, start, len) == 0;
}

#define MF_SPAN_NONE ((struct mf_span){"", 0})

#endif
