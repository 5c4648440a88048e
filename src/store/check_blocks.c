/* Blocks, their frames, and what was made of the text in these. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/block.h"
#include "store/check_impl.h"
#include "store/seal.h"
#include "store/signature_impl.h"
#include "store/sql.h"

enum {
    NEXT_BLOCK,
    GET_DATA,
    GET_UNSEALED,
    GET_POSTING,
    UNSEALED_BEFORE,
    STATEMENTS,
};

static const char *const sql[STATEMENTS] = {
    [NEXT_BLOCK] = "SELECT block.frame, frames, entries, ceiling,"
                   " ifnull(dead, 0) FROM block LEFT JOIN block_dead"
                   " ON block_dead.frame = block.frame"
                   " WHERE block.frame > ?1 ORDER BY block.frame LIMIT 1",
    [GET_DATA] = "SELECT data FROM block WHERE frame = ?1",
    [GET_UNSEALED] = "SELECT has_binary, signature FROM unsealed"
                     " WHERE frame = ?1",
    [GET_POSTING] = "SELECT data FROM posting WHERE id = ?1",
    [UNSEALED_BEFORE] = "SELECT count(*) FROM unsealed WHERE frame < ?1",
};

/* Buckets that a part knows of. */
#define PART_BUCKETS (MF_BUCKETS / mf_postings_part_count())

struct row {
    uint64_t frame;
    unsigned frames;
    uint64_t entries;
    uint64_t ceiling;
    uint64_t dead;
};

/* A walk over all blocks, and the sealed group whose frames it is at. */
struct walk {
    struct mf_check *check;
    sqlite3_stmt *stmts[STATEMENTS];
    struct mf_postings *postings; /* NULL: no frame of it was seen */
    struct mf_frame_set binary;
    uint64_t group;
    uint64_t ceiling; /* of the block before */
    uint64_t last_frame;
    struct mf_buf snapshot;
};

#define FAULT(walk, ...) mf_check__fault((walk)->check, __VA_ARGS__)

/* ---- a sealed group ---- */

/* What is in `is` must be in the stored part; it may have more, of frames
 * that are gone. */
static bool has_all(const struct mf_buf *is, const void *stored, size_t len,
                    size_t part)
{
    uint32_t first = (uint32_t)(part * PART_BUCKETS);
    if (is->len == len && memcmp(is->data, stored, len) == 0)
        return true;
    for (uint32_t bucket = first; bucket < first + PART_BUCKETS; bucket++) {
        struct mf_frame_set wanted, found;
        memset(&wanted, 0xff, sizeof wanted);
        memset(&found, 0xff, sizeof found);
        if (mf_posting_narrow(is->data, is->len, bucket, &wanted) ||
            mf_posting_narrow(stored, len, bucket, &found))
            return false;
        for (size_t i = 0; i < MF_GROUP_FRAMES / 64; i++)
            if (wanted.bits[i] & ~found.bits[i])
                return false;
    }
    return true;
}

static int check_part(struct walk *walk, size_t part, struct mf_err *err)
{
    sqlite3_stmt *stmt = walk->stmts[GET_POSTING];
    struct mf_buf is;
    mf_buf_init(&is, SIZE_MAX);
    int rc = mf_postings_put_part(walk->postings, part, &is);
    if (rc) {
        mf_buf_release(&is);
        return mf_err_set(err, rc, "out of memory");
    }
    mf_sql_bind_int(stmt, 1, mf_posting_id(walk->group, part));
    rc = mf_sql_step(stmt, err);
    if (rc == 0)
        FAULT(walk, "group %" PRIu64 ": part %zu is missing", walk->group,
              part);
    if (rc == 1) {
        if (!has_all(&is, sqlite3_column_blob(stmt, 0),
                     (size_t)sqlite3_column_bytes(stmt, 0), part))
            FAULT(walk,
                  "group %" PRIu64 ": part %zu does not know of all the text "
                  "in its frames",
                  walk->group, part);
        sqlite3_reset(stmt);
    }
    mf_buf_release(&is);
    return rc < 0 ? rc : 0;
}

