/*
 * mf_seal: turns what new flows left behind into what queries read fast:
 * column and key pages of flows, signature groups of frames.
 *
 * Every step is one small piece of work inside a transaction of the caller;
 * what is done is in the database alone, so a step that was rolled back or
 * cut short by a crash is simply done again.
 *
 * Thread:  the writer's.
 */
#ifndef MF_STORE_SEAL_H
#define MF_STORE_SEAL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "store/column_page.h"
#include "store/signature.h"

/* Frames count from 1; group 0 has one less than the others. */
static inline uint64_t mf_group_of(uint64_t frame)
{
    return frame / MF_GROUP_FRAMES;
}
static inline unsigned mf_frame_in_group(uint64_t frame)
{
    return (unsigned)(frame % MF_GROUP_FRAMES);
}
/* Row of table `posting` with part `part` of `group`. */
static inline uint64_t mf_posting_id(uint64_t group, uint64_t part)
{
    return group * MF_POSTING_PARTS_MAX + part;
}
/* The part that holds a struct mf_frame_set of the frames with bodies that
 * signatures do not cover: 8 little-endian words. */
enum { MF_POSTING_BINARY_PART = MF_POSTING_PARTS_MAX - 1 };

struct mf_seal;

int mf_seal_new(sqlite3 *db, struct mf_seal **ret_seal, struct mf_err *err);
void mf_seal_free(struct mf_seal *seal); /* NULL is allowed */

/*
 * Write the column and key page of `page` from the rows of its flows, or
 * remove both if none is left, and with it what `stale` says of them.
 * MF_EIO, MF_ECORRUPT, MF_ENOMEM.
 */
int mf_seal_page(struct mf_seal *seal, uint64_t page, bool *ret_is_empty,
                 struct mf_err *err);

/* The same for the next page, which becomes part of store.paged. */
int mf_seal_next_page(struct mf_seal *seal, uint64_t page, struct mf_err *err);

/*
 * Go on with sealing `group`, all of whose frames are there: 1 there is more
 * to do, 0 it is sealed with this transaction. mf_seal_abandon() forgets what
 * is in memory of a group, after an error or a rollback.
 */
int mf_seal_group_step(struct mf_seal *seal, uint64_t group,
                       struct mf_err *err);
void mf_seal_abandon(struct mf_seal *seal);

#endif
