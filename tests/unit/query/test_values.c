#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "query/values.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

/* 2026-11-27T12:00:30Z; the zone of the tests is one hour and a half ahead. */
static const int64_t now_s = 1795780830;
static const int64_t ahead_s = 5400;

static union mf_range parse(enum mf_term_kind kind, const char *text)
{
    union mf_range range;
    struct mf_value_fault fault;
    if (mf_value_parse(kind, text, strlen(text), now_s * MF_NS_PER_S, &range,
                       &fault))
        fail_msg("%s: %s", text, fault.text);
    return range;
}

static void is_wrong(enum mf_term_kind kind, const char *text, size_t position,
                     size_t len)
{
    union mf_range range;
    struct mf_value_fault fault = {0};
    assert_int_equal(mf_value_parse(kind, text, strlen(text),
                                    now_s * MF_NS_PER_S, &range, &fault),
                     MF_EINVAL);
    if (fault.position != position || fault.len != len || !fault.text[0])
        fail_msg("%s: %zu+%zu '%s'", text, fault.position, fault.len,
                 fault.text);
}

static void is_size(const char *text, uint64_t first, uint64_t last)
{
    union mf_range range = parse(MF_TERM_SIZE, text);
    assert_int_equal(range.size.first, first);
    assert_int_equal(range.size.last, last);
}

static void sizes_have_decimal_and_binary_units(void **state)
{
    (void)state;
    is_size("0", 0, 0);
    is_size("500", 500, 500);
    is_size("500B", 500, 500);
    is_size("10k", 10000, 10000);
    is_size("10KB", 10000, 10000);
    is_size("1.5M", 1500000, 1500000);
    is_size("2Ki", 2048, 2048);
    is_size("2MiB", 2 << 20, 2 << 20);
    is_size("1T", UINT64_C(1000000000000), UINT64_C(1000000000000));
    is_size(">10k", 10001, UINT64_MAX);
    is_size(">=10k", 10000, UINT64_MAX);
    is_size("<10k", 0, 9999);
    is_size("<= 10k", 0, 10000);
    is_size("1k..2M", 1000, 2000000);
    is_size("..2M", 0, 2000000);
    is_size("1k..", 1000, UINT64_MAX);
    is_size("1.5k..2.5k", 1500, 2500);
}

static void wrong_sizes_are_told_by_their_place(void **state)
{
    (void)state;
    is_wrong(MF_TERM_SIZE, "10x", 0, 3);
    is_wrong(MF_TERM_SIZE, ">x", 1, 1);
    is_wrong(MF_TERM_SIZE, "1k..2x", 4, 2);
    is_wrong(MF_TERM_SIZE, "2k..1k", 0, 6);
    is_wrong(MF_TERM_SIZE, "..", 0, 2);
    is_wrong(MF_TERM_SIZE, "", 0, 0);
    is_wrong(MF_TERM_SIZE, "-1", 0, 2);
    is_wrong(MF_TERM_SIZE, "1.", 0, 2);
    is_wrong(MF_TERM_SIZE, ".5k", 0, 3);
    is_wrong(MF_TERM_SIZE, "1kk", 0, 3);
    is_wrong(MF_TERM_SIZE, "99999999999999999999", 0, 20);
    is_wrong(MF_TERM_SIZE, "999999999999T", 0, 13);
}

static void is_duration(const char *text, double first_ms, double last_ms)
{
    union mf_range range = parse(MF_TERM_DURATION, text);
    assert_true(fabs(range.duration.first_ms - first_ms) < 1e-5 ||
                range.duration.first_ms == first_ms);
    assert_true(fabs(range.duration.last_ms - last_ms) < 1e-5 ||
                range.duration.last_ms == last_ms);
}

