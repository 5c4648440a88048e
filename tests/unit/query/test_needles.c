#include "support.h"

#include <stdlib.h>

#include "flow/text.h"
#include "query/fold.h"
#include "query/needles.h"

/* ---- needles as text ---- */

static void write_needles(const struct mf_needles *needles, struct mf_buf *out)
{
    switch (needles->kind) {
    case MF_NEEDLES_ANY:
        mf_buf_printf(out, "any");
        break;
    case MF_NEEDLES_TEXT:
        assert_true(needles->len >= MF_NEEDLE_MIN_LEN);
        mf_buf_printf(out, "%s'%.*s'", needles->or_binary ? "b" : "",
                      (int)needles->len, needles->text);
        break;
    default:
        assert_true(needles->count >= 2);
        mf_buf_append_byte(out, '(');
        for (size_t i = 0; i < needles->count; i++) {
            if (i)
                mf_buf_printf(out, needles->kind == MF_NEEDLES_ALL_OF ? " & "
                                                                      : " | ");
            write_needles(needles->items[i], out);
        }
        mf_buf_append_byte(out, ')');
    }
}

static void check_needles(const char *expression, const char *want)
{
    struct mf_filter *filter = filter_of(expression);
    struct mf_buf text;
    mf_buf_init(&text, SIZE_MAX);
    write_needles(mf_filter_needles(filter), &text);
    mf_buf_append_byte(&text, '\0');
    assert_string_equal((const char *)text.data, want);
    mf_buf_release(&text);
    mf_filter_unref(filter);
}

static void words_are_needles_when_they_are_long_enough(void **state)
{
    (void)state;
    check_needles("", "any");
    check_needles("ab", "any");
    check_needles("Needle", "'needle'");
    check_needles("\"MOSKVA МОСКВА\"", "'moskva москва'");
    check_needles("é", "any");
    check_needles("éa", "'éa'");
}

static void trees_keep_what_is_certain(void **state)
{
    (void)state;
    check_needles("foo bar", "('foo' & 'bar')");
    check_needles("foo | bar", "('foo' | 'bar')");
    check_needles("foo | ab", "any");
    check_needles("foo & ab", "'foo'");
    check_needles("!foo", "any");
    check_needles("!foo & bar", "'bar'");
    check_needles("foo & foo", "'foo'");
    check_needles("(foo | bar) & (baz & qux)",
                  "(('foo' | 'bar') & 'baz' & 'qux')");
    check_needles("~c 404 & ~q & ~size >1M & ~all", "any");
    check_needles("~c 404 & foo", "'foo'");
    check_needles("~meta foo | ~marker foo | ~source foo", "any");
}

static void literals_of_regular_expressions_are_needles(void **state)
{
    (void)state;
    check_needles("~u foo", "'foo'");
    check_needles("~u foo.*bar", "('foo' & 'bar')");
    check_needles("~u foo.bar[0-9]baz\\d+qux",
                  "('foo' & 'bar' & 'baz' & 'qux')");
    check_needles("~u ^/api/v\\d/users$", "('/api/v' & '/users')");
    check_needles("~u a+bcd", "'abcd'");
    check_needles("~u abcd?e", "'abc'");
    check_needles("~u abcd*efg", "('abc' & 'efg')");
    check_needles("~u abcd{2}efg", "('abcdd' & 'ddefg')");
    check_needles("~u abcd{0,3}", "'abc'");
    check_needles("~u abcd{3,}?", "('abcddd' & 'ddd')");
    check_needles("~u ab\\.cd\\x41", "'ab.cda'");
    check_needles("~u foo\\bbar\\B", "'foobar'");
    check_needles("~u .*", "any");
    check_needles("~u \"\"", "any");
}

