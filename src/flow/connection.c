#include "flow/connection.h"

#include <string.h>

#include "base/clock.h"
#include "flow/details.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/check.h"

/* Field numbers: ExportFlowRequest, ConnectionEvent, and what ClientConn and
 * ServerConn have in common. */
enum {
    EXPORT_EVENT = 2,
    EXPORT_CONNECTION = 102,
    EVENT_AT = 1,
    EVENT_CLIENT = 2,
    EVENT_SERVER = 3,
    EVENT_ERROR = 4,
    CONN_ID = 6,
    CONN_ERROR = 8,
    CONN_CERTIFICATES = 10,
    CONN_ALPN_OFFERS = 12,
    CONN_CIPHERS = 14,
    CONN_START = 17,
    CONN_END = 18,
    CLIENT_MITMCERT = 20,
};

#define EVENT(name) MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_##name

/* Of a client's connection, even where a server is told beside it. */
static bool is_of_client(uint32_t event)
{
    switch (event) {
    case EVENT(QUIC_START_CLIENT):
    case EVENT(TLS_CLIENTHELLO):
    case EVENT(TLS_START_CLIENT):
    case EVENT(TLS_ESTABLISHED_CLIENT):
    case EVENT(TLS_FAILED_CLIENT):
    case EVENT(CLIENT_CONNECTED):
    case EVENT(CLIENT_DISCONNECTED):
        return true;
    default:
        return false;
    }
}

static bool opens(uint32_t event)
{
    return event == EVENT(CLIENT_CONNECTED) || event == EVENT(SERVER_CONNECTED);
}

static bool closes(uint32_t event)
{
    return event == EVENT(CLIENT_DISCONNECTED) ||
           event == EVENT(SERVER_DISCONNECTED) ||
           event == EVENT(SERVER_CONNECT_ERROR);
}

bool mf_connection_has_failed(const struct mf_connection *connection)
{
    return connection->event == EVENT(TLS_FAILED_CLIENT) ||
           connection->event == EVENT(TLS_FAILED_SERVER) ||
           connection->event == EVENT(SERVER_CONNECT_ERROR);
}

static void read_event(struct mf_connection *connection,
                       const struct mf_wire_field *all)
{
    struct mf_cursor cursor = mf_cursor_make(all->data, all->len);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == EVENT_AT)
            connection->at_ns = mf_flow__time(&field);
        else if (field.number == EVENT_CLIENT)
            connection->client = mf_flow__span(&field);
        else if (field.number == EVENT_SERVER)
            connection->server = mf_flow__span(&field);
        else if (field.number == EVENT_ERROR)
            connection->error = mf_flow__span(&field);
    }
}

static bool is_kept(const struct mf_connection *connection, uint32_t number)
{
    return number != CONN_CERTIFICATES && number != CONN_ALPN_OFFERS &&
           number != CONN_CIPHERS &&
           (connection->is_server || number != CLIENT_MITMCERT);
}

/* What the ClientConn or ServerConn itself tells. */
static int read_conn(struct mf_connection *connection)
{
    struct mf_cursor cursor = mf_flow__cursor(
        connection->is_server ? connection->server : connection->client);
    struct mf_wire_field field;
    struct mf_span error = {"", 0};
    bool is_full = false;
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field)) {
        if (field.number == CONN_ID)
            connection->id = mf_flow__span(&field);
        else if (field.number == CONN_ERROR)
            error = mf_flow__span(&field);
        else if (field.number == CONN_START)
            connection->opened_ns = mf_flow__time(&field);
        else if (field.number == CONN_END)
            connection->closed_ns = mf_flow__time(&field);
        if (!is_full && is_kept(connection, field.number))
            rc = mf_wire_put_field(&connection->kept, &field);
        if (rc == MF_EFULL) {
            is_full = true;
            rc = 0;
        }
    }
    if (is_full)
        mf_buf_clear(&connection->kept);
    if (!connection->error.len)
        connection->error = error;
    return rc;
}

/* Times that the event itself stands for. */
static void settle_times(struct mf_connection *connection)
{
    if (!connection->opened_ns && opens(connection->event))
        connection->opened_ns = connection->at_ns;
    if (!connection->closed_ns && closes(connection->event))
        connection->closed_ns = connection->at_ns;
}

int mf_connection_from_export(const uint8_t *message, size_t len,
                              struct mf_connection *ret_connection,
                              struct mf_err *err)
{
    int rc = mf_pb_check(&mitmproxy__v1__export_flow_request__descriptor,
                         message, len, err);
    if (rc)
        return rc;
    struct mf_wire_field all, field;
    if (!mf_wire_find(message, len, EXPORT_CONNECTION, &all))
        return mf_err_set(err, MF_EINVAL, "message without a connection");
    struct mf_connection connection = {
        .id = {"", 0}, .error = {"", 0}, .client = {"", 0}, .server = {"", 0}};
    struct mf_cursor cursor = mf_cursor_make(message, len);
    while (mf_wire_next(&cursor, &field))
        if (field.number == EXPORT_EVENT)
            connection.event = (uint32_t)field.value;
    mf_buf_init(&connection.kept, MF_CONNECTION_KEPT_MAX_LEN);
    read_event(&connection, &all);
    connection.is_server =
        connection.server.len && !is_of_client(connection.event);
    rc = read_conn(&connection);
    if (rc) {
        mf_err_set(err, rc, "out of memory");
    } else if (connection.id.len == 0 ||
               connection.id.len > MF_CONNECTION_ID_MAX_LEN) {
        rc = mf_err_set(err, MF_EINVAL, "connection id of %zu bytes",
                        connection.id.len);
    }
    if (rc) {
        mf_connection_release(&connection);
        return rc;
    }
    connection.error =
        mf_flow__cut(connection.error, MF_CONNECTION_ERROR_MAX_LEN);
    settle_times(&connection);
    *ret_connection = connection;
    return 0;
}

void mf_connection_release(struct mf_connection *connection)
{
    mf_buf_release(&connection->kept);
}

/* ---- of a flow ---- */

static struct mf_span id_of(struct mf_span conn)
{
    struct mf_wire_field id;
    return mf_wire_find((const uint8_t *)conn.text, conn.len, CONN_ID, &id)
               ? mf_flow__span(&id)
               : (struct mf_span){"", 0};
}

struct mf_span mf_flow_client_id(const struct mf_flow *flow)
{
    return id_of(flow->details.client);
}

struct mf_span mf_flow_server_id(const struct mf_flow *flow)
{
    return id_of(flow->details.server);
}
