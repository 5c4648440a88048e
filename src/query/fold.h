/*
 * Plain-text search without regard to case.
 *
 * Folded are the letters of ASCII, Latin-1, Latin Extended-A, Greek and
 * Cyrillic whose two cases take as many bytes in UTF-8, and final sigma.
 * Other bytes match themselves, so any bytes can be searched.
 */
#ifndef MF_QUERY_FOLD_H
#define MF_QUERY_FOLD_H

#include <stdbool.h>
#include <stddef.h>

/* Longest text to search for, in bytes. */
enum { MF_NEEDLE_MAX_LEN = 4096 };

/* Fold `len` bytes in place. Returns false if all of them are ASCII. */
bool mf_fold(char *text, size_t len);

/*
 * True if `text` holds `needle`, which was folded, is UTF-8, not empty, and
 * at most MF_NEEDLE_MAX_LEN long; `wide` is what folding it returned. Takes
 * time in proportion to the text, whatever the needle.
 */
bool mf_fold_find(const char *text, size_t len, const char *needle,
                  size_t needle_len, bool wide);

#endif
