#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "store/column_page.h"
#include "store/lookup.h"
#include "store/query_impl.h"

/* Places that a round keeps: half of what mf_best then takes, 32 MB. */
enum { ROUND_MAX = 1 << 19 };

int mf_query__cancelled(struct mf_err *err)
{
    return mf_err_set(err, MF_ECLOSED, "cancelled");
}

int mf_query__no_memory(struct mf_err *err)
{
    return mf_err_set(err, MF_ENOMEM, "out of memory");
}

size_t mf_query__wanted(const struct mf_query *query)
{
    size_t left = query->limit - query->popped;
    return query->skip > SIZE_MAX - left ? SIZE_MAX : query->skip + left;
}

/* ---- begin and end ---- */

static int check(const struct mf_query_opts *opts, struct mf_err *err)
{
    if (opts->sort > MF_SORT_TYPE || opts->facet_count > MF_FACETS_MAX)
        return mf_err_set(err, MF_EINVAL, "no such order, or too many facets");
    for (size_t i = 0; i < opts->facet_count; i++)
        if (opts->facets[i] < MF_FACET_HOST ||
            opts->facets[i] > MF_FACET_CONTENT_TYPE)
            return mf_err_set(err, MF_EINVAL, "no such facet");
    return 0;
}

int mf_query_new(const struct mf_query_opts *opts, struct mf_query **ret_query,
                 struct mf_err *err)
{
    int rc = check(opts, err);
    if (rc)
        return rc;
    struct mf_query *query = calloc(1, sizeof *query);
    if (!query)
        return mf_query__no_memory(err);
    query->opts = *opts;
    query->opts.cursor = NULL;
    query->summarize = opts->summarize;
    query->since_ns = opts->since_ns;
    query->only_numbers = opts->only_numbers;
    query->limit = opts->summarize      ? 0
                   : opts->only_numbers ? SIZE_MAX
                                        : opts->limit;
    query->skip = opts->summarize || opts->only_numbers ? 0 : opts->offset;
    query->order = (struct mf_order){opts->sort, opts->ascending, NULL};
    query->is_stream = !opts->summarize && !opts->only_numbers &&
                       opts->sort == MF_SORT_ARRIVAL && !opts->ascending;
    query->has_cursor = !opts->summarize && !opts->only_numbers &&
                        opts->cursor && *opts->cursor;
    if (query->has_cursor &&
        !mf_order_get_cursor(&query->order, opts->cursor, query->after_text,
                             &query->after)) {
        free(query);
        return mf_err_set(err, MF_EINVAL, "the cursor is not of this order");
    }
    if (opts->filter && !mf_filter_is_empty(opts->filter))
        query->filter = mf_filter_ref(opts->filter);
    query->takes_all = !query->filter && !opts->since_ns && !opts->before;
    query->has_after = query->has_cursor;
    query->round_max = ROUND_MAX;
    query->pending.max = mf_query__wanted(query);
    query->best.order = &query->taken;
    *ret_query = query;
    return 0;
}

void mf_query__release_search(struct mf_query *query)
{
    mf_seen_release(&query->seen);
    free(query->search.apart);
    query->search.apart = NULL;
    mf_sieve_free(query->sieve);
    query->sieve = NULL;
    mf_judge_free(query->judge);
    query->judge = NULL;
}

void mf_query_free(struct mf_query *query)
{
    if (!query)
        return;
    mf_query__release_search(query);
    mf_numbers_release(&query->pending);
    mf_best_release(&query->best);
    mf_tally_free(query->tally);
    mf_seen_release(&query->numbers);
    for (size_t i = query->record_at; i < query->record_count; i++)
        mf_record_unref(query->records[i]);
    free(query->records);
    mf_filter_unref(query->filter);
    free(query);
}

/* ---- records ---- */

static int push_record(struct mf_query *query, struct mf_record *record)
{
    if (query->record_at == query->record_count)
        query->record_at = query->record_count = 0;
    struct mf_record **records =
        mf_array_grow(query->records, query->record_count, &query->record_cap,
                      sizeof *records);
    if (!records) {
        mf_record_unref(record);
        return MF_ENOMEM;
    }
    query->records = records;
    records[query->record_count++] = record;
    query->given++;
    return 0;
}

