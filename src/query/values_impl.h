/* For values.c and values_time.c. */
#ifndef MF_QUERY_VALUES_IMPL_H
#define MF_QUERY_VALUES_IMPL_H

#include <stdbool.h>

#include "query/values.h"

/* What is left to read of a value. */
struct mf_value_text {
    const char *at;
    const char *end;
};

/* One end of a comparison: all that it names, such as a whole day. */
struct mf_value_scalar {
    int64_t first;
    int64_t last;
    bool is_age;   /* counted back from now: a greater age is less */
    bool is_clock; /* a time of day without a date */
};

/* `12` or `1.5`, at most 1e15; false: there is none. */
bool mf_value__number(struct mf_value_text *text, double *ret_number);
/* The value of the unit that `text` begins with, which is stepped over. */
bool mf_value__length_unit(struct mf_value_text *text, int64_t *ret_ns);

/* All of `text`; `after_ns` is what a time of day comes after, INT64_MIN:
 * it is the last one before now. */
bool mf_value__time(struct mf_value_text text, int64_t now_ns, int64_t after_ns,
                    struct mf_value_scalar *ret_scalar);

#endif
