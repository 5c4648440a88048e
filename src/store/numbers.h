/* Numbers of flows: a list in order, and a set. */
#ifndef MF_STORE_NUMBERS_H
#define MF_STORE_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The greatest first, at most `max` of them: beyond that the least go. */
struct mf_numbers {
    uint64_t *items;
    size_t count;
    size_t cap;
    size_t max;
};

/* 0 or MF_ENOMEM. `number` is not in it. */
int mf_numbers_add(struct mf_numbers *numbers, uint64_t number);

/* Drop the first `count`. */
void mf_numbers_drop(struct mf_numbers *numbers, size_t count);
void mf_numbers_release(struct mf_numbers *numbers);

/* A set of numbers up to the one that mf_seen_init() is told: a bit each,
 * for as many pages of numbers as were ever set. */
struct mf_seen {
    uint64_t **pages;
    size_t page_count;
};

/* 0 or MF_ENOMEM. */
int mf_seen_init(struct mf_seen *seen, uint64_t most);
void mf_seen_release(struct mf_seen *seen);
bool mf_seen_has(const struct mf_seen *seen, uint64_t number);

/* The least number of the set that is greater than `number`; 0: none. */
uint64_t mf_seen_next(const struct mf_seen *seen, uint64_t number);

/* 0 or MF_ENOMEM. A number that is too great is left out. */
int mf_seen_set(struct mf_seen *seen, uint64_t number);

#endif
