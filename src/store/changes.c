/* What changed since a change number. */
#include <stdlib.h>

#include "base/array.h"
#include "store/column_page.h"
#include "store/lookup.h"
#include "store/numbers.h"
#include "store/reader_impl.h"

/* A change, and the flow that it was of. */
struct entry {
    uint64_t change;
    uint64_t number;
    bool is_gone;
};

/* The first so many changes: a heap with the last of them on top. */
struct entries {
    struct entry *items;
    size_t count;
    size_t cap;
    size_t max;
};

struct reading {
    struct mf_reader *reader;
    uint64_t after;
    struct entries first;
    struct mf_seen stale;
    struct mf_judge *judge;
    const struct mf_filter *filter; /* NULL: all match */
    const _Atomic bool *cancel;
    struct mf_window window;
    size_t record_cap;
    size_t gone_cap;
};

static int no_memory(struct mf_err *err)
{
    return mf_err_set(err, MF_ENOMEM, "out of memory");
}

/* ---- the first changes ---- */

static void sift_down(struct entries *entries, size_t count)
{
    struct entry *items = entries->items;
    size_t at = 0, child;
    while ((child = 2 * at + 1) < count) {
        if (child + 1 < count && items[child + 1].change > items[child].change)
            child++;
        if (items[at].change >= items[child].change)
            return;
        struct entry item = items[at];
        items[at] = items[child];
        items[child] = item;
        at = child;
    }
}

static int add(struct reading *reading, uint64_t change, uint64_t number,
               bool is_gone, struct mf_err *err)
{
    struct entries *entries = &reading->first;
    const struct entry entry = {change, number, is_gone};
    if (entries->count == entries->max) {
        if (change < entries->items[0].change) {
            entries->items[0] = entry;
            sift_down(entries, entries->count);
        }
        return 0;
    }
    struct entry *items = mf_array_grow(entries->items, entries->count,
                                        &entries->cap, sizeof *items);
    if (!items)
        return no_memory(err);
    entries->items = items;
    size_t at = entries->count++;
    for (; at && entries->items[(at - 1) / 2].change < change;
         at = (at - 1) / 2)
        entries->items[at] = entries->items[(at - 1) / 2];
    entries->items[at] = entry;
    return 0;
}

static void sort(struct entries *entries)
{
    for (size_t left = entries->count; left > 1; left--) {
        struct entry last = entries->items[left - 1];
        entries->items[left - 1] = entries->items[0];
        entries->items[0] = last;
        sift_down(entries, left - 1);
    }
}

/* Changes after this one cannot be among the first. */
static uint64_t bound(const struct entries *entries)
{
    return entries->count == entries->max ? entries->items[0].change
                                          : UINT64_MAX;
}

/* ---- where changes are ---- */

/* Rows of two numbers; `is_gone`: the change comes first. */
static int add_rows(struct reading *reading, sqlite3_stmt *stmt, bool is_gone,
                    struct mf_err *err)
{
    uint64_t last = reading->reader->head.last_change;
    int rc;
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        uint64_t change = mf_reader__int(stmt, is_gone ? 0 : 1);
        if (change <= last &&
            (rc = add(reading, change, mf_reader__int(stmt, is_gone ? 1 : 0),
                      is_gone, err)) != 0)
            break;
    }
    sqlite3_reset(stmt);
    return rc;
}

/* What `stale` has is read from its rows, not from pages. */
static int read_stale(struct reading *reading, struct mf_err *err)
{
    sqlite3_stmt *stmt = reading->reader->stmts[MF_READ_STALE];
    uint64_t most = reading->reader->head.paged * MF_COLUMN_PAGE_ROWS;
    int rc;
    if (mf_seen_init(&reading->stale, most))
        return no_memory(err);
    mf_sql_bind_int(stmt, 1, most);
    while ((rc = mf_sql_step(stmt, err)) == 1)
        if (mf_seen_set(&reading->stale, mf_reader__int(stmt, 0))) {
            rc = no_memory(err);
            break;
        }
    sqlite3_reset(stmt);
    if (rc)
        return rc;
    stmt = reading->reader->stmts[MF_READ_CHANGED_STALE];
    mf_sql_bind_int(stmt, 1, most);
    mf_sql_bind_int(stmt, 2, reading->after);
    return add_rows(reading, stmt, false, err);
}

