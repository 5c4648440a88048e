#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "codec/charset.h"
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

struct type {
    enum match match;
    struct mf_span type;
    enum mf_body_kind kind;
};

#define TYPE(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }

/* Media types, the first that fits. Their parameters say nothing here. */
static const struct type types[] = {
    {WHOLE, TYPE("application/json"), MF_BODY_JSON},
    {WHOLE, TYPE("text/html"), MF_BODY_HTML},
    {WHOLE, TYPE("text/css"), MF_BODY_CSS},
    {WHOLE, TYPE("text/javascript"), MF_BODY_JAVASCRIPT},
    {WHOLE, TYPE("application/javascript"), MF_BODY_JAVASCRIPT},
    {WHOLE, TYPE("application/x-javascript"), MF_BODY_JAVASCRIPT},
    {WHOLE, TYPE("application/ecmascript"), MF_BODY_JAVASCRIPT},
    {WHOLE, TYPE("text/ecmascript"), MF_BODY_JAVASCRIPT},
    {WHOLE, TYPE("text/jscript"), MF_BODY_JAVASCRIPT},
    {WHOLE, TYPE("text/x-javascript"), MF_BODY_JAVASCRIPT},
    {WHOLE, TYPE("application/x-www-form-urlencoded"), MF_BODY_FORM},
    {START, TYPE("multipart/"), MF_BODY_MULTIPART},
    {WHOLE, TYPE("text/event-stream"), MF_BODY_EVENTS},
    {WHOLE, TYPE("application/x-ndjson"), MF_BODY_JSON_LINES},
    {WHOLE, TYPE("application/ndjson"), MF_BODY_JSON_LINES},
    {WHOLE, TYPE("application/jsonl"), MF_BODY_JSON_LINES},
    {WHOLE, TYPE("application/jsonlines"), MF_BODY_JSON_LINES},
    {WHOLE, TYPE("application/x-jsonlines"), MF_BODY_JSON_LINES},
    {WHOLE, TYPE("application/x-json-stream"), MF_BODY_JSON_LINES},
    {WHOLE, TYPE("application/stream+json"), MF_BODY_JSON_LINES},
    {WHOLE, TYPE("application/json-seq"), MF_BODY_JSON_LINES},
    {END, TYPE("+json-seq"), MF_BODY_JSON_LINES},
    {WHOLE, TYPE("text/jsonl"), MF_BODY_JSON_LINES},
    {WHOLE, TYPE("application/graphql"), MF_BODY_GRAPHQL},
    {WHOLE, TYPE("application/graphql+json"), MF_BODY_GRAPHQL},
    {WHOLE, TYPE("application/graphql-response+json"), MF_BODY_GRAPHQL},
    {WHOLE, TYPE("application/grpc"), MF_BODY_GRPC},
    {START, TYPE("application/grpc+"), MF_BODY_GRPC},
    {WHOLE, TYPE("application/grpc-web"), MF_BODY_GRPC_WEB},
    {START, TYPE("application/grpc-web+"), MF_BODY_GRPC_WEB},
    {WHOLE, TYPE("application/grpc-web-text"), MF_BODY_GRPC_WEB_TEXT},
    {START, TYPE("application/grpc-web-text+"), MF_BODY_GRPC_WEB_TEXT},
    {START, TYPE("application/connect+"), MF_BODY_CONNECT_STREAM},
    {WHOLE, TYPE("application/proto"), MF_BODY_CONNECT},
    {WHOLE, TYPE("application/x-protobuf"), MF_BODY_PROTOBUF},
    {WHOLE, TYPE("application/protobuf"), MF_BODY_PROTOBUF},
    {WHOLE, TYPE("application/x-google-protobuf"), MF_BODY_PROTOBUF},
    {WHOLE, TYPE("application/vnd.google.protobuf"), MF_BODY_PROTOBUF},
    {END, TYPE("+protobuf"), MF_BODY_PROTOBUF},
    {END, TYPE("+proto"), MF_BODY_PROTOBUF},
    {WHOLE, TYPE("application/msgpack"), MF_BODY_MSGPACK},
    {WHOLE, TYPE("application/x-msgpack"), MF_BODY_MSGPACK},
    {WHOLE, TYPE("application/vnd.msgpack"), MF_BODY_MSGPACK},
    {WHOLE, TYPE("application/messagepack"), MF_BODY_MSGPACK},
    {END, TYPE("+msgpack"), MF_BODY_MSGPACK},
    {WHOLE, TYPE("application/cbor"), MF_BODY_CBOR},
    {WHOLE, TYPE("application/cbor-seq"), MF_BODY_CBOR},
    {WHOLE, TYPE("application/cose"), MF_BODY_CBOR},
    {START, TYPE("application/cose-"), MF_BODY_CBOR},
    {WHOLE, TYPE("application/cwt"), MF_BODY_CBOR},
    {END, TYPE("+cbor"), MF_BODY_CBOR},
    {END, TYPE("+cbor-seq"), MF_BODY_CBOR},
    {WHOLE, TYPE("application/dns-message"), MF_BODY_DNS},
    {WHOLE, TYPE("application/dns-udpwireformat"), MF_BODY_DNS},
    {START, TYPE("image/"), MF_BODY_IMAGE},
    {START, TYPE("font/"), MF_BODY_FONT},
    {START, TYPE("application/font-"), MF_BODY_FONT},
    {START, TYPE("application/x-font-"), MF_BODY_FONT},
    {WHOLE, TYPE("application/vnd.ms-fontobject"), MF_BODY_FONT},
    {WHOLE, TYPE("application/vnd.ms-opentype"), MF_BODY_FONT},
    {WHOLE, TYPE("application/pdf"), MF_BODY_PDF},
    {WHOLE, TYPE("application/x-pdf"), MF_BODY_PDF},
    {START, TYPE("audio/"), MF_BODY_AUDIO},
    {WHOLE, TYPE("application/ogg"), MF_BODY_AUDIO},
    {START, TYPE("video/"), MF_BODY_VIDEO},
    {WHOLE, TYPE("application/mp4"), MF_BODY_VIDEO},
    {WHOLE, TYPE("application/zip"), MF_BODY_ARCHIVE},
    {END, TYPE("+zip"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/x-zip-compressed"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/gzip"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/x-gzip"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/zstd"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/x-tar"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/x-gtar"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/x-bzip2"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/x-xz"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/x-lz4"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/x-7z-compressed"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/vnd.rar"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/x-rar-compressed"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/x-compress"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/x-archive"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/java-archive"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/vnd.ms-cab-compressed"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/vnd.android.package-archive"), MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/vnd.debian.binary-package"), MF_BODY_ARCHIVE},
    {START, TYPE("application/vnd.openxmlformats-officedocument."),
     MF_BODY_ARCHIVE},
    {WHOLE, TYPE("application/xhtml+xml"), MF_BODY_HTML},
    {WHOLE, TYPE("text/xml"), MF_BODY_XML},
    {WHOLE, TYPE("application/xml"), MF_BODY_XML},
    {WHOLE, TYPE("application/xml-dtd"), MF_BODY_XML},
    {END, TYPE("+xml"), MF_BODY_XML},
    {WHOLE, TYPE("text/json"), MF_BODY_JSON},
    {WHOLE, TYPE("text/x-json"), MF_BODY_JSON},
    {WHOLE, TYPE("application/x-json"), MF_BODY_JSON},
    {WHOLE, TYPE("application/csp-report"), MF_BODY_JSON},
    {END, TYPE("+json"), MF_BODY_JSON},
    {WHOLE, TYPE("application/yaml"), MF_BODY_TEXT},
    {WHOLE, TYPE("application/x-yaml"), MF_BODY_TEXT},
    {END, TYPE("+yaml"), MF_BODY_TEXT},
    {WHOLE, TYPE("application/toml"), MF_BODY_TEXT},
    {WHOLE, TYPE("application/sql"), MF_BODY_TEXT},
    {WHOLE, TYPE("application/jwt"), MF_BODY_TEXT},
    {END, TYPE("+jwt"), MF_BODY_TEXT},
    {WHOLE, TYPE("application/jose"), MF_BODY_TEXT},
    {WHOLE, TYPE("application/x-sh"), MF_BODY_TEXT},
    {WHOLE, TYPE("application/x-mpegurl"), MF_BODY_TEXT},
    {WHOLE, TYPE("application/vnd.apple.mpegurl"), MF_BODY_TEXT},
    {WHOLE, TYPE("application/pem-certificate-chain"), MF_BODY_TEXT},
};

