/* What rules find in bodies, by type and encoding. */
#include "redact_support.h"

#include <stdio.h>

#include "codec/encoding.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* `expected` has %s where the mark of "secret" stands. */
static void check(const char *const *rules, const char *type, const char *body,
                  const char *expected)
{
    struct bench bench;
    char text[1024];
    snprintf(text, sizeof text, expected, mark_of("secret"), mark_of("secret"),
             mark_of("secret"));
    bench_init(&bench, rules);
    Mitmproxy__V1__Response *response =
        bench_body(&bench, type, "", body, strlen(body));
    size_t len = strlen(text);
    if (response->content.len != len ||
        (len && memcmp(response->content.data, text, len) != 0))
        fail_msg("%s of %s: \"%.*s\" is not \"%s\"", rules[0], body,
                 (int)response->content.len, response->content.data, text);
    bool is_same = strcmp(body, expected) == 0;
    if (response->content_changed == is_same)
        fail_msg("%s of %s is told wrongly", rules[0], body);
    assert_int_equal(bench.verdict,
                     is_same ? MF_REDACT_KEEP : MF_REDACT_CHANGED);
    bench_release(&bench);
}

static void json_is_found_by_path_and_the_rest_stays_as_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *body, *expected;
    } CASES[] = {
        {"json $.a.b", "{\"a\" : {\"b\": \"secret\" , \"c\":1.50}}",
         "{\"a\" : {\"b\": \"%s\" , \"c\":1.50}}"},
        {"json $.a.b", "{\"b\":\"secret\",\"a\":{\"c\":{\"b\":\"x\"}}}",
         "{\"b\":\"secret\",\"a\":{\"c\":{\"b\":\"x\"}}}"},
        {"json $..token",
         "[{\"x\":[{\"token\":\"secret\"}]},{\"TOKEN\":"
         "\"secret\"}]",
         "[{\"x\":[{\"token\":\"%s\"}]},{\"TOKEN\":\"%s\"}]"},
        {"json $.items[*].k",
         "{\"items\":[{\"k\":\"secret\"},{\"l\":2},"
         "{\"k\":\"secret\"}]}",
         "{\"items\":[{\"k\":\"%s\"},{\"l\":2},{\"k\":\"%s\"}]}"},
        {"json $[1]", "[\"a\",\"secret\",\"b\"]", "[\"a\",\"%s\",\"b\"]"},
        {"json $.*", "{\"a\":\"secret\",\"b\":\"secret\"}",
         "{\"a\":\"%s\",\"b\":\"%s\"}"},
        {"json $['a b']", "{\"a b\":\"secret\"}", "{\"a b\":\"%s\"}"},
        {"json $..*key*", "{\"x\":{\"apiKeyId\":\"secret\"}}",
         "{\"x\":{\"apiKeyId\":\"%s\"}}"},
        {"json $.a", "{\"\\u0061\":\"s\\u0065cret\"}", "{\"\\u0061\":\"%s\"}"},
        {"json $.a", "{\"a\":null,\"b\":\"\"}", "{\"a\":null,\"b\":\"\"}"},
        {"json $.a", "\xef\xbb\xbf {\"a\":\"secret\"}\n",
         "\xef\xbb\xbf {\"a\":\"%s\"}\n"},
        {"json $.a", ")]}'\n{\"a\":\"secret\"}", ")]}'\n{\"a\":\"%s\"}"},
        {"json $.a", "{\"a\":\"secret\"}\n{\"a\":\"secret\"}\n",
         "{\"a\":\"%s\"}\n{\"a\":\"%s\"}\n"},
        {"json $.a", "{\"a\":\"x\\\"y\",\"b\":1}", NULL},
        {"json $.a", "{\"a\":{\"deep\":[1,2]},\"b\":1}", NULL},
        {"json $.a", "{\"a\":12345,\"b\":1}", NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        if (CASES[i].expected) {
            check(RULES(CASES[i].rule), "application/json", CASES[i].body,
                  CASES[i].expected);
            continue;
        }
        struct bench bench;
        bench_init(&bench, RULES(CASES[i].rule));
        Mitmproxy__V1__Response *response =
            bench_body(&bench, "application/json", "", CASES[i].body,
                       strlen(CASES[i].body));
        assert_true(response->content.len ==
                    strlen("{\"a\":\"\",\"b\":1}") + 25);
        assert_memory_equal(response->content.data, "{\"a\":\"REDACTED-", 15);
        assert_memory_equal(response->content.data + 31, "\",\"b\":1}", 8);
        bench_release(&bench);
    }
}

