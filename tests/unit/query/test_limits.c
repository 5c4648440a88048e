#include "support.h"

#include <pthread.h>
#include <stdlib.h>

/* a's that end in a way that makes a bad expression try everything. */
static struct mf_record *record_of_many(size_t count)
{
    char *body = malloc(count + 2);
    assert_non_null(body);
    memset(body, 'a', count);
    body[count] = '!';
    body[count + 1] = '\0';
    struct sample sample = {
        .type = MF_FLOW_HTTP, .method = "GET", .status = 200, .message = body};
    struct mf_record *record = record_of(&sample);
    free(body);
    return record;
}

static void a_pathological_expression_is_given_up_and_told(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "~b \"(a+)+$\"",
        "~b \"(a|aa)+$\"",
        "~b \"(.*)(.*)(.*)(.*)[bc]\"",
        "!~b \"(a+)+$\"",
    };
    struct mf_record *record = record_of_many(5000);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mf_filter *filter = filter_of(bad[i]);
        bool is_limited = false;
        assert_false(mf_filter_match(filter, record, &is_limited));
        if (!is_limited)
            fail_msg("%s met no limit", bad[i]);
        assert_false(mf_filter_match(filter, record, NULL));
        assert_true(mf_filter_reads_bodies(filter));
        mf_filter_unref(filter);
    }
    mf_record_unref(record);
}

static void a_limit_that_was_not_met_is_not_told(void **state)
{
    (void)state;
    struct mf_record *record = record_of_many(1000000);
    struct mf_filter *filter = filter_of("~b \"a+!$\" ~b \"a*!\" ~m GET");
    bool is_limited = false;
    assert_true(mf_filter_match(filter, record, &is_limited));
    assert_false(is_limited);
    mf_filter_unref(filter);
    mf_record_unref(record);
}

static void so_is_one_that_is_slow_at_every_place(void **state)
{
    (void)state;
    struct mf_record *record = record_of_many(1000000);
    struct mf_filter *filter = filter_of("~b \"a{20000}[bc]\"");
    bool is_limited = false;
    assert_false(mf_filter_match(filter, record, &is_limited));
    assert_true(is_limited);
    mf_filter_unref(filter);
    mf_record_unref(record);
}

static void a_judge_that_met_a_limit_is_unsure(void **state)
{
    (void)state;
    char host[121], url[200];
    memset(host, 'a', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    snprintf(url, sizeof url, "http://%s/", host);
    struct sample sample = {.type = MF_FLOW_HTTP, .url = url};
    struct mf_record *record = record_of(&sample);
    struct mf_filter *filter = filter_of("~d \"(a+)+[!?]\"");
    assert_int_equal(judged(filter, record), MF_FILTER_UNSURE);
    assert_true(mf_filter_reads_bodies(filter)); /* it may take long */
    mf_filter_unref(filter);
    mf_record_unref(record);
}

static void quick_filters_may_run_anywhere(void **state)
{
    (void)state;
    static const char *const quick[] = {"~c 200", "~d example\\.com$", "~e",
                                        "~h \"server: nginx\"", "~size >1"};
    static const char *const slow[] = {"word",       "~b x",  "~bq x",
                                       "~e | ~bs x", "!word", "~u \"a*b\""};
    for (size_t i = 0; i < sizeof quick / sizeof *quick; i++) {
        struct mf_filter *filter = filter_of(quick[i]);
        assert_false(mf_filter_reads_bodies(filter));
        mf_filter_unref(filter);
    }
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++) {
        struct mf_filter *filter = filter_of(slow[i]);
        assert_true(mf_filter_reads_bodies(filter));
        mf_filter_unref(filter);
    }
}

struct shared {
    struct mf_filter *filter;
    struct mf_record *record;
    int matches;
};

static void *match_often(void *user)
{
    struct shared *shared = user;
    for (int i = 0; i < 200; i++)
        shared->matches +=
            mf_filter_match(shared->filter, shared->record, NULL);
    return NULL;
}

static void threads_share_a_filter(void **state)
{
    (void)state;
    struct mf_record *record = record_of_many(100);
    struct mf_filter *filter = filter_of("~b \"a{10,}!\" & AAAA");
    struct shared shared[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        shared[i] = (struct shared){filter, record, 0};
        assert_int_equal(
            pthread_create(&threads[i], NULL, match_often, &shared[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(shared[i].matches, 200);
    }
    mf_filter_unref(filter);
    mf_record_unref(record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pathological_expression_is_given_up_and_told),
        cmocka_unit_test(so_is_one_that_is_slow_at_every_place),
        cmocka_unit_test(a_limit_that_was_not_met_is_not_told),
        cmocka_unit_test(a_judge_that_met_a_limit_is_unsure),
        cmocka_unit_test(quick_filters_may_run_anywhere),
        cmocka_unit_test(threads_share_a_filter),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    forget_names();
    return failed;
}
