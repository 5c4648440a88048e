/*
 * From an expression to a tree, by descent. The grammar is mitmproxy's
 * (mitmproxy/flowfilter.py), which ends a word only at blanks, quotes,
 * parentheses and ~.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "query/filter_impl.h"
#include "query/pattern.h"
#include "query/values.h"

struct parser {
    struct mf_filter *filter;
    const char *text;
    size_t len;
    size_t at;
    size_t depth;
    int64_t now_ns;
    struct mf_parse_notes *notes; /* NULL: nobody asks */
    struct mf_filter_fault *fault;
};

/* A word or a quoted text, with what quotes and backslashes stood for. */
struct word {
    const char *text;
    size_t len;
    size_t start;           /* where it is in the expression, with its quotes */
    const uint16_t *origin; /* of each byte, and of the end; NULL: from start */
};

/* Operands that wait for a group; grows. */
struct items {
    struct mf_buf buf;
};

static int fail(const struct parser *parser, size_t position, size_t len,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

static int fail(const struct parser *parser, size_t position, size_t len,
                const char *format, ...)
{
    parser->fault->position = position;
    parser->fault->len = len;
    va_list args;
    va_start(args, format);
    vsnprintf(parser->fault->text, sizeof parser->fault->text, format, args);
    va_end(args);
    return MF_EINVAL;
}

/* ---- notes ---- */

/* From `start` to here there is one of `kind`. */
static int note(const struct parser *parser, enum mf_token_kind kind,
                size_t start)
{
    const struct mf_token token = {kind, start, parser->at - start};
    return parser->notes
               ? mf_buf_append(&parser->notes->tokens, &token, sizeof token)
               : 0;
}

static int note_leaf(const struct parser *parser, const struct mf_term *term,
                     const struct mf_operator *op, struct mf_span operand)
{
    const struct mf_said said = {term, op, operand};
    return parser->notes
               ? mf_buf_append(&parser->notes->said, &said, sizeof said)
               : 0;
}

/* ---- words ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool ends_word(char c)
{
    return is_blank(c) || c == '(' || c == ')' || c == '~' || c == '\'' ||
           c == '"';
}

static bool is_sign(char c)
{
    return c == '&' || c == '|' || c == '!';
}

static void skip_blanks(struct parser *parser)
{
    while (parser->at < parser->len && is_blank(parser->text[parser->at]))
        parser->at++;
}

/* The next character after blanks; 0: the end. */
static char next_char(struct parser *parser)
{
    skip_blanks(parser);
    return parser->at < parser->len ? parser->text[parser->at] : '\0';
}

static size_t origin(const struct word *word, size_t offset)
{
    return word->origin ? word->origin[offset] : word->start + offset;
}

static char unescaped(char c)
{
    return c == 't'   ? '\t'
           : c == 'n' ? '\n'
           : c == 'f' ? '\f'
           : c == 'r' ? '\r'
                      : c;
}

static int quoted(struct parser *parser, struct word *ret_word)
{
    size_t start = parser->at, max = parser->len - start;
    char quote = parser->text[start];
    char *text = mf_arena_get(&parser->filter->arena, max);
    uint16_t *origins =
        mf_arena_get(&parser->filter->arena, (max + 1) * sizeof *origins);
    if (!text || !origins)
        return MF_ENOMEM;
    size_t len = 0, at = start + 1;
    for (; at < parser->len && parser->text[at] != quote; at++) {
        char c = parser->text[at];
        origins[len] = (uint16_t)at;
        if (c == '\\' && at + 1 < parser->len)
            c = unescaped(parser->text[++at]);
        else if (c == '\n' || c == '\r')
            break;
        text[len++] = c;
    }
    if (at == parser->len || parser->text[at] != quote)
        return fail(parser, start, at - start, "nothing closes the quote");
    origins[len] = (uint16_t)at;
    parser->at = at + 1;
    *ret_word = (struct word){text, len, start, origins};
    return 0;
}

static void plain(struct parser *parser, bool ends_at_sign,
                  struct word *ret_word)
{
    size_t start = parser->at;
    while (parser->at < parser->len && !ends_word(parser->text[parser->at]) &&
           !(ends_at_sign && is_sign(parser->text[parser->at])))
        parser->at++;
    *ret_word =
        (struct word){parser->text + start, parser->at - start, start, NULL};
}

/* *ret_word empty and without quotes: there is none. */
static int take_word(struct parser *parser, bool ends_at_sign,
                     struct word *ret_word)
{
    char c = next_char(parser);
    if (c == '"' || c == '\'')
        return quoted(parser, ret_word);
    plain(parser, ends_at_sign, ret_word);
    return 0;
}

/* ---- leaves ---- */

static int add_pattern(struct parser *parser, struct mf_pattern *pattern)
{
    struct mf_filter *filter = parser->filter;
    if (!filter->patterns)
        filter->patterns = mf_arena_get(
            &filter->arena, MF_FILTER_MAX_PATTERNS * sizeof *filter->patterns);
    if (!filter->patterns) {
        mf_pattern_release(pattern);
        return MF_ENOMEM;
    }
    filter->patterns[filter->pattern_count++] = pattern;
    return 0;
}

static int pattern_leaf(struct parser *parser, const struct mf_operator *op,
                        const struct word *word, struct mf_term *term)
{
    struct mf_regex_fault fault;
    if (parser->filter->pattern_count == MF_FILTER_MAX_PATTERNS)
        return fail(parser, word->start, parser->at - word->start,
                    "more than %d regular expressions", MF_FILTER_MAX_PATTERNS);
    int rc = mf_pattern_make(word->text, word->len, &op->pattern,
                             &parser->filter->arena, &term->pattern, &fault);
    if (rc == MF_EINVAL) {
        size_t from = origin(word, fault.position);
        size_t to = origin(word, fault.position + fault.len);
        return fail(parser, from, to - from, "regular expression: %s",
                    fault.text);
    }
    return rc ? rc : add_pattern(parser, term->pattern);
}

/* `> 10k` is one value, as `>10k` is. */
static int take_value(struct parser *parser, struct word *ret_word)
{
    int rc = take_word(parser, true, ret_word);
    if (rc || ret_word->origin || !ret_word->len ||
        !strchr("<>=", ret_word->text[ret_word->len - 1]) || !next_char(parser))
        return rc;
    struct word more;
    size_t start = ret_word->start;
    plain(parser, true, &more);
    *ret_word =
        (struct word){parser->text + start, parser->at - start, start, NULL};
    return 0;
}

static int value_leaf(struct parser *parser, const struct word *word,
                      struct mf_term *term)
{
    struct mf_value_fault fault;
    int rc = mf_value_parse(term->kind, word->text, word->len, parser->now_ns,
                            &term->range, &fault);
    if (rc != MF_EINVAL)
        return rc;
    size_t from = origin(word, fault.position);
    size_t to = origin(word, fault.position + fault.len);
    return fail(parser, from, to - from, "%s", fault.text);
}

static int text_leaf(struct parser *parser, enum mf_term_kind kind,
                     const struct word *word, struct mf_term **ret_term)
{
    int rc =
        mf_filter__text(parser->filter, kind, word->text, word->len, ret_term);
    return rc == MF_EINVAL ? fail(parser, word->start, parser->at - word->start,
                                  "too long a text")
                           : rc;
}

static int take_operand(struct parser *parser, const struct mf_operator *op,
                        size_t start, struct word *ret_word)
{
    int rc = op->operand == MF_OPERAND_VALUE
                 ? take_value(parser, ret_word)
                 : take_word(parser, false, ret_word);
    if (rc || ret_word->len || ret_word->origin)
        return rc;
    return fail(parser, start, parser->at - start,
                next_char(parser) == '('
                    ? "~%s: put what has parentheses in quotes"
                    : "~%s: a value must follow",
                op->name);
}

/* What follows the name of `op`, which begins at `start`. */
static int operand_of(struct parser *parser, const struct mf_operator *op,
                      size_t start, struct mf_term **ret_term)
{
    bool is_pattern = op->operand == MF_OPERAND_PATTERN;
    struct word word;
    int rc = take_operand(parser, op, start, &word);
    if (!rc && op->operand == MF_OPERAND_TEXT)
        rc = text_leaf(parser, op->kind, &word, ret_term);
    else if (!rc)
        rc = is_pattern ? pattern_leaf(parser, op, &word, *ret_term)
                        : value_leaf(parser, &word, *ret_term);
    if (!rc)
        rc = note(parser, is_pattern ? MF_TOKEN_REGEX : MF_TOKEN_VALUE,
                  word.start);
    return rc ? rc
              : note_leaf(parser, *ret_term, op,
                          (struct mf_span){word.text, word.len});
}

/* `at` is at the ~. */
static int operator_leaf(struct parser *parser, struct mf_term **ret_term)
{
    size_t start = parser->at++, name_start = parser->at;
    while (parser->at < parser->len &&
           isalnum((unsigned char)parser->text[parser->at]))
        parser->at++;
    size_t len = parser->at - name_start;
    const struct mf_operator *op =
        mf_operator_find(parser->text + name_start, len);
    char after = parser->at < parser->len ? parser->text[parser->at] : ' ';
    /* A name ends where printable ASCII does. */
    bool has_end = ends_word(after) || is_sign(after) || after < ' ' ||
                   after == 0x7f || (unsigned char)after >= 0x80;
    if (!op || !has_end) {
        while (parser->at < parser->len && !ends_word(after)) {
            parser->at++;
            after = parser->at < parser->len ? parser->text[parser->at] : ' ';
        }
        return fail(parser, start, parser->at - start, "no such operator");
    }
    struct mf_term *term = mf_filter__term(parser->filter, op->kind);
    if (!term)
        return MF_ENOMEM;
    if (op->kind == MF_TERM_TYPES)
        term->types = op->types;
    int rc = note(parser, MF_TOKEN_OPERATOR, start);
    if (!rc)
        rc = op->operand == MF_OPERAND_NONE
                 ? note_leaf(parser, term, op, (struct mf_span){0})
                 : operand_of(parser, op, start, &term);
    *ret_term = term;
    return rc;
}

static int bare_word(struct parser *parser, struct mf_term **ret_term)
{
    struct word word;
    int rc = take_word(parser, false, &word);
    if (!rc)
        rc = text_leaf(parser, MF_TERM_TEXT, &word, ret_term);
    if (!rc)
        rc = note(parser, MF_TOKEN_WORD, word.start);
    return rc ? rc
              : note_leaf(parser, *ret_term, NULL,
                          (struct mf_span){word.text, word.len});
}

/* ---- groups ---- */

static int sequence(struct parser *parser, struct mf_term **ret_term);

static int deeper(struct parser *parser)
{
    if (++parser->depth <= MF_EXPRESSION_MAX_DEPTH)
        return 0;
    return fail(parser, parser->at, 1, "nested too deep");
}

static int parenthesis(struct parser *parser, struct mf_term **ret_term)
{
    size_t open = parser->at++;
    int rc = note(parser, MF_TOKEN_PAREN, open);
    if (!rc)
        rc = deeper(parser);
    if (!rc && next_char(parser) == ')')
        return fail(parser, open, parser->at + 1 - open,
                    "nothing in the parentheses");
    if (!rc)
        rc = sequence(parser, ret_term);
    if (!rc && next_char(parser) != ')')
        return fail(parser, open, 1, "nothing closes (");
    size_t close = parser->at++;
    parser->depth--;
    return rc ? rc : note(parser, MF_TOKEN_PAREN, close);
}

static int operand(struct parser *parser, struct mf_term **ret_term);

static int negation(struct parser *parser, struct mf_term **ret_term)
{
    struct mf_term *item = NULL;
    size_t start = parser->at++;
    int rc = note(parser, MF_TOKEN_CONNECTIVE, start);
    if (!rc)
        rc = deeper(parser);
    if (!rc && !next_char(parser))
        return fail(parser, start, 1, "something must follow !");
    if (!rc)
        rc = operand(parser, &item);
    parser->depth--;
    if (rc)
        return rc;
    *ret_term = mf_filter__not(parser->filter, item);
    return *ret_term ? 0 : MF_ENOMEM;
}

static int operand(struct parser *parser, struct mf_term **ret_term)
{
    char c = next_char(parser);
    if (c == '!')
        return negation(parser, ret_term);
    if (c == '(')
        return parenthesis(parser, ret_term);
    if (c == '~')
        return operator_leaf(parser, ret_term);
    if (c == '&' || c == '|')
        return fail(parser, parser->at, 1,
                    "nothing before %c (in quotes it is text)", c);
    if (c == ')')
        return fail(parser, parser->at, 1, "nothing opened before )");
    return bare_word(parser, ret_term);
}

static int add_item(struct items *items, const struct mf_term *term)
{
    return mf_buf_append(&items->buf, &term, sizeof term);
}

static int end_items(struct parser *parser, enum mf_term_kind kind,
                     struct items *items, int rc, struct mf_term **ret_term)
{
    if (!rc) {
        *ret_term = mf_filter__group(
            parser->filter, kind,
            (const struct mf_term *const *)(void *)items->buf.data,
            items->buf.len / sizeof(struct mf_term *));
        rc = *ret_term ? 0 : MF_ENOMEM;
    }
    mf_buf_release(&items->buf);
    return rc;
}

/* `a & b & c` of `part`s; && is & too. */
static int infix(struct parser *parser, char sign, enum mf_term_kind kind,
                 int (*part)(struct parser *parser, struct mf_term **ret_term),
                 struct mf_term **ret_term)
{
    struct items items;
    struct mf_term *term;
    mf_buf_init(&items.buf, SIZE_MAX);
    int rc = part(parser, &term);
    if (!rc)
        rc = add_item(&items, term);
    while (!rc && next_char(parser) == sign) {
        size_t start = parser->at++;
        if (parser->at < parser->len && parser->text[parser->at] == sign)
            parser->at++;
        rc = note(parser, MF_TOKEN_CONNECTIVE, start);
        if (!rc && !next_char(parser))
            rc = fail(parser, start, 1, "something must follow %c", sign);
        if (!rc)
            rc = part(parser, &term);
        if (!rc)
            rc = add_item(&items, term);
    }
    return end_items(parser, kind, &items, rc, ret_term);
}

static int conjunction(struct parser *parser, struct mf_term **ret_term)
{
    return infix(parser, '&', MF_TERM_AND, operand, ret_term);
}

static int disjunction(struct parser *parser, struct mf_term **ret_term)
{
    return infix(parser, '|', MF_TERM_OR, conjunction, ret_term);
}

/* Side by side all must hold; this binds less than | does. */
static int sequence(struct parser *parser, struct mf_term **ret_term)
{
    struct items items;
    struct mf_term *term;
    mf_buf_init(&items.buf, SIZE_MAX);
    int rc = 0;
    for (char c; !rc && (c = next_char(parser)) && c != ')';) {
        rc = disjunction(parser, &term);
        if (!rc)
            rc = add_item(&items, term);
    }
    return end_items(parser, MF_TERM_AND, &items, rc, ret_term);
}

int mf_filter__parse(struct mf_filter *filter, const char *text, size_t len,
                     struct mf_parse_notes *notes,
                     const struct mf_term **ret_term,
                     struct mf_filter_fault *ret_fault)
{
    struct parser parser = {
        .filter = filter,
        .text = text,
        .len = len,
        .now_ns = mf_clock_wall_ns(),
        .notes = notes,
        .fault = ret_fault,
    };
    struct mf_term *term = NULL;
    if (len > MF_EXPRESSION_MAX_LEN)
        return fail(&parser, MF_EXPRESSION_MAX_LEN, len - MF_EXPRESSION_MAX_LEN,
                    "longer than %d bytes", MF_EXPRESSION_MAX_LEN);
    if (!mf_utf8_valid(text, len) || (len && memchr(text, '\0', len)))
        return fail(&parser, 0, len, "not text");
    int rc = sequence(&parser, &term);
    if (!rc && parser.at < len)
        return fail(&parser, parser.at, 1, "nothing opened before )");
    *ret_term = term;
    return rc;
}
