/* What has ended goes into blocks. */
#include <stdlib.h>

#include "flow/messages.h"
#include "store/batch_impl.h"
#include "store/sql.h"

static int out_of_memory(struct mf_err *err)
{
    return mf_err_set(err, MF_ENOMEM, "out of memory");
}

/* ---- when ---- */

/*
 * When many flows end, a block is cut as soon as there is enough for one, of
 * all but what would not fill a frame; then little is written twice. When few
 * do, they wait in `recent` until there is enough.
 */
void mf_batch__plan_packing(struct mf_batch *batch,
                            const struct mf_taken *taken)
{
    size_t ended = 0, len;
    for (size_t i = 0; i < taken->count; i++) {
        const struct mf_version *version = &taken->versions[i];
        if (!version->flow || version->state == MF_FLOW_LIVE)
            continue;
        mf_flow_snapshot(version->flow, &len);
        ended += len;
    }
    size_t all = ended + mf_recent_ready(batch->store->recent);
    batch->packs = all >= batch->store->limits.block_bytes;
    batch->ended_left = ended;
    batch->leave = all % MF_FRAME_LEN;
}

/* ---- heads that wait ---- */

/* The head of flow `number`; NULL if it does not wait any more, or is
 * damaged. */
static int read_waiting(struct mf_batch *batch, uint64_t number,
                        struct mf_flow **ret_flow, struct mf_err *err)
{
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_GET_RECENT);
    *ret_flow = NULL;
    mf_sql_bind_int(stmt, 1, number);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc;
    rc = 0;
    if (!sqlite3_column_int(stmt, 1))
        rc = mf_flow_from_snapshot(sqlite3_column_blob(stmt, 0),
                                   (size_t)sqlite3_column_bytes(stmt, 0),
                                   MF_FLOW_ENDED, ret_flow, err);
    sqlite3_reset(stmt);
    return rc == MF_ENOMEM ? rc : 0;
}

static int pack_head(struct mf_batch *batch, uint64_t number,
                     struct mf_err *err)
{
    const struct mf_block_entry entry = {.number = number,
                                         .first = MF_BLOCK_HEAD};
    struct mf_flow *flow;
    uint64_t frame;
    unsigned slot;
    int rc = read_waiting(batch, number, &flow, err);
    if (rc || !flow)
        return rc;
    rc = mf_pack_add(batch->pack, &entry, flow, &frame, &slot);
    mf_flow_unref(flow);
    if (rc)
        return out_of_memory(err);
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_PLACE_FLOW);
    mf_sql_bind_int(stmt, 1, number);
    mf_sql_bind_int(stmt, 2, frame);
    mf_sql_bind_int(stmt, 3, slot);
    rc = mf_sql_run(stmt, err);
    stmt = mf_batch__stmt(batch, MF_BATCH_DELETE_RECENT);
    mf_sql_bind_int(stmt, 1, number);
    return rc ? rc : mf_sql_run(stmt, err);
}

/* ---- pieces that wait ---- */

/* Pieces that follow one another, to be one. */
struct run {
    uint64_t first;
    uint64_t count;
    struct mf_flow *flow; /* owned; NULL: there are none */
};

/* What gather() takes together. */
struct gathering {
    struct run run;
    enum mf_flow_type type;
    struct mf_buf id;
    struct mf_buf fields;
};

/* Add the piece that `stmt` stands on. 1: it does not follow the last. */
static int add_to_run(sqlite3_stmt *stmt, struct gathering *gathering)
{
    struct run *run = &gathering->run;
    uint64_t first = (uint64_t)sqlite3_column_int64(stmt, 0);
    if (run->count && first != run->first + run->count)
        return 1;
    int rc = mf_buf_append(&gathering->fields, sqlite3_column_blob(stmt, 2),
                           (size_t)sqlite3_column_bytes(stmt, 2));
    if (!rc && !run->count) {
        run->first = first;
        gathering->type = (enum mf_flow_type)sqlite3_column_int(stmt, 3);
        rc = mf_buf_append(&gathering->id, sqlite3_column_blob(stmt, 4),
                           (size_t)sqlite3_column_bytes(stmt, 4));
    }
    run->count += (uint64_t)sqlite3_column_int64(stmt, 1);
    return rc;
}

