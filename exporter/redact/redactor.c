#define PCRE2_CODE_UNIT_WIDTH 8

#include <openssl/rand.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/redact/inside.h"
#include "pb/wire.h"

enum {
    /* Steps from one window of a text. */
    MATCH_LIMIT = 5000000,
    DEPTH_LIMIT = 100000,
    HEAP_LIMIT_KIB = 8 * 1024,
    JIT_STACK_MIN = 32 * 1024,
    JIT_STACK_MAX = 1024 * 1024,
};
#define TEXT_MAX_LEN ((size_t)1 << 30)

static int read_rules(struct mf_redactor *redactor, const char *const *rules,
                      size_t count, struct mf_err *err)
{
    size_t paths = 0;
    for (size_t i = 0; i < count; i++) {
        struct mf_rule *rule = &redactor->rules[i];
        redactor->count = i + 1;
        int rc = mf_rule_parse(rules[i], i + 1, rule, err);
        if (rc)
            return rc;
        redactor->kinds |= 1u << rule->kind;
        redactor->places |= rule->places;
        redactor->has_hosts |= rule->hosts.count != 0;
        paths += rule->path_count;
    }
    if (paths > MF_PATHS_MAX)
        return mf_err_set(err, MF_EINVAL, "more than %d JSON paths in all",
                          MF_PATHS_MAX);
    return 0;
}

static bool gather_paths(struct mf_redactor *redactor)
{
    size_t count = 0;
    for (size_t i = 0; i < redactor->count; i++)
        count += redactor->rules[i].path_count;
    redactor->paths = calloc(count + 1, sizeof *redactor->paths);
    redactor->states =
        calloc((MF_JSON_MAX_DEPTH + 2) * (count + 1), sizeof *redactor->states);
    if (!redactor->paths || !redactor->states)
        return false;
    for (size_t i = 0; i < redactor->count; i++)
        for (size_t j = 0; j < redactor->rules[i].path_count; j++)
            redactor->paths[redactor->path_count++] = (struct mf_path_ref){
                .path = &redactor->rules[i].paths[j],
                .rule = i,
            };
    return true;
}

static bool make_matching(struct mf_redactor *redactor)
{
    redactor->match = pcre2_match_data_create(1, NULL);
    redactor->match_context = pcre2_match_context_create(NULL);
    if (!redactor->match || !redactor->match_context)
        return false;
    pcre2_set_match_limit(redactor->match_context, MATCH_LIMIT);
    pcre2_set_depth_limit(redactor->match_context, DEPTH_LIMIT);
    pcre2_set_heap_limit(redactor->match_context, HEAP_LIMIT_KIB);
    /* None where PCRE2 was built without: then nothing asks for it. */
    redactor->jit_stack =
        pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
    if (redactor->jit_stack)
        pcre2_jit_stack_assign(redactor->match_context, NULL,
                               redactor->jit_stack);
    return true;
}

int mf_redactor_new(const char *const *rules, size_t count,
                    const uint8_t key[MF_REDACT_KEY_LEN],
                    struct mf_redactor **ret_redactor, struct mf_err *err)
{
    if (count == 0) {
        *ret_redactor = NULL;
        return 0;
    }
    if (count > MF_RULES_MAX)
        return mf_err_set(err, MF_EINVAL, "more than %d rules", MF_RULES_MAX);
    struct mf_redactor *redactor = calloc(1, sizeof *redactor);
    if (!redactor)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    mf_buf_init(&redactor->plain, TEXT_MAX_LEN);
    mf_buf_init(&redactor->joined, TEXT_MAX_LEN);
    mf_buf_init(&redactor->decoded, TEXT_MAX_LEN);
    mf_buf_init(&redactor->event, TEXT_MAX_LEN);
    redactor->rules = calloc(count, sizeof *redactor->rules);
    int rc = redactor->rules ? read_rules(redactor, rules, count, err)
                             : mf_err_set(err, MF_ENOMEM, "out of memory");
    if (!rc) {
        redactor->marker = mf_marker_new(key);
        mf_spans_init(&redactor->spans, redactor->marker);
        if (!redactor->marker ||
            RAND_bytes((unsigned char *)&redactor->serial,
                       sizeof redactor->serial) != 1 ||
            !gather_paths(redactor) || !make_matching(redactor))
            rc = mf_err_set(err, MF_ENOMEM, "out of memory");
    }
    if (rc)
        mf_redactor_free(redactor);
    else
        *ret_redactor = redactor;
    return rc;
}

void mf_redactor_free(struct mf_redactor *redactor)
{
    if (!redactor)
        return;
    for (size_t i = 0; i < redactor->count; i++)
        mf_rule_release(&redactor->rules[i]);
    free(redactor->rules);
    free(redactor->paths);
    free(redactor->states);
    pcre2_match_data_free(redactor->match);
    pcre2_match_context_free(redactor->match_context);
    pcre2_jit_stack_free(redactor->jit_stack);
    mf_spans_release(&redactor->spans);
    mf_marker_free(redactor->marker);
    mf_buf_release(&redactor->plain);
    mf_buf_release(&redactor->joined);
    mf_buf_release(&redactor->decoded);
    mf_buf_release(&redactor->event);
    free(redactor);
}

/* ---- which rules hold ---- */

bool mf_job_applies(const struct mf_job *job, size_t rule, const char *type)
{
    const struct mf_rule *it = &job->redactor->rules[rule];
    if (it->kind == MF_RULE_SKIP_FLOW)
        /* What is known to be of its host was skipped before. */
        return (job->facts->rules[rule] &
                (MF_RULE_APPLIES | MF_RULE_IS_SURE)) == MF_RULE_APPLIES;
    if (!(job->facts->rules[rule] & MF_RULE_APPLIES))
        return false;
    return it->types.count == 0 || !type ||
           mf_globs_match(&it->types, type, strcspn(type, ";, \t"));
}

bool mf_job_any(const struct mf_job *job, enum mf_rule_kind kind,
                const char *type)
{
    if (!(job->redactor->kinds & 1u << kind))
        return false;
    for (size_t i = 0; i < job->redactor->count; i++)
        if (job->redactor->rules[i].kind == kind &&
            mf_job_applies(job, i, type))
            return true;
    return false;
}

/* What FlowMeta says of it is kept as it goes out. */
void mf_job_fire(struct mf_job *job, size_t rule)
{
    enum { REDACTIONS = 7 };
    struct mf_redact_facts *facts = job->facts;
    if (facts->rules[rule] & MF_RULE_FIRED)
        return;
    facts->rules[rule] |= MF_RULE_FIRED;
    const char *told = job->redactor->rules[rule].told;
    if (mf_wire_put_bytes(&facts->told, REDACTIONS, told, strlen(told)))
        return; /* more than anybody reads, or no memory for the note */
    job->has_told = true;
}
