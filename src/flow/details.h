/*
 * What a flow's parser found, for its friends in this folder.
 *
 * Every span lies inside the flow's snapshot and may be empty. Spans of
 * string fields of an exported flow are UTF-8; nothing relies on it.
 */
#ifndef MF_FLOW_DETAILS_H
#define MF_FLOW_DETAILS_H

#include <stdatomic.h>

#include "codec/encoding.h"
#include "flow/half_numbers.h"
#include "flow/lookup.h"
#include "pb/wire.h"

/* Field numbers that differ between Request and Response. */
struct mf_flow__half_fields {
    uint32_t headers;
    uint32_t content;
    uint32_t http_version;
    uint32_t trailers;
    uint32_t start;
    uint32_t end;
    uint32_t truncated;
};
extern const struct mf_flow__half_fields mf_flow__request_fields;
extern const struct mf_flow__half_fields mf_flow__response_fields;

/* A request or a response. */
struct mf_flow__half {
    struct mf_span message; /* all of it */
    bool is_there;
    struct mf_span http_version;
    struct mf_span content;
    struct mf_span raw_content;
    uint64_t body_len; /* on the wire */
    bool is_cut;       /* not all of the body was kept */
    bool has_content_type;
    struct mf_span content_type;
    int64_t start_ns;
    int64_t end_ns;
};

struct mf_flow__details {
    struct mf_span error;
    struct mf_span client; /* the whole ClientConn */
    struct mf_span server; /* the whole ServerConn */
    struct mf_span proxy_mode;
    struct mf_span client_host;
    struct mf_span server_host;
    struct mf_span sni;
    uint32_t client_port;
    uint32_t server_port;
    bool tls;
    bool is_udp; /* to the client */
    int64_t client_start_ns;
    double duration_ms;
    uint64_t client_bytes;
    uint64_t server_bytes;
    uint64_t message_count;
    struct mf_flow__half request; /* HTTP only, as the next two */
    struct mf_flow__half response;
    struct mf_span reason;
    struct mf_span response_type;
    struct mf_span dns_request; /* DNS only, as the rest */
    struct mf_span dns_response;
    bool has_dns_request;
    bool has_dns_response;
    struct mf_span question_name;
    struct mf_span question_type;
    uint32_t response_code;
};

struct mf_flow {
    atomic_uint refs;
    enum mf_flow_type type;
    enum mf_flow_state state;
    struct mf_span id;
    int64_t start_ns;
    struct mf_span body; /* the HTTPFlow, DNSFlow, TCPFlow or UDPFlow */
    struct mf_span comment;
    struct mf_flow_facts facts;
    struct mf_flow__details details;
    size_t snapshot_len;
    uint8_t snapshot[];
};

/* How much of a text a FlowSummary has, in bytes. */
enum {
    MF_SUMMARY_URL_MAX_LEN = 8192,
    MF_SUMMARY_TEXT_MAX_LEN = 1024,
    MF_SUMMARY_METHOD_MAX_LEN = 128,
};

/* Field number of HttpFlowSummary and its like. */
uint32_t mf_flow__summary_field(enum mf_flow_type type);

/* Append a DnsFlowSummary's answers; nothing for other flows. */
int mf_flow__put_answers(const struct mf_flow *flow, struct mf_buf *out);

/* True if `event`, an EventType, ends a flow of `type`. */
/* A new flow's state: after that event. */
void mf_flow__set_event(struct mf_flow *flow, uint64_t event);

bool mf_flow__ends(enum mf_flow_type type, uint64_t event);

/* Field number of the messages of a flow of `type`; 0: it has none. */
uint32_t mf_flow__messages_field(enum mf_flow_type type);

static inline const struct mf_flow__half *
mf_flow__half_of(const struct mf_flow *flow, enum mf_half half)
{
    return half == MF_HALF_REQUEST ? &flow->details.request
                                   : &flow->details.response;
}

static inline const struct mf_flow__half_fields *
mf_flow__fields_of(enum mf_half half)
{
    return half == MF_HALF_REQUEST ? &mf_flow__request_fields
                                   : &mf_flow__response_fields;
}

