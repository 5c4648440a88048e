/* Frames, blocks, and flows put together from their parts. */
#include <stdlib.h>
#include <string.h>

#include "flow/messages.h"
#include "store/reader_impl.h"

enum {
    KEPT_MAX_LEN = 256 << 10, /* longer blocks and flows are not kept */
    DIRECTORY_LEN = 4096,     /* of a block, that is read first */
    SNAPSHOT_MAX_LEN = 1 << 30,
};

static int no_memory(struct mf_err *err)
{
    return mf_err_set(err, MF_ENOMEM, "out of memory");
}

/* ---- blocks and frames ---- */

static void drop_block(struct mf_reader *reader)
{
    free(reader->block.data);
    reader->block = (struct mf_reader__block){0};
}

static void drop_frame(struct mf_reader__frame *kept)
{
    mf_frame_free(kept->frame);
    *kept = (struct mf_reader__frame){0};
}

void mf_reader__forget(struct mf_reader *reader)
{
    for (size_t i = 0; i < MF_READER_FRAMES; i++)
        drop_frame(&reader->frames[i]);
    drop_block(reader);
}

/* Make reader->blob the data of the block that begins with `first`. */
static int open_blob(struct mf_reader *reader, uint64_t first,
                     struct mf_err *err)
{
    int code = reader->blob
                   ? sqlite3_blob_reopen(reader->blob, (sqlite3_int64)first)
                   : sqlite3_blob_open(reader->db, "main", "block", "data",
                                       (sqlite3_int64)first, 0, &reader->blob);
    return code == SQLITE_OK ? 0 : mf_sql_fail(reader->db, "block", err);
}

/* Have the block's first `len` bytes; those before block->len are there. */
static int read_up_to(struct mf_reader *reader, size_t len, struct mf_err *err)
{
    struct mf_reader__block *block = &reader->block;
    if (len > block->whole_len)
        len = block->whole_len;
    if (len > block->cap) {
        uint8_t *grown = realloc(block->data, len);
        if (!grown)
            return no_memory(err);
        block->data = grown;
        block->cap = len;
    }
    if (len > block->len &&
        sqlite3_blob_read(reader->blob, block->data + block->len,
                          (int)(len - block->len), (int)block->len))
        return mf_sql_fail(reader->db, "block", err);
    block->len = len > block->len ? len : block->len;
    return 0;
}

static int read_block(struct mf_reader *reader, uint64_t first, uint64_t frames,
                      bool whole, struct mf_err *err)
{
    struct mf_reader__block *block = &reader->block;
    int rc = open_blob(reader, first, err);
    block->first = 0;
    block->len = 0;
    if (rc)
        return rc;
    block->whole_len = (size_t)sqlite3_blob_bytes(reader->blob);
    rc = read_up_to(reader, whole ? SIZE_MAX : DIRECTORY_LEN, err);
    size_t text_len = rc ? 0 : mf_block_text_len(block->data, block->len);
    if (!rc)
        rc = read_up_to(reader, text_len ? text_len : SIZE_MAX, err);
    if (rc)
        return rc;
    block->first = first;
    block->frames = frames;
    return 0;
}

int mf_reader__block(struct mf_reader *reader, uint64_t number, bool whole,
                     const struct mf_reader__block **ret_block,
                     struct mf_err *err)
{
    struct mf_reader__block *block = &reader->block;
    *ret_block = block;
    if (block->first && number - block->first < block->frames &&
        (!whole || block->len == block->whole_len))
        return 0;
    sqlite3_stmt *stmt = reader->stmts[MF_READ_BLOCK];
    mf_sql_bind_int(stmt, 1, number);
    int rc = mf_sql_step(stmt, err);
    if (rc <= 0)
        return rc ? rc : mf_err_set(err, MF_ENOENT, "no such frame");
    uint64_t first = mf_reader__int(stmt, 0), frames = mf_reader__int(stmt, 1);
    sqlite3_reset(stmt);
    return number - first < frames
               ? read_block(reader, first, frames, whole, err)
               : mf_err_set(err, MF_ENOENT, "no such frame");
}

