#include "support.h"

#include <stdlib.h>

#include "query/pattern.h"

static const struct mf_pattern bytes = {.is_bytes = true, .is_caseless = true};
static const struct mf_pattern text = {.is_caseless = true};

/* What PCRE2 is given. */
static void becomes(const struct mf_pattern *like, const char *python,
                    const char *pcre)
{
    struct mf_pattern pattern = *like;
    struct mf_regex_fault fault = {0};
    struct mf_buf out;
    mf_buf_init(&out, 10000);
    int rc = mf_regex_translate(python, strlen(python), &pattern, &out, &fault);
    if (rc || out.len != strlen(pcre) ||
        (out.len && memcmp(out.data, pcre, out.len) != 0))
        fail_msg("%s: %d %s: %.*s", python, rc, fault.text, (int)out.len,
                 (const char *)out.data);
    mf_buf_release(&out);
}

static void is_wrong(const char *python, size_t position, size_t len)
{
    struct mf_pattern pattern = text;
    struct mf_regex_fault fault = {0};
    struct mf_buf out;
    mf_buf_init(&out, 10000);
    int rc = mf_regex_translate(python, strlen(python), &pattern, &out, &fault);
    if (rc != MF_EINVAL || fault.position != position || fault.len != len ||
        !fault.text[0])
        fail_msg("%s: %d: %zu+%zu '%s'", python, rc, fault.position, fault.len,
                 fault.text);
    mf_buf_release(&out);
}

static void what_is_the_same_stays(void **state)
{
    (void)state;
    static const char *const same[] = {
        "",
        "abc",
        "a b",
        "a|b|",
        "(a|b)*",
        "(?:a)+?",
        "a{2}b{2,}c{2,3}+",
        "^a.b$",
        "\\Aa\\b\\B\\d\\D\\s\\S\\w\\W",
        "(?=a)(?!b)(?<=c)(?<!d)",
        "(?>a)",
        "(?i:a)(?-i:b)(?ms-i:c)",
        "[abc]",
        "[^a-z\\d_]",
        "\\.\\*",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        becomes(&bytes, same[i], same[i]);
        becomes(&text, same[i], same[i]);
    }
}

static void pythons_own_ways_are_translated(void **state)
{
    (void)state;
    becomes(&text, "a\\Z", "a\\z");
    becomes(&text, "(?P<n>a)(?P=n)", "(a)\\g{1}");
    becomes(&text, "(a)\\1(?(1)b|c)", "(a)\\g{1}(?(1)b|c)");
    becomes(&text, "(?P<n>a)(?(n)b)", "(a)(?(1)b)");
    becomes(&text, "a{,3}b{,}c{}", "a{0,3}b{0,}c\\{\\}");
    becomes(&text, "a{x}{1", "a\\{x\\}\\{1");
    becomes(&text, "\\v\\a\\x41\\u00e9\\0\\101",
            "\\x{b}\\x{7}\\x{41}\\x{e9}"
            "\\x{0}\\x{41}");
    becomes(&text, "\\:\\-\\/", ":\\-/");
    becomes(&text, "a(?#b)c", "ac");
    becomes(&text, "(?x) a b # c\n d\\ e[ ]", "abd e[\\x{20}]");
    becomes(&text, "(?x:a b)c d", "(?:ab)c d");
    becomes(&text, "(?x)(?-x:a b) c", "(?:a b)c");
    becomes(&text, "(?u)a(?u:b)", "a(?:b)");
    becomes(&text, "[]a]", "[\\x{5d}a]");
    becomes(&text, "[^]]", "[^\\x{5d}]");
    becomes(&text, "[[:alpha:]]", "[\\x{5b}\\x{3a}alpha\\x{3a}]\\]");
    becomes(&text, "[a\\]\\b-]", "[a\\x{5d}\\x{8}\\x{2d}]");
    becomes(&text, "[\xc3\xa9-\xc3\xbc]", "[\\x{e9}-\\x{fc}]");
    becomes(&bytes, "[\xc3\xa9]", "[\\x{c3}\\x{a9}]");
    becomes(&text, "\n", "\\x{a}");
    becomes(&text, "#-", "\\#\\-");
}

