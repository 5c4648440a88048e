/*
 * Records as a block of a spool: many of them behind one another, compressed
 * (zstd, level 1). A record is a head of 24 bytes (length and label), the
 * flow's id and the message.
 *
 * mf_spool_gather makes one. Long messages go through the compressor piece by
 * piece, so that none is copied as a whole. mf_spool_block reads one; its bytes
 * may be anything.
 *
 * Thread:  the spool's. Units: bytes; ns of the wall clock.
 */
#ifndef MF_EXPORTER_SPOOL_BLOCK_H
#define MF_EXPORTER_SPOOL_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zstd.h>

#include "base/buf.h"
#include "exporter/label.h"
#include "exporter/spool/segment.h"
#include "exporter/spool/spool.h"
#include "pb/spliced.h"

enum {
    MF_SPOOL_RECORD_HEAD_LEN = 24,
    /* So much is gathered before it becomes a block. */
    MF_SPOOL_GATHER_LEN = 256 << 10,
    /* How far back repetitions are found; memory is about twice this. */
    MF_SPOOL_WINDOW_LOG = 18,
};

/* The most that a block may hold: what was gathered, and one record more. */
#define MF_SPOOL_RAW_MAX                                                    \
    (MF_SPOOL_RECORD_MAX + MF_SPOOL_GATHER_LEN + MF_SPOOL_RECORD_HEAD_LEN + \
     MF_FLOW_ID_CAP)

/* ---- writing ---- */

struct mf_spool_gather {
    ZSTD_CCtx *zstd;   /* NULL until there is a first record */
    struct mf_buf out; /* an entry: room for its header, and the payload */
    size_t raw_len;
    uint32_t first; /* number of the first record */
    uint32_t count; /* 0: nothing is gathered */
    uint32_t live;
    int64_t from_ns;
    int64_t to_ns;
    bool is_ended; /* the entry is complete: it takes no more */
};

void mf_spool__gather_init(struct mf_spool_gather *gather);
void mf_spool__gather_release(struct mf_spool_gather *gather);

/* One more record. After MF_ENOMEM it is not in, the others are; after
 * MF_ECORRUPT nothing that was gathered can be used. */
int mf_spool__gather_add(struct mf_spool_gather *gather,
                         const struct mf_label *label,
                         const struct mf_spliced *message, size_t len);

/* Make it an entry of `segment`'s, in gather->out. */
void mf_spool__gather_end(struct mf_spool_gather *gather,
                          const struct mf_spool_segment *segment);

/* Forget what was gathered. */
void mf_spool__gather_clear(struct mf_spool_gather *gather);

/* ---- reading ---- */

struct mf_spool_block {
    ZSTD_DCtx *zstd; /* NULL until there is a first block */
    uint8_t *raw;
    size_t raw_cap;
    size_t raw_len; /* 0: no block */
    size_t at;      /* of the next record */
    uint32_t next;  /* its number */
    uint32_t end;
};

void mf_spool__block_init(struct mf_spool_block *block);
void mf_spool__block_release(struct mf_spool_block *block);

/* Load a block from its segment's file, or from its payload in memory.
 * MF_ECORRUPT; MF_EIO; MF_ENOMEM. Without a block then. */
int mf_spool__block_load(struct mf_spool_block *block,
                         const struct mf_spool_segment *segment,
                         const struct mf_spool_entry *entry);
int mf_spool__block_load_gathered(struct mf_spool_block *block,
                                  const struct mf_spool_gather *gather);

/* The next record and its number; false: there is none. */
bool mf_spool__block_next(struct mf_spool_block *block, uint32_t *ret_index,
                          struct mf_spool_item *ret_item);

/* Without a block. */
void mf_spool__block_clear(struct mf_spool_block *block);

#endif
