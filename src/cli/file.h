/* Small files, whole. */
#ifndef MF_CLI_FILE_H
#define MF_CLI_FILE_H

#include <stddef.h>

#include "base/error.h"

/*
 * The contents of `path` with a NUL behind, at most `max_len` bytes; freed by
 * the caller. `what` says in errors what the file is for.
 *
 *  MF_EIO     cannot be read
 *  MF_EFULL   longer
 *  MF_ENOMEM
 */
int mf_file_read(const char *what, const char *path, size_t max_len,
                 char **ret_text, size_t *ret_len, struct mf_err *err);

#endif
