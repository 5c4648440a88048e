#include "../cmocka.h"

#include <string.h>

#include "exporter/sender/address.h"

static struct mf_address addresses[MF_ADDRESS_MAX];
static size_t count;
static struct mf_err err;

static int parse(const char *text)
{
    return mf_address_parse(text, addresses, &count, &err);
}

static void check(const char *text, const char *host, const char *port,
                  const char *authority)
{
    assert_int_equal(parse(text), 0);
    assert_int_equal(count, 1);
    assert_string_equal(addresses[0].host, host);
    assert_string_equal(addresses[0].port, port);
    assert_string_equal(addresses[0].authority, authority);
}

static void an_address_has_a_host_and_a_port(void **state)
{
    (void)state;
    check("http://127.0.0.1:50051", "127.0.0.1", "50051", "127.0.0.1:50051");
    check("http://flows.example", "flows.example", "50051",
          "flows.example:50051");
    check("HTTP://a:1/", "a", "1", "a:1");
    check("a:65535", "a", "65535", "a:65535");
    check("http://[::1]:9", "::1", "9", "[::1]:9");
    check("[fd10::2]", "fd10::2", "50051", "[fd10::2]:50051");
}

static void a_list_keeps_its_order(void **state)
{
    (void)state;
    assert_int_equal(parse(" http://a:1 ,http://b:2,, c:3 "), 0);
    assert_int_equal(count, 3);
    assert_string_equal(addresses[0].authority, "a:1");
    assert_string_equal(addresses[1].text, "http://b:2");
    assert_string_equal(addresses[2].authority, "c:3");
}

static void what_is_no_address_is_refused_with_its_text(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "http://",       "http://a:0",   "http://a:65536",
        "http://a:x",    "http://a:",    "ftp://a:1",
        "http://a/path", "http://u@a:1", "http://a b",
        "http://[::1",   "::1",          "http://[::1]x",
        "http://a:1:2",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(parse(wrong[i]), MF_EINVAL);
        assert_non_null(strstr(err.text, wrong[i]));
    }
    assert_int_equal(parse(""), MF_EINVAL);
    assert_int_equal(parse(" , "), MF_EINVAL);
}

static void https_asks_for_tls_and_a_list_may_have_both(void **state)
{
    (void)state;
    check("https://flows.example", "flows.example", "50051",
          "flows.example:50051");
    assert_true(addresses[0].is_tls);
    check("HTTPS://[::1]:443/", "::1", "443", "[::1]:443");
    assert_true(addresses[0].is_tls);
    assert_int_equal(parse("http://a:1,https://b:2,c:3"), 0);
    assert_false(addresses[0].is_tls);
    assert_true(addresses[1].is_tls);
    assert_string_equal(addresses[1].text, "https://b:2");
    assert_false(addresses[2].is_tls);
    assert_int_equal(parse("https://"), MF_EINVAL);
    assert_int_equal(parse("https://http://a"), MF_EINVAL);
}

static void too_many_or_too_long_are_refused(void **state)
{
    (void)state;
    char text[400] = "";
    for (int i = 0; i <= MF_ADDRESS_MAX; i++)
        strcat(text, "a:1,");
    assert_int_equal(parse(text), MF_EINVAL);
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    assert_int_equal(parse(text), MF_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_a_host_and_a_port),
        cmocka_unit_test(a_list_keeps_its_order),
        cmocka_unit_test(what_is_no_address_is_refused_with_its_text),
        cmocka_unit_test(https_asks_for_tls_and_a_list_may_have_both),
        cmocka_unit_test(too_many_or_too_long_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
