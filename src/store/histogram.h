/*
 * mf_histogram: how many flows began when, by type and status class, in bars
 * of equal width. With the span known it counts into its bars; else into
 * finer ones, whose width doubles whenever a flow would not fit, and which
 * the bars are made of at the end: the counts are exact either way.
 *
 * Units:   ns since the Unix epoch.
 * Errors:  0 or MF_ENOMEM.
 */
#ifndef MF_STORE_HISTOGRAM_H
#define MF_STORE_HISTOGRAM_H

#include "flow/columns.h"
#include "store/reader.h"

/* HTTP with a status class of 0 to 5, then the other types. */
enum { MF_HISTOGRAM_SERIES = 9 };

struct mf_histogram;

/* `bars` is 1 at least; from_ns and to_ns as in struct mf_query_opts. */
int mf_histogram_new(uint32_t bars, int64_t from_ns, int64_t to_ns,
                     struct mf_histogram **ret_histogram);
void mf_histogram_free(struct mf_histogram *histogram); /* NULL is allowed */

void mf_histogram_add(struct mf_histogram *histogram,
                      const struct mf_columns *columns);

/* The span, and the series that count anything into `series`, which has room
 * for MF_HISTOGRAM_SERIES; returns how many. Counts live as long as the
 * histogram. */
size_t mf_histogram_finish(struct mf_histogram *histogram, int64_t *ret_from_ns,
                           int64_t *ret_to_ns, struct mf_series *series);

#endif