static int check_binary(struct walk *walk, struct mf_err *err)
{
    sqlite3_stmt *stmt = walk->stmts[GET_POSTING];
    uint64_t words[MF_GROUP_FRAMES / 64] = {0};
    mf_sql_bind_int(stmt, 1,
                    mf_posting_id(walk->group, MF_POSTING_BINARY_PART));
    int rc = mf_sql_step(stmt, err);
    if (rc < 0)
        return rc;
    if (rc == 1) {
        if (sqlite3_column_bytes(stmt, 0) == sizeof words)
            memcpy(words, sqlite3_column_blob(stmt, 0), sizeof words);
        sqlite3_reset(stmt);
    }
    for (size_t i = 0; i < MF_GROUP_FRAMES / 64; i++)
        if (walk->binary.bits[i] & ~le64toh(words[i])) {
            FAULT(walk,
                  "group %" PRIu64 ": does not know of all frames with binary "
                  "bodies",
                  walk->group);
            break;
        }
    return 0;
}

/* Done with the frames of walk->group. */
static int finish_group(struct walk *walk, struct mf_err *err)
{
    int rc = 0;
    if (!walk->postings)
        return 0;
    for (size_t part = 0; !rc && part < mf_postings_part_count(); part++)
        rc = check_part(walk, part, err);
    if (!rc)
        rc = check_binary(walk, err);
    mf_postings_free(walk->postings);
    walk->postings = NULL;
    return rc;
}

static int add_to_group(struct walk *walk, uint64_t frame,
                        const struct mf_buf *signature, bool has_binary,
                        struct mf_err *err)
{
    unsigned at = mf_frame_in_group(frame);
    int rc = 0;
    if (mf_group_of(frame) != walk->group)
        rc = finish_group(walk, err);
    if (!rc && !walk->postings) {
        walk->group = mf_group_of(frame);
        walk->postings = mf_postings_new();
        memset(&walk->binary, 0, sizeof walk->binary);
        rc = walk->postings ? 0 : mf_err_set(err, MF_ENOMEM, "out of memory");
    }
    if (rc)
        return rc;
    if (has_binary)
        walk->binary.bits[at / 64] |= UINT64_C(1) << (at % 64);
    rc = mf_postings_add(walk->postings, at, signature->data, signature->len);
    return rc ? mf_err_set(err, rc, "signature of frame %" PRIu64, frame) : 0;
}

/* ---- a frame ---- */

static int check_unsealed(struct walk *walk, uint64_t frame,
                          const struct mf_buf *signature, bool has_binary,
                          struct mf_err *err)
{
    sqlite3_stmt *stmt = walk->stmts[GET_UNSEALED];
    mf_sql_bind_int(stmt, 1, frame);
    int rc = mf_sql_step(stmt, err);
    if (rc == 0)
        FAULT(walk, "frame %" PRIu64 ": its signature is missing", frame);
    if (rc != 1)
        return rc;
    const void *stored = sqlite3_column_blob(stmt, 1);
    size_t len = (size_t)sqlite3_column_bytes(stmt, 1);
    if (len != signature->len || memcmp(stored, signature->data, len) != 0 ||
        (sqlite3_column_int(stmt, 0) != 0) != has_binary)
        FAULT(walk, "frame %" PRIu64 ": its signature is not that of its text",
              frame);
    sqlite3_reset(stmt);
    return 0;
}

/* Of the frame's entries, made again. */
static int check_signature(struct walk *walk, uint64_t frame,
                           struct mf_block_maker *maker, struct mf_err *err)
{
    struct mf_made_block made;
    int rc = mf_block_maker_finish(maker, &made);
    if (rc)
        return mf_err_set(err, rc, "frame %" PRIu64 ": out of memory", frame);
    const struct mf_buf *signature = &made.signatures[0];
    if (made.frame_count != 1)
        FAULT(walk, "frame %" PRIu64 ": its text is more than a frame has",
              frame);
    else if (mf_group_of(frame) < walk->check->store.sealed_groups)
        rc = add_to_group(walk, frame, signature, made.has_binary[0], err);
    else
        rc = check_unsealed(walk, frame, signature, made.has_binary[0], err);
    mf_made_block_release(&made);
    return rc;
}

