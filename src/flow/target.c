#include "flow/target.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { HTTP_PORT = 80, HTTPS_PORT = 443, PORT_MAX = 65535 };

static bool is_text(struct mf_span span, const char *text)
{
    return span.len == strlen(text) &&
           strncasecmp(span.text, text, span.len) == 0;
}

uint32_t mf_target_default_port(struct mf_span scheme)
{
    if (is_text(scheme, "http"))
        return HTTP_PORT;
    return is_text(scheme, "https") ? HTTPS_PORT : 0;
}

static bool is_ipv6(struct mf_span text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (text.len >= sizeof copy || !memchr(text.text, ':', text.len) ||
        memchr(text.text, '\0', text.len))
        return false;
    memcpy(copy, text.text, text.len);
    copy[text.len] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

/* ":PORT" at the end; false: there is none. */
static bool split_port(struct mf_span text, struct mf_span *ret_host,
                       uint32_t *ret_port)
{
    size_t at = text.len;
    uint32_t port = 0, scale = 1;
    enum { MAX_DIGITS = 5 };
    while (at > 0 && text.text[at - 1] >= '0' && text.text[at - 1] <= '9' &&
           text.len - at < MAX_DIGITS) {
        port += scale * (uint32_t)(text.text[--at] - '0');
        scale *= 10;
    }
    if (at == text.len || at == 0 || text.text[at - 1] != ':' ||
        port > PORT_MAX)
        return false;
    *ret_host = (struct mf_span){text.text, at - 1};
    *ret_port = port;
    return true;
}

void mf_target_authority(struct mf_span text, uint32_t implied,
                         struct mf_target *target)
{
    struct mf_span host;
    uint32_t port;
    target->host = text;
    target->port = implied;
    bool is_address = is_ipv6(text);
    if (split_port(text, &host, &port) &&
        (!is_address || (!implied && is_ipv6(host)))) {
        target->host = host;
        target->port = port;
    }
    if (target->host.len > 2 && target->host.text[0] == '[' &&
        target->host.text[target->host.len - 1] == ']')
        target->host =
            (struct mf_span){target->host.text + 1, target->host.len - 2};
}

static bool has_any(struct mf_span text, const char *chars)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.text[i] && strchr(chars, text.text[i]))
            return true;
    return false;
}

/* A host that a URL can have: as it is, and told from a port. */
static bool is_likely(struct mf_span host)
{
    return host.len > 0 && !has_any(host, "/?#") &&
           (!has_any(host, ":") || is_ipv6(host));
}

/* True if `rest` begins with this host, and this port unless it is implied. */
static bool begins_with(struct mf_span rest, struct mf_span host, uint32_t port,
                        uint32_t implied, size_t *ret_len)
{
    if (!is_likely(host) || rest.len < host.len ||
        memcmp(rest.text, host.text, host.len) != 0)
        return false;
    size_t at = host.len;
    if (port != implied) {
        if (at == rest.len || rest.text[at++] != ':')
            return false;
        uint32_t told = 0;
        size_t from = at;
        while (at < rest.len && rest.text[at] >= '0' && rest.text[at] <= '9' &&
               told <= PORT_MAX)
            told = told * 10 + (uint32_t)(rest.text[at++] - '0');
        if (at == from || told != port)
            return false;
    }
    *ret_len = at;
    return at == rest.len || rest.text[at] == '/' || rest.text[at] == '?';
}

void mf_target_split(struct mf_span method, struct mf_span url,
                     struct mf_span host, uint32_t port,
                     struct mf_target *ret_target)
{
    static const struct mf_span none = {"", 0};
    *ret_target = (struct mf_target){none, none, none, 0};
    const char *mark = memmem(url.text, url.len, "://", 3);
    if (is_text(method, "CONNECT") || !mark) {
        mf_target_authority(url, 0, ret_target);
        return;
    }
    ret_target->scheme = (struct mf_span){url.text, (size_t)(mark - url.text)};
    struct mf_span rest = mf_span_after(url, ret_target->scheme.len + 3);
    uint32_t implied = mf_target_default_port(ret_target->scheme);
    size_t len = 0;
    if (begins_with(rest, host, port, implied, &len)) {
        ret_target->host = host;
        ret_target->port = port;
    } else {
        while (len < rest.len && !strchr("/?#", rest.text[len]))
            len++;
        mf_target_authority((struct mf_span){rest.text, len}, implied,
                            ret_target);
    }
    ret_target->path = mf_span_after(rest, len);
    if (!ret_target->path.len && is_text(method, "OPTIONS"))
        ret_target->path = (struct mf_span){"*", 1};
}

int mf_target_put(struct mf_span method, const struct mf_target *target,
                  struct mf_buf *out)
{
    bool is_connect = is_text(method, "CONNECT");
    int rc = 0;
    if (!is_connect) {
        rc = mf_buf_append(out, target->scheme.text, target->scheme.len);
        rc = rc ? rc : mf_buf_append(out, "://", 3);
    }
    rc = rc ? rc : mf_buf_append(out, target->host.text, target->host.len);
    if (!rc &&
        (is_connect || target->port != mf_target_default_port(target->scheme)))
        rc = mf_buf_printf(out, ":%u", target->port);
    if (!rc && !is_connect && !is_text(target->path, "*"))
        rc = mf_buf_append(out, target->path.text, target->path.len);
    return rc;
}

/* ---- what a URL does not tell ---- */

unsigned mf_target_untold(const struct mf_target *target, struct mf_span method,
                          struct mf_span url, struct mf_span host,
                          uint32_t port)
{
    struct mf_target told;
    unsigned untold = 0;
    mf_target_split(method, url, host, port, &told);
    if (!mf_span_equals(told.scheme, target->scheme))
        untold |= MF_TARGET_SCHEME;
    if (!mf_span_equals(told.path, target->path))
        untold |= MF_TARGET_PATH;
    /* Whoever reads the URL may know of another host than is known here. */
    if (!mf_span_equals(told.host, target->host) || told.port != target->port ||
        (!host.len && has_any(target->host, ":")))
        untold |= MF_TARGET_HOST;
    return untold;
}

/* Host and port between "://" and the path. */
static struct mf_span authority_in(struct mf_span url)
{
    const char *mark = memmem(url.text, url.len, "://", 3);
    if (!mark)
        return url;
    const char *from = mark + 3, *end = url.text + url.len, *at = from;
    while (at < end && *at != '/' && *at != '?')
        at++;
    return (struct mf_span){from, (size_t)(at - from)};
}

static bool has_authority(struct mf_span http_version)
{
    return is_text(http_version, "HTTP/2.0") || is_text(http_version, "HTTP/3");
}

struct mf_span mf_target_likely_authority(struct mf_span method,
                                          struct mf_span http_version,
                                          struct mf_span url,
                                          struct mf_span pretty_url)
{
    if (is_text(method, "CONNECT"))
        return authority_in(url);
    if (has_authority(http_version))
        return authority_in(pretty_url.len ? pretty_url : url);
    return MF_SPAN_NONE;
}
