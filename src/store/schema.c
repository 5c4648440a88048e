#include "store/schema.h"

#include <stdio.h>

#include "store/move.h"
#include "store/sql.h"

enum { BUSY_TIMEOUT_MS = 5000 };

/* A database of version 1 is made only to be brought to version 2. */
#define VERSION_1                               \
    "CREATE TABLE flow ("                       \
    " number INTEGER PRIMARY KEY,"              \
    " change INTEGER NOT NULL,"                 \
    " id BLOB NOT NULL,"                        \
    " source TEXT NOT NULL,"                    \
    " session TEXT NOT NULL,"                   \
    " type INTEGER NOT NULL,"                   \
    " state INTEGER NOT NULL,"                  \
    " pinned INTEGER NOT NULL,"                 \
    " start_ns INTEGER NOT NULL,"               \
    " note TEXT NOT NULL,"                      \
    " summary BLOB NOT NULL);"                  \
    "CREATE TABLE snapshot ("                   \
    " number INTEGER PRIMARY KEY,"              \
    " flow BLOB NOT NULL);"                     \
    "CREATE TABLE tombstone ("                  \
    " change INTEGER PRIMARY KEY,"              \
    " number INTEGER NOT NULL);"                \
    "CREATE TABLE store ("                      \
    " one INTEGER PRIMARY KEY CHECK (one = 1)," \
    " epoch TEXT NOT NULL,"                     \
    " last_number INTEGER NOT NULL,"            \
    " last_change INTEGER NOT NULL,"            \
    " tombstone_floor INTEGER NOT NULL,"        \
    " flow_count INTEGER NOT NULL,"             \
    " pinned_count INTEGER NOT NULL);"          \
    "INSERT INTO store VALUES (1, lower(hex(randomblob(8))), 0, 0, 0, 0, 0);"

/*
 * docs/STORE.md tells what each table is for.
 *
 * flow.key is the keyed hash of id (keys.h); id may hold NUL. flow.frame 0:
 * the snapshot is in `recent`. flow.summary is what the other columns do not
 * tell of a FlowSummary (flow/summary.h). block_dead is apart from `block`
 * because a row is written whole. store.last_change: every change up to it
 * is here; top_change: the last one of which anything is here.
 */
