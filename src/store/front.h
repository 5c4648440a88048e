/*
 * mf_front: the store's flows that are not as the database has them yet, or
 * may grow. Writes take effect here, one after another: each takes its
 * change number, is queued for who watches, and leaves its flow dirty until
 * a commit has it.
 *
 * A flow in neither state is in the database only; the keys tell where.
 *
 * Thread:  any, where nothing else is said: one mutex guards all of it.
 */
#ifndef MF_STORE_FRONT_H
#define MF_STORE_FRONT_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "store/aside.h"
#include "store/keys.h"
#include "store/names.h"
#include "store/queue.h"
#include "store/store.h"

struct mf_front;
struct mf_entry;

/* ---- eviction ---- */

/* A flow to let go of. */
struct mf_eviction {
    uint64_t number;
    int64_t key; /* column `key` of its row */
};

/*
 * Evict `count` flows, which are in the database: the next batches delete
 * their rows, whatever is in `recent` or `piece` of them, and count their
 * entries as dead; the counters move with them. Left out: flows that were
 * pinned since their rows were read, or are gone already. Returns how many
 * were evicted; less than `count` without a reason like these: memory is
 * out, ask again.
 *
 * Thread:  the writer's.
 */
size_t mf_front_evict(struct mf_front *front, const struct mf_eviction *flows,
                      size_t count);

/*
 * Whether `number` is dirty here: then a write to it may know where its
 * snapshot is, and who moves snapshots between blocks leaves it alone for now.
 *
 * Thread:  the writer's.
 */
bool mf_front_holds(struct mf_front *front, uint64_t number);

/* ---- life ---- */

struct mf_front_opts {
    const char *path; /* of the database; the caller's until it is free */
    const struct mf_names *names;
    uint8_t key_seed[MF_KEY_SEED_LEN];
    size_t live_count;  /* clean live flows kept */
    size_t batch_bytes; /* that wake the writer at once */
    uint64_t last_number;
    uint64_t last_change;
    uint64_t flow_count;
    uint64_t pinned_count;
    uint64_t evicted_count;
    void (*on_changes)(void *user); /* NULL: nobody takes them */
    void *user;
};

/* Reads the keys of all flows, so it takes a while. */
int mf_front_new(const struct mf_front_opts *opts, struct mf_front **ret_front,
                 struct mf_err *err);
void mf_front_free(struct mf_front *front); /* NULL is allowed */

/* ---- what mf_store_*() do ---- */

int mf_front_put(struct mf_front *front, struct mf_flow *flow,
                 const char *source, const char *session, uint64_t *ret_ticket);
int mf_front_append(struct mf_front *front, const struct mf_append *append,
                    const char *source, const char *session,
                    uint64_t *ret_ticket);
int mf_front_put_connection(struct mf_front *front,
                            const struct mf_connection *connection,
                            const char *source, uint64_t *ret_ticket);
int mf_front_put_loss(struct mf_front *front, const struct mf_loss *loss,
                      const char *source, bool *ret_is_new,
                      uint64_t *ret_ticket);
void mf_front_each_loss(struct mf_front *front, uint64_t after,
                        mf_store_visit_loss *visit, void *user);
int mf_front_put_descriptor(struct mf_front *front, uint64_t number,
                            struct mf_span name, struct mf_span bytes);
uint64_t mf_front_key(const struct mf_front *front, struct mf_span id);
struct mf_flow *mf_front_held(struct mf_front *front, const char *source,
                              struct mf_span id);
/* Takes `op`. */
void mf_front_ask(struct mf_front *front, struct mf_op *op,
                  uint64_t *ret_ticket);
size_t mf_front_take_changes(struct mf_front *front, struct mf_change *changes,
                             size_t max);
bool mf_front_is_durable(const struct mf_front *front, uint64_t change);
void mf_front_stats(const struct mf_front *front,
                    struct mf_store_stats *ret_stats);
size_t mf_front_backlog(const struct mf_front *front);

/* As in lookup.h. */
size_t mf_front_find_numbers(struct mf_front *front, struct mf_span id,
                             uint64_t *numbers, size_t max);
int mf_front_settle(struct mf_front *front, uint64_t number);

/* ---- the writer thread: waiting ---- */

struct mf_front_work {
    bool is_closing;
    bool has_dirty; /* flows to commit, plenty or for some time */
    bool has_ops;
    bool has_tickets; /* durable ones that are not told */
};

/*
 * Wait for work, then `gather_ns` from its beginning for more of it, less if
 * there is plenty or the front is closing; without any, until `until_ns`
 * (monotonic). 0: do not wait, neither for one nor the other.
 */
void mf_front_wait(struct mf_front *front, int64_t gather_ns, int64_t until_ns,
                   struct mf_front_work *ret_work);

