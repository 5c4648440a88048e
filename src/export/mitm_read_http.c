/* Requests, responses and WebSockets of .mitm files. */
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "codec/encoding.h"
#include "export/http_view.h"
#include "export/mitm.h"
#include "flow/half_numbers.h"

struct numbers {
    uint32_t content, http_version, start, end, truncated;
};
static const struct numbers request_numbers = {4, 6, 9, 10, 12};
static const struct numbers response_numbers = {3, 5, 8, 9, 10};

enum {
    REQUEST_METHOD = 1,
    REQUEST_URL = 2,
    REQUEST_PRETTY_URL = 11,
    REQUEST_AUTHORITY = 107,
    REQUEST_PATH = 108,
    REQUEST_HOST = 109,
    REQUEST_PORT = 110,
    REQUEST_RAW_METHOD = 111,
    REQUEST_SCHEME = 112,
    RESPONSE_STATUS = 1,
    RESPONSE_REASON = 11,
    HTTPS_PORT = 443,
};

static void keep(struct mf_mitm_reader *reader, int rc)
{
    if (rc && !reader->error)
        reader->error = rc;
}

/* What versions before called otherwise. */
static struct mf_tnet find_either(struct mf_tnet dict, const char *key,
                                  const char *older)
{
    struct mf_tnet value = mf_tnet_find(dict, key);
    return value.type ? value : mf_tnet_find(dict, older);
}

static bool is_text(struct mf_span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.text, text, span.len) == 0;
}

static void put_varint(struct mf_mitm_reader *reader, uint32_t number,
                       uint64_t value)
{
    keep(reader, mf_wire_put_varint(reader->out, number, value));
}

/* ---- header fields ---- */

static void take_fields(struct mf_mitm_reader *reader, uint32_t number,
                        struct mf_tnet fields)
{
    enum { NAME = 1, VALUE = 2 };
    struct mf_tnet pair;
    struct mf_cursor cursor = mf_tnet_inside(fields);
    while (mf_tnet_next(&cursor, &pair)) {
        struct mf_span name = mf_tnet_text(mf_tnet_item(pair, 0));
        struct mf_span value = mf_tnet_text(mf_tnet_item(pair, 1));
        size_t mark = mf_mitm_begin(reader, number);
        if (name.len)
            mf_mitm_take_span(reader, NAME, name);
        if (value.len)
            mf_mitm_take_span(reader, VALUE, value);
        mf_mitm_end(reader, mark);
    }
}

/* The first value, and how many there are. */
static struct mf_span find_field(struct mf_tnet message, const char *name,
                                 size_t *ret_count)
{
    struct mf_tnet pair;
    struct mf_span first = {"", 0};
    struct mf_cursor cursor = mf_tnet_inside(mf_tnet_find(message, "headers"));
    *ret_count = 0;
    while (mf_tnet_next(&cursor, &pair))
        if (mf_http_is_name(mf_tnet_text(mf_tnet_item(pair, 0)), name) &&
            (*ret_count)++ == 0)
            first = mf_tnet_text(mf_tnet_item(pair, 1));
    return first;
}

static bool is_encoded(struct mf_tnet message)
{
    struct mf_tnet pair;
    struct mf_cursor cursor = mf_tnet_inside(mf_tnet_find(message, "headers"));
    while (mf_tnet_next(&cursor, &pair)) {
        enum mf_encoding which;
        struct mf_span value = mf_tnet_text(mf_tnet_item(pair, 1));
        if (mf_http_is_name(mf_tnet_text(mf_tnet_item(pair, 0)),
                            "content-encoding") &&
            (mf_encoding_parse(value.text, value.len, &which) != 0 ||
             which != MF_ENCODING_IDENTITY))
            return true;
    }
    return false;
}

/* ---- what both halves have ---- */

static void take_content(struct mf_mitm_reader *reader,
                         const struct numbers *numbers, struct mf_tnet message)
{
    struct mf_tnet content = find_either(message, "content", "body");
    if (!mf_tnet_is_set(content)) {
        /* mitmproxy did not keep it; before its end it has none. */
        if (mf_tnet_is_set(mf_tnet_find(message, "timestamp_end"))) {
            put_varint(reader, numbers->truncated, 1);
            put_varint(reader, MF_HALF_STREAMED, 1);
        }
        return;
    }
    struct mf_span bytes = mf_tnet_text(content);
    mf_mitm_take_span(reader,
                      bytes.len && is_encoded(message) ? MF_HALF_RAW_CONTENT
                                                       : numbers->content,
                      bytes);
}

