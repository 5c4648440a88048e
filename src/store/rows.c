#include "store/rows.h"

#include "flow/summary.h"
#include "store/sql.h"

struct mf_span mf_row_span(sqlite3_stmt *stmt, int at)
{
    const char *data = sqlite3_column_blob(stmt, at);
    size_t len = (size_t)sqlite3_column_bytes(stmt, at);
    return (struct mf_span){data ? data : "", data ? len : 0};
}

static uint32_t row_u32(sqlite3_stmt *stmt, int at)
{
    sqlite3_int64 value = sqlite3_column_int64(stmt, at);
    return value < 0 ? 0 : value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static uint16_t row_u16(sqlite3_stmt *stmt, int at)
{
    uint32_t value = row_u32(stmt, at);
    return value > UINT16_MAX ? 0 : (uint16_t)value;
}

int mf_row_columns(sqlite3_stmt *stmt, struct mf_columns *ret_columns)
{
    uint32_t type = row_u32(stmt, MF_ROW_TYPE);
    uint32_t state = row_u32(stmt, MF_ROW_STATE);
    if (type < MF_FLOW_HTTP || type > MF_FLOW_UDP || state < MF_FLOW_LIVE ||
        state > MF_FLOW_CUT_OFF)
        return MF_ECORRUPT;
    *ret_columns = (struct mf_columns){
        .number = (uint64_t)sqlite3_column_int64(stmt, MF_ROW_NUMBER),
        .change = (uint64_t)sqlite3_column_int64(stmt, MF_ROW_CHANGE),
        .flags = row_u32(stmt, MF_ROW_FLAGS),
        .type = (uint8_t)type,
        .state = (uint8_t)state,
        .status = row_u16(stmt, MF_ROW_STATUS),
        .client_port = row_u16(stmt, MF_ROW_CLIENT_PORT),
        .server_port = row_u16(stmt, MF_ROW_SERVER_PORT),
        .method = row_u32(stmt, MF_ROW_METHOD),
        .host = row_u32(stmt, MF_ROW_HOST),
        .client = row_u32(stmt, MF_ROW_CLIENT),
        .source = row_u32(stmt, MF_ROW_SOURCE_NAME),
        .response_type = row_u32(stmt, MF_ROW_RESPONSE_TYPE),
        .request_type = row_u32(stmt, MF_ROW_REQUEST_TYPE),
        .start_ns = sqlite3_column_int64(stmt, MF_ROW_START),
        .duration_ms = sqlite3_column_double(stmt, MF_ROW_DURATION),
        .client_bytes =
            (uint64_t)sqlite3_column_int64(stmt, MF_ROW_CLIENT_BYTES),
        .server_bytes =
            (uint64_t)sqlite3_column_int64(stmt, MF_ROW_SERVER_BYTES),
        .message_count = row_u32(stmt, MF_ROW_MESSAGES),
    };
    return 0;
}

int mf_row_join(sqlite3_stmt *stmt, const struct mf_columns *columns,
                const struct mf_names *names, struct mf_buf *out)
{
    const struct mf_summary_row row = {
        .id = mf_row_span(stmt, MF_ROW_ID),
        .columns = columns,
        .texts =
            {
                .names =
                    {
                        [MF_NAME_METHOD] = mf_names_text(names, MF_NAME_METHOD,
                                                         columns->method),
                        [MF_NAME_HOST] =
                            mf_names_text(names, MF_NAME_HOST, columns->host),
                        [MF_NAME_CLIENT] = mf_names_text(names, MF_NAME_CLIENT,
                                                         columns->client),
                    },
                .response_type = mf_names_text(names, MF_NAME_CONTENT_TYPE,
                                               columns->response_type),
            },
        .url = mf_row_span(stmt, MF_ROW_URL),
        .rest = mf_row_span(stmt, MF_ROW_SUMMARY),
    };
    return mf_summary_join(&row, out);
}

static const char *row_text(sqlite3_stmt *stmt, int at)
{
    const char *text = (const char *)sqlite3_column_text(stmt, at);
    return text ? text : "";
}

int mf_row_record(sqlite3_stmt *stmt, const struct mf_names *names,
                  struct mf_flow *flow, struct mf_record **ret_record)
{
    struct mf_columns columns;
    struct mf_buf derived;
    mf_buf_init(&derived, SIZE_MAX);
    int rc = mf_row_columns(stmt, &columns);
    if (!rc)
        rc = mf_row_join(stmt, &columns, names, &derived);
    if (!rc) {
        const struct mf_record_head head = {
            .number = columns.number,
            .change = columns.change,
            .pinned = (columns.flags & MF_COLUMN_PINNED) != 0,
            .state = (enum mf_flow_state)columns.state,
            .source = row_text(stmt, MF_ROW_SOURCE),
            .note = row_text(stmt, MF_ROW_NOTE),
        };
        *ret_record = mf_record_new(&head, flow, derived.data, derived.len);
        rc = *ret_record ? 0 : MF_ENOMEM;
    }
    mf_buf_release(&derived);
    return rc;
}

/* ---- writing ---- */

static uint32_t name_id(struct mf_names *names, enum mf_name_kind kind,
                        struct mf_span text)
{
    bool is_new;
    return mf_names_id(names, kind, text, &is_new);
}

void mf_row_name(struct mf_columns *columns,
                 const struct mf_column_texts *texts, struct mf_names *names)
{
    const struct mf_span *text = texts->names;
    columns->method = name_id(names, MF_NAME_METHOD, text[MF_NAME_METHOD]);
    columns->host = name_id(names, MF_NAME_HOST, text[MF_NAME_HOST]);
    columns->client = name_id(names, MF_NAME_CLIENT, text[MF_NAME_CLIENT]);
    columns->source = name_id(names, MF_NAME_SOURCE, text[MF_NAME_SOURCE]);
    columns->response_type =
        name_id(names, MF_NAME_CONTENT_TYPE, texts->response_type);
    columns->request_type =
        name_id(names, MF_NAME_CONTENT_TYPE, texts->request_type);
}

void mf_row_bind(sqlite3_stmt *stmt, const struct mf_columns *columns)
{
    const uint64_t values[] = {
        columns->number,
        columns->change,
        columns->type,
        columns->state,
        columns->flags,
        columns->status,
        columns->client_port,
        columns->server_port,
        columns->method,
        columns->host,
        columns->client,
        columns->source,
        columns->response_type,
        columns->request_type,
        (uint64_t)columns->start_ns,
    };
    enum { VALUES = sizeof values / sizeof *values };
    for (int i = 0; i < VALUES; i++)
        mf_sql_bind_int(stmt, i + 1, values[i]);
    sqlite3_bind_double(stmt, VALUES + 1, columns->duration_ms);
    mf_sql_bind_int(stmt, VALUES + 2, columns->client_bytes);
    mf_sql_bind_int(stmt, VALUES + 3, columns->server_bytes);
    mf_sql_bind_int(stmt, VALUES + 4, columns->message_count);
}

void mf_row_bind_span(sqlite3_stmt *stmt, int at, struct mf_span text)
{
    sqlite3_bind_text64(stmt, at, text.text, text.len, SQLITE_STATIC,
                        SQLITE_UTF8);
}

int mf_row_save_names(sqlite3_stmt *stmt, const struct mf_names *names,
                      uint32_t saved[MF_NAME_KINDS], struct mf_err *err)
{
    int rc = 0;
    for (int kind = 0; !rc && kind < MF_NAME_KINDS; kind++) {
        uint32_t count = mf_names_count(names, kind);
        for (uint32_t id = saved[kind] + 1; !rc && id <= count; id++) {
            mf_sql_bind_int(stmt, 1, (uint64_t)kind);
            mf_sql_bind_int(stmt, 2, id);
            mf_row_bind_span(stmt, 3, mf_names_text(names, kind, id));
            rc = mf_sql_run(stmt, err);
        }
        saved[kind] = count;
    }
    return rc;
}
