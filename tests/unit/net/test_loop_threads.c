#include "../cmocka.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/loop.h"

enum { POSTS = 2000, THREADS = 4, WORKS = 64 };

struct counter {
    struct mf_loop *loop;
    pthread_t thread; /* the loop's */
    size_t next[THREADS];
    size_t total;
    size_t wanted;
    size_t worked;
    int signum;
};

static int setup(void **state)
{
    struct counter *counter = calloc(1, sizeof *counter);
    *state = counter;
    counter->thread = pthread_self();
    return mf_loop_new(&counter->loop, NULL);
}

static int teardown(void **state)
{
    struct counter *counter = *state;
    mf_loop_free(counter->loop);
    free(counter);
    return 0;
}

static void stop_when_done(struct counter *counter)
{
    if (++counter->total == counter->wanted)
        mf_loop_stop(counter->loop);
}

/* ---- Posts ---- */

struct note {
    struct counter *counter;
    size_t thread;
    size_t number;
};

struct poster {
    struct counter *counter;
    size_t thread;
};

static void on_note(void *arg)
{
    struct note *note = arg;
    struct counter *counter = note->counter;
    assert_true(pthread_equal(pthread_self(), counter->thread));
    assert_int_equal(note->number, counter->next[note->thread]++);
    free(note);
    stop_when_done(counter);
}

static void *post_many(void *arg)
{
    struct poster *poster = arg;
    for (size_t i = 0; i < POSTS; i++) {
        struct note *note = malloc(sizeof *note);
        if (!note)
            abort();
        *note = (struct note){poster->counter, poster->thread, i};
        if (mf_loop_post(poster->counter->loop, on_note, note))
            abort();
    }
    return NULL;
}

static void posts_of_every_thread_run_on_the_loop_in_order(void **state)
{
    struct counter *counter = *state;
    pthread_t threads[THREADS];
    struct poster posters[THREADS];
    counter->wanted = (size_t)POSTS * THREADS;
    for (size_t i = 0; i < THREADS; i++) {
        posters[i] = (struct poster){counter, i};
        pthread_create(&threads[i], NULL, post_many, &posters[i]);
    }
    mf_loop_run(counter->loop);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(counter->total, counter->wanted);
}

static void count(void *arg)
{
    ((struct counter *)arg)->total++;
}

static void what_was_posted_to_a_loop_that_never_ran_still_runs(void **state)
{
    (void)state;
    struct counter counter = {0};
    assert_int_equal(mf_loop_new(&counter.loop, NULL), 0);
    assert_int_equal(mf_loop_post(counter.loop, count, &counter), 0);
    mf_loop_free(counter.loop);
    assert_int_equal(counter.total, 1);
}

/* ---- Work ---- */

struct job {
    struct counter *counter;
    pthread_t thread;
};

static void job_work(void *arg)
{
    struct job *job = arg;
    job->thread = pthread_self();
    __atomic_add_fetch(&job->counter->worked, 1, __ATOMIC_SEQ_CST);
}

static void job_done(void *arg)
{
    struct job *job = arg;
    struct counter *counter = job->counter;
    assert_true(pthread_equal(pthread_self(), counter->thread));
    assert_false(pthread_equal(job->thread, counter->thread));
    free(job);
    stop_when_done(counter);
}

static void give_jobs(struct counter *counter)
{
    for (int i = 0; i < WORKS; i++) {
        struct job *job = calloc(1, sizeof *job);
        assert_non_null(job);
        job->counter = counter;
        assert_int_equal(mf_loop_work(counter->loop, job_work, job_done, job),
                         0);
    }
}

static void work_is_done_elsewhere_and_ends_on_the_loop(void **state)
{
    struct counter *counter = *state;
    counter->wanted = WORKS;
    give_jobs(counter);
    mf_loop_run(counter->loop);
    assert_int_equal(counter->worked, WORKS);
}

static void a_loop_that_stops_waits_for_work(void **state)
{
    struct counter *counter = *state;
    give_jobs(counter);
    mf_loop_stop(counter->loop);
    mf_loop_run(counter->loop);
    assert_int_equal(counter->total, WORKS);
}

static void a_loop_that_is_freed_waits_for_work(void **state)
{
    (void)state;
    struct counter counter = {.thread = pthread_self()};
    assert_int_equal(mf_loop_new(&counter.loop, NULL), 0);
    give_jobs(&counter);
    mf_loop_free(counter.loop);
    assert_int_equal(counter.total, WORKS);
}

/* ---- Timers and signals ---- */

static void on_tick(void *arg)
{
    stop_when_done(arg);
}

static void a_timer_repeats_until_it_is_stopped(void **state)
{
    struct counter *counter = *state;
    counter->wanted = 5;
    struct mf_timer *timer = mf_timer_new(counter->loop, on_tick, counter);
    mf_timer_start(timer, 0, 1);
    mf_loop_run(counter->loop);
    mf_timer_free(timer);
    assert_int_equal(counter->total, 5);
}

static void never(void *arg)
{
    (void)arg;
    fail();
}

static void a_stopped_or_freed_timer_does_not_fire(void **state)
{
    struct counter *counter = *state;
    struct mf_timer *stopped = mf_timer_new(counter->loop, never, NULL);
    struct mf_timer *freed = mf_timer_new(counter->loop, never, NULL);
    struct mf_timer *last = mf_timer_new(counter->loop, on_tick, counter);
    counter->wanted = 1;
    mf_timer_start(stopped, 0, 0);
    mf_timer_start(freed, 0, 0);
    mf_timer_start(last, 1, 0);
    mf_timer_stop(stopped);
    mf_timer_free(freed);
    mf_timer_free(NULL);
    mf_loop_run(counter->loop);
    mf_timer_free(stopped);
    mf_timer_free(last);
}

static void on_signal(void *arg, int signum)
{
    struct counter *counter = arg;
    counter->signum = signum;
    mf_loop_stop(counter->loop);
}

static void a_signal_is_told_on_the_loop(void **state)
{
    struct counter *counter = *state;
    assert_int_equal(
        mf_loop_on_signal(counter->loop, SIGUSR1, on_signal, counter), 0);
    kill(getpid(), SIGUSR1);
    mf_loop_run(counter->loop);
    assert_int_equal(counter->signum, SIGUSR1);
}

int main(void)
{
#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_LOOP(posts_of_every_thread_run_on_the_loop_in_order),
        cmocka_unit_test(what_was_posted_to_a_loop_that_never_ran_still_runs),
        WITH_LOOP(work_is_done_elsewhere_and_ends_on_the_loop),
        WITH_LOOP(a_loop_that_stops_waits_for_work),
        cmocka_unit_test(a_loop_that_is_freed_waits_for_work),
        WITH_LOOP(a_timer_repeats_until_it_is_stopped),
        WITH_LOOP(a_stopped_or_freed_timer_does_not_fire),
        WITH_LOOP(a_signal_is_told_on_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
