/*
 * Values of the filter language with comparisons and ranges: `404`, `4xx`,
 * `>10k`, `1k..2M`, `<=1.5s`, `09:00..10:30`, `<5m`.
 */
#ifndef MF_QUERY_VALUES_H
#define MF_QUERY_VALUES_H

#include <stddef.h>
#include <stdint.h>

#include "query/tree.h"

/* Where a value is wrong: bytes from its start. */
struct mf_value_fault {
    size_t position;
    size_t len;
    char text[160];
};

/*
 * Read the value of a leaf of `kind` (MF_TERM_STATUS, _SIZE, _DURATION or
 * _TIME). `now_ns` is what ages and times of day count from; those are in
 * the time zone of the process. 0, or MF_EINVAL with *ret_fault.
 */
int mf_value_parse(enum mf_term_kind kind, const char *text, size_t len,
                   int64_t now_ns, union mf_range *ret_range,
                   struct mf_value_fault *ret_fault);

#endif
