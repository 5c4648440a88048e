/* One version of a flow becomes rows. */
#include <string.h>

#include "flow/messages.h"
#include "flow/summary.h"
#include "store/batch_impl.h"
#include "store/purge.h"
#include "store/rows.h"
#include "store/sql.h"

/* What is known of a flow while its version is written. */
struct work {
    const struct mf_version *version;
    bool is_there;      /* in the database, as the next two say */
    uint64_t old_frame; /* 0: in recent */
    unsigned old_slot;
    struct mf_flow *head; /* to store; owned, NULL: stays */
    uint64_t frame;
    unsigned slot;
};

static int out_of_memory(struct mf_err *err)
{
    return mf_err_set(err, MF_ENOMEM, "out of memory");
}

static int find_row(struct mf_batch *batch, struct work *work,
                    struct mf_err *err)
{
    if (work->version->is_new)
        return 0;
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_WHERE_FLOW);
    mf_sql_bind_int(stmt, 1, work->version->number);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc;
    work->is_there = true;
    work->old_frame = (uint64_t)sqlite3_column_int64(stmt, 0);
    work->old_slot = (unsigned)sqlite3_column_int64(stmt, 1);
    sqlite3_reset(stmt);
    return 0;
}

/* ---- the head ---- */

/* Append the stored snapshot. MF_ENOENT, MF_ECORRUPT and others. */
static int read_head(struct mf_batch *batch, const struct work *work,
                     struct mf_buf *out, struct mf_err *err)
{
    if (!work->is_there)
        return MF_ENOENT;
    if (work->old_frame)
        return mf_batch__read_frame(batch, work->old_frame, work->old_slot, out,
                                    err);
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_GET_RECENT);
    mf_sql_bind_int(stmt, 1, work->version->number);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc ? rc : MF_ENOENT;
    rc = mf_buf_append(out, sqlite3_column_blob(stmt, 0),
                       (size_t)sqlite3_column_bytes(stmt, 0));
    sqlite3_reset(stmt);
    return rc;
}

/* The bytes of the head as this version has it. */
static int put_head(struct mf_batch *batch, const struct work *work,
                    struct mf_buf *out, struct mf_err *err)
{
    const struct mf_version *version = work->version;
    size_t len;
    if (!version->flow)
        return read_head(batch, work, out, err);
    if (version->gain && version->gain->is_cut)
        return mf_messages_put_head(version->flow, version->gain->head_count,
                                    out);
    const uint8_t *snapshot = mf_flow_snapshot(version->flow, &len);
    return mf_buf_append(out, snapshot, len);
}

static int extend_head(struct mf_batch *batch, const struct mf_gain *gain)
{
    struct mf_buf longer;
    mf_buf_init(&longer, SIZE_MAX);
    int rc = mf_flow_extend(batch->head.data, batch->head.len,
                            gain->fields.data, gain->fields.len,
                            gain->meta.data, gain->meta.len, &longer);
    if (rc) {
        mf_buf_release(&longer);
        return rc;
    }
    mf_buf_release(&batch->head);
    batch->head = longer;
    return 0;
}

/*
 * Make the head that is to be stored, if it is not as it was. One that cannot
 * be read any more stays what it is.
 */
static int make_head(struct mf_batch *batch, struct work *work,
                     struct mf_err *err)
{
    const struct mf_version *version = work->version;
    const struct mf_gain *gain = version->gain;
    bool is_longer = gain && (gain->fields.len || gain->meta.len);
    bool is_cut = version->flow && gain && gain->is_cut;
    /* A live flow's head is in recent: there it is found when its session
     * ends. */
    bool comes_back =
        !version->flow && work->old_frame && version->state == MF_FLOW_LIVE;
    if (!is_longer && !is_cut && !comes_back) {
        work->head = version->flow ? mf_flow_ref(version->flow) : NULL;
        return 0;
    }
    mf_buf_clear(&batch->head);
    int rc = put_head(batch, work, &batch->head, err);
    if (!rc && is_longer)
        rc = extend_head(batch, gain);
    if (!rc)
        rc = mf_flow_from_snapshot(batch->head.data, batch->head.len,
                                   version->state, &work->head, err);
    if (batch->head.cap > 1 << 20)
        mf_buf_release(&batch->head);
    if (rc != MF_ECORRUPT && rc != MF_ENOENT && rc != MF_EINVAL)
        return rc;
    work->head = version->flow ? mf_flow_ref(version->flow) : NULL;
    return 0;
}

