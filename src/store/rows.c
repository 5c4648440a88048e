#include "store/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "store/sql.h"

enum {
    BY_NUMBER,
    BY_KEY,
    NUMBERS_OF_ID,
    LIVE_OF_SESSION,
    OLDEST_UNPINNED,
    ALL_NUMBERS,
    LIVE_NUMBERS,
    SET_STATE,
    STATEMENTS,
};

#define COLUMNS                                                   \
    "number, change, id, source, session, type, state, start_ns," \
    " pinned, note, summary"

static const char *const sql[STATEMENTS] = {
    [BY_NUMBER] = "SELECT " COLUMNS " FROM flow WHERE number = ?1",
    [BY_KEY] = "SELECT " COLUMNS " FROM flow WHERE id = ?1 AND source = ?2",
    [NUMBERS_OF_ID] =
        "SELECT number FROM flow WHERE id = ?1 ORDER BY number DESC",
    [LIVE_OF_SESSION] =
        "SELECT number, coalesce((SELECT length(snapshot.flow) FROM snapshot"
        " WHERE snapshot.number = flow.number), 0)"
        " FROM flow WHERE session = ?1 AND state = 1 LIMIT ?2",
    [OLDEST_UNPINNED] =
        "SELECT number FROM flow WHERE NOT pinned ORDER BY number LIMIT ?1",
    [ALL_NUMBERS] = "SELECT number FROM flow ORDER BY number",
    [LIVE_NUMBERS] = "SELECT number FROM flow WHERE state = 1",
    [SET_STATE] = "UPDATE flow SET state = ?2, change = ?3 WHERE number = ?1",
};

struct mf_rows {
    sqlite3_stmt *stmts[STATEMENTS];
    struct mf_store__row **items; /* owned */
    size_t count;
    size_t cap;
    struct mf_map *by_number;
    struct mf_map *by_key; /* the newest */
    struct mf_map *by_id;  /* newest touched; the others hang on `older` */
};

int mf_rows_new(sqlite3 *db, struct mf_rows **ret_rows, struct mf_err *err)
{
    struct mf_rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    int rc = mf_sql_prepare(db, sql, STATEMENTS, rows->stmts, err);
    if (rc) {
        free(rows);
        return rc;
    }
    *ret_rows = rows;
    return 0;
}

void mf_rows_free(struct mf_rows *rows)
{
    if (!rows)
        return;
    mf_rows_clear(rows);
    mf_sql_finalize(rows->stmts, STATEMENTS);
    free(rows->items);
    free(rows);
}

static void row_free(struct mf_store__row *row)
{
    mf_record_unref(row->record);
    free(row->id);
    free(row->source);
    free(row->session);
    free(row->note);
    free(row->derived);
    free(row);
}

void mf_rows_clear(struct mf_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        row_free(rows->items[i]);
    rows->count = 0;
    mf_map_free(rows->by_number);
    mf_map_free(rows->by_key);
    mf_map_free(rows->by_id);
    rows->by_number = rows->by_key = rows->by_id = NULL;
}

struct mf_store__row *mf_rows_at(const struct mf_rows *rows, size_t index)
{
    return index < rows->count ? rows->items[index] : NULL;
}

static uint8_t *copy_bytes(const void *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (copy && len)
        memcpy(copy, data, len);
    return copy;
}

int mf_rows_set_text(char **text, const char *value)
{
    char *copy = strdup(value);
    if (!copy)
        return MF_ENOMEM;
    free(*text);
    *text = copy;
    return 0;
}

int mf_rows_derive(struct mf_store__row *row)
{
    struct mf_buf buf;
    mf_buf_init(&buf, SIZE_MAX);
    int rc = mf_flow_put_summary(row->flow, &buf);
    if (rc) {
        mf_buf_release(&buf);
        return rc;
    }
    free(row->derived);
    row->derived = mf_buf_take(&buf, &row->derived_len);
    return 0;
}

