/* Requests and responses of a HAR file. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "codec/base64.h"
#include "export/har_in.h"
#include "flow/half_numbers.h"
#include "pb/wire.h"

/* Field numbers of mitmproxy.v1. */
enum {
    HTTP_REQUEST = 2,
    REQUEST_METHOD = 1,
    REQUEST_URL = 2,
    RESPONSE_STATUS = 1,
    RESPONSE_REASON = 11,
};

/* What Request and Response number differently. */
struct numbers {
    uint32_t content, http_version, start, end, truncated;
};
static const struct numbers request_numbers = {4, 6, 9, 10, 12};
static const struct numbers response_numbers = {3, 5, 8, 9, 10};

static int tell(struct mf_err *err, int rc)
{
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
}

static int put_text(struct mf_buf *out, uint32_t number, struct mf_span text)
{
    return mf_wire_put_bytes_opt(out, number, text.text, text.len);
}

/* ---- headers ---- */

/* A string member, or the base64 of what it stands for. */
static int put_bytes(const json_t *object, const char *name,
                     const char *name_base64, uint32_t number,
                     struct mf_buf *out, struct mf_err *err)
{
    struct mf_span base64 = mf_json_get_text(object, name_base64);
    struct mf_buf bytes;
    if (!base64.len)
        return tell(err, put_text(out, number, mf_json_get_text(object, name)));
    mf_buf_init(&bytes, out->max);
    int rc = mf_base64_decode(base64.text, base64.len, &bytes);
    if (rc == MF_ECORRUPT)
        mf_err_set(err, rc, "\"%s\" is not base64", name_base64);
    else
        rc = tell(err, rc ? rc
                          : mf_wire_put_bytes_opt(out, number, bytes.data,
                                                  bytes.len));
    mf_buf_release(&bytes);
    return rc;
}

/* Some write the value of Content-Length so. */
static int put_integer(json_int_t value, uint32_t number, struct mf_buf *out)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, value);
    return mf_wire_put_bytes(out, number, text, (size_t)len);
}

static int put_header(const json_t *header, uint32_t number, struct mf_buf *out,
                      struct mf_err *err)
{
    struct mf_span name = mf_json_get_text(header, "name");
    size_t mark;
    /* Browsers tell HTTP/2's ":authority" and the like as headers. */
    if (name.len && name.text[0] == ':')
        return 0;
    int rc = tell(err, mf_wire_begin(out, number, &mark));
    if (!rc)
        rc = put_bytes(header, "name", "_nameBase64", 1, out, err);
    const json_t *value = json_object_get(header, "value");
    if (!rc && json_is_integer(value))
        rc = tell(err, put_integer(json_integer_value(value), 2, out));
    else if (!rc)
        rc = put_bytes(header, "value", "_valueBase64", 2, out, err);
    return rc ? rc : tell(err, mf_wire_end(out, mark));
}

static int put_headers(const json_t *half, const char *name, uint32_t number,
                       struct mf_buf *out, struct mf_err *err)
{
    const json_t *headers = json_object_get(half, name);
    int rc = 0;
    for (size_t i = 0; !rc && i < json_array_size(headers); i++)
        rc = put_header(json_array_get(headers, i), number, out, err);
    return rc;
}

/* ---- bodies ---- */

static bool is_base64(const json_t *body)
{
    struct mf_span a = mf_json_get_text(body, "encoding"),
                   b = mf_json_get_text(body, "_encoding");
    return (a.len == 6 && memcmp(a.text, "base64", 6) == 0) ||
           (b.len == 6 && memcmp(b.text, "base64", 6) == 0);
}

static int read_text(const json_t *body, struct mf_buf *bytes,
                     struct mf_err *err)
{
    struct mf_span text = mf_json_get_text(body, "text");
    if (!text.len)
        return tell(err, mf_har_put_form(body, bytes));
    if (!is_base64(body))
        return tell(err, mf_buf_append(bytes, text.text, text.len));
    int rc = mf_base64_decode(text.text, text.len, bytes);
    return rc == MF_ECORRUPT
               ? mf_err_set(err, rc, "the text of a body is not base64")
               : tell(err, rc);
}

static bool is_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

/* One that was there and is not here: browsers do not keep all. */
static int put_lack(const json_t *body, const struct numbers *numbers,
                    struct mf_buf *out)
{
    double size = mf_json_get_number(body, "size", 0);
    if (!(size >= 1 && size < 1e15))
        return 0;
    int rc = mf_wire_put_varint(out, MF_HALF_CONTENT_SIZE, (uint64_t)size);
    return rc ? rc : mf_wire_put_varint(out, numbers->truncated, true);
}

static int put_body(const struct mf_har_entry *entry, const json_t *body,
                    const struct numbers *numbers, struct mf_buf *out,
                    struct mf_err *err)
{
    struct mf_span raw = mf_json_get_text(body, "_rawBase64");
    struct mf_buf bytes;
    int rc = 0;
    mf_buf_init(&bytes, out->max);
    if (raw.len)
        rc = put_bytes(body, "", "_rawBase64", MF_HALF_RAW_CONTENT, out, err);
    if (!rc && (!raw.len || is_true(body, "_isDecoded")))
        rc = read_text(body, &bytes, err);
    if (!rc)
        rc = tell(err, mf_wire_put_bytes_opt(out, numbers->content, bytes.data,
                                             bytes.len));
    if (!rc && !bytes.len && !raw.len && !entry->is_ours)
        rc = tell(err, put_lack(body, numbers, out));
    mf_buf_release(&bytes);
    return rc;
}

