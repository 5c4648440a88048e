/* Literals, escapes and sets. */
#include <ctype.h>
#include <string.h>

#include "query/regex_impl.h"

enum {
    OCTAL_MAX = 0377,
    UNICODE_MAX = 0x10ffff,
    SURROGATE_FIRST = 0xd800,
    SURROGATE_LAST = 0xdfff,
};

static bool is_alnum(int c)
{
    return c >= 0 && c < 0x80 && isalnum(c);
}

static bool is_letter(int c)
{
    return c >= 0 && c < 0x80 && isalpha(c);
}

static bool is_octal(int c)
{
    return c >= '0' && c <= '7';
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

void mf_regex__literal(struct mf_regex *regex)
{
    char c = regex->in[regex->at++];
    unsigned char byte = (unsigned char)c;
    if (byte < ' ' || byte == 0x7f)
        mf_regex__put(regex, "\\x{%x}", byte);
    else if (strchr("\\^$.|?*+()[]{}#-", c))
        mf_regex__put(regex, "\\%c", c);
    else
        mf_regex__put(regex, "%c", c);
}

/* ---- escapes ---- */

/* `\x41`, `\u0041`, `\U00000041`: exactly `digits` digits. */
static uint32_t hex_escape(struct mf_regex *regex, size_t start, size_t digits)
{
    uint32_t value = 0;
    size_t count = 0;
    for (; count < digits && mf_regex__peek(regex, 0) >= 0 &&
           isxdigit(mf_regex__peek(regex, 0));
         count++) {
        int c = regex->in[regex->at++];
        value = value << 4 |
                (uint32_t)(is_digit(c) ? c - '0' : tolower(c) - 'a' + 10);
    }
    if (count < digits)
        mf_regex__fail(regex, start, regex->at - start,
                       "%zu hexadecimal digits must follow", digits);
    else if (value > UNICODE_MAX ||
             (value >= SURROGATE_FIRST && value <= SURROGATE_LAST))
        mf_regex__fail(regex, start, regex->at - start, "no such character");
    return value;
}

static uint32_t octal_escape(struct mf_regex *regex, size_t start,
                             size_t digits_max)
{
    uint32_t value = 0;
    for (size_t i = 0; i < digits_max && is_octal(mf_regex__peek(regex, 0));
         i++)
        value = value << 3 | (uint32_t)(regex->in[regex->at++] - '0');
    if (value > OCTAL_MAX)
        mf_regex__fail(regex, start, regex->at - start,
                       "an octal escape is at most \\377");
    return value;
}

static void fail_escape(struct mf_regex *regex, size_t start)
{
    mf_regex__fail(regex, start, 2, "unknown escape \\%c",
                   regex->in[start + 1]);
}

/*
 * The escapes that mean one character and are the same inside and outside a
 * set; `at` is behind the letter `c`. False: it is none of them.
 */
static bool character_escape(struct mf_regex *regex, size_t start, int c,
                             uint32_t *ret_value)
{
    static const char letters[] = "afnrtv", values[] = "\a\f\n\r\t\v";
    const char *found = c > 0 ? strchr(letters, c) : NULL;
    if (found)
        *ret_value = (uint32_t)values[found - letters];
    else if (c == 'x')
        *ret_value = hex_escape(regex, start, 2);
    else if ((c == 'u' || c == 'U') && !regex->pattern->is_bytes)
        *ret_value = hex_escape(regex, start, c == 'u' ? 4 : 8);
    else if (c == 'N' && !regex->pattern->is_bytes)
        mf_regex__fail(regex, start, 2, "named characters are not supported");
    else
        return false;
    return true;
}

/* `\1` to `\99`, or an octal escape of three digits. */
static enum mf_regex_item number_escape(struct mf_regex *regex, size_t start)
{
    int first = mf_regex__peek(regex, 0);
    if (is_octal(first) && is_octal(mf_regex__peek(regex, 1)) &&
        is_octal(mf_regex__peek(regex, 2))) {
        mf_regex__put(regex, "\\x{%x}", octal_escape(regex, start, 3));
        return MF_REGEX_ATOM;
    }
    size_t group = (size_t)(first - '0');
    regex->at++;
    if (is_digit(mf_regex__peek(regex, 0)))
        group = group * 10 + (size_t)(regex->in[regex->at++] - '0');
    mf_regex__put_reference(regex, group, start);
    return MF_REGEX_ATOM;
}

/* A character that was escaped only so that it means itself. */
static void put_character(struct mf_regex *regex, size_t start)
{
    regex->at = start + 1;
    mf_regex__literal(regex);
    while (!regex->pattern->is_bytes &&
           (mf_regex__peek(regex, 0) & 0xc0) == 0x80 &&
           mf_regex__peek(regex, 0) >= 0)
        mf_regex__literal(regex);
}

enum mf_regex_item mf_regex__escape(struct mf_regex *regex)
{
    size_t start = regex->at++;
    uint32_t value = 0;
    int c = mf_regex__peek(regex, 0);
    if (c < 0) {
        mf_regex__fail(regex, start, 1, "something must follow \\");
        return MF_REGEX_NOTHING;
    }
    if (c >= '1' && c <= '9')
        return number_escape(regex, start);
    regex->at++;
    if (c == '0') {
        regex->at--;
        mf_regex__put(regex, "\\x{%x}", octal_escape(regex, start, 3));
    } else if (character_escape(regex, start, c, &value)) {
        mf_regex__put(regex, "\\x{%x}", value);
    } else if (c == 'A' || c == 'b' || c == 'B') {
        mf_regex__put(regex, "\\%c", c);
        return MF_REGEX_ANCHOR;
    } else if (c == 'Z') {
        mf_regex__put(regex, "\\z");
        return MF_REGEX_ANCHOR;
    } else if (c && strchr("dDsSwW", c)) {
        mf_regex__put(regex, "\\%c", c);
    } else if (is_letter(c)) {
        fail_escape(regex, start);
    } else {
        put_character(regex, start);
    }
    return MF_REGEX_ATOM;
}

/* ---- sets ---- */

/* A member: one character, or a class such as \d. */
struct member {
    bool is_class;
    uint32_t value; /* the character, or the class's letter */
};

static uint32_t next_character(struct mf_regex *regex)
{
    unsigned char first = (unsigned char)regex->in[regex->at++];
    if (regex->pattern->is_bytes || first < 0xc0)
        return first;
    uint32_t value = first & (first < 0xe0 ? 0x1f : first < 0xf0 ? 0x0f : 0x07);
    while (mf_regex__peek(regex, 0) >= 0 &&
           (mf_regex__peek(regex, 0) & 0xc0) == 0x80)
        value = value << 6 | (regex->in[regex->at++] & 0x3fU);
    return value;
}

static struct member set_escape(struct mf_regex *regex)
{
    size_t start = regex->at++;
    struct member member = {0};
    int c = mf_regex__peek(regex, 0);
    if (c < 0) {
        mf_regex__fail(regex, start, 1, "something must follow \\");
        return member;
    }
    if (is_octal(c)) {
        member.value = octal_escape(regex, start, 3);
        return member;
    }
    regex->at++;
    if (character_escape(regex, start, c, &member.value))
        return member;
    if (c == 'b') {
        member.value = '\b';
    } else if (c && strchr("dDsSwW", c)) {
        member = (struct member){.is_class = true, .value = (uint32_t)c};
    } else if (is_alnum(c)) {
        fail_escape(regex, start);
    } else {
        regex->at--;
        member.value = next_character(regex);
    }
    return member;
}

static struct member next_member(struct mf_regex *regex)
{
    if (mf_regex__peek(regex, 0) == '\\')
        return set_escape(regex);
    return (struct member){.value = next_character(regex)};
}

static void put_member(struct mf_regex *regex, struct member member)
{
    int c = member.value < 0x80 ? (int)member.value : -1;
    if (member.is_class)
        mf_regex__put(regex, "\\%c", c);
    else if (is_alnum(c) || c == '_')
        mf_regex__put(regex, "%c", c);
    else
        mf_regex__put(regex, "\\x{%x}", member.value);
}

static void range(struct mf_regex *regex, struct member first, size_t start)
{
    struct member last = next_member(regex);
    if (first.is_class || last.is_class || last.value < first.value) {
        mf_regex__fail(regex, start, regex->at - start,
                       "not a range of characters");
        return;
    }
    put_member(regex, first);
    mf_regex__put(regex, "-");
    put_member(regex, last);
}

void mf_regex__set(struct mf_regex *regex)
{
    size_t open = regex->at++;
    bool is_first = true;
    mf_regex__put(regex, "[");
    if (mf_regex__peek(regex, 0) == '^') {
        mf_regex__put(regex, "^");
        regex->at++;
    }
    while (!regex->rc) {
        size_t start = regex->at;
        int c = mf_regex__peek(regex, 0);
        if (c < 0) {
            mf_regex__fail(regex, open, 1, "nothing closes [");
            return;
        }
        if (c == ']' && !is_first)
            break;
        is_first = false;
        struct member member = next_member(regex);
        int after = mf_regex__peek(regex, 1);
        if (mf_regex__peek(regex, 0) == '-' && after >= 0 && after != ']') {
            regex->at++;
            range(regex, member, start);
        } else {
            put_member(regex, member);
        }
    }
    regex->at++;
    mf_regex__put(regex, "]");
}
