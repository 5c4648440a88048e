/* mf_outbox: what goes out, when, and in which order. */
#include "outbox_support.h"

#include <stdio.h>

/* ---- flows ---- */

static void events_of_a_flow_that_wait_go_out_as_one_message(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    part(&f, "a", "two", LIVE);
    assert_false(next(&f, &ALL)); /* more of it may come at once */
    part(&f, "a", "three", ENDS);
    assert_next(&f, &ALL, "whole a three");
    assert_false(next(&f, &ALL));
    ack(&f, 1);
    assert_int_equal(stats_of(&f).flows, 0);
    assert_int_equal(stats_of(&f).memory, 0);
    assert_int_equal(stats_of(&f).sent, 1);
    end(&f);
}

static void a_flow_that_lives_goes_out_after_a_moment(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    assert_false(next(&f, &ALL));
    int64_t due = mf_outbox_advance(f.outbox, f.now_ns);
    assert_true(due > f.now_ns && due < f.now_ns + 100 * MS);
    f.now_ns = due;
    mf_outbox_advance(f.outbox, f.now_ns);
    assert_next(&f, &ALL, "whole a one");
    end(&f);
}

static void only_what_changed_is_sent_then(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    pass(&f, 50 * MS);
    assert_next(&f, &ALL, "whole a one");
    part(&f, "a", "two", LIVE);
    pass(&f, 50 * MS);
    assert_next(&f, &ALL, "part a two");
    part(&f, "a", "three", LIVE);
    part(&f, "a", "four", ENDS);
    assert_next(&f, &ALL, "part a four");
    ack(&f, 2);
    assert_int_equal(stats_of(&f).flows, 1);
    ack(&f, 1);
    assert_int_equal(stats_of(&f).flows, 0);
    end(&f);
}

static void a_server_without_parts_gets_wholes_one_at_a_time(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    pass(&f, 50 * MS);
    assert_next(&f, &WHOLE_ONLY, "whole a one");
    part(&f, "a", "two", LIVE);
    pass(&f, 50 * MS);
    assert_false(next(&f, &WHOLE_ONLY));
    part(&f, "a", "three", ENDS);
    assert_false(next(&f, &WHOLE_ONLY));
    ack(&f, 1);
    assert_next(&f, &WHOLE_ONLY, "whole a three");
    ack(&f, 1);
    assert_int_equal(stats_of(&f).flows, 0);
    end(&f);
}

static void a_missing_flow_is_sent_whole(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    pass(&f, 50 * MS);
    next(&f, &ALL);
    ack(&f, 1);
    part(&f, "a", "two", ENDS);
    assert_next(&f, &ALL, "part a two");
    ack_missing(&f, 1, "a");
    assert_next(&f, &ALL, "whole a two");
    ack_missing(&f, 1, "a"); /* which a whole flow cannot be */
    assert_false(next(&f, &ALL));
    assert_int_equal(stats_of(&f).flows, 0);
    assert_int_equal(stats_of(&f).lost, 0);
    end(&f);
}

static void what_cannot_be_had_whole_is_lost_when_missing(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    part(&f, "a", "two", ENDS);
    assert_next(&f, &ALL, "part a two");
    ack_missing(&f, 1, "a");
    assert_int_equal(stats_of(&f).lost, 1);
    assert_int_equal(stats_of(&f).flows, 0);
    part(&f, "b", "two", ENDS);
    assert_false(next(&f, &WHOLE_ONLY));
    assert_int_equal(stats_of(&f).lost, 2);
    end(&f);
}

static void
what_was_in_flight_comes_again_in_order_and_whole_to_the_next(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    pass(&f, 50 * MS);
    next(&f, &ALL);
    ack(&f, 1);
    whole(&f, "b", "one", ENDS);
    part(&f, "a", "two", ENDS);
    whole(&f, "c", "one", ENDS);
    whole(&f, "d", "one", ENDS);
    for (int i = 0; i < 3; i++)
        assert_true(next(&f, &ALL));
    ack(&f, 1);
    disconnect(&f);
    assert_int_equal(stats_of(&f).in_flight, 0);
    assert_int_equal(stats_of(&f).waiting, 3);
    assert_next(&f, &ALL, "whole a two");
    assert_next(&f, &ALL, "whole c one");
    assert_next(&f, &ALL, "whole d one");
    ack(&f, 3);
    assert_true(mf_outbox_is_empty(f.outbox));
    end(&f);
}

static void many_parts_of_a_flow_become_one(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    size_t first = stats_of(&f).memory;
    for (int i = 0; i < 1000; i++)
        part(&f, "a", "again", LIVE);
    assert_true(stats_of(&f).memory < first + 16 * 400);
    part(&f, "a", "last", ENDS);
    assert_next(&f, &ALL, "whole a last");
    end(&f);
}

static void a_body_is_given_back_when_its_flow_is_acknowledged(void **state)
{
    (void)state;
    struct fixture f;
    int body;
    begin(&f);
    whole_with(&f, "a", "one", LIVE, &body);
    pass(&f, 50 * MS);
    assert_true(next(&f, &ALL));
    assert_true(f.len > MF_SPLICE_MIN_LEN);
    ack(&f, 1);
    assert_int_equal(count_dead(&f), 0); /* it may be wanted whole */
    part(&f, "a", "two", ENDS);
    next(&f, &ALL);
    assert_true(f.len < 100);
    ack(&f, 1);
    assert_int_equal(count_dead(&f), 1);
    end(&f);
}

