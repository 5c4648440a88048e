#include "../cmocka.h"

#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_text_passes),
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(cutting_never_splits_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
