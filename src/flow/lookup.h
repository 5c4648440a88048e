/*
 * Parts of a flow that filters look at, read out of its snapshot as they are
 * asked for. Spans live as long as the flow; empty where there is nothing.
 *
 * Thread:  any.
 */
#ifndef MF_FLOW_LOOKUP_H
#define MF_FLOW_LOOKUP_H

#include "base/cursor.h"
#include "flow/flow.h"

enum mf_half { MF_HALF_REQUEST, MF_HALF_RESPONSE };

/* More of a decoded body than this is not searched. */
enum { MF_BODY_SEARCHED_MAX_LEN = 16 << 20 };

/* An HTTP or DNS request or response is there. */
bool mf_flow_has_half(const struct mf_flow *flow, enum mf_half half);

/* ---- HTTP ---- */

/* Steps through the header fields of a half, in order of arrival. */
struct mf_flow_headers {
    struct mf_cursor cursor;
    uint32_t map; /* field number of a published exporter's header map */
};
struct mf_flow_headers mf_flow_headers(const struct mf_flow *flow,
                                       enum mf_half half);
bool mf_flow_headers_next(struct mf_flow_headers *headers,
                          struct mf_span *ret_name, struct mf_span *ret_value);

/* True for "content-type", whatever its case. */
bool mf_flow_is_content_type(struct mf_span header_name);

/* Append all header fields, each as "name: value\r\n". 0, MF_EFULL or
 * MF_ENOMEM. */
int mf_flow_put_header_lines(const struct mf_flow *flow, enum mf_half half,
                             struct mf_buf *out);

/*
 * The body without its content encodings. It is in the flow or in `scratch`,
 * which the caller has made; at most MF_BODY_SEARCHED_MAX_LEN bytes of a
 * decoded one. What cannot be decoded is given as it was on the wire, as
 * mitmproxy does; of one that is only cut short comes what there is.
 * False: no body was kept, or (rarely) memory is out.
 */
bool mf_flow_body(const struct mf_flow *flow, enum mf_half half,
                  struct mf_buf *scratch, struct mf_span *ret_body);

/* True if a part of the traffic was not kept: a body cut or streamed. */
bool mf_flow_lacks_body(const struct mf_flow *flow);

/* The host in the URL, and in the pretty URL: what the client named. */
struct mf_span mf_flow_host(const struct mf_flow *flow);
struct mf_span mf_flow_pretty_host(const struct mf_flow *flow);

/* ---- WebSocket, TCP and UDP messages ---- */

struct mf_flow_message {
    struct mf_span content;
    bool from_client;
};

struct mf_flow_messages {
    struct mf_cursor cursor;
    uint32_t number;
};
struct mf_flow_messages mf_flow_messages(const struct mf_flow *flow);
bool mf_flow_messages_next(struct mf_flow_messages *messages,
                           struct mf_flow_message *ret_message);

/* ---- DNS ---- */

/* The name of the request's first question; NULL: it has none. */
struct mf_span mf_flow_asked_name(const struct mf_flow *flow);

/*
 * Append what mitmproxy writes for a DNS message: the names of its questions
 * and the data of its records, joined by "\r\n". 0, MF_EFULL or MF_ENOMEM.
 */
int mf_flow_put_dns_text(const struct mf_flow *flow, enum mf_half half,
                         struct mf_buf *out);

/* ---- any flow ---- */

struct mf_flow_peer {
    struct mf_span host;
    uint32_t port;
};
struct mf_flow_peer mf_flow_client(const struct mf_flow *flow);
struct mf_flow_peer mf_flow_server(const struct mf_flow *flow);

struct mf_span mf_flow_error(const struct mf_flow *flow);
struct mf_span mf_flow_comment(const struct mf_flow *flow);
struct mf_span mf_flow_marker(const struct mf_flow *flow);
struct mf_span mf_flow_replayed(const struct mf_flow *flow);
bool mf_flow_has_metadata(const struct mf_flow *flow);

/* Append the metadata as lines of "key: value" without a last line's end.
 * 0, MF_EFULL or MF_ENOMEM. */
int mf_flow_put_metadata(const struct mf_flow *flow, struct mf_buf *out);

/* Bytes of bodies and messages, both ways. */
uint64_t mf_flow_size(const struct mf_flow *flow);
double mf_flow_duration_ms(const struct mf_flow *flow);

#endif