/* Once it was a list of two numbers. */
static void take_http_version(struct mf_mitm_reader *reader, uint32_t number,
                              struct mf_tnet message)
{
    struct mf_tnet version = mf_tnet_find(message, "http_version");
    struct mf_tnet older = mf_tnet_find(message, "httpversion");
    int64_t major, minor;
    if (version.type) {
        mf_mitm_take_text(reader, number, version);
    } else if (mf_tnet_int(mf_tnet_item(older, 0), &major) &&
               mf_tnet_int(mf_tnet_item(older, 1), &minor)) {
        size_t mark = mf_mitm_begin(reader, number);
        keep(reader,
             mf_buf_printf(reader->out, "HTTP/%d.%d", (int)major, (int)minor));
        mf_mitm_end(reader, mark);
    }
}

static void take_common(struct mf_mitm_reader *reader,
                        const struct numbers *numbers, struct mf_tnet message)
{
    struct mf_tnet start = mf_tnet_find(message, "timestamp_start");
    struct mf_tnet end = mf_tnet_find(message, "timestamp_end");
    take_fields(reader, MF_HALF_HEADER_FIELDS,
                mf_tnet_find(message, "headers"));
    take_http_version(reader, numbers->http_version, message);
    mf_mitm_take_seconds(reader, numbers->start, start);
    mf_mitm_take_seconds(reader, numbers->end, end);
    take_content(reader, numbers, message);
    take_fields(reader, MF_HALF_TRAILER_FIELDS,
                mf_tnet_find(message, "trailers"));
    mf_mitm_note_time(reader, start);
    mf_mitm_note_time(reader, end);
}

/* ---- the request's line ---- */

static int append_escaped(struct mf_buf *out, struct mf_span bytes)
{
    int rc = 0;
    if (mf_utf8_valid(bytes.text, bytes.len))
        return mf_buf_append(out, bytes.text, bytes.len);
    for (size_t i = 0; !rc && i < bytes.len; i++) {
        uint8_t c = (uint8_t)bytes.text[i];
        rc = c < 0x80 ? mf_buf_append_byte(out, c)
                      : mf_buf_printf(out, "%%%02X", (unsigned)c);
    }
    return rc;
}

/* The parts, with text in `scratch` where bytes were not UTF-8. */
static int read_parts(struct mf_mitm_reader *reader, struct mf_tnet request,
                      struct mf_target *parts)
{
    int64_t port = 0;
    struct mf_buf *text = &reader->scratch;
    struct mf_span source[] = {
        mf_tnet_text(mf_tnet_find(request, "scheme")),
        mf_tnet_text(mf_tnet_find(request, "host")),
        mf_tnet_text(mf_tnet_find(request, "path")),
    };
    size_t ends[3];
    mf_buf_clear(text);
    for (int i = 0; i < 3; i++) {
        int rc = append_escaped(text, source[i]);
        if (rc)
            return rc;
        ends[i] = text->len;
    }
    const char *at = text->len ? (const char *)text->data : "";
    parts->scheme = (struct mf_span){at, ends[0]};
    parts->host = (struct mf_span){at + ends[0], ends[1] - ends[0]};
    parts->path = (struct mf_span){at + ends[1], ends[2] - ends[1]};
    mf_tnet_int(mf_tnet_find(request, "port"), &port);
    parts->port = port >= 0 && port <= UINT16_MAX ? (uint32_t)port : 0;
    return 0;
}

