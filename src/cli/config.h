/*
 * The configuration file: "name = value", one a line.
 *
 * A name is a flag's, without its dashes; blanks around both are nothing. A
 * "#" at the start of a line or after a blank begins a comment. A list takes
 * one line for each value; any other name may stand once.
 */
#ifndef MF_CLI_CONFIG_H
#define MF_CLI_CONFIG_H

#include "cli/options.h"

/*
 * Take what `text` says (`len` bytes and a NUL; changed, and borrowed for
 * the life of `options`). `path` names it in errors.
 *
 *  MF_EINVAL  `err` says which line and why
 */
int mf_config_apply(struct mf_options *options, const char *path, char *text,
                    size_t len, struct mf_err *err);

/* The same of the file at `path`. MF_EINVAL, MF_EIO, MF_ENOMEM */
int mf_config_read(struct mf_options *options, const char *path,
                   struct mf_err *err);

#endif
