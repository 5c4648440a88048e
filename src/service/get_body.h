/* GetBody: the bytes of one body, by range, as fast as the viewer reads. */
#ifndef MF_SERVICE_GET_BODY_H
#define MF_SERVICE_GET_BODY_H

#include "rpc/rpc.h"

/* Its user pointer is the mf_context. */
extern const struct mf_method mf_get_body_methods[];
extern const size_t mf_get_body_method_count;

#endif
