/* The inside of mf_front, for its own files. Everything under the mutex. */
#ifndef MF_STORE_FRONT_IMPL_H
#define MF_STORE_FRONT_IMPL_H

#include <pthread.h>

#include "store/front.h"

/* Of a flow that may gain messages: what there is of them, committed or
 * not. */
struct mf_growth {
    uint64_t count;
    uint64_t digest;     /* of all; 0: of none, or not known */
    uint64_t head_count; /* of them are in the head; the rest in pieces */
    bool has_pieces;
    uint64_t client_bytes;
    uint64_t server_bytes;
    double duration_ms;
    int64_t start_ns;
    uint8_t *derived; /* as mf_flow_put_summary() gives it; owned */
    size_t derived_len;

    /* Not taken yet: */
    bool replaces;
    uint64_t first;
    uint64_t pending; /* messages */
    struct mf_buf messages;
    struct mf_buf fields;
    struct mf_buf meta;
};

enum mf_entry_list { MF_ENTRY_NOWHERE, MF_ENTRY_DIRTY, MF_ENTRY_IDLE };

enum mf_table_kind { MF_BY_KEY, MF_BY_NUMBER, MF_TABLES };

struct mf_entry {
    struct mf_entry *next[MF_TABLES]; /* in the tables' chains */
    struct mf_entry *before, *after;  /* in its list */
    uint64_t number;
    uint64_t key;
    uint64_t change;
    uint64_t first_change; /* of those not taken yet, as the next */
    uint64_t first_ticket;
    int64_t arrived_ns;
    struct mf_text *source, *session, *note;
    struct mf_flow *flow;     /* not taken yet; NULL: none */
    struct mf_flow *held;     /* the last snapshot of a live one, for parts;
                                 NULL: not held */
    struct mf_growth *growth; /* NULL: it does not grow */
    size_t bytes;             /* of the backlog, not taken yet */
    enum mf_entry_list list;
    uint8_t type;
    uint8_t state;
    bool pinned;
    bool was_pinned; /* in the database, or in the version taken */
    bool is_new;     /* not in the database, nor in a version taken */
    bool is_deleted;
    bool is_evicted;
    bool forgets;      /* as in mf_version */
    bool is_in_flight; /* a version of it is taken */
    uint64_t growing;
    size_t id_len;
    char id[];
};

struct mf_entry_ring {
    struct mf_entry *first, *last;
    size_t count;
};

struct mf_table {
    struct mf_entry **buckets; /* a power of two */
    size_t bucket_count;
    size_t count;
};

enum { MF_TEXT_SLOTS = 16 };

struct mf_front {
    struct mf_front_opts opts;
    pthread_mutex_t mutex;
    pthread_cond_t work;    /* for the writer */
    pthread_cond_t settled; /* for readers that wait for a commit */

    struct mf_keys *keys;
    struct mf_table tables[MF_TABLES];
    struct mf_entry_ring dirty;           /* by first change */
    struct mf_entry_ring idle;            /* clean and live; longest so first */
    struct mf_text *texts[MF_TEXT_SLOTS]; /* seen lately */
    struct mf_buf scratch;

    uint64_t *growing; /* open addressing; hashes of keys; 0: free */
    size_t growing_slots;
    size_t growing_count;
    uint64_t *ended; /* of `growing`, not taken yet */
    size_t ended_count;
    size_t ended_cap;
    uint64_t ended_ticket; /* of the first of them */

    struct mf_asides asides;                /* not taken yet */
    uint64_t aside_ticket;                  /* of the first of them */
    struct mf_aside *losses[MF_LOSSES_MAX]; /* a ring; owned */
    size_t loss_first;
    size_t loss_count;
    uint64_t last_loss; /* its number */

    struct mf_change *changes; /* a ring, a power of two */
    size_t change_cap;
    size_t change_first;
    size_t change_count;
    bool has_signalled; /* on_changes, since the last take */

    struct mf_ops ops;
    uint64_t last_number;
    uint64_t last_change;
    uint64_t ticket;
    uint64_t told_ticket;
    _Atomic uint64_t durable; /* change */
    int64_t dirty_since_ns;   /* monotonic; of what is not taken; 0: none */
    size_t dirty_bytes;
    atomic_size_t backlog;
    bool is_closing;
    int failing;

    uint64_t flow_count;
    uint64_t pinned_count;
    uint64_t evicted_count;
    uint64_t bytes;
    size_t held_bytes;

    sqlite3 *db; /* reads */
    sqlite3_stmt *row_stmt;
};

