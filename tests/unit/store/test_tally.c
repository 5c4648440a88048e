#include "../cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/best.h"
#include "store/column_page.h"
#include "store/histogram.h"
#include "store/numbers.h"
#include "store/spread.h"
#include "store/tally.h"

static uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    uint64_t mixed = (*state ^ *state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

/* ---- histograms ---- */

enum { FLOWS = 3000 };

static struct mf_columns *flows_between(int64_t from_ns, int64_t to_ns)
{
    static struct mf_columns rows[FLOWS];
    uint64_t state = 1, span = (uint64_t)to_ns - (uint64_t)from_ns;
    memset(rows, 0, sizeof rows);
    for (size_t i = 0; i < FLOWS; i++) {
        rows[i].type = (uint8_t)(MF_FLOW_HTTP + next_random(&state) % 4);
        rows[i].status = (uint16_t)(next_random(&state) % 700);
        rows[i].start_ns =
            (int64_t)((uint64_t)from_ns + next_random(&state) % span);
    }
    return rows;
}

static unsigned class_of(const struct mf_columns *row)
{
    return row->type == MF_FLOW_HTTP && row->status < 600 ? row->status / 100
                                                          : 0;
}

/* Counts each bar of each series by hand, of the span that was told. */
static void check_bars(const struct mf_columns *rows, uint32_t bars,
                       int64_t from_ns, int64_t to_ns,
                       const struct mf_series *series, size_t count)
{
    uint64_t width = ((uint64_t)to_ns - (uint64_t)from_ns - 1) / bars + 1;
    uint64_t told = 0, inside = 0;
    for (size_t i = 0; i < FLOWS; i++)
        inside += rows[i].start_ns >= from_ns &&
                  (rows[i].start_ns < to_ns || to_ns == INT64_MAX);
    for (size_t at = 0; at < count; at++) {
        for (uint32_t bar = 0; bar < bars; bar++) {
            uint64_t want = 0;
            for (size_t i = 0; i < FLOWS; i++) {
                uint64_t after = (uint64_t)rows[i].start_ns - (uint64_t)from_ns;
                want += rows[i].type == series[at].type &&
                        class_of(&rows[i]) == series[at].status_class &&
                        rows[i].start_ns >= from_ns &&
                        rows[i].start_ns < to_ns && after / width == bar;
            }
            /* At the end of time the last bar is shorter. */
            if (to_ns != INT64_MAX)
                assert_int_equal(series[at].counts[bar], want);
            told += series[at].counts[bar];
        }
    }
    assert_int_equal(told, inside);
}

static void check_span(uint32_t bars, int64_t given_from, int64_t given_to,
                       int64_t first_ns, int64_t last_ns)
{
    struct mf_series series[MF_HISTOGRAM_SERIES];
    struct mf_columns *rows = flows_between(first_ns, last_ns);
    struct mf_histogram *histogram;
    int64_t from, to;
    assert_int_equal(mf_histogram_new(bars, given_from, given_to, &histogram),
                     0);
    for (size_t i = 0; i < FLOWS; i++)
        mf_histogram_add(histogram, &rows[i]);
    size_t count = mf_histogram_finish(histogram, &from, &to, series);
    assert_true(count <= MF_HISTOGRAM_SERIES && from < to);
    if (given_from)
        assert_int_equal(from, given_from);
    if (given_to)
        assert_int_equal(to, given_to);
    for (size_t i = 0; i < FLOWS; i++)
        assert_true((given_from || rows[i].start_ns >= from) &&
                    (given_to || rows[i].start_ns < to));
    check_bars(rows, bars, from, to, series, count);
    mf_histogram_free(histogram);
}

#define DAY INT64_C(86400000000000)
#define NOW INT64_C(1700000000000000000)

static void bars_are_exact_whatever_is_known_of_the_span(void **state)
{
    static const int64_t spans[] = {1,   1000,      DAY / 1000,
                                    DAY, 400 * DAY, 20000 * DAY};
    (void)state;
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        for (uint32_t bars = 1; bars < 200; bars = bars * 5 + 1) {
            int64_t end = NOW + spans[i];
            check_span(bars, 0, 0, NOW, end);
            check_span(bars, NOW, 0, NOW - spans[i] / 7, end);
            check_span(bars, 0, end, NOW, end + spans[i] / 7);
            check_span(bars, NOW + spans[i] / 5, end, NOW, end);
        }
    }
    /* Years before 1970, and all the time that there is. */
    check_span(10, 0, 0, -300 * DAY, 300 * DAY);
    check_span(7, 0, 0, INT64_MIN, INT64_MAX);
    check_span(7, -5 * DAY, 9 * DAY, INT64_MIN, INT64_MAX);
}

