/* mf_span: borrowed bytes. */
#ifndef MF_BASE_SPAN_H
#define MF_BASE_SPAN_H

#include <stddef.h>

/* Borrowed text or bytes: not NUL-terminated, UTF-8 only where it is said. */
struct mf_span {
    const char *text;
    size_t len;
};

#define MF_SPAN_NONE ((struct mf_span){"", 0})

#endif
