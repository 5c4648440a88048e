/* What is told beside URLs and texts, because they do not tell it. */
#include "redact_support.h"

#include <stdio.h>

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})

static ProtobufCBinaryData binary(const char *text)
{
    return (ProtobufCBinaryData){strlen(text), (uint8_t *)text};
}

static void set_path(struct sample *sample, const char *path)
{
    sample->request.path_presence_case =
        MITMPROXY__V1__REQUEST__PATH_PRESENCE_PATH;
    sample->request.path = binary(path);
}

static void set_authority(struct sample *sample, const char *authority)
{
    sample->request.authority_presence_case =
        MITMPROXY__V1__REQUEST__AUTHORITY_PRESENCE_AUTHORITY;
    sample->request.authority = binary(authority);
}

/* `expected` may have a %s for the mark of `secret`. */
static void check(const char *rule, const char *secret, const char *path,
                  const char *authority)
{
    struct bench bench;
    struct sample sample;
    char text[256];
    bench_init(&bench, RULES(rule));
    sample_init(&sample, "http://example.com/%FF?a=1&token=secret");
    set_path(&sample, "/\xff?a=1&token=secret");
    set_authority(&sample, "example.com:80");
    sample.request.host = (char *)"example.com";
    bench_send(&bench, MF_KIND_WHOLE, &sample.message);
    Mitmproxy__V1__Request *request = bench.out->flow->http_flow->request;
    snprintf(text, sizeof text, path, mark_of(secret));
    assert_bytes(request->path, text);
    snprintf(text, sizeof text, authority, mark_of(secret));
    assert_bytes(request->authority, text);
    bench_release(&bench);
}

static void a_path_beside_the_url_loses_the_same_query_fields(void **state)
{
    (void)state;
    check("query token", "secret", "/\xff?a=1&token=%s", "example.com:80");
}

static void
a_path_goes_as_a_whole_if_a_regex_found_something_in_the_urls(void **state)
{
    (void)state;
    check("regex /^http:.*&\\K.*/ in url", "/\xff?a=1&token=secret", "%s",
          "example.com:80");
    check("regex /FF/ in url", "/\xff?a=1&token=secret", "%s",
          "example.com:80");
}

static void
an_authority_goes_as_a_whole_if_a_regex_found_something_in_it(void **state)
{
    (void)state;
    check("regex /example/ in url", "example.com:80", "/\xff?a=1&token=secret",
          "%s");
    check("regex /com:80/ in url", "com:80", "/\xff?a=1&token=secret",
          "example.%s");
}

static void a_host_goes_with_the_one_in_the_url(void **state)
{
    (void)state;
    struct bench bench;
    struct sample sample;
    bench_init(&bench, RULES("regex /::1/ in url"));
    sample_init(&sample, "http://::1/");
    sample.request.host = (char *)"::1";
    sample.request.port = 80;
    bench_send(&bench, MF_KIND_WHOLE, &sample.message);
    Mitmproxy__V1__Request *request = bench.out->flow->http_flow->request;
    assert_string_equal(request->host, mark_of("::1"));
    assert_int_equal(request->port, 80);
    bench_release(&bench);
}

static void rules_hold_for_the_authority_too(void **state)
{
    (void)state;
    struct bench bench;
    struct sample sample;
    bench_init(&bench, RULES("header x host=*.example.com"));
    sample_init(&sample, "http://1.2.3.4/");
    set_authority(&sample, "a.example.com:443");
    sample_add_header(&sample, false, "x", "secret");
    bench_send(&bench, MF_KIND_WHOLE, &sample.message);
    assert_int_equal(bench.verdict, MF_REDACT_CHANGED);
    bench_release(&bench);
}

/* ---- metadata ---- */

/* What leaves of an entry with this value. */
static bool is_kept(const char *rule, const char *value, const char *typed)
{
    struct bench bench;
    struct sample sample;
    Mitmproxy__V1__MetadataEntry entry = MITMPROXY__V1__METADATA_ENTRY__INIT;
    Mitmproxy__V1__MetadataEntry *entries[] = {&entry};
    entry.key = (char *)"key";
    entry.value = (char *)value;
    entry.typed_value = binary(typed);
    bench_init(&bench, RULES(rule));
    sample_init(&sample, "http://example.com/");
    sample.meta.metadata = entries;
    sample.meta.n_metadata = 1;
    sample.flow.meta = &sample.meta;
    bench_send(&bench, MF_KIND_WHOLE, &sample.message);
    assert_int_equal(bench.out->flow->meta->n_metadata, 1);
    const Mitmproxy__V1__MetadataEntry *left =
        bench.out->flow->meta->metadata[0];
    assert_string_equal(left->key, "key");
    bool has_typed = left->typed_value.len > 0;
    if (has_typed)
        assert_bytes(left->typed_value, typed);
    assert_int_equal(bench.verdict,
                     has_typed ? MF_REDACT_KEEP : MF_REDACT_CHANGED);
    bench_release(&bench);
    return has_typed;
}

static void
a_value_goes_as_a_whole_if_a_regex_found_something_in_it(void **state)
{
    (void)state;
    assert_true(is_kept("regex /secret/", "<list>", "13:1:a;6:public;]"));
    assert_false(is_kept("regex /^secret$/", "<list>", "13:1:a;6:secret;]"));
    assert_false(
        is_kept("regex /^secret$/", "<list>", "19:13:1:a;6:secret,}1:7#]"));
    assert_false(is_kept("regex /^secret$/", "<dict>", "13:6:secret;1:a;}"));
    assert_false(is_kept("regex /^4711$/", "<list>", "7:4:4711#]"));
    /* Found in the text. */
    assert_false(is_kept("regex /long/", "a long one", "5:other;"));
}

static void a_value_that_cannot_be_read_stays_here(void **state)
{
    (void)state;
    assert_false(is_kept("regex /secret/", "<list>", "9:1:a;]"));
    assert_false(is_kept("regex /secret/", "<list>", "4:1:a;]1:b;"));
    assert_false(is_kept("regex /secret/", "<list>", "x"));
    /* No rule looks at it. */
    assert_true(is_kept("regex /secret/ in url", "<list>", "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_beside_the_url_loses_the_same_query_fields),
        cmocka_unit_test(
            a_path_goes_as_a_whole_if_a_regex_found_something_in_the_urls),
        cmocka_unit_test(
            an_authority_goes_as_a_whole_if_a_regex_found_something_in_it),
        cmocka_unit_test(a_host_goes_with_the_one_in_the_url),
        cmocka_unit_test(rules_hold_for_the_authority_too),
        cmocka_unit_test(
            a_value_goes_as_a_whole_if_a_regex_found_something_in_it),
        cmocka_unit_test(a_value_that_cannot_be_read_stays_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
