/* name=value, in URLs, forms and cookies. */
#include <string.h>
#include <strings.h>

#include "codec/percent.h"
#include "exporter/redact/inside.h"

static const size_t NOWHERE = SIZE_MAX, NO_RULE = SIZE_MAX;

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character at `at`, which may be percent-encoded if it is one that has a
 * meaning here: a URL in a URL. */
static uint8_t read_char(const uint8_t *text, size_t at, size_t to,
                         size_t *ret_len)
{
    *ret_len = 1;
    if (text[at] != '%' || to - at < 3)
        return text[at];
    int high = hex(text[at + 1]), low = hex(text[at + 2]);
    uint8_t c = high < 0 || low < 0 ? 0 : (uint8_t)(high << 4 | low);
    if (c == 0 || !strchr("&;?#=", c))
        return text[at];
    *ret_len = 3;
    return c;
}

static bool ends_value(uint8_t c, enum mf_pairs where)
{
    if (c == '&')
        return true;
    if (where == MF_PAIRS_FORM)
        return false;
    if (c == '#')
        return true;
    return where == MF_PAIRS_HEADER &&
           (c == ' ' || c == '\t' || c == '"' || c == '<' || c == '>');
}

static size_t value_end(const uint8_t *text, size_t at, size_t to,
                        enum mf_pairs where, bool is_inner)
{
    while (at < to) {
        size_t len;
        uint8_t c = read_char(text, at, to, &len);
        if (ends_value(c, where) && (len == 1 || is_inner))
            break;
        at++;
    }
    return at;
}

/* A name or value without its encoding. */
static bool decode(struct mf_job *job, const uint8_t *text, size_t len,
                   const uint8_t **ret_text, size_t *ret_len)
{
    struct mf_buf *decoded = &job->redactor->decoded;
    if (!memchr(text, '%', len) && !memchr(text, '+', len)) {
        *ret_text = text;
        *ret_len = len;
        return true;
    }
    mf_buf_clear(decoded);
    int rc = mf_percent_decode((const char *)text, len, true, decoded);
    if (rc && !job->redactor->spans.error)
        job->redactor->spans.error = rc;
    *ret_text = decoded->data;
    *ret_len = decoded->len;
    return !rc;
}

/* A rule that wants the value of this name; NO_RULE. */
static size_t wanted_by(struct mf_job *job, enum mf_rule_kind kind,
                        const char *type, const uint8_t *name, size_t len)
{
    const struct mf_redactor *redactor = job->redactor;
    if (!decode(job, name, len, &name, &len))
        return NO_RULE;
    for (size_t i = 0; i < redactor->count; i++)
        if (redactor->rules[i].kind == kind && mf_job_applies(job, i, type) &&
            mf_globs_match(&redactor->rules[i].names, name, len))
            return i;
    return NO_RULE;
}

static void add_value(struct mf_job *job, size_t rule, const uint8_t *text,
                      size_t from, size_t to)
{
    const uint8_t *value;
    size_t len;
    if (from == to || !decode(job, text + from, to - from, &value, &len))
        return;
    mf_spans_add(&job->redactor->spans, from, to, value, len, false);
    mf_job_fire(job, rule);
}

void mf_find_pairs(struct mf_job *job, enum mf_pairs where, const char *type,
                   const uint8_t *text, size_t from, size_t to)
{
    enum mf_rule_kind kind =
        where == MF_PAIRS_FORM ? MF_RULE_FORM : MF_RULE_QUERY;
    size_t name = where == MF_PAIRS_FORM ? from : NOWHERE;
    size_t len;
    for (size_t at = from; at < to; at += len) {
        uint8_t c = read_char(text, at, to, &len);
        if (where == MF_PAIRS_FORM) {
            c = text[at];
            len = 1;
        }
        bool is_inner = len == 3;
        if (c == '&' || c == ';' ||
            (where != MF_PAIRS_FORM && (c == '?' || c == '#'))) {
            name = at + len;
        } else if (where == MF_PAIRS_HEADER && ends_value(c, where)) {
            name = NOWHERE;
        } else if (c == '=' && name != NOWHERE) {
            size_t rule = wanted_by(job, kind, type, text + name, at - name);
            name = NOWHERE;
            if (rule == NO_RULE)
                continue;
            size_t end = value_end(text, at + len, to, where, is_inner);
            add_value(job, rule, text, at + len, end);
            at = end;
            len = 0;
        }
    }
}

