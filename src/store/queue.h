/*
 * The store's queue: writes in order, from any thread to the writer.
 */
#ifndef MF_STORE_QUEUE_H
#define MF_STORE_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "store/store.h"

enum mf_store__kind {
    MF_STORE__PUT,
    MF_STORE__CUT_OFF,
    MF_STORE__UPDATE,
    MF_STORE__DELETE,
    MF_STORE__DELETE_ALL,
};

struct mf_store__row;

/* One queued write; made whole by its mf_store_*() call. */
struct mf_store__op {
    struct mf_store__op *next;
    enum mf_store__kind kind;
    uint64_t ticket;
    int64_t queued_ns; /* monotonic */
    size_t size;       /* of the snapshot */

    struct mf_flow *flow; /* put: a reference */
    const char *source;   /* put */
    const char *session;  /* put, cut off */
    bool sets_pinned;     /* update, as the next two */
    bool pinned;
    const char *note;         /* NULL: leave alone */
    struct mf_flow_ref *refs; /* update (one), delete; ids point behind */
    size_t ref_count;
    mf_store_done *done; /* may be NULL */
    void *user;

    /* What the writer found, good for its current attempt. */
    int rc;
    uint64_t count;
    struct mf_store__row *row; /* update */

    char text[]; /* that the pointers above point into */
};

/* How much the writer takes at once and waits for. */
struct mf_store__limits {
    size_t batch_count;
    size_t batch_bytes;
    int64_t gather_ns;
    size_t chunk_count;   /* flows cut off or evicted in one commit */
    uint64_t tombstones;  /* kept at least; twice as many at most */
    size_t changes_bytes; /* of snapshots, after which a page ends */
    int64_t free_pages;   /* kept in the database for what comes next */
    int64_t retry_min_ns;
    int64_t retry_max_ns;
};

struct mf_store__queue {
    pthread_mutex_t mutex;
    pthread_cond_t ready;
    struct mf_store__op *first;
    struct mf_store__op **last;
    size_t count;
    size_t bytes; /* waiting, not counting the batch in work */
    uint64_t ticket;
    bool closing;
    atomic_size_t backlog;
};

int mf_store__queue_init(struct mf_store__queue *queue);
void mf_store__queue_release(struct mf_store__queue *queue); /* empty */

/* Takes `op`, gives it the next ticket. */
void mf_store__queue_push(struct mf_store__queue *queue,
                          struct mf_store__op *op,
                          const struct mf_store__limits *limits,
                          uint64_t *ret_ticket);

/*
 * Take the oldest writes, waiting for some unless `is_busy`, then for more
 * until there are plenty or the oldest has waited long enough. NULL: there
 * are none, and the queue is closing (then *ret_is_closing is true) or
 * `is_busy`.
 */
struct mf_store__op *mf_store__queue_take(struct mf_store__queue *queue,
                                          const struct mf_store__limits *limits,
                                          bool is_busy, bool *ret_is_closing);

/* Wait `pause_ns`, less if the queue is closed; true if it is closing. */
bool mf_store__queue_pause(struct mf_store__queue *queue, int64_t pause_ns);

/* No more is pushed; wake the writer. */
void mf_store__queue_close(struct mf_store__queue *queue);

void mf_store__op_free(struct mf_store__op *op);

#endif
