/* What the files of this folder share. */
#ifndef MF_EXPORTER_REDACT_INSIDE_H
#define MF_EXPORTER_REDACT_INSIDE_H

#include "base/buf.h"
#include "exporter/redact/redact.h"
#include "exporter/redact/rule.h"
#include "exporter/redact/spans.h"

struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;
struct pcre2_real_jit_stack_8;

/* A JSON path and the rule that it is of. */
struct mf_path_ref {
    const struct mf_path *path;
    size_t rule;
};

enum { MF_JSON_MAX_DEPTH = 100 };

struct mf_redactor {
    uint64_t serial; /* random: facts know who wrote them */
    struct mf_rule *rules;
    size_t count;
    unsigned kinds;  /* a bit for each mf_rule_kind that there is */
    unsigned places; /* of all regexes */
    bool has_hosts;  /* a rule has host= */
    struct mf_path_ref *paths;
    size_t path_count;
    uint64_t *states; /* of paths, (MF_JSON_MAX_DEPTH + 2) * path_count */
    struct mf_marker *marker;
    struct pcre2_real_match_data_8 *match;
    struct pcre2_real_match_context_8 *match_context;
    struct pcre2_real_jit_stack_8 *jit_stack;
    struct mf_spans spans;
    struct mf_buf plain;   /* a decoded body */
    struct mf_buf joined;  /* bytes that were in several runs */
    struct mf_buf decoded; /* a name or value */
    struct mf_buf event;   /* lines of data of a server-sent event */
};

/* ---- what is known of a flow ---- */

enum {
    MF_RULE_APPLIES = 1, /* its host is one of the rule's, or not known */
    MF_RULE_IS_SURE = 2, /* it is known to be one of them */
    MF_RULE_FIRED = 4,   /* it changed or left out something of this flow */
};

/* A request or a response. */
struct mf_half_facts {
    bool has_headers; /* they were seen */
    char *type;       /* owned: the Content-Type; NULL: none */
    char *encoding;   /* owned: the Content-Encodings; NULL: none */
};

struct mf_redact_facts {
    uint64_t serial;
    size_t rule_count;
    bool has_head;       /* it was seen whole */
    struct mf_buf hosts; /* each with a NUL behind it */
    struct mf_half_facts halves[2];
    struct mf_buf meta; /* FlowMeta as it last went out, without `told` */
    bool is_meta_raw;   /* no rule has seen it */
    struct mf_buf told; /* FlowMeta.redactions */
    uint8_t rules[];    /* MF_RULE_* of each */
};

/* Facts for this redactor, of a new flow or what is known. NULL: no memory. */
struct mf_redact_facts *mf_facts_get(struct mf_redact_flow *flow,
                                     const struct mf_redactor *redactor);
/* Facts that no redactor wrote, or what is known. NULL: no memory. */
struct mf_redact_facts *mf_facts_get_raw(struct mf_redact_flow *flow);
/* 0 or MF_ENOMEM. */
int mf_facts_add_host(struct mf_redact_facts *facts, const void *host,
                      size_t len);
int mf_facts_add_url(struct mf_redact_facts *facts, const void *url,
                     size_t len);
/* Find out which rules apply, after hosts were added. */
void mf_facts_settle(struct mf_redact_facts *facts,
                     const struct mf_redactor *redactor);
/* Take note of a header field; false: memory is out. */
bool mf_half_facts_see(struct mf_half_facts *half, const void *name,
                       size_t name_len, const void *value, size_t value_len);
void mf_half_facts_release(struct mf_half_facts *half);

/* ---- one message ---- */

struct mf_job {
    struct mf_redactor *redactor;
    struct mf_redact_facts *facts;
    size_t body_max;
    bool is_strict;  /* memory went out: no bodies, no messages */
    bool is_changed; /* `out` is another message than came in */
    bool has_told;   /* facts->told has grown */
    bool is_broken;  /* the message cannot be read, or memory is out */
};

