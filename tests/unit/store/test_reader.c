#include "support.h"

#include <string.h>

static uint64_t put_letters(struct fixture *fixture, char first, char last)
{
    uint64_t ticket = 0;
    for (char id = first; id <= last; id++)
        ticket = put_id(fixture, &id, 1, TCP_END,
                        (id - first) % 2 ? "odd" : "even", "s");
    return ticket;
}

static int list_with(struct fixture *fixture, const struct mf_list_query *query,
                     struct mf_window *ret_window)
{
    struct mf_reader *reader;
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    int rc = mf_reader_list(reader, query, ret_window, NULL);
    mf_reader_close(reader);
    return rc;
}

static struct mf_filter *text_filter(char *text)
{
    Mitmflow__V1__FlowFilter message = MITMFLOW__V1__FLOW_FILTER__INIT;
    struct mf_filter *filter = NULL;
    message.filter_text = text;
    assert_int_equal(mf_filter_new(&message, &filter, NULL, NULL), 0);
    return filter;
}

static void lists_are_newest_first_and_end_at_the_limit(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    wait_ticket(fixture, put_letters(fixture, 'a', 'j'));
    struct mf_window window = list(fixture, 4);
    assert_int_equal(window.count, 4);
    assert_int_equal(window.flow_count, 10);
    assert_int_equal(window.change, 10);
    assert_int_equal(window.head, 10);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mf_record_head(window.records[i])->number, 10 - i);
        assert_null(mf_record_flow(window.records[i]));
    }
    mf_window_release(&window);
    window = list(fixture, 0);
    assert_int_equal(window.count, 0);
    assert_int_equal(window.head, 10);
    mf_window_release(&window);
}

static void a_list_has_what_was_told_when_the_flow_was_put(void **state)
{
    struct fixture *fixture = *state;
    struct mf_change change;
    size_t len, told_len;
    fixture_open(fixture);
    struct mf_flow *flow = make_flow("a", 1, TCP_END, "text");
    uint64_t ticket;
    assert_int_equal(mf_store_put(fixture->store, flow, "source", "s", &ticket),
                     0);
    mf_flow_unref(flow);
    assert_int_equal(mf_store_take_changes(fixture->store, &change, 1), 1);
    wait_ticket(fixture, ticket);
    struct mf_window window = list(fixture, 1);
    mf_record_summary(window.records[0], &len);
    mf_record_summary(change.record, &told_len);
    /* The fields are in another order. */
    assert_int_equal(len, told_len);
    assert_string_equal(mf_record_head(window.records[0])->source, "source");
    mf_window_release(&window);
    mf_record_unref(change.record);
}

static void a_filter_looks_into_messages(void **state)
{
    struct fixture *fixture = *state;
    struct mf_window window;
    fixture_open(fixture);
    wait_ticket(fixture, put_letters(fixture, 'a', 'j'));
    struct mf_filter *filter = text_filter("ODD");
    const struct mf_list_query query = {.filter = filter, .limit = 3};
    assert_int_equal(list_with(fixture, &query, &window), 0);
    assert_int_equal(window.count, 3);
    assert_int_equal(window.flow_count, 10);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(mf_record_head(window.records[i])->number, 10 - 2 * i);
        /* What was read for the filter is not kept. */
        assert_null(mf_record_flow(window.records[i]));
    }
    mf_window_release(&window);
    mf_filter_unref(filter);
}

static void a_filter_by_pin_finds_old_pins(void **state)
{
    struct fixture *fixture = *state;
    struct mf_window window;
    struct mf_filter *filter = NULL;
    const bool yes = true;
    Mitmflow__V1__FlowFilter message = MITMFLOW__V1__FLOW_FILTER__INIT;
    message.pinned_presence_case =
        MITMFLOW__V1__FLOW_FILTER__PINNED_PRESENCE_PINNED;
    message.pinned = true;
    fixture_open(fixture);
    wait_ticket(fixture, put_letters(fixture, 'a', 'j'));
    update(fixture, "b", &yes, NULL);
    update(fixture, "c", &yes, NULL);
    assert_int_equal(mf_filter_new(&message, &filter, NULL, NULL), 0);
    const struct mf_list_query query = {.filter = filter, .limit = 10};
    assert_int_equal(list_with(fixture, &query, &window), 0);
    assert_int_equal(window.count, 2);
    assert_int_equal(mf_record_head(window.records[0])->number, 3);
    assert_int_equal(mf_record_head(window.records[1])->number, 2);
    assert_null(mf_record_flow(window.records[0]));
    mf_window_release(&window);
    mf_filter_unref(filter);
}

