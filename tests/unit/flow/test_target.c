#include "../cmocka.h"

#include "base/buf.h"
#include "flow/target.h"

static struct mf_span span(const char *text)
{
    return (struct mf_span){text, strlen(text)};
}

static void assert_span(struct mf_span got, const char *wanted)
{
    assert_int_equal(got.len, strlen(wanted));
    assert_memory_equal(got.text, wanted, got.len);
}

static void a_url_is_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *method, *url, *scheme, *host, *path;
        unsigned port;
    } cases[] = {
        {"GET", "http://a.b/c?d", "http", "a.b", "/c?d", 80},
        {"GET", "https://a.b:80/", "https", "a.b", "/", 80},
        {"GET", "https://a.b", "https", "a.b", "", 443},
        {"GET", "http://a.b?q=/", "http", "a.b", "?q=/", 80},
        {"OPTIONS", "http://a.b", "http", "a.b", "*", 80},
        {"GET", "http://[::1]:81/", "http", "::1", "/", 81},
        {"CONNECT", "a.b:443", "", "a.b", "", 443},
        {"connect", "::1:443", "", "::1", "", 443},
        {"GET", "http://a.b:99999/", "http", "a.b:99999", "/", 80},
        {"GET", "", "", "", "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mf_target target;
        mf_target_split(span(cases[i].method), span(cases[i].url), MF_SPAN_NONE,
                        0, &target);
        assert_span(target.scheme, cases[i].scheme);
        assert_span(target.host, cases[i].host);
        assert_span(target.path, cases[i].path);
        assert_int_equal(target.port, cases[i].port);
    }
}

static void a_host_that_is_known_tells_an_address_from_its_port(void **state)
{
    (void)state;
    struct mf_target target;
    mf_target_split(span("GET"), span("http://::1:80:81/"), span("::1:80"), 81,
                    &target);
    assert_span(target.host, "::1:80");
    assert_int_equal(target.port, 81);
    mf_target_split(span("GET"), span("http://a.b:81/"), span("a.b:81"), 80,
                    &target);
    assert_span(target.host, "a.b");
    mf_target_split(span("GET"), span("http://a/b/c"), span("a/b"), 80,
                    &target);
    assert_span(target.path, "/b/c");
}

static unsigned untold(const char *method, struct mf_target target,
                       const char *url)
{
    return mf_target_untold(&target, span(method), span(url), MF_SPAN_NONE, 0);
}

static void only_what_a_url_does_not_tell_is_told_beside_it(void **state)
{
    (void)state;
    struct mf_target target = {span("http"), span("a.b"), span("/"), 80};
    assert_int_equal(untold("GET", target, "http://a.b/"), 0);
    target.port = 81;
    assert_int_equal(untold("GET", target, "http://a.b:81/"), 0);
    assert_int_equal(untold("GET", target, "http://a.b/"), MF_TARGET_HOST);
    target.path = span("/\xff");
    assert_int_equal(untold("GET", target, "http://a.b:81/%FF"),
                     MF_TARGET_PATH);
    target.path = span("x");
    assert_int_equal(untold("GET", target, "http://a.b:81x"),
                     MF_TARGET_PATH | MF_TARGET_HOST);
    target = (struct mf_target){span("https"), span("::1"), span("/"), 443};
    assert_int_equal(untold("GET", target, "https://::1/"), MF_TARGET_HOST);
    assert_int_equal(untold("CONNECT", target, "::1:443"),
                     MF_TARGET_HOST | MF_TARGET_PATH | MF_TARGET_SCHEME);
}

/* Whatever a request had, the URL and what is told beside it give it again,
 * also to one who guesses another host. */
static void what_is_told_gives_the_same_again(void **state)
{
    (void)state;
    static const char *const methods[] = {"GET", "OPTIONS", "CONNECT"};
    static const char *const schemes[] = {"http", "https", "", "a://b"};
    static const char *const hosts[] = {"a.b", "::1", "a/b",  "",
                                        "a:1", "x?y", "::1:2"};
    static const char *const paths[] = {"/", "", "*", "x", "/a:8/b#c", ":80/"};
    static const unsigned ports[] = {80, 443, 0, 65535};
    struct mf_buf url;
    mf_buf_init(&url, 1000);
    for (int i = 0; i < 3 * 4 * 7 * 6 * 4 * 7 * 4; i++) {
        int at = i;
        struct mf_span method = span(methods[at % 3]);
        at /= 3;
        struct mf_target target = {.scheme = span(schemes[at % 4])};
        at /= 4;
        target.host = span(hosts[at % 7]);
        at /= 7;
        target.path = span(paths[at % 6]);
        at /= 6;
        target.port = ports[at % 4];
        at /= 4;
        struct mf_span guess = span(hosts[at % 7]);
        at /= 7;
        mf_buf_clear(&url);
        assert_int_equal(mf_target_put(method, &target, &url), 0);
        struct mf_span text = {(char *)url.data, url.len};
        unsigned beside =
            mf_target_untold(&target, method, text, MF_SPAN_NONE, 0);
        struct mf_target told;
        mf_target_split(method, text, guess, ports[at % 4], &told);
        if (!(beside & MF_TARGET_SCHEME))
            assert_true(mf_span_equals(told.scheme, target.scheme));
        if (!(beside & MF_TARGET_PATH))
            assert_true(mf_span_equals(told.path, target.path));
        if (!(beside & MF_TARGET_HOST)) {
            assert_true(mf_span_equals(told.host, target.host));
            assert_int_equal(told.port, target.port);
        }
    }
    mf_buf_release(&url);
}

static void an_authority_is_guessed_where_there_most_likely_is_one(void **state)
{
    (void)state;
    static const struct {
        const char *method, *version, *url, *pretty_url, *authority;
    } cases[] = {
        {"GET", "HTTP/1.1", "http://1.2.3.4/", "http://a.b/", ""},
        {"GET", "HTTP/2.0", "http://1.2.3.4/", "http://a.b:8/x", "a.b:8"},
        {"GET", "HTTP/3", "http://1.2.3.4?x", "", "1.2.3.4"},
        {"CONNECT", "HTTP/1.1", "1.2.3.4:443", "a.b:443", "1.2.3.4:443"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_span(mf_target_likely_authority(
                        span(cases[i].method), span(cases[i].version),
                        span(cases[i].url), span(cases[i].pretty_url)),
                    cases[i].authority);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(a_host_that_is_known_tells_an_address_from_its_port),
        cmocka_unit_test(only_what_a_url_does_not_tell_is_told_beside_it),
        cmocka_unit_test(what_is_told_gives_the_same_again),
        cmocka_unit_test(
            an_authority_is_guessed_where_there_most_likely_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
