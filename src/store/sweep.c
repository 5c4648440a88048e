#include "store/sweep.h"

#include <stdlib.h>

#include "base/array.h"
#include "store/column_page.h"
#include "store/rows.h"
#include "store/sql.h"

enum {
    GET_PAGES,
    GET_STALE,
    GET_STALE_ROWS,
    GET_TAIL,
    GET_NAMES,
    DROP,
    STATEMENTS
};

static const char *const sql[STATEMENTS] = {
    [GET_PAGES] = "SELECT page, data FROM column_page ORDER BY page",
    [GET_STALE] = "SELECT number FROM stale ORDER BY number",
    [GET_STALE_ROWS] = "SELECT " MF_ROW_COLUMNS_ONLY
                       " FROM stale CROSS JOIN flow USING (number)",
    [GET_TAIL] = "SELECT " MF_ROW_COLUMNS_ONLY " FROM flow"
                 " WHERE number >= (SELECT paged * 1024 FROM store)",
    [GET_NAMES] = "SELECT kind, id FROM name",
    [DROP] = "DELETE FROM name WHERE kind = ?1 AND id = ?2",
};

#define COLUMNS                                                            \
    (1U << MF_PAGED_METHOD | 1U << MF_PAGED_HOST | 1U << MF_PAGED_CLIENT | \
     1U << MF_PAGED_SOURCE | 1U << MF_PAGED_RESPONSE_TYPE |                \
     1U << MF_PAGED_REQUEST_TYPE)

struct unused {
    enum mf_name_kind kind;
    uint32_t id;
};

struct sweep {
    sqlite3_stmt *stmts[STATEMENTS];
    bool is_used[MF_NAME_KINDS][MF_NAMES_MAX + 1];
    struct mf_columns rows[MF_COLUMN_PAGE_ROWS];
    bool has_stale; /* the next one is `stale` */
    uint64_t stale;
    struct unused *unused;
    size_t unused_count;
    size_t unused_cap;
};

static void use(struct sweep *sweep, enum mf_name_kind kind, uint32_t id)
{
    if (id <= MF_NAMES_MAX)
        sweep->is_used[kind][id] = true;
}

static void use_all(struct sweep *sweep, const struct mf_columns *columns)
{
    use(sweep, MF_NAME_METHOD, columns->method);
    use(sweep, MF_NAME_HOST, columns->host);
    use(sweep, MF_NAME_CLIENT, columns->client);
    use(sweep, MF_NAME_SOURCE, columns->source);
    use(sweep, MF_NAME_CONTENT_TYPE, columns->response_type);
    use(sweep, MF_NAME_CONTENT_TYPE, columns->request_type);
}

/* ---- what is used ---- */

static int next_stale(struct sweep *sweep, struct mf_err *err)
{
    int rc = mf_sql_step(sweep->stmts[GET_STALE], err);
    sweep->has_stale = rc == 1;
    if (rc == 1)
        sweep->stale =
            (uint64_t)sqlite3_column_int64(sweep->stmts[GET_STALE], 0);
    return rc < 0 ? rc : 0;
}

/* Of a flow that is stale its row tells. */
static int read_page(struct sweep *sweep, sqlite3_stmt *stmt,
                     struct mf_err *err)
{
    struct mf_column_page page;
    int rc = mf_column_page_open(
        sqlite3_column_blob(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1),
        (uint64_t)sqlite3_column_int64(stmt, 0), &page);
    if (rc)
        return mf_err_set(err, rc, "a column page is malformed");
    mf_column_page_rows(&page, 0, MF_COLUMN_PAGE_ROWS, COLUMNS, sweep->rows);
    for (unsigned at = 0; !rc && at < MF_COLUMN_PAGE_ROWS; at++) {
        while (!rc && sweep->has_stale && sweep->stale < page.first + at)
            rc = next_stale(sweep, err);
        if (sweep->rows[at].type &&
            !(sweep->has_stale && sweep->stale == page.first + at))
            use_all(sweep, &sweep->rows[at]);
    }
    return rc;
}

static int read_pages(struct sweep *sweep, struct mf_err *err)
{
    sqlite3_stmt *stmt = sweep->stmts[GET_PAGES];
    int rc = next_stale(sweep, err);
    if (rc)
        return rc;
    while ((rc = mf_sql_step(stmt, err)) == 1)
        if ((rc = read_page(sweep, stmt, err)))
            break;
    sqlite3_reset(stmt);
    sqlite3_reset(sweep->stmts[GET_STALE]);
    return rc;
}

static int read_rows(struct sweep *sweep, int which, struct mf_err *err)
{
    sqlite3_stmt *stmt = sweep->stmts[which];
    struct mf_columns columns;
    int rc;
    while ((rc = mf_sql_step(stmt, err)) == 1)
        if (mf_row_columns(stmt, &columns) == 0)
            use_all(sweep, &columns);
    return rc;
}

/* ---- what is not ---- */

static int add_unused(struct sweep *sweep, enum mf_name_kind kind, uint32_t id,
                      struct mf_err *err)
{
    struct unused *unused = mf_array_grow(sweep->unused, sweep->unused_count,
                                          &sweep->unused_cap, sizeof *unused);
    if (!unused)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    sweep->unused = unused;
    unused[sweep->unused_count++] = (struct unused){kind, id};
    return 0;
}

static int find_unused(struct sweep *sweep, struct mf_err *err)
{
    sqlite3_stmt *stmt = sweep->stmts[GET_NAMES];
    int rc;
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        int64_t kind = sqlite3_column_int64(stmt, 0);
        int64_t id = sqlite3_column_int64(stmt, 1);
        if (kind < 0 || kind >= MF_NAME_KINDS || id < 1 || id > MF_NAMES_MAX ||
            sweep->is_used[kind][id])
            continue;
        rc = add_unused(sweep, (enum mf_name_kind)kind, (uint32_t)id, err);
        if (rc) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    return rc;
}

static int drop_unused(struct sweep *sweep, struct mf_names *names,
                       struct mf_err *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < sweep->unused_count; i++) {
        const struct unused *unused = &sweep->unused[i];
        mf_sql_bind_int(sweep->stmts[DROP], 1, unused->kind);
        mf_sql_bind_int(sweep->stmts[DROP], 2, unused->id);
        rc = mf_sql_run(sweep->stmts[DROP], err);
        /* If the deletion is rolled back the text has two ids for a while. */
        if (!rc)
            mf_names_forget(names, unused->kind, unused->id);
    }
    return rc;
}

int mf_sweep_names(sqlite3 *db, struct mf_names *names, struct mf_err *err)
{
    struct sweep *sweep = calloc(1, sizeof *sweep);
    if (!sweep)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    int rc = mf_sql_prepare(db, sql, STATEMENTS, sweep->stmts, err);
    if (!rc)
        rc = read_pages(sweep, err);
    if (!rc)
        rc = read_rows(sweep, GET_STALE_ROWS, err);
    if (!rc)
        rc = read_rows(sweep, GET_TAIL, err);
    if (!rc)
        rc = find_unused(sweep, err);
    if (!rc)
        rc = drop_unused(sweep, names, err);
    mf_sql_finalize(sweep->stmts, STATEMENTS);
    free(sweep->unused);
    free(sweep);
    return rc;
}
