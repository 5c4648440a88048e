/* mf_span: borrowed bytes. */
#ifndef MF_BASE_SPAN_H
#define MF_BASE_SPAN_H

#include <stddef.h>

/* Borrowed text or bytes: not NUL-terminated, UTF-8 only where it is said. */
struct mf_span {
    const char *text;
    size_t len;
};

/* A literal as a span. */
#define MF_SPAN(literal) ((struct mf_span){(literal), sizeof(literal) - 1})
#define MF_SPAN_NONE ((struct mf_span){"", 0})

#endif
