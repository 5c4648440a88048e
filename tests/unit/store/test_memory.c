#include "support.h"

#include "../wrap_memory.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pb/wire.h"

/* The allocation that fails next, counted down; negative: none. Either the
 * writer's or the main thread's. */
static atomic_long countdown = -1;
static atomic_long failed;
static atomic_bool fails_main;
static pthread_t main_thread;

static bool is_out(void)
{
    bool is_main = pthread_equal(pthread_self(), main_thread);
    if (is_main != fails_main || countdown < 0 ||
        atomic_fetch_sub(&countdown, 1) != 0)
        return false;
    atomic_fetch_add(&failed, 1);
    return true;
}

static const struct mf_connection connection = {
    .id = {"c", 1},
    .at_ns = 1,
    .error = {"", 0},
};
static const struct mf_loss loss = {
    .id = {"id", 2},
    .count = 1,
    .reason = {"", 0},
};

/* What is beside flows; each until it is taken. */
static void put_asides(struct fixture *fixture)
{
    uint64_t ticket;
    bool is_new;
    while (mf_store_put_connection(fixture->store, &connection, "source",
                                   &ticket) == MF_ENOMEM)
        ;
    while (mf_store_put_loss(fixture->store, &loss, "source", &is_new,
                             &ticket) == MF_ENOMEM)
        ;
}

static void check_asides(struct fixture *fixture)
{
    assert_int_equal(sql_int(fixture, "SELECT count(*) FROM connection"), 1);
    assert_int_equal(sql_int(fixture, "SELECT count(*) FROM loss"), 1);
}

/* Several writes in one commit, of which the Nth allocation fails. */
static void write_with_failure(struct fixture *fixture, long nth)
{
    const bool yes = true;
    const struct mf_flow_ref old = {.id = {"old", 3}},
                             gone = {.id = {"gone", 4}};
    const struct mf_update mark = {.pinned = &yes, .note = "note"};
    uint64_t ticket;
    atomic_store(&countdown, nth);
    put(fixture, "new", TCP_MESSAGE, "x");
    mf_store_update(fixture->store, &old, &mark, told_done, &fixture->told);
    mf_store_delete(fixture->store, &gone, 1, told_done, &fixture->told);
    put(fixture, "new", TCP_MESSAGE, "y");
    put_asides(fixture);
    mf_store_cut_off(fixture->store, "session", &ticket);
    wait_ticket(fixture, ticket);
    wait_done(fixture, 2);
    atomic_store(&countdown, -1);
}

static void check_writes(struct fixture *fixture)
{
    struct mf_record *record = get(fixture, "new", 3);
    assert_non_null(record);
    assert_true(holds(record, "y"));
    assert_int_equal(mf_record_head(record)->state, MF_FLOW_CUT_OFF);
    mf_record_unref(record);
    record = get(fixture, "old", 3);
    assert_true(mf_record_head(record)->pinned);
    assert_string_equal(mf_record_head(record)->note, "note");
    assert_int_equal(mf_record_head(record)->number, 1);
    mf_record_unref(record);
    assert_null(get(fixture, "gone", 4));
    check_asides(fixture);
    assert_int_equal(flow_count(fixture), 2);
    assert_int_equal(fixture->told.change_count, 7);
    assert_false(fixture->told.has_gap);
}

static void start(struct fixture *fixture)
{
    fixture_open(fixture);
    put(fixture, "old", TCP_END, "x");
    wait_ticket(fixture, put(fixture, "gone", TCP_END, "x"));
    fixture_close(fixture);
    /* What is told from here on; the two flows above are part of it. */
    fixture_open(fixture);
}

/* A run with a store of its own; false if there was no Nth allocation. */
static bool run_once(long nth)
{
    void *state;
    assert_int_equal(fixture_setup(&state), 0);
    struct fixture *fixture = state;
    start(fixture);
    atomic_store(&failed, 0);
    write_with_failure(fixture, nth);
    check_writes(fixture);
    bool has_failed = atomic_load(&failed) > 0;
    assert_true(fixture->told.failures <= has_failed);
    assert_int_equal(fixture_teardown(&state), 0);
    return has_failed;
}