static void flags_at_the_start_are_for_the_whole(void **state)
{
    (void)state;
    struct mf_pattern pattern = text;
    struct mf_regex_fault fault;
    struct mf_buf out;
    mf_buf_init(&out, 100);
    assert_int_equal(
        mf_regex_translate("(?sm)(?a)a", 10, &pattern, &out, &fault), 0);
    assert_true(pattern.is_dotall && pattern.is_multiline && pattern.is_ascii);
    assert_int_equal(out.len, 1);
    mf_buf_release(&out);
}

static void what_python_refuses_is_refused(void **state)
{
    (void)state;
    is_wrong("a)", 1, 1);
    is_wrong("(a", 0, 1);
    is_wrong("a(?:b", 1, 1);
    is_wrong("[a", 0, 1);
    is_wrong("[]", 0, 1);
    is_wrong("a[z-a]", 2, 3);
    is_wrong("[\\d-z]", 1, 4);
    is_wrong("*", 0, 1);
    is_wrong("a|+", 2, 1);
    is_wrong("(?=a)^*", 6, 1);
    is_wrong("a**", 2, 1);
    is_wrong("a{1}{2}", 4, 3);
    is_wrong("a{3,2}", 1, 5);
    is_wrong("a{99999}", 1, 7);
    is_wrong("\\", 0, 1);
    is_wrong("a\\q", 1, 2);
    is_wrong("\\x4", 0, 3);
    is_wrong("\\ud800", 0, 6);
    is_wrong("\\400", 0, 4);
    is_wrong("\\1", 0, 2);
    is_wrong("(a\\1)", 2, 2);
    is_wrong("(?P=n)", 4, 1);
    is_wrong("(?P<1>a)", 4, 1);
    is_wrong("(?P<n>a)(?P<n>b)", 12, 1);
    is_wrong("(?Px)", 0, 3);
    is_wrong("(?P", 0, 3);
    is_wrong("(?P<", 4, 0);
    is_wrong("(?P=", 4, 0);
    is_wrong("(?<", 0, 3);
    is_wrong("(?(", 3, 0);
    is_wrong("(?i", 0, 3);
    is_wrong("(?i-", 0, 4);
    is_wrong("[a-", 0, 1);
    is_wrong("[\\", 1, 1);
    is_wrong("a\\u12", 1, 4);
    is_wrong("(?(0)a)", 3, 1);
    is_wrong("(?(n)a)", 3, 1);
    is_wrong("(a)(?(1)b|c|d)", 11, 1);
    is_wrong("a(?i)", 1, 4);
    is_wrong("(?q)", 2, 1);
    is_wrong("(?i-i:a)", 0, 6);
    is_wrong("(?#a", 0, 4);
    is_wrong("(?", 0, 2);
}

static void what_only_pcre_has_is_refused(void **state)
{
    (void)state;
    is_wrong("(*UTF)a", 1, 1);
    is_wrong("(*LIMIT_MATCH=1)a", 1, 1);
    is_wrong("(?R)", 2, 1);
    is_wrong("(?1)", 0, 2);
    is_wrong("(?|a)", 0, 2);
    is_wrong("(?<n>a)", 0, 3);
    is_wrong("(?'n'a)", 0, 2);
    is_wrong("\\Qa\\E", 0, 2);
    is_wrong("\\K", 0, 2);
    is_wrong("\\R", 0, 2);
    is_wrong("\\p{L}", 0, 2);
    is_wrong("\\N", 0, 2);
}

static void groups_are_not_nested_without_end(void **state)
{
    (void)state;
    char deep[1000];
    memset(deep, '(', 500);
    memset(deep + 500, ')', 500);
    struct mf_pattern pattern = text;
    struct mf_regex_fault fault;
    struct mf_buf out;
    mf_buf_init(&out, 10000);
    assert_int_equal(mf_regex_translate(deep, 1000, &pattern, &out, &fault),
                     MF_EINVAL);
    mf_buf_clear(&out);
    assert_int_equal(
        mf_regex_translate(deep + 410, 180, &pattern, &out, &fault), 0);
    mf_buf_release(&out);
}

static bool pattern_finds(const struct mf_pattern *like, const char *python,
                          const char *subject, size_t len)
{
    struct mf_arena arena = {0};
    struct mf_pattern *pattern;
    struct mf_regex_fault fault;
    struct mf_pattern_effort effort = {0};
    assert_int_equal(
        mf_pattern_make(python, strlen(python), like, &arena, &pattern, &fault),
        0);
    bool found =
        mf_pattern_finds(pattern, (struct mf_span){subject, len}, &effort);
    assert_false(effort.is_limited);
    mf_pattern_release(pattern);
    mf_arena_release(&arena);
    return found;
}

