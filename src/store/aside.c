#include "store/aside.h"

#include <stdlib.h>
#include <string.h>

#include "store/descriptor.h"
#include "store/sql.h"

enum {
    OVERHEAD = 256, /* what an item takes in memory beside its bytes */
    LET_GO = 1000,  /* rows at once */
};

/* ---- the queue ---- */

void mf_asides_init(struct mf_asides *asides)
{
    *asides = (struct mf_asides){.end = &asides->first};
}

void mf_asides_push(struct mf_asides *asides, struct mf_aside *aside)
{
    aside->next = NULL;
    *asides->end = aside;
    asides->end = &aside->next;
    asides->bytes += aside->bytes;
}

void mf_asides_release(struct mf_asides *asides)
{
    struct mf_aside *next;
    for (struct mf_aside *aside = asides->first; aside; aside = next) {
        next = aside->next;
        free(aside);
    }
    mf_asides_init(asides);
}

static struct mf_aside *new_aside(enum mf_aside_kind kind, size_t len)
{
    struct mf_aside *aside = calloc(1, sizeof *aside + len);
    if (!aside)
        return NULL;
    aside->kind = kind;
    aside->bytes = sizeof *aside + len + OVERHEAD;
    return aside;
}

/* Copies `text` to `at`, which it moves on. */
static struct mf_span keep(char **at, struct mf_span text)
{
    struct mf_span kept = {*at, text.len};
    if (text.len)
        memcpy(*at, text.text, text.len);
    *at += text.len;
    return kept;
}

struct mf_aside *mf_aside_new_connection(const struct mf_connection *connection,
                                         struct mf_span source)
{
    struct mf_span conn = {(const char *)connection->kept.data,
                           connection->kept.len};
    struct mf_aside *aside =
        new_aside(MF_ASIDE_CONNECTION, source.len + connection->id.len +
                                           connection->error.len + conn.len);
    if (!aside)
        return NULL;
    char *at = aside->data;
    aside->source = keep(&at, source);
    aside->id = keep(&at, connection->id);
    aside->text = keep(&at, connection->error);
    aside->kept = keep(&at, conn);
    aside->event = connection->event;
    aside->is_server = connection->is_server;
    aside->at_ns = connection->at_ns;
    aside->opened_ns = connection->opened_ns;
    aside->closed_ns = connection->closed_ns;
    return aside;
}

struct mf_aside *mf_aside_new_loss(const struct mf_loss *loss,
                                   struct mf_span source)
{
    struct mf_aside *aside =
        new_aside(MF_ASIDE_LOSS, source.len + loss->id.len + loss->reason.len);
    if (!aside)
        return NULL;
    char *at = aside->data;
    aside->source = keep(&at, source);
    aside->id = keep(&at, loss->id);
    aside->text = keep(&at, loss->reason);
    aside->opened_ns = loss->from_ns;
    aside->closed_ns = loss->to_ns;
    aside->count = loss->count;
    return aside;
}

struct mf_aside *mf_aside_new_descriptor(struct mf_span name,
                                         struct mf_span bytes)
{
    struct mf_aside *aside =
        new_aside(MF_ASIDE_DESCRIPTOR, name.len + bytes.len);
    if (!aside)
        return NULL;
    char *at = aside->data;
    aside->id = keep(&at, name);
    aside->kept = keep(&at, bytes);
    return aside;
}

struct mf_aside *mf_aside_new_forget(enum mf_aside_kind kind)
{
    return new_aside(kind, 0);
}

/* ---- the tables ---- */

enum {
    COUNT,
    UPDATE,
    INSERT,
    TRIM,
    FORGET,
    FORGET_ALL,
    PUT_LOSS,
    TRIM_LOSSES,
    STATEMENTS
};

/* An event that comes late (after it was spooled) does not undo a later one,
 * and takes nothing away that another told. */