static bool fits(const struct type *row, struct mf_span type)
{
    size_t len = row->type.len;
    if (row->match == WHOLE ? type.len != len : type.len < len)
        return false;
    const char *at = type.text + (row->match == END ? type.len - len : 0);
    /* Few end alike (letters without regard to case). */
    return ((at[len - 1] ^ row->type.text[len - 1]) & ~0x20) == 0 &&
           strncasecmp(at, row->type.text, len) == 0;
}

/* MF_BODY_UNKNOWN: this type says nothing, or not what it is. */
static enum mf_body_kind kind_of_type(struct mf_span type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (fits(&types[i], type))
            return types[i].kind;
    return MF_BODY_UNKNOWN;
}

static bool is_text(struct mf_span data, bool is_cut)
{
    enum { LOOK_LEN = 1024, CHARACTER_MAX_LEN = 4 };
    if (data.len > LOOK_LEN) {
        data.len = LOOK_LEN;
        is_cut = true;
    }
    /* Without a branch, so that many bytes are looked at at once. */
    unsigned odd = 0;
    for (size_t i = 0; i < data.len; i++) {
        unsigned char c = (unsigned char)data.text[i];
        odd |= ((c < '\t') | ((c > '\r') & (c < 0x20))) & (c != 0x1b);
        odd |= c == 0x7f;
    }
    if (odd)
        return false;
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

bool mf_body_is_utf16(const struct mf_body *body)
{
    enum mf_charset_source source;
    struct mf_span head = body->data;
    if (head.len > MF_CHARSET_HEAD_LEN)
        head.len = MF_CHARSET_HEAD_LEN;
    const char *name = mf_charset_find(body->content_type, head, &source);
    if (!head.len || strncmp(name, "UTF-16", 6) != 0)
        return false;
    static const char replacement[] = "\xef\xbf\xbd";
    enum { REPLACEMENT_LEN = sizeof replacement - 1 };
    struct mf_buf text;
    mf_buf_init(&text, 4 * MF_CHARSET_HEAD_LEN);
    /* What is no character is replaced; the last one may be cut. */
    bool is_read = mf_charset_read_all(body->content_type, head, &text) == 0 &&
                   text.len >= REPLACEMENT_LEN &&
                   !memmem(text.data, text.len - REPLACEMENT_LEN, replacement,
                           REPLACEMENT_LEN) &&
                   is_text((struct mf_span){(char *)text.data, text.len}, true);
    mf_buf_release(&text);
    return is_read;
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
        return memchr(body->data.text, 0, body->data.len) &&
                       !mf_body_is_utf16(body)
                   ? MF_BODY_UNKNOWN
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
