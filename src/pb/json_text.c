#include "pb/json_text.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

struct scan {
    const char *start, *at, *end;
    const char *fault; /* NULL: none yet */
    unsigned depth, values;
    bool is_object[MF_JSON_DEPTH_MAX];
};

static bool fail(struct scan *scan, const char *fault)
{
    if (!scan->fault)
        scan->fault = scan->at == scan->end ? "the text ends too early" : fault;
    return false;
}

/* The next byte, or NUL at the end. NUL itself is nowhere allowed. */
static char peek(const struct scan *scan)
{
    return scan->at < scan->end ? *scan->at : '\0';
}

static bool skip(struct scan *scan, char byte)
{
    if (peek(scan) != byte)
        return false;
    scan->at++;
    return true;
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->end && memchr(" \t\n\r", *scan->at, 4))
        scan->at++;
}

/* ---- Scalars ---- */

static bool skip_digits(struct scan *scan)
{
    const char *from = scan->at;
    while (peek(scan) >= '0' && peek(scan) <= '9')
        scan->at++;
    return scan->at > from || fail(scan, "expected a digit");
}

static bool number(struct scan *scan)
{
    skip(scan, '-');
    if (!skip(scan, '0') && !skip_digits(scan))
        return false;
    if (skip(scan, '.') && !skip_digits(scan))
        return false;
    if (skip(scan, 'e') || skip(scan, 'E')) {
        if (!skip(scan, '+'))
            skip(scan, '-');
        return skip_digits(scan);
    }
    return true;
}

static bool word(struct scan *scan, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(scan->end - scan->at) < len ||
        memcmp(scan->at, text, len) != 0)
        return fail(scan, "expected a value");
    scan->at += len;
    return true;
}

static bool hex(struct scan *scan, unsigned *ret_value)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        char byte = peek(scan);
        if (byte >= '0' && byte <= '9')
            value = value << 4 | (unsigned)(byte - '0');
        else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
            value = value << 4 | (unsigned)((byte | 0x20) - 'a' + 10);
        else
            return fail(scan, "expected four hexadecimal digits");
        scan->at++;
    }
    *ret_value = value;
    return true;
}

/* What follows a backslash. */
static bool escape(struct scan *scan)
{
    unsigned high, low;
    if (!skip(scan, 'u')) {
        if (!peek(scan) || !strchr("\"\\/bfnrt", peek(scan)))
            return fail(scan, "unknown escape");
        scan->at++;
        return true;
    }
    if (!hex(scan, &high))
        return false;
    if (high < 0xd800 || high > 0xdfff)
        return true;
    if (high > 0xdbff || !skip(scan, '\\') || !skip(scan, 'u'))
        return fail(scan, "half of a surrogate pair");
    if (!hex(scan, &low))
        return false;
    return (low >= 0xdc00 && low <= 0xdfff) ||
           fail(scan, "half of a surrogate pair");
}

static bool string(struct scan *scan)
{
    if (!skip(scan, '"'))
        return fail(scan, "expected a string");
    for (;;) {
        while (scan->at < scan->end && (unsigned char)*scan->at >= 0x20 &&
               *scan->at != '"' && *scan->at != '\\')
            scan->at++;
        if (skip(scan, '"'))
            return true;
        if (!skip(scan, '\\'))
            return fail(scan, "a control character in a string");
        if (!escape(scan))
            return false;
    }
}

static bool scalar(struct scan *scan)
{
    switch (peek(scan)) {
    case '"':
        return string(scan);
    case 't':
        return word(scan, "true");
    case 'f':
        return word(scan, "false");
    case 'n':
        return word(scan, "null");
    case '-':
        return number(scan);
    default:
        if (peek(scan) >= '0' && peek(scan) <= '9')
            return number(scan);
        return fail(scan, "expected a value");
    }
}

/* ---- Objects and arrays ---- */

static bool key(struct scan *scan)
{
    skip_space(scan);
    if (!string(scan))
        return false;
    skip_space(scan);
    return skip(scan, ':') || fail(scan, "expected ':'");
}

/* A value up to the first scalar, or empty array or object, in it. */
static bool open_value(struct scan *scan)
{
    for (;;) {
        skip_space(scan);
        if (++scan->values > MF_JSON_VALUES_MAX)
            return fail(scan, "too many values");
        bool is_object = peek(scan) == '{';
        if (!is_object && peek(scan) != '[')
            return scalar(scan);
        if (scan->depth == MF_JSON_DEPTH_MAX)
            return fail(scan, "nested too deep");
        scan->at++;
        scan->is_object[scan->depth++] = is_object;
        skip_space(scan);
        if (peek(scan) == (is_object ? '}' : ']'))
            return true;
        if (is_object && !key(scan))
            return false;
    }
}

/* Close what ends here. True: a comma came, and another value is due. */
static bool close_value(struct scan *scan)
{
    while (scan->depth > 0) {
        bool is_object = scan->is_object[scan->depth - 1];
        skip_space(scan);
        if (skip(scan, ','))
            return !is_object || key(scan);
        if (!skip(scan, is_object ? '}' : ']'))
            return fail(scan, is_object ? "expected ',' or '}'"
                                        : "expected ',' or ']'");
        scan->depth--;
    }
    return false;
}

int mf_json_text_check(const char *text, size_t len, struct mf_err *err)
{
    if (len == 0)
        text = ""; /* which may have been NULL */
    struct scan scan = {.start = text, .at = text, .end = text + len};
    if (!mf_utf8_valid(text, len))
        return mf_err_set(err, MF_ECORRUPT, "the JSON text is not UTF-8");
    do
        if (!open_value(&scan))
            break;
    while (close_value(&scan));
    skip_space(&scan);
    if (!scan.fault && scan.at < scan.end)
        fail(&scan, "the text goes on after its end");
    if (!scan.fault)
        return 0;
    return mf_err_set(err, MF_ECORRUPT, "JSON, byte %zu: %s",
                      (size_t)(scan.at - scan.start), scan.fault);
}
