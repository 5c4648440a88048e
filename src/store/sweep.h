/*
 * mf_sweep: texts of table `name` that no flow has any more, after a person
 * deleted some.
 *
 * Thread:  the writer's, between batches: no flow is on its way to the
 *          database with an id that no row has.
 */
#ifndef MF_STORE_SWEEP_H
#define MF_STORE_SWEEP_H

#include <sqlite3.h>

#include "store/names.h"

/*
 * Delete them, inside a transaction of the caller, and let `names` forget
 * them: their texts get new ids when they come again. Takes some 20 ms for a
 * million flows. MF_EIO, MF_ECORRUPT, MF_ENOMEM.
 */
int mf_sweep_names(sqlite3 *db, struct mf_names *names, struct mf_err *err);

#endif
