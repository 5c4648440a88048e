#include "service/query_answer.h"

#include <string.h>

#include "pb/wire.h"
#include "service/position.h"
#include "store/spread.h"

/* Field numbers of mitmflow.v1. */
enum {
    PROGRESS_BACK_TO = 1,
    PROGRESS_SHARE = 2,
    PROGRESS_FOUND = 3,
    PROGRESS_LIMITED = 4,
    END_NEXT = 1,
    END_WATCH_CURSOR = 2,
    END_MATCHED = 3,
    SUMMARY_COUNT = 1,
    SUMMARY_HISTOGRAM = 2,
    SUMMARY_FACETS = 3,
    SUMMARY_CLIENT_BYTES = 4,
    SUMMARY_SERVER_BYTES = 5,
    SUMMARY_ERRORS = 6,
    SUMMARY_DURATIONS = 7,
    SUMMARY_SIZES = 8,
    SPREAD_COUNT = 1,
    SPREAD_P50 = 2,
    SPREAD_P95 = 3,
    SPREAD_P99 = 4,
    SPREAD_MAX = 5,
    SPREAD_DOUBLINGS = 6,
    HISTOGRAM_FROM = 1,
    HISTOGRAM_TO = 2,
    HISTOGRAM_SERIES = 3,
    SERIES_TYPE = 1,
    SERIES_STATUS_CLASS = 2,
    SERIES_COUNTS = 3,
    FACET_KIND = 1,
    FACET_VALUES = 2,
    FACET_OTHERS = 3,
    VALUE_TEXT = 1,
    VALUE_COUNT = 2,
    VALUE_ERRORS = 3,
    VALUE_P50 = 4,
    VALUE_P95 = 5,
    VARINT_MAX_LEN = 10,
};

/* One put after another, stopping at the first that fails. */
struct putter {
    struct mf_buf *out;
    int rc;
};

static void put_number(struct putter *put, uint32_t field, uint64_t value)
{
    if (!put->rc)
        put->rc = mf_wire_put_varint_opt(put->out, field, value);
}

static void put_text(struct putter *put, uint32_t field, const char *text)
{
    if (!put->rc)
        put->rc = mf_wire_put_bytes_opt(put->out, field, text, strlen(text));
}

static void put_time(struct putter *put, uint32_t field, int64_t ns)
{
    if (!put->rc)
        put->rc = mf_wire_put_timestamp_opt(put->out, field, ns);
}

static size_t begin(struct putter *put, uint32_t field)
{
    size_t mark = 0;
    if (!put->rc)
        put->rc = mf_wire_begin(put->out, field, &mark);
    return mark;
}

static void end(struct putter *put, size_t mark)
{
    if (!put->rc)
        put->rc = mf_wire_end(put->out, mark);
}

int mf_query_put_progress(const struct mf_query_progress *progress,
                          uint32_t number, struct mf_buf *out)
{
    struct putter put = {.out = out};
    size_t mark = begin(&put, number);
    put_time(&put, PROGRESS_BACK_TO, progress->back_to_ns);
    if (!put.rc)
        put.rc = mf_wire_put_double_opt(out, PROGRESS_SHARE, progress->share);
    put_number(&put, PROGRESS_FOUND, progress->found);
    put_number(&put, PROGRESS_LIMITED, progress->is_limited);
    end(&put, mark);
    return put.rc;
}

int mf_query_put_end(const struct mf_context *context,
                     const struct mf_query *query, uint32_t number,
                     struct mf_buf *out)
{
    struct putter put = {.out = out};
    size_t mark = begin(&put, number);
    put_text(&put, END_NEXT, mf_query_cursor(query));
    if (!put.rc)
        put.rc = mf_position_put(context, mf_query_head(query),
                                 END_WATCH_CURSOR, out);
    put_number(&put, END_MATCHED, mf_query_total(query));
    end(&put, mark);
    return put.rc;
}

/* ---- the summary ---- */

static void put_counts(struct putter *put, uint32_t field,
                       const uint64_t *counts, size_t count)
{
    size_t mark = begin(put, field); /* packed */
    for (size_t i = 0; !put->rc && i < count; i++) {
        uint8_t bytes[VARINT_MAX_LEN];
        size_t len = mf_wire_encode_varint(bytes, counts[i]);
        put->rc = mf_buf_append(put->out, bytes, len);
    }
    end(put, mark);
}

static void put_histogram(struct putter *put, const struct mf_summary *summary,
                          size_t bars)
{
    size_t mark = begin(put, SUMMARY_HISTOGRAM);
    put_time(put, HISTOGRAM_FROM, summary->from_ns);
    put_time(put, HISTOGRAM_TO, summary->to_ns);
    for (size_t i = 0; i < summary->series_count; i++) {
        const struct mf_series *series = &summary->series[i];
        size_t series_mark = begin(put, HISTOGRAM_SERIES);
        put_text(put, SERIES_TYPE, mf_flow_type_name(series->type));
        put_number(put, SERIES_STATUS_CLASS, series->status_class);
        put_counts(put, SERIES_COUNTS, series->counts, bars);
        end(put, series_mark);
    }
    end(put, mark);
}

static void put_facet(struct putter *put, const struct mf_facet *facet)
{
    size_t mark = begin(put, SUMMARY_FACETS);
    put_number(put, FACET_KIND, facet->kind);
    for (size_t i = 0; i < facet->value_count; i++) {
        size_t value_mark = begin(put, FACET_VALUES);
        put_text(put, VALUE_TEXT, facet->values[i].text);
        put_number(put, VALUE_COUNT, facet->values[i].count);
        put_number(put, VALUE_ERRORS, facet->values[i].errors);
        put_number(put, VALUE_P50, facet->values[i].p50);
        put_number(put, VALUE_P95, facet->values[i].p95);
        end(put, value_mark);
    }
    put_number(put, FACET_OTHERS, facet->others);
    end(put, mark);
}

static void put_spread(struct putter *put, uint32_t field,
                       const struct mf_spread *spread)
{
    uint64_t doublings[MF_SPREAD_DOUBLINGS];
    size_t count = mf_spread_doublings(spread, doublings);
    size_t mark = begin(put, field);
    put_number(put, SPREAD_COUNT, spread->count);
    put_number(put, SPREAD_P50, mf_spread_at(spread, 50));
    put_number(put, SPREAD_P95, mf_spread_at(spread, 95));
    put_number(put, SPREAD_P99, mf_spread_at(spread, 99));
    put_number(put, SPREAD_MAX, spread->max);
    if (count)
        put_counts(put, SPREAD_DOUBLINGS, doublings, count);
    end(put, mark);
}

int mf_query_put_summary(const struct mf_summary *summary, size_t bars,
                         uint32_t number, struct mf_buf *out)
{
    struct putter put = {.out = out};
    size_t mark = begin(&put, number);
    put_number(&put, SUMMARY_COUNT, summary->count);
    if (bars)
        put_histogram(&put, summary, bars);
    for (size_t i = 0; i < summary->facet_count; i++)
        put_facet(&put, &summary->facets[i]);
    put_number(&put, SUMMARY_CLIENT_BYTES, summary->client_bytes);
    put_number(&put, SUMMARY_SERVER_BYTES, summary->server_bytes);
    put_number(&put, SUMMARY_ERRORS, summary->errors);
    if (summary->durations)
        put_spread(&put, SUMMARY_DURATIONS, summary->durations);
    if (summary->sizes)
        put_spread(&put, SUMMARY_SIZES, summary->sizes);
    end(&put, mark);
    return put.rc;
}
