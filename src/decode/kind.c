#include <string.h>

#include "base/utf8.h"
#include "codec/params.h"
#include "decode/decode.h"
#include "decode/protobuf.h"
#include "decode/shapes.h"

const char *mf_body_kind_name(enum mf_body_kind kind)
{
    static const char *const names[] = {
        [MF_BODY_UNKNOWN] = "bytes",
        [MF_BODY_EMPTY] = "empty",
        [MF_BODY_TEXT] = "text",
        [MF_BODY_JSON] = "json",
        [MF_BODY_JSON_LINES] = "json-lines",
        [MF_BODY_XML] = "xml",
        [MF_BODY_HTML] = "html",
        [MF_BODY_CSS] = "css",
        [MF_BODY_JAVASCRIPT] = "javascript",
        [MF_BODY_FORM] = "form",
        [MF_BODY_MULTIPART] = "multipart",
        [MF_BODY_EVENTS] = "events",
        [MF_BODY_GRAPHQL] = "graphql",
        [MF_BODY_GRPC] = "grpc",
        [MF_BODY_GRPC_WEB] = "grpc-web",
        [MF_BODY_GRPC_WEB_TEXT] = "grpc-web-text",
        [MF_BODY_CONNECT] = "connect",
        [MF_BODY_CONNECT_STREAM] = "connect-stream",
        [MF_BODY_CONNECT_GET] = "connect-get",
        [MF_BODY_PROTOBUF] = "protobuf",
        [MF_BODY_MSGPACK] = "msgpack",
        [MF_BODY_CBOR] = "cbor",
        [MF_BODY_DNS] = "dns",
        [MF_BODY_IMAGE] = "image",
        [MF_BODY_FONT] = "font",
        [MF_BODY_PDF] = "pdf",
        [MF_BODY_LLM] = "llm",
        [MF_BODY_AUDIO] = "audio",
        [MF_BODY_VIDEO] = "video",
        [MF_BODY_ARCHIVE] = "archive",
        [MF_BODY_SOCKET_IO] = "socket-io",
    };
    return names[kind];
}

enum match {
    WHOLE,
    START,
    END,
};

