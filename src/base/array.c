#include "base/array.h"

#include <stdlib.h>

enum { FIRST_CAP = 64 };

void *mf_array_grow(void *items, size_t count, size_t *cap, size_t item_len)
{
    if (count < *cap)
        return items;
    size_t more = *cap ? 2 * *cap : FIRST_CAP;
    void *grown = realloc(items, more * item_len);
    if (grown)
        *cap = more;
    return grown;
}
