/*
 * mf_evict: which flows must go so that the store stays within its limits of
 * number, bytes and age: the oldest that are not pinned, a few at a time.
 *
 * Thread:  the writer's, between transactions.
 */
#ifndef MF_STORE_EVICT_H
#define MF_STORE_EVICT_H

#include <sqlite3.h>

#include "store/front.h"

struct mf_evict_opts {
    uint64_t max_flows; /* 0: no cap, as the next two */
    uint64_t max_bytes; /* of the database in use */
    int64_t max_age_ns;
    size_t chunk; /* flows at most, in one step */
};

/* What the store is like, as last committed. */
struct mf_evict_state {
    uint64_t last_number;
    uint64_t flow_count;
    uint64_t pinned_count;
    uint64_t evicted_count;
    uint64_t bytes; /* of the database in use */
    /* Flows were deleted whose space is not free yet: bytes tell nothing. */
    bool is_freeing;
};

struct mf_evict;

int mf_evict_new(sqlite3 *db, const struct mf_evict_opts *opts,
                 struct mf_evict **ret_evict, struct mf_err *err);
void mf_evict_free(struct mf_evict *evict); /* NULL is allowed */

/*
 * Hand the next flows to `front`, if there are any to go. *ret_count: how
 * many it took; the next commit deletes them. Until then, and for a while
 * after nothing was found, steps do nothing.
 */
int mf_evict_step(struct mf_evict *evict, struct mf_front *front,
                  const struct mf_evict_state *state, size_t *ret_count,
                  struct mf_err *err);

#endif
