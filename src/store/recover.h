/* What a store that opens makes of what the last one left. */
#ifndef MF_STORE_RECOVER_H
#define MF_STORE_RECOVER_H

#include "store/front.h"

/*
 * In one transaction: flows that were live become cut off; changes that were
 * told but not kept, if any, end the epoch. *ret_opts gets the counters and
 * the seed; `epoch` has 33 bytes.
 */
int mf_store__recover(sqlite3 *db, struct mf_front_opts *ret_opts, char *epoch,
                      struct mf_err *err);

/* Everything that was told is kept. */
int mf_store__mark_clean(sqlite3 *db, struct mf_err *err);

#endif
