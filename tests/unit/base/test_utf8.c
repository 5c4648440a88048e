#include "../cmocka.h"

#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

static void well_formed_text_passes(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "plain ascii, longer than a word",
        "gr\xc3\xbc\xc3\x9f",
        "\xe2\x82\xac",
        "\xf0\x9f\x98\x80",
        "\xf4\x8f\xbf\xbf",
        "\xed\x9f\xbf",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_true(mf_utf8_valid(texts[i], strlen(texts[i])));
    assert_true(mf_utf8_valid("a\0b", 3));
}

static void malformed_text_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\x80",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3",
        "\xe0\x80\x80",
        "\xed\xa0\x80",
        "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80",
        "\xff",
        "12345678\xe2\x82",
        "\xe2\x28\xa1",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(mf_utf8_valid(texts[i], strlen(texts[i])));
}

static void what_is_well_formed_ends_before_the_first_fault(void **state)
{
    (void)state;
    assert_int_equal(mf_utf8_prefix("plain", 5), 5);
    assert_int_equal(mf_utf8_prefix("", 0), 0);
    assert_int_equal(mf_utf8_prefix("\xc3\xbc\xff", 3), 2);
    assert_int_equal(mf_utf8_prefix("12345678ab\xe2\x82", 12), 10);
}

static void cutting_never_splits_a_character(void **state)
{
    (void)state;
    const char *text = "a\xe2\x82\xac";
    assert_int_equal(mf_utf8_cut(text, 4, 10), 4);
    assert_int_equal(mf_utf8_cut(text, 4, 4), 4);
    assert_int_equal(mf_utf8_cut(text, 4, 3), 1);
    assert_int_equal(mf_utf8_cut(text, 4, 2), 1);
    assert_int_equal(mf_utf8_cut(text, 4, 0), 0);
}

static void assert_appended(const char *text, size_t len, const char *wanted)
{
    struct mf_buf out;
    mf_buf_init(&out, 100);
    assert_int_equal(mf_utf8_append(text, len, &out), 0);
    assert_int_equal(out.len, strlen(wanted));
    assert_memory_equal(out.data ? (char *)out.data : "", wanted, out.len);
    mf_buf_release(&out);
}

static void what_is_not_utf8_is_replaced_byte_by_byte(void **state)
{
    (void)state;
    assert_appended("", 0, "");
    assert_appended("plain", 5, "plain");
    assert_appended("\xc3\xa4\xff!", 4, "\xc3\xa4\xef\xbf\xbd!");
    assert_appended("a\xe2\x82", 3, "a\xef\xbf\xbd\xef\xbf\xbd");
    assert_appended("\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_appended("0123456789abcdef\x80", 17, "0123456789abcdef\xef\xbf\xbd");
}

static void what_does_not_fit_changes_nothing(void **state)
{
    (void)state;
    struct mf_buf out;
    mf_buf_init(&out, 4);
    assert_int_equal(mf_utf8_append("ab", 2, &out), 0);
    assert_int_equal(mf_utf8_append("c\xff", 2, &out), MF_EFULL);
    assert_int_equal(out.len, 2);
    mf_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_utf8_is_replaced_byte_by_byte),
        cmocka_unit_test(what_does_not_fit_changes_nothing),
        cmocka_unit_test(well_formed_text_passes),
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(what_is_well_formed_ends_before_the_first_fault),
        cmocka_unit_test(cutting_never_splits_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
