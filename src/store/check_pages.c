/* Column and key pages against the rows of their flows. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "store/check_impl.h"
#include "store/column_page.h"
#include "store/rows.h"
#include "store/sql.h"

enum { GET_ROWS, GET_PAGE, GET_KEYS, GET_STALE, BEYOND, STATEMENTS };

static const char *const sql[STATEMENTS] = {
    [GET_ROWS] = "SELECT " MF_ROW_COLUMNS_ONLY
                 " FROM flow WHERE number BETWEEN ?1 AND ?2",
    [GET_PAGE] = "SELECT data FROM column_page WHERE page = ?1",
    [GET_KEYS] = "SELECT keys FROM key_page WHERE page = ?1",
    [GET_STALE] = "SELECT number FROM stale WHERE number BETWEEN ?1 AND ?2",
    [BEYOND] = "SELECT (SELECT count(*) FROM column_page WHERE page >= ?1)"
               " + (SELECT count(*) FROM key_page WHERE page >= ?1)",
};

struct walk {
    struct mf_check *check;
    sqlite3_stmt *stmts[STATEMENTS];
    struct mf_columns rows[MF_COLUMN_PAGE_ROWS];
    uint64_t keys[MF_COLUMN_PAGE_ROWS];
    bool is_stale[MF_COLUMN_PAGE_ROWS];
    struct mf_buf bytes[2];
};

static void bind_range(sqlite3_stmt *stmt, uint64_t page)
{
    mf_sql_bind_int(stmt, 1, page * MF_COLUMN_PAGE_ROWS);
    mf_sql_bind_int(stmt, 2, (page + 1) * MF_COLUMN_PAGE_ROWS - 1);
}

static int read_rows(struct walk *walk, uint64_t page, bool *ret_has_any,
                     struct mf_err *err)
{
    sqlite3_stmt *stmt = walk->stmts[GET_ROWS];
    uint64_t first = page * MF_COLUMN_PAGE_ROWS;
    int rc;
    memset(walk->rows, 0, sizeof walk->rows);
    memset(walk->keys, 0, sizeof walk->keys);
    memset(walk->is_stale, 0, sizeof walk->is_stale);
    *ret_has_any = false;
    bind_range(stmt, page);
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        size_t at =
            (size_t)((uint64_t)sqlite3_column_int64(stmt, MF_ROW_NUMBER) -
                     first);
        if (mf_row_columns(stmt, &walk->rows[at]))
            walk->rows[at] = (struct mf_columns){0};
        walk->keys[at] = (uint64_t)sqlite3_column_int64(stmt, MF_ROW_KEY);
        *ret_has_any = true;
    }
    if (rc)
        return rc;
    stmt = walk->stmts[GET_STALE];
    bind_range(stmt, page);
    while ((rc = mf_sql_step(stmt, err)) == 1)
        walk->is_stale[(uint64_t)sqlite3_column_int64(stmt, 0) - first] = true;
    return rc;
}

/* As a page has it, so that what a page does not keep does not count. */
static bool is_same(struct walk *walk, const struct mf_columns *a,
                    const struct mf_columns *b)
{
    struct mf_columns rows[MF_COLUMN_PAGE_ROWS];
    const struct mf_columns *const sides[] = {a, b};
    for (int i = 0; i < 2; i++) {
        mf_buf_clear(&walk->bytes[i]);
        memset(rows, 0, sizeof rows);
        rows[0] = *sides[i];
        if (mf_column_page_put(rows, &walk->bytes[i]))
            return true; /* out of memory: no fault of the page's */
    }
    return walk->bytes[0].len == walk->bytes[1].len &&
           memcmp(walk->bytes[0].data, walk->bytes[1].data,
                  walk->bytes[0].len) == 0;
}

/* All of them at once: most pages are right. */
static bool is_as_made(struct walk *walk, const struct mf_column_page *opened,
                       const void *data, size_t len)
{
    for (unsigned at = 0; at < MF_COLUMN_PAGE_ROWS; at++)
        if (walk->is_stale[at])
            mf_column_page_row(opened, at, &walk->rows[at]);
    mf_buf_clear(&walk->bytes[0]);
    return mf_column_page_put(walk->rows, &walk->bytes[0]) == 0 &&
           walk->bytes[0].len == len &&
           memcmp(walk->bytes[0].data, data, len) == 0;
}

