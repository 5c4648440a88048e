#include "store/purge.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "flow/messages.h"
#include "store/block.h"
#include "store/seal.h"
#include "store/sql.h"

enum {
    SCAN,
    GET_BLOCK,
    GET_FLOW,
    GET_PIECE,
    PUT_RECENT,
    MOVE_FLOW,
    MOVE_PIECE,
    DROP_BLOCK,
    DROP_DEAD,
    DROP_UNSEALED,
    BLOCK_BETWEEN,
    DROP_POSTINGS,
    STATEMENTS,
};

static const char *const sql[STATEMENTS] = {
    [SCAN] = "SELECT block_dead.frame, dead, purge, entries FROM block_dead"
             " LEFT JOIN block ON block.frame = block_dead.frame",
    [GET_BLOCK] = "SELECT frames, data FROM block WHERE frame = ?1",
    [GET_FLOW] = "SELECT frame, slot, state FROM flow WHERE number = ?1",
    [GET_PIECE] = "SELECT frame, slot FROM piece"
                  " WHERE number = ?1 AND first = ?2",
    [PUT_RECENT] = "INSERT INTO recent"
                   " (number, session, live, message_digest, snapshot)"
                   " VALUES (?1, '', 0, ?2, ?3)",
    [MOVE_FLOW] = "UPDATE flow SET frame = 0, slot = 0 WHERE number = ?1",
    [MOVE_PIECE] = "UPDATE piece SET frame = 0, slot = 0, data = ?3"
                   " WHERE number = ?1 AND first = ?2",
    [DROP_BLOCK] = "DELETE FROM block WHERE frame = ?1",
    [DROP_DEAD] = "DELETE FROM block_dead WHERE frame = ?1",
    [DROP_UNSEALED] = "DELETE FROM unsealed WHERE frame BETWEEN ?1 AND ?2",
    [BLOCK_BETWEEN] = "SELECT frame + frames - 1 FROM block"
                      " WHERE frame BETWEEN ?1 AND ?2"
                      " ORDER BY frame DESC LIMIT 1",
    [DROP_POSTINGS] = "DELETE FROM posting WHERE id BETWEEN ?1 AND ?2",
};

enum { FOUND_MAX = 512, DAMAGED_MAX = 64 };

struct found {
    uint64_t frame;
    bool is_urgent;
    bool is_secure;
};

/* What is back, for mf_recent. */
struct moved {
    uint64_t number;
    uint64_t first; /* or MF_BLOCK_HEAD */
    size_t len;
};

struct mf_purge {
    sqlite3 *db;
    sqlite3_stmt *stmts[STATEMENTS];
    struct found found[FOUND_MAX]; /* urgent ones first */
    size_t found_count;
    size_t next;
    uint64_t damaged[DAMAGED_MAX]; /* left alone */
    size_t damaged_count;
    struct moved *moved;
    size_t moved_count;
    size_t moved_cap;
    struct mf_buf snapshot;
    struct mf_buf fields;
};

int mf_purge_new(sqlite3 *db, struct mf_purge **ret_purge, struct mf_err *err)
{
    struct mf_purge *purge = calloc(1, sizeof *purge);
    if (!purge)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    purge->db = db;
    mf_buf_init(&purge->snapshot, SIZE_MAX);
    mf_buf_init(&purge->fields, SIZE_MAX);
    int rc = mf_sql_prepare(db, sql, STATEMENTS, purge->stmts, err);
    if (rc)
        free(purge);
    else
        *ret_purge = purge;
    return rc;
}

void mf_purge_free(struct mf_purge *purge)
{
    if (!purge)
        return;
    mf_sql_finalize(purge->stmts, STATEMENTS);
    mf_buf_release(&purge->snapshot);
    mf_buf_release(&purge->fields);
    free(purge->moved);
    free(purge);
}

static int run_range(struct mf_purge *purge, int which, uint64_t first,
                     uint64_t last, struct mf_err *err)
{
    mf_sql_bind_int(purge->stmts[which], 1, first);
    mf_sql_bind_int(purge->stmts[which], 2, last);
    return mf_sql_run(purge->stmts[which], err);
}

static int run_1(struct mf_purge *purge, int which, uint64_t value,
                 struct mf_err *err)
{
    mf_sql_bind_int(purge->stmts[which], 1, value);
    return mf_sql_run(purge->stmts[which], err);
}

/* ---- which blocks ---- */

static bool is_damaged(const struct mf_purge *purge, uint64_t frame)
{
    for (size_t i = 0; i < purge->damaged_count; i++)
        if (purge->damaged[i] == frame)
            return true;
    return false;
}

