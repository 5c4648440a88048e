/* Frames that an earlier version signed. */
#include "support.h"

#include <sqlite3.h>
#include <string.h>

#include "flow/text.h"
#include "store/check.h"

static void run_sql(struct fixture *fixture, const char *sql)
{
    char path[128];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/flows.db", fixture->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* Flows "from" to "to" - 1, each in a frame of its own, with a word that no
 * other has. */
static void put_words(struct fixture *fixture, int from, int to)
{
    for (int i = from; i < to; i++) {
        char id[16], text[32];
        snprintf(id, sizeof id, "f%d", i);
        snprintf(text, sizeof text, "word-%c%c-word", 'a' + i / 26,
                 'a' + i % 26);
        wait_ticket(fixture, put(fixture, id, TCP_END, text));
    }
}

/* How many flows have the word of flow `i`. */
static size_t find(struct fixture *fixture, int i)
{
    char text[32];
    struct mf_filter_fault fault;
    struct mf_list_query query = {.limit = 100};
    struct mf_window window;
    struct mf_reader *reader;
    snprintf(text, sizeof text, "~b word-%c%c-word", 'a' + i / 26,
             'a' + i % 26);
    assert_int_equal(mf_filter_parse(text, strlen(text), &query.filter, &fault),
                     0);
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    assert_int_equal(mf_reader_list(reader, &query, &window, NULL), 0);
    size_t count = window.count;
    mf_window_release(&window);
    mf_reader_close(reader);
    mf_filter_unref(query.filter);
    return count;
}

static size_t find_all(struct fixture *fixture, int count)
{
    size_t found = 0;
    for (int i = 0; i < count; i++)
        found += find(fixture, i);
    return found;
}

static void print_fault(void *user, const char *line)
{
    (void)user;
    print_error("check: %s\n", line);
}

static struct mf_check_sum check(struct fixture *fixture)
{
    struct mf_check_sum sum;
    assert_int_equal(mf_check(fixture->dir, print_fault, NULL, &sum, NULL), 0);
    return sum;
}

/* The store is closed: as if an earlier version, which found nothing in any
 * flow, had signed all of its frames. */
static void make_older(struct fixture *fixture)
{
    run_sql(fixture, "UPDATE store SET signed_by = signed_by - 1;"
                     "DELETE FROM posting;"
                     "UPDATE unsealed SET signature = x'00'");
}

static bool is_done(struct fixture *fixture)
{
    return sql_int(fixture, "SELECT resigned >= resign_to FROM store") != 0;
}

/* (No flow is put: it comes by itself.) */
static void wait_done_with(struct fixture *fixture)
{
    while (!is_done(fixture))
        ;
}

static void pretend_done(struct fixture *fixture)
{
    char sql[100];
    snprintf(sql, sizeof sql, "UPDATE store SET signed_by = %d, resign_to = 0",
             MF_FLOW_TEXT_VERSION);
    run_sql(fixture, sql);
}

static int setup(void **state)
{
    int rc = fixture_setup(state);
    struct fixture *fixture = *state;
    fixture->limits.block_bytes = 1;
    return rc;
}

/* What the other tests stand on. */
static void what_is_not_signed_is_not_found(void **state)
{
    enum { COUNT = 20 };
    struct fixture *fixture = *state;
    fixture_open(fixture);
    put_words(fixture, 0, COUNT);
    assert_int_equal(find_all(fixture, COUNT), COUNT);
    fixture_close(fixture);
    make_older(fixture);
    pretend_done(fixture);
    fixture_open(fixture);
    /* The last one waits for a block. */
    assert_true(find_all(fixture, COUNT) <= 1);
}

static void flows_of_an_earlier_version_are_found_again(void **state)
{
    enum { COUNT = 20 };
    struct fixture *fixture = *state;
    fixture_open(fixture);
    assert_int_equal(mf_store_older_frames(fixture->store), 0);
    put_words(fixture, 0, COUNT);
    int64_t frames = sql_int(fixture, "SELECT last_frame FROM store");
    assert_true(frames >= COUNT - 1);
    fixture_close(fixture);
    make_older(fixture);
    struct mf_check_sum sum = check(fixture);
    assert_int_equal(sum.faults, 0);
    assert_int_equal(sum.older_frames, sum.frames);
    fixture_open(fixture);
    assert_int_equal(mf_store_older_frames(fixture->store), frames);
    wait_done_with(fixture);
    assert_int_equal(find_all(fixture, COUNT), COUNT);
    fixture_close(fixture);
    sum = check(fixture);
    assert_int_equal(sum.faults, 0);
    assert_int_equal(sum.older_frames, 0);
    fixture_open(fixture);
    assert_int_equal(mf_store_older_frames(fixture->store), 0);
}

/* Frames from 500 on, of which the first 12 are of a group that is sealed. */
enum { SEALED = 12, SEALED_AND_MORE = 30 };

static void make_sealed(struct fixture *fixture)
{
    fixture_open(fixture);
    fixture_close(fixture);
    run_sql(fixture, "UPDATE store SET last_frame = 499");
    fixture_open(fixture);
    put_words(fixture, 0, SEALED_AND_MORE);
    while (sql_int(fixture, "SELECT sealed_groups FROM store") == 0)
        ;
}

static void a_group_that_is_sealed_is_signed_anew_as_a_whole(void **state)
{
    struct fixture *fixture = *state;
    make_sealed(fixture);
    fixture_close(fixture);
    make_older(fixture);
    assert_int_equal(check(fixture).faults, 0);
    fixture_open(fixture);
    /* Others come meanwhile. */
    put_words(fixture, SEALED_AND_MORE, SEALED_AND_MORE + 10);
    wait_done_with(fixture);
    assert_int_equal(find_all(fixture, SEALED_AND_MORE + 10),
                     SEALED_AND_MORE + 10);
    fixture_close(fixture);
    assert_int_equal(check(fixture).faults, 0);
}

static void a_group_that_is_sealed_on_the_way_is_begun_again(void **state)
{
    enum { BEFORE = 8 };
    struct fixture *fixture = *state;
    fixture_open(fixture);
    fixture_close(fixture);
    run_sql(fixture, "UPDATE store SET last_frame = 499");
    fixture_open(fixture);
    put_words(fixture, 0, BEFORE);
    fixture_close(fixture);
    make_older(fixture);
    /* The first of them are done, as it was when a server ended. */
    char sql[200];
    snprintf(sql, sizeof sql,
             "UPDATE store SET signed_by = %d, resigned = 503,"
             " resign_to = last_frame",
             MF_FLOW_TEXT_VERSION);
    run_sql(fixture, sql);
    fixture_open(fixture);
    put_words(fixture, BEFORE, SEALED_AND_MORE);
    wait_done_with(fixture);
    for (int i = 4; i < SEALED_AND_MORE; i++)
        assert_int_equal(find(fixture, i), 1);
}

/* Its signatures are taken by and by: one that is made anew behind that is not
 * in what is sealed. */
static void
the_last_frames_are_not_done_while_their_group_is_sealed(void **state)
{
    enum { COUNT = 20 };
    struct fixture *fixture = *state;
    char sql[300];
    fixture_open(fixture);
    put_words(fixture, 0, COUNT);
    fixture_close(fixture);
    make_older(fixture);
    snprintf(sql, sizeof sql,
             "UPDATE store SET signed_by = %d, resigned = last_frame - 1,"
             " resign_to = last_frame, last_frame = 511",
             MF_FLOW_TEXT_VERSION);
    run_sql(fixture, sql);
    fixture_open(fixture);
    wait_done_with(fixture);
    while (sql_int(fixture, "SELECT sealed_groups FROM store") == 0)
        ;
    assert_int_equal(find_all(fixture, COUNT), COUNT);
}

static void deletions_on_the_way_leave_nothing_behind(void **state)
{
    struct fixture *fixture = *state;
    make_sealed(fixture);
    fixture_close(fixture);
    make_older(fixture);
    fixture_open(fixture);
    assert_int_equal(delete_all(fixture), 0);
    wait_done_with(fixture);
    while (sql_int(fixture, "SELECT count(*) FROM block") > 0)
        wait_ticket(fixture, put(fixture, "tick", TCP_MESSAGE, "x"));
    fixture_close(fixture);
    assert_int_equal(check(fixture).faults, 0);
}

static void a_frame_that_is_damaged_is_passed_over(void **state)
{
    enum { COUNT = 5 };
    struct fixture *fixture = *state;
    fixture_open(fixture);
    put_words(fixture, 0, COUNT);
    fixture_close(fixture);
    make_older(fixture);
    run_sql(fixture, "UPDATE block SET data = x'0102' WHERE frame = 2");
    fixture_open(fixture);
    wait_done_with(fixture);
    assert_int_equal(find(fixture, 0), 1);
    assert_int_equal(find(fixture, COUNT - 1), 1);
    assert_true(find_all(fixture, COUNT) < COUNT);
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_signed_is_not_found),
        TEST(flows_of_an_earlier_version_are_found_again),
        TEST(a_group_that_is_sealed_is_signed_anew_as_a_whole),
        TEST(a_group_that_is_sealed_on_the_way_is_begun_again),
        TEST(the_last_frames_are_not_done_while_their_group_is_sealed),
        TEST(deletions_on_the_way_leave_nothing_behind),
        TEST(a_frame_that_is_damaged_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
