/* Requests and responses as HTTP/1 has them on the wire. */
#include <stdio.h>
#include <string.h>

#include "export/formats.h"
#include "export/http_view.h"
#include "export/mitm.h"

static int put(struct mf_export *to, struct mf_span bytes)
{
    return mf_export_write(to, bytes.text, bytes.len);
}

static int put_text(struct mf_export *to, const char *text)
{
    return mf_export_write(to, text, strlen(text));
}

static int put_line(struct mf_export *to, const struct mf_span *parts,
                    size_t count)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < count; i++) {
        if (i)
            rc = put_text(to, " ");
        rc = rc ? rc : put(to, parts[i]);
    }
    return rc ? rc : put_text(to, "\r\n");
}

static bool is_version_1(struct mf_span version)
{
    return version.len == 8 && memcmp(version.text, "HTTP/1.", 7) == 0;
}

static int put_first_line(struct mf_export *to, const struct mf_flow *flow,
                          const struct mf_http_half *half)
{
    static const struct mf_span version_1 = {"HTTP/1.1", 8};
    struct mf_span version =
        is_version_1(half->http_version) ? half->http_version : version_1;
    char status[16];
    if (!half->is_request) {
        snprintf(status, sizeof status, "%u", (unsigned)half->status);
        struct mf_span parts[] = {
            version, {status, strlen(status)}, half->reason};
        return put_line(to, parts, 3);
    }
    struct mf_target to_where;
    mf_mitm_target_of(flow, half, &to_where);
    struct mf_span target =
        to_where.path.len ? to_where.path : (struct mf_span){"/", 1};
    if (mf_http_is_name(half->method, "CONNECT"))
        target = half->url;
    struct mf_span parts[] = {half->wire_method, target, version};
    return put_line(to, parts, 3);
}

static int put_fields(struct mf_export *to, struct mf_http_fields fields)
{
    struct mf_span name, value;
    int rc = 0;
    while (!rc && mf_http_fields_next(&fields, &name, &value)) {
        rc = put(to, name);
        rc = rc ? rc : put_text(to, ": ");
        rc = rc ? rc : put(to, value);
        rc = rc ? rc : put_text(to, "\r\n");
    }
    return rc;
}

/* A body that is decoded cannot say that it is encoded. */
static int put_body(struct mf_export *to, const struct mf_record *record,
                    const struct mf_http_half *half)
{
    struct mf_span body, coding = mf_http_header(half, "transfer-encoding");
    char size[24];
    int rc = 0;
    if (!mf_http_wire_body(half, &body) && body.len)
        mf_export_leave_out(to, record, "the content encoding of the body");
    if (half->is_cut || half->left_out.len)
        mf_export_leave_out(to, record, "the rest of a body that was not kept");
    if (!coding.len)
        return put(to, body);
    if (body.len) {
        snprintf(size, sizeof size, "%zx\r\n", body.len);
        rc = put_text(to, size);
        rc = rc ? rc : put(to, body);
        rc = rc ? rc : put_text(to, "\r\n");
    }
    rc = rc ? rc : put_text(to, "0\r\n");
    rc = rc ? rc : put_fields(to, mf_http_trailers(half));
    return rc ? rc : put_text(to, "\r\n");
}

/* HTTP/2 has it beside the header fields. */
static int put_host(struct mf_export *to, const struct mf_http_half *half)
{
    struct mf_target url;
    char port[16];
    if (!half->is_request || is_version_1(half->http_version) ||
        mf_http_header(half, "host").len)
        return 0;
    mf_target_split(half->method,
                    half->pretty_url.len ? half->pretty_url : half->url,
                    (struct mf_span){"", 0}, 0, &url);
    int rc = put_text(to, "Host: ");
    rc = rc ? rc : put(to, url.host);
    if (!rc && url.port != mf_target_default_port(url.scheme)) {
        snprintf(port, sizeof port, ":%u", (unsigned)url.port);
        rc = put_text(to, port);
    }
    return rc ? rc : put_text(to, "\r\n");
}

static int write_half(struct mf_export *to, const struct mf_record *record,
                      enum mf_half which)
{
    const struct mf_flow *flow = mf_record_flow(record);
    struct mf_http_half half;
    mf_http_half(flow, which, &half);
    if (!half.is_there) {
        mf_export_leave_out(to, record,
                            which == MF_HALF_REQUEST
                                ? "a flow without an HTTP request"
                                : "a flow without an HTTP response");
        return 0;
    }
    int rc = put_first_line(to, flow, &half);
    rc = rc ? rc : put_host(to, &half);
    rc = rc ? rc : put_fields(to, mf_http_headers(&half));
    rc = rc ? rc : put_text(to, "\r\n");
    return rc ? rc : put_body(to, record, &half);
}

static int write_request(struct mf_export *to, void *state,
                         const struct mf_export_flow *flow)
{
    (void)state;
    return write_half(to, flow->record, MF_HALF_REQUEST);
}

static int write_response(struct mf_export *to, void *state,
                          const struct mf_export_flow *flow)
{
    (void)state;
    return write_half(to, flow->record, MF_HALF_RESPONSE);
}

const struct mf_export_writer mf_export_raw_request = {.flow = write_request};
const struct mf_export_writer mf_export_raw_response = {.flow = write_response};