void mf_reader__settle_blocks(struct mf_reader *reader)
{
    sqlite3_blob_close(reader->blob);
    reader->blob = NULL;
    if (reader->block.cap > KEPT_MAX_LEN)
        drop_block(reader);
}

static struct mf_reader__frame *find_kept(struct mf_reader *reader,
                                          uint64_t number)
{
    for (size_t i = 0; i < MF_READER_FRAMES; i++)
        if (reader->frames[i].number == number)
            return &reader->frames[i];
    return NULL;
}

static struct mf_reader__frame *least_used(struct mf_reader *reader)
{
    struct mf_reader__frame *least = &reader->frames[0];
    for (size_t i = 1; i < MF_READER_FRAMES; i++)
        if (reader->frames[i].used < least->used)
            least = &reader->frames[i];
    return least;
}

static int read_frame(struct mf_reader *reader, uint64_t number,
                      struct mf_frame **ret_frame, struct mf_err *err)
{
    const struct mf_reader__block *block;
    int rc = mf_reader__block(reader, number, false, &block, err);
    if (rc)
        return rc;
    struct mf_err why = {0};
    rc = mf_frame_read(block->data, block->len,
                       (unsigned)(number - block->first), ret_frame, &why);
    if (rc == MF_ECORRUPT) {
        mf_err_set(err, rc, "frame %llu: %s", (unsigned long long)number,
                   why.text);
        mf_err_set(&why, rc, "frame %llu cannot be read",
                   (unsigned long long)number);
        mf_reader__damaged(reader, number, &why);
    } else if (rc && err) {
        *err = why;
    }
    return rc;
}

int mf_reader__frame(struct mf_reader *reader, uint64_t number,
                     struct mf_frame **ret_frame, struct mf_err *err)
{
    struct mf_reader__frame *kept = find_kept(reader, number);
    if (!kept) {
        struct mf_frame *frame;
        int rc = read_frame(reader, number, &frame, err);
        if (rc)
            return rc;
        kept = least_used(reader);
        drop_frame(kept);
        kept->frame = frame;
        kept->number = number;
    }
    kept->used = ++reader->clock;
    *ret_frame = kept->frame;
    return 0;
}

/* What is big is not kept beyond its use. */
static void drop_big(struct mf_reader *reader, uint64_t number, size_t len)
{
    struct mf_reader__frame *kept = find_kept(reader, number);
    if (len > KEPT_MAX_LEN && kept)
        drop_frame(kept);
}

/* Appends the entry of flow `number` in `frame` and `slot`; `first` as in
 * struct mf_block_entry. */
static int read_entry(struct mf_reader *reader, uint64_t frame_number,
                      uint64_t slot, const struct mf_block_entry *want,
                      bool with_binary, struct mf_buf *out, struct mf_err *err)
{
    struct mf_frame *frame;
    int rc = mf_reader__frame(reader, frame_number, &frame, err);
    if (rc)
        return rc;
    const struct mf_block_entry *entry =
        slot < mf_frame_entry_count(frame) ? mf_frame_entry(frame, slot) : NULL;
    if (!entry || entry->number != want->number || entry->first != want->first)
        return mf_err_set(err, MF_ECORRUPT, "a frame has another flow");
    const struct mf_reader__block *block = NULL;
    if (with_binary)
        rc = mf_reader__block(reader, frame_number, true, &block, err);
    if (!rc)
        rc = mf_frame_snapshot(frame, slot, block ? block->data : NULL,
                               block ? block->len : 0, out, err);
    drop_big(reader, frame_number, out->len);
    return rc;
}

/* ---- flows ---- */

static int read_recent(struct mf_reader *reader, uint64_t number,
                       struct mf_buf *out, struct mf_err *err)
{
    sqlite3_stmt *stmt = reader->stmts[MF_READ_RECENT];
    mf_sql_bind_int(stmt, 1, number);
    int rc = mf_sql_step(stmt, err);
    if (rc == 0)
        return mf_err_set(err, MF_ECORRUPT, "a flow has no snapshot");
    if (rc < 0)
        return rc;
    const void *data = sqlite3_column_blob(stmt, 0);
    size_t len = (size_t)sqlite3_column_bytes(stmt, 0);
    rc = data || !len ? mf_buf_append(out, data, len) : MF_ENOMEM;
    sqlite3_reset(stmt);
    return rc ? no_memory(err) : 0;
}

