/* A request as a call of requests, in Python. */
#include <string.h>
#include <strings.h>

#include "export/formats.h"
#include "export/shell.h"

/* What requests and urllib3 send of their own. */
static const char *const own_fields[] = {"User-Agent", "Accept-Encoding"};
static const char *const default_fields[] = {"Accept", "Connection"};

static bool is_before(const struct mf_shell_request *request,
                      struct mf_span want, const void *until)
{
    struct mf_http_fields fields = mf_http_headers(&request->half);
    struct mf_span name, value;
    while (mf_http_fields_next(&fields, &name, &value) && name.text != until)
        if (name.len == want.len &&
            strncasecmp(name.text, want.text, want.len) == 0)
            return true;
    return false;
}

/* A field's value, with those of the same name behind it: requests keeps
 * fields by name. */
static int put_value(struct mf_export *to, const struct mf_record *record,
                     const struct mf_shell_request *request,
                     struct mf_span want, struct mf_buf *out)
{
    struct mf_http_fields fields = mf_http_headers(&request->half);
    struct mf_span name, value;
    const char *glue = mf_http_is_name(want, "cookie") ? "b'; '" : "b', '";
    size_t count = 0;
    int rc = 0;
    while (!rc && mf_http_fields_next(&fields, &name, &value)) {
        if (name.len != want.len ||
            strncasecmp(name.text, want.text, want.len) != 0 ||
            memchr(value.text, '\0', value.len) ||
            memchr(value.text, '\n', value.len) ||
            memchr(value.text, '\r', value.len))
            continue;
        if (count++)
            mf_shell_printf(out, &rc, " + %s + ", glue);
        rc = rc ? rc : mf_shell_put_python(out, value);
    }
    if (count > 1)
        mf_export_leave_out(to, record,
                            "header fields of one name: they are joined");
    return rc;
}

static int put_fields(struct mf_export *to, const struct mf_record *record,
                      const struct mf_shell_request *request,
                      struct mf_buf *out)
{
    struct mf_http_fields fields = mf_http_headers(&request->half);
    struct mf_span name, value;
    int rc = 0;
    while (!rc &&
           mf_shell_next_field(to, record, request, &fields, &name, &value)) {
        if (is_before(request, name, name.text))
            continue;
        mf_shell_printf(out, &rc, "        ");
        rc = rc ? rc : mf_shell_put_python(out, name);
        mf_shell_printf(out, &rc, ".decode(): ");
        rc = rc ? rc : put_value(to, record, request, name, out);
        mf_shell_printf(out, &rc, ",\n");
    }
    for (int i = 0; i < 2; i++) {
        if (!mf_shell_has_field(request, own_fields[i]))
            mf_shell_printf(out, &rc, "        '%s': SKIP_HEADER,\n",
                            own_fields[i]);
        if (!mf_shell_has_field(request, default_fields[i]))
            mf_shell_printf(out, &rc, "        '%s': None,\n",
                            default_fields[i]);
    }
    return rc;
}

static int put_call(struct mf_export *to, const struct mf_record *record,
                    const struct mf_shell_request *request, struct mf_buf *out)
{
    int rc = 0;
    mf_shell_printf(out, &rc, "response = requests.request(\n    ");
    rc = rc ? rc : mf_shell_put_python(out, request->method);
    mf_shell_printf(out, &rc, ".decode(),\n    ");
    rc = rc ? rc : mf_shell_put_python(out, request->url);
    mf_shell_printf(out, &rc, ".decode(),\n    headers={\n");
    rc = rc ? rc : put_fields(to, record, request, out);
    mf_shell_printf(out, &rc, "    },\n");
    if (request->has_body) {
        mf_shell_printf(out, &rc, "    data=");
        rc = rc ? rc : mf_shell_put_python(out, request->body);
        mf_shell_printf(out, &rc, ",\n");
    }
    mf_shell_printf(out, &rc, "    allow_redirects=False,\n)\n\n");
    return rc;
}

static int begin(struct mf_export *to, void *state, struct mf_err *err)
{
    static const char head[] = "import requests\n"
                               "from urllib3.util import SKIP_HEADER\n\n";
    (void)state;
    (void)err;
    return mf_export_write(to, head, sizeof head - 1);
}

static int write_flow(struct mf_export *to, void *state,
                      const struct mf_export_flow *flow)
{
    (void)state;
    return mf_shell_write(to, flow->record, put_call);
}

const struct mf_export_writer mf_export_python = {.begin = begin,
                                                  .flow = write_flow};
