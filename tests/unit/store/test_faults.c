#include "store/lookup.h"
#include "support.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Make writes past `len` bytes of a file fail; RLIM_INFINITY: none. */
static void limit_files(rlim_t len)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = len;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void fail_and_leave_queued(struct fixture *fixture)
{
    enum { LEN = 3 << 20 };
    static char text[LEN + 1];
    uint32_t seed = 1;
    for (size_t i = 0; i < LEN; i++) {
        seed = seed * 1664525 + 1013904223;
        text[i] = (char)('!' + (seed >> 24) % 90); /* nothing to compress */
    }
    signal(SIGXFSZ, SIG_IGN);
    wait_ticket(fixture, put(fixture, "before", TCP_END, "x"));
    limit_files(1 << 20);
    put(fixture, "big", TCP_END, text);
    wait_failure(fixture, 1);
}

static void a_disk_that_fails_is_waited_for(void **state)
{
    struct fixture *fixture = *state;
    fixture->limits.retry_max_ns = 20000000;
    fixture_open(fixture);
    fail_and_leave_queued(fixture);
    uint64_t ticket = put(fixture, "after", TCP_END, "x");
    assert_true(strlen(fixture->told.failure.text) > 0);
    assert_true(mf_store_backlog(fixture->store) > 2 << 20);
    /* Who asks for what the disk does not have is not kept waiting. */
    assert_int_equal(mf_store__settle(fixture->store, 0), MF_EIO);
    /* Readers go on. */
    struct mf_window window = list(fixture, 10);
    assert_int_equal(window.count, 1);
    mf_window_release(&window);
    limit_files(RLIM_INFINITY);
    wait_ticket(fixture, ticket);
    assert_int_equal(fixture->told.failures, 1); /* once for the streak */
    assert_int_equal(fixture->told.new_count, 3);
    assert_false(fixture->told.has_gap);
    window = list(fixture, 10);
    assert_int_equal(window.count, 3);
    mf_window_release(&window);
}

static void closing_gives_up_what_cannot_be_written(void **state)
{
    struct fixture *fixture = *state;
    const struct mf_flow_ref ref = {.number = 1};
    const struct mf_update note = {.note = "note"};
    fixture->limits.retry_min_ns = INT64_C(3600000000000);
    fixture->limits.retry_max_ns = INT64_C(3600000000000);
    fixture_open(fixture);
    fail_and_leave_queued(fixture);
    mf_store_update(fixture->store, &ref, &note, told_done, &fixture->told);
    fixture_close(fixture);
    limit_files(RLIM_INFINITY);
    assert_int_equal(fixture->told.done_rc, MF_ECLOSED);
    assert_int_equal(sql_int(fixture, "SELECT clean FROM store"), 0);
    fixture_open(fixture);
    struct mf_window window = list(fixture, 10);
    assert_int_equal(window.count, 1);
    mf_window_release(&window);
}

static void closing_tries_once_more(void **state)
{
    struct fixture *fixture = *state;
    fixture->limits.retry_min_ns = INT64_C(3600000000000);
    fixture->limits.retry_max_ns = INT64_C(3600000000000);
    fixture_open(fixture);
    fail_and_leave_queued(fixture);
    limit_files(RLIM_INFINITY);
    fixture_close(fixture);
    fixture_open(fixture);
    struct mf_window window = list(fixture, 10);
    assert_int_equal(window.count, 2);
    mf_window_release(&window);
}

enum { WRITERS = 4, WRITES = 300, GATHER_NS = 1000000 };

struct writer {
    struct fixture *fixture;
    int index;
    pthread_t thread;
    uint64_t last_ticket;
};

static void *write_much(void *arg)
{
    struct writer *writer = arg;
    for (int i = 0; i < WRITES; i++) {
        char id[32];
        snprintf(id, sizeof id, "%d-%d", writer->index, i / 3);
        writer->last_ticket =
            put(writer->fixture, id, i % 3 == 2 ? TCP_END : TCP_MESSAGE, id);
        if (i % 50 == 49) {
            const struct mf_flow_ref ref = {.id = {id, strlen(id)}};
            mf_store_delete(writer->fixture->store, &ref, 1, told_done,
                            &writer->fixture->told);
        }
    }
    return NULL;
}