static void the_bars_fill_most_of_the_span_that_they_choose(void **state)
{
    struct mf_series series[MF_HISTOGRAM_SERIES];
    struct mf_columns *rows = flows_between(NOW, NOW + 30 * DAY);
    struct mf_histogram *histogram;
    int64_t from, to;
    (void)state;
    assert_int_equal(mf_histogram_new(60, 0, 0, &histogram), 0);
    for (size_t i = 0; i < FLOWS; i++)
        mf_histogram_add(histogram, &rows[i]);
    mf_histogram_finish(histogram, &from, &to, series);
    assert_true(from > NOW - DAY && to < NOW + 34 * DAY);
    mf_histogram_free(histogram);
}

static void no_flows_have_no_series(void **state)
{
    struct mf_series series[MF_HISTOGRAM_SERIES];
    struct mf_histogram *histogram;
    int64_t from = 1, to = 1;
    (void)state;
    assert_int_equal(mf_histogram_new(5, 0, 0, &histogram), 0);
    assert_int_equal(mf_histogram_finish(histogram, &from, &to, series), 0);
    assert_int_equal(from, 0);
    assert_int_equal(to, 0);
    mf_histogram_free(histogram);
}

/* ---- facets ---- */

static uint32_t id_of(struct mf_names *names, enum mf_name_kind kind,
                      const char *text)
{
    bool is_new;
    return mf_names_id(names, kind, (struct mf_span){text, strlen(text)},
                       &is_new);
}

static void facets_tell_the_most_frequent_and_count_the_others(void **state)
{
    struct mf_names *names = mf_names_new();
    const struct mf_query_opts opts = {
        .facets = {MF_FACET_HOST, MF_FACET_STATUS, MF_FACET_FLOW_TYPE,
                   MF_FACET_METHOD},
        .facet_count = 4,
        .facet_limit = 2,
    };
    struct mf_tally *tally;
    (void)state;
    assert_int_equal(mf_tally_new(&opts, names, &tally), 0);
    for (unsigned i = 0; i < 60; i++) {
        struct mf_columns row = {
            .type = i < 50 ? MF_FLOW_HTTP : MF_FLOW_DNS,
            .flags = MF_COLUMN_REQUEST,
            .status = (uint16_t)(i < 50 ? 200 + i % 7 : 0),
            .client_bytes = 2,
            .server_bytes = i,
        };
        row.host = id_of(names, MF_NAME_HOST,
                         i < 30   ? "most"
                         : i < 45 ? "some"
                                  : "few");
        row.method = i < 40 ? id_of(names, MF_NAME_METHOD, "GET") : 0;
        assert_int_equal(mf_tally_add(tally, &row), 0);
    }
    assert_int_equal(mf_tally_finish(tally), 0);
    const struct mf_summary *summary = mf_tally_summary(tally);
    assert_int_equal(summary->count, 60);
    assert_int_equal(summary->client_bytes, 120);
    assert_int_equal(summary->server_bytes, 59 * 30);
    assert_int_equal(summary->series_count, 0);
    const struct mf_facet *facets = summary->facets;
    assert_string_equal(facets[0].values[0].text, "most");
    assert_int_equal(facets[0].values[0].count, 30);
    assert_string_equal(facets[0].values[1].text, "some");
    assert_int_equal(facets[0].others, 15);
    assert_string_equal(facets[1].values[0].text, "200");
    assert_int_equal(facets[1].values[0].count, 8);
    assert_int_equal(facets[1].others, 50 - 15);
    assert_string_equal(facets[2].values[0].text, "http");
    assert_string_equal(facets[2].values[1].text, "dns");
    assert_int_equal(facets[2].others, 0);
    assert_int_equal(facets[3].value_count, 1);
    assert_int_equal(facets[3].others, 10); /* HTTP with a method unknown */
    mf_tally_free(tally);
    mf_names_free(names);
}

/* ---- spreads ---- */

enum { VALUES = 20000 };

static int by_value(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;
    return *left < *right ? -1 : *left > *right;
}

/* Values of all magnitudes, or of few, or all the same. */
static uint64_t value_like(int pattern, uint64_t *random)
{
    uint64_t bits = next_random(random);
    switch (pattern) {
    case 0:
        return bits >> next_random(random) % 64;
    case 1:
        return 900 + bits % 200;
    case 2:
        return bits % 3;
    default:
        return UINT64_MAX;
    }
}

