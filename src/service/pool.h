/*
 * mf_pool: threads that read the store, each with a reader of its own, so
 * that the loop never waits for the disk or for a search.
 *
 * They have a lower priority than the rest of the server, so that whoever looks
 * at flows does not take the processor from those who send them. Searches run
 * on all threads but one, at a still lower one.
 *
 * Thread:  the loop's.
 */
#ifndef MF_SERVICE_POOL_H
#define MF_SERVICE_POOL_H

#include <stdbool.h>

#include "net/loop.h"
#include "store/reader.h"

struct mf_pool;

/* Errors as mf_reader_open(), and MF_ENOMEM. */
int mf_pool_new(struct mf_loop *loop, struct mf_store *store,
                struct mf_pool **ret_pool, struct mf_err *err);

/* Wait for the jobs that run and drop those that wait; all are done after
 * it. NULL is allowed. */
void mf_pool_free(struct mf_pool *pool);

/*
 * Part of every job, first member of the caller's own struct. The caller
 * keeps it alive until `done`, which always runs, on the loop's thread.
 */
struct mf_job {
    /* On a pool thread. */
    void (*work)(struct mf_job *job, struct mf_reader *reader);
    void (*done)(struct mf_job *job);
    bool is_search;      /* may take long: leaves a thread to others */
    bool was_dropped;    /* in `done`: it did not run, as the pool is gone */
    struct mf_job *next; /* the pool's own */
};

/* Run the job as soon as a thread is free; jobs of a kind run in order. What
 * takes long is cut into several, so that others get their turns. */
void mf_pool_run(struct mf_pool *pool, struct mf_job *job);

#endif
