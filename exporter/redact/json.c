/*
 * JSON, as it came: what a path names is found by its place in the text, so
 * that all else stays byte for byte. It takes more than JSON where that does
 * no harm (NaN, control characters in strings), and a series of values (JSON
 * lines, RFC 7464).
 */
#include <string.h>

#include "base/error.h"
#include "exporter/redact/inside.h"

static const size_t NO_RULE = SIZE_MAX;
static const uint8_t BOM[] = {0xef, 0xbb, 0xbf};
enum { PREFIX_DIGITS_MAX = 10, SEPARATOR = 0x1e };

struct walk {
    struct mf_job *job;
    const char *type;
    const uint8_t *text;
    size_t at, to;
    size_t cut;      /* where what is understood ends, after a failure */
    bool has_ended;  /* that is because the text ends */
    bool is_lost;    /* ... in a value that was to be replaced */
    unsigned quiet;  /* no path can lead further from here */
    unsigned inside; /* of a value that is replaced */
    bool regexes;
    size_t found, found_count; /* spans of regexes: the next, and all */
};

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void skip_space(struct walk *walk)
{
    while (walk->at < walk->to && is_space(walk->text[walk->at]))
        walk->at++;
}

static bool fail(struct walk *walk, size_t at)
{
    walk->cut = at;
    walk->has_ended |= at == walk->to;
    return false;
}

static bool take(struct walk *walk, uint8_t c)
{
    skip_space(walk);
    if (walk->at == walk->to || walk->text[walk->at] != c)
        return fail(walk, walk->at);
    walk->at++;
    return true;
}

/* ---- paths ---- */

static uint64_t *row(const struct walk *walk, unsigned depth)
{
    const struct mf_redactor *redactor = walk->job->redactor;
    return redactor->states + depth * redactor->path_count;
}

static bool step_takes(const struct mf_step *step, const uint8_t *key,
                       size_t len, uint64_t index)
{
    switch (step->kind) {
    case MF_STEP_ANY:
        return true;
    case MF_STEP_INDEX:
        return !key && step->index == index;
    default:
        return key && mf_glob_match(&step->key, key, len);
    }
}

/* Which steps of a path lead on from here: bit n, its first n are taken. */
static uint64_t advance(const struct mf_path *path, uint64_t now,
                        const uint8_t *key, size_t len, uint64_t index)
{
    uint64_t next = 0;
    for (size_t i = 0; now >> i; i++) {
        if (!(now >> i & 1) || i == path->count)
            continue;
        const struct mf_step *step = &path->steps[i];
        if (step_takes(step, key, len, index))
            next |= UINT64_C(1) << (i + 1);
        if (step->is_deep)
            next |= UINT64_C(1) << i;
    }
    return next;
}

/* Into a member or an element (key NULL). Returns a rule that wants it;
 * *ret_is_alive: something below may be wanted. */
static size_t enter(struct walk *walk, unsigned depth, const uint8_t *key,
                    size_t len, uint64_t index, bool *ret_is_alive)
{
    const struct mf_redactor *redactor = walk->job->redactor;
    const uint64_t *now = row(walk, depth);
    uint64_t *next = row(walk, depth + 1);
    size_t rule = NO_RULE;
    *ret_is_alive = false;
    for (size_t i = 0; i < redactor->path_count; i++) {
        const struct mf_path_ref *ref = &redactor->paths[i];
        next[i] = now[i] ? advance(ref->path, now[i], key, len, index) : 0;
        if (next[i])
            *ret_is_alive = true;
        if (next[i] >> ref->path->count & 1)
            rule = ref->rule;
    }
    return rule;
}

static bool begin(struct walk *walk)
{
    const struct mf_redactor *redactor = walk->job->redactor;
    uint64_t *first = row(walk, 0);
    bool is_alive = false;
    for (size_t i = 0; i < redactor->path_count; i++) {
        first[i] =
            mf_job_applies(walk->job, redactor->paths[i].rule, walk->type);
        is_alive |= first[i] != 0;
    }
    return is_alive;
}

/* ---- strings ---- */

