/* The method, url and pretty_url of a Request, and what they do not tell of its
 * first line. */
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "exporter/hooks/url.h"
#include "exporter/hooks/walk.h"
#include "flow/target.h"
#include "pb/wire.h"

enum {
    METHOD = 1,
    URL = 2,
    PRETTY_URL = 11,
    AUTHORITY = 107,
    PATH = 108,
    HOST = 109,
    PORT = 110,
    RAW_METHOD = 111,
    SCHEME = 112,
    PORT_MAX = 65535,
};

static struct mf_url_span span_of(PyObject *object)
{
    struct mf_url_span span = {(const uint8_t *)"", 0};
    mf_walk_to_bytes(object, &span.data, &span.len);
    return span;
}

static bool is_text(struct mf_url_span span, const char *text)
{
    return span.len == strlen(text) &&
           strncasecmp((const char *)span.data, text, span.len) == 0;
}

static void put_method(struct mf_walk *walk, PyObject *method)
{
    struct mf_url_span span = span_of(method);
    struct mf_mark mark = mf_encoder_begin(walk->enc, METHOD);
    size_t from = walk->enc->buf.len;
    int rc = mf_text_put_bytes(&walk->enc->buf, span.data, span.len,
                               MF_TEXT_REPLACE);
    if (rc)
        mf_encoder_fail(walk->enc, rc);
    for (size_t i = from; !rc && i < walk->enc->buf.len; i++) {
        uint8_t *c = &walk->enc->buf.data[i];
        if (*c >= 'a' && *c <= 'z')
            *c = (uint8_t)(*c - 'a' + 'A');
    }
    mf_encoder_end(walk->enc, mark);
}

/* The value of a field that is a Host header: borrowed; else NULL. */
static PyObject *host_of(PyObject *pair)
{
    if (!PyTuple_CheckExact(pair) || PyTuple_Size(pair) < 2)
        return NULL;
    PyObject *value = PyTuple_GetItem(pair, 1);
    return is_text(span_of(PyTuple_GetItem(pair, 0)), "host") &&
                   PyBytes_Check(value)
               ? value
               : NULL;
}

/* The Host headers: how many, and a reference to the first one's value. */
static PyObject *find_host(struct mf_walk *walk, PyObject *headers,
                           size_t *ret_count)
{
    PyObject *fields =
        headers ? mf_walk_get(walk, headers, MF_NAME_fields) : NULL;
    size_t count = fields ? mf_walk_count(fields) : 0;
    PyObject *host = NULL;
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        PyObject *pair = mf_walk_item(fields, (Py_ssize_t)i);
        PyObject *value = pair ? host_of(pair) : NULL;
        if (value && (*ret_count)++ == 0) {
            Py_INCREF(value);
            host = value;
        }
        Py_XDECREF(pair);
    }
    Py_XDECREF(fields);
    return host;
}

/* The parts; the host's text lies in walk->text. */
static struct mf_url_parts read_parts(struct mf_walk *walk,
                                      PyObject *const *values, PyObject *host,
                                      size_t host_count)
{
    struct mf_url_span version = span_of(values[MF_MESSAGE_VERSION]);
    mf_buf_clear(&walk->text);
    mf_walk_to_text(walk, values[MF_REQUEST_HOST], &walk->text,
                    MF_TEXT_PERCENT);
    return (struct mf_url_parts){
        .method = span_of(values[MF_REQUEST_METHOD]),
        .scheme = span_of(values[MF_REQUEST_SCHEME]),
        .authority = span_of(values[MF_REQUEST_AUTHORITY]),
        .path = span_of(values[MF_REQUEST_PATH]),
        .host = {walk->text.data, walk->text.len},
        .port = (long)mf_walk_to_int(values[MF_REQUEST_PORT], 0),
        .host_header = span_of(host),
        .host_count = host_count,
        .authority_first =
            is_text(version, "HTTP/2.0") || is_text(version, "HTTP/3"),
    };
}

static void put_url(struct mf_walk *walk, uint32_t number,
                    const struct mf_url_parts *parts)
{
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    if (!walk->enc->error)
        walk->enc->error = mf_url_put(&walk->enc->buf, parts);
    mf_encoder_end(walk->enc, mark);
}

/* By mitmproxy's own property; false if that fails. */
static bool put_by_property(struct mf_walk *walk, PyObject *request)
{
    PyObject *text = mf_walk_get(walk, request, MF_NAME_pretty_url);
    mf_buf_clear(&walk->text);
    bool ok = mf_walk_to_text(walk, text, &walk->text, MF_TEXT_PERCENT);
    Py_XDECREF(text);
    if (ok)
        mf_encoder_text(walk->enc, PRETTY_URL, walk->text.data, walk->text.len,
                        MF_TEXT_PERCENT);
    return ok;
}

/* False: only mitmproxy can tell. */
static bool put_pretty(struct mf_walk *walk, const struct mf_url_parts *parts)
{
    size_t before = walk->enc->buf.len;
    struct mf_mark mark = mf_encoder_begin(walk->enc, PRETTY_URL);
    int rc = walk->enc->error;
    if (!rc)
        rc = mf_url_put_pretty(&walk->enc->buf, parts);
    if (rc == MF_EUNSUPPORTED) {
        walk->enc->buf.len = before;
        return false;
    }
    if (rc)
        mf_encoder_fail(walk->enc, rc);
    mf_encoder_end(walk->enc, mark);
    return true;
}