static void add_found(struct mf_purge *purge, const struct found *found)
{
    if (purge->found_count == FOUND_MAX || is_damaged(purge, found->frame))
        return;
    size_t at = purge->found_count++;
    purge->found[at] = *found;
    if (!found->is_urgent)
        return;
    for (size_t i = 0; i < at; i++)
        if (!purge->found[i].is_urgent) {
            purge->found[at] = purge->found[i];
            purge->found[i] = *found;
            return;
        }
}

int mf_purge_scan(struct mf_purge *purge, bool is_thorough, struct mf_err *err)
{
    sqlite3_stmt *stmt = purge->stmts[SCAN];
    int rc;
    purge->found_count = purge->next = 0;
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        int64_t dead = sqlite3_column_int64(stmt, 1);
        int64_t why = sqlite3_column_int64(stmt, 2);
        int64_t entries = sqlite3_column_int64(stmt, 3);
        const struct found found = {
            .frame = (uint64_t)sqlite3_column_int64(stmt, 0),
            .is_urgent = (why & MF_PURGE_DELETED) ||
                         (is_thorough && (why & MF_PURGE_OLDER)),
            .is_secure = why != 0,
        };
        if (found.is_urgent || 2 * dead > entries)
            add_found(purge, &found);
    }
    return rc;
}

size_t mf_purge_count(const struct mf_purge *purge)
{
    return purge->found_count - purge->next;
}

bool mf_purge_has_work(const struct mf_purge *purge)
{
    return purge->next < purge->found_count;
}

bool mf_purge_has_urgent_work(const struct mf_purge *purge)
{
    return mf_purge_has_work(purge) && purge->found[purge->next].is_urgent;
}

/* ---- what lives in one ---- */

struct opened {
    uint64_t frame; /* its first */
    const uint8_t *data;
    size_t len;
    unsigned frame_count;
    struct mf_block_entry *entries;
    size_t count;
};

static int note_moved(struct mf_purge *purge,
                      const struct mf_block_entry *entry, size_t len,
                      struct mf_err *err)
{
    struct moved *moved = mf_array_grow(purge->moved, purge->moved_count,
                                        &purge->moved_cap, sizeof *moved);
    if (!moved)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    purge->moved = moved;
    moved[purge->moved_count++] =
        (struct moved){entry->number, entry->first, len};
    return 0;
}

/* Where the row of a head's flow or of a piece says that it is. */
struct place {
    uint64_t frame; /* 0: not in a block, or there is no such row */
    uint64_t slot;
    enum mf_flow_state state; /* of a head's flow */
};

static int find_place(struct mf_purge *purge,
                      const struct mf_block_entry *entry,
                      struct place *ret_place, struct mf_err *err)
{
    bool is_head = entry->first == MF_BLOCK_HEAD;
    sqlite3_stmt *stmt = purge->stmts[is_head ? GET_FLOW : GET_PIECE];
    mf_sql_bind_int(stmt, 1, entry->number);
    if (!is_head)
        mf_sql_bind_int(stmt, 2, entry->first);
    int rc = mf_sql_step(stmt, err);
    *ret_place = (struct place){.state = MF_FLOW_ENDED};
    if (rc != 1)
        return rc;
    ret_place->frame = (uint64_t)sqlite3_column_int64(stmt, 0);
    ret_place->slot = (uint64_t)sqlite3_column_int64(stmt, 1);
    if (is_head)
        ret_place->state = (enum mf_flow_state)sqlite3_column_int(stmt, 2);
    sqlite3_reset(stmt);
    return 0;
}

static uint64_t digest_of(const struct mf_flow *flow)
{
    struct mf_messages_walk walk;
    uint64_t digest = 0;
    if (!mf_flow_may_grow(flow))
        return 0;
    mf_messages_walk(flow, &walk);
    while (mf_messages_next(&walk))
        digest = mf_message_digest(digest, (const uint8_t *)walk.message.text,
                                   walk.message.len);
    return digest;
}

static int move_head(struct mf_purge *purge, const struct mf_block_entry *entry,
                     struct mf_flow *flow, struct mf_err *err)
{
    sqlite3_stmt *stmt = purge->stmts[PUT_RECENT];
    mf_sql_bind_int(stmt, 1, entry->number);
    mf_sql_bind_int(stmt, 2, digest_of(flow));
    mf_sql_bind_blob(stmt, 3, purge->snapshot.data, purge->snapshot.len);
    int rc = mf_sql_run(stmt, err);
    if (!rc)
        rc = run_1(purge, MOVE_FLOW, entry->number, err);
    return rc ? rc : note_moved(purge, entry, purge->snapshot.len, err);
}

