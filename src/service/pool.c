#include "service/pool.h"

#include <assert.h>
#include <stdlib.h>

enum { READERS = 4, SEARCHES_MAX = READERS - 1 };

struct mf_pool {
    struct mf_loop *loop;
    struct mf_reader *free[READERS];
    size_t free_count;
    size_t searches;      /* under way */
    struct mf_job *first; /* waiting */
    struct mf_job **last;
};

int mf_pool_new(struct mf_loop *loop, struct mf_store *store,
                struct mf_pool **ret_pool, struct mf_err *err)
{
    struct mf_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    pool->loop = loop;
    pool->last = &pool->first;
    for (; pool->free_count < READERS; pool->free_count++) {
        int rc = mf_reader_open(store, &pool->free[pool->free_count], err);
        if (rc) {
            mf_pool_free(pool);
            return rc;
        }
    }
    *ret_pool = pool;
    return 0;
}

void mf_pool_free(struct mf_pool *pool)
{
    if (!pool)
        return;
    assert(!pool->first);
    while (pool->free_count)
        mf_reader_close(pool->free[--pool->free_count]);
    free(pool);
}

static void start_waiting(struct mf_pool *pool);

static void on_work(void *arg)
{
    struct mf_job *job = arg;
    job->work(job, job->reader);
}

static void on_done(void *arg)
{
    struct mf_job *job = arg;
    struct mf_pool *pool = job->pool;
    pool->free[pool->free_count++] = job->reader;
    pool->searches -= job->is_search;
    start_waiting(pool);
    job->done(job);
}

/* The first waiting job that may run now, taken out; or NULL. */
static struct mf_job *next_job(struct mf_pool *pool)
{
    struct mf_job **link = &pool->first;
    while (*link && (*link)->is_search && pool->searches >= SEARCHES_MAX)
        link = &(*link)->next;
    struct mf_job *job = *link;
    if (!job)
        return NULL;
    *link = job->next;
    if (!job->next)
        pool->last = link;
    return job;
}

static void start_waiting(struct mf_pool *pool)
{
    struct mf_job *job;
    while (pool->free_count && (job = next_job(pool))) {
        job->reader = pool->free[--pool->free_count];
        pool->searches += job->is_search;
        if (mf_loop_work(pool->loop, on_work, on_done, job)) {
            on_work(job); /* no memory to hand it over: do it here */
            on_done(job);
        }
    }
}

void mf_pool_run(struct mf_pool *pool, struct mf_job *job)
{
    job->pool = pool;
    job->next = NULL;
    *pool->last = job;
    pool->last = &job->next;
    start_waiting(pool);
}
