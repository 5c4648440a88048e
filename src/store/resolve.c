#include "store/resolve.h"

#include <stdlib.h>

#include "store/sql.h"

/* More flows than that at once, deleted by a person, take what is known of all
 * connections with them: their own would have to be read. */
enum { FORGET_ONE_BY_ONE = 256 };

enum { ALL_NUMBERS, LIVE_OF_SESSION, STATEMENTS };

static const char *const sql[STATEMENTS] = {
    [ALL_NUMBERS] = "SELECT number FROM flow WHERE number > ?1"
                    " AND number <= ?2 ORDER BY number LIMIT ?3",
    [LIVE_OF_SESSION] = "SELECT number FROM recent WHERE live AND session = ?1"
                        " AND number > ?2 ORDER BY number LIMIT ?3",
};

struct mf_resolver {
    struct mf_store *store;
    sqlite3_stmt *stmts[STATEMENTS];
    uint64_t *numbers; /* found by a statement */
    size_t cap;
};

int mf_resolver_new(struct mf_store *store, struct mf_resolver **ret_resolver,
                    struct mf_err *err)
{
    struct mf_resolver *resolver = calloc(1, sizeof *resolver);
    if (!resolver)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    resolver->store = store;
    resolver->cap = store->limits.delete_count > store->limits.chunk_count
                        ? store->limits.delete_count
                        : store->limits.chunk_count;
    resolver->numbers = calloc(resolver->cap, sizeof *resolver->numbers);
    int rc = resolver->numbers ? mf_sql_prepare(store->db, sql, STATEMENTS,
                                                resolver->stmts, err)
                               : mf_err_set(err, MF_ENOMEM, "out of memory");
    if (rc)
        mf_resolver_free(resolver);
    else
        *ret_resolver = resolver;
    return rc;
}

void mf_resolver_free(struct mf_resolver *resolver)
{
    if (!resolver)
        return;
    mf_sql_finalize(resolver->stmts, STATEMENTS);
    free(resolver->numbers);
    free(resolver);
}

/* The numbers that a bound statement gives. */
static int find(struct mf_resolver *resolver, sqlite3_stmt *stmt,
                size_t *ret_count)
{
    size_t count = 0;
    int rc;
    while ((rc = mf_sql_step(stmt, NULL)) == 1 && count < resolver->cap)
        resolver->numbers[count++] = (uint64_t)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    *ret_count = count;
    return rc == 1 ? 0 : rc;
}

static int update(struct mf_resolver *resolver, struct mf_op *op)
{
    struct mf_front *front = resolver->store->front;
    uint64_t number;
    int rc = mf_front_number_of(front, &op->refs[0], &number);
    if (!rc)
        rc = mf_front_update(front, number, op, &op->record);
    op->rc = rc;
    return rc == MF_ENOMEM ? rc : 1;
}

static int delete_some(struct mf_resolver *resolver, struct mf_op *op)
{
    struct mf_front *front = resolver->store->front;
    size_t chunk = resolver->store->limits.delete_count;
    bool forgets = op->ref_count <= FORGET_ONE_BY_ONE;
    if (!forgets && !op->position && mf_front_forget_connections(front))
        return MF_ENOMEM;
    for (size_t i = 0; i < chunk && op->position < op->ref_count; i++) {
        uint64_t number;
        int rc = mf_front_number_of(front, &op->refs[op->position], &number);
        if (!rc)
            rc = mf_front_delete(front, number, forgets);
        if (rc == MF_ENOMEM)
            return rc;
        if (!rc)
            op->count++;
        else if (rc != MF_ENOENT && !op->rc)
            op->rc = rc;
        op->position++;
    }
    return op->position == op->ref_count;
}

static int delete_all(struct mf_resolver *resolver, struct mf_op *op)
{
    struct mf_store *store = resolver->store;
    sqlite3_stmt *stmt = resolver->stmts[ALL_NUMBERS];
    size_t count;
    /* All that was put before must be where it is looked for. */
    if (!mf_front_is_durable(store->front, op->change))
        return 0;
    if (!op->position && (mf_front_forget_connections(store->front) ||
                          mf_front_forget_descriptors(store->front)))
        return MF_ENOMEM;
    mf_sql_bind_int(stmt, 1, op->position);
    mf_sql_bind_int(stmt, 2, op->number_max);
    mf_sql_bind_int(stmt, 3, store->limits.delete_count);
    int rc = find(resolver, stmt, &count);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = mf_front_delete(store->front, resolver->numbers[i], false);
        if (!rc)
            op->count++;
        /* What is damaged cannot be found, so it stays. */
        if (rc == MF_ENOENT || rc == MF_ECORRUPT)
            rc = 0;
        if (!rc)
            op->position = resolver->numbers[i];
    }
    if (rc)
        return rc;
    return count == 0;
}

static int cut_off(struct mf_resolver *resolver, struct mf_op *op)
{
    enum { IN_MEMORY, IN_DATABASE };
    struct mf_store *store = resolver->store;
    sqlite3_stmt *stmt = resolver->stmts[LIVE_OF_SESSION];
    size_t count;
    bool more;
    int rc;
    while (op->phase == IN_MEMORY) {
        rc = mf_front_cut_off_some(store->front, op->session,
                                   store->limits.chunk_count, &op->position,
                                   &more);
        if (rc)
            return rc;
        if (!more) {
            op->phase = IN_DATABASE;
            op->position = 0;
        }
    }
    mf_sql_bind_text(stmt, 1, op->session);
    mf_sql_bind_int(stmt, 2, op->position);
    mf_sql_bind_int(stmt, 3, store->limits.chunk_count);
    rc = find(resolver, stmt, &count);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = mf_front_cut_off(store->front, resolver->numbers[i], op->session);
        op->position = resolver->numbers[i];
    }
    return rc ? rc : count == 0;
}

int mf_resolver_run(struct mf_resolver *resolver, struct mf_op *op)
{
    static int (*const runs[])(struct mf_resolver * resolver,
                               struct mf_op * op) = {
        [MF_OP_CUT_OFF] = cut_off,
        [MF_OP_UPDATE] = update,
        [MF_OP_DELETE] = delete_some,
        [MF_OP_DELETE_ALL] = delete_all,
    };
    int rc = runs[op->kind](resolver, op);
    if (rc < 0 && rc != MF_ENOMEM) {
        op->rc = rc;
        rc = 1;
    }
    if (rc == 1) {
        op->is_resolved = true;
        op->change = mf_front_head(resolver->store->front);
    }
    return rc;
}
