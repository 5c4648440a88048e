#include "store/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/column_page.h"
#include "store/histogram.h"

enum { COUNTS_FIRST = 64, NUMBER_CAP = 8 };

/* How often each value of a facet came: by id, status or type. */
struct counts {
    enum mf_facet_kind kind;
    uint64_t *items;
    size_t cap;
    uint64_t others;
    struct mf_facet_value *values;
    char *numbers; /* texts of statuses, NUMBER_CAP bytes each */
};

struct mf_tally {
    const struct mf_names *names;
    struct mf_histogram *histogram; /* NULL: none is wanted */
    struct counts facets[MF_FACETS_MAX];
    size_t facet_count;
    size_t facet_limit;
    struct mf_summary summary;
    struct mf_series series[MF_HISTOGRAM_SERIES];
    struct mf_facet told[MF_FACETS_MAX];
};

int mf_tally_new(const struct mf_query_opts *opts, const struct mf_names *names,
                 struct mf_tally **ret_tally)
{
    struct mf_tally *tally = calloc(1, sizeof *tally);
    if (!tally)
        return MF_ENOMEM;
    tally->names = names;
    tally->facet_limit = opts->facet_limit;
    tally->facet_count = opts->facet_count;
    for (size_t i = 0; i < opts->facet_count; i++)
        tally->facets[i].kind = opts->facets[i];
    if (opts->bars && mf_histogram_new(opts->bars, opts->from_ns, opts->to_ns,
                                       &tally->histogram)) {
        mf_tally_free(tally);
        return MF_ENOMEM;
    }
    *ret_tally = tally;
    return 0;
}

void mf_tally_free(struct mf_tally *tally)
{
    if (!tally)
        return;
    for (size_t i = 0; i < tally->facet_count; i++) {
        free(tally->facets[i].items);
        free(tally->facets[i].values);
        free(tally->facets[i].numbers);
    }
    mf_histogram_free(tally->histogram);
    free(tally);
}

uint32_t mf_tally_columns(const struct mf_tally *tally)
{
    static const uint32_t columns[] = {
        [MF_FACET_HOST] = 1U << MF_PAGED_HOST,
        [MF_FACET_METHOD] = 1U << MF_PAGED_METHOD | 1U << MF_PAGED_FLAGS,
        [MF_FACET_FLOW_TYPE] = 0,
        [MF_FACET_STATUS] = 1U << MF_PAGED_STATUS,
        [MF_FACET_DEVICE] = 1U << MF_PAGED_CLIENT,
        [MF_FACET_SOURCE] = 1U << MF_PAGED_SOURCE,
        [MF_FACET_CONTENT_TYPE] = 1U << MF_PAGED_RESPONSE_TYPE |
                                  1U << MF_PAGED_REQUEST_TYPE |
                                  1U << MF_PAGED_FLAGS,
    };
    uint32_t wanted = 1U << MF_PAGED_CLIENT_BYTES | 1U << MF_PAGED_SERVER_BYTES;
    if (tally->histogram)
        wanted |= 1U << MF_PAGED_START | 1U << MF_PAGED_STATUS;
    for (size_t i = 0; i < tally->facet_count; i++)
        wanted |= columns[tally->facets[i].kind];
    return wanted;
}

/* The value of a flow, 0: it has none, or (*ret_is_other) one that has no
 * id. */
static uint32_t value_of(enum mf_facet_kind kind,
                         const struct mf_columns *columns, bool *ret_is_other)
{
    uint32_t flags = columns->flags;
    *ret_is_other = false;
    switch (kind) {
    case MF_FACET_HOST:
        return columns->host;
    case MF_FACET_METHOD:
        *ret_is_other =
            columns->type == MF_FLOW_HTTP && flags & MF_COLUMN_REQUEST;
        return columns->method;
    case MF_FACET_FLOW_TYPE:
        return columns->type;
    case MF_FACET_STATUS:
        return columns->status;
    case MF_FACET_DEVICE:
        return columns->client;
    case MF_FACET_SOURCE:
        return columns->source;
    case MF_FACET_CONTENT_TYPE:
        *ret_is_other =
            flags & (MF_COLUMN_RESPONSE_TYPE | MF_COLUMN_REQUEST_TYPE);
        return columns->response_type || flags & MF_COLUMN_RESPONSE_TYPE
                   ? columns->response_type
                   : columns->request_type;
    }
    return 0;
}

