/* ListProxies. */
#ifndef MF_SERVICE_PROXIES_LIST_H
#define MF_SERVICE_PROXIES_LIST_H

#include "rpc/rpc.h"
#include "service/context.h"

/* Their user pointer is the struct mf_context. */
extern const struct mf_method mf_proxies_methods[];
extern const size_t mf_proxies_method_count;

#endif