static int read_head(struct mf_reader *reader, sqlite3_stmt *row,
                     const struct mf_load *load, struct mf_buf *out,
                     struct mf_err *err)
{
    const struct mf_block_entry want = {
        .number = mf_reader__int(row, MF_ROW_NUMBER), .first = MF_BLOCK_HEAD};
    uint64_t frame = mf_reader__int(row, MF_ROW_FRAME);
    if (!frame)
        return read_recent(reader, want.number, out, err);
    return read_entry(reader, frame, mf_reader__int(row, MF_ROW_SLOT), &want,
                      load->with_binary, out, err);
}

/* Appends the messages of a piece that is in a frame, as fields. */
static int read_framed_piece(struct mf_reader *reader,
                             const struct mf_block_entry *piece, uint64_t frame,
                             uint64_t slot, bool with_binary,
                             struct mf_buf *out, struct mf_err *err)
{
    struct mf_buf snapshot;
    struct mf_flow *flow = NULL;
    mf_buf_init(&snapshot, SNAPSHOT_MAX_LEN);
    int rc =
        read_entry(reader, frame, slot, piece, with_binary, &snapshot, err);
    if (!rc)
        rc = mf_flow_from_snapshot(snapshot.data, snapshot.len, MF_FLOW_ENDED,
                                   &flow, err);
    mf_buf_release(&snapshot);
    if (!rc && (rc = mf_messages_put_fields(flow, out)) != 0)
        rc = mf_err_set(err, rc, "messages: %s", mf_err_message(rc));
    mf_flow_unref(flow);
    return rc;
}

int mf_reader__piece(struct mf_reader *reader, uint64_t number,
                     sqlite3_stmt *stmt, bool with_binary, struct mf_buf *out,
                     struct mf_err *err)
{
    const struct mf_block_entry piece = {.number = number,
                                         .first = mf_reader__int(stmt, 0)};
    uint64_t frame = mf_reader__int(stmt, 2);
    if (frame)
        return read_framed_piece(reader, &piece, frame, mf_reader__int(stmt, 3),
                                 with_binary, out, err);
    struct mf_span data = mf_row_span(stmt, 4);
    int rc = mf_buf_append(out, data.text, data.len);
    return rc ? mf_err_set(err, rc, "messages: %s", mf_err_message(rc)) : 0;
}

/* Appends messages that are not in the head: `have` are. */
static int read_pieces(struct mf_reader *reader, uint64_t number, uint64_t have,
                       const struct mf_load *load, struct mf_buf *out,
                       struct mf_err *err)
{
    sqlite3_stmt *stmt = reader->stmts[MF_READ_PIECES];
    int rc;
    mf_sql_bind_int(stmt, 1, number);
    mf_sql_bind_int(stmt, 2, have);
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        if ((load->message_limit &&
             mf_reader__int(stmt, 0) >= load->message_limit) ||
            (load->bytes_max && out->len >= load->bytes_max)) {
            rc = 0;
            break;
        }
        rc =
            mf_reader__piece(reader, number, stmt, load->with_binary, out, err);
        if (rc)
            break;
    }
    sqlite3_reset(stmt);
    return rc;
}

uint64_t mf_reader__count_messages(const struct mf_flow *flow)
{
    struct mf_messages_walk walk;
    uint64_t count = 0;
    mf_messages_walk(flow, &walk);
    while (mf_messages_next(&walk))
        count++;
    return count;
}

/* `flow` (consumed) with the messages as fields. */
static int extend(struct mf_flow **flow, enum mf_flow_state state,
                  const struct mf_buf *fields, struct mf_err *err)
{
    struct mf_buf whole;
    struct mf_flow *longer = NULL;
    size_t len;
    const uint8_t *snapshot = mf_flow_snapshot(*flow, &len);
    mf_buf_init(&whole, SIZE_MAX);
    int rc = mf_flow_extend(snapshot, len, fields->data, fields->len, NULL, 0,
                            &whole);
    if (rc)
        rc = mf_err_set(err, rc, "%s", mf_err_message(rc));
    else
        rc = mf_flow_from_snapshot(whole.data, whole.len, state, &longer, err);
    mf_buf_release(&whole);
    mf_flow_unref(*flow);
    *flow = longer;
    return rc;
}

