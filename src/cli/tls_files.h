/*
 * The files of --tls-cert, --tls-key and --tls-client-ca, into an mf_tls.
 *
 * Thread:  the loop's.
 */
#ifndef MF_CLI_TLS_FILES_H
#define MF_CLI_TLS_FILES_H

#include "cli/options.h"
#include "net/tls.h"

/*
 * Read them into *tls: a new one where it is NULL, else for connections from
 * now on. After an error *tls is as before.
 *
 *  MF_EIO     a file cannot be read
 *  MF_EINVAL  what is in one cannot be used
 *  MF_ENOMEM
 */
int mf_tls_files_load(const struct mf_options *options, struct mf_tls **tls,
                      struct mf_err *err);

#endif
