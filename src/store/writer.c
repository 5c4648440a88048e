/* The writer thread: takes writes, commits them, tells of it. */
#include <stdio.h>

#include "store/internal.h"
#include "store/rows.h"
#include "store/sql.h"

/* A streak of failed commits. */
struct trouble {
    bool is_told;
    int64_t pause_ns;
};

/* Tell of a commit that finished the ops from `ops` up to `rest`. */
static void tell(struct mf_store *store, struct mf_commit *commit,
                 struct mf_store__op *ops, struct mf_store__op *rest)
{
    size_t size = 0;
    for (struct mf_store__op *op = ops; op != rest; op = op->next) {
        store->told_ticket = op->ticket;
        size += op->size;
    }
    commit->ticket = store->told_ticket;
    /* First: who waits for the backlog to go looks when a commit is told. */
    atomic_fetch_sub_explicit(&store->queue.backlog, size,
                              memory_order_relaxed);
    if (store->opts.on_commit)
        store->opts.on_commit(store->opts.user, commit);
    while (ops != rest) {
        struct mf_store__op *op = ops;
        ops = op->next;
        struct mf_record *record = op->row ? op->row->record : NULL;
        bool is_gone = op->row && !record; /* by a later write */
        if (op->done)
            op->done(op->user, is_gone ? MF_ENOENT : op->rc, record, op->count);
        mf_store__op_free(op);
    }
}

static void drop(struct mf_store *store, struct mf_store__op *ops)
{
    while (ops) {
        struct mf_store__op *op = ops;
        ops = op->next;
        if (op->done)
            op->done(op->user, MF_ECLOSED, NULL, 0);
        atomic_fetch_sub_explicit(&store->queue.backlog, op->size,
                                  memory_order_relaxed);
        mf_store__op_free(op);
    }
}

/* True if the store is closing. */
static bool wait_after_failure(struct mf_store *store, struct trouble *trouble,
                               const struct mf_err *err)
{
    if (!trouble->is_told && store->opts.on_failure)
        store->opts.on_failure(store->opts.user, err);
    trouble->is_told = true;
    trouble->pause_ns =
        trouble->pause_ns ? 2 * trouble->pause_ns : store->limits.retry_min_ns;
    if (trouble->pause_ns > store->limits.retry_max_ns)
        trouble->pause_ns = store->limits.retry_max_ns;
    return mf_store__queue_pause(&store->queue, trouble->pause_ns);
}

/*
 * Commit `ops`, in as many commits as it takes. False if some had to be
 * given up, because the store is closing and a last try failed too.
 */
static bool carry_out(struct mf_store *store, struct mf_store__op *ops,
                      struct trouble *trouble)
{
    bool is_last_try = false;
    do {
        struct mf_commit commit;
        struct mf_store__op *rest;
        struct mf_err err = {0};
        if (mf_batch_run(store->batch, ops, &commit, &rest, &err) == 0) {
            *trouble = (struct trouble){0};
            tell(store, &commit, ops, rest);
            ops = rest;
        } else if (is_last_try) {
            drop(store, ops);
            return false;
        } else {
            is_last_try = wait_after_failure(store, trouble, &err);
        }
    } while (ops);
    return true;
}

static int64_t count_free_pages(struct mf_store *store)
{
    int64_t count;
    return mf_sql_get_int(store->db, "PRAGMA freelist_count", &count, NULL)
               ? 0
               : count;
}

/*
 * Give pages that deletions freed back to the file system, some at a time.
 * True if it did: there may be more. (A database that was put together by
 * other hands may not be made for it.)
 */
static bool shrink(struct mf_store *store)
{
    enum { PAGES_AT_ONCE = 512 };
    char sql[64];
    int64_t free_pages = count_free_pages(store);
    int64_t count = free_pages - store->limits.free_pages;
    if (count <= 0)
        return false;
    snprintf(sql, sizeof sql, "PRAGMA incremental_vacuum(%lld)",
             (long long)(count < PAGES_AT_ONCE ? count : PAGES_AT_ONCE));
    return mf_sql_exec(store->db, sql, NULL) == 0 &&
           count_free_pages(store) < free_pages;
}

void *mf_store__write(void *arg)
{
    struct mf_store *store = arg;
    struct trouble trouble = {0};
    bool is_usable = true, may_shrink = true, is_closing = false;
    for (;;) {
        bool must_evict = mf_batch_must_evict(store->batch);
        struct mf_store__op *ops =
            mf_store__queue_take(&store->queue, &store->limits,
                                 must_evict || may_shrink, &is_closing);
        if (!ops && (is_closing || !is_usable))
            break;
        if (!is_usable) {
            drop(store, ops);
        } else if (ops || must_evict) {
            is_usable = carry_out(store, ops, &trouble);
            may_shrink = true;
        } else {
            may_shrink = shrink(store);
        }
    }
    return NULL;
}
