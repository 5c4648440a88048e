#include "store/store.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "store/internal.h"
#include "store/schema.h"
#include "store/sql.h"

enum {
    NAME_MAX_LEN = 255,           /* of a source or session */
    SNAPSHOT_MAX_LEN = 900000000, /* SQLite takes values of up to 1e9 bytes */
    WRITE_OVERHEAD = 1024,        /* what a queued snapshot takes beside it */
};

const struct mf_store__limits mf_store__default_limits = {
    .batch_count = 2000,
    .batch_bytes = 8 << 20,
    .gather_ns = 20 * INT64_C(1000000),
    .chunk_count = 2000, /* not less than come in one commit */
    .tombstones = 100000,
    .changes_bytes = 32 << 20,
    .free_pages = 2048,
    .retry_min_ns = 10 * INT64_C(1000000),
    .retry_max_ns = 5 * INT64_C(1000000000),
};

static int read_epoch(struct mf_store *store, struct mf_err *err)
{
    static const char *const sql[] = {"SELECT epoch FROM store"};
    sqlite3_stmt *stmt;
    int rc = mf_sql_prepare(store->db, sql, 1, &stmt, err);
    if (rc)
        return rc;
    rc = mf_sql_step(stmt, err);
    if (rc == 1)
        snprintf(store->epoch, sizeof store->epoch, "%s",
                 (const char *)sqlite3_column_text(stmt, 0));
    mf_sql_finalize(&stmt, 1);
    if (rc == 0)
        return mf_err_set(err, MF_ECORRUPT, "store without counters");
    return rc == 1 ? 0 : rc;
}

static int open_database(struct mf_store *store, struct mf_err *err)
{
    struct mf_err cause = {0};
    int rc = mf_store__open_db(store->dir.path, &store->db, &cause);
    if (!rc)
        rc = read_epoch(store, &cause);
    if (!rc)
        rc = mf_batch_new(store->db, &store->limits, store->opts.max_flows,
                          &store->batch, &cause);
    if (!rc)
        rc = mf_batch_cut_off_all(store->batch, &cause);
    return rc ? mf_err_set(err, rc, "%s: %s", store->dir.path, cause.text) : 0;
}

/* Signals are the main thread's. */
static int start_writer(struct mf_store *store)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&store->writer, NULL, mf_store__write, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc ? MF_ENOMEM : 0;
}

static void free_store(struct mf_store *store)
{
    mf_batch_free(store->batch);
    sqlite3_close(store->db);
    mf_store__dir_close(&store->dir);
    free(store);
}

int mf_store__open(const struct mf_store_opts *opts,
                   const struct mf_store__limits *limits,
                   struct mf_store **ret_store, struct mf_err *err)
{
    struct mf_store *store = calloc(1, sizeof *store);
    if (!store)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    store->opts = *opts;
    store->opts.dir = NULL;
    store->limits = *limits;
    int rc = mf_store__dir_open(opts->dir, &store->dir, err);
    if (rc) {
        free(store);
        return rc;
    }
    rc = open_database(store, err);
    if (!rc && mf_store__queue_init(&store->queue))
        rc = mf_err_set(err, MF_ENOMEM, "out of memory");
    else if (!rc && (rc = start_writer(store))) {
        mf_store__queue_release(&store->queue);
        mf_err_set(err, rc, "cannot start a thread");
    }
    if (rc) {
        free_store(store);
        return rc;
    }
    *ret_store = store;
    return 0;
}

int mf_store_open(const struct mf_store_opts *opts, struct mf_store **ret_store,
                  struct mf_err *err)
{
    return mf_store__open(opts, &mf_store__default_limits, ret_store, err);
}

void mf_store_close(struct mf_store *store)
{
    if (!store)
        return;
    mf_store__queue_close(&store->queue);
    pthread_join(store->writer, NULL);
    assert(!store->queue.first);
    mf_store__queue_release(&store->queue);
    mf_batch_free(store->batch);
    store->batch = NULL;
    sqlite3_exec(store->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL,
                 NULL);
    free_store(store);
}

const char *mf_store_epoch(const struct mf_store *store)
{
    return store->epoch;
}

size_t mf_store_backlog(const struct mf_store *store)
{
    return atomic_load_explicit(&store->queue.backlog, memory_order_relaxed);
}

