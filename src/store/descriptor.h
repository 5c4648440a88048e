/*
 * mf_descriptors: files of message types that bodies told of (table
 * `descriptor`), so that they are known after a restart.
 *
 * A file goes with the flow that it is from when a person deletes that, but
 * not when a limit takes the flow.
 *
 * Thread:  the writer's; all but new and free inside a transaction of its.
 */
#ifndef MF_STORE_DESCRIPTOR_H
#define MF_STORE_DESCRIPTOR_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"

struct mf_descriptors;

int mf_descriptors_new(sqlite3 *db, struct mf_descriptors **ret_descriptors,
                       struct mf_err *err);
void mf_descriptors_free(struct mf_descriptors *descriptors); /* NULL is fine */

/* Keep a file, in place of one of that name; it is left out where there is no
 * room for it (MF_STORE_DESCRIPTORS_MAX and _MAX_LEN). */
int mf_descriptors_put(struct mf_descriptors *descriptors, uint64_t flow,
                       struct mf_span name, struct mf_span bytes,
                       struct mf_err *err);

int mf_descriptors_forget(struct mf_descriptors *descriptors, uint64_t flow,
                          struct mf_err *err);
int mf_descriptors_forget_all(struct mf_descriptors *descriptors,
                              struct mf_err *err);

/* How the transaction ended; before a rollback. */
void mf_descriptors_end(struct mf_descriptors *descriptors, bool is_committed);

#endif
