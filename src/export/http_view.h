/*
 * An HTTP flow's request and response as formats need them: the fields of an
 * exporter of this project and of the published schema read in one way.
 *
 * All spans lie in the flow's snapshot and may be empty; bytes of header
 * fields are as they came.
 *
 * Thread:  any.
 * Units:   times are ns since the Unix epoch, UTC, 0: not told.
 */
#ifndef MF_EXPORT_HTTP_VIEW_H
#define MF_EXPORT_HTTP_VIEW_H

#include "base/cursor.h"
#include "flow/flow.h"
#include "flow/lookup.h"

struct mf_http_half {
    bool is_there;
    bool is_request;
    struct mf_span message;     /* the whole Request or Response */
    struct mf_span method;      /* of requests, as the next three */
    struct mf_span wire_method; /* any bytes */
    struct mf_span url;
    struct mf_span pretty_url;
    uint32_t status; /* of responses, as the next */
    struct mf_span reason;
    struct mf_span http_version;
    int64_t start_ns;
    int64_t end_ns;

    /* The body. mf_http_body() and mf_http_wire_body() read it. */
    struct mf_span content;
    struct mf_span raw_content;
    uint64_t wire_len;       /* of all of it, on the wire where that is known */
    bool is_cut;             /* the exporter kept the beginning, or nothing */
    bool is_changed;         /* by a rule of the exporter's */
    bool is_streamed;        /* mitmproxy did not keep it */
    struct mf_span left_out; /* why the exporter left it out; empty: it did
                                not */

    uint32_t header_field; /* of `message`: HeaderFields or map entries */
    uint32_t trailer_field;
};

/* Read a half of an HTTP flow; of any other flow nothing is there. */
void mf_http_half(const struct mf_flow *flow, enum mf_half which,
                  struct mf_http_half *ret_half);

/* Steps through header fields or trailers, in order. */
struct mf_http_fields {
    struct mf_cursor cursor;
    uint32_t number;
};
struct mf_http_fields mf_http_headers(const struct mf_http_half *half);
struct mf_http_fields mf_http_trailers(const struct mf_http_half *half);
bool mf_http_fields_next(struct mf_http_fields *fields,
                         struct mf_span *ret_name, struct mf_span *ret_value);

/* The first value of a header field, whatever the case of its name; empty:
 * there is none. */
struct mf_span mf_http_header(const struct mf_http_half *half,
                              const char *name);
bool mf_http_is_name(struct mf_span name, const char *want);

/*
 * The body with its content encodings undone, in the flow or in `scratch`
 * (which the caller has made; its maximum bounds what is decoded). 0, or why
 * it is not whole: what came until there is given with MF_EFULL and MF_ETRUNC,
 * and what was on the wire with MF_EUNSUPPORTED and MF_ECORRUPT. MF_ENOMEM:
 * nothing is given.
 */
int mf_http_body(const struct mf_http_half *half, struct mf_buf *scratch,
                 struct mf_span *ret_body);

/* The body as it was on the wire; false: only the decoded one was kept
 * (an exporter of the published schema, or a rule changed it), and that is
 * given. */
bool mf_http_wire_body(const struct mf_http_half *half,
                       struct mf_span *ret_body);

/* ---- connections ---- */

struct mf_http_conn {
    bool is_there;
    struct mf_span message; /* the whole ClientConn or ServerConn */
    struct mf_span id;
    struct mf_span peer_host;
    uint32_t peer_port;
    struct mf_span sock_host;
    uint32_t sock_port;
    struct mf_span address_host; /* of servers: as it was asked for */
    uint32_t address_port;
    bool is_tls;
    struct mf_span sni, alpn, cipher, error;
    int64_t start_ns, end_ns, tls_ns, tcp_ns;
};

/* Of any flow. */
void mf_http_client(const struct mf_flow *flow, struct mf_http_conn *ret_conn);
void mf_http_server(const struct mf_flow *flow, struct mf_http_conn *ret_conn);

/* The flow's own message: HTTPFlow, DNSFlow, TCPFlow or UDPFlow. */
struct mf_span mf_flow_own_message(const struct mf_flow *flow);
/* Its FlowMeta. */
struct mf_span mf_flow_meta(const struct mf_flow *flow);

#endif
