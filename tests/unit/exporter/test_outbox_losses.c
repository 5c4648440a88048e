/* mf_outbox: what is given up, and how it is told. */
#include "outbox_support.h"

#include <stdio.h>
#include <string.h>

/* ---- losses ---- */

static void without_a_spool_the_oldest_that_waits_is_lost_and_told(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "sent", "one", ENDS);
    next(&f, &ALL);
    fill(&f, 2000);
    struct mf_outbox_stats stats = stats_of(&f);
    assert_true(stats.memory <= 4 << 20);
    assert_true(stats.lost > 500);
    assert_int_equal(stats.lost + stats.waiting + stats.in_flight, 2001);
    assert_next(&f, &ALL, "loss no more could wait in memory");
    char id[40];
    memcpy(id, f.message + 10, 32);
    disconnect(&f);
    assert_next(&f, &ALL, "loss no more could wait in memory");
    assert_memory_equal(id, f.message + 10, 32); /* it counts once */
    assert_next(&f, &ALL, "whole sent one");
    ack(&f, 2);
    disconnect(&f);
    next(&f, &ALL);
    assert_memory_equal(said(&f), "whole f", 7);
    end(&f);
}

static void what_no_server_takes_is_given_up(void **state)
{
    (void)state;
    struct fixture f;
    for (int has_spool = 0; has_spool < 2; has_spool++) {
        begin(&f);
        if (has_spool)
            open_spool(&f);
        whole(&f, "a", "one", ENDS);
        whole(&f, "b", "one", ENDS);
        next(&f, &ALL);
        disconnect(&f);
        mf_outbox_give_up(f.outbox, "the server does not take it");
        assert_int_equal(stats_of(&f).lost, 1);
        assert_next(&f, &ALL, "loss the server does not take it");
        assert_next(&f, &ALL, "whole b one");
        assert_false(next(&f, &ALL));
        ack(&f, 2);
        assert_true(mf_outbox_is_empty(f.outbox));
        end(&f);
    }
}

static void a_report_that_no_server_takes_is_given_up_alone(void **state)
{
    (void)state;
    struct fixture f;
    for (int has_spool = 0; has_spool < 2; has_spool++) {
        begin(&f);
        if (has_spool)
            open_spool(&f);
        whole(&f, "a", "one", ENDS);
        mf_outbox_lose(f.outbox, 7, 1, 2, "for the test");
        assert_next(&f, &ALL, "loss for the test");
        disconnect(&f);
        assert_false(
            mf_outbox_give_up(f.outbox, "the server does not take it"));
        assert_int_equal(stats_of(&f).lost, 7);
        assert_next(&f, &ALL, "whole a one");
        assert_false(next(&f, &ALL));
        ack(&f, 1);
        assert_true(mf_outbox_is_empty(f.outbox));
        end(&f);
    }
}

static void
a_report_on_disk_that_no_server_takes_is_given_up_alone(void **state)
{
    (void)state;
    struct fixture f;
    begin_with_spool(&f);
    mf_outbox_lose(f.outbox, 7, 1, 2, "for the test");
    mf_outbox_seal(f.outbox);
    mf_outbox_free(f.outbox);
    f.outbox = mf_outbox_new(f.queue);
    open_spool(&f);
    whole(&f, "a", "one", ENDS);
    assert_next(&f, &ALL, "loss for the test");
    disconnect(&f);
    assert_false(mf_outbox_give_up(f.outbox, "the server does not take it"));
    assert_int_equal(stats_of(&f).lost, 0);
    assert_next(&f, &ALL, "whole a one");
    assert_false(next(&f, &ALL));
    end(&f);
}

static void what_the_spool_cannot_keep_is_given_up_too(void **state)
{
    (void)state;
    struct fixture f;
    char text[2000];
    begin(&f);
    open_spool_of(&f, 1000);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    whole(&f, "a", text, ENDS);
    assert_true(next(&f, &ALL));
    disconnect(&f);
    assert_int_equal(stats_of(&f).spool.records, 0);
    mf_outbox_give_up(f.outbox, "the server does not take it");
    assert_int_equal(stats_of(&f).lost, 1);
    assert_next(&f, &ALL, "loss the server does not take it");
    assert_false(next(&f, &ALL));
    end(&f);
}

static void what_outgrows_the_spool_is_sent_from_memory(void **state)
{
    (void)state;
    struct fixture f;
    char text[2000];
    begin(&f);
    open_spool_of(&f, 1000);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    whole(&f, "a", "one", LIVE);
    assert_false(next(&f, &WHOLE_ONLY));
    pass(&f, 300 * MS);
    assert_int_equal(stats_of(&f).spool.records, 1);
    whole(&f, "a", text, ENDS);
    pass(&f, 300 * MS);
    disconnect(&f);
    size_t longest = 0;
    while (next(&f, &WHOLE_ONLY))
        longest = f.len > longest ? f.len : longest;
    assert_true(longest > sizeof text);
    end(&f);
}

static void
what_is_lost_while_in_flight_twice_goes_once_with_the_server(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    pass(&f, 25 * MS);
    assert_next(&f, &ALL, "whole a one");
    part(&f, "a", "two", LIVE);
    pass(&f, 25 * MS);
    assert_next(&f, &ALL, "part a two");
    part(&f, "a", "three", ENDS);
    fill(&f, 2000);
    assert_true(stats_of(&f).lost > 500);
    size_t flows = stats_of(&f).flows;
    disconnect(&f);
    assert_int_equal(stats_of(&f).in_flight, 0);
    assert_int_equal(stats_of(&f).flows, flows - 1);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            without_a_spool_the_oldest_that_waits_is_lost_and_told),
        cmocka_unit_test(what_no_server_takes_is_given_up),
        cmocka_unit_test(a_report_that_no_server_takes_is_given_up_alone),
        cmocka_unit_test(
            a_report_on_disk_that_no_server_takes_is_given_up_alone),
        cmocka_unit_test(what_the_spool_cannot_keep_is_given_up_too),
        cmocka_unit_test(what_outgrows_the_spool_is_sent_from_memory),
        cmocka_unit_test(
            what_is_lost_while_in_flight_twice_goes_once_with_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