static void assert_near(uint64_t told, uint64_t exact)
{
    uint64_t off = told > exact ? told - exact : exact - told;
    assert_true(off <= exact / 64);
}

static void percentiles_are_within_a_64th_of_exact_ones(void **state)
{
    static uint64_t values[VALUES];
    static const size_t counts[] = {1, 2, 19, 100, 101, VALUES};
    static struct mf_spread spread;
    uint64_t random = 3;
    (void)state;
    for (int pattern = 0; pattern < 4; pattern++) {
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            size_t count = counts[c];
            memset(&spread, 0, sizeof spread);
            for (size_t i = 0; i < count; i++) {
                values[i] = value_like(pattern, &random);
                mf_spread_add(&spread, values[i]);
            }
            qsort(values, count, sizeof *values, by_value);
            assert_int_equal(spread.max, values[count - 1]);
            for (unsigned percent = 1; percent <= 100; percent++)
                assert_near(mf_spread_at(&spread, percent),
                            values[(count * percent + 99) / 100 - 1]);
        }
    }
}

static void of_no_values_there_are_no_percentiles(void **state)
{
    static const struct mf_spread none;
    struct mf_spreads spreads = {0};
    struct mf_quantiles quantiles = {1, 1};
    const uint32_t crowd = 0;
    uint64_t doublings[MF_SPREAD_DOUBLINGS];
    (void)state;
    assert_int_equal(mf_spread_at(&none, 50), 0);
    assert_int_equal(mf_spread_doublings(&none, doublings), 0);
    assert_int_equal(mf_spreads_quantiles(&spreads, &crowd, 1, &quantiles), 0);
    assert_int_equal(quantiles.p50, 0);
    assert_int_equal(quantiles.p95, 0);
}

static void doublings_count_each_value_once(void **state)
{
    static struct mf_spread spread;
    uint64_t counts[MF_SPREAD_DOUBLINGS];
    (void)state;
    for (uint64_t value = 0; value < 1000; value++)
        mf_spread_add(&spread, value);
    assert_int_equal(mf_spread_doublings(&spread, counts), 11);
    for (size_t i = 1; i < 10; i++)
        assert_int_equal(counts[i], 1u << (i - 1));
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[10], 1000 - 512);
    mf_spread_add(&spread, UINT64_MAX);
    assert_int_equal(mf_spread_doublings(&spread, counts), 65);
}

static void percentiles_of_each_of_many_crowds_are_its_own(void **state)
{
    enum { CROWDS = 300 };
    static uint64_t values[CROWDS][100];
    struct mf_spreads spreads = {0};
    struct mf_quantiles quantiles[CROWDS];
    uint32_t crowds[CROWDS];
    uint64_t random = 5;
    (void)state;
    for (size_t i = 0; i < 100; i++)
        for (uint32_t crowd = 0; crowd < CROWDS; crowd++) {
            values[crowd][i] = value_like((int)(crowd % 3), &random);
            assert_int_equal(
                mf_spreads_add(&spreads, 65535 - crowd, values[crowd][i]), 0);
        }
    for (uint32_t crowd = 0; crowd < CROWDS; crowd++)
        crowds[crowd] = 65535 - crowd;
    assert_int_equal(mf_spreads_quantiles(&spreads, crowds, CROWDS, quantiles),
                     0);
    for (size_t crowd = 0; crowd < CROWDS; crowd++) {
        qsort(values[crowd], 100, sizeof **values, by_value);
        assert_near(quantiles[crowd].p50, values[crowd][49]);
        assert_near(quantiles[crowd].p95, values[crowd][94]);
    }
    mf_spreads_release(&spreads);
}

static void spreads_of_too_many_tell_nothing_rather_than_a_part(void **state)
{
    struct mf_spreads spreads = {0};
    struct mf_quantiles quantiles = {1, 1};
    const uint32_t crowd = 7;
    (void)state;
    for (uint32_t i = 0; i < 65536; i++)
        for (uint64_t value = 1; value < UINT64_C(1) << 40; value *= 2)
            assert_int_equal(mf_spreads_add(&spreads, i, value), 0);
    assert_true(spreads.is_full);
    assert_true(spreads.cap <= 1 << 21);
    assert_int_equal(mf_spreads_quantiles(&spreads, &crowd, 1, &quantiles), 0);
    assert_int_equal(quantiles.p95, 0);
    mf_spreads_release(&spreads);
}