static inline struct mf_span mf_flow__span(const struct mf_wire_field *field)
{
    bool is_text = field->type == MF_WIRE_LEN;
    return (struct mf_span){(const char *)field->data,
                            is_text ? field->len : 0};
}

/* A Timestamp field in ns; 0 if it is none. */
static inline int64_t mf_flow__time(const struct mf_wire_field *field)
{
    return field->type == MF_WIRE_LEN
               ? mf_wire_timestamp_ns(field->data, field->len)
               : 0;
}

/* At most `max` bytes of UTF-8 text, not ending inside a character. */
static inline struct mf_span mf_flow__cut(struct mf_span text, size_t max)
{
    if (text.len <= max)
        return text;
    while (max && ((uint8_t)text.text[max] & 0xc0) == 0x80)
        max--;
    return (struct mf_span){text.text, max};
}

static inline struct mf_cursor mf_flow__cursor(struct mf_span span)
{
    return mf_cursor_make(span.text, span.len);
}

/*
 * Step through the header or trailer lines of a half: `numbered` is the
 * field of HeaderField messages, `map` that of map entries; both give name
 * and value as fields 1 and 2. False at the end.
 */
bool mf_flow__next_line(struct mf_cursor *cursor, uint32_t numbered,
                        uint32_t map, struct mf_span *ret_name,
                        struct mf_span *ret_value);

/* One such line; `field` is of the type MF_WIRE_LEN. */
void mf_flow__read_line(const struct mf_wire_field *field,
                        struct mf_span *ret_name, struct mf_span *ret_value);

/* False if the line's name has certainly not this length: looked at for every
 * header of every flow. */
static inline bool mf_flow__may_be_header(const struct mf_wire_field *field,
                                          size_t name_len)
{
    const uint8_t *at = field->data;
    enum { NAME_TAG = 0x0a, VALUE_TAG = 0x12 };
    /* Name and value as every encoder writes them: one of each, in order. */
    if (field->len < 4 || at[0] != NAME_TAG || at[1] >= 0x80 ||
        (size_t)at[1] + 4 > field->len || at[2 + at[1]] != VALUE_TAG)
        return true;
    size_t value = 3 + (size_t)at[1], rest = field->len - value;
    bool is_all =
        (at[value] < 0x80 && at[value] + (size_t)1 == rest) ||
        (rest > 2 && at[value] >= 0x80 && at[value + 1] < 0x80 &&
         (at[value] & 0x7fu) + ((size_t)at[value + 1] << 7) + 2 == rest);
    return !is_all || at[1] == name_len;
}

/* Whether a header's name is this lower-case text, whatever its case. */
bool mf_flow__is_name(struct mf_span span, const char *lower);

/* The first value of header `name` (lower case); empty if there is none. */
struct mf_span mf_flow__header(const struct mf_flow__half *half,
                               const struct mf_flow__half_fields *fields,
                               const char *name);

/* All its Content-Encodings, in order. */
struct mf_encoding_list
mf_flow__encodings(const struct mf_flow__half *half,
                   const struct mf_flow__half_fields *fields);

/*
 * Append `text`, cut on a character boundary at `max` bytes; bytes that are
 * not UTF-8 are read as ISO-8859-1. put_text() makes it field `number` and
 * leaves out empty text. 0, MF_EFULL or MF_ENOMEM.
 */
int mf_flow__append_text(struct mf_buf *out, struct mf_span text, size_t max);
int mf_flow__put_text(struct mf_buf *out, uint32_t number, struct mf_span text,
                      size_t max);

/*
 * The data of a DNSResourceRecord as text: an address for A and AAAA, a
 * name for CNAME, NS, PTR and MX, text for TXT; else nothing. `packed` is
 * the DNS message that compressed names point into. Always UTF-8, no NUL.
 * Returns its length; at most `max`, at least 64.
 */
size_t mf_flow__dns_data_text(struct mf_span type, struct mf_span data,
                              struct mf_span packed, char *text, size_t max);

#endif
