/* HTTPFlow, with its WebSocket. */
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "exporter/hooks/url.h"
#include "exporter/hooks/walk.h"

/* How Request and Response number what they have in common. */
struct message_fields {
    uint32_t content, http_version, start, end, truncated;
};
static const struct message_fields REQUEST = {4, 6, 9, 10, 12};
static const struct message_fields RESPONSE = {3, 5, 8, 9, 10};

enum {
    HEADER_FIELDS = 100,
    TRAILER_FIELDS = 101,
    RAW_CONTENT = 102,
    CONTENT_SIZE = 103,
    SIZE_MAX_DIGITS = 18,
};

/* What the headers say that matters for a body and a URL. */
struct header_facts {
    bool is_encoded; /* a Content-Encoding other than identity */
    uint64_t content_length;
    struct mf_url_span host; /* of the first Host header */
    PyObject *host_object;   /* what owns it */
    size_t host_count;
};

static void release_facts(struct header_facts *facts)
{
    Py_CLEAR(facts->host_object);
}

static bool is_name(const uint8_t *data, size_t len, const char *name)
{
    return len == strlen(name) &&
           strncasecmp((const char *)data, name, len) == 0;
}

static uint64_t read_size(const uint8_t *text, size_t len)
{
    uint64_t size = 0;
    if (len > SIZE_MAX_DIGITS)
        return 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        size = size * 10 + (uint64_t)(text[i] - '0');
    }
    return size;
}

static void note_header(struct header_facts *facts, const uint8_t *name,
                        size_t name_len, const uint8_t *value, size_t value_len,
                        PyObject *value_object)
{
    if (is_name(name, name_len, "content-encoding")) {
        if (value_len && !is_name(value, value_len, "identity"))
            facts->is_encoded = true;
    } else if (is_name(name, name_len, "content-length")) {
        facts->content_length = read_size(value, value_len);
    } else if (is_name(name, name_len, "host")) {
        if (facts->host_count++ == 0) {
            facts->host = (struct mf_url_span){value, value_len};
            Py_INCREF(value_object);
            facts->host_object = value_object;
        }
    }
}

/* A Headers object of `data`; returns what it says, to be released. */
static struct header_facts put_headers(struct mf_walk *walk, uint32_t number,
                                       PyObject *data, enum mf_name attribute)
{
    struct header_facts facts = {0};
    PyObject *headers = mf_walk_get(walk, data, attribute);
    PyObject *fields =
        headers ? mf_walk_get(walk, headers, MF_NAME_fields) : NULL;
    PyObject *pair;
    for (Py_ssize_t i = 0; fields && (pair = mf_walk_item(fields, i)); i++) {
        const uint8_t *name, *value;
        size_t name_len, value_len;
        PyObject *first = mf_walk_item(pair, 0);
        PyObject *second = mf_walk_item(pair, 1);
        if (mf_walk_to_bytes(first, &name, &name_len) &&
            mf_walk_to_bytes(second, &value, &value_len)) {
            struct mf_mark mark = mf_encoder_begin(walk->enc, number);
            mf_encoder_bytes_opt(walk->enc, 1, name, name_len);
            mf_encoder_bytes_opt(walk->enc, 2, value, value_len);
            mf_encoder_end(walk->enc, mark);
            note_header(&facts, name, name_len, value, value_len, second);
        }
        Py_XDECREF(first);
        Py_XDECREF(second);
        Py_DECREF(pair);
    }
    Py_XDECREF(fields);
    Py_XDECREF(headers);
    return facts;
}

/* How a body goes out. */
struct body {
    PyObject *object; /* NULL: there is none (yet) */
    const uint8_t *data;
    size_t len;
    size_t kept;
    uint64_t size; /* told where the body is not kept whole; else 0 */
    bool is_encoded;
};

static struct body read_body(struct mf_walk *walk, PyObject *message,
                             PyObject *data, const struct header_facts *facts)
{
    struct body body = {.is_encoded = facts->is_encoded};
    body.object = mf_walk_get(walk, data, MF_NAME_content);
    if (!body.object) {
        if (mf_walk_bool(walk, message, MF_NAME_stream))
            body.size = facts->content_length;
        return body;
    }
    if (!mf_walk_to_bytes(body.object, &body.data, &body.len)) {
        Py_CLEAR(body.object);
        return body;
    }
    body.kept = body.len;
    if (body.len > walk->body_max) {
        body.kept = walk->body_max;
        body.size = body.len;
    }
    return body;
}

