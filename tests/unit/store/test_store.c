#include "support.h"

#include <stdlib.h>
#include <string.h>

static const bool yes = true;

static void a_put_flow_is_there_after_a_reopen(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    wait_ticket(fixture, put(fixture, "a", TCP_END, "hello"));
    fixture_reopen(fixture);
    struct mf_record *record = get(fixture, "a", 1);
    assert_non_null(record);
    assert_true(holds(record, "hello"));
    assert_int_equal(mf_record_head(record)->state, MF_FLOW_ENDED);
    assert_int_equal(mf_record_head(record)->number, 1);
    assert_string_equal(mf_record_head(record)->source, "source");
    mf_record_unref(record);
}

static void the_latest_snapshot_wins_and_pin_and_note_survive(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    put(fixture, "a", TCP_MESSAGE, "first");
    assert_int_equal(update(fixture, "a", &yes, "a note"), 0);
    assert_true(fixture->told.done_pinned);
    assert_string_equal(fixture->told.done_note, "a note");
    wait_ticket(fixture, put(fixture, "a", TCP_END, "second"));
    struct mf_record *record = get(fixture, "a", 1);
    assert_true(holds(record, "second"));
    assert_false(holds(record, "first"));
    assert_true(mf_record_head(record)->pinned);
    assert_string_equal(mf_record_head(record)->note, "a note");
    assert_int_equal(mf_record_head(record)->number, 1);
    mf_record_unref(record);
    struct mf_window window = list(fixture, 10);
    assert_int_equal(window.count, 1);
    assert_int_equal(window.flow_count, 1);
    mf_window_release(&window);
}

static void live_flows_are_cut_off_when_the_store_opens_again(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    put(fixture, "ended", TCP_END, "x");
    wait_ticket(fixture, put(fixture, "live", TCP_MESSAGE, "x"));
    uint64_t change = fixture->told.last_change;
    fixture_reopen(fixture);
    struct mf_window window;
    assert_int_equal(changes(fixture, change, 10, &window), 0);
    assert_int_equal(window.count, 1);
    assert_int_equal(mf_record_head(window.records[0])->state, MF_FLOW_CUT_OFF);
    assert_int_equal(mf_record_head(window.records[0])->change, change + 1);
    assert_int_equal(window.head, change + 1);
    mf_window_release(&window);
    wait_ticket(fixture, put(fixture, "live", TCP_MESSAGE, "again"));
    struct mf_record *record = get(fixture, "live", 4);
    assert_int_equal(mf_record_head(record)->state, MF_FLOW_LIVE);
    mf_record_unref(record);
}

static void only_live_flows_of_the_session_are_cut_off(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ticket;
    fixture->limits.chunk_count = 2; /* in several commits */
    fixture_open(fixture);
    for (char id = 'a'; id < 'f'; id++)
        put_id(fixture, &id, 1, TCP_MESSAGE, "x", "one");
    put_id(fixture, "g", 1, TCP_MESSAGE, "x", "two");
    wait_ticket(fixture, put_id(fixture, "h", 1, TCP_END, "x", "one"));
    assert_int_equal(mf_store_cut_off(fixture->store, "one", &ticket), 0);
    wait_ticket(fixture, ticket);
    struct mf_window window = list(fixture, 10);
    assert_int_equal(window.count, 7);
    assert_int_equal(mf_record_head(window.records[0])->state, MF_FLOW_ENDED);
    assert_int_equal(mf_record_head(window.records[1])->state, MF_FLOW_LIVE);
    for (size_t i = 2; i < 7; i++)
        assert_int_equal(mf_record_head(window.records[i])->state,
                         MF_FLOW_CUT_OFF);
    mf_window_release(&window);
    assert_false(fixture->told.has_gap);
}

static void a_deleted_id_comes_back_with_a_new_number(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    wait_ticket(fixture, put(fixture, "a", TCP_MESSAGE, "x"));
    update(fixture, "a", &yes, NULL);
    uint64_t before = fixture->told.last_change;
    assert_int_equal(delete_id(fixture, "a"), 0);
    assert_int_equal(fixture->told.done_deleted, 1);
    assert_null(get(fixture, "a", 1));
    wait_ticket(fixture, put(fixture, "a", TCP_END, "y"));
    struct mf_record *record = get(fixture, "a", 1);
    assert_int_equal(mf_record_head(record)->number, 2);
    assert_false(mf_record_head(record)->pinned);
    mf_record_unref(record);
    struct mf_window window;
    assert_int_equal(changes(fixture, before, 10, &window), 0);
    assert_int_equal(window.gone_count, 1);
    assert_int_equal(window.gone[0], 1);
    assert_int_equal(window.count, 1);
    mf_window_release(&window);
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_put_flow_is_there_after_a_reopen),
        TEST(the_latest_snapshot_wins_and_pin_and_note_survive),
        TEST(live_flows_are_cut_off_when_the_store_opens_again),
        TEST(only_live_flows_of_the_session_are_cut_off),
        TEST(a_deleted_id_comes_back_with_a_new_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
