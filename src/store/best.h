/* mf_best: the first so many places of an order, of all that come. */
#ifndef MF_STORE_BEST_H
#define MF_STORE_BEST_H

#include "store/order.h"

struct mf_best {
    const struct mf_order *order;
    struct mf_place *places; /* in no order until mf_best_sort(); beyond `max`
                                some that may have to go */
    size_t count;
    size_t cap;
    size_t max;
    struct mf_place bound; /* places after it are not among them */
    bool has_bound;
};

/* 0 or MF_ENOMEM. */
int mf_best_add(struct mf_best *best, const struct mf_place *place);

/* Nothing more comes: `max` places at most, those from `first` on in order
 * and the others before them. */
void mf_best_sort(struct mf_best *best, size_t first);
void mf_best_release(struct mf_best *best);

#endif
