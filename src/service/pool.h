/*
 * mf_pool: runs reads of the store off the loop, each with a reader of its
 * own, a few at a time; the rest wait in order.
 *
 * Thread:  the loop's.
 */
#ifndef MF_SERVICE_POOL_H
#define MF_SERVICE_POOL_H

#include <stdbool.h>

#include "net/loop.h"
#include "store/reader.h"

struct mf_pool;

int mf_pool_new(struct mf_loop *loop, struct mf_store *store,
                struct mf_pool **ret_pool, struct mf_err *err);

/* No job may be left. NULL is allowed. */
void mf_pool_free(struct mf_pool *pool);

/*
 * Part of every job, first member of the caller's own struct. The caller
 * keeps it alive until `done`, which always runs, on the loop.
 */
struct mf_job {
    /* On a pool thread. */
    void (*work)(struct mf_job *job, struct mf_reader *reader);
    /* On the loop. */
    void (*done)(struct mf_job *job);
    bool is_search; /* may take long: leaves a reader to others */
    /* The pool's own. */
    struct mf_pool *pool;
    struct mf_job *next;
    struct mf_reader *reader;
};

/* Run the job as soon as a reader is free. */
void mf_pool_run(struct mf_pool *pool, struct mf_job *job);

#endif
