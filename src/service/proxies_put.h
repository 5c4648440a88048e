/* One proxy as a mitmflow.v1.Proxy. Private to proxies*.c. */
#ifndef MF_SERVICE_PROXIES_PUT_H
#define MF_SERVICE_PROXIES_PUT_H

#include "service/proxies.h"

/* As field `number`. 0, MF_EFULL or MF_ENOMEM. */
int mf_proxy__put(const struct mf_proxy *proxy, int64_t now_ns, uint32_t number,
                  struct mf_buf *out);

#endif
