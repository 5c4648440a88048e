/* Flows that come back into the front from their rows. */
#include <stdlib.h>
#include <string.h>

#include "store/front_impl.h"
#include "store/rows.h"
#include "store/sql.h"

enum { BUSY_TIMEOUT_MS = 5000, STATUS_SWITCHING_PROTOCOLS = 101 };

/* What follows the columns of a row. */
enum {
    ROW_SESSION = MF_ROW_END,
    ROW_DIGEST,
    ROW_FIRST_PIECE,
};

static const char row_sql[] =
    "SELECT " MF_ROW_COLUMNS ", recent.session, recent.message_digest,"
    " (SELECT min(first) FROM piece WHERE piece.number = flow.number)"
    " FROM flow LEFT JOIN recent ON recent.number = flow.number"
    " WHERE flow.number = ?1";

/* ---- keys ---- */

static int add_key(struct mf_front *front, uint64_t number, int64_t key)
{
    return key ? mf_keys_add(front->keys, (uint64_t)key, number) : 0;
}

/* Key pages are little-endian, whatever the machine. */
static int64_t key_at(const uint8_t *keys, size_t index)
{
    uint64_t key = 0;
    for (unsigned i = 0; i < 8; i++)
        key |= (uint64_t)keys[8 * index + i] << (8 * i);
    return (int64_t)key;
}

static int load_pages(struct mf_front *front, struct mf_err *err)
{
    enum { PAGE_ROWS = 1024 };
    static const char *const sql[] = {
        "SELECT page, keys FROM key_page WHERE page < (SELECT paged FROM store)"
        " ORDER BY page"};
    sqlite3_stmt *stmt;
    int rc = mf_sql_prepare(front->db, sql, 1, &stmt, err);
    while (!rc && (rc = mf_sql_step(stmt, err)) == 1) {
        uint64_t first = (uint64_t)sqlite3_column_int64(stmt, 0) * PAGE_ROWS;
        const uint8_t *keys = sqlite3_column_blob(stmt, 1);
        size_t len = (size_t)sqlite3_column_bytes(stmt, 1);
        rc = 0;
        for (size_t i = 0; !rc && keys && i < PAGE_ROWS && 8 * i + 8 <= len;
             i++)
            rc = add_key(front, first + i, key_at(keys, i));
    }
    mf_sql_finalize(&stmt, 1);
    return rc;
}

static int load_tail(struct mf_front *front, struct mf_err *err)
{
    static const char *const sql[] = {
        "SELECT number, key FROM flow"
        " WHERE number >= (SELECT paged * 1024 FROM store)",
        "SELECT growing FROM tombstone WHERE growing IS NOT NULL"};
    sqlite3_stmt *stmts[2];
    int rc = mf_sql_prepare(front->db, sql, 2, stmts, err);
    while (!rc && (rc = mf_sql_step(stmts[0], err)) == 1)
        rc = add_key(front, (uint64_t)sqlite3_column_int64(stmts[0], 0),
                     sqlite3_column_int64(stmts[0], 1));
    while (!rc && (rc = mf_sql_step(stmts[1], err)) == 1)
        rc = mf_front__add_growing(front,
                                   (uint64_t)sqlite3_column_int64(stmts[1], 0));
    mf_sql_finalize(stmts, 2);
    return rc;
}

