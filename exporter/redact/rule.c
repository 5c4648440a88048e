#define PCRE2_CODE_UNIT_WIDTH 8

#include "exporter/redact/rule.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/utf8.h"

static const struct {
    const char *word;
    enum mf_rule_kind kind;
    bool takes_type, takes_size;
} KINDS[] = {
    {"header", MF_RULE_HEADER, false, false},
    {"query", MF_RULE_QUERY, false, false},
    {"form", MF_RULE_FORM, true, false},
    {"json", MF_RULE_JSON, true, false},
    {"regex", MF_RULE_REGEX, true, false},
    {"skip-body", MF_RULE_SKIP_BODY, true, true},
    {"skip-flow", MF_RULE_SKIP_FLOW, false, false},
};

static const struct {
    const char *word;
    unsigned places;
} PLACES[] = {
    {"body", MF_PLACE_BODY},
    {"header", MF_PLACE_HEADER},
    {"url", MF_PLACE_URL},
    {"any", MF_PLACE_ANY},
};

/* Larger patterns than any that a person writes are refused. */
enum { MAX_COMPILED_LEN = 4096, WRONG_MAX_LEN = 96 };

struct reader {
    const char *at;
    struct mf_rule *rule;
    bool takes_type, takes_size;
    bool is_out; /* of memory */
    char wrong[WRONG_MAX_LEN];
};

static bool fail(struct reader *reader, const char *wrong)
{
    if (!reader->wrong[0])
        snprintf(reader->wrong, sizeof reader->wrong, "%s", wrong);
    return false;
}

static bool fail_memory(struct reader *reader)
{
    reader->is_out = true;
    return fail(reader, "out of memory");
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct reader *reader)
{
    while (is_space(*reader->at))
        reader->at++;
}

/* Step over `word` if it stands here by itself. */
static bool take_word(struct reader *reader, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(reader->at, word, len) ||
        (reader->at[len] && !is_space(reader->at[len])))
        return false;
    reader->at += len;
    skip_space(reader);
    return true;
}

/* ---- options ---- */

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_option(const char *text)
{
    return starts_with(text, "host=") || starts_with(text, "type=") ||
           starts_with(text, "size>");
}

/* A comma list without spaces, up to the next space. */
static bool read_globs(struct reader *reader, struct mf_globs *globs)
{
    if (globs->count)
        return fail(reader, "an option stands there twice");
    for (;;) {
        size_t len = strcspn(reader->at, ", \t\r\n");
        if (len == 0)
            return fail(reader, "an empty name in a list of an option");
        if (mf_globs_add(globs, reader->at, len))
            return fail_memory(reader);
        reader->at += len;
        if (*reader->at != ',')
            return true;
        reader->at++;
    }
}

static bool read_size(struct reader *reader)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } UNITS[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"B", 0}, {"", 0}};
    uint64_t size = 0;
    const char *at = reader->at;
    for (; *at >= '0' && *at <= '9' && at - reader->at < 12; at++)
        size = size * 10 + (uint64_t)(*at - '0');
    if (at == reader->at)
        return fail(reader, "size> needs a number");
    size_t len = strcspn(at, " \t\r\n");
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++)
        if (strlen(UNITS[i].unit) == len &&
            strncmp(UNITS[i].unit, at, len) == 0) {
            reader->rule->has_size = true;
            reader->rule->size_over = size << UNITS[i].shift;
            reader->at = at + len;
            return true;
        }
    return fail(reader, "size> is in B, KiB, MiB or GiB");
}

static bool read_options(struct reader *reader)
{
    for (skip_space(reader); *reader->at; skip_space(reader)) {
        const char *text = reader->at;
        reader->at += strlen("host=");
        bool ok;
        if (starts_with(text, "host="))
            ok = read_globs(reader, &reader->rule->hosts);
        else if (starts_with(text, "type=") && reader->takes_type)
            ok = read_globs(reader, &reader->rule->types);
        else if (starts_with(text, "size>") && reader->takes_size)
            ok = read_size(reader);
        else if (is_option(text))
            return fail(reader, "this kind of rule has no such option");
        else
            return fail(reader, "unknown word after what it looks for");
        if (!ok)
            return false;
    }
    return true;
}

