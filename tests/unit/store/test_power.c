/*
 * Power cuts, failing calls and a full disk at any moment: whatever the store
 * told to be durable is there afterwards, once, and the rest is whole.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fault_vfs.h"
#include "store/check.h"

enum { FLOWS_MAX = 2600, TEXT_MAX_LEN = 50000, DELETE_EVERY = 10 };

/* What is written: each flow begins, grows and ends. */
struct shape {
    int flows; /* a multiple of ten */
    int text_len;
    uint64_t max_flows; /* then flows may be gone */
};

/* Some blocks; column pages; a group of frames, sealed; flows let go. */
static const struct shape some = {300, 4000, 0};
static const struct shape many = {FLOWS_MAX, 100, 0};
static const struct shape large = {560, TEXT_MAX_LEN, 0};
static const struct shape limited = {1500, 2000, 200};

/* How many rounds of each kind; the soak takes more. */
static int round_count(int preset)
{
    const char *text = getenv("MF_FAULT_ROUNDS");
    return text && atoi(text) > 0 ? atoi(text) : preset;
}

struct world {
    const struct shape *shape;
    char dir[80];
    struct mf_store *store;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t told;     /* ticket */
    bool has_failed;   /* on_failure */
    size_t done_count; /* of deletions */
    uint64_t tickets[3 * FLOWS_MAX];
    int written; /* writes taken by the store */
    bool is_asked_for[FLOWS_MAX];
    bool is_deleted[FLOWS_MAX]; /* told to be */
};

/* ---- what the store tells ---- */

static void on_commit(void *user, uint64_t ticket)
{
    struct world *world = user;
    pthread_mutex_lock(&world->mutex);
    world->told = ticket;
    pthread_cond_broadcast(&world->changed);
    pthread_mutex_unlock(&world->mutex);
}

static void on_failure(void *user, const struct mf_err *err)
{
    struct world *world = user;
    (void)err;
    pthread_mutex_lock(&world->mutex);
    world->has_failed = true;
    pthread_cond_broadcast(&world->changed);
    pthread_mutex_unlock(&world->mutex);
}

struct deletion {
    struct world *world;
    int flow;
};

static void on_deleted(void *user, int rc, struct mf_record *record,
                       uint64_t count)
{
    struct deletion *deletion = user;
    struct world *world = deletion->world;
    (void)record;
    (void)count;
    pthread_mutex_lock(&world->mutex);
    world->is_deleted[deletion->flow] = rc == 0 || rc == MF_ENOENT;
    world->done_count++;
    pthread_cond_broadcast(&world->changed);
    pthread_mutex_unlock(&world->mutex);
    free(deletion);
}

/* ---- one life of a store ---- */

static int open_store(struct world *world)
{
    struct mf_store__limits limits = mf_store__default_limits;
    const struct mf_store_opts opts = {.dir = world->dir,
                                       .max_flows = world->shape->max_flows,
                                       .on_commit = on_commit,
                                       .on_failure = on_failure,
                                       .user = world};
    limits.gather_ns = 1000000;
    limits.retry_min_ns = 1000000;
    limits.retry_max_ns = 20000000;
    limits.block_bytes = 64 << 10; /* so that blocks are made early */
    return mf_store__open(&opts, &limits, &world->store, NULL);
}

static struct world *new_world(const struct shape *shape)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->shape = shape;
    strcpy(world->dir, "/tmp/mitmflow-power-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    pthread_mutex_init(&world->mutex, NULL);
    pthread_cond_init(&world->changed, NULL);
    return world;
}

static int write_count(const struct world *world)
{
    return 3 * world->shape->flows;
}

static void free_world(struct world *world)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", world->dir);
    assert_int_equal(system(command), 0);
    free(world);
}

/* Version `version` of flow `flow`: 0 and 1 are live, 2 is its end. */
static struct mf_flow *make_version(const struct shape *shape, int flow,
                                    int version)
{
    static const unsigned events[] = {TCP_MESSAGE, TCP_MESSAGE, TCP_END};
    static char text[TEXT_MAX_LEN + 1];
    char id[32];
    snprintf(id, sizeof id, "flow-%d", flow);
    unsigned seed = (unsigned)(flow * 3 + version);
    for (int i = 0; i < shape->text_len; i++)
        text[i] = (char)('a' + rand_r(&seed) % 16);
    text[shape->text_len] = '\0';
    return make_flow(id, strlen(id), events[version], text);
}

static void delete_flow(struct world *world, int flow)
{
    char id[32];
    struct deletion *deletion = malloc(sizeof *deletion);
    assert_non_null(deletion);
    *deletion = (struct deletion){world, flow};
    snprintf(id, sizeof id, "flow-%d", flow);
    const struct mf_flow_ref ref = {.id = {id, strlen(id)}};
    world->is_asked_for[flow] = true;
    assert_int_equal(
        mf_store_delete(world->store, &ref, 1, on_deleted, deletion), 0);
}