static int put_utf8(struct mf_buf *out, uint32_t c)
{
    uint8_t bytes[4];
    size_t len;
    if (c < 0x80) {
        bytes[0] = (uint8_t)c;
        len = 1;
    } else if (c < 0x800) {
        bytes[0] = (uint8_t)(0xc0 | c >> 6);
        bytes[1] = (uint8_t)(0x80 | (c & 63));
        len = 2;
    } else if (c < 0x10000) {
        bytes[0] = (uint8_t)(0xe0 | c >> 12);
        bytes[1] = (uint8_t)(0x80 | (c >> 6 & 63));
        bytes[2] = (uint8_t)(0x80 | (c & 63));
        len = 3;
    } else {
        bytes[0] = (uint8_t)(0xf0 | c >> 18);
        bytes[1] = (uint8_t)(0x80 | (c >> 12 & 63));
        bytes[2] = (uint8_t)(0x80 | (c >> 6 & 63));
        bytes[3] = (uint8_t)(0x80 | (c & 63));
        len = 4;
    }
    return mf_buf_append(out, bytes, len);
}

/* Four hex digits; UINT32_MAX: there are none. */
static uint32_t read_hex(const uint8_t *text, size_t len)
{
    uint32_t value = 0;
    if (len < 4)
        return UINT32_MAX;
    for (int i = 0; i < 4; i++) {
        uint8_t c = text[i], low = c | 0x20;
        if (c >= '0' && c <= '9')
            value = value << 4 | (uint32_t)(c - '0');
        else if (low >= 'a' && low <= 'f')
            value = value << 4 | (uint32_t)(low - 'a' + 10);
        else
            return UINT32_MAX;
    }
    return value;
}

/* At a backslash; returns how long it is. */
static size_t unescape_one(const uint8_t *text, size_t len, struct mf_buf *out,
                           int *ret_rc)
{
    static const char FROM[] = "bfnrt", TO[] = "\b\f\n\r\t";
    uint32_t c = len > 1 ? text[1] : '\\';
    const char *known = strchr(FROM, (int)c);
    if (c == 'u' && (c = read_hex(text + 2, len - 2)) != UINT32_MAX) {
        uint32_t low = 0;
        if (c >= 0xd800 && c < 0xdc00 && len >= 12 && text[6] == '\\' &&
            text[7] == 'u')
            low = read_hex(text + 8, len - 8);
        bool is_pair = low >= 0xdc00 && low < 0xe000;
        if (is_pair)
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        else if (c >= 0xd800 && c < 0xe000)
            c = 0xfffd;
        *ret_rc = put_utf8(out, c);
        return is_pair ? 12 : 6;
    }
    if (c == UINT32_MAX)
        c = 'u';
    else if (c && known)
        c = (uint8_t)TO[known - FROM];
    *ret_rc = mf_buf_append_byte(out, (uint8_t)c);
    return len > 1 ? 2 : 1;
}

int mf_json_unescape(const uint8_t *text, size_t len, struct mf_buf *out)
{
    int rc = 0;
    for (size_t at = 0; at < len && !rc;) {
        const uint8_t *next = memchr(text + at, '\\', len - at);
        size_t run = next ? (size_t)(next - text) - at : len - at;
        rc = mf_buf_append(out, text + at, run);
        at += run;
        if (next && !rc)
            at += unescape_one(text + at, len - at, out, &rc);
    }
    return rc;
}

/* What stands between the quotes from `from` to `to`, decoded. */
static bool decode(struct walk *walk, size_t from, size_t to, bool is_escaped,
                   const uint8_t **ret_text, size_t *ret_len)
{
    struct mf_redactor *redactor = walk->job->redactor;
    *ret_text = walk->text + from;
    *ret_len = to - from;
    if (!is_escaped)
        return true;
    mf_buf_clear(&redactor->decoded);
    int rc = mf_json_unescape(walk->text + from, to - from, &redactor->decoded);
    if (rc) {
        redactor->spans.error =
            redactor->spans.error ? redactor->spans.error : rc;
        return false;
    }
    *ret_text =
        redactor->decoded.data ? redactor->decoded.data : walk->text + from;
    *ret_len = redactor->decoded.len;
    return true;
}

/* To behind the closing quote; what stands inside is [*ret_from, *ret_to). */
static bool read_string(struct walk *walk, size_t *ret_from, size_t *ret_to,
                        bool *ret_is_escaped)
{
    size_t start = walk->at, at = start + 1;
    const uint8_t *quote = NULL;
    *ret_is_escaped = false;
    for (;;) {
        if (!quote || quote < walk->text + at)
            quote = at < walk->to ? memchr(walk->text + at, '"', walk->to - at)
                                  : NULL;
        if (!quote) {
            walk->has_ended = true;
            return fail(walk, start);
        }
        size_t end = (size_t)(quote - walk->text);
        const uint8_t *escape = memchr(walk->text + at, '\\', end - at);
        if (!escape) {
            *ret_from = start + 1;
            *ret_to = end;
            walk->at = end + 1;
            return true;
        }
        *ret_is_escaped = true;
        at = (size_t)(escape - walk->text) + 2;
    }
}

