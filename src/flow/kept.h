/*
 * What was kept of one body (or message) of a flow, and what is told of it.
 *
 * Spans live as long as the flow.
 *
 * Thread:  any.
 */
#ifndef MF_FLOW_KEPT_H
#define MF_FLOW_KEPT_H

#include "codec/encoding.h"
#include "flow/lookup.h"

struct mf_kept_body {
    struct mf_span wire;         /* as it was on the wire */
    struct mf_span decoded;      /* without content encodings, where an exporter
                                    sent it so; then `wire` is empty */
    struct mf_span content_type; /* as declared; may be empty */
    struct mf_encoding_list encodings;
    struct mf_span left_out; /* why there is none here; empty: nothing is */
    uint64_t wire_size;      /* bytes, of the whole */
    bool is_cut;             /* only its beginning was kept */
    bool is_changed;         /* by the exporter: redacted */
};

/* Of an HTTP request or response, or of a DNS message (as it was packed).
 * False: there is no such half. */
bool mf_flow_kept_body(const struct mf_flow *flow, enum mf_half half,
                       struct mf_kept_body *ret_body);

/* Of a WebSocket, TCP or UDP message, as mf_messages_next() steps to it. */
struct mf_kept_message {
    struct mf_span content;
    bool from_client;
    bool is_text; /* a WebSocket text message */
};
struct mf_kept_message mf_flow_kept_message(struct mf_span message);

/* The trailer fields of a half, to be stepped through as header fields. */
struct mf_flow_trailers {
    struct mf_cursor cursor;
    uint32_t map;
};
struct mf_flow_trailers mf_flow_trailers(const struct mf_flow *flow,
                                         enum mf_half half);
bool mf_flow_trailers_next(struct mf_flow_trailers *trailers,
                           struct mf_span *ret_name, struct mf_span *ret_value);

#endif