/* Waits for room as ingest does; false: the fault has come instead. */
static bool wait_for_room(struct world *world, bool stops_at_fault)
{
    while (mf_store_backlog(world->store) > 64 << 10) {
        if (stops_at_fault && fault_vfs_has_struck())
            return false;
        sched_yield();
    }
    return true;
}

/* Write version by version, with other flows between; stops early when the
 * store takes no more or (if so asked) a fault has come. */
static void write_all(struct world *world, bool stops_at_fault)
{
    for (int step = world->written; step < write_count(world); step++) {
        int flow = step / 30 * 10 + step % 10, version = step % 30 / 10;
        if (!wait_for_room(world, stops_at_fault))
            return;
        struct mf_flow *made = make_version(world->shape, flow, version);
        int rc = mf_store_put(world->store, made, "source", "session",
                              &world->tickets[step]);
        mf_flow_unref(made);
        if (rc)
            return;
        world->written = step + 1;
        if (version == 2 && flow % DELETE_EVERY == 0)
            delete_flow(world, flow);
    }
}

static void wait_told(struct world *world)
{
    pthread_mutex_lock(&world->mutex);
    while (world->told < world->tickets[write_count(world) - 1] ||
           world->done_count < (size_t)world->shape->flows / DELETE_EVERY)
        pthread_cond_wait(&world->changed, &world->mutex);
    pthread_mutex_unlock(&world->mutex);
}

/* ---- what must be there afterwards ---- */

static bool is_version(const struct world *world, struct mf_record *record,
                       int flow, int version)
{
    struct mf_flow *made = make_version(world->shape, flow, version);
    size_t a_len, b_len;
    const uint8_t *a = mf_flow_snapshot(made, &a_len);
    const uint8_t *b = mf_flow_snapshot(mf_record_flow(record), &b_len);
    bool is_same = a_len == b_len && memcmp(a, b, a_len) == 0;
    mf_flow_unref(made);
    return is_same;
}

/* The write of flow `flow`'s version, by its place in the order. */
static int step_of(int flow, int version)
{
    return flow / 10 * 30 + version * 10 + flow % 10;
}

static void check_flow(struct world *world, struct mf_reader *reader, int flow)
{
    char id[32];
    struct mf_record *record = NULL;
    int told = -1, sent = -1, found = -1;
    for (int version = 0; version < 3; version++) {
        int step = step_of(flow, version);
        if (step < world->written)
            sent = version;
        if (step < world->written && world->tickets[step] <= world->told)
            told = version;
    }
    snprintf(id, sizeof id, "flow-%d", flow);
    const struct mf_flow_ref ref = {.id = {id, strlen(id)}};
    int rc = mf_reader_get(reader, &ref, 0, &record, NULL);
    assert_true(rc == 0 || rc == MF_ENOENT);
    if (world->is_deleted[flow])
        assert_int_equal(rc, MF_ENOENT);
    if (rc == MF_ENOENT) {
        assert_true(told < 0 || world->is_asked_for[flow] ||
                    world->shape->max_flows);
        return;
    }
    for (int version = 0; version < 3; version++)
        if (is_version(world, record, flow, version))
            found = version;
    mf_record_unref(record);
    assert_in_range(found, told < 0 ? 0 : told, sent);
}

static void print_fault(void *user, const char *line)
{
    (void)user;
    print_error("check: %s\n", line);
}

/* The store is closed: nothing is broken in it. */
static void check_files(struct world *world)
{
    struct mf_check_sum sum;
    struct mf_err err;
    if (mf_check(world->dir, print_fault, NULL, &sum, &err))
        fail_msg("%s", err.text);
    assert_int_equal(sum.faults, 0);
}

static int count_listed(struct mf_reader *reader)
{
    struct mf_window window;
    const struct mf_list_query query = {.limit = 2 * FLOWS_MAX};
    assert_int_equal(mf_reader_list(reader, &query, &window, NULL), 0);
    int count = (int)window.count;
    mf_window_release(&window);
    return count;
}

static int count_known(const struct world *world, struct mf_reader *reader)
{
    int known = 0;
    for (int flow = 0; flow < world->shape->flows; flow++) {
        char id[32];
        struct mf_record *record;
        snprintf(id, sizeof id, "flow-%d", flow);
        const struct mf_flow_ref ref = {.id = {id, strlen(id)}};
        if (mf_reader_get(reader, &ref, 0, &record, NULL) == 0) {
            known++;
            mf_record_unref(record);
        }
    }
    return known;
}

static void check_all(struct world *world)
{
    struct mf_reader *reader;
    int listed, known;
    assert_int_equal(mf_reader_open(world->store, &reader, NULL), 0);
    for (int flow = 0; flow < world->shape->flows; flow++)
        check_flow(world, reader, flow);
    /* None is there twice: as many as ids. Flows may be let go of between
     * two looks; then look again. */
    do {
        listed = count_listed(reader);
        known = count_known(world, reader);
    } while (listed != count_listed(reader));
    assert_int_equal(listed, known);
    mf_reader_close(reader);
}

