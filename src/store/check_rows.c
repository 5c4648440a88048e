/* Rows of flows, of their heads and pieces outside of blocks. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "flow/messages.h"
#include "flow/summary.h"
#include "store/block.h"
#include "store/check_impl.h"
#include "store/rows.h"
#include "store/sql.h"

static uint64_t get(sqlite3_stmt *stmt, int at)
{
    return (uint64_t)sqlite3_column_int64(stmt, at);
}

/* ---- flows ---- */

static void check_name(struct mf_check *check, uint64_t number,
                       enum mf_name_kind kind, uint32_t id)
{
    if (id && !mf_names_text(check->names, kind, id).len)
        mf_check__fault(check,
                        "flow %" PRIu64 ": name %u of kind %d is not there",
                        number, id, kind);
}

static void check_columns(struct mf_check *check, sqlite3_stmt *stmt,
                          uint64_t number)
{
    struct mf_columns columns;
    struct mf_record *record;
    if (mf_row_columns(stmt, &columns)) {
        mf_check__fault(check, "flow %" PRIu64 ": its row cannot be right",
                        number);
        return;
    }
    check_name(check, number, MF_NAME_METHOD, columns.method);
    check_name(check, number, MF_NAME_HOST, columns.host);
    check_name(check, number, MF_NAME_CLIENT, columns.client);
    check_name(check, number, MF_NAME_SOURCE, columns.source);
    check_name(check, number, MF_NAME_CONTENT_TYPE, columns.response_type);
    check_name(check, number, MF_NAME_CONTENT_TYPE, columns.request_type);
    if (mf_row_record(stmt, check->names, NULL, &record)) {
        mf_check__fault(check, "flow %" PRIu64 ": its summary is malformed",
                        number);
        return;
    }
    mf_record_unref(record);
}

static void check_row(struct mf_check *check, sqlite3_stmt *stmt)
{
    const struct mf_check_store *store = &check->store;
    uint64_t number = get(stmt, MF_ROW_NUMBER);
    if (number == 0 || number > store->last_number)
        mf_check__fault(
            check, "flow %" PRIu64 ": a number that was not given yet", number);
    if (get(stmt, MF_ROW_CHANGE) > store->top_change)
        mf_check__fault(
            check, "flow %" PRIu64 ": a change that was not given yet", number);
    if (get(stmt, MF_ROW_FRAME) > store->last_frame)
        mf_check__fault(check,
                        "flow %" PRIu64 ": in a frame that was not given yet",
                        number);
    check_columns(check, stmt, number);
}

int mf_check__rows(struct mf_check *check, struct mf_err *err)
{
    static const char *const sql[] = {"SELECT " MF_ROW_COLUMNS
                                      " FROM flow ORDER BY number"};
    sqlite3_stmt *stmt;
    uint64_t pinned = 0;
    int rc = mf_sql_prepare(check->db, sql, 1, &stmt, err);
    if (rc)
        return rc;
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        check->sum.flows++;
        pinned += (get(stmt, MF_ROW_FLAGS) & MF_COLUMN_PINNED) != 0;
        check_row(check, stmt);
        const struct mf_check_place place = {
            .number = get(stmt, MF_ROW_NUMBER),
            .first = MF_BLOCK_HEAD,
            .frame = get(stmt, MF_ROW_FRAME),
            .slot = (uint32_t)get(stmt, MF_ROW_SLOT),
        };
        if ((rc = mf_check__add(&check->heads, &place, err)))
            break;
    }
    mf_sql_finalize(&stmt, 1);
    if (rc)
        return rc;
    if (check->sum.flows != check->store.flow_count)
        mf_check__fault(
            check, "store: it counts %" PRIu64 " flows, there are %" PRIu64,
            check->store.flow_count, check->sum.flows);
    if (pinned != check->store.pinned_count)
        mf_check__fault(check,
                        "store: it counts %" PRIu64
                        " pinned flows, there are %" PRIu64,
                        check->store.pinned_count, pinned);
    return 0;
}

/* ---- what a snapshot says and its row ---- */

static bool is_grown(const struct mf_check *check, uint64_t number)
{
    const struct mf_check_places *pieces = &check->pieces;
    size_t low = 0, high = pieces->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pieces->list[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < pieces->count && pieces->list[low].number == number;
}

static bool is_same(struct mf_span a, struct mf_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.text, b.text, a.len) == 0);
}

/* The name of column `id`, unless it has none, must be what the snapshot
 * says. */
static bool is_name(const struct mf_check *check, enum mf_name_kind kind,
                    uint32_t id, struct mf_span text)
{
    return id == 0 || is_same(mf_names_text(check->names, kind, id), text);
}