static int move_piece(struct mf_purge *purge,
                      const struct mf_block_entry *entry, struct mf_flow *flow,
                      struct mf_err *err)
{
    sqlite3_stmt *stmt = purge->stmts[MOVE_PIECE];
    mf_buf_clear(&purge->fields);
    int rc = mf_messages_put_fields(flow, &purge->fields);
    if (rc)
        return mf_err_set(err, rc, "messages: %s", mf_err_message(rc));
    mf_sql_bind_int(stmt, 1, entry->number);
    mf_sql_bind_int(stmt, 2, entry->first);
    mf_sql_bind_blob(stmt, 3, purge->fields.data, purge->fields.len);
    rc = mf_sql_run(stmt, err);
    return rc ? rc : note_moved(purge, entry, purge->fields.len, err);
}

static int move_entry(struct mf_purge *purge, const struct opened *block,
                      struct mf_frame *frame, size_t slot,
                      enum mf_flow_state state, struct mf_err *err)
{
    const struct mf_block_entry *entry = mf_frame_entry(frame, slot);
    struct mf_flow *flow = NULL;
    mf_buf_clear(&purge->snapshot);
    int rc = mf_frame_snapshot(frame, slot, block->data, block->len,
                               &purge->snapshot, err);
    if (!rc)
        rc = mf_flow_from_snapshot(purge->snapshot.data, purge->snapshot.len,
                                   state, &flow, err);
    /* A snapshot that no parser takes is damaged just the same. */
    if (rc && rc != MF_ENOMEM)
        rc = MF_ECORRUPT;
    if (!rc)
        rc = entry->first == MF_BLOCK_HEAD
                 ? move_head(purge, entry, flow, err)
                 : move_piece(purge, entry, flow, err);
    mf_flow_unref(flow);
    return rc;
}

static int move_frame(struct mf_purge *purge, const struct opened *block,
                      unsigned at, struct mf_err *err)
{
    struct mf_frame *frame;
    int rc = mf_frame_read(block->data, block->len, at, &frame, err);
    if (rc)
        return rc;
    for (size_t slot = 0; !rc && slot < mf_frame_entry_count(frame); slot++) {
        struct place place;
        rc = find_place(purge, mf_frame_entry(frame, slot), &place, err);
        if (!rc && place.frame == block->frame + at && place.slot == slot)
            rc = move_entry(purge, block, frame, slot, place.state, err);
    }
    mf_frame_free(frame);
    return rc;
}

/* Without taking frames apart: does anything in it live, and is a write to
 * one of these flows under way, that knows it to be here? */
static int look_for_life(struct mf_purge *purge, const struct opened *block,
                         struct mf_front *front, bool *ret_has_life,
                         bool *ret_is_busy, struct mf_err *err)
{
    *ret_has_life = *ret_is_busy = false;
    for (size_t i = 0; i < block->count; i++) {
        struct place place;
        int rc = find_place(purge, &block->entries[i], &place, err);
        if (rc)
            return rc;
        if (place.frame < block->frame ||
            place.frame >= block->frame + block->frame_count)
            continue;
        *ret_has_life = true;
        if (mf_front_holds(front, block->entries[i].number)) {
            *ret_is_busy = true;
            return 0;
        }
    }
    return 0;
}

static int move_all(struct mf_purge *purge, const struct opened *block,
                    struct mf_err *err)
{
    int rc = 0;
    for (unsigned at = 0; !rc && at < block->frame_count; at++)
        rc = move_frame(purge, block, at, err);
    return rc;
}

/* ---- giving one up ---- */

/* A sealed group without a block is of no use any more. */
static int drop_group_if_empty(struct mf_purge *purge, uint64_t group,
                               struct mf_err *err)
{
    uint64_t first = group * MF_GROUP_FRAMES;
    uint64_t last = first + MF_GROUP_FRAMES - 1;
    uint64_t before =
        first < MF_BLOCK_FRAMES_MAX ? 0 : first - MF_BLOCK_FRAMES_MAX;
    sqlite3_stmt *stmt = purge->stmts[BLOCK_BETWEEN];
    mf_sql_bind_int(stmt, 1, before);
    mf_sql_bind_int(stmt, 2, last);
    int rc = mf_sql_step(stmt, err);
    bool is_used = rc == 1 && (uint64_t)sqlite3_column_int64(stmt, 0) >= first;
    if (rc == 1)
        sqlite3_reset(stmt);
    if (rc < 0 || is_used)
        return rc < 0 ? rc : 0;
    return run_range(purge, DROP_POSTINGS, mf_posting_id(group, 0),
                     mf_posting_id(group + 1, 0) - 1, err);
}