/* `flow` (consumed) with its first `limit` messages. */
static int cut(struct mf_flow **flow, enum mf_flow_state state, uint64_t limit,
               struct mf_err *err)
{
    struct mf_buf head;
    struct mf_flow *shorter = NULL;
    mf_buf_init(&head, SIZE_MAX);
    int rc = mf_messages_put_head(*flow, limit, &head);
    if (rc)
        rc = mf_err_set(err, rc, "%s", mf_err_message(rc));
    else
        rc = mf_flow_from_snapshot(head.data, head.len, state, &shorter, err);
    mf_buf_release(&head);
    mf_flow_unref(*flow);
    *flow = shorter;
    return rc;
}

/* The flow's messages beyond its head, and its limit. */
static int load_messages(struct mf_reader *reader, sqlite3_stmt *row,
                         const struct mf_load *load, struct mf_flow **flow,
                         struct mf_err *err)
{
    enum mf_flow_state state = mf_flow_state(*flow);
    uint64_t have = mf_reader__count_messages(*flow);
    int rc = 0;
    if (have < mf_reader__int(row, MF_ROW_MESSAGES)) {
        struct mf_buf fields;
        mf_buf_init(&fields, SNAPSHOT_MAX_LEN);
        rc = read_pieces(reader, mf_reader__int(row, MF_ROW_NUMBER), have, load,
                         &fields, err);
        if (!rc && fields.len)
            rc = extend(flow, state, &fields, err);
        mf_buf_release(&fields);
    }
    if (!rc && load->message_limit &&
        (have > load->message_limit ||
         mf_reader__count_messages(*flow) > load->message_limit))
        rc = cut(flow, state, load->message_limit, err);
    return rc;
}

static void tell_damage(struct mf_reader *reader, uint64_t number, int rc)
{
    struct mf_err why;
    mf_err_set(&why, rc, "flow %llu cannot be read",
               (unsigned long long)number);
    mf_reader__damaged(reader, MF_DAMAGED_FLOW | number, &why);
}

int mf_reader__load(struct mf_reader *reader, sqlite3_stmt *row,
                    const struct mf_load *load, struct mf_flow **ret_flow,
                    struct mf_err *err)
{
    uint64_t number = mf_reader__int(row, MF_ROW_NUMBER);
    enum mf_flow_state state =
        (enum mf_flow_state)sqlite3_column_int(row, MF_ROW_STATE);
    struct mf_flow *flow = NULL;
    struct mf_buf snapshot;
    mf_buf_init(&snapshot, SNAPSHOT_MAX_LEN);
    int rc = read_head(reader, row, load, &snapshot, err);
    if (!rc)
        rc = mf_flow_from_snapshot(snapshot.data, snapshot.len, state, &flow,
                                   err);
    mf_buf_release(&snapshot);
    if (!rc && !load->only_head && mf_reader__int(row, MF_ROW_MESSAGES))
        rc = load_messages(reader, row, load, &flow, err);
    if (rc == 0) {
        *ret_flow = flow;
        return 0;
    }
    mf_flow_unref(flow);
    if (rc != MF_ENOMEM && rc != MF_EIO) {
        tell_damage(reader, number, rc);
        rc = MF_ECORRUPT;
    }
    return rc;
}

struct mf_record *mf_reader__to_match(sqlite3_stmt *row, struct mf_flow *flow)
{
    static const uint8_t nothing;
    const char *source = (const char *)sqlite3_column_text(row, MF_ROW_SOURCE);
    const char *note = (const char *)sqlite3_column_text(row, MF_ROW_NOTE);
    const struct mf_record_head head = {
        .number = mf_reader__int(row, MF_ROW_NUMBER),
        .change = mf_reader__int(row, MF_ROW_CHANGE),
        .pinned = (mf_reader__int(row, MF_ROW_FLAGS) & MF_COLUMN_PINNED) != 0,
        .state = mf_flow_state(flow),
        .source = source ? source : "",
        .note = note ? note : "",
    };
    return mf_record_new(&head, flow, &nothing, 0);
}
