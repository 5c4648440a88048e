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

#include "store/store.h"

struct mf_front;

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
 * Whether `number` is here: then a write to it may know where its snapshot
 * is, and who moves snapshots between blocks leaves it alone for now.
 *
 * Thread:  the writer's.
 */
bool mf_front_holds(struct mf_front *front, uint64_t number);

#endif
