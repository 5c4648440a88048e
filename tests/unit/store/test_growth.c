/* Flows that grow: by appended messages, and by whole snapshots. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "pb/wire.h"

/* Message n of a flow, in its nth life: some text of its own. */
static void text_of(int life, size_t n, char text[64])
{
    snprintf(text, 64, "life %d message %zu %.*s", life, n, (int)(n % 20),
             "....................");
}

static void put_message(struct mf_buf *buf, uint32_t field, int life, size_t n)
{
    char text[64];
    size_t mark;
    text_of(life, n, text);
    mf_wire_begin(buf, field, &mark);
    mf_wire_put_bytes(buf, 1, text, strlen(text));
    mf_wire_put_timestamp_opt(buf, 2,
                              INT64_C(1700000000000000000) + (int64_t)n * 1000);
    mf_wire_put_varint_opt(buf, 3, n % 2);
    mf_wire_end(buf, mark);
}

/* A whole TCP flow with its first `count` messages. */
static struct mf_flow *make_whole(const char *id, int life, size_t count,
                                  unsigned event)
{
    struct mf_buf buf;
    size_t flow_mark, tcp_mark;
    struct mf_flow *flow = NULL;
    mf_buf_init(&buf, SIZE_MAX);
    mf_wire_begin(&buf, 1, &flow_mark);
    mf_wire_begin(&buf, MF_FLOW_TCP, &tcp_mark);
    mf_wire_put_bytes(&buf, 1, id, strlen(id));
    mf_wire_put_timestamp_opt(&buf, 5, INT64_C(1700000000000000000));
    for (size_t n = 0; n < count; n++)
        put_message(&buf, 4, life, n);
    mf_wire_end(&buf, tcp_mark);
    mf_wire_end(&buf, flow_mark);
    mf_wire_put_varint(&buf, 2, event);
    assert_int_equal(mf_flow_from_export(buf.data, buf.len, &flow, NULL), 0);
    mf_buf_release(&buf);
    return flow;
}

static uint64_t put_whole(struct fixture *fixture, const char *id, int life,
                          size_t count, unsigned event)
{
    uint64_t ticket;
    struct mf_flow *flow = make_whole(id, life, count, event);
    assert_int_equal(
        mf_store_put(fixture->store, flow, "source", "session", &ticket), 0);
    mf_flow_unref(flow);
    return ticket;
}

/* An append of messages `first` to `end`; `error`: NULL, or its error. */
static int append(struct fixture *fixture, const char *id, int life,
                  size_t first, size_t end, unsigned event, const char *error,
                  uint64_t *ret_ticket)
{
    struct mf_append what;
    struct mf_buf buf;
    size_t mark;
    mf_buf_init(&buf, SIZE_MAX);
    mf_wire_begin(&buf, 100, &mark);
    mf_wire_put_bytes(&buf, 1, id, strlen(id));
    mf_wire_put_varint_opt(&buf, 2, first);
    for (size_t n = first; n < end; n++)
        put_message(&buf, 4, life, n);
    if (error)
        mf_wire_put_bytes(&buf, 7, error, strlen(error));
    mf_wire_end(&buf, mark);
    mf_wire_put_varint(&buf, 2, event);
    assert_int_equal(mf_append_from_export(buf.data, buf.len, &what, NULL), 0);
    int rc =
        mf_store_append(fixture->store, &what, "source", "session", ret_ticket);
    mf_append_release(&what);
    mf_buf_release(&buf);
    return rc;
}

static void append_and_wait(struct fixture *fixture, const char *id,
                            size_t first, size_t end)
{
    uint64_t ticket;
    assert_int_equal(
        append(fixture, id, 0, first, end, TCP_MESSAGE, NULL, &ticket), 0);
    wait_ticket(fixture, ticket);
}