static bool is_plain(struct mf_span host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.text[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
              (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.'))
            return false;
    }
    return host.len > 0;
}

/* What the client named, where that is a plain name; else as the URL has it. */
static void name_host(struct mf_tnet request, struct mf_target *parts)
{
    size_t count;
    struct mf_span name = find_field(request, "host", &count);
    struct mf_span version =
        mf_tnet_text(mf_tnet_find(request, "http_version"));
    struct mf_span authority = mf_tnet_text(mf_tnet_find(request, "authority"));
    struct mf_target named;
    bool is_connect = mf_http_is_name(
        mf_tnet_text(mf_tnet_find(request, "method")), "CONNECT");
    if (authority.len && (is_connect || is_text(version, "HTTP/2.0") ||
                          is_text(version, "HTTP/3"))) {
        name = authority;
        count = 1;
    } else if (is_connect) {
        return;
    }
    uint32_t implied = mf_target_default_port(parts->scheme);
    mf_target_authority(name, implied ? implied : HTTPS_PORT, &named);
    if (count == 1 && is_plain(named.host)) {
        parts->host = named.host;
        parts->port = named.port;
    }
}

static void put_url(struct mf_mitm_reader *reader, uint32_t number,
                    struct mf_span method, const struct mf_target *parts)
{
    size_t mark = mf_mitm_begin(reader, number);
    keep(reader, mf_target_put(method, parts, reader->out));
    mf_mitm_end(reader, mark);
}

/* What the URL does not tell, with `raw` as the file has it. */
static void take_untold(struct mf_mitm_reader *reader, struct mf_span method,
                        const struct mf_target *raw, struct mf_span url,
                        struct mf_tnet server)
{
    struct mf_tnet address = mf_tnet_find(server, "address");
    int64_t port = 0;
    mf_tnet_int(mf_tnet_item(address, 1), &port);
    unsigned untold = mf_target_untold(
        raw, method, url, mf_tnet_text(mf_tnet_item(address, 0)),
        port > 0 && port <= UINT16_MAX ? (uint32_t)port : 0);
    if (untold & MF_TARGET_PATH)
        mf_mitm_take_span(reader, REQUEST_PATH, raw->path);
    if (untold & MF_TARGET_HOST) {
        mf_mitm_take_span(reader, REQUEST_HOST, raw->host);
        put_varint(reader, REQUEST_PORT, raw->port);
    }
    if (untold & MF_TARGET_SCHEME)
        mf_mitm_take_span(reader, REQUEST_SCHEME, raw->scheme);
}

/* As exporters tell it: in capital letters, and as it was where that is
 * something else. */
static void take_method(struct mf_mitm_reader *reader, struct mf_span method)
{
    struct mf_buf *text = &reader->scratch;
    mf_buf_clear(text);
    keep(reader, append_escaped(text, method));
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] >= 'a' && text->data[i] <= 'z')
            text->data[i] = (uint8_t)(text->data[i] - 'a' + 'A');
    struct mf_span told = {text->len ? (char *)text->data : "", text->len};
    mf_mitm_take_span(reader, REQUEST_METHOD, told);
    if (told.len != method.len ||
        memcmp(told.text, method.text, method.len) != 0)
        mf_mitm_take_span(reader, REQUEST_RAW_METHOD, method);
}

static void take_line(struct mf_mitm_reader *reader, struct mf_tnet request,
                      struct mf_tnet server)
{
    struct mf_target parts;
    struct mf_buf url;
    struct mf_tnet authority = mf_tnet_find(request, "authority");
    struct mf_span method = mf_tnet_text(mf_tnet_find(request, "method"));
    take_method(reader, method);
    keep(reader, read_parts(reader, request, &parts));
    if (reader->error)
        return;
    mf_buf_init(&url, reader->out->max);
    keep(reader, mf_target_put(method, &parts, &url));
    struct mf_span text = {url.len ? (char *)url.data : "", url.len};
    mf_mitm_take_span(reader, REQUEST_URL, text);
    struct mf_target raw = parts;
    raw.scheme = mf_tnet_text(mf_tnet_find(request, "scheme"));
    raw.path = mf_tnet_text(mf_tnet_find(request, "path"));
    take_untold(reader, method, &raw, text, server);
    mf_buf_release(&url);
    name_host(request, &parts);
    put_url(reader, REQUEST_PRETTY_URL, method, &parts);
    /* An empty one, too: the writer need not guess. */
    if (mf_tnet_is_set(authority))
        mf_mitm_take_span(reader, REQUEST_AUTHORITY, mf_tnet_text(authority));
}

/* ---- WebSockets ---- */