/* Whether the entry is the one that its row names. */
static bool is_named(struct walk *walk, const struct mf_block_entry *entry,
                     uint64_t frame, size_t slot)
{
    const struct mf_check *check = walk->check;
    struct mf_check_place *place = mf_check__find(
        entry->first == MF_BLOCK_HEAD ? &check->heads : &check->pieces,
        entry->number, entry->first);
    if (!place || place->frame != frame || place->slot != slot)
        return false;
    place->is_seen = true;
    return true;
}

static int check_entry(struct walk *walk, const struct row *row, unsigned at,
                       struct mf_frame *frame, size_t slot, const void *data,
                       size_t len, struct mf_block_maker *maker,
                       uint64_t *alive, struct mf_err *err)
{
    const struct mf_block_entry *entry = mf_frame_entry(frame, slot);
    struct mf_flow *flow;
    struct mf_err cause = {0};
    unsigned frame_at, slot_at;
    mf_buf_clear(&walk->snapshot);
    int rc = mf_frame_snapshot(frame, slot, data, len, &walk->snapshot, &cause);
    if (!rc)
        rc = mf_flow_from_snapshot(walk->snapshot.data, walk->snapshot.len,
                                   MF_FLOW_ENDED, &flow, &cause);
    if (rc == MF_ENOMEM)
        return mf_err_set(err, rc, "out of memory");
    if (rc) {
        FAULT(walk, "frame %" PRIu64 ", slot %zu: %s", row->frame + at, slot,
              cause.text);
        return 0;
    }
    rc = mf_block_maker_add(maker, entry, flow, &frame_at, &slot_at);
    mf_flow_unref(flow);
    if (rc == MF_ENOMEM)
        return mf_err_set(err, rc, "out of memory");
    if (entry->number > row->ceiling)
        FAULT(walk, "block %" PRIu64 ": its ceiling is below flow %" PRIu64,
              row->frame, entry->number);
    if (!is_named(walk, entry, row->frame + at, slot))
        return 0;
    ++*alive;
    return entry->first == MF_BLOCK_HEAD
               ? mf_check__snapshot(walk->check, entry->number,
                                    walk->snapshot.data, walk->snapshot.len,
                                    err)
               : 0;
}

/* It is signed anew by the next server. */
static bool is_older(const struct walk *walk, uint64_t frame)
{
    const struct mf_check_store *store = &walk->check->store;
    return frame > store->resigned && frame <= store->resign_to;
}

static int check_frame(struct walk *walk, const struct row *row, unsigned at,
                       const void *data, size_t len, uint64_t *entries,
                       uint64_t *alive, struct mf_err *err)
{
    struct mf_frame *frame;
    struct mf_err cause = {0};
    int rc = mf_frame_read(data, len, at, &frame, &cause);
    if (rc == MF_ENOMEM)
        return mf_err_set(err, rc, "out of memory");
    if (rc) {
        FAULT(walk, "frame %" PRIu64 ": %s", row->frame + at, cause.text);
        *entries = UINT64_MAX; /* unknown */
        return 0;
    }
    struct mf_block_maker *maker = mf_block_maker_new();
    if (!maker)
        rc = mf_err_set(err, MF_ENOMEM, "out of memory");
    walk->check->sum.frames++;
    size_t count = mf_frame_entry_count(frame);
    for (size_t slot = 0; !rc && slot < count; slot++)
        rc = check_entry(walk, row, at, frame, slot, data, len, maker, alive,
                         err);
    if (!rc && is_older(walk, row->frame + at))
        walk->check->sum.older_frames++;
    else if (!rc)
        rc = check_signature(walk, row->frame + at, maker, err);
    if (*entries != UINT64_MAX)
        *entries += count;
    mf_block_maker_free(maker);
    mf_frame_free(frame);
    return rc;
}

/* ---- a block ---- */

