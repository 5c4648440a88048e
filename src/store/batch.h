/*
 * mf_batch: the writes of one commit. Rows that they touch are gathered in
 * memory first, so that each is written once and takes one change number.
 *
 * Thread:  the writer's.
 */
#ifndef MF_STORE_BATCH_H
#define MF_STORE_BATCH_H

#include <sqlite3.h>

#include "store/queue.h"

/* The row of table `store`. */
struct mf_store__counters {
    uint64_t last_number;
    uint64_t last_change;
    uint64_t tombstone_floor;
    uint64_t flow_count;
    uint64_t pinned_count;
};

struct mf_batch;

/* A batch over `db`, to be used again and again. */
int mf_batch_new(sqlite3 *db, const struct mf_store__limits *limits,
                 uint64_t max_flows, struct mf_batch **ret_batch,
                 struct mf_err *err);
void mf_batch_free(struct mf_batch *batch);

/* As last committed. */
const struct mf_store__counters *
mf_batch_counters(const struct mf_batch *batch);

/* Whether there are more flows than may stay. */
bool mf_batch_must_evict(const struct mf_batch *batch);

/*
 * Carry out `ops` (may be none, to evict only) and commit. On 0, `ret_commit`
 * tells it (its ticket is not set; valid until the next call) and *ret_rest
 * is the first of `ops` that is not finished: run again from there; NULL if
 * all are. After an error nothing was stored and the same ops can be run
 * again.
 */
int mf_batch_run(struct mf_batch *batch, struct mf_store__op *ops,
                 struct mf_commit *ret_commit, struct mf_store__op **ret_rest,
                 struct mf_err *err);

/* Mark every live flow as cut off, in one commit. */
int mf_batch_cut_off_all(struct mf_batch *batch, struct mf_err *err);

#endif