static void durations_go_from_microseconds_to_hours(void **state)
{
    (void)state;
    is_duration(">1.5s", 1500, INFINITY);
    is_duration("<=200ms", -INFINITY, 200);
    is_duration("800us..2m", 0.8, 120000);
    is_duration("1h..", 3600000, INFINITY);
    is_duration(">250", 250, INFINITY);
    is_duration(">0", 0, INFINITY);
    is_wrong(MF_TERM_DURATION, "1s", 0, 2);
    is_wrong(MF_TERM_DURATION, ">1k", 1, 2);
    is_wrong(MF_TERM_DURATION, ">s", 1, 1);
    is_wrong(MF_TERM_DURATION, ">999999999999999h", 1, 16);
}

static void is_status(const char *text, int64_t first, int64_t last)
{
    union mf_range range = parse(MF_TERM_STATUS, text);
    assert_int_equal(range.number.first, first);
    assert_int_equal(range.number.last, last);
}

static void statuses_are_codes_classes_and_ranges(void **state)
{
    (void)state;
    is_status("404", 404, 404);
    is_status("0200", 200, 200);
    is_status("4xx", 400, 499);
    is_status("4XX..5xx", 400, 599);
    is_status("200-299", 200, 299);
    is_status(">4xx", 500, INT64_MAX);
    is_status("<400", INT64_MIN, 399);
    is_wrong(MF_TERM_STATUS, "4x", 0, 2);
    is_wrong(MF_TERM_STATUS, "40xx", 0, 4);
    is_wrong(MF_TERM_STATUS, "abc", 0, 3);
    is_wrong(MF_TERM_STATUS, "300-200", 0, 7);
    is_wrong(MF_TERM_STATUS, "200-", 0, 4);
}

/* Seconds, the last one taken in whole. */
static void is_time(const char *text, int64_t first_s, int64_t last_s)
{
    union mf_range range = parse(MF_TERM_TIME, text);
    int64_t first = first_s == INT64_MIN ? INT64_MIN : first_s * MF_NS_PER_S;
    int64_t last =
        last_s == INT64_MAX ? INT64_MAX : (last_s + 1) * MF_NS_PER_S - 1;
    if (range.number.first != first || range.number.last != last)
        fail_msg("%s: %lld to %lld", text,
                 (long long)(range.number.first / MF_NS_PER_S),
                 (long long)(range.number.last / MF_NS_PER_S));
}

/* Midnight of the day that `now` is in, there. */
static int64_t midnight_s(void)
{
    return (now_s + ahead_s) / DAY_S * DAY_S - ahead_s;
}

static void dates_and_moments_are_what_they_name(void **state)
{
    (void)state;
    int64_t day = midnight_s(), nine = day + 9 * HOUR_S;
    is_time("2026-11-27", day, day + DAY_S - 1);
    is_time("today", day, day + DAY_S - 1);
    is_time("yesterday", day - DAY_S, day - 1);
    is_time("2026-11-27T09:00", nine, nine + MINUTE_S - 1);
    is_time("2026-11-27 09:00:30", nine + 30, nine + 30);
    is_time("2026-11-27T09:00Z", nine + ahead_s, nine + ahead_s + MINUTE_S - 1);
    is_time("2026-11-27T09:00-0100", nine + ahead_s + HOUR_S,
            nine + ahead_s + HOUR_S + MINUTE_S - 1);
    is_time("1970-01-02", DAY_S - ahead_s, 2 * DAY_S - ahead_s - 1);
    is_time("2028-02-29..",
            parse(MF_TERM_TIME, "2028-02-29").number.first / MF_NS_PER_S,
            INT64_MAX);
    union mf_range exact = parse(MF_TERM_TIME, "2026-11-27T09:00:00.25");
    assert_int_equal(exact.number.first, nine * MF_NS_PER_S + MF_NS_PER_S / 4);
}

static void comparisons_take_in_what_a_moment_names(void **state)
{
    (void)state;
    int64_t day = midnight_s(), nine = day + 9 * HOUR_S;
    is_time(">2026-11-27T09:00", nine, INT64_MAX);
    is_time(">=2026-11-27T09:00", nine, INT64_MAX);
    is_time("<2026-11-27T09:00", INT64_MIN, nine - 1);
    is_time("<=2026-11-27T09:00", INT64_MIN, nine + MINUTE_S - 1);
    is_time("2026-11-26..2026-11-27", day - DAY_S, day + DAY_S - 1);
}