static const char *const sql[STATEMENTS] = {
    [COUNT] = "SELECT count(*) FROM connection",
    [UPDATE] = "UPDATE connection SET mark = max(mark, ?3), heard_ns = ?11,"
               " event = CASE WHEN ?6 >= at_ns THEN ?5 ELSE event END,"
               " conn = CASE WHEN ?6 >= at_ns THEN ?10 ELSE conn END,"
               " at_ns = max(at_ns, ?6),"
               " opened_ns = CASE ?7 WHEN 0 THEN opened_ns ELSE ?7 END,"
               " closed_ns = CASE ?8 WHEN 0 THEN closed_ns ELSE ?8 END,"
               " error = CASE ?9 WHEN '' THEN error ELSE ?9 END"
               " WHERE key = ?1 AND source = ?2",
    [INSERT] = "INSERT INTO connection (key, source, mark, is_server, event,"
               " at_ns, opened_ns, closed_ns, error, conn, heard_ns)"
               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [TRIM] = "DELETE FROM connection WHERE (key, source) IN"
             " (SELECT key, source FROM connection WHERE mark < ?1"
             " AND heard_ns < ?2 ORDER BY mark LIMIT ?3)",
    [FORGET] = "DELETE FROM connection WHERE key = ?1 AND source = ?2",
    [FORGET_ALL] = "DELETE FROM connection",
    [PUT_LOSS] = "INSERT OR IGNORE INTO loss (number, id, source, arrived_ns,"
                 " count, from_ns, to_ns, reason)"
                 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [TRIM_LOSSES] = "DELETE FROM loss WHERE number <= ?1",
};

struct mf_aside_tables {
    sqlite3 *db;
    sqlite3_stmt *stmts[STATEMENTS];
    struct mf_descriptors *descriptors;
    uint64_t connections_max;
    uint64_t count; /* of connections */
    uint64_t committed_count;
};

int mf_aside_tables_new(sqlite3 *db, size_t connections_max,
                        struct mf_aside_tables **ret_tables, struct mf_err *err)
{
    struct mf_aside_tables *tables = calloc(1, sizeof *tables);
    if (!tables)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    tables->db = db;
    tables->connections_max = connections_max;
    int rc = mf_sql_prepare(db, sql, STATEMENTS, tables->stmts, err);
    if (!rc)
        rc = mf_descriptors_new(db, &tables->descriptors, err);
    if (!rc)
        rc = mf_sql_step(tables->stmts[COUNT], err);
    if (rc != 1) {
        mf_aside_tables_free(tables);
        return rc;
    }
    tables->count = tables->committed_count =
        (uint64_t)sqlite3_column_int64(tables->stmts[COUNT], 0);
    sqlite3_reset(tables->stmts[COUNT]);
    *ret_tables = tables;
    return 0;
}

void mf_aside_tables_free(struct mf_aside_tables *tables)
{
    if (!tables)
        return;
    mf_sql_finalize(tables->stmts, STATEMENTS);
    mf_descriptors_free(tables->descriptors);
    free(tables);
}

void mf_aside_tables_end(struct mf_aside_tables *tables, bool is_committed)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_reset(tables->stmts[i]);
    mf_descriptors_end(tables->descriptors, is_committed);
    if (is_committed)
        tables->committed_count = tables->count;
    else
        tables->count = tables->committed_count;
}

static void bind_span(sqlite3_stmt *stmt, int at, struct mf_span text)
{
    sqlite3_bind_text(stmt, at, text.text, (int)text.len, SQLITE_STATIC);
}

static void bind_connection(sqlite3_stmt *stmt, const struct mf_aside *aside)
{
    mf_sql_bind_int(stmt, 1, aside->key);
    bind_span(stmt, 2, aside->source);
    mf_sql_bind_int(stmt, 3, aside->number);
    mf_sql_bind_int(stmt, 5, aside->event);
    mf_sql_bind_int(stmt, 6, (uint64_t)aside->at_ns);
    mf_sql_bind_int(stmt, 7, (uint64_t)aside->opened_ns);
    mf_sql_bind_int(stmt, 8, (uint64_t)aside->closed_ns);
    bind_span(stmt, 9, aside->text);
    mf_sql_bind_blob(stmt, 10, aside->kept.text, aside->kept.len);
    mf_sql_bind_int(stmt, 11, (uint64_t)aside->heard_ns);
}

static int put_connection(struct mf_aside_tables *tables,
                          const struct mf_aside *aside, struct mf_err *err)
{
    sqlite3_stmt *stmt = tables->stmts[UPDATE];
    bind_connection(stmt, aside);
    int rc = mf_sql_run(stmt, err);
    if (rc || sqlite3_changes(tables->db))
        return rc;
    stmt = tables->stmts[INSERT];
    bind_connection(stmt, aside);
    mf_sql_bind_int(stmt, 4, aside->is_server);
    tables->count++;
    return mf_sql_run(stmt, err);
}

