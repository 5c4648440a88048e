#include "store/move.h"

#include <string.h>

#include "flow/columns.h"
#include "flow/summary.h"
#include "store/keys.h"
#include "store/names.h"
#include "store/rows.h"
#include "store/sql.h"

enum { OLD, PUT_FLOW, PUT_RECENT, PUT_NAME, COUNT, STATEMENTS };

/* Places in OLD. */
enum {
    NUMBER,
    CHANGE,
    ID,
    SOURCE,
    SESSION,
    TYPE,
    STATE,
    PINNED,
    START,
    NOTE,
    SUMMARY,
    SNAPSHOT,
};

static const char *const sql[STATEMENTS] = {
    [OLD] = "SELECT old_flow.number, change, id, source, session, type, state,"
            " pinned, start_ns, note, summary, snapshot.flow FROM old_flow"
            " LEFT JOIN snapshot ON snapshot.number = old_flow.number"
            " ORDER BY old_flow.number",
    [PUT_FLOW] = MF_ROW_INSERT,
    [PUT_RECENT] = "INSERT INTO recent (number, session, live, message_digest,"
                   " snapshot) VALUES (?1, ?2, ?3, 0, ?4)",
    [PUT_NAME] = MF_ROW_PUT_NAME,
    [COUNT] = "UPDATE store SET flow_count = (SELECT count(*) FROM flow),"
              " pinned_count = (SELECT count(*) FROM flow WHERE flags & 1)",
};

struct move {
    sqlite3_stmt *stmts[STATEMENTS];
    uint8_t seed[MF_KEY_SEED_LEN];
    struct mf_names *names;
    uint32_t saved[MF_NAME_KINDS];
    struct mf_buf url, rest;
};

static int describe(struct move *move, struct mf_flow *flow,
                    struct mf_columns *columns)
{
    sqlite3_stmt *old = move->stmts[OLD];
    struct mf_column_texts texts = {0};
    if (flow)
        mf_flow_columns(flow, columns, &texts);
    else
        *columns = (struct mf_columns){
            .type = (uint8_t)sqlite3_column_int(old, TYPE),
            .start_ns = sqlite3_column_int64(old, START),
        };
    texts.names[MF_NAME_SOURCE] = mf_row_span(old, SOURCE);
    columns->number = (uint64_t)sqlite3_column_int64(old, NUMBER);
    columns->change = (uint64_t)sqlite3_column_int64(old, CHANGE);
    columns->state = (uint8_t)sqlite3_column_int(old, STATE);
    if (columns->state == MF_FLOW_CUT_OFF)
        columns->flags |= MF_COLUMN_LOST;
    if (sqlite3_column_int(old, PINNED))
        columns->flags |= MF_COLUMN_PINNED;
    if (sqlite3_column_bytes(old, NOTE))
        columns->flags |= MF_COLUMN_NOTE;
    mf_row_name(columns, &texts, move->names);
    mf_buf_clear(&move->url);
    mf_buf_clear(&move->rest);
    return flow ? mf_summary_split(flow, columns, &texts, &move->url,
                                   &move->rest)
                : mf_summary_keep(mf_row_span(old, SUMMARY), columns,
                                  &move->rest);
}

static int put_flow(struct move *move, const struct mf_columns *columns,
                    struct mf_err *err)
{
    sqlite3_stmt *old = move->stmts[OLD], *stmt = move->stmts[PUT_FLOW];
    struct mf_span id = mf_row_span(old, ID);
    mf_row_bind(stmt, columns);
    mf_sql_bind_int(stmt, MF_ROW_AT_FRAME, 0);
    mf_sql_bind_int(stmt, MF_ROW_AT_SLOT, 0);
    mf_row_bind_span(stmt, MF_ROW_AT_NOTE, mf_row_span(old, NOTE));
    mf_row_bind_span(
        stmt, MF_ROW_AT_URL,
        (struct mf_span){move->url.len ? (char *)move->url.data : "",
                         move->url.len});
    mf_sql_bind_blob(stmt, MF_ROW_AT_SUMMARY, move->rest.data, move->rest.len);
    /* When it arrived was not kept. */
    mf_sql_bind_int(stmt, MF_ROW_AT_ARRIVED,
                    (uint64_t)sqlite3_column_int64(old, START));
    mf_sql_bind_int(stmt, MF_ROW_AT_KEY, mf_key_hash(move->seed, id));
    mf_row_bind_span(stmt, MF_ROW_AT_ID, id);
    mf_row_bind_span(stmt, MF_ROW_AT_SOURCE, mf_row_span(old, SOURCE));
    return mf_sql_run(stmt, err);
}

