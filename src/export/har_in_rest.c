/* Messages, URL and server of a HAR file. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "codec/base64.h"
#include "export/har_in.h"
#include "pb/wire.h"

static int tell(struct mf_err *err, int rc)
{
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
}

static bool is_word(const json_t *object, const char *name, const char *want)
{
    struct mf_span text = mf_json_get_text(object, name);
    return text.len == strlen(want) && mf_span_starts_with(text, want);
}

/* ---- messages ---- */

/* Field numbers of mitmproxy.v1.WebSocketMessage, and of those in HTTPFlow. */
enum {
    WEBSOCKET_MESSAGES = 11,
    MESSAGE_CONTENT = 1,
    MESSAGE_TIMESTAMP = 2,
    MESSAGE_FROM_CLIENT = 3,
    MESSAGE_OPCODE = 100,
    MESSAGE_DROPPED = 101,
    MESSAGE_INJECTED = 102,
};

static int64_t message_time(const json_t *message)
{
    int64_t ns;
    double seconds = mf_json_get_number(message, "time", 0);
    if (mf_json_parse_time(mf_json_get_text(message, "_time"), &ns))
        return ns;
    return seconds > 0 && seconds < 9e9 ? llround(seconds * MF_NS_PER_S) : 0;
}

static int put_data(const json_t *message, uint64_t opcode, struct mf_buf *out,
                    struct mf_err *err)
{
    enum { TEXT = 1 };
    struct mf_span data = mf_json_get_text(message, "data");
    struct mf_buf bytes;
    if (opcode == TEXT && !is_word(message, "_encoding", "base64"))
        return tell(err, mf_wire_put_bytes_opt(out, MESSAGE_CONTENT, data.text,
                                               data.len));
    mf_buf_init(&bytes, out->max);
    int rc = mf_base64_decode(data.text, data.len, &bytes);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, MESSAGE_CONTENT, bytes.data, bytes.len);
    else if (rc == MF_ECORRUPT) /* some write binary ones as they are */
        rc = mf_wire_put_bytes_opt(out, MESSAGE_CONTENT, data.text, data.len);
    mf_buf_release(&bytes);
    return tell(err, rc);
}

static bool is_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static int put_message(const json_t *message, struct mf_buf *out,
                       struct mf_err *err)
{
    enum { OPCODE_MAX = 15 };
    double told = mf_json_get_number(message, "opcode", 1);
    uint64_t opcode = told >= 0 && told <= OPCODE_MAX ? (uint64_t)told : 1;
    size_t mark;
    int rc = tell(err, mf_wire_begin(out, WEBSOCKET_MESSAGES, &mark));
    if (!rc)
        rc = put_data(message, opcode, out, err);
    if (!rc)
        rc = mf_wire_put_timestamp_opt(out, MESSAGE_TIMESTAMP,
                                       message_time(message));
    if (!rc)
        rc = mf_wire_put_varint_opt(out, MESSAGE_FROM_CLIENT,
                                    is_word(message, "type", "send"));
    if (!rc && !is_true(message, "_opcodeGuessed"))
        rc = mf_wire_put_varint_opt(out, MESSAGE_OPCODE, opcode);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, MESSAGE_DROPPED,
                                    is_true(message, "_dropped"));
    if (!rc)
        rc = mf_wire_put_varint_opt(out, MESSAGE_INJECTED,
                                    is_true(message, "_injected"));
    return tell(err, rc ? rc : mf_wire_end(out, mark));
}

/* Chrome lists why a WebSocket failed among its messages. */
static bool is_error(const json_t *message)
{
    return is_word(message, "type", "error");
}

struct mf_span mf_har_websocket_error(const struct mf_har_entry *entry)
{
    const json_t *messages = json_object_get(entry->json, "_webSocketMessages");
    for (size_t i = 0; i < json_array_size(messages); i++)
        if (is_error(json_array_get(messages, i)))
            return mf_json_get_text(json_array_get(messages, i), "data");
    return MF_SPAN_NONE;
}

int mf_har_get_messages(const struct mf_har_entry *entry, struct mf_buf *out,
                        struct mf_err *err)
{
    const json_t *messages = json_object_get(entry->json, "_webSocketMessages");
    int rc = 0;
    for (size_t i = 0; !rc && i < json_array_size(messages); i++)
        if (!is_error(json_array_get(messages, i)))
            rc = put_message(json_array_get(messages, i), out, err);
    return rc;
}

/* ---- the URL ---- */

