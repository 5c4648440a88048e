#include "store/store.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "store/batch.h"
#include "store/internal.h"
#include "store/lookup.h"
#include "store/recover.h"
#include "store/resolve.h"
#include "store/schema.h"
#include "store/sql.h"

enum {
    NAME_MAX_LEN = 255,           /* of a source or session */
    SNAPSHOT_MAX_LEN = 900000000, /* SQLite takes values of up to 1e9 bytes */
};

const struct mf_store__limits mf_store__default_limits = {
    .batch_bytes = 8 << 20,
    .gather_ns = 50 * INT64_C(1000000),
    .chunk_count = 2000,
    .delete_count = 5000,
    .tombstones = 100000,
    .live_count = 20000,
    .block_bytes = 384 << 10,
    .connections = MF_CONNECTIONS_MAX,
    .linger_ns = 600 * INT64_C(1000000000),
    .free_pages = 2048,
    .retry_min_ns = 10 * INT64_C(1000000),
    .retry_max_ns = 5 * INT64_C(1000000000),
};

/* ---- opening ---- */

static int open_front(struct mf_store *store, struct mf_err *err)
{
    struct mf_front_opts opts = {
        .path = store->dir.path,
        .live_count = store->limits.live_count,
        .batch_bytes = store->limits.batch_bytes,
        .on_changes = store->opts.on_changes,
        .user = store->opts.user,
    };
    int rc = mf_store__recover(store->db, &opts, store->epoch, err);
    if (rc)
        return rc;
    store->names = mf_names_new();
    if (!store->names)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    rc = mf_names_load(store->names, store->db, err);
    opts.names = store->names;
    return rc ? rc : mf_front_new(&opts, &store->front, err);
}

static int open_writer(struct mf_store *store, struct mf_err *err)
{
    int rc = mf_recent_new(store->db, &store->recent, err);
    if (!rc)
        rc = mf_aside_tables_new(store->db, store->limits.connections,
                                 &store->asides, err);
    if (!rc)
        rc = mf_batch_new(store, &store->batch, err);
    if (!rc)
        rc = mf_resolver_new(store, &store->resolver, err);
    return rc ? rc : mf_upkeep_new(store, &store->upkeep, err);
}

static int open_database(struct mf_store *store, struct mf_err *err)
{
    struct mf_err cause = {0};
    int rc = mf_store__open_db(store->dir.path, &store->db, &cause);
    if (!rc)
        rc = open_front(store, &cause);
    if (!rc)
        rc = open_writer(store, &cause);
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
    mf_upkeep_free(store->upkeep);
    mf_resolver_free(store->resolver);
    mf_batch_free(store->batch);
    mf_aside_tables_free(store->asides);
    mf_recent_free(store->recent);
    mf_front_free(store->front);
    mf_names_free(store->names);
    if (store->is_complete && mf_store__mark_clean(store->db, NULL) == 0)
        sqlite3_exec(store->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL,
                     NULL);
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
    if (!rc && (rc = start_writer(store)))
        mf_err_set(err, rc, "cannot start a thread");
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
    mf_front_close(store->front);
    pthread_join(store->writer, NULL);
    free_store(store);
}

/* ---- what it is like ---- */

const char *mf_store_epoch(const struct mf_store *store)
{
    return store->epoch;
}

uint64_t mf_store_older_frames(const struct mf_store *store)
{
    return store->older_frames;
}

void mf_store_stats(const struct mf_store *store,
                    struct mf_store_stats *ret_stats)
{
    mf_front_stats(store->front, ret_stats);
}

size_t mf_store_backlog(const struct mf_store *store)
{
    return mf_front_backlog(store->front);
}

size_t mf_store_take_changes(struct mf_store *store, struct mf_change *changes,
                             size_t max)
{
    return mf_front_take_changes(store->front, changes, max);
}

bool mf_store_change_is_durable(const struct mf_store *store, uint64_t change)
{
    return mf_front_is_durable(store->front, change);
}

size_t mf_store__find_numbers(struct mf_store *store, struct mf_span id,
                              uint64_t *numbers, size_t max)
{
    return mf_front_find_numbers(store->front, id, numbers, max);
}

int mf_store__settle(struct mf_store *store, uint64_t number)
{
    return mf_front_settle(store->front, number);
}

struct mf_names *mf_store__names(struct mf_store *store)
{
    return store->names;
}

/* ---- writes ---- */

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
    return mf_front_put(store->front, flow, source, session, ret_ticket);
}

int mf_store_append(struct mf_store *store, const struct mf_append *append,
                    const char *source, const char *session,
                    uint64_t *ret_ticket)
{
    if (!is_name(source) || !is_name(session) ||
        append->messages.len > SNAPSHOT_MAX_LEN)
        return MF_EINVAL;
    return mf_front_append(store->front, append, source, session, ret_ticket);
}

int mf_store_put_connection(struct mf_store *store,
                            const struct mf_connection *connection,
                            const char *source, uint64_t *ret_ticket)
{
    return is_name(source) ? mf_front_put_connection(store->front, connection,
                                                     source, ret_ticket)
                           : MF_EINVAL;
}

int mf_store_put_loss(struct mf_store *store, const struct mf_loss *loss,
                      const char *source, bool *ret_is_new,
                      uint64_t *ret_ticket)
{
    return is_name(source) ? mf_front_put_loss(store->front, loss, source,
                                               ret_is_new, ret_ticket)
                           : MF_EINVAL;
}

void mf_store_each_loss(struct mf_store *store, uint64_t after,
                        mf_store_visit_loss *visit, void *user)
{
    mf_front_each_loss(store->front, after, visit, user);
}

int mf_store_put_descriptor(struct mf_store *store, uint64_t number,
                            struct mf_span name, struct mf_span bytes)
{
    return mf_front_put_descriptor(store->front, number, name, bytes);
}

uint64_t mf_store__key(const struct mf_store *store, struct mf_span id)
{
    return mf_front_key(store->front, id);
}

struct mf_flow *mf_store_held(struct mf_store *store, const char *source,
                              struct mf_span id)
{
    return mf_front_held(store->front, source, id);
}

static int ask(struct mf_store *store, struct mf_op *op, mf_store_done *done,
               void *user, uint64_t *ret_ticket)
{
    if (!op)
        return MF_ENOMEM;
    op->done = done;
    op->user = user;
    mf_front_ask(store->front, op, ret_ticket);
    return 0;
}

int mf_store_cut_off(struct mf_store *store, const char *session,
                     uint64_t *ret_ticket)
{
    if (!is_name(session))
        return MF_EINVAL;
    return ask(store, mf_op_new_cut_off(session), NULL, NULL, ret_ticket);
}

int mf_store_update(struct mf_store *store, const struct mf_flow_ref *ref,
                    const struct mf_update *update, mf_store_done *done,
                    void *user)
{
    struct mf_op *op = mf_op_new(MF_OP_UPDATE, ref, 1, update->note);
    if (op) {
        op->sets_pinned = update->pinned != NULL;
        op->pinned = update->pinned && *update->pinned;
    }
    return ask(store, op, done, user, NULL);
}

int mf_store_delete(struct mf_store *store, const struct mf_flow_ref *refs,
                    size_t count, mf_store_done *done, void *user)
{
    return ask(store, mf_op_new(MF_OP_DELETE, refs, count, NULL), done, user,
               NULL);
}

int mf_store_delete_all(struct mf_store *store, mf_store_done *done, void *user)
{
    return ask(store, mf_op_new(MF_OP_DELETE_ALL, NULL, 0, NULL), done, user,
               NULL);
}
