/*
 * Text of mitmproxy's into UTF-8. mitmproxy decodes bytes from the network
 * with "surrogateescape"; a protobuf string takes nothing but UTF-8, so what
 * is not text is written in one of two ways.
 *
 * Errors:  0, MF_EFULL or MF_ENOMEM; then `out` is as before.
 */
#ifndef MF_EXPORTER_TEXT_H
#define MF_EXPORTER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum mf_text_escape {
    MF_TEXT_REPLACE, /* a byte that is not UTF-8 becomes U+FFFD */
    MF_TEXT_PERCENT, /* ... becomes %XX, for URLs */
    MF_TEXT_LATIN1,  /* all bytes are ISO-8859-1 (only of put_bytes()) */
};

/* True if every byte is ASCII. */
bool mf_text_is_ascii(const void *text, size_t len);

/* Append bytes that mitmproxy would decode by "surrogateescape". */
int mf_text_put_bytes(struct mf_buf *out, const void *bytes, size_t len,
                      enum mf_text_escape escape);

/*
 * Append code points of a Python string. U+DC80 to U+DCFF stand for a byte
 * that was not UTF-8; any other surrogate becomes U+FFFD.
 */
int mf_text_put_ucs4(struct mf_buf *out, const uint32_t *chars, size_t count,
                     enum mf_text_escape escape);

#endif
