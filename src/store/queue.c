#include "store/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

int mf_store__queue_init(struct mf_store__queue *queue)
{
    pthread_condattr_t attr;
    *queue = (struct mf_store__queue){.last = &queue->first};
    if (pthread_mutex_init(&queue->mutex, NULL))
        return MF_ENOMEM;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int rc = pthread_cond_init(&queue->ready, &attr);
    pthread_condattr_destroy(&attr);
    if (rc)
        pthread_mutex_destroy(&queue->mutex);
    return rc ? MF_ENOMEM : 0;
}

void mf_store__queue_release(struct mf_store__queue *queue)
{
    pthread_cond_destroy(&queue->ready);
    pthread_mutex_destroy(&queue->mutex);
}

static bool has_plenty(const struct mf_store__queue *queue,
                       const struct mf_store__limits *limits)
{
    return queue->count >= limits->batch_count ||
           queue->bytes >= limits->batch_bytes;
}

void mf_store__queue_push(struct mf_store__queue *queue,
                          struct mf_store__op *op,
                          const struct mf_store__limits *limits,
                          uint64_t *ret_ticket)
{
    op->queued_ns = mf_clock_mono_ns();
    atomic_fetch_add_explicit(&queue->backlog, op->size, memory_order_relaxed);
    pthread_mutex_lock(&queue->mutex);
    bool had_plenty = has_plenty(queue, limits);
    op->ticket = ++queue->ticket;
    if (ret_ticket)
        *ret_ticket = op->ticket;
    op->next = NULL;
    *queue->last = op;
    queue->last = &op->next;
    queue->count++;
    queue->bytes += op->size;
    /* While it gathers, the writer needs no word of every single write. */
    if (queue->count == 1 || (!had_plenty && has_plenty(queue, limits)))
        pthread_cond_signal(&queue->ready);
    pthread_mutex_unlock(&queue->mutex);
}

static struct timespec timespec_of(int64_t mono_ns)
{
    return (struct timespec){.tv_sec = mono_ns / MF_NS_PER_S,
                             .tv_nsec = mono_ns % MF_NS_PER_S};
}

/* With the mutex: wait until `mono_ns` or a signal; false: time is up. */
static bool wait_until(struct mf_store__queue *queue, int64_t mono_ns)
{
    struct timespec until = timespec_of(mono_ns);
    return pthread_cond_timedwait(&queue->ready, &queue->mutex, &until) !=
           ETIMEDOUT;
}

static struct mf_store__op *cut_batch(struct mf_store__queue *queue,
                                      const struct mf_store__limits *limits)
{
    struct mf_store__op *first = queue->first, **end = &queue->first;
    size_t count = 0, bytes = 0;
    while (*end && count < limits->batch_count &&
           (count == 0 || bytes + (*end)->size <= limits->batch_bytes)) {
        /* Deleting everything is a commit of its own. */
        if (count > 0 && (*end)->kind == MF_STORE__DELETE_ALL)
            break;
        bool is_last = (*end)->kind == MF_STORE__DELETE_ALL;
        count++;
        bytes += (*end)->size;
        end = &(*end)->next;
        if (is_last)
            break;
    }
    if (count == 0)
        return NULL;
    queue->first = *end;
    *end = NULL;
    if (!queue->first)
        queue->last = &queue->first;
    queue->count -= count;
    queue->bytes -= bytes;
    return first;
}

struct mf_store__op *mf_store__queue_take(struct mf_store__queue *queue,
                                          const struct mf_store__limits *limits,
                                          bool is_busy, bool *ret_is_closing)
{
    pthread_mutex_lock(&queue->mutex);
    while (!queue->first && !queue->closing && !is_busy)
        pthread_cond_wait(&queue->ready, &queue->mutex);
    while (queue->first && !queue->closing && !has_plenty(queue, limits) &&
           wait_until(queue, queue->first->queued_ns + limits->gather_ns))
        ;
    struct mf_store__op *ops = cut_batch(queue, limits);
    *ret_is_closing = queue->closing;
    pthread_mutex_unlock(&queue->mutex);
    return ops;
}

bool mf_store__queue_pause(struct mf_store__queue *queue, int64_t pause_ns)
{
    int64_t until_ns = mf_clock_mono_ns() + pause_ns;
    pthread_mutex_lock(&queue->mutex);
    while (!queue->closing && wait_until(queue, until_ns))
        ;
    bool closing = queue->closing;
    pthread_mutex_unlock(&queue->mutex);
    return closing;
}

void mf_store__queue_close(struct mf_store__queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->closing = true;
    pthread_cond_signal(&queue->ready);
    pthread_mutex_unlock(&queue->mutex);
}

void mf_store__op_free(struct mf_store__op *op)
{
    if (!op)
        return;
    mf_flow_unref(op->flow);
    free(op->refs);
    free(op);
}
