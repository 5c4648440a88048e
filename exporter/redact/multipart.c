/* Bodies of several parts (RFC 2046, section 5.1; RFC 7578). */
#include <string.h>
#include <strings.h>

#include "exporter/redact/inside.h"

enum { BOUNDARY_MAX = 200 };
static const char CANNOT[] = "its parts cannot be told apart";

struct text {
    const uint8_t *data;
    size_t len;
};

/* Where quoted text ends is not the same for all readers. */
enum quotes {
    QUOTES_ESCAPED, /* with backslashes */
    QUOTES_PLAIN,   /* at the next quote */
    QUOTES_NONE,    /* nothing is quoted, but for what is looked for */
    QUOTES_KINDS,
};

struct part {
    size_t from, to;                 /* its body */
    struct text names[QUOTES_KINDS]; /* of its field: one for each reader */
    char type[128];
    bool has_type, is_encoded;
};

static bool begins(const struct text *text, const char *word)
{
    size_t len = strlen(word);
    return text->len >= len &&
           strncasecmp((const char *)text->data, word, len) == 0;
}

/* How far the value reaches that `text` begins with, its quotes included. */
static size_t value_len(struct text text, enum quotes quotes)
{
    bool is_quoted = text.len && *text.data == '"';
    size_t len = is_quoted;
    while (len < text.len &&
           (is_quoted ? text.data[len] != '"'
                      : text.data[len] != ';' && text.data[len] != ' '))
        len += is_quoted && quotes != QUOTES_PLAIN && text.data[len] == '\\' &&
                       len + 1 < text.len
                   ? 2
                   : 1;
    return len + (is_quoted && len < text.len);
}

/* The value of a parameter behind the first ';'; false: there is none. */
static bool parameter(struct text text, const char *name, enum quotes quotes,
                      struct text *ret)
{
    size_t name_len = strlen(name), at = 0;
    while (at < text.len) {
        const uint8_t *next = memchr(text.data + at, ';', text.len - at);
        if (!next)
            return false;
        at = (size_t)(next - text.data) + 1;
        while (at < text.len && (text.data[at] == ' ' || text.data[at] == '\t'))
            at++;
        size_t key = at;
        while (at < text.len && text.data[at] != '=' && text.data[at] != ';')
            at++;
        if (at == text.len || text.data[at] == ';')
            continue;
        struct text rest = {text.data + at + 1, text.len - at - 1};
        size_t len = value_len(rest, quotes);
        if (at - key != name_len ||
            strncasecmp((const char *)text.data + key, name, name_len) != 0) {
            at += 1 + (quotes == QUOTES_NONE ? 0 : len);
            continue;
        }
        bool is_quoted = len && *rest.data == '"';
        bool has_end = len > 1 && is_quoted && rest.data[len - 1] == '"';
        *ret = (struct text){rest.data + is_quoted, len - is_quoted - has_end};
        return true;
    }
    return false;
}

/* The next line that is a delimiter; its start and what follows it. */
static bool find_delimiter(const uint8_t *text, size_t from, size_t len,
                           struct text boundary, size_t *ret_start,
                           size_t *ret_after)
{
    for (size_t at = from; at + 2 + boundary.len <= len; at++) {
        const uint8_t *dash = memchr(text + at, '-', len - at);
        if (!dash)
            return false;
        at = (size_t)(dash - text);
        if (at + 2 + boundary.len > len)
            return false;
        if (text[at + 1] != '-' || (at > 0 && text[at - 1] != '\n') ||
            memcmp(text + at + 2, boundary.data, boundary.len) != 0)
            continue;
        *ret_start = at;
        *ret_after = at + 2 + boundary.len;
        return true;
    }
    return false;
}

static void read_header(struct part *part, struct text line)
{
    struct text value;
    if (begins(&line, "content-disposition:")) {
        for (int i = 0; i < QUOTES_KINDS; i++)
            if (parameter(line, "name", (enum quotes)i, &value))
                part->names[i] = value;
    } else if (begins(&line, "content-type:")) {
        size_t skip = sizeof "content-type:" - 1;
        while (skip < line.len && line.data[skip] == ' ')
            skip++;
        size_t len = line.len - skip;
        if (len >= sizeof part->type)
            len = sizeof part->type - 1;
        memcpy(part->type, line.data + skip, len);
        part->type[len] = 0;
        part->has_type = true;
    } else if (begins(&line, "content-transfer-encoding:")) {
        size_t skip = sizeof "content-transfer-encoding:" - 1;
        while (skip < line.len && line.data[skip] == ' ')
            skip++;
        struct text word = {line.data + skip, line.len - skip};
        part->is_encoded = !begins(&word, "binary") && !begins(&word, "8bit") &&
                           !begins(&word, "7bit");
    }
}

