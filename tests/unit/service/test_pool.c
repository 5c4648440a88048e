#include "../cmocka.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/pool.h"

enum { JOBS = 100 };

struct fixture {
    char dir[32];
    struct mf_store *store;
    struct mf_loop *loop;
    struct mf_pool *pool;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int running; /* jobs that wait at the gate */
    bool is_open;
    int left; /* jobs that are not done; the loop ends with the last */
};

struct job {
    struct mf_job job;
    struct fixture *fixture;
    bool waits; /* until the gate opens */
    bool has_run, is_done;
};

static void on_commit(void *user, uint64_t ticket)
{
    (void)user;
    (void)ticket;
}

static void on_nothing(void *user)
{
    (void)user;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->dir, "/tmp/mf-pool-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    const struct mf_store_opts opts = {
        .dir = f->dir, .on_changes = on_nothing, .on_commit = on_commit};
    assert_int_equal(mf_store_open(&opts, &f->store, NULL), 0);
    assert_int_equal(mf_loop_new(&f->loop, NULL), 0);
    assert_int_equal(mf_pool_new(f->loop, f->store, &f->pool, NULL), 0);
    pthread_mutex_init(&f->mutex, NULL);
    pthread_cond_init(&f->changed, NULL);
    *state = f;
    return 0;
}

static int remove_entry(const char *path, const struct stat *stat, int type,
                        struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    mf_pool_free(f->pool);
    mf_store_close(f->store);
    mf_loop_free(f->loop);
    nftw(f->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

static void work(struct mf_job *base, struct mf_reader *reader)
{
    struct job *job = (struct job *)base;
    struct fixture *f = job->fixture;
    assert_non_null(reader);
    pthread_mutex_lock(&f->mutex);
    if (job->waits) {
        f->running++;
        pthread_cond_broadcast(&f->changed);
        while (!f->is_open)
            pthread_cond_wait(&f->changed, &f->mutex);
    }
    job->has_run = true;
    pthread_mutex_unlock(&f->mutex);
}

static void done(struct mf_job *base)
{
    struct job *job = (struct job *)base;
    job->is_done = true;
    if (--job->fixture->left == 0)
        mf_loop_stop(job->fixture->loop);
}

static void run(struct fixture *f, struct job *job, bool is_search, bool waits)
{
    *job = (struct job){
        .job = {.work = work, .done = done, .is_search = is_search},
        .fixture = f,
        .waits = waits,
    };
    f->left++;
    mf_pool_run(f->pool, &job->job);
}

static void wait_running(struct fixture *f, int count)
{
    pthread_mutex_lock(&f->mutex);
    while (f->running < count)
        pthread_cond_wait(&f->changed, &f->mutex);
    assert_int_equal(f->running, count);
    pthread_mutex_unlock(&f->mutex);
}

static void open_gate(struct fixture *f)
{
    pthread_mutex_lock(&f->mutex);
    f->is_open = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->mutex);
}

static void every_job_runs_and_is_done(void **state)
{
    struct fixture *f = *state;
    static struct job jobs[JOBS];
    for (int i = 0; i < JOBS; i++)
        run(f, &jobs[i], i % 3 == 0, false);
    mf_loop_run(f->loop);
    for (int i = 0; i < JOBS; i++)
        assert_true(jobs[i].has_run && jobs[i].is_done &&
                    !jobs[i].job.was_dropped);
}

static void searches_leave_a_thread_to_others(void **state)
{
    struct fixture *f = *state;
    static struct job searches[10], quick;
    for (int i = 0; i < 10; i++)
        run(f, &searches[i], true, true);
    wait_running(f, 3); /* all that may */
    f->left = 0;
    run(f, &quick, false, false);
    mf_loop_run(f->loop); /* ends with the quick one */
    assert_true(quick.is_done);
    assert_false(searches[0].is_done);
    f->left = 10;
    open_gate(f);
    mf_loop_run(f->loop);
    assert_true(searches[9].is_done);
}

static void quick_jobs_use_every_thread(void **state)
{
    struct fixture *f = *state;
    static struct job jobs[4];
    for (int i = 0; i < 4; i++)
        run(f, &jobs[i], false, true);
    wait_running(f, 4);
    open_gate(f);
    mf_loop_run(f->loop);
    assert_true(jobs[3].is_done);
}

static void jobs_that_wait_are_dropped_with_the_pool(void **state)
{
    struct fixture *f = *state;
    static struct job jobs[10];
    for (int i = 0; i < 10; i++)
        run(f, &jobs[i], true, i < 3);
    wait_running(f, 3);
    f->left = 100; /* the loop does not run */
    open_gate(f);
    mf_pool_free(f->pool);
    f->pool = NULL;
    for (int i = 0; i < 10; i++) {
        assert_true(jobs[i].is_done);
        assert_true(jobs[i].has_run != jobs[i].job.was_dropped);
    }
    assert_true(jobs[2].has_run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_job_runs_and_is_done, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(searches_leave_a_thread_to_others,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(quick_jobs_use_every_thread, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            jobs_that_wait_are_dropped_with_the_pool, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
