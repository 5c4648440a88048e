#include "store/seal.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/group_writer.h"
#include "store/rows.h"
#include "store/sql.h"

enum {
    GET_ROWS,
    PUT_COLUMNS,
    PUT_KEYS,
    DROP_COLUMNS,
    DROP_KEYS,
    DROP_STALE,
    SET_PAGED,
    GET_SIGNATURES,
    SET_SEALED,
    DROP_UNSEALED,
    STATEMENTS,
};

static const char *const sql[STATEMENTS] = {
    [GET_ROWS] = "SELECT " MF_ROW_COLUMNS_ONLY
                 " FROM flow WHERE number BETWEEN ?1 AND ?2",
    [PUT_COLUMNS] =
        "INSERT OR REPLACE INTO column_page (page, data) VALUES (?1, ?2)",
    [PUT_KEYS] = "INSERT OR REPLACE INTO key_page (page, keys) VALUES (?1, ?2)",
    [DROP_COLUMNS] = "DELETE FROM column_page WHERE page = ?1",
    [DROP_KEYS] = "DELETE FROM key_page WHERE page = ?1",
    [DROP_STALE] = "DELETE FROM stale WHERE number BETWEEN ?1 AND ?2",
    [SET_PAGED] = "UPDATE store SET paged = ?1",
    [GET_SIGNATURES] = "SELECT frame, has_binary, signature FROM unsealed"
                       " WHERE frame BETWEEN ?1 AND ?2",
    [SET_SEALED] = "UPDATE store SET sealed_groups = ?1",
    [DROP_UNSEALED] = "DELETE FROM unsealed WHERE frame BETWEEN ?1 AND ?2",
};

/* After so much of a group the writer may have its turn. */
static const int64_t step_ns = INT64_C(4000000);

enum { KEY_LEN = 8, KEYS_LEN = KEY_LEN * MF_COLUMN_PAGE_ROWS };

struct mf_seal {
    sqlite3 *db;
    sqlite3_stmt *stmts[STATEMENTS];
    struct mf_columns rows[MF_COLUMN_PAGE_ROWS];
    uint8_t keys[KEYS_LEN];
    struct mf_buf out;

    struct mf_group_writer group;
    uint64_t next_frame; /* of the group, to be read */
    bool is_read;
};

int mf_seal_new(sqlite3 *db, struct mf_seal **ret_seal, struct mf_err *err)
{
    struct mf_seal *seal = calloc(1, sizeof *seal);
    if (!seal)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    seal->db = db;
    mf_buf_init(&seal->out, SIZE_MAX);
    int rc = mf_sql_prepare(db, sql, STATEMENTS, seal->stmts, err);
    if (!rc)
        rc = mf_group_writer_init(&seal->group, db, err);
    if (rc)
        mf_seal_free(seal);
    else
        *ret_seal = seal;
    return rc;
}

void mf_seal_free(struct mf_seal *seal)
{
    if (!seal)
        return;
    mf_group_writer_release(&seal->group);
    mf_sql_finalize(seal->stmts, STATEMENTS);
    mf_buf_release(&seal->out);
    free(seal);
}

static int run_range(struct mf_seal *seal, int which, uint64_t first,
                     uint64_t last, struct mf_err *err)
{
    sqlite3_stmt *stmt = seal->stmts[which];
    mf_sql_bind_int(stmt, 1, first);
    mf_sql_bind_int(stmt, 2, last);
    return mf_sql_run(stmt, err);
}

static int run_1(struct mf_seal *seal, int which, uint64_t value,
                 struct mf_err *err)
{
    mf_sql_bind_int(seal->stmts[which], 1, value);
    return mf_sql_run(seal->stmts[which], err);
}

static int put_row(struct mf_seal *seal, int which, uint64_t id,
                   const void *data, size_t len, struct mf_err *err)
{
    sqlite3_stmt *stmt = seal->stmts[which];
    mf_sql_bind_int(stmt, 1, id);
    mf_sql_bind_blob(stmt, 2, data, len);
    return mf_sql_run(stmt, err);
}

/* ---- pages ---- */

static void put_key(uint8_t *out, uint64_t key)
{
    for (int i = 0; i < KEY_LEN; i++)
        out[i] = (uint8_t)(key >> (8 * i));
}

/* The page's flows, in seal->rows and seal->keys. */
static int read_rows(struct mf_seal *seal, uint64_t first, size_t *ret_count,
                     struct mf_err *err)
{
    sqlite3_stmt *stmt = seal->stmts[GET_ROWS];
    memset(seal->rows, 0, sizeof seal->rows);
    memset(seal->keys, 0, sizeof seal->keys);
    mf_sql_bind_int(stmt, 1, first);
    mf_sql_bind_int(stmt, 2, first + MF_COLUMN_PAGE_ROWS - 1);
    int rc;
    size_t count = 0;
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        size_t at = (size_t)(sqlite3_column_int64(stmt, MF_ROW_NUMBER) -
                             (int64_t)first);
        /* A row that cannot be right is no reason to page no others. */
        if (mf_row_columns(stmt, &seal->rows[at]))
            seal->rows[at] = (struct mf_columns){0};
        put_key(seal->keys + at * KEY_LEN,
                (uint64_t)sqlite3_column_int64(stmt, MF_ROW_KEY));
        count++;
    }
    *ret_count = count;
    return rc;
}

