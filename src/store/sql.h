/*
 * Small helpers over sqlite3: errors, prepared statements, single steps.
 *
 * Errors:  0 or a negative MF_E*, with SQLite's own words in `err`.
 */
#ifndef MF_STORE_SQL_H
#define MF_STORE_SQL_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The MF_E* of the last failure on `db`, told in `err` after `what`. */
int mf_sql_fail(sqlite3 *db, const char *what, struct mf_err *err);

/* Run SQL text of one or more statements that give no rows. */
int mf_sql_exec(sqlite3 *db, const char *sql, struct mf_err *err);

/* The first column of the first row of `sql`; MF_ENOENT without a row. */
int mf_sql_get_int(sqlite3 *db, const char *sql, int64_t *ret_value,
                   struct mf_err *err);

/*
 * Prepare `count` statements into `stmts`, all or none. Finalize is allowed
 * on a zeroed array.
 */
int mf_sql_prepare(sqlite3 *db, const char *const sql[], size_t count,
                   sqlite3_stmt **stmts, struct mf_err *err);
void mf_sql_finalize(sqlite3_stmt **stmts, size_t count);

/* Step to the next row: 1 there is one, 0 done (and reset), or an error
 * (and reset). */
int mf_sql_step(sqlite3_stmt *stmt, struct mf_err *err);

/* Step a statement that gives no rows, and reset it. */
int mf_sql_run(sqlite3_stmt *stmt, struct mf_err *err);

/* Bindings borrow the bytes until the statement is reset. Errors of a
 * binding show as a NULL value, so columns are NOT NULL. */
void mf_sql_bind_int(sqlite3_stmt *stmt, int at, uint64_t value);
void mf_sql_bind_text(sqlite3_stmt *stmt, int at, const char *text);
void mf_sql_bind_blob(sqlite3_stmt *stmt, int at, const void *data, size_t len);

#endif
