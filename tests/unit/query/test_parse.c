#include "support.h"

#include <stdlib.h>

#include "query/tree.h"

static const struct sample get = {.type = MF_FLOW_HTTP,
                                  .method = "GET",
                                  .url = "http://example.com/a|b?q=1&r=2",
                                  .status = 200,
                                  .message = "say \"hi\" it's a\tb"};

/* The expression is wrong at `position`, for `len` bytes. */
static void is_wrong(const char *expression, size_t position, size_t len,
                     const char *text)
{
    struct mf_filter *filter = NULL;
    struct mf_filter_fault fault = {0};
    int rc = mf_filter_parse(expression, strlen(expression), &filter, &fault);
    if (rc != MF_EINVAL)
        fail_msg("%s is taken", expression);
    assert_null(filter);
    if (fault.position != position || fault.len != len ||
        !strstr(fault.text, text))
        fail_msg("%s: %zu+%zu '%s'", expression, fault.position, fault.len,
                 fault.text);
    assert_int_equal(
        mf_filter_parse(expression, strlen(expression), &filter, NULL),
        MF_EINVAL);
}

static void nothing_finds_everything(void **state)
{
    (void)state;
    static const char *const all[] = {"", " ", "\t\n", "~all", "\"\"", "''"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct mf_filter *filter = filter_of(all[i]);
        assert_true(mf_filter_is_empty(filter));
        assert_false(mf_filter_reads_bodies(filter));
        mf_filter_unref(filter);
        assert_true(finds(all[i], &get));
    }
}

static void signs_bind_in_their_order(void **state)
{
    (void)state;
    assert_true(finds("~e & ~e | ~s", &get));
    assert_false(finds("~e & (~e | ~s)", &get));
    assert_true(finds("~s | ~e & ~e", &get));
    assert_true(finds("!~e & ~s", &get));
    assert_false(finds("!(~s | ~e)", &get));
    assert_true(finds("!!~s", &get));
    /* Side by side binds less than | does. */
    assert_false(finds("~s | ~s ~e", &get));
    assert_false(finds("~e ~s | ~s", &get));
    assert_true(finds("~e ~s|~s ~s | ~s ", &get) == false);
    assert_true(finds("(~s ~http) & ~s && ~s || ~e", &get));
}

static void operators_end_at_signs(void **state)
{
    (void)state;
    assert_true(finds("(~s)", &get));
    assert_true(finds("~s&~http", &get));
    assert_true(finds("~e|~s", &get));
    assert_true(finds("~m\"GET\"", &get));
    assert_true(finds("~c 200&~m GET", &get));
    assert_true(finds("~c 200!~e", &get));
    assert_true(finds("~d example.com~s", &get));
}

static void words_hold_signs(void **state)
{
    (void)state;
    assert_true(finds("q=1&r=2", &get));
    assert_true(finds("a|b", &get));
    assert_true(finds("A|B?", &get));
    assert_false(finds("q=1 &r=3", &get));
    assert_true(finds("q=1 &r=2", &get));
    assert_false(finds("q=1!", &get));
}

static void quotes_take_anything(void **state)
{
    (void)state;
    assert_true(finds("'say \"hi\"'", &get));
    assert_true(finds("\"say \\\"hi\\\"\"", &get));
    assert_true(finds("\"it's\"", &get));
    assert_true(finds("'it\\'s'", &get));
    assert_true(finds("\"a\\tb\"", &get));
    assert_true(finds("'a\tb'", &get));
    assert_true(finds("~b \"\\\\bhi\\\\b\"", &get));
    assert_true(finds("~b \\bhi\\b", &get));
    assert_false(finds("~b \"\\bhi\\b\"", &get)); /* "bhib" */
}