/* ---- headers ---- */

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool is_name(const void *name, size_t len, const char *other)
{
    return strlen(other) == len && strncasecmp(name, other, len) == 0;
}

static void trim(const uint8_t *text, size_t *from, size_t *to)
{
    while (*from < *to && is_space(text[*from]))
        ++*from;
    while (*from < *to && is_space(text[*to - 1]))
        --*to;
}

static void add_trimmed(struct mf_job *job, const uint8_t *text, size_t from,
                        size_t to)
{
    trim(text, &from, &to);
    mf_spans_add(&job->redactor->spans, from, to, text + from, to - from,
                 false);
}

/* The value of name=value, without quotes; all of it if it is no pair. */
static void add_cookie(struct mf_job *job, const uint8_t *text, size_t from,
                       size_t to)
{
    trim(text, &from, &to);
    const uint8_t *equals = memchr(text + from, '=', to - from);
    if (equals)
        from = (size_t)(equals - text) + 1;
    trim(text, &from, &to);
    if (to - from >= 2 && text[from] == '"' && text[to - 1] == '"') {
        from++;
        to--;
    }
    add_trimmed(job, text, from, to);
}

static void add_cookies(struct mf_job *job, const uint8_t *text, size_t len,
                        bool only_first)
{
    for (size_t from = 0; from < len;) {
        const uint8_t *end = memchr(text + from, ';', len - from);
        size_t to = end ? (size_t)(end - text) : len;
        add_cookie(job, text, from, to);
        if (only_first)
            break;
        from = to + 1;
    }
}

/* What stands behind a scheme that everybody knows. */
static void add_credentials(struct mf_job *job, const uint8_t *text, size_t len)
{
    static const char *const SCHEMES[] = {
        "basic",         "bearer",
        "digest",        "dpop",
        "hawk",          "hoba",
        "mutual",        "negotiate",
        "ntlm",          "scram-sha-1",
        "scram-sha-256", "token",
        "vapid",         "aws4-hmac-sha256",
    };
    size_t from = 0, to = len;
    trim(text, &from, &to);
    const uint8_t *space = memchr(text + from, ' ', to - from);
    size_t scheme_len = space ? (size_t)(space - text) - from : 0;
    for (size_t i = 0; i < sizeof SCHEMES / sizeof *SCHEMES; i++)
        if (is_name(text + from, scheme_len, SCHEMES[i])) {
            from += scheme_len;
            break;
        }
    add_trimmed(job, text, from, to);
}

static void add_header(struct mf_job *job, const void *name, size_t name_len,
                       const uint8_t *value, size_t len)
{
    if (is_name(name, name_len, "cookie"))
        add_cookies(job, value, len, false);
    else if (is_name(name, name_len, "set-cookie"))
        add_cookies(job, value, len, true);
    else if (is_name(name, name_len, "authorization") ||
             is_name(name, name_len, "proxy-authorization"))
        add_credentials(job, value, len);
    else
        add_trimmed(job, value, 0, len);
}

void mf_find_header(struct mf_job *job, const void *name, size_t name_len,
                    const uint8_t *value, size_t len)
{
    const struct mf_redactor *redactor = job->redactor;
    if (len == 0)
        return;
    if (redactor->kinds & 1u << MF_RULE_HEADER)
        for (size_t i = 0; i < redactor->count; i++)
            if (redactor->rules[i].kind == MF_RULE_HEADER &&
                mf_job_applies(job, i, NULL) &&
                mf_globs_match(&redactor->rules[i].names, name, name_len)) {
                size_t before = redactor->spans.count;
                add_header(job, name, name_len, value, len);
                if (redactor->spans.count > before)
                    mf_job_fire(job, i);
            }
    if ((redactor->kinds & 1u << MF_RULE_QUERY) &&
        (memchr(value, '=', len) || memchr(value, '%', len)))
        mf_find_pairs(job, MF_PAIRS_HEADER, NULL, value, 0, len);
}
