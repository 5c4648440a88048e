/*
 * mf_flow: one snapshot of a flow as its exporter sent it, with the facts
 * that lists, filters and the store need read out of it.
 *
 * Immutable once made, shared by reference count.
 *
 * Thread:  any; the count is atomic.
 * Units:   times are ns since the Unix epoch, UTC; sizes are bytes.
 */
#ifndef MF_FLOW_FLOW_H
#define MF_FLOW_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

enum mf_flow_type {
    MF_FLOW_HTTP = 1, /* the field numbers of mitmproxy.v1.Flow */
    MF_FLOW_DNS = 2,
    MF_FLOW_TCP = 3,
    MF_FLOW_UDP = 4,
};

/* mitmflow.v1.FlowState */
enum mf_flow_state {
    MF_FLOW_LIVE = 1,
    MF_FLOW_ENDED = 2,
    MF_FLOW_CUT_OFF = 3,
};

struct mf_flow;

/*
 * Read an ExportFlowRequest. `message` is borrowed and copied in part: the
 * bytes of its mitmproxy.v1.Flow are kept as they came, unknown fields too.
 *
 *  MF_ECORRUPT  not a well-formed message
 *  MF_EINVAL    whole but unusable: no flow, no id or one of over 64 KiB, an
 *               unknown flow type
 *  MF_EUTF8     whole but unusable: a string field is not UTF-8
 *  MF_ENOMEM
 *
 * The state is MF_FLOW_ENDED if the event type ends a flow of its kind
 * (RESPONSE not when is_websocket or status 101), else MF_FLOW_LIVE.
 */
int mf_flow_from_export(const uint8_t *message, size_t len,
                        struct mf_flow **ret_flow, struct mf_err *err);

/* The same from stored bytes of a mitmproxy.v1.Flow and a stored state. */
int mf_flow_from_snapshot(const uint8_t *snapshot, size_t len,
                          enum mf_flow_state state, struct mf_flow **ret_flow,
                          struct mf_err *err);

/* The type of a stored snapshot, without reading the rest; 0: not told. */
enum mf_flow_type mf_flow_snapshot_type(struct mf_span snapshot);

struct mf_flow *mf_flow_ref(struct mf_flow *flow);
void mf_flow_unref(struct mf_flow *flow); /* NULL is allowed */

enum mf_flow_type mf_flow_type(const struct mf_flow *flow);
const char *mf_flow_type_name(enum mf_flow_type type); /* "http" ... */
enum mf_flow_state mf_flow_state(const struct mf_flow *flow);
struct mf_span mf_flow_id(const struct mf_flow *flow);
int64_t mf_flow_start_ns(const struct mf_flow *flow);

/* The bytes of the mitmproxy.v1.Flow; live as long as the flow. */
const uint8_t *mf_flow_snapshot(const struct mf_flow *flow, size_t *ret_len);

/* Facts for filters; empty or 0 where the flow has no such thing. */
struct mf_flow_facts {
    struct mf_span method;
    struct mf_span url;
    struct mf_span pretty_url;
    struct mf_span client_host;
    struct mf_span content_type; /* of the response; else of the request */
    int32_t status_code;
    bool is_websocket;
};
const struct mf_flow_facts *mf_flow_facts(const struct mf_flow *flow);

/*
 * Append the fields of a mitmflow.v1.FlowSummary that follow from the
 * snapshot (all but number, change, source, pinned, note and state).
 * 0, MF_EFULL or MF_ENOMEM.
 */
int mf_flow_put_summary(const struct mf_flow *flow, struct mf_buf *out);

/*
 * Call `visit` with every text that a search should see: URL, header names
 * and values, bodies (decoded, bounded) and messages that are text, what
 * decoders find in other bodies (flow/text.h), hosts, DNS names and answers,
 * errors, comment. Stops when `visit` returns true. Returns what the last call
 * returned.
 */
bool mf_flow_each_text(const struct mf_flow *flow,
                       bool (*visit)(void *user, const char *text, size_t len),
                       void *user);

#endif
