#include "store/resign.h"

#include <stdlib.h>

#include "base/clock.h"
#include "store/block.h"
#include "store/group_writer.h"
#include "store/seal.h"
#include "store/sql.h"

enum {
    GET_BLOCK,
    NEXT_BLOCK,
    PUT_UNSEALED,
    DROP_IF_EMPTY,
    SET_RESIGNED,
    STATEMENTS
};

static const char *const sql[STATEMENTS] = {
    [GET_BLOCK] = "SELECT frame, frames, data FROM block WHERE frame <= ?1"
                  " ORDER BY frame DESC LIMIT 1",
    [NEXT_BLOCK] = "SELECT frame FROM block WHERE frame > ?1"
                   " ORDER BY frame LIMIT 1",
    [PUT_UNSEALED] = "INSERT OR REPLACE INTO unsealed (frame, has_binary,"
                     " signature) VALUES (?1, ?2, ?3)",
    /* Its blocks may have gone on the way. */
    [DROP_IF_EMPTY] =
        "DELETE FROM posting WHERE id BETWEEN ?1 AND ?2 AND NOT EXISTS"
        " (SELECT 1 FROM block WHERE frame <= ?4 AND frame + frames > ?3)",
    [SET_RESIGNED] = "UPDATE store SET resigned = ?1",
};

/* Of postings, in one piece of work. */
static const int64_t put_ns = INT64_C(2000000);

struct mf_resign {
    sqlite3_stmt *stmts[STATEMENTS];
    struct mf_block_maker *maker;
    struct mf_buf snapshot;
    struct mf_buf signature;
    struct mf_group_writer group;
    uint64_t next; /* frame of the group in work */
};

/* A frame that was signed. */
struct signed_frame {
    bool is_there; /* and can be read */
    bool has_binary;
};

int mf_resign_new(sqlite3 *db, struct mf_resign **ret_resign,
                  struct mf_err *err)
{
    struct mf_resign *resign = calloc(1, sizeof *resign);
    if (!resign)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    mf_buf_init(&resign->snapshot, SIZE_MAX);
    mf_buf_init(&resign->signature, SIZE_MAX);
    resign->maker = mf_block_maker_new();
    int rc = resign->maker
                 ? mf_sql_prepare(db, sql, STATEMENTS, resign->stmts, err)
                 : mf_err_set(err, MF_ENOMEM, "out of memory");
    if (!rc)
        rc = mf_group_writer_init(&resign->group, db, err);
    if (rc)
        mf_resign_free(resign);
    else
        *ret_resign = resign;
    return rc;
}

void mf_resign_free(struct mf_resign *resign)
{
    if (!resign)
        return;
    mf_group_writer_release(&resign->group);
    mf_sql_finalize(resign->stmts, STATEMENTS);
    mf_block_maker_free(resign->maker);
    mf_buf_release(&resign->snapshot);
    mf_buf_release(&resign->signature);
    free(resign);
}

void mf_resign_abandon(struct mf_resign *resign)
{
    mf_group_writer_abandon(&resign->group);
}

/* ---- one frame ---- */

static int add_entry(struct mf_resign *resign, struct mf_frame *frame,
                     size_t slot, const void *block, size_t len)
{
    struct mf_flow *flow;
    unsigned frame_at, slot_at;
    mf_buf_clear(&resign->snapshot);
    int rc =
        mf_frame_snapshot(frame, slot, block, len, &resign->snapshot, NULL);
    if (!rc)
        rc = mf_flow_from_snapshot(resign->snapshot.data, resign->snapshot.len,
                                   MF_FLOW_ENDED, &flow, NULL);
    if (rc)
        return rc;
    rc = mf_block_maker_add(resign->maker, mf_frame_entry(frame, slot), flow,
                            &frame_at, &slot_at);
    mf_flow_unref(flow);
    return rc;
}

/* What is damaged is signed without: nobody finds it, and `check` tells. */
static int sign_frame(struct mf_resign *resign, const void *block, size_t len,
                      unsigned at, struct signed_frame *ret_signed)
{
    struct mf_frame *frame;
    int rc = mf_frame_read(block, len, at, &frame, NULL);
    if (rc)
        return rc == MF_ENOMEM ? rc : 0;
    size_t count = mf_frame_entry_count(frame);
    for (size_t slot = 0; rc != MF_ENOMEM && slot < count; slot++)
        rc = add_entry(resign, frame, slot, block, len);
    mf_frame_free(frame);
    mf_buf_clear(&resign->signature);
    int sign_rc = mf_block_maker_sign(resign->maker, &resign->signature,
                                      &ret_signed->has_binary);
    ret_signed->is_there = !sign_rc;
    return rc == MF_ENOMEM || sign_rc == MF_ENOMEM ? MF_ENOMEM : 0;
}

/* Sign the first frame from *frame on, which becomes its number; not there: no
 * block has any. */
