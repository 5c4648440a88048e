#include "support.h"

#include <stdlib.h>

#include "store/column_page.h"

/* ---- a source of chance, the same on every run ---- */

static uint64_t seed = 20261128;

static unsigned pick(unsigned count)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % count;
}

#define ONE_OF(...)                           \
    ((const char *const[]){__VA_ARGS__}[pick( \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))])

static struct sample random_sample(void)
{
    struct sample sample = {
        .type = (enum mf_flow_type)(MF_FLOW_HTTP + pick(4)),
        .id = ONE_OF("abcdef0123456789", "0123"),
        .method = ONE_OF("GET", "post", "", NULL),
        .url = ONE_OF("http://a.example/x", "http://10.0.0.1:8080/", "", NULL),
        .pretty_url = ONE_OF("http://a.example/x", "http://b.example/", NULL),
        .content_type = ONE_OF("text/html", "image/png; q=1", "", NULL),
        .second_content_type = ONE_OF("text/css", NULL, NULL, NULL),
        .request_content_type = ONE_OF("application/json", "", NULL),
        .header = ONE_OF("one", NULL),
        .has_no_response = pick(3) == 0,
        .status = (int)(pick(2) ? 200 + pick(4) * 100 : pick(2) * 70000),
        .client_ip = ONE_OF("10.0.0.1", "::1", NULL),
        .client_port = pick(2) ? 80 : pick(2) * 70000,
        .server_host = ONE_OF("a.example", "10.0.0.1", NULL),
        .server_port = pick(2) * 443,
        .message = ONE_OF("one two", "", NULL),
        .request_body = ONE_OF("three", NULL),
        .is_streamed = pick(4) == 0,
        .is_websocket = pick(4) == 0,
        .question = ONE_OF("a.example", "", NULL),
        .dns_answer = ONE_OF("\1\2\3\4", NULL),
        .error = ONE_OF("broken", NULL, NULL),
        .comment = ONE_OF("remark", NULL, NULL),
        .marker = ONE_OF(":x:", NULL, NULL),
        .replayed = ONE_OF("request", "response", "other", NULL),
        .metadata = ONE_OF("value", NULL, NULL),
        .start_ns = INT64_C(1700000000000000000) * pick(2),
        .duration_ms = pick(3) * 1000,
        .source = ONE_OF("left", "right", ""),
        .note = ONE_OF("note", ""),
        .pinned = pick(2),
        .state = (enum mf_flow_state)(MF_FLOW_LIVE + pick(3)),
    };
    return sample;
}

static const char *random_leaf(void)
{
    return ONE_OF(
        "~a", "~all", "~dns", "~e", "~http", "~lost", "~marked", "~noted",
        "~pinned", "~q", "~replay", "~replayq", "~replays", "~s", "~tcp",
        "~udp", "~websocket", "~b one", "~bq three", "~bs ^$", "~c 200", "~c 0",
        "~c 4xx", "~c >60000", "~comment remark", "~comment ^$", "~d a.example",
        "~d ^10", "~d ^$", "~device 10", "~device ^$", "~dst a.example:443",
        "~dst :", "~dur >1s", "~h one", "~hq json", "~hs X-Test", "~id abc",
        "~m GET", "~m ^$", "~marker x", "~marker ^$", "~meta value", "~meta ^$",
        "~note note", "~note ^$", "~size >3", "~size 0", "~source left",
        "~source ^$", "~src 10.0.0.1:80", "~src :0$", "~src 70000", "~t html",
        "~t ^$", "~time >2020-01-01", "~tq json", "~ts png", "~u a.example",
        "~u ^$", "word", "one", "broken", "''");
}

/* Into the room that is left; returns where it ends. */
static char *random_tree(char *at, char *end, unsigned depth)
{
    unsigned kind = depth ? pick(6) : 5;
    if (kind >= 4 || end - at < 200)
        return at + snprintf(at, (size_t)(end - at), "%s", random_leaf());
    *at++ = kind == 0 ? '!' : '(';
    if (kind == 0)
        *at++ = '(';
    at = random_tree(at, end, depth - 1);
    if (kind != 0) {
        at += snprintf(at, (size_t)(end - at), "%s",
                       kind == 1   ? " & "
                       : kind == 2 ? " | "
                                   : " ");
        at = random_tree(at, end, depth - 1);
    }
    *at++ = ')';
    *at = '\0';
    return at;
}

