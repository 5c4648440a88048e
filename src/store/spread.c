#include "store/spread.h"

#include <stdlib.h>

#include "base/error.h"

enum {
    STEP_BITS = 5, /* buckets of one doubling */
    STEPS = 1 << STEP_BITS,
    BUCKET_BITS = 11,
    PAIRS_FIRST = 4096,
    PAIRS_MAX = 1 << 21,
};

/* How many values of one crowd are in one bucket. */
struct mf_spread_pair {
    uint32_t key; /* of both, plus 1; 0: free */
    uint32_t count;
};

static unsigned top_bit(uint64_t value)
{
    return 63U - (unsigned)__builtin_clzll(value);
}

unsigned mf_spread_bucket(uint64_t value)
{
    if (value < 2 * STEPS)
        return (unsigned)value;
    unsigned shift = top_bit(value) - STEP_BITS;
    return shift * STEPS + (unsigned)(value >> shift);
}

uint64_t mf_spread_value(unsigned bucket)
{
    if (bucket < 2 * STEPS)
        return bucket;
    unsigned shift = bucket / STEPS - 1;
    uint64_t least = (uint64_t)(bucket % STEPS + STEPS) << shift;
    return least + (UINT64_C(1) << shift) / 2;
}

void mf_spread_add(struct mf_spread *spread, uint64_t value)
{
    spread->counts[mf_spread_bucket(value)]++;
    spread->count++;
    if (value > spread->max)
        spread->max = value;
}

static uint64_t rank_of(uint64_t count, unsigned percent)
{
    /* Not count * percent, which may be too great. */
    uint64_t whole = count / 100 * percent;
    return whole + (count % 100 * percent + 99) / 100;
}

uint64_t mf_spread_at(const struct mf_spread *spread, unsigned percent)
{
    uint64_t rank = rank_of(spread->count, percent);
    for (unsigned bucket = 0; bucket < MF_SPREAD_BUCKETS; bucket++) {
        if (spread->counts[bucket] >= rank && spread->count) {
            uint64_t value = mf_spread_value(bucket);
            return value < spread->max ? value : spread->max;
        }
        rank -= spread->counts[bucket];
    }
    return 0;
}

size_t mf_spread_doublings(const struct mf_spread *spread,
                           uint64_t ret_counts[MF_SPREAD_DOUBLINGS])
{
    size_t used = 0;
    for (size_t i = 0; i < MF_SPREAD_DOUBLINGS; i++)
        ret_counts[i] = 0;
    for (unsigned bucket = 0; bucket < MF_SPREAD_BUCKETS; bucket++) {
        if (!spread->counts[bucket])
            continue;
        uint64_t value = mf_spread_value(bucket);
        size_t at = value ? top_bit(value) + 1 : 0;
        ret_counts[at] += spread->counts[bucket];
        used = at + 1;
    }
    return used;
}

/* ---- many ---- */

static struct mf_spread_pair *find(struct mf_spread_pair *pairs, size_t cap,
                                   uint32_t key)
{
    size_t at = (key * UINT32_C(0x9e3779b1)) & (cap - 1);
    while (pairs[at].key && pairs[at].key != key)
        at = (at + 1) & (cap - 1);
    return &pairs[at];
}

static int grow(struct mf_spreads *spreads)
{
    size_t cap = spreads->cap ? spreads->cap * 2 : PAIRS_FIRST;
    struct mf_spread_pair *pairs = calloc(cap, sizeof *pairs);
    if (!pairs)
        return MF_ENOMEM;
    for (size_t i = 0; i < spreads->cap; i++)
        if (spreads->pairs[i].key)
            *find(pairs, cap, spreads->pairs[i].key) = spreads->pairs[i];
    free(spreads->pairs);
    spreads->pairs = pairs;
    spreads->cap = cap;
    return 0;
}

int mf_spreads_add(struct mf_spreads *spreads, uint32_t crowd, uint64_t value)
{
    uint32_t key = (crowd << BUCKET_BITS | mf_spread_bucket(value)) + 1;
    if (spreads->is_full)
        return 0;
    if (spreads->count >= spreads->cap / 2) {
        spreads->is_full = spreads->cap == PAIRS_MAX;
        if (spreads->is_full)
            return 0;
        if (grow(spreads))
            return MF_ENOMEM;
    }
    struct mf_spread_pair *pair = find(spreads->pairs, spreads->cap, key);
    spreads->count += pair->key == 0;
    pair->key = key;
    pair->count++;
    return 0;
}

void mf_spreads_release(struct mf_spreads *spreads)
{
    free(spreads->pairs);
    *spreads = (struct mf_spreads){0};
}

static int by_key(const void *a, const void *b)
{
    const struct mf_spread_pair *left = a, *right = b;
    return left->key < right->key ? -1 : left->key > right->key;
}

static uint32_t crowd_of(const struct mf_spread_pair *pair)
{
    return (pair->key - 1) >> BUCKET_BITS;
}

/* `pairs` are those of one crowd, the least value first. */
static uint64_t value_at(const struct mf_spread_pair *pairs, size_t count,
                         unsigned percent)
{
    uint64_t all = 0, below = 0;
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        all += pairs[i].count;
    uint64_t rank = rank_of(all, percent);
    while (at + 1 < count && below + pairs[at].count < rank)
        below += pairs[at++].count;
    return mf_spread_value((pairs[at].key - 1) & ((1U << BUCKET_BITS) - 1));
}

/* The first of sorted `pairs` that is of `crowd` or of a later one. */
static size_t place_of(const struct mf_spread_pair *pairs, size_t count,
                       uint64_t crowd)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (crowd_of(&pairs[middle]) < crowd)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int mf_spreads_quantiles(const struct mf_spreads *spreads,
                         const uint32_t *crowds, size_t count,
                         struct mf_quantiles *ret_quantiles)
{
    size_t used = 0;
    struct mf_spread_pair *pairs = malloc((spreads->count + 1) * sizeof *pairs);
    if (!pairs)
        return MF_ENOMEM;
    for (size_t i = 0; i < spreads->cap && !spreads->is_full; i++)
        if (spreads->pairs[i].key)
            pairs[used++] = spreads->pairs[i];
    qsort(pairs, used, sizeof *pairs, by_key);
    for (size_t i = 0; i < count; i++) {
        size_t from = place_of(pairs, used, crowds[i]);
        size_t to = place_of(pairs, used, (uint64_t)crowds[i] + 1);
        ret_quantiles[i] = (struct mf_quantiles){0};
        if (from == to)
            continue;
        ret_quantiles[i].p50 = value_at(&pairs[from], to - from, 50);
        ret_quantiles[i].p95 = value_at(&pairs[from], to - from, 95);
    }
    free(pairs);
    return 0;
}
