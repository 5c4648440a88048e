/* From version 1 of the schema, where a flow was two rows, to version 2. */
#ifndef MF_STORE_MOVE_H
#define MF_STORE_MOVE_H

#include <sqlite3.h>

#include "base/error.h"

/*
 * Inside the step's transaction: every flow of `old_flow` and its bytes in
 * `snapshot` become rows of `flow` and `recent`, from where they go into
 * blocks; the old tables go. What is damaged is kept as it is.
 */
int mf_store__move_flows(sqlite3 *db, struct mf_err *err);

#endif