/* ---- times ---- */

static int64_t timing_ns(const struct mf_har_entry *entry, const char *name)
{
    enum { MAX_MS = 1000000000 };
    double ms =
        mf_json_get_number(json_object_get(entry->json, "timings"), name, 0);
    return ms > 0 && ms < MAX_MS ? (int64_t)(ms * 1e6) : 0;
}

static int put_times(const struct mf_har_entry *entry, bool is_request,
                     const struct numbers *numbers, struct mf_buf *out)
{
    int64_t start_ns = entry->start_ns;
    if (!start_ns)
        return 0;
    int64_t sent_ns = start_ns + timing_ns(entry, "blocked") +
                      timing_ns(entry, "dns") + timing_ns(entry, "connect") +
                      timing_ns(entry, "send");
    int64_t answered_ns = sent_ns + timing_ns(entry, "wait");
    int64_t done_ns = answered_ns + timing_ns(entry, "receive");
    int rc = mf_wire_put_timestamp_opt(out, numbers->start,
                                       is_request ? start_ns : answered_ns);
    return rc ? rc
              : mf_wire_put_timestamp_opt(out, numbers->end,
                                          is_request ? sent_ns : done_ns);
}

/* ---- halves ---- */

static int put_own(const struct mf_har_entry *entry, uint32_t number,
                   struct mf_span *ret_own, struct mf_buf *out)
{
    struct mf_wire_field field;
    *ret_own = (struct mf_span){"", 0};
    if (!mf_wire_find((const uint8_t *)entry->own.text, entry->own.len, number,
                      &field))
        return 0;
    *ret_own = (struct mf_span){(const char *)field.data, field.len};
    return mf_buf_append(out, field.data, field.len);
}

static int put_line(const struct mf_har_entry *entry, const json_t *half,
                    bool is_request, bool has_url, struct mf_buf *out)
{
    double status = mf_json_get_number(half, "status", 0);
    int rc = 0;
    if (!is_request) {
        if (status >= 1 && status < 1e6)
            rc = mf_wire_put_varint(out, RESPONSE_STATUS, (uint64_t)status);
        return rc ? rc
                  : put_text(out, RESPONSE_REASON,
                             mf_json_get_text(half, "statusText"));
    }
    rc = put_text(out, REQUEST_METHOD, mf_json_get_text(half, "method"));
    return rc || has_url ? rc : mf_har_put_url(entry, REQUEST_URL, out);
}

/* As mitmproxy calls it what each browser calls otherwise. */
static struct mf_span version_of(struct mf_span told)
{
    static const struct {
        const char *told, *name;
    } versions[] = {
        {"http/1.0", "HTTP/1.0"}, {"http/1.1", "HTTP/1.1"}, {"h2", "HTTP/2.0"},
        {"http/2", "HTTP/2.0"},   {"http/2.0", "HTTP/2.0"}, {"h3", "HTTP/3"},
        {"http/3", "HTTP/3"},     {"http/3.0", "HTTP/3"},   {"unknown", ""},
    };
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (told.len == strlen(versions[i].told) &&
            strncasecmp(told.text, versions[i].told, told.len) == 0)
            return (struct mf_span){versions[i].name, strlen(versions[i].name)};
    return told;
}

int mf_har_put_half(const struct mf_har_entry *entry, uint32_t number,
                    struct mf_buf *out, struct mf_err *err)
{
    bool is_request = number == HTTP_REQUEST;
    const struct numbers *numbers =
        is_request ? &request_numbers : &response_numbers;
    const json_t *half = is_request ? entry->request : entry->response;
    const json_t *body =
        json_object_get(half, is_request ? "postData" : "content");
    struct mf_wire_field field;
    struct mf_span own;
    size_t mark;
    int rc = tell(err, mf_wire_begin(out, number, &mark));
    if (!rc)
        rc = tell(err, put_own(entry, number, &own, out));
    bool has_url = !rc && mf_wire_find((const uint8_t *)own.text, own.len,
                                       REQUEST_URL, &field);
    if (!rc)
        rc = tell(err, put_line(entry, half, is_request, has_url, out));
    if (!rc && !entry->is_ours)
        rc = tell(err,
                  put_text(out, numbers->http_version,
                           version_of(mf_json_get_text(half, "httpVersion"))));
    if (!rc && !entry->is_ours)
        rc = tell(err, put_times(entry, is_request, numbers, out));
    if (!rc)
        rc = put_headers(half, "headers", MF_HALF_HEADER_FIELDS, out, err);
    if (!rc)
        rc = put_headers(half, "_trailers", MF_HALF_TRAILER_FIELDS, out, err);
    if (!rc)
        rc = put_body(entry, body, numbers, out, err);
    return rc ? rc : tell(err, mf_wire_end(out, mark));
}
