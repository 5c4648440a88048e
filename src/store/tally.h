/*
 * mf_tally: what many flows have in common, counted as they come: bytes,
 * a histogram over time, facets, percentiles.
 *
 * Errors:  0 or MF_ENOMEM.
 */
#ifndef MF_STORE_TALLY_H
#define MF_STORE_TALLY_H

#include "store/names.h"
#include "store/reader.h"

struct mf_tally;

/* Of `opts` its bars, from_ns, to_ns, facets and with_details are looked at. */
int mf_tally_new(const struct mf_query_opts *opts, const struct mf_names *names,
                 struct mf_tally **ret_tally);
void mf_tally_free(struct mf_tally *tally); /* NULL is allowed */

/* The columns that it needs, as for mf_column_page_rows(). */
uint32_t mf_tally_columns(const struct mf_tally *tally);

int mf_tally_add(struct mf_tally *tally, const struct mf_columns *columns);

/* No more will come. The summary lives as long as the tally. */
int mf_tally_finish(struct mf_tally *tally);
const struct mf_summary *mf_tally_summary(const struct mf_tally *tally);

#endif