static void a_time_of_day_is_the_last_one_that_was(void **state)
{
    (void)state;
    /* There it is 13:30:30. */
    int64_t day = midnight_s();
    is_time(">09:00", day + 9 * HOUR_S, INT64_MAX);
    is_time(">13:30", day + 13 * HOUR_S + 30 * MINUTE_S, INT64_MAX);
    is_time(">13:31", day - DAY_S + 13 * HOUR_S + 31 * MINUTE_S, INT64_MAX);
    is_time("09:00..10:30", day + 9 * HOUR_S,
            day + 10 * HOUR_S + 31 * MINUTE_S - 1);
    is_time("23:00..01:00", day - HOUR_S, day + HOUR_S + MINUTE_S - 1);
    is_time("2026-11-20T23:00..01:00", day - 7 * DAY_S + 23 * HOUR_S,
            day - 6 * DAY_S + HOUR_S + MINUTE_S - 1);
    is_time("<09:00", INT64_MIN, day + 9 * HOUR_S - 1);
}

static void ages_grow_into_the_past(void **state)
{
    (void)state;
    union mf_range range = parse(MF_TERM_TIME, "<5m");
    assert_int_equal(range.number.first, (now_s - 5 * MINUTE_S) * MF_NS_PER_S);
    assert_int_equal(range.number.last, INT64_MAX);
    range = parse(MF_TERM_TIME, ">1h");
    assert_int_equal(range.number.first, INT64_MIN);
    assert_int_equal(range.number.last, (now_s - HOUR_S) * MF_NS_PER_S - 1);
    range = parse(MF_TERM_TIME, "5m..1h");
    assert_int_equal(range.number.first, (now_s - HOUR_S) * MF_NS_PER_S);
    assert_int_equal(range.number.last, (now_s - 5 * MINUTE_S) * MF_NS_PER_S);
    range = parse(MF_TERM_TIME, "2d");
    assert_int_equal(range.number.first, (now_s - 2 * DAY_S) * MF_NS_PER_S);
    range = parse(MF_TERM_TIME, "<99999w");
    assert_int_equal(range.number.first, 0);
}

static void wrong_times_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "2026-02-29",         "2026-13-01", "2026-00-10",  "2026-11-00",
        "1969-12-31",         "2262-01-01", "24:00",       "09:60",
        "09:00:61",           "9",          "09",          "2026-11-27T",
        "2026-11-27T09",      "09:00:",     "09:00:00.",   "09:00Z",
        "2026-11-27T09:00X",  "tomorrow",   "2026-11-27x", "5",
        "2026-11-27T09:00+1",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        is_wrong(MF_TERM_TIME, wrong[i], 0, strlen(wrong[i]));
    is_wrong(MF_TERM_TIME, "2026-11-27..2026-11-26", 0, 22);
    is_wrong(MF_TERM_TIME, "5m..2026-11-26", 0, 14);
    is_wrong(MF_TERM_TIME, "1h..5m", 0, 6);
}

static int set_zone(void **state)
{
    (void)state;
    setenv("TZ", "TST-01:30", 1);
    tzset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_have_decimal_and_binary_units),
        cmocka_unit_test(wrong_sizes_are_told_by_their_place),
        cmocka_unit_test(durations_go_from_microseconds_to_hours),
        cmocka_unit_test(statuses_are_codes_classes_and_ranges),
        cmocka_unit_test(dates_and_moments_are_what_they_name),
        cmocka_unit_test(comparisons_take_in_what_a_moment_names),
        cmocka_unit_test(a_time_of_day_is_the_last_one_that_was),
        cmocka_unit_test(ages_grow_into_the_past),
        cmocka_unit_test(wrong_times_are_refused),
    };
    return cmocka_run_group_tests(tests, set_zone, NULL);
}
