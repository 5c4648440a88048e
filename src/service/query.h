/*
 * GetFlows, QueryFlows and SummarizeFlows: queries of the store in short
 * steps, so that many of them share the pool fairly. A viewer that does not
 * read stops its own; one that ends the call ends the query.
 */
#ifndef MF_SERVICE_QUERY_H
#define MF_SERVICE_QUERY_H

#include "rpc/rpc.h"
#include "service/context.h"

struct mf_queries;

/* NULL: out of memory. */
struct mf_queries *mf_queries_new(struct mf_context *context);
void mf_queries_free(struct mf_queries *queries); /* NULL is allowed */

/* Their user pointer is the mf_queries. */
extern const struct mf_method mf_query_methods[];
extern const size_t mf_query_method_count;

#endif
