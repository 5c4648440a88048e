/*
 * mf_resign: signs the frames anew that an earlier version signed, which knew
 * less of what flows say (MF_FLOW_TEXT_VERSION), so that a search finds it.
 *
 * How far it is, is in `store`: frames from `resigned` + 1 to `resign_to` are
 * to be done. A frame of the group that is not sealed yet is done by itself,
 * any other with its whole group.
 *
 * Thread:  the writer's.
 */
#ifndef MF_STORE_RESIGN_H
#define MF_STORE_RESIGN_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/error.h"

struct mf_resign;

int mf_resign_new(sqlite3 *db, struct mf_resign **ret_resign,
                  struct mf_err *err);
void mf_resign_free(struct mf_resign *resign); /* NULL is allowed */

/*
 * One piece of work inside a transaction of the caller: a frame, or some of a
 * group's postings. *resigned is moved on as in `store`. What cannot be read
 * is passed over. After an error or a rollback mf_resign_abandon() is due.
 */
int mf_resign_step(struct mf_resign *resign, uint64_t sealed_groups,
                   uint64_t resign_to, uint64_t *resigned, struct mf_err *err);
void mf_resign_abandon(struct mf_resign *resign);

#endif