/* An op with `text_len` bytes of room for its texts, zeroed. */
static struct mf_store__op *new_op(enum mf_store__kind kind, size_t text_len)
{
    struct mf_store__op *op = calloc(1, sizeof *op + text_len);
    if (op)
        op->kind = kind;
    return op;
}

static bool is_name(const char *name)
{
    return strlen(name) <= NAME_MAX_LEN;
}

int mf_store_put(struct mf_store *store, struct mf_flow *flow,
                 const char *source, const char *session, uint64_t *ret_ticket)
{
    size_t len;
    mf_flow_snapshot(flow, &len);
    if (!is_name(source) || !is_name(session) || len > SNAPSHOT_MAX_LEN)
        return MF_EINVAL;
    size_t source_len = strlen(source) + 1, session_len = strlen(session) + 1;
    struct mf_store__op *op = new_op(MF_STORE__PUT, source_len + session_len);
    if (!op)
        return MF_ENOMEM;
    memcpy(op->text, source, source_len);
    memcpy(op->text + source_len, session, session_len);
    op->source = op->text;
    op->session = op->text + source_len;
    op->flow = mf_flow_ref(flow);
    op->size = len + WRITE_OVERHEAD;
    mf_store__queue_push(&store->queue, op, &store->limits, ret_ticket);
    return 0;
}

int mf_store_cut_off(struct mf_store *store, const char *session,
                     uint64_t *ret_ticket)
{
    if (!is_name(session))
        return MF_EINVAL;
    size_t len = strlen(session) + 1;
    struct mf_store__op *op = new_op(MF_STORE__CUT_OFF, len);
    if (!op)
        return MF_ENOMEM;
    memcpy(op->text, session, len);
    op->session = op->text;
    mf_store__queue_push(&store->queue, op, &store->limits, ret_ticket);
    return 0;
}

/* An op that refers to flows, with room for `text_len` bytes behind the
 * copied ids at *ret_text. */
static struct mf_store__op *new_op_for(enum mf_store__kind kind,
                                       const struct mf_flow_ref *refs,
                                       size_t count, size_t text_len,
                                       char **ret_text)
{
    size_t ids_len = 0;
    for (size_t i = 0; i < count; i++)
        ids_len += refs[i].id.len;
    struct mf_store__op *op = new_op(kind, ids_len + text_len);
    if (!op)
        return NULL;
    op->refs = calloc(count ? count : 1, sizeof *op->refs);
    if (!op->refs) {
        mf_store__op_free(op);
        return NULL;
    }
    char *text = op->text;
    for (size_t i = 0; i < count; i++) {
        op->refs[i].number = refs[i].number;
        op->refs[i].id = (struct mf_span){text, refs[i].id.len};
        if (refs[i].id.len)
            memcpy(text, refs[i].id.text, refs[i].id.len);
        text += refs[i].id.len;
    }
    op->ref_count = count;
    *ret_text = text;
    return op;
}

static void push(struct mf_store *store, struct mf_store__op *op,
                 mf_store_done *done, void *user)
{
    op->done = done;
    op->user = user;
    mf_store__queue_push(&store->queue, op, &store->limits, NULL);
}

int mf_store_update(struct mf_store *store, const struct mf_flow_ref *ref,
                    const struct mf_update *update, mf_store_done *done,
                    void *user)
{
    size_t note_len = update->note ? strlen(update->note) + 1 : 0;
    char *text;
    struct mf_store__op *op =
        new_op_for(MF_STORE__UPDATE, ref, 1, note_len, &text);
    if (!op)
        return MF_ENOMEM;
    op->sets_pinned = update->pinned != NULL;
    op->pinned = update->pinned && *update->pinned;
    if (update->note)
        op->note = memcpy(text, update->note, note_len);
    push(store, op, done, user);
    return 0;
}

int mf_store_delete(struct mf_store *store, const struct mf_flow_ref *refs,
                    size_t count, mf_store_done *done, void *user)
{
    char *text;
    struct mf_store__op *op =
        new_op_for(MF_STORE__DELETE, refs, count, 0, &text);
    if (!op)
        return MF_ENOMEM;
    push(store, op, done, user);
    return 0;
}

int mf_store_delete_all(struct mf_store *store, mf_store_done *done, void *user)
{
    struct mf_store__op *op = new_op(MF_STORE__DELETE_ALL, 0);
    if (!op)
        return MF_ENOMEM;
    push(store, op, done, user);
    return 0;
}
