#include "flow/lookup.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "codec/encoding.h"
#include "flow/details.h"

bool mf_flow_has_half(const struct mf_flow *flow, enum mf_half half)
{
    if (flow->type == MF_FLOW_HTTP)
        return mf_flow__half_of(flow, half)->is_there;
    if (flow->type != MF_FLOW_DNS)
        return false;
    return half == MF_HALF_REQUEST ? flow->details.has_dns_request
                                   : flow->details.has_dns_response;
}

struct mf_flow_headers mf_flow_headers(const struct mf_flow *flow,
                                       enum mf_half half)
{
    return (struct mf_flow_headers){
        mf_flow__cursor(mf_flow__half_of(flow, half)->message),
        mf_flow__fields_of(half)->headers,
    };
}

bool mf_flow_headers_next(struct mf_flow_headers *headers,
                          struct mf_span *ret_name, struct mf_span *ret_value)
{
    return mf_flow__next_line(&headers->cursor, MF_HALF_HEADER_FIELDS,
                              headers->map, ret_name, ret_value);
}

bool mf_flow_is_content_type(struct mf_span header_name)
{
    static const char name[] = "content-type";
    return header_name.len == sizeof name - 1 &&
           strncasecmp(header_name.text, name, sizeof name - 1) == 0;
}

int mf_flow_put_header_lines(const struct mf_flow *flow, enum mf_half half,
                             struct mf_buf *out)
{
    struct mf_flow_headers headers = mf_flow_headers(flow, half);
    struct mf_span name, value;
    int rc = 0;
    while (!rc && mf_flow_headers_next(&headers, &name, &value)) {
        rc = mf_buf_append(out, name.text, name.len);
        if (!rc)
            rc = mf_buf_append(out, ": ", 2);
        if (!rc)
            rc = mf_buf_append(out, value.text, value.len);
        if (!rc)
            rc = mf_buf_append(out, "\r\n", 2);
    }
    return rc;
}

bool mf_flow_body(const struct mf_flow *flow, enum mf_half half,
                  struct mf_buf *scratch, struct mf_span *ret_body)
{
    const struct mf_flow__half *side = mf_flow__half_of(flow, half);
    if (!side->is_there)
        return false;
    *ret_body = side->content;
    if (side->content.len)
        return true;
    if (!side->raw_content.len)
        return side->body_len == 0;
    const struct mf_encoding_list encodings =
        mf_flow__encodings(side, mf_flow__fields_of(half));
    struct mf_span encoding = mf_encoding_list_value(&encodings);
    int rc = mf_encoding_decode_all(encoding.text, encoding.len,
                                    side->raw_content.text,
                                    side->raw_content.len, scratch);
    if (rc == MF_ENOMEM)
        return false;
    bool is_decoded = rc == 0 || rc == MF_EFULL || rc == MF_ETRUNC;
    *ret_body = is_decoded
                    ? (struct mf_span){(char *)scratch->data, scratch->len}
                    : side->raw_content;
    return true;
}

bool mf_flow_lacks_body(const struct mf_flow *flow)
{
    return flow->details.request.is_cut || flow->details.response.is_cut;
}

/* ---- hosts ---- */

static bool starts_with(struct mf_span text, struct mf_span head)
{
    return head.len && text.len >= head.len &&
           memcmp(text.text, head.text, head.len) == 0;
}