/* A rule of this kind applies to the flow; with a content type (NULL: not
 * known, or not a body) also to that. */
bool mf_job_applies(const struct mf_job *job, size_t rule, const char *type);
bool mf_job_any(const struct mf_job *job, enum mf_rule_kind kind,
                const char *type);
void mf_job_fire(struct mf_job *job, size_t rule);

/* ---- finding: adds to redactor->spans ---- */

enum mf_pairs {
    MF_PAIRS_FORM,   /* a=b&c=d */
    MF_PAIRS_URL,    /* such things in a URL, and in URLs in its values */
    MF_PAIRS_HEADER, /* in URLs anywhere in a text */
};

void mf_find_pairs(struct mf_job *job, enum mf_pairs where, const char *type,
                   const uint8_t *text, size_t from, size_t to);

/* What header rules say of a field's value, and query rules. */
void mf_find_header(struct mf_job *job, const void *name, size_t name_len,
                    const uint8_t *value, size_t len);

/* What regexes find in a place (mf_rule_place). */
void mf_find_regex(struct mf_job *job, unsigned place, const char *type,
                   const uint8_t *text, size_t len);
/* What they find only once percent-encoded pieces are decoded. */
void mf_find_regex_encoded(struct mf_job *job, unsigned place, const char *type,
                           const uint8_t *text, size_t len);
/* True if one finds something in `decoded`, which stands from `from` to `to`
 * in the text and is marked then. */
bool mf_find_regex_decoded(struct mf_job *job, unsigned place, const char *type,
                           const void *decoded, size_t len, size_t from,
                           size_t to);

/*
 * Find in the JSON values from `from` to `to`. With `regexes` what they find
 * in strings once those are decoded, and in numbers, too; what spans there are
 * is in order then. Returns where the text has to end, because it could not be
 * understood from there on; `to` if all was, or if it is no JSON, which
 * `is_declared` denies.
 */
size_t mf_find_json(struct mf_job *job, const char *type, const uint8_t *text,
                    size_t from, size_t to, bool is_declared, bool regexes);

/* Where JSON seems to begin; SIZE_MAX: it does not look like it. */
size_t mf_json_start(const uint8_t *text, size_t from, size_t to);

/* Append what stands between the quotes of a JSON string, decoded. */
int mf_json_unescape(const uint8_t *text, size_t len, struct mf_buf *out);

/* Parts of a multipart body. NULL, or why it cannot be redacted. */
const char *mf_find_multipart(struct mf_job *job, const char *type,
                              const uint8_t *text, size_t len, bool is_cut);

/* What JSON rules find in server-sent events. */
void mf_find_events(struct mf_job *job, const char *type, const uint8_t *text,
                    size_t len);

/* All of what a body (with its Content-Type, NULL: unknown or none) or a
 * message has. NULL, or why it cannot be redacted. */
const char *mf_find_in_body(struct mf_job *job, const char *type,
                            const uint8_t *text, size_t len, bool is_cut);
void mf_find_in_message(struct mf_job *job, const uint8_t *text, size_t len);

/* ---- bodies ---- */

struct mf_body {
    bool is_there; /* any field of the group */
    const uint8_t *content, *raw;
    size_t content_len, raw_len;
    bool has_content, has_raw;
    bool is_truncated, is_streamed, is_changed, is_left_out;
    uint64_t size;
};

/* Numbers of the fields of a body in its message. */
struct mf_body_numbers {
    uint32_t content, truncated;
};

/* Put what becomes of the body; false: it stays as it is, nothing was put. */
bool mf_body_put(struct mf_job *job, const struct mf_half_facts *half,
                 const struct mf_body *body,
                 const struct mf_body_numbers *numbers, struct mf_encoder *out);

/* The first rule that leaves out a body of this length; SIZE_MAX: none.
 * `type` NULL: it has none. */
size_t mf_skip_rule(const struct mf_job *job, const char *type, bool has_type,
                    uint64_t size);

#endif
