/*
 * What exporters tell of connections: taken in, kept, and told with the flows
 * that had them.
 */
#ifndef MF_SERVICE_CONNECTIONS_H
#define MF_SERVICE_CONNECTIONS_H

#include "service/context.h"

/*
 * Take an ExportFlowRequest that has a `connection`: kept beside flows, and
 * as a flow of its own if it failed (failures.h). Both are durable with
 * *ret_ticket. On the loop. Errors as mf_connection_from_export() and
 * mf_store_put(), told in `err`.
 */
int mf_connections_take(struct mf_context *context, const char *source,
                        const uint8_t *message, size_t len,
                        uint64_t *ret_ticket, struct mf_err *err);

/*
 * Append what is known of the flow's connections, as field `number`, a
 * mitmflow.v1.FlowConnections; nothing if nothing is known. On a pool thread.
 */
int mf_connections_put(struct mf_reader *reader, const struct mf_record *record,
                       uint32_t number, struct mf_buf *out, struct mf_err *err);

#endif