/* Make a record of the row that `row` stands on; none of one that is
 * damaged. */
static int give_row(struct mf_query *query, sqlite3_stmt *row,
                    struct mf_err *err)
{
    struct mf_record *record;
    int rc = mf_row_record(row, query->reader->names, NULL, &record);
    if (!rc)
        rc = push_record(query, record);
    return rc == MF_ENOMEM ? mf_query__no_memory(err) : 0;
}

int mf_query__give_number(struct mf_query *query, uint64_t number,
                          struct mf_err *err)
{
    int rc = mf_reader__row(query->reader, number, err);
    if (rc != 1)
        return rc;
    rc = give_row(query, query->reader->stmts[MF_READ_ROW], err);
    mf_reader__row_done(query->reader);
    return rc;
}

/* A stream's flow in its turn. True: it is passed over. */
static bool take_turn(struct mf_query *query, uint64_t number)
{
    query->last.number = number;
    if (query->skip) {
        query->skip--;
        query->skipped++;
        return true;
    }
    query->popped++;
    return false;
}

int mf_query__give(struct mf_query *query, uint64_t bound, struct mf_err *err)
{
    size_t count = 0;
    int rc = 0;
    while (!rc && count < query->pending.count &&
           query->pending.items[count] > bound) {
        uint64_t number = query->pending.items[count++];
        if (!take_turn(query, number))
            rc = mf_query__give_number(query, number, err);
    }
    mf_numbers_drop(&query->pending, count);
    query->pending.max = mf_query__wanted(query);
    return rc;
}

struct mf_record *mf_query_next(struct mf_query *query)
{
    return query->record_at < query->record_count
               ? query->records[query->record_at++]
               : NULL;
}

/* ---- deciding ---- */

/* Of a flow with more messages than are looked at it is not known. */
static bool is_seen_whole(sqlite3_stmt *row)
{
    return !mf_reader__int(row, MF_ROW_MESSAGES) ||
           mf_reader__int(row, MF_ROW_CLIENT_BYTES) +
                   mf_reader__int(row, MF_ROW_SERVER_BYTES) <=
               MF_MATCHED_MAX_LEN;
}

static int match(struct mf_query *query, sqlite3_stmt *row, bool *ret_match,
                 struct mf_err *err)
{
    const struct mf_load load = {
        .with_binary = mf_filter_reads_binary(query->filter),
        .bytes_max = MF_MATCHED_MAX_LEN,
    };
    struct mf_record *record;
    struct mf_flow *flow;
    bool may = true;
    int rc = 0;
    *ret_match = false;
    if (query->sieve && query->plan == MF_QUERY_SCAN)
        rc = mf_sieve_row(query->sieve, query->reader, row, &may, err);
    if (rc || !may)
        return rc;
    rc = mf_reader__load(query->reader, row, &load, &flow, err);
    if (rc)
        return rc == MF_ECORRUPT ? 0 : rc;
    record = mf_reader__to_match(row, flow);
    mf_flow_unref(flow);
    if (!record)
        return mf_query__no_memory(err);
    *ret_match = mf_filter_match(query->filter, record, &query->is_limited);
    mf_record_unref(record);
    if (!*ret_match && !is_seen_whole(row))
        query->is_limited = true;
    return 0;
}

int mf_query__decide(struct mf_query *query, const struct mf_columns *columns,
                     sqlite3_stmt *row, bool *ret_match, struct mf_err *err)
{
    *ret_match = false;
    if (query->since_ns && columns->start_ns <= query->since_ns)
        return 0;
    enum mf_filter_verdict verdict =
        query->judge ? mf_judge_row(query->judge, columns) : MF_FILTER_YES;
    query->search.judged++;
    query->search.judged_no += verdict == MF_FILTER_NO;
    query->did_match = verdict == MF_FILTER_UNSURE;
    if (verdict != MF_FILTER_UNSURE) {
        *ret_match = verdict == MF_FILTER_YES;
        return 0;
    }
    if (row)
        return match(query, row, ret_match, err);
    int rc = mf_reader__row(query->reader, columns->number, err);
    if (rc != 1)
        return rc;
    rc = match(query, query->reader->stmts[MF_READ_ROW], ret_match, err);
    mf_reader__row_done(query->reader);
    return rc;
}