/* Media types, the first that fits. Their parameters say nothing here. */
static const struct {
    enum match match;
    const char *type;
    enum mf_body_kind kind;
} types[] = {
    {WHOLE, "application/json", MF_BODY_JSON},
    {WHOLE, "text/html", MF_BODY_HTML},
    {WHOLE, "text/css", MF_BODY_CSS},
    {WHOLE, "text/javascript", MF_BODY_JAVASCRIPT},
    {WHOLE, "application/javascript", MF_BODY_JAVASCRIPT},
    {WHOLE, "application/x-javascript", MF_BODY_JAVASCRIPT},
    {WHOLE, "application/ecmascript", MF_BODY_JAVASCRIPT},
    {WHOLE, "text/ecmascript", MF_BODY_JAVASCRIPT},
    {WHOLE, "text/jscript", MF_BODY_JAVASCRIPT},
    {WHOLE, "text/x-javascript", MF_BODY_JAVASCRIPT},
    {WHOLE, "application/x-www-form-urlencoded", MF_BODY_FORM},
    {START, "multipart/", MF_BODY_MULTIPART},
    {WHOLE, "text/event-stream", MF_BODY_EVENTS},
    {WHOLE, "application/x-ndjson", MF_BODY_JSON_LINES},
    {WHOLE, "application/ndjson", MF_BODY_JSON_LINES},
    {WHOLE, "application/jsonl", MF_BODY_JSON_LINES},
    {WHOLE, "application/jsonlines", MF_BODY_JSON_LINES},
    {WHOLE, "application/x-jsonlines", MF_BODY_JSON_LINES},
    {WHOLE, "application/x-json-stream", MF_BODY_JSON_LINES},
    {WHOLE, "application/stream+json", MF_BODY_JSON_LINES},
    {WHOLE, "application/json-seq", MF_BODY_JSON_LINES},
    {END, "+json-seq", MF_BODY_JSON_LINES},
    {WHOLE, "text/jsonl", MF_BODY_JSON_LINES},
    {WHOLE, "application/graphql", MF_BODY_GRAPHQL},
    {WHOLE, "application/graphql+json", MF_BODY_GRAPHQL},
    {WHOLE, "application/graphql-response+json", MF_BODY_GRAPHQL},
    {WHOLE, "application/grpc", MF_BODY_GRPC},
    {START, "application/grpc+", MF_BODY_GRPC},
    {WHOLE, "application/grpc-web", MF_BODY_GRPC_WEB},
    {START, "application/grpc-web+", MF_BODY_GRPC_WEB},
    {WHOLE, "application/grpc-web-text", MF_BODY_GRPC_WEB_TEXT},
    {START, "application/grpc-web-text+", MF_BODY_GRPC_WEB_TEXT},
    {START, "application/connect+", MF_BODY_CONNECT_STREAM},
    {WHOLE, "application/proto", MF_BODY_CONNECT},
    {WHOLE, "application/x-protobuf", MF_BODY_PROTOBUF},
    {WHOLE, "application/protobuf", MF_BODY_PROTOBUF},
    {WHOLE, "application/x-google-protobuf", MF_BODY_PROTOBUF},
    {WHOLE, "application/vnd.google.protobuf", MF_BODY_PROTOBUF},
    {END, "+protobuf", MF_BODY_PROTOBUF},
    {END, "+proto", MF_BODY_PROTOBUF},
    {WHOLE, "application/msgpack", MF_BODY_MSGPACK},
    {WHOLE, "application/x-msgpack", MF_BODY_MSGPACK},
    {WHOLE, "application/vnd.msgpack", MF_BODY_MSGPACK},
    {WHOLE, "application/messagepack", MF_BODY_MSGPACK},
    {END, "+msgpack", MF_BODY_MSGPACK},
    {WHOLE, "application/cbor", MF_BODY_CBOR},
    {WHOLE, "application/cbor-seq", MF_BODY_CBOR},
    {END, "+cbor", MF_BODY_CBOR},
    {END, "+cbor-seq", MF_BODY_CBOR},
    {WHOLE, "application/dns-message", MF_BODY_DNS},
    {WHOLE, "application/dns-udpwireformat", MF_BODY_DNS},
    {START, "image/", MF_BODY_IMAGE},
    {START, "font/", MF_BODY_FONT},
    {START, "application/font-", MF_BODY_FONT},
    {START, "application/x-font-", MF_BODY_FONT},
    {WHOLE, "application/vnd.ms-fontobject", MF_BODY_FONT},
    {WHOLE, "application/vnd.ms-opentype", MF_BODY_FONT},
    {WHOLE, "application/pdf", MF_BODY_PDF},
    {WHOLE, "application/x-pdf", MF_BODY_PDF},
    {START, "audio/", MF_BODY_AUDIO},
    {WHOLE, "application/ogg", MF_BODY_AUDIO},
    {START, "video/", MF_BODY_VIDEO},
    {WHOLE, "application/mp4", MF_BODY_VIDEO},
    {WHOLE, "application/zip", MF_BODY_ARCHIVE},
    {END, "+zip", MF_BODY_ARCHIVE},
    {WHOLE, "application/x-zip-compressed", MF_BODY_ARCHIVE},
    {WHOLE, "application/gzip", MF_BODY_ARCHIVE},
    {WHOLE, "application/x-gzip", MF_BODY_ARCHIVE},
    {WHOLE, "application/zstd", MF_BODY_ARCHIVE},
    {WHOLE, "application/x-tar", MF_BODY_ARCHIVE},
    {WHOLE, "application/x-gtar", MF_BODY_ARCHIVE},
    {WHOLE, "application/x-bzip2", MF_BODY_ARCHIVE},
    {WHOLE, "application/x-xz", MF_BODY_ARCHIVE},
    {WHOLE, "application/x-lz4", MF_BODY_ARCHIVE},
    {WHOLE, "application/x-7z-compressed", MF_BODY_ARCHIVE},
    {WHOLE, "application/vnd.rar", MF_BODY_ARCHIVE},
    {WHOLE, "application/x-rar-compressed", MF_BODY_ARCHIVE},
    {WHOLE, "application/x-compress", MF_BODY_ARCHIVE},
    {WHOLE, "application/x-archive", MF_BODY_ARCHIVE},
    {WHOLE, "application/java-archive", MF_BODY_ARCHIVE},
    {WHOLE, "application/vnd.ms-cab-compressed", MF_BODY_ARCHIVE},
    {WHOLE, "application/vnd.android.package-archive", MF_BODY_ARCHIVE},
    {WHOLE, "application/vnd.debian.binary-package", MF_BODY_ARCHIVE},
    {START, "application/vnd.openxmlformats-officedocument.", MF_BODY_ARCHIVE},
    {WHOLE, "application/xhtml+xml", MF_BODY_HTML},
    {WHOLE, "text/xml", MF_BODY_XML},
    {WHOLE, "application/xml", MF_BODY_XML},
    {WHOLE, "application/xml-dtd", MF_BODY_XML},
    {END, "+xml", MF_BODY_XML},
    {WHOLE, "text/json", MF_BODY_JSON},
    {WHOLE, "text/x-json", MF_BODY_JSON},
    {WHOLE, "application/x-json", MF_BODY_JSON},
    {WHOLE, "application/csp-report", MF_BODY_JSON},
    {END, "+json", MF_BODY_JSON},
    {WHOLE, "application/yaml", MF_BODY_TEXT},
    {WHOLE, "application/x-yaml", MF_BODY_TEXT},
    {END, "+yaml", MF_BODY_TEXT},
    {WHOLE, "application/toml", MF_BODY_TEXT},
    {WHOLE, "application/sql", MF_BODY_TEXT},
    {WHOLE, "application/jwt", MF_BODY_TEXT},
    {END, "+jwt", MF_BODY_TEXT},
    {WHOLE, "application/jose", MF_BODY_TEXT},
    {WHOLE, "application/x-sh", MF_BODY_TEXT},
    {WHOLE, "application/x-mpegurl", MF_BODY_TEXT},
    {WHOLE, "application/vnd.apple.mpegurl", MF_BODY_TEXT},
    {WHOLE, "application/pem-certificate-chain", MF_BODY_TEXT},
};

