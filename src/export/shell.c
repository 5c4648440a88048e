#include "export/shell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "codec/base64.h"
#include "export/mitm.h"

enum { FIRST_PRINTABLE = 0x20, LAST_PRINTABLE = 0x7e };

void mf_shell_printf(struct mf_buf *out, int *rc, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!*rc && len > 0)
        *rc = mf_buf_append(out, text,
                            (size_t)len < sizeof text ? (size_t)len
                                                      : sizeof text - 1);
}

/* ---- text in quotes ---- */

static bool is_plain(uint8_t c)
{
    return c >= FIRST_PRINTABLE && c <= LAST_PRINTABLE;
}

static bool is_all_plain(struct mf_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_plain((uint8_t)text.text[i]))
            return false;
    return true;
}

static int put_quoted(struct mf_buf *out, struct mf_span text)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < text.len; i++)
        rc = text.text[i] == '\''
                 ? mf_buf_append(out, "'\\''", 4)
                 : mf_buf_append_byte(out, (uint8_t)text.text[i]);
    return rc;
}

/* As printf's format, which stands in single quotes. */
static int put_format(struct mf_buf *out, struct mf_span text)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < text.len; i++) {
        uint8_t c = (uint8_t)text.text[i];
        if (c == '%')
            rc = mf_buf_append(out, "%%", 2);
        else if (is_plain(c) && c != '\'' && c != '\\')
            rc = mf_buf_append_byte(out, c);
        else
            rc = mf_buf_printf(out, "\\%03o", (unsigned)c);
    }
    return rc;
}

int mf_shell_put_pieces(struct mf_buf *out, const struct mf_span *pieces,
                        size_t count)
{
    bool is_simple = true;
    char last = 'x';
    for (size_t i = 0; i < count; i++) {
        if (memchr(pieces[i].text, '\0', pieces[i].len))
            return MF_EINVAL;
        is_simple &= is_all_plain(pieces[i]);
        if (pieces[i].len)
            last = pieces[i].text[pieces[i].len - 1];
    }
    /* "$()" takes those off. */
    if (last == '\n')
        return MF_EINVAL;
    const char *begin = is_simple ? "'" : "\"$(printf '";
    const char *end = is_simple ? "'" : "')\"";
    int rc = mf_buf_append(out, begin, strlen(begin));
    for (size_t i = 0; !rc && i < count; i++)
        rc =
            is_simple ? put_quoted(out, pieces[i]) : put_format(out, pieces[i]);
    return rc ? rc : mf_buf_append(out, end, strlen(end));
}

int mf_shell_put_word(struct mf_buf *out, struct mf_span text)
{
    return mf_shell_put_pieces(out, &text, 1);
}

/* Lines of printable ASCII are readable; other bytes go by base64. */
int mf_shell_put_pipe(struct mf_buf *out, struct mf_span bytes)
{
    bool is_text = true;
    for (size_t i = 0; i < bytes.len; i++)
        is_text &= is_plain((uint8_t)bytes.text[i]) || bytes.text[i] == '\n';
    int rc = mf_buf_printf(out, "printf %%s '");
    if (!rc)
        rc = is_text ? put_quoted(out, bytes)
                     : mf_base64_encode(bytes.text, bytes.len, true, out);
    const char *end = is_text ? "' | " : "' | base64 -d | ";
    return rc ? rc : mf_buf_append(out, end, strlen(end));
}

int mf_shell_put_js(struct mf_buf *out, struct mf_span bytes)
{
    int rc = mf_buf_append_byte(out, '"');
    for (size_t i = 0; !rc && i < bytes.len; i++) {
        uint8_t c = (uint8_t)bytes.text[i];
        bool is_safe = is_plain(c) && !strchr("\"\\<>&'`$", c);
        rc = is_safe ? mf_buf_append_byte(out, c)
                     : mf_buf_printf(out, "\\x%02x", (unsigned)c);
    }
    return rc ? rc : mf_buf_append_byte(out, '"');
}

int mf_shell_put_python(struct mf_buf *out, struct mf_span bytes)
{
    int rc = mf_buf_append(out, "b'", 2);
    for (size_t i = 0; !rc && i < bytes.len; i++) {
        uint8_t c = (uint8_t)bytes.text[i];
        rc = is_plain(c) && c != '\'' && c != '\\'
                 ? mf_buf_append_byte(out, c)
                 : mf_buf_printf(out, "\\x%02x", (unsigned)c);
    }
    return rc ? rc : mf_buf_append_byte(out, '\'');
}

/* ---- the request ---- */

static bool is_token(struct mf_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.text[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
              (c >= 'A' && c <= 'Z') || (c && strchr("!#$%&'*+-.^_`|~", c))))
            return false;
    }
    return text.len > 0;
}

static bool is_host(struct mf_span host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.text[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
              (c >= 'A' && c <= 'Z') || (c && strchr("-._:", c))))
            return false;
    }
    return host.len > 0 && host.text[0] != '-';
}

static bool is_web(struct mf_span scheme)
{
    return mf_http_is_name(scheme, "http") || mf_http_is_name(scheme, "https");
}