int mf_query__found(struct mf_query *query, const struct mf_columns *columns,
                    struct mf_err *err)
{
    struct mf_place place;
    int rc;
    if (query->summarize) {
        rc = mf_tally_add(query->tally, columns);
    } else if (query->only_numbers) {
        rc = mf_seen_set(&query->numbers, columns->number);
    } else if (query->is_stream) {
        rc = mf_numbers_add(&query->pending, columns->number);
    } else {
        mf_order_place(&query->order, columns, &place);
        query->total++;
        if (query->has_after &&
            !mf_order_before(&query->taken, &query->after, &place))
            return 0;
        rc = mf_best_add(&query->best, &place);
    }
    query->matched++;
    return rc ? mf_query__no_memory(err) : 0;
}

/* ---- scanning ---- */

/* A stream's flow in its turn: at once. */
static int give_found(struct mf_query *query, const struct mf_columns *columns,
                      sqlite3_stmt *row, struct mf_err *err)
{
    int rc = mf_query__give(query, columns->number, err);
    if (rc || query->popped >= query->limit)
        return rc ? rc : 1;
    query->matched++;
    if (!take_turn(query, columns->number))
        rc = row ? give_row(query, row, err)
                 : mf_query__give_number(query, columns->number, err);
    query->pending.max = mf_query__wanted(query);
    return rc ? rc : query->popped >= query->limit;
}

static int visit(void *user, const struct mf_columns *columns,
                 sqlite3_stmt *row, struct mf_err *err)
{
    struct mf_query *query = user;
    bool is_match;
    if (query->seen.pages && mf_seen_has(&query->seen, columns->number))
        return 0;
    int rc = mf_query__decide(query, columns, row, &is_match, err);
    if (!rc && is_match)
        rc = query->is_stream ? give_found(query, columns, row, err)
                              : mf_query__found(query, columns, err);
    if (rc || !query->did_match)
        return rc;
    query->did_match = false;
    if (mf_reader__is_cancelled(query->cancel))
        return mf_query__cancelled(err);
    return mf_query__is_late(query);
}

static int scan(struct mf_query *query, struct mf_err *err)
{
    int rc = mf_scan_step(&query->scan, query->reader, query->deadline_ns,
                          query->cancel, err);
    query->is_whole = rc == 0;
    query->is_searched =
        rc == 0 || (query->is_stream && query->popped >= query->limit);
    return rc < 0 ? rc : 0;
}

static int search(struct mf_query *query, struct mf_err *err)
{
    int rc = mf_query__search(query, err);
    query->is_searched = rc == 0;
    query->is_whole = rc == 0 && !query->search.has_enough;
    return rc < 0 ? rc : 0;
}

/* ---- steps ---- */

/* Whether columns alone decide, as far as the newest page of them shows. */
static int columns_decide(struct mf_query *query, bool *ret_decide,
                          struct mf_err *err)
{
    sqlite3_stmt *stmt = query->reader->stmts[MF_READ_PAGES_DOWN];
    struct mf_column_page page;
    unsigned unsure = 0, flows = 0;
    mf_sql_bind_int(stmt, 1, query->top / MF_COLUMN_PAGE_ROWS);
    int rc = mf_sql_step(stmt, err);
    struct mf_span data = rc == 1 ? mf_row_span(stmt, 1) : (struct mf_span){0};
    if (rc == 1 && mf_column_page_open(data.text, data.len, 0, &page) == 0) {
        for (unsigned i = 0; i < MF_COLUMN_PAGE_ROWS && !unsure; i++) {
            struct mf_columns row;
            mf_column_page_row(&page, i, &row);
            flows += row.type != 0;
            unsure += row.type &&
                      mf_judge_row(query->judge, &row) == MF_FILTER_UNSURE;
        }
    }
    sqlite3_reset(stmt);
    *ret_decide = flows && !unsure;
    return rc < 0 ? rc : 0;
}