static void json_is_seen_where_no_type_tells_of_it(void **state)
{
    (void)state;
    const char *const *rules = RULES("json $..a");
    static const char *const TYPES[] = {"",
                                        "text/plain",
                                        "text/html",
                                        "application/octet-stream",
                                        "application/vnd.x+json; charset=utf-8",
                                        "image/png"};
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
        check(rules, TYPES[i], "{\"a\":\"secret\"}", "{\"a\":\"%s\"}");
    check(rules, "text/css", "{ color: a }", "{ color: a }");
    check(rules, "text/plain", "[x] a list", "[x] a list");
    check(rules, "text/plain", "{\"a\":\"secret\"} <more>", "{\"a\":\"%s\"} ");
    check(rules, "text/event-stream",
          "event: x\ndata: {\"a\":\"secret\"}\n\ndata: [DONE]\n",
          "event: x\ndata: {\"a\":\"%s\"}\n\ndata: [DONE]\n");
}

static void json_of_an_event_is_looked_at_over_its_lines(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"data: {\ndata: \"a\": \"secret\"\ndata: }\n\n",
         "data: {\ndata: \"a\": \"%s\"\ndata: }\n\n"},
        {"data: {\"a\":\ndata\nid: 1\ndata:  \"secret\",\n: x\ndata:\"b\":1}",
         "data: {\"a\":\ndata\nid: 1\ndata:  \"%s\",\n: x\ndata:\"b\":1}"},
        {"data: x\rdata: {\"a\":\"secret\"}\r\rdata: {\rdata: "
         "\"a\":\"secret\"}\r",
         "data: x\rdata: {\"a\":\"%s\"}\r\rdata: {\rdata: \"a\":\"%s\"}\r"},
        {"data: {\r\ndata: \"a\":\"secret\"\r\ndata: }\r\n\r\ndata: y\r\n",
         "data: {\r\ndata: \"a\":\"%s\"\r\ndata: }\r\n\r\ndata: y\r\n"},
        {"\xef\xbb\xbf"
         "data: {\"a\":\"secret\"}\n\n",
         "\xef\xbb\xbf"
         "data: {\"a\":\"%s\"}\n\n"},
        {"data: {\"b\":[\ndata: {\"c\":1},\ndata: 2]}\n\n",
         "data: {\"b\":[\ndata: {\"c\":1},\ndata: 2]}\n\n"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        check(RULES("json $..a"), "text/event-stream", CASES[i][0],
              CASES[i][1]);
    check(RULES("json $.c"), "text/event-stream",
          "data: {\"b\":[\ndata: {\"c\":1},\ndata: 2],\"c\":\"secret\"}\n\n",
          "data: {\"b\":[\ndata: {\"c\":1},\ndata: 2],\"c\":\"%s\"}\n\n");
}

