/* Groups, flags and repeats. */
#include "query/regex.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "query/regex_impl.h"

enum {
    DEPTH_MAX = 100,
    REPEAT_MAX = 65535, /* PCRE2's */
    GROUPS_MAX = 1000,
};

void mf_regex__fail(struct mf_regex *regex, size_t position, size_t len,
                    const char *format, ...)
{
    if (regex->rc)
        return;
    regex->rc = MF_EINVAL;
    regex->fault->position = position;
    regex->fault->len = len;
    va_list args;
    va_start(args, format);
    vsnprintf(regex->fault->text, sizeof regex->fault->text, format, args);
    va_end(args);
}

void mf_regex__put(struct mf_regex *regex, const char *format, ...)
{
    char text[64];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!regex->rc)
        regex->rc = mf_buf_append(regex->out, text, (size_t)len);
}

void mf_regex__put_reference(struct mf_regex *regex, size_t group, size_t start)
{
    if (group == 0 || group > regex->closed.len)
        mf_regex__fail(regex, start, regex->at - start,
                       "there is no group %zu before this", group);
    else if (!regex->closed.data[group - 1])
        mf_regex__fail(regex, start, regex->at - start,
                       "group %zu has not ended here", group);
    else
        mf_regex__put(regex, "\\g{%zu}", group);
}

static void alternatives(struct mf_regex *regex, bool verbose,
                         size_t branches_max);

/* ---- repeats ---- */

/* `{m}`, `{m,}`, `{,n}`, `{m,n}`; false: a brace that means itself. */
static bool counts(struct mf_regex *regex)
{
    size_t start = regex->at, at = start + 1, first_at = at;
    uint64_t count[2] = {0, 0};
    bool has[2] = {false, false}, has_comma = false;
    for (int i = 0; i < 2; i++) {
        for (; at < regex->len && isdigit((unsigned char)regex->in[at]); at++) {
            has[i] = true;
            if (count[i] <= REPEAT_MAX)
                count[i] = count[i] * 10 + (uint64_t)(regex->in[at] - '0');
        }
        if (i == 0 && at < regex->len && regex->in[at] == ',') {
            has_comma = true;
            at++;
        } else if (i == 0) {
            break;
        }
    }
    if (at == regex->len || regex->in[at] != '}' || at == first_at)
        return false;
    regex->at = at + 1;
    if (count[0] > REPEAT_MAX || count[1] > REPEAT_MAX)
        mf_regex__fail(regex, start, regex->at - start, "at most %d repeats",
                       REPEAT_MAX);
    else if (has[0] && has[1] && count[1] < count[0])
        mf_regex__fail(regex, start, regex->at - start,
                       "the least is more than the most");
    else if (!has_comma)
        mf_regex__put(regex, "{%u}", (unsigned)count[0]);
    else if (has[1])
        mf_regex__put(regex, "{%u,%u}", (unsigned)count[0], (unsigned)count[1]);
    else
        mf_regex__put(regex, "{%u,}", (unsigned)count[0]);
    return true;
}

static void repeat(struct mf_regex *regex, enum mf_regex_item *item)
{
    size_t start = regex->at;
    char c = regex->in[start];
    if (c == '{') {
        if (!counts(regex)) {
            mf_regex__literal(regex);
            *item = MF_REGEX_ATOM;
            return;
        }
    } else {
        mf_regex__put(regex, "%c", c);
        regex->at++;
    }
    if (*item == MF_REGEX_NOTHING || *item == MF_REGEX_ANCHOR)
        mf_regex__fail(regex, start, regex->at - start, "nothing to repeat");
    else if (*item == MF_REGEX_REPEAT)
        mf_regex__fail(regex, start, regex->at - start, "a repeat of a repeat");
    int after = mf_regex__peek(regex, 0);
    if (after == '?' || after == '+') {
        mf_regex__put(regex, "%c", after);
        regex->at++;
    }
    *item = MF_REGEX_REPEAT;
}

/* ---- groups ---- */

static void close_group(struct mf_regex *regex, size_t open)
{
    if (mf_regex__peek(regex, 0) != ')') {
        mf_regex__fail(regex, open, 1, "nothing closes (");
        return;
    }
    regex->at++;
    mf_regex__put(regex, ")");
}

static void group(struct mf_regex *regex, size_t open, bool verbose,
                  const char *start)
{
    mf_regex__put(regex, "%s", start);
    alternatives(regex, verbose, SIZE_MAX);
    close_group(regex, open);
}