/* Header lines from `at` on; false: they do not end. */
static bool read_headers(const uint8_t *text, size_t at, size_t len,
                         struct part *part)
{
    while (at < len) {
        const uint8_t *end = memchr(text + at, '\n', len - at);
        if (!end)
            return false;
        struct text line = {text + at, (size_t)(end - text) - at};
        if (line.len && line.data[line.len - 1] == '\r')
            line.len--;
        at = (size_t)(end - text) + 1;
        if (line.len == 0) {
            part->from = at;
            return true;
        }
        if (*line.data == ' ' || *line.data == '\t')
            return false; /* folded, which forms never are */
        read_header(part, line);
    }
    return false;
}

static bool is_named(const struct part *part, const struct mf_globs *names)
{
    for (int i = 0; i < QUOTES_KINDS; i++)
        if (part->names[i].data &&
            mf_globs_match(names, part->names[i].data, part->names[i].len))
            return true;
    return false;
}

static void mark_field(struct mf_job *job, const char *type,
                       const uint8_t *text, const struct part *part)
{
    const struct mf_redactor *redactor = job->redactor;
    for (size_t i = 0; i < redactor->count; i++)
        if (redactor->rules[i].kind == MF_RULE_FORM &&
            mf_job_applies(job, i, type) && part->to > part->from &&
            is_named(part, &redactor->rules[i].names)) {
            mf_job_fire(job, i);
            mf_spans_add(&job->redactor->spans, part->from, part->to,
                         text + part->from, part->to - part->from, false);
        }
}

static const char *find_in_part(struct mf_job *job, const char *type,
                                const uint8_t *text, const struct part *part)
{
    struct mf_spans *spans = &job->redactor->spans;
    bool has_json = mf_job_any(job, MF_RULE_JSON, type);
    if (part->is_encoded && (has_json || mf_job_any(job, MF_RULE_REGEX, type)))
        return "a part of it has an encoding of its own";
    mark_field(job, type, text, part);
    size_t start =
        has_json ? mf_json_start(text, part->from, part->to) : SIZE_MAX;
    if (start == SIZE_MAX)
        return NULL;
    size_t cut = mf_find_json(job, type, text, start, part->to, false, false);
    if (cut < part->to)
        mf_spans_add(spans, cut, part->to, text + cut, part->to - cut, false);
    return NULL;
}

const char *mf_find_multipart(struct mf_job *job, const char *type,
                              const uint8_t *text, size_t len, bool is_cut)
{
    struct text header = {(const uint8_t *)type, strlen(type)}, boundary;
    size_t start, at, parts = 0;
    if (!parameter(header, "boundary", QUOTES_ESCAPED, &boundary) ||
        boundary.len == 0 || boundary.len > BOUNDARY_MAX ||
        !find_delimiter(text, 0, len, boundary, &start, &at))
        return CANNOT;
    for (;; parts++) {
        struct part part = {0};
        if (len - at >= 2 && memcmp(text + at, "--", 2) == 0)
            return NULL;
        const uint8_t *line = memchr(text + at, '\n', len - at);
        size_t next = len;
        if (!line || !read_headers(text, (size_t)(line - text) + 1, len, &part))
            break;
        bool is_last =
            !find_delimiter(text, part.from, len, boundary, &start, &next);
        part.to = is_last ? len : start;
        /* The line break before a delimiter is part of that. */
        if (!is_last && part.to > part.from)
            part.to--;
        if (!is_last && part.to > part.from && text[part.to - 1] == '\r')
            part.to--;
        const char *why = find_in_part(job, type, text, &part);
        if (why)
            return why;
        if (is_last)
            return is_cut ? NULL : CANNOT;
        at = next;
    }
    if (!is_cut)
        return CANNOT;
    /* It breaks off in a delimiter or among headers: nothing of a body. */
    return NULL;
}