static void what_is_found_over_lines_of_an_event_goes_whole(void **state)
{
    (void)state;
    struct bench bench;
    static const char *const BODIES[] = {
        "data: {\"a\": {\ndata: \"b\": \"top\"\ndata: }}\n\ndata: end\n",
        "data: {\"a\": \"to\ndata: top\"}\n\ndata: end\n",
        "data: {\"x\" ! \ndata: \"a\": \"top\"}\n\ndata: end\n",
        "data: {\"a\": [\"top\ndata: top\n\ndata: end\n",
    };
    for (size_t i = 0; i < sizeof BODIES / sizeof *BODIES; i++) {
        bench_init(&bench, RULES("json $..a"));
        Mitmproxy__V1__Response *response = bench_body(
            &bench, "text/event-stream", "", BODIES[i], strlen(BODIES[i]));
        assert_false(holds(&bench.bytes, "top"));
        assert_true(holds(&bench.bytes, "REDACTED-"));
        assert_true(holds(&bench.bytes, "\n\ndata: end\n"));
        assert_true(response->content_changed);
        bench_release(&bench);
    }
}

static void json_that_breaks_off_lets_nothing_pass(void **state)
{
    (void)state;
    const char *const *rules = RULES("json $.a.b");
    static const char BODY[] = "{\"x\":1,\"a\":{\"b\":\"secretsecret\"}}";
    for (size_t len = 1; len < sizeof BODY; len++)
        for (int has_type = 0; has_type < 2; has_type++) {
            struct bench bench;
            bench_init(&bench, rules);
            Mitmproxy__V1__Response *response = bench_body(
                &bench, has_type ? "application/json" : "", "", BODY, len);
            assert_false(holds(&bench.bytes, "\"b\":\"s"));
            assert_true(response->content.len + 8 >= (len < 17 ? len : 17));
            if (len > 18 && len < sizeof BODY - 4)
                assert_true(response->content_truncated);
            bench_release(&bench);
        }
    check(rules, "application/json", "{\"x\":1,,\"a\":{\"b\":\"secret\"}}",
          "{\"x\":1,");
    check(rules, "application/json", "<html>secret", "");
}

static void json_too_deep_is_cut_there(void **state)
{
    (void)state;
    struct bench bench;
    char body[2000];
    memset(body, '[', sizeof body);
    bench_init(&bench, RULES("json $..a"));
    Mitmproxy__V1__Response *response =
        bench_body(&bench, "application/json", "", body, sizeof body);
    assert_true(response->content_truncated);
    assert_int_equal(response->content.len, 100);
    bench_release(&bench);
}

static void forms_are_found_by_name(void **state)
{
    (void)state;
    const char *const *rules = RULES("form password, *token");
    static const char TYPE[] = "application/x-www-form-urlencoded";
    check(rules, TYPE, "a=1&password=secret&b=2", "a=1&password=%s&b=2");
    check(rules, TYPE, "Pass%77ord=s%65cret", "Pass%%77ord=%s");
    check(rules, TYPE, "xtoken=secret", "xtoken=%s");
    check(rules, TYPE, "passwords=secret&x=password",
          "passwords=secret&x=password");
    check(rules, TYPE, "password=&a", "password=&a");
    check(rules, "", "password=secret", "password=%s");
}

static void multipart_fields_are_found_by_name(void **state)
{
    (void)state;
    static const char TYPE[] = "multipart/form-data; boundary=\"xyz\"";
    static const char BODY[] =
        "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nsecret\r\n"
        "--xyz\r\ncontent-disposition: form-data; name=password\r\n\r\n"
        "%s\r\n--xyz\r\nContent-Disposition: form-data; name=\"j\"\r\n"
        "Content-Type: application/json\r\n\r\n{\"t\":\"%s\"}\r\n--xyz--\r\n";
    char body[512], cut[512];
    snprintf(body, sizeof body, BODY, "secret", "secret");
    check(RULES("form password", "json $.t"), TYPE, body, BODY);

    struct bench bench;
    bench_init(&bench, RULES("form password"));
    Mitmproxy__V1__Response *response =
        bench_body(&bench, "multipart/form-data", "", body, strlen(body));
    assert_int_equal(response->content.len, 0);
    assert_string_equal(response->content_left_out,
                        "a rule should look through it, but its parts cannot "
                        "be told apart");
    assert_int_equal(response->content_size, strlen(body));
    /* Not cut by the exporter, it may be anything that breaks off. */
    memcpy(cut, body, 100);
    response = bench_body(&bench, TYPE, "", cut, 100);
    assert_int_equal(response->content.len, 0);
    bench_release(&bench);
}

