/*
 * mf_store: durable home of captured flows.
 *
 * Every write takes effect in memory at once: it has its change number, and
 * whoever watches can be told, before the disk has it. One writer thread
 * makes it durable, many writes in one commit. Change numbers have no gap
 * within an epoch; a process that dies takes back what no commit told, and
 * the next one begins a new epoch.
 *
 * Thread:  any, where nothing else is said.
 * Units:   times are ns since the Unix epoch, UTC; sizes are bytes.
 * Errors:  0 or a negative MF_E*; ret_* is written only on 0.
 */
#ifndef MF_STORE_STORE_H
#define MF_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "flow/append.h"
#include "flow/connection.h"
#include "flow/loss.h"
#include "flow/record.h"

struct mf_store;

/* One change of a flow. */
struct mf_change {
    uint64_t change;
    uint64_t number; /* of the flow */
    bool is_new;     /* the flow's first change */
    bool is_evicted; /* gone by a limit, not by a person */
    /* NULL: deleted or evicted. Its flow is NULL when this change brought no
     * whole snapshot (appended messages, a pin): then mf_reader_get() has
     * it, once mf_store_change_is_durable(). A reference of the holder's. */
    struct mf_record *record;
};

struct mf_store_opts {
    const char *dir;    /* made with mode 0700 if it is not there */
    uint64_t max_flows; /* not counting pinned ones; 0: no cap */
    uint64_t max_bytes; /* of the data; 0: no cap */
    int64_t max_age_ns; /* since arrival; 0: no cap */

    /* There are changes to take. From any thread, with no lock held, at
     * most once until the next mf_store_take_changes(). */
    void (*on_changes)(void *user);
    /* After every commit, on the writer thread: every write with a ticket up
     * to `ticket` is durable. */
    void (*on_commit)(void *user, uint64_t ticket);
    /* A commit failed (disk full, say) and is tried again until it goes
     * through or the store is closed; told once until then. On the writer
     * thread. */
    void (*on_failure)(void *user, const struct mf_err *err);
    void *user;
};

/*
 * Open or create the store, bring an older schema up to date, mark flows
 * that were live when the last server went as cut off, start the threads.
 *
 *  MF_EBUSY     another server has the directory
 *  MF_EVERSION  written by a newer version
 *  MF_EACCES    the directory or a file in it cannot be used
 *  MF_ECORRUPT  not a mitmflow database
 *  MF_EIO, MF_ENOMEM
 */
int mf_store_open(const struct mf_store_opts *opts, struct mf_store **ret_store,
                  struct mf_err *err);

/* Commit what is queued (once, if it fails), end the threads, let go of the
 * directory. Readers must be closed first. NULL is allowed. */
void mf_store_close(struct mf_store *store);

/* Random: the same for as long as no change that was told was lost. */
const char *mf_store_epoch(const struct mf_store *store);

/* About how many frames of flows had signatures of an earlier version when the
 * store was opened: until they are signed anew, in the background, searches
 * find in them what that version found. */
uint64_t mf_store_older_frames(const struct mf_store *store);

/* What is kept, the writes that are not durable yet included. */
struct mf_store_stats {
    uint64_t head; /* last change number */
    uint64_t flow_count;
    uint64_t pinned_count;
    uint64_t evicted_count; /* since the database was made */
    uint64_t bytes;         /* of the data, at the last commit */
};
void mf_store_stats(const struct mf_store *store,
                    struct mf_store_stats *ret_stats);

/*
 * Take the changes since the last call, in order, none missing: at most
 * `max`; returns how many, 0 when there are none. Their references go to the
 * caller. One thread at a time.
 */
size_t mf_store_take_changes(struct mf_store *store, struct mf_change *changes,
                             size_t max);

/* True once a commit holds every change up to `change`. */
bool mf_store_change_is_durable(const struct mf_store *store, uint64_t change);

/*
 * Put one snapshot; the latest snapshot of a key (source and id) wins, pin
 * and note survive. `source` and `session` (both "" if not told, otherwise
 * at most 255 bytes) are copied; a reference to `flow` is taken.
 *
 * A flow that a person deleted while it was live stays deleted: its further
 * words are accepted and dropped until one ends it. An id that was deleted
 * after its end comes back as a new flow with a new number.
 *
 *  MF_EFULL   the disk is full: nothing is taken until a commit succeeds
 *  MF_EINVAL, MF_ENOMEM
 */
int mf_store_put(struct mf_store *store, struct mf_flow *flow,
                 const char *source, const char *session, uint64_t *ret_ticket);

/*
 * The last snapshot of a live flow, a reference for the caller, so that a part
 * can change it; NULL: it is not at hand (not live, not known, with messages
 * of its own, long, or not told of for long) and must be put whole.
 */
struct mf_flow *mf_store_held(struct mf_store *store, const char *source,
                              struct mf_span id);

/*
 * Append messages to a live flow; those that it has are left out, so that
 * repeats change nothing. `append` is borrowed for the call. Errors as
 * mf_store_put(), and
 *
 *  MF_ENOENT  the flow is not there, or messages before these are missing:
 *             it must be put whole
 */
int mf_store_append(struct mf_store *store, const struct mf_append *append,
                    const char *source, const char *session,
                    uint64_t *ret_ticket);

/*
 * Keep what was told of a connection, by its id and `source`: its last event
 * and all times and errors. What was told long ago goes first, at the latest
 * when all flows that were there are gone. Borrowed for the call. Errors as
 * mf_store_put().
 */
int mf_store_put_connection(struct mf_store *store,
                            const struct mf_connection *connection,
                            const char *source, uint64_t *ret_ticket);

/*
 * Keep a report of flows that never came, and give it a number, greater than
 * those before; the last 1,000 are kept. One that is known already, by its id
 * and `source`, changes nothing (*ret_is_new is false). Borrowed for the call.
 * Errors as mf_store_put().
 */
int mf_store_put_loss(struct mf_store *store, const struct mf_loss *loss,
                      const char *source, bool *ret_is_new,
                      uint64_t *ret_ticket);

struct mf_kept_loss {
    uint64_t number;
    int64_t arrived_ns;
    struct mf_span source;
    struct mf_loss loss;
};
typedef void mf_store_visit_loss(void *user, const struct mf_kept_loss *loss);

/* Visit the losses whose number is greater than `after`, oldest first, durable
 * or not; borrowed for the visit, which must not call the store. */
void mf_store_each_loss(struct mf_store *store, uint64_t after,
                        mf_store_visit_loss *visit, void *user);

/* Files of message types that are kept, at most. */
enum { MF_STORE_DESCRIPTORS_MAX = 10000 };
#define MF_STORE_DESCRIPTORS_MAX_LEN ((size_t)16 << 20)

/*
 * Keep a file of message types (a google.protobuf.FileDescriptorProto) that
 * the body of flow `number` told of, in place of one of this name; past the
 * limits above it is left out. It stays when the flow is evicted, and goes
 * when a person deletes the flow, or all. Borrowed for the call. Errors as
 * mf_store_put(), and
 *
 *  MF_ENOENT  the flow is not there
 */
int mf_store_put_descriptor(struct mf_store *store, uint64_t number,
                            struct mf_span name, struct mf_span bytes);

/* Every flow of `session` that is live becomes cut off. */
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
 * (borrowed; update only), and the number of deleted flows. What is deleted
 * is out of the files within a minute. Deleting all takes many commits, with
 * others between them; it deletes what was there when it was asked for.
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
 * back-pressure. */
size_t mf_store_backlog(const struct mf_store *store);

#endif