/* Regexes look at the text as it came; here at what it means. */
static void match_string(struct walk *walk, size_t from, size_t to,
                         bool is_escaped)
{
    const uint8_t *text;
    size_t len;
    if (walk->regexes && is_escaped && !walk->inside &&
        decode(walk, from, to, true, &text, &len))
        mf_find_regex_decoded(walk->job, MF_PLACE_BODY, walk->type, text, len,
                              from, to);
}

/* ---- values ---- */

static bool read_value(struct walk *walk, unsigned depth, size_t rule);

static bool read_child(struct walk *walk, unsigned depth, const uint8_t *key,
                       size_t len, uint64_t index)
{
    bool is_alive = false;
    size_t rule = NO_RULE;
    if (!walk->quiet && !walk->inside)
        rule = enter(walk, depth, key, len, index, &is_alive);
    walk->quiet += !is_alive;
    bool ok = read_value(walk, depth + 1, rule);
    walk->quiet -= !is_alive;
    return ok;
}

static bool read_member(struct walk *walk, unsigned depth)
{
    size_t from, to, len;
    const uint8_t *key = NULL;
    bool is_escaped;
    skip_space(walk);
    if (walk->at == walk->to || walk->text[walk->at] != '"')
        return fail(walk, walk->at);
    if (!read_string(walk, &from, &to, &is_escaped))
        return false;
    match_string(walk, from, to, is_escaped);
    if (!take(walk, ':'))
        return false;
    bool is_looked_at = !walk->quiet && !walk->inside;
    if (is_looked_at && !decode(walk, from, to, is_escaped, &key, &len))
        return fail(walk, from - 1);
    return read_child(walk, depth, key, is_looked_at ? len : 0, 0);
}

/* An object or an array. */
static bool read_container(struct walk *walk, unsigned depth)
{
    bool is_object = walk->text[walk->at] == '{';
    uint8_t close = is_object ? '}' : ']';
    if (depth == MF_JSON_MAX_DEPTH)
        return fail(walk, walk->at);
    walk->at++;
    skip_space(walk);
    if (walk->at < walk->to && walk->text[walk->at] == close) {
        walk->at++;
        return true;
    }
    for (uint64_t index = 0;; index++) {
        if (is_object ? !read_member(walk, depth)
                      : !read_child(walk, depth, NULL, 0, index))
            return false;
        skip_space(walk);
        if (walk->at == walk->to)
            return fail(walk, walk->at);
        uint8_t c = walk->text[walk->at];
        if (c != ',' && c != close)
            return fail(walk, walk->at);
        walk->at++;
        if (c == close)
            return true;
    }
}

static bool is_number(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == 0 || !strchr("0123456789+-.eE", text[i]))
            return false;
    return true;
}

/* If a regex found something in a number, a string stands for all of it. */
static void match_scalar(struct walk *walk, size_t from, size_t to)
{
    struct mf_spans *spans = &walk->job->redactor->spans;
    while (walk->found < walk->found_count &&
           spans->items[walk->found].to <= from)
        walk->found++;
    if (walk->found == walk->found_count)
        return;
    struct mf_secret found = spans->items[walk->found];
    if (found.from < from || found.to > to ||
        !is_number(walk->text + from, to - from))
        return;
    mf_spans_add(spans, from, to, walk->text + found.from,
                 found.to - found.from, true);
}

static bool read_scalar(struct walk *walk, size_t *ret_to)
{
    size_t at = walk->at;
    for (; at < walk->to; at++) {
        uint8_t c = walk->text[at], low = c | 0x20;
        if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') &&
            c != '-' && c != '+' && c != '.')
            break;
    }
    if (at == walk->at)
        return fail(walk, at);
    *ret_to = walk->at = at;
    return true;
}

static bool is_null(const struct walk *walk, size_t from, size_t to)
{
    return to - from == 4 && memcmp(walk->text + from, "null", 4) == 0;
}