static void
a_multipart_field_is_known_whatever_stands_before_its_name(void **state)
{
    (void)state;
    static const char TYPE[] = "multipart/form-data; boundary=xyz";
    static const char *const BEFORE[] = {
        "filename=\"a; name=x\"; ",
        "filename=\"a; name=x\" ;\t",
        "filename=\"a\\\"; name=x\"; ",
        "filename=\"c:\\\"; ",
        "filename=a\"b; ",
        "filename=\"a; name=\\\"x\\\"\"; ",
        "x; ",
        "filename*=utf-8''a; ",
    };
    for (size_t i = 0; i < sizeof BEFORE / sizeof *BEFORE; i++) {
        char body[512], expected[512];
        snprintf(body, sizeof body,
                 "--xyz\r\nContent-Disposition: form-data; %sname=\"token\"\r\n"
                 "\r\nsecret\r\n--xyz--\r\n",
                 BEFORE[i]);
        snprintf(expected, sizeof expected,
                 "--xyz\r\nContent-Disposition: form-data; %sname=\"token\"\r\n"
                 "\r\n%%s\r\n--xyz--\r\n",
                 BEFORE[i]);
        check(RULES("form token"), TYPE, body, expected);
        check(RULES("form filename"), TYPE, body, body);
    }
}

static void
regexes_look_at_bodies_as_they_are_and_at_what_they_mean(void **state)
{
    (void)state;
    const char *const *rules = RULES("regex /s[e]cret/i in body");
    check(rules, "text/html", "<b>secret</b> secret", "<b>%s</b> %s");
    check(rules, "application/json", "{\"x\":\"a s\\u0065cret b\"}",
          "{\"x\":\"%s\"}");
    check(rules, "application/x-www-form-urlencoded", "a=%73ecret&b=secret",
          "a=%s&b=%s");
    check(RULES("regex /secret/ in header"), "text/html", "secret", "secret");
    check(RULES("regex /password=\\Ksecret/"), "text/html", "password=secret;",
          "password=%s;");
    check(RULES("regex /x*/ in body"), "text/html", "aaa", "aaa");
}

static void a_number_that_a_regex_finds_in_json_becomes_a_string(void **state)
{
    (void)state;
    struct bench bench;
    char expected[128];
    static const char BODY[] = "{\"card\": 1234567812345678, \"n\": 1}";
    bench_init(&bench, RULES("regex /\\b\\d{16}\\b/"));
    Mitmproxy__V1__Response *response =
        bench_body(&bench, "application/json", "", BODY, sizeof BODY - 1);
    snprintf(expected, sizeof expected, "{\"card\": \"%s\", \"n\": 1}",
             mark_of("1234567812345678"));
    assert_bytes(response->content, expected);
    bench_release(&bench);
}

static void what_rules_find_twice_has_one_mark(void **state)
{
    (void)state;
    check(RULES("regex /ecre/", "json $.a", "regex /secret/"),
          "application/json", "{\"a\":\"secret\",\"b\":\"secret\"}",
          "{\"a\":\"%s\",\"b\":\"%s\"}");
}

static void a_regex_that_takes_too_long_leaves_the_body_out(void **state)
{
    (void)state;
    struct bench bench;
    char body[40000];
    memset(body, 'a', sizeof body);
    body[sizeof body - 1] = 'b';
    bench_init(&bench, RULES("regex /^(a|aa)+$/ in body"));
    Mitmproxy__V1__Response *response =
        bench_body(&bench, "text/plain", "", body, sizeof body);
    assert_int_equal(response->content.len, 0);
    assert_non_null(strstr(response->content_left_out, "takes too much"));
    assert_int_equal(bench.out->flow->meta->n_redactions, 1);
    bench_release(&bench);
}

