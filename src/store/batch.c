#include "store/batch.h"

#include <stdlib.h>

#include "base/array.h"
#include "store/batch_impl.h"
#include "store/rows.h"
#include "store/sql.h"

#define SET_COLUMNS                                                 \
    "change = ?2, type = ?3, state = ?4, flags = ?5, status = ?6,"  \
    " client_port = ?7, server_port = ?8, method = ?9, host = ?10," \
    " client = ?11, source_name = ?12, response_type = ?13,"        \
    " request_type = ?14, start_ns = ?15, duration_ms = ?16,"       \
    " client_bytes = ?17, server_bytes = ?18, message_count = ?19," \
    " frame = ?20, slot = ?21, note = ?22, url = ?23, summary = ?24"

static const char *const sql[MF_BATCH_STATEMENTS] = {
    [MF_BATCH_BEGIN] = "BEGIN IMMEDIATE",
    [MF_BATCH_COMMIT] = "COMMIT",
    [MF_BATCH_GET_PAGED] = "SELECT paged FROM store",
    [MF_BATCH_SAVE_STORE] =
        "UPDATE store SET last_number = ?1, last_change = ?2,"
        " top_change = ?3, last_frame = ?4, tombstone_floor = ?5,"
        " flow_count = ?6, pinned_count = ?7, evicted_count = ?8",
    [MF_BATCH_PAGE_COUNT] = "PRAGMA page_count",
    [MF_BATCH_FREE_COUNT] = "PRAGMA freelist_count",
    [MF_BATCH_INSERT_FLOW] = MF_ROW_INSERT,
    [MF_BATCH_UPDATE_FLOW] =
        "UPDATE flow SET " SET_COLUMNS " WHERE number = ?1",
    [MF_BATCH_TOUCH_FLOW] =
        "UPDATE flow SET change = ?2, state = ?3, flags = flags & ~?4 | ?5,"
        " note = ?6 WHERE number = ?1",
    [MF_BATCH_GROW_FLOW] =
        "UPDATE flow SET change = ?2, state = ?3, flags = flags & ~?4 | ?5,"
        " note = ?6, duration_ms = ?7, client_bytes = ?8, server_bytes = ?9,"
        " message_count = ?10 WHERE number = ?1",
    [MF_BATCH_PLACE_FLOW] =
        "UPDATE flow SET frame = ?2, slot = ?3 WHERE number = ?1",
    [MF_BATCH_WHERE_FLOW] = "SELECT frame, slot FROM flow WHERE number = ?1",
    [MF_BATCH_DELETE_FLOW] =
        "DELETE FROM flow WHERE number = ?1 RETURNING frame",
    [MF_BATCH_PUT_RECENT] =
        "INSERT OR REPLACE INTO recent (number, session, live, message_digest,"
        " snapshot) VALUES (?1, ?2, ?3, ?4, ?5)",
    [MF_BATCH_GET_RECENT] =
        "SELECT snapshot, live FROM recent WHERE number = ?1",
    [MF_BATCH_REST_RECENT] = "UPDATE recent SET live = 0 WHERE number = ?1"
                             " AND live RETURNING length(snapshot)",
    [MF_BATCH_MOVE_RECENT] =
        "UPDATE recent SET session = ?2, live = 1 WHERE number = ?1"
        " AND (session <> ?2 OR NOT live)",
    [MF_BATCH_DELETE_RECENT] = "DELETE FROM recent WHERE number = ?1",
    [MF_BATCH_PUT_PIECE] =
        "INSERT OR REPLACE INTO piece (number, first, count, frame, slot,"
        " data) VALUES (?1, ?2, ?3, 0, 0, ?4)",
    [MF_BATCH_GET_PIECES] =
        "SELECT piece.first, piece.count, piece.data, flow.type, flow.id"
        " FROM piece JOIN flow ON flow.number = piece.number"
        " WHERE piece.number = ?1 AND piece.first >= ?2 AND piece.frame = 0"
        " ORDER BY piece.first",
    [MF_BATCH_PLACE_PIECE] =
        "UPDATE piece SET count = ?3, frame = ?4, slot = ?5, data = NULL"
        " WHERE number = ?1 AND first = ?2",
    [MF_BATCH_DELETE_PIECE] =
        "DELETE FROM piece WHERE number = ?1 AND first > ?2 AND first < ?3",
    [MF_BATCH_DELETE_PIECES] =
        "DELETE FROM piece WHERE number = ?1 RETURNING frame",
    [MF_BATCH_PUT_BLOCK] =
        "INSERT INTO block (frame, frames, entries, ceiling, data)"
        " VALUES (?1, ?2, ?3, ?4, ?5)",
    [MF_BATCH_GET_BLOCK] = "SELECT frame, data FROM block WHERE frame <= ?1"
                           " ORDER BY frame DESC LIMIT 1",
    [MF_BATCH_FIND_BLOCK] = "SELECT frame, frames FROM block WHERE frame <= ?1"
                            " ORDER BY frame DESC LIMIT 1",
    [MF_BATCH_PUT_DEAD] =
        "INSERT INTO block_dead (frame, dead, purge) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (frame) DO UPDATE SET dead = dead + excluded.dead,"
        " purge = purge | excluded.purge",
    [MF_BATCH_PUT_UNSEALED] =
        "INSERT INTO unsealed (frame, has_binary, signature)"
        " VALUES (?1, ?2, ?3)",
    [MF_BATCH_PUT_STALE] = "INSERT OR IGNORE INTO stale (number) VALUES (?1)",
    [MF_BATCH_PUT_NAME] = MF_ROW_PUT_NAME,
    [MF_BATCH_PUT_TOMBSTONE] =
        "INSERT INTO tombstone (change, number, growing) VALUES (?1, ?2, ?3)",
    [MF_BATCH_NTH_TOMBSTONE] = "SELECT change FROM tombstone"
                               " ORDER BY change DESC LIMIT 1 OFFSET ?1",
    [MF_BATCH_DROP_TOMBSTONES] =
        "DELETE FROM tombstone WHERE change <= ?1 AND growing IS NULL",
    [MF_BATCH_DROP_GROWING] =
        "DELETE FROM tombstone WHERE growing IS NOT NULL AND change <="
        " (SELECT change FROM tombstone WHERE growing IS NOT NULL"
        " ORDER BY change DESC LIMIT 1 OFFSET ?1)",
    [MF_BATCH_END_GROWING] =
        "UPDATE tombstone SET growing = NULL WHERE growing = ?1",
};

