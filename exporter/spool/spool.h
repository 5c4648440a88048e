/*
 * mf_spool: messages on disk, for as long as no server has acknowledged
 * them: append-only segment files in one folder, private to the user, which
 * several processes may share. What a process leaves behind when it dies is
 * adopted by the next one that opens the folder.
 *
 * Records are gathered and written as compressed blocks with a checksum. A
 * record that is acknowledged is noted in its segment by a further entry, so
 * that a process that follows does not send it again; a segment with nothing
 * left is removed. Past its maximum the oldest segment is given up and its
 * loss is told; what mf_spool_next() gave of it and is not acknowledged yet
 * counts as lost only if mf_spool_rewind() or the close comes first.
 *
 * All that is read back may be damaged: a broken tail is cut off, a broken
 * block skipped, and both are counted as a loss where they held records.
 *
 * Thread:  the sender's alone.
 * Units:   bytes; ns of the wall clock.
 */
#ifndef MF_EXPORTER_SPOOL_H
#define MF_EXPORTER_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "exporter/label.h"
#include "pb/spliced.h"

struct mf_spool;

/* The longest record, whatever the spool's maximum. */
#define MF_SPOOL_RECORD_MAX ((size_t)96 << 20)

struct mf_spool_opts {
    const char *dir;    /* made if it is not there, with mode 0700; one that
                           others may use is made private */
    uint64_t max_bytes; /* of all files of this process, adopted ones too */
    /* Records were given up, from the first to the last of their times. Called
     * inside mf_spool_*(), open and close too; must not call them. `reason`
     * lives for ever. */
    void (*on_loss)(void *user, uint64_t count, int64_t from_ns, int64_t to_ns,
                    const char *reason);
    void *user;
};

/* Where a record lies; never 0, grows with each record that is added. */
typedef uint64_t mf_spool_position;

/* One record, read back. */
struct mf_spool_item {
    mf_spool_position position;
    struct mf_label label;
    const uint8_t *data; /* an ExportFlowRequest in one run; the spool's, until
                            mf_spool_next(), _rewind() or _close() */
    size_t len;
};

struct mf_spool_stats {
    uint64_t bytes;   /* on disk */
    uint64_t records; /* not acknowledged */
    uint64_t unread;  /* of them, those that mf_spool_next() has not given */
};

/*
 * Open the folder, with segments of this process's own; those of processes
 * that are gone are adopted and stand before all that is added.
 *
 *  MF_EIO     the folder or a file cannot be made or locked; `err` says why
 *  MF_EACCES  the folder belongs to another user
 *  MF_ENOMEM
 */
int mf_spool_open(const struct mf_spool_opts *opts, struct mf_spool **ret_spool,
                  struct mf_err *err);

/* What is not written is written; files without a record that waits go. NULL
 * is allowed. */
void mf_spool_close(struct mf_spool *spool);

/*
 * Gather one record, and write what was gathered if that is much by now.
 * `message` is an ExportFlowRequest.
 *
 *  MF_EFULL  longer than the spool's maximum, or too much is gathered that
 *            could not be written: mf_spool_flush() says why
 *  MF_ENOMEM
 */
int mf_spool_add(struct mf_spool *spool, const struct mf_label *label,
                 const struct mf_spliced *message,
                 mf_spool_position *ret_position);

/*
 * Write what was gathered, so that it outlives this process, and note what was
 * acknowledged. Cheap when there is neither.
 *
 *  MF_EFULL  the disk is full; mf_spool_give_up_oldest() makes room
 *  MF_EIO    it fails otherwise
 *
 * with `err`. What was gathered stays so, and mf_spool_next() gives it still.
 */
int mf_spool_flush(struct mf_spool *spool, struct mf_err *err);

/* Records gathered and not written yet, in bytes before compression; 0: all
 * that was added and is not acknowledged is on disk. */
size_t mf_spool_gathered(const struct mf_spool *spool);

/*
 * The next record to be sent: the oldest that is not acknowledged and was
 * not given since the last mf_spool_rewind().
 *
 *  MF_ENOENT  there is none
 *  MF_EBUSY   it cannot be read at present; try again later
 *  MF_ENOMEM
 */
int mf_spool_next(struct mf_spool *spool, struct mf_spool_item *ret_item);

/* Begin again with the oldest that is not acknowledged. */
void mf_spool_rewind(struct mf_spool *spool);

/* A record is durable at a server, or of no more use. In any order; one that
 * was given up or acknowledged before is passed over. */
void mf_spool_ack(struct mf_spool *spool, mf_spool_position position);

/* Give up the oldest segment on disk, the one that is being written if there is
 * no other; false: there is none. */
bool mf_spool_give_up_oldest(struct mf_spool *spool, const char *reason);

/* Give up what was gathered and could not be written. Returns how many records
 * that was; opts.on_loss tells of them. */
uint64_t mf_spool_give_up_gathered(struct mf_spool *spool, const char *reason);

/*
 * A number that whoever opens the folder next finds again; 0: none. For what
 * need not be right: several may write it, and nothing says that it failed.
 */
void mf_spool_remember(struct mf_spool *spool, uint64_t number);
uint64_t mf_spool_remembered(const struct mf_spool *spool);

void mf_spool_set_max(struct mf_spool *spool, uint64_t max_bytes);
void mf_spool_get_stats(const struct mf_spool *spool,
                        struct mf_spool_stats *ret_stats);

#endif