/* Columns know less than flows, and never anything else. */
static void a_judge_never_says_what_is_wrong(void **state)
{
    (void)state;
    enum { FLOWS = 300, FILTERS = 400 };
    struct mf_record *records[FLOWS];
    struct mf_columns columns[FLOWS];
    unsigned counts[3] = {0};
    char text[4000];
    for (size_t i = 0; i < FLOWS; i++) {
        struct sample sample = random_sample();
        records[i] = record_of(&sample);
        columns[i] = columns_of(records[i]);
    }
    for (int n = 0; n < FILTERS; n++) {
        random_tree(text, text + sizeof text, (unsigned)n % 5);
        struct mf_filter *filter = filter_of(text);
        struct mf_judge *judge;
        assert_int_equal(mf_judge_new(filter, name_of, NULL, &judge), 0);
        for (size_t i = 0; i < FLOWS; i++) {
            bool is_match = mf_filter_match(filter, records[i], NULL);
            enum mf_filter_verdict verdict = mf_judge_row(judge, &columns[i]);
            counts[verdict]++;
            if (verdict != MF_FILTER_UNSURE &&
                (verdict == MF_FILTER_YES) != is_match)
                fail_msg("%s: flow %zu: the columns say %d", text, i, verdict);
        }
        mf_judge_free(judge);
        mf_filter_unref(filter);
    }
    for (size_t i = 0; i < FLOWS; i++)
        mf_record_unref(records[i]);
    /* It has an opinion, and not always the same. */
    assert_true(counts[MF_FILTER_NO] > 10000);
    assert_true(counts[MF_FILTER_YES] > 10000);
}

/* Of a page no other columns are read than a filter names. */
static void a_judge_reads_no_other_columns_than_it_says(void **state)
{
    (void)state;
    enum { FLOWS = 300, FILTERS = 400 };
    struct mf_columns *rows = calloc(MF_COLUMN_PAGE_ROWS, sizeof *rows);
    struct mf_columns read[FLOWS];
    struct mf_column_page page;
    struct mf_buf buf;
    char text[4000];
    mf_buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < FLOWS; i++) {
        struct sample sample = random_sample();
        struct mf_record *record = record_of(&sample);
        rows[i] = columns_of(record);
        mf_record_unref(record);
    }
    assert_int_equal(mf_column_page_put(rows, &buf), 0);
    assert_int_equal(mf_column_page_open(buf.data, buf.len, 0, &page), 0);
    for (int n = 0; n < FILTERS; n++) {
        random_tree(text, text + sizeof text, (unsigned)n % 3);
        struct mf_filter *filter = filter_of(text);
        struct mf_judge *judge;
        assert_int_equal(mf_judge_new(filter, name_of, NULL, &judge), 0);
        for (size_t i = 0; i < FLOWS; i++)
            read[i] = rows[pick(FLOWS)];
        mf_column_page_rows(&page, 0, FLOWS, mf_filter_columns(filter), read);
        for (size_t i = 0; i < FLOWS; i++)
            if (mf_judge_row(judge, &read[i]) != mf_judge_row(judge, &rows[i]))
                fail_msg("%s: flow %zu: by more columns than %x", text, i,
                         mf_filter_columns(filter));
        mf_judge_free(judge);
        mf_filter_unref(filter);
    }
    mf_buf_release(&buf);
    free(rows);
}

static void a_filter_by_columns_needs_few(void **state)
{
    (void)state;
    struct mf_filter *filter = filter_of("~m POST & !~c 404");
    assert_int_equal(mf_filter_columns(filter), 1U << MF_PAGED_METHOD |
                                                    1U << MF_PAGED_STATUS |
                                                    1U << MF_PAGED_FLAGS);
    mf_filter_unref(filter);
}

