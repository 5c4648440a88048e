/*
 * mf_connection: what an exporter told of a connection, whether or not a flow
 * came of it: a mitmproxy.v1.ConnectionEvent.
 *
 * Thread:  any.
 * Units:   times are ns since the Unix epoch, UTC; 0: not told.
 */
#ifndef MF_FLOW_CONNECTION_H
#define MF_FLOW_CONNECTION_H

#include "flow/flow.h"

enum {
    MF_CONNECTION_ID_MAX_LEN = 255,
    MF_CONNECTION_KEPT_MAX_LEN = 4096,
    MF_CONNECTION_ERROR_MAX_LEN = 1024,
};

struct mf_connection {
    uint32_t event; /* mitmproxy.v1.EventType */
    bool is_server; /* between the proxy and a server; else a client */
    struct mf_span id;
    int64_t at_ns;
    int64_t opened_ns;
    int64_t closed_ns;
    struct mf_span error;          /* cut to its maximum */
    struct mf_span client, server; /* as they came; empty: absent */
    /* Owned: the connection without certificates and offers; empty if it is
     * longer than its maximum even so. */
    struct mf_buf kept;
};

/*
 * Read an ExportFlowRequest that has a `connection`. Borrows `message` for
 * the life of *ret_connection.
 *
 *  MF_ECORRUPT  not a well-formed message
 *  MF_EINVAL    whole but unusable: no connection, or none with an id of 1 to
 *               255 bytes
 *  MF_EUTF8     whole but unusable: a string field is not UTF-8
 *  MF_ENOMEM
 */
int mf_connection_from_export(const uint8_t *message, size_t len,
                              struct mf_connection *ret_connection,
                              struct mf_err *err);
void mf_connection_release(struct mf_connection *connection);

/* The connection, or TLS on it, did not come about. */
bool mf_connection_has_failed(const struct mf_connection *connection);

/*
 * The failure as a flow of its own, for lists: a TCPFlow (UDPFlow over UDP)
 * that has ended, with the connections, an error that tells which of them
 * failed and why, and an id made from the connection's, so that the same
 * failure makes the same flow. Of a client that came with no server, the
 * server is the name that it asked for. Errors as mf_flow_from_export().
 */
int mf_connection_failure_flow(const struct mf_connection *connection,
                               struct mf_flow **ret_flow, struct mf_err *err);

/* Whether a flow with this id is such a one. */
bool mf_connection_is_failure_id(struct mf_span id);

/* Ids of a flow's connections; empty if it does not tell. */
struct mf_span mf_flow_client_id(const struct mf_flow *flow);
struct mf_span mf_flow_server_id(const struct mf_flow *flow);

#endif
