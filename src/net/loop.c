#include "net/loop_impl.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct post {
    struct post *next;
    void (*fn)(void *arg);
    void *arg;
};

struct work {
    uv_work_t req;
    struct mf_loop *loop;
    void (*work)(void *arg);
    void (*done)(void *arg);
    void *arg;
};

struct signal_watch {
    uv_signal_t handle;
    struct signal_watch *next;
    void (*fn)(void *arg, int signum);
    void *arg;
};

struct mf_timer {
    uv_timer_t handle;
    struct mf_loop *loop; /* NULL once the loop is gone */
    struct mf_timer *next;
    struct mf_timer *prev;
    void (*fn)(void *arg);
    void *arg;
};

struct mf_loop {
    uv_loop_t uv;
    uv_async_t async;
    uv_idle_t idle; /* runs while something is deferred */
    pthread_mutex_t mutex;
    struct post *posts; /* under mutex */
    struct post **posts_end;
    bool is_signalled;            /* under mutex: async is under way */
    struct mf_deferred deferred;  /* head of a ring */
    struct mf_timer timers;       /* head of a ring */
    struct signal_watch *signals; /* handles live until the loop ends */
    size_t works;
};

uv_loop_t *mf_loop__uv(struct mf_loop *loop)
{
    return &loop->uv;
}

/* ---- Posts ---- */

static struct post *take_posts(struct mf_loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    struct post *posts = loop->posts;
    loop->posts = NULL;
    loop->posts_end = &loop->posts;
    loop->is_signalled = false;
    pthread_mutex_unlock(&loop->mutex);
    return posts;
}

static bool run_posts(struct mf_loop *loop)
{
    struct post *post = take_posts(loop);
    bool any = post;
    while (post) {
        struct post *next = post->next;
        post->fn(post->arg);
        free(post);
        post = next;
    }
    return any;
}

static void on_async(uv_async_t *async)
{
    run_posts(async->data);
}

int mf_loop_post(struct mf_loop *loop, void (*fn)(void *arg), void *arg)
{
    struct post *post = malloc(sizeof *post);
    if (!post)
        return MF_ENOMEM;
    *post = (struct post){.fn = fn, .arg = arg};
    pthread_mutex_lock(&loop->mutex);
    *loop->posts_end = post;
    loop->posts_end = &post->next;
    /* Sent inside the lock so that mf_loop_free() cannot overtake it. */
    if (!loop->is_signalled) {
        loop->is_signalled = true;
        uv_async_send(&loop->async);
    }
    pthread_mutex_unlock(&loop->mutex);
    return 0;
}

/* ---- Deferred calls ---- */

void mf_deferred__init(struct mf_deferred *deferred, void (*fn)(void *arg),
                       void *arg)
{
    *deferred = (struct mf_deferred){.fn = fn, .arg = arg};
}

static void unlink_deferred(struct mf_deferred *deferred)
{
    deferred->prev->next = deferred->next;
    deferred->next->prev = deferred->prev;
    deferred->is_queued = false;
}

static bool run_deferred(struct mf_loop *loop)
{
    struct mf_deferred *head = &loop->deferred;
    if (head->next == head)
        return false;
    /* What is deferred from now on runs next time, after a look at I/O. */
    struct mf_deferred last = {0};
    last.prev = head->prev;
    last.next = head;
    last.prev->next = &last;
    head->prev = &last;
    while (head->next != &last) {
        struct mf_deferred *deferred = head->next;
        unlink_deferred(deferred);
        deferred->fn(deferred->arg);
    }
    unlink_deferred(&last);
    return true;
}

static void on_idle(uv_idle_t *idle)
{
    struct mf_loop *loop = idle->data;
    run_deferred(loop);
    if (loop->deferred.next == &loop->deferred)
        uv_idle_stop(idle);
}

void mf_loop__defer(struct mf_loop *loop, struct mf_deferred *deferred)
{
    if (deferred->is_queued)
        return;
    struct mf_deferred *head = &loop->deferred;
    deferred->is_queued = true;
    deferred->prev = head->prev;
    deferred->next = head;
    deferred->prev->next = deferred;
    head->prev = deferred;
    if (!uv_is_active((uv_handle_t *)&loop->idle))
        uv_idle_start(&loop->idle, on_idle);
}

void mf_loop__undefer(struct mf_loop *loop, struct mf_deferred *deferred)
{
    (void)loop;
    if (deferred->is_queued)
        unlink_deferred(deferred);
}

/* ---- Work ---- */

static void on_work(uv_work_t *req)
{
    struct work *work = req->data;
    work->work(work->arg);
}

static void on_work_done(uv_work_t *req, int status)
{
    (void)status;
    struct work *work = req->data;
    work->loop->works--;
    work->done(work->arg);
    free(work);
}

int mf_loop_work(struct mf_loop *loop, void (*fn)(void *arg),
                 void (*done)(void *arg), void *arg)
{
    struct work *work = malloc(sizeof *work);
    if (!work)
        return MF_ENOMEM;
    *work = (struct work){.loop = loop, .work = fn, .done = done, .arg = arg};
    work->req.data = work;
    int rc = uv_queue_work(&loop->uv, &work->req, on_work, on_work_done);
    if (rc) {
        free(work);
        return MF_ENOMEM;
    }
    loop->works++;
    return 0;
}

/* ---- Signals ---- */

static void on_uv_signal(uv_signal_t *handle, int signum)
{
    struct signal_watch *watch = handle->data;
    watch->fn(watch->arg, signum);
}