/* ---- where it goes ---- */

static int delete_recent(struct mf_batch *batch, uint64_t number,
                         struct mf_err *err)
{
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_DELETE_RECENT);
    mf_sql_bind_int(stmt, 1, number);
    return mf_sql_run(stmt, err);
}

static int put_recent(struct mf_batch *batch, const struct work *work,
                      struct mf_err *err)
{
    const struct mf_version *version = work->version;
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_PUT_RECENT);
    size_t len;
    const uint8_t *snapshot = mf_flow_snapshot(work->head, &len);
    bool is_live = version->state == MF_FLOW_LIVE;
    mf_sql_bind_int(stmt, 1, version->number);
    mf_sql_bind_text(stmt, 2, version->session->text);
    mf_sql_bind_int(stmt, 3, is_live);
    mf_sql_bind_int(stmt, 4, version->gain ? version->gain->digest : 0);
    mf_sql_bind_blob(stmt, 5, snapshot, len);
    int rc = mf_sql_run(stmt, err);
    if (!rc && !is_live)
        rc = mf_batch__add_waiting(batch, version->number, len, MF_WAITS_HEAD);
    return rc == MF_ENOMEM ? out_of_memory(err) : rc;
}

/* Whether the head goes into a block now. */
static bool is_packed_now(struct mf_batch *batch, const struct work *work)
{
    size_t len;
    if (!batch->packs || work->version->state == MF_FLOW_LIVE)
        return false;
    mf_flow_snapshot(work->head, &len);
    bool is_packed = batch->ended_left > batch->leave;
    batch->ended_left -= len < batch->ended_left ? len : batch->ended_left;
    return is_packed;
}

static int place_head(struct mf_batch *batch, struct work *work,
                      struct mf_err *err)
{
    const struct mf_version *version = work->version;
    const struct mf_block_entry entry = {.number = version->number,
                                         .first = MF_BLOCK_HEAD};
    int rc;
    if (is_packed_now(batch, work)) {
        rc = mf_pack_add(batch->pack, &entry, work->head, &work->frame,
                         &work->slot);
        if (rc)
            return out_of_memory(err);
        if (work->is_there && !work->old_frame)
            rc = delete_recent(batch, version->number, err);
    } else {
        rc = put_recent(batch, work, err);
    }
    if (!rc && work->old_frame &&
        mf_batch__add_dead(batch, work->old_frame, MF_PURGE_OLDER))
        rc = out_of_memory(err);
    return rc;
}

/* ---- the row ---- */

static uint32_t own_flags(const struct mf_version *version)
{
    return (version->pinned ? MF_COLUMN_PINNED : 0) |
           (version->note->len ? MF_COLUMN_NOTE : 0) |
           (version->state == MF_FLOW_CUT_OFF ? MF_COLUMN_LOST : 0);
}

static void fill_columns(struct mf_batch *batch, const struct work *work,
                         struct mf_columns *columns,
                         struct mf_column_texts *texts)
{
    const struct mf_version *version = work->version;
    const struct mf_gain *gain = version->gain;
    mf_flow_columns(work->head, columns, texts);
    texts->names[MF_NAME_SOURCE] =
        (struct mf_span){version->source->text, version->source->len};
    columns->number = version->number;
    columns->change = version->change;
    columns->state = (uint8_t)version->state;
    columns->flags |= own_flags(version);
    mf_row_name(columns, texts, batch->store->names);
    if (!gain)
        return;
    columns->client_bytes = gain->client_bytes;
    columns->server_bytes = gain->server_bytes;
    columns->duration_ms = gain->duration_ms;
    columns->message_count = gain->message_count > UINT32_MAX
                                 ? UINT32_MAX
                                 : (uint32_t)gain->message_count;
}

static struct mf_span span_of(const struct mf_text *text)
{
    return (struct mf_span){text->text, text->len};
}