static void put_body(struct mf_walk *walk, uint32_t number,
                     const struct body *body)
{
    /* A long body that is cut is copied, so as not to keep all of it. */
    if (body->kept)
        mf_walk_put_body(walk, number, body->data, body->kept,
                         body->kept == body->len ? body->object : NULL);
}

/* What follows the header fields among the fields from 100 up. */
static void put_extras(struct mf_walk *walk, PyObject *data,
                       const struct body *body)
{
    struct header_facts facts =
        put_headers(walk, TRAILER_FIELDS, data, MF_NAME_trailers);
    release_facts(&facts);
    if (body->is_encoded)
        put_body(walk, RAW_CONTENT, body);
    mf_encoder_varint_opt(walk->enc, CONTENT_SIZE, body->size);
}

/* ---- the request ---- */

static struct mf_url_span span_of(PyObject *object)
{
    struct mf_url_span span = {(const uint8_t *)"", 0};
    mf_walk_to_bytes(object, &span.data, &span.len);
    return span;
}

/* Field 11 by mitmproxy's own property; false if that fails. */
static bool put_pretty_by_property(struct mf_walk *walk, PyObject *request)
{
    PyObject *text = mf_walk_get(walk, request, MF_NAME_pretty_url);
    mf_buf_clear(&walk->text);
    bool ok = mf_walk_to_text(walk, text, &walk->text, MF_TEXT_PERCENT);
    Py_XDECREF(text);
    if (ok)
        mf_encoder_text(walk->enc, 11, walk->text.data, walk->text.len,
                        MF_TEXT_PERCENT);
    return ok;
}

struct request_parts {
    PyObject *method, *scheme, *authority, *path, *host, *version;
};

static struct request_parts read_parts(struct mf_walk *walk, PyObject *data)
{
    return (struct request_parts){
        .method = mf_walk_get(walk, data, MF_NAME_method),
        .scheme = mf_walk_get(walk, data, MF_NAME_scheme),
        .authority = mf_walk_get(walk, data, MF_NAME_authority),
        .path = mf_walk_get(walk, data, MF_NAME_path),
        .host = mf_walk_get(walk, data, MF_NAME_host),
        .version = mf_walk_get(walk, data, MF_NAME_http_version),
    };
}

static void release_parts(struct request_parts *parts)
{
    Py_XDECREF(parts->method);
    Py_XDECREF(parts->scheme);
    Py_XDECREF(parts->authority);
    Py_XDECREF(parts->path);
    Py_XDECREF(parts->host);
    Py_XDECREF(parts->version);
}

static struct mf_url_parts url_parts(struct mf_walk *walk, PyObject *data,
                                     const struct request_parts *parts,
                                     const struct header_facts *facts)
{
    struct mf_url_span version = span_of(parts->version);
    mf_buf_clear(&walk->text);
    mf_walk_to_text(walk, parts->host, &walk->text, MF_TEXT_PERCENT);
    return (struct mf_url_parts){
        .method = span_of(parts->method),
        .scheme = span_of(parts->scheme),
        .authority = span_of(parts->authority),
        .path = span_of(parts->path),
        .host = {walk->text.data, walk->text.len},
        .port = (long)mf_walk_int(walk, data, MF_NAME_port, 0),
        .host_header = facts->host,
        .host_count = facts->host_count,
        .authority_first = is_name(version.data, version.len, "HTTP/2.0") ||
                           is_name(version.data, version.len, "HTTP/3"),
    };
}

