#include "support.h"

#include "../wrap_memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The writer's allocation that fails next, counted down; negative: none. */
static atomic_long countdown = -1;
static atomic_long failed;
static pthread_t main_thread;

static bool is_out(void)
{
    if (pthread_equal(pthread_self(), main_thread) || countdown < 0 ||
        atomic_fetch_sub(&countdown, 1) != 0)
        return false;
    atomic_fetch_add(&failed, 1);
    return true;
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

int main(void)
{
    main_thread = pthread_self();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_that_runs_out_of_memory_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
