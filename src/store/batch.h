/*
 * mf_batch: one commit: versions of flows become rows, snapshots in `recent`
 * or in blocks, messages in pieces.
 *
 * Thread:  the writer's.
 */
#ifndef MF_STORE_BATCH_H
#define MF_STORE_BATCH_H

#include "store/front.h"
#include "store/internal.h"

struct mf_batch;

/* Over the store's db, names, recent and limits. */
int mf_batch_new(struct mf_store *store, struct mf_batch **ret_batch,
                 struct mf_err *err);
void mf_batch_free(struct mf_batch *batch); /* NULL is allowed */

/*
 * Commit what was taken. After an error nothing was stored, and the same can
 * be tried again: MF_EFULL, MF_EIO, MF_ENOMEM and others.
 */
int mf_batch_run(struct mf_batch *batch, const struct mf_taken *taken,
                 struct mf_err *err);

/* Bytes of the data, as committed; 0 if that cannot be told. */
uint64_t mf_batch_data_bytes(struct mf_batch *batch);

#endif
