/*
 * What the files that read the database share: a reader's statements, its
 * read transactions, and how a flow is put together from its parts.
 *
 * Thread:  the reader's.
 * Errors:  0 or a negative MF_E*, told in `err` unless said otherwise.
 */
#ifndef MF_STORE_READER_IMPL_H
#define MF_STORE_READER_IMPL_H

#include <sqlite3.h>

#include "store/block.h"
#include "store/names.h"
#include "store/reader.h"
#include "store/rows.h"
#include "store/sql.h"

enum mf_reader__statement {
    MF_READ_BEGIN,
    MF_READ_END,
    MF_READ_HEAD,
    MF_READ_ROW,         /* ?1 number */
    MF_READ_ROWS_DOWN,   /* number < ?1 and >= ?2, newest first */
    MF_READ_ROWS_UP,     /* number > ?1, oldest first */
    MF_READ_ARRIVED,     /* arrived_ns of the first flow from ?1 on */
    MF_READ_FIRST,       /* the least number */
    MF_READ_NOTED,       /* numbers of flows with a note, below ?1 */
    MF_READ_RECENT,      /* snapshot of ?1 */
    MF_READ_RECENTS,     /* numbers, newest first */
    MF_READ_PIECES,      /* of ?1, those that hold message ?2 or later ones */
    MF_READ_SPLIT,       /* the greatest number below ?1 that has pieces */
    MF_READ_BLOCK,       /* the block that ?1 may be in */
    MF_READ_FIRST_FRAME, /* the first block's frame */
    MF_READ_NEW_BLOCKS,  /* data of blocks after frame ?1 */
    MF_READ_UNSEALED,    /* of frames from ?1 to ?2, newest first */
    MF_READ_UNSEALED_ONE,
    MF_READ_POSTING,
    MF_READ_STALE,      /* numbers below ?1, newest first */
    MF_READ_PAGES_DOWN, /* pages up to ?1, newest first */
    MF_READ_PAGE_NUMBERS,
    MF_READ_PAGE,
    MF_READ_CHANGED_TAIL,  /* number, change: from ?1 on, changed after ?2 */
    MF_READ_CHANGED_STALE, /* the same of what is in `stale` */
    MF_READ_GONE,          /* change, number: after ?1, at most ?2 */
    MF_READ_CONNECTION,    /* ?1 key, ?2 source */
    MF_READ_DESCRIPTORS,
    MF_READ_STATEMENTS,
};

/* Frames taken apart, the last few that were read. */
enum { MF_READER_FRAMES = 8, MF_READER_DAMAGED = 64 };

struct mf_reader__frame {
    uint64_t number;
    uint64_t used;
    struct mf_frame *frame;
};

/* The first bytes of a block, or all. */
struct mf_reader__block {
    uint64_t first; /* frame; 0: none is here */
    uint64_t frames;
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t whole_len;
};

/* The row of `store`. */
struct mf_reader__head {
    uint64_t last_number;
    uint64_t last_change;
    uint64_t last_frame;
    uint64_t tombstone_floor;
    uint64_t flow_count;
    uint64_t sealed_groups;
    uint64_t paged;
};

struct mf_reader {
    struct mf_store *store;
    struct mf_names *names;
    sqlite3 *db;
    sqlite3_stmt *stmts[MF_READ_STATEMENTS];
    struct mf_reader__head head; /* of the transaction */
    struct mf_reader__frame frames[MF_READER_FRAMES];
    struct mf_reader__block block;
    sqlite3_blob *blob; /* of table `block`, within a read; NULL: none yet */
    uint64_t clock;     /* for `used` */
    /* What cannot be read: told once each. */
    uint64_t damaged[MF_READER_DAMAGED];
    size_t damaged_count;
    size_t damage_untold;
    struct mf_err damage;
};

/* Begin a read: until mf_reader__end() everything is of one state of the
 * database, whose head is reader->head. */
int mf_reader__begin(struct mf_reader *reader, struct mf_err *err);
void mf_reader__end(struct mf_reader *reader);

/* Stand MF_READ_ROW on the row of flow `number`: 1, or 0 if there is none.
 * mf_reader__row_done() when it is not needed any more. */
int mf_reader__row(struct mf_reader *reader, uint64_t number,
                   struct mf_err *err);
void mf_reader__row_done(struct mf_reader *reader);

/* Something on the disk is not as it was written. `what` is a frame's number
 * or another that stands for it. */
void mf_reader__damaged(struct mf_reader *reader, uint64_t what,
                        const struct mf_err *err);
#define MF_DAMAGED_PAGE (UINT64_C(1) << 62)
#define MF_DAMAGED_FLOW (UINT64_C(1) << 63)

/*
 * Frame `number`, from what was read before or the database; lives until the
 * next call, or mf_reader__forget(). MF_ENOENT: its block is gone;
 * MF_ECORRUPT (then it is told as damage); MF_ENOMEM, MF_EIO.
 */
int mf_reader__frame(struct mf_reader *reader, uint64_t number,
                     struct mf_frame **ret_frame, struct mf_err *err);

/* The bytes of the block that holds frame `number`, the whole or those of its
 * text at least; the same. */
int mf_reader__block(struct mf_reader *reader, uint64_t number, bool whole,
                     const struct mf_reader__block **ret_block,
                     struct mf_err *err);

/* Close what is open of the database; to be called before its end. */
void mf_reader__settle_blocks(struct mf_reader *reader);

/* Give back what is kept of frames and blocks. */
void mf_reader__forget(struct mf_reader *reader);

struct mf_load {
    bool with_binary;     /* binary bodies too */
    bool only_head;       /* without what is in pieces */
    size_t message_limit; /* 0: all */
    size_t bytes_max;     /* of messages in pieces; 0: all */
};

/* Of a flow's messages in pieces a filter sees no more. */
#define MF_MATCHED_MAX_LEN ((size_t)64 << 20)

/*
 * The flow of the row that `row` (a statement of MF_ROW_COLUMNS) stands on,
 * its parts put together. The caller unrefs it. MF_ENOENT or MF_ECORRUPT: it
 * cannot be read (this is told as damage); others as mf_reader__frame().
 */
int mf_reader__load(struct mf_reader *reader, sqlite3_stmt *row,
                    const struct mf_load *load, struct mf_flow **ret_flow,
                    struct mf_err *err);

/* How many messages a flow has in itself. */
uint64_t mf_reader__count_messages(const struct mf_flow *flow);

/* Append the messages of the piece that `stmt` (MF_READ_PIECES) stands on,
 * as fields of the flow's own message. */
int mf_reader__piece(struct mf_reader *reader, uint64_t number,
                     sqlite3_stmt *stmt, bool with_binary, struct mf_buf *out,
                     struct mf_err *err);

/* The row as a record for mf_filter_match(): without a summary, whose making
 * takes longer than the match. NULL: out of memory. */
struct mf_record *mf_reader__to_match(sqlite3_stmt *row, struct mf_flow *flow);

/* A mf_name_text of the reader's `names`, which is `user`. */
struct mf_span mf_reader__name_text(void *names, enum mf_name_kind kind,
                                    uint32_t id);

static inline uint64_t mf_reader__int(sqlite3_stmt *stmt, int at)
{
    return (uint64_t)sqlite3_column_int64(stmt, at);
}

static inline bool mf_reader__is_cancelled(const _Atomic bool *cancel)
{
    return cancel && *cancel;
}

#endif
