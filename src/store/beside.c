#include "store/beside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/schema.h"
#include "store/sql.h"

enum { BUSY_TIMEOUT_MS = 10000 };

static int check_owner(sqlite3 *db, int version, struct mf_err *err)
{
    int64_t id, found;
    int rc = mf_sql_get_int(db, "PRAGMA application_id", &id, err);
    if (!rc)
        rc = mf_sql_get_int(db, "PRAGMA user_version", &found, err);
    if (rc)
        return rc;
    if (id != MF_STORE__APPLICATION_ID || found < 1)
        return mf_err_set(err, MF_ECORRUPT, "not a mitmflow database");
    if (found > mf_store__version)
        return mf_err_set(err, MF_EVERSION,
                          "written by a newer version (schema %lld; this one "
                          "knows up to %d)",
                          (long long)found, mf_store__version);
    if (version && found != version)
        return mf_err_set(err, MF_EVERSION,
                          "written by an older version (schema %lld): start "
                          "the server once, it brings it up to date",
                          (long long)found);
    return 0;
}

static int open_file(const char *path, int version, sqlite3 **ret_db,
                     struct mf_err *err)
{
    struct stat stat_of;
    sqlite3 *db = NULL;
    if (stat(path, &stat_of) < 0)
        return mf_err_set(err, errno == ENOENT ? MF_ENOENT : MF_EACCES, "%s",
                          strerror(errno));
    int rc = 0;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        rc = db ? mf_sql_fail(db, "database", err)
                : mf_err_set(err, MF_ENOMEM, "out of memory");
    if (!rc) {
        sqlite3_extended_result_codes(db, 1);
        sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
        rc = mf_sql_exec(db,
                         "PRAGMA trusted_schema = OFF;"
                         "PRAGMA temp_store = MEMORY",
                         err);
    }
    if (!rc)
        rc = check_owner(db, version, err);
    if (rc)
        sqlite3_close(db);
    else
        *ret_db = db;
    return rc;
}

int mf_store__open_beside(const char *dir, int version, sqlite3 **ret_db,
                          struct mf_err *err)
{
    struct mf_err cause = {0};
    char *path;
    if (asprintf(&path, "%s/flows.db", dir) < 0)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    int rc = open_file(path, version, ret_db, &cause);
    if (rc)
        mf_err_set(err, rc, "%.100s: %.150s", path, cause.text);
    free(path);
    return rc;
}