/* ---- life ---- */

static int load_counters(struct mf_batch *batch, struct mf_err *err)
{
    static const char *const text[] = {
        "SELECT last_number, last_change, top_change, last_frame,"
        " tombstone_floor, flow_count, pinned_count, evicted_count,"
        " (SELECT count(*) FROM tombstone),"
        " (SELECT ceiling FROM block ORDER BY frame DESC LIMIT 1) FROM store"};
    struct mf_batch_counters *saved = &batch->saved;
    uint64_t *const values[] = {
        &saved->last_number,  &saved->last_change,     &saved->top_change,
        &saved->last_frame,   &saved->tombstone_floor, &saved->flow_count,
        &saved->pinned_count, &saved->evicted_count,   &saved->tombstones,
        &saved->ceiling,
    };
    sqlite3_stmt *stmt;
    int rc = mf_sql_prepare(batch->db, text, 1, &stmt, err);
    if (!rc)
        rc = mf_sql_step(stmt, err);
    for (size_t i = 0; rc == 1 && i < sizeof values / sizeof *values; i++)
        *values[i] = (uint64_t)sqlite3_column_int64(stmt, (int)i);
    mf_sql_finalize(&stmt, 1);
    if (rc == 0)
        return mf_err_set(err, MF_ECORRUPT, "store without counters");
    for (int kind = 0; kind < MF_NAME_KINDS; kind++)
        saved->names[kind] = mf_names_count(batch->store->names, kind);
    return rc == 1 ? 0 : rc;
}

