#include "store/rows.h"

#include "flow/summary.h"

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
