/* A database of each earlier version, as a server of that time left it. */
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void copy_sample(const struct fixture *fixture, const char *name)
{
    static uint8_t bytes[1 << 16];
    char path[256];
    snprintf(path, sizeof path, "%s/%s", MF_TEST_DATA, name);
    FILE *from = fopen(path, "rb");
    assert_non_null(from);
    size_t len = fread(bytes, 1, sizeof bytes, from);
    fclose(from);
    assert_true(len > 0 && len < sizeof bytes);
    assert_int_equal(mkdir(fixture->dir, 0700), 0);
    snprintf(path, sizeof path, "%s/flows.db", fixture->dir);
    FILE *to = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, len, to), len);
    fclose(to);
}

/* The summary in one order of its fields, without what is not derived. */
static struct mf_span canonical(const uint8_t *bytes, size_t len)
{
    Mitmflow__V1__FlowSummary *summary =
        mitmflow__v1__flow_summary__unpack(NULL, len, bytes);
    static char empty[] = "";
    assert_non_null(summary);
    char *note = summary->note, *source = summary->source;
    summary->note = summary->source = empty;
    summary->pinned = 0;
    summary->number = summary->change = 0;
    summary->state = 0;
    uint8_t *packed = malloc(len);
    struct mf_span span = {(char *)packed,
                           mitmflow__v1__flow_summary__pack(summary, packed)};
    summary->note = note;
    summary->source = source;
    mitmflow__v1__flow_summary__free_unpacked(summary, NULL);
    return span;
}

static const struct mf_record *record_of(const struct mf_window *window,
                                         uint64_t number)
{
    for (size_t i = 0; i < window->count; i++)
        if (mf_record_head(window->records[i])->number == number)
            return window->records[i];
    return NULL;
}