/* `number` of the new group; 0 after a failure. */
static size_t begin_capture(struct mf_regex *regex, size_t open)
{
    if (regex->closed.len == GROUPS_MAX)
        mf_regex__fail(regex, open, 1, "more than %d groups", GROUPS_MAX);
    if (!regex->rc)
        regex->rc = mf_buf_append_byte(&regex->closed, false);
    return regex->rc ? 0 : regex->closed.len;
}

static void capture(struct mf_regex *regex, size_t open, bool verbose,
                    size_t number)
{
    group(regex, open, verbose, "(");
    if (!regex->rc && number)
        regex->closed.data[number - 1] = true;
}

static bool is_name_byte(unsigned char c, bool is_first)
{
    return c == '_' || c >= 0x80 || (is_first ? isalpha(c) : isalnum(c));
}

/* Up to `end`, which is stepped over; *ret_len 0 after a failure. */
static const char *group_name(struct mf_regex *regex, char end, size_t *ret_len)
{
    size_t start = regex->at;
    const char *name = regex->in + start;
    const char *stop = memchr(name, end, regex->len - start);
    *ret_len = 0;
    if (!stop || stop == name) {
        mf_regex__fail(regex, start, stop ? 0 : regex->len - start,
                       stop ? "a name must be here" : "nothing ends the name");
        return name;
    }
    size_t len = (size_t)(stop - name);
    regex->at += len + 1;
    for (size_t i = 0; i < len; i++)
        if (!is_name_byte((unsigned char)name[i], i == 0) &&
            !isdigit((unsigned char)name[i])) {
            mf_regex__fail(regex, start, len, "not a name");
            return name;
        }
    *ret_len = len;
    return name;
}

static size_t find_name(const struct mf_regex *regex, const char *name,
                        size_t len)
{
    struct mf_regex_name found;
    for (size_t at = 0; at < regex->names.len; at += sizeof found) {
        memcpy(&found, regex->names.data + at, sizeof found);
        if (found.len == len && memcmp(regex->in + found.at, name, len) == 0)
            return found.group;
    }
    return 0;
}

static void named_group(struct mf_regex *regex, size_t open, bool verbose)
{
    size_t len;
    const char *name = group_name(regex, '>', &len);
    if (!regex->rc && isdigit((unsigned char)name[0]))
        mf_regex__fail(regex, (size_t)(name - regex->in), len, "not a name");
    if (!regex->rc && find_name(regex, name, len))
        mf_regex__fail(regex, (size_t)(name - regex->in), len,
                       "a second group of this name");
    size_t number = begin_capture(regex, open);
    struct mf_regex_name entry = {(size_t)(name - regex->in), len, number};
    if (!regex->rc)
        regex->rc = mf_buf_append(&regex->names, &entry, sizeof entry);
    capture(regex, open, verbose, number);
}

static void named_reference(struct mf_regex *regex, size_t open)
{
    size_t len;
    const char *name = group_name(regex, ')', &len);
    size_t number = regex->rc ? 0 : find_name(regex, name, len);
    if (!number)
        mf_regex__fail(regex, (size_t)(name - regex->in), len,
                       "no group of this name before this");
    else
        mf_regex__put_reference(regex, number, open);
}

static void python_group(struct mf_regex *regex, size_t open, bool verbose,
                         enum mf_regex_item *item)
{
    int c = mf_regex__peek(regex, 0);
    *item = MF_REGEX_ATOM;
    if (c == '<' || c == '=')
        regex->at++;
    if (c == '<')
        named_group(regex, open, verbose);
    else if (c == '=')
        named_reference(regex, open);
    else
        mf_regex__fail(regex, open, 3, "after (?P comes < or =");
}

static void conditional(struct mf_regex *regex, size_t open, bool verbose)
{
    size_t len, number = 0, start = regex->at;
    const char *name = group_name(regex, ')', &len);
    if (!regex->rc && isdigit((unsigned char)name[0])) {
        for (size_t i = 0; i < len && number <= GROUPS_MAX; i++) {
            if (!isdigit((unsigned char)name[i]))
                mf_regex__fail(regex, start, len, "not a name");
            number = number * 10 + (size_t)(name[i] - '0');
        }
    } else if (!regex->rc) {
        number = find_name(regex, name, len);
    }
    if (number == 0 || number > GROUPS_MAX)
        mf_regex__fail(regex, start, len, "there is no such group");
    mf_regex__put(regex, "(?(%zu)", number);
    alternatives(regex, verbose, 2);
    close_group(regex, open);
}

static void comment(struct mf_regex *regex, size_t open)
{
    const char *end =
        memchr(regex->in + regex->at, ')', regex->len - regex->at);
    if (!end)
        mf_regex__fail(regex, open, regex->len - open,
                       "nothing closes the comment");
    else
        regex->at = (size_t)(end - regex->in) + 1;
}

