/* Connect (https://connectrpc.com/docs/protocol). */
#include "decode/connect.h"

#include <jansson.h>
#include <string.h>

#include "codec/base64.h"
#include "codec/envelope.h"
#include "codec/percent.h"
#include "decode/decoders.h"
#include "decode/grpc_impl.h"

#define ERROR_MAX_LEN ((size_t)1 << 20)

/* ---- Errors ---- */

/* gRPC's name of a code, which is Connect's in lower case. */
static struct mf_span status_of(const char *code)
{
    for (int64_t i = 0;; i++) {
        struct mf_span name = mf_rpc_status_name(i);
        size_t len = strlen(code);
        bool is_same = name.len == len;
        if (name.len == 0)
            return name;
        for (size_t at = 0; is_same && at < len; at++)
            is_same =
                code[at] == (name.text[at] == '_' ? '_' : name.text[at] + 32);
        if (is_same || (i == 1 && strcmp(code, "canceled") == 0))
            return name;
    }
}

static int put_text(const struct mf_rpc_body *rpc, const char *name,
                    const char *text)
{
    return text ? mf_view_text(rpc->view, name,
                               (struct mf_span){text, strlen(text)})
                : 0;
}

static int put_code(const struct mf_rpc_body *rpc, const char *code)
{
    if (!code)
        return 0;
    const struct mf_node node = {
        .kind = MF_NODE_ENUM,
        .name = MF_SPAN("code"),
        .text = {code, strlen(code)},
        .also = status_of(code),
    };
    return mf_view_put(rpc->view, &node);
}

static struct mf_span string_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? (struct mf_span){json_string_value(value),
                                                    json_string_length(value)}
                                 : MF_SPAN_NONE;
}

static int put_details(const struct mf_rpc_body *rpc, const json_t *details)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < json_array_size(details); i++) {
        const json_t *detail = json_array_get(details, i);
        rc =
            mf_rpc_put_base64(rpc, MF_SPAN("detail"), string_of(detail, "type"),
                              string_of(detail, "value"));
    }
    return rc;
}

static int put_error(const struct mf_rpc_body *rpc, const json_t *error)
{
    int rc = put_code(rpc, json_string_value(json_object_get(error, "code")));
    if (!rc)
        rc = put_text(rpc, "message",
                      json_string_value(json_object_get(error, "message")));
    return rc ? rc : put_details(rpc, json_object_get(error, "details"));
}

static int put_metadata(const struct mf_rpc_body *rpc, const json_t *metadata)
{
    /* jansson's loops do not take const. */
    json_t *object = (json_t *)(uintptr_t)metadata;
    int rc = 0;
    for (void *at = json_object_iter(object); !rc && at;
         at = json_object_iter_next(object, at)) {
        const json_t *values = json_object_iter_value(at);
        const char *name = json_object_iter_key(at);
        for (size_t i = 0; !rc && i < json_array_size(values); i++) {
            const char *value = json_string_value(json_array_get(values, i));
            if (value)
                rc = mf_rpc_put_trailer(rpc,
                                        (struct mf_span){name, strlen(name)},
                                        (struct mf_span){value, strlen(value)});
        }
    }
    return rc;
}

static int put_named(const struct mf_rpc_body *rpc, struct mf_span name,
                     const json_t *value,
                     int (*put)(const struct mf_rpc_body *rpc,
                                const json_t *value))
{
    const struct mf_node group = {.kind = MF_NODE_GROUP, .name = name};
    if (!json_is_object(value))
        return 0;
    int rc = mf_view_open(rpc->view, &group);
    if (rc)
        return rc;
    rc = put(rpc, value);
    mf_view_close(rpc->view);
    return rc;
}

static json_t *parse(const uint8_t *data, size_t len)
{
    return len <= ERROR_MAX_LEN
               ? json_loadb((const char *)data, len, JSON_ALLOW_NUL, NULL)
               : NULL;
}

static int put_end(const struct mf_rpc_body *rpc,
                   const struct mf_rpc_frame *frame, const uint8_t *data,
                   size_t len)
{
    const struct mf_node text = {
        .kind = MF_NODE_TEXT,
        .type = MF_SPAN("json"),
        .text = {(const char *)data, len},
    };
    (void)frame;
    json_t *end = parse(data, len);
    if (!end || !json_is_object(end)) {
        int rc = len ? mf_view_put(rpc->view, &text) : 0;
        json_decref(end);
        return rc ? rc
                  : mf_view_fault(rpc->view, 0,
                                  "this is not JSON as it "
                                  "should be");
    }
    const json_t *error = json_object_get(end, "error");
    int rc = 0;
    if (json_is_object(error))
        rc = put_named(rpc, MF_SPAN("error"), error, put_error);
    else
        rc = put_text(rpc, "status", "OK");
    if (!rc)
        rc = put_named(rpc, MF_SPAN("metadata"),
                       json_object_get(end, "metadata"), put_metadata);
    json_decref(end);
    return rc;
}

/* ---- Bodies ---- */

