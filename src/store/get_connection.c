/* What is known of one connection. */
#include "store/lookup.h"
#include "store/reader_impl.h"

static int read_row(sqlite3_stmt *stmt, struct mf_known_connection *known)
{
    *known = (struct mf_known_connection){
        .is_server = sqlite3_column_int(stmt, 0) != 0,
        .event = (uint32_t)sqlite3_column_int64(stmt, 1),
        .at_ns = sqlite3_column_int64(stmt, 2),
        .opened_ns = sqlite3_column_int64(stmt, 3),
        .closed_ns = sqlite3_column_int64(stmt, 4),
    };
    struct mf_span error = mf_row_span(stmt, 5), conn = mf_row_span(stmt, 6);
    mf_buf_init(&known->bytes, SIZE_MAX);
    int rc = mf_buf_append(&known->bytes, error.text, error.len);
    if (!rc)
        rc = mf_buf_append(&known->bytes, conn.text, conn.len);
    if (rc) {
        mf_buf_release(&known->bytes);
        return rc;
    }
    const char *bytes = (const char *)known->bytes.data;
    known->error = (struct mf_span){bytes, error.len};
    known->conn = (struct mf_span){bytes ? bytes + error.len : bytes, conn.len};
    return 0;
}

int mf_reader_connection(struct mf_reader *reader, struct mf_span id,
                         const char *source,
                         struct mf_known_connection *ret_known,
                         struct mf_err *err)
{
    sqlite3_stmt *stmt = reader->stmts[MF_READ_CONNECTION];
    if (!id.len)
        return 0;
    mf_sql_bind_int(stmt, 1, mf_store__key(reader->store, id));
    mf_sql_bind_text(stmt, 2, source);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc;
    rc = read_row(stmt, ret_known);
    sqlite3_reset(stmt);
    return rc ? mf_err_set(err, rc, "out of memory") : 1;
}

void mf_known_connection_release(struct mf_known_connection *known)
{
    mf_buf_release(&known->bytes);
}
