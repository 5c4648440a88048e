/* Decode: what a body says, as a tree of nodes. */
#ifndef MF_SERVICE_DECODE_H
#define MF_SERVICE_DECODE_H

#include "rpc/rpc.h"

/* Its user pointer is the mf_context. */
extern const struct mf_method mf_decode_methods[];
extern const size_t mf_decode_method_count;

#endif
