/*
 * A spool whose process dies inside any system call, whose calls fail, whose
 * disk is full: what was flushed is there afterwards, once, and what is lost
 * is counted.
 */
#include "spool_support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

enum { RECORDS = 400, DIED = 9 };

enum fault {
    NONE,
    DIE,  /* in the middle of the call */
    ONCE, /* the call fails */
    FULL, /* it and all writes after it, for want of room */
};

/* What the workload has come to; shared with the process that watches. */
struct progress {
    long calls;
    uint32_t added;
    uint32_t flushed; /* records before this one are on disk */
    bool is_acked[RECORDS];
    bool is_noted[RECORDS]; /* and that is on disk, too */
};

static enum fault fault;
static long fault_at;
static struct progress *progress;

/* Whether this call has to fail. `is_write`: it takes room. */
static bool strikes(bool is_write)
{
    progress->calls++;
    if (fault == FULL && progress->calls >= fault_at)
        return is_write;
    return fault != NONE && progress->calls == fault_at;
}

/* So; one that dies does not come back. */
static bool fails(bool is_write)
{
    if (!strikes(is_write))
        return false;
    if (fault == DIE)
        _exit(DIED);
    errno = is_write ? ENOSPC : EIO;
    return true;
}

ssize_t __real_pwrite64(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *data, size_t len, off_t at);
int __real_ftruncate64(int fd, off_t len);
int __wrap_ftruncate64(int fd, off_t len);
int __real_openat64(int dir, const char *path, int flags, mode_t mode);
int __wrap_openat64(int dir, const char *path, int flags, mode_t mode);
int __real_unlinkat(int dir, const char *path, int flags);
int __wrap_unlinkat(int dir, const char *path, int flags);
int __real_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to);

ssize_t __wrap_pwrite64(int fd, const void *data, size_t len, off_t at)
{
    if (!strikes(true))
        return __real_pwrite64(fd, data, len, at);
    /* Part of it is written, whatever comes of the rest. */
    ssize_t part = __real_pwrite64(fd, data, len / 2, at);
    if (fault == DIE)
        _exit(DIED);
    errno = ENOSPC;
    return fault == FULL && progress->calls == fault_at ? part : -1;
}

int __wrap_ftruncate64(int fd, off_t len)
{
    return fails(false) ? -1 : __real_ftruncate64(fd, len);
}

int __wrap_openat64(int dir, const char *path, int flags, mode_t mode)
{
    return fails(flags & O_CREAT) ? -1
                                  : __real_openat64(dir, path, flags, mode);
}

int __wrap_unlinkat(int dir, const char *path, int flags)
{
    return fails(false) ? -1 : __real_unlinkat(dir, path, flags);
}

int __wrap_renameat(int a, const char *from, int b, const char *to)
{
    return fails(false) ? -1 : __real_renameat(a, from, b, to);
}

static void plan(enum fault what, long at)
{
    fault = what;
    fault_at = at;
    progress->calls = 0;
}

static int round_count(int preset)
{
    const char *text = getenv("MF_FAULT_ROUNDS");
    return text && atoi(text) > 0 ? atoi(text) : preset;
}

/* ---- a process that dies ---- */

static void flush(struct world *world)
{
    if (mf_spool_flush(world->spool, NULL) != 0)
        return;
    progress->flushed = progress->added;
    for (uint32_t i = 0; i < progress->added; i++)
        progress->is_noted[i] = progress->is_acked[i];
}

/* One of what was given is acknowledged, here and there. */
static void ack_one(struct world *world, unsigned *seed)
{
    uint32_t number = (uint32_t)rand_r(seed) % progress->added;
    progress->is_acked[number] = true;
    mf_spool_ack(world->spool, world->positions[number]);
}

static void work(struct world *world, unsigned seed)
{
    while (progress->added < RECORDS) {
        uint32_t number = progress->added;
        size_t len = (size_t)rand_r(&seed) % 10 ? 200 : 60000;
        if (try_add(world, number, len) == 0)
            progress->added++;
        if (rand_r(&seed) % 4 == 0)
            flush(world);
        for (int i = rand_r(&seed) % 3; i > 0; i--)
            ack_one(world, &seed);
        if (rand_r(&seed) % 30 == 0)
            mf_spool_rewind(world->spool);
        if (rand_r(&seed) % 3 == 0)
            next(world, NULL);
    }
}

/* Runs it in a child; the call at which it dies, or 0: it comes to its end. */
static void live_once(struct world *world, unsigned seed, long at)
{
    memset(progress, 0, sizeof *progress);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        plan(at ? DIE : NONE, at);
        open_spool(world);
        work(world, seed);
        _exit(0); /* without an end of its own */
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), at ? DIED : 0);
}

static void check_left(struct world *world)
{
    static bool is_there[RECORDS];
    memset(is_there, 0, sizeof is_there);
    memset(&world->losses, 0, sizeof world->losses);
    open_spool(world);
    int64_t number, last = -1;
    while ((number = next(world, NULL)) >= 0) {
        assert_true(number > last); /* in order, none twice */
        assert_true(number <= progress->added);
        is_there[number] = true;
        last = number;
    }
    for (uint32_t i = 0; i < RECORDS; i++) {
        if (i < progress->flushed && !progress->is_acked[i])
            assert_true(is_there[i]);
        if (progress->is_noted[i])
            assert_false(is_there[i]);
    }
    for (uint32_t i = 0; i < RECORDS; i++)
        if (is_there[i])
            mf_spool_ack(world->spool, world->positions[i]);
    assert_int_equal(stats_of(world).records, 0);
    close_spool(world);
    assert_int_equal(count_files(world, ".seg"), 0);
    assert_int_equal(count_files(world, ".lock"), 0);
}

