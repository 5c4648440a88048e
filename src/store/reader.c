#include "store/reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"
#include "store/sql.h"

enum {
    BEGIN,
    END,
    HEAD,
    LIST,
    LIST_FLOWS,
    LIST_PINNED,
    CHANGED,
    GONE,
    GET,
    NUMBER_OF_ID,
    STATEMENTS,
};

enum {
    BUSY_TIMEOUT_MS = 5000,
};

#define COLUMNS                                                       \
    "flow.number, flow.change, flow.state, flow.pinned, flow.source," \
    " flow.note, flow.type, flow.id, flow.summary"
#define WITH_SNAPSHOT                                      \
    COLUMNS ", snapshot.flow FROM flow LEFT JOIN snapshot" \
            " ON snapshot.number = flow.number"

static const char *const sql[STATEMENTS] = {
    [BEGIN] = "BEGIN",
    [END] = "COMMIT",
    [HEAD] = "SELECT last_change, flow_count, tombstone_floor FROM store",
    [LIST] = "SELECT " COLUMNS " FROM flow WHERE ?1 = 0 OR start_ns > ?1"
             " ORDER BY number DESC",
    [LIST_FLOWS] = "SELECT " WITH_SNAPSHOT " WHERE ?1 = 0 OR start_ns > ?1"
                   " ORDER BY flow.number DESC",
    [LIST_PINNED] = "SELECT " WITH_SNAPSHOT " WHERE pinned AND"
                    " (?1 = 0 OR start_ns > ?1) ORDER BY flow.number DESC",
    [CHANGED] = "SELECT " WITH_SNAPSHOT " WHERE change > ?1"
                " ORDER BY change LIMIT ?2",
    [GONE] = "SELECT change, number FROM tombstone WHERE change > ?1"
             " ORDER BY change LIMIT ?2",
    [GET] = "SELECT " WITH_SNAPSHOT " WHERE flow.number = ?1",
    [NUMBER_OF_ID] = "SELECT max(number) FROM flow WHERE id = ?1",
};

/* Places in COLUMNS and WITH_SNAPSHOT. */
enum {
    NUMBER,
    CHANGE,
    STATE,
    PINNED,
    SOURCE,
    NOTE,
    TYPE,
    ID,
    SUMMARY,
    SNAPSHOT,
};

struct mf_reader {
    sqlite3 *db;
    size_t changes_bytes;
    sqlite3_stmt *stmts[STATEMENTS];
};

