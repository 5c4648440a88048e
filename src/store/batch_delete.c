/* Flows that go, and what is remembered of them. */
#include "flow/connection.h"
#include "store/aside.h"
#include "store/batch_impl.h"
#include "store/purge.h"
#include "store/sql.h"

/* Keys of deleted flows that may go on; older ones are forgotten. */
enum { GROWING_MAX = 100000 };

static int out_of_memory(struct mf_err *err)
{
    return mf_err_set(err, MF_ENOMEM, "out of memory");
}

int mf_batch__delete_pieces(struct mf_batch *batch, uint64_t number,
                            uint32_t purge, struct mf_err *err)
{
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_DELETE_PIECES);
    mf_sql_bind_int(stmt, 1, number);
    int rc;
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        uint64_t frame = (uint64_t)sqlite3_column_int64(stmt, 0);
        if (frame && mf_batch__add_dead(batch, frame, purge)) {
            sqlite3_reset(stmt);
            return out_of_memory(err);
        }
    }
    return rc;
}

static int delete_rows(struct mf_batch *batch, const struct mf_version *version,
                       struct mf_err *err)
{
    uint32_t purge = version->is_evicted ? 0 : MF_PURGE_DELETED;
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_DELETE_FLOW);
    mf_sql_bind_int(stmt, 1, version->number);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc;
    uint64_t frame = (uint64_t)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    rc = 0;
    if (!frame) {
        stmt = mf_batch__stmt(batch, MF_BATCH_DELETE_RECENT);
        mf_sql_bind_int(stmt, 1, version->number);
        rc = mf_sql_run(stmt, err);
    } else if (mf_batch__add_dead(batch, frame, purge)) {
        rc = out_of_memory(err);
    }
    return rc ? rc
              : mf_batch__delete_pieces(batch, version->number, purge, err);
}

static int bury(struct mf_batch *batch, const struct mf_version *version,
                struct mf_err *err)
{
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_PUT_TOMBSTONE);
    mf_sql_bind_int(stmt, 1, version->change);
    mf_sql_bind_int(stmt, 2, version->number);
    if (version->growing)
        mf_sql_bind_int(stmt, 3, version->growing);
    else
        sqlite3_bind_null(stmt, 3);
    batch->next.tombstones++;
    return mf_sql_run(stmt, err);
}

/* ---- its connections ---- */

/* The snapshot of flow `number`; nothing if it is not there. */
static int read_snapshot(struct mf_batch *batch, uint64_t number,
                         struct mf_buf *out, struct mf_err *err)
{
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_WHERE_FLOW);
    mf_sql_bind_int(stmt, 1, number);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc;
    uint64_t frame = (uint64_t)sqlite3_column_int64(stmt, 0);
    unsigned slot = (unsigned)sqlite3_column_int(stmt, 1);
    sqlite3_reset(stmt);
    if (frame)
        return mf_batch__read_frame(batch, frame, slot, out, err);
    stmt = mf_batch__stmt(batch, MF_BATCH_GET_RECENT);
    mf_sql_bind_int(stmt, 1, number);
    rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc;
    rc = mf_buf_append(out, sqlite3_column_blob(stmt, 0),
                       (size_t)sqlite3_column_bytes(stmt, 0));
    sqlite3_reset(stmt);
    return rc ? out_of_memory(err) : 0;
}

static int forget(struct mf_batch *batch, const struct mf_version *version,
                  struct mf_span id, struct mf_err *err)
{
    const struct mf_span source = {version->source->text, version->source->len};
    return id.len
               ? mf_aside_tables_forget(batch->store->asides,
                                        mf_front_key(batch->store->front, id),
                                        source, err)
               : 0;
}

/* What cannot be read names none. */
static int forget_connections(struct mf_batch *batch,
                              const struct mf_version *version,
                              struct mf_err *err)
{
    struct mf_flow *flow = NULL;
    struct mf_buf snapshot;
    mf_buf_init(&snapshot, SIZE_MAX);
    int rc = read_snapshot(batch, version->number, &snapshot, err);
    if (!rc && snapshot.len)
        rc = mf_flow_from_snapshot(snapshot.data, snapshot.len, version->state,
                                   &flow, err);
    if (!rc && flow)
        rc = forget(batch, version, mf_flow_client_id(flow), err);
    if (!rc && flow)
        rc = forget(batch, version, mf_flow_server_id(flow), err);
    mf_flow_unref(flow);
    mf_buf_release(&snapshot);
    return rc == MF_ECORRUPT || rc == MF_EINVAL ? 0 : rc;
}

int mf_batch__delete(struct mf_batch *batch, const struct mf_version *version,
                     struct mf_err *err)
{
    int rc = version->is_evicted
                 ? 0
                 : mf_aside_tables_forget_descriptors(batch->store->asides,
                                                      version->number, err);
    if (!rc && !version->is_new) {
        if (version->forgets)
            rc = forget_connections(batch, version, err);
        if (!rc)
            rc = delete_rows(batch, version, err);
        batch->next.flow_count--;
        batch->next.pinned_count -= version->was_pinned;
        batch->next.evicted_count += version->is_evicted;
    }
    return rc ? rc : bury(batch, version, err);
}

int mf_batch__trim_tombstones(struct mf_batch *batch, struct mf_err *err)
{
    uint64_t keep = batch->store->limits.tombstones;
    if (batch->next.tombstones <= 2 * keep)
        return 0;
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_NTH_TOMBSTONE);
    mf_sql_bind_int(stmt, 1, keep);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc;
    uint64_t floor = (uint64_t)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    stmt = mf_batch__stmt(batch, MF_BATCH_DROP_TOMBSTONES);
    mf_sql_bind_int(stmt, 1, floor);
    rc = mf_sql_run(stmt, err);
    batch->next.tombstone_floor = floor;
    batch->next.tombstones = keep;
    if (rc)
        return rc;
    /* Keys of flows that never ended, since their proxies are gone. */
    stmt = mf_batch__stmt(batch, MF_BATCH_DROP_GROWING);
    mf_sql_bind_int(stmt, 1, GROWING_MAX);
    return mf_sql_run(stmt, err);
}