static void a_write_that_runs_out_of_memory_is_tried_again(void **state)
{
    (void)state;
    long nth = 0;
    while (run_once(nth))
        nth++;
    assert_true(nth > 20);
}

/* ---- the thread that puts ---- */

/* Two more messages of flow "old", after its first. */
static void make_append(struct mf_buf *message, struct mf_append *ret_append)
{
    size_t append_mark, mark;
    mf_buf_init(message, SIZE_MAX);
    mf_wire_begin(message, 100, &append_mark);
    mf_wire_put_bytes(message, 1, "old", 3);
    mf_wire_put_varint(message, 2, 1);
    for (int i = 0; i < 2; i++) {
        mf_wire_begin(message, 4, &mark);
        mf_wire_put_bytes(message, 1, "more", 4);
        mf_wire_end(message, mark);
    }
    mf_wire_end(message, append_mark);
    mf_wire_put_varint(message, 2, TCP_MESSAGE);
    assert_int_equal(
        mf_append_from_export(message->data, message->len, ret_append, NULL),
        0);
}

/* A write whose Nth allocation fails, and then the same once more. */
static uint64_t put_with_failure(struct fixture *fixture, struct mf_flow *flow,
                                 const struct mf_append *append, long nth)
{
    uint64_t ticket = 0;
    int rc = MF_ENOMEM;
    for (long fails = nth; rc == MF_ENOMEM; fails = -1) {
        atomic_store(&countdown, fails);
        rc = flow ? mf_store_put(fixture->store, flow, "source", "s", &ticket)
                  : mf_store_append(fixture->store, append, "source", "s",
                                    &ticket);
        assert_true(rc == 0 || (rc == MF_ENOMEM && fails >= 0));
    }
    atomic_store(&countdown, -1);
    return ticket;
}

/* False if no put had an Nth allocation. */
static bool put_once(long nth)
{
    void *state;
    struct mf_buf message;
    struct mf_append append;
    assert_int_equal(fixture_setup(&state), 0);
    struct fixture *fixture = state;
    fixture_open(fixture);
    wait_ticket(fixture, put(fixture, "old", TCP_MESSAGE, "first"));
    struct mf_flow *new_flow = make_flow("new", 3, TCP_MESSAGE, "x");
    struct mf_flow *ended = make_flow("new", 3, TCP_END, "y");
    make_append(&message, &append);
    atomic_store(&failed, 0);
    atomic_store(&fails_main, true);
    put_with_failure(fixture, new_flow, NULL, nth);
    put_with_failure(fixture, NULL, &append, nth);
    atomic_store(&countdown, nth);
    put_asides(fixture);
    uint64_t ticket = put_with_failure(fixture, ended, NULL, nth);
    atomic_store(&fails_main, false);
    mf_flow_unref(new_flow);
    mf_flow_unref(ended);
    mf_append_release(&append);
    mf_buf_release(&message);
    wait_ticket(fixture, ticket);
    assert_int_equal(fixture->told.change_count, 4);
    assert_false(fixture->told.has_gap);
    assert_int_equal(flow_count(fixture), 2);
    fixture_reopen(fixture);
    check_asides(fixture);
    struct mf_record *record = get(fixture, "new", 3);
    assert_true(holds(record, "y"));
    mf_record_unref(record);
    record = get(fixture, "old", 3);
    assert_true(holds(record, "first"));
    assert_true(holds(record, "more"));
    mf_record_unref(record);
    assert_int_equal(fixture_teardown(&state), 0);
    return atomic_load(&failed) > 0;
}

static void a_put_that_runs_out_of_memory_takes_nothing(void **state)
{
    (void)state;
    long nth = 0;
    while (put_once(nth))
        nth++;
    assert_true(nth > 5);
}

int main(void)
{
    main_thread = pthread_self();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_that_runs_out_of_memory_is_tried_again),
        cmocka_unit_test(a_put_that_runs_out_of_memory_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