static void what_was_flushed_outlives_a_death_in_any_call(void **state)
{
    struct world *world = *state;
    world->max_bytes = 8 << 20; /* so that segments are of 1 MiB */
    live_once(world, 1, 0);
    long calls = progress->calls;
    check_left(world);
    assert_true(calls > 50);
    /* Every call of one run, and then some of others. */
    int more = 10 * round_count(20);
    for (long i = 0; i < calls + more; i++) {
        unsigned seed = i < calls ? 1 : (unsigned)i;
        long at = i < calls ? i + 1 : 1 + i % 50;
        live_once(world, seed, at);
        plan(NONE, 0);
        check_left(world);
    }
}

static void an_adoption_that_dies_is_taken_up_by_the_next(void **state)
{
    struct world *world = *state;
    world->max_bytes = 8 << 20;
    for (long at = 1;; at++) {
        live_once(world, 2, 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            plan(DIE, at);
            open_spool(world);
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        plan(NONE, 0);
        check_left(world);
        assert_int_equal(world->losses.count, 0);
        if (WEXITSTATUS(status) == 0)
            break;
    }
}

/* ---- calls that fail ---- */

/* What was added and is not acknowledged is read, or counted as lost. */
static void check_sum(struct world *world)
{
    uint64_t acked = 0, found = 0;
    mf_spool_rewind(world->spool);
    while (next(world, NULL) >= 0)
        found++;
    for (uint32_t i = 0; i < progress->added; i++)
        acked += progress->is_acked[i];
    assert_int_equal(found + world->losses.count + acked, progress->added);
}

static void a_call_that_fails_once_loses_nothing(void **state)
{
    struct world *world = *state;
    world->max_bytes = 8 << 20;
    open_spool(world);
    memset(progress, 0, sizeof *progress);
    plan(NONE, 0);
    work(world, 3);
    long calls = progress->calls;
    close_spool(world);
    run_command("rm -rf %s", world->spool_dir);
    for (long at = 1; at <= calls; at++) {
        open_spool(world);
        memset(progress, 0, sizeof *progress);
        plan(ONCE, at);
        work(world, 3);
        plan(NONE, 0);
        flush(world);
        assert_int_equal(world->losses.count, 0);
        check_sum(world);
        close_spool(world);
        run_command("rm -rf %s", world->spool_dir);
    }
}

static void a_full_disk_is_told_and_what_is_gathered_stays(void **state)
{
    struct world *world = *state;
    struct mf_err err;
    open_spool(world);
    memset(progress, 0, sizeof *progress);
    add_range(world, 0, 10, 1000);
    assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    add_range(world, 10, 20, 1000);
    plan(FULL, 1);
    assert_int_equal(mf_spool_flush(world->spool, &err), MF_EFULL);
    assert_non_null(strstr(err.text, "No space left"));
    assert_int_equal(try_add(world, 20, 10), MF_EFULL);
    assert_true(mf_spool_gathered(world->spool) > 10000);
    /* All can be read and acknowledged while the disk is full. */
    expect_range(world, 0, 20);
    expect_none(world);
    ack_range(world, 10, 20);
    assert_int_equal(mf_spool_gathered(world->spool), 0);
    add(world, 20, 10);
    assert_int_equal(mf_spool_flush(world->spool, &err), MF_EFULL);
    plan(NONE, 0);
    assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    kill_and_reopen(world);
    expect_range(world, 0, 10);
    expect_range(world, 20, 21);
    expect_none(world);
    assert_int_equal(world->losses.count, 0);
}

static void room_is_made_on_a_full_disk_by_giving_up_the_oldest(void **state)
{
    struct world *world = *state;
    world->max_bytes = 8 << 20;
    open_spool(world);
    memset(progress, 0, sizeof *progress);
    add_range(world, 0, 1000, 2500);
    assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    add(world, 1000, 2500);
    plan(FULL, 1);
    assert_int_equal(mf_spool_flush(world->spool, NULL), MF_EFULL);
    uint64_t bytes = stats_of(world).bytes;
    assert_true(mf_spool_give_up_oldest(world->spool, "the disk is full"));
    assert_true(stats_of(world).bytes < bytes);
    plan(NONE, 0);
    assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    assert_in_range(world->losses.count, 200, 800);
    assert_string_equal(world->losses.reason, "the disk is full");
    uint32_t lost = (uint32_t)world->losses.count;
    kill_and_reopen(world);
    expect_range(world, lost, 1001);
    expect_none(world);
}

static void what_could_never_be_written_is_lost_at_the_end(void **state)
{
    struct world *world = *state;
    open_spool(world);
    memset(progress, 0, sizeof *progress);
    plan(FULL, 1);
    add_range(world, 0, 10, 100);
    close_spool(world);
    assert_int_equal(world->losses.count, 10);
    assert_string_equal(world->losses.reason, "the spool could not be written");
    plan(NONE, 0);
}

static int setup_progress(void **state)
{
    (void)state;
    progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return progress == MAP_FAILED ? -1 : 0;
}

#define SPOOL_TEST(name) \
    cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPOOL_TEST(what_was_flushed_outlives_a_death_in_any_call),
        SPOOL_TEST(an_adoption_that_dies_is_taken_up_by_the_next),
        SPOOL_TEST(a_call_that_fails_once_loses_nothing),
        SPOOL_TEST(a_full_disk_is_told_and_what_is_gathered_stays),
        SPOOL_TEST(room_is_made_on_a_full_disk_by_giving_up_the_oldest),
        SPOOL_TEST(what_could_never_be_written_is_lost_at_the_end),
    };
    return cmocka_run_group_tests(tests, setup_progress, NULL);
}