/* A source holds no NUL, so that the two parts cannot run together. */
static int make_key(struct mf_buf *key, const char *source, const void *id,
                    size_t id_len)
{
    mf_buf_init(key, SIZE_MAX);
    int rc = mf_buf_append(key, source, strlen(source) + 1);
    if (!rc)
        rc = mf_buf_append(key, id, id_len);
    if (rc)
        mf_buf_release(key);
    return rc;
}

static int make_maps(struct mf_rows *rows)
{
    if (!rows->by_number)
        rows->by_number = mf_map_new();
    if (!rows->by_key)
        rows->by_key = mf_map_new();
    if (!rows->by_id)
        rows->by_id = mf_map_new();
    return rows->by_number && rows->by_key && rows->by_id ? 0 : MF_ENOMEM;
}

static struct mf_store__row *touched(const struct mf_rows *rows,
                                     uint64_t number)
{
    return rows->by_number ? mf_map_get(rows->by_number, &number, sizeof number)
                           : NULL;
}

static int index_row(struct mf_rows *rows, struct mf_store__row *row)
{
    struct mf_buf key;
    int rc = make_maps(rows);
    if (!rc)
        rc = make_key(&key, row->source, row->id, row->id_len);
    if (rc)
        return rc;
    rc = mf_map_put(rows->by_key, key.data, key.len, row);
    mf_buf_release(&key);
    if (!rc)
        rc = mf_map_put(rows->by_number, &row->number, sizeof row->number, row);
    row->older = mf_map_get(rows->by_id, row->id, row->id_len);
    return rc ? rc : mf_map_put(rows->by_id, row->id, row->id_len, row);
}

/* Takes `row` even when it fails; then all rows must be cleared. */
static int adopt(struct mf_rows *rows, struct mf_store__row *row)
{
    if (rows->count == rows->cap) {
        size_t cap = rows->cap ? 2 * rows->cap : 256;
        struct mf_store__row **items =
            realloc(rows->items, cap * sizeof(struct mf_store__row *));
        if (!items) {
            row_free(row);
            return MF_ENOMEM;
        }
        rows->items = items;
        rows->cap = cap;
    }
    rows->items[rows->count++] = row;
    return row->id && row->source && row->session && row->note && row->derived
               ? index_row(rows, row)
               : MF_ENOMEM;
}

int mf_rows_add(struct mf_rows *rows, uint64_t number, const char *source,
                struct mf_span id, struct mf_store__row **ret_row,
                struct mf_err *err)
{
    struct mf_store__row *row = calloc(1, sizeof *row);
    if (!row)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    row->number = number;
    row->is_new = true;
    row->id = copy_bytes(id.text, id.len);
    row->id_len = id.len;
    row->source = strdup(source);
    row->session = strdup("");
    row->note = strdup("");
    row->derived = copy_bytes("", 0);
    *ret_row = row;
    return adopt(rows, row);
}

static char *column_text(sqlite3_stmt *stmt, int at)
{
    const char *text = (const char *)sqlite3_column_text(stmt, at);
    return text ? strdup(text) : NULL;
}

static uint8_t *column_blob(sqlite3_stmt *stmt, int at, size_t *ret_len)
{
    const void *data = sqlite3_column_blob(stmt, at);
    *ret_len = (size_t)sqlite3_column_bytes(stmt, at);
    return copy_bytes(data, data ? *ret_len : 0);
}

/* Run `stmt`, which gives COLUMNS. A row that is touched already counts as
 * there only if it is not deleted. */
