#include "store/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "store/internal.h"
#include "store/lookup.h"
#include "store/reader_impl.h"

enum { BUSY_TIMEOUT_MS = 5000, STEP_NS = 100 * 1000 * 1000 };

static const char *const sql[MF_READ_STATEMENTS] = {
    [MF_READ_BEGIN] = "BEGIN",
    [MF_READ_END] = "COMMIT",
    [MF_READ_HEAD] = "SELECT last_number, last_change, last_frame,"
                     " tombstone_floor, flow_count, sealed_groups, paged"
                     " FROM store",
    [MF_READ_ROW] = "SELECT " MF_ROW_COLUMNS " FROM flow WHERE number = ?1",
    [MF_READ_ROWS_DOWN] = "SELECT " MF_ROW_COLUMNS " FROM flow"
                          " WHERE number < ?1 AND number >= ?2"
                          " ORDER BY number DESC",
    [MF_READ_ROWS_UP] = "SELECT " MF_ROW_COLUMNS " FROM flow"
                        " WHERE number > ?1 ORDER BY number",
    [MF_READ_ARRIVED] = "SELECT arrived_ns FROM flow WHERE number >= ?1"
                        " ORDER BY number LIMIT 1",
    [MF_READ_FIRST] = "SELECT number FROM flow ORDER BY number LIMIT 1",
    [MF_READ_NOTED] = "SELECT number FROM flow WHERE note <> '' AND number < ?1"
                      " ORDER BY number DESC",
    [MF_READ_RECENT] = "SELECT snapshot FROM recent WHERE number = ?1",
    [MF_READ_RECENTS] = "SELECT number FROM recent ORDER BY number DESC",
    [MF_READ_PIECES] = "SELECT first, count, frame, slot, data FROM piece"
                       " WHERE number = ?1 AND first + count > ?2"
                       " ORDER BY first",
    [MF_READ_SPLIT] = "SELECT number FROM piece WHERE number < ?1"
                      " ORDER BY number DESC LIMIT 1",
    [MF_READ_BLOCK] = "SELECT frame, frames, ceiling FROM block"
                      " WHERE frame <= ?1 ORDER BY frame DESC LIMIT 1",
    [MF_READ_FIRST_FRAME] = "SELECT frame FROM block ORDER BY frame LIMIT 1",
    [MF_READ_NEW_BLOCKS] = "SELECT data FROM block WHERE frame > ?1",
    [MF_READ_UNSEALED] = "SELECT frame, has_binary, signature FROM unsealed"
                         " WHERE frame >= ?1 AND frame <= ?2"
                         " ORDER BY frame DESC",
    [MF_READ_UNSEALED_ONE] = "SELECT has_binary, signature FROM unsealed"
                             " WHERE frame = ?1",
    [MF_READ_POSTING] = "SELECT data FROM posting WHERE id = ?1",
    [MF_READ_STALE] = "SELECT number FROM stale WHERE number < ?1"
                      " ORDER BY number DESC",
    [MF_READ_PAGES_DOWN] = "SELECT page, data FROM column_page"
                           " WHERE page <= ?1 ORDER BY page DESC",
    [MF_READ_PAGE_NUMBERS] = "SELECT page FROM column_page ORDER BY page",
    [MF_READ_PAGE] = "SELECT data FROM column_page WHERE page = ?1",
    [MF_READ_CHANGED_TAIL] = "SELECT number, change FROM flow"
                             " WHERE number >= ?1 AND change > ?2",
    [MF_READ_CHANGED_STALE] = "SELECT flow.number, flow.change FROM stale"
                              " CROSS JOIN flow"
                              " WHERE flow.number = stale.number"
                              " AND flow.number < ?1 AND flow.change > ?2",
    [MF_READ_GONE] = "SELECT change, number FROM tombstone WHERE change > ?1"
                     " ORDER BY change LIMIT ?2",
    [MF_READ_CONNECTION] = "SELECT is_server, event, at_ns, opened_ns,"
                           " closed_ns, error, conn FROM connection"
                           " WHERE key = ?1 AND source = ?2",
    [MF_READ_DESCRIPTORS] = "SELECT flow, bytes FROM descriptor"
                            " ORDER BY number",
};