/* Ten answers of 1 to 10 ms, and what has no duration or is not believed. */
static void details_count_errors_and_answers(void **state)
{
    struct mf_names *names = mf_names_new();
    const struct mf_query_opts opts = {
        .facets = {MF_FACET_HOST},
        .facet_count = 1,
        .facet_limit = 1,
        .with_details = true,
    };
    struct mf_columns rows[] = {
        {.type = MF_FLOW_HTTP, .flags = MF_COLUMN_ERROR, .duration_ms = 99},
        {.type = MF_FLOW_TCP, .duration_ms = 99},
        {.type = MF_FLOW_HTTP,
         .flags = MF_COLUMN_RESPONSE | MF_COLUMN_WEBSOCKET,
         .duration_ms = 99},
        {.type = MF_FLOW_DNS, .flags = MF_COLUMN_RESPONSE, .duration_ms = -1},
        {.type = MF_FLOW_DNS, .flags = MF_COLUMN_RESPONSE, .duration_ms = NAN},
        {.type = MF_FLOW_DNS, .flags = MF_COLUMN_RESPONSE, .duration_ms = 1e30},
    };
    struct mf_tally *tally;
    (void)state;
    assert_int_equal(mf_tally_new(&opts, names, &tally), 0);
    assert_true(mf_tally_columns(tally) & 1U << MF_PAGED_DURATION);
    for (unsigned i = 1; i <= 10; i++) {
        const struct mf_columns row = {
            .type = MF_FLOW_HTTP,
            .flags = MF_COLUMN_RESPONSE,
            .status = i > 7 ? 500 : 200,
            .host = id_of(names, MF_NAME_HOST, "a"),
            .duration_ms = i,
            .server_bytes = 1000 * i,
        };
        assert_int_equal(mf_tally_add(tally, &row), 0);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(mf_tally_add(tally, &rows[i]), 0);
    assert_int_equal(mf_tally_finish(tally), 0);
    const struct mf_summary *summary = mf_tally_summary(tally);
    assert_int_equal(summary->errors, 3 + 1);
    assert_int_equal(summary->durations->count, 10);
    assert_int_equal(summary->durations->max, 10000);
    assert_int_equal(summary->sizes->count, 16);
    assert_near(mf_spread_at(summary->durations, 50), 5000);
    const struct mf_facet_value *host = &summary->facets[0].values[0];
    assert_string_equal(host->text, "a");
    assert_int_equal(host->errors, 3);
    assert_near(host->p50, 5000);
    assert_near(host->p95, 10000);
    mf_tally_free(tally);
    mf_names_free(names);
}

/* ---- orders, lists and sets ---- */

/* Sizes in no order, in either order, and few of them. */
static uint64_t size_at(int pattern, uint64_t i, uint64_t *random)
{
    const uint64_t sizes[] = {next_random(random) % 9000, i, 90000 - i, i % 3};
    return sizes[pattern];
}

static void assert_best(const struct mf_order *order, size_t max, size_t first,
                        int pattern)
{
    enum { ALL = 9000 };
    struct mf_best best = {.order = order, .max = max};
    struct mf_best all = {.order = order, .max = ALL};
    struct mf_place place;
    uint64_t random = 7;
    for (uint64_t i = 1; i <= ALL; i++) {
        const struct mf_columns row = {.number = i * 7919 % 10007,
                                       .client_bytes =
                                           size_at(pattern, i, &random)};
        mf_order_place(order, &row, &place);
        assert_int_equal(mf_best_add(&best, &place), 0);
        assert_int_equal(mf_best_add(&all, &place), 0);
    }
    mf_best_sort(&best, first);
    mf_best_sort(&all, 0);
    assert_int_equal(best.count, max);
    for (size_t i = 1; i < ALL; i++)
        assert_true(mf_order_before(order, &all.places[i - 1], &all.places[i]));
    for (size_t i = first; i < max; i++)
        assert_int_equal(best.places[i].number, all.places[i].number);
    for (size_t i = 0; i < first; i++)
        assert_true(
            mf_order_before(order, &best.places[i], &best.places[first]));
    mf_best_release(&best);
    mf_best_release(&all);
}

static void the_best_are_the_first_of_all_in_order(void **state)
{
    static const struct {
        size_t max, first;
    } asked[] = {{1, 0}, {50, 0}, {50, 49}, {1500, 700}, {4000, 3999}};
    (void)state;
    for (int pattern = 0; pattern < 4; pattern++)
        for (int ascending = 0; ascending < 2; ascending++)
            for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
                struct mf_order order = {.key = MF_SORT_SIZE,
                                         .ascending = ascending};
                assert_best(&order, asked[i].max, asked[i].first, pattern);
            }
}

