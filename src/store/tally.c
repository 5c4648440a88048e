#include "store/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/column_page.h"
#include "store/histogram.h"
#include "store/spread.h"

enum { COUNTS_FIRST = 64, NUMBER_CAP = 8 };

/* Longer than a year: not believed. */
#define DURATION_MAX_US 4e13

/* How often each value of a facet came: by id, status or type. */
struct counts {
    enum mf_facet_kind kind;
    uint64_t *items;
    uint64_t *errors; /* NULL: without details */
    size_t cap;
    uint64_t others;
    struct mf_spreads durations; /* with details */
    struct mf_facet_value *values;
    char *numbers; /* texts of statuses, NUMBER_CAP bytes each */
};

struct details {
    struct mf_spread durations;
    struct mf_spread sizes;
};

struct mf_tally {
    const struct mf_names *names;
    struct mf_histogram *histogram; /* NULL: none is wanted */
    struct counts facets[MF_FACETS_MAX];
    size_t facet_count;
    size_t facet_limit;
    struct details *details; /* NULL: not wanted */
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
    if (opts->with_details)
        tally->details = calloc(1, sizeof *tally->details);
    if ((opts->with_details && !tally->details) ||
        (opts->bars && mf_histogram_new(opts->bars, opts->from_ns, opts->to_ns,
                                        &tally->histogram))) {
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
        mf_spreads_release(&tally->facets[i].durations);
        free(tally->facets[i].items);
        free(tally->facets[i].errors);
        free(tally->facets[i].values);
        free(tally->facets[i].numbers);
    }
    mf_histogram_free(tally->histogram);
    free(tally->details);
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
    if (tally->details)
        wanted |= 1U << MF_PAGED_FLAGS | 1U << MF_PAGED_STATUS |
                  1U << MF_PAGED_DURATION;
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

static int grow_one(uint64_t **items, size_t from, size_t to)
{
    uint64_t *grown = realloc(*items, to * sizeof *grown);
    if (!grown)
        return MF_ENOMEM;
    memset(grown + from, 0, (to - from) * sizeof *grown);
    *items = grown;
    return 0;
}

static int grow(struct counts *counts, uint32_t value, bool with_errors)
{
    size_t cap = counts->cap ? counts->cap : COUNTS_FIRST;
    while (cap <= value)
        cap *= 2;
    if (grow_one(&counts->items, counts->cap, cap) ||
        (with_errors && grow_one(&counts->errors, counts->cap, cap)))
        return MF_ENOMEM;
    counts->cap = cap;
    return 0;
}

/* What is told of a flow beside its values. */
struct traits {
    bool is_error;
    bool has_duration;
    uint64_t duration_us;
};

static struct traits traits_of(const struct mf_columns *columns)
{
    bool is_http = columns->type == MF_FLOW_HTTP;
    bool is_answer = columns->flags & MF_COLUMN_RESPONSE &&
                     !(columns->flags & MF_COLUMN_WEBSOCKET);
    double us = columns->duration_ms * 1000;
    return (struct traits){
        .is_error = columns->flags & MF_COLUMN_ERROR ||
                    (is_http && columns->status >= 400),
        /* Also false if it is no number. */
        .has_duration = is_answer && us >= 0 && us < DURATION_MAX_US,
        .duration_us =
            us >= 0 && us < DURATION_MAX_US ? (uint64_t)(us + 0.5) : 0,
    };
}

static int count(struct counts *counts, uint32_t value,
                 const struct traits *traits)
{
    if (value >= counts->cap && grow(counts, value, traits != NULL))
        return MF_ENOMEM;
    counts->items[value]++;
    if (!traits)
        return 0;
    counts->errors[value] += traits->is_error;
    return traits->has_duration
               ? mf_spreads_add(&counts->durations, value, traits->duration_us)
               : 0;
}

static void add_details(struct mf_tally *tally,
                        const struct mf_columns *columns,
                        const struct traits *traits)
{
    tally->summary.errors += traits->is_error;
    mf_spread_add(&tally->details->sizes,
                  columns->client_bytes + columns->server_bytes);
    if (traits->has_duration)
        mf_spread_add(&tally->details->durations, traits->duration_us);
}

int mf_tally_add(struct mf_tally *tally, const struct mf_columns *columns)
{
    struct traits details;
    const struct traits *traits = NULL;
    tally->summary.count++;
    tally->summary.client_bytes += columns->client_bytes;
    tally->summary.server_bytes += columns->server_bytes;
    if (tally->histogram)
        mf_histogram_add(tally->histogram, columns);
    if (tally->details) {
        details = traits_of(columns);
        traits = &details;
        add_details(tally, columns, traits);
    }
    for (size_t i = 0; i < tally->facet_count; i++) {
        struct counts *counts = &tally->facets[i];
        bool is_other;
        uint32_t value = value_of(counts->kind, columns, &is_other);
        if (value == 0 || value > MF_NAMES_MAX)
            counts->others += is_other;
        else if (count(counts, value, traits))
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

/* The most frequent values in order, `counts->cap` of room; how many. */
static size_t rank(const struct counts *counts, struct ranked *ret_ranked)
{
    size_t found = 0;
    for (size_t value = 0; value < counts->cap; value++)
        if (counts->items[value])
            ret_ranked[found++] =
                (struct ranked){counts->items[value], (uint32_t)value};
    qsort(ret_ranked, found, sizeof *ret_ranked, by_rank);
    return found;
}

static int tell_details(struct counts *counts, const struct ranked *ranked,
                        size_t kept)
{
    uint32_t *values = calloc(kept + 1, sizeof *values);
    struct mf_quantiles *quantiles = calloc(kept + 1, sizeof *quantiles);
    int rc = values && quantiles ? 0 : MF_ENOMEM;
    for (size_t i = 0; !rc && i < kept; i++)
        values[i] = ranked[i].value;
    if (!rc)
        rc = mf_spreads_quantiles(&counts->durations, values, kept, quantiles);
    for (size_t i = 0; !rc && i < kept; i++) {
        counts->values[i].errors = counts->errors[values[i]];
        counts->values[i].p50 = quantiles[i].p50;
        counts->values[i].p95 = quantiles[i].p95;
    }
    free(values);
    free(quantiles);
    return rc;
}

static int tell_values(const struct mf_tally *tally, struct counts *counts,
                       const struct ranked *ranked, size_t found, size_t kept)
{
    counts->values = calloc(kept + 1, sizeof *counts->values);
    counts->numbers = calloc(kept + 1, NUMBER_CAP);
    if (!counts->values || !counts->numbers)
        return MF_ENOMEM;
    for (size_t i = 0; i < found; i++) {
        if (i >= kept)
            counts->others += ranked[i].count;
        else
            counts->values[i] = (struct mf_facet_value){
                .text = text_of(tally, counts, ranked[i].value, i),
                .count = ranked[i].count};
    }
    return tally->details ? tell_details(counts, ranked, kept) : 0;
}

static int tell(const struct mf_tally *tally, struct counts *counts,
                struct mf_facet *ret_facet)
{
    struct ranked *ranked = calloc(counts->cap + 1, sizeof *ranked);
    if (!ranked)
        return MF_ENOMEM;
    size_t found = rank(counts, ranked);
    size_t kept = found < tally->facet_limit ? found : tally->facet_limit;
    int rc = tell_values(tally, counts, ranked, found, kept);
    free(ranked);
    if (rc)
        return rc;
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
    if (tally->details) {
        summary->durations = &tally->details->durations;
        summary->sizes = &tally->details->sizes;
    }
    int rc = 0;
    for (size_t i = 0; !rc && i < tally->facet_count; i++)
        rc = tell(tally, &tally->facets[i], &tally->told[i]);
    return rc;
}

const struct mf_summary *mf_tally_summary(const struct mf_tally *tally)
{
    return &tally->summary;
}
