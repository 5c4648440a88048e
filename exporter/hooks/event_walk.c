/* ConnectionEvent: what happens to connections, with or without flows. */
#include "exporter/hooks/events.h"
#include "exporter/hooks/walk.h"
#include "pb/wire.h"

enum { AT = 1, CLIENT = 2, SERVER = 3, ERROR = 4 };

static void put_error(struct mf_walk *walk, PyObject *conn)
{
    if (conn)
        mf_walk_put_text(walk, ERROR, conn, MF_NAME_error);
}

/* `data` is the client. */
static void put_client_event(struct mf_walk *walk, PyObject *data)
{
    mf_walk_put_client_brief(walk, CLIENT, data);
    put_error(walk, data);
}

/* `data` is a ServerConnectionHookData. */
static void put_server_event(struct mf_walk *walk, PyObject *data)
{
    PyObject *client = mf_walk_get(walk, data, MF_NAME_client);
    PyObject *server = mf_walk_get(walk, data, MF_NAME_server);
    if (client)
        mf_walk_put_client_name(walk, CLIENT, client);
    if (server)
        mf_walk_put_server_brief(walk, SERVER, server);
    put_error(walk, server);
    Py_XDECREF(server);
    Py_XDECREF(client);
}

/* `data` is a TlsData, whose `conn` is the one that failed. */
static void put_tls_event(struct mf_walk *walk, PyObject *data,
                          bool is_client_side)
{
    PyObject *conn = mf_walk_get(walk, data, MF_NAME_conn);
    PyObject *context = mf_walk_get(walk, data, MF_NAME_context);
    PyObject *client =
        context ? mf_walk_get(walk, context, MF_NAME_client) : NULL;
    if (conn && is_client_side) {
        mf_walk_put_client(walk, CLIENT, conn, NULL);
    } else {
        if (client)
            mf_walk_put_client_name(walk, CLIENT, client);
        if (conn)
            mf_walk_put_server(walk, SERVER, conn, NULL);
    }
    put_error(walk, conn);
    Py_XDECREF(client);
    Py_XDECREF(context);
    Py_XDECREF(conn);
}

void mf_walk_put_connection(struct mf_walk *walk, uint32_t number,
                            const struct mf_event *event, PyObject *data,
                            int64_t at_ns)
{
    struct mf_encoder *enc = walk->enc;
    struct mf_mark mark = mf_encoder_begin(enc, number);
    if (!enc->error)
        enc->error = mf_wire_put_timestamp_opt(&enc->buf, AT, at_ns);
    switch (event->life) {
    case MF_EVENT_CLIENT_SIDE:
        put_client_event(walk, data);
        break;
    case MF_EVENT_SERVER_SIDE:
        put_server_event(walk, data);
        break;
    default:
        put_tls_event(walk, data, event->life == MF_EVENT_TLS_CLIENT);
    }
    mf_encoder_end(enc, mark);
}