int mf_front__load_keys(struct mf_front *front, struct mf_err *err)
{
    const char *sql = row_sql;
    int rc = 0;
    if (sqlite3_open_v2(front->opts.path, &front->db,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        rc = front->db ? mf_sql_fail(front->db, front->opts.path, err)
                       : mf_err_set(err, MF_ENOMEM, "out of memory");
    if (!rc) {
        sqlite3_busy_timeout(front->db, BUSY_TIMEOUT_MS);
        rc = mf_sql_exec(front->db,
                         "PRAGMA trusted_schema = OFF;"
                         "PRAGMA temp_store = MEMORY;"
                         "PRAGMA cache_size = -2048",
                         err);
    }
    if (!rc)
        rc = load_pages(front, err);
    if (!rc)
        rc = load_tail(front, err);
    if (rc == MF_ENOMEM)
        mf_err_set(err, rc, "out of memory");
    return rc ? rc : mf_sql_prepare(front->db, &sql, 1, &front->row_stmt, err);
}

/* ---- rows ---- */

static int join(struct mf_front *front, struct mf_buf *out)
{
    struct mf_columns columns;
    int rc = mf_row_columns(front->row_stmt, &columns);
    return rc ? rc
              : mf_row_join(front->row_stmt, &columns, front->opts.names, out);
}

static bool may_grow(const struct mf_columns *columns)
{
    return columns->type == MF_FLOW_TCP || columns->type == MF_FLOW_UDP ||
           (columns->type == MF_FLOW_HTTP &&
            (columns->flags & MF_COLUMN_WEBSOCKET ||
             columns->status == STATUS_SWITCHING_PROTOCOLS));
}

static int read_growth(struct mf_front *front, struct mf_entry *entry,
                       const struct mf_columns *columns)
{
    sqlite3_stmt *stmt = front->row_stmt;
    struct mf_growth *growth = entry->growth = mf_growth_new();
    struct mf_buf derived;
    if (!growth)
        return MF_ENOMEM;
    mf_buf_init(&derived, SIZE_MAX);
    int rc = join(front, &derived);
    growth->derived = mf_buf_take(&derived, &growth->derived_len);
    growth->count = columns->message_count;
    growth->has_pieces =
        sqlite3_column_type(stmt, ROW_FIRST_PIECE) != SQLITE_NULL;
    growth->head_count =
        growth->has_pieces
            ? (uint64_t)sqlite3_column_int64(stmt, ROW_FIRST_PIECE)
            : growth->count;
    growth->digest = (uint64_t)sqlite3_column_int64(stmt, ROW_DIGEST);
    growth->client_bytes = columns->client_bytes;
    growth->server_bytes = columns->server_bytes;
    growth->duration_ms = columns->duration_ms;
    growth->start_ns = columns->start_ns;
    return rc;
}

static int read_texts(struct mf_front *front, struct mf_entry *entry)
{
    sqlite3_stmt *stmt = front->row_stmt;
    const char *source = (const char *)sqlite3_column_text(stmt, MF_ROW_SOURCE);
    const char *session = (const char *)sqlite3_column_text(stmt, ROW_SESSION);
    const char *note = (const char *)sqlite3_column_text(stmt, MF_ROW_NOTE);
    entry->source = mf_front__text(front, source ? source : "");
    entry->session = mf_front__text(front, session ? session : "");
    entry->note = mf_front__text(front, note ? note : "");
    return entry->source && entry->session && entry->note ? 0 : MF_ENOMEM;
}

static int read_row(struct mf_front *front, struct mf_entry *entry)
{
    struct mf_columns columns;
    int rc = mf_row_columns(front->row_stmt, &columns);
    if (!rc)
        rc = read_texts(front, entry);
    if (rc)
        return rc;
    entry->change = columns.change;
    entry->arrived_ns = sqlite3_column_int64(front->row_stmt, MF_ROW_ARRIVED);
    entry->type = columns.type;
    entry->state = columns.state;
    entry->pinned = entry->was_pinned = (columns.flags & MF_COLUMN_PINNED) != 0;
    return may_grow(&columns) ? read_growth(front, entry, &columns) : 0;
}

static int step_to(struct mf_front *front, uint64_t number)
{
    mf_sql_bind_int(front->row_stmt, 1, number);
    int rc = mf_sql_step(front->row_stmt, NULL);
    return rc == 1 ? 0 : rc == 0 ? MF_ENOENT : rc;
}

int mf_front__load(struct mf_front *front, uint64_t number,
                   struct mf_entry **ret_entry)
{
    struct mf_entry *entry = mf_front__by_number(front, number);
    if (entry) {
        *ret_entry = entry;
        return entry->is_deleted ? MF_ENOENT : 0;
    }
    int rc = step_to(front, number);
    if (rc)
        return rc;
    sqlite3_stmt *stmt = front->row_stmt;
    entry = mf_front__add(front, number,
                          (uint64_t)sqlite3_column_int64(stmt, MF_ROW_KEY),
                          mf_row_span(stmt, MF_ROW_ID));
    rc = entry ? read_row(front, entry) : MF_ENOMEM;
    sqlite3_reset(stmt);
    if (rc && entry)
        mf_front__remove(front, entry);
    if (!rc)
        *ret_entry = entry;
    return rc;
}

/* Whether the row of `number` has this source and id. */
static int row_has(struct mf_front *front, uint64_t number, const char *source,
                   struct mf_span id, bool *ret_has)
{
    *ret_has = false;
    int rc = step_to(front, number);
    if (rc)
        return rc == MF_ENOENT ? 0 : rc;
    struct mf_span found_id = mf_row_span(front->row_stmt, MF_ROW_ID);
    struct mf_span found_source = mf_row_span(front->row_stmt, MF_ROW_SOURCE);
    *ret_has = found_id.len == id.len &&
               memcmp(found_id.text, id.text, id.len) == 0 &&
               found_source.len == strlen(source) &&
               memcmp(found_source.text, source, found_source.len) == 0;
    sqlite3_reset(front->row_stmt);
    return 0;
}

int mf_front__find(struct mf_front *front, uint64_t key, const char *source,
                   struct mf_span id, struct mf_entry **ret_entry)
{
    enum { CANDIDATES_MAX = 256 };
    uint64_t numbers[CANDIDATES_MAX];
    struct mf_entry *entry = mf_front__by_key(front, key, source, id);
    if (entry) {
        *ret_entry = entry;
        return 0;
    }
    size_t count = mf_keys_find(front->keys, key, numbers, CANDIDATES_MAX);
    if (count > CANDIDATES_MAX)
        count = CANDIDATES_MAX;
    for (size_t i = 0; i < count; i++) {
        bool has = false;
        /* Those in memory were looked at by key. */
        int rc = mf_front__by_number(front, numbers[i])
                     ? 0
                     : row_has(front, numbers[i], source, id, &has);
        if (rc || has)
            return rc ? rc : mf_front__load(front, numbers[i], ret_entry);
    }
    return MF_ENOENT;
}

int mf_front__derived(struct mf_front *front, uint64_t number,
                      struct mf_buf *out)
{
    int rc = step_to(front, number);
    if (rc)
        return rc;
    rc = join(front, out);
    sqlite3_reset(front->row_stmt);
    return rc;
}
