/* A request as a command line of HTTPie (httpie.io, version 3). */
#include <string.h>

#include "base/utf8.h"
#include "export/formats.h"
#include "export/shell.h"

/* What HTTPie sends of its own; a body adds the last. */
static const char *const own_fields[] = {
    "User-Agent", "Accept", "Accept-Encoding", "Connection", "Content-Type"};
enum { OWN_WITHOUT_BODY = 4, OWN_WITH_BODY = 5 };

/* A method of other characters would be taken for a URL. */
static bool is_method(struct mf_span method)
{
    for (size_t i = 0; i < method.len; i++)
        if (!((method.text[i] >= 'A' && method.text[i] <= 'Z') ||
              (method.text[i] >= 'a' && method.text[i] <= 'z')))
            return false;
    return method.len > 0;
}

static bool is_special(char c)
{
    return c && strchr(":=@;", c);
}

/*
 * Whether an item can have the value: HTTPie takes it for UTF-8, takes the
 * spaces off around it, and no item can have a backslash before a character
 * that is special in items.
 */
static bool is_value(struct mf_span value)
{
    if (!mf_utf8_valid(value.text, value.len))
        return false;
    for (size_t i = 0; i + 1 < value.len; i++)
        if (value.text[i] == '\\' &&
            (is_special(value.text[i + 1]) || value.text[i + 1] == '\\'))
            return false;
    return !value.len || (value.text[value.len - 1] != '\\' &&
                          !strchr(" \t", value.text[0]) &&
                          !strchr(" \t", value.text[value.len - 1]));
}

/* Whether the name has nothing that separates, so that the ":" behind it
 * does. */
static int put_field(struct mf_buf *out, struct mf_span name,
                     struct mf_span value)
{
    bool is_escaped = value.len && is_special(value.text[0]);
    struct mf_span pieces[] = {
        name,
        value.len ? (struct mf_span){":", 1} : (struct mf_span){";", 1},
        is_escaped ? (struct mf_span){"\\", 1} : (struct mf_span){"", 0},
        value,
    };
    int rc = 0;
    mf_shell_printf(out, &rc, " \\\n    ");
    return rc ? rc : mf_shell_put_pieces(out, pieces, 4);
}

static int put_fields(struct mf_export *to, const struct mf_record *record,
                      const struct mf_shell_request *request,
                      struct mf_buf *out)
{
    struct mf_http_fields fields = mf_http_headers(&request->half);
    struct mf_span name, value;
    size_t own = request->has_body ? OWN_WITH_BODY : OWN_WITHOUT_BODY;
    int rc = 0;
    while (!rc &&
           mf_shell_next_field(to, record, request, &fields, &name, &value)) {
        if (is_value(value))
            rc = put_field(out, name, value);
        else
            mf_export_leave_out(to, record,
                                "a header field that HTTPie cannot send");
    }
    for (size_t i = 0; !rc && i < own; i++)
        if (!mf_shell_has_field(request, own_fields[i]))
            mf_shell_printf(out, &rc, " \\\n    '%s:'", own_fields[i]);
    return rc;
}

static int put_command(struct mf_export *to, const struct mf_record *record,
                       const struct mf_shell_request *request,
                       struct mf_buf *out)
{
    int rc = 0;
    if (request->has_body)
        rc = mf_shell_put_pipe(out, request->body);
    mf_shell_printf(out, &rc, "http --path-as-is%s -- ",
                    request->has_body ? "" : " --ignore-stdin");
    rc = rc ? rc : mf_shell_put_word(out, request->method);
    mf_shell_printf(out, &rc, " ");
    rc = rc ? rc : mf_shell_put_word(out, request->url);
    rc = rc ? rc : put_fields(to, record, request, out);
    mf_shell_printf(out, &rc, "\n\n");
    return rc;
}

static int put_if_method(struct mf_export *to, const struct mf_record *record,
                         const struct mf_shell_request *request,
                         struct mf_buf *out)
{
    if (is_method(request->method))
        return put_command(to, record, request, out);
    mf_export_leave_out(to, record,
                        "a request of a method that HTTPie has not");
    return 0;
}

static int write_flow(struct mf_export *to, void *state,
                      const struct mf_export_flow *flow)
{
    (void)state;
    return mf_shell_write(to, flow->record, put_if_method);
}

const struct mf_export_writer mf_export_httpie = {.flow = write_flow};
