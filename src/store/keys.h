/*
 * mf_keys: which flow numbers may have an id, for every flow there is, in
 * some 12 bytes a flow. Hashes only: whoever asks looks at the rows.
 *
 * Thread:  the caller's lock.
 */
#ifndef MF_STORE_KEYS_H
#define MF_STORE_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "flow/flow.h"

enum { MF_KEY_SEED_LEN = 16 };

/* The keyed hash of an id (SipHash-2-4), which strangers cannot aim. Column
 * `key` has it as a signed number. */
uint64_t mf_key_hash(const uint8_t seed[MF_KEY_SEED_LEN], struct mf_span id);

struct mf_keys;

struct mf_keys *mf_keys_new(void); /* NULL: out of memory */
void mf_keys_free(struct mf_keys *keys);

/* Flow numbers have 40 bits; greater ones are not kept. 0 or MF_ENOMEM. */
int mf_keys_add(struct mf_keys *keys, uint64_t hash, uint64_t number);

/* Nothing happens if it is not there. */
void mf_keys_remove(struct mf_keys *keys, uint64_t hash, uint64_t number);

/* At most `max` of the numbers that were added with this hash, and rarely
 * another; returns how many there are in all. */
size_t mf_keys_find(const struct mf_keys *keys, uint64_t hash,
                    uint64_t *numbers, size_t max);

#endif