/* The flow's messages are these, read by range and with the flow. */
static void check_messages(struct fixture *fixture, const char *id, int life,
                           size_t count)
{
    const struct mf_flow_ref ref = {.id = {id, strlen(id)}};
    struct mf_reader *reader;
    struct mf_buf got, want;
    struct mf_messages messages;
    mf_buf_init(&got, SIZE_MAX);
    mf_buf_init(&want, SIZE_MAX);
    for (size_t n = 0; n < count; n++)
        put_message(&want, 4, life, n);
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    for (size_t n = 0; n < count; n += messages.count) {
        assert_int_equal(
            mf_reader_messages(reader, &ref, n, 700, &got, &messages, NULL), 0);
        assert_true(messages.count > 0);
        assert_int_equal(messages.total, count);
    }
    assert_int_equal(got.len, want.len);
    assert_true(want.len == 0 || memcmp(got.data, want.data, want.len) == 0);
    mf_reader_close(reader);
    struct mf_record *record = get(fixture, id, strlen(id));
    char text[64];
    text_of(life, count - 1, text);
    assert_true(holds(record, text));
    mf_record_unref(record);
    mf_buf_release(&got);
    mf_buf_release(&want);
}

static uint32_t told_messages(struct fixture *fixture, const char *id)
{
    struct mf_record *record = get(fixture, id, strlen(id));
    size_t len;
    const uint8_t *bytes = mf_record_summary(record, &len);
    Mitmflow__V1__FlowSummary *summary =
        mitmflow__v1__flow_summary__unpack(NULL, len, bytes);
    uint32_t count = summary->message_count;
    mitmflow__v1__flow_summary__free_unpacked(summary, NULL);
    mf_record_unref(record);
    return count;
}

static void appended_messages_follow_those_of_the_snapshot(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    wait_ticket(fixture, put_whole(fixture, "a", 0, 2, TCP_MESSAGE));
    append_and_wait(fixture, "a", 2, 5);
    append_and_wait(fixture, "a", 5, 6);
    check_messages(fixture, "a", 0, 6);
    assert_int_equal(told_messages(fixture, "a"), 6);
    /* Each commit wrote its own, and the head once. */
    assert_int_equal(sql_int(fixture, "SELECT count(*) FROM piece"), 2);
    assert_int_equal(sql_int(fixture, "SELECT sum(count) FROM piece"), 4);
}

static void messages_come_before_their_snapshot_is_durable(void **state)
{
    struct fixture *fixture = *state;
    fixture->limits.gather_ns = INT64_C(3600000000000);
    fixture_open(fixture);
    put_whole(fixture, "a", 0, 1, TCP_MESSAGE);
    assert_int_equal(append(fixture, "a", 0, 1, 3, TCP_MESSAGE, NULL, NULL), 0);
    put_whole(fixture, "a", 0, 5, TCP_MESSAGE);
    assert_int_equal(append(fixture, "a", 0, 5, 6, TCP_MESSAGE, NULL, NULL), 0);
    fixture_reopen(fixture);
    check_messages(fixture, "a", 0, 6);
}

static void a_repeat_changes_nothing_and_a_gap_is_told(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ticket;
    fixture_open(fixture);
    assert_int_equal(append(fixture, "a", 0, 0, 1, TCP_MESSAGE, NULL, &ticket),
                     MF_ENOENT);
    wait_ticket(fixture, put_whole(fixture, "a", 0, 1, TCP_MESSAGE));
    append_and_wait(fixture, "a", 1, 4);
    size_t before = fixture->told.change_count;
    append_and_wait(fixture, "a", 1, 4);
    append_and_wait(fixture, "a", 0, 2);
    assert_int_equal(fixture->told.change_count, before);
    assert_int_equal(append(fixture, "a", 0, 5, 6, TCP_MESSAGE, NULL, &ticket),
                     MF_ENOENT);
    append_and_wait(fixture, "a", 2, 6); /* two of them are new */
    check_messages(fixture, "a", 0, 6);
    assert_int_equal(fixture->told.change_count, before + 1);
}

static void the_end_brings_what_belongs_to_it(void **state)
{
    struct fixture *fixture = *state;
    enum { TCP_ERROR = 16 };
    uint64_t ticket;
    fixture_open(fixture);
    wait_ticket(fixture, put_whole(fixture, "a", 0, 1, TCP_MESSAGE));
    append_and_wait(fixture, "a", 1, 2);
    assert_int_equal(
        append(fixture, "a", 0, 2, 3, TCP_ERROR, "reset by peer", &ticket), 0);
    wait_ticket(fixture, ticket);
    check_messages(fixture, "a", 0, 3);
    struct mf_record *record = get(fixture, "a", 1);
    assert_int_equal(mf_record_head(record)->state, MF_FLOW_ENDED);
    assert_true(holds(record, "reset by peer"));
    mf_record_unref(record);
    size_t before = fixture->told.change_count;
    assert_int_equal(
        append(fixture, "a", 0, 2, 3, TCP_ERROR, "reset by peer", &ticket), 0);
    wait_ticket(fixture, ticket);
    assert_int_equal(fixture->told.change_count, before);
}

