/*
 * Rows of table `flow`, read and written.
 *
 * Thread:  that of the statement's connection.
 */
#ifndef MF_STORE_ROWS_H
#define MF_STORE_ROWS_H

#include <sqlite3.h>

#include "flow/columns.h"
#include "flow/record.h"
#include "store/names.h"

/* What to SELECT, from table `flow`, as the first columns. */
#define MF_ROW_COLUMNS                                                       \
    "flow.number, flow.change, flow.arrived_ns, flow.key, flow.id,"          \
    " flow.source, flow.type, flow.state, flow.flags, flow.status,"          \
    " flow.client_port, flow.server_port, flow.method, flow.host,"           \
    " flow.client, flow.source_name, flow.response_type, flow.request_type," \
    " flow.start_ns, flow.duration_ms, flow.client_bytes,"                   \
    " flow.server_bytes, flow.message_count, flow.frame, flow.slot,"         \
    " flow.note, flow.url, flow.summary"

/* The same places, without what mf_row_columns() does not read: a quarter
 * less work. MF_ROW_KEY is there, too. */
#define MF_ROW_COLUMNS_ONLY                                            \
    "flow.number, flow.change, NULL, flow.key, NULL, NULL, flow.type," \
    " flow.state, flow.flags, flow.status, flow.client_port,"          \
    " flow.server_port, flow.method, flow.host, flow.client,"          \
    " flow.source_name, flow.response_type, flow.request_type,"        \
    " flow.start_ns, flow.duration_ms, flow.client_bytes,"             \
    " flow.server_bytes, flow.message_count"

/* Their places. */
enum {
    MF_ROW_NUMBER,
    MF_ROW_CHANGE,
    MF_ROW_ARRIVED,
    MF_ROW_KEY,
    MF_ROW_ID,
    MF_ROW_SOURCE,
    MF_ROW_TYPE,
    MF_ROW_STATE,
    MF_ROW_FLAGS,
    MF_ROW_STATUS,
    MF_ROW_CLIENT_PORT,
    MF_ROW_SERVER_PORT,
    MF_ROW_METHOD,
    MF_ROW_HOST,
    MF_ROW_CLIENT,
    MF_ROW_SOURCE_NAME,
    MF_ROW_RESPONSE_TYPE,
    MF_ROW_REQUEST_TYPE,
    MF_ROW_START,
    MF_ROW_DURATION,
    MF_ROW_CLIENT_BYTES,
    MF_ROW_SERVER_BYTES,
    MF_ROW_MESSAGES,
    MF_ROW_FRAME,
    MF_ROW_SLOT,
    MF_ROW_NOTE,
    MF_ROW_URL,
    MF_ROW_SUMMARY,
    MF_ROW_END,
};

/* Text or bytes of the row that `stmt` stands on; good until its next step. */
struct mf_span mf_row_span(sqlite3_stmt *stmt, int at);

/* The columns of the row. MF_ECORRUPT: it cannot be right. */
int mf_row_columns(sqlite3_stmt *stmt, struct mf_columns *ret_columns);

/* Append the row's summary: the `derived` of mf_record_new(). MF_ECORRUPT,
 * MF_EFULL or MF_ENOMEM. */
int mf_row_join(sqlite3_stmt *stmt, const struct mf_columns *columns,
                const struct mf_names *names, struct mf_buf *out);

/*
 * The row as a record, with `flow` (a reference is taken; NULL: without
 * one). Its summary is what the row says. MF_ECORRUPT or MF_ENOMEM.
 */
int mf_row_record(sqlite3_stmt *stmt, const struct mf_names *names,
                  struct mf_flow *flow, struct mf_record **ret_record);

/* ---- writing ---- */

/* What mf_row_bind() binds is ?1 to ?19: number to message_count. */
#define MF_ROW_INSERT                                                       \
    "INSERT INTO flow (number, change, type, state, flags, status,"         \
    " client_port, server_port, method, host, client, source_name,"         \
    " response_type, request_type, start_ns, duration_ms, client_bytes,"    \
    " server_bytes, message_count, frame, slot, note, url, summary,"        \
    " arrived_ns, key, id, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8," \
    " ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22," \
    " ?23, ?24, ?25, ?26, ?27, ?28)"
enum {
    MF_ROW_AT_FRAME = 20,
    MF_ROW_AT_SLOT,
    MF_ROW_AT_NOTE,
    MF_ROW_AT_URL,
    MF_ROW_AT_SUMMARY,
    MF_ROW_AT_ARRIVED,
    MF_ROW_AT_KEY,
    MF_ROW_AT_ID,
    MF_ROW_AT_SOURCE,
};

#define MF_ROW_PUT_NAME \
    "INSERT OR REPLACE INTO name (kind, id, text) VALUES (?1, ?2, ?3)"

/* Fill in the ids of `columns`; new texts get one. */
void mf_row_name(struct mf_columns *columns,
                 const struct mf_column_texts *texts, struct mf_names *names);

void mf_row_bind(sqlite3_stmt *stmt, const struct mf_columns *columns);
void mf_row_bind_span(sqlite3_stmt *stmt, int at, struct mf_span text);

/* Make rows of the names since `saved`, which is moved on, by `stmt`, which
 * is MF_ROW_PUT_NAME. */
int mf_row_save_names(sqlite3_stmt *stmt, const struct mf_names *names,
                      uint32_t saved[MF_NAME_KINDS], struct mf_err *err);

#endif
