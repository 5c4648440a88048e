#include "store/batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/rows.h"
#include "store/sql.h"

enum {
    BEGIN,
    COMMIT,
    SAVE_COUNTERS,
    INSERT_FLOW,
    UPDATE_FLOW,
    DELETE_FLOW,
    PUT_SNAPSHOT,
    GET_SNAPSHOT,
    DELETE_SNAPSHOT,
    PUT_TOMBSTONE,
    NTH_TOMBSTONE,
    DROP_TOMBSTONES,
    STATEMENTS,
};

static const char *const sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [SAVE_COUNTERS] =
        "UPDATE store SET last_number = ?1, last_change = ?2,"
        " tombstone_floor = ?3, flow_count = ?4, pinned_count = ?5",
    [INSERT_FLOW] =
        "INSERT INTO flow (number, change, session, type, state, pinned,"
        " start_ns, note, summary, id, source)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [UPDATE_FLOW] =
        "UPDATE flow SET change = ?2, session = ?3, type = ?4, state = ?5,"
        " pinned = ?6, start_ns = ?7, note = ?8, summary = ?9"
        " WHERE number = ?1",
    [DELETE_FLOW] = "DELETE FROM flow WHERE number = ?1",
    [PUT_SNAPSHOT] =
        "INSERT OR REPLACE INTO snapshot (number, flow) VALUES (?1, ?2)",
    [GET_SNAPSHOT] = "SELECT flow FROM snapshot WHERE number = ?1",
    [DELETE_SNAPSHOT] = "DELETE FROM snapshot WHERE number = ?1",
    [PUT_TOMBSTONE] = "INSERT INTO tombstone (change, number) VALUES (?1, ?2)",
    [NTH_TOMBSTONE] = "SELECT change FROM tombstone ORDER BY change DESC"
                      " LIMIT 1 OFFSET ?1",
    [DROP_TOMBSTONES] = "DELETE FROM tombstone WHERE change <= ?1",
};

struct mf_batch {
    sqlite3 *db;
    sqlite3_stmt *stmts[STATEMENTS];
    const struct mf_store__limits *limits;
    uint64_t max_flows;
    struct mf_store__counters saved;
    uint64_t saved_tombstones;
    struct mf_store__counters next; /* saved at the end of this run */
    uint64_t tombstones;
    bool cannot_evict;
    struct mf_rows *rows;
    struct mf_change *changes;
    size_t change_count;
    size_t change_cap;
};

const struct mf_store__counters *mf_batch_counters(const struct mf_batch *batch)
{
    return &batch->saved;
}

static uint64_t excess_of(const struct mf_batch *batch,
                          const struct mf_store__counters *counters)
{
    uint64_t unpinned = counters->flow_count - counters->pinned_count;
    return batch->max_flows && unpinned > batch->max_flows
               ? unpinned - batch->max_flows
               : 0;
}

bool mf_batch_must_evict(const struct mf_batch *batch)
{
    return !batch->cannot_evict && excess_of(batch, &batch->saved) > 0;
}

static int add_change(struct mf_batch *batch, uint64_t number, bool is_new,
                      struct mf_record *record)
{
    if (batch->change_count == batch->change_cap) {
        size_t cap = batch->change_cap ? 2 * batch->change_cap : 256;
        struct mf_change *changes =
            realloc(batch->changes, cap * sizeof *changes);
        if (!changes)
            return MF_ENOMEM;
        batch->changes = changes;
        batch->change_cap = cap;
    }
    batch->changes[batch->change_count++] = (struct mf_change){
        .change = batch->next.last_change,
        .number = number,
        .is_new = is_new,
        .record = record,
    };
    return 0;
}

static void apply_put(struct mf_store__row *row, struct mf_store__op *op)
{
    row->flow = op->flow;
    row->type = mf_flow_type(op->flow);
    row->state = mf_flow_state(op->flow);
    row->start_ns = mf_flow_start_ns(op->flow);
    row->is_dirty = true;
}

static int put(struct mf_batch *batch, struct mf_store__op *op,
               struct mf_err *err)
{
    struct mf_span id = mf_flow_id(op->flow);
    struct mf_store__row *row;
    int rc = mf_rows_by_key(batch->rows, op->source, id, &row, err);
    if (rc == MF_ENOENT)
        rc = mf_rows_add(batch->rows, ++batch->next.last_number, op->source, id,
                         &row, err);
    if (!rc)
        rc = mf_rows_set_text(&row->session, op->session);
    if (!rc)
        apply_put(row, op);
    return rc;
}

