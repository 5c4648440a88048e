#include "store/best.h"

#include <stdlib.h>

#include "base/array.h"

/* As many places more than wanted are taken before the last ones go. */
enum { SPARE_MIN = 1024 };

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

/* ---- a heap from `first` on, with the last place on top ---- */

static void sift_down(struct mf_best *best, size_t first, size_t at,
                      size_t count)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count)
            return;
        if (child + 1 < count && before(best, first + child, first + child + 1))
            child++;
        if (!before(best, first + at, first + child))
            return;
        swap(best, first + at, first + child);
        at = child;
    }
}

static void heap_sort(struct mf_best *best, size_t first, size_t count)
{
    for (size_t at = count / 2; at-- > 0;)
        sift_down(best, first, at, count);
    for (size_t left = count; left > 1; left--) {
        swap(best, first, first + left - 1);
        sift_down(best, first, 0, left - 1);
    }
}

/* ---- selection ---- */

/* The middle one of three spread over the range, moved to its start. */
static void choose_pivot(struct mf_best *best, size_t first, size_t end)
{
    size_t middle = first + (end - first) / 2, last = end - 1;
    if (before(best, middle, first))
        swap(best, middle, first);
    if (before(best, last, first))
        swap(best, last, first);
    if (before(best, last, middle))
        swap(best, last, middle);
    swap(best, first, middle);
}

/* Where the pivot at `first` comes to stand: none after it comes before it. */
static size_t partition(struct mf_best *best, size_t first, size_t end)
{
    size_t low = first, high = end;
    for (;;) {
        do
            low++;
        while (low < end && before(best, low, first));
        do
            high--;
        while (before(best, first, high));
        if (low >= high)
            break;
        swap(best, low, high);
    }
    swap(best, first, high);
    return high;
}

/*
 * Put those of [0, end) that come first before `at`. Whoever chooses the
 * values could make each cut a small one: after so many of them the rest is
 * sorted, whose time nobody chooses.
 */
static void split(struct mf_best *best, size_t at, size_t end)
{
    enum { SMALL = 16, CUTS_MAX = 64 };
    size_t first = 0;
    for (int cuts = 0; at > first && at < end; cuts++) {
        if (end - first <= SMALL || cuts == CUTS_MAX) {
            heap_sort(best, first, end - first);
            return;
        }
        choose_pivot(best, first, end);
        size_t pivot = partition(best, first, end);
        if (pivot < at)
            first = pivot + 1;
        else
            end = pivot;
    }
}

/* Let go of what is more than wanted. */
static void trim(struct mf_best *best)
{
    if (best->count <= best->max)
        return;
    split(best, best->max, best->count);
    best->count = best->max;
    size_t last = 0;
    for (size_t i = 1; i < best->count; i++)
        if (before(best, last, i))
            last = i;
    best->bound = best->places[last];
    best->has_bound = true;
}

int mf_best_add(struct mf_best *best, const struct mf_place *place)
{
    if (!best->max ||
        (best->has_bound && !mf_order_before(best->order, place, &best->bound)))
        return 0;
    size_t spare = best->max > SPARE_MIN ? best->max : SPARE_MIN;
    if (best->max <= SIZE_MAX - spare && best->count == best->max + spare)
        trim(best);
    struct mf_place *places =
        mf_array_grow(best->places, best->count, &best->cap, sizeof *places);
    if (!places)
        return MF_ENOMEM;
    best->places = places;
    places[best->count++] = *place;
    return 0;
}

void mf_best_sort(struct mf_best *best, size_t first)
{
    trim(best);
    if (first > best->count)
        first = best->count;
    split(best, first, best->count);
    heap_sort(best, first, best->count - first);
}

void mf_best_release(struct mf_best *best)
{
    free(best->places);
    best->places = NULL;
    best->count = best->cap = 0;
    best->has_bound = false;
}
