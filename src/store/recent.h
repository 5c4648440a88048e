/*
 * mf_recent: which flows in table `recent`, and which pieces, will not change
 * any more and wait for a block to fill.
 *
 * Thread:  the writer's.
 */
#ifndef MF_STORE_RECENT_H
#define MF_STORE_RECENT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mf_recent;

/* Those that wait in the database. */
int mf_recent_new(sqlite3 *db, struct mf_recent **ret_recent,
                  struct mf_err *err);
void mf_recent_free(struct mf_recent *recent); /* NULL is allowed */

/*
 * Flow `number`, whose snapshot of `len` bytes is committed to `recent` with
 * live = 0, waits. 0 or MF_ENOMEM; then it waits for the next start.
 */
int mf_recent_add(struct mf_recent *recent, uint64_t number, size_t len);

/* The same for a piece that is committed with its data (of `len` bytes) and
 * frame 0, of a flow that has ended or has many such. */
int mf_recent_add_piece(struct mf_recent *recent, uint64_t number,
                        uint64_t first, size_t len);

/* The same of a flow that is live: its pieces wait until there are enough of
 * them for a frame, or it ends. */
int mf_recent_grow(struct mf_recent *recent, uint64_t number, size_t len);
void mf_recent_end(struct mf_recent *recent, uint64_t number);

/* Bytes that may be packed. */
size_t mf_recent_ready(const struct mf_recent *recent);

/* Flows whose heads, and flows whose pieces may be packed; some of them may
 * be gone, or live again. Good until the next call. */
const uint64_t *mf_recent_heads(const struct mf_recent *recent,
                                size_t *ret_count);
const uint64_t *mf_recent_pieces(const struct mf_recent *recent,
                                 size_t *ret_count);

/* All that might be is packed. */
void mf_recent_packed(struct mf_recent *recent);

#endif