static void a_cursor_brings_back_its_place(void **state)
{
    struct mf_names *names = mf_names_new();
    char longest[MF_NAME_MAX_LEN + 1], cursor[MF_CURSOR_CAP];
    char text[MF_NAME_MAX_LEN];
    (void)state;
    memset(longest, 0xff, MF_NAME_MAX_LEN);
    longest[MF_NAME_MAX_LEN] = '\0';
    const struct mf_columns row = {
        .number = UINT64_MAX,
        .type = MF_FLOW_UDP,
        .status = 404,
        .host = id_of(names, MF_NAME_HOST, longest),
        .method = id_of(names, MF_NAME_METHOD, "GET"),
        .start_ns = INT64_MIN,
        .duration_ms = -1.5,
    };
    for (int key = MF_SORT_ARRIVAL; key <= MF_SORT_TYPE; key++) {
        for (int ascending = 0; ascending < 2; ascending++) {
            const struct mf_order order = {(enum mf_sort_key)key, ascending,
                                           names};
            const struct mf_order other = {(enum mf_sort_key)key, !ascending,
                                           names};
            struct mf_place place, back;
            mf_order_place(&order, &row, &place);
            mf_order_put_cursor(&order, &place, cursor);
            assert_true(mf_order_get_cursor(&order, cursor, text, &back));
            assert_false(mf_order_before(&order, &place, &back));
            assert_false(mf_order_before(&order, &back, &place));
            assert_false(mf_order_get_cursor(&other, cursor, text, &back));
        }
    }
    mf_names_free(names);
}

static void a_list_keeps_the_greatest_numbers(void **state)
{
    struct mf_numbers numbers = {.max = 20};
    uint64_t random = 3;
    (void)state;
    for (size_t i = 0; i < 500; i++)
        assert_int_equal(
            mf_numbers_add(&numbers, next_random(&random) % 4096 * 512 + i), 0);
    assert_int_equal(numbers.count, 20);
    for (size_t i = 1; i < 20; i++)
        assert_true(numbers.items[i] < numbers.items[i - 1]);
    assert_true(numbers.items[19] > 4096 * 512 / 10 * 8);
    uint64_t third = numbers.items[2];
    mf_numbers_drop(&numbers, 2);
    assert_int_equal(numbers.items[0], third);
    numbers.max = 0;
    mf_numbers_release(&numbers);
    assert_int_equal(mf_numbers_add(&numbers, 5), 0);
    assert_int_equal(numbers.count, 0);
}

static void a_set_has_what_was_set(void **state)
{
    struct mf_seen seen;
    (void)state;
    assert_int_equal(mf_seen_init(&seen, 1000000), 0);
    for (uint64_t i = 0; i < 1000000; i += 12345)
        assert_int_equal(mf_seen_set(&seen, i), 0);
    for (uint64_t i = 0; i < 1000000; i++)
        assert_true(mf_seen_has(&seen, i) == (i % 12345 == 0));
    assert_int_equal(mf_seen_set(&seen, UINT64_MAX), 0);
    assert_false(mf_seen_has(&seen, UINT64_MAX));
    mf_seen_release(&seen);
    assert_int_equal(mf_seen_init(&seen, UINT64_MAX), MF_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars_are_exact_whatever_is_known_of_the_span),
        cmocka_unit_test(the_bars_fill_most_of_the_span_that_they_choose),
        cmocka_unit_test(no_flows_have_no_series),
        cmocka_unit_test(facets_tell_the_most_frequent_and_count_the_others),
        cmocka_unit_test(percentiles_are_within_a_64th_of_exact_ones),
        cmocka_unit_test(of_no_values_there_are_no_percentiles),
        cmocka_unit_test(doublings_count_each_value_once),
        cmocka_unit_test(percentiles_of_each_of_many_crowds_are_its_own),
        cmocka_unit_test(spreads_of_too_many_tell_nothing_rather_than_a_part),
        cmocka_unit_test(details_count_errors_and_answers),
        cmocka_unit_test(the_best_are_the_first_of_all_in_order),
        cmocka_unit_test(a_cursor_brings_back_its_place),
        cmocka_unit_test(a_list_keeps_the_greatest_numbers),
        cmocka_unit_test(a_set_has_what_was_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
