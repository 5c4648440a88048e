/*
 * mf_purge: gives up blocks that have dead entries: all of them, many, or one
 * that a person deleted. What lives in them goes back to `recent` and
 * `piece`, to be packed anew.
 *
 * Pages of a block in which a person deleted something, or may still, are
 * overwritten; those of evicted flows are only freed.
 *
 * Thread:  the writer's.
 */
#ifndef MF_STORE_PURGE_H
#define MF_STORE_PURGE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/front.h"
#include "store/recent.h"

/* In block_dead.purge. */
enum {
    MF_PURGE_DELETED = 1, /* a person deleted an entry's flow */
    MF_PURGE_OLDER = 2,   /* an entry is an older state of a flow */
};

struct mf_purge;

int mf_purge_new(sqlite3 *db, struct mf_purge **ret_purge, struct mf_err *err);
void mf_purge_free(struct mf_purge *purge); /* NULL is allowed */

/*
 * Look for blocks to give up. With `is_thorough` also those with an older
 * state of anything: a person has deleted something, and it may be there.
 */
int mf_purge_scan(struct mf_purge *purge, bool is_thorough, struct mf_err *err);

/* How many blocks are known to be given up, whether there is any, and whether
 * one for a person's sake. */
size_t mf_purge_count(const struct mf_purge *purge);
bool mf_purge_has_work(const struct mf_purge *purge);
bool mf_purge_has_urgent_work(const struct mf_purge *purge);

/*
 * Give up the next block, inside a transaction of the caller. *ret_is_busy:
 * not now, a write to one of its flows is under way; it is found by a later
 * scan. MF_ECORRUPT: it cannot be read; it is left alone from here on.
 */
int mf_purge_step(struct mf_purge *purge, struct mf_front *front,
                  bool *ret_is_busy, struct mf_err *err);

/* The transaction was committed (or rolled back): tell `recent` of what is
 * there again. */
void mf_purge_committed(struct mf_purge *purge, struct mf_recent *recent);
void mf_purge_rolled_back(struct mf_purge *purge);

#endif