static int put_recent(struct move *move, struct mf_err *err)
{
    sqlite3_stmt *old = move->stmts[OLD], *stmt = move->stmts[PUT_RECENT];
    struct mf_span snapshot = mf_row_span(old, SNAPSHOT);
    mf_sql_bind_int(stmt, 1, (uint64_t)sqlite3_column_int64(old, NUMBER));
    mf_row_bind_span(stmt, 2, mf_row_span(old, SESSION));
    mf_sql_bind_int(stmt, 3, sqlite3_column_int(old, STATE) == MF_FLOW_LIVE);
    mf_sql_bind_blob(stmt, 4, snapshot.text, snapshot.len);
    return mf_sql_run(stmt, err);
}

static int move_flow(struct move *move, struct mf_err *err)
{
    sqlite3_stmt *old = move->stmts[OLD];
    struct mf_span snapshot = mf_row_span(old, SNAPSHOT);
    struct mf_flow *flow = NULL;
    struct mf_columns columns;
    int rc = mf_flow_from_snapshot(
        (const uint8_t *)snapshot.text, snapshot.len,
        (enum mf_flow_state)sqlite3_column_int(old, STATE), &flow, err);
    if (rc == MF_ENOMEM)
        return rc;
    rc = describe(move, flow, &columns);
    mf_flow_unref(flow);
    if (rc)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    rc = put_flow(move, &columns, err);
    return rc ? rc : put_recent(move, err);
}

static int read_seed(sqlite3 *db, uint8_t seed[MF_KEY_SEED_LEN],
                     struct mf_err *err)
{
    static const char *const text[] = {"SELECT key_seed FROM store"};
    sqlite3_stmt *stmt;
    int rc = mf_sql_prepare(db, text, 1, &stmt, err);
    if (!rc && (rc = mf_sql_step(stmt, err)) == 1) {
        struct mf_span bytes = mf_row_span(stmt, 0);
        memset(seed, 0, MF_KEY_SEED_LEN);
        memcpy(seed, bytes.text,
               bytes.len < MF_KEY_SEED_LEN ? bytes.len : MF_KEY_SEED_LEN);
        rc = 0;
    }
    mf_sql_finalize(&stmt, 1);
    return rc;
}

static int move_all(struct move *move, struct mf_err *err)
{
    int rc;
    while ((rc = mf_sql_step(move->stmts[OLD], err)) == 1)
        if ((rc = move_flow(move, err)))
            return rc;
    if (!rc)
        rc = mf_row_save_names(move->stmts[PUT_NAME], move->names, move->saved,
                               err);
    return rc ? rc : mf_sql_run(move->stmts[COUNT], err);
}

int mf_store__move_flows(sqlite3 *db, struct mf_err *err)
{
    struct move move = {.names = mf_names_new()};
    mf_buf_init(&move.url, SIZE_MAX);
    mf_buf_init(&move.rest, SIZE_MAX);
    int rc = move.names ? read_seed(db, move.seed, err)
                        : mf_err_set(err, MF_ENOMEM, "out of memory");
    if (!rc)
        rc = mf_sql_prepare(db, sql, STATEMENTS, move.stmts, err);
    if (!rc)
        rc = move_all(&move, err);
    mf_sql_finalize(move.stmts, STATEMENTS);
    mf_buf_release(&move.url);
    mf_buf_release(&move.rest);
    mf_names_free(move.names);
    return rc ? rc
              : mf_sql_exec(db, "DROP TABLE old_flow; DROP TABLE snapshot",
                            err);
}