/* What was put since `from` is the text field of `bit`, which no part can say
 * to be empty. */
static void note(struct mf_walk *walk, struct mf_told_message *told,
                 unsigned bit, size_t from)
{
    enum { EMPTY_LEN = 2 }; /* a tag, a length of 0 */
    struct mf_buf *buf = &walk->enc->buf;
    if (walk->enc->error)
        return;
    if (buf->len == from + EMPTY_LEN)
        buf->len = from;
    if (buf->len > from)
        told->has |= bit;
    else if (told->has & bit)
        walk->is_part_short = true;
}

/* ---- what they do not tell ---- */

/* Texts as they were just put: they lie in the encoder. */
struct put_texts {
    struct mf_span method, url, pretty_url;
};

static struct mf_span as_span(struct mf_url_span span)
{
    return (struct mf_span){(const char *)span.data, span.len};
}

static struct put_texts find_put(const struct mf_walk *walk, size_t from)
{
    const struct mf_buf *buf = &walk->enc->buf;
    struct put_texts put = {MF_SPAN_NONE, MF_SPAN_NONE, MF_SPAN_NONE};
    struct mf_wire_field field;
    struct mf_cursor cursor = mf_cursor_make(buf->data + from, buf->len - from);
    while (mf_wire_next(&cursor, &field)) {
        struct mf_span text = {(const char *)field.data, field.len};
        if (field.number == METHOD)
            put.method = text;
        else if (field.number == URL)
            put.url = text;
        else if (field.number == PRETTY_URL)
            put.pretty_url = text;
    }
    return put;
}

/* Fields that are here only where they are needed. */
enum {
    UNTOLD_AUTHORITY = 8, /* beside mf_target_part */
    UNTOLD_METHOD = 16,
};

static unsigned find_untold(const struct put_texts *put,
                            const struct mf_target *target,
                            struct mf_span method, struct mf_span http_version,
                            struct mf_span authority)
{
    unsigned untold =
        mf_target_untold(target, put->method, put->url, MF_SPAN_NONE, 0);
    if (!mf_span_equals(put->method, method))
        untold |= UNTOLD_METHOD;
    if (!mf_span_equals(authority,
                        mf_target_likely_authority(put->method, http_version,
                                                   put->url, put->pretty_url)))
        untold |= UNTOLD_AUTHORITY;
    return untold;
}

static void put_bytes(struct mf_walk *walk, uint32_t number,
                      struct mf_span bytes)
{
    mf_encoder_bytes(walk->enc, number, bytes.text, bytes.len);
}

/* `from`: where the method and the URLs are in the encoder. */
static void put_untold(struct mf_walk *walk, PyObject *const *values,
                       struct mf_told_message *told, size_t from)
{
    if (walk->enc->error)
        return;
    struct put_texts put = find_put(walk, from);
    struct mf_span method = as_span(span_of(values[MF_REQUEST_METHOD]));
    struct mf_span authority = as_span(span_of(values[MF_REQUEST_AUTHORITY]));
    long long port = mf_walk_to_int(values[MF_REQUEST_PORT], 0);
    mf_buf_clear(&walk->text);
    mf_walk_to_text(walk, values[MF_REQUEST_HOST], &walk->text,
                    MF_TEXT_PERCENT);
    struct mf_target target = {
        .scheme = as_span(span_of(values[MF_REQUEST_SCHEME])),
        .host = {(const char *)walk->text.data, walk->text.len},
        .path = as_span(span_of(values[MF_REQUEST_PATH])),
        .port = port > 0 && port <= PORT_MAX ? (uint32_t)port : 0,
    };
    unsigned untold =
        find_untold(&put, &target, method,
                    as_span(span_of(values[MF_MESSAGE_VERSION])), authority);
    if (untold & UNTOLD_AUTHORITY)
        put_bytes(walk, AUTHORITY, authority);
    if (untold & MF_TARGET_PATH)
        put_bytes(walk, PATH, target.path);
    if (untold & MF_TARGET_HOST) {
        put_bytes(walk, HOST, target.host);
        mf_encoder_varint_opt(walk->enc, PORT, target.port);
    }
    if (untold & UNTOLD_METHOD)
        put_bytes(walk, RAW_METHOD, method);
    if (untold & MF_TARGET_SCHEME)
        put_bytes(walk, SCHEME, target.scheme);
    /* No part can say that one is not needed any more. */
    if (told->untold & ~untold)
        walk->is_part_short = true;
    told->untold = untold;
}

void mf_walk_put_urls(struct mf_walk *walk, PyObject *request,
                      PyObject *const *values, struct mf_told_message *told)
{
    size_t host_count, begin = walk->enc->buf.len, from = begin;
    PyObject *host = find_host(walk, values[MF_MESSAGE_HEADERS], &host_count);
    struct mf_url_parts parts = read_parts(walk, values, host, host_count);
    put_method(walk, values[MF_REQUEST_METHOD]);
    note(walk, told, MF_TOLD_METHOD, from);
    from = walk->enc->buf.len;
    put_url(walk, URL, &parts);
    note(walk, told, MF_TOLD_URL, from);
    from = walk->enc->buf.len;
    if (!put_pretty(walk, &parts) && !put_by_property(walk, request)) {
        parts = read_parts(walk, values, host, host_count);
        put_url(walk, PRETTY_URL, &parts);
    }
    note(walk, told, MF_TOLD_PRETTY_URL, from);
    put_untold(walk, values, told, begin);
    Py_XDECREF(host);
}