#define VERSION_2                                                             \
    "ALTER TABLE flow RENAME TO old_flow;"                                    \
    "ALTER TABLE tombstone RENAME TO old_tombstone;"                          \
    "ALTER TABLE store RENAME TO old_store;"                                  \
    "DROP INDEX IF EXISTS flow_key;"                                          \
    "DROP INDEX IF EXISTS flow_change;"                                       \
    "DROP INDEX IF EXISTS flow_live;"                                         \
    "DROP INDEX IF EXISTS flow_pinned;"                                       \
    "CREATE TABLE flow ("                                                     \
    " number INTEGER PRIMARY KEY,"                                            \
    " change INTEGER NOT NULL,"                                               \
    " arrived_ns INTEGER NOT NULL,"                                           \
    " key INTEGER NOT NULL,"                                                  \
    " id TEXT NOT NULL,"                                                      \
    " source TEXT NOT NULL,"                                                  \
    " type INTEGER NOT NULL,"                                                 \
    " state INTEGER NOT NULL,"                                                \
    " flags INTEGER NOT NULL,"                                                \
    " status INTEGER NOT NULL,"                                               \
    " client_port INTEGER NOT NULL,"                                          \
    " server_port INTEGER NOT NULL,"                                          \
    " method INTEGER NOT NULL,"                                               \
    " host INTEGER NOT NULL,"                                                 \
    " client INTEGER NOT NULL,"                                               \
    " source_name INTEGER NOT NULL,"                                          \
    " response_type INTEGER NOT NULL,"                                        \
    " request_type INTEGER NOT NULL,"                                         \
    " start_ns INTEGER NOT NULL,"                                             \
    " duration_ms REAL NOT NULL,"                                             \
    " client_bytes INTEGER NOT NULL,"                                         \
    " server_bytes INTEGER NOT NULL,"                                         \
    " message_count INTEGER NOT NULL,"                                        \
    " frame INTEGER NOT NULL,"                                                \
    " slot INTEGER NOT NULL,"                                                 \
    " note TEXT NOT NULL,"                                                    \
    " url TEXT NOT NULL,"                                                     \
    " summary BLOB NOT NULL);"                                                \
    "CREATE INDEX flow_noted ON flow (number) WHERE note <> '';"              \
    "CREATE TABLE name ("                                                     \
    " kind INTEGER NOT NULL,"                                                 \
    " id INTEGER NOT NULL,"                                                   \
    " text TEXT NOT NULL,"                                                    \
    " PRIMARY KEY (kind, id)) WITHOUT ROWID;"                                 \
    "CREATE TABLE recent ("                                                   \
    " number INTEGER PRIMARY KEY,"                                            \
    " session TEXT NOT NULL,"                                                 \
    " live INTEGER NOT NULL,"                                                 \
    " message_digest INTEGER NOT NULL,"                                       \
    " snapshot BLOB NOT NULL);"                                               \
    "CREATE INDEX recent_live ON recent (session) WHERE live;"                \
    "CREATE TABLE piece ("                                                    \
    " number INTEGER NOT NULL,"                                               \
    " first INTEGER NOT NULL,"                                                \
    " count INTEGER NOT NULL,"                                                \
    " frame INTEGER NOT NULL,"                                                \
    " slot INTEGER NOT NULL,"                                                 \
    " data BLOB,"                                                             \
    " PRIMARY KEY (number, first)) WITHOUT ROWID;"                            \
    "CREATE TABLE block ("                                                    \
    " frame INTEGER PRIMARY KEY,"                                             \
    " frames INTEGER NOT NULL,"                                               \
    " entries INTEGER NOT NULL,"                                              \
    " ceiling INTEGER NOT NULL,"                                              \
    " data BLOB NOT NULL);"                                                   \
    "CREATE TABLE block_dead ("                                               \
    " frame INTEGER PRIMARY KEY,"                                             \
    " dead INTEGER NOT NULL,"                                                 \
    " purge INTEGER NOT NULL);"                                               \
    "CREATE TABLE unsealed ("                                                 \
    " frame INTEGER PRIMARY KEY,"                                             \
    " has_binary INTEGER NOT NULL,"                                           \
    " signature BLOB NOT NULL);"                                              \
    "CREATE TABLE posting ("                                                  \
    " id INTEGER PRIMARY KEY,"                                                \
    " data BLOB NOT NULL);"                                                   \
    "CREATE TABLE column_page ("                                              \
    " page INTEGER PRIMARY KEY,"                                              \
    " data BLOB NOT NULL);"                                                   \
    "CREATE TABLE key_page ("                                                 \
    " page INTEGER PRIMARY KEY,"                                              \
    " keys BLOB NOT NULL);"                                                   \
    "CREATE TABLE stale (number INTEGER PRIMARY KEY);"                        \
    "CREATE TABLE tombstone ("                                                \
    " change INTEGER PRIMARY KEY,"                                            \
    " number INTEGER NOT NULL,"                                               \
    " growing INTEGER);"                                                      \
    "CREATE INDEX tombstone_growing ON tombstone (growing)"                   \
    " WHERE growing IS NOT NULL;"                                             \
    "CREATE TABLE store ("                                                    \
    " one INTEGER PRIMARY KEY CHECK (one = 1),"                               \
    " epoch TEXT NOT NULL,"                                                   \
    " clean INTEGER NOT NULL,"                                                \
    " key_seed BLOB NOT NULL,"                                                \
    " last_number INTEGER NOT NULL,"                                          \
    " last_change INTEGER NOT NULL,"                                          \
    " top_change INTEGER NOT NULL,"                                           \
    " last_frame INTEGER NOT NULL,"                                           \
    " tombstone_floor INTEGER NOT NULL,"                                      \
    " flow_count INTEGER NOT NULL,"                                           \
    " pinned_count INTEGER NOT NULL,"                                         \
    " evicted_count INTEGER NOT NULL,"                                        \
    " sealed_groups INTEGER NOT NULL,"                                        \
    " paged INTEGER NOT NULL);"                                               \
    "CREATE VIEW flows AS SELECT number,"                                     \
    " CASE type WHEN 1 THEN 'http' WHEN 2 THEN 'dns' WHEN 3 THEN 'tcp'"       \
    "  WHEN 4 THEN 'udp' END AS type,"                                        \
    " (SELECT text FROM name WHERE kind = 0 AND name.id = method) AS method," \
    " (SELECT text FROM name WHERE kind = 1 AND name.id = host) AS host,"     \
    " url, nullif(status, 0) AS status,"                                      \
    " datetime(start_ns / 1000000000, 'unixepoch') AS started,"               \
    " datetime(arrived_ns / 1000000000, 'unixepoch') AS arrived,"             \
    " duration_ms, client_bytes, server_bytes, message_count AS messages,"    \
    " CASE state WHEN 1 THEN 'live' WHEN 2 THEN 'ended'"                      \
    "  WHEN 3 THEN 'cut off' END AS state,"                                   \
    " (SELECT text FROM name WHERE kind = 2 AND name.id = client) AS client," \
    " source, note, flags & 1 AS pinned, id FROM flow;"                       \
    "INSERT INTO store SELECT 1, epoch, 1, randomblob(16), last_number,"      \
    " last_change, last_change, 0, tombstone_floor, 0, 0, 0, 0, 0"            \
    " FROM old_store;"                                                        \
    "INSERT INTO tombstone SELECT change, number, NULL FROM old_tombstone;"   \
    "DROP TABLE old_store; DROP TABLE old_tombstone;"

