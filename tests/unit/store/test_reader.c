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
    assert_int_equal(mf_filter_new(&message, &filter, NULL), 0);
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

static void a_list_without_its_flow_has_the_same_summary(void **state)
{
    struct fixture *fixture = *state;
    struct mf_window window, full;
    const struct mf_list_query query = {.limit = 1, .with_flow = true};
    size_t len, full_len;
    fixture_open(fixture);
    wait_ticket(fixture, put_letters(fixture, 'a', 'a'));
    window = list(fixture, 1);
    assert_int_equal(list_with(fixture, &query, &full), 0);
    const uint8_t *summary = mf_record_summary(window.records[0], &len);
    const uint8_t *want = mf_record_summary(full.records[0], &full_len);
    assert_non_null(mf_record_flow(full.records[0]));
    assert_int_equal(len, full_len);
    assert_memory_equal(summary, want, len);
    mf_window_release(&window);
    mf_window_release(&full);
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
    assert_int_equal(mf_filter_new(&message, &filter, NULL), 0);
    struct mf_list_query query = {.filter = filter, .limit = 10};
    assert_int_equal(list_with(fixture, &query, &window), 0);
    assert_int_equal(window.count, 2);
    assert_int_equal(mf_record_head(window.records[0])->number, 3);
    assert_int_equal(mf_record_head(window.records[1])->number, 2);
    assert_null(mf_record_flow(window.records[0]));
    mf_window_release(&window);
    query.with_flow = true;
    query.limit = 1;
    assert_int_equal(list_with(fixture, &query, &window), 0);
    assert_int_equal(window.count, 1);
    assert_non_null(mf_record_flow(window.records[0]));
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

static void big_flows_end_a_page_of_changes_early(void **state)
{
    struct fixture *fixture = *state;
    enum { LEN = 1000 };
    char text[LEN + 1] = "";
    struct mf_window window;
    uint64_t ticket = 0, after = 0;
    size_t count = 0;
    memset(text, 'x', LEN);
    fixture->limits.changes_bytes = 2500;
    fixture_open(fixture);
    for (char id = 'a'; id < 'f'; id++)
        ticket = put_id(fixture, &id, 1, TCP_END, text, "s");
    wait_ticket(fixture, ticket);
    while (after < 5) {
        assert_int_equal(changes(fixture, after, 100, &window), 0);
        assert_true(window.count > 0 && window.count <= 3);
        assert_int_equal(window.change, after + window.count);
        after = window.change;
        count += window.count;
        mf_window_release(&window);
    }
    assert_int_equal(count, 5);
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
    assert_int_equal(mf_reader_get(reader, &ref, &record, &err), 0);
    assert_int_equal(mf_record_head(record)->number, 2); /* number wins */
    mf_record_unref(record);
    ref.number = 0;
    assert_int_equal(mf_reader_get(reader, &ref, &record, &err), 0);
    assert_int_equal(mf_record_head(record)->number, 3);
    mf_record_unref(record);
    ref.number = 99;
    assert_int_equal(mf_reader_get(reader, &ref, &record, &err), MF_ENOENT);
    ref = (struct mf_flow_ref){.id = {"zz", 2}};
    assert_int_equal(mf_reader_get(reader, &ref, &record, &err), MF_ENOENT);
    ref = (struct mf_flow_ref){0};
    assert_int_equal(mf_reader_get(reader, &ref, &record, &err), MF_ENOENT);
    mf_reader_close(reader);
}

static void a_damaged_snapshot_leaves_its_summary(void **state)
{
    struct fixture *fixture = *state;
    struct mf_window window;
    fixture_open(fixture);
    wait_ticket(fixture, put_letters(fixture, 'a', 'b'));
    char path[128];
    snprintf(path, sizeof path, "%s/flows.db", fixture->dir);
    fixture_close(fixture);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
                     "UPDATE snapshot SET flow = x'ff' WHERE number = 1;"
                     "DELETE FROM snapshot WHERE number = 2",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    fixture_open(fixture);
    const struct mf_list_query query = {.limit = 10, .with_flow = true};
    assert_int_equal(list_with(fixture, &query, &window), 0);
    assert_int_equal(window.count, 2);
    for (size_t i = 0; i < 2; i++) {
        size_t len;
        assert_null(mf_record_flow(window.records[i]));
        mf_record_summary(window.records[i], &len);
        assert_true(len > 10);
    }
    mf_window_release(&window);
    struct mf_filter *filter = text_filter("even");
    const struct mf_list_query filtered = {.filter = filter, .limit = 10};
    assert_int_equal(list_with(fixture, &filtered, &window), 0);
    assert_int_equal(window.count, 0);
    mf_window_release(&window);
    mf_filter_unref(filter);
    assert_int_equal(update(fixture, "a", NULL, "note"), 0);
    assert_string_equal(fixture->told.done_note, "note");
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(lists_are_newest_first_and_end_at_the_limit),
        TEST(a_list_without_its_flow_has_the_same_summary),
        TEST(a_filter_looks_into_messages),
        TEST(a_filter_by_pin_finds_old_pins),
        TEST(flows_begun_later_than_a_time_can_be_asked_for),
        TEST(a_cancelled_list_stops),
        TEST(changes_come_once_each_in_order_page_by_page),
        TEST(big_flows_end_a_page_of_changes_early),
        TEST(one_flow_is_found_by_number_and_by_id),
        TEST(a_damaged_snapshot_leaves_its_summary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
