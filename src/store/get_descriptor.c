/* The files of message types that are kept. */
#include "store/reader_impl.h"

int mf_reader_descriptors(struct mf_reader *reader,
                          mf_reader_visit_descriptor *visit, void *user,
                          struct mf_err *err)
{
    sqlite3_stmt *stmt = reader->stmts[MF_READ_DESCRIPTORS];
    int rc;
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        const struct mf_kept_descriptor descriptor = {
            .flow = (uint64_t)sqlite3_column_int64(stmt, 0),
            .bytes = mf_row_span(stmt, 1),
        };
        rc = visit(user, &descriptor);
        if (rc) {
            sqlite3_reset(stmt);
            return mf_err_set(err, rc, "%s", mf_err_message(rc));
        }
    }
    return rc;
}