static void changes_have_no_gap_under_several_writers(void **state)
{
    struct fixture *fixture = *state;
    struct writer writers[WRITERS];
    struct mf_window window;
    uint64_t last = 0;
    fixture->limits.gather_ns = GATHER_NS;
    fixture_open(fixture);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.fixture = fixture, .index = i};
        assert_int_equal(
            pthread_create(&writers[i].thread, NULL, write_much, &writers[i]),
            0);
    }
    /* Reads see a state of the store, whatever is being written. */
    for (int i = 0; i < 50; i++) {
        assert_int_equal(changes(fixture, last, 1000, &window), 0);
        for (size_t r = 0; r < window.count; r++)
            assert_true(mf_record_head(window.records[r])->change > last);
        assert_true(window.change >= last);
        last = window.change;
        mf_window_release(&window);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i].thread, NULL);
    for (int i = 0; i < WRITERS; i++)
        wait_ticket(fixture, writers[i].last_ticket);
    wait_done(fixture, (size_t)WRITERS * (WRITES / 50));
    assert_false(fixture->told.has_gap);
    window = list(fixture, 10000);
    /* Some that a writer deletes it puts again. */
    assert_true(window.count >= WRITERS * (WRITES / 3 - WRITES / 50));
    assert_int_equal(window.count,
                     fixture->told.new_count - fixture->told.gone_count);
    assert_int_equal(window.flow_count, window.count);
    assert_int_equal(window.head, fixture->told.last_change);
    mf_window_release(&window);
}

/* ---- kill -9 ---- */

enum { KILLS = 20, TOLD_BEFORE_KILL = 400 };

struct child {
    int pipe;
    uint64_t last; /* written to the pipe so far */
};

/* Tell the parent how many flows of this child are durable. */
static void tell_parent(void *user, uint64_t ticket)
{
    struct child *child = user;
    for (; child->last < ticket; child->last++)
        if (write(child->pipe, "x", 1) != 1)
            _exit(1);
}

/* Put flows ROUND-0, ROUND-1, ... for ever, each twice. */
static void run_child(struct fixture *fixture, int round, int pipe)
{
    struct child child = {.pipe = pipe};
    const struct mf_store_opts opts = {
        .dir = fixture->dir, .on_commit = tell_parent, .user = &child};
    struct mf_store *store;
    if (mf_store__open(&opts, &fixture->limits, &store, NULL))
        _exit(1);
    for (int i = 0;; i++) {
        char id[32];
        snprintf(id, sizeof id, "%d-%d", round, i / 2);
        struct mf_flow *flow =
            make_flow(id, strlen(id), i % 2 ? TCP_END : TCP_MESSAGE, id);
        if (!flow || mf_store_put(store, flow, "source", "session", NULL))
            _exit(1);
        mf_flow_unref(flow);
        while (mf_store_backlog(store) > 100000)
            sched_yield();
    }
}

/* Returns how many writes the child told to be durable. */
static size_t kill_a_child(struct fixture *fixture, int round)
{
    int ends[2], status;
    char byte;
    size_t told = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        run_child(fixture, round, ends[1]);
    }
    close(ends[1]);
    while (told < TOLD_BEFORE_KILL + (size_t)round * 70 &&
           read(ends[0], &byte, 1) == 1)
        told++;
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    while (read(ends[0], &byte, 1) == 1)
        told++;
    close(ends[0]);
    return told;
}

static void check_round(struct fixture *fixture, int round, size_t told)
{
    struct mf_reader *reader;
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    for (size_t i = 0; i < told / 2; i++) {
        char id[32];
        struct mf_record *record;
        snprintf(id, sizeof id, "%d-%zu", round, i);
        const struct mf_flow_ref ref = {.id = {id, strlen(id)}};
        assert_int_equal(mf_reader_get(reader, &ref, 0, &record, NULL), 0);
        assert_int_equal(mf_record_head(record)->state, MF_FLOW_ENDED);
        assert_true(holds(record, id));
        mf_record_unref(record);
    }
    mf_reader_close(reader);
}

static void what_was_told_outlives_a_kill(void **state)
{
    struct fixture *fixture = *state;
    fixture->limits.gather_ns = GATHER_NS; /* some writes in each commit */
    fixture->limits.block_bytes = 4000;
    for (int round = 0; round < KILLS; round++) {
        size_t told = kill_a_child(fixture, round);
        fixture_open(fixture);
        check_round(fixture, round, told);
        /* Nothing is there twice: as many keys as flows, by SQL's count. */
        assert_int_equal(
            sql_int(fixture,
                    "SELECT count(*) = count(DISTINCT id) AND"
                    " count(*) = (SELECT flow_count FROM store) AND"
                    " count(*) FILTER (WHERE frame = 0) ="
                    "  (SELECT count(*) FROM recent) AND"
                    " count(*) FILTER (WHERE frame <> 0) ="
                    "  (SELECT ifnull(sum(entries), 0) FROM block) -"
                    "  (SELECT ifnull(sum(dead), 0) FROM block_dead) AND"
                    " count(*) FILTER (WHERE state = 1) = 0 FROM flow"),
            1);
        fixture_close(fixture);
    }
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_was_told_outlives_a_kill),
        TEST(a_disk_that_fails_is_waited_for),
        TEST(closing_gives_up_what_cannot_be_written),
        TEST(closing_tries_once_more),
        TEST(changes_have_no_gap_under_several_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