static void faults_tell_their_place(void **state)
{
    (void)state;
    is_wrong("~", 0, 1, "no such operator");
    is_wrong("~m GET ~nope x", 7, 5, "no such operator");
    is_wrong("~Q", 0, 2, "no such operator");
    is_wrong("~q1", 0, 3, "no such operator");
    is_wrong("~u.x", 0, 4, "no such operator");
    is_wrong("~m", 0, 2, "must follow");
    is_wrong("~s & ~m ", 5, 3, "must follow");
    is_wrong("~m ~s", 0, 3, "must follow");
    is_wrong("~u (a)", 0, 3, "quotes");
    is_wrong("~s &", 3, 1, "follow &");
    is_wrong("~s | ", 3, 1, "follow |");
    is_wrong("~s &&", 3, 1, "follow &");
    is_wrong("a & | b", 4, 1, "nothing before |");
    is_wrong("| b", 0, 1, "nothing before |");
    is_wrong("&", 0, 1, "nothing before &");
    is_wrong("!", 0, 1, "follow !");
    is_wrong("a !", 2, 1, "follow !");
    is_wrong("(a", 0, 1, "closes");
    is_wrong("a) b", 1, 1, "opened");
    is_wrong("a & )", 4, 1, "opened");
    is_wrong("a ()", 2, 2, "nothing in");
    is_wrong("a ( )", 2, 3, "nothing in");
    is_wrong("a \"b c", 2, 4, "closes the quote");
    is_wrong("a 'b\nc'", 2, 2, "closes the quote");
    is_wrong("a 'b\\'", 2, 4, "closes the quote");
    is_wrong("~c 2000x", 3, 5, "status");
    is_wrong("~size >10q", 7, 3, "size");
    is_wrong("~size > ", 7, 0, "value");
}

static void
faults_of_regular_expressions_are_where_they_were_written(void **state)
{
    (void)state;
    is_wrong("~u a**", 3 + 2, 1, "repeat of a repeat");
    is_wrong("~m GET ~u [z-a]", 7 + 4, 3, "not a range");
    is_wrong("~u \"a(b\"", 3 + 2, 1, "closes (");
    /* Behind an escape that is two bytes here and one to the expression. */
    is_wrong("~u \"\\\\d\\\"[z-a]\"", 3 + 7, 3, "not a range");
    is_wrong("~u \"x\\\\q\"", 3 + 2, 3, "unknown escape");
    is_wrong("~u '\xc3\xbc(?<n>a)'", 3 + 3, 3, "(?P<");
}

static void what_is_no_text_is_refused(void **state)
{
    (void)state;
    struct mf_filter *filter = NULL;
    struct mf_filter_fault fault;
    assert_int_equal(mf_filter_parse("a\xff", 2, &filter, &fault), MF_EINVAL);
    assert_int_equal(mf_filter_parse("a\0b", 3, &filter, &fault), MF_EINVAL);
    assert_null(filter);
}

static char *repeated(const char *text, size_t count, const char *tail)
{
    size_t len = strlen(text);
    char *whole = malloc(len * count + strlen(tail) + 1);
    assert_non_null(whole);
    for (size_t i = 0; i < count; i++)
        memcpy(whole + i * len, text, len);
    memcpy(whole + len * count, tail, strlen(tail) + 1);
    return whole;
}

static int parse_repeated(const char *text, size_t count, const char *tail)
{
    struct mf_filter *filter = NULL;
    struct mf_filter_fault fault = {0};
    char *expression = repeated(text, count, tail);
    int rc = mf_filter_parse(expression, strlen(expression), &filter, &fault);
    free(expression);
    if (!rc)
        mf_filter_unref(filter);
    else
        assert_true(fault.text[0] != '\0');
    return rc;
}

static void length_and_depth_have_limits(void **state)
{
    (void)state;
    assert_int_equal(parse_repeated("!", 99, "~s"), 0);
    assert_int_equal(parse_repeated("!", 101, "~s"), MF_EINVAL);
    assert_int_equal(parse_repeated("(", 101, "~s"), MF_EINVAL);
    assert_int_equal(parse_repeated("!(", 5000, "~s"), MF_EINVAL);
    assert_int_equal(parse_repeated("~s ", 5000, ""), 0);
    assert_int_equal(parse_repeated("~s ", 5462, ""), MF_EINVAL);
    assert_int_equal(parse_repeated("~u x ", 250, ""), 0);
    assert_int_equal(parse_repeated("~u x ", 251, ""), MF_EINVAL);
    assert_int_equal(parse_repeated("x", 4096, ""), 0);
    assert_int_equal(parse_repeated("x", 4097, ""), MF_EINVAL);
    assert_int_equal(parse_repeated("~u (", 1, ""), MF_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_finds_everything),
        cmocka_unit_test(signs_bind_in_their_order),
        cmocka_unit_test(operators_end_at_signs),
        cmocka_unit_test(words_hold_signs),
        cmocka_unit_test(quotes_take_anything),
        cmocka_unit_test(faults_tell_their_place),
        cmocka_unit_test(
            faults_of_regular_expressions_are_where_they_were_written),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(length_and_depth_have_limits),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    forget_names();
    return failed;
}
