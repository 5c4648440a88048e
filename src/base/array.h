/* Arrays that grow by one item at a time. */
#ifndef MF_BASE_ARRAY_H
#define MF_BASE_ARRAY_H

#include <stddef.h>

/*
 * Make room for one more item of `item_len` bytes in an array of `count`,
 * with room for *cap (both may be 0, and `items` NULL). Returns the array,
 * which may have moved; NULL: out of memory, and all is as before.
 */
void *mf_array_grow(void *items, size_t count, size_t *cap, size_t item_len);

#endif