static void flows_that_live_and_wait_for_nothing_are_bounded(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    char id[20];
    for (int i = 0; i < 60000; i++) {
        snprintf(id, sizeof id, "%d", i);
        whole(&f, id, "one", LIVE);
        if (i % 100 == 99) {
            pass(&f, 50 * MS);
            while (next(&f, &ALL))
                ;
            ack(&f, 100);
        }
    }
    assert_true(stats_of(&f).memory <= MF_OUTBOX_IDLE_LEN);
    assert_true(stats_of(&f).flows < 60000);
    /* The oldest are those that were let go. */
    part(&f, "0", "two", ENDS);
    part(&f, "59999", "two", ENDS);
    disconnect(&f);
    assert_next(&f, &ALL, "part 0 two");
    assert_next(&f, &ALL, "whole 59999 two");
    assert_int_equal(stats_of(&f).lost, 0);
    end(&f);
}

static void connections_events_go_only_to_a_server_that_takes_them(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    connection(&f, "first");
    whole(&f, "a", "one", ENDS);
    connection(&f, "second");
    assert_next(&f, &ALL, "connection first");
    assert_next(&f, &ALL, "whole a one");
    assert_next(&f, &ALL, "connection second");
    disconnect(&f);
    assert_next(&f, &WHOLE_ONLY, "whole a one");
    assert_false(next(&f, &WHOLE_ONLY));
    ack(&f, 1);
    assert_int_equal(stats_of(&f).lost, 0);
    assert_true(mf_outbox_is_empty(f.outbox));
    end(&f);
}

/* ---- flows that grow ---- */

static void a_whole_replaces_what_waits_of_a_growing_flow(void **state)
{
    (void)state;
    struct fixture f;
    int flow;
    begin(&f);
    grown(&f, "a", "one", LIVE, &flow);
    append(&f, "a", "two", LIVE, &flow);
    append(&f, "a", "three", LIVE, &flow);
    grown(&f, "a", "all", LIVE, &flow);
    append(&f, "a", "four", ENDS, &flow);
    assert_next(&f, &ALL, "whole a all");
    assert_next(&f, &ALL, "append a four");
    assert_false(next(&f, &ALL));
    assert_int_equal(count_dead(&f), 4); /* one for each but the last */
    ack(&f, 2);
    assert_int_equal(count_dead(&f), 1);
    assert_int_equal(stats_of(&f).flows, 0);
    end(&f);
}

static void a_growing_flow_that_is_missing_is_wanted_once(void **state)
{
    (void)state;
    struct fixture f;
    struct mf_wanted wanted;
    int flow;
    begin(&f);
    append(&f, "a", "one", LIVE, &flow);
    append(&f, "a", "two", LIVE, &flow);
    next(&f, &ALL);
    next(&f, &ALL);
    ack_missing(&f, 1, "a");
    assert_true(mf_queue_take_wanted(f.queue, &wanted));
    assert_ptr_equal(wanted.flow, &flow);
    assert_int_equal(wanted.event, 14);
    assert_false(wanted.is_end);
    ack_missing(&f, 1, "a");
    assert_false(mf_queue_take_wanted(f.queue, &wanted));
    /* What came before the answer ends it: this is news. */
    append(&f, "a", "three", ENDS, &flow);
    next(&f, &ALL);
    ack_missing(&f, 1, "a");
    assert_true(mf_queue_take_wanted(f.queue, &wanted));
    assert_true(wanted.is_end);
    grown(&f, "a", "all", ENDS, &flow);
    assert_next(&f, &ALL, "whole a all");
    ack(&f, 1);
    assert_int_equal(stats_of(&f).flows, 0);
    assert_int_equal(stats_of(&f).lost, 0);
    end(&f);
}

static void a_server_without_appends_makes_a_growing_flow_wanted(void **state)
{
    (void)state;
    struct fixture f;
    static const struct mf_abilities NONE;
    struct mf_wanted wanted;
    int flow;
    begin(&f);
    append(&f, "a", "one", LIVE, &flow);
    append(&f, "a", "two", LIVE, &flow);
    whole(&f, "b", "one", ENDS);
    assert_next(&f, &NONE, "whole b one");
    assert_true(mf_queue_take_wanted(f.queue, &wanted));
    assert_false(mf_queue_take_wanted(f.queue, &wanted));
    grown(&f, "a", "all", LIVE, &flow);
    assert_next(&f, &NONE, "whole a all");
    assert_int_equal(stats_of(&f).lost, 0);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_a_flow_that_wait_go_out_as_one_message),
        cmocka_unit_test(a_flow_that_lives_goes_out_after_a_moment),
        cmocka_unit_test(only_what_changed_is_sent_then),
        cmocka_unit_test(a_server_without_parts_gets_wholes_one_at_a_time),
        cmocka_unit_test(a_missing_flow_is_sent_whole),
        cmocka_unit_test(what_cannot_be_had_whole_is_lost_when_missing),
        cmocka_unit_test(
            what_was_in_flight_comes_again_in_order_and_whole_to_the_next),
        cmocka_unit_test(many_parts_of_a_flow_become_one),
        cmocka_unit_test(a_body_is_given_back_when_its_flow_is_acknowledged),
        cmocka_unit_test(flows_that_live_and_wait_for_nothing_are_bounded),
        cmocka_unit_test(
            connections_events_go_only_to_a_server_that_takes_them),
        cmocka_unit_test(a_whole_replaces_what_waits_of_a_growing_flow),
        cmocka_unit_test(a_growing_flow_that_is_missing_is_wanted_once),
        cmocka_unit_test(a_server_without_appends_makes_a_growing_flow_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
