/* ExplainFilter of mitmflow.v1. */
#ifndef MF_SERVICE_EXPLAIN_H
#define MF_SERVICE_EXPLAIN_H

#include "rpc/rpc.h"

/* Added with a struct mf_context. */
extern const struct mf_method mf_explain_methods[];
extern const size_t mf_explain_method_count;

#endif