/* What no URL can have is percent-encoded. */
static int put_path(struct mf_buf *out, struct mf_span path)
{
    int rc = 0;
    if (!path.len || path.text[0] != '/')
        rc = mf_buf_append_byte(out, '/');
    for (size_t i = 0; !rc && i < path.len; i++) {
        uint8_t c = (uint8_t)path.text[i];
        bool is_safe =
            c > FIRST_PRINTABLE && c <= LAST_PRINTABLE && c != '#' && c != '\\';
        rc = is_safe ? mf_buf_append_byte(out, c)
                     : mf_buf_printf(out, "%%%02X", (unsigned)c);
    }
    return rc;
}

static int put_url(struct mf_buf *out, const struct mf_target *url)
{
    bool is_ipv6 = memchr(url->host.text, ':', url->host.len) != NULL;
    int rc = 0;
    mf_shell_printf(out, &rc, "%s://%s",
                    mf_http_is_name(url->scheme, "https") ? "https" : "http",
                    is_ipv6 ? "[" : "");
    if (!rc)
        rc = mf_buf_append(out, url->host.text, url->host.len);
    mf_shell_printf(out, &rc, "%s", is_ipv6 ? "]" : "");
    if (url->port != mf_target_default_port(url->scheme))
        mf_shell_printf(out, &rc, ":%u", (unsigned)url->port);
    return rc ? rc : put_path(out, url->path);
}

static bool is_kept_whole(const struct mf_http_half *half)
{
    return !half->is_cut && !half->left_out.len &&
           !(half->is_streamed && !half->content.len && !half->raw_content.len);
}

static void read_body(struct mf_export *to, const struct mf_record *record,
                      struct mf_shell_request *request)
{
    const struct mf_http_half *half = &request->half;
    request->is_decoded = !mf_http_wire_body(half, &request->body);
    request->has_body = request->body.len > 0;
    if (request->is_decoded && request->has_body)
        mf_export_leave_out(to, record, "the content encoding of the body");
    if (!is_kept_whole(half))
        mf_export_leave_out(to, record, "the rest of a body that was not kept");
    struct mf_http_fields trailers = mf_http_trailers(half);
    struct mf_span name, value;
    if (mf_http_fields_next(&trailers, &name, &value))
        mf_export_leave_out(to, record, "trailers");
}

bool mf_shell_read(struct mf_export *to, const struct mf_record *record,
                   struct mf_shell_request *request)
{
    const struct mf_flow *flow = mf_record_flow(record);
    struct mf_target url;
    memset(request, 0, sizeof *request);
    mf_buf_init(&request->text, SIZE_MAX / 4);
    mf_http_half(flow, MF_HALF_REQUEST, &request->half);
    if (!request->half.is_there) {
        mf_export_leave_out(to, record, "a flow without an HTTP request");
        return false;
    }
    request->method = request->half.wire_method;
    mf_mitm_target_of(flow, &request->half, &url);
    if (!is_token(request->method) || !is_web(url.scheme) ||
        !is_host(url.host) || !url.port ||
        (url.path.len == 1 && url.path.text[0] == '*')) {
        mf_export_leave_out(to, record,
                            "a request that no command can make: its method, "
                            "scheme, host or target");
        return false;
    }
    if (put_url(&request->text, &url))
        return false;
    request->url =
        (struct mf_span){(char *)request->text.data, request->text.len};
    read_body(to, record, request);
    return true;
}

void mf_shell_release(struct mf_shell_request *request)
{
    mf_buf_release(&request->text);
}

bool mf_shell_is_framing(struct mf_span name)
{
    static const char *const names[] = {
        "content-length", "transfer-encoding", "proxy-connection", "expect",
        "connection",     "keep-alive",        "upgrade",          "te",
        "trailer",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (mf_http_is_name(name, names[i]))
            return true;
    return false;
}

static bool is_value(struct mf_span value)
{
    for (size_t i = 0; i < value.len; i++)
        if (strchr("\r\n", value.text[i])) /* a NUL, too */
            return false;
    return true;
}

bool mf_shell_next_field(struct mf_export *to, const struct mf_record *record,
                         const struct mf_shell_request *request,
                         struct mf_http_fields *fields,
                         struct mf_span *ret_name, struct mf_span *ret_value)
{
    while (mf_http_fields_next(fields, ret_name, ret_value)) {
        if (mf_shell_is_framing(*ret_name) ||
            (request->is_decoded &&
             mf_http_is_name(*ret_name, "content-encoding")))
            continue;
        if (is_token(*ret_name) && is_value(*ret_value))
            return true;
        mf_export_leave_out(to, record, "a header field that no client sends");
    }
    return false;
}

bool mf_shell_has_field(const struct mf_shell_request *request,
                        const char *want)
{
    struct mf_http_fields fields = mf_http_headers(&request->half);
    struct mf_span name, value;
    while (mf_http_fields_next(&fields, &name, &value))
        if (mf_http_is_name(name, want))
            return true;
    return false;
}

int mf_shell_write(struct mf_export *to, const struct mf_record *record,
                   mf_shell_put *put)
{
    struct mf_shell_request request;
    struct mf_buf out;
    int rc = 0;
    mf_buf_init(&out, SIZE_MAX / 4);
    if (mf_shell_read(to, record, &request))
        rc = put(to, record, &request, &out);
    if (!rc)
        rc = mf_export_write(to, out.data, out.len);
    mf_shell_release(&request);
    mf_buf_release(&out);
    return rc;
}
