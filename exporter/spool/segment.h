/*
 * mf_spool_segment: one file of a spool, and which of its records are still
 * wanted.
 *
 * A file is a head of 32 bytes and entries, each a header of 48 and a payload:
 *
 *  a block   records, compressed. Records of a segment are numbered; `first`
 *            tells where a block's begin, so that it shows when one is missing.
 *  a note    a part of the bitmap of what is acknowledged: `count` words of 64
 *            bits from word `first` on, to be ORed to what is known.
 *
 * Numbers are little endian. Checksums are zlib's CRC-32, which is linked
 * anyway, begun with the file's random salt: bytes that somebody gets into a
 * record's body do not pass for an entry when a damaged file is searched for
 * the next one.
 *
 * Thread:  the spool's. Units: bytes; ns of the wall clock.
 */
#ifndef MF_EXPORTER_SPOOL_SEGMENT_H
#define MF_EXPORTER_SPOOL_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "exporter/spool/folder.h"

enum {
    MF_SPOOL_HEAD_LEN = 32,
    MF_SPOOL_ENTRY_LEN = 48,
    MF_SPOOL_RECORDS_MAX = 1 << 18, /* of a segment */
};

enum mf_spool_entry_kind {
    MF_SPOOL_BLOCK = 1,
    MF_SPOOL_NOTE,
};

struct mf_spool_entry {
    enum mf_spool_entry_kind kind;
    uint64_t at; /* of the payload, in the file */
    uint32_t stored_len;
    uint32_t raw_len; /* without compression */
    uint32_t first;
    uint32_t count;
    int64_t from_ns; /* of a block's records */
    int64_t to_ns;
    uint32_t crc; /* of the payload */
};

struct mf_spool_segment {
    uint32_t serial; /* its place among all of the spool's */
    uint64_t stamp;
    uint64_t salt;
    uint64_t len;      /* of the file; 0: there is none */
    int fd;            /* -1: not open */
    unsigned failures; /* to read it, one after the other */
    uint32_t count;    /* records that were ever in it */
    uint32_t live;     /* of them, those not acknowledged */
    uint32_t gone;     /* records before this one are in no file any more */
    const char *gone_reason;
    uint64_t *acked; /* a bit for each record */
    uint32_t acked_words;
    uint32_t dirty_from; /* words that no note has yet */
    uint32_t dirty_to;
    int64_t from_ns; /* of its records */
    int64_t to_ns;
};

/* Reads along a segment's entries. */
struct mf_spool_walk {
    uint64_t at; /* of the next entry */
    uint64_t buf_at;
    size_t buf_len;
    uint8_t buf[4096];
};

/* NULL: out of memory. Without a file. */
struct mf_spool_segment *mf_spool__segment_new(uint32_t serial, uint64_t stamp);
/* The file stays. */
void mf_spool__segment_free(struct mf_spool_segment *segment);

/*
 * Open an adopted segment and read which records it holds; what is torn at its
 * end is cut off. *ret_torn: how many records that was, as far as that shows.
 *
 *  MF_ECORRUPT  its head is damaged, so that nothing in it can be trusted
 *  MF_ENOENT    it holds nothing
 *  MF_EIO, MF_ENOMEM
 */
int mf_spool__segment_load(struct mf_spool_segment *segment,
                           const struct mf_spool_folder *folder,
                           uint32_t *ret_torn);

/* ---- records ---- */

/* Make room for one more record. MF_ENOMEM. */
int mf_spool__segment_reserve(struct mf_spool_segment *segment);

/* One more record, of that time: its number is segment->count before. */
void mf_spool__segment_add(struct mf_spool_segment *segment, int64_t at_ns);

bool mf_spool__segment_is_acked(const struct mf_spool_segment *segment,
                                uint32_t index);

/* False: it was already. */
bool mf_spool__segment_ack(struct mf_spool_segment *segment, uint32_t index);

/* ---- the file ---- */

/* Make sure that the file is open. MF_EIO, MF_EBUSY: not now (too many files
 * are open), MF_ENOENT: it is gone. */
int mf_spool__segment_open(struct mf_spool_segment *segment,
                           const struct mf_spool_folder *folder);
void mf_spool__segment_close(struct mf_spool_segment *segment);
void mf_spool__segment_remove(struct mf_spool_segment *segment,
                              const struct mf_spool_folder *folder);

/* Write the header of `entry` (but its `at` and `crc`) for the payload that
 * follows it at `data`. */
void mf_spool__segment_put_header(const struct mf_spool_segment *segment,
                                  const struct mf_spool_entry *entry,
                                  uint8_t *data);

/* Append an entry, header and payload; the file is made if there is none.
 * MF_EFULL (no room on disk) or MF_EIO with `err`; all is as before then. */
int mf_spool__segment_append(struct mf_spool_segment *segment,
                             const struct mf_spool_folder *folder,
                             const uint8_t *data, size_t len,
                             struct mf_err *err);

/* Note what was acknowledged since the last note. As above. */
int mf_spool__segment_note(struct mf_spool_segment *segment,
                           const struct mf_spool_folder *folder,
                           struct mf_err *err);

/* Read part of a payload. MF_EIO. */
int mf_spool__segment_read(const struct mf_spool_segment *segment, uint64_t at,
                           uint8_t *data, size_t len);

/* Add to the checksum of a payload, begun with 0 bytes at NULL. */
uint32_t mf_spool__segment_crc(const struct mf_spool_segment *segment,
                               uint32_t crc, const uint8_t *data, size_t len);

/*
 * The next whole entry at or after walk->at, which is then after it; what is
 * none is passed over. MF_ENOENT: there is none; walk->at is where the last
 * one ended. MF_ETRUNC: so, and *ret_entry is the header of one that goes on
 * after the end. MF_EIO.
 */
int mf_spool__segment_walk(const struct mf_spool_segment *segment,
                           struct mf_spool_walk *walk,
                           struct mf_spool_entry *ret_entry);

#endif