static int make_sieve(struct mf_query *query, struct mf_err *err)
{
    const struct mf_needles *needles = mf_filter_needles(query->filter);
    bool decide = needles->kind == MF_NEEDLES_ANY;
    int rc = decide ? 0 : columns_decide(query, &decide, err);
    if (rc)
        return rc;
    if (needles->kind != MF_NEEDLES_ANY) {
        query->sieve = mf_sieve_new(needles);
        if (!query->sieve)
            return mf_query__no_memory(err);
    }
    if (decide)
        return 0;
    query->plan = MF_QUERY_SIEVE;
    if (mf_seen_init(&query->seen, query->top))
        return mf_query__no_memory(err);
    query->search.newest = query->reader->head.last_frame;
    query->search.next = query->search.known = query->search.newest;
    return 0;
}

static uint32_t wanted_columns(const struct mf_query *query)
{
    return (query->filter ? mf_filter_columns(query->filter) : 0) |
           (query->tally ? mf_tally_columns(query->tally)
                         : mf_order_columns(&query->order)) |
           (query->since_ns ? 1U << MF_PAGED_START : 0);
}

static int begin_filter(struct mf_query *query, struct mf_err *err)
{
    if (mf_judge_new(query->filter, mf_reader__name_text, query->reader->names,
                     &query->judge))
        return mf_query__no_memory(err);
    return make_sieve(query, err);
}

static int read_bottom(struct mf_query *query, struct mf_err *err)
{
    sqlite3_stmt *stmt = query->reader->stmts[MF_READ_FIRST];
    int rc = mf_sql_step(stmt, err);
    query->bottom = rc == 1 ? mf_reader__int(stmt, 0) : query->top;
    sqlite3_reset(stmt);
    return rc < 0 ? rc : 0;
}

int mf_query__begin_round(struct mf_query *query, struct mf_err *err)
{
    size_t wanted = mf_query__wanted(query);
    query->best.max = !query->skip || wanted <= query->round_max ? wanted
                      : query->skip <= query->round_max          ? query->skip
                                                        : query->round_max;
    query->matched = query->total = 0;
    query->is_searched = query->is_whole = false;
    query->plan = MF_QUERY_SCAN;
    query->search = (struct mf_search){0};
    query->scan = (struct mf_scan){
        .below = query->top,
        .wanted = wanted_columns(query),
        .by_rows = query->is_stream && !query->filter && !query->since_ns,
        .visit = visit,
        .user = query,
    };
    return query->filter ? begin_filter(query, err) : 0;
}

/* Without a filter all flows match: what is passed over is only counted. */
static int skip(struct mf_query *query, struct mf_err *err)
{
    uint64_t left = query->skip;
    if (query->filter || query->since_ns || !query->is_stream || !left ||
        !query->limit)
        return 0;
    int rc =
        mf_scan_skip(&query->scan, query->reader, &left, query->cancel, err);
    query->skipped = query->skip - (size_t)left;
    query->matched = query->skipped;
    query->skip = (size_t)left;
    return rc;
}

static int begin(struct mf_query *query, struct mf_err *err)
{
    const struct mf_reader__head *head = &query->reader->head;
    query->head = head->last_change;
    query->order.names = query->reader->names;
    query->top = head->last_number + 1;
    if (query->is_stream && query->has_cursor &&
        query->after.number < query->top)
        query->top = query->after.number;
    if (query->opts.before && query->opts.before < query->top)
        query->top = query->opts.before;
    query->last.number = query->top;
    if (query->summarize &&
        mf_tally_new(&query->opts, query->reader->names, &query->tally))
        return mf_query__no_memory(err);
    if (query->only_numbers && mf_seen_init(&query->numbers, query->top))
        return mf_query__no_memory(err);
    mf_query__choose_end(query);
    int rc = mf_query__begin_round(query, err);
    if (!rc)
        rc = skip(query, err);
    query->flow_count = head->flow_count;
    if (!query->summarize && query->limit == 0)
        query->is_searched = query->is_whole = true;
    return rc ? rc : read_bottom(query, err);
}

static void finish(struct mf_query *query)
{
    query->is_done = true;
    if (!query->summarize && query->popped && mf_query__has_more(query))
        mf_order_put_cursor(&query->order, &query->last, query->cursor);
}

