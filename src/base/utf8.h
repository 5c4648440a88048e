/* UTF-8 (RFC 3629). */
#ifndef MF_BASE_UTF8_H
#define MF_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* True for well-formed UTF-8: no surrogates, no overlong forms. */
bool mf_utf8_valid(const void *text, size_t len);

/* The length of what is well-formed at the start of `text`. */
size_t mf_utf8_prefix(const void *text, size_t len);

/*
 * The greatest length <= `max` at which `text` (well-formed, `len` bytes)
 * can be cut without splitting a character.
 */
size_t mf_utf8_cut(const void *text, size_t len, size_t max);

/* Append `text`, each byte that is not well-formed as U+FFFD. 0, MF_EFULL or
 * MF_ENOMEM. */
int mf_utf8_append(const void *text, size_t len, struct mf_buf *out);

#endif