static void take_message(struct mf_mitm_reader *reader, struct mf_tnet message)
{
    enum {
        MESSAGES = 11,
        CONTENT = 1,
        TIMESTAMP = 2,
        FROM_CLIENT = 3,
        OPCODE = 100,
        DROPPED = 101,
        INJECTED = 102,
    };
    struct mf_span content = mf_tnet_text(mf_tnet_item(message, 2));
    struct mf_tnet at = mf_tnet_item(message, 3);
    size_t mark = mf_mitm_begin(reader, MESSAGES);
    if (content.len)
        mf_mitm_take_span(reader, CONTENT, content);
    mf_mitm_take_seconds(reader, TIMESTAMP, at);
    mf_mitm_take_bool(reader, FROM_CLIENT, mf_tnet_item(message, 1));
    mf_mitm_take_int(reader, OPCODE, mf_tnet_item(message, 0));
    mf_mitm_take_bool(reader, DROPPED, mf_tnet_item(message, 4));
    mf_mitm_take_bool(reader, INJECTED, mf_tnet_item(message, 5));
    mf_mitm_end(reader, mark);
    mf_mitm_note_time(reader, at);
}

static void take_websocket(struct mf_mitm_reader *reader,
                           struct mf_tnet websocket)
{
    enum {
        IS_WEBSOCKET = 9,
        CLOSE = 100,
        BY_CLIENT = 1,
        CODE = 2,
        REASON = 3,
        TIMESTAMP = 4,
        BY_UNKNOWN = 5,
    };
    struct mf_tnet message, by = mf_tnet_find(websocket, "closed_by_client");
    struct mf_tnet sender = mf_tnet_find(websocket, "close_sender");
    struct mf_tnet end = mf_tnet_find(websocket, "timestamp_end");
    struct mf_cursor cursor =
        mf_tnet_inside(mf_tnet_find(websocket, "messages"));
    put_varint(reader, IS_WEBSOCKET, 1);
    while (mf_tnet_next(&cursor, &message))
        take_message(reader, message);
    mf_mitm_note_time(reader, end);
    struct mf_tnet code = mf_tnet_find(websocket, "close_code");
    struct mf_tnet reason = mf_tnet_find(websocket, "close_reason");
    bool is_known = mf_tnet_is_set(by) || mf_tnet_is_set(sender);
    if (!is_known && !mf_tnet_is_set(code) && !mf_tnet_is_set(reason) &&
        !mf_tnet_is_set(end))
        return;
    size_t mark = mf_mitm_begin(reader, CLOSE);
    if (is_known)
        put_varint(reader, BY_CLIENT,
                   mf_tnet_is_true(by) ||
                       is_text(mf_tnet_text(sender), "client"));
    else
        put_varint(reader, BY_UNKNOWN, 1);
    mf_mitm_take_int(reader, CODE, code);
    mf_mitm_take_text(reader, REASON, reason);
    mf_mitm_take_seconds(reader, TIMESTAMP, end);
    mf_mitm_end(reader, mark);
}

void mf_mitm_take_http(struct mf_mitm_reader *reader, struct mf_tnet flow,
                       struct mf_tnet websocket)
{
    enum { REQUEST = 2, RESPONSE = 3 };
    struct mf_tnet request = mf_tnet_find(flow, "request");
    struct mf_tnet response = mf_tnet_find(flow, "response");
    if (mf_tnet_is_set(request)) {
        size_t mark = mf_mitm_begin(reader, REQUEST);
        take_line(reader, request, mf_tnet_find(flow, "server_conn"));
        take_common(reader, &request_numbers, request);
        mf_mitm_end(reader, mark);
    }
    if (mf_tnet_is_set(response)) {
        size_t mark = mf_mitm_begin(reader, RESPONSE);
        mf_mitm_take_int(reader, RESPONSE_STATUS,
                         find_either(response, "status_code", "code"));
        mf_mitm_take_text(reader, RESPONSE_REASON,
                          find_either(response, "reason", "msg"));
        take_common(reader, &response_numbers, response);
        mf_mitm_end(reader, mark);
    }
    if (!websocket.type)
        websocket = mf_tnet_find(flow, "websocket");
    if (mf_tnet_is_set(websocket))
        take_websocket(reader, websocket);
}
