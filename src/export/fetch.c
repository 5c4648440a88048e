/* A request as a call of fetch (whatwg) in a module of JavaScript. */
#include <string.h>

#include "codec/base64.h"
#include "export/formats.h"
#include "export/shell.h"

/* Between "//" and the path. */
static bool is_in_url(struct mf_span url, struct mf_span host)
{
    const char *at = memmem(url.text, url.len, "//", 2);
    size_t left = at ? (size_t)(url.text + url.len - at) - 2 : 0;
    return left > host.len && memcmp(at + 2, host.text, host.len) == 0 &&
           at[2 + host.len] == '/';
}

static bool is_value(struct mf_span value)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = (uint8_t)value.text[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* Whether fetch sends it; it makes Host of the URL. */
static bool is_sent(struct mf_export *to, const struct mf_record *record,
                    const struct mf_shell_request *request, struct mf_span name,
                    struct mf_span value)
{
    bool is_host = mf_http_is_name(name, "host");
    if (!is_host && is_value(value))
        return true;
    if (!is_host || !is_in_url(request->url, value))
        mf_export_leave_out(to, record,
                            "a header field that fetch cannot send");
    return false;
}

static int put_fields(struct mf_export *to, const struct mf_record *record,
                      const struct mf_shell_request *request,
                      struct mf_buf *out)
{
    struct mf_http_fields fields = mf_http_headers(&request->half);
    struct mf_span name, value;
    int rc = 0;
    mf_shell_printf(out, &rc, "  headers: [\n");
    while (!rc &&
           mf_shell_next_field(to, record, request, &fields, &name, &value)) {
        if (!is_sent(to, record, request, name, value))
            continue;
        mf_shell_printf(out, &rc, "    [");
        rc = rc ? rc : mf_shell_put_js(out, name);
        mf_shell_printf(out, &rc, ", ");
        rc = rc ? rc : mf_shell_put_js(out, value);
        mf_shell_printf(out, &rc, "],\n");
    }
    mf_shell_printf(out, &rc, "  ],\n");
    return rc;
}

static int put_body(struct mf_export *to, const struct mf_record *record,
                    const struct mf_shell_request *request, struct mf_buf *out)
{
    int rc = 0;
    if (!request->has_body)
        return 0;
    if (mf_http_is_name(request->method, "GET") ||
        mf_http_is_name(request->method, "HEAD")) {
        mf_export_leave_out(to, record, "the body of a GET, which fetch lacks");
        return 0;
    }
    mf_shell_printf(out, &rc, "  body: Uint8Array.from(atob(\"");
    rc =
        rc ? rc
           : mf_base64_encode(request->body.text, request->body.len, true, out);
    mf_shell_printf(out, &rc, "\"), (c) => c.charCodeAt(0)),\n");
    return rc;
}

static int put_call(struct mf_export *to, const struct mf_record *record,
                    const struct mf_shell_request *request, struct mf_buf *out)
{
    int rc = 0;
    mf_shell_printf(out, &rc, "await fetch(");
    rc = rc ? rc : mf_shell_put_js(out, request->url);
    mf_shell_printf(out, &rc, ", {\n  method: ");
    rc = rc ? rc : mf_shell_put_js(out, request->method);
    mf_shell_printf(out, &rc, ",\n  redirect: \"manual\",\n");
    rc = rc ? rc : put_fields(to, record, request, out);
    rc = rc ? rc : put_body(to, record, request, out);
    mf_shell_printf(out, &rc, "});\n\n");
    return rc;
}

static int write_flow(struct mf_export *to, void *state,
                      const struct mf_export_flow *flow)
{
    (void)state;
    return mf_shell_write(to, flow->record, put_call);
}

const struct mf_export_writer mf_export_fetch = {.flow = write_flow};