static void groups_keep_what_is_certain(void **state)
{
    (void)state;
    check_needles("~u \"(foo)(?:bar)\"", "'foobar'");
    check_needles("~u \"(foo|bar)\"", "('foo' | 'bar')");
    check_needles("~u foo|bar|bazqux", "('foo' | 'bar' | 'bazqux')");
    check_needles("~u foo|", "any");
    check_needles("~u \"(foo|b)x\"", "any");
    check_needles("~u \"abc(foo|bar)?def\"", "('abc' & 'def')");
    check_needles("~u \"abc(foo|bar)+def\"",
                  "('abc' & ('foo' | 'bar') & 'def')");
    check_needles("~u \"(abc(def(ghi)))\"", "'abcdefghi'");
    check_needles("~u \"(?i:abc)(?-i:def)\"", "'abcdef'");
    check_needles("~u \"foo(?=bar)...\"", "'foo'");
    check_needles("~u \"foo(?!bar)qux\"", "'fooqux'");
    check_needles("~u \"(?<=abc)def\"", "'def'");
    check_needles("~u \"(abc)\\\\1def\"", "('abc' & 'def')");
    check_needles("~u \"(abc)?(?(1)def|ghi)jkl\"", "'jkl'");
    check_needles("~u [abc]{3}", "any");
    check_needles("~u [^\\]]xyz[\\]]", "'xyz'");
}

static void letters_that_have_several_forms_are_not_certain(void **state)
{
    (void)state;
    check_needles("~u fooébar", "('foo' & 'bar')");
    check_needles("~b foo", "b'foo'");
    /* Bytes match themselves only. */
    check_needles("~b МОСКВА", "b'москва'");
    check_needles("~b МОСКВА+x", "b'москв'");
}

static void parts_of_lines_and_addresses_are_told_apart(void **state)
{
    (void)state;
    check_needles("~h \"content-type: text/html\"",
                  "('content-type' & 'text/html')");
    check_needles("~h \"x-test:\"", "'x-test'");
    check_needles("~h \". http://abc\"", "('http' & '//abc')");
    check_needles("~h \"abc\\\\r\\\\nserver\"", "('abc' & 'server')");
    check_needles("~src \"192\\\\.168\\\\.1\\\\.1:8080\"", "'192.168.1.1'");
    check_needles("~src 192.168.1.1:8080", "any"); /* or a port */
    check_needles("~dst example.com", "('example' & 'com')");
    check_needles("~dst :8080", "any");
    check_needles("~dst 808", "any");
}

static void many_alternatives_are_no_needles(void **state)
{
    (void)state;
    char expression[2000] = "~u aaa";
    for (int i = 0; i < 63; i++)
        sprintf(expression + strlen(expression), "|b%02d", i);
    struct mf_filter *filter = filter_of(expression);
    assert_int_equal(mf_filter_needles(filter)->kind, MF_NEEDLES_ONE_OF);
    mf_filter_unref(filter);
    strcat(expression, "|ccc");
    check_needles(expression, "any");
}

/* ---- what matches has its needles ---- */

static uint64_t random_state = 88172645463325252u;

static size_t random_below(size_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)((random_state >> 11) % below);
}

/* Few, so that a flow often has what an expression asks for. */
static const char *const words[] = {
    "foo",  "FOO", "bar", "Bar",  "42",     "a",  "b",      "ab",
    " ",    ": ",  ":",   "\r\n", "é",      "É",  "\u212a", "ſ",
    "k",    "s",   "ß",   "ẞ",    "http:",  "//", "\x01",   "\xff",
    "\xc3", "404", ".",   "-",    "москва", "МОС"};
enum { WORDS = sizeof words / sizeof *words };

enum { TEXT_MAX = 400 };

/* Returns `text`. */
static const char *random_text(char text[TEXT_MAX])
{
    text[0] = '\0';
    for (size_t i = random_below(7); i > 0; i--)
        strcat(text, words[random_below(WORDS)]);
    return text;
}

static void put_escaped(struct mf_buf *out, const char *word)
{
    for (; *word; word++) {
        if (strchr("\\^$.|?*+()[]{}", *word))
            mf_buf_append_byte(out, '\\');
        mf_buf_append_byte(out, (uint8_t)*word);
    }
}