static int set_secure(struct mf_purge *purge, bool is_secure,
                      struct mf_err *err)
{
    return mf_sql_exec(purge->db,
                       is_secure ? "PRAGMA secure_delete = ON"
                                 : "PRAGMA secure_delete = OFF",
                       err);
}

static int drop_rows(struct mf_purge *purge, uint64_t frame,
                     unsigned frame_count, struct mf_err *err)
{
    uint64_t last = frame + frame_count - 1;
    int rc = run_1(purge, DROP_BLOCK, frame, err);
    if (!rc)
        rc = run_1(purge, DROP_DEAD, frame, err);
    if (!rc)
        rc = run_range(purge, DROP_UNSEALED, frame, last, err);
    if (!rc)
        rc = drop_group_if_empty(purge, mf_group_of(frame), err);
    if (!rc && mf_group_of(last) != mf_group_of(frame))
        rc = drop_group_if_empty(purge, mf_group_of(last), err);
    return rc;
}

static int drop_block(struct mf_purge *purge, const struct found *found,
                      unsigned frame_count, struct mf_err *err)
{
    int rc = found->is_secure ? 0 : set_secure(purge, false, err);
    if (!rc)
        rc = drop_rows(purge, found->frame, frame_count, err);
    if (found->is_secure)
        return rc;
    int on = set_secure(purge, true, rc ? NULL : err);
    return rc ? rc : on;
}

/* The statement is at the block's row, which `block` borrows from. */
static int empty_block(struct mf_purge *purge, struct opened *block,
                       struct mf_front *front, bool *ret_is_busy,
                       struct mf_err *err)
{
    bool has_life = false;
    int rc = mf_block_entries(block->data, block->len, &block->frame_count,
                              &block->entries, &block->count, err);
    if (!rc)
        rc = look_for_life(purge, block, front, &has_life, ret_is_busy, err);
    if (!rc && has_life && !*ret_is_busy)
        rc = move_all(purge, block, err);
    free(block->entries);
    return rc;
}

static int give_up(struct mf_purge *purge, const struct found *found,
                   struct mf_front *front, bool *ret_is_busy,
                   struct mf_err *err)
{
    sqlite3_stmt *stmt = purge->stmts[GET_BLOCK];
    mf_sql_bind_int(stmt, 1, found->frame);
    int rc = mf_sql_step(stmt, err);
    if (rc == 0) /* only the count of its dead is there */
        return run_1(purge, DROP_DEAD, found->frame, err);
    if (rc < 0)
        return rc;
    struct opened block = {.frame = found->frame,
                           .data = sqlite3_column_blob(stmt, 1),
                           .len = (size_t)sqlite3_column_bytes(stmt, 1)};
    rc = empty_block(purge, &block, front, ret_is_busy, err);
    sqlite3_reset(stmt);
    if (rc || *ret_is_busy)
        return rc;
    return drop_block(purge, found, block.frame_count, err);
}

int mf_purge_step(struct mf_purge *purge, struct mf_front *front,
                  bool *ret_is_busy, struct mf_err *err)
{
    *ret_is_busy = false;
    if (!mf_purge_has_work(purge))
        return 0;
    const struct found *found = &purge->found[purge->next++];
    int rc = give_up(purge, found, front, ret_is_busy, err);
    if (rc == MF_ECORRUPT && purge->damaged_count < DAMAGED_MAX) {
        struct mf_err cause = err ? *err : (struct mf_err){0};
        purge->damaged[purge->damaged_count++] = found->frame;
        mf_err_set(err, rc, "block %llu: %s", (unsigned long long)found->frame,
                   cause.text);
    }
    return rc;
}

void mf_purge_committed(struct mf_purge *purge, struct mf_recent *recent)
{
    /* What does not fit in memory waits for the next start. */
    for (size_t i = 0; i < purge->moved_count; i++) {
        const struct moved *moved = &purge->moved[i];
        if (moved->first == MF_BLOCK_HEAD)
            (void)mf_recent_add(recent, moved->number, moved->len);
        else
            (void)mf_recent_add_piece(recent, moved->number, moved->first,
                                      moved->len);
    }
    purge->moved_count = 0;
}

void mf_purge_rolled_back(struct mf_purge *purge)
{
    purge->moved_count = 0;
}
