#include "service/guard.h"

#include <string.h>
#include <strings.h>

#include "net/address.h"

enum { HOST_CAP = 256 };

static bool host_is_ours(const struct mf_guard *guard, const char *host)
{
    if (mf_address_is_literal(host) || strcasecmp(host, "localhost") == 0)
        return true;
    for (size_t i = 0; i < guard->host_count; i++)
        if (strcasecmp(host, guard->hosts[i]) == 0)
            return true;
    return false;
}

/* The length of `authority` without the default port of `scheme_port`. */
static size_t without_default_port(const char *authority, const char *port)
{
    size_t len = strlen(authority), port_len = strlen(port);
    if (len > port_len && strcmp(authority + len - port_len, port) == 0)
        return len - port_len;
    return len;
}

/* Does `origin` name the host and port that the request went to? (RFC 6454,
 * section 7). In clear the scheme is not compared: TLS may end before us. */
static bool origin_is_own(const char *origin, const char *authority,
                          bool is_tls)
{
    const char *port;
    if (!is_tls && strncasecmp(origin, "http://", 7) == 0) {
        origin += 7;
        port = ":80";
    } else if (strncasecmp(origin, "https://", 8) == 0) {
        origin += 8;
        port = ":443";
    } else {
        return false;
    }
    size_t origin_len = without_default_port(origin, port);
    size_t authority_len = without_default_port(authority, port);
    return origin_len == authority_len &&
           strncasecmp(origin, authority, origin_len) == 0;
}

static bool origin_is_given(const struct mf_guard *guard, const char *origin)
{
    for (size_t i = 0; i < guard->origin_count; i++)
        if (strcasecmp(origin, guard->origins[i]) == 0)
            return true;
    return false;
}

const char *mf_guard_refusal(const struct mf_guard *guard,
                             const char *authority, const char *origin,
                             bool is_tls)
{
    char host[HOST_CAP];
    if (!authority || mf_address_authority_host(authority, host, sizeof host))
        return "The Host header is missing or malformed.\n";
    if (!host_is_ours(guard, host))
        return "This server is not known by that Host. Use an address or "
               "localhost, or start it with --host NAME.\n";
    if (origin && !origin_is_own(origin, authority, is_tls) &&
        !origin_is_given(guard, origin))
        return "Requests from pages of another origin are refused, unless the "
               "server is started with --cors-origin ORIGIN.\n";
    return NULL;
}