/* Wait `pause_ns` after a failure, less if the front is closing. */
bool mf_front_pause(struct mf_front *front, int64_t pause_ns);

/* No more is put; wakes the writer. */
void mf_front_close(struct mf_front *front);

/* Commits fail: MF_EFULL refuses puts, anything but 0 ends waits. */
void mf_front_set_failing(struct mf_front *front, int rc);

/* ---- the writer thread: ops, while no version is taken ---- */

/* The oldest, which stays: NULL if there is none. Later ones wait for it, and
 * so do tickets from its own on. */
struct mf_op *mf_front_first_op(struct mf_front *front);
/* It is the caller's from now on. */
void mf_front_pop_op(struct mf_front *front);

/* The flow that `ref` names. MF_ENOENT, MF_ENOMEM, MF_EIO. */
int mf_front_number_of(struct mf_front *front, const struct mf_flow_ref *ref,
                       uint64_t *ret_number);

/* *ret_record is the caller's. Errors as above. */
int mf_front_update(struct mf_front *front, uint64_t number,
                    const struct mf_op *op, struct mf_record **ret_record);
/* `forgets`: with what is known of its connections. */
int mf_front_delete(struct mf_front *front, uint64_t number, bool forgets);
/* What is known of any connection goes. MF_ENOMEM. */
int mf_front_forget_connections(struct mf_front *front);
/* The same of message types. */
int mf_front_forget_descriptors(struct mf_front *front);
/* Flow `number` becomes cut off, if it is live and of this session. */
int mf_front_cut_off(struct mf_front *front, uint64_t number,
                     const char *session);
/* The same for those that are in memory, at most `limit`, from *position on
 * (0: the start). *ret_more: call again. */
int mf_front_cut_off_some(struct mf_front *front, const char *session,
                          size_t limit, uint64_t *position, bool *ret_more);
uint64_t mf_front_head(struct mf_front *front);

/* ---- the writer thread: commits ---- */

/* A text that many flows share. Immutable, reference counted. */
struct mf_text {
    atomic_uint refs;
    size_t len;
    char text[];
};
void mf_text_unref(struct mf_text *text); /* NULL is allowed */

/* Messages that a flow gained and what goes with them. */
struct mf_gain {
    bool replaces; /* earlier pieces go */
    bool is_cut;   /* the flow's messages from head_count on are not
                      the head's */
    uint64_t head_count;
    uint64_t first; /* of those in `messages` */
    uint64_t count;
    struct mf_buf messages; /* as fields */
    struct mf_buf fields;   /* for the head */
    struct mf_buf meta;
    /* Of the whole flow: */
    uint64_t message_count;
    uint64_t digest;
    uint64_t client_bytes;
    uint64_t server_bytes;
    double duration_ms;
};

/* How a flow is to be written: the latest of it. */
struct mf_version {
    struct mf_entry *entry;
    uint64_t number;
    uint64_t change;
    uint64_t key;
    int64_t arrived_ns;
    struct mf_span id;
    struct mf_text *source, *session, *note; /* references */
    struct mf_flow *flow; /* a reference; NULL: the snapshot is as it was */
    enum mf_flow_type type;
    enum mf_flow_state state;
    bool pinned;
    bool was_pinned; /* in the database */
    bool is_new;     /* not in the database */
    bool is_deleted;
    bool is_evicted;
    bool forgets;         /* deleted, and what is known of its connections */
    uint64_t growing;     /* hash of the key of a live flow that is deleted */
    struct mf_gain *gain; /* owned; NULL: not a flow that gains messages */
    size_t bytes;         /* of the backlog */
};

struct mf_taken {
    struct mf_version *versions; /* in the order of their first change */
    size_t count;
    size_t cap;
    /* Keys that an ending event freed: mf_version.growing of earlier ones. */
    uint64_t *ended;
    size_t ended_count;
    struct mf_asides asides;
    /* What holds once these are committed: */
    uint64_t last_number;
    uint64_t last_change; /* every change up to this one is there */
    uint64_t top_change;  /* of the last version of all */
};

/* Take what is dirty, of about `bytes` at most. 0 or MF_ENOMEM. */
int mf_front_take(struct mf_front *front, size_t bytes,
                  struct mf_taken *ret_taken);

/* They are in the database. `bytes` is the size of the data. */
void mf_front_committed(struct mf_front *front, struct mf_taken *taken,
                        uint64_t bytes);

/* They will never be (the store closes). */
void mf_front_dropped(struct mf_front *front, struct mf_taken *taken);

/* The last durable ticket, and that it is told. */
uint64_t mf_front_tell(struct mf_front *front);

#endif