int mf_reader_open(struct mf_store *store, struct mf_reader **ret_reader,
                   struct mf_err *err)
{
    struct mf_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    int rc = 0;
    reader->changes_bytes = store->limits.changes_bytes;
    if (sqlite3_open_v2(store->dir.path, &reader->db,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        rc = reader->db ? mf_sql_fail(reader->db, store->dir.path, err)
                        : mf_err_set(err, MF_ENOMEM, "out of memory");
    if (!rc) {
        sqlite3_busy_timeout(reader->db, BUSY_TIMEOUT_MS);
        rc = mf_sql_exec(reader->db,
                         "PRAGMA trusted_schema = OFF;"
                         "PRAGMA temp_store = MEMORY",
                         err);
    }
    if (!rc)
        rc = mf_sql_prepare(reader->db, sql, STATEMENTS, reader->stmts, err);
    if (rc) {
        mf_reader_close(reader);
        return rc;
    }
    *ret_reader = reader;
    return 0;
}

void mf_reader_close(struct mf_reader *reader)
{
    if (!reader)
        return;
    mf_sql_finalize(reader->stmts, STATEMENTS);
    sqlite3_close(reader->db);
    free(reader);
}

void mf_window_release(struct mf_window *window)
{
    for (size_t i = 0; i < window->count; i++)
        mf_record_unref(window->records[i]);
    free(window->records);
    free(window->gone);
    *window = (struct mf_window){0};
}

/* A window with the capacities of its arrays. */
struct filling {
    struct mf_window window;
    size_t record_cap;
    size_t gone_cap;
    uint64_t tombstone_floor;
};

/* Room for one more in an array of `size`-byte items. */
static int grow(void **items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return 0;
    size_t new_cap = *cap ? 2 * *cap : 64;
    void *grown = realloc(*items, new_cap * size);
    if (!grown)
        return MF_ENOMEM;
    *items = grown;
    *cap = new_cap;
    return 0;
}

/* Takes `record`, also when it fails. */
static int add_record(struct filling *filling, struct mf_record *record)
{
    struct mf_window *window = &filling->window;
    void *items = window->records;
    int rc = grow(&items, window->count, &filling->record_cap,
                  sizeof *window->records);
    window->records = items;
    if (rc)
        mf_record_unref(record);
    else
        window->records[window->count++] = record;
    return rc;
}

static int add_gone(struct filling *filling, uint64_t number)
{
    struct mf_window *window = &filling->window;
    void *items = window->gone;
    int rc = grow(&items, window->gone_count, &filling->gone_cap,
                  sizeof *window->gone);
    window->gone = items;
    if (!rc)
        window->gone[window->gone_count++] = number;
    return rc;
}

static const char *column_text(sqlite3_stmt *stmt, int at)
{
    const char *text = (const char *)sqlite3_column_text(stmt, at);
    return text ? text : "";
}

/* The stored flow of a row WITH_SNAPSHOT; NULL if it is damaged. */
static int row_flow(sqlite3_stmt *stmt, enum mf_flow_state state,
                    struct mf_flow **ret_flow)
{
    const void *data = sqlite3_column_blob(stmt, SNAPSHOT);
    size_t len = (size_t)sqlite3_column_bytes(stmt, SNAPSHOT);
    *ret_flow = NULL;
    int rc = mf_flow_from_snapshot(data, data ? len : 0, state, ret_flow, NULL);
    return rc == MF_ENOMEM ? rc : 0;
}

/* Borrows from the row: good until the next step. */
static struct mf_record_head row_head(sqlite3_stmt *stmt)
{
    return (struct mf_record_head){
        .number = (uint64_t)sqlite3_column_int64(stmt, NUMBER),
        .change = (uint64_t)sqlite3_column_int64(stmt, CHANGE),
        .state = (enum mf_flow_state)sqlite3_column_int(stmt, STATE),
        .pinned = sqlite3_column_int(stmt, PINNED) != 0,
        .source = column_text(stmt, SOURCE),
        .note = column_text(stmt, NOTE),
    };
}

static struct mf_span column_span(sqlite3_stmt *stmt, int at)
{
    const char *data = sqlite3_column_blob(stmt, at);
    size_t len = (size_t)sqlite3_column_bytes(stmt, at);
    return (struct mf_span){data ? data : "", data ? len : 0};
}

static int row_record(sqlite3_stmt *stmt, bool with_flow,
                      struct mf_record **ret_record)
{
    const struct mf_record_head head = row_head(stmt);
    struct mf_span summary = column_span(stmt, SUMMARY);
    struct mf_flow *flow = NULL;
    int rc = with_flow ? row_flow(stmt, head.state, &flow) : 0;
    if (rc)
        return rc;
    *ret_record =
        mf_record_new(&head, flow, (const uint8_t *)summary.text, summary.len);
    mf_flow_unref(flow);
    return *ret_record ? 0 : MF_ENOMEM;
}

/* Begin a read; what follows sees one state of the database until end(). */
static int begin(struct mf_reader *reader, struct filling *filling,
                 struct mf_err *err)
{
    int rc = mf_sql_run(reader->stmts[BEGIN], err);
    if (rc)
        return rc;
    sqlite3_stmt *head = reader->stmts[HEAD];
    rc = mf_sql_step(head, err);
    if (rc == 1) {
        filling->window.head = (uint64_t)sqlite3_column_int64(head, 0);
        filling->window.change = filling->window.head;
        filling->window.flow_count = (uint64_t)sqlite3_column_int64(head, 1);
        filling->tombstone_floor = (uint64_t)sqlite3_column_int64(head, 2);
        sqlite3_reset(head);
        return 0;
    }
    sqlite3_exec(reader->db, "ROLLBACK", NULL, NULL, NULL);
    return rc ? rc : mf_err_set(err, MF_ECORRUPT, "store without counters");
}

/* Returns `rc`, with `ret_window` filled if it is 0. */
static int end(struct mf_reader *reader, struct filling *filling, int rc,
               struct mf_window *ret_window, struct mf_err *err)
{
    mf_sql_run(reader->stmts[END], NULL);
    if (rc) {
        mf_window_release(&filling->window);
        return rc == MF_ENOMEM ? mf_err_set(err, rc, "out of memory") : rc;
    }
    *ret_window = filling->window;
    return 0;
}

static bool is_cancelled(const struct mf_list_query *query)
{
    return query->cancel &&
           atomic_load_explicit(query->cancel, memory_order_relaxed);
}

static enum mf_filter_verdict judge_row(sqlite3_stmt *stmt,
                                        const struct mf_filter *filter)
{
    const struct mf_record_head head = row_head(stmt);
    int type = sqlite3_column_int(stmt, TYPE);
    if (type < MF_FLOW_HTTP || type > MF_FLOW_UDP)
        return MF_FILTER_NO;
    return mf_filter_judge(filter, (enum mf_flow_type)type,
                           column_span(stmt, ID), &head);
}

/* Add the row that `stmt` stands on if it matches. */
static int list_row(sqlite3_stmt *stmt, const struct mf_list_query *query,
                    bool matches_all, struct filling *filling)
{
    enum mf_filter_verdict verdict =
        matches_all ? MF_FILTER_YES : judge_row(stmt, query->filter);
    if (verdict == MF_FILTER_NO)
        return 0;
    bool is_unsure = verdict == MF_FILTER_UNSURE;
    struct mf_record *record;
    int rc = row_record(stmt, query->with_flow || is_unsure, &record);
    if (rc)
        return rc;
    if (is_unsure && !mf_filter_match(query->filter, record)) {
        mf_record_unref(record);
        return 0;
    }
    if (is_unsure && !query->with_flow) {
        /* Bodies were for the filter only: a page of them is too much. */
        mf_record_unref(record);
        rc = row_record(stmt, false, &record);
    }
    return rc ? rc : add_record(filling, record);
}

static sqlite3_stmt *list_stmt(struct mf_reader *reader,
                               const struct mf_list_query *query,
                               bool matches_all)
{
    if (!matches_all && mf_filter_wants_pin(query->filter))
        return reader->stmts[LIST_PINNED];
    return reader->stmts[matches_all && !query->with_flow ? LIST : LIST_FLOWS];
}

int mf_reader_list(struct mf_reader *reader, const struct mf_list_query *query,
                   struct mf_window *ret_window, struct mf_err *err)
{
    struct filling filling = {0};
    bool matches_all = !query->filter || mf_filter_is_empty(query->filter);
    sqlite3_stmt *stmt = list_stmt(reader, query, matches_all);
    int rc = begin(reader, &filling, err);
    if (rc)
        return rc;
    mf_sql_bind_int(stmt, 1, (uint64_t)query->since_ns);
    while (!rc && filling.window.count < query->limit) {
        rc = is_cancelled(query) ? mf_err_set(err, MF_ECLOSED, "cancelled")
                                 : mf_sql_step(stmt, err);
        if (rc != 1)
            break;
        rc = list_row(stmt, query, matches_all, &filling);
    }
    sqlite3_reset(stmt);
    return end(reader, &filling, rc, ret_window, err);
}

/* Whether `stmt` stands on a row, and the change of that row. */
struct stream {
    sqlite3_stmt *stmt;
    int change_column;
    bool has_row;
    uint64_t change;
};

static int advance(struct stream *stream, struct mf_err *err)
{
    int rc = mf_sql_step(stream->stmt, err);
    stream->has_row = rc == 1;
    if (stream->has_row)
        stream->change =
            (uint64_t)sqlite3_column_int64(stream->stmt, stream->change_column);
    return rc == 1 ? 0 : rc;
}

/* Both streams merged in order of change. */
static int merge(struct stream *changed, struct stream *gone, size_t limit,
                 size_t bytes_max, struct filling *filling, struct mf_err *err)
{
    struct mf_window *window = &filling->window;
    uint64_t last = 0;
    size_t bytes = 0;
    int rc = advance(changed, err);
    if (!rc)
        rc = advance(gone, err);
    while (!rc && (changed->has_row || gone->has_row)) {
        if (window->count + window->gone_count >= limit || bytes > bytes_max) {
            window->change = last;
            break;
        }
        bool is_change = changed->has_row &&
                         (!gone->has_row || changed->change < gone->change);
        last = is_change ? changed->change : gone->change;
        struct mf_record *record;
        if (!is_change) {
            rc = add_gone(filling,
                          (uint64_t)sqlite3_column_int64(gone->stmt, 1));
        } else if (!(rc = row_record(changed->stmt, true, &record))) {
            bytes += (size_t)sqlite3_column_bytes(changed->stmt, SNAPSHOT);
            rc = add_record(filling, record);
        }
        if (!rc)
            rc = advance(is_change ? changed : gone, err);
    }
    return rc;
}

int mf_reader_changes(struct mf_reader *reader, uint64_t after, size_t limit,
                      struct mf_window *ret_window, struct mf_err *err)
{
    struct filling filling = {0};
    struct stream changed = {.stmt = reader->stmts[CHANGED],
                             .change_column = CHANGE};
    struct stream gone = {.stmt = reader->stmts[GONE]};
    int rc = begin(reader, &filling, err);
    if (rc)
        return rc;
    if (after > filling.window.head || after < filling.tombstone_floor) {
        rc = mf_err_set(err, MF_ENOENT, "changes after this one are not known");
        return end(reader, &filling, rc, ret_window, err);
    }
    /* One more than asked for shows whether there is more. */
    size_t most = limit < INT32_MAX ? limit + 1 : INT32_MAX;
    mf_sql_bind_int(changed.stmt, 1, after);
    mf_sql_bind_int(changed.stmt, 2, most);
    mf_sql_bind_int(gone.stmt, 1, after);
    mf_sql_bind_int(gone.stmt, 2, most);
    rc = merge(&changed, &gone, limit, reader->changes_bytes, &filling, err);
    sqlite3_reset(changed.stmt);
    sqlite3_reset(gone.stmt);
    return end(reader, &filling, rc, ret_window, err);
}

static int number_of(struct mf_reader *reader, const struct mf_flow_ref *ref,
                     uint64_t *ret_number, struct mf_err *err)
{
    *ret_number = ref->number;
    if (ref->number)
        return 0;
    sqlite3_stmt *stmt = reader->stmts[NUMBER_OF_ID];
    if (ref->id.len)
        mf_sql_bind_blob(stmt, 1, ref->id.text, ref->id.len);
    int rc = mf_sql_step(stmt, err);
    if (rc == 1)
        *ret_number = (uint64_t)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return rc == 1 ? 0 : rc;
}

int mf_reader_get(struct mf_reader *reader, const struct mf_flow_ref *ref,
                  struct mf_record **ret_record, struct mf_err *err)
{
    struct filling filling = {0};
    struct mf_window unused;
    struct mf_record *record = NULL;
    uint64_t number;
    int rc = begin(reader, &filling, err);
    if (rc)
        return rc;
    rc = number_of(reader, ref, &number, err);
    if (!rc) {
        sqlite3_stmt *stmt = reader->stmts[GET];
        mf_sql_bind_int(stmt, 1, number);
        rc = mf_sql_step(stmt, err);
        if (rc == 1)
            rc = row_record(stmt, true, &record);
        else if (rc == 0)
            rc = mf_err_set(err, MF_ENOENT, "no such flow");
        sqlite3_reset(stmt);
    }
    rc = end(reader, &filling, rc, &unused, err);
    if (!rc)
        *ret_record = record;
    return rc;
}
