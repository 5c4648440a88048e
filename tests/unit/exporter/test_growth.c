#include "../cmocka.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "exporter/hooks/growth.h"

#define MS ((int64_t)MF_NS_PER_MS)

/* One more message; sends a snapshot of `snapshot_len` if one is due. */
static bool add(struct mf_growth *growth, size_t count, size_t len,
                size_t snapshot_len, int64_t now_ns)
{
    bool due =
        mf_growth_add(growth, "f", 1, count, len, now_ns) == MF_GROWTH_WHOLE;
    if (due)
        mf_growth_sent(growth, "f", 1, count, snapshot_len, now_ns);
    return due;
}

static void messages_in_a_burst_are_told_at_doubling_counts(void **state)
{
    (void)state;
    struct mf_growth *growth = mf_growth_new();
    for (size_t count = 1; count <= 64; count++) {
        bool is_power = (count & (count - 1)) == 0;
        assert_int_equal(add(growth, count, 100, 100 * count, 1000 * MS),
                         is_power);
    }
    mf_growth_free(growth);
}

static void doubled_bytes_are_told_too(void **state)
{
    (void)state;
    struct mf_growth *growth = mf_growth_new();
    for (size_t count = 1; count <= 4; count++)
        add(growth, count, 10, 1000, 1000 * MS);
    assert_false(add(growth, 5, 10, 1000, 1000 * MS));
    assert_true(add(growth, 6, 100, 1000, 1000 * MS));
    mf_growth_free(growth);
}

static void a_slow_talk_is_told_message_by_message(void **state)
{
    (void)state;
    struct mf_growth *growth = mf_growth_new();
    for (size_t count = 1; count <= 50; count++)
        assert_true(add(growth, count, 20, 2000 + 40 * count,
                        (int64_t)count * 100 * MS));
    mf_growth_free(growth);
}

static void what_a_flow_costs_is_bounded_by_its_size_and_a_rate(void **state)
{
    (void)state;
    struct mf_growth *growth = mf_growth_new();
    const size_t messages = 10000, len = 200, head = 1000;
    size_t cost = 0;
    int64_t now = 0;
    for (size_t count = 1; count <= messages; count++, now += 5 * MS)
        if (add(growth, count, len, head + count * len, now))
            cost += head + count * len;
    size_t size = head + messages * len;
    size_t rate = (size_t)(now / MF_NS_PER_S + 1) * MF_GROWTH_BYTES_PER_S;
    assert_true(cost <= 2 * size + 2 * rate);
    mf_growth_free(growth);
}

static void untold_messages_fall_due_with_time(void **state)
{
    (void)state;
    struct mf_growth *growth = mf_growth_new();
    for (size_t count = 1; count <= 4; count++)
        add(growth, count, 10, 1000, 1000 * MS);
    assert_int_equal(mf_growth_due_ns(growth, "f", 1), 0);
    assert_false(add(growth, 5, 10, 0, 1000 * MS));
    assert_int_equal(mf_growth_due_ns(growth, "f", 1), 1100 * MS);
    mf_growth_sent(growth, "f", 1, 5, 2 * MF_GROWTH_BYTES_PER_S, 1100 * MS);
    assert_int_equal(mf_growth_due_ns(growth, "f", 1), 0);
    assert_false(add(growth, 6, 10, 0, 1200 * MS));
    /* Two seconds' worth of bytes were sent. */
    assert_int_equal(mf_growth_due_ns(growth, "f", 1), 3100 * MS);
    mf_growth_free(growth);
}

static void a_flow_that_ended_is_forgotten(void **state)
{
    (void)state;
    struct mf_growth *growth = mf_growth_new();
    add(growth, 1, 10, 100, 0);
    assert_int_equal(mf_growth_count(growth), 1);
    mf_growth_forget(growth, "f", 1);
    mf_growth_forget(growth, "other", 5);
    assert_int_equal(mf_growth_count(growth), 0);
    mf_growth_free(growth);
}

static void flows_without_an_end_do_not_pile_up(void **state)
{
    (void)state;
    struct mf_growth *growth = mf_growth_new();
    for (int i = 0; i < 70000; i++) {
        char id[16];
        int len = snprintf(id, sizeof id, "%d", i);
        assert_int_equal(mf_growth_add(growth, id, (size_t)len, 1, 1, 0),
                         MF_GROWTH_WHOLE);
        assert_true(mf_growth_count(growth) <= 65536);
    }
    mf_growth_free(growth);
}

