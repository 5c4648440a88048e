/* Private to proxies*.c. */
#ifndef MF_SERVICE_PROXIES_IMPL_H
#define MF_SERVICE_PROXIES_IMPL_H

#include "service/proxies.h"

/* What came in one second. */
struct mf_proxy_second {
    int64_t second; /* since the epoch; another one: this slot is old */
    uint32_t flows;
    uint64_t bytes;
    uint32_t lag_count; /* flows whose end was told */
    int64_t lags_ns[MF_PROXY_LAGS];
};

struct mf_proxy {
    char source[256];
    char session[72];
    char peer[128];
    char transport[64];
    char exporter_version[64];
    char mitmproxy_version[64];
    int64_t since_ns;
    int64_t seen_ns;
    unsigned streams; /* open */
    bool has_waiting;
    struct mf_waiting waiting;
    uint64_t random;
    /* Second s is at s modulo their number: one more than are told, for the
     * one that has begun. */
    struct mf_proxy_second seconds[MF_PROXY_SECONDS + 1];
};

bool mf_proxy__is_gone(const struct mf_proxy *proxy, int64_t now_ns);

/* That second's slot, or NULL if nothing came then. */
const struct mf_proxy_second *mf_proxy__second(const struct mf_proxy *proxy,
                                               int64_t second);

#endif