/* ---- flags ---- */

struct flags {
    char on[8];
    char off[8];
};

static bool has_flag(const char *flags, char flag)
{
    return strchr(flags, flag) != NULL;
}

/* Letters up to one that is none. */
static void flag_letters(struct mf_regex *regex, char *letters)
{
    static const char known[] = "imsxauL";
    size_t count = 0;
    for (int c; (c = mf_regex__peek(regex, 0)) > 0 && isalpha(c); regex->at++) {
        if (!has_flag(known, (char)c))
            mf_regex__fail(regex, regex->at, 1, "unknown flag %c", c);
        else if (c == 'L')
            mf_regex__fail(regex, regex->at, 1, "there is no locale to go by");
        else if (c == 'u' && regex->pattern->is_bytes)
            mf_regex__fail(regex, regex->at, 1,
                           "bytes are searched here: flag u is for text");
        else if (!has_flag(letters, (char)c) && count < sizeof known - 1)
            letters[count++] = (char)c;
        if (regex->rc)
            return;
    }
    if (has_flag(letters, 'a') && has_flag(letters, 'u'))
        mf_regex__fail(regex, regex->at, 0, "flags a and u exclude each other");
}

static void whole_flags(struct mf_regex *regex, size_t open, const char *on,
                        bool is_first, bool *verbose)
{
    struct mf_pattern *pattern = regex->pattern;
    if (!is_first)
        mf_regex__fail(regex, open, regex->at - open,
                       "flags for the whole belong at its start");
    pattern->is_multiline |= has_flag(on, 'm');
    pattern->is_dotall |= has_flag(on, 's');
    pattern->is_ascii |= has_flag(on, 'a');
    *verbose |= has_flag(on, 'x');
}

static void flagged_group(struct mf_regex *regex, size_t open,
                          const struct flags *flags, bool verbose)
{
    char start[16] = "(?";
    size_t len = 2;
    if (has_flag(flags->off, 'a') || has_flag(flags->off, 'u'))
        mf_regex__fail(regex, open, regex->at - open,
                       "flags a and u cannot be turned off");
    if (has_flag(flags->on, 'a') && !regex->pattern->is_bytes)
        mf_regex__fail(regex, open, regex->at - open,
                       "flag a is for the whole expression here");
    if (has_flag(flags->on, 'u') && regex->pattern->is_ascii)
        mf_regex__fail(regex, open, regex->at - open,
                       "flag u does not undo flag a here");
    for (const char *flag = "ims"; *flag; flag++)
        if (has_flag(flags->on, *flag))
            start[len++] = *flag;
    if (strpbrk(flags->off, "ims"))
        start[len++] = '-';
    for (const char *flag = "ims"; *flag; flag++)
        if (has_flag(flags->off, *flag))
            start[len++] = *flag;
    start[len++] = ':';
    for (const char *flag = "imsx"; *flag; flag++)
        if (has_flag(flags->on, *flag) && has_flag(flags->off, *flag))
            mf_regex__fail(regex, open, regex->at - open,
                           "flag %c is turned on and off", *flag);
    verbose =
        (verbose || has_flag(flags->on, 'x')) && !has_flag(flags->off, 'x');
    group(regex, open, verbose, start);
}

static void flags_or_group(struct mf_regex *regex, size_t open, bool is_first,
                           bool *verbose, enum mf_regex_item *item)
{
    struct flags flags = {"", ""};
    flag_letters(regex, flags.on);
    int c = mf_regex__peek(regex, 0);
    if (c == ')' && flags.on[0]) {
        regex->at++;
        whole_flags(regex, open, flags.on, is_first, verbose);
        return;
    }
    if (c == '-') {
        regex->at++;
        flag_letters(regex, flags.off);
        c = flags.off[0] ? mf_regex__peek(regex, 0) : -1;
    }
    if (c != ':') {
        mf_regex__fail(regex, open, regex->at - open,
                       "(? begins nothing that is known");
        return;
    }
    regex->at++;
    flagged_group(regex, open, &flags, *verbose);
    *item = MF_REGEX_ATOM;
}

static void look_behind(struct mf_regex *regex, size_t open, bool verbose)
{
    int c = mf_regex__peek(regex, 0);
    if (c != '=' && c != '!') {
        mf_regex__fail(regex, open, 3,
                       "after (?< comes = or !; a name is given by (?P<");
        return;
    }
    regex->at++;
    group(regex, open, verbose, c == '=' ? "(?<=" : "(?<!");
}

