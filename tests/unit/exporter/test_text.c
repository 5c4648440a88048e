#include "../cmocka.h"

#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "exporter/hooks/text.h"

static void check_bytes(const char *bytes, size_t len,
                        enum mf_text_escape escape, const char *expected)
{
    struct mf_buf out;
    mf_buf_init(&out, 1000);
    assert_int_equal(mf_text_put_bytes(&out, bytes, len, escape), 0);
    assert_int_equal(out.len, strlen(expected));
    assert_memory_equal(out.data, expected, out.len);
    mf_buf_release(&out);
}

static void valid_utf8_passes_as_it_is(void **state)
{
    (void)state;
    const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
    check_bytes(text, strlen(text), MF_TEXT_REPLACE, text);
    check_bytes(text, strlen(text), MF_TEXT_PERCENT, text);
}

static void each_byte_that_is_not_utf8_is_escaped_alone(void **state)
{
    (void)state;
    check_bytes("a\xe2\x82"
                "b\xff",
                5, MF_TEXT_PERCENT, "a%E2%82b%FF");
    check_bytes("a\xff"
                "b",
                3, MF_TEXT_REPLACE,
                "a\xef\xbf\xbd"
                "b");
    /* An overlong slash and a surrogate in UTF-8 are no characters. */
    check_bytes("\xc0\xaf", 2, MF_TEXT_PERCENT, "%C0%AF");
    check_bytes("\xed\xa0\x80", 3, MF_TEXT_PERCENT, "%ED%A0%80");
    /* A good character right after a cut one. */
    check_bytes("\xf0\x9f\x98\xc3\xa9", 5, MF_TEXT_PERCENT,
                "%F0%9F%98\xc3\xa9");
}

static void check_chars(const uint32_t *chars, size_t count,
                        enum mf_text_escape escape, const char *expected)
{
    struct mf_buf out;
    mf_buf_init(&out, 1000);
    assert_int_equal(mf_text_put_ucs4(&out, chars, count, escape), 0);
    assert_int_equal(out.len, strlen(expected));
    assert_memory_equal(out.data, expected, out.len);
    mf_buf_release(&out);
}

static void code_points_become_utf8(void **state)
{
    (void)state;
    const uint32_t chars[] = {'a',   0x7f,   0x80,    0x7ff,
                              0x800, 0xffff, 0x10000, 0x10ffff};
    check_chars(chars, 8, MF_TEXT_REPLACE,
                "a\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"
                "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

static void an_escaped_byte_comes_back_and_other_surrogates_do_not(void **state)
{
    (void)state;
    const uint32_t chars[] = {'x', 0xdc80, 0xdcff, 0xd800, 0xdc7f};
    check_chars(chars, 5, MF_TEXT_PERCENT, "x%80%FF\xef\xbf\xbd\xef\xbf\xbd");
    check_chars(chars, 2, MF_TEXT_REPLACE, "x\xef\xbf\xbd");
}

static void every_code_point_gives_valid_utf8(void **state)
{
    (void)state;
    struct mf_buf out;
    mf_buf_init(&out, 16);
    for (uint32_t c = 0; c <= 0x110010; c++) {
        mf_buf_clear(&out);
        assert_int_equal(mf_text_put_ucs4(&out, &c, 1, c & 1), 0);
        assert_true(mf_utf8_valid(out.data, out.len));
    }
    mf_buf_release(&out);
}

static void a_full_buffer_is_left_as_it_was(void **state)
{
    (void)state;
    struct mf_buf out;
    mf_buf_init(&out, 4);
    mf_buf_append(&out, "ab", 2);
    const uint32_t chars[] = {0x20ac};
    assert_int_equal(mf_text_put_ucs4(&out, chars, 1, MF_TEXT_REPLACE),
                     MF_EFULL);
    assert_int_equal(mf_text_put_bytes(&out, "\xff", 1, MF_TEXT_PERCENT),
                     MF_EFULL);
    assert_int_equal(out.len, 2);
    mf_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_utf8_passes_as_it_is),
        cmocka_unit_test(each_byte_that_is_not_utf8_is_escaped_alone),
        cmocka_unit_test(code_points_become_utf8),
        cmocka_unit_test(
            an_escaped_byte_comes_back_and_other_surrogates_do_not),
        cmocka_unit_test(every_code_point_gives_valid_utf8),
        cmocka_unit_test(a_full_buffer_is_left_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
