/*
 * mf_spread: how values are spread, in buckets that are at most 1/32 of their
 * least value wide, so that a percentile told is within 1/64 of the exact one
 * (below 64 it is exact). Of one crowd of values (mf_spread) or of many at
 * once (mf_spreads), whatever they are.
 */
#ifndef MF_STORE_SPREAD_H
#define MF_STORE_SPREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MF_SPREAD_BUCKETS = 60 * 32, MF_SPREAD_DOUBLINGS = 65 };

unsigned mf_spread_bucket(uint64_t value);
uint64_t mf_spread_value(unsigned bucket); /* its middle */

struct mf_spread {
    uint64_t counts[MF_SPREAD_BUCKETS];
    uint64_t count;
    uint64_t max; /* exact */
};

void mf_spread_add(struct mf_spread *spread, uint64_t value);

/* The value that `percent` of all, rounded up, do not pass (the nearest
 * rank); 0 if there are none. */
uint64_t mf_spread_at(const struct mf_spread *spread, unsigned percent);

/* Values of 0, 1, 2 to 3, 4 to 7 and so on; returns how many of these count
 * anything, up to the last that does. */
size_t mf_spread_doublings(const struct mf_spread *spread,
                           uint64_t ret_counts[MF_SPREAD_DOUBLINGS]);

/* Many crowds by number, from 0 to 65,535; at most 16 MB. */
struct mf_spreads {
    struct mf_spread_pair *pairs;
    size_t count, cap;
    bool is_full; /* some values were left out */
};

/* 0 or MF_ENOMEM. */
int mf_spreads_add(struct mf_spreads *spreads, uint32_t crowd, uint64_t value);
void mf_spreads_release(struct mf_spreads *spreads);

/* The percentiles of one crowd. */
struct mf_quantiles {
    uint64_t p50, p95;
};

/* Of `count` different crowds, in their order; all 0 of one without values,
 * and of all if the spreads are full. 0 or MF_ENOMEM. */
int mf_spreads_quantiles(const struct mf_spreads *spreads,
                         const uint32_t *crowds, size_t count,
                         struct mf_quantiles *ret_quantiles);

#endif
