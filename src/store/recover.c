#include "store/recover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/columns.h"
#include "flow/text.h"
#include "store/sql.h"

struct state {
    bool is_clean;
    uint64_t paged_end;
    uint64_t top_change;
    char epoch[33];
    struct mf_front_opts *opts;
};

static int read_state(sqlite3 *db, struct state *state, struct mf_err *err)
{
    static const char *const sql[] = {
        "SELECT epoch, clean, key_seed, last_number, last_change, top_change,"
        " flow_count, pinned_count, evicted_count, paged FROM store"};
    sqlite3_stmt *stmt;
    int rc = mf_sql_prepare(db, sql, 1, &stmt, err);
    if (rc)
        return rc;
    rc = mf_sql_step(stmt, err);
    if (rc == 1) {
        struct mf_front_opts *opts = state->opts;
        const char *epoch = (const char *)sqlite3_column_text(stmt, 0);
        const void *seed = sqlite3_column_blob(stmt, 2);
        size_t len = (size_t)sqlite3_column_bytes(stmt, 2);
        snprintf(state->epoch, sizeof state->epoch, "%s", epoch ? epoch : "");
        state->is_clean = sqlite3_column_int(stmt, 1) != 0;
        if (seed)
            memcpy(opts->key_seed, seed,
                   len < MF_KEY_SEED_LEN ? len : MF_KEY_SEED_LEN);
        opts->last_number = (uint64_t)sqlite3_column_int64(stmt, 3);
        opts->last_change = (uint64_t)sqlite3_column_int64(stmt, 4);
        state->top_change = (uint64_t)sqlite3_column_int64(stmt, 5);
        opts->flow_count = (uint64_t)sqlite3_column_int64(stmt, 6);
        opts->pinned_count = (uint64_t)sqlite3_column_int64(stmt, 7);
        opts->evicted_count = (uint64_t)sqlite3_column_int64(stmt, 8);
        state->paged_end = (uint64_t)sqlite3_column_int64(stmt, 9) * 1024;
    }
    mf_sql_finalize(&stmt, 1);
    if (rc == 0)
        return mf_err_set(err, MF_ECORRUPT, "store without counters");
    return rc == 1 ? 0 : rc;
}

static int cut_off(sqlite3 *db, struct state *state, struct mf_err *err)
{
    enum { LIVE, CUT_OFF, STALE, REST, STATEMENTS };
    static const char *const sql[STATEMENTS] = {
        [LIVE] = "SELECT number FROM recent WHERE live ORDER BY number",
        [CUT_OFF] = "UPDATE flow SET state = ?2, flags = flags | ?3,"
                    " change = ?4 WHERE number = ?1",
        [STALE] = "INSERT OR IGNORE INTO stale (number) VALUES (?1)",
        [REST] = "UPDATE recent SET live = 0 WHERE live",
    };
    sqlite3_stmt *stmts[STATEMENTS];
    int rc = mf_sql_prepare(db, sql, STATEMENTS, stmts, err);
    while (!rc && (rc = mf_sql_step(stmts[LIVE], err)) == 1) {
        uint64_t number = (uint64_t)sqlite3_column_int64(stmts[LIVE], 0);
        mf_sql_bind_int(stmts[CUT_OFF], 1, number);
        mf_sql_bind_int(stmts[CUT_OFF], 2, MF_FLOW_CUT_OFF);
        mf_sql_bind_int(stmts[CUT_OFF], 3, MF_COLUMN_LOST);
        mf_sql_bind_int(stmts[CUT_OFF], 4, ++state->opts->last_change);
        rc = mf_sql_run(stmts[CUT_OFF], err);
        mf_sql_bind_int(stmts[STALE], 1, number);
        if (!rc && number < state->paged_end)
            rc = mf_sql_run(stmts[STALE], err);
    }
    if (!rc)
        rc = mf_sql_run(stmts[REST], err);
    mf_sql_finalize(stmts, STATEMENTS);
    return rc;
}

static int save_state(sqlite3 *db, const struct state *state,
                      struct mf_err *err)
{
    static const char *const sql[] = {
        "UPDATE store SET clean = 0, last_change = ?1, top_change = ?1,"
        " epoch = CASE ?2 WHEN 1 THEN epoch ELSE lower(hex(randomblob(8))) END"
        " RETURNING epoch"};
    sqlite3_stmt *stmt;
    int rc = mf_sql_prepare(db, sql, 1, &stmt, err);
    if (rc)
        return rc;
    mf_sql_bind_int(stmt, 1, state->opts->last_change);
    mf_sql_bind_int(stmt, 2, state->is_clean);
    rc = mf_sql_step(stmt, err);
    if (rc == 1) {
        const char *epoch = (const char *)sqlite3_column_text(stmt, 0);
        snprintf((char *)state->epoch, sizeof state->epoch, "%s",
                 epoch ? epoch : "");
        rc = 0;
    }
    mf_sql_finalize(&stmt, 1);
    return rc;
}

/* What another version signed is signed anew, from the start. */
static int follow_text_version(sqlite3 *db, struct mf_err *err)
{
    static const char *const sql[] = {
        "UPDATE store SET signed_by = ?1, resigned = 0, resign_to = last_frame"
        " WHERE signed_by <> ?1"};
    sqlite3_stmt *stmt;
    int rc = mf_sql_prepare(db, sql, 1, &stmt, err);
    if (rc)
        return rc;
    mf_sql_bind_int(stmt, 1, MF_FLOW_TEXT_VERSION);
    rc = mf_sql_run(stmt, err);
    mf_sql_finalize(&stmt, 1);
    return rc;
}

int mf_store__recover(sqlite3 *db, struct mf_front_opts *ret_opts, char *epoch,
                      struct mf_err *err)
{
    struct state state = {.opts = ret_opts};
    int rc = mf_sql_exec(db, "BEGIN IMMEDIATE", err);
    if (rc)
        return rc;
    rc = read_state(db, &state, err);
    /* Numbers of changes that rows have are not given again. */
    if (!rc && state.top_change > ret_opts->last_change)
        ret_opts->last_change = state.top_change;
    if (!rc)
        rc = cut_off(db, &state, err);
    if (!rc)
        rc = save_state(db, &state, err);
    if (!rc)
        rc = follow_text_version(db, err);
    if (!rc)
        rc = mf_sql_exec(db, "COMMIT", err);
    if (rc)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    else
        memcpy(epoch, state.epoch, sizeof state.epoch);
    return rc;
}

int mf_store__mark_clean(sqlite3 *db, struct mf_err *err)
{
    return mf_sql_exec(db, "UPDATE store SET clean = 1", err);
}
