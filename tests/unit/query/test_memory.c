#include "support.h"

#include "../wrap_memory.h"
#include "query/explain.h"

/* How many allocations still work; negative: all. */
static long left = -1;

static bool is_out(void)
{
    if (left < 0)
        return false;
    if (left == 0)
        return true;
    left--;
    return false;
}

static const char expression[] =
    "(~b \"(?P<n>a)\\\\1[x-z]\" | word) & ~d example !~time >09:00 ~size 1..2";

/* Compile a filter, match and judge; the first error. */
static int use_filter(const struct mf_record *record,
                      const struct mf_columns *row)
{
    static char method[] = "GET", type[] = "html", status[] = "2xx",
                text[] = "word", ip[] = "10.0.0.1";
    char *methods[] = {method}, *types[] = {type}, *statuses[] = {status},
         *ips[] = {ip};
    Mitmflow__V1__FlowFilter message = MITMFLOW__V1__FLOW_FILTER__INIT;
    Mitmflow__V1__HttpFilter http = MITMFLOW__V1__HTTP_FILTER__INIT;
    struct mf_filter *filter = NULL;
    struct mf_judge *judge = NULL;
    http.methods = methods;
    http.content_types = types;
    http.status_codes = statuses;
    http.n_methods = http.n_content_types = http.n_status_codes = 1;
    message.http = &http;
    message.client_ips = ips;
    message.n_client_ips = 1;
    message.filter_text = text;
    message.expression = (char *)(uintptr_t)expression;
    int rc = mf_filter_new(&message, &filter, NULL, NULL);
    if (rc)
        return rc;
    mf_filter_match(filter, record, NULL);
    rc = mf_judge_new(filter, name_of, NULL, &judge);
    if (!rc)
        mf_judge_row(judge, row);
    mf_judge_free(judge);
    mf_filter_unref(filter);
    return rc;
}

static int explain(void)
{
    struct mf_explanation explanation;
    int rc = mf_filter_explain(expression, strlen(expression), &explanation);
    if (!rc)
        mf_explanation_release(&explanation);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const struct sample sample = {
        .type = MF_FLOW_HTTP, .url = "http://example.com/", .message = "aax"};
    struct mf_record *record = record_of(&sample);
    struct mf_columns row = columns_of(record);
    long failures = 0;
    for (int rc = MF_ENOMEM; rc; failures++) {
        assert_true(failures < 1000);
        left = failures;
        rc = use_filter(record, &row);
        left = -1;
        assert_true(rc == 0 || rc == MF_ENOMEM);
    }
    assert_true(failures > 10);
    mf_record_unref(record);
}

static void every_allocation_of_an_explanation_may_fail(void **state)
{
    (void)state;
    long failures = 0;
    for (int rc = MF_ENOMEM; rc; failures++) {
        assert_true(failures < 1000);
        left = failures;
        rc = explain();
        left = -1;
        assert_true(rc == 0 || rc == MF_ENOMEM);
    }
    assert_true(failures > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_allocation_of_an_explanation_may_fail),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    forget_names();
    return failed;
}
