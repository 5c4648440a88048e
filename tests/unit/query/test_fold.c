#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "query/fold.h"

static bool finds(const char *text, size_t len, const char *needle)
{
    struct mf_buf folded;
    mf_buf_init(&folded, 10000);
    assert_int_equal(mf_fold(needle, strlen(needle), &folded), 0);
    bool found = mf_fold_find(text, len, (const char *)folded.data, folded.len);
    mf_buf_release(&folded);
    return found;
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

static bool holds_ascii(const char *text, const char *needle)
{
    char folded[300];
    size_t len = strlen(text);
    assert_true(mf_fold_ascii(text, len, folded));
    return mf_fold_holds(folded, len, needle, strlen(needle));
}

static void ascii_is_found_in_text_of_which_ascii_alone_is_folded(void **state)
{
    char text[300] = {0}, folded[300];
    (void)state;
    assert_true(holds_ascii("GRÜSSE An alle", "sse an"));
    assert_true(holds_ascii("", ""));
    assert_false(holds_ascii("", "a"));
    assert_false(holds_ascii("ab", "abc"));
    /* At every place, across blocks and at both ends. */
    for (size_t at = 0; at + 6 < sizeof text; at++) {
        memset(text, 'n', sizeof text - 1);
        memcpy(text + at, "NEEdle", 6);
        assert_true(holds_ascii(text, "needle"));
        assert_false(holds_ascii(text, "needles"));
    }
    /* Characters that are not ASCII, but fold to it. */
    assert_false(mf_fold_ascii("273 \u212a", strlen("273 \u212a"), folded));
    assert_false(mf_fold_ascii("\u017f", strlen("\u017f"), folded));
}

static void letters_of_any_script_and_length_fold(void **state)
{
    (void)state;
    assert_true(finds_text("STRAẞE", "straße")); /* 3 bytes to 2 */
    assert_true(finds_text("273 K", "273 k"));   /* Kelvin: 3 to 1 */
    assert_true(finds_text("ȺȾ", "ⱥⱦ"));         /* 2 to 3 */
    assert_true(finds_text("ⱥⱦ", "ȺȾ"));
    assert_true(finds_text("ᾈ", "ᾀ"));                   /* by lower() */
    assert_true(finds_text("ԱՐԵՒ", "արեւ"));             /* Armenian */
    assert_true(finds_text("Ꭰ", "ꭰ"));                 /* Cherokee */
    assert_true(finds_text("\U00010400", "\U00010428")); /* Deseret: 4 bytes */
    assert_true(finds_text("ĲSSELMEER", "ĳsselmeer"));
    assert_false(finds_text("ß", "ss")); /* not full case folding */
    assert_false(finds_text("İ", "i"));
}

static void a_folded_text_is_at_most_half_as_long_again(void **state)
{
    (void)state;
    struct mf_buf folded;
    mf_buf_init(&folded, 3000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(mf_fold("Ⱥ", 2, &folded), 0);
    assert_int_equal(folded.len, 3000);
    assert_int_equal(mf_fold("a", 1, &folded), MF_EFULL);
    assert_int_equal(folded.len, 3000);
    mf_buf_clear(&folded);
    assert_int_equal(mf_fold("", 0, &folded), 0);
    assert_int_equal(folded.len, 0);
    mf_buf_release(&folded);
}

static void overlong_and_cut_characters_stay(void **state)
{
    (void)state;
    assert_false(finds("\xc1\x81", 2, "a"));         /* "A" in two bytes */
    assert_false(finds("\xe0\x81\x81", 3, "a"));     /* in three */
    assert_false(finds("\xf0\x80\x81\x81", 4, "a")); /* in four */
    assert_true(finds("\xe2\x84X", 3, "\xe2\x84x"));
    assert_true(finds("\xf0\x90\x90", 3, "\xf0\x90\x90"));
    assert_true(finds("\xffÄ", 3, "\xffä"));
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

/* Around the joints of chunks, and at both ends, in texts whose characters
 * may lie across the joints too. */
static void a_match_is_found_at_every_place(void **state)
{
    (void)state;
    enum { LEN = 50001 };
    static const char *const needles[] = {"needle", "nÄdel", "ȺȾȺ", "\xff!"};
    static const char *const fillers[] = {"x", "é", "Ⱥ", "語", "\U00010400"};
    char *text = malloc(LEN);
    for (size_t n = 0; n < 4; n++) {
        for (size_t f = 0; f < 5; f++) {
            size_t len = strlen(needles[n]), step = strlen(fillers[f]);
            for (size_t at = 0; at + len <= LEN;
                 at += at > 16360 && at < 16400 ? 1 : 1709) {
                for (size_t i = 0; i < LEN; i++)
                    text[i] = fillers[f][i % step];
                memcpy(text + at, needles[n], len);
                assert_true(finds(text, LEN, needles[n]));
                text[at + len - 1] = 'y';
                assert_false(finds(text, LEN, needles[n]));
            }
            memcpy(text + LEN - len, needles[n], len);
            assert_true(finds(text, LEN, needles[n]));
        }
    }
    free(text);
}

/* Each run of what is not ASCII as one byte of it. */
static void squeeze(struct mf_buf *bytes)
{
    size_t len = 0;
    for (size_t i = 0; i < bytes->len; i++)
        if (bytes->data[i] < 0x80)
            bytes->data[len++] = bytes->data[i];
        else if (len == 0 || bytes->data[len - 1] < 0x80)
            bytes->data[len++] = 0x80;
    bytes->len = len;
}

static void binary_folds_to_the_ascii_that_text_folds_to(void **state)
{
    static const char *const pieces[] = {
        "A",    "z", "\u212a", "\u017f", "\xe2", "\xe2\x84", "\xc5",
        "\xaa", "B", "\xbf",   "\u00c4", "@",    "\xf0",     "[",
    };
    uint32_t seed = 1;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct mf_buf bytes, text, binary;
        mf_buf_init(&bytes, 10000);
        mf_buf_init(&text, 10000);
        mf_buf_init(&binary, 10000);
        for (int i = 0; i < round % 50; i++) {
            seed = seed * 1664525 + 1013904223;
            const char *piece =
                pieces[(seed >> 8) % (sizeof pieces / sizeof *pieces)];
            assert_int_equal(mf_buf_append(&bytes, piece, strlen(piece)), 0);
        }
        const char *in = (const char *)bytes.data;
        assert_int_equal(mf_fold(in, bytes.len, &text), 0);
        assert_int_equal(mf_fold_binary(in, bytes.len, &binary), 0);
        squeeze(&text);
        squeeze(&binary);
        assert_int_equal(binary.len, text.len);
        if (text.len)
            assert_memory_equal(binary.data, text.data, text.len);
        mf_buf_release(&bytes);
        mf_buf_release(&text);
        mf_buf_release(&binary);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_does_not_matter),
        cmocka_unit_test(ascii_is_found_in_text_of_which_ascii_alone_is_folded),
        cmocka_unit_test(letters_of_any_script_and_length_fold),
        cmocka_unit_test(a_folded_text_is_at_most_half_as_long_again),
        cmocka_unit_test(overlong_and_cut_characters_stay),
        cmocka_unit_test(letters_without_case_match_themselves_only),
        cmocka_unit_test(bytes_that_are_not_text_are_searched_too),
        cmocka_unit_test(a_match_is_found_at_every_place),
        cmocka_unit_test(binary_folds_to_the_ascii_that_text_folds_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