static int put_loss(struct mf_aside_tables *tables,
                    const struct mf_aside *aside, struct mf_err *err)
{
    sqlite3_stmt *stmt = tables->stmts[PUT_LOSS];
    mf_sql_bind_int(stmt, 1, aside->number);
    bind_span(stmt, 2, aside->id);
    bind_span(stmt, 3, aside->source);
    mf_sql_bind_int(stmt, 4, (uint64_t)aside->heard_ns);
    mf_sql_bind_int(stmt, 5, aside->count);
    mf_sql_bind_int(stmt, 6, (uint64_t)aside->opened_ns);
    mf_sql_bind_int(stmt, 7, (uint64_t)aside->closed_ns);
    bind_span(stmt, 8, aside->text);
    int rc = mf_sql_run(stmt, err);
    if (rc || aside->number <= MF_LOSSES_MAX)
        return rc;
    mf_sql_bind_int(tables->stmts[TRIM_LOSSES], 1,
                    aside->number - MF_LOSSES_MAX);
    return mf_sql_run(tables->stmts[TRIM_LOSSES], err);
}

static int forget_all(struct mf_aside_tables *tables, struct mf_err *err)
{
    tables->count = 0;
    return mf_sql_run(tables->stmts[FORGET_ALL], err);
}

static int run_delete(struct mf_aside_tables *tables, sqlite3_stmt *stmt,
                      struct mf_err *err)
{
    int rc = mf_sql_run(stmt, err);
    if (!rc)
        tables->count -= (uint64_t)sqlite3_changes(tables->db);
    return rc;
}

static int delete_oldest(struct mf_aside_tables *tables, uint64_t mark,
                         int64_t heard_ns, uint64_t count, struct mf_err *err)
{
    sqlite3_stmt *stmt = tables->stmts[TRIM];
    mf_sql_bind_int(stmt, 1, mark);
    mf_sql_bind_int(stmt, 2, (uint64_t)heard_ns);
    mf_sql_bind_int(stmt, 3, count);
    return run_delete(tables, stmt, err);
}

/* Those of which nothing was heard for longest, some more than must go. */
static int trim(struct mf_aside_tables *tables, struct mf_err *err)
{
    uint64_t max = tables->connections_max;
    uint64_t more = max / 2 < LET_GO ? max / 2 : LET_GO;
    return tables->count > max ? delete_oldest(tables, INT64_MAX, INT64_MAX,
                                               tables->count - max + more, err)
                               : 0;
}

static int write_one(struct mf_aside_tables *tables,
                     const struct mf_aside *aside, struct mf_err *err)
{
    switch (aside->kind) {
    case MF_ASIDE_CONNECTION:
        return put_connection(tables, aside, err);
    case MF_ASIDE_LOSS:
        return put_loss(tables, aside, err);
    case MF_ASIDE_FORGET:
        return forget_all(tables, err);
    case MF_ASIDE_DESCRIPTOR:
        return mf_descriptors_put(tables->descriptors, aside->number, aside->id,
                                  aside->kept, err);
    case MF_ASIDE_FORGET_DESCRIPTORS:
        return mf_descriptors_forget_all(tables->descriptors, err);
    }
    return 0;
}

int mf_aside_tables_write(struct mf_aside_tables *tables,
                          const struct mf_asides *asides, struct mf_err *err)
{
    int rc = 0;
    for (const struct mf_aside *aside = asides->first; !rc && aside;
         aside = aside->next)
        rc = write_one(tables, aside, err);
    return rc ? rc : trim(tables, err);
}

int mf_aside_tables_forget_descriptors(struct mf_aside_tables *tables,
                                       uint64_t number, struct mf_err *err)
{
    return mf_descriptors_forget(tables->descriptors, number, err);
}

int mf_aside_tables_forget(struct mf_aside_tables *tables, uint64_t key,
                           struct mf_span source, struct mf_err *err)
{
    sqlite3_stmt *stmt = tables->stmts[FORGET];
    mf_sql_bind_int(stmt, 1, key);
    bind_span(stmt, 2, source);
    return run_delete(tables, stmt, err);
}

int mf_aside_tables_let_go(struct mf_aside_tables *tables, uint64_t mark,
                           int64_t heard_ns, struct mf_err *err)
{
    return delete_oldest(tables, mark, heard_ns, LET_GO, err);
}