/*
 * connection.key is the keyed hash of its id. mark: the number after the last
 * flow that had arrived when its last event came; heard_ns: when that was, by
 * our clock. loss.number is given in
 * order of arrival.
 */
#define VERSION_3                                        \
    "CREATE TABLE connection ("                          \
    " key INTEGER NOT NULL,"                             \
    " source TEXT NOT NULL,"                             \
    " mark INTEGER NOT NULL,"                            \
    " heard_ns INTEGER NOT NULL,"                        \
    " is_server INTEGER NOT NULL,"                       \
    " event INTEGER NOT NULL,"                           \
    " at_ns INTEGER NOT NULL,"                           \
    " opened_ns INTEGER NOT NULL,"                       \
    " closed_ns INTEGER NOT NULL,"                       \
    " error TEXT NOT NULL,"                              \
    " conn BLOB NOT NULL,"                               \
    " PRIMARY KEY (key, source)) WITHOUT ROWID;"         \
    "CREATE INDEX connection_mark ON connection (mark);" \
    "CREATE TABLE loss ("                                \
    " number INTEGER PRIMARY KEY,"                       \
    " id TEXT NOT NULL,"                                 \
    " source TEXT NOT NULL,"                             \
    " arrived_ns INTEGER NOT NULL,"                      \
    " count INTEGER NOT NULL,"                           \
    " from_ns INTEGER NOT NULL,"                         \
    " to_ns INTEGER NOT NULL,"                           \
    " reason TEXT NOT NULL,"                             \
    " UNIQUE (source, id));"

/* descriptor.number is given in order of arrival; flow: the number of the flow
 * whose body told of it; bytes: a google.protobuf.FileDescriptorProto. */
#define VERSION_4                  \
    "CREATE TABLE descriptor ("    \
    " number INTEGER PRIMARY KEY," \
    " flow INTEGER NOT NULL,"      \
    " name BLOB NOT NULL UNIQUE,"  \
    " bytes BLOB NOT NULL);"       \
    "CREATE INDEX descriptor_flow ON descriptor (flow);"

/* store.signed_by: MF_FLOW_TEXT_VERSION of all signatures but those of frames
 * from resigned + 1 to resign_to, which are of an earlier one. */
#define VERSION_5                                                        \
    "ALTER TABLE store ADD COLUMN signed_by INTEGER NOT NULL DEFAULT 0;" \
    "ALTER TABLE store ADD COLUMN resigned INTEGER NOT NULL DEFAULT 0;"  \
    "ALTER TABLE store ADD COLUMN resign_to INTEGER NOT NULL DEFAULT 0;"

const struct mf_store__step mf_store__steps[] = {
    {.sql = VERSION_1}, {.sql = VERSION_2, .run = mf_store__move_flows},
    {.sql = VERSION_3}, {.sql = VERSION_4},
    {.sql = VERSION_5},
};
const int mf_store__version = sizeof mf_store__steps / sizeof *mf_store__steps;

static int run_step(sqlite3 *db, const struct mf_store__step *step, int version,
                    struct mf_err *err)
{
    char mark[128];
    snprintf(mark, sizeof mark,
             "PRAGMA application_id = %d; PRAGMA user_version = %d",
             MF_STORE__APPLICATION_ID, version);
    int rc = mf_sql_exec(db, "BEGIN IMMEDIATE", err);
    if (rc)
        return rc;
    rc = mf_sql_exec(db, step->sql, err);
    if (!rc && step->run)
        rc = step->run(db, err);
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

int mf_store__migrate(sqlite3 *db, const struct mf_store__step steps[],
                      int version, struct mf_err *err)
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
        rc = run_step(db, &steps[next], next + 1, err);
    return rc;
}

/* Settings of the writer's connection: readers set their own. */
static int configure(sqlite3 *db, struct mf_err *err)
{
    return mf_sql_exec(db,
                       "PRAGMA page_size = 16384;"
                       "PRAGMA auto_vacuum = INCREMENTAL;"
                       "PRAGMA journal_mode = WAL;"
                       "PRAGMA synchronous = FULL;"
                       "PRAGMA journal_size_limit = 67108864;"
                       "PRAGMA cache_size = -8192;"
                       "PRAGMA temp_store = MEMORY;"
                       "PRAGMA secure_delete = ON;"
                       "PRAGMA trusted_schema = OFF",
                       err);
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
        rc = configure(db, err);
    if (!rc)
        rc = mf_store__migrate(db, mf_store__steps, mf_store__version, err);
out:
    if (rc)
        sqlite3_close(db);
    else
        *ret_db = db;
    return rc;
}