static const char *find_difference(struct mf_check *check,
                                   const struct mf_flow *flow,
                                   const struct mf_columns *row,
                                   struct mf_column_texts *ret_texts)
{
    struct mf_columns is;
    mf_flow_columns(flow, &is, ret_texts);
    const struct mf_column_texts texts = *ret_texts;
    if (is.type != row->type)
        return "type";
    if (is.status != row->status)
        return "status";
    if (is.client_port != row->client_port ||
        is.server_port != row->server_port)
        return "port";
    if (is.start_ns != row->start_ns)
        return "start";
    if (!is_name(check, MF_NAME_METHOD, row->method,
                 texts.names[MF_NAME_METHOD]))
        return "method";
    if (!is_name(check, MF_NAME_HOST, row->host, texts.names[MF_NAME_HOST]))
        return "host";
    if (!is_name(check, MF_NAME_CLIENT, row->client,
                 texts.names[MF_NAME_CLIENT]))
        return "client";
    if (!is_name(check, MF_NAME_CONTENT_TYPE, row->response_type,
                 texts.response_type) ||
        !is_name(check, MF_NAME_CONTENT_TYPE, row->request_type,
                 texts.request_type))
        return "content type";
    if (is_grown(check, row->number))
        return NULL; /* the row counts what came after its head */
    if (is.client_bytes != row->client_bytes ||
        is.server_bytes != row->server_bytes)
        return "size";
    if (is.message_count != row->message_count)
        return "number of messages";
    if (is.duration_ms != row->duration_ms &&
        !(isnan(is.duration_ms) && isnan(row->duration_ms)))
        return "duration";
    return NULL;
}

/* URL and the rest of the summary, made again. */
static int compare_summary(const struct mf_flow *flow,
                           const struct mf_columns *row,
                           const struct mf_column_texts *texts,
                           sqlite3_stmt *stmt, const char **ret_what)
{
    struct mf_buf url, rest;
    mf_buf_init(&url, SIZE_MAX);
    mf_buf_init(&rest, SIZE_MAX);
    int rc = mf_summary_split(flow, row, texts, &url, &rest);
    if (!rc && !is_same((struct mf_span){(const char *)url.data, url.len},
                        mf_row_span(stmt, MF_ROW_URL)))
        *ret_what = "URL";
    else if (!rc &&
             !is_same((struct mf_span){(const char *)rest.data, rest.len},
                      mf_row_span(stmt, MF_ROW_SUMMARY)))
        *ret_what = "summary";
    mf_buf_release(&url);
    mf_buf_release(&rest);
    return rc;
}

static int compare_row(struct mf_check *check, sqlite3_stmt *stmt,
                       uint64_t number, const uint8_t *snapshot, size_t len,
                       struct mf_err *err)
{
    struct mf_columns row;
    struct mf_flow *flow;
    if (mf_row_columns(stmt, &row))
        return 0; /* told with its row */
    int rc = mf_flow_from_snapshot(snapshot, len, (enum mf_flow_state)row.state,
                                   &flow, err);
    if (rc == MF_ENOMEM)
        return rc;
    if (rc) {
        mf_check__fault(check, "flow %" PRIu64 ": its snapshot is malformed",
                        number);
        return 0;
    }
    struct mf_column_texts texts;
    const char *what = NULL;
    if (!is_same(mf_flow_id(flow), mf_row_span(stmt, MF_ROW_ID)))
        what = "id";
    if (!what)
        what = find_difference(check, flow, &row, &texts);
    if (!what && !is_grown(check, number))
        rc = compare_summary(flow, &row, &texts, stmt, &what);
    mf_flow_unref(flow);
    if (what)
        mf_check__fault(check,
                        "flow %" PRIu64 ": %s differs between its row and its "
                        "snapshot",
                        number, what);
    return rc ? mf_err_set(err, rc, "out of memory") : 0;
}

int mf_check__snapshot(struct mf_check *check, uint64_t number,
                       const uint8_t *snapshot, size_t len, struct mf_err *err)
{
    static const char *const sql[] = {"SELECT " MF_ROW_COLUMNS
                                      " FROM flow WHERE number = ?1"};
    if (!check->get_flow) {
        int rc = mf_sql_prepare(check->db, sql, 1, &check->get_flow, err);
        if (rc)
            return rc;
    }
    mf_sql_bind_int(check->get_flow, 1, number);
    int rc = mf_sql_step(check->get_flow, err);
    if (rc != 1)
        return rc;
    rc = compare_row(check, check->get_flow, number, snapshot, len, err);
    sqlite3_reset(check->get_flow);
    return rc;
}

/* ---- recent ---- */

static int check_recent_row(struct mf_check *check, sqlite3_stmt *stmt,
                            struct mf_err *err)
{
    uint64_t number = get(stmt, 0);
    bool is_live = get(stmt, 1) != 0;
    struct mf_check_place *place =
        mf_check__find(&check->heads, number, MF_BLOCK_HEAD);
    if (!place) {
        mf_check__fault(check, "recent %" PRIu64 ": there is no such flow",
                        number);
        return 0;
    }
    if (place->frame)
        mf_check__fault(check,
                        "flow %" PRIu64 ": in `recent` and in frame %" PRIu64,
                        number, place->frame);
    else
        place->is_seen = true;
    if (is_live != (sqlite3_column_int(stmt, 2) == MF_FLOW_LIVE))
        mf_check__fault(check,
                        "flow %" PRIu64 ": live in `recent` or in its row only",
                        number);
    return mf_check__snapshot(check, number, sqlite3_column_blob(stmt, 3),
                              (size_t)sqlite3_column_bytes(stmt, 3), err);
}

