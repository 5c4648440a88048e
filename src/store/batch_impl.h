/* The inside of mf_batch, for its own files. */
#ifndef MF_STORE_BATCH_IMPL_H
#define MF_STORE_BATCH_IMPL_H

#include "flow/columns.h"
#include "store/batch.h"
#include "store/pack.h"

enum mf_batch_statement {
    MF_BATCH_BEGIN,
    MF_BATCH_COMMIT,
    MF_BATCH_GET_PAGED,
    MF_BATCH_SAVE_STORE,
    MF_BATCH_PAGE_COUNT,
    MF_BATCH_FREE_COUNT,
    MF_BATCH_INSERT_FLOW,
    MF_BATCH_UPDATE_FLOW,
    MF_BATCH_TOUCH_FLOW,
    MF_BATCH_GROW_FLOW,
    MF_BATCH_PLACE_FLOW,
    MF_BATCH_WHERE_FLOW,
    MF_BATCH_DELETE_FLOW,
    MF_BATCH_PUT_RECENT,
    MF_BATCH_GET_RECENT,
    MF_BATCH_REST_RECENT,
    MF_BATCH_MOVE_RECENT,
    MF_BATCH_DELETE_RECENT,
    MF_BATCH_PUT_PIECE,
    MF_BATCH_GET_PIECES,
    MF_BATCH_PLACE_PIECE,
    MF_BATCH_DELETE_PIECE,
    MF_BATCH_DELETE_PIECES,
    MF_BATCH_PUT_BLOCK,
    MF_BATCH_GET_BLOCK,
    MF_BATCH_FIND_BLOCK,
    MF_BATCH_PUT_DEAD,
    MF_BATCH_PUT_UNSEALED,
    MF_BATCH_PUT_STALE,
    MF_BATCH_PUT_NAME,
    MF_BATCH_PUT_TOMBSTONE,
    MF_BATCH_NTH_TOMBSTONE,
    MF_BATCH_DROP_TOMBSTONES,
    MF_BATCH_DROP_GROWING,
    MF_BATCH_END_GROWING,
    MF_BATCH_STATEMENTS,
};

/* Columns of table `store` that a batch moves. */
struct mf_batch_counters {
    uint64_t last_number;
    uint64_t last_change;
    uint64_t top_change;
    uint64_t last_frame;
    uint64_t tombstone_floor;
    uint64_t flow_count;
    uint64_t pinned_count;
    uint64_t evicted_count;
    uint64_t tombstones; /* is not saved */
    uint64_t ceiling;    /* of the last block; is not saved by itself */
    uint32_t names[MF_NAME_KINDS]; /* saved; the same */
};

/* An entry that no row names any more. */
struct mf_dead_entry {
    uint64_t frame;
    uint32_t purge; /* MF_PURGE_* */
};

/* What will wait for a block once this is committed. */
struct mf_waiting {
    uint64_t number;
    size_t len;
    enum { MF_WAITS_HEAD, MF_WAITS_PIECE, MF_WAITS_END } kind;
};

struct mf_batch {
    struct mf_store *store;
    sqlite3 *db;
    sqlite3_stmt *stmts[MF_BATCH_STATEMENTS];
    struct mf_pack *pack;
    uint64_t page_size;
    struct mf_batch_counters saved;
    struct mf_batch_counters next; /* saved by this commit */
    uint64_t paged_end; /* flows below have their columns in a page */

    /* Packing: the ended snapshots that still come in this commit, and how
     * much of them is left for a later block. */
    bool packs;
    size_t ended_left;
    size_t leave;

    struct mf_dead_entry *dead;
    size_t dead_count, dead_cap;
    struct mf_waiting *waiting;
    size_t waiting_count, waiting_cap;
    struct mf_buf url, rest, head; /* scratch */
};

static inline sqlite3_stmt *mf_batch__stmt(struct mf_batch *batch,
                                           enum mf_batch_statement which)
{
    return batch->stmts[which];
}

int mf_batch__add_dead(struct mf_batch *batch, uint64_t frame, uint32_t purge);
int mf_batch__add_waiting(struct mf_batch *batch, uint64_t number, size_t len,
                          int kind);

/* ---- batch_flow.c ---- */

int mf_batch__write(struct mf_batch *batch, const struct mf_version *version,
                    struct mf_err *err);

/* ---- batch_delete.c ---- */

int mf_batch__delete(struct mf_batch *batch, const struct mf_version *version,
                     struct mf_err *err);
int mf_batch__delete_pieces(struct mf_batch *batch, uint64_t number,
                            uint32_t purge, struct mf_err *err);
int mf_batch__trim_tombstones(struct mf_batch *batch, struct mf_err *err);

/* ---- batch_pack.c ---- */

/* Decide on packing. */
void mf_batch__plan_packing(struct mf_batch *batch,
                            const struct mf_taken *taken);
/* Heads and pieces that wait go into blocks. */
int mf_batch__pack_waiting(struct mf_batch *batch, struct mf_err *err);
/* Rows of blocks that are made; then the dead are counted. */
int mf_batch__put_blocks(struct mf_batch *batch, struct mf_err *err);
/* The snapshot at a frame and slot, appended. MF_ECORRUPT and others. */
int mf_batch__read_frame(struct mf_batch *batch, uint64_t frame, unsigned slot,
                         struct mf_buf *out, struct mf_err *err);

#endif
