/*
 * mf_shown: text of strangers as it may stand on a terminal, on one line.
 *
 * What would move the cursor, change colours, hide or reorder its neighbours
 * is written as \n, \t, \xNN (bytes) or \u{N} (characters) instead. The rest
 * is as it was, so that a URL can be copied.
 */
#ifndef MF_CLI_SHOWN_H
#define MF_CLI_SHOWN_H

#include <stddef.h>

#include "base/buf.h"

/* Append `text`. 0, MF_EFULL or MF_ENOMEM. */
int mf_shown_put(struct mf_buf *out, const char *text, size_t len);
int mf_shown_puts(struct mf_buf *out, const char *text);

/* Columns that `text` takes once it was made fit so: one a character. */
size_t mf_shown_columns(const char *text, size_t len);

#endif