/* ---- front.c ---- */

struct mf_entry *mf_front__by_number(const struct mf_front *front,
                                     uint64_t number);
struct mf_entry *mf_front__by_key(const struct mf_front *front, uint64_t key,
                                  const char *source, struct mf_span id);

/* An entry in both tables, in no list. NULL: out of memory. */
struct mf_entry *mf_front__add(struct mf_front *front, uint64_t number,
                               uint64_t key, struct mf_span id);
/* Out of the tables and lists, and free. */
void mf_front__remove(struct mf_front *front, struct mf_entry *entry);
/* Out of the table by key: its key is another's from now on. */
void mf_front__forget_key(struct mf_front *front, struct mf_entry *entry);

/* A shared text; NULL: out of memory. */
struct mf_text *mf_front__text(struct mf_front *front, const char *text);

/* Put the entry into the list where it belongs, as it is. An entry that is
 * clean and not worth keeping is freed. */
void mf_front__file(struct mf_front *front, struct mf_entry *entry);
void mf_front__to_list(struct mf_front *front, struct mf_entry *entry,
                       enum mf_entry_list list);

/* Hold `flow` (NULL: nothing) as what parts of the entry's flow change. */
void mf_front__hold(struct mf_front *front, struct mf_entry *entry,
                    struct mf_flow *flow);

/* ---- front_load.c ---- */

/* The entry of a flow that is there, from memory or else from its row (in
 * no list then: mf_front__file() it). MF_ENOENT, MF_ENOMEM, MF_EIO,
 * MF_ECORRUPT. */
int mf_front__load(struct mf_front *front, uint64_t number,
                   struct mf_entry **ret_entry);
/* The same by key. */
int mf_front__find(struct mf_front *front, uint64_t key, const char *source,
                   struct mf_span id, struct mf_entry **ret_entry);
/* Append the derived summary of a flow that is committed as it is. */
int mf_front__derived(struct mf_front *front, uint64_t number,
                      struct mf_buf *out);
int mf_front__load_keys(struct mf_front *front, struct mf_err *err);

/* ---- front_aside.c ---- */

int mf_front__load_losses(struct mf_front *front, struct mf_err *err);
void mf_front__free_asides(struct mf_front *front);

/* ---- front_put.c ---- */

/* Whether something may be put; else why not. */
int mf_front__admit(const struct mf_front *front);

/* ---- front_change.c ---- */

/* Whether there is room for another change; make some. */
int mf_front__reserve_change(struct mf_front *front);

/*
 * The entry has changed: its number for this is front->last_change + 1.
 * Queues the change (takes `record`; NULL: deleted), makes it dirty. Room
 * was made. Returns true if on_changes is to be called, without the mutex.
 */
bool mf_front__changed(struct mf_front *front, struct mf_entry *entry,
                       struct mf_record *record, bool is_first);

/* There is something to commit: the writer is told, if it was not. */
void mf_front__has_work(struct mf_front *front);

/* A record of the entry as it is about to be, at the next change. `flow`
 * and `derived` as mf_record_new(). */
struct mf_record *mf_front__record(const struct mf_front *front,
                                   const struct mf_entry *entry,
                                   struct mf_flow *flow, const uint8_t *derived,
                                   size_t len);

/* ---- front_growing.c ---- */

/* The hash of a flow's whole key; never 0. */
uint64_t mf_front__whole_key(const struct mf_front *front, const char *source,
                             struct mf_span id);
int mf_front__add_growing(struct mf_front *front, uint64_t whole_key);
bool mf_front__is_growing(const struct mf_front *front, uint64_t whole_key);
void mf_front__end_growing(struct mf_front *front, uint64_t whole_key);

/* ---- growth.c ---- */

void mf_growth_free(struct mf_growth *growth); /* NULL is allowed */
struct mf_growth *mf_growth_new(void);

/* What a whole snapshot does to a flow's messages: worked out first, then
 * taken over, which cannot fail. */
struct mf_growth_plan {
    bool replaces; /* what came before */
    bool follows;  /* what waits to be taken */
    uint64_t count;
    uint64_t digest;
    uint64_t head_count;
    uint64_t from; /* messages from here on are new, and not the head's */
    struct mf_buf messages;
};
int mf_growth_plan(struct mf_growth *growth, const struct mf_flow *flow,
                   struct mf_growth_plan *ret_plan);
/* Moves `plan`'s messages. Room was made by mf_growth_plan(). */
void mf_growth_apply(struct mf_growth *growth, struct mf_growth_plan *plan);

#endif
