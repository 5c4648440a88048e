/* Headers, query and WebSocket messages of a HAR entry. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "codec/percent.h"
#include "export/har.h"
#include "export/har_impl.h"
#include "pb/wire.h"

static void put_bytes(struct mf_json_out *json, const char *name,
                      const char *name_base64, struct mf_span bytes)
{
    mf_json_put_key(json, name);
    mf_json_put_latin1(json, bytes);
    if (mf_utf8_valid(bytes.text, bytes.len))
        return;
    mf_json_put_key(json, name_base64);
    mf_json_put_base64(json, bytes);
}

void mf_har_put_headers(struct mf_json_out *json, struct mf_http_fields fields)
{
    struct mf_span name, value;
    mf_json_begin_array(json);
    while (mf_http_fields_next(&fields, &name, &value)) {
        mf_json_begin_object(json);
        put_bytes(json, "name", "_nameBase64", name);
        put_bytes(json, "value", "_valueBase64", value);
        mf_json_end_object(json);
    }
    mf_json_end_array(json);
}

void mf_har_put_sizes(struct mf_json_out *json, const struct mf_http_half *half)
{
    struct mf_span body;
    bool is_known =
        half->is_there && (mf_http_wire_body(half, &body) || half->is_cut);
    mf_json_put_key(json, "headersSize");
    mf_json_put_int(json, -1);
    mf_json_put_key(json, "bodySize");
    mf_json_put_int(json, is_known ? (int64_t)half->wire_len : -1);
}

/* ---- names and values ---- */

static void put_decoded(struct mf_json_out *json, const char *key,
                        struct mf_span text)
{
    struct mf_buf decoded;
    mf_buf_init(&decoded, SIZE_MAX);
    int rc = mf_percent_decode(text.text, text.len, true, &decoded);
    if (rc && !json->error)
        json->error = rc;
    mf_json_put_key(json, key);
    mf_json_put_text(json, (struct mf_span){(char *)decoded.data, decoded.len});
    mf_buf_release(&decoded);
}

static void put_pair(struct mf_json_out *json, struct mf_span pair)
{
    const char *sign = pair.len ? memchr(pair.text, '=', pair.len) : NULL;
    size_t len = sign ? (size_t)(sign - pair.text) : pair.len;
    size_t skip = sign ? len + 1 : len;
    mf_json_begin_object(json);
    put_decoded(json, "name", (struct mf_span){pair.text, len});
    put_decoded(json, "value", mf_span_after(pair, skip));
    mf_json_end_object(json);
}

void mf_har__put_pairs(struct mf_json_out *json, struct mf_span text)
{
    mf_json_begin_array(json);
    while (text.len) {
        const char *end = memchr(text.text, '&', text.len);
        size_t len = end ? (size_t)(end - text.text) : text.len;
        if (len)
            put_pair(json, (struct mf_span){text.text, len});
        size_t skip = end ? len + 1 : len;
        text = mf_span_after(text, skip);
    }
    mf_json_end_array(json);
}

void mf_har_put_query(struct mf_json_out *json, struct mf_span url)
{
    const char *hash = url.len ? memchr(url.text, '#', url.len) : NULL;
    if (hash)
        url.len = (size_t)(hash - url.text);
    const char *mark = url.len ? memchr(url.text, '?', url.len) : NULL;
    size_t skip = mark ? (size_t)(mark - url.text) + 1 : url.len;
    mf_har__put_pairs(json, mf_span_after(url, skip));
}

/* ---- messages ---- */

struct message {
    struct mf_span content;
    int64_t at_ns;
    bool from_client;
    uint64_t opcode;
    bool is_dropped;
    bool is_injected;
};

/* Field numbers of mitmproxy.v1.WebSocketMessage. */
enum {
    MESSAGE_CONTENT = 1,
    MESSAGE_TIMESTAMP = 2,
    MESSAGE_FROM_CLIENT = 3,
    MESSAGE_OPCODE = 100,
    MESSAGE_DROPPED = 101,
    MESSAGE_INJECTED = 102,
    OPCODE_MASK = 15, /* it has four bits */
};

static struct message read_message(const struct mf_wire_field *bytes)
{
    struct message message = {.content = {"", 0}};
    struct mf_cursor cursor = mf_cursor_make(bytes->data, bytes->len);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        bool is_bytes = field.type == MF_WIRE_LEN;
        if (field.number == MESSAGE_CONTENT && is_bytes)
            message.content =
                (struct mf_span){(const char *)field.data, field.len};
        else if (field.number == MESSAGE_TIMESTAMP && is_bytes)
            message.at_ns = mf_wire_timestamp_ns(field.data, field.len);
        else if (field.number == MESSAGE_FROM_CLIENT)
            message.from_client = field.value != 0;
        else if (field.number == MESSAGE_OPCODE)
            message.opcode = field.value & OPCODE_MASK;
        else if (field.number == MESSAGE_DROPPED)
            message.is_dropped = field.value != 0;
        else if (field.number == MESSAGE_INJECTED)
            message.is_injected = field.value != 0;
    }
    return message;
}

static void put_yes(struct mf_json_out *json, const char *name)
{
    mf_json_put_key(json, name);
    mf_json_put_bool(json, true);
}

/* As browsers write them: binary ones are base64. */
static void put_message(struct mf_json_out *json, const struct message *message)
{
    enum { TEXT = 1, BINARY = 2 };
    bool is_text = mf_utf8_valid(message->content.text, message->content.len);
    uint64_t opcode = message->opcode                     ? message->opcode
                      : mf_json_is_text(message->content) ? TEXT
                                                          : BINARY;
    double seconds = (double)message->at_ns / MF_NS_PER_S;
    mf_json_begin_object(json);
    mf_json_put_key(json, "type");
    mf_json_put_string(json, message->from_client ? "send" : "receive");
    mf_json_put_key(json, "time");
    mf_json_put_double(json, seconds);
    mf_json_put_key(json, "opcode");
    mf_json_put_uint(json, opcode);
    mf_json_put_key(json, "data");
    if (opcode == TEXT && is_text)
        mf_json_put_text(json, message->content);
    else
        mf_json_put_base64(json, message->content);
    if (opcode == TEXT && !is_text) {
        mf_json_put_key(json, "_encoding");
        mf_json_put_string(json, "base64");
    }
    if (llround(seconds * MF_NS_PER_S) != message->at_ns) {
        mf_json_put_key(json, "_time");
        mf_json_put_time(json, message->at_ns);
    }
    if (!message->opcode)
        put_yes(json, "_opcodeGuessed");
    if (message->is_dropped)
        put_yes(json, "_dropped");
    if (message->is_injected)
        put_yes(json, "_injected");
    mf_json_end_object(json);
}

void mf_har_put_messages(struct mf_json_out *json, const struct mf_flow *flow)
{
    enum { WEBSOCKET_MESSAGES = 11 };
    struct mf_span own = mf_flow_own_message(flow);
    struct mf_cursor cursor = mf_cursor_make(own.text, own.len);
    struct mf_wire_field field;
    mf_json_put_key(json, "_webSocketMessages");
    mf_json_begin_array(json);
    while (!json->error && mf_wire_next(&cursor, &field)) {
        if (field.number != WEBSOCKET_MESSAGES || field.type != MF_WIRE_LEN)
            continue;
        struct message message = read_message(&field);
        put_message(json, &message);
    }
    mf_json_end_array(json);
}