static int cut_off(struct mf_batch *batch, struct mf_store__op *op,
                   bool *ret_is_unfinished, struct mf_err *err)
{
    const struct mf_store__limits *limits = batch->limits;
    struct mf_store__row *row;
    bool is_all = true;
    int rc = mf_rows_load_live(batch->rows, op->session, limits->chunk_count,
                               limits->batch_bytes, &is_all, err);
    for (size_t i = 0; !rc && (row = mf_rows_at(batch->rows, i)); i++) {
        if (row->is_deleted || row->state != MF_FLOW_LIVE ||
            strcmp(row->session, op->session) != 0)
            continue;
        row->state = MF_FLOW_CUT_OFF;
        row->is_dirty = true;
    }
    *ret_is_unfinished = !is_all;
    return rc;
}

static int update(struct mf_batch *batch, struct mf_store__op *op,
                  struct mf_err *err)
{
    struct mf_store__row *row;
    int rc = mf_rows_by_ref(batch->rows, &op->refs[0], &row, err);
    op->rc = rc == MF_ENOENT ? rc : 0;
    op->row = rc ? NULL : row;
    if (rc)
        return rc == MF_ENOENT ? 0 : rc;
    row->is_asked_for = true;
    if (op->sets_pinned && op->pinned != row->pinned) {
        row->pinned = op->pinned;
        row->is_dirty = true;
    }
    if (op->note && strcmp(op->note, row->note) != 0) {
        rc = mf_rows_set_text(&row->note, op->note);
        row->is_dirty = true;
    }
    return rc;
}

static int delete_flows(struct mf_batch *batch, struct mf_store__op *op,
                        struct mf_err *err)
{
    op->count = 0;
    for (size_t i = 0; i < op->ref_count; i++) {
        struct mf_store__row *row;
        int rc = mf_rows_by_ref(batch->rows, &op->refs[i], &row, err);
        if (rc == MF_ENOENT)
            continue;
        if (rc)
            return rc;
        mf_rows_mark_deleted(row);
        op->count++;
    }
    return 0;
}

static int apply(struct mf_batch *batch, struct mf_store__op *op,
                 bool *ret_is_unfinished, struct mf_err *err)
{
    op->rc = 0;
    op->row = NULL;
    switch (op->kind) {
    case MF_STORE__PUT:
        return put(batch, op, err);
    case MF_STORE__CUT_OFF:
        return cut_off(batch, op, ret_is_unfinished, err);
    case MF_STORE__UPDATE:
        return update(batch, op, err);
    case MF_STORE__DELETE:
        return delete_flows(batch, op, err);
    default:
        assert(!"deleting all is a batch of its own");
        return MF_EINVAL;
    }
}

static int apply_all(struct mf_batch *batch, struct mf_store__op *ops,
                     struct mf_store__op **ret_rest, struct mf_err *err)
{
    *ret_rest = NULL;
    for (struct mf_store__op *op = ops; op; op = op->next) {
        bool is_unfinished = false;
        int rc = apply(batch, op, &is_unfinished, err);
        if (rc)
            return rc;
        if (is_unfinished) {
            *ret_rest = op;
            return 0;
        }
    }
    return 0;
}

/* What the counts will be once the rows are written. */
static void count_flows(struct mf_batch *batch)
{
    struct mf_store__row *row;
    batch->next.flow_count = batch->saved.flow_count;
    batch->next.pinned_count = batch->saved.pinned_count;
    for (size_t i = 0; (row = mf_rows_at(batch->rows, i)); i++) {
        if (!row->is_new) {
            batch->next.flow_count--;
            batch->next.pinned_count -= row->was_pinned;
        }
        if (!row->is_deleted) {
            batch->next.flow_count++;
            batch->next.pinned_count += row->pinned;
        }
    }
}