/* ---- the tests ---- */

/* Calls that the whole workload takes, without any fault. */
static long measure(const struct shape *shape)
{
    struct world *world = new_world(shape);
    fault_vfs_plan(0, FAULT_NONE);
    assert_int_equal(open_store(world), 0);
    write_all(world, false);
    wait_told(world);
    long calls = fault_vfs_calls();
    check_all(world);
    mf_store_close(world->store);
    check_files(world);
    free_world(world);
    return calls;
}

static void cut_power_at(const struct shape *shape, long nth, unsigned seed)
{
    struct world *world = new_world(shape);
    fault_vfs_plan(nth, FAULT_CUT);
    if (open_store(world) == 0) {
        write_all(world, true);
        mf_store_close(world->store);
    }
    fault_vfs_lose(seed);
    fault_vfs_heal();
    assert_int_equal(open_store(world), 0);
    check_all(world);
    mf_store_close(world->store);
    check_files(world);
    free_world(world);
}

static void cut_power(const struct shape *shape, int rounds)
{
    long calls = measure(shape);
    for (int i = 0; i < rounds; i++) {
        unsigned seed = (unsigned)i + 1;
        long nth = 1 + (long)(rand_r(&seed) % (unsigned long)calls);
        print_message("round %d: call %ld of about %ld\n", i, nth, calls);
        cut_power_at(shape, nth, seed);
    }
}

static void what_was_told_outlives_a_power_cut(void **state)
{
    (void)state;
    cut_power(&some, round_count(20));
}

static void pages_and_groups_outlive_a_power_cut(void **state)
{
    (void)state;
    cut_power(&many, round_count(20) / 5 + 1);
    cut_power(&large, round_count(20) / 10 + 1);
}

static void retention_outlives_a_power_cut(void **state)
{
    (void)state;
    cut_power(&limited, round_count(20) / 4 + 1);
}

/* One call fails and later ones do not. */
static void fail_call(const struct shape *shape, long nth)
{
    struct world *world = new_world(shape);
    fault_vfs_plan(nth, FAULT_ONCE);
    if (open_store(world)) { /* at the start it is told */
        fault_vfs_heal();
        assert_int_equal(open_store(world), 0);
    }
    write_all(world, false);
    wait_told(world);
    fault_vfs_heal();
    check_all(world);
    mf_store_close(world->store);
    check_files(world);
    free_world(world);
}

static void a_call_that_fails_loses_nothing(void **state)
{
    long calls = measure(&some);
    int rounds = round_count(20);
    (void)state;
    for (int i = 0; i < rounds; i++) {
        unsigned seed = (unsigned)i + 1;
        long nth = 1 + (long)(rand_r(&seed) % (unsigned long)calls);
        print_message("round %d: call %ld of about %ld\n", i, nth, calls);
        fail_call(&some, nth);
    }
}

/* All writes fail for a while: writes are refused, reads go on. */
static void fail_for_a_while(const struct shape *shape, long nth,
                             enum fault fault)
{
    struct world *world = new_world(shape);
    fault_vfs_heal();
    assert_int_equal(open_store(world), 0);
    fault_vfs_plan(nth, fault);
    write_all(world, true);
    pthread_mutex_lock(&world->mutex);
    while (!world->has_failed && world->written < write_count(world))
        pthread_cond_wait(&world->changed, &world->mutex);
    bool has_failed = world->has_failed;
    pthread_mutex_unlock(&world->mutex);
    if (has_failed) {
        struct mf_reader *reader;
        struct mf_window window;
        const struct mf_list_query query = {.limit = 10};
        assert_int_equal(mf_reader_open(world->store, &reader, NULL), 0);
        assert_int_equal(mf_reader_list(reader, &query, &window, NULL), 0);
        mf_window_release(&window);
        mf_reader_close(reader);
    }
    fault_vfs_heal();
    /* The store takes writes again after its next commit. */
    while (world->written < write_count(world)) {
        write_all(world, false);
        sched_yield();
    }
    wait_told(world);
    check_all(world);
    mf_store_close(world->store);
    check_files(world);
    free_world(world);
}

static void a_disk_that_is_full_for_a_while_loses_nothing(void **state)
{
    int rounds = round_count(20) / 4 + 1;
    (void)state;
    for (int i = 0; i < rounds; i++) {
        fail_for_a_while(&some, 50 + 97 * i, FAULT_FULL);
        fail_for_a_while(&some, 50 + 97 * i, FAULT_LASTS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_told_outlives_a_power_cut),
        cmocka_unit_test(pages_and_groups_outlive_a_power_cut),
        cmocka_unit_test(retention_outlives_a_power_cut),
        cmocka_unit_test(a_call_that_fails_loses_nothing),
        cmocka_unit_test(a_disk_that_is_full_for_a_while_loses_nothing),
    };
    fault_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
