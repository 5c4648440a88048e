#include "../cmocka.h"

#include <string.h>

#include "base/error.h"
#include "exporter/hooks/url.h"

static struct mf_url_span span(const char *text)
{
    return (struct mf_url_span){(const uint8_t *)text, strlen(text)};
}

static struct mf_url_parts get(const char *scheme, const char *host, long port,
                               const char *path, const char *host_header)
{
    struct mf_url_parts parts = {
        .method = span("GET"),
        .scheme = span(scheme),
        .authority = span(""),
        .path = span(path),
        .host = span(host),
        .port = port,
    };
    if (host_header) {
        parts.host_header = span(host_header);
        parts.host_count = 1;
    }
    return parts;
}

static void check(struct mf_url_parts parts, const char *url,
                  const char *pretty)
{
    struct mf_buf out;
    mf_buf_init(&out, 4096);
    assert_int_equal(mf_url_put(&out, &parts), 0);
    mf_buf_append_byte(&out, 0);
    assert_string_equal((char *)out.data, url);
    mf_buf_clear(&out);
    int rc = mf_url_put_pretty(&out, &parts);
    if (!pretty) {
        assert_int_equal(rc, MF_EUNSUPPORTED);
        assert_int_equal(out.len, 0);
    } else {
        assert_int_equal(rc, 0);
        mf_buf_append_byte(&out, 0);
        assert_string_equal((char *)out.data, pretty);
    }
    mf_buf_release(&out);
}

static void the_port_is_told_where_the_scheme_does_not_imply_it(void **state)
{
    (void)state;
    check(get("http", "a.example", 80, "/x?y=1", NULL),
          "http://a.example/x?y=1", "http://a.example/x?y=1");
    check(get("https", "a.example", 443, "/", NULL), "https://a.example/",
          "https://a.example/");
    check(get("http", "a.example", 8080, "/", NULL), "http://a.example:8080/",
          "http://a.example:8080/");
    check(get("ftp", "a.example", 21, "/", NULL), "ftp://a.example:21/",
          "ftp://a.example:21/");
}

static void the_host_header_names_the_pretty_host_and_port(void **state)
{
    (void)state;
    check(get("http", "10.0.0.1", 8080, "/x", "a.example"),
          "http://10.0.0.1:8080/x", "http://a.example/x");
    check(get("https", "10.0.0.1", 443, "/x", "a.example:8443"),
          "https://10.0.0.1/x", "https://a.example:8443/x");
    check(get("", "10.0.0.1", 1, "/x", "a.example"), "://10.0.0.1:1/x",
          "://a.example:443/x");
}

static void an_asterisk_is_no_path(void **state)
{
    (void)state;
    check(get("http", "a.example", 80, "*", NULL), "http://a.example",
          "http://a.example");
}

static void connect_has_an_authority_only(void **state)
{
    (void)state;
    struct mf_url_parts parts = get("", "a.example", 443, "", NULL);
    parts.method = span("connect");
    parts.authority = span("A.example:443");
    check(parts, "a.example:443", "A.example:443");
    parts.authority = span("xn--bcher-kva.example:443");
    check(parts, "a.example:443", NULL);
}

static void http2_takes_the_authority_before_the_host_header(void **state)
{
    (void)state;
    struct mf_url_parts parts = get("https", "10.0.0.1", 443, "/", "b.example");
    parts.authority = span("a.example");
    check(parts, "https://10.0.0.1/", "https://b.example/");
    parts.authority_first = true;
    check(parts, "https://10.0.0.1/", "https://a.example/");
    parts.authority = span("");
    check(parts, "https://10.0.0.1/", "https://b.example/");
}

static void an_odd_host_header_is_left_to_mitmproxy(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "[::1]:80",
        "b\xc3\xbc"
        "cher.example",
        "xn--bcher-kva.example",
        "a..b",
        "a:b",
        "a:",
        "a:65536",
        "a:123456",
        " a",
        ".a",
        "a/b",
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        check(get("http", "h", 80, "/", odd[i]), "http://h/", NULL);
    struct mf_url_parts twice = get("http", "h", 80, "/", "a");
    twice.host_count = 2;
    check(twice, "http://h/", NULL);
}

static void bytes_that_are_not_utf8_are_percent_encoded(void **state)
{
    (void)state;
    check(get("http", "h", 80, "/\xff\xc3\xa9", NULL), "http://h/%FF\xc3\xa9",
          "http://h/%FF\xc3\xa9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_port_is_told_where_the_scheme_does_not_imply_it),
        cmocka_unit_test(the_host_header_names_the_pretty_host_and_port),
        cmocka_unit_test(an_asterisk_is_no_path),
        cmocka_unit_test(connect_has_an_authority_only),
        cmocka_unit_test(http2_takes_the_authority_before_the_host_header),
        cmocka_unit_test(an_odd_host_header_is_left_to_mitmproxy),
        cmocka_unit_test(bytes_that_are_not_utf8_are_percent_encoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
