#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "codec/percent.h"
#include "exporter/redact/inside.h"

/* Places at which a match may begin, of one call. */
enum { WINDOW_LEN = 64 * 1024 };

/* Of one regex in one text. */
#define EFFORT_MAX_NS (2 * MF_NS_PER_S)

/* The first match at or after *from; *from and *ret_to are set. 0, MF_ENOENT,
 * or MF_EFULL: it takes too much. */
static int match(struct mf_redactor *redactor, const struct mf_rule *rule,
                 const uint8_t *text, size_t len, size_t *from, size_t *ret_to,
                 int64_t until_ns)
{
    size_t at = *from;
    while (at <= len) {
        size_t last = len - at > WINDOW_LEN ? at + WINDOW_LEN : len;
        pcre2_set_offset_limit(redactor->match_context, last);
        int rc = pcre2_match(rule->code, text, len, at, PCRE2_NOTEMPTY,
                             redactor->match, redactor->match_context);
        if (rc >= 0) {
            const PCRE2_SIZE *found =
                pcre2_get_ovector_pointer(redactor->match);
            if (found[1] <= found[0] || found[1] > len || found[1] <= *from)
                return MF_EFULL; /* nothing that could be replaced */
            *from = found[0];
            *ret_to = found[1];
            return 0;
        }
        if (rc != PCRE2_ERROR_NOMATCH)
            return MF_EFULL;
        at = last + 1;
        if (at <= len && mf_clock_mono_ns() > until_ns)
            return MF_EFULL;
    }
    return MF_ENOENT;
}

static bool looks(const struct mf_job *job, size_t rule, unsigned place,
                  const char *type)
{
    const struct mf_rule *it = &job->redactor->rules[rule];
    return it->kind == MF_RULE_REGEX && (it->places & place) &&
           mf_job_applies(job, rule, type);
}

static void fail(struct mf_job *job, size_t rule)
{
    mf_job_fire(job, rule);
    if (!job->redactor->spans.error)
        job->redactor->spans.error = MF_EFULL;
}

static void find_all(struct mf_job *job, size_t rule, const uint8_t *text,
                     size_t len)
{
    struct mf_redactor *redactor = job->redactor;
    int64_t until_ns = 0;
    size_t count = 0, to = 0;
    for (size_t from = 0; from < len && !redactor->spans.error; from = to) {
        if (len > WINDOW_LEN || count == 1)
            until_ns = until_ns ? until_ns : mf_clock_mono_ns() + EFFORT_MAX_NS;
        int rc = match(redactor, &redactor->rules[rule], text, len, &from, &to,
                       until_ns);
        if (rc == MF_ENOENT)
            return;
        if (rc || (++count % 64 == 0 && mf_clock_mono_ns() > until_ns)) {
            fail(job, rule);
            return;
        }
        mf_spans_add(&redactor->spans, from, to, text + from, to - from, false);
        mf_job_fire(job, rule);
    }
}

void mf_find_regex(struct mf_job *job, unsigned place, const char *type,
                   const uint8_t *text, size_t len)
{
    if (!(job->redactor->places & place) || len == 0)
        return;
    for (size_t i = 0; i < job->redactor->count; i++)
        if (looks(job, i, place, type))
            find_all(job, i, text, len);
}

bool mf_find_regex_decoded(struct mf_job *job, unsigned place, const char *type,
                           const void *decoded, size_t len, size_t from,
                           size_t to)
{
    struct mf_redactor *redactor = job->redactor;
    const uint8_t *text = decoded;
    bool any = false;
    for (size_t i = 0; i < redactor->count && len; i++) {
        size_t at = 0, end;
        if (!looks(job, i, place, type))
            continue;
        int64_t until_ns =
            len > WINDOW_LEN ? mf_clock_mono_ns() + EFFORT_MAX_NS : 0;
        int rc = match(redactor, &redactor->rules[i], text, len, &at, &end,
                       until_ns);
        if (rc == MF_ENOENT)
            continue;
        if (rc) {
            fail(job, i);
            return true;
        }
        mf_job_fire(job, i);
        if (!any)
            mf_spans_add(&redactor->spans, from, to, text + at, end - at,
                         false);
        any = true;
    }
    return any;
}

static bool parts_pieces(uint8_t c)
{
    return c != 0 && strchr("/?&#;=,<>\" \t\r\n", c) != NULL;
}

void mf_find_regex_encoded(struct mf_job *job, unsigned place, const char *type,
                           const uint8_t *text, size_t len)
{
    struct mf_buf *decoded = &job->redactor->decoded;
    if (!(job->redactor->places & place) || len == 0 ||
        (!memchr(text, '%', len) && !memchr(text, '+', len)))
        return;
    for (size_t from = 0, to; from < len; from = to + 1) {
        bool is_encoded = false;
        for (to = from; to < len && !parts_pieces(text[to]); to++)
            is_encoded |= text[to] == '%' || text[to] == '+';
        if (!is_encoded)
            continue;
        mf_buf_clear(decoded);
        int rc = mf_percent_decode((const char *)text + from, to - from, true,
                                   decoded);
        if (rc) {
            job->redactor->spans.error = rc;
            return;
        }
        mf_find_regex_decoded(job, place, type, decoded->data, decoded->len,
                              from, to);
    }
}
