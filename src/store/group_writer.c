#include "store/group_writer.h"

#include <string.h>

#include "base/clock.h"
#include "store/seal.h"
#include "store/sql.h"

enum { PUT, DROP };

static const char *const sql[MF_GROUP_WRITER_STATEMENTS] = {
    [PUT] = "INSERT OR REPLACE INTO posting (id, data) VALUES (?1, ?2)",
    [DROP] = "DELETE FROM posting WHERE id = ?1",
};

int mf_group_writer_init(struct mf_group_writer *writer, sqlite3 *db,
                         struct mf_err *err)
{
    *writer = (struct mf_group_writer){0};
    mf_buf_init(&writer->out, SIZE_MAX);
    return mf_sql_prepare(db, sql, MF_GROUP_WRITER_STATEMENTS, writer->stmts,
                          err);
}

void mf_group_writer_release(struct mf_group_writer *writer)
{
    mf_group_writer_abandon(writer);
    mf_sql_finalize(writer->stmts, MF_GROUP_WRITER_STATEMENTS);
    mf_buf_release(&writer->out);
}

bool mf_group_writer_is_at(const struct mf_group_writer *writer, uint64_t group)
{
    return writer->postings && writer->group == group;
}

int mf_group_writer_begin(struct mf_group_writer *writer, uint64_t group,
                          struct mf_err *err)
{
    mf_group_writer_abandon(writer);
    writer->postings = mf_postings_new();
    if (!writer->postings)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    memset(&writer->binary, 0, sizeof writer->binary);
    writer->group = group;
    writer->has_frames = false;
    writer->next_part = 0;
    return 0;
}

void mf_group_writer_abandon(struct mf_group_writer *writer)
{
    mf_postings_free(writer->postings);
    writer->postings = NULL;
}

int mf_group_writer_add(struct mf_group_writer *writer, uint64_t frame,
                        bool has_binary, const void *signature, size_t len,
                        struct mf_err *err)
{
    unsigned at = mf_frame_in_group(frame);
    if (has_binary)
        writer->binary.bits[at / 64] |= UINT64_C(1) << (at % 64);
    int rc = mf_postings_add(writer->postings, at, signature, len);
    writer->has_frames = true;
    return rc == MF_ECORRUPT ? 0
           : rc              ? mf_err_set(err, rc, "out of memory")
                             : 0;
}

static int put_row(struct mf_group_writer *writer, size_t part,
                   const void *data, size_t len, struct mf_err *err)
{
    sqlite3_stmt *stmt = writer->stmts[len ? PUT : DROP];
    mf_sql_bind_int(stmt, 1, mf_posting_id(writer->group, part));
    if (len)
        mf_sql_bind_blob(stmt, 2, data, len);
    return mf_sql_run(stmt, err);
}

static int put_binary(struct mf_group_writer *writer, struct mf_err *err)
{
    uint8_t bytes[sizeof writer->binary.bits];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(writer->binary.bits[i / 8] >> (8 * (i % 8)));
    return put_row(writer, MF_POSTING_BINARY_PART, bytes, sizeof bytes, err);
}

int mf_group_writer_put(struct mf_group_writer *writer, int64_t until_ns,
                        struct mf_err *err)
{
    size_t count = writer->has_frames ? mf_postings_part_count() : 0;
    while (writer->next_part < count) {
        if (mf_clock_mono_ns() >= until_ns)
            return 1;
        mf_buf_clear(&writer->out);
        int rc = mf_postings_put_part(writer->postings, writer->next_part,
                                      &writer->out);
        if (rc)
            return mf_err_set(err, rc, "postings: %s", mf_err_message(rc));
        rc = put_row(writer, writer->next_part, writer->out.data,
                     writer->out.len, err);
        if (rc)
            return rc;
        writer->next_part++;
    }
    return writer->has_frames ? put_binary(writer, err) : 0;
}
