#include "store/scan.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/clock.h"
#include "store/column_page.h"

enum {
    CHUNK_ROWS = 128, /* a power of two; so many are taken apart at once */
};

struct run {
    struct mf_scan *scan;
    struct mf_reader *reader;
    int64_t deadline_ns;
    const _Atomic bool *cancel;
    uint64_t *stale; /* numbers, newest first */
    size_t stale_count;
    size_t stale_at; /* the next that may come */
};

static bool is_late(const struct run *run)
{
    return mf_clock_mono_ns() >= run->deadline_ns;
}

static int cancelled(struct mf_err *err)
{
    return mf_err_set(err, MF_ECLOSED, "cancelled");
}

static int visit(struct run *run, const struct mf_columns *columns,
                 sqlite3_stmt *row, struct mf_err *err)
{
    run->scan->below = columns->number;
    return columns->type ? run->scan->visit(run->scan->user, columns, row, err)
                         : 0;
}

/* The flows below scan->below and from `from` on, by their rows. */
static int visit_rows(struct run *run, uint64_t from, struct mf_err *err)
{
    enum { LOOK_EVERY = 64 };
    sqlite3_stmt *stmt = run->reader->stmts[MF_READ_ROWS_DOWN];
    struct mf_columns columns;
    unsigned count = 0;
    int rc;
    mf_sql_bind_int(stmt, 1, run->scan->below);
    mf_sql_bind_int(stmt, 2, from);
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        if (mf_reader__is_cancelled(run->cancel)) {
            rc = cancelled(err);
            break;
        }
        if (mf_row_columns(stmt, &columns) == 0 &&
            (rc = visit(run, &columns, stmt, err)) != 0)
            break;
        if (++count % LOOK_EVERY == 0 && is_late(run)) {
            rc = 1;
            break;
        }
    }
    sqlite3_reset(stmt);
    if (rc == 0)
        run->scan->below = from;
    return rc;
}

/* ---- pages ---- */

static int load_stale(struct run *run, struct mf_err *err)
{
    sqlite3_stmt *stmt = run->reader->stmts[MF_READ_STALE];
    size_t cap = 0;
    int rc;
    mf_sql_bind_int(stmt, 1, run->scan->below);
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        uint64_t *stale =
            mf_array_grow(run->stale, run->stale_count, &cap, sizeof *stale);
        if (!stale) {
            rc = mf_err_set(err, MF_ENOMEM, "out of memory");
            break;
        }
        run->stale = stale;
        stale[run->stale_count++] = mf_reader__int(stmt, 0);
    }
    sqlite3_reset(stmt);
    return rc;
}

/* True if `number` is stale; called with ever smaller numbers. */
static bool is_stale(struct run *run, uint64_t number)
{
    while (run->stale_at < run->stale_count &&
           run->stale[run->stale_at] > number)
        run->stale_at++;
    return run->stale_at < run->stale_count &&
           run->stale[run->stale_at] == number;
}

static int visit_stale(struct run *run, uint64_t number, struct mf_err *err)
{
    struct mf_columns columns;
    run->scan->below = number;
    int rc = mf_reader__row(run->reader, number, err);
    if (rc != 1)
        return rc;
    rc = 0;
    if (mf_row_columns(run->reader->stmts[MF_READ_ROW], &columns) == 0)
        rc = visit(run, &columns, run->reader->stmts[MF_READ_ROW], err);
    mf_reader__row_done(run->reader);
    return rc;
}

static int visit_page(struct run *run, const struct mf_column_page *page,
                      struct mf_err *err)
{
    struct mf_columns rows[CHUNK_ROWS] = {{0}};
    int rc = 0;
    for (unsigned from = MF_COLUMN_PAGE_ROWS; !rc && from;) {
        from -= CHUNK_ROWS;
        if (page->first + from >= run->scan->below)
            continue;
        mf_column_page_rows(page, from, CHUNK_ROWS, run->scan->wanted, rows);
        for (unsigned i = CHUNK_ROWS; !rc && i-- > 0;) {
            if (rows[i].number >= run->scan->below)
                continue;
            rc = is_stale(run, rows[i].number)
                     ? visit_stale(run, rows[i].number, err)
                     : visit(run, &rows[i], NULL, err);
        }
    }
    return rc;
}