static bool is_port(const char *text, size_t len)
{
    enum { DIGITS_MAX = 5, PORT_MAX = 65535 };
    unsigned port = 0;
    if (len == 0 || len > DIGITS_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    return port <= PORT_MAX;
}

static bool is_ipv6(struct mf_span text)
{
    char terminated[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (text.len >= sizeof terminated)
        return false;
    memcpy(terminated, text.text, text.len);
    terminated[text.len] = '\0';
    return inet_pton(AF_INET6, terminated, &address) == 1;
}

/* What else tells where a host ends: mitmproxy writes IPv6 addresses without
 * brackets, so that 1::2:3 may be 1::2 and a port. */
struct host_hints {
    struct mf_flow_peer server;
    struct mf_span bracketed; /* in the Host header; empty: nothing is */
};

static bool is_same(struct mf_span a, struct mf_span b)
{
    return a.len == b.len && starts_with(a, b);
}

static bool is_number(struct mf_span text, uint32_t number)
{
    char digits[16];
    int len = snprintf(digits, sizeof digits, "%u", number);
    return is_same(text, (struct mf_span){digits, (size_t)len});
}

/* memrchr() is not everywhere. */
static const char *last_colon(struct mf_span text)
{
    for (size_t i = text.len; i > 0; i--)
        if (text.text[i - 1] == ':')
            return text.text + i - 1;
    return NULL;
}

static struct mf_span without_port(struct mf_span authority,
                                   const struct host_hints *hints)
{
    const char *colon = last_colon(authority);
    if (!colon)
        return authority;
    struct mf_span head = {authority.text, (size_t)(colon - authority.text)};
    struct mf_span port = {colon + 1, authority.len - head.len - 1};
    if (!is_port(port.text, port.len))
        return authority;
    bool is_bracketed =
        head.len && head.text[0] == '[' && head.text[head.len - 1] == ']';
    if (is_bracketed || !memchr(head.text, ':', head.len) ||
        is_same(head, hints->server.host) || is_same(head, hints->bracketed))
        return head;
    if (is_ipv6(authority) && !is_number(port, hints->server.port))
        return authority;
    return is_ipv6(head) ? head : authority;
}

static struct mf_span host_of_url(struct mf_span url,
                                  const struct host_hints *hints)
{
    const char *scheme_end =
        url.len ? memmem(url.text, url.len, "://", 3) : NULL;
    if (scheme_end) {
        size_t skip = (size_t)(scheme_end - url.text) + 3;
        url = mf_span_after(url, skip);
        const char *slash = url.len ? memchr(url.text, '/', url.len) : NULL;
        if (slash)
            url.len = (size_t)(slash - url.text);
    }
    return without_port(url, hints);
}

struct mf_span mf_flow_host(const struct mf_flow *flow)
{
    const struct host_hints hints = {.server = mf_flow_server(flow)};
    return host_of_url(flow->facts.url, &hints);
}

struct mf_span mf_flow_pretty_host(const struct mf_flow *flow)
{
    struct host_hints hints = {.server = mf_flow_server(flow)};
    if (!flow->facts.pretty_url.len)
        return mf_flow_host(flow);
    struct mf_span header = mf_flow__header(&flow->details.request,
                                            &mf_flow__request_fields, "host");
    const char *end = header.len && header.text[0] == '['
                          ? memchr(header.text, ']', header.len)
                          : NULL;
    if (end)
        hints.bracketed =
            (struct mf_span){header.text + 1, (size_t)(end - header.text) - 1};
    return host_of_url(flow->facts.pretty_url, &hints);
}

/* ---- messages ---- */

struct mf_flow_messages mf_flow_messages(const struct mf_flow *flow)
{
    return (struct mf_flow_messages){
        mf_flow__cursor(flow->body),
        mf_flow__messages_field(flow->type),
    };
}

bool mf_flow_messages_next(struct mf_flow_messages *messages,
                           struct mf_flow_message *ret_message)
{
    struct mf_wire_field message, field;
    while (messages->number && mf_wire_next(&messages->cursor, &message)) {
        if (message.number != messages->number || message.type != MF_WIRE_LEN)
            continue;
        *ret_message = (struct mf_flow_message){{"", 0}, false};
        struct mf_cursor cursor = mf_cursor_make(message.data, message.len);
        while (mf_wire_next(&cursor, &field)) {
            if (field.number == 1)
                ret_message->content = mf_flow__span(&field);
            else if (field.number == 3)
                ret_message->from_client = field.value != 0;
        }
        return true;
    }
    return false;
}

/* ---- any flow ---- */

struct mf_flow_peer mf_flow_client(const struct mf_flow *flow)
{
    return (struct mf_flow_peer){flow->details.client_host,
                                 flow->details.client_port};
}

struct mf_flow_peer mf_flow_server(const struct mf_flow *flow)
{
    return (struct mf_flow_peer){flow->details.server_host,
                                 flow->details.server_port};
}

struct mf_span mf_flow_error(const struct mf_flow *flow)
{
    return flow->details.error;
}

struct mf_span mf_flow_comment(const struct mf_flow *flow)
{
    return flow->comment;
}

/* The last FlowMeta, as a parser of proto3 would merge them but for fields
 * that only an earlier one has; exporters send one. */
static struct mf_span meta_of(const struct mf_flow *flow)
{
    struct mf_wire_field meta;
    return mf_wire_find(flow->snapshot, flow->snapshot_len, 100, &meta)
               ? mf_flow__span(&meta)
               : (struct mf_span){"", 0};
}

static struct mf_span meta_text(const struct mf_flow *flow, uint32_t number)
{
    struct mf_span meta = meta_of(flow);
    struct mf_wire_field field;
    return mf_wire_find((const uint8_t *)meta.text, meta.len, number, &field)
               ? mf_flow__span(&field)
               : (struct mf_span){"", 0};
}

struct mf_span mf_flow_marker(const struct mf_flow *flow)
{
    return meta_text(flow, 2);
}

struct mf_span mf_flow_replayed(const struct mf_flow *flow)
{
    return meta_text(flow, 3);
}

enum { METADATA = 6 };

bool mf_flow_has_metadata(const struct mf_flow *flow)
{
    struct mf_span meta = meta_of(flow);
    struct mf_wire_field field;
    return mf_wire_find((const uint8_t *)meta.text, meta.len, METADATA, &field);
}

int mf_flow_put_metadata(const struct mf_flow *flow, struct mf_buf *out)
{
    struct mf_cursor cursor = mf_flow__cursor(meta_of(flow));
    struct mf_span key, value;
    bool is_first = true;
    int rc = 0;
    while (!rc &&
           mf_flow__next_line(&cursor, METADATA, METADATA, &key, &value)) {
        rc = is_first ? 0 : mf_buf_append_byte(out, '\n');
        is_first = false;
        if (!rc)
            rc = mf_buf_append(out, key.text, key.len);
        if (!rc)
            rc = mf_buf_append(out, ": ", 2);
        if (!rc)
            rc = mf_buf_append(out, value.text, value.len);
    }
    return rc;
}

uint64_t mf_flow_size(const struct mf_flow *flow)
{
    return flow->details.client_bytes + flow->details.server_bytes;
}

double mf_flow_duration_ms(const struct mf_flow *flow)
{
    return flow->details.duration_ms;
}