static void a_longer_snapshot_writes_what_is_new(void **state)
{
    struct fixture *fixture = *state;
    enum { FIRST = 4000, STEPS = 4 };
    fixture_open(fixture);
    wait_ticket(fixture, put_whole(fixture, "a", 0, FIRST, TCP_MESSAGE));
    int64_t was = sql_int(
        fixture, "SELECT max(first + count) FROM piece WHERE frame = 0");
    assert_int_equal(was, FIRST);
    for (size_t i = 1; i <= STEPS; i++) {
        wait_ticket(fixture,
                    put_whole(fixture, "a", 0, FIRST + i, TCP_MESSAGE));
        assert_int_equal(
            sql_int(fixture, "SELECT count FROM piece ORDER BY first DESC"), 1);
    }
    check_messages(fixture, "a", 0, FIRST + STEPS);
}

static void other_messages_take_the_place_of_all(void **state)
{
    struct fixture *fixture = *state;
    fixture->limits.block_bytes = 20000; /* pieces are in blocks, too */
    fixture_open(fixture);
    wait_ticket(fixture, put_whole(fixture, "a", 0, 5000, TCP_MESSAGE));
    wait_ticket(fixture, put_whole(fixture, "a", 1, 4000, TCP_MESSAGE));
    check_messages(fixture, "a", 1, 4000);
    wait_ticket(fixture, put_whole(fixture, "a", 2, 3, TCP_MESSAGE));
    check_messages(fixture, "a", 2, 3);
    assert_int_equal(sql_int(fixture, "SELECT count(*) FROM piece"), 0);
    wait_ticket(fixture, put_whole(fixture, "a", 2, 6000, TCP_END));
    check_messages(fixture, "a", 2, 6000);
}

static void a_flow_goes_on_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ticket;
    fixture->limits.block_bytes = 1000; /* its head is in a block by then */
    fixture_open(fixture);
    wait_ticket(fixture, put_whole(fixture, "a", 0, 1, TCP_MESSAGE));
    append_and_wait(fixture, "a", 1, 100);
    fixture_reopen(fixture);
    wait_ticket(fixture, put_whole(fixture, "other", 0, 50, TCP_END));
    assert_int_equal(
        sql_int(fixture, "SELECT frame > 0 FROM flow WHERE id = 'a'"), 1);
    append_and_wait(fixture, "a", 99, 120);
    struct mf_record *record = get(fixture, "a", 1);
    assert_int_equal(mf_record_head(record)->state, MF_FLOW_LIVE);
    mf_record_unref(record);
    /* A live flow's head is where the end of its session finds it. */
    assert_int_equal(mf_store_cut_off(fixture->store, "session", &ticket), 0);
    wait_ticket(fixture, ticket);
    check_messages(fixture, "a", 0, 120);
    record = get(fixture, "a", 1);
    assert_int_equal(mf_record_head(record)->state, MF_FLOW_CUT_OFF);
    mf_record_unref(record);
}

static void many_messages_cost_as_much_as_their_bytes(void **state)
{
    struct fixture *fixture = *state;
    enum { MESSAGES = 20000, AT_ONCE = 20 };
    uint64_t ticket = 0;
    fixture->limits.gather_ns = 1000000;
    fixture_open(fixture);
    put_whole(fixture, "a", 0, 1, TCP_MESSAGE);
    for (size_t n = 1; n < MESSAGES; n += AT_ONCE)
        assert_int_equal(
            append(fixture, "a", 0, n, n + AT_ONCE, TCP_MESSAGE, NULL, &ticket),
            0);
    assert_int_equal(
        append(fixture, "a", 0, MESSAGES, MESSAGES, TCP_END, NULL, &ticket), 0);
    wait_ticket(fixture, ticket);
    wait_ticket(fixture, put(fixture, "b", TCP_END, "x"));
    check_messages(fixture, "a", 0, MESSAGES + 1);
    assert_true(sql_int(fixture, "SELECT page_count * page_size FROM"
                                 " pragma_page_count, pragma_page_size") <
                3 * MESSAGES * 70);
    /* In few pieces, however many commits they came in. */
    assert_true(sql_int(fixture, "SELECT count(*) FROM piece") <
                2 + MESSAGES * 70 / 49152);
}