static int read_page(struct reading *reading, uint64_t number,
                     struct mf_err *err)
{
    sqlite3_stmt *stmt = reading->reader->stmts[MF_READ_PAGE];
    struct mf_column_page page;
    mf_sql_bind_int(stmt, 1, number);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc;
    struct mf_span data = mf_row_span(stmt, 0);
    rc = mf_column_page_open(data.text, data.len, number, &page) ? MF_ECORRUPT
                                                                 : 0;
    uint64_t last = reading->reader->head.last_change;
    for (unsigned i = 0; !rc && i < MF_COLUMN_PAGE_ROWS; i++) {
        uint64_t change = mf_column_page_change(&page, i);
        if (change > reading->after && change <= last &&
            mf_column_page_type(&page, i) &&
            !mf_seen_has(&reading->stale, page.first + i))
            rc = add(reading, change, page.first + i, false, err);
    }
    sqlite3_reset(stmt);
    return rc;
}

/* Flows of a page that cannot be read, from their rows. */
static int read_rows_of(struct reading *reading, uint64_t page,
                        struct mf_err *err)
{
    sqlite3_stmt *stmt = reading->reader->stmts[MF_READ_ROWS_DOWN];
    uint64_t first = page * MF_COLUMN_PAGE_ROWS;
    uint64_t last = reading->reader->head.last_change;
    int rc;
    mf_sql_bind_int(stmt, 1, first + MF_COLUMN_PAGE_ROWS);
    mf_sql_bind_int(stmt, 2, first);
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        uint64_t number = mf_reader__int(stmt, MF_ROW_NUMBER);
        uint64_t change = mf_reader__int(stmt, MF_ROW_CHANGE);
        if (change > reading->after && change <= last &&
            !mf_seen_has(&reading->stale, number) &&
            (rc = add(reading, change, number, false, err)) != 0)
            break;
    }
    sqlite3_reset(stmt);
    return rc;
}

/* The head of a page tells whether it has any such change. */
static int read_pages(struct reading *reading, struct mf_err *err)
{
    sqlite3_stmt *stmt = reading->reader->stmts[MF_READ_PAGE_NUMBERS];
    sqlite3_blob *blob = NULL;
    int rc;
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        uint64_t page = mf_reader__int(stmt, 0), first = 0, last = UINT64_MAX;
        uint8_t head[MF_COLUMN_PAGE_HEAD_LEN];
        int code =
            blob ? sqlite3_blob_reopen(blob, (sqlite3_int64)page)
                 : sqlite3_blob_open(reading->reader->db, "main", "column_page",
                                     "data", (sqlite3_int64)page, 0, &blob);
        bool is_read =
            code == SQLITE_OK && sqlite3_blob_bytes(blob) >= (int)sizeof head &&
            sqlite3_blob_read(blob, head, sizeof head, 0) == SQLITE_OK &&
            mf_column_page_changes(head, sizeof head, &first, &last) == 0;
        if (is_read &&
            (last <= reading->after || first > bound(&reading->first)))
            continue;
        rc = read_page(reading, page, err);
        if (rc == MF_ECORRUPT)
            rc = read_rows_of(reading, page, err);
        if (!rc && mf_reader__is_cancelled(reading->cancel))
            rc = mf_err_set(err, MF_ECLOSED, "cancelled");
        if (rc)
            break;
    }
    sqlite3_blob_close(blob);
    sqlite3_reset(stmt);
    return rc;
}

static int read_changes(struct reading *reading, struct mf_err *err)
{
    struct mf_reader *reader = reading->reader;
    sqlite3_stmt *gone = reader->stmts[MF_READ_GONE];
    sqlite3_stmt *tail = reader->stmts[MF_READ_CHANGED_TAIL];
    mf_sql_bind_int(gone, 1, reading->after);
    mf_sql_bind_int(gone, 2, reading->first.max);
    int rc = add_rows(reading, gone, true, err);
    if (!rc)
        rc = read_stale(reading, err);
    if (!rc)
        rc = read_pages(reading, err);
    if (rc)
        return rc;
    mf_sql_bind_int(tail, 1, reader->head.paged * MF_COLUMN_PAGE_ROWS);
    mf_sql_bind_int(tail, 2, reading->after);
    return add_rows(reading, tail, false, err);
}

/* ---- what they are now ---- */

static int add_gone(struct reading *reading, uint64_t number,
                    struct mf_err *err)
{
    struct mf_window *window = &reading->window;
    uint64_t *gone = mf_array_grow(window->gone, window->gone_count,
                                   &reading->gone_cap, sizeof *gone);
    if (!gone)
        return no_memory(err);
    window->gone = gone;
    gone[window->gone_count++] = number;
    return 0;
}

/* Takes `record`. */
static int add_record(struct reading *reading, struct mf_record *record,
                      struct mf_err *err)
{
    struct mf_window *window = &reading->window;
    struct mf_record **records = mf_array_grow(
        window->records, window->count, &reading->record_cap, sizeof *records);
    if (!records) {
        mf_record_unref(record);
        return no_memory(err);
    }
    window->records = records;
    records[window->count++] = record;
    return 0;
}