int mf_batch_new(struct mf_store *store, struct mf_batch **ret_batch,
                 struct mf_err *err)
{
    struct mf_batch *batch = calloc(1, sizeof *batch);
    if (!batch)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    batch->store = store;
    batch->db = store->db;
    mf_buf_init(&batch->url, SIZE_MAX);
    mf_buf_init(&batch->rest, SIZE_MAX);
    mf_buf_init(&batch->head, SIZE_MAX);
    int64_t page_size;
    int rc =
        mf_sql_prepare(store->db, sql, MF_BATCH_STATEMENTS, batch->stmts, err);
    if (!rc)
        rc = mf_sql_get_int(store->db, "PRAGMA page_size", &page_size, err);
    if (!rc)
        rc = load_counters(batch, err);
    if (!rc && (rc = mf_pack_new(&batch->pack)))
        mf_err_set(err, rc, "out of memory");
    if (rc) {
        mf_batch_free(batch);
        return rc;
    }
    batch->page_size = (uint64_t)page_size;
    *ret_batch = batch;
    return 0;
}

void mf_batch_free(struct mf_batch *batch)
{
    if (!batch)
        return;
    mf_pack_free(batch->pack);
    mf_sql_finalize(batch->stmts, MF_BATCH_STATEMENTS);
    mf_buf_release(&batch->url);
    mf_buf_release(&batch->rest);
    mf_buf_release(&batch->head);
    free(batch->dead);
    free(batch->waiting);
    free(batch);
}

static int get_int(struct mf_batch *batch, enum mf_batch_statement which,
                   uint64_t *ret_value, struct mf_err *err)
{
    sqlite3_stmt *stmt = mf_batch__stmt(batch, which);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc ? rc : mf_err_set(err, MF_ECORRUPT, "store without counters");
    *ret_value = (uint64_t)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return 0;
}

uint64_t mf_batch_data_bytes(struct mf_batch *batch)
{
    uint64_t pages = 0, free_pages = 0;
    if (get_int(batch, MF_BATCH_PAGE_COUNT, &pages, NULL) ||
        get_int(batch, MF_BATCH_FREE_COUNT, &free_pages, NULL))
        return 0;
    return pages > free_pages ? (pages - free_pages) * batch->page_size : 0;
}

/* ---- what is gathered on the way ---- */

int mf_batch__add_dead(struct mf_batch *batch, uint64_t frame, uint32_t purge)
{
    struct mf_dead_entry *dead = mf_array_grow(batch->dead, batch->dead_count,
                                               &batch->dead_cap, sizeof *dead);
    if (!dead)
        return MF_ENOMEM;
    batch->dead = dead;
    dead[batch->dead_count++] =
        (struct mf_dead_entry){.frame = frame, .purge = purge};
    return 0;
}

int mf_batch__add_waiting(struct mf_batch *batch, uint64_t number, size_t len,
                          int kind)
{
    struct mf_waiting *waiting =
        mf_array_grow(batch->waiting, batch->waiting_count, &batch->waiting_cap,
                      sizeof *waiting);
    if (!waiting)
        return MF_ENOMEM;
    batch->waiting = waiting;
    waiting[batch->waiting_count++] =
        (struct mf_waiting){.number = number, .len = len, .kind = kind};
    return 0;
}

/* Memory that is out here costs space until the next start, nothing else. */
static void let_wait(struct mf_batch *batch)
{
    struct mf_recent *recent = batch->store->recent;
    if (batch->packs)
        mf_recent_packed(recent);
    for (size_t i = 0; i < batch->waiting_count; i++) {
        const struct mf_waiting *waiting = &batch->waiting[i];
        if (waiting->kind == MF_WAITS_HEAD)
            (void)mf_recent_add(recent, waiting->number, waiting->len);
        else if (waiting->kind == MF_WAITS_PIECE)
            (void)mf_recent_grow(recent, waiting->number, waiting->len);
        else
            mf_recent_end(recent, waiting->number);
    }
}

