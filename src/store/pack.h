/*
 * mf_pack: makes blocks, their slow part on a thread of its own while the
 * writer goes on.
 *
 * Thread:  the writer's.
 */
#ifndef MF_STORE_PACK_H
#define MF_STORE_PACK_H

#include "store/block.h"

struct mf_pack;

int mf_pack_new(struct mf_pack **ret_pack); /* 0 or MF_ENOMEM */
void mf_pack_free(struct mf_pack *pack);    /* NULL is allowed */

/* The next block's first frame will be `frame`. Nothing is under way. */
void mf_pack_begin(struct mf_pack *pack, uint64_t frame);

/* Add an entry; where it will be. A reference to `flow` is taken.
 * 0 or MF_ENOMEM. */
int mf_pack_add(struct mf_pack *pack, const struct mf_block_entry *entry,
                const struct mf_flow *flow, uint64_t *ret_frame,
                unsigned *ret_slot);

/* No more is added. *ret_last_frame: the last that is made. */
int mf_pack_end(struct mf_pack *pack, uint64_t *ret_last_frame);

/* The next block, in order, once it is made: 1, 0 after the last, or an
 * error. It is the caller's. */
int mf_pack_next(struct mf_pack *pack, uint64_t *ret_frame,
                 struct mf_made_block *ret_block);

/* Forget what is under way. */
void mf_pack_abandon(struct mf_pack *pack);

#endif
