/* A connection that did not come about, as a flow of its own. */
#include <string.h>

#include "base/clock.h"
#include "flow/connection.h"
#include "flow/details.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"

/* Field numbers; TCPFlow and UDPFlow have the same. */
enum {
    EXPORT_FLOW = 1,
    EXPORT_EVENT = 2,
    FLOW_META = 100,
    META_ERROR_AT = 5,
    TCP_ID = 1,
    TCP_CLIENT = 2,
    TCP_SERVER = 3,
    TCP_START = 5,
    TCP_DURATION = 6,
    TCP_ERROR = 7,
    CONN_TRANSPORT = 7,
    CONN_SNI = 16,
    SERVER_HOST = 20,
};

#define EVENT(name) MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_##name

static const char id_end[] = "-failed";

static struct mf_span text_in(struct mf_span message, uint32_t number)
{
    struct mf_wire_field field;
    return mf_wire_find((const uint8_t *)message.text, message.len, number,
                        &field)
               ? mf_flow__span(&field)
               : (struct mf_span){"", 0};
}

static bool is_udp(struct mf_span conn)
{
    struct mf_cursor cursor = mf_flow__cursor(conn);
    struct mf_wire_field field;
    uint64_t transport = 0;
    while (mf_wire_next(&cursor, &field))
        if (field.number == CONN_TRANSPORT)
            transport = field.value;
    return transport ==
           MITMPROXY__V1__TRANSPORT_PROTOCOL__TRANSPORT_PROTOCOL_UDP;
}

static const char *what_failed(uint32_t event)
{
    if (event == EVENT(TLS_FAILED_CLIENT))
        return "client TLS handshake failed";
    if (event == EVENT(TLS_FAILED_SERVER))
        return "server TLS handshake failed";
    return "server connection failed";
}

/* "what failed: why (name)", the name only where the reason lacks it. */
static int put_error(const struct mf_connection *connection,
                     struct mf_span conn, struct mf_buf *out)
{
    static const char no_reason[] = "no reason told";
    struct mf_span name = text_in(conn, CONN_SNI), error = connection->error;
    const char *what = what_failed(connection->event);
    struct mf_buf text;
    mf_buf_init(&text, SIZE_MAX);
    if (!name.len && connection->is_server)
        name = text_in(conn, SERVER_HOST);
    if (!error.len)
        error = (struct mf_span){no_reason, sizeof no_reason - 1};
    int rc = mf_buf_append(&text, what, strlen(what));
    if (!rc)
        rc = mf_buf_append(&text, ": ", 2);
    if (!rc)
        rc = mf_buf_append(&text, error.text, error.len);
    if (!rc && name.len &&
        !memmem(error.text, error.len, name.text, name.len)) {
        rc = mf_buf_append(&text, " (", 2);
        if (!rc)
            rc = mf_buf_append(&text, name.text, name.len);
        if (!rc)
            rc = mf_buf_append(&text, ")", 1);
    }
    if (!rc)
        rc = mf_wire_put_bytes(out, TCP_ERROR, text.data, text.len);
    mf_buf_release(&text);
    return rc;
}

/* The name that the client asked for is where it wanted to go. */
static int put_server(const struct mf_connection *connection,
                      struct mf_buf *out)
{
    struct mf_span sni = text_in(connection->client, CONN_SNI);
    size_t mark;
    if (connection->server.len)
        return mf_wire_put_bytes(out, TCP_SERVER, connection->server.text,
                                 connection->server.len);
    if (!sni.len)
        return 0;
    int rc = mf_wire_begin(out, TCP_SERVER, &mark);
    if (!rc)
        rc = mf_wire_put_bytes(out, SERVER_HOST, sni.text, sni.len);
    return rc ? rc : mf_wire_end(out, mark);
}

bool mf_connection_is_failure_id(struct mf_span id)
{
    size_t len = sizeof id_end - 1;
    return id.len > len && memcmp(id.text + id.len - len, id_end, len) == 0;
}

static int put_id(const struct mf_connection *connection, struct mf_buf *out)
{
    char id[MF_CONNECTION_ID_MAX_LEN + sizeof id_end];
    memcpy(id, connection->id.text, connection->id.len);
    memcpy(id + connection->id.len, id_end, sizeof id_end - 1);
    return mf_wire_put_bytes(out, TCP_ID, id,
                             connection->id.len + sizeof id_end - 1);
}

static int put_times(const struct mf_connection *connection, struct mf_buf *out)
{
    int64_t at_ns = connection->at_ns, start_ns = connection->opened_ns;
    if (!start_ns || start_ns > at_ns)
        start_ns = at_ns;
    int rc = mf_wire_put_timestamp_opt(out, TCP_START, start_ns);
    return rc ? rc
              : mf_wire_put_double_opt(out, TCP_DURATION,
                                       ((double)at_ns - (double)start_ns) /
                                           MF_NS_PER_MS);
}

static int put_flow(const struct mf_connection *connection, struct mf_span conn,
                    struct mf_buf *out)
{
    size_t flow, body, meta;
    int rc = mf_wire_begin(out, EXPORT_FLOW, &flow);
    if (!rc)
        rc =
            mf_wire_begin(out, is_udp(conn) ? MF_FLOW_UDP : MF_FLOW_TCP, &body);
    if (!rc)
        rc = put_id(connection, out);
    if (!rc && connection->client.len)
        rc = mf_wire_put_bytes(out, TCP_CLIENT, connection->client.text,
                               connection->client.len);
    if (!rc)
        rc = put_server(connection, out);
    if (!rc)
        rc = put_times(connection, out);
    if (!rc)
        rc = put_error(connection, conn, out);
    if (!rc)
        rc = mf_wire_end(out, body);
    if (!rc)
        rc = mf_wire_begin(out, FLOW_META, &meta);
    if (!rc)
        rc = mf_wire_put_timestamp_opt(out, META_ERROR_AT, connection->at_ns);
    if (!rc)
        rc = mf_wire_end(out, meta);
    return rc ? rc : mf_wire_end(out, flow);
}

int mf_connection_failure_flow(const struct mf_connection *connection,
                               struct mf_flow **ret_flow, struct mf_err *err)
{
    struct mf_span conn =
        connection->is_server ? connection->server : connection->client;
    struct mf_buf message;
    mf_buf_init(&message, SIZE_MAX);
    int rc = put_flow(connection, conn, &message);
    if (!rc)
        rc = mf_wire_put_varint(&message, EXPORT_EVENT,
                                is_udp(conn) ? EVENT(UDP_ERROR)
                                             : EVENT(TCP_ERROR));
    rc = rc ? mf_err_set(err, rc, "out of memory")
            : mf_flow_from_export(message.data, message.len, ret_flow, err);
    mf_buf_release(&message);
    return rc;
}