static void other_character_sets_never_pass(void **state)
{
    (void)state;
    static const struct {
        const char *type, *body;
        size_t len;
    } CASES[] = {
        {"application/json; charset=utf-16le", "{\0\"\0a\0\"\0", 8},
        {"application/json", "{\0\"\0a\0\"\0", 8},
        {"application/json", "\0{\0\"\0a\0\"", 8},
        {"text/html", "\xff\xfe<\0", 4},
        {"text/html; charset=\"Shift_JIS\"", "abc", 3},
        {"", "a\0\0\0b\0\0\0", 8},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct bench bench;
        bench_init(&bench, RULES("json $.a"));
        Mitmproxy__V1__Response *response =
            bench_body(&bench, CASES[i].type, "", CASES[i].body, CASES[i].len);
        assert_int_equal(response->content.len, 0);
        assert_non_null(strstr(response->content_left_out, "character set"));
        bench_release(&bench);
    }
    check(RULES("json $.a"), "application/json; charset=ISO-8859-1",
          "{\"a\":\"secret\",\"\xe4\":1}", "{\"a\":\"%s\",\"\xe4\":1}");
}

/* ---- encodings ---- */

static struct mf_buf encoded(enum mf_encoding encoding, const void *data,
                             size_t len)
{
    struct mf_buf out;
    mf_buf_init(&out, SIZE_MAX);
    assert_int_equal(mf_encoding_encode(encoding, data, len, &out), 0);
    return out;
}

static void
a_compressed_body_is_sent_decoded_if_something_was_found(void **state)
{
    (void)state;
    static const char BODY[] = "{\"a\":\"secret\"}", OTHER[] = "{\"b\":1}";
    for (int e = MF_ENCODING_GZIP; e <= MF_ENCODING_ZSTD; e++) {
        struct bench bench;
        char expected[64];
        struct mf_buf data = encoded(e, BODY, sizeof BODY - 1);
        struct mf_buf other = encoded(e, OTHER, sizeof OTHER - 1);
        bench_init(&bench, RULES("json $.a"));
        Mitmproxy__V1__Response *response =
            bench_body(&bench, "application/json", mf_encoding_name(e),
                       data.data, data.len);
        snprintf(expected, sizeof expected, "{\"a\":\"%s\"}",
                 mark_of("secret"));
        assert_bytes(response->content, expected);
        assert_int_equal(response->raw_content.len, 0);
        assert_true(response->content_changed);
        assert_false(response->content_truncated);

        response = bench_body(&bench, "application/json", mf_encoding_name(e),
                              other.data, other.len);
        assert_int_equal(bench.verdict, MF_REDACT_KEEP);
        assert_int_equal(response->raw_content.len, other.len);
        mf_buf_release(&data);
        mf_buf_release(&other);
        bench_release(&bench);
    }
}