/* ---- a server that takes appends ---- */

static struct mf_growth *with_appends(void)
{
    struct mf_growth *growth = mf_growth_new();
    mf_growth_set_appends(growth, true);
    return growth;
}

static void the_first_message_takes_the_flow_with_it(void **state)
{
    (void)state;
    struct mf_growth *growth = with_appends();
    assert_int_equal(mf_growth_told(growth, "f", 1), 0);
    assert_true(add(growth, 1, 10, 1000, 1000 * MS));
    assert_int_equal(mf_growth_told(growth, "f", 1), 1);
    mf_growth_free(growth);
}

static void later_messages_go_alone_and_at_intervals(void **state)
{
    (void)state;
    struct mf_growth *growth = with_appends();
    add(growth, 1, 10, 1000, 1000 * MS);
    assert_int_equal(mf_growth_add(growth, "f", 1, 2, 10, 1001 * MS),
                     MF_GROWTH_WAIT);
    assert_int_equal(mf_growth_due_ns(growth, "f", 1),
                     1000 * MS + MF_GROWTH_APPEND_NS);
    assert_int_equal(mf_growth_add(growth, "f", 1, 3, 10, 1020 * MS),
                     MF_GROWTH_APPEND);
    mf_growth_appended(growth, "f", 1, 3, 1020 * MS);
    assert_int_equal(mf_growth_told(growth, "f", 1), 3);
    assert_int_equal(mf_growth_due_ns(growth, "f", 1), 0);
    assert_int_equal(mf_growth_bytes(growth, "f", 1), 30);
    mf_growth_free(growth);
}

static void
a_flow_that_is_wanted_is_sent_whole_as_often_as_a_rate_allows(void **state)
{
    (void)state;
    struct mf_growth *growth = with_appends();
    for (size_t count = 1; count <= 4; count++)
        add(growth, count, 10, 2 * MF_GROWTH_BYTES_PER_S, 1000 * MS);
    mf_growth_appended(growth, "f", 1, 4, 1000 * MS);
    assert_true(mf_growth_want_whole(growth, "f", 1));
    assert_false(mf_growth_want_whole(growth, "g", 1));
    assert_int_equal(mf_growth_told(growth, "f", 1), 0);
    /* Two seconds' worth of bytes were sent. */
    assert_int_equal(mf_growth_due_ns(growth, "f", 1), 3000 * MS);
    mf_growth_sent(growth, "f", 1, 4, 100, 3000 * MS);
    assert_int_equal(mf_growth_told(growth, "f", 1), 4);
    assert_int_equal(mf_growth_due_ns(growth, "f", 1), 0);
    mf_growth_free(growth);
}

static void a_server_without_appends_gets_snapshots_again(void **state)
{
    (void)state;
    struct mf_growth *growth = with_appends();
    add(growth, 1, 10, 1000, 1000 * MS);
    mf_growth_set_appends(growth, false);
    assert_int_equal(mf_growth_told(growth, "f", 1), 0);
    assert_int_equal(mf_growth_add(growth, "f", 1, 2, 10, 1001 * MS),
                     MF_GROWTH_WHOLE);
    mf_growth_free(growth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_in_a_burst_are_told_at_doubling_counts),
        cmocka_unit_test(doubled_bytes_are_told_too),
        cmocka_unit_test(a_slow_talk_is_told_message_by_message),
        cmocka_unit_test(what_a_flow_costs_is_bounded_by_its_size_and_a_rate),
        cmocka_unit_test(untold_messages_fall_due_with_time),
        cmocka_unit_test(a_flow_that_ended_is_forgotten),
        cmocka_unit_test(flows_without_an_end_do_not_pile_up),
        cmocka_unit_test(the_first_message_takes_the_flow_with_it),
        cmocka_unit_test(later_messages_go_alone_and_at_intervals),
        cmocka_unit_test(
            a_flow_that_is_wanted_is_sent_whole_as_often_as_a_rate_allows),
        cmocka_unit_test(a_server_without_appends_gets_snapshots_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
