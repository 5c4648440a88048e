/* MatchFlows of mitmflow.v1. */
#ifndef MF_SERVICE_MATCH_H
#define MF_SERVICE_MATCH_H

#include "rpc/rpc.h"

/* Added with a struct mf_context. */
extern const struct mf_method mf_match_methods[];
extern const size_t mf_match_method_count;

#endif
