/* Bodies of requests and responses, and messages. */
#include "exporter/redact/inside.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/utf8.h"
#include "codec/encoding.h"
#include "flow/half_numbers.h"

enum {
    LOOK_LEN = 1024,
    UTF16_LOOK_LEN = 32,
    WHY_MAX_LEN = 256,
};
static const size_t NO_RULE = SIZE_MAX;
#define PLAIN_KEEP_LEN ((size_t)1 << 20)

static const char TOO_MUCH[] = "looking through it takes too much";

/* ---- what a type says ---- */

static size_t media_len(const char *type)
{
    size_t len = strcspn(type, ";, \t");
    return len;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_media(const char *type, const char *media)
{
    return media_len(type) == strlen(media) && starts_with(type, media);
}

static bool is_picture(const char *type)
{
    return type &&
           (starts_with(type, "image/") || starts_with(type, "audio/") ||
            starts_with(type, "video/") || starts_with(type, "font/"));
}

static bool is_json(const char *type)
{
    static const char *const MEDIA[] = {
        "application/json",        "text/json",
        "application/x-ndjson",    "application/ndjson",
        "application/jsonl",       "application/jsonlines",
        "application/x-jsonlines", "application/json-seq",
        "application/x-json",      "text/x-json",
        "application/csp-report",
    };
    if (!type)
        return false;
    for (size_t i = 0; i < sizeof MEDIA / sizeof *MEDIA; i++)
        if (is_media(type, MEDIA[i]))
            return true;
    size_t len = media_len(type);
    return len > 5 && strncasecmp(type + len - 5, "+json", 5) == 0;
}

static bool is_form(const char *type)
{
    return !type || media_len(type) == 0 ||
           is_media(type, "application/x-www-form-urlencoded") ||
           is_media(type, "application/octet-stream") ||
           is_media(type, "text/plain");
}

/* In these each ASCII character is the byte that it is. */
static bool is_like_ascii(const char *charset, size_t len)
{
    static const char *const KNOWN[] = {
        "utf-8",   "utf8",      "us-ascii", "ascii",       "latin1",
        "latin-1", "iso-8859-", "iso8859-", "windows-125", "cp125",
        "koi8-",   "euc-",      "binary",
    };
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (len >= strlen(KNOWN[i]) && starts_with(charset, KNOWN[i]))
            return true;
    return false;
}

static bool has_other_charset(const char *type)
{
    for (const char *at = type; at && (at = strchr(at, ';'));) {
        at++;
        at += strspn(at, " \t");
        if (!starts_with(at, "charset="))
            continue;
        at += sizeof "charset=" - 1;
        at += strspn(at, "\"'");
        size_t len = strcspn(at, "\"'; \t,");
        if (len && !is_like_ascii(at, len))
            return true;
    }
    return false;
}

/* Each second byte of the beginning is zero. */
static bool is_utf16(const uint8_t *text, size_t len)
{
    size_t zeros[2] = {0, 0};
    size_t look = len < UTF16_LOOK_LEN ? len & ~(size_t)1 : UTF16_LOOK_LEN;
    if (len >= 2 && ((text[0] == 0xff && text[1] == 0xfe) ||
                     (text[0] == 0xfe && text[1] == 0xff)))
        return true;
    for (size_t i = 0; i < look; i++)
        zeros[i & 1] += text[i] == 0;
    /* UTF-32 has three of four. */
    return look >= 2 && zeros[0] + zeros[1] >= look / 2 &&
           (zeros[0] == look / 2 || zeros[1] == look / 2);
}

/* ---- finding ---- */

static bool has_escapes(const uint8_t *text, size_t len)
{
    return len && memchr(text, '\\', len);
}

/* What JSON rules find, and regexes beyond what they found in the text. */
static void find_json(struct mf_job *job, const char *type, const uint8_t *text,
                      size_t len, bool is_declared)
{
    struct mf_redactor *redactor = job->redactor;
    struct mf_spans *spans = &redactor->spans;
    bool has_rules = mf_job_any(job, MF_RULE_JSON, type);
    bool regexes = (redactor->places & MF_PLACE_BODY) &&
                   mf_job_any(job, MF_RULE_REGEX, type) &&
                   (spans->count || has_escapes(text, len));
    if (len == 0 || (!has_rules && !regexes))
        return;
    size_t start = mf_json_start(text, 0, len);
    if (start == SIZE_MAX) {
        if (!is_declared)
            return;
        start = 0;
    }
    mf_spans_settle(spans, text, len, false);
    size_t cut =
        mf_find_json(job, type, text, start, len, is_declared, regexes);
    if (has_rules && cut < len)
        spans->tail = cut;
}

const char *mf_find_in_body(struct mf_job *job, const char *type,
                            const uint8_t *text, size_t len, bool is_cut)
{
    struct mf_spans *spans = &job->redactor->spans;
    const char *why = NULL;
    if (is_picture(type)) {
        /* Its type may be a lie. */
        if (memchr(text, 0, len < LOOK_LEN ? len : LOOK_LEN))
            return NULL;
    } else if (has_other_charset(type) || is_utf16(text, len)) {
        return "its character set is not one that is looked through";
    }
    mf_find_regex(job, MF_PLACE_BODY, type, text, len);
    bool is_multipart = type && starts_with(type, "multipart/");
    if (is_form(type)) {
        mf_find_regex_encoded(job, MF_PLACE_BODY, type, text, len);
        if (mf_job_any(job, MF_RULE_FORM, type))
            mf_find_pairs(job, MF_PAIRS_FORM, type, text, 0, len);
    }
    if (is_multipart && (mf_job_any(job, MF_RULE_FORM, type) ||
                         mf_job_any(job, MF_RULE_JSON, type)))
        why = mf_find_multipart(job, type, text, len, is_cut);
    else if (type && is_media(type, "text/event-stream"))
        mf_find_events(job, type, text, len);
    else if (!is_multipart)
        find_json(job, type, text, len, is_json(type));
    if (spans->error)
        return TOO_MUCH;
    return why;
}

void mf_find_in_message(struct mf_job *job, const uint8_t *text, size_t len)
{
    struct mf_spans *spans = &job->redactor->spans;
    if (len == 0)
        return;
    mf_find_regex(job, MF_PLACE_BODY, NULL, text, len);
    find_json(job, NULL, text, len, false);
    if (spans->tail < len) {
        size_t tail = spans->tail;
        spans->tail = SIZE_MAX;
        mf_spans_add(spans, tail, len, text + tail, len - tail, false);
    }
}

/* ---- putting ---- */

static void put_rest(const struct mf_body *body, uint64_t size,
                     struct mf_encoder *out)
{
    mf_encoder_varint_opt(out, MF_HALF_CONTENT_SIZE, size);
    mf_encoder_varint_opt(out, MF_HALF_STREAMED, body->is_streamed);
}

static void leave_out(struct mf_job *job, const struct mf_body *body,
                      const char *why, struct mf_encoder *out)
{
    uint64_t size = body->size;
    if (!size)
        size = body->has_raw ? body->raw_len : body->content_len;
    job->is_changed = true;
    put_rest(body, size, out);
    mf_encoder_bytes(out, MF_HALF_CONTENT_LEFT_OUT, why, strlen(why));
}

size_t mf_skip_rule(const struct mf_job *job, const char *type, bool has_type,
                    uint64_t size)
{
    const struct mf_redactor *redactor = job->redactor;
    for (size_t i = 0; i < redactor->count; i++) {
        const struct mf_rule *rule = &redactor->rules[i];
        /* A flow that was to be skipped, had its host been known. */
        bool is_late = rule->kind == MF_RULE_SKIP_FLOW;
        if ((rule->kind == MF_RULE_SKIP_BODY || is_late) &&
            mf_job_applies(job, i, type) && (has_type || !rule->types.count) &&
            (!rule->has_size || size > rule->size_over))
            return i;
    }
    return NO_RULE;
}

/* A rule that has to see the bytes of a body of this type. */
static bool is_looked_at(const struct mf_job *job, const char *type)
{
    return mf_job_any(job, MF_RULE_JSON, type) ||
           mf_job_any(job, MF_RULE_FORM, type) ||
           ((job->redactor->places & MF_PLACE_BODY) &&
            mf_job_any(job, MF_RULE_REGEX, type));
}

static bool is_identity(const char *encoding)
{
    if (!encoding)
        return true;
    size_t len = strspn(encoding, " \t,");
    return encoding[len] == 0 || strcasecmp(encoding, "identity") == 0;
}

/* Its bytes as they are meant. NULL, or why they cannot be had; *ret_is_cut:
 * they are only the beginning. */
static const char *decode(struct mf_job *job, const struct mf_half_facts *half,
                          const struct mf_body *body, const uint8_t **ret_text,
                          size_t *ret_len, bool *ret_is_cut)
{
    struct mf_buf *plain = &job->redactor->plain;
    *ret_text = body->content;
    *ret_len = body->content_len;
    *ret_is_cut = body->is_truncated;
    if (!body->has_raw)
        return NULL;
    if (!half->has_headers || is_identity(half->encoding))
        return "its encoding is not known";
    mf_buf_clear(plain);
    plain->max = job->body_max;
    int rc = mf_encoding_decode_all(half->encoding, strlen(half->encoding),
                                    body->raw, body->raw_len, plain);
    *ret_text = plain->data;
    *ret_len = plain->len;
    switch (rc) {
    case 0:
        return NULL;
    case MF_ETRUNC:
        return body->is_truncated ? NULL : "it breaks off where it is encoded";
    case MF_EFULL:
        return "it is too long once it is decoded";
    case MF_EUNSUPPORTED:
        return "its encoding is not one that can be undone";
    case MF_ENOMEM:
        return "out of memory";
    default:
        return "it is not encoded as its headers say";
    }
}

/* Each rule that has to see it, once it is left out for one of them. */
static void fire_all(struct mf_job *job, const char *type)
{
    const struct mf_redactor *redactor = job->redactor;
    for (size_t i = 0; i < redactor->count; i++) {
        const struct mf_rule *rule = &redactor->rules[i];
        bool looks =
            rule->kind == MF_RULE_JSON || rule->kind == MF_RULE_FORM ||
            (rule->kind == MF_RULE_REGEX && (rule->places & MF_PLACE_BODY));
        if (looks && mf_job_applies(job, i, type))
            mf_job_fire(job, i);
    }
}

static bool put_looked_at(struct mf_job *job, const struct mf_half_facts *half,
                          const struct mf_body *body,
                          const struct mf_body_numbers *numbers,
                          struct mf_encoder *out)
{
    struct mf_spans *spans = &job->redactor->spans;
    const uint8_t *text;
    size_t len;
    bool is_cut;
    mf_spans_clear(spans);
    const char *why = decode(job, half, body, &text, &len, &is_cut);
    if (!why && len)
        why = mf_find_in_body(job, half->type, text, len, is_cut);
    if (why) {
        char words[WHY_MAX_LEN];
        snprintf(words, sizeof words, "a rule should look through it, but %s",
                 why);
        fire_all(job, half->type);
        leave_out(job, body, words, out);
        return true;
    }
    if (mf_spans_is_empty(spans))
        return false;
    mf_spans_settle(spans, text, len, false);
    mf_spans_put(spans, text, len, numbers->content, out);
    mf_encoder_varint_opt(out, numbers->truncated, is_cut || spans->tail < len);
    mf_encoder_varint_opt(out, MF_HALF_CONTENT_CHANGED, 1);
    put_rest(body, body->size, out);
    job->is_changed = true;
    return true;
}

bool mf_body_put(struct mf_job *job, const struct mf_half_facts *half,
                 const struct mf_body *body,
                 const struct mf_body_numbers *numbers, struct mf_encoder *out)
{
    const char *type = half->type;
    uint64_t size = body->size;
    if (!body->is_there)
        return false;
    if (size < body->content_len)
        size = body->content_len;
    if (size < body->raw_len)
        size = body->raw_len;
    if (job->is_strict) {
        leave_out(job, body, "redaction ran out of memory", out);
        return true;
    }
    size_t rule = mf_skip_rule(job, type, type || !half->has_headers, size);
    if (rule != NO_RULE && size) {
        char words[WHY_MAX_LEN];
        const char *told = job->redactor->rules[rule].told;
        snprintf(words, sizeof words, "%.*s",
                 (int)mf_utf8_cut(told, strlen(told), WHY_MAX_LEN - 1), told);
        mf_job_fire(job, rule);
        leave_out(job, body, words, out);
        return true;
    }
    if ((!body->content_len && !body->raw_len) || !is_looked_at(job, type))
        return false;
    bool is_put = put_looked_at(job, half, body, numbers, out);
    if (job->redactor->plain.cap > PLAIN_KEEP_LEN)
        mf_buf_release(&job->redactor->plain);
    if (job->redactor->event.cap > PLAIN_KEEP_LEN)
        mf_buf_release(&job->redactor->event);
    return is_put;
}
