#include "support.h"

static bool matches(const Mitmflow__V1__FlowFilter *message,
                    const struct sample *sample)
{
    struct mf_filter *filter = NULL;
    struct mf_err err = {0};
    assert_int_equal(mf_filter_new(message, &filter, NULL, &err), 0);
    struct mf_record *record = record_of(sample);
    bool match = mf_filter_match(filter, record, NULL);
    enum mf_filter_verdict verdict = judged(filter, record);
    assert_true(verdict == MF_FILTER_UNSURE ||
                (verdict == MF_FILTER_YES) == match);
    mf_record_unref(record);
    mf_filter_unref(filter);
    return match;
}

static const struct sample http = {.type = MF_FLOW_HTTP,
                                   .id = "h",
                                   .method = "GET",
                                   .content_type = "application/JSON; q=1",
                                   .status = 404,
                                   .client_ip = "10.0.0.1",
                                   .message = "a body"};
static const struct sample tcp = {.type = MF_FLOW_TCP,
                                  .id = "t",
                                  .client_ip = "10.0.0.2",
                                  .message = "a Payload",
                                  .note = "Remember",
                                  .pinned = true};
static const struct sample dns = {
    .type = MF_FLOW_DNS, .id = "d", .dns_answer = "\xc0\x01\x02\x07"};

#define LIST(...)   \
    (char *[])      \
    {               \
        __VA_ARGS__ \
    }
#define NEW_FILTER(name) \
    Mitmflow__V1__FlowFilter name = MITMFLOW__V1__FLOW_FILTER__INIT
#define NEW_HTTP(name) \
    Mitmflow__V1__HttpFilter name = MITMFLOW__V1__HTTP_FILTER__INIT

static void no_condition_matches_everything(void **state)
{
    (void)state;
    struct mf_filter *filter;
    NEW_FILTER(empty);
    NEW_HTTP(nothing);
    empty.http = &nothing;
    assert_int_equal(mf_filter_new(&empty, &filter, NULL, NULL), 0);
    assert_true(mf_filter_is_empty(filter));
    mf_filter_unref(mf_filter_ref(filter));
    mf_filter_unref(filter);
    assert_true(matches(&empty, &http));
    assert_true(matches(NULL, &tcp));
}

static void flow_types_are_one_of(void **state)
{
    (void)state;
    NEW_FILTER(filter);
    filter.flow_types = LIST("tcp", "dns");
    filter.n_flow_types = 2;
    assert_true(matches(&filter, &tcp));
    assert_true(matches(&filter, &dns));
    assert_false(matches(&filter, &http));
}

static void http_conditions_exclude_other_types(void **state)
{
    (void)state;
    NEW_FILTER(filter);
    NEW_HTTP(conditions);
    filter.http = &conditions;
    conditions.methods = LIST("POST", "GET");
    conditions.n_methods = 2;
    assert_true(matches(&filter, &http));
    assert_false(matches(&filter, &tcp));
    assert_false(matches(&filter, &dns));
    conditions.methods = LIST("POST");
    conditions.n_methods = 1;
    assert_false(matches(&filter, &http));
}

static bool status_matches(char *status)
{
    NEW_FILTER(filter);
    NEW_HTTP(conditions);
    filter.http = &conditions;
    conditions.status_codes = LIST(status);
    conditions.n_status_codes = 1;
    return matches(&filter, &http);
}

static void statuses_are_codes_classes_and_ranges(void **state)
{
    (void)state;
    assert_true(status_matches("404"));
    assert_true(status_matches("4xx"));
    assert_true(status_matches("4XX"));
    assert_true(status_matches("400-404"));
    assert_true(status_matches("404-404"));
    assert_false(status_matches("403"));
    assert_false(status_matches("5xx"));
    assert_false(status_matches("200-299"));
}

static void an_unknown_type_or_status_is_refused_by_name(void **state)
{
    (void)state;
    static char *const statuses[] = {"",     "abc",     "99999", "xx4", "200-",
                                     "-200", "299-200", "2-3-4", "4xxx"};
    NEW_FILTER(filter);
    NEW_HTTP(conditions);
    struct mf_filter *made = NULL;
    struct mf_err err;
    filter.http = &conditions;
    conditions.n_status_codes = 1;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        conditions.status_codes = LIST(statuses[i]);
        assert_int_equal(mf_filter_new(&filter, &made, NULL, &err), MF_EINVAL);
        assert_non_null(strstr(err.text, statuses[i]));
    }
    filter.http = NULL;
    filter.flow_types = LIST("http", "quic");
    filter.n_flow_types = 2;
    assert_int_equal(mf_filter_new(&filter, &made, NULL, &err), MF_EINVAL);
    assert_non_null(strstr(err.text, "quic"));
    assert_null(made);
}

static bool content_type_matches(char *type, const struct sample *sample)
{
    NEW_FILTER(filter);
    NEW_HTTP(conditions);
    filter.http = &conditions;
    conditions.content_types = LIST(type);
    conditions.n_content_types = 1;
    return matches(&filter, sample);
}

static void content_types_match_a_part_of_the_media_type(void **state)
{
    (void)state;
    struct sample upload = http;
    upload.content_type = NULL;
    upload.request_content_type = "text/csv";
    assert_true(content_type_matches("application/json", &http));
    assert_true(content_type_matches("Json", &http));
    assert_true(content_type_matches("application/", &http));
    assert_false(content_type_matches("q=1", &http));
    assert_false(content_type_matches("html", &http));
    assert_true(content_type_matches("text/csv", &upload));
    upload.request_content_type = NULL;
    assert_false(content_type_matches("text", &upload));
}

