#include "../cmocka.h"

#include <string.h>

#include "net/address.h"

static void addresses_are_split_into_host_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *address, *host;
        unsigned port;
    } cases[] = {
        {"127.0.0.1:50051", "127.0.0.1", 50051},
        {"[::1]:80", "::1", 80},
        {":0", "", 0},
        {"some.host:65535", "some.host", 65535},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char host[64];
        unsigned port;
        assert_int_equal(
            mf_address_split(cases[i].address, host, sizeof host, &port), 0);
        assert_string_equal(host, cases[i].host);
        assert_int_equal(port, cases[i].port);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",        "host",      "host:",    "host:65536",  "host:-1",
        "host:1x", "::1:80",    "[::1]",    "[::1]80",     "[host]:80",
        "[::1:80", "host:80:1", "host: 80", "host:000080",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char host[64];
        unsigned port;
        assert_int_equal(mf_address_split(cases[i], host, sizeof host, &port),
                         MF_EINVAL);
    }
}

static void a_host_longer_than_the_room_is_refused(void **state)
{
    (void)state;
    char host[4];
    unsigned port;
    assert_int_equal(mf_address_split("abc:1", host, sizeof host, &port), 0);
    assert_int_equal(mf_address_split("abcd:1", host, sizeof host, &port),
                     MF_EINVAL);
}

static void loopback_is_known(void **state)
{
    (void)state;
    assert_true(mf_address_is_loopback("unix:/run/x"));
    assert_true(mf_address_is_loopback("127.0.0.1:1"));
    assert_true(mf_address_is_loopback("127.255.0.9:1"));
    assert_true(mf_address_is_loopback("[::1]:1"));
    assert_true(mf_address_is_loopback("localhost:1"));
    assert_false(mf_address_is_loopback("128.0.0.1:1"));
    assert_false(mf_address_is_loopback("0.0.0.0:1"));
    assert_false(mf_address_is_loopback(":1"));
    assert_false(mf_address_is_loopback("[::]:1"));
    assert_false(mf_address_is_loopback("localhost.example:1"));
    assert_false(mf_address_is_loopback("127.0.0.1.example:1"));
}

static void an_authority_yields_its_host_in_lower_case(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"localhost", "localhost"},
        {"LOCALHOST:80", "localhost"},
        {"Example.Com:", "example.com"},
        {"[::1]:50051", "::1"},
        {"[::1]", "::1"},
        {"127.0.0.1:1", "127.0.0.1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char host[64];
        assert_int_equal(
            mf_address_authority_host(cases[i][0], host, sizeof host), 0);
        assert_string_equal(host, cases[i][1]);
    }
}

static void a_malformed_authority_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",        ":80",   "a:b",       "a b",    "a/b",
        "user@a",  "[a]",   "[::1",      "::1",    "a:80:80",
        "a:99999", "a\x7f", "a\xc3\xa4", "[::1]x", "a%00",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char host[64];
        assert_int_equal(mf_address_authority_host(cases[i], host, sizeof host),
                         MF_EINVAL);
    }
}

static void literals_are_told_from_names(void **state)
{
    (void)state;
    assert_true(mf_address_is_literal("127.0.0.1"));
    assert_true(mf_address_is_literal("::1"));
    assert_false(mf_address_is_literal("localhost"));
    assert_false(mf_address_is_literal("127.1.example"));
    assert_false(mf_address_is_literal(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_split_into_host_and_port),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_host_longer_than_the_room_is_refused),
        cmocka_unit_test(loopback_is_known),
        cmocka_unit_test(an_authority_yields_its_host_in_lower_case),
        cmocka_unit_test(a_malformed_authority_is_refused),
        cmocka_unit_test(literals_are_told_from_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