static void a_deleted_flow_takes_its_pieces_along(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ticket;
    fixture->limits.block_bytes = 20000;
    fixture_open(fixture);
    wait_ticket(fixture, put_whole(fixture, "a", 0, 9000, TCP_MESSAGE));
    append_and_wait(fixture, "a", 9000, 9001);
    assert_int_equal(delete_id(fixture, "a"), 0);
    assert_int_equal(sql_int(fixture, "SELECT count(*) FROM piece"), 0);
    /* What still comes of it is taken, and dropped. */
    assert_int_equal(
        append(fixture, "a", 0, 9001, 9002, TCP_MESSAGE, NULL, &ticket), 0);
    wait_ticket(fixture, ticket);
    assert_null(get(fixture, "a", 1));
    assert_int_equal(append(fixture, "a", 0, 9002, 9003, TCP_END, NULL, NULL),
                     0);
    assert_int_equal(
        append(fixture, "a", 0, 9003, 9004, TCP_MESSAGE, NULL, NULL),
        MF_ENOENT);
}

/* ---- by chance ---- */

struct grown {
    int life;
    size_t count; /* 0: it is not there */
};

static uint32_t any(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % below;
}

static void grow_by_chance(struct fixture *fixture, struct grown *flow,
                           const char *id, uint32_t *seed)
{
    unsigned event = any(seed, 8) ? TCP_MESSAGE : TCP_END;
    size_t more = any(seed, 10) ? any(seed, 40) : any(seed, 3000);
    if (flow->count == 0 || any(seed, 12) == 0) {
        flow->life += any(seed, 3) == 0;
        /* It may be shorter than it was, too. */
        flow->count = any(seed, 2) ? flow->count + more : 1 + more;
        if (flow->count == 0)
            flow->count = 1;
        put_whole(fixture, id, flow->life, flow->count, event);
        return;
    }
    size_t back = any(seed, 5) ? 0 : any(seed, (uint32_t)flow->count + 1);
    assert_int_equal(append(fixture, id, flow->life, flow->count - back,
                            flow->count + more, event, NULL, NULL),
                     0);
    flow->count += more;
}

static void however_it_grows_all_of_it_is_there(void **state)
{
    struct fixture *fixture = *state;
    enum { FLOWS = 4, STEPS = 400, CHECK_EVERY = 40 };
    struct grown flows[FLOWS] = {0};
    uint32_t seed = 20261128;
    fixture->limits.gather_ns = 300000;
    fixture->limits.block_bytes = 30000;
    fixture->limits.live_count = 2;
    fixture_open(fixture);
    for (int step = 1; step <= STEPS; step++) {
        uint32_t at = any(&seed, FLOWS);
        char id[2] = {(char)('a' + at), '\0'};
        grow_by_chance(fixture, &flows[at], id, &seed);
        if (any(&seed, 60) == 0)
            fixture_reopen(fixture);
        if (step % CHECK_EVERY)
            continue;
        for (uint32_t i = 0; i < FLOWS; i++) {
            id[0] = (char)('a' + i);
            if (flows[i].count)
                check_messages(fixture, id, flows[i].life, flows[i].count);
        }
    }
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(appended_messages_follow_those_of_the_snapshot),
        TEST(messages_come_before_their_snapshot_is_durable),
        TEST(a_repeat_changes_nothing_and_a_gap_is_told),
        TEST(the_end_brings_what_belongs_to_it),
        TEST(a_longer_snapshot_writes_what_is_new),
        TEST(other_messages_take_the_place_of_all),
        TEST(a_flow_goes_on_after_a_restart),
        TEST(many_messages_cost_as_much_as_their_bytes),
        TEST(a_deleted_flow_takes_its_pieces_along),
        TEST(however_it_grows_all_of_it_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
