#include "../cmocka.h"

#include "cli/values.h"

static void sizes_have_units_of_1024(void **state)
{
    (void)state;
    uint64_t value;
    const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {
        {"0", 0},
        {"4096", 4096},
        {"64KiB", 64 << 10},
        {"16MiB", 16 << 20},
        {"10GiB", UINT64_C(10) << 30},
        {"2TiB", UINT64_C(2) << 40},
        {"18446744073709551615", UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(mf_value_size(good[i].text, &value), 0);
        assert_true(value == good[i].bytes);
    }
    const char *const bad[] = {"",
                               "KiB",
                               "1kib",
                               "1KB",
                               "1 KiB",
                               "-1",
                               "+1",
                               "1.5MiB",
                               "0x10",
                               "1KiBx",
                               "18446744073709551616",
                               "99999999TiB"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(mf_value_size(bad[i], &value), MF_EINVAL);
}

static void durations_but_zero_name_their_unit(void **state)
{
    (void)state;
    uint64_t ms;
    const struct {
        const char *text;
        uint64_t ms;
    } good[] = {
        {"250ms", 250},      {"10s", 10000}, {"5m", 300000}, {"2h", 7200000},
        {"30d", 2592000000}, {"0s", 0},      {"0", 0},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(mf_value_duration(good[i].text, &ms), 0);
        assert_true(ms == good[i].ms);
    }
    const char *const bad[] = {"",      "s",    "10",  "00",  "10S",
                               "1h30m", "1.5s", " 1s", "1s ", "213503982335d"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(mf_value_duration(bad[i], &ms), MF_EINVAL);
}

static void numbers_are_printed_in_the_largest_unit_that_fits(void **state)
{
    (void)state;
    char text[MF_VALUE_CAP];
    mf_value_print_size(65536, text, sizeof text);
    assert_string_equal(text, "64KiB");
    mf_value_print_size(65537, text, sizeof text);
    assert_string_equal(text, "65537");
    mf_value_print_size(0, text, sizeof text);
    assert_string_equal(text, "0");
    mf_value_print_duration(90000, text, sizeof text);
    assert_string_equal(text, "90s");
    mf_value_print_duration(86400000, text, sizeof text);
    assert_string_equal(text, "1d");
    mf_value_print_duration(1, text, sizeof text);
    assert_string_equal(text, "1ms");
    mf_value_print_count(UINT64_MAX, text, sizeof text);
    assert_string_equal(text, "18446744073709551615");
}

static void yes_and_no_are_four_words(void **state)
{
    (void)state;
    bool value = false;
    assert_int_equal(mf_value_bool("true", &value), 0);
    assert_true(value);
    assert_int_equal(mf_value_bool("0", &value), 0);
    assert_false(value);
    assert_int_equal(mf_value_bool("1", &value), 0);
    assert_true(value);
    assert_int_equal(mf_value_bool("false", &value), 0);
    assert_false(value);
    assert_int_equal(mf_value_bool("yes", &value), MF_EINVAL);
    assert_int_equal(mf_value_bool("True", &value), MF_EINVAL);
    assert_int_equal(mf_value_bool("", &value), MF_EINVAL);
}

static void an_origin_is_as_browsers_send_it(void **state)
{
    (void)state;
    assert_true(mf_value_is_origin("https://flows.example"));
    assert_true(mf_value_is_origin("http://127.0.0.1:3000"));
    assert_true(mf_value_is_origin("http://[::1]:3000"));
    assert_true(mf_value_is_origin("https://flows.example:80"));
    assert_true(mf_value_is_origin("chrome-extension://abcdef"));
    const char *const bad[] = {
        "",
        "*",
        "null",
        "flows.example",
        "https://",
        "://x",
        "https:/x",
        "https://flows.example/",
        "https://flows.example/x",
        "https://flows.example:",
        "https://flows.example:443",
        "http://flows.example:80",
        "https://Flows.example",
        "HTTPS://flows.example",
        "https://user@flows.example",
        "https://flows.example:x",
        "h",
        "https",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(mf_value_is_origin(bad[i]));
}

static void addresses_and_hosts_are_told_from_anything_else(void **state)
{
    (void)state;
    assert_true(mf_value_is_address("127.0.0.1:50051"));
    assert_true(mf_value_is_address("[::]:0"));
    assert_true(mf_value_is_address(":80"));
    assert_true(mf_value_is_address("unix:/run/x"));
    assert_false(mf_value_is_address("unix:"));
    assert_false(mf_value_is_address("127.0.0.1"));
    assert_false(mf_value_is_address("127.0.0.1:70000"));
    assert_false(mf_value_is_address("http://127.0.0.1:1"));
    assert_true(mf_value_is_host("flows.example"));
    assert_false(mf_value_is_host("flows.example:443"));
    assert_false(mf_value_is_host("https://flows.example"));
    assert_false(mf_value_is_host("a b"));
    assert_false(mf_value_is_host(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_have_units_of_1024),
        cmocka_unit_test(durations_but_zero_name_their_unit),
        cmocka_unit_test(numbers_are_printed_in_the_largest_unit_that_fits),
        cmocka_unit_test(yes_and_no_are_four_words),
        cmocka_unit_test(an_origin_is_as_browsers_send_it),
        cmocka_unit_test(addresses_and_hosts_are_told_from_anything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
