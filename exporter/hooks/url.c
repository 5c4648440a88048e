#include "exporter/hooks/url.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "exporter/hooks/text.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443, PORT_MAX = 65535 };
enum { LABEL_MAX_LEN = 63, HOST_MAX_LEN = 253, PORT_MAX_DIGITS = 5 };

static bool span_is(struct mf_url_span span, const char *text)
{
    return span.len == strlen(text) &&
           memcmp(span.data ? (const char *)span.data : "", text, span.len) ==
               0;
}

static bool is_connect(const struct mf_url_parts *parts)
{
    return parts->method.len == 7 &&
           strncasecmp((const char *)parts->method.data, "CONNECT", 7) == 0;
}

/* 0: the scheme has none. */
static long default_port(struct mf_url_span scheme)
{
    if (span_is(scheme, "http"))
        return HTTP_PORT;
    return span_is(scheme, "https") ? HTTPS_PORT : 0;
}

static int put_text(struct mf_buf *out, struct mf_url_span span)
{
    return mf_text_put_bytes(out, span.data, span.len, MF_TEXT_PERCENT);
}

static int put_whole(struct mf_buf *out, const struct mf_url_parts *parts,
                     struct mf_url_span host, long port)
{
    size_t before = out->len;
    int rc = put_text(out, parts->scheme);
    if (!rc)
        rc = mf_buf_append(out, "://", 3);
    if (!rc)
        rc = mf_buf_append(out, host.data, host.len);
    long implied = default_port(parts->scheme);
    if (!rc && (implied == 0 || implied != port))
        rc = mf_buf_printf(out, ":%ld", port);
    if (!rc && !span_is(parts->path, "*"))
        rc = put_text(out, parts->path);
    if (rc)
        out->len = before;
    return rc;
}

int mf_url_put(struct mf_buf *out, const struct mf_url_parts *parts)
{
    if (!is_connect(parts))
        return put_whole(out, parts, parts->host, parts->port);
    size_t before = out->len;
    int rc = mf_buf_append(out, parts->host.data, parts->host.len);
    if (!rc)
        rc = mf_buf_printf(out, ":%ld", parts->port);
    if (rc)
        out->len = before;
    return rc;
}

/* ASCII without an encoded label: Python's "idna" codec returns it as it is. */
static bool is_plain(struct mf_url_span name)
{
    if (!mf_text_is_ascii(name.data, name.len))
        return false;
    for (size_t i = 0; i + 4 <= name.len; i++)
        if (strncasecmp((const char *)name.data + i, "xn--", 4) == 0)
            return false;
    return true;
}

static bool is_label_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/*
 * Split "host" or "host:port" of plain DNS labels; *ret_port is 0 where
 * there is none. False where mitmproxy's own rules are needed.
 */
static bool split_authority(struct mf_url_span text,
                            struct mf_url_span *ret_host, long *ret_port)
{
    size_t len = 0, label = 0;
    for (; len < text.len && text.data[len] != ':'; len++) {
        uint8_t c = text.data[len];
        if (c == '.' ? label == 0 : !is_label_char(c))
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > LABEL_MAX_LEN)
            return false;
    }
    if (len == 0 || len > HOST_MAX_LEN || !is_plain(text))
        return false;
    long port = 0;
    if (len < text.len) {
        size_t digits = text.len - len - 1;
        if (digits == 0 || digits > PORT_MAX_DIGITS)
            return false;
        for (size_t i = len + 1; i < text.len; i++) {
            if (text.data[i] < '0' || text.data[i] > '9')
                return false;
            port = port * 10 + (text.data[i] - '0');
        }
        if (port > PORT_MAX)
            return false;
    }
    *ret_host = (struct mf_url_span){text.data, len};
    *ret_port = port;
    return true;
}

int mf_url_put_pretty(struct mf_buf *out, const struct mf_url_parts *parts)
{
    if (is_connect(parts))
        return is_plain(parts->authority) ? put_text(out, parts->authority)
                                          : MF_EUNSUPPORTED;
    struct mf_url_span name = parts->host_header;
    size_t count = parts->host_count;
    if (parts->authority_first && parts->authority.len) {
        name = parts->authority;
        count = 1;
    }
    if (count == 0 || (count == 1 && name.len == 0))
        return mf_url_put(out, parts);
    struct mf_url_span host;
    long port;
    if (count > 1 || !split_authority(name, &host, &port))
        return MF_EUNSUPPORTED;
    if (port == 0)
        port = default_port(parts->scheme);
    return put_whole(out, parts, host, port ? port : HTTPS_PORT);
}
