/* TCPFlow and UDPFlow, message lists, appends, and what all flows have. */
#include "exporter/hooks/walk.h"

/* Overhead of a message beside its content, for the limit on a list. */
enum { MESSAGE_OVERHEAD = 24 };

static void put_message(struct mf_walk *walk, uint32_t number,
                        PyObject *message, PyObject *content,
                        const uint8_t *data, size_t len, bool is_websocket)
{
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    if (len)
        mf_walk_put_body(walk, 1, data, len, content);
    mf_walk_put_time(walk, 2, message, MF_NAME_timestamp);
    mf_walk_put_bool(walk, 3, message, MF_NAME_from_client);
    if (is_websocket) {
        mf_walk_put_int(walk, 100, message, MF_NAME_type);
        mf_walk_put_bool(walk, 101, message, MF_NAME_dropped);
        mf_walk_put_bool(walk, 102, message, MF_NAME_injected);
    }
    mf_encoder_end(walk->enc, mark);
}

/* Put the next message, if there is room for it; false: there is not. With
 * `cut` there is always room for a part. */
static bool put_next(struct mf_walk *walk, uint32_t number, PyObject *message,
                     bool is_websocket, bool cut, size_t *left)
{
    const uint8_t *data;
    size_t len;
    PyObject *content = mf_walk_get(walk, message, MF_NAME_content);
    if (!mf_walk_to_bytes(content, &data, &len))
        len = 0;
    if (cut && len > *left)
        len = *left;
    bool has_room = cut || len + MESSAGE_OVERHEAD <= *left;
    if (has_room) {
        size_t cost = len + MESSAGE_OVERHEAD;
        *left -= cost < *left ? cost : *left;
        put_message(walk, number, message, content, data, len, is_websocket);
    }
    Py_XDECREF(content);
    return has_room;
}

static void put_list(struct mf_walk *walk, uint32_t number, PyObject *messages,
                     size_t first, bool is_websocket, bool one_at_least)
{
    size_t left = walk->list_max, at = first;
    PyObject *message;
    bool has_room = true;
    while (has_room && (message = mf_walk_item(messages, (Py_ssize_t)at))) {
        has_room = put_next(walk, number, message, is_websocket,
                            one_at_least && at == first, &left);
        at += has_room;
        Py_DECREF(message);
    }
    walk->list_end = at;
    walk->list_count = mf_walk_count(messages);
}

void mf_walk_put_messages(struct mf_walk *walk, uint32_t number,
                          PyObject *messages, size_t first, bool is_websocket)
{
    put_list(walk, number, messages, first, is_websocket, false);
}

PyObject *mf_walk_get_messages(struct mf_walk *walk, PyObject *flow,
                               bool is_http)
{
    if (!is_http)
        return mf_walk_get(walk, flow, MF_NAME_messages);
    PyObject *websocket = mf_walk_get(walk, flow, MF_NAME_websocket);
    PyObject *messages =
        websocket ? mf_walk_get(walk, websocket, MF_NAME_messages) : NULL;
    Py_XDECREF(websocket);
    return messages;
}

/* ---- an append ---- */

static void put_end(struct mf_walk *walk, PyObject *flow, bool is_http)
{
    PyObject *websocket =
        is_http ? mf_walk_get(walk, flow, MF_NAME_websocket) : NULL;
    if (websocket)
        mf_walk_put_websocket_close(walk, 6, websocket);
    Py_XDECREF(websocket);
    PyObject *error = mf_walk_get(walk, flow, MF_NAME_error);
    mf_walk_put_error(walk, 7, error);
    mf_encoder_seconds(walk->enc, 8, mf_walk_latest(walk, error, -1));
    Py_XDECREF(error);
    double seconds = is_http ? mf_walk_http_seconds(walk, flow)
                             : mf_walk_stream_seconds(walk, flow);
    if (seconds > 0)
        mf_encoder_double_opt(walk->enc, 9, seconds * 1000);
}

bool mf_walk_put_append(struct mf_walk *walk, PyObject *flow, bool is_http,
                        uint32_t number, size_t first, bool is_end)
{
    PyObject *messages = mf_walk_get_messages(walk, flow, is_http);
    walk->list_end = walk->list_count = first;
    mf_walk_put_text(walk, 1, flow, MF_NAME_id);
    mf_encoder_varint_opt(walk->enc, 2, first);
    if (messages)
        put_list(walk, number, messages, first, is_http, true);
    Py_XDECREF(messages);
    bool is_last = walk->list_end >= walk->list_count;
    if (is_last && is_end)
        put_end(walk, flow, is_http);
    return is_last;
}

/* ---- what all flows have ---- */

void mf_walk_put_error(struct mf_walk *walk, uint32_t number, PyObject *error)
{
    if (error)
        mf_walk_put_text(walk, number, error, MF_NAME_msg);
}

double mf_walk_latest(struct mf_walk *walk, PyObject *error, double seconds)
{
    double at = error ? mf_walk_seconds(walk, error, MF_NAME_timestamp) : -1;
    return at > seconds ? at : seconds;
}

static double last_message_at(struct mf_walk *walk, PyObject *messages)
{
    size_t count = mf_walk_count(messages);
    PyObject *last =
        count ? mf_walk_item(messages, (Py_ssize_t)count - 1) : NULL;
    double at = last ? mf_walk_seconds(walk, last, MF_NAME_timestamp) : -1;
    Py_XDECREF(last);
    return at;
}

/* When the flow began and the last moment that is known of it. */
static void read_times(struct mf_walk *walk, PyObject *error, PyObject *client,
                       PyObject *messages, double *ret_start, double *ret_end)
{
    double start = -1, end = -1;
    if (client) {
        start = mf_walk_seconds(walk, client, MF_NAME_timestamp_start);
        end = mf_walk_seconds(walk, client, MF_NAME_timestamp_end);
    }
    if (messages) {
        double last = last_message_at(walk, messages);
        end = last > end ? last : end;
    }
    *ret_start = start;
    *ret_end = mf_walk_latest(walk, error, end);
}

double mf_walk_stream_seconds(struct mf_walk *walk, PyObject *flow)
{
    PyObject *client = mf_walk_get(walk, flow, MF_NAME_client_conn);
    PyObject *messages = mf_walk_get(walk, flow, MF_NAME_messages);
    PyObject *error = mf_walk_get(walk, flow, MF_NAME_error);
    double start, end;
    read_times(walk, error, client, messages, &start, &end);
    Py_XDECREF(error);
    Py_XDECREF(messages);
    Py_XDECREF(client);
    return start > 0 && end > start ? end - start : -1;
}

void mf_walk_put_stream(struct mf_walk *walk, PyObject *const *values,
                        PyObject *flow, bool is_live)
{
    PyObject *client = values[MF_FLOW_CLIENT];
    PyObject *server = values[MF_FLOW_SERVER];
    PyObject *messages = mf_walk_get(walk, flow, MF_NAME_messages);
    double start, end;
    if (client)
        mf_walk_put_client(walk, 2, client, NULL);
    if (server)
        mf_walk_put_server(walk, 3, server, NULL);
    if (messages)
        mf_walk_put_messages(walk, 4, messages, 0, false);
    read_times(walk, values[MF_FLOW_ERROR], client, messages, &start, &end);
    mf_encoder_seconds(walk->enc, 5, start);
    if (start > 0 && end > start)
        mf_encoder_double_opt(walk->enc, 6, (end - start) * 1000);
    mf_walk_put_error(walk, 7, values[MF_FLOW_ERROR]);
    mf_encoder_varint_opt(walk->enc, 8, is_live);
    Py_XDECREF(messages);
}