static int put_page(struct mf_seal *seal, uint64_t page, struct mf_err *err)
{
    mf_buf_clear(&seal->out);
    int rc = mf_column_page_put(seal->rows, &seal->out);
    if (rc)
        return mf_err_set(err, rc, "column page: %s", mf_err_message(rc));
    rc = put_row(seal, PUT_COLUMNS, page, seal->out.data, seal->out.len, err);
    return rc ? rc
              : put_row(seal, PUT_KEYS, page, seal->keys, sizeof seal->keys,
                        err);
}

int mf_seal_page(struct mf_seal *seal, uint64_t page, bool *ret_is_empty,
                 struct mf_err *err)
{
    uint64_t first = page * MF_COLUMN_PAGE_ROWS;
    size_t count;
    int rc = read_rows(seal, first, &count, err);
    if (!rc && count)
        rc = put_page(seal, page, err);
    if (!rc && !count)
        rc = run_1(seal, DROP_COLUMNS, page, err);
    if (!rc && !count)
        rc = run_1(seal, DROP_KEYS, page, err);
    if (!rc)
        rc = run_range(seal, DROP_STALE, first, first + MF_COLUMN_PAGE_ROWS - 1,
                       err);
    if (!rc)
        *ret_is_empty = count == 0;
    return rc;
}

int mf_seal_next_page(struct mf_seal *seal, uint64_t page, struct mf_err *err)
{
    bool is_empty;
    int rc = mf_seal_page(seal, page, &is_empty, err);
    return rc ? rc : run_1(seal, SET_PAGED, page + 1, err);
}

/* ---- groups ---- */

static uint64_t first_frame(const struct mf_seal *seal)
{
    return seal->group.group * MF_GROUP_FRAMES;
}

static uint64_t last_frame(const struct mf_seal *seal)
{
    return first_frame(seal) + MF_GROUP_FRAMES - 1;
}

static int begin_group(struct mf_seal *seal, uint64_t group, struct mf_err *err)
{
    int rc = mf_group_writer_begin(&seal->group, group, err);
    seal->next_frame = first_frame(seal);
    seal->is_read = false;
    return rc;
}

void mf_seal_abandon(struct mf_seal *seal)
{
    mf_group_writer_abandon(&seal->group);
}

static int read_signatures(struct mf_seal *seal, int64_t until,
                           struct mf_err *err)
{
    sqlite3_stmt *stmt = seal->stmts[GET_SIGNATURES];
    mf_sql_bind_int(stmt, 1, seal->next_frame);
    mf_sql_bind_int(stmt, 2, last_frame(seal));
    int rc;
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        uint64_t frame = (uint64_t)sqlite3_column_int64(stmt, 0);
        rc = mf_group_writer_add(&seal->group, frame,
                                 sqlite3_column_int(stmt, 1) != 0,
                                 sqlite3_column_blob(stmt, 2),
                                 (size_t)sqlite3_column_bytes(stmt, 2), err);
        seal->next_frame = frame + 1;
        if (rc || mf_clock_mono_ns() >= until) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    seal->is_read = !rc;
    return rc;
}

/* What readers see changes here, at once. The freed rows hold no text: their
 * pages need not be overwritten. */
static int finish_group(struct mf_seal *seal, struct mf_err *err)
{
    int rc = run_1(seal, SET_SEALED, seal->group.group + 1, err);
    if (rc)
        return rc;
    rc = mf_sql_exec(seal->db, "PRAGMA secure_delete = OFF", err);
    if (!rc)
        rc = run_range(seal, DROP_UNSEALED, first_frame(seal), last_frame(seal),
                       err);
    int on =
        mf_sql_exec(seal->db, "PRAGMA secure_delete = ON", rc ? NULL : err);
    mf_seal_abandon(seal);
    return rc ? rc : on;
}

int mf_seal_group_step(struct mf_seal *seal, uint64_t group, struct mf_err *err)
{
    int64_t until = mf_clock_mono_ns() + step_ns;
    int rc = 0;
    if (!mf_group_writer_is_at(&seal->group, group))
        rc = begin_group(seal, group, err);
    if (!rc && !seal->is_read)
        rc = read_signatures(seal, until, err);
    if (!rc)
        rc = seal->is_read ? mf_group_writer_put(&seal->group, until, err) : 1;
    if (rc == 0)
        rc = finish_group(seal, err);
    if (rc < 0)
        mf_seal_abandon(seal);
    return rc;
}