static void parenthesis(struct mf_regex *regex, bool is_first, bool *verbose,
                        enum mf_regex_item *item)
{
    size_t open = regex->at++;
    if (mf_regex__peek(regex, 0) != '?') {
        *item = MF_REGEX_ATOM;
        capture(regex, open, *verbose, begin_capture(regex, open));
        return;
    }
    int c = mf_regex__peek(regex, 1);
    regex->at += 2;
    if (c < 0) {
        regex->at = regex->len;
        mf_regex__fail(regex, open, 2, "something must follow (?");
    } else if (c == '#') {
        comment(regex, open);
    } else if (c == 'P') {
        python_group(regex, open, *verbose, item);
    } else if (c == ':' || c == '=' || c == '!' || c == '>') {
        char start[] = {'(', '?', (char)c, '\0'};
        *item = MF_REGEX_ATOM;
        group(regex, open, *verbose, start);
    } else if (c == '<') {
        *item = MF_REGEX_ATOM;
        look_behind(regex, open, *verbose);
    } else if (c == '(') {
        *item = MF_REGEX_ATOM;
        conditional(regex, open, *verbose);
    } else {
        regex->at--;
        flags_or_group(regex, open, is_first, verbose, item);
    }
}

/* ---- the whole ---- */

/* Blanks and comments of a free-spacing expression. */
static bool skip_blank(struct mf_regex *regex)
{
    int c = mf_regex__peek(regex, 0);
    if (c == '#') {
        const char *end =
            memchr(regex->in + regex->at, '\n', regex->len - regex->at);
        regex->at = end ? (size_t)(end - regex->in) : regex->len;
        return true;
    }
    if (c <= 0 || !strchr(" \t\n\r\v\f", c))
        return false;
    regex->at++;
    return true;
}

/* `*verbose` may be turned on by flags at the start of the whole. */
static void branch(struct mf_regex *regex, bool is_first, bool *verbose)
{
    enum mf_regex_item item = MF_REGEX_NOTHING;
    while (!regex->rc) {
        int c = mf_regex__peek(regex, 0);
        if (c < 0 || c == '|' || c == ')')
            return;
        if (*verbose && skip_blank(regex))
            continue;
        if (c == '(') {
            parenthesis(regex, is_first && item == MF_REGEX_NOTHING, verbose,
                        &item);
        } else if (c == '*' || c == '+' || c == '?' || c == '{') {
            repeat(regex, &item);
        } else if (c == '\\') {
            item = mf_regex__escape(regex);
        } else if (c == '[') {
            mf_regex__set(regex);
            item = MF_REGEX_ATOM;
        } else if (c == '.' || c == '^' || c == '$') {
            mf_regex__put(regex, "%c", c);
            regex->at++;
            item = c == '.' ? MF_REGEX_ATOM : MF_REGEX_ANCHOR;
        } else {
            mf_regex__literal(regex);
            /* What follows may repeat the whole character. */
            while (!regex->pattern->is_bytes && mf_regex__peek(regex, 0) > 0 &&
                   (mf_regex__peek(regex, 0) & 0xc0) == 0x80)
                mf_regex__literal(regex);
            item = MF_REGEX_ATOM;
        }
    }
}

static void alternatives(struct mf_regex *regex, bool verbose,
                         size_t branches_max)
{
    if (++regex->depth > DEPTH_MAX)
        mf_regex__fail(regex, regex->at, 0, "groups are nested too deep");
    bool is_whole = regex->depth == 1;
    for (size_t count = 1; !regex->rc; count++) {
        branch(regex, is_whole && count == 1, &verbose);
        if (mf_regex__peek(regex, 0) != '|')
            break;
        if (count == branches_max)
            mf_regex__fail(regex, regex->at, 1,
                           "a condition has at most two branches");
        mf_regex__put(regex, "|");
        regex->at++;
    }
    regex->depth--;
}

int mf_regex_translate(const char *text, size_t len, struct mf_pattern *pattern,
                       struct mf_buf *out, struct mf_regex_fault *ret_fault)
{
    struct mf_regex_fault fault = {0};
    struct mf_regex regex = {
        .in = text,
        .len = len,
        .pattern = pattern,
        .out = out,
        .fault = &fault,
    };
    mf_buf_init(&regex.closed, SIZE_MAX);
    mf_buf_init(&regex.names, SIZE_MAX);
    alternatives(&regex, false, SIZE_MAX);
    if (!regex.rc && regex.at < len)
        mf_regex__fail(&regex, regex.at, 1, "nothing opened before )");
    mf_buf_release(&regex.closed);
    mf_buf_release(&regex.names);
    if (regex.rc == MF_EINVAL)
        *ret_fault = fault;
    return regex.rc;
}
