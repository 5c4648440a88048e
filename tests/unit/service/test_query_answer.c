#include "../cmocka.h"

#include <string.h>

#include "base/clock.h"
#include "mitmflow/v1/mitmflow.pb-c.h"
#include "service/query_answer.h"
#include "store/spread.h"

static void progress_is_told_as_it_is(void **state)
{
    (void)state;
    struct mf_buf buf;
    mf_buf_init(&buf, 1000);
    const struct mf_query_progress progress = {
        .back_to_ns = 5 * MF_NS_PER_S + 7,
        .share = 0.25,
        .found = 300,
        .is_limited = true,
    };
    assert_int_equal(mf_query_put_progress(&progress, 2, &buf), 0);
    Mitmflow__V1__QueryFlowsResponse *response =
        mitmflow__v1__query_flows_response__unpack(NULL, buf.len, buf.data);
    assert_non_null(response);
    assert_int_equal(response->progress->back_to->seconds, 5);
    assert_int_equal(response->progress->back_to->nanos, 7);
    assert_true(response->progress->share == 0.25);
    assert_int_equal(response->progress->found, 300);
    assert_true(response->progress->limited);
    mitmflow__v1__query_flows_response__free_unpacked(response, NULL);
    mf_buf_release(&buf);
}

static Mitmflow__V1__SummarizeFlowsResponse *
put_summary(const struct mf_summary *summary, size_t bars)
{
    struct mf_buf buf;
    mf_buf_init(&buf, 10000);
    assert_int_equal(mf_query_put_summary(summary, bars, 2, &buf), 0);
    Mitmflow__V1__SummarizeFlowsResponse *response =
        mitmflow__v1__summarize_flows_response__unpack(NULL, buf.len, buf.data);
    assert_non_null(response);
    mf_buf_release(&buf);
    return response;
}

static void a_summary_without_bars_and_facets_is_counts(void **state)
{
    (void)state;
    const struct mf_summary summary = {
        .count = 3, .client_bytes = 4, .server_bytes = 1000000};
    Mitmflow__V1__SummarizeFlowsResponse *response = put_summary(&summary, 0);
    assert_int_equal(response->summary->count, 3);
    assert_int_equal(response->summary->client_bytes, 4);
    assert_int_equal(response->summary->server_bytes, 1000000);
    assert_null(response->summary->histogram);
    assert_int_equal(response->summary->n_facets, 0);
    mitmflow__v1__summarize_flows_response__free_unpacked(response, NULL);
}

static void bars_and_facets_are_told_in_order(void **state)
{
    (void)state;
    const uint64_t counts[] = {0, 1, 1u << 20, 0};
    const struct mf_series series[] = {{MF_FLOW_HTTP, 4, counts},
                                       {MF_FLOW_UDP, 0, counts}};
    const struct mf_facet_value values[] = {{.text = "b", .count = 9},
                                            {.text = "a", .count = 2}};
    const struct mf_facet facet = {MF_FACET_HOST, values, 2, 7};
    const struct mf_summary summary = {
        .from_ns = MF_NS_PER_S,
        .to_ns = 9 * MF_NS_PER_S,
        .series = series,
        .series_count = 2,
        .facets = &facet,
        .facet_count = 1,
    };
    Mitmflow__V1__SummarizeFlowsResponse *response = put_summary(&summary, 4);
    const Mitmflow__V1__Histogram *histogram = response->summary->histogram;
    assert_int_equal(histogram->from->seconds, 1);
    assert_int_equal(histogram->to->seconds, 9);
    assert_int_equal(histogram->n_series, 2);
    assert_string_equal(histogram->series[0]->type, "http");
    assert_int_equal(histogram->series[0]->status_class, 4);
    assert_int_equal(histogram->series[0]->n_counts, 4);
    assert_int_equal(histogram->series[0]->counts[2], 1 << 20);
    assert_string_equal(histogram->series[1]->type, "udp");
    const Mitmflow__V1__Facet *told = response->summary->facets[0];
    assert_int_equal(told->kind, MITMFLOW__V1__FACET_KIND__FACET_KIND_HOST);
    assert_int_equal(told->others, 7);
    assert_int_equal(told->n_values, 2);
    assert_string_equal(told->values[0]->value, "b");
    assert_int_equal(told->values[1]->count, 2);
    mitmflow__v1__summarize_flows_response__free_unpacked(response, NULL);
}

static void details_are_told_where_they_were_counted(void **state)
{
    static struct mf_spread durations, sizes;
    const struct mf_facet_value value = {
        .text = "a", .count = 9, .errors = 3, .p50 = 20, .p95 = 41};
    const struct mf_facet facet = {MF_FACET_HOST, &value, 1, 0};
    const struct mf_summary summary = {
        .errors = 3,
        .durations = &durations,
        .sizes = &sizes,
        .facets = &facet,
        .facet_count = 1,
    };
    (void)state;
    for (uint64_t i = 1; i <= 60; i++)
        mf_spread_add(&durations, i);
    Mitmflow__V1__SummarizeFlowsResponse *response = put_summary(&summary, 0);
    assert_int_equal(response->summary->errors, 3);
    const Mitmflow__V1__Spread *spread = response->summary->durations;
    assert_int_equal(spread->count, 60);
    assert_int_equal(spread->p50, 30);
    assert_int_equal(spread->p95, 57);
    assert_int_equal(spread->p99, 60);
    assert_int_equal(spread->max, 60);
    assert_int_equal(spread->n_doublings, 7);
    assert_int_equal(spread->doublings[6], 60 - 31);
    assert_int_equal(response->summary->sizes->count, 0);
    assert_int_equal(response->summary->sizes->n_doublings, 0);
    const Mitmflow__V1__FacetValue *told =
        response->summary->facets[0]->values[0];
    assert_int_equal(told->errors, 3);
    assert_int_equal(told->p50, 20);
    assert_int_equal(told->p95, 41);
    mitmflow__v1__summarize_flows_response__free_unpacked(response, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_is_told_as_it_is),
        cmocka_unit_test(a_summary_without_bars_and_facets_is_counts),
        cmocka_unit_test(bars_and_facets_are_told_in_order),
        cmocka_unit_test(details_are_told_where_they_were_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