static int sign_next(struct mf_resign *resign, uint64_t *frame,
                     struct signed_frame *ret_signed, struct mf_err *err)
{
    sqlite3_stmt *stmt = resign->stmts[GET_BLOCK];
    *ret_signed = (struct signed_frame){0};
    mf_sql_bind_int(stmt, 1, *frame);
    int rc = mf_sql_step(stmt, err);
    if (rc < 0)
        return rc;
    uint64_t first = rc ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    uint64_t frames = rc ? (uint64_t)sqlite3_column_int64(stmt, 1) : 0;
    if (*frame - first < frames) {
        rc = sign_frame(resign, sqlite3_column_blob(stmt, 2),
                        (size_t)sqlite3_column_bytes(stmt, 2),
                        (unsigned)(*frame - first), ret_signed);
        sqlite3_reset(stmt);
        return rc ? mf_err_set(err, rc, "out of memory") : 0;
    }
    sqlite3_reset(stmt);
    stmt = resign->stmts[NEXT_BLOCK];
    mf_sql_bind_int(stmt, 1, *frame);
    rc = mf_sql_step(stmt, err);
    *frame = rc == 1 ? (uint64_t)sqlite3_column_int64(stmt, 0) : UINT64_MAX;
    sqlite3_reset(stmt);
    /* The next piece of work signs it. */
    return rc < 0 ? rc : 0;
}

/* ---- groups ---- */

static int set_resigned(struct mf_resign *resign, uint64_t frame,
                        uint64_t *resigned, struct mf_err *err)
{
    mf_sql_bind_int(resign->stmts[SET_RESIGNED], 1, frame);
    int rc = mf_sql_run(resign->stmts[SET_RESIGNED], err);
    if (!rc)
        *resigned = frame;
    return rc;
}

static int drop_if_empty(struct mf_resign *resign, uint64_t group,
                         struct mf_err *err)
{
    sqlite3_stmt *stmt = resign->stmts[DROP_IF_EMPTY];
    mf_sql_bind_int(stmt, 1, mf_posting_id(group, 0));
    mf_sql_bind_int(stmt, 2, mf_posting_id(group, MF_POSTING_BINARY_PART));
    mf_sql_bind_int(stmt, 3, group * MF_GROUP_FRAMES);
    mf_sql_bind_int(stmt, 4, (group + 1) * MF_GROUP_FRAMES - 1);
    return mf_sql_run(stmt, err);
}

static int step_sealed(struct mf_resign *resign, uint64_t group,
                       uint64_t *resigned, struct mf_err *err)
{
    uint64_t first = group * MF_GROUP_FRAMES;
    uint64_t last = first + MF_GROUP_FRAMES - 1;
    struct signed_frame frame;
    int rc;
    if (!mf_group_writer_is_at(&resign->group, group)) {
        rc = mf_group_writer_begin(&resign->group, group, err);
        resign->next = first;
        return rc;
    }
    if (resign->next <= last) {
        uint64_t at = resign->next;
        rc = sign_next(resign, &resign->next, &frame, err);
        if (!rc && frame.is_there)
            rc = mf_group_writer_add(&resign->group, at, frame.has_binary,
                                     resign->signature.data,
                                     resign->signature.len, err);
        if (resign->next == at)
            resign->next++;
        return rc;
    }
    rc = mf_group_writer_put(&resign->group, mf_clock_mono_ns() + put_ns, err);
    if (rc)
        return rc < 0 ? rc : 0;
    mf_group_writer_abandon(&resign->group);
    rc = drop_if_empty(resign, group, err);
    return rc ? rc : set_resigned(resign, last, resigned, err);
}

static int step_open(struct mf_resign *resign, uint64_t resign_to,
                     uint64_t *resigned, struct mf_err *err)
{
    uint64_t at = *resigned + 1, next = at;
    struct signed_frame frame;
    int rc = sign_next(resign, &next, &frame, err);
    if (!rc && frame.is_there) {
        sqlite3_stmt *stmt = resign->stmts[PUT_UNSEALED];
        mf_sql_bind_int(stmt, 1, at);
        mf_sql_bind_int(stmt, 2, frame.has_binary);
        mf_sql_bind_blob(stmt, 3, resign->signature.data,
                         resign->signature.len);
        rc = mf_sql_run(stmt, err);
    }
    uint64_t done = next == at ? at : next - 1;
    return rc ? rc
              : set_resigned(resign, done < resign_to ? done : resign_to,
                             resigned, err);
}

int mf_resign_step(struct mf_resign *resign, uint64_t sealed_groups,
                   uint64_t resign_to, uint64_t *resigned, struct mf_err *err)
{
    uint64_t group = mf_group_of(*resigned + 1);
    return group < sealed_groups ? step_sealed(resign, group, resigned, err)
                                 : step_open(resign, resign_to, resigned, err);
}
