/*
 * mf_upkeep: what the store does for itself, a little at a time: retention,
 * column pages, sealing groups, rewriting blocks with dead entries, giving
 * back space, and checkpoints (on a thread of its own).
 */
#ifndef MF_STORE_UPKEEP_H
#define MF_STORE_UPKEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct mf_store;
struct mf_upkeep;

/*
 * Begin; `store` is open (its db, names, limits, opts and front are there),
 * the writer thread not started yet.
 */
int mf_upkeep_new(struct mf_store *store, struct mf_upkeep **ret_upkeep,
                  struct mf_err *err);

/* End the checkpoint thread and let go of statements. The database is still
 * open, the writer thread is gone. NULL is allowed. */
void mf_upkeep_free(struct mf_upkeep *upkeep);

/*
 * One step of some 10 ms, on the writer thread, outside of a transaction;
 * makes its own. *ret_more: there is more to do at once (else it is called
 * again after the next commit, and when mf_upkeep_due_ns() has come).
 * An error is told and tried again later.
 */
int mf_upkeep_step(struct mf_upkeep *upkeep, bool *ret_more,
                   struct mf_err *err);

/* When the next step is due without a commit, at the latest; both monotonic. */
int64_t mf_upkeep_due_ns(const struct mf_upkeep *upkeep, int64_t now_ns);

#endif