int mf_check__recent(struct mf_check *check, struct mf_err *err)
{
    static const char *const sql[] = {
        "SELECT number, live, state, snapshot FROM recent"
        " LEFT JOIN flow USING (number)"};
    sqlite3_stmt *stmt;
    int rc = mf_sql_prepare(check->db, sql, 1, &stmt, err);
    if (rc)
        return rc;
    while ((rc = mf_sql_step(stmt, err)) == 1)
        if ((rc = check_recent_row(check, stmt, err)))
            break;
    mf_sql_finalize(&stmt, 1);
    return rc;
}

/* ---- pieces ---- */

static void check_piece_data(struct mf_check *check, uint64_t number,
                             uint64_t first, uint64_t count,
                             enum mf_flow_type type, sqlite3_stmt *stmt)
{
    struct mf_messages_walk walk;
    uint64_t found = 0;
    mf_messages_walk_fields(type, sqlite3_column_blob(stmt, 5),
                            (size_t)sqlite3_column_bytes(stmt, 5), &walk);
    while (mf_messages_next(&walk))
        found++;
    if (found != count)
        mf_check__fault(check,
                        "flow %" PRIu64 ": its piece from message %" PRIu64
                        " should have %" PRIu64 " messages, has %" PRIu64,
                        number, first, count, found);
}

static int check_piece(struct mf_check *check, sqlite3_stmt *stmt,
                       struct mf_check_place *last, uint64_t *next,
                       struct mf_err *err)
{
    const struct mf_check_place place = {
        .number = get(stmt, 0),
        .first = get(stmt, 1),
        .frame = get(stmt, 3),
        .slot = (uint32_t)get(stmt, 4),
    };
    uint64_t count = get(stmt, 2);
    bool has_data = sqlite3_column_type(stmt, 5) != SQLITE_NULL;
    if (!mf_check__find(&check->heads, place.number, MF_BLOCK_HEAD))
        mf_check__fault(check,
                        "piece %" PRIu64 ", %" PRIu64 ": there is no such flow",
                        place.number, place.first);
    if (count == 0 || (last->number == place.number && place.first != *next))
        mf_check__fault(check,
                        "flow %" PRIu64 ": messages before %" PRIu64
                        " are missing or there twice",
                        place.number, place.first);
    if (has_data != (place.frame == 0))
        mf_check__fault(check,
                        "flow %" PRIu64 ": its piece from message %" PRIu64
                        " is nowhere or there twice",
                        place.number, place.first);
    int type = sqlite3_column_int(stmt, 6);
    if (has_data && type >= MF_FLOW_HTTP && type <= MF_FLOW_UDP)
        check_piece_data(check, place.number, place.first, count,
                         (enum mf_flow_type)type, stmt);
    *last = place;
    *next = place.first + count;
    int rc = mf_check__add(&check->pieces, &place, err);
    if (!rc && !place.frame)
        check->pieces.list[check->pieces.count - 1].is_seen = true;
    return rc;
}

int mf_check__pieces(struct mf_check *check, struct mf_err *err)
{
    static const char *const sql[] = {
        "SELECT piece.number, first, count, piece.frame, piece.slot, data,"
        " type FROM piece LEFT JOIN flow ON flow.number = piece.number"
        " ORDER BY piece.number, first"};
    struct mf_check_place last = {0};
    uint64_t next = 0;
    sqlite3_stmt *stmt;
    int rc = mf_sql_prepare(check->db, sql, 1, &stmt, err);
    if (rc)
        return rc;
    while ((rc = mf_sql_step(stmt, err)) == 1)
        if ((rc = check_piece(check, stmt, &last, &next, err)))
            break;
    mf_sql_finalize(&stmt, 1);
    return rc;
}

/* ---- after all of these and the blocks ---- */

static void tell_unseen(struct mf_check *check,
                        const struct mf_check_places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        const struct mf_check_place *place = &places->list[i];
        if (place->is_seen)
            continue;
        if (place->frame)
            mf_check__fault(check,
                            "flow %" PRIu64 ": frame %" PRIu64
                            ", slot %u does not have its %s",
                            place->number, place->frame, place->slot,
                            place->first == MF_BLOCK_HEAD ? "snapshot"
                                                          : "messages");
        else
            mf_check__fault(check, "flow %" PRIu64 ": its snapshot is nowhere",
                            place->number);
    }
}

int mf_check__places(struct mf_check *check, struct mf_err *err)
{
    (void)err;
    tell_unseen(check, &check->heads);
    tell_unseen(check, &check->pieces);
    return 0;
}
