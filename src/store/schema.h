/*
 * The tables of flows.db and the way from each older version to this one.
 */
#ifndef MF_STORE_SCHEMA_H
#define MF_STORE_SCHEMA_H

#include <sqlite3.h>

#include "base/error.h"

/* "mflw", SQLite's mark of whose file it is. */
enum { MF_STORE__APPLICATION_ID = 0x6d666c77 };

/* A step from one version to the next, in a transaction of its own. */
struct mf_store__step {
    const char *sql;
    /* Then this; NULL: no more. */
    int (*run)(sqlite3 *db, struct mf_err *err);
};

/* Steps to version 1, 2, ... */
extern const struct mf_store__step mf_store__steps[];
extern const int mf_store__version;

/*
 * Bring `db` from the version that it says to version `version` by
 * `steps`[its version] and those that follow.
 *
 *  MF_EVERSION  its version is greater
 *  MF_ECORRUPT  another application's database
 *  MF_EIO, MF_EACCES, MF_EBUSY, MF_EFULL, MF_ENOMEM
 *
 * After an error the steps before the one that failed stay done.
 */
int mf_store__migrate(sqlite3 *db, const struct mf_store__step steps[],
                      int version, struct mf_err *err);

/*
 * Open the database at `path`, which exists (it may be empty), for the
 * writer: settings, then mf_store__migrate() to today. *ret_db must be
 * closed with sqlite3_close(). Errors as above.
 */
int mf_store__open_db(const char *path, sqlite3 **ret_db, struct mf_err *err);

#endif
