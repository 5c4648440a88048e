#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "export/http_view.h"
#include "export/mitm.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443, PORT_MAX = 65535 };

static bool is_text(struct mf_span span, const char *text)
{
    return span.len == strlen(text) &&
           strncasecmp(span.text, text, span.len) == 0;
}

uint32_t mf_mitm_default_port(struct mf_span scheme)
{
    if (is_text(scheme, "http"))
        return HTTP_PORT;
    return is_text(scheme, "https") ? HTTPS_PORT : 0;
}

static bool is_ipv6(struct mf_span text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (text.len >= sizeof copy || memchr(text.text, '\0', text.len))
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

void mf_mitm_url_authority(struct mf_span text, uint32_t implied,
                           struct mf_mitm_url *parts)
{
    struct mf_span host;
    uint32_t port;
    parts->host = text;
    parts->port = implied;
    bool is_address = is_ipv6(text);
    if (split_port(text, &host, &port) &&
        (!is_address || (!implied && is_ipv6(host)))) {
        parts->host = host;
        parts->port = port;
    }
    if (parts->host.len > 2 && parts->host.text[0] == '[' &&
        parts->host.text[parts->host.len - 1] == ']')
        parts->host =
            (struct mf_span){parts->host.text + 1, parts->host.len - 2};
}

/* True if `rest` begins with this host, and this port unless it is implied. */
static bool begins_with(struct mf_span rest, struct mf_span host, uint32_t port,
                        uint32_t implied, size_t *ret_len)
{
    if (!host.len || rest.len < host.len ||
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

void mf_mitm_url_split(struct mf_span method, struct mf_span url,
                       struct mf_span host, uint32_t port,
                       struct mf_mitm_url *ret_parts)
{
    static const struct mf_span none = {"", 0};
    *ret_parts = (struct mf_mitm_url){none, none, none, 0};
    const char *mark = memmem(url.text, url.len, "://", 3);
    if (is_text(method, "CONNECT") || !mark) {
        mf_mitm_url_authority(url, 0, ret_parts);
        return;
    }
    ret_parts->scheme = (struct mf_span){url.text, (size_t)(mark - url.text)};
    struct mf_span rest = mf_span_after(url, ret_parts->scheme.len + 3);
    uint32_t implied = mf_mitm_default_port(ret_parts->scheme);
    size_t len = 0;
    if (begins_with(rest, host, port, implied, &len)) {
        ret_parts->host = host;
        ret_parts->port = port;
    } else {
        while (len < rest.len && !strchr("/?#", rest.text[len]))
            len++;
        mf_mitm_url_authority((struct mf_span){rest.text, len}, implied,
                              ret_parts);
    }
    ret_parts->path = mf_span_after(rest, len);
    if (!ret_parts->path.len && is_text(method, "OPTIONS"))
        ret_parts->path = (struct mf_span){"*", 1};
}

int mf_mitm_url_put(struct mf_span method, const struct mf_mitm_url *parts,
                    struct mf_buf *out)
{
    bool is_connect = is_text(method, "CONNECT");
    int rc = 0;
    if (!is_connect) {
        rc = mf_buf_append(out, parts->scheme.text, parts->scheme.len);
        rc = rc ? rc : mf_buf_append(out, "://", 3);
    }
    rc = rc ? rc : mf_buf_append(out, parts->host.text, parts->host.len);
    if (!rc &&
        (is_connect || parts->port != mf_mitm_default_port(parts->scheme)))
        rc = mf_buf_printf(out, ":%u", parts->port);
    if (!rc && !is_connect && !is_text(parts->path, "*"))
        rc = mf_buf_append(out, parts->path.text, parts->path.len);
    return rc;
}

void mf_mitm_url_of(const struct mf_flow *flow,
                    const struct mf_http_half *request,
                    struct mf_mitm_url *ret_parts)
{
    enum { PATH = 108, HOST = 109, PORT = 110 };
    struct mf_mitm_fields fields;
    struct mf_http_conn server;
    mf_http_server(flow, &server);
    mf_mitm_read_fields(request->message, &fields);
    mf_mitm_url_split(request->method, request->url, server.address_host,
                      server.address_port, ret_parts);
    if (mf_mitm_has(&fields, PATH))
        ret_parts->path = mf_mitm_span(&fields, PATH);
    if (mf_mitm_has(&fields, HOST)) {
        ret_parts->host = mf_mitm_span(&fields, HOST);
        ret_parts->port = (uint32_t)mf_mitm_uint(&fields, PORT);
    }
}
