/*
 * mf_sieve: which frames and flows can hold what a filter needs, by the
 * signatures of frames. What it lets pass may still not match; what it holds
 * back cannot.
 *
 * Belongs to no transaction; what it is asked is answered for that of the
 * reader.
 *
 * Thread:  one at a time.
 */
#ifndef MF_STORE_SIEVE_H
#define MF_STORE_SIEVE_H

#include "query/needles.h"
#include "store/reader_impl.h"

struct mf_sieve;

/* `needles` is borrowed for the life of the sieve. NULL: out of memory. */
struct mf_sieve *mf_sieve_new(const struct mf_needles *needles);
void mf_sieve_free(struct mf_sieve *sieve); /* NULL is allowed */

/* The frames of `group`, which is sealed, that may hold all that is needed. */
int mf_sieve_group(struct mf_sieve *sieve, struct mf_reader *reader,
                   uint64_t group, struct mf_frame_set *ret_set,
                   struct mf_err *err);

/* Whether an unsealed frame with this signature may. */
bool mf_sieve_signature(const struct mf_sieve *sieve, const uint8_t *signature,
                        size_t len, bool has_binary);

/* Whether the head at `slot` of a frame may; its note is not looked at. */
bool mf_sieve_entry(const struct mf_sieve *sieve, struct mf_frame *frame,
                    size_t slot);

/*
 * Whether the flow of the row that `row` (of MF_ROW_COLUMNS) stands on may:
 * its parts may be in several frames, its note is in none.
 */
int mf_sieve_row(struct mf_sieve *sieve, struct mf_reader *reader,
                 sqlite3_stmt *row, bool *ret_may, struct mf_err *err);

#endif
