#include "../cmocka.h"

#include <string.h>

#include "base/error.h"
#include "cli/shown.h"

static const char *shown_of(const char *text, size_t len)
{
    static char shown[512];
    struct mf_buf out;
    mf_buf_init(&out, sizeof shown - 1);
    assert_int_equal(mf_shown_put(&out, text, len), 0);
    if (out.len)
        memcpy(shown, out.data, out.len);
    shown[out.len] = '\0';
    mf_buf_release(&out);
    return shown;
}

#define SHOWN(text) shown_of(text, sizeof(text) - 1)

static void what_a_terminal_would_obey_is_written_out(void **state)
{
    (void)state;
    assert_string_equal(SHOWN("\033[31mred\033]0;title\a"),
                        "\\x1b[31mred\\x1b]0;title\\x07");
    assert_string_equal(SHOWN("a\nb\tc\rd\0e\177"),
                        "a\\nb\\tc\\x0dd\\x00e\\x7f");
    /* CSI as one character of C1, and as a byte of ISO-8859-1. */
    assert_string_equal(SHOWN("\xc2\x9b"
                              "31m"),
                        "\\u{9B}31m");
    assert_string_equal(SHOWN("\x9b"
                              "31m"),
                        "\\x9b31m");
}

static void what_hides_or_reorders_its_neighbours_is_written_out(void **state)
{
    (void)state;
    assert_string_equal(SHOWN("a\xe2\x80\xaegpj.exe"), "a\\u{202E}gpj.exe");
    assert_string_equal(SHOWN("\xef\xbb\xbf\xe2\x80\x8b\xc2\xad"),
                        "\\u{FEFF}\\u{200B}\\u{AD}");
    assert_string_equal(SHOWN("\xf3\xa0\x81\x81"), "\\u{E0041}");
}

static void the_rest_stays_as_it_was(void **state)
{
    (void)state;
    assert_string_equal(SHOWN(""), "");
    assert_string_equal(SHOWN("http://a/?q=%20&b=\\x"),
                        "http://a/?q=%20&b=\\x");
    assert_string_equal(
        SHOWN("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"),
        "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void bytes_that_are_no_utf8_are_written_one_by_one(void **state)
{
    (void)state;
    assert_string_equal(SHOWN("\xff\xc3"), "\\xff\\xc3");
    assert_string_equal(SHOWN("\xed\xa0\x80"), "\\xed\\xa0\\x80");
    assert_string_equal(SHOWN("\xf0\x9f\x98"), "\\xf0\\x9f\\x98");
    assert_string_equal(SHOWN("\xc0\x80z"), "\\xc0\\x80z");
}

static void columns_are_those_of_what_is_shown(void **state)
{
    (void)state;
    assert_int_equal(mf_shown_columns("", 0), 0);
    assert_int_equal(mf_shown_columns("gr\xc3\xbc\xc3\x9f", 6), 4);
    assert_int_equal(mf_shown_columns("a\n\033", 3), 1 + 2 + 4);
}

static void a_full_buffer_is_told(void **state)
{
    (void)state;
    struct mf_buf out;
    mf_buf_init(&out, 4);
    assert_int_equal(mf_shown_put(&out, "ab\033c", 4), MF_EFULL);
    mf_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_terminal_would_obey_is_written_out),
        cmocka_unit_test(what_hides_or_reorders_its_neighbours_is_written_out),
        cmocka_unit_test(the_rest_stays_as_it_was),
        cmocka_unit_test(bytes_that_are_no_utf8_are_written_one_by_one),
        cmocka_unit_test(columns_are_those_of_what_is_shown),
        cmocka_unit_test(a_full_buffer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