static void tell_damage(struct mf_reader *reader, uint64_t page)
{
    struct mf_err why;
    mf_err_set(&why, MF_ECORRUPT, "column page %llu cannot be read",
               (unsigned long long)page);
    mf_reader__damaged(reader, MF_DAMAGED_PAGE | page, &why);
}

static int visit_pages(struct run *run, struct mf_err *err)
{
    sqlite3_stmt *stmt = run->reader->stmts[MF_READ_PAGES_DOWN];
    int rc;
    mf_sql_bind_int(stmt, 1, (run->scan->below - 1) / MF_COLUMN_PAGE_ROWS);
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        struct mf_column_page page;
        uint64_t number = mf_reader__int(stmt, 0);
        struct mf_span data = mf_row_span(stmt, 1);
        if (mf_reader__is_cancelled(run->cancel)) {
            rc = cancelled(err);
        } else if (mf_column_page_open(data.text, data.len, number, &page)) {
            tell_damage(run->reader, number);
            if (run->scan->below > (number + 1) * MF_COLUMN_PAGE_ROWS)
                run->scan->below = (number + 1) * MF_COLUMN_PAGE_ROWS;
            rc = visit_rows(run, number * MF_COLUMN_PAGE_ROWS, err);
        } else {
            rc = visit_page(run, &page, err);
        }
        if (!rc && is_late(run))
            rc = 1;
        if (rc)
            break;
    }
    sqlite3_reset(stmt);
    if (rc == 0)
        run->scan->below = 0;
    return rc;
}

int mf_scan_step(struct mf_scan *scan, struct mf_reader *reader,
                 int64_t deadline_ns, const _Atomic bool *cancel,
                 struct mf_err *err)
{
    struct run run = {.scan = scan,
                      .reader = reader,
                      .deadline_ns = deadline_ns,
                      .cancel = cancel};
    uint64_t paged =
        scan->by_rows ? 0 : reader->head.paged * MF_COLUMN_PAGE_ROWS;
    int rc = 0;
    if (scan->below > paged)
        rc = visit_rows(&run, paged, err);
    if (!rc && scan->below)
        rc = load_stale(&run, err);
    if (!rc && scan->below)
        rc = visit_pages(&run, err);
    free(run.stale);
    return rc;
}

/* ---- passing over ---- */

static int skip_rows(struct run *run, uint64_t from, uint64_t *count,
                     struct mf_err *err)
{
    sqlite3_stmt *stmt = run->reader->stmts[MF_READ_ROWS_DOWN];
    int rc = 1;
    mf_sql_bind_int(stmt, 1, run->scan->below);
    mf_sql_bind_int(stmt, 2, from);
    while (*count && (rc = mf_sql_step(stmt, err)) == 1) {
        run->scan->below = mf_reader__int(stmt, 0);
        --*count;
    }
    sqlite3_reset(stmt);
    if (rc == 0)
        run->scan->below = from;
    return rc < 0 ? rc : 0;
}

/* Whether all flows of page `number` are below and as the page says. */
static bool is_untouched(struct run *run, uint64_t number)
{
    uint64_t first = number * MF_COLUMN_PAGE_ROWS;
    uint64_t end = first + MF_COLUMN_PAGE_ROWS;
    while (run->stale_at < run->stale_count && run->stale[run->stale_at] >= end)
        run->stale_at++;
    return run->scan->below >= end && (run->stale_at == run->stale_count ||
                                       run->stale[run->stale_at] < first);
}

