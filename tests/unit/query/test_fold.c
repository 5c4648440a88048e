#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "query/fold.h"

static bool finds(const char *text, size_t len, const char *needle)
{
    char folded[256];
    size_t needle_len = strlen(needle);
    memcpy(folded, needle, needle_len + 1);
    bool wide = mf_fold(folded, needle_len);
    return mf_fold_find(text, len, folded, needle_len, wide);
}

static bool finds_text(const char *text, const char *needle)
{
    return finds(text, strlen(text), needle);
}

static void case_does_not_matter(void **state)
{
    (void)state;
    assert_true(finds_text("Content-Type", "CONTENT-type"));
    assert_true(finds_text("GRÜSSE", "grüsse"));
    assert_true(finds_text("straße", "STRAßE"));
    assert_true(finds_text("ŁÓDŹ", "łódź"));
    assert_true(finds_text("Ÿ", "ÿ"));
    assert_true(finds_text("ΑΘΉΝΑ", "αθήνα"));
    assert_true(finds_text("ΟΔΟΣ", "οδος"));
    assert_true(finds_text("οδος", "ΟΔΟΣ")); /* final sigma */
    assert_true(finds_text("МОСКВА Ёж", "москва ё"));
    assert_true(finds_text("日本語", "本"));
    assert_false(finds_text("abc", "abd"));
    assert_false(finds_text("", "a"));
    assert_false(finds_text("a", "ab"));
}

static void letters_without_case_match_themselves_only(void **state)
{
    (void)state;
    assert_false(finds_text("×", "÷")); /* U+00D7 and U+00F7 */
    assert_false(finds_text("@", "`"));
    assert_false(finds_text("[", "{"));
    assert_true(finds_text("×", "×"));
}

static void bytes_that_are_not_text_are_searched_too(void **state)
{
    (void)state;
    assert_true(finds("\xff\0\xc3NEEDLE\xc3", 10, "needle"));
    assert_true(finds("\xc3\xc3\x84x", 4, "ä"));
    assert_false(finds("\xc3", 1, "ä"));
}

static void a_match_is_found_at_every_place(void **state)
{
    (void)state;
    enum { LEN = 100000 };
    static const char *const needles[] = {"needle", "nädel"};
    char *text = malloc(LEN);
    for (size_t n = 0; n < 2; n++) {
        size_t len = strlen(needles[n]);
        /* Around the joints of the chunks, and at both ends. */
        for (size_t at = 0; at + len <= LEN;
             at += at > 32740 && at < 32790 ? 1 : 997) {
            memset(text, 'x', LEN);
            memcpy(text + at, needles[n], len);
            assert_true(finds(text, LEN, needles[n]));
            text[at] = 'y';
            assert_false(finds(text, LEN, needles[n]));
        }
        memset(text, 'x', LEN);
        memcpy(text + LEN - len, needles[n], len);
        assert_true(finds(text, LEN, needles[n]));
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_does_not_matter),
        cmocka_unit_test(letters_without_case_match_themselves_only),
        cmocka_unit_test(bytes_that_are_not_text_are_searched_too),
        cmocka_unit_test(a_match_is_found_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