int mf_har_put_url(const struct mf_har_entry *entry, uint32_t number,
                   struct mf_buf *out)
{
    struct mf_span url = entry->url;
    struct mf_buf text;
    if (mf_span_equals(mf_json_get_text(entry->request, "method"),
                       MF_SPAN("CONNECT")) &&
        mf_span_starts_with(url, "https://")) {
        url = mf_span_after(url, sizeof "https://" - 1);
        url.len -= url.len && url.text[url.len - 1] == '/';
    }
    if (!mf_span_starts_with(url, "ws://") &&
        !mf_span_starts_with(url, "wss://"))
        return mf_wire_put_bytes_opt(out, number, url.text, url.len);
    mf_buf_init(&text, SIZE_MAX);
    int rc = mf_buf_append(&text, "http", 4);
    if (!rc)
        rc = mf_buf_append(&text, url.text + 2, url.len - 2);
    if (!rc)
        rc = mf_wire_put_bytes(out, number, text.data, text.len);
    mf_buf_release(&text);
    return rc;
}

/* What stands between scheme and path, without a user's name. */
static struct mf_span authority_of(struct mf_span url)
{
    const char *start = url.len ? memmem(url.text, url.len, "://", 3) : NULL;
    size_t len = 0;
    if (!start)
        return (struct mf_span){"", 0};
    url = mf_span_after(url, (size_t)(start - url.text) + 3);
    while (len < url.len && !strchr("/?#", url.text[len]))
        len++;
    url.len = len;
    for (size_t i = url.len; i > 0; i--)
        if (url.text[i - 1] == '@')
            return mf_span_after(url, i);
    return url;
}

static struct mf_span unbracket(struct mf_span host)
{
    if (host.len >= 2 && host.text[0] == '[' && host.text[host.len - 1] == ']')
        return (struct mf_span){host.text + 1, host.len - 2};
    return host;
}

static struct mf_span take_port(struct mf_span authority, uint32_t *ret_port)
{
    enum { DIGITS_MAX = 5 };
    uint32_t port = 0;
    size_t at = authority.len;
    while (at > 0 && authority.text[at - 1] >= '0' &&
           authority.text[at - 1] <= '9')
        at--;
    if (at == 0 || at == authority.len || authority.text[at - 1] != ':' ||
        authority.len - at > DIGITS_MAX)
        return authority;
    for (size_t i = at; i < authority.len; i++)
        port = port * 10 + (uint32_t)(authority.text[i] - '0');
    *ret_port = port;
    return (struct mf_span){authority.text, at - 1};
}

/* ---- the server ---- */

/* Field numbers of mitmproxy.v1.ServerConn. */
enum {
    SERVER_PEER_HOST = 1,
    SERVER_PEER_PORT = 2,
    SERVER_ID = 6,
    SERVER_TLS = 9,
    SERVER_SNI = 16,
    SERVER_ADDRESS_HOST = 20,
    SERVER_ADDRESS_PORT = 21,
};

static int put_text(struct mf_buf *out, uint32_t number, struct mf_span text)
{
    return mf_wire_put_bytes_opt(out, number, text.text, text.len);
}

int mf_har_put_server(const struct mf_har_entry *entry, uint32_t number,
                      struct mf_buf *out)
{
    bool is_tls = mf_span_starts_with(entry->url, "https://") ||
                  mf_span_starts_with(entry->url, "wss://");
    uint32_t port = is_tls ? 443 : 80;
    struct mf_span host = unbracket(take_port(authority_of(entry->url), &port));
    struct mf_span ip =
        unbracket(mf_json_get_text(entry->json, "serverIPAddress"));
    size_t mark;
    if (!host.len)
        return 0;
    int rc = mf_wire_begin(out, number, &mark);
    if (!rc)
        rc = put_text(out, SERVER_PEER_HOST, ip);
    if (!rc && ip.len)
        rc = mf_wire_put_varint_opt(out, SERVER_PEER_PORT, port);
    if (!rc)
        rc = put_text(out, SERVER_ID,
                      mf_json_get_text(entry->json, "connection"));
    if (!rc)
        rc = mf_wire_put_varint_opt(out, SERVER_TLS, is_tls);
    if (!rc && is_tls)
        rc = put_text(out, SERVER_SNI, host);
    if (!rc)
        rc = put_text(out, SERVER_ADDRESS_HOST, host);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, SERVER_ADDRESS_PORT, port);
    return rc ? rc : mf_wire_end(out, mark);
}