static void flows_begun_later_than_a_time_can_be_asked_for(void **state)
{
    struct fixture *fixture = *state;
    struct mf_window window;
    struct mf_list_query query = {.limit = 10};
    fixture_open(fixture);
    wait_ticket(fixture, put_letters(fixture, 'a', 'b'));
    query.since_ns = INT64_C(1700000000000000000);
    assert_int_equal(list_with(fixture, &query, &window), 0);
    assert_int_equal(window.count, 0);
    query.since_ns--;
    assert_int_equal(list_with(fixture, &query, &window), 0);
    assert_int_equal(window.count, 2);
    mf_window_release(&window);
}

static void a_cancelled_list_stops(void **state)
{
    struct fixture *fixture = *state;
    struct mf_window window = {0};
    _Atomic bool cancel = true;
    const struct mf_list_query query = {.limit = 10, .cancel = &cancel};
    fixture_open(fixture);
    wait_ticket(fixture, put_letters(fixture, 'a', 'b'));
    assert_int_equal(list_with(fixture, &query, &window), MF_ECLOSED);
    cancel = false;
    assert_int_equal(list_with(fixture, &query, &window), 0);
    assert_int_equal(window.count, 2);
    mf_window_release(&window);
}

static void changes_come_once_each_in_order_page_by_page(void **state)
{
    struct fixture *fixture = *state;
    struct mf_window window;
    fixture_open(fixture);
    wait_ticket(fixture, put_letters(fixture, 'a', 'f'));    /* 1 to 6 */
    delete_id(fixture, "b");                                 /* 7 */
    wait_ticket(fixture, put(fixture, "a", TCP_END, "new")); /* 8 */
    delete_id(fixture, "d");                                 /* 9 */
    assert_int_equal(changes(fixture, 0, 100, &window), 0);
    assert_int_equal(window.count, 4); /* c e f a */
    assert_int_equal(window.gone_count, 2);
    assert_int_equal(window.change, 9);
    assert_int_equal(mf_record_head(window.records[3])->number, 1);
    assert_int_equal(mf_record_head(window.records[3])->change, 8);
    mf_window_release(&window);
    /* By pages of two the same comes, and the page tells where it ended. */
    static const uint64_t ends[] = {5, 7, 9};
    uint64_t after = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(changes(fixture, after, 2, &window), 0);
        assert_int_equal(window.count + window.gone_count, 2);
        assert_int_equal(window.change, ends[i]);
        assert_int_equal(window.head, 9);
        after = window.change;
        mf_window_release(&window);
    }
    assert_int_equal(changes(fixture, 9, 2, &window), 0);
    assert_int_equal(window.count + window.gone_count, 0);
    assert_int_equal(window.change, 9);
    mf_window_release(&window);
    assert_int_equal(changes(fixture, 10, 2, &window), MF_ENOENT);
}

static void what_a_filter_does_not_match_is_gone(void **state)
{
    struct fixture *fixture = *state;
    struct mf_reader *reader;
    struct mf_window window;
    struct mf_filter *filter = text_filter("odd");
    _Atomic bool cancel = true;
    fixture_open(fixture);
    wait_ticket(fixture, put_letters(fixture, 'a', 'f'));
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    assert_int_equal(
        mf_reader_changes(reader, 1, 10, filter, NULL, &window, NULL), 0);
    assert_int_equal(window.count, 3);
    assert_int_equal(window.gone_count, 2); /* the first is not asked for */
    assert_int_equal(mf_record_head(window.records[0])->number, 2);
    assert_null(mf_record_flow(window.records[0]));
    assert_int_equal(window.gone[0], 3);
    mf_window_release(&window);
    assert_int_equal(
        mf_reader_changes(reader, 1, 10, filter, &cancel, &window, NULL),
        MF_ECLOSED);
    mf_reader_close(reader);
    mf_filter_unref(filter);
}

