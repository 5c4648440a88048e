/*
 * A read-only connection to a data directory from outside: beside a server,
 * or when none runs. Takes no lock of the directory, changes no flow.
 */
#ifndef MF_STORE_BESIDE_H
#define MF_STORE_BESIDE_H

#include <sqlite3.h>

#include "base/error.h"

/*
 * Open flows.db in `dir`, written by this version or (`version` != 0) by the
 * one with this schema alone. *ret_db is closed with sqlite3_close().
 *
 *  MF_ENOENT    no flows.db there
 *  MF_EVERSION  another schema
 *  MF_ECORRUPT  not a mitmflow database
 *  MF_EACCES, MF_EIO, MF_ENOMEM
 */
int mf_store__open_beside(const char *dir, int version, sqlite3 **ret_db,
                          struct mf_err *err);

#endif