/* ---- the transaction ---- */

static int end_growing(struct mf_batch *batch, const struct mf_taken *taken,
                       struct mf_err *err)
{
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_END_GROWING);
    int rc = 0;
    for (size_t i = 0; !rc && i < taken->ended_count; i++) {
        mf_sql_bind_int(stmt, 1, taken->ended[i]);
        rc = mf_sql_run(stmt, err);
    }
    return rc;
}

static int save_counters(struct mf_batch *batch, const struct mf_taken *taken,
                         struct mf_err *err)
{
    struct mf_batch_counters *next = &batch->next;
    if (taken->last_number > next->last_number)
        next->last_number = taken->last_number;
    if (taken->top_change > next->top_change)
        next->top_change = taken->top_change;
    next->last_change = taken->last_change;
    if (next->last_change > next->top_change)
        next->top_change = next->last_change;
    const uint64_t values[] = {
        next->last_number,  next->last_change,     next->top_change,
        next->last_frame,   next->tombstone_floor, next->flow_count,
        next->pinned_count, next->evicted_count,
    };
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_SAVE_STORE);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        mf_sql_bind_int(stmt, (int)i + 1, values[i]);
    return mf_sql_run(stmt, err);
}

static int write_all(struct mf_batch *batch, const struct mf_taken *taken,
                     struct mf_err *err)
{
    uint64_t paged = 0;
    int rc = get_int(batch, MF_BATCH_GET_PAGED, &paged, err);
    if (rc)
        return rc;
    batch->paged_end = paged * 1024;
    mf_batch__plan_packing(batch, taken);
    mf_pack_begin(batch->pack, batch->next.last_frame + 1);
    /* Deletions take what was told beside their flows. */
    rc = mf_aside_tables_write(batch->store->asides, &taken->asides, err);
    for (size_t i = 0; !rc && i < taken->count; i++)
        rc = mf_batch__write(batch, &taken->versions[i], err);
    if (!rc && batch->packs)
        rc = mf_batch__pack_waiting(batch, err);
    if (!rc)
        rc = mf_batch__put_blocks(batch, err);
    if (!rc)
        rc = mf_row_save_names(mf_batch__stmt(batch, MF_BATCH_PUT_NAME),
                               batch->store->names, batch->next.names, err);
    if (!rc)
        rc = end_growing(batch, taken, err);
    if (!rc)
        rc = mf_batch__trim_tombstones(batch, err);
    return rc ? rc : save_counters(batch, taken, err);
}

int mf_batch_run(struct mf_batch *batch, const struct mf_taken *taken,
                 struct mf_err *err)
{
    batch->next = batch->saved;
    batch->dead_count = batch->waiting_count = 0;
    /* Upkeep needs less for its own transactions: never for these. */
    int rc = mf_sql_exec(batch->db, "PRAGMA synchronous = FULL", err);
    if (!rc)
        rc = mf_sql_run(mf_batch__stmt(batch, MF_BATCH_BEGIN), err);
    if (rc)
        return rc;
    rc = write_all(batch, taken, err);
    if (!rc)
        rc = mf_sql_run(mf_batch__stmt(batch, MF_BATCH_COMMIT), err);
    mf_aside_tables_end(batch->store->asides, !rc);
    if (rc) {
        mf_pack_abandon(batch->pack);
        for (size_t i = 0; i < MF_BATCH_STATEMENTS; i++)
            sqlite3_reset(batch->stmts[i]);
        sqlite3_exec(batch->db, "ROLLBACK", NULL, NULL, NULL);
        return rc;
    }
    batch->saved = batch->next;
    let_wait(batch);
    return 0;
}
