/* The writer thread: takes what is dirty, commits it, tells of it. */
#include <stdio.h>

#include "base/clock.h"
#include "store/batch.h"
#include "store/internal.h"
#include "store/resolve.h"

struct writer {
    struct mf_store *store;
    struct mf_ops resolved; /* not durable yet, in order */
    bool must_go_on;        /* with an op, or upkeep */
    bool is_told;           /* of failing commits */
    bool is_told_upkeep;
    int64_t pause_ns;
    int64_t upkeep_ns; /* when it comes again without a commit */
    bool has_given_up;
};

static void finish(struct mf_op *op, int rc)
{
    if (op->done)
        op->done(op->user, rc, rc ? NULL : op->record, op->count);
    mf_op_free(op);
}

/* ---- ops ---- */

static void run_ops(struct writer *writer)
{
    struct mf_store *store = writer->store;
    struct mf_op *op;
    while ((op = mf_front_first_op(store->front))) {
        int rc = op->is_resolved ? 1 : mf_resolver_run(store->resolver, op);
        if (rc < 0) {
            writer->must_go_on = true;
            if (!mf_front_pause(store->front, store->limits.retry_min_ns))
                return;
            op->rc = rc; /* the store closes */
        }
        if (rc == 0) {
            writer->must_go_on = true;
            return;
        }
        /* Its ticket is told in order, so it stays in line. */
        if (op->ticket && !mf_front_is_durable(store->front, op->change))
            return;
        mf_front_pop_op(store->front);
        mf_ops_push(&writer->resolved, op);
    }
}

static void finish_ops(struct writer *writer)
{
    struct mf_front *front = writer->store->front;
    while (writer->resolved.first &&
           mf_front_is_durable(front, writer->resolved.first->change)) {
        struct mf_op *op = mf_ops_pop(&writer->resolved);
        finish(op, op->rc);
    }
}

static void drop_ops(struct writer *writer)
{
    struct mf_front *front = writer->store->front;
    for (struct mf_op *op; (op = mf_ops_pop(&writer->resolved));)
        finish(op, MF_ECLOSED);
    for (struct mf_op *op; (op = mf_front_first_op(front));) {
        mf_front_pop_op(front);
        finish(op, MF_ECLOSED);
    }
}

/* ---- commits ---- */

/* True if the store is closing. */
static bool wait_after_failure(struct writer *writer, const struct mf_err *err)
{
    struct mf_store *store = writer->store;
    mf_front_set_failing(store->front, err->code ? err->code : MF_EIO);
    if (!writer->is_told && store->opts.on_failure)
        store->opts.on_failure(store->opts.user, err);
    writer->is_told = true;
    writer->pause_ns =
        writer->pause_ns ? 2 * writer->pause_ns : store->limits.retry_min_ns;
    if (writer->pause_ns > store->limits.retry_max_ns)
        writer->pause_ns = store->limits.retry_max_ns;
    return mf_front_pause(store->front, writer->pause_ns);
}

/* False if what was taken had to be given up: the store is closing, and a
 * last try failed too. */
static bool commit(struct writer *writer, struct mf_taken *taken)
{
    struct mf_store *store = writer->store;
    bool is_last_try = false;
    for (;;) {
        struct mf_err err = {0};
        err.code = mf_batch_run(store->batch, taken, &err);
        if (!err.code)
            break;
        if (is_last_try)
            return false;
        is_last_try = wait_after_failure(writer, &err);
    }
    if (writer->is_told)
        mf_front_set_failing(store->front, 0);
    writer->is_told = false;
    writer->pause_ns = 0;
    return true;
}

static void tell(struct writer *writer)
{
    struct mf_store *store = writer->store;
    uint64_t ticket = mf_front_tell(store->front);
    if (store->opts.on_commit)
        store->opts.on_commit(store->opts.user, ticket);
    finish_ops(writer);
}

static void commit_dirty(struct writer *writer)
{
    struct mf_store *store = writer->store;
    struct mf_taken taken;
    if (mf_front_take(store->front, store->limits.batch_bytes, &taken)) {
        mf_front_pause(store->front, store->limits.retry_min_ns);
        return;
    }
    if (!commit(writer, &taken)) {
        mf_front_dropped(store->front, &taken);
        writer->has_given_up = true;
        return;
    }
    mf_front_committed(store->front, &taken, mf_batch_data_bytes(store->batch));
    tell(writer);
}

static void keep_up(struct writer *writer)
{
    struct mf_store *store = writer->store;
    struct mf_err err = {0};
    bool more = false;
    int rc = mf_upkeep_step(store->upkeep, &more, &err);
    if (rc && !writer->is_told_upkeep && store->opts.on_failure)
        store->opts.on_failure(store->opts.user, &err);
    writer->is_told_upkeep = rc != 0;
    writer->must_go_on |= more && !rc;
    writer->upkeep_ns = mf_upkeep_due_ns(store->upkeep, mf_clock_mono_ns());
}

/* One round; false: it is over. */
static bool work(struct writer *writer)
{
    struct mf_store *store = writer->store;
    struct mf_front_work work;
    int64_t until_ns = writer->must_go_on ? 0 : writer->upkeep_ns;
    mf_front_wait(store->front, store->limits.gather_ns, until_ns, &work);
    bool was_going_on = writer->must_go_on;
    writer->must_go_on = false;
    if (work.has_ops)
        run_ops(writer);
    /* What ops made dirty, or the rest at the end, is not waited for. */
    mf_front_wait(store->front, work.has_ops ? 0 : store->limits.gather_ns, 0,
                  &work);
    if (work.has_dirty)
        commit_dirty(writer);
    else if (work.has_tickets || writer->resolved.first)
        tell(writer);
    if (writer->has_given_up)
        return false;
    if (work.is_closing)
        return work.has_dirty || work.has_ops;
    if (work.has_dirty || was_going_on ||
        mf_clock_mono_ns() >= writer->upkeep_ns)
        keep_up(writer);
    return true;
}

void *mf_store__write(void *arg)
{
    struct writer writer = {.store = arg};
    mf_ops_init(&writer.resolved);
    while (work(&writer))
        ;
    drop_ops(&writer);
    writer.store->is_complete = !writer.has_given_up;
    return NULL;
}