static void put_string(struct mf_buf *out, const char *text)
{
    mf_buf_append(out, text, strlen(text));
}

static void random_regex(struct mf_buf *out, int depth);

static void random_atom(struct mf_buf *out, int depth)
{
    static const char *const classes[] = {".",     "\\w",    "\\d", "\\s",
                                          "[fb]",  "[^x]",   "\\S", "[a-z]",
                                          "\\x61", "[\\d:]", "\\W"};
    static const char *const anchors[] = {"^", "$", "\\b", "\\B", "\\A"};
    static const char *const groups[] = {
        "(", "(?:", "(?i:", "(?-i:", "(?=", "(?!", "(?>", "(?s:", "(?m-i:"};
    size_t kind = random_below(12);
    if (kind < 6 || depth > 3) {
        put_escaped(out, words[random_below(WORDS)]);
    } else if (kind < 8) {
        put_string(out, classes[random_below(sizeof classes / 8)]);
    } else if (kind == 8) {
        put_string(out, anchors[random_below(sizeof anchors / 8)]);
        return;
    } else {
        put_string(out, groups[random_below(sizeof groups / 8)]);
        random_regex(out, depth + 1);
        put_string(out, ")");
    }
    static const char *const repeats[] = {"?",     "*",    "+",  "{2}", "{0,2}",
                                          "{1,3}", "{1,}", "*?", "+?",  "?+"};
    if (random_below(4) == 0)
        put_string(out, repeats[random_below(sizeof repeats / 8)]);
}

static void random_regex(struct mf_buf *out, int depth)
{
    for (;;) {
        for (size_t i = 1 + random_below(3); i > 0; i--)
            random_atom(out, depth);
        if (random_below(5))
            break;
        put_string(out, "|");
    }
}

static void random_leaf(struct mf_buf *out)
{
    static const char *const operators[] = {
        "~b",  "~bq", "~bs",   "~h",       "~hq",   "~hs",     "~t",
        "~tq", "~ts", "~m",    "~d",       "~u",    "~src",    "~dst",
        "~b",  "~h",  "~meta", "~comment", "~note", "~marker", "~device"};
    struct mf_buf regex;
    mf_buf_init(&regex, SIZE_MAX);
    if (random_below(4) == 0) {
        char text[TEXT_MAX];
        put_string(&regex, random_text(text));
    } else {
        mf_buf_printf(out, "%s ",
                      operators[random_below(sizeof operators / 8)]);
        if (random_below(8) == 0)
            put_string(&regex, "(?s)");
        random_regex(&regex, 0);
    }
    mf_buf_append_byte(out, '"');
    for (size_t i = 0; i < regex.len; i++) {
        if (regex.data[i] == '\\' || regex.data[i] == '"')
            mf_buf_append_byte(out, '\\');
        mf_buf_append_byte(out, regex.data[i]);
    }
    mf_buf_append_byte(out, '"');
    mf_buf_release(&regex);
}

static void random_expression(struct mf_buf *out, int depth)
{
    size_t kind = random_below(8);
    if (kind < 5 || depth > 2) {
        random_leaf(out);
        return;
    }
    put_string(out, kind == 5 ? "!(" : "(");
    random_expression(out, depth + 1);
    if (kind > 5) {
        put_string(out, kind == 6 ? ") & (" : ") | (");
        random_expression(out, depth + 1);
    }
    put_string(out, ")");
}

struct random_sample {
    struct sample sample;
    char texts[14][TEXT_MAX];
};