static void client_ips_and_flow_ids_match_whole(void **state)
{
    (void)state;
    NEW_FILTER(by_ip);
    by_ip.client_ips = LIST("10.0.0.1", "10.0.0.9");
    by_ip.n_client_ips = 2;
    assert_true(matches(&by_ip, &http));
    assert_false(matches(&by_ip, &tcp));
    assert_false(matches(&by_ip, &dns));
    NEW_FILTER(by_id);
    by_id.flow_ids = LIST("t", "d");
    by_id.n_flow_ids = 2;
    assert_false(matches(&by_id, &http));
    assert_true(matches(&by_id, &tcp));
    assert_true(matches(&by_id, &dns));
}

static void pin_and_note_count_when_they_are_present(void **state)
{
    (void)state;
    NEW_FILTER(filter);
    filter.pinned_presence_case =
        MITMFLOW__V1__FLOW_FILTER__PINNED_PRESENCE_PINNED;
    filter.pinned = 1;
    assert_true(matches(&filter, &tcp));
    assert_false(matches(&filter, &http));
    filter.pinned = 0;
    assert_false(matches(&filter, &tcp));
    assert_true(matches(&filter, &http));
    NEW_FILTER(noted);
    noted.has_note_presence_case =
        MITMFLOW__V1__FLOW_FILTER__HAS_NOTE_PRESENCE_HAS_NOTE;
    noted.has_note = 1;
    assert_true(matches(&noted, &tcp));
    assert_false(matches(&noted, &http));
    noted.has_note = 0;
    assert_true(matches(&noted, &http));
}

static bool text_matches(char *text, const struct sample *sample)
{
    NEW_FILTER(filter);
    filter.filter_text = text;
    return matches(&filter, sample);
}

static void text_is_found_anywhere_in_any_type(void **state)
{
    (void)state;
    assert_true(text_matches("A BODY", &http));
    assert_true(text_matches("application/json", &http));
    assert_true(text_matches("payload", &tcp));
    assert_true(text_matches("remember", &tcp)); /* the note */
    assert_true(text_matches("192.1.2.7", &dns));
    assert_true(text_matches("10.0.0.2", &tcp));
    assert_false(text_matches("payload", &http));
    assert_true(text_matches("", &http));
}

static void an_id_is_found_by_a_long_part_of_it(void **state)
{
    (void)state;
    struct sample sample = tcp;
    sample.id = "0123abcd-4567";
    assert_true(text_matches("123ABCD-", &sample));
    assert_true(text_matches("0123abcd-4567", &sample));
    assert_false(text_matches("abcd-45", &sample));
}

static void all_conditions_must_hold(void **state)
{
    (void)state;
    NEW_FILTER(filter);
    filter.filter_text = "payload";
    filter.flow_types = LIST("tcp");
    filter.n_flow_types = 1;
    assert_true(matches(&filter, &tcp));
    filter.flow_types = LIST("udp");
    assert_false(matches(&filter, &tcp));
}

static void an_expression_is_one_of_the_conditions(void **state)
{
    (void)state;
    NEW_FILTER(filter);
    filter.expression = "payload | ~http";
    assert_true(matches(&filter, &tcp));
    assert_true(matches(&filter, &http));
    filter.flow_types = LIST("tcp", "dns");
    filter.n_flow_types = 2;
    assert_true(matches(&filter, &tcp));
    assert_false(matches(&filter, &http));
    assert_false(matches(&filter, &dns));
    filter.filter_text = "absent";
    assert_false(matches(&filter, &tcp));
}

static void a_wrong_expression_is_told_with_its_place(void **state)
{
    (void)state;
    struct mf_filter *made = NULL;
    struct mf_filter_fault fault = {.position = 99};
    struct mf_err err;
    NEW_FILTER(filter);
    filter.expression = "~m GET & ~nothing";
    assert_int_equal(mf_filter_new(&filter, &made, &fault, &err), MF_EINVAL);
    assert_int_equal(fault.position, 9);
    assert_int_equal(fault.len, 8);
    assert_non_null(strstr(err.text, fault.text));
    /* What is wrong elsewhere has no place in it. */
    filter.flow_types = LIST("quic");
    filter.n_flow_types = 1;
    assert_int_equal(mf_filter_new(&filter, &made, &fault, &err), MF_EINVAL);
    assert_int_equal(fault.position, 0);
    assert_int_equal(fault.len, 0);
}

static void a_text_without_end_is_refused(void **state)
{
    (void)state;
    static char text[5000];
    struct mf_filter *made = NULL;
    NEW_FILTER(filter);
    memset(text, 'x', sizeof text - 1);
    filter.filter_text = text;
    assert_int_equal(mf_filter_new(&filter, &made, NULL, NULL), MF_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_condition_matches_everything),
        cmocka_unit_test(flow_types_are_one_of),
        cmocka_unit_test(http_conditions_exclude_other_types),
        cmocka_unit_test(statuses_are_codes_classes_and_ranges),
        cmocka_unit_test(an_unknown_type_or_status_is_refused_by_name),
        cmocka_unit_test(content_types_match_a_part_of_the_media_type),
        cmocka_unit_test(client_ips_and_flow_ids_match_whole),
        cmocka_unit_test(pin_and_note_count_when_they_are_present),
        cmocka_unit_test(text_is_found_anywhere_in_any_type),
        cmocka_unit_test(an_id_is_found_by_a_long_part_of_it),
        cmocka_unit_test(all_conditions_must_hold),
        cmocka_unit_test(an_expression_is_one_of_the_conditions),
        cmocka_unit_test(a_wrong_expression_is_told_with_its_place),
        cmocka_unit_test(a_text_without_end_is_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    forget_names();
    return failed;
}
