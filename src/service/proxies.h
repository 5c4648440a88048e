/*
 * mf_proxies: the exporters that send flows, or did in the last minutes: how
 * much came of each and how late. At most MF_PROXIES_MAX; past that one that
 * is gone makes room, and if none is, another is not noted (functions take
 * NULL then and do nothing).
 *
 * Thread:  the loop's.
 * Units:   ns since the Unix epoch; a clock that is set anew spoils a minute.
 */
#ifndef MF_SERVICE_PROXIES_H
#define MF_SERVICE_PROXIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "flow/flow.h"

enum {
    MF_PROXIES_MAX = 64,
    MF_PROXY_SECONDS = 60, /* that are told */
    /* Without a stream for so long it is gone, ... */
    MF_PROXY_GRACE_S = 20,
    /* ... and no longer told after so long. */
    MF_PROXY_KEPT_S = 600,
    MF_PROXY_LAGS = 8, /* samples of a second */
};

struct mf_proxies;
struct mf_proxy;

struct mf_proxies *mf_proxies_new(void);          /* NULL: out of memory */
void mf_proxies_free(struct mf_proxies *proxies); /* NULL is allowed */

/* Who calls. Texts may be "", and are cut where they are long. */
struct mf_proxy_head {
    const char *source;
    const char *session; /* "": none was named, `peer` tells them apart */
    const char *peer;    /* address and port */
    const char *transport;
};

/* It said Hello. */
void mf_proxies_hello(struct mf_proxies *proxies,
                      const struct mf_proxy_head *head,
                      const char *exporter_version,
                      const char *mitmproxy_version, int64_t now_ns);

/* A stream of it begins; it stays noted until the stream's end. */
struct mf_proxy *mf_proxies_open(struct mf_proxies *proxies,
                                 const struct mf_proxy_head *head,
                                 int64_t now_ns);
void mf_proxy_close(struct mf_proxy *proxy, int64_t now_ns);

/* A message of so many bytes came by a stream. */
void mf_proxy_message(struct mf_proxy *proxy, size_t len, int64_t now_ns);

/* A flow ended with it; `flow` (NULL: not at hand) tells when. */
void mf_proxy_ended(struct mf_proxy *proxy, const struct mf_flow *flow,
                    int64_t now_ns);

/* What waits at the exporter, as it says itself with each call. */
struct mf_waiting {
    uint64_t messages;    /* in memory */
    uint64_t spooled;     /* messages on its disk ... */
    uint64_t spool_bytes; /* ... and what they take there */
};
void mf_proxy_waiting(struct mf_proxy *proxy, const struct mf_waiting *waiting);

/* Append them as repeated field `number`, each a mitmflow.v1.Proxy, by source.
 * 0, MF_EFULL or MF_ENOMEM. */
int mf_proxies_put(struct mf_proxies *proxies, int64_t now_ns, uint32_t number,
                   struct mf_buf *out);

#endif
