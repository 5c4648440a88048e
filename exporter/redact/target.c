#include "exporter/redact/target.h"

#include <string.h>

enum { AUTHORITY = 107, PATH = 108, HOST = 109, SCHEME = 112 };

bool mf_target_is(uint32_t number)
{
    return (number >= AUTHORITY && number <= HOST) || number == SCHEME;
}

void mf_target_see(struct mf_job *job, const struct mf_region_field *field)
{
    struct mf_text text = mf_walk_text(job, field);
    int rc = 0;
    if (field->number == AUTHORITY)
        rc = mf_facts_add_url(job->facts, text.data, text.len);
    else if (field->number == HOST)
        rc = mf_facts_add_host(job->facts, text.data, text.len);
    job->is_broken |= rc != 0;
}

/* Where the path of a URL begins; its end, if it has none. */
static size_t path_at(struct mf_text url)
{
    const char *text = (const char *)url.data;
    const char *mark = memmem(text, url.len, "://", 3);
    size_t at = mark ? (size_t)(mark - text) + 3 : 0;
    while (at < url.len && !memchr("/?#", text[at], 3))
        at++;
    return at;
}

/* What was found from the span `first` on. */
static void note_finds(const struct mf_spans *spans, size_t first, size_t at,
                       struct mf_target_finds *finds)
{
    bool is_all = spans->error || spans->tail != SIZE_MAX;
    finds->in_authority |= is_all;
    finds->in_path |= is_all;
    for (size_t i = first; i < spans->count; i++) {
        finds->in_authority |= spans->items[i].from < at;
        finds->in_path |= spans->items[i].to > at;
    }
}

static void find_regex(struct mf_job *job, struct mf_text text)
{
    mf_find_regex(job, MF_PLACE_URL, NULL, text.data, text.len);
    mf_find_regex_encoded(job, MF_PLACE_URL, NULL, text.data, text.len);
}

static void find_pairs(struct mf_job *job, struct mf_text text)
{
    mf_spans_clear(&job->redactor->spans);
    if (job->redactor->kinds & 1u << MF_RULE_QUERY)
        mf_find_pairs(job, MF_PAIRS_URL, NULL, text.data, 0, text.len);
}

void mf_target_put_url(struct mf_job *job, const struct mf_region_field *field,
                       struct mf_target_finds *finds, struct mf_encoder *out)
{
    struct mf_text text = mf_walk_text(job, field);
    find_pairs(job, text);
    size_t first = job->redactor->spans.count;
    find_regex(job, text);
    note_finds(&job->redactor->spans, first, path_at(text), finds);
    mf_walk_put_found(job, field, text, true, out);
}

static void put_one(struct mf_job *job, const struct mf_region_field *field,
                    const struct mf_target_finds *finds, struct mf_encoder *out)
{
    struct mf_text text = mf_walk_text(job, field);
    bool is_path = field->number == PATH;
    find_pairs(job, text);
    find_regex(job, text);
    if (is_path ? finds->in_path : finds->in_authority)
        mf_spans_add(&job->redactor->spans, 0, text.len, text.data, text.len,
                     false);
    mf_walk_put_found(job, field, text, field->number == HOST, out);
}

void mf_target_put_rest(struct mf_job *job, const struct mf_region_field *field,
                        const struct mf_target_finds *finds,
                        struct mf_encoder *out)
{
    struct mf_region region = field->body;
    struct mf_region_field inner;
    while (mf_region_next(&region, &inner))
        if (inner.type == MF_WIRE_LEN && mf_target_is(inner.number))
            put_one(job, &inner, finds, out);
}
