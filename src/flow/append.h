/*
 * mf_append: messages that a growing flow has gained, as an exporter sent
 * them: a mitmproxy.v1.FlowAppend.
 */
#ifndef MF_FLOW_APPEND_H
#define MF_FLOW_APPEND_H

#include "flow/flow.h"

struct mf_append {
    struct mf_span flow_id; /* spans are inside the message */
    /* By which messages there are, or else by the event; 0: neither tells. */
    enum mf_flow_type type;
    uint64_t first_index;
    uint64_t count;
    /* The messages as fields of the flow's own message (HTTPFlow
     * websocket_messages, TCPFlow messages, UDPFlow messages), tags included,
     * so that they can be appended to one. */
    struct mf_buf messages; /* owned */
    uint64_t client_bytes;
    uint64_t server_bytes;
    int64_t last_ns;          /* time of the last message; 0: not told */
    enum mf_flow_state state; /* MF_FLOW_ENDED if the event ends the flow */
    /* Further fields of the flow's own message, and of its FlowMeta, that
     * the append brings (error, duration_ms, websocket_close; error_at). */
    struct mf_buf fields; /* owned */
    double duration_ms;   /* of these, as the next; 0: not told */
    struct mf_span error;
    struct mf_buf meta; /* owned */
};

/*
 * Read an ExportFlowRequest that has an `append`. Borrows `message` for the
 * life of *ret_append. Errors as mf_flow_from_export(); MF_ENOENT: it has
 * none.
 */
int mf_append_from_export(const uint8_t *message, size_t len,
                          struct mf_append *ret_append, struct mf_err *err);
void mf_append_release(struct mf_append *append);

#endif
