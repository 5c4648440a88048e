#include "service/connections.h"

#include "pb/wire.h"
#include "service/failures.h"

/* Field numbers of mitmflow.v1.FlowConnections and KnownConnection. */
enum {
    CONNECTIONS_CLIENT = 1,
    CONNECTIONS_SERVER = 2,
    KNOWN_EVENT = 1,
    KNOWN_AT = 2,
    KNOWN_OPENED = 3,
    KNOWN_CLOSED = 4,
    KNOWN_ERROR = 5,
    KNOWN_CLIENT = 6,
    KNOWN_SERVER = 7,
};

static int put(struct mf_context *context, const char *source,
               const struct mf_connection *connection, uint64_t *ret_ticket,
               struct mf_err *err)
{
    int rc =
        mf_store_put_connection(context->store, connection, source, ret_ticket);
    if (rc)
        return mf_err_set(err, rc, "%s", mf_err_message(rc));
    return mf_connection_has_failed(connection)
               ? mf_failures_take(context->failures, source, connection,
                                  ret_ticket, err)
               : 0;
}

int mf_connections_take(struct mf_context *context, const char *source,
                        const uint8_t *message, size_t len,
                        uint64_t *ret_ticket, struct mf_err *err)
{
    struct mf_connection connection;
    int rc = mf_connection_from_export(message, len, &connection, err);
    if (rc)
        return rc;
    rc = put(context, source, &connection, ret_ticket, err);
    mf_connection_release(&connection);
    return rc;
}

/* ---- told with flows ---- */

static int put_known(const struct mf_known_connection *known, uint32_t number,
                     struct mf_buf *out)
{
    size_t mark;
    int rc = mf_wire_begin(out, number, &mark);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, KNOWN_EVENT, known->event);
    if (!rc)
        rc = mf_wire_put_timestamp_opt(out, KNOWN_AT, known->at_ns);
    if (!rc)
        rc = mf_wire_put_timestamp_opt(out, KNOWN_OPENED, known->opened_ns);
    if (!rc)
        rc = mf_wire_put_timestamp_opt(out, KNOWN_CLOSED, known->closed_ns);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, KNOWN_ERROR, known->error.text,
                                   known->error.len);
    if (!rc)
        rc = mf_wire_put_bytes_opt(
            out, known->is_server ? KNOWN_SERVER : KNOWN_CLIENT,
            known->conn.text, known->conn.len);
    return rc ? rc : mf_wire_end(out, mark);
}

static int put_one(struct mf_reader *reader, struct mf_span id,
                   const char *source, uint32_t number, struct mf_buf *out,
                   struct mf_err *err)
{
    struct mf_known_connection known;
    int rc = mf_reader_connection(reader, id, source, &known, err);
    if (rc != 1)
        return rc;
    rc = put_known(&known, number, out);
    mf_known_connection_release(&known);
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
}

int mf_connections_put(struct mf_reader *reader, const struct mf_record *record,
                       uint32_t number, struct mf_buf *out, struct mf_err *err)
{
    const struct mf_flow *flow = mf_record_flow(record);
    const char *source = mf_record_head(record)->source;
    struct mf_buf both;
    mf_buf_init(&both, SIZE_MAX);
    int rc = put_one(reader, mf_flow_client_id(flow), source,
                     CONNECTIONS_CLIENT, &both, err);
    if (!rc)
        rc = put_one(reader, mf_flow_server_id(flow), source,
                     CONNECTIONS_SERVER, &both, err);
    if (!rc && both.len &&
        (rc = mf_wire_put_bytes(out, number, both.data, both.len)))
        mf_err_set(err, rc, "%s", mf_err_message(rc));
    mf_buf_release(&both);
    return rc;
}
