/* HTTPFlow, with its WebSocket. */
#include "exporter/hooks/walk.h"

static double later(double a, double b)
{
    return a > b ? a : b;
}

/* The last moment that is known of a WebSocket. */
static double end_of_websocket(struct mf_walk *walk, PyObject *websocket)
{
    double end = mf_walk_seconds(walk, websocket, MF_NAME_timestamp_end);
    PyObject *messages = mf_walk_get(walk, websocket, MF_NAME_messages);
    size_t count = messages ? mf_walk_count(messages) : 0;
    PyObject *last =
        count ? mf_walk_item(messages, (Py_ssize_t)count - 1) : NULL;
    if (last)
        end = later(end, mf_walk_seconds(walk, last, MF_NAME_timestamp));
    Py_XDECREF(last);
    Py_XDECREF(messages);
    return end;
}

void mf_walk_put_websocket_close(struct mf_walk *walk, uint32_t number,
                                 PyObject *websocket)
{
    PyObject *by_client =
        mf_walk_get(walk, websocket, MF_NAME_closed_by_client);
    if (!by_client)
        return;
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    mf_encoder_varint_opt(walk->enc, 1, by_client == Py_True);
    mf_walk_put_int(walk, 2, websocket, MF_NAME_close_code);
    mf_walk_put_text(walk, 3, websocket, MF_NAME_close_reason);
    mf_walk_put_time(walk, 4, websocket, MF_NAME_timestamp_end);
    mf_encoder_end(walk->enc, mark);
    Py_DECREF(by_client);
}

double mf_walk_http_seconds(struct mf_walk *walk, PyObject *flow)
{
    PyObject *request = mf_walk_get(walk, flow, MF_NAME_request);
    PyObject *response = mf_walk_get(walk, flow, MF_NAME_response);
    PyObject *websocket = mf_walk_get(walk, flow, MF_NAME_websocket);
    PyObject *error = mf_walk_get(walk, flow, MF_NAME_error);
    PyObject *data = request ? mf_walk_get(walk, request, MF_NAME_data) : NULL;
    double start =
        data ? mf_walk_seconds(walk, data, MF_NAME_timestamp_start) : -1;
    double end = mf_walk_latest(walk, error, -1);
    if (data)
        end = later(end, mf_walk_seconds(walk, data, MF_NAME_timestamp_end));
    Py_XDECREF(data);
    data = response ? mf_walk_get(walk, response, MF_NAME_data) : NULL;
    if (data) {
        end = later(end, mf_walk_seconds(walk, data, MF_NAME_timestamp_start));
        end = later(end, mf_walk_seconds(walk, data, MF_NAME_timestamp_end));
    }
    if (websocket)
        end = later(end, end_of_websocket(walk, websocket));
    Py_XDECREF(data);
    Py_XDECREF(error);
    Py_XDECREF(websocket);
    Py_XDECREF(response);
    Py_XDECREF(request);
    return start > 0 && end > start ? end - start : -1;
}

/* A request or response, or NULL. */
static void put_half(struct mf_walk *walk, uint32_t number, PyObject *message,
                     struct mf_told_message *told)
{
    PyObject *data = message ? mf_walk_get(walk, message, MF_NAME_data) : NULL;
    if (data)
        mf_walk_put_message(walk, number, message, data, told);
    else if (told->has & MF_TOLD_MESSAGE)
        walk->is_part_short = true;
    Py_XDECREF(data);
}

static void put_common(struct mf_walk *walk, PyObject *const *values,
                       struct mf_told *told)
{
    double start = mf_walk_to_seconds(told->request.values[MF_MESSAGE_START]);
    double end = mf_walk_latest(walk, values[MF_FLOW_ERROR], -1);
    end = later(end, mf_walk_to_seconds(told->request.values[MF_MESSAGE_END]));
    end =
        later(end, mf_walk_to_seconds(told->response.values[MF_MESSAGE_START]));
    end = later(end, mf_walk_to_seconds(told->response.values[MF_MESSAGE_END]));
    if (values[MF_FLOW_WEBSOCKET])
        end = later(end, end_of_websocket(walk, values[MF_FLOW_WEBSOCKET]));
    mf_walk_put_common(walk, values, told, start, end);
}

static void put_websocket(struct mf_walk *walk, PyObject *websocket,
                          struct mf_told *told)
{
    size_t from = walk->enc->buf.len;
    mf_encoder_varint_opt(walk->enc, 9, websocket != NULL);
    mf_walk_settle(walk, &told->fields[MF_TOLD_FLOW_IS_WEBSOCKET], from);
    if (!websocket)
        return;
    PyObject *messages = mf_walk_get(walk, websocket, MF_NAME_messages);
    if (messages)
        mf_walk_put_messages(walk, 11, messages, 0, true);
    Py_XDECREF(messages);
    from = walk->enc->buf.len;
    mf_walk_put_websocket_close(walk, 100, websocket);
    mf_walk_settle(walk, &told->fields[MF_TOLD_FLOW_CLOSE], from);
}

static void put_conns(struct mf_walk *walk, PyObject *const *values,
                      struct mf_told *told)
{
    if (values[MF_FLOW_CLIENT])
        mf_walk_put_client(walk, 6, values[MF_FLOW_CLIENT], &told->client);
    else if (told->client.hash)
        walk->is_part_short = true;
    if (values[MF_FLOW_SERVER])
        mf_walk_put_server(walk, 7, values[MF_FLOW_SERVER], &told->server);
    else if (told->server.hash)
        walk->is_part_short = true;
}

void mf_walk_put_common(struct mf_walk *walk, PyObject *const *values,
                        struct mf_told *told, double start, double end)
{
    struct mf_encoder *enc = walk->enc;
    size_t from = enc->buf.len;
    mf_encoder_seconds(enc, 4, start);
    mf_walk_settle(walk, &told->fields[MF_TOLD_FLOW_START], from);
    from = enc->buf.len;
    if (start > 0 && end > start)
        mf_encoder_double_opt(enc, 5, (end - start) * 1000);
    mf_walk_settle(walk, &told->fields[MF_TOLD_FLOW_DURATION], from);
    put_conns(walk, values, told);
    from = enc->buf.len;
    mf_walk_put_error(walk, 8, values[MF_FLOW_ERROR]);
    mf_walk_settle(walk, &told->fields[MF_TOLD_FLOW_ERROR], from);
}

void mf_walk_put_http(struct mf_walk *walk, PyObject *const *values,
                      struct mf_told *told, bool is_live)
{
    put_half(walk, 2, values[MF_FLOW_REQUEST], &told->request);
    put_half(walk, 3, values[MF_FLOW_RESPONSE], &told->response);
    put_common(walk, values, told);
    mf_encoder_varint_opt(walk->enc, 10, is_live);
    put_websocket(walk, values[MF_FLOW_WEBSOCKET], told);
}