/* ---- what it looks for ---- */

static bool add_path(struct reader *reader, const char *text, size_t len)
{
    struct mf_rule *rule = reader->rule;
    if (rule->path_count == MF_PATHS_MAX)
        return fail(reader, "too many paths");
    struct mf_path *paths = mf_array_grow(rule->paths, rule->path_count,
                                          &rule->path_cap, sizeof *paths);
    if (!paths)
        return fail_memory(reader);
    rule->paths = paths;
    struct mf_path *path = &paths[rule->path_count++];
    *path = (struct mf_path){0};
    const char *wrong = mf_path_parse(text, len, path);
    if (!wrong)
        return true;
    if (!*wrong)
        return fail_memory(reader);
    snprintf(reader->wrong, sizeof reader->wrong, "a path is wrong: %s", wrong);
    return false;
}

/* Length of the item at `text`, which a quoted key with a comma or a space
 * in it is part of. */
static size_t item_len(const char *text, bool is_path)
{
    size_t len = 0;
    char quote = 0;
    for (; text[len]; len++) {
        char c = text[len];
        if (quote)
            quote = c == quote && text[len + 1] == ']' ? 0 : quote;
        else if (is_path && (c == '\'' || c == '"') && len &&
                 text[len - 1] == '[')
            quote = c;
        else if (c == ',' || is_space(c))
            break;
    }
    return len;
}

static bool read_items(struct reader *reader)
{
    struct mf_rule *rule = reader->rule;
    bool is_path = rule->kind == MF_RULE_JSON, has_comma = false, any = false;
    while (*reader->at && (has_comma || !is_option(reader->at))) {
        size_t len = item_len(reader->at, is_path);
        if (len == 0)
            return fail(reader, "an empty name");
        if (is_path) {
            if (!add_path(reader, reader->at, len))
                return false;
        } else if (mf_globs_add(&rule->names, reader->at, len)) {
            return fail_memory(reader);
        }
        any = true;
        reader->at += len;
        skip_space(reader);
        has_comma = *reader->at == ',';
        if (has_comma) {
            reader->at++;
            skip_space(reader);
        }
    }
    if (has_comma || !any)
        return fail(reader, any ? "nothing stands after a comma"
                                : "it says not what to look for");
    return true;
}

static bool compile(struct reader *reader, const char *text, size_t len,
                    uint32_t options)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context)
        return fail_memory(reader);
    int code = 0;
    PCRE2_SIZE position = 0;
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_max_pattern_length(context, MAX_COMPILED_LEN);
    reader->rule->code =
        pcre2_compile((PCRE2_SPTR)text, len,
                      options | PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF |
                          PCRE2_USE_OFFSET_LIMIT,
                      &code, &position, context);
    pcre2_compile_context_free(context);
    if (!reader->rule->code) {
        char message[WRONG_MAX_LEN - 24] = "";
        if (code == PCRE2_ERROR_HEAP_FAILED)
            return fail_memory(reader);
        pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof message);
        snprintf(reader->wrong, sizeof reader->wrong, "at %zu of the regex: %s",
                 (size_t)position, message);
        return false;
    }
    /* Where code cannot be made at run time it is interpreted. */
    pcre2_jit_compile(reader->rule->code, PCRE2_JIT_COMPLETE);
    return true;
}

static bool read_flags(struct reader *reader, uint32_t *options)
{
    for (; *reader->at && !is_space(*reader->at); reader->at++)
        switch (*reader->at) {
        case 'i':
            *options |= PCRE2_CASELESS;
            break;
        case 'm':
            *options |= PCRE2_MULTILINE;
            break;
        case 's':
            *options |= PCRE2_DOTALL;
            break;
        case 'x':
            *options |= PCRE2_EXTENDED;
            break;
        default:
            return fail(reader, "flags of a regex are i, m, s and x");
        }
    return true;
}