static bool read_value(struct walk *walk, unsigned depth, size_t rule)
{
    struct mf_spans *spans = &walk->job->redactor->spans;
    skip_space(walk);
    size_t start = walk->at, from = start, to = start, len = 0;
    const uint8_t *text = NULL;
    bool is_wanted = rule != NO_RULE, is_escaped = false, ok;
    uint8_t c = start < walk->to ? walk->text[start] : 0;
    if (c == '{' || c == '[') {
        walk->inside += is_wanted;
        ok = read_container(walk, depth);
        walk->inside -= is_wanted;
        to = walk->at;
    } else if (c == '"') {
        ok = read_string(walk, &from, &to, &is_escaped);
        if (ok && !is_wanted)
            match_string(walk, from, to, is_escaped);
    } else {
        ok = read_scalar(walk, &to);
        if (ok && !is_wanted && !walk->inside)
            match_scalar(walk, from, to);
        if (ok && is_null(walk, from, to))
            is_wanted = false;
    }
    if (is_wanted)
        mf_job_fire(walk->job, rule);
    if (!ok) {
        /* Of what is to be replaced nothing may stay. */
        walk->is_lost |= is_wanted;
        return is_wanted ? fail(walk, start) : false;
    }
    if (is_wanted && !walk->inside &&
        decode(walk, from, to, is_escaped, &text, &len))
        mf_spans_add(spans, start, walk->at, text, len, true);
    return true;
}

/* False: it broke off. */
static bool read_all(struct walk *walk)
{
    const struct mf_redactor *redactor = walk->job->redactor;
    size_t rule = NO_RULE;
    bool is_alive = begin(walk);
    walk->quiet = !is_alive;
    for (size_t i = 0; is_alive && i < redactor->path_count; i++)
        if (row(walk, 0)[i] && redactor->paths[i].path->count == 0)
            rule = redactor->paths[i].rule;
    for (;;) {
        while (walk->at < walk->to && (is_space(walk->text[walk->at]) ||
                                       walk->text[walk->at] == SEPARATOR))
            walk->at++;
        if (walk->at == walk->to || redactor->spans.error)
            return true;
        if (!read_value(walk, 0, rule))
            return false;
    }
}

static void fire_all(struct mf_job *job, const char *type)
{
    for (size_t i = 0; i < job->redactor->count; i++)
        if (job->redactor->rules[i].kind == MF_RULE_JSON &&
            mf_job_applies(job, i, type))
            mf_job_fire(job, i);
}

size_t mf_find_json(struct mf_job *job, const char *type, const uint8_t *text,
                    size_t from, size_t to, bool is_declared, bool regexes)
{
    const struct mf_spans *spans = &job->redactor->spans;
    size_t before = spans->count;
    struct walk walk = {
        .job = job,
        .type = type,
        .text = text,
        .at = from,
        .to = to,
        .cut = to,
        .regexes = regexes,
        .found_count = regexes ? before : 0,
    };
    if (read_all(&walk) || walk.cut == to)
        return to;
    if (!is_declared && !walk.is_lost && !walk.has_ended &&
        spans->count == before)
        return to;
    fire_all(job, type);
    return walk.cut;
}

/* ---- does it look like JSON? ---- */

static size_t skip_prefix(const uint8_t *text, size_t at, size_t to)
{
    static const char GUARD[] = ")]}'";
    if (to - at >= sizeof BOM && memcmp(text + at, BOM, sizeof BOM) == 0)
        at += sizeof BOM;
    /* What keeps a page of others from running it as a script. */
    if (to - at >= sizeof GUARD - 1 &&
        memcmp(text + at, GUARD, sizeof GUARD - 1) == 0) {
        const uint8_t *end = memchr(text + at, '\n', to - at);
        at = end ? (size_t)(end - text) + 1 : at;
    }
    while (at < to && (is_space(text[at]) || text[at] == SEPARATOR))
        at++;
    /* Engine.IO puts the kind of a packet before it. */
    size_t digits = at;
    while (digits < to && digits - at < PREFIX_DIGITS_MAX &&
           text[digits] >= '0' && text[digits] <= '9')
        digits++;
    if (digits < to && (text[digits] == '{' || text[digits] == '['))
        at = digits;
    return at;
}

size_t mf_json_start(const uint8_t *text, size_t from, size_t to)
{
    size_t at = skip_prefix(text, from, to);
    return at < to && (text[at] == '{' || text[at] == '[') ? at : SIZE_MAX;
}