static void put_method(struct mf_walk *walk, PyObject *method)
{
    struct mf_url_span span = span_of(method);
    struct mf_mark mark = mf_encoder_begin(walk->enc, 1);
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

static void put_url(struct mf_walk *walk, uint32_t number,
                    const struct mf_url_parts *parts)
{
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    if (!walk->enc->error)
        walk->enc->error = mf_url_put(&walk->enc->buf, parts);
    mf_encoder_end(walk->enc, mark);
}

static void put_pretty_url(struct mf_walk *walk, PyObject *request,
                           PyObject *data, const struct request_parts *raw,
                           const struct header_facts *facts)
{
    struct mf_url_parts parts = url_parts(walk, data, raw, facts);
    size_t before = walk->enc->buf.len;
    struct mf_mark mark = mf_encoder_begin(walk->enc, 11);
    int rc = walk->enc->error;
    if (!rc)
        rc = mf_url_put_pretty(&walk->enc->buf, &parts);
    if (rc != MF_EUNSUPPORTED) {
        if (rc)
            mf_encoder_fail(walk->enc, rc);
        mf_encoder_end(walk->enc, mark);
        return;
    }
    walk->enc->buf.len = before;
    if (!put_pretty_by_property(walk, request)) {
        parts = url_parts(walk, data, raw, facts);
        put_url(walk, 11, &parts);
    }
}

static void put_request(struct mf_walk *walk, uint32_t number,
                        PyObject *request, PyObject *data)
{
    struct mf_encoder *enc = walk->enc;
    struct mf_mark mark = mf_encoder_begin(enc, number);
    /* First, out of the order of numbers: the rest depends on them. */
    struct header_facts facts =
        put_headers(walk, HEADER_FIELDS, data, MF_NAME_headers);
    struct body body = read_body(walk, request, data, &facts);
    struct request_parts parts = read_parts(walk, data);
    put_method(walk, parts.method);
    struct mf_url_parts url = url_parts(walk, data, &parts, &facts);
    put_url(walk, 2, &url);
    if (!body.is_encoded)
        put_body(walk, REQUEST.content, &body);
    mf_walk_put_bytes_text(walk, REQUEST.http_version, data,
                           MF_NAME_http_version, MF_TEXT_REPLACE);
    mf_walk_put_time(walk, REQUEST.start, data, MF_NAME_timestamp_start);
    mf_walk_put_time(walk, REQUEST.end, data, MF_NAME_timestamp_end);
    put_pretty_url(walk, request, data, &parts, &facts);
    mf_encoder_varint_opt(enc, REQUEST.truncated, body.size > 0);
    put_extras(walk, data, &body);
    mf_encoder_end(enc, mark);
    release_parts(&parts);
    release_facts(&facts);
    Py_XDECREF(body.object);
}

static void put_response(struct mf_walk *walk, uint32_t number,
                         PyObject *response, PyObject *data)
{
    struct mf_encoder *enc = walk->enc;
    struct mf_mark mark = mf_encoder_begin(enc, number);
    struct header_facts facts =
        put_headers(walk, HEADER_FIELDS, data, MF_NAME_headers);
    struct body body = read_body(walk, response, data, &facts);
    mf_walk_put_int(walk, 1, data, MF_NAME_status_code);
    if (!body.is_encoded)
        put_body(walk, RESPONSE.content, &body);
    mf_walk_put_bytes_text(walk, RESPONSE.http_version, data,
                           MF_NAME_http_version, MF_TEXT_REPLACE);
    mf_walk_put_time(walk, RESPONSE.start, data, MF_NAME_timestamp_start);
    mf_walk_put_time(walk, RESPONSE.end, data, MF_NAME_timestamp_end);
    mf_encoder_varint_opt(enc, RESPONSE.truncated, body.size > 0);
    mf_walk_put_bytes_text(walk, 11, data, MF_NAME_reason, MF_TEXT_LATIN1);
    put_extras(walk, data, &body);
    mf_encoder_end(enc, mark);
    release_facts(&facts);
    Py_XDECREF(body.object);
}

/* ---- the flow ---- */

static double later(double a, double b)
{
    return a > b ? a : b;
}

/* The last moment that is known, so that a duration can be told. */
static double end_of(struct mf_walk *walk, PyObject *flow, PyObject *request,
                     PyObject *response, PyObject *websocket)
{
    double end = mf_walk_latest(walk, flow, -1);
    if (request)
        end = later(end, mf_walk_seconds(walk, request, MF_NAME_timestamp_end));
    if (response) {
        end = later(end,
                    mf_walk_seconds(walk, response, MF_NAME_timestamp_start));
        end =
            later(end, mf_walk_seconds(walk, response, MF_NAME_timestamp_end));
    }
    if (!websocket)
        return end;
    end = later(end, mf_walk_seconds(walk, websocket, MF_NAME_timestamp_end));
    PyObject *messages = mf_walk_get(walk, websocket, MF_NAME_messages);
    size_t count = messages ? mf_walk_count(messages) : 0;
    PyObject *last =
        count ? mf_walk_item(messages, (Py_ssize_t)count - 1) : NULL;
    if (last)
        end = later(end, mf_walk_seconds(walk, last, MF_NAME_timestamp));
    Py_XDECREF(last);
    Py_XDECREF(messages);
    return end;
}

void mf_walk_put_websocket_close(struct mf_walk *walk, uint32_t number,
                                 PyObject *websocket)
{
    PyObject *by_client =
        mf_walk_get(walk, websocket, MF_NAME_closed_by_client);
    if (!by_client)
        return;
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    mf_encoder_varint_opt(walk->enc, 1, by_client == Py_True);
    mf_walk_put_int(walk, 2, websocket, MF_NAME_close_code);
    mf_walk_put_text(walk, 3, websocket, MF_NAME_close_reason);
    mf_walk_put_time(walk, 4, websocket, MF_NAME_timestamp_end);
    mf_encoder_end(walk->enc, mark);
    Py_DECREF(by_client);
}

double mf_walk_http_seconds(struct mf_walk *walk, PyObject *flow)
{
    PyObject *request = mf_walk_get(walk, flow, MF_NAME_request);
    PyObject *response = mf_walk_get(walk, flow, MF_NAME_response);
    PyObject *websocket = mf_walk_get(walk, flow, MF_NAME_websocket);
    PyObject *request_data =
        request ? mf_walk_get(walk, request, MF_NAME_data) : NULL;
    PyObject *response_data =
        response ? mf_walk_get(walk, response, MF_NAME_data) : NULL;
    double start = request_data ? mf_walk_seconds(walk, request_data,
                                                  MF_NAME_timestamp_start)
                                : -1;
    double end = end_of(walk, flow, request_data, response_data, websocket);
    Py_XDECREF(request_data);
    Py_XDECREF(response_data);
    Py_XDECREF(request);
    Py_XDECREF(response);
    Py_XDECREF(websocket);
    return start > 0 && end > start ? end - start : -1;
}

static void put_websocket(struct mf_walk *walk, PyObject *websocket)
{
    PyObject *messages = mf_walk_get(walk, websocket, MF_NAME_messages);
    if (messages)
        mf_walk_put_messages(walk, 11, messages, 0, true);
    Py_XDECREF(messages);
    mf_walk_put_websocket_close(walk, 100, websocket);
}

void mf_walk_put_http(struct mf_walk *walk, PyObject *flow, bool is_live)
{
    PyObject *request = mf_walk_get(walk, flow, MF_NAME_request);
    PyObject *response = mf_walk_get(walk, flow, MF_NAME_response);
    PyObject *websocket = mf_walk_get(walk, flow, MF_NAME_websocket);
    PyObject *request_data =
        request ? mf_walk_get(walk, request, MF_NAME_data) : NULL;
    PyObject *response_data =
        response ? mf_walk_get(walk, response, MF_NAME_data) : NULL;
    mf_walk_put_text(walk, 1, flow, MF_NAME_id);
    double start = -1;
    if (request_data) {
        put_request(walk, 2, request, request_data);
        start = mf_walk_seconds(walk, request_data, MF_NAME_timestamp_start);
    }
    if (response_data)
        put_response(walk, 3, response, response_data);
    mf_encoder_seconds(walk->enc, 4, start);
    double end = end_of(walk, flow, request_data, response_data, websocket);
    if (start > 0 && end > start)
        mf_encoder_double_opt(walk->enc, 5, (end - start) * 1000);
    PyObject *client = mf_walk_get(walk, flow, MF_NAME_client_conn);
    if (client)
        mf_walk_put_client(walk, 6, client);
    PyObject *server = mf_walk_get(walk, flow, MF_NAME_server_conn);
    if (server)
        mf_walk_put_server(walk, 7, server);
    mf_walk_put_error(walk, 8, flow);
    mf_encoder_varint_opt(walk->enc, 9, websocket != NULL);
    mf_encoder_varint_opt(walk->enc, 10, is_live);
    if (websocket)
        put_websocket(walk, websocket);
    Py_XDECREF(client);
    Py_XDECREF(server);
    Py_XDECREF(request_data);
    Py_XDECREF(response_data);
    Py_XDECREF(request);
    Py_XDECREF(response);
    Py_XDECREF(websocket);
}