static int count(struct counts *counts, uint32_t value)
{
    if (value >= counts->cap) {
        size_t cap = counts->cap ? counts->cap : COUNTS_FIRST;
        while (cap <= value)
            cap *= 2;
        void *grown = realloc(counts->items, cap * sizeof *counts->items);
        if (!grown)
            return MF_ENOMEM;
        counts->items = grown;
        memset(counts->items + counts->cap, 0,
               (cap - counts->cap) * sizeof *counts->items);
        counts->cap = cap;
    }
    counts->items[value]++;
    return 0;
}

int mf_tally_add(struct mf_tally *tally, const struct mf_columns *columns)
{
    tally->summary.count++;
    tally->summary.client_bytes += columns->client_bytes;
    tally->summary.server_bytes += columns->server_bytes;
    if (tally->histogram)
        mf_histogram_add(tally->histogram, columns);
    for (size_t i = 0; i < tally->facet_count; i++) {
        struct counts *counts = &tally->facets[i];
        bool is_other;
        uint32_t value = value_of(counts->kind, columns, &is_other);
        if (value == 0 || value > MF_NAMES_MAX)
            counts->others += is_other;
        else if (count(counts, value))
            return MF_ENOMEM;
    }
    return 0;
}

/* ---- the end ---- */

struct ranked {
    uint64_t count;
    uint32_t value;
};

/* The most frequent first; what is as frequent, by value. */
static int by_rank(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    if (left->count != right->count)
        return left->count > right->count ? -1 : 1;
    return left->value < right->value ? -1 : left->value > right->value;
}

static const char *text_of(const struct mf_tally *tally, struct counts *counts,
                           uint32_t value, size_t at)
{
    static const int kinds[] = {
        [MF_FACET_HOST] = MF_NAME_HOST,
        [MF_FACET_METHOD] = MF_NAME_METHOD,
        [MF_FACET_DEVICE] = MF_NAME_CLIENT,
        [MF_FACET_SOURCE] = MF_NAME_SOURCE,
        [MF_FACET_CONTENT_TYPE] = MF_NAME_CONTENT_TYPE,
    };
    if (counts->kind == MF_FACET_FLOW_TYPE)
        return mf_flow_type_name((enum mf_flow_type)value);
    if (counts->kind == MF_FACET_STATUS) {
        char *text = counts->numbers + at * NUMBER_CAP;
        snprintf(text, NUMBER_CAP, "%u", value);
        return text;
    }
    return mf_names_text(tally->names, (enum mf_name_kind)kinds[counts->kind],
                         value)
        .text;
}

static int tell(const struct mf_tally *tally, struct counts *counts,
                struct mf_facet *ret_facet)
{
    struct ranked *ranked = calloc(counts->cap + 1, sizeof *ranked);
    size_t found = 0;
    if (!ranked)
        return MF_ENOMEM;
    for (size_t value = 0; value < counts->cap; value++)
        if (counts->items[value])
            ranked[found++] =
                (struct ranked){counts->items[value], (uint32_t)value};
    qsort(ranked, found, sizeof *ranked, by_rank);
    size_t kept = found < tally->facet_limit ? found : tally->facet_limit;
    counts->values = calloc(kept + 1, sizeof *counts->values);
    counts->numbers = calloc(kept + 1, NUMBER_CAP);
    if (!counts->values || !counts->numbers) {
        free(ranked);
        return MF_ENOMEM;
    }
    for (size_t i = 0; i < found; i++) {
        if (i >= kept)
            counts->others += ranked[i].count;
        else
            counts->values[i] = (struct mf_facet_value){
                text_of(tally, counts, ranked[i].value, i), ranked[i].count};
    }
    free(ranked);
    *ret_facet = (struct mf_facet){.kind = counts->kind,
                                   .values = counts->values,
                                   .value_count = kept,
                                   .others = counts->others};
    return 0;
}

int mf_tally_finish(struct mf_tally *tally)
{
    struct mf_summary *summary = &tally->summary;
    if (tally->histogram)
        summary->series_count =
            mf_histogram_finish(tally->histogram, &summary->from_ns,
                                &summary->to_ns, tally->series);
    summary->series = tally->series;
    summary->facets = tally->told;
    summary->facet_count = tally->facet_count;
    int rc = 0;
    for (size_t i = 0; !rc && i < tally->facet_count; i++)
        rc = tell(tally, &tally->facets[i], &tally->told[i]);
    return rc;
}

const struct mf_summary *mf_tally_summary(const struct mf_tally *tally)
{
    return &tally->summary;
}
