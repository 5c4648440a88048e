/*
 * mf_checkpoint: a thread with a connection of its own that moves what was
 * committed from the write-ahead log into the database, so that the log can
 * begin again and stays small.
 *
 * Thread:  the writer's, where nothing else is said.
 * Units:   bytes, ns.
 */
#ifndef MF_STORE_CHECKPOINT_H
#define MF_STORE_CHECKPOINT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct mf_checkpoint_opts {
    uint64_t often;   /* after so much of log, a checkpoint beside the writer */
    uint64_t restart; /* a log of this length must begin again: the writer
                         waits a moment for it */
    uint64_t pace;    /* from here on the writer is slowed down, because a
                         reader holds the log */
    uint64_t pace_full; /* to its slowest at this length */
};

struct mf_checkpoint;

/* Start the thread for the database at `path`; `db` is the writer's
 * connection to it, whose log is watched from now on. */
int mf_checkpoint_new(const char *path, sqlite3 *db,
                      const struct mf_checkpoint_opts *opts,
                      struct mf_checkpoint **ret_checkpoint,
                      struct mf_err *err);

/* End the thread and stop watching; `db` is still open. NULL is allowed. */
void mf_checkpoint_free(struct mf_checkpoint *checkpoint);

/*
 * Empty the log and scrub the database, so that nothing remains in them of
 * what was deleted before this call: as soon as no reader holds the log.
 */
void mf_checkpoint_purge(struct mf_checkpoint *checkpoint);
/* Whether all that was asked for has been done. From any thread. */
bool mf_checkpoint_is_purged(struct mf_checkpoint *checkpoint);

/* The writer's part, between transactions: forget pages that were scrubbed,
 * and wait as long as it should now, at most 2 s; not at all while the log is
 * short. */
void mf_checkpoint_pace(struct mf_checkpoint *checkpoint);

/* An error of the thread that was not told yet: its code, else 0. */
int mf_checkpoint_take_error(struct mf_checkpoint *checkpoint,
                             struct mf_err *err);

#endif
