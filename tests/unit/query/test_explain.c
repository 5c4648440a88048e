#include "support.h"

#include <stdlib.h>

#include "query/explain.h"

/* What the expression is in words. */
static void says(const char *expression, const char *words)
{
    struct mf_explanation explanation;
    assert_int_equal(
        mf_filter_explain(expression, strlen(expression), &explanation), 0);
    const char *told =
        explanation.words.len ? (const char *)explanation.words.data : "";
    if (explanation.words.len != strlen(words) ||
        memcmp(told, words, strlen(words)) != 0)
        fail_msg("%s: '%.*s'", expression, (int)explanation.words.len, told);
    mf_explanation_release(&explanation);
}

/* Its tokens, each as the letter of its kind and its text. */
static void is_made_of(const char *expression, const char *parts)
{
    struct mf_explanation explanation;
    struct mf_buf text;
    mf_buf_init(&text, SIZE_MAX);
    assert_int_equal(
        mf_filter_explain(expression, strlen(expression), &explanation), 0);
    const struct mf_token *tokens =
        (const struct mf_token *)(void *)explanation.tokens.data;
    for (size_t i = 0; i < explanation.tokens.len / sizeof *tokens; i++)
        assert_int_equal(
            mf_buf_printf(&text, "%c[%.*s]", " owrvcp"[tokens[i].kind],
                          (int)tokens[i].len, expression + tokens[i].position),
            0);
    assert_int_equal(mf_buf_append_byte(&text, '\0'), 0);
    assert_string_equal((const char *)text.data, parts);
    mf_buf_release(&text);
    mf_explanation_release(&explanation);
}

static void words_tell_what_an_expression_finds(void **state)
{
    (void)state;
    says("", "All flows");
    says(" ~all ", "All flows");
    says("needle", "Flows where it has “needle” somewhere");
    says("~d shop.example | ~device \"Pixel 9\"",
         "Flows where the host matches “shop.example” or the device matches "
         "“Pixel 9”");
    says("~m POST & ~e", "Flows where the method matches “POST” and it has an "
                         "error");
    says("a | b c", "Flows where (it has “a” somewhere or it has “b” "
                    "somewhere) and it has “c” somewhere");
    says("a | b & c", "Flows where it has “a” somewhere or (it has “b” "
                      "somewhere and it has “c” somewhere)");
}

static void what_is_negated_is_told_as_such(void **state)
{
    (void)state;
    says("!needle", "Flows where it has “needle” nowhere");
    says("!~q", "Flows where it is no request without a response");
    says("!!~q", "Flows where it has no response");
    says("!(~e | !~s)",
         "Flows where not (it has an error or it is nothing with a response)");
    says("~e !(a b)", "Flows where it has an error and not (it has “a” "
                      "somewhere and it has “b” somewhere)");
}

static void values_are_told_by_their_signs(void **state)
{
    (void)state;
    says("~c 4xx", "Flows where the status is 4xx");
    says("!~c 404", "Flows where the status is not 404");
    says("~size > 10k", "Flows where its size is more than 10k");
    says("~size <=2MiB", "Flows where its size is at most 2MiB");
    says("~dur 200ms..", "Flows where it took at least 200ms");
    says("~dur ..1s", "Flows where it took at most 1s");
    says("~size 1k..2M", "Flows where its size is from 1k to 2M");
    says("~id abc", "Flows where the id contains “abc”");
}

static void times_are_told_as_they_were_understood(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    says("~time 2026-11-27T09:00..2026-11-27T10:30Z",
         "Flows where it began between 2026-11-27 09:00:00 and 2026-11-27 "
         "10:31:00");
    says("!~time <2026-11-27",
         "Flows where it did not begin before 2026-11-27 00:00:00");
    says("~time >2026-11-27",
         "Flows where it began 2026-11-27 00:00:00 or later");
}

static void tokens_are_what_the_parser_took_them_for(void **state)
{
    (void)state;
    is_made_of("", "");
    is_made_of("(~d a\\.b | !\"c d\")&~c 4xx",
               "p[(]o[~d]r[a\\.b]c[|]c[!]w[\"c d\"]p[)]c[&]o[~c]v[4xx]");
    is_made_of("q=1&b || ~m'G T'~size > 10k",
               "w[q=1&b]c[||]o[~m]r['G T']o[~size]v[> 10k]");
    is_made_of("~q", "o[~q]");
}

static void a_wrong_expression_has_the_tokens_before_its_fault(void **state)
{
    (void)state;
    struct mf_explanation explanation;
    is_made_of("a & ~m [ b", "w[a]c[&]o[~m]");
    is_made_of("~e ~nope", "o[~e]");
    assert_int_equal(mf_filter_explain("~e ~nope", 8, &explanation), 0);
    assert_string_equal(explanation.fault.text, "no such operator");
    assert_int_equal(explanation.fault.position, 3);
    assert_int_equal(explanation.words.len, 0);
    mf_explanation_release(&explanation);
}

static void words_are_bounded(void **state)
{
    (void)state;
    enum { LEN = 16000 };
    char *expression = malloc(LEN + 1);
    struct mf_explanation explanation;
    assert_non_null(expression);
    for (size_t i = 0; i < LEN; i++)
        expression[i] = "~e "[i % 3];
    assert_int_equal(mf_filter_explain(expression, LEN - 1, &explanation), 0);
    assert_in_range(explanation.words.len, MF_EXPLANATION_MAX_LEN - 20,
                    MF_EXPLANATION_MAX_LEN);
    assert_memory_equal(explanation.words.data + explanation.words.len - 3, "…",
                        3);
    mf_explanation_release(&explanation);
    /* One operand is told to a part, between characters. */
    for (size_t i = 0; i < 1000; i += 2) {
        expression[i] = '\xc3';
        expression[i + 1] = '\xbc';
    }
    assert_int_equal(mf_filter_explain(expression, 1000, &explanation), 0);
    assert_in_range(explanation.words.len, 120, 180);
    mf_explanation_release(&explanation);
    free(expression);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_tell_what_an_expression_finds),
        cmocka_unit_test(what_is_negated_is_told_as_such),
        cmocka_unit_test(values_are_told_by_their_signs),
        cmocka_unit_test(times_are_told_as_they_were_understood),
        cmocka_unit_test(tokens_are_what_the_parser_took_them_for),
        cmocka_unit_test(a_wrong_expression_has_the_tokens_before_its_fault),
        cmocka_unit_test(words_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
