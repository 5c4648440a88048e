/* A request as a command line of curl. */
#include <string.h>

#include "export/formats.h"
#include "export/shell.h"

/* What curl sends of its own; a body adds the last two. */
static const char *const own_fields[] = {"User-Agent", "Accept", "Content-Type",
                                         "Expect"};
enum { OWN_WITHOUT_BODY = 2, OWN_WITH_BODY = 4 };

static bool is_http2(const struct mf_shell_request *request)
{
    return mf_http_is_name(request->half.http_version, "HTTP/2.0");
}

static int put_fields(struct mf_export *to, const struct mf_record *record,
                      const struct mf_shell_request *request, bool has_body,
                      struct mf_buf *out)
{
    struct mf_http_fields fields = mf_http_headers(&request->half);
    struct mf_span name, value;
    size_t own = has_body ? OWN_WITH_BODY : OWN_WITHOUT_BODY;
    int rc = 0;
    while (!rc &&
           mf_shell_next_field(to, record, request, &fields, &name, &value)) {
        /* "name:" would take a field away. */
        struct mf_span pieces[] = {name,
                                   value.len ? (struct mf_span){": ", 2}
                                             : (struct mf_span){";", 1},
                                   value};
        mf_shell_printf(out, &rc, " \\\n    -H ");
        rc = rc ? rc : mf_shell_put_pieces(out, pieces, 3);
    }
    /* In HTTP/2 it is no matter of the connection (RFC 9113, 8.2.2), and
     * servers of gRPC refuse a call without it. */
    if (is_http2(request) &&
        mf_http_is_name(mf_http_header(&request->half, "te"), "trailers"))
        mf_shell_printf(out, &rc, " \\\n    -H 'te: trailers'");
    for (size_t i = 0; !rc && i < own; i++)
        if (!mf_shell_has_field(request, own_fields[i]) ||
            strcmp(own_fields[i], "Expect") == 0)
            mf_shell_printf(out, &rc, " \\\n    -H '%s:'", own_fields[i]);
    return rc;
}

static void put_version(const struct mf_shell_request *request,
                        struct mf_buf *out, int *rc)
{
    struct mf_span version = request->half.http_version;
    if (mf_http_is_name(version, "HTTP/1.0"))
        mf_shell_printf(out, rc, " --http1.0");
    else if (mf_http_is_name(version, "HTTP/1.1"))
        mf_shell_printf(out, rc, " --http1.1");
    else if (is_http2(request))
        mf_shell_printf(out, rc, " --http2");
}

static int put_command(struct mf_export *to, const struct mf_record *record,
                       const struct mf_shell_request *request,
                       struct mf_buf *out)
{
    bool is_head = mf_http_is_name(request->method, "HEAD");
    bool has_length = mf_shell_has_field(request, "content-length");
    bool is_get = mf_http_is_name(request->method, "GET");
    bool sends = request->has_body || (has_length && !is_get && !is_head);
    int rc = 0;
    if (request->has_body)
        rc = mf_shell_put_pipe(out, request->body);
    /* No globs in the URL, and its path as it is. */
    mf_shell_printf(out, &rc, "curl --globoff --path-as-is");
    put_version(request, out, &rc);
    if (mf_shell_has_field(request, "accept-encoding"))
        mf_shell_printf(out, &rc, " --compressed");
    if (is_head && !request->has_body) {
        mf_shell_printf(out, &rc, " --head");
    } else if (!is_get || sends) {
        mf_shell_printf(out, &rc, " -X ");
        rc = rc ? rc : mf_shell_put_word(out, request->method);
    }
    rc = rc ? rc : put_fields(to, record, request, sends, out);
    if (sends)
        mf_shell_printf(out, &rc, " \\\n    --data-binary %s",
                        request->has_body ? "@-" : "''");
    mf_shell_printf(out, &rc, " \\\n    --url ");
    rc = rc ? rc : mf_shell_put_word(out, request->url);
    mf_shell_printf(out, &rc, "\n\n");
    return rc;
}

static int write_flow(struct mf_export *to, void *state,
                      const struct mf_export_flow *flow)
{
    (void)state;
    return mf_shell_write(to, flow->record, put_command);
}

const struct mf_export_writer mf_export_curl = {.flow = write_flow};