int mf_reader_open(struct mf_store *store, struct mf_reader **ret_reader,
                   struct mf_err *err)
{
    struct mf_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    int rc = 0;
    reader->store = store;
    reader->names = mf_store__names(store);
    if (sqlite3_open_v2(store->dir.path, &reader->db,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        rc = reader->db ? mf_sql_fail(reader->db, store->dir.path, err)
                        : mf_err_set(err, MF_ENOMEM, "out of memory");
    if (!rc) {
        sqlite3_busy_timeout(reader->db, BUSY_TIMEOUT_MS);
        rc = mf_sql_exec(reader->db,
                         "PRAGMA trusted_schema = OFF;"
                         "PRAGMA cache_size = -2048;"
                         "PRAGMA temp_store = MEMORY",
                         err);
    }
    if (!rc)
        rc = mf_sql_prepare(reader->db, sql, MF_READ_STATEMENTS, reader->stmts,
                            err);
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
    mf_reader__forget(reader);
    mf_sql_finalize(reader->stmts, MF_READ_STATEMENTS);
    sqlite3_blob_close(reader->blob);
    sqlite3_close(reader->db);
    free(reader);
}

/* ---- one state of the database ---- */

int mf_reader__begin(struct mf_reader *reader, struct mf_err *err)
{
    int rc = mf_sql_run(reader->stmts[MF_READ_BEGIN], err);
    if (rc)
        return rc;
    sqlite3_stmt *head = reader->stmts[MF_READ_HEAD];
    rc = mf_sql_step(head, err);
    if (rc == 1) {
        reader->head = (struct mf_reader__head){
            .last_number = mf_reader__int(head, 0),
            .last_change = mf_reader__int(head, 1),
            .last_frame = mf_reader__int(head, 2),
            .tombstone_floor = mf_reader__int(head, 3),
            .flow_count = mf_reader__int(head, 4),
            .sealed_groups = mf_reader__int(head, 5),
            .paged = mf_reader__int(head, 6),
        };
        sqlite3_reset(head);
        return 0;
    }
    sqlite3_exec(reader->db, "ROLLBACK", NULL, NULL, NULL);
    return rc ? rc : mf_err_set(err, MF_ECORRUPT, "store without counters");
}

void mf_reader__end(struct mf_reader *reader)
{
    mf_reader__settle_blocks(reader);
    if (mf_sql_run(reader->stmts[MF_READ_END], NULL))
        sqlite3_exec(reader->db, "ROLLBACK", NULL, NULL, NULL);
}

int mf_reader__row(struct mf_reader *reader, uint64_t number,
                   struct mf_err *err)
{
    sqlite3_stmt *row = reader->stmts[MF_READ_ROW];
    sqlite3_reset(row);
    mf_sql_bind_int(row, 1, number);
    return mf_sql_step(row, err);
}

void mf_reader__row_done(struct mf_reader *reader)
{
    sqlite3_reset(reader->stmts[MF_READ_ROW]);
}

struct mf_span mf_reader__name_text(void *names, enum mf_name_kind kind,
                                    uint32_t id)
{
    return mf_names_text(names, kind, id);
}

/* ---- damage ---- */

void mf_reader__damaged(struct mf_reader *reader, uint64_t what,
                        const struct mf_err *err)
{
    for (size_t i = 0; i < reader->damaged_count; i++)
        if (reader->damaged[i] == what)
            return;
    if (reader->damaged_count == MF_READER_DAMAGED)
        return;
    reader->damaged[reader->damaged_count++] = what;
    if (reader->damage_untold++ == 0)
        reader->damage = *err;
}

size_t mf_reader_take_damage(struct mf_reader *reader, struct mf_err *ret_first)
{
    size_t count = reader->damage_untold;
    reader->damage_untold = 0;
    if (count)
        *ret_first = reader->damage;
    return count;
}

/* ---- windows ---- */

void mf_window_release(struct mf_window *window)
{
    for (size_t i = 0; i < window->count; i++)
        mf_record_unref(window->records[i]);
    free(window->records);
    free(window->gone);
    *window = (struct mf_window){0};
}

static int take_records(struct mf_query *query, size_t *cap,
                        struct mf_window *window)
{
    struct mf_record *record;
    while ((record = mf_query_next(query))) {
        struct mf_record **records =
            mf_array_grow(window->records, window->count, cap, sizeof *records);
        if (!records) {
            mf_record_unref(record);
            return MF_ENOMEM;
        }
        window->records = records;
        records[window->count++] = record;
    }
    return 0;
}

int mf_reader_list(struct mf_reader *reader, const struct mf_list_query *query,
                   struct mf_window *ret_window, struct mf_err *err)
{
    const struct mf_query_opts opts = {
        .filter = query->filter,
        .limit = query->limit,
        .since_ns = query->since_ns,
    };
    struct mf_window window = {0};
    struct mf_query *steps;
    size_t cap = 0;
    int rc = mf_query_new(&opts, &steps, err);
    if (rc)
        return rc;
    do {
        rc = mf_query_step(steps, reader, STEP_NS, query->cancel, err);
        if (rc >= 0 && take_records(steps, &cap, &window))
            rc = mf_err_set(err, MF_ENOMEM, "out of memory");
    } while (rc == 1);
    window.head = window.change = mf_query_head(steps);
    window.flow_count = reader->head.flow_count;
    mf_query_free(steps);
    if (rc)
        mf_window_release(&window);
    else
        *ret_window = window;
    return rc;
}
