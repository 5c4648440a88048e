#include "../cmocka.h"

#include "base/clock.h"
#include "store/age.h"

#define HOUR (3600 * MF_NS_PER_S)
#define DAY (24 * HOUR)
#define YEAR (365 * DAY)
#define THEN (56 * YEAR) /* the wall clock at start */

enum { LAST = 100 }; /* number of the newest flow at start */

static void a_flow_grows_as_old_as_time_goes(void **state)
{
    struct mf_age age;
    (void)state;
    mf_age_init(&age, THEN, HOUR, LAST, THEN - HOUR);
    assert_int_equal(mf_age_of(&age, LAST, THEN - HOUR), HOUR);
    mf_age_tick(&age, THEN + DAY, HOUR + DAY, LAST + 1);
    assert_int_equal(mf_age_of(&age, LAST, THEN - HOUR), HOUR + DAY);
    assert_int_equal(mf_age_of(&age, LAST + 1, THEN + DAY), 0);
}

static void a_clock_that_is_set_ahead_makes_no_flow_old(void **state)
{
    struct mf_age age;
    (void)state;
    mf_age_init(&age, THEN, 0, LAST, THEN);
    mf_age_tick(&age, THEN + 74 * YEAR, HOUR, LAST);
    assert_int_equal(mf_age_of(&age, LAST, THEN), HOUR);
    assert_int_equal(mf_age_of(&age, LAST + 1, THEN + 74 * YEAR), 0);
}

static void flows_of_a_clock_that_was_ahead_grow_old_all_the_same(void **state)
{
    struct mf_age age;
    (void)state;
    mf_age_init(&age, THEN + 74 * YEAR, 0, 0, 0);
    mf_age_tick(&age, THEN + 74 * YEAR + HOUR, HOUR, LAST);
    mf_age_tick(&age, THEN + 2 * HOUR, 2 * HOUR, LAST); /* put right */
    assert_int_equal(mf_age_of(&age, LAST, THEN + 74 * YEAR + HOUR), HOUR);
    mf_age_tick(&age, THEN + DAY, DAY, LAST + 9);
    assert_int_equal(mf_age_of(&age, LAST, THEN + 74 * YEAR + HOUR),
                     DAY - HOUR);
}

static void a_clock_that_starts_in_1970_makes_no_flow_old(void **state)
{
    struct mf_age age;
    (void)state;
    /* Flows of an earlier run, then some of this one, then the clock is put
     * right. */
    mf_age_init(&age, 0, 0, LAST, THEN);
    assert_int_equal(mf_age_of(&age, LAST, THEN), 0);
    mf_age_tick(&age, HOUR, HOUR, LAST + 10);
    mf_age_tick(&age, THEN + DAY, 2 * HOUR, LAST + 10);
    assert_int_equal(mf_age_of(&age, LAST + 10, HOUR), HOUR);
    assert_true(mf_age_of(&age, LAST, THEN) <= DAY);
    assert_true(mf_age_of(&age, LAST, THEN) >= 2 * HOUR);
}

static void after_a_long_pause_nothing_is_old_for_an_hour(void **state)
{
    struct mf_age age;
    (void)state;
    mf_age_init(&age, THEN, 0, LAST, THEN - YEAR);
    assert_int_equal(mf_age_of(&age, LAST, THEN - YEAR), 0);
    mf_age_tick(&age, THEN + HOUR, HOUR, LAST);
    assert_int_equal(mf_age_of(&age, LAST, THEN - YEAR), YEAR + HOUR);
}

static void a_clock_put_right_in_that_hour_takes_nothing_away(void **state)
{
    struct mf_age age;
    (void)state;
    mf_age_init(&age, THEN + 74 * YEAR, 0, LAST, THEN - HOUR);
    mf_age_tick(&age, THEN, HOUR / 2, LAST);
    mf_age_tick(&age, THEN + DAY, HOUR / 2 + DAY, LAST);
    assert_int_equal(mf_age_of(&age, LAST, THEN - HOUR), DAY + HOUR);
}

static void what_came_in_the_future_has_no_age(void **state)
{
    struct mf_age age;
    (void)state;
    mf_age_init(&age, THEN, 0, LAST, THEN);
    assert_int_equal(mf_age_of(&age, 1, THEN + YEAR), -1);
    assert_int_equal(mf_age_of(&age, 1, THEN + MF_NS_PER_S), 0);
}

static void any_times_are_borne(void **state)
{
    static const int64_t times[] = {INT64_MIN, INT64_MIN + 1, -1,       0,
                                    1,         INT64_MAX - 1, INT64_MAX};
    enum { COUNT = sizeof times / sizeof *times };
    struct mf_age age;
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        mf_age_init(&age, times[i], 0, LAST, times[COUNT - 1 - i]);
        /* More jumps than are kept apart. */
        for (int k = 0; k < 10 * COUNT; k++) {
            mf_age_tick(&age, times[k * 3 % COUNT], k * HOUR, LAST + 1);
            for (int t = 0; t < COUNT; t++)
                assert_true(mf_age_of(&age, (uint64_t)k, times[t]) >= -1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flow_grows_as_old_as_time_goes),
        cmocka_unit_test(a_clock_that_is_set_ahead_makes_no_flow_old),
        cmocka_unit_test(flows_of_a_clock_that_was_ahead_grow_old_all_the_same),
        cmocka_unit_test(a_clock_that_starts_in_1970_makes_no_flow_old),
        cmocka_unit_test(after_a_long_pause_nothing_is_old_for_an_hour),
        cmocka_unit_test(a_clock_put_right_in_that_hour_takes_nothing_away),
        cmocka_unit_test(what_came_in_the_future_has_no_age),
        cmocka_unit_test(any_times_are_borne),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
