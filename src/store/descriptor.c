#include "store/descriptor.h"

#include <stdlib.h>

#include "store/sql.h"
#include "store/store.h"

enum { SUM, PUT, DROP, FORGET, FORGET_ALL, STATEMENTS };

static const char *const sql[STATEMENTS] = {
    [SUM] = "SELECT count(*), coalesce(sum(length(bytes)), 0) FROM descriptor",
    [PUT] = "INSERT INTO descriptor (flow, name, bytes) VALUES (?1, ?2, ?3)",
    [DROP] = "DELETE FROM descriptor WHERE name = ?1 RETURNING length(bytes)",
    [FORGET] = "DELETE FROM descriptor WHERE flow = ?1 RETURNING length(bytes)",
    [FORGET_ALL] = "DELETE FROM descriptor",
};

struct sum {
    uint64_t count;
    uint64_t len;
};

struct mf_descriptors {
    sqlite3_stmt *stmts[STATEMENTS];
    struct sum sum;
    struct sum committed;
};

int mf_descriptors_new(sqlite3 *db, struct mf_descriptors **ret_descriptors,
                       struct mf_err *err)
{
    struct mf_descriptors *descriptors = calloc(1, sizeof *descriptors);
    if (!descriptors)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    int rc = mf_sql_prepare(db, sql, STATEMENTS, descriptors->stmts, err);
    sqlite3_stmt *stmt = descriptors->stmts[SUM];
    if (!rc)
        rc = mf_sql_step(stmt, err);
    if (rc != 1) {
        mf_descriptors_free(descriptors);
        return rc;
    }
    descriptors->sum = descriptors->committed = (struct sum){
        .count = (uint64_t)sqlite3_column_int64(stmt, 0),
        .len = (uint64_t)sqlite3_column_int64(stmt, 1),
    };
    sqlite3_reset(stmt);
    *ret_descriptors = descriptors;
    return 0;
}

void mf_descriptors_free(struct mf_descriptors *descriptors)
{
    if (!descriptors)
        return;
    mf_sql_finalize(descriptors->stmts, STATEMENTS);
    free(descriptors);
}

void mf_descriptors_end(struct mf_descriptors *descriptors, bool is_committed)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_reset(descriptors->stmts[i]);
    if (is_committed)
        descriptors->committed = descriptors->sum;
    else
        descriptors->sum = descriptors->committed;
}

/* Runs a deletion that returns the lengths of what goes. */
static int drop(struct mf_descriptors *descriptors, sqlite3_stmt *stmt,
                struct mf_err *err)
{
    int rc;
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        descriptors->sum.count--;
        descriptors->sum.len -= (uint64_t)sqlite3_column_int64(stmt, 0);
    }
    return rc;
}

int mf_descriptors_put(struct mf_descriptors *descriptors, uint64_t flow,
                       struct mf_span name, struct mf_span bytes,
                       struct mf_err *err)
{
    struct sum *sum = &descriptors->sum;
    mf_sql_bind_blob(descriptors->stmts[DROP], 1, name.text, name.len);
    int rc = drop(descriptors, descriptors->stmts[DROP], err);
    if (rc || sum->count >= MF_STORE_DESCRIPTORS_MAX ||
        bytes.len + sum->len > MF_STORE_DESCRIPTORS_MAX_LEN)
        return rc;
    sqlite3_stmt *stmt = descriptors->stmts[PUT];
    mf_sql_bind_int(stmt, 1, flow);
    mf_sql_bind_blob(stmt, 2, name.text, name.len);
    mf_sql_bind_blob(stmt, 3, bytes.text, bytes.len);
    sum->count++;
    sum->len += bytes.len;
    return mf_sql_run(stmt, err);
}

int mf_descriptors_forget(struct mf_descriptors *descriptors, uint64_t flow,
                          struct mf_err *err)
{
    if (!descriptors->sum.count)
        return 0;
    mf_sql_bind_int(descriptors->stmts[FORGET], 1, flow);
    return drop(descriptors, descriptors->stmts[FORGET], err);
}

int mf_descriptors_forget_all(struct mf_descriptors *descriptors,
                              struct mf_err *err)
{
    descriptors->sum = (struct sum){0};
    return mf_sql_run(descriptors->stmts[FORGET_ALL], err);
}
