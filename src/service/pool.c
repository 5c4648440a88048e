#include "service/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "service/must.h"

enum {
    THREADS = 4,
    /* Where processors are short, whoever sends flows goes before whoever
     * looks at them: a third, and a fifth, of the share that others get. */
    READ_NICE = 4,
    SEARCH_NICE = 7,
};

struct queue {
    struct mf_job *first;
    struct mf_job **end;
};

struct thread {
    struct mf_pool *pool;
    pthread_t id;
    bool is_started;
    bool searches;
    struct mf_reader *reader;
};

struct mf_pool {
    struct mf_loop *loop;
    struct thread threads[THREADS];
    bool is_closed;

    pthread_mutex_t mutex; /* for all below */
    pthread_cond_t wake_search;
    pthread_cond_t wake_quick;
    struct queue quick;
    struct queue searches;
    struct queue done;
    bool is_quick_idle; /* the thread that does not search waits for a job */
    bool is_posted;     /* tell_done() will come */
    bool is_stopping;
};

static void queue_init(struct queue *queue)
{
    *queue = (struct queue){.end = &queue->first};
}

static void push(struct queue *queue, struct mf_job *job)
{
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
}

static struct mf_job *pop(struct queue *queue)
{
    struct mf_job *job = queue->first;
    if (job && !(queue->first = job->next))
        queue->end = &queue->first;
    return job;
}

/* ---- back on the loop ---- */

static void run_done(struct mf_pool *pool)
{
    for (;;) {
        pthread_mutex_lock(&pool->mutex);
        struct mf_job *job = pop(&pool->done);
        pthread_mutex_unlock(&pool->mutex);
        if (!job)
            return;
        job->done(job);
    }
}

static void pool_delete(struct mf_pool *pool)
{
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->wake_search);
    pthread_cond_destroy(&pool->wake_quick);
    free(pool);
}

static void tell_done(void *arg)
{
    struct mf_pool *pool = arg;
    pthread_mutex_lock(&pool->mutex);
    pool->is_posted = false;
    pthread_mutex_unlock(&pool->mutex);
    if (pool->is_closed)
        pool_delete(pool);
    else
        run_done(pool);
}

/* ---- the threads ---- */

/* What a job could not read and went on without. */
static void log_damage(struct mf_reader *reader)
{
    struct mf_err first;
    size_t count = mf_reader_take_damage(reader, &first);
    if (count > 1)
        mf_log(MF_LOG_ERROR, "the store is damaged in %zu places: %s, ...",
               count, first.text);
    else if (count)
        mf_log(MF_LOG_ERROR, "the store is damaged: %s", first.text);
}

/* With the mutex held. */
static struct mf_job *next_job(struct mf_pool *pool, bool searches)
{
    struct mf_job *job = pop(&pool->quick);
    return job || !searches ? job : pop(&pool->searches);
}

/* With the mutex held. */
static void wait_for_job(struct thread *thread)
{
    struct mf_pool *pool = thread->pool;
    if (thread->searches) {
        pthread_cond_wait(&pool->wake_search, &pool->mutex);
    } else {
        pool->is_quick_idle = true;
        pthread_cond_wait(&pool->wake_quick, &pool->mutex);
    }
}

static void *run_thread(void *arg)
{
    struct thread *thread = arg;
    struct mf_pool *pool = thread->pool;
    pthread_setname_np(pthread_self(), thread->searches ? "search" : "read");
    /* On Linux it is the thread's own. */
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid),
                thread->searches ? SEARCH_NICE : READ_NICE);
    pthread_mutex_lock(&pool->mutex);
    while (!pool->is_stopping) {
        struct mf_job *job = next_job(pool, thread->searches);
        if (!job) {
            wait_for_job(thread);
            continue;
        }
        pthread_mutex_unlock(&pool->mutex);
        job->work(job, thread->reader);
        log_damage(thread->reader);
        pthread_mutex_lock(&pool->mutex);
        push(&pool->done, job);
        if (!pool->is_posted) {
            pool->is_posted = true;
            mf_must(mf_loop_post(pool->loop, tell_done, pool) == 0);
        }
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

void mf_pool_run(struct mf_pool *pool, struct mf_job *job)
{
    job->was_dropped = pool->is_closed;
    if (pool->is_closed) {
        job->done(job);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    push(job->is_search ? &pool->searches : &pool->quick, job);
    if (!job->is_search && pool->is_quick_idle) {
        pool->is_quick_idle = false;
        pthread_cond_signal(&pool->wake_quick);
    } else {
        pthread_cond_signal(&pool->wake_search);
    }
    pthread_mutex_unlock(&pool->mutex);
}

/* ---- life ---- */

static int start_thread(struct mf_pool *pool, size_t index,
                        struct mf_store *store, struct mf_err *err)
{
    struct thread *thread = &pool->threads[index];
    thread->pool = pool;
    thread->searches = index > 0;
    int rc = mf_reader_open(store, &thread->reader, err);
    if (rc)
        return rc;
    if (pthread_create(&thread->id, NULL, run_thread, thread))
        return mf_err_set(err, MF_ENOMEM, "cannot start a thread");
    thread->is_started = true;
    return 0;
}

int mf_pool_new(struct mf_loop *loop, struct mf_store *store,
                struct mf_pool **ret_pool, struct mf_err *err)
{
    struct mf_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    pool->loop = loop;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake_search, NULL);
    pthread_cond_init(&pool->wake_quick, NULL);
    queue_init(&pool->quick);
    queue_init(&pool->searches);
    queue_init(&pool->done);
    for (size_t i = 0; i < THREADS; i++) {
        int rc = start_thread(pool, i, store, err);
        if (rc) {
            mf_pool_free(pool);
            return rc;
        }
    }
    *ret_pool = pool;
    return 0;
}

static void stop_threads(struct mf_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->is_stopping = true;
    pthread_cond_broadcast(&pool->wake_search);
    pthread_cond_broadcast(&pool->wake_quick);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < THREADS; i++) {
        struct thread *thread = &pool->threads[i];
        if (thread->is_started)
            pthread_join(thread->id, NULL);
        mf_reader_close(thread->reader);
    }
}

void mf_pool_free(struct mf_pool *pool)
{
    if (!pool)
        return;
    stop_threads(pool);
    pool->is_closed = true;
    run_done(pool);
    struct mf_job *job;
    while ((job = next_job(pool, true))) {
        job->was_dropped = true;
        job->done(job);
    }
    /* A post that is under way finds it, and is the last to. */
    if (!pool->is_posted)
        pool_delete(pool);
}