/* Flows that are new or lose their pin in this batch stay until the next. */
static int evict(struct mf_batch *batch, struct mf_err *err)
{
    count_flows(batch);
    uint64_t excess = excess_of(batch, &batch->next);
    if (!excess)
        return 0;
    size_t chunk = batch->limits->chunk_count;
    size_t count = 0;
    int rc = mf_rows_mark_oldest_deleted(
        batch->rows, excess < chunk ? (size_t)excess : chunk, &count, err);
    count_flows(batch);
    /* Without rows of its own a run that finds nothing will never find any. */
    if (!rc && count == 0 && !mf_rows_at(batch->rows, 0))
        batch->cannot_evict = true;
    return rc;
}

static int bury(struct mf_batch *batch, uint64_t number, struct mf_err *err)
{
    sqlite3_stmt *stmt = batch->stmts[PUT_TOMBSTONE];
    mf_sql_bind_int(stmt, 1, batch->next.last_change);
    mf_sql_bind_int(stmt, 2, number);
    batch->tombstones++;
    return mf_sql_run(stmt, err);
}

static int trim_tombstones(struct mf_batch *batch, struct mf_err *err)
{
    uint64_t keep = batch->limits->tombstones;
    if (batch->tombstones <= 2 * keep)
        return 0;
    sqlite3_stmt *stmt = batch->stmts[NTH_TOMBSTONE];
    mf_sql_bind_int(stmt, 1, keep);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc;
    uint64_t floor = (uint64_t)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    stmt = batch->stmts[DROP_TOMBSTONES];
    mf_sql_bind_int(stmt, 1, floor);
    rc = mf_sql_run(stmt, err);
    batch->next.tombstone_floor = floor;
    batch->tombstones = keep;
    return rc;
}

static int delete_row(struct mf_batch *batch, const struct mf_store__row *row,
                      struct mf_err *err)
{
    int rc = 0;
    if (!row->is_new) {
        mf_sql_bind_int(batch->stmts[DELETE_FLOW], 1, row->number);
        rc = mf_sql_run(batch->stmts[DELETE_FLOW], err);
        mf_sql_bind_int(batch->stmts[DELETE_SNAPSHOT], 1, row->number);
        if (!rc)
            rc = mf_sql_run(batch->stmts[DELETE_SNAPSHOT], err);
    }
    return rc ? rc : bury(batch, row->number, err);
}

static int save_row(struct mf_batch *batch, const struct mf_store__row *row,
                    struct mf_err *err)
{
    sqlite3_stmt *stmt = batch->stmts[row->is_new ? INSERT_FLOW : UPDATE_FLOW];
    mf_sql_bind_int(stmt, 1, row->number);
    mf_sql_bind_int(stmt, 2, row->change);
    mf_sql_bind_text(stmt, 3, row->session);
    mf_sql_bind_int(stmt, 4, row->type);
    mf_sql_bind_int(stmt, 5, row->state);
    mf_sql_bind_int(stmt, 6, row->pinned);
    mf_sql_bind_int(stmt, 7, (uint64_t)row->start_ns);
    mf_sql_bind_text(stmt, 8, row->note);
    mf_sql_bind_blob(stmt, 9, row->derived, row->derived_len);
    if (row->is_new) {
        mf_sql_bind_blob(stmt, 10, row->id, row->id_len);
        mf_sql_bind_text(stmt, 11, row->source);
    }
    int rc = mf_sql_run(stmt, err);
    if (rc || !row->flow)
        return rc;
    size_t len;
    const uint8_t *snapshot = mf_flow_snapshot(row->flow, &len);
    mf_sql_bind_int(batch->stmts[PUT_SNAPSHOT], 1, row->number);
    mf_sql_bind_blob(batch->stmts[PUT_SNAPSHOT], 2, snapshot, len);
    return mf_sql_run(batch->stmts[PUT_SNAPSHOT], err);
}

/* The stored flow; *ret_flow is NULL if it is not there or damaged. */
static int load_flow(struct mf_batch *batch, const struct mf_store__row *row,
                     struct mf_flow **ret_flow, struct mf_err *err)
{
    sqlite3_stmt *stmt = batch->stmts[GET_SNAPSHOT];
    *ret_flow = NULL;
    mf_sql_bind_int(stmt, 1, row->number);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc;
    const void *data = sqlite3_column_blob(stmt, 0);
    rc = mf_flow_from_snapshot(data, (size_t)sqlite3_column_bytes(stmt, 0),
                               row->state, ret_flow, err);
    sqlite3_reset(stmt);
    return rc == MF_ENOMEM ? rc : 0;
}