static void text_and_bytes_know_different_letters(void **state)
{
    (void)state;
    assert_true(pattern_finds(&text, "GRÜSSE", "grüsse", 7));
    assert_false(pattern_finds(&bytes, "GRÜSSE", "grüsse", 7));
    assert_true(pattern_finds(&bytes, "gr..sse", "GRÜSSE", 7));
    assert_true(pattern_finds(&text, "^gr.sse$", "GRÜSSE", 7));
    assert_true(pattern_finds(&text, "(?a)^gr\\Wsse$", "GRÜSSE", 7));
    assert_false(pattern_finds(&text, "b+",
                               "\xff"
                               "abb\xc3",
                               5));
    assert_false(pattern_finds(&text, "a.b",
                               "a\xff"
                               "b",
                               3));
    assert_true(pattern_finds(&bytes, "a\\xffb",
                              "a\xff"
                              "b",
                              3));
    assert_true(pattern_finds(&bytes, "a\\0b", "a\0b", 3));
}

static void lines_end_as_in_python(void **state)
{
    (void)state;
    const struct mf_pattern lines = {.is_bytes = true, .is_multiline = true};
    const struct mf_pattern dotall = {.is_bytes = true, .is_dotall = true};
    assert_true(pattern_finds(&bytes, "a$", "a\n", 2));
    assert_false(pattern_finds(&bytes, "a\\Z", "a\n", 2));
    assert_false(pattern_finds(&bytes, "a$", "a\r\n", 3));
    assert_true(pattern_finds(&lines, "a$", "a\nb", 3));
    assert_true(pattern_finds(&lines, "\n^$", "a\n", 2));
    assert_true(pattern_finds(&bytes, "a.b", "a\rb", 3));
    assert_false(pattern_finds(&bytes, "a.b", "a\nb", 3));
    assert_true(pattern_finds(&dotall, "a.b", "a\nb", 3));
}

/* Long texts are searched bit by bit: no match may fall between two. */
static void a_match_is_found_at_every_place_of_a_long_text(void **state)
{
    (void)state;
    enum { LEN = 70000 };
    static const char *const patterns[] = {"n\xc3\xa4h", "(?<=\\s)n\xc3\xa4h",
                                           "^n\xc3\xa4h$", "\\bn.{1,2}h\\b"};
    char *subject = malloc(LEN);
    assert_non_null(subject);
    struct mf_pattern like = text;
    like.is_multiline = true;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        for (size_t at = 1; at + 5 < LEN;
             at += at > 4080 && at < 4110 ? 1 : 1999) {
            memset(subject, 'x', LEN);
            memcpy(subject + at, "\nn\xc3\xa4h\n", 6);
            assert_true(pattern_finds(&like, patterns[i], subject, LEN));
            like.is_bytes = true;
            assert_true(pattern_finds(&like, patterns[i], subject, LEN));
            like.is_bytes = false;
            subject[at + 1] = 'm';
            assert_false(pattern_finds(&like, patterns[i], subject, LEN));
        }
    free(subject);
}

static void what_pcre_cannot_hold_is_told(void **state)
{
    (void)state;
    static const char huge[] = "((((a{500}){500}){500}){500}){500}";
    struct mf_arena arena = {0};
    struct mf_pattern *pattern;
    struct mf_regex_fault fault = {0};
    assert_int_equal(
        mf_pattern_make(huge, sizeof huge - 1, &text, &arena, &pattern, &fault),
        MF_EINVAL);
    assert_int_equal(fault.len, sizeof huge - 1);
    assert_true(fault.text[0] != '\0');
    mf_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_the_same_stays),
        cmocka_unit_test(pythons_own_ways_are_translated),
        cmocka_unit_test(flags_at_the_start_are_for_the_whole),
        cmocka_unit_test(what_python_refuses_is_refused),
        cmocka_unit_test(what_only_pcre_has_is_refused),
        cmocka_unit_test(groups_are_not_nested_without_end),
        cmocka_unit_test(text_and_bytes_know_different_letters),
        cmocka_unit_test(lines_end_as_in_python),
        cmocka_unit_test(a_match_is_found_at_every_place_of_a_long_text),
        cmocka_unit_test(what_pcre_cannot_hold_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