static int matches(struct reading *reading, sqlite3_stmt *row, bool *ret_match,
                   struct mf_err *err)
{
    const struct mf_load load = {
        .with_binary =
            reading->filter && mf_filter_reads_binary(reading->filter),
        .bytes_max = MF_MATCHED_MAX_LEN,
    };
    struct mf_columns columns;
    struct mf_record *record;
    struct mf_flow *flow;
    *ret_match = reading->judge == NULL;
    if (*ret_match || mf_row_columns(row, &columns))
        return 0;
    enum mf_filter_verdict verdict = mf_judge_row(reading->judge, &columns);
    *ret_match = verdict == MF_FILTER_YES;
    if (verdict != MF_FILTER_UNSURE)
        return 0;
    int rc = mf_reader__load(reading->reader, row, &load, &flow, err);
    if (rc)
        return rc == MF_ECORRUPT ? 0 : rc;
    record = mf_reader__to_match(row, flow);
    mf_flow_unref(flow);
    if (!record)
        return no_memory(err);
    *ret_match = mf_filter_match(reading->filter, record, NULL);
    mf_record_unref(record);
    return 0;
}

static int tell_row(struct reading *reading, sqlite3_stmt *row,
                    struct mf_err *err)
{
    struct mf_record *record;
    bool is_match;
    int rc = matches(reading, row, &is_match, err);
    if (rc)
        return rc;
    if (is_match) {
        rc = mf_row_record(row, reading->reader->names, NULL, &record);
        if (rc == 0)
            return add_record(reading, record, err);
        if (rc == MF_ENOMEM)
            return no_memory(err);
    }
    return add_gone(reading, mf_reader__int(row, MF_ROW_NUMBER), err);
}

static int tell(struct reading *reading, const struct entry *entry,
                struct mf_err *err)
{
    if (mf_reader__is_cancelled(reading->cancel))
        return mf_err_set(err, MF_ECLOSED, "cancelled");
    if (entry->is_gone)
        return add_gone(reading, entry->number, err);
    int rc = mf_reader__row(reading->reader, entry->number, err);
    if (rc == 1)
        rc = tell_row(reading, reading->reader->stmts[MF_READ_ROW], err);
    mf_reader__row_done(reading->reader);
    return rc;
}

static int tell_all(struct reading *reading, size_t limit, struct mf_err *err)
{
    struct entries *first = &reading->first;
    int rc = 0;
    sort(first);
    size_t count = first->count < limit ? first->count : limit;
    for (size_t i = 0; !rc && i < count; i++)
        rc = tell(reading, &first->items[i], err);
    reading->window.head = reading->reader->head.last_change;
    reading->window.flow_count = reading->reader->head.flow_count;
    reading->window.change = first->count <= limit
                                 ? reading->window.head
                                 : first->items[limit - 1].change;
    return rc;
}

/* ---- the call ---- */

/* Changes that viewers were told before the disk had them are waited for. */
static int begin(struct mf_reader *reader, uint64_t after, struct mf_err *err)
{
    int rc = mf_reader__begin(reader, err);
    struct mf_store_stats stats;
    if (rc || after <= reader->head.last_change)
        return rc;
    mf_reader__end(reader);
    mf_store_stats(reader->store, &stats);
    if (after <= stats.head)
        mf_store__settle(reader->store, 0);
    return mf_reader__begin(reader, err);
}

int mf_reader_changes(struct mf_reader *reader, uint64_t after, size_t limit,
                      const struct mf_filter *filter,
                      const _Atomic bool *cancel, struct mf_window *ret_window,
                      struct mf_err *err)
{
    struct reading reading = {
        .reader = reader,
        .after = after,
        .first.max = limit < SIZE_MAX ? limit + 1 : limit,
        .filter = filter && !mf_filter_is_empty(filter) ? filter : NULL,
        .cancel = cancel,
    };
    int rc = begin(reader, after, err);
    if (rc)
        return rc;
    if (after > reader->head.last_change ||
        after < reader->head.tombstone_floor)
        rc = mf_err_set(err, MF_ENOENT, "changes after this one are not known");
    if (!rc && reading.filter &&
        mf_judge_new(reading.filter, mf_reader__name_text, reader->names,
                     &reading.judge))
        rc = no_memory(err);
    if (!rc && after < reader->head.last_change && limit)
        rc = read_changes(&reading, err);
    if (!rc)
        rc = tell_all(&reading, limit, err);
    mf_reader__end(reader);
    mf_judge_free(reading.judge);
    mf_seen_release(&reading.stale);
    free(reading.first.items);
    if (rc)
        mf_window_release(&reading.window);
    else
        *ret_window = reading.window;
    return rc;
}