static int make_record(struct mf_batch *batch, struct mf_store__row *row,
                       struct mf_err *err)
{
    struct mf_flow *flow = NULL;
    if (row->flow) {
        flow = mf_flow_ref(row->flow);
    } else {
        int rc = load_flow(batch, row, &flow, err);
        if (rc)
            return rc;
    }
    const struct mf_record_head head = {
        .number = row->number,
        .change = row->change,
        .pinned = row->pinned,
        .state = row->state,
        .source = row->source,
        .note = row->note,
    };
    row->record = mf_record_new(&head, flow, row->derived, row->derived_len);
    mf_flow_unref(flow);
    return row->record ? 0 : mf_err_set(err, MF_ENOMEM, "out of memory");
}

static int write_row(struct mf_batch *batch, struct mf_store__row *row,
                     struct mf_err *err)
{
    int rc = 0;
    if (row->is_dirty) {
        row->change = ++batch->next.last_change;
        if (row->is_deleted)
            rc = delete_row(batch, row, err);
        else if (!row->flow || !(rc = mf_rows_derive(row)))
            rc = save_row(batch, row, err);
    }
    if (!rc && !row->is_deleted && (row->is_dirty || row->is_asked_for))
        rc = make_record(batch, row, err);
    if (!rc && row->is_dirty)
        rc = add_change(batch, row->number, row->is_new, row->record);
    return rc;
}

static int write_rows(struct mf_batch *batch, struct mf_err *err)
{
    struct mf_store__row *row;
    int rc = 0;
    for (size_t i = 0; !rc && (row = mf_rows_at(batch->rows, i)); i++)
        rc = write_row(batch, row, err);
    return rc;
}

static int delete_all(struct mf_batch *batch, struct mf_store__op *op,
                      struct mf_err *err)
{
    uint64_t *numbers = NULL;
    size_t count = 0;
    int rc = mf_rows_all_numbers(batch->rows, &numbers, &count, err);
    op->rc = 0;
    op->row = NULL;
    op->count = count;
    for (size_t i = 0; !rc && i < count; i++) {
        batch->next.last_change++;
        if (count - i <= batch->limits->tombstones)
            rc = bury(batch, numbers[i], err);
        else
            batch->next.tombstone_floor = batch->next.last_change;
        if (!rc)
            rc = add_change(batch, numbers[i], false, NULL);
    }
    free(numbers);
    if (!rc && count > batch->limits->tombstones) {
        sqlite3_stmt *stmt = batch->stmts[DROP_TOMBSTONES];
        mf_sql_bind_int(stmt, 1, batch->next.tombstone_floor);
        rc = mf_sql_run(stmt, err);
        batch->tombstones = batch->limits->tombstones;
    }
    if (!rc && count)
        rc = mf_sql_exec(batch->db, "DELETE FROM flow; DELETE FROM snapshot",
                         err);
    batch->next.flow_count = 0;
    batch->next.pinned_count = 0;
    return rc;
}

static int save_counters(struct mf_batch *batch, struct mf_err *err)
{
    sqlite3_stmt *stmt = batch->stmts[SAVE_COUNTERS];
    mf_sql_bind_int(stmt, 1, batch->next.last_number);
    mf_sql_bind_int(stmt, 2, batch->next.last_change);
    mf_sql_bind_int(stmt, 3, batch->next.tombstone_floor);
    mf_sql_bind_int(stmt, 4, batch->next.flow_count);
    mf_sql_bind_int(stmt, 5, batch->next.pinned_count);
    return mf_sql_run(stmt, err);
}

static void start_over(struct mf_batch *batch)
{
    mf_rows_clear(batch->rows);
    batch->change_count = 0;
    batch->next = batch->saved;
    batch->tombstones = batch->saved_tombstones;
    batch->cannot_evict = false;
}

static int run_in_transaction(struct mf_batch *batch, struct mf_store__op *ops,
                              struct mf_store__op **ret_rest,
                              struct mf_err *err)
{
    int rc;
    *ret_rest = NULL;
    if (ops && ops->kind == MF_STORE__DELETE_ALL) {
        rc = delete_all(batch, ops, err);
    } else {
        rc = apply_all(batch, ops, ret_rest, err);
        if (!rc)
            rc = evict(batch, err);
        if (!rc)
            rc = write_rows(batch, err);
    }
    if (!rc)
        rc = trim_tombstones(batch, err);
    if (!rc && batch->change_count)
        rc = save_counters(batch, err);
    return rc ? rc : mf_sql_run(batch->stmts[COMMIT], err);
}