static bool read_places(struct reader *reader)
{
    reader->rule->places = MF_PLACE_ANY;
    skip_space(reader);
    if (!take_word(reader, "in"))
        return true;
    reader->rule->places = 0;
    for (;;) {
        size_t len = strcspn(reader->at, "| \t\r\n"), i = 0;
        while (i < sizeof PLACES / sizeof *PLACES &&
               (strlen(PLACES[i].word) != len ||
                strncmp(PLACES[i].word, reader->at, len) != 0))
            i++;
        if (i == sizeof PLACES / sizeof *PLACES)
            return fail(reader, "a regex looks in body, header, url or any");
        reader->rule->places |= PLACES[i].places;
        reader->at += len;
        if (*reader->at != '|')
            return true;
        reader->at++;
    }
}

static bool read_regex(struct reader *reader)
{
    uint32_t options = 0;
    if (*reader->at != '/')
        return fail(reader, "a regex stands between slashes");
    const char *from = ++reader->at;
    while (*reader->at && *reader->at != '/')
        reader->at += *reader->at == '\\' && reader->at[1] ? 2 : 1;
    const char *end = reader->at;
    if (!*end || end == from)
        return fail(reader, *end ? "the regex is empty"
                                 : "the regex has no slash at its end");
    reader->at++;
    return read_flags(reader, &options) &&
           compile(reader, from, (size_t)(end - from), options) &&
           read_places(reader);
}

static bool read_rule(struct reader *reader)
{
    size_t i = 0, count = sizeof KINDS / sizeof *KINDS;
    skip_space(reader);
    while (i < count && !take_word(reader, KINDS[i].word))
        i++;
    if (i == count)
        return fail(reader, *reader->at
                                ? "it begins with header, query, form, json, "
                                  "regex, skip-body or skip-flow"
                                : "it is empty");
    reader->rule->kind = KINDS[i].kind;
    reader->takes_type = KINDS[i].takes_type;
    reader->takes_size = KINDS[i].takes_size;
    switch (KINDS[i].kind) {
    case MF_RULE_REGEX:
        return read_regex(reader) && read_options(reader);
    case MF_RULE_SKIP_BODY:
        return read_options(reader);
    case MF_RULE_SKIP_FLOW:
        return read_options(reader) &&
               (reader->rule->hosts.count ||
                fail(reader, "skip-flow needs a host="));
    default:
        return read_items(reader) && read_options(reader);
    }
}

/* As it was written; of a regex not what it looks for. */
static char *tell(const char *text, size_t number, const struct mf_rule *rule)
{
    while (is_space(*text))
        text++;
    if (rule->kind != MF_RULE_REGEX)
        return strdup(text);
    char place[40], *told;
    snprintf(place, sizeof place, "regex (rule %zu)", number);
    size_t len = strlen(place) + 1;
    for (size_t i = 0; i < rule->hosts.count; i++)
        len += rule->hosts.items[i].len + sizeof " host=";
    if (!(told = malloc(len)))
        return NULL;
    strcpy(told, place);
    for (size_t i = 0; i < rule->hosts.count; i++) {
        strcat(told, i ? "," : " host=");
        strcat(told, rule->hosts.items[i].text);
    }
    return told;
}

int mf_rule_parse(const char *text, size_t number, struct mf_rule *rule,
                  struct mf_err *err)
{
    struct reader reader = {.at = text, .rule = rule};
    size_t len = strlen(text);
    *rule = (struct mf_rule){0};
    bool ok = len > MF_RULE_MAX_LEN       ? fail(&reader, "it is too long")
              : !mf_utf8_valid(text, len) ? fail(&reader, "it is not UTF-8")
                                          : read_rule(&reader);
    if (ok && !(rule->told = tell(text, number, rule)))
        ok = fail_memory(&reader);
    if (ok)
        return 0;
    return mf_err_set(err, reader.is_out ? MF_ENOMEM : MF_EINVAL,
                      "rule %zu, \"%.*s%s\": %s", number,
                      (int)mf_utf8_cut(text, len, 120), text,
                      len > 120 ? "..." : "", reader.wrong);
}

void mf_rule_release(struct mf_rule *rule)
{
    mf_globs_release(&rule->names);
    mf_globs_release(&rule->hosts);
    mf_globs_release(&rule->types);
    for (size_t i = 0; i < rule->path_count; i++)
        mf_path_release(&rule->paths[i]);
    free(rule->paths);
    pcre2_code_free(rule->code);
    free(rule->told);
    *rule = (struct mf_rule){0};
}