static void a_body_that_cannot_be_decoded_is_left_out(void **state)
{
    (void)state;
    static char zeros[1 << 16];
    struct mf_buf bomb = encoded(MF_ENCODING_GZIP, zeros, sizeof zeros);
    const struct {
        const char *encoding;
        const void *data;
        size_t len;
        const char *why;
    } CASES[] = {
        {"x-unknown", "secret", 6, "cannot be undone|can be undone"},
        {"gzip", "secret", 6, "not encoded as its headers say"},
        {"gzip", bomb.data, bomb.len - 10, "breaks off"},
        {"gzip", bomb.data, bomb.len, "too long once it is decoded"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct bench bench;
        bench_init(&bench, RULES("regex /secret/"));
        bench.body_max = i == 3 ? 1000 : 1 << 20;
        Mitmproxy__V1__Response *response =
            bench_body(&bench, "text/plain", CASES[i].encoding, CASES[i].data,
                       CASES[i].len);
        const char *why = strchr(CASES[i].why, '|');
        why = why ? why + 1 : CASES[i].why;
        if (!strstr(response->content_left_out, why))
            fail_msg("\"%s\" is not \"%s\"", response->content_left_out, why);
        assert_int_equal(response->content.len, 0);
        assert_int_equal(response->raw_content.len, 0);
        assert_int_equal(response->content_size, CASES[i].len);
        assert_string_equal(bench.out->flow->meta->redactions[0],
                            "regex (rule 1)");
        bench_release(&bench);
    }
    mf_buf_release(&bomb);
}

static void rules_of_headers_leave_bodies_alone(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, RULES("header content-type", "query a",
                             "regex /x/ in header|url"));
    Mitmproxy__V1__Response *response =
        bench_body(&bench, "text/x", "gzip", "not gzip", 8);
    assert_bytes(response->raw_content, "not gzip");
    assert_string_equal(response->content_left_out, "");
    bench_release(&bench);
}

static void bodies_are_skipped_by_type_and_size(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, RULES("skip-body type=image/* size>10"));
    Mitmproxy__V1__Response *response =
        bench_body(&bench, "IMAGE/png; x=y", "", "0123456789a", 11);
    assert_string_equal(response->content_left_out,
                        "skip-body type=image/* size>10");
    assert_int_equal(response->content_size, 11);
    assert_int_equal(response->content.len, 0);
    assert_string_equal(bench.out->flow->meta->redactions[0],
                        "skip-body type=image/* size>10");
    response = bench_body(&bench, "image/png", "", "0123456789", 10);
    assert_bytes(response->content, "0123456789");
    response = bench_body(&bench, "text/image", "", "0123456789a", 11);
    assert_bytes(response->content, "0123456789a");
    response = bench_body(&bench, "", "", "0123456789a", 11);
    assert_bytes(response->content, "0123456789a");
    bench_release(&bench);
}

static void a_picture_is_looked_through_unless_it_is_one(void **state)
{
    (void)state;
    struct bench bench;
    check(RULES("regex /secret/"), "image/png", "secret", "%s");
    bench_init(&bench, RULES("regex /secret/"));
    bench_body(&bench, "image/png", "", "\x89PNG\0secret", 11);
    assert_int_equal(bench.verdict, MF_REDACT_KEEP);
    bench_release(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_found_by_path_and_the_rest_stays_as_it_is),
        cmocka_unit_test(json_is_seen_where_no_type_tells_of_it),
        cmocka_unit_test(json_of_an_event_is_looked_at_over_its_lines),
        cmocka_unit_test(what_is_found_over_lines_of_an_event_goes_whole),
        cmocka_unit_test(json_that_breaks_off_lets_nothing_pass),
        cmocka_unit_test(json_too_deep_is_cut_there),
        cmocka_unit_test(forms_are_found_by_name),
        cmocka_unit_test(multipart_fields_are_found_by_name),
        cmocka_unit_test(
            a_multipart_field_is_known_whatever_stands_before_its_name),
        cmocka_unit_test(
            regexes_look_at_bodies_as_they_are_and_at_what_they_mean),
        cmocka_unit_test(a_number_that_a_regex_finds_in_json_becomes_a_string),
        cmocka_unit_test(what_rules_find_twice_has_one_mark),
        cmocka_unit_test(a_regex_that_takes_too_long_leaves_the_body_out),
        cmocka_unit_test(other_character_sets_never_pass),
        cmocka_unit_test(
            a_compressed_body_is_sent_decoded_if_something_was_found),
        cmocka_unit_test(a_body_that_cannot_be_decoded_is_left_out),
        cmocka_unit_test(rules_of_headers_leave_bodies_alone),
        cmocka_unit_test(bodies_are_skipped_by_type_and_size),
        cmocka_unit_test(a_picture_is_looked_through_unless_it_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
