/*
 * mf_store: durable home of captured flows.
 *
 * Writes are queued by any thread and carried out in order by one writer
 * thread, many in one commit. Every change of a flow takes the next change
 * number, without gaps; several writes of one flow in one commit are one
 * change. A write is durable once a commit with its ticket was told.
 *
 * Units:   times are ns since the Unix epoch, UTC; sizes are bytes.
 * Errors:  0 or a negative MF_E*; ret_* is written only on 0.
 */
#ifndef MF_STORE_STORE_H
#define MF_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "flow/record.h"
#include "query/filter.h"

struct mf_store;

/* One change, as a commit tells it. */
struct mf_change {
    uint64_t change;
    uint64_t number;          /* of the flow */
    bool is_new;              /* the flow's first change */
    struct mf_record *record; /* NULL: deleted or evicted; with its flow
                               * unless the stored snapshot is damaged */
};

struct mf_commit {
    uint64_t ticket;                 /* every write up to this one is durable */
    const struct mf_change *changes; /* in order; borrowed for the call */
    size_t change_count;
    uint64_t flow_count; /* flows kept after it */
};

struct mf_store_opts {
    const char *dir;    /* made with mode 0700 if it is not there */
    uint64_t max_flows; /* not counting pinned ones; 0: no cap */

    /* After every commit, on the writer thread. */
    void (*on_commit)(void *user, const struct mf_commit *commit);
    /* A commit failed (disk full, say) and is tried again until it goes
     * through or the store is closed; on the writer thread. */
    void (*on_failure)(void *user, const struct mf_err *err);
    void *user;
};

/*
 * Open or create the store, bring an older schema up to date, mark flows
 * that were live when the last server went as cut off, start the writer.
 *
 *  MF_EBUSY     another server has the directory
 *  MF_EVERSION  written by a newer version
 *  MF_EACCES    the directory or a file in it cannot be used
 *  MF_ECORRUPT  not a mitmflow database
 *  MF_EIO, MF_ENOMEM
 */
int mf_store_open(const struct mf_store_opts *opts, struct mf_store **ret_store,
                  struct mf_err *err);

/* Commit what is queued (once, if it fails), end the writer, let go of the
 * directory. Readers must be closed first. NULL is allowed. */
void mf_store_close(struct mf_store *store);

/* Random, fixed at creation: changes told under one epoch are never lost. */
const char *mf_store_epoch(const struct mf_store *store);

/*
 * Queue one snapshot; the latest snapshot of a key (source and id) wins,
 * pin and note survive. `source` and `session` (both "" if not told,
 * otherwise at most 255 bytes) are copied; a reference to `flow` is taken.
 * An id that a person deleted comes back only as a new flow with a new
 * number.
 */
int mf_store_put(struct mf_store *store, struct mf_flow *flow,
                 const char *source, const char *session, uint64_t *ret_ticket);

/* Queue: every flow of `session` that is live becomes cut off. */
int mf_store_cut_off(struct mf_store *store, const char *session,
                     uint64_t *ret_ticket);

/* Which flow: by number, or else the newest with this id. */
struct mf_flow_ref {
    uint64_t number;
    struct mf_span id;
};

struct mf_update {
    const bool *pinned; /* NULL: leave alone */
    const char *note;   /* NULL: leave alone; UTF-8 */
};

/*
 * Queue an update or a deletion and hear of it: `done` runs on the writer
 * thread after the commit, with 0 or MF_ENOENT, the record as it then is
 * (borrowed; update only), and the number of deleted flows.
 */
typedef void mf_store_done(void *user, int rc, struct mf_record *record,
                           uint64_t count);
int mf_store_update(struct mf_store *store, const struct mf_flow_ref *ref,
                    const struct mf_update *update, mf_store_done *done,
                    void *user);
int mf_store_delete(struct mf_store *store, const struct mf_flow_ref *refs,
                    size_t count, mf_store_done *done, void *user);
int mf_store_delete_all(struct mf_store *store, mf_store_done *done,
                        void *user);

/* Bytes of snapshots queued and not yet committed: the measure for
 * back-pressure. Any thread. */
size_t mf_store_backlog(const struct mf_store *store);

#endif
