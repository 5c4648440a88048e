/* TCPFlow and UDPFlow, message lists, and what all flows have. */
#include "exporter/walk.h"

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

void mf_walk_put_messages(struct mf_walk *walk, uint32_t number,
                          PyObject *messages, bool is_websocket)
{
    size_t left = walk->body_max;
    PyObject *message;
    bool has_room = true;
    for (Py_ssize_t i = 0; has_room && (message = mf_walk_item(messages, i));
         i++) {
        const uint8_t *data;
        size_t len;
        PyObject *content = mf_walk_get(walk, message, MF_NAME_content);
        if (!mf_walk_to_bytes(content, &data, &len))
            len = 0;
        has_room = len + MESSAGE_OVERHEAD <= left;
        if (has_room) {
            left -= len + MESSAGE_OVERHEAD;
            put_message(walk, number, message, content, data, len,
                        is_websocket);
        }
        Py_XDECREF(content);
        Py_DECREF(message);
    }
}

void mf_walk_put_error(struct mf_walk *walk, uint32_t number, PyObject *flow)
{
    PyObject *error = mf_walk_get(walk, flow, MF_NAME_error);
    if (error)
        mf_walk_put_text(walk, number, error, MF_NAME_msg);
    Py_XDECREF(error);
}

double mf_walk_latest(struct mf_walk *walk, PyObject *flow, double seconds)
{
    PyObject *error = mf_walk_get(walk, flow, MF_NAME_error);
    double at = error ? mf_walk_seconds(walk, error, MF_NAME_timestamp) : -1;
    Py_XDECREF(error);
    return at > seconds ? at : seconds;
}

void mf_walk_put_meta(struct mf_walk *walk, uint32_t number, PyObject *flow)
{
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    mf_walk_put_text(walk, 1, flow, MF_NAME_comment);
    mf_walk_put_text(walk, 2, flow, MF_NAME_marked);
    mf_walk_put_text(walk, 3, flow, MF_NAME_is_replay);
    mf_walk_put_bool(walk, 4, flow, MF_NAME_intercepted);
    mf_encoder_seconds(walk->enc, 5, mf_walk_latest(walk, flow, -1));
    bool is_empty = !walk->enc->error && walk->enc->buf.len == mark.at;
    mf_encoder_end(walk->enc, mark);
    if (is_empty)
        walk->enc->buf.len = mark.at - 3; /* a tag of two bytes, a length */
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

void mf_walk_put_stream(struct mf_walk *walk, PyObject *flow, bool is_live)
{
    PyObject *client = mf_walk_get(walk, flow, MF_NAME_client_conn);
    PyObject *server = mf_walk_get(walk, flow, MF_NAME_server_conn);
    PyObject *messages = mf_walk_get(walk, flow, MF_NAME_messages);
    double start = -1, end = -1;
    mf_walk_put_text(walk, 1, flow, MF_NAME_id);
    if (client) {
        mf_walk_put_client(walk, 2, client);
        start = mf_walk_seconds(walk, client, MF_NAME_timestamp_start);
        end = mf_walk_seconds(walk, client, MF_NAME_timestamp_end);
    }
    if (server)
        mf_walk_put_server(walk, 3, server);
    if (messages) {
        mf_walk_put_messages(walk, 4, messages, false);
        double last = last_message_at(walk, messages);
        end = last > end ? last : end;
    }
    end = mf_walk_latest(walk, flow, end);
    mf_encoder_seconds(walk->enc, 5, start);
    if (start > 0 && end > start)
        mf_encoder_double_opt(walk->enc, 6, (end - start) * 1000);
    mf_walk_put_error(walk, 7, flow);
    mf_encoder_varint_opt(walk->enc, 8, is_live);
    Py_XDECREF(messages);
    Py_XDECREF(server);
    Py_XDECREF(client);
}