static int make_run(struct gathering *gathering, struct mf_err *err)
{
    struct mf_span id = {(char *)gathering->id.data, gathering->id.len};
    struct mf_buf piece;
    mf_buf_init(&piece, SIZE_MAX);
    int rc = mf_messages_put_piece(gathering->type, id, gathering->fields.data,
                                   gathering->fields.len, &piece);
    if (!rc)
        rc = mf_flow_from_snapshot(piece.data, piece.len, MF_FLOW_ENDED,
                                   &gathering->run.flow, err);
    mf_buf_release(&piece);
    return rc == MF_ECORRUPT || rc == MF_EINVAL ? 0 : rc;
}

/* Gather pieces of flow `number` from message `from` on, up to a frame. */
static int gather(struct mf_batch *batch, uint64_t number, uint64_t from,
                  struct run *ret_run, struct mf_err *err)
{
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_GET_PIECES);
    struct gathering gathering = {0};
    int rc = 0;
    mf_buf_init(&gathering.id, SIZE_MAX);
    mf_buf_init(&gathering.fields, SIZE_MAX);
    mf_sql_bind_int(stmt, 1, number);
    mf_sql_bind_int(stmt, 2, from);
    while (!rc && gathering.fields.len < MF_FRAME_LEN &&
           (rc = mf_sql_step(stmt, err)) == 1)
        rc = add_to_run(stmt, &gathering);
    sqlite3_reset(stmt);
    if (rc >= 0 && gathering.run.count)
        rc = make_run(&gathering, err);
    mf_buf_release(&gathering.id);
    mf_buf_release(&gathering.fields);
    *ret_run = gathering.run;
    return rc < 0 ? rc : 0;
}

static int place_run(struct mf_batch *batch, uint64_t number,
                     const struct run *run, struct mf_err *err)
{
    const struct mf_block_entry entry = {.number = number, .first = run->first};
    uint64_t frame;
    unsigned slot;
    if (mf_pack_add(batch->pack, &entry, run->flow, &frame, &slot))
        return out_of_memory(err);
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_DELETE_PIECE);
    mf_sql_bind_int(stmt, 1, number);
    mf_sql_bind_int(stmt, 2, run->first);
    mf_sql_bind_int(stmt, 3, run->first + run->count);
    int rc = mf_sql_run(stmt, err);
    stmt = mf_batch__stmt(batch, MF_BATCH_PLACE_PIECE);
    mf_sql_bind_int(stmt, 1, number);
    mf_sql_bind_int(stmt, 2, run->first);
    mf_sql_bind_int(stmt, 3, run->count);
    mf_sql_bind_int(stmt, 4, frame);
    mf_sql_bind_int(stmt, 5, slot);
    return rc ? rc : mf_sql_run(stmt, err);
}

static int pack_pieces(struct mf_batch *batch, uint64_t number,
                       struct mf_err *err)
{
    struct run run = {0};
    uint64_t from = 0;
    int rc;
    do {
        rc = gather(batch, number, from, &run, err);
        if (!rc && run.flow)
            rc = place_run(batch, number, &run, err);
        mf_flow_unref(run.flow);
        from = run.first + run.count;
    } while (!rc && run.count);
    return rc;
}

int mf_batch__pack_waiting(struct mf_batch *batch, struct mf_err *err)
{
    size_t count;
    int rc = 0;
    const uint64_t *numbers = mf_recent_heads(batch->store->recent, &count);
    for (size_t i = 0; !rc && i < count; i++)
        rc = pack_head(batch, numbers[i], err);
    numbers = mf_recent_pieces(batch->store->recent, &count);
    for (size_t i = 0; !rc && i < count; i++)
        rc = pack_pieces(batch, numbers[i], err);
    return rc;
}

/* ---- blocks ---- */

static int put_signatures(struct mf_batch *batch, uint64_t frame,
                          const struct mf_made_block *made, struct mf_err *err)
{
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_PUT_UNSEALED);
    int rc = 0;
    for (unsigned i = 0; !rc && i < made->frame_count; i++) {
        mf_sql_bind_int(stmt, 1, frame + i);
        mf_sql_bind_int(stmt, 2, made->has_binary[i]);
        mf_sql_bind_blob(stmt, 3,
                         made->signatures[i].len ? made->signatures[i].data
                                                 : (const uint8_t *)"",
                         made->signatures[i].len);
        rc = mf_sql_run(stmt, err);
    }
    return rc;
}