static struct mf_span bytes_of(const struct mf_buf *buf)
{
    return (struct mf_span){buf->len ? (const char *)buf->data : "", buf->len};
}

static int put_row(struct mf_batch *batch, const struct work *work,
                   struct mf_err *err)
{
    const struct mf_version *version = work->version;
    sqlite3_stmt *stmt = mf_batch__stmt(
        batch, work->is_there ? MF_BATCH_UPDATE_FLOW : MF_BATCH_INSERT_FLOW);
    struct mf_columns columns;
    struct mf_column_texts texts;
    fill_columns(batch, work, &columns, &texts);
    mf_buf_clear(&batch->url);
    mf_buf_clear(&batch->rest);
    if (mf_summary_split(work->head, &columns, &texts, &batch->url,
                         &batch->rest))
        return out_of_memory(err);
    mf_row_bind(stmt, &columns);
    mf_sql_bind_int(stmt, MF_ROW_AT_FRAME, work->frame);
    mf_sql_bind_int(stmt, MF_ROW_AT_SLOT, work->slot);
    mf_row_bind_span(stmt, MF_ROW_AT_NOTE, span_of(version->note));
    mf_row_bind_span(stmt, MF_ROW_AT_URL, bytes_of(&batch->url));
    mf_sql_bind_blob(stmt, MF_ROW_AT_SUMMARY, batch->rest.data,
                     batch->rest.len);
    if (!work->is_there) {
        mf_sql_bind_int(stmt, MF_ROW_AT_ARRIVED, (uint64_t)version->arrived_ns);
        mf_sql_bind_int(stmt, MF_ROW_AT_KEY, version->key);
        mf_row_bind_span(stmt, MF_ROW_AT_ID, version->id);
        mf_row_bind_span(stmt, MF_ROW_AT_SOURCE, span_of(version->source));
    }
    return mf_sql_run(stmt, err);
}

/* The row of a flow whose snapshot is as it was. */
static int touch_row(struct mf_batch *batch, const struct work *work,
                     struct mf_err *err)
{
    const struct mf_version *version = work->version;
    const struct mf_gain *gain = version->gain;
    uint32_t own = MF_COLUMN_PINNED | MF_COLUMN_NOTE;
    /* A flow that goes on is not lost; but a body may be. */
    if (version->state == MF_FLOW_CUT_OFF || gain)
        own |= MF_COLUMN_LOST;
    sqlite3_stmt *stmt =
        mf_batch__stmt(batch, gain ? MF_BATCH_GROW_FLOW : MF_BATCH_TOUCH_FLOW);
    mf_sql_bind_int(stmt, 1, version->number);
    mf_sql_bind_int(stmt, 2, version->change);
    mf_sql_bind_int(stmt, 3, version->state);
    mf_sql_bind_int(stmt, 4, own);
    mf_sql_bind_int(stmt, 5, own_flags(version));
    mf_row_bind_span(stmt, 6, span_of(version->note));
    if (gain) {
        sqlite3_bind_double(stmt, 7, gain->duration_ms);
        mf_sql_bind_int(stmt, 8, gain->client_bytes);
        mf_sql_bind_int(stmt, 9, gain->server_bytes);
        mf_sql_bind_int(stmt, 10,
                        gain->message_count > UINT32_MAX ? UINT32_MAX
                                                         : gain->message_count);
    }
    return mf_sql_run(stmt, err);
}

/* The head in recent has come to rest, or is another session's. */
static int touch_recent(struct mf_batch *batch, const struct work *work,
                        struct mf_err *err)
{
    const struct mf_version *version = work->version;
    bool is_live = version->state == MF_FLOW_LIVE;
    sqlite3_stmt *stmt = mf_batch__stmt(batch, is_live ? MF_BATCH_MOVE_RECENT
                                                       : MF_BATCH_REST_RECENT);
    mf_sql_bind_int(stmt, 1, version->number);
    if (is_live) {
        mf_sql_bind_text(stmt, 2, version->session->text);
        return mf_sql_run(stmt, err);
    }
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc;
    size_t len = (size_t)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return mf_batch__add_waiting(batch, version->number, len, MF_WAITS_HEAD)
               ? out_of_memory(err)
               : 0;
}

/* ---- pieces ---- */

