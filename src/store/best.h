/* mf_best: the first so many places of an order, of all that come. */
#ifndef MF_STORE_BEST_H
#define MF_STORE_BEST_H

#include "store/order.h"

struct mf_best {
    const struct mf_order *order;
    struct mf_place *places; /* a heap with the last place on top, until
                                mf_best_sort() */
    size_t count;
    size_t cap;
    size_t max;
};

/* 0 or MF_ENOMEM. */
int mf_best_add(struct mf_best *best, const struct mf_place *place);

/* Put them in order. */
void mf_best_sort(struct mf_best *best);
void mf_best_release(struct mf_best *best);

#endif
