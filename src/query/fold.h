/*
 * Plain-text search without regard to case: Unicode simple case folding
 * (CaseFolding.txt, status C and S; by the build's Python, tools/fold-table)
 * of what is UTF-8; other bytes match themselves, so any bytes can be
 * searched. docs/filters.md tells users.
 */
#ifndef MF_QUERY_FOLD_H
#define MF_QUERY_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Longest text to search for, in bytes. */
enum { MF_NEEDLE_MAX_LEN = 4096 };

/*
 * Append `len` folded bytes of `text` to `out`: as many as they were, or up
 * to half as many again, for which there must be room. A character that is
 * cut at the end stays as it is.
 * 0, MF_EFULL or MF_ENOMEM.
 */
int mf_fold(const char *text, size_t len, struct mf_buf *out);

/*
 * The same for bytes that are mostly no text, many times faster: only what
 * folds to ASCII is folded, other characters stay as they are.
 */
int mf_fold_binary(const char *text, size_t len, struct mf_buf *out);

/*
 * True if `text` holds `needle`, which was folded, is not empty, and at most
 * MF_NEEDLE_MAX_LEN long. Takes time in proportion to the text, whatever the
 * needle; allocates nothing.
 */
bool mf_fold_find(const char *text, size_t len, const char *needle,
                  size_t needle_len);

/*
 * For many needles in one text: fold the ASCII letters of `len` bytes into
 * `out`, byte by byte. True if that is all that an ASCII needle asks for:
 * the text has none of the two other characters that fold to ASCII (the
 * Kelvin sign and the long s).
 */
bool mf_fold_ascii(const char *text, size_t len, char *out);

/* True if `text` holds `needle`, both as they are. For needles of a few
 * bytes in text that mostly has none. */
bool mf_fold_holds(const char *text, size_t len, const char *needle,
                   size_t needle_len);

#endif
