#include "store/best.h"

#include <stdlib.h>

#include "base/array.h"

static bool before(const struct mf_best *best, size_t a, size_t b)
{
    return mf_order_before(best->order, &best->places[a], &best->places[b]);
}

static void swap(struct mf_best *best, size_t a, size_t b)
{
    struct mf_place place = best->places[a];
    best->places[a] = best->places[b];
    best->places[b] = place;
}

static void sift_up(struct mf_best *best, size_t at)
{
    while (at && before(best, (at - 1) / 2, at)) {
        swap(best, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void sift_down(struct mf_best *best, size_t count)
{
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count)
            return;
        if (child + 1 < count && before(best, child, child + 1))
            child++;
        if (!before(best, at, child))
            return;
        swap(best, at, child);
        at = child;
    }
}

int mf_best_add(struct mf_best *best, const struct mf_place *place)
{
    if (best->count == best->max) {
        if (best->max &&
            mf_order_before(best->order, place, &best->places[0])) {
            best->places[0] = *place;
            sift_down(best, best->count);
        }
        return 0;
    }
    struct mf_place *places =
        mf_array_grow(best->places, best->count, &best->cap, sizeof *places);
    if (!places)
        return MF_ENOMEM;
    best->places = places;
    places[best->count] = *place;
    sift_up(best, best->count++);
    return 0;
}

void mf_best_sort(struct mf_best *best)
{
    for (size_t left = best->count; left > 1; left--) {
        swap(best, 0, left - 1);
        sift_down(best, left - 1);
    }
}

void mf_best_release(struct mf_best *best)
{
    free(best->places);
    *best = (struct mf_best){0};
}
