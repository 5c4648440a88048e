#include "support.h"

#include <string.h>
#include <sys/stat.h>

static const bool yes = true, no = false;

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

static void what_is_queued_is_written_before_the_store_closes(void **state)
{
    struct fixture *fixture = *state;
    fixture->limits.gather_ns = INT64_C(3600000000000);
    fixture_open(fixture);
    put(fixture, "a", TCP_END, "hello");
    put(fixture, "b", TCP_END, "hello");
    fixture_reopen(fixture);
    struct mf_window window = list(fixture, 10);
    assert_int_equal(window.count, 2);
    mf_window_release(&window);
    assert_int_equal(mf_store_backlog(fixture->store), 0);
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

static void an_update_leaves_alone_what_it_does_not_name(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    put(fixture, "a", TCP_END, "x");
    update(fixture, "a", &yes, "note");
    update(fixture, "a", NULL, "other");
    assert_true(fixture->told.done_pinned);
    update(fixture, "a", &no, NULL);
    assert_false(fixture->told.done_pinned);
    assert_string_equal(fixture->told.done_note, "other");
    size_t before = fixture->told.change_count;
    assert_int_equal(update(fixture, "a", &no, "other"), 0);
    assert_int_equal(fixture->told.change_count, before);
    assert_string_equal(fixture->told.done_note, "other");
    assert_int_equal(update(fixture, "nobody", &yes, NULL), MF_ENOENT);
}

static void one_id_from_two_sources_is_two_flows(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ticket;
    fixture_open(fixture);
    put(fixture, "a", TCP_END, "one");
    struct mf_flow *flow = make_flow("a", 1, TCP_END, "two");
    assert_int_equal(mf_store_put(fixture->store, flow, "", "", &ticket), 0);
    mf_flow_unref(flow);
    wait_ticket(fixture, ticket);
    struct mf_record *record = get(fixture, "a", 1);
    assert_int_equal(mf_record_head(record)->number, 2); /* the newest */
    assert_true(holds(record, "two"));
    mf_record_unref(record);
    delete_id(fixture, "a");
    record = get(fixture, "a", 1);
    assert_int_equal(mf_record_head(record)->number, 1);
    mf_record_unref(record);
}

static void odd_ids_are_keys_as_they_are(void **state)
{
    struct fixture *fixture = *state;
    static char long_id[4096];
    memset(long_id, 'x', sizeof long_id);
    const struct mf_span ids[] = {{"../../etc/passwd", 16},
                                  {"a\0b", 3},
                                  {"a\0c", 3},
                                  {"a", 1},
                                  {"/", 1},
                                  {long_id, 4096},
                                  {"\xf0\x9f\x90\xb1", 4}};
    enum { IDS = sizeof ids / sizeof *ids };
    uint64_t ticket = 0;
    fixture_open(fixture);
    for (size_t i = 0; i < IDS; i++)
        ticket = put_id(fixture, ids[i].text, ids[i].len, TCP_END, "x", "s");
    wait_ticket(fixture, ticket);
    fixture_reopen(fixture);
    for (size_t i = 0; i < IDS; i++) {
        struct mf_record *record = get(fixture, ids[i].text, ids[i].len);
        assert_non_null(record);
        assert_int_equal(mf_record_head(record)->number, i + 1);
        struct mf_span id = mf_flow_id(mf_record_flow(record));
        assert_int_equal(id.len, ids[i].len);
        assert_memory_equal(id.text, ids[i].text, id.len);
        mf_record_unref(record);
    }
}

static void names_that_are_too_long_are_refused(void **state)
{
    struct fixture *fixture = *state;
    char name[257];
    memset(name, 'x', 256);
    name[256] = '\0';
    fixture_open(fixture);
    struct mf_flow *flow = make_flow("a", 1, TCP_END, "x");
    assert_int_equal(mf_store_put(fixture->store, flow, name, "", NULL),
                     MF_EINVAL);
    assert_int_equal(mf_store_put(fixture->store, flow, "", name, NULL),
                     MF_EINVAL);
    assert_int_equal(mf_store_cut_off(fixture->store, name, NULL), MF_EINVAL);
    name[255] = '\0';
    assert_int_equal(mf_store_put(fixture->store, flow, name, name, NULL), 0);
    mf_flow_unref(flow);
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
    put_id(fixture, "h", 1, TCP_END, "x", "one");
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

static void a_flow_that_another_session_goes_on_with_stays_live(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ticket;
    fixture_open(fixture);
    put_id(fixture, "a", 1, TCP_MESSAGE, "x", "one");
    put_id(fixture, "a", 1, TCP_MESSAGE, "y", "two");
    assert_int_equal(mf_store_cut_off(fixture->store, "one", &ticket), 0);
    wait_ticket(fixture, ticket);
    struct mf_record *record = get(fixture, "a", 1);
    assert_int_equal(mf_record_head(record)->state, MF_FLOW_LIVE);
    mf_record_unref(record);
}

static void
an_id_deleted_after_its_end_comes_back_with_a_new_number(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    wait_ticket(fixture, put(fixture, "a", TCP_END, "x"));
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

static void
a_flow_deleted_while_it_grows_stays_deleted_until_it_ends(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    wait_ticket(fixture, put(fixture, "a", TCP_MESSAGE, "x"));
    assert_int_equal(delete_id(fixture, "a"), 0);
    wait_ticket(fixture, put(fixture, "a", TCP_MESSAGE, "xy"));
    fixture_reopen(fixture);
    wait_ticket(fixture, put(fixture, "a", TCP_MESSAGE, "xyz"));
    wait_ticket(fixture, put(fixture, "a", TCP_END, "xyz."));
    assert_null(get(fixture, "a", 1));
    assert_int_equal(fixture->told.new_count, 1);
    assert_int_equal(flow_count(fixture), 0);
    /* Its end is remembered, with the next commit. */
    wait_ticket(fixture, put(fixture, "b", TCP_END, "x"));
    fixture_reopen(fixture);
    wait_ticket(fixture, put(fixture, "a", TCP_MESSAGE, "anew"));
    struct mf_record *record = get(fixture, "a", 1);
    assert_int_equal(mf_record_head(record)->number, 3);
    mf_record_unref(record);
}

static void snapshots_of_one_commit_are_a_change_each_and_one_row(void **state)
{
    struct fixture *fixture = *state;
    fixture->limits.gather_ns = INT64_C(3600000000000);
    fixture->limits.batch_bytes = 11 * 1024;
    fixture_open(fixture);
    for (int i = 0; i < 10; i++)
        put(fixture, "a", TCP_MESSAGE, i < 9 ? "early" : "late");
    take_changes(fixture);
    assert_int_equal(fixture->told.commits, 0);
    assert_int_equal(fixture->told.change_count, 10);
    assert_false(mf_store_change_is_durable(fixture->store, 1));
    fixture_reopen(fixture);
    assert_int_equal(fixture->told.new_count, 1);
    assert_int_equal(sql_int(fixture, "SELECT count(*) FROM flow"), 1);
    struct mf_record *record = get(fixture, "a", 1);
    assert_true(holds(record, "late"));
    assert_int_equal(mf_record_head(record)->change, 11); /* cut off */
    mf_record_unref(record);
}

static void a_batch_is_cut_at_its_bytes(void **state)
{
    struct fixture *fixture = *state;
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = '\0';
    fixture->limits.gather_ns = INT64_C(3600000000000);
    fixture->limits.batch_bytes = 3500; /* two flows are plenty, one fits */
    fixture_open(fixture);
    put(fixture, "a", TCP_END, text);
    wait_ticket(fixture, put(fixture, "b", TCP_END, text) - 1);
    assert_true(mf_store_backlog(fixture->store) >= 1000);
    assert_true(mf_store_change_is_durable(fixture->store, 1));
    assert_false(mf_store_change_is_durable(fixture->store, 2));
}

static void an_end_of_nothing_new_is_told_too(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    wait_ticket(fixture, put(fixture, "a", TCP_MESSAGE, "x"));
    assert_int_equal(delete_id(fixture, "a"), 0);
    size_t before = fixture->told.change_count;
    wait_ticket(fixture, put(fixture, "a", TCP_MESSAGE, "dropped"));
    assert_int_equal(fixture->told.change_count, before);
}

static void deleting_everything_keeps_numbers_and_changes(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ticket = 0;
    fixture->limits.tombstones = 3;
    fixture_open(fixture);
    for (char id = 'a'; id < 'k'; id++)
        ticket = put_id(fixture, &id, 1, TCP_END, "x", "s");
    wait_ticket(fixture, ticket);
    update(fixture, "b", &yes, NULL);
    assert_int_equal(delete_all(fixture), 0);
    assert_int_equal(fixture->told.done_deleted, 10);
    assert_int_equal(fixture->told.gone_count, 10);
    assert_int_equal(flow_count(fixture), 0);
    assert_false(fixture->told.has_gap);
    uint64_t head = fixture->told.last_change;
    struct mf_window window;
    assert_int_equal(changes(fixture, head - 10, 100, &window), MF_ENOENT);
    assert_int_equal(changes(fixture, head - 3, 10, &window), 0);
    assert_int_equal(window.gone_count, 3);
    mf_window_release(&window);
    assert_int_equal(delete_all(fixture), 0);
    assert_int_equal(fixture->told.done_deleted, 0);
    assert_int_equal(fixture->told.last_change, head);
    fixture_reopen(fixture);
    wait_ticket(fixture, put(fixture, "a", TCP_END, "x"));
    struct mf_record *record = get(fixture, "a", 1);
    assert_int_equal(mf_record_head(record)->number, 11);
    assert_int_equal(mf_record_head(record)->change, head + 1);
    mf_record_unref(record);
}

static void old_tombstones_are_forgotten_and_that_is_remembered(void **state)
{
    struct fixture *fixture = *state;
    struct mf_window window;
    fixture->limits.tombstones = 5;
    fixture_open(fixture);
    for (int i = 0; i < 11; i++) {
        wait_ticket(fixture, put(fixture, "a", TCP_END, "x"));
        delete_id(fixture, "a");
    }
    uint64_t head = fixture->told.last_change;
    assert_int_equal(head, 22);
    fixture_reopen(fixture);
    assert_int_equal(changes(fixture, 0, 100, &window), MF_ENOENT);
    assert_int_equal(changes(fixture, 11, 100, &window), MF_ENOENT);
    assert_int_equal(changes(fixture, 12, 100, &window), 0);
    assert_int_equal(window.gone_count, 5);
    assert_int_equal(window.gone[0], 7);
    mf_window_release(&window);
    assert_int_equal(changes(fixture, head + 1, 100, &window), MF_ENOENT);
}

static void the_oldest_flows_without_a_pin_make_room(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ticket = 0;
    fixture->max_flows = 10;
    fixture->limits.delete_count = 4;
    fixture_open(fixture);
    for (char id = 'a'; id < 'd'; id++) {
        put_id(fixture, &id, 1, TCP_END, "x", "s");
        update(fixture, (char[]){id, '\0'}, &yes, NULL);
    }
    for (char id = 'd'; id <= 'z'; id++)
        ticket = put_id(fixture, &id, 1, TCP_END, "x", "s");
    wait_ticket(fixture, ticket);
    wait_flow_count(fixture, 13);
    assert_int_equal(fixture->told.gone_count, 13);
    assert_int_equal(fixture->told.evicted_count, 13);
    assert_false(fixture->told.has_gap);
    struct mf_window window = list(fixture, 100);
    assert_int_equal(window.count, 13);
    assert_int_equal(window.flow_count, 13);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(mf_record_head(window.records[i])->number, 26 - i);
    for (size_t i = 10; i < 13; i++)
        assert_true(mf_record_head(window.records[i])->pinned);
    mf_window_release(&window);
    /* A pin taken off counts at once, and its flow is the next to go. */
    update(fixture, "a", &no, NULL);
    wait_flow_count(fixture, 12);
    wait_ticket(fixture, put(fixture, "new", TCP_END, "x"));
    assert_null(get(fixture, "a", 1));
    /* A smaller cap takes effect when the store opens. */
    fixture->max_flows = 1;
    fixture_reopen(fixture);
    wait_flow_count(fixture, 3);
}

static void room_that_is_not_needed_is_given_back(void **state)
{
    struct fixture *fixture = *state;
    enum { LEN = 200000, FLOWS = 20 };
    static char text[LEN + 1];
    struct stat info;
    char path[128];
    uint64_t ticket = 0;
    uint32_t seed = 1;
    for (size_t i = 0; i < LEN; i++) {
        seed = seed * 1664525 + 1013904223;
        text[i] = (char)('!' + (seed >> 24) % 90); /* nothing to compress */
    }
    fixture->limits.free_pages = 4;
    snprintf(path, sizeof path, "%s/flows.db", fixture->dir);
    fixture_open(fixture);
    for (char id = 'a'; id < 'a' + FLOWS; id++)
        ticket = put_id(fixture, &id, 1, TCP_END, text, "s");
    wait_ticket(fixture, ticket);
    fixture_reopen(fixture);
    assert_int_equal(stat(path, &info), 0);
    assert_true(info.st_size > LEN * FLOWS / 2);
    delete_all(fixture);
    /* It shrinks while it is idle; a reopen shows how far it came. */
    do {
        fixture_reopen(fixture);
        assert_int_equal(stat(path, &info), 0);
    } while (info.st_size > LEN * FLOWS / 4);
    wait_ticket(fixture, put(fixture, "a", TCP_END, "x"));
    struct mf_window window = list(fixture, 10);
    assert_int_equal(window.count, 1);
    mf_window_release(&window);
}

/* The backlog at the last commit. */
struct seen {
    struct mf_store *store;
    size_t commits;
    size_t backlog;
};

static void see_backlog(void *user, uint64_t ticket)
{
    struct seen *seen = user;
    (void)ticket;
    seen->commits++;
    seen->backlog = mf_store_backlog(seen->store);
}

static void a_commit_is_told_when_the_backlog_is_without_it(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {0};
    const struct mf_store_opts opts = {
        .dir = fixture->dir, .on_commit = see_backlog, .user = &seen};
    assert_int_equal(mf_store__open(&opts, &fixture->limits, &seen.store, NULL),
                     0);
    struct mf_flow *flow = make_flow("id", 2, TCP_END, "text");
    assert_int_equal(mf_store_put(seen.store, flow, "", "", NULL), 0);
    mf_flow_unref(flow);
    mf_store_close(seen.store);
    assert_int_equal(seen.commits, 1);
    assert_int_equal(seen.backlog, 0);
}

/* More than the writer takes at a time, and again while it takes them. */
static void flows_that_change_while_a_commit_is_gathered_are_kept(void **state)
{
    struct fixture *fixture = *state;
    enum { ROUNDS = 200, IDS = 400 };
    uint64_t ticket = 0;
    char id[16], text[16];
    fixture->limits.gather_ns = 2000000;
    fixture_open(fixture);
    for (size_t round = 1; round <= ROUNDS; round++)
        for (size_t i = 0; i < IDS; i++) {
            snprintf(id, sizeof id, "%zu", i);
            snprintf(text, sizeof text, "%zu", round);
            ticket = put(fixture, id, round % 2 ? TCP_MESSAGE : TCP_END, text);
        }
    wait_ticket(fixture, ticket);
    assert_int_equal(flow_count(fixture), IDS);
    for (size_t i = 0; i < IDS; i += 7) {
        size_t len = (size_t)snprintf(id, sizeof id, "%zu", i);
        struct mf_record *record = get(fixture, id, len);
        assert_true(holds(record, text));
        assert_int_equal(mf_record_head(record)->state, MF_FLOW_ENDED);
        mf_record_unref(record);
    }
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_put_flow_is_there_after_a_reopen),
        TEST(what_is_queued_is_written_before_the_store_closes),
        TEST(the_latest_snapshot_wins_and_pin_and_note_survive),
        TEST(an_update_leaves_alone_what_it_does_not_name),
        TEST(one_id_from_two_sources_is_two_flows),
        TEST(odd_ids_are_keys_as_they_are),
        TEST(names_that_are_too_long_are_refused),
        TEST(live_flows_are_cut_off_when_the_store_opens_again),
        TEST(only_live_flows_of_the_session_are_cut_off),
        TEST(a_flow_that_another_session_goes_on_with_stays_live),
        TEST(an_id_deleted_after_its_end_comes_back_with_a_new_number),
        TEST(a_flow_deleted_while_it_grows_stays_deleted_until_it_ends),
        TEST(snapshots_of_one_commit_are_a_change_each_and_one_row),
        TEST(a_batch_is_cut_at_its_bytes),
        TEST(an_end_of_nothing_new_is_told_too),
        TEST(deleting_everything_keeps_numbers_and_changes),
        TEST(old_tombstones_are_forgotten_and_that_is_remembered),
        TEST(the_oldest_flows_without_a_pin_make_room),
        TEST(room_that_is_not_needed_is_given_back),
        TEST(a_commit_is_told_when_the_backlog_is_without_it),
        TEST(flows_that_change_while_a_commit_is_gathered_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
