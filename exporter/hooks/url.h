/*
 * The `url` and `pretty_url` of a request as mitmproxy's Request class would
 * give them, from the raw parts.
 */
#ifndef MF_EXPORTER_URL_H
#define MF_EXPORTER_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct mf_url_span {
    const uint8_t *data;
    size_t len;
};

/* Bytes as they stand in RequestData, all borrowed. */
struct mf_url_parts {
    struct mf_url_span method;
    struct mf_url_span scheme;
    struct mf_url_span authority;
    struct mf_url_span path;
    struct mf_url_span host; /* UTF-8 already, and escaped where it must be */
    long port;
    /* The Host header; `host_count` of them, the first in `host_header`. */
    struct mf_url_span host_header;
    size_t host_count;
    bool authority_first; /* HTTP/2 and HTTP/3 */
};

/* Append the URL; 0, MF_EFULL or MF_ENOMEM. */
int mf_url_put(struct mf_buf *out, const struct mf_url_parts *parts);

/*
 * Append the pretty URL. MF_EUNSUPPORTED, with `out` as before, when only
 * mitmproxy itself can tell (international names, IPv6, odd authorities).
 */
int mf_url_put_pretty(struct mf_buf *out, const struct mf_url_parts *parts);

#endif