static int put_block(struct mf_batch *batch, uint64_t frame,
                     const struct mf_made_block *made, struct mf_err *err)
{
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_PUT_BLOCK);
    if (made->greatest_number > batch->next.ceiling)
        batch->next.ceiling = made->greatest_number;
    mf_sql_bind_int(stmt, 1, frame);
    mf_sql_bind_int(stmt, 2, made->frame_count);
    mf_sql_bind_int(stmt, 3, made->entry_count);
    mf_sql_bind_int(stmt, 4, batch->next.ceiling);
    mf_sql_bind_blob(stmt, 5, made->data.data, made->data.len);
    int rc = mf_sql_run(stmt, err);
    return rc ? rc : put_signatures(batch, frame, made, err);
}

static int compare_dead(const void *a, const void *b)
{
    const struct mf_dead_entry *x = a, *y = b;
    return x->frame < y->frame ? -1 : x->frame > y->frame ? 1 : 0;
}

/* The block that has `frame`: its first frame and the one after its last. */
static int find_block(struct mf_batch *batch, uint64_t frame,
                      uint64_t *ret_first, uint64_t *ret_end,
                      struct mf_err *err)
{
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_FIND_BLOCK);
    mf_sql_bind_int(stmt, 1, frame);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc ? rc : MF_ENOENT;
    *ret_first = (uint64_t)sqlite3_column_int64(stmt, 0);
    *ret_end = *ret_first + (uint64_t)sqlite3_column_int64(stmt, 1);
    sqlite3_reset(stmt);
    return frame < *ret_end ? 0 : MF_ENOENT;
}

static int put_dead(struct mf_batch *batch, struct mf_err *err)
{
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_PUT_DEAD);
    size_t at = 0;
    if (batch->dead_count)
        qsort(batch->dead, batch->dead_count, sizeof *batch->dead,
              compare_dead);
    while (at < batch->dead_count) {
        uint64_t first, end, count = 0;
        uint32_t purge = 0;
        int rc = find_block(batch, batch->dead[at].frame, &first, &end, err);
        if (rc == MF_ENOENT) {
            at++; /* the block is gone already */
            continue;
        }
        for (; !rc && at < batch->dead_count && batch->dead[at].frame < end;
             at++, count++)
            purge |= batch->dead[at].purge;
        if (!rc) {
            mf_sql_bind_int(stmt, 1, first);
            mf_sql_bind_int(stmt, 2, count);
            mf_sql_bind_int(stmt, 3, purge);
            rc = mf_sql_run(stmt, err);
        }
        if (rc)
            return rc;
    }
    return 0;
}

int mf_batch__put_blocks(struct mf_batch *batch, struct mf_err *err)
{
    struct mf_made_block made;
    uint64_t frame;
    int rc = 0;
    if (mf_pack_end(batch->pack, &batch->next.last_frame))
        return out_of_memory(err);
    while (!rc && (rc = mf_pack_next(batch->pack, &frame, &made)) == 1) {
        rc = put_block(batch, frame, &made, err);
        mf_made_block_release(&made);
    }
    if (rc == MF_ENOMEM || rc == MF_EFULL)
        return rc == MF_ENOMEM ? out_of_memory(err) : rc;
    return rc ? rc : put_dead(batch, err);
}

int mf_batch__read_frame(struct mf_batch *batch, uint64_t frame, unsigned slot,
                         struct mf_buf *out, struct mf_err *err)
{
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_GET_BLOCK);
    mf_sql_bind_int(stmt, 1, frame);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc ? rc : MF_ECORRUPT;
    uint64_t first = (uint64_t)sqlite3_column_int64(stmt, 0);
    const uint8_t *data = sqlite3_column_blob(stmt, 1);
    size_t len = (size_t)sqlite3_column_bytes(stmt, 1);
    struct mf_frame *read = NULL;
    rc = frame - first < MF_BLOCK_FRAMES_MAX
             ? mf_frame_read(data, len, (unsigned)(frame - first), &read, err)
             : MF_ECORRUPT;
    if (!rc)
        rc = slot < mf_frame_entry_count(read)
                 ? mf_frame_snapshot(read, slot, data, len, out, err)
                 : MF_ECORRUPT;
    mf_frame_free(read);
    sqlite3_reset(stmt);
    return rc;
}