static int load(struct mf_rows *rows, sqlite3_stmt *stmt,
                struct mf_store__row **ret_row, struct mf_err *err)
{
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc ? rc : MF_ENOENT;
    struct mf_store__row *row =
        touched(rows, (uint64_t)sqlite3_column_int64(stmt, 0));
    rc = 0;
    if (row) {
        rc = row->is_deleted ? MF_ENOENT : 0;
    } else if ((row = calloc(1, sizeof *row))) {
        row->number = (uint64_t)sqlite3_column_int64(stmt, 0);
        row->change = (uint64_t)sqlite3_column_int64(stmt, 1);
        row->id = column_blob(stmt, 2, &row->id_len);
        row->source = column_text(stmt, 3);
        row->session = column_text(stmt, 4);
        row->type = (enum mf_flow_type)sqlite3_column_int(stmt, 5);
        row->state = (enum mf_flow_state)sqlite3_column_int(stmt, 6);
        row->start_ns = sqlite3_column_int64(stmt, 7);
        row->pinned = sqlite3_column_int(stmt, 8) != 0;
        row->was_pinned = row->pinned;
        row->note = column_text(stmt, 9);
        row->derived = column_blob(stmt, 10, &row->derived_len);
        rc = adopt(rows, row);
    } else {
        rc = MF_ENOMEM;
    }
    sqlite3_reset(stmt);
    if (!rc)
        *ret_row = row;
    return rc;
}

static int by_number(struct mf_rows *rows, uint64_t number,
                     struct mf_store__row **ret_row, struct mf_err *err)
{
    struct mf_store__row *row = touched(rows, number);
    if (row) {
        *ret_row = row;
        return row->is_deleted ? MF_ENOENT : 0;
    }
    mf_sql_bind_int(rows->stmts[BY_NUMBER], 1, number);
    return load(rows, rows->stmts[BY_NUMBER], ret_row, err);
}

int mf_rows_by_key(struct mf_rows *rows, const char *source, struct mf_span id,
                   struct mf_store__row **ret_row, struct mf_err *err)
{
    struct mf_store__row *row = NULL;
    if (rows->by_key) {
        struct mf_buf key;
        int rc = make_key(&key, source, id.text, id.len);
        if (rc)
            return rc;
        row = mf_map_get(rows->by_key, key.data, key.len);
        mf_buf_release(&key);
    }
    if (row) {
        *ret_row = row;
        return row->is_deleted ? MF_ENOENT : 0;
    }
    mf_sql_bind_blob(rows->stmts[BY_KEY], 1, id.text, id.len);
    mf_sql_bind_text(rows->stmts[BY_KEY], 2, source);
    return load(rows, rows->stmts[BY_KEY], ret_row, err);
}

/* The greatest number with `id` that is in the database and not deleted
 * here; 0: none. */
static int newest_stored(struct mf_rows *rows, struct mf_span id,
                         uint64_t *ret_number, struct mf_err *err)
{
    sqlite3_stmt *stmt = rows->stmts[NUMBERS_OF_ID];
    int rc;
    *ret_number = 0;
    mf_sql_bind_blob(stmt, 1, id.text, id.len);
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        uint64_t number = (uint64_t)sqlite3_column_int64(stmt, 0);
        const struct mf_store__row *row = touched(rows, number);
        if (row && row->is_deleted)
            continue;
        *ret_number = number;
        sqlite3_reset(stmt);
        return 0;
    }
    return rc;
}

int mf_rows_by_ref(struct mf_rows *rows, const struct mf_flow_ref *ref,
                   struct mf_store__row **ret_row, struct mf_err *err)
{
    if (ref->number)
        return by_number(rows, ref->number, ret_row, err);
    if (ref->id.len == 0)
        return MF_ENOENT;
    uint64_t newest;
    int rc = newest_stored(rows, ref->id, &newest, err);
    if (rc)
        return rc;
    const struct mf_store__row *row =
        rows->by_id ? mf_map_get(rows->by_id, ref->id.text, ref->id.len) : NULL;
    for (; row; row = row->older)
        if (!row->is_deleted && row->number > newest)
            newest = row->number;
    return newest ? by_number(rows, newest, ret_row, err) : MF_ENOENT;
}

void mf_rows_mark_deleted(struct mf_store__row *row)
{
    row->is_deleted = true;
    row->is_dirty = true;
}

/* The first column of the rows of `stmt`, until what is in the second passes
 * `bytes` in all. */