static int check_data(struct walk *walk, const struct row *row,
                      const void *data, size_t len, struct mf_err *err)
{
    struct mf_err cause = {0};
    struct mf_block_entry *list;
    uint64_t entries = 0, alive = 0;
    unsigned frames;
    size_t count;
    int rc = mf_block_entries(data, len, &frames, &list, &count, &cause);
    if (rc == MF_ENOMEM)
        return mf_err_set(err, rc, "out of memory");
    if (rc) {
        FAULT(walk, "block %" PRIu64 ": %s", row->frame, cause.text);
        return 0;
    }
    free(list);
    if (frames != row->frames || count != row->entries)
        FAULT(walk, "block %" PRIu64 ": its row counts other frames or entries",
              row->frame);
    for (unsigned at = 0; !rc && at < frames; at++)
        rc = check_frame(walk, row, at, data, len, &entries, &alive, err);
    if (!rc && entries != UINT64_MAX && entries - alive != row->dead)
        FAULT(walk,
              "block %" PRIu64 ": it counts %" PRIu64
              " dead entries, there are %" PRIu64,
              row->frame, row->dead, entries - alive);
    return rc;
}

static int check_block(struct walk *walk, const struct row *row,
                       struct mf_err *err)
{
    sqlite3_stmt *stmt = walk->stmts[GET_DATA];
    struct mf_err cause = {0};
    walk->check->sum.blocks++;
    if (row->frame <= walk->last_frame)
        FAULT(walk, "block %" PRIu64 ": its frames are another's, too",
              row->frame);
    walk->last_frame = row->frame + row->frames - 1;
    if (walk->last_frame > walk->check->store.last_frame)
        FAULT(walk, "block %" PRIu64 ": a frame that was not given yet",
              row->frame);
    if (row->ceiling < walk->ceiling)
        FAULT(walk, "block %" PRIu64 ": its ceiling is below an older one's",
              row->frame);
    walk->ceiling = row->ceiling;
    mf_sql_bind_int(stmt, 1, row->frame);
    int rc = mf_sql_step(stmt, &cause);
    if (rc < 0 && rc != MF_ENOMEM) {
        FAULT(walk, "block %" PRIu64 ": %s", row->frame, cause.text);
        return 0;
    }
    if (rc != 1)
        return rc;
    rc = check_data(walk, row, sqlite3_column_blob(stmt, 0),
                    (size_t)sqlite3_column_bytes(stmt, 0), err);
    sqlite3_reset(stmt);
    return rc;
}

static int next_block(struct walk *walk, struct row *row, struct mf_err *err)
{
    sqlite3_stmt *stmt = walk->stmts[NEXT_BLOCK];
    mf_sql_bind_int(stmt, 1, row->frame);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc;
    *row = (struct row){
        .frame = (uint64_t)sqlite3_column_int64(stmt, 0),
        .frames = (unsigned)sqlite3_column_int64(stmt, 1),
        .entries = (uint64_t)sqlite3_column_int64(stmt, 2),
        .ceiling = (uint64_t)sqlite3_column_int64(stmt, 3),
        .dead = (uint64_t)sqlite3_column_int64(stmt, 4),
    };
    sqlite3_reset(stmt);
    return 1;
}

static int check_leftovers(struct walk *walk, struct mf_err *err)
{
    sqlite3_stmt *stmt = walk->stmts[UNSEALED_BEFORE];
    mf_sql_bind_int(stmt, 1,
                    walk->check->store.sealed_groups * MF_GROUP_FRAMES);
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc;
    if (sqlite3_column_int64(stmt, 0))
        FAULT(walk, "unsealed: frames of sealed groups");
    sqlite3_reset(stmt);
    return 0;
}

int mf_check__blocks(struct mf_check *check, struct mf_err *err)
{
    struct walk walk = {.check = check};
    struct row row = {0};
    int rc = mf_sql_prepare(check->db, sql, STATEMENTS, walk.stmts, err);
    if (rc)
        return rc;
    mf_buf_init(&walk.snapshot, SIZE_MAX);
    while ((rc = next_block(&walk, &row, err)) == 1)
        if ((rc = check_block(&walk, &row, err)))
            break;
    if (!rc)
        rc = finish_group(&walk, err);
    if (!rc)
        rc = check_leftovers(&walk, err);
    mf_postings_free(walk.postings);
    mf_buf_release(&walk.snapshot);
    mf_sql_finalize(walk.stmts, STATEMENTS);
    return rc;
}