static struct mf_record *random_record(void)
{
    static const enum mf_flow_type types[] = {MF_FLOW_HTTP, MF_FLOW_HTTP,
                                              MF_FLOW_DNS, MF_FLOW_TCP};
    struct random_sample random;
    char(*texts)[TEXT_MAX] = random.texts;
    for (size_t i = 0; i < 14; i++)
        random_text(texts[i]);
    random.sample = (struct sample){
        .type = types[random_below(4)],
        .id = "an-id",
        .method = texts[0],
        .url = texts[1],
        .pretty_url = random_below(2) ? texts[2] : NULL,
        .content_type = random_below(2) ? texts[3] : NULL,
        .request_content_type = random_below(2) ? texts[4] : NULL,
        .header = texts[5],
        .client_ip = texts[6],
        .client_port = 404,
        .server_host = texts[7],
        .server_port = 42,
        .message = texts[8],
        .request_body = texts[9],
        .is_websocket = random_below(4) == 0,
        .question = texts[10],
        .dns_answer = "foo4",
        .comment = texts[11],
        .metadata = texts[12],
        .note = texts[13],
        .source = "",
    };
    return record_of(&random.sample);
}

struct seen {
    const struct mf_needles *needle;
    bool found;
    bool has_binary;
};

static bool see(void *user, const struct mf_piece *piece)
{
    struct seen *seen = user;
    if (piece->kind == MF_PIECE_BINARY || piece->error)
        seen->has_binary = true;
    else if (piece->kind != MF_PIECE_OTHER)
        seen->found =
            seen->found || mf_fold_find(piece->text.text, piece->text.len,
                                        seen->needle->text, seen->needle->len);
    return false;
}

static bool finds_needle(struct mf_span text, const struct mf_needles *needle)
{
    return mf_fold_find(text.text, text.len, needle->text, needle->len);
}

static bool satisfied(const struct mf_needles *needles,
                      const struct mf_record *record)
{
    const struct mf_flow *flow = mf_record_flow(record);
    const char *note = mf_record_head(record)->note;
    struct seen seen = {.needle = needles};
    size_t count = 0;
    switch (needles->kind) {
    case MF_NEEDLES_ANY:
        return true;
    case MF_NEEDLES_TEXT:
        mf_flow_each_piece(flow, see, &seen);
        return seen.found || (needles->or_binary && seen.has_binary) ||
               finds_needle((struct mf_span){note, strlen(note)}, needles) ||
               finds_needle(mf_flow_id(flow), needles);
    default:
        for (size_t i = 0; i < needles->count; i++)
            count += satisfied(needles->items[i], record);
        return needles->kind == MF_NEEDLES_ALL_OF ? count == needles->count
                                                  : count > 0;
    }
}

/* Some expressions with a needle, and what came of them. */
static size_t matched, sieved;

static void try_expression(const char *text, size_t len)
{
    struct mf_filter *filter;
    if (mf_filter_parse(text, len, &filter, NULL))
        return; /* Python would refuse it too */
    const struct mf_needles *needles = mf_filter_needles(filter);
    for (size_t i = 0; needles->kind != MF_NEEDLES_ANY && i < 8; i++) {
        struct mf_record *record = random_record();
        bool has = satisfied(needles, record);
        if (mf_filter_match(filter, record, NULL)) {
            matched++;
            if (!has)
                fail_msg("a match without its needles: %.*s", (int)len, text);
        }
        sieved += !has;
        mf_record_unref(record);
    }
    mf_filter_unref(filter);
}

static void whatever_matches_has_its_needles(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct mf_buf expression;
        mf_buf_init(&expression, SIZE_MAX);
        random_expression(&expression, 0);
        try_expression((const char *)expression.data, expression.len);
        mf_buf_release(&expression);
    }
    assert_true(matched > 1000);
    assert_true(sieved > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_needles_when_they_are_long_enough),
        cmocka_unit_test(trees_keep_what_is_certain),
        cmocka_unit_test(literals_of_regular_expressions_are_needles),
        cmocka_unit_test(groups_keep_what_is_certain),
        cmocka_unit_test(letters_that_have_several_forms_are_not_certain),
        cmocka_unit_test(parts_of_lines_and_addresses_are_told_apart),
        cmocka_unit_test(many_alternatives_are_no_needles),
        cmocka_unit_test(whatever_matches_has_its_needles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
