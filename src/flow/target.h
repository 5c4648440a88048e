/*
 * Where a request goes: what its first line (or pseudo-header fields) had,
 * and what of that the URLs of the published schema tell.
 *
 * Exporters send what the URLs do not tell beside them, and only that, so
 * that an ordinary request costs nothing more; who reads them has the same
 * rules from here.
 *
 * Thread:  any. All spans are borrowed.
 */
#ifndef MF_FLOW_TARGET_H
#define MF_FLOW_TARGET_H

#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct mf_target {
    struct mf_span scheme, host, path; /* of CONNECT: no scheme, no path */
    uint32_t port;
};

/*
 * Take a Request.url apart. `host` and `port` (empty, 0: not known) are those
 * that it most likely names: they tell an IPv6 address from a port.
 */
void mf_target_split(struct mf_span method, struct mf_span url,
                     struct mf_span host, uint32_t port,
                     struct mf_target *ret_target);

/* Host and port of "HOST" or "HOST:PORT"; `implied` is that of the former. */
void mf_target_authority(struct mf_span text, uint32_t implied,
                         struct mf_target *target);
/* 0: the scheme has none. */
uint32_t mf_target_default_port(struct mf_span scheme);

/* Append the URL of these parts. 0, MF_EFULL or MF_ENOMEM. */
int mf_target_put(struct mf_span method, const struct mf_target *target,
                  struct mf_buf *out);

enum mf_target_part {
    MF_TARGET_SCHEME = 1,
    MF_TARGET_PATH = 2,
    MF_TARGET_HOST = 4, /* and the port */
};

/* What mf_target_split() of this URL would not give as it is: a bit of
 * mf_target_part for each. Without a host to go by, an IPv6 address is never
 * told. */
unsigned mf_target_untold(const struct mf_target *target, struct mf_span method,
                          struct mf_span url, struct mf_span host,
                          uint32_t port);

/* The authority that a request most likely had, by what else is known of it. */
struct mf_span mf_target_likely_authority(struct mf_span method,
                                          struct mf_span http_version,
                                          struct mf_span url,
                                          struct mf_span pretty_url);

#endif