/* What was found and has its place becomes records. */
static int give(struct mf_query *query, struct mf_err *err)
{
    uint64_t bound = 0;
    int rc = 0;
    if (query->is_searched)
        mf_query__release_search(query);
    if (query->is_stream) {
        if (!query->is_searched && query->plan == MF_QUERY_SCAN)
            bound = query->scan.below - 1;
        else if (!query->is_searched)
            rc = mf_query__search_bound(query, &bound, err);
        if (!rc)
            rc = mf_query__give(query, bound, err);
        if (!rc && query->is_searched)
            finish(query);
        return rc;
    }
    if (!query->is_searched)
        return 0;
    if (!query->summarize)
        rc = mf_query__give_best(query, err);
    else if (mf_tally_finish(query->tally))
        rc = mf_query__no_memory(err);
    if (!rc && query->best_at == query->best_count)
        finish(query);
    return rc;
}

/* What was looked at, for whoever waits. */
static int note_progress(struct mf_query *query, struct mf_err *err)
{
    sqlite3_stmt *stmt = query->reader->stmts[MF_READ_ARRIVED];
    uint64_t from = query->scan.below, span = query->top - query->bottom;
    int rc = 0;
    if (query->is_searched && query->is_whole)
        from = 0;
    else if (query->is_searched)
        from = query->last.number;
    else if (query->plan == MF_QUERY_SIEVE)
        rc = mf_query__search_bound(query, &from, err);
    if (rc)
        return rc;
    query->share = query->is_searched || query->top <= query->bottom ? 1
                   : from <= query->bottom                           ? 1
                   : from >= query->top
                       ? 0
                       : (double)(query->top - from) / (double)span;
    if (from >= query->top)
        return 0;
    mf_sql_bind_int(stmt, 1, from);
    rc = mf_sql_step(stmt, err);
    if (rc == 1)
        query->back_to_ns = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return rc < 0 ? rc : 0;
}

static int step(struct mf_query *query, struct mf_err *err)
{
    int rc = query->steps++ ? 0 : begin(query, err);
    while (!rc && !query->is_searched) {
        rc = query->plan == MF_QUERY_SCAN ? scan(query, err)
                                          : search(query, err);
        if (!rc && query->is_searched && !query->is_stream)
            rc = mf_query__next_round(query, err);
        if (rc < 0 || mf_query__is_late(query))
            break;
        rc = 0;
    }
    if (rc >= 0)
        rc = give(query, err);
    return rc ? rc : note_progress(query, err);
}

int mf_query_step(struct mf_query *query, struct mf_reader *reader,
                  int64_t budget_ns, const _Atomic bool *cancel,
                  struct mf_err *err)
{
    if (query->is_done)
        return 0;
    if (mf_reader__is_cancelled(cancel))
        return mf_query__cancelled(err);
    query->reader = reader;
    query->cancel = cancel;
    query->deadline_ns = mf_clock_mono_ns() + budget_ns;
    int rc = mf_reader__begin(reader, err);
    if (rc)
        return rc;
    rc = step(query, err);
    mf_reader__end(reader);
    query->reader = NULL;
    query->cancel = NULL;
    return rc ? rc : !query->is_done;
}

void mf_query_progress(const struct mf_query *query,
                       struct mf_query_progress *ret_progress)
{
    *ret_progress = (struct mf_query_progress){
        .back_to_ns = query->back_to_ns,
        .share = query->share,
        .found = query->matched,
        .is_limited = query->is_limited,
    };
}

const char *mf_query_cursor(const struct mf_query *query)
{
    return query->cursor;
}

uint64_t mf_query_total(const struct mf_query *query)
{
    if (query->takes_all)
        return query->flow_count;
    if (!query->is_stream)
        return query->total;
    return query->is_whole && !query->has_cursor ? query->matched : 0;
}

uint64_t mf_query_number_after(const struct mf_query *query, uint64_t number)
{
    return mf_seen_next(&query->numbers, number);
}

uint64_t mf_query_head(const struct mf_query *query)
{
    return query->head;
}

const struct mf_summary *mf_query_summary(const struct mf_query *query)
{
    return query->tally ? mf_tally_summary(query->tally) : NULL;
}
