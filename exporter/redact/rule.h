/*
 * mf_rule: one rule of grpc_redact, read from its text.
 *
 *   header NAME, ...        query NAME, ...       form NAME, ...
 *   json PATH, ...          regex /PATTERN/ [in body|header|url|any]
 *   skip-body               skip-flow
 *
 * and then host=GLOB,...  type=GLOB,...  size>N[KiB|MiB|GiB] where they fit.
 */
#ifndef MF_EXPORTER_REDACT_RULE_H
#define MF_EXPORTER_REDACT_RULE_H

#include <stdint.h>

#include "base/error.h"
#include "exporter/redact/glob.h"

struct pcre2_real_code_8;

enum mf_rule_kind {
    MF_RULE_HEADER,
    MF_RULE_QUERY,
    MF_RULE_FORM,
    MF_RULE_JSON,
    MF_RULE_REGEX,
    MF_RULE_SKIP_BODY,
    MF_RULE_SKIP_FLOW,
};

/* Where a regex looks. */
enum mf_rule_place {
    MF_PLACE_BODY = 1, /* and messages */
    MF_PLACE_HEADER = 2,
    MF_PLACE_URL = 4,
    MF_PLACE_REST = 8, /* errors, comments, metadata, DNS, ... */
    MF_PLACE_ANY = 15,
};

enum {
    MF_RULES_MAX = 256,
    MF_RULE_MAX_LEN = 4096,
    MF_PATHS_MAX = 256,
    MF_PATH_STEPS_MAX = 63, /* a bit each, and one for the end */
};

enum mf_step_kind { MF_STEP_KEY, MF_STEP_INDEX, MF_STEP_ANY };

struct mf_step {
    enum mf_step_kind kind;
    bool is_deep; /* ".." stands before it */
    struct mf_glob key;
    uint64_t index;
};

struct mf_path {
    struct mf_step *steps; /* owned */
    size_t count, cap;
};

struct mf_rule {
    enum mf_rule_kind kind;
    unsigned places;       /* of a regex: mf_rule_place */
    struct mf_globs names; /* header, query, form */
    struct mf_globs hosts; /* none: all */
    struct mf_globs types; /* none: all */
    bool has_size;
    uint64_t size_over;
    struct mf_path *paths; /* owned; json */
    size_t path_count, path_cap;
    struct pcre2_real_code_8 *code; /* owned; regex */
    char *told;                     /* owned: how viewers are told of it */
};

/* `number` counts from 1. MF_EINVAL or MF_ENOMEM, with `err`. Release `rule`
 * in any case. */
int mf_rule_parse(const char *text, size_t number, struct mf_rule *rule,
                  struct mf_err *err);
void mf_rule_release(struct mf_rule *rule);

/* The path that `text` is: "$.a.b", "$..a", "$.a[*]", "$['a b'][0]". NULL, or
 * what is wrong with it; "" when memory is out. */
const char *mf_path_parse(const char *text, size_t len, struct mf_path *path);
void mf_path_release(struct mf_path *path);

#endif
