#include "store/numbers.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum {
    PAGE_BITS = 1 << 14,
    WORD_BITS = 64,
    PAGES_MAX = 1 << 26, /* numbers of flows have 40 bits */
};

int mf_numbers_add(struct mf_numbers *numbers, uint64_t number)
{
    size_t least = 0, end = numbers->count;
    /* What is found late is mostly small. */
    if (end && number < numbers->items[end - 1])
        least = end;
    while (least < end) {
        size_t middle = least + (end - least) / 2;
        if (numbers->items[middle] > number)
            least = middle + 1;
        else
            end = middle;
    }
    if (least >= numbers->max)
        return 0;
    if (numbers->count == numbers->max)
        numbers->count--;
    uint64_t *items = mf_array_grow(numbers->items, numbers->count,
                                    &numbers->cap, sizeof *items);
    if (!items)
        return MF_ENOMEM;
    numbers->items = items;
    memmove(items + least + 1, items + least,
            (numbers->count - least) * sizeof *items);
    items[least] = number;
    numbers->count++;
    return 0;
}

void mf_numbers_drop(struct mf_numbers *numbers, size_t count)
{
    numbers->count -= count;
    if (count)
        memmove(numbers->items, numbers->items + count,
                numbers->count * sizeof *numbers->items);
}

void mf_numbers_release(struct mf_numbers *numbers)
{
    free(numbers->items);
    *numbers = (struct mf_numbers){0};
}

int mf_seen_init(struct mf_seen *seen, uint64_t most)
{
    if (most / PAGE_BITS >= PAGES_MAX)
        return MF_ENOMEM;
    seen->page_count = (size_t)(most / PAGE_BITS) + 1;
    seen->pages = calloc(seen->page_count, sizeof *seen->pages);
    return seen->pages ? 0 : MF_ENOMEM;
}

void mf_seen_release(struct mf_seen *seen)
{
    for (size_t i = 0; seen->pages && i < seen->page_count; i++)
        free(seen->pages[i]);
    free(seen->pages);
    *seen = (struct mf_seen){0};
}

bool mf_seen_has(const struct mf_seen *seen, uint64_t number)
{
    const uint64_t *page = number / PAGE_BITS < seen->page_count
                               ? seen->pages[number / PAGE_BITS]
                               : NULL;
    return page &&
           page[number % PAGE_BITS / WORD_BITS] >> (number % WORD_BITS) & 1;
}

uint64_t mf_seen_next(const struct mf_seen *seen, uint64_t number)
{
    while (++number / PAGE_BITS < seen->page_count) {
        const uint64_t *page = seen->pages[number / PAGE_BITS];
        uint64_t word =
            page ? page[number % PAGE_BITS / WORD_BITS] >> (number % WORD_BITS)
                 : 0;
        if (word)
            return number + (uint64_t)__builtin_ctzll(word);
        number |= page ? WORD_BITS - 1 : PAGE_BITS - 1;
    }
    return 0;
}

int mf_seen_set(struct mf_seen *seen, uint64_t number)
{
    if (number / PAGE_BITS >= seen->page_count)
        return 0;
    uint64_t **page = &seen->pages[number / PAGE_BITS];
    if (!*page)
        *page = calloc(PAGE_BITS / WORD_BITS, sizeof **page);
    if (!*page)
        return MF_ENOMEM;
    (*page)[number % PAGE_BITS / WORD_BITS] |= UINT64_C(1)
                                               << number % WORD_BITS;
    return 0;
}