static void a_change_that_was_told_early_is_waited_for(void **state)
{
    struct fixture *fixture = *state;
    struct mf_window window;
    fixture_open(fixture);
    wait_ticket(fixture, put_letters(fixture, 'a', 'a'));
    put(fixture, "b", TCP_END, "x"); /* change 2, not waited for */
    assert_int_equal(changes(fixture, 2, 10, &window), 0);
    assert_int_equal(window.count, 0);
    assert_int_equal(window.head, 2);
    mf_window_release(&window);
}

static void a_flow_is_there_once_it_was_put(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    for (int i = 0; i < 20; i++) {
        char id[8], text[8];
        snprintf(id, sizeof id, "%d", i / 2);
        snprintf(text, sizeof text, "t%d", i);
        put(fixture, id, TCP_END, text);
        struct mf_record *record = get(fixture, id, strlen(id));
        assert_non_null(record);
        assert_true(holds(record, text));
        mf_record_unref(record);
    }
}

static void one_flow_is_found_by_number_and_by_id(void **state)
{
    struct fixture *fixture = *state;
    struct mf_reader *reader;
    struct mf_record *record = NULL;
    struct mf_err err;
    fixture_open(fixture);
    wait_ticket(fixture, put_letters(fixture, 'a', 'c'));
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    struct mf_flow_ref ref = {.number = 2, .id = {"c", 1}};
    assert_int_equal(mf_reader_get(reader, &ref, 0, &record, &err), 0);
    assert_int_equal(mf_record_head(record)->number, 2); /* number wins */
    mf_record_unref(record);
    ref.number = 0;
    assert_int_equal(mf_reader_get(reader, &ref, 0, &record, &err), 0);
    assert_int_equal(mf_record_head(record)->number, 3);
    mf_record_unref(record);
    ref.number = 99;
    assert_int_equal(mf_reader_get(reader, &ref, 0, &record, &err), MF_ENOENT);
    ref = (struct mf_flow_ref){.id = {"zz", 2}};
    assert_int_equal(mf_reader_get(reader, &ref, 0, &record, &err), MF_ENOENT);
    ref = (struct mf_flow_ref){0};
    assert_int_equal(mf_reader_get(reader, &ref, 0, &record, &err), MF_ENOENT);
    mf_reader_close(reader);
}

static void a_damaged_snapshot_leaves_its_summary(void **state)
{
    struct fixture *fixture = *state;
    struct mf_window window;
    struct mf_reader *reader;
    struct mf_err damage;
    fixture_open(fixture);
    wait_ticket(fixture, put_letters(fixture, 'a', 'b'));
    char path[128];
    snprintf(path, sizeof path, "%s/flows.db", fixture->dir);
    fixture_close(fixture);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
                     "UPDATE recent SET snapshot = x'ff' WHERE number = 1;"
                     "DELETE FROM recent WHERE number = 2",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    fixture_open(fixture);
    const struct mf_list_query query = {.limit = 10};
    assert_int_equal(list_with(fixture, &query, &window), 0);
    assert_int_equal(window.count, 2);
    mf_window_release(&window);
    struct mf_filter *filter = text_filter("even");
    const struct mf_list_query filtered = {.filter = filter, .limit = 10};
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mf_reader_list(reader, &filtered, &window, NULL), 0);
        assert_int_equal(window.count, 0);
        mf_window_release(&window);
        /* What cannot be read is told once. */
        assert_true(mf_reader_take_damage(reader, &damage) == (i ? 0 : 1));
    }
    mf_reader_close(reader);
    mf_filter_unref(filter);
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(lists_are_newest_first_and_end_at_the_limit),
        TEST(a_list_has_what_was_told_when_the_flow_was_put),
        TEST(a_filter_looks_into_messages),
        TEST(a_filter_by_pin_finds_old_pins),
        TEST(flows_begun_later_than_a_time_can_be_asked_for),
        TEST(a_cancelled_list_stops),
        TEST(changes_come_once_each_in_order_page_by_page),
        TEST(what_a_filter_does_not_match_is_gone),
        TEST(a_change_that_was_told_early_is_waited_for),
        TEST(a_flow_is_there_once_it_was_put),
        TEST(one_flow_is_found_by_number_and_by_id),
        TEST(a_damaged_snapshot_leaves_its_summary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