static void compare_rows(struct walk *walk, uint64_t page,
                         const struct mf_column_page *opened)
{
    for (unsigned at = 0; at < MF_COLUMN_PAGE_ROWS; at++) {
        struct mf_columns row;
        mf_column_page_row(opened, at, &row);
        const struct mf_columns *is = &walk->rows[at];
        if (row.type != is->type || (row.type && !is_same(walk, &row, is)))
            mf_check__fault(walk->check,
                            "flow %" PRIu64 ": its column page says something "
                            "else than its row",
                            page * MF_COLUMN_PAGE_ROWS + at);
    }
}

static int check_columns(struct walk *walk, uint64_t page, bool has_any,
                         struct mf_err *err)
{
    sqlite3_stmt *stmt = walk->stmts[GET_PAGE];
    struct mf_column_page opened;
    mf_sql_bind_int(stmt, 1, page);
    int rc = mf_sql_step(stmt, err);
    if (rc == 0 && has_any)
        mf_check__fault(walk->check, "column page %" PRIu64 ": it is missing",
                        page);
    if (rc != 1)
        return rc;
    const void *data = sqlite3_column_blob(stmt, 0);
    size_t len = (size_t)sqlite3_column_bytes(stmt, 0);
    if (mf_column_page_open(data, len, page, &opened))
        mf_check__fault(walk->check, "column page %" PRIu64 ": it is malformed",
                        page);
    else if (!is_as_made(walk, &opened, data, len))
        compare_rows(walk, page, &opened);
    sqlite3_reset(stmt);
    return 0;
}

/* Of a flow that is gone, or changed since, the key may be any. */
static int check_keys(struct walk *walk, uint64_t page, bool has_any,
                      struct mf_err *err)
{
    sqlite3_stmt *stmt = walk->stmts[GET_KEYS];
    mf_sql_bind_int(stmt, 1, page);
    int rc = mf_sql_step(stmt, err);
    if (rc == 0 && has_any)
        mf_check__fault(walk->check, "key page %" PRIu64 ": it is missing",
                        page);
    if (rc != 1)
        return rc;
    struct mf_cursor cursor = mf_cursor_make(
        sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));
    for (unsigned at = 0; at < MF_COLUMN_PAGE_ROWS; at++)
        if (mf_cursor_le64(&cursor) != walk->keys[at] && walk->keys[at])
            mf_check__fault(walk->check,
                            "flow %" PRIu64 ": its key page does not have its "
                            "key",
                            page * MF_COLUMN_PAGE_ROWS + at);
    sqlite3_reset(stmt);
    return 0;
}

static int check_all(struct walk *walk, struct mf_err *err)
{
    uint64_t paged = walk->check->store.paged;
    int rc = 0;
    for (uint64_t page = 0; !rc && page < paged; page++) {
        bool has_any = false;
        rc = read_rows(walk, page, &has_any, err);
        if (!rc)
            rc = check_columns(walk, page, has_any, err);
        if (!rc)
            rc = check_keys(walk, page, has_any, err);
    }
    if (rc)
        return rc;
    sqlite3_stmt *stmt = walk->stmts[BEYOND];
    mf_sql_bind_int(stmt, 1, paged);
    rc = mf_sql_step(stmt, err);
    if (rc == 1 && sqlite3_column_int64(stmt, 0))
        mf_check__fault(walk->check, "store: pages that it does not count");
    return rc < 0 ? rc : 0;
}

int mf_check__pages(struct mf_check *check, struct mf_err *err)
{
    struct walk *walk = calloc(1, sizeof *walk);
    if (!walk)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    walk->check = check;
    for (int i = 0; i < 2; i++)
        mf_buf_init(&walk->bytes[i], SIZE_MAX);
    int rc = mf_sql_prepare(check->db, sql, STATEMENTS, walk->stmts, err);
    if (!rc)
        rc = check_all(walk, err);
    mf_sql_finalize(walk->stmts, STATEMENTS);
    for (int i = 0; i < 2; i++)
        mf_buf_release(&walk->bytes[i]);
    free(walk);
    return rc;
}