/* MF_BODY_UNKNOWN: this type says nothing, or not what it is. */
static enum mf_body_kind kind_of_type(struct mf_span type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        bool fits = types[i].match == WHOLE ? mf_span_is(type, types[i].type)
                    : types[i].match == START
                        ? mf_span_starts(type, types[i].type)
                        : mf_span_ends(type, types[i].type);
        if (fits)
            return types[i].kind;
    }
    return MF_BODY_UNKNOWN;
}

static bool is_text(struct mf_span data, bool is_cut)
{
    enum { LOOK_LEN = 1024, CHARACTER_MAX_LEN = 4 };
    if (data.len > LOOK_LEN) {
        data.len = LOOK_LEN;
        is_cut = true;
    }
    for (size_t i = 0; i < data.len; i++) {
        unsigned char c = (unsigned char)data.text[i];
        if ((c < 0x20 && !(c >= '\t' && c <= '\r') && c != 0x1b) || c == 0x7f)
            return false;
    }
    /* The last character may be cut. */
    for (size_t less = 0; less < CHARACTER_MAX_LEN && less <= data.len; less++)
        if (mf_utf8_valid(data.text, data.len - less))
            return less == 0 || is_cut;
    return false;
}

static bool is_utf16(struct mf_span data)
{
    return data.len >= 4 && data.len % 2 == 0 &&
           (memcmp(data.text, "\xff\xfe", 2) == 0 ||
            memcmp(data.text, "\xfe\xff", 2) == 0) &&
           (!data.text[2] != !data.text[3]);
}

/* By its first and its last character, and what may follow the first. */
static bool is_json(struct mf_span text, bool is_cut)
{
    text = mf_span_trim(text);
    if (text.len < 2)
        return false;
    char first = *text.text, last = text.text[text.len - 1];
    if ((first != '{' && first != '[') ||
        (!is_cut && last != (first == '{' ? '}' : ']')))
        return false;
    struct mf_span inner =
        mf_span_trim((struct mf_span){text.text + 1, text.len - 1});
    const char *starts = first == '{' ? "\"}" : "{[]\"-0123456789tfn";
    return inner.len && *inner.text && strchr(starts, *inner.text);
}

/* Objects, one a line: the first is whole and another begins. */
static bool is_json_lines(struct mf_span text)
{
    const char *end = memchr(text.text, '\n', text.len);
    if (*text.text != '{' || !end)
        return false;
    size_t line_len = (size_t)(end - text.text);
    struct mf_span line = {text.text, line_len};
    struct mf_span next = {end + 1, text.len - line_len - 1};
    return is_json(line, false) && next.len && *next.text == '{';
}

static enum mf_body_kind kind_of_looks(struct mf_span data, bool is_cut)
{
    const char *type = mf_body_sniff(data);
    enum mf_body_kind kind = kind_of_type((struct mf_span){type, strlen(type)});
    if (kind != MF_BODY_UNKNOWN)
        return kind;
    if (*type || !is_text(data, is_cut))
        return is_utf16(data) ? MF_BODY_TEXT : MF_BODY_UNKNOWN;
    if (is_json_lines(data))
        return MF_BODY_JSON_LINES;
    return is_json(data, is_cut) ? MF_BODY_JSON : MF_BODY_TEXT;
}

static bool is_declared_text(struct mf_span type)
{
    return mf_span_starts(type, "text/");
}

/* "text/plain" is what servers say that do not know better: JSON is often
 * sent as that, and so are files. */
static enum mf_body_kind kind_of_plain(const struct mf_body *body)
{
    enum mf_body_kind kind = kind_of_looks(body->data, body->is_cut);
    switch (kind) {
    case MF_BODY_HTML: /* shown as what it was sent as: its source */
    case MF_BODY_XML:
        return MF_BODY_TEXT;
    case MF_BODY_UNKNOWN: /* of another charset than UTF-8 */
        return memchr(body->data.text, 0, body->data.len) ? MF_BODY_UNKNOWN
                                                          : MF_BODY_TEXT;
    default:
        return kind;
    }
}