int mf_batch_run(struct mf_batch *batch, struct mf_store__op *ops,
                 struct mf_commit *ret_commit, struct mf_store__op **ret_rest,
                 struct mf_err *err)
{
    struct mf_store__op *rest;
    start_over(batch);
    int rc = mf_sql_run(batch->stmts[BEGIN], err);
    if (rc)
        return rc;
    rc = run_in_transaction(batch, ops, &rest, err);
    if (rc) {
        if (rc == MF_ENOMEM)
            mf_err_set(err, rc, "out of memory");
        sqlite3_exec(batch->db, "ROLLBACK", NULL, NULL, NULL);
        start_over(batch);
        return rc;
    }
    batch->saved = batch->next;
    batch->saved_tombstones = batch->tombstones;
    *ret_rest = rest;
    *ret_commit = (struct mf_commit){
        .changes = batch->changes,
        .change_count = batch->change_count,
        .flow_count = batch->saved.flow_count,
    };
    return 0;
}

int mf_batch_cut_off_all(struct mf_batch *batch, struct mf_err *err)
{
    uint64_t *numbers = NULL;
    size_t count = 0;
    start_over(batch);
    int rc = mf_rows_live_numbers(batch->rows, &numbers, &count, err);
    if (rc || count == 0)
        return rc;
    rc = mf_sql_run(batch->stmts[BEGIN], err);
    for (size_t i = 0; !rc && i < count; i++)
        rc = mf_rows_set_state(batch->rows, numbers[i], MF_FLOW_CUT_OFF,
                               ++batch->next.last_change, err);
    free(numbers);
    if (!rc)
        rc = save_counters(batch, err);
    if (!rc)
        rc = mf_sql_run(batch->stmts[COMMIT], err);
    if (rc)
        sqlite3_exec(batch->db, "ROLLBACK", NULL, NULL, NULL);
    else
        batch->saved = batch->next;
    return rc;
}

/* Counts are counted: a database that was edited by hand must not mislead. */
static int read_counters(struct mf_batch *batch, struct mf_err *err)
{
    static const char *const queries[] = {
        "SELECT last_number FROM store",
        "SELECT last_change FROM store",
        "SELECT tombstone_floor FROM store",
        "SELECT count(*) FROM flow",
        "SELECT count(*) FROM flow WHERE pinned",
        "SELECT count(*) FROM tombstone",
    };
    uint64_t *const values[] = {
        &batch->saved.last_number,     &batch->saved.last_change,
        &batch->saved.tombstone_floor, &batch->saved.flow_count,
        &batch->saved.pinned_count,    &batch->saved_tombstones,
    };
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        int64_t value;
        int rc = mf_sql_get_int(batch->db, queries[i], &value, err);
        if (rc)
            return rc == MF_ENOENT
                       ? mf_err_set(err, MF_ECORRUPT, "store without counters")
                       : rc;
        *values[i] = (uint64_t)value;
    }
    return 0;
}

int mf_batch_new(sqlite3 *db, const struct mf_store__limits *limits,
                 uint64_t max_flows, struct mf_batch **ret_batch,
                 struct mf_err *err)
{
    struct mf_batch *batch = calloc(1, sizeof *batch);
    if (!batch)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    batch->db = db;
    batch->limits = limits;
    batch->max_flows = max_flows;
    int rc = mf_rows_new(db, &batch->rows, err);
    if (!rc)
        rc = mf_sql_prepare(db, sql, STATEMENTS, batch->stmts, err);
    if (!rc)
        rc = read_counters(batch, err);
    if (rc) {
        mf_batch_free(batch);
        return rc;
    }
    *ret_batch = batch;
    return 0;
}

void mf_batch_free(struct mf_batch *batch)
{
    if (!batch)
        return;
    mf_rows_free(batch->rows);
    mf_sql_finalize(batch->stmts, STATEMENTS);
    free(batch->changes);
    free(batch);
}