static int put_piece(struct mf_batch *batch, uint64_t number, uint64_t first,
                     uint64_t count, const struct mf_buf *fields,
                     struct mf_err *err)
{
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_PUT_PIECE);
    mf_sql_bind_int(stmt, 1, number);
    mf_sql_bind_int(stmt, 2, first);
    mf_sql_bind_int(stmt, 3, count);
    mf_sql_bind_blob(stmt, 4, fields->data, fields->len);
    int rc = mf_sql_run(stmt, err);
    if (!rc &&
        mf_batch__add_waiting(batch, number, fields->len, MF_WAITS_PIECE))
        rc = out_of_memory(err);
    return rc;
}

/* The new messages, in pieces of about a frame. */
static int put_pieces(struct mf_batch *batch, const struct work *work,
                      struct mf_err *err)
{
    const struct mf_version *version = work->version;
    const struct mf_gain *gain = version->gain;
    struct mf_messages_walk walk;
    struct mf_buf piece;
    uint64_t first = gain->first, index = first;
    int rc = 0;
    mf_buf_init(&piece, SIZE_MAX);
    mf_messages_walk_fields(version->type, gain->messages.data,
                            gain->messages.len, &walk);
    while (!rc && mf_messages_next(&walk)) {
        if (mf_message_put(version->type, walk.message, &piece))
            rc = out_of_memory(err);
        index++;
        if (!rc && piece.len >= MF_FRAME_LEN) {
            rc = put_piece(batch, version->number, first, index - first, &piece,
                           err);
            first = index;
            mf_buf_clear(&piece);
        }
    }
    if (!rc && index > first)
        rc = put_piece(batch, version->number, first, index - first, &piece,
                       err);
    mf_buf_release(&piece);
    return rc;
}

static int write_messages(struct mf_batch *batch, const struct work *work,
                          struct mf_err *err)
{
    const struct mf_version *version = work->version;
    const struct mf_gain *gain = version->gain;
    int rc = 0;
    if (!gain)
        return 0;
    if (gain->replaces && work->is_there)
        rc = mf_batch__delete_pieces(batch, version->number, MF_PURGE_OLDER,
                                     err);
    if (!rc && gain->count)
        rc = put_pieces(batch, work, err);
    if (!rc && version->state != MF_FLOW_LIVE &&
        mf_batch__add_waiting(batch, version->number, 0, MF_WAITS_END))
        rc = out_of_memory(err);
    return rc;
}

/* ---- all of it ---- */

static int note_stale(struct mf_batch *batch, uint64_t number,
                      struct mf_err *err)
{
    if (number >= batch->paged_end)
        return 0;
    sqlite3_stmt *stmt = mf_batch__stmt(batch, MF_BATCH_PUT_STALE);
    mf_sql_bind_int(stmt, 1, number);
    return mf_sql_run(stmt, err);
}

static void count(struct mf_batch *batch, const struct mf_version *version)
{
    if (version->is_new)
        batch->next.flow_count++;
    batch->next.pinned_count += version->pinned;
    if (!version->is_new)
        batch->next.pinned_count -= version->was_pinned;
}

static int write_version(struct mf_batch *batch, struct work *work,
                         struct mf_err *err)
{
    int rc = find_row(batch, work, err);
    if (!rc)
        rc = make_head(batch, work, err);
    if (rc)
        return rc == MF_ENOMEM ? out_of_memory(err) : rc;
    if (work->head) {
        rc = place_head(batch, work, err);
        if (!rc)
            rc = put_row(batch, work, err);
    } else if (work->is_there) {
        rc = touch_row(batch, work, err);
        if (!rc && !work->old_frame)
            rc = touch_recent(batch, work, err);
    }
    return rc ? rc : write_messages(batch, work, err);
}

int mf_batch__write(struct mf_batch *batch, const struct mf_version *version,
                    struct mf_err *err)
{
    struct work work = {.version = version};
    int rc;
    if (version->is_deleted) {
        rc = mf_batch__delete(batch, version, err);
    } else {
        rc = write_version(batch, &work, err);
        mf_flow_unref(work.head);
        count(batch, version);
    }
    return rc ? rc : note_stale(batch, version->number, err);
}