static struct mf_span header(const struct mf_body *body,
                             enum mf_header_place place, const char *name)
{
    return body->http ? body->http->header(body->http->user, place, name)
                      : MF_SPAN_NONE;
}

/* Connect's unary calls may be JSON, which their request says in a field of
 * its own; errors are JSON always. */
static bool is_connect_json(const struct mf_body *body)
{
    return body->place != MF_BODY_MESSAGE &&
           mf_span_is(
               header(body, MF_HEADER_REQUEST, "connect-protocol-version"),
               "1");
}

/* The query's parameters, in any order, and a content type that fits if
 * there is an answer (Connect, "Unary-Get-Request"). */
static bool is_connect_get(const struct mf_body *body)
{
    enum { CONNECT = 1, MESSAGE = 2, ENCODING = 4, ALL = 7 };
    if (body->place != MF_BODY_REQUEST || !body->http ||
        !mf_span_is(body->http->method, "GET"))
        return false;
    const char *at = memchr(body->http->url.text, '?', body->http->url.len);
    const char *end = body->http->url.text + body->http->url.len;
    unsigned found = 0;
    while (at && at < end) {
        struct mf_span rest = {at + 1, (size_t)(end - at - 1)};
        found |= mf_span_is(rest, "connect=v1") ||
                         mf_span_starts(rest, "connect=v1&")
                     ? CONNECT
                 : mf_span_starts(rest, "message=") ? MESSAGE
                 : mf_span_starts(rest, "encoding=proto") ||
                         mf_span_starts(rest, "encoding=json")
                     ? ENCODING
                     : 0;
        at = memchr(rest.text, '&', rest.len);
    }
    struct mf_span type =
        mf_params_head(header(body, MF_HEADER_RESPONSE, "content-type"));
    return found == ALL &&
           (!type.len || mf_span_is(type, "application/proto") ||
            mf_span_is(type, "application/json"));
}

static enum mf_body_kind kind_of_empty(const struct mf_body *body)
{
    if (mf_shape_is_dns_get(body))
        return MF_BODY_DNS;
    if (is_connect_get(body))
        return MF_BODY_CONNECT_GET;
    /* How a call without messages ended is in its trailers. */
    enum mf_body_kind kind = kind_of_type(mf_params_head(body->content_type));
    if (body->place == MF_BODY_RESPONSE && kind == MF_BODY_GRPC)
        return kind;
    return mf_shape_is_graphql(body) ? MF_BODY_GRAPHQL : MF_BODY_EMPTY;
}

/* What JSON and events may be in particular. */
static enum mf_body_kind refine(const struct mf_body *body,
                                enum mf_body_kind kind)
{
    if (kind != MF_BODY_JSON && kind != MF_BODY_EVENTS)
        return kind;
    if (kind == MF_BODY_JSON && is_connect_json(body))
        return MF_BODY_CONNECT;
    if (mf_shape_is_llm(body))
        return MF_BODY_LLM;
    return mf_shape_is_graphql(body) ? MF_BODY_GRAPHQL : kind;
}

enum mf_body_kind mf_body_kind(const struct mf_body *body)
{
    if (body->is_dns)
        return MF_BODY_DNS;
    if (!body->data.len)
        return kind_of_empty(body);
    struct mf_span type = mf_params_head(body->content_type);
    if (mf_span_is(type, "text/plain"))
        return refine(body, kind_of_plain(body));
    enum mf_body_kind kind = kind_of_type(type);
    if (kind != MF_BODY_UNKNOWN)
        return refine(body, kind);
    if (body->place == MF_BODY_MESSAGE && mf_shape_is_socket_io(body))
        return MF_BODY_SOCKET_IO;
    kind = kind_of_looks(body->data, body->is_cut);
    /* "text/csv" is text, whatever its lines look like. */
    bool is_other_text = is_declared_text(type);
    if ((kind == MF_BODY_UNKNOWN && body->is_text_message) ||
        (is_other_text && (kind == MF_BODY_UNKNOWN || kind == MF_BODY_JSON ||
                           kind == MF_BODY_JSON_LINES)))
        kind = MF_BODY_TEXT;
    /* Of HTTP and WebSockets: a piece of a TCP stream is no message. */
    if (kind == MF_BODY_UNKNOWN && body->http && !body->is_cut &&
        mf_protobuf_is_likely((const uint8_t *)body->data.text, body->data.len))
        kind = MF_BODY_PROTOBUF;
    return refine(body, kind);
}
