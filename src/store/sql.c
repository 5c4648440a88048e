#include "store/sql.h"

#include <string.h>

static int code_of(int sqlite_code)
{
    static const struct {
        int sqlite_code;
        int code;
    } codes[] = {
        {SQLITE_NOMEM, MF_ENOMEM},     {SQLITE_NOTADB, MF_ECORRUPT},
        {SQLITE_CORRUPT, MF_ECORRUPT}, {SQLITE_CANTOPEN, MF_EACCES},
        {SQLITE_PERM, MF_EACCES},      {SQLITE_READONLY, MF_EACCES},
        {SQLITE_AUTH, MF_EACCES},      {SQLITE_BUSY, MF_EBUSY},
        {SQLITE_LOCKED, MF_EBUSY},     {SQLITE_FULL, MF_EFULL},
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].sqlite_code == (sqlite_code & 0xff))
            return codes[i].code;
    return MF_EIO;
}

int mf_sql_fail(sqlite3 *db, const char *what, struct mf_err *err)
{
    return mf_err_set(err, code_of(sqlite3_errcode(db)), "%s: %s", what,
                      sqlite3_errmsg(db));
}

int mf_sql_exec(sqlite3 *db, const char *sql, struct mf_err *err)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : mf_sql_fail(db, "database", err);
}

int mf_sql_get_int(sqlite3 *db, const char *sql, int64_t *ret_value,
                   struct mf_err *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = mf_sql_prepare(db, &sql, 1, &stmt, err);
    if (rc)
        return rc;
    rc = mf_sql_step(stmt, err);
    if (rc == 1)
        *ret_value = sqlite3_column_int64(stmt, 0);
    mf_sql_finalize(&stmt, 1);
    return rc == 1 ? 0 : rc == 0 ? MF_ENOENT : rc;
}

int mf_sql_prepare(sqlite3 *db, const char *const sql[], size_t count,
                   sqlite3_stmt **stmts, struct mf_err *err)
{
    memset(stmts, 0, count * sizeof *stmts);
    for (size_t i = 0; i < count; i++) {
        if (sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &stmts[i], NULL) != SQLITE_OK) {
            int rc = mf_sql_fail(db, "database", err);
            mf_sql_finalize(stmts, count);
            return rc;
        }
    }
    return 0;
}

void mf_sql_finalize(sqlite3_stmt **stmts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sqlite3_finalize(stmts[i]);
        stmts[i] = NULL;
    }
}

int mf_sql_step(sqlite3_stmt *stmt, struct mf_err *err)
{
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW)
        return 1;
    int rc = step == SQLITE_DONE
                 ? 0
                 : mf_sql_fail(sqlite3_db_handle(stmt), "database", err);
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return rc;
}

int mf_sql_run(sqlite3_stmt *stmt, struct mf_err *err)
{
    int rc = mf_sql_step(stmt, err);
    if (rc == 1) {
        sqlite3_reset(stmt);
        rc = 0;
    }
    return rc;
}

void mf_sql_bind_int(sqlite3_stmt *stmt, int at, uint64_t value)
{
    sqlite3_bind_int64(stmt, at, (sqlite3_int64)value);
}

void mf_sql_bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
    sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
}

void mf_sql_bind_blob(sqlite3_stmt *stmt, int at, const void *data, size_t len)
{
    sqlite3_bind_blob64(stmt, at, data, len, SQLITE_STATIC);
}