int mf_decode__connect_stream(struct mf_decoding *decoding)
{
    const struct mf_span data = decoding->body->data;
    struct mf_rpc_body rpc;
    mf_rpc_body_init(&rpc, decoding, "connect-content-encoding");
    int rc =
        mf_rpc_put_frames(&rpc, (const uint8_t *)data.text, data.len,
                          MF_ENVELOPE_END_STREAM, "end of stream", put_end);
    mf_rpc_body_release(&rpc);
    return rc;
}

/* A unary call that failed has its error as JSON, whatever its codec. */
static bool is_error(const struct mf_rpc_body *rpc)
{
    const struct mf_body *body = rpc->decoding->body;
    return mf_rpc_is_response(body) && body->http &&
           body->http->status >= 300 && rpc->codec == MF_RPC_JSON;
}

int mf_decode__connect(struct mf_decoding *decoding)
{
    const struct mf_span data = decoding->body->data;
    const uint8_t *bytes = (const uint8_t *)data.text;
    struct mf_rpc_body rpc;
    int rc = 0;
    mf_rpc_body_init(&rpc, decoding, "content-encoding");
    if (is_error(&rpc)) {
        json_t *error = parse(bytes, data.len);
        rc = put_named(&rpc, MF_SPAN("error"), error, put_error);
        json_decref(error);
    } else if (rpc.codec == MF_RPC_PROTO) {
        rc = mf_rpc_put_message(&rpc, bytes, data.len, true);
    }
    mf_rpc_body_release(&rpc);
    return rc;
}

/* ---- GET ---- */

static bool take_parameter(struct mf_span *query, struct mf_span *ret_name,
                           struct mf_span *ret_value)
{
    if (query->len == 0)
        return false;
    const char *end = memchr(query->text, '&', query->len);
    size_t len = end ? (size_t)(end - query->text) : query->len;
    const char *equals = memchr(query->text, '=', len);
    size_t name_len = equals ? (size_t)(equals - query->text) : len;
    *ret_name = (struct mf_span){query->text, name_len};
    *ret_value = equals ? (struct mf_span){equals + 1, len - name_len - 1}
                        : MF_SPAN_NONE;
    len += end != NULL;
    query->text += len;
    query->len -= len;
    return true;
}

static bool is(struct mf_span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.text, text, span.len) == 0;
}

bool mf_connect_get_read(struct mf_span url, struct mf_connect_get *ret_get)
{
    struct mf_span query = url, name, value;
    bool is_connect = false;
    *ret_get = (struct mf_connect_get){.encoding = MF_SPAN_NONE,
                                       .compression = MF_SPAN_NONE};
    const char *at = memchr(url.text, '?', url.len);
    if (!at)
        return false;
    query.len -= (size_t)(at + 1 - url.text);
    query.text = at + 1;
    at = memchr(query.text, '#', query.len);
    if (at)
        query.len = (size_t)(at - query.text);
    while (take_parameter(&query, &name, &value)) {
        if (is(name, "connect"))
            is_connect = is(value, "v1");
        else if (is(name, "encoding"))
            ret_get->encoding = value;
        else if (is(name, "compression"))
            ret_get->compression = value;
        else if (is(name, "base64"))
            ret_get->is_base64 = is(value, "1");
        else if (is(name, "message")) {
            ret_get->message = value;
            ret_get->has_message = true;
        }
    }
    return is_connect && ret_get->has_message && ret_get->encoding.len;
}

/* The message as it was put into the URL; *ret_why: what is wrong with it. */
static int read_message(const struct mf_connect_get *get, struct mf_buf *out,
                        const char **ret_why)
{
    struct mf_buf text;
    size_t max = get->message.len;
    mf_buf_init(&text, max);
    mf_buf_init(out, max);
    *ret_why = NULL;
    int rc = mf_percent_decode(get->message.text, get->message.len, true,
                               get->is_base64 ? &text : out);
    if (!rc && get->is_base64)
        rc = mf_base64_decode((const char *)text.data, text.len, out);
    if (rc == MF_ECORRUPT) {
        *ret_why = "the message in the URL is no base64";
        rc = 0;
    }
    mf_buf_release(&text);
    return rc;
}

int mf_decode__connect_get(struct mf_decoding *decoding)
{
    struct mf_connect_get get;
    struct mf_rpc_body rpc;
    struct mf_buf message;
    const char *why;
    if (mf_rpc_is_response(decoding->body))
        return mf_decode__connect(decoding);
    if (!decoding->body->http ||
        !mf_connect_get_read(decoding->body->http->url, &get))
        return 0;
    mf_rpc_body_init(&rpc, decoding, "content-encoding");
    rpc.base = NULL;
    rpc.codec = is(get.encoding, "json")    ? MF_RPC_JSON
                : is(get.encoding, "proto") ? MF_RPC_PROTO
                                            : MF_RPC_OTHER;
    int rc = read_message(&get, &message, &why);
    if (!rc && why)
        rc = mf_view_fault(rpc.view, 0, "%s", why);
    else if (!rc && get.compression.len)
        rc = mf_rpc_put_compressed(&rpc, get.compression, message.data,
                                   message.len);
    else if (!rc)
        rc = mf_rpc_put_message(&rpc, message.data, message.len, false);
    mf_buf_release(&message);
    mf_rpc_body_release(&rpc);
    return rc;
}
