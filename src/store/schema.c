#include "store/schema.h"

#include <stdio.h>

#include "store/sql.h"

enum { BUSY_TIMEOUT_MS = 5000 };

/*
 * flow      what lists show and lookups need; no bodies
 * snapshot  the mitmproxy.v1.Flow of each
 * tombstone which change deleted which flow, for the last of them
 * store     one row: counters that must move in step with the flows
 */
const char *const mf_store__migrations[] = {
    "CREATE TABLE flow ("
    " number INTEGER PRIMARY KEY,"
    " change INTEGER NOT NULL,"
    " id BLOB NOT NULL,"
    " source TEXT NOT NULL,"
    " session TEXT NOT NULL,"
    " type INTEGER NOT NULL,"
    " state INTEGER NOT NULL,"
    " pinned INTEGER NOT NULL,"
    " start_ns INTEGER NOT NULL,"
    " note TEXT NOT NULL,"
    " summary BLOB NOT NULL);"
    "CREATE UNIQUE INDEX flow_key ON flow (id, source);"
    "CREATE INDEX flow_change ON flow (change);"
    "CREATE INDEX flow_live ON flow (session) WHERE state = 1;"
    "CREATE INDEX flow_pinned ON flow (number) WHERE pinned;"
    "CREATE TABLE snapshot ("
    " number INTEGER PRIMARY KEY,"
    " flow BLOB NOT NULL);"
    "CREATE TABLE tombstone ("
    " change INTEGER PRIMARY KEY,"
    " number INTEGER NOT NULL);"
    "CREATE TABLE store ("
    " one INTEGER PRIMARY KEY CHECK (one = 1),"
    " epoch TEXT NOT NULL,"
    " last_number INTEGER NOT NULL,"
    " last_change INTEGER NOT NULL,"
    " tombstone_floor INTEGER NOT NULL,"
    " flow_count INTEGER NOT NULL,"
    " pinned_count INTEGER NOT NULL);"
    "INSERT INTO store VALUES (1, lower(hex(randomblob(8))), 0, 0, 0, 0, 0);",
};
const int mf_store__version =
    sizeof mf_store__migrations / sizeof *mf_store__migrations;

static int run_step(sqlite3 *db, const char *sql, int version,
                    struct mf_err *err)
{
    char mark[128];
    snprintf(mark, sizeof mark,
             "PRAGMA application_id = %d; PRAGMA user_version = %d",
             MF_STORE__APPLICATION_ID, version);
    int rc = mf_sql_exec(db, "BEGIN IMMEDIATE", err);
    if (rc)
        return rc;
    rc = mf_sql_exec(db, sql, err);
    if (!rc)
        rc = mf_sql_exec(db, mark, err);
    if (!rc)
        rc = mf_sql_exec(db, "COMMIT", err);
    if (rc)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

static int check_owner(sqlite3 *db, struct mf_err *err)
{
    int64_t id, tables;
    int rc = mf_sql_get_int(db, "PRAGMA application_id", &id, err);
    if (!rc)
        rc = mf_sql_get_int(db, "SELECT count(*) FROM sqlite_schema", &tables,
                            err);
    if (rc)
        return rc;
    if (id != MF_STORE__APPLICATION_ID && (id != 0 || tables != 0))
        return mf_err_set(err, MF_ECORRUPT, "not a mitmflow database");
    return 0;
}

int mf_store__migrate(sqlite3 *db, const char *const steps[], int version,
                      struct mf_err *err)
{
    int64_t found;
    int rc = check_owner(db, err);
    if (!rc)
        rc = mf_sql_get_int(db, "PRAGMA user_version", &found, err);
    if (rc)
        return rc;
    if (found > version)
        return mf_err_set(err, MF_EVERSION,
                          "written by a newer version (schema %lld; this one "
                          "knows up to %d)",
                          (long long)found, version);
    if (found < 0)
        return mf_err_set(err, MF_ECORRUPT, "not a mitmflow database");
    for (int next = (int)found; !rc && next < version; next++)
        rc = run_step(db, steps[next], next + 1, err);
    return rc;
}

int mf_store__open_db(const char *path, sqlite3 **ret_db, struct mf_err *err)
{
    sqlite3 *db = NULL;
    int rc = 0;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        rc = db ? mf_sql_fail(db, "database", err)
                : mf_err_set(err, MF_ENOMEM, "out of memory");
        goto out;
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
    /* The owner is looked at before anything is written. */
    rc = check_owner(db, err);
    if (!rc)
        rc = mf_sql_exec(db,
                         "PRAGMA page_size = 16384;"
                         "PRAGMA auto_vacuum = INCREMENTAL;"
                         "PRAGMA journal_mode = WAL;"
                         "PRAGMA synchronous = FULL;"
                         "PRAGMA journal_size_limit = 67108864;"
                         "PRAGMA cache_size = -32768;"
                         "PRAGMA temp_store = MEMORY;"
                         "PRAGMA secure_delete = OFF;"
                         "PRAGMA trusted_schema = OFF",
                         err);
    if (!rc)
        rc =
            mf_store__migrate(db, mf_store__migrations, mf_store__version, err);
out:
    if (rc)
        sqlite3_close(db);
    else
        *ret_db = db;
    return rc;
}