/* Whether page `number` has a flow in each of its rows, by its head alone. */
static bool is_full(struct run *run, uint64_t number, sqlite3_blob **blob)
{
    uint8_t head[MF_COLUMN_PAGE_HEAD_LEN];
    int code = *blob
                   ? sqlite3_blob_reopen(*blob, (sqlite3_int64)number)
                   : sqlite3_blob_open(run->reader->db, "main", "column_page",
                                       "data", (sqlite3_int64)number, 0, blob);
    return code == SQLITE_OK && sqlite3_blob_bytes(*blob) >= (int)sizeof head &&
           sqlite3_blob_read(*blob, head, sizeof head, 0) == SQLITE_OK &&
           mf_column_page_is_full(head, sizeof head);
}

static int is_there(struct run *run, const struct mf_column_page *page,
                    unsigned at, struct mf_err *err)
{
    uint64_t number = page->first + at;
    if (!is_stale(run, number))
        return mf_column_page_type(page, at) != 0;
    int rc = mf_reader__row(run->reader, number, err);
    if (rc == 1)
        mf_reader__row_done(run->reader);
    return rc;
}

static int skip_in_page(struct run *run, uint64_t number, struct mf_span data,
                        uint64_t *count, struct mf_err *err)
{
    struct mf_column_page page;
    uint64_t first = number * MF_COLUMN_PAGE_ROWS;
    if (run->scan->below > first + MF_COLUMN_PAGE_ROWS)
        run->scan->below = first + MF_COLUMN_PAGE_ROWS;
    if (mf_column_page_open(data.text, data.len, number, &page)) {
        tell_damage(run->reader, number);
        return skip_rows(run, first, count, err);
    }
    int rc = 0;
    while (rc >= 0 && *count && run->scan->below > first) {
        rc = is_there(run, &page, (unsigned)(--run->scan->below - first), err);
        *count -= rc == 1;
    }
    return rc < 0 ? rc : 0;
}

static int skip_pages(struct run *run, uint64_t *count, struct mf_err *err)
{
    sqlite3_stmt *stmt = run->reader->stmts[MF_READ_PAGES_DOWN];
    sqlite3_blob *blob = NULL;
    int rc = 0;
    mf_sql_bind_int(stmt, 1, (run->scan->below - 1) / MF_COLUMN_PAGE_ROWS);
    while (*count && (rc = mf_sql_step(stmt, err)) == 1) {
        uint64_t number = mf_reader__int(stmt, 0);
        if (*count >= MF_COLUMN_PAGE_ROWS && is_untouched(run, number) &&
            is_full(run, number, &blob)) {
            *count -= MF_COLUMN_PAGE_ROWS;
            run->scan->below = number * MF_COLUMN_PAGE_ROWS;
        } else {
            /* What a page holds is read only here. */
            rc = skip_in_page(run, number, mf_row_span(stmt, 1), count, err);
        }
        if (mf_reader__is_cancelled(run->cancel))
            rc = cancelled(err);
        if (rc < 0)
            break;
        rc = 1;
    }
    sqlite3_blob_close(blob);
    sqlite3_reset(stmt);
    if (rc == 0)
        run->scan->below = 0;
    return rc < 0 ? rc : 0;
}

int mf_scan_skip(struct mf_scan *scan, struct mf_reader *reader,
                 uint64_t *count, const _Atomic bool *cancel,
                 struct mf_err *err)
{
    struct run run = {.scan = scan, .reader = reader, .cancel = cancel};
    uint64_t paged = reader->head.paged * MF_COLUMN_PAGE_ROWS;
    int rc = 0;
    if (scan->below > paged)
        rc = skip_rows(&run, paged, count, err);
    if (!rc && *count && scan->below)
        rc = load_stale(&run, err);
    if (!rc && *count && scan->below)
        rc = skip_pages(&run, count, err);
    free(run.stale);
    return rc;
}