/* What a list is filtered by most must not need the flows. */
static void a_judge_is_sure_of_what_is_in_columns(void **state)
{
    (void)state;
    static const char *const sure[] = {
        "~http & ~m GET",      "~c 200 | ~c 5xx", "~d a.example",
        "~device 10.0.0.1",    "~source left",    "~size >1 ~dur <1s",
        "~time >2020-01-01",   "~e | ~pinned",    "~noted !~lost",
        "~t html | ~a",        "~q | ~s",         "~marked ~replay",
        "~src 10.0.0.1:80",    "~websocket | ~e", "~b one & ~dns",
        "~pinned | word | ~s",
    };
    struct sample sample = {
        .type = MF_FLOW_HTTP,
        .method = "GET",
        .url = "http://a.example/",
        .pretty_url = "http://a.example/",
        .content_type = "text/html",
        .status = 200,
        .client_ip = "10.0.0.1",
        .client_port = 80,
        .source = "left",
    };
    struct mf_record *record = record_of(&sample);
    for (size_t i = 0; i < sizeof sure / sizeof *sure; i++) {
        struct mf_filter *filter = filter_of(sure[i]);
        if (judged(filter, record) == MF_FILTER_UNSURE)
            fail_msg("%s is not sure", sure[i]);
        mf_filter_unref(filter);
    }
    mf_record_unref(record);
}

static void a_name_without_an_id_leaves_it_unsure(void **state)
{
    (void)state;
    static const char *const about_names[] = {
        "~m GET", "~d a", "~device 1", "~source l", "~ts html", "~src 80"};
    struct mf_columns row = {.type = MF_FLOW_HTTP,
                             .flags =
                                 MF_COLUMN_RESPONSE | MF_COLUMN_RESPONSE_TYPE};
    for (size_t i = 0; i < sizeof about_names / sizeof *about_names; i++) {
        struct mf_filter *filter = filter_of(about_names[i]);
        struct mf_judge *judge;
        assert_int_equal(mf_judge_new(filter, name_of, NULL, &judge), 0);
        assert_int_equal(mf_judge_row(judge, &row), MF_FILTER_UNSURE);
        mf_judge_free(judge);
        mf_filter_unref(filter);
    }
}

static unsigned lookups;

static struct mf_span counted_name(void *user, enum mf_name_kind kind,
                                   uint32_t id)
{
    (void)user;
    (void)kind;
    lookups++;
    return id % 2 ? (struct mf_span){"GET", 3} : (struct mf_span){"PUT", 3};
}

static void a_name_is_looked_at_once(void **state)
{
    (void)state;
    struct mf_filter *filter = filter_of("~m GET");
    struct mf_judge *judge;
    assert_int_equal(mf_judge_new(filter, counted_name, NULL, &judge), 0);
    for (uint32_t i = 0; i < 100000; i++) {
        struct mf_columns row = {.type = MF_FLOW_HTTP, .method = 1 + i % 1000};
        assert_int_equal(mf_judge_row(judge, &row),
                         i % 2 ? MF_FILTER_NO : MF_FILTER_YES);
    }
    assert_int_equal(lookups, 1000);
    /* An id that no dictionary has makes no memory of its size. */
    struct mf_columns far = {.type = MF_FLOW_HTTP, .method = UINT32_MAX};
    assert_int_equal(mf_judge_row(judge, &far), MF_FILTER_YES);
    mf_judge_free(judge);
    mf_filter_unref(filter);
}

static void no_flow_is_no_match(void **state)
{
    (void)state;
    const struct mf_columns gone = {0};
    struct mf_filter *filter = filter_of("");
    struct mf_judge *judge;
    assert_int_equal(mf_judge_new(filter, name_of, NULL, &judge), 0);
    assert_int_equal(mf_judge_row(judge, &gone), MF_FILTER_NO);
    mf_judge_free(judge);
    mf_judge_free(NULL);
    mf_filter_unref(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_judge_never_says_what_is_wrong),
        cmocka_unit_test(a_judge_reads_no_other_columns_than_it_says),
        cmocka_unit_test(a_filter_by_columns_needs_few),
        cmocka_unit_test(a_judge_is_sure_of_what_is_in_columns),
        cmocka_unit_test(a_name_without_an_id_leaves_it_unsure),
        cmocka_unit_test(a_name_is_looked_at_once),
        cmocka_unit_test(no_flow_is_no_match),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    forget_names();
    return failed;
}