int mf_loop_on_signal(struct mf_loop *loop, int signum,
                      void (*fn)(void *arg, int signum), void *arg)
{
    struct signal_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return MF_ENOMEM;
    watch->fn = fn;
    watch->arg = arg;
    watch->handle.data = watch;
    uv_signal_init(&loop->uv, &watch->handle);
    watch->next = loop->signals;
    loop->signals = watch;
    if (uv_signal_start(&watch->handle, on_uv_signal, signum))
        return MF_EINVAL;
    uv_unref((uv_handle_t *)&watch->handle);
    return 0;
}

/* ---- Timers ---- */

static void on_timer(uv_timer_t *handle)
{
    struct mf_timer *timer = handle->data;
    timer->fn(timer->arg);
}

struct mf_timer *mf_timer_new(struct mf_loop *loop, void (*fn)(void *arg),
                              void *arg)
{
    struct mf_timer *timer = calloc(1, sizeof *timer);
    if (!timer)
        return NULL;
    timer->loop = loop;
    timer->fn = fn;
    timer->arg = arg;
    timer->handle.data = timer;
    uv_timer_init(&loop->uv, &timer->handle);
    timer->prev = loop->timers.prev;
    timer->next = &loop->timers;
    timer->prev->next = timer;
    loop->timers.prev = timer;
    return timer;
}

void mf_timer_start(struct mf_timer *timer, uint64_t delay_ms,
                    uint64_t repeat_ms)
{
    if (!timer->loop)
        return;
    uv_update_time(&timer->loop->uv);
    uv_timer_start(&timer->handle, on_timer, delay_ms, repeat_ms);
}

void mf_timer_stop(struct mf_timer *timer)
{
    if (timer->loop)
        uv_timer_stop(&timer->handle);
}

static void unlink_timer(struct mf_timer *timer)
{
    timer->prev->next = timer->next;
    timer->next->prev = timer->prev;
    timer->loop = NULL;
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void mf_timer_free(struct mf_timer *timer)
{
    if (!timer)
        return;
    if (!timer->loop) {
        free(timer);
        return;
    }
    unlink_timer(timer);
    uv_close((uv_handle_t *)&timer->handle, on_timer_closed);
}

/* ---- The loop ---- */

int mf_loop_new(struct mf_loop **ret_loop, struct mf_err *err)
{
    struct mf_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    int rc = uv_loop_init(&loop->uv);
    if (rc) {
        free(loop);
        return mf_err_set(err, MF_EIO, "cannot make an event loop: %s",
                          uv_strerror(rc));
    }
    rc = uv_async_init(&loop->uv, &loop->async, on_async);
    if (rc) {
        uv_loop_close(&loop->uv);
        free(loop);
        return mf_err_set(err, MF_EIO, "cannot make an event loop: %s",
                          uv_strerror(rc));
    }
    loop->async.data = loop;
    uv_idle_init(&loop->uv, &loop->idle);
    loop->idle.data = loop;
    pthread_mutex_init(&loop->mutex, NULL);
    loop->posts_end = &loop->posts;
    loop->deferred.next = loop->deferred.prev = &loop->deferred;
    loop->timers.next = loop->timers.prev = &loop->timers;
    /* A peer that goes away must never end the process. */
    signal(SIGPIPE, SIG_IGN);
    *ret_loop = loop;
    return 0;
}

static void find_closing(uv_handle_t *handle, void *arg)
{
    if (uv_is_closing(handle))
        *(bool *)arg = true;
}

static void run_until_closed(struct mf_loop *loop)
{
    for (;;) {
        bool is_closing = false;
        uv_walk(&loop->uv, find_closing, &is_closing);
        if (!is_closing)
            return;
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    }
}

void mf_loop_run(struct mf_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    while (loop->works > 0)
        uv_run(&loop->uv, UV_RUN_ONCE);
    run_until_closed(loop);
}

void mf_loop_stop(struct mf_loop *loop)
{
    uv_stop(&loop->uv);
}

static void stop_timers(struct mf_loop *loop)
{
    struct mf_timer *head = &loop->timers;
    for (struct mf_timer *timer = head->next; timer != head;
         timer = timer->next)
        uv_timer_stop(&timer->handle);
}

/* Timers belong to others, who may free them after the loop, but not while
 * they are being closed: nothing of others runs any more. */
static void close_timers(struct mf_loop *loop)
{
    struct mf_timer *head = &loop->timers;
    while (head->next != head) {
        struct mf_timer *timer = head->next;
        unlink_timer(timer);
        uv_close((uv_handle_t *)&timer->handle, NULL);
    }
}

void mf_loop_free(struct mf_loop *loop)
{
    if (!loop)
        return;
    for (struct signal_watch *s = loop->signals; s; s = s->next)
        uv_close((uv_handle_t *)&s->handle, NULL);
    uv_unref((uv_handle_t *)&loop->async);
    do {
        stop_timers(loop);
        if (loop->works > 0)
            uv_run(&loop->uv, UV_RUN_ONCE);
    } while (run_posts(loop) || run_deferred(loop) || loop->works > 0);
    close_timers(loop);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    uv_close((uv_handle_t *)&loop->async, NULL);
    run_until_closed(loop);
    int rc = uv_loop_close(&loop->uv);
    assert(rc == 0);
    (void)rc;
    while (loop->signals) {
        struct signal_watch *next = loop->signals->next;
        free(loop->signals);
        loop->signals = next;
    }
    pthread_mutex_destroy(&loop->mutex);
    free(loop);
}