/* Every flow's summary is what the old database says. */
static void compare_summaries(const struct mf_window *window)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    size_t count = 0;
    assert_int_equal(sqlite3_open_v2(MF_TEST_DATA "/version-1.db", &db,
                                     SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    sqlite3_prepare_v2(db, "SELECT number, summary FROM flow", -1, &stmt, NULL);
    for (; sqlite3_step(stmt) == SQLITE_ROW; count++) {
        const struct mf_record *record =
            record_of(window, (uint64_t)sqlite3_column_int64(stmt, 0));
        size_t len;
        assert_non_null(record);
        const uint8_t *summary = mf_record_summary(record, &len);
        struct mf_span is = canonical(summary, len);
        struct mf_span was = canonical(sqlite3_column_blob(stmt, 1),
                                       (size_t)sqlite3_column_bytes(stmt, 1));
        assert_int_equal(is.len, was.len);
        assert_memory_equal(is.text, was.text, is.len);
        free((char *)is.text);
        free((char *)was.text);
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    assert_int_equal(count, window->count);
}

static void flows_of_version_1_are_all_there(void **state)
{
    struct fixture *fixture = *state;
    copy_sample(fixture, "version-1.db");
    fixture_open(fixture);
    assert_string_equal(mf_store_epoch(fixture->store), "f715718dbb8a6cb6");
    struct mf_window window = list(fixture, 100);
    assert_int_equal(window.count, 17);
    assert_int_equal(window.flow_count, 17);
    compare_summaries(&window);
    const struct mf_record_head *head =
        mf_record_head(record_of(&window, 4)); /* http-3 */
    assert_true(head->pinned);
    assert_string_equal(head->note, "look at this");
    assert_string_equal(head->source, "laptop");
    assert_int_equal(mf_record_head(record_of(&window, 18))->state,
                     MF_FLOW_CUT_OFF);
    mf_window_release(&window);
    struct mf_record *record = get(fixture, "tcp", 3);
    assert_true(holds(record, "line 2"));
    mf_record_unref(record);
    assert_null(get(fixture, "http-5", 6)); /* was deleted */
    /* One flow was live and is cut off now; one was deleted. */
    assert_int_equal(changes(fixture, 22, 10, &window), 0);
    assert_int_equal(window.count, 1);
    assert_int_equal(window.change, 23);
    mf_window_release(&window);
    assert_int_equal(changes(fixture, 18, 10, &window), 0);
    assert_int_equal(window.gone_count, 1);
    assert_int_equal(window.gone[0], 6);
    mf_window_release(&window);
}

static void flows_of_version_1_go_on(void **state)
{
    struct fixture *fixture = *state;
    copy_sample(fixture, "version-1.db");
    fixture->limits.block_bytes = 1000; /* all of them go into blocks */
    fixture_open(fixture);
    struct mf_flow *flow = make_flow("cut", 3, TCP_END, "it ends");
    uint64_t ticket;
    assert_int_equal(mf_store_put(fixture->store, flow, "laptop", "", &ticket),
                     0);
    mf_flow_unref(flow);
    wait_ticket(fixture, ticket);
    assert_int_equal(flow_count(fixture), 17);
    struct mf_record *record = get(fixture, "cut", 3);
    assert_int_equal(mf_record_head(record)->number, 18);
    assert_int_equal(mf_record_head(record)->state, MF_FLOW_ENDED);
    mf_record_unref(record);
    wait_ticket(fixture, put(fixture, "new", TCP_END, "x"));
    fixture_reopen(fixture);
    assert_true(sql_int(fixture, "SELECT count(*) FROM block") > 0);
    record = get(fixture, "tcp", 3);
    assert_true(holds(record, "line 1"));
    mf_record_unref(record);
    record = get(fixture, "new", 3);
    assert_int_equal(mf_record_head(record)->number, 19);
    mf_record_unref(record);
    /* What is damaged is in lists, and told to be damaged. */
    const struct mf_flow_ref damaged = {.id = {"http-7", 6}};
    struct mf_reader *reader;
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    assert_int_equal(mf_reader_get(reader, &damaged, 0, &record, NULL),
                     MF_ECORRUPT);
    mf_reader_close(reader);
}

static void flows_of_version_2_are_all_there_and_go_on(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ticket;
    bool is_new;
    copy_sample(fixture, "version-2.db");
    fixture_open(fixture);
    assert_string_equal(mf_store_epoch(fixture->store), "2c8f2a3eca904bca");
    struct mf_window window = list(fixture, 100);
    assert_int_equal(window.count, 3);
    const struct mf_record_head *head = mf_record_head(record_of(&window, 2));
    assert_true(head->pinned);
    assert_string_equal(head->note, "look at this");
    assert_string_equal(head->source, "laptop");
    mf_window_release(&window);
    struct mf_record *record = get(fixture, "tcp", 3);
    assert_true(holds(record, "line 1\n"));
    mf_record_unref(record);
    assert_null(get(fixture, "http-2", 6)); /* was deleted */
    const struct mf_loss loss = {
        .id = {"id", 2}, .count = 1, .reason = {"", 0}};
    struct mf_connection connection = {
        .id = {"c", 1}, .at_ns = 1, .error = {"", 0}};
    assert_int_equal(
        mf_store_put_loss(fixture->store, &loss, "laptop", &is_new, &ticket),
        0);
    assert_int_equal(
        mf_store_put_connection(fixture->store, &connection, "laptop", &ticket),
        0);
    wait_ticket(fixture, ticket);
    assert_int_equal(sql_int(fixture, "SELECT count(*) FROM loss"), 1);
    assert_int_equal(sql_int(fixture, "SELECT count(*) FROM connection"), 1);
}

static void flows_of_version_3_are_all_there_and_go_on(void **state)
{
    struct fixture *fixture = *state;
    copy_sample(fixture, "version-3.db");
    fixture_open(fixture);
    assert_string_equal(mf_store_epoch(fixture->store), "9eeb46f6ec88cf91");
    struct mf_window window = list(fixture, 100);
    assert_int_equal(window.count, 2);
    const struct mf_record_head *head = mf_record_head(record_of(&window, 1));
    assert_true(head->pinned);
    assert_string_equal(head->note, "look at this");
    mf_window_release(&window);
    assert_int_equal(mf_store_put_descriptor(fixture->store, 1,
                                             MF_SPAN("a.proto"),
                                             MF_SPAN("bytes")),
                     0);
    wait_ticket(fixture, put(fixture, "new", TCP_END, "x"));
    assert_int_equal(sql_int(fixture, "SELECT count(*) FROM descriptor"), 1);
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(flows_of_version_1_are_all_there),
        TEST(flows_of_version_1_go_on),
        TEST(flows_of_version_2_are_all_there_and_go_on),
        TEST(flows_of_version_3_are_all_there_and_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