static int collect_some(sqlite3_stmt *stmt, size_t bytes,
                        uint64_t **ret_numbers, size_t *ret_count,
                        bool *ret_is_all, struct mf_err *err)
{
    uint64_t *numbers = NULL;
    size_t count = 0, cap = 0, seen_bytes = 0;
    int rc = 1;
    while (seen_bytes <= bytes && (rc = mf_sql_step(stmt, err)) == 1) {
        if (count == cap) {
            size_t new_cap = cap ? 2 * cap : 256;
            uint64_t *grown = realloc(numbers, new_cap * sizeof *grown);
            if (!grown) {
                rc = mf_err_set(err, MF_ENOMEM, "out of memory");
                break;
            }
            numbers = grown;
            cap = new_cap;
        }
        numbers[count++] = (uint64_t)sqlite3_column_int64(stmt, 0);
        if (sqlite3_column_count(stmt) > 1)
            seen_bytes += (size_t)sqlite3_column_int64(stmt, 1);
    }
    sqlite3_reset(stmt);
    if (rc < 0) {
        free(numbers);
        return rc;
    }
    *ret_numbers = numbers;
    *ret_count = count;
    *ret_is_all = rc == 0;
    return 0;
}

static int collect(sqlite3_stmt *stmt, uint64_t **ret_numbers,
                   size_t *ret_count, struct mf_err *err)
{
    bool is_all;
    return collect_some(stmt, SIZE_MAX, ret_numbers, ret_count, &is_all, err);
}

int mf_rows_load_live(struct mf_rows *rows, const char *session, size_t limit,
                      size_t bytes, bool *ret_is_all, struct mf_err *err)
{
    sqlite3_stmt *stmt = rows->stmts[LIVE_OF_SESSION];
    uint64_t *numbers;
    size_t count;
    bool is_all;
    /* One more than may be loaded shows whether that is all. */
    mf_sql_bind_text(stmt, 1, session);
    mf_sql_bind_int(stmt, 2, limit + 1);
    int rc = collect_some(stmt, bytes, &numbers, &count, &is_all, err);
    if (rc)
        return rc;
    for (size_t i = 0; !rc && i < count && i < limit; i++) {
        struct mf_store__row *row;
        rc = by_number(rows, numbers[i], &row, err);
        if (rc == MF_ENOENT)
            rc = 0;
    }
    free(numbers);
    *ret_is_all = is_all && count <= limit;
    return rc;
}

int mf_rows_mark_oldest_deleted(struct mf_rows *rows, size_t limit,
                                size_t *ret_count, struct mf_err *err)
{
    uint64_t *numbers;
    size_t count;
    mf_sql_bind_int(rows->stmts[OLDEST_UNPINNED], 1, limit);
    int rc = collect(rows->stmts[OLDEST_UNPINNED], &numbers, &count, err);
    if (rc)
        return rc;
    *ret_count = 0;
    for (size_t i = 0; !rc && i < count; i++) {
        struct mf_store__row *row;
        rc = by_number(rows, numbers[i], &row, err);
        if (!rc && !row->pinned) {
            mf_rows_mark_deleted(row);
            ++*ret_count;
        }
        if (rc == MF_ENOENT)
            rc = 0;
    }
    free(numbers);
    return rc;
}

int mf_rows_all_numbers(struct mf_rows *rows, uint64_t **ret_numbers,
                        size_t *ret_count, struct mf_err *err)
{
    return collect(rows->stmts[ALL_NUMBERS], ret_numbers, ret_count, err);
}

int mf_rows_live_numbers(struct mf_rows *rows, uint64_t **ret_numbers,
                         size_t *ret_count, struct mf_err *err)
{
    return collect(rows->stmts[LIVE_NUMBERS], ret_numbers, ret_count, err);
}

int mf_rows_set_state(struct mf_rows *rows, uint64_t number,
                      enum mf_flow_state state, uint64_t change,
                      struct mf_err *err)
{
    sqlite3_stmt *stmt = rows->stmts[SET_STATE];
    mf_sql_bind_int(stmt, 1, number);
    mf_sql_bind_int(stmt, 2, state);
    mf_sql_bind_int(stmt, 3, change);
    return mf_sql_run(stmt, err);
}
