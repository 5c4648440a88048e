/*
 * What readers ask of the writer's memory (the front implements it).
 *
 * Thread:  any.
 */
#ifndef MF_STORE_LOOKUP_H
#define MF_STORE_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

#include "store/names.h"
#include "store/store.h"

/*
 * Numbers of flows that may have this id (their hashes are alike), newest
 * first, at most `max`; those that are not durable yet are among them. The
 * caller looks at their rows. Returns how many there are in all.
 */
size_t mf_store__find_numbers(struct mf_store *store, struct mf_span id,
                              uint64_t *numbers, size_t max);

/*
 * Return once every write of flow `number` (0: of any flow) that was taken
 * before the call is durable; at once if there is none. MF_EIO when the
 * commit fails, or the store closes.
 */
int mf_store__settle(struct mf_store *store, uint64_t number);

/* The keyed hash of an id, of a flow or a connection. */
uint64_t mf_store__key(const struct mf_store *store, struct mf_span id);

/* The texts of the store's names. */
struct mf_names *mf_store__names(struct mf_store *store);

#endif
