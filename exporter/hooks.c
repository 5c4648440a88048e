#include "exporter/object.h"

#include <stdio.h>

#include "base/clock.h"

enum { SWITCHING_PROTOCOLS = 101 };

#define EVENT_ROW(name, number, kind, life) \
    {#name, number, MF_EVENT_##kind, MF_EVENT_##life},
const struct mf_event mf_events[MF_EVENT_COUNT] = {MF_EVENT_MAP(EVENT_ROW)};
#undef EVENT_ROW

/* Another flow's `response` ends it, but a WebSocket begins with one. */
static bool ends_flow(struct mf_object *self, PyObject *flow,
                      const struct mf_event *event)
{
    if (event->life != MF_EVENT_ENDS ||
        event != &mf_events[MF_EVENT_AT_response])
        return event->life == MF_EVENT_ENDS;
    struct mf_walk *walk = &self->walk;
    PyObject *websocket = mf_walk_get(walk, flow, MF_NAME_websocket);
    PyObject *response = mf_walk_get(walk, flow, MF_NAME_response);
    PyObject *data =
        response ? mf_walk_get(walk, response, MF_NAME_data) : NULL;
    bool goes_on =
        websocket || (data && mf_walk_int(walk, data, MF_NAME_status_code, 0) ==
                                  SWITCHING_PROTOCOLS);
    Py_XDECREF(data);
    Py_XDECREF(response);
    Py_XDECREF(websocket);
    return !goes_on;
}

void mf_object_encode(struct mf_object *self, PyObject *flow,
                      const struct mf_event *event)
{
    struct mf_encoder *enc = &self->enc;
    struct mf_walk *walk = &self->walk;
    mf_walk_let_go(walk);
    mf_encoder_clear(enc);
    bool is_live =
        mf_walk_bool(walk, flow, MF_NAME_live) && !ends_flow(self, flow, event);
    struct mf_mark flow_mark = mf_encoder_begin(enc, 1);
    struct mf_mark mark = mf_encoder_begin(enc, event->kind);
    switch (event->kind) {
    case MF_EVENT_HTTP:
        mf_walk_put_http(walk, flow, is_live);
        break;
    case MF_EVENT_DNS:
        mf_walk_put_dns(walk, flow, is_live);
        break;
    default:
        mf_walk_put_stream(walk, flow, is_live);
    }
    mf_encoder_end(enc, mark);
    mf_walk_put_meta(walk, 100, flow);
    mf_encoder_end(enc, flow_mark);
    mf_encoder_varint_opt(enc, 2, event->number);
}

static void note_failure(struct mf_object *self, int error, const char *hook)
{
    unsigned kind = (unsigned)-error % MF_FAILURE_KINDS;
    self->failures++;
    if (error == MF_ECLOSED || self->failures_told & (UINT64_C(1) << kind))
        return;
    self->failures_told |= UINT64_C(1) << kind;
    char text[160];
    snprintf(text, sizeof text,
             "mitmflow: a flow could not be exported in %s: %s (told once)",
             hook, mf_err_message(error));
    PyObject *done = PyObject_CallFunction(self->log, "Os", Py_True, text);
    Py_XDECREF(done);
    PyErr_Clear();
}

static void hold(void *object)
{
    Py_INCREF((PyObject *)object);
}

void mf_object_collect(struct mf_object *self)
{
    PyObject *object;
    while (self->queue && (object = mf_queue_take_dead(self->queue)))
        Py_DECREF(object);
}

/* Encode and put into the queue. */
static void send_flow(struct mf_object *self, PyObject *flow,
                      const struct mf_event *event)
{
    mf_object_encode(self, flow, event);
    int rc = self->enc.error;
    if (!rc)
        rc = mf_queue_push(self->queue, &self->enc, hold);
    mf_walk_let_go(&self->walk);
    if (rc)
        note_failure(self, rc, event->name);
    else if (self->sender)
        mf_sender_wake(self->sender);
}

/* ---- growing flows ---- */

/* The flow's id into self->id; false if it has none. */
static bool read_id(struct mf_object *self, PyObject *flow)
{
    PyObject *id = mf_walk_get(&self->walk, flow, MF_NAME_id);
    mf_buf_clear(&self->id);
    bool ok =
        id && mf_walk_to_text(&self->walk, id, &self->id, MF_TEXT_REPLACE);
    Py_XDECREF(id);
    return ok && self->id.len;
}

/* A new reference to the list of messages, or NULL. */
static PyObject *messages_of(struct mf_object *self, PyObject *flow,
                             const struct mf_event *event)
{
    if (event->kind != MF_EVENT_HTTP)
        return mf_walk_get(&self->walk, flow, MF_NAME_messages);
    PyObject *websocket = mf_walk_get(&self->walk, flow, MF_NAME_websocket);
    PyObject *messages =
        websocket ? mf_walk_get(&self->walk, websocket, MF_NAME_messages)
                  : NULL;
    Py_XDECREF(websocket);
    return messages;
}

/* Count the message that came; is a snapshot due? */
static bool is_due(struct mf_object *self, PyObject *flow,
                   const struct mf_event *event)
{
    PyObject *messages = messages_of(self, flow, event);
    size_t count = messages ? mf_walk_count(messages) : 0, len = 0;
    const uint8_t *data;
    PyObject *last =
        count ? mf_walk_item(messages, (Py_ssize_t)count - 1) : NULL;
    PyObject *content =
        last ? mf_walk_get(&self->walk, last, MF_NAME_content) : NULL;
    if (!mf_walk_to_bytes(content, &data, &len))
        len = 0;
    Py_XDECREF(content);
    Py_XDECREF(last);
    Py_XDECREF(messages);
    return mf_growth_add(self->growth, self->id.data, self->id.len, count, len,
                         mf_clock_mono_ns());
}

static size_t count_untold(const struct mf_object *self)
{
    size_t count = 0;
    for (int i = 0; i < MF_EVENT_COUNT; i++)
        if (self->untold[i])
            count += (size_t)PyDict_Size(self->untold[i]);
    return count;
}

static void remember(struct mf_object *self, PyObject *flow,
                     enum mf_event_index index)
{
    bool is_first = count_untold(self) == 0;
    PyObject *id = mf_walk_get(&self->walk, flow, MF_NAME_id);
    if (!self->untold[index])
        self->untold[index] = PyDict_New();
    if (id && self->untold[index])
        PyDict_SetItem(self->untold[index], id, flow);
    Py_XDECREF(id);
    PyErr_Clear();
    if (!is_first || !self->on_untold)
        return;
    PyObject *done = PyObject_CallObject(self->on_untold, NULL);
    Py_XDECREF(done);
    PyErr_Clear();
}

static void forget_untold(struct mf_object *self, PyObject *flow)
{
    if (count_untold(self) == 0)
        return;
    PyObject *id = mf_walk_get(&self->walk, flow, MF_NAME_id);
    for (int i = 0; id && i < MF_EVENT_COUNT; i++)
        if (self->untold[i] && PyDict_DelItem(self->untold[i], id))
            PyErr_Clear();
    Py_XDECREF(id);
}

static void send_grown(struct mf_object *self, PyObject *flow,
                       enum mf_event_index index)
{
    send_flow(self, flow, &mf_events[index]);
    mf_growth_sent(self->growth, self->id.data, self->id.len,
                   mf_encoder_len(&self->enc), mf_clock_mono_ns());
}

static bool flush_one(struct mf_object *self, enum mf_event_index index,
                      bool all)
{
    PyObject *id, *flow;
    Py_ssize_t position = 0;
    int64_t now = mf_clock_mono_ns();
    while (PyDict_Next(self->untold[index], &position, &id, &flow)) {
        if (!read_id(self, flow))
            continue;
        int64_t due =
            mf_growth_due_ns(self->growth, self->id.data, self->id.len);
        if (!all && due > now)
            continue;
        Py_INCREF(flow);
        Py_INCREF(id);
        if (PyDict_DelItem(self->untold[index], id))
            PyErr_Clear();
        if (due)
            send_grown(self, flow, index);
        Py_DECREF(id);
        Py_DECREF(flow);
        return true;
    }
    return false;
}

bool mf_object_flush(struct mf_object *self, bool all)
{
    for (int i = 0; i < MF_EVENT_COUNT; i++)
        while (self->untold[i] && flush_one(self, i, all))
            ;
    return count_untold(self) > 0;
}

/* ---- the hooks ---- */

void mf_object_handle(struct mf_object *self, PyObject *flow,
                      enum mf_event_index index)
{
    const struct mf_event *event = &mf_events[index];
    if (!self->queue || self->is_stopped)
        return;
    mf_object_collect(self);
    if (!read_id(self, flow)) {
        note_failure(self, MF_EINVAL, event->name);
        return;
    }
    if (event->life == MF_EVENT_GROWS) {
        if (!is_due(self, flow, event))
            remember(self, flow, index);
        else
            send_grown(self, flow, index);
        return;
    }
    send_flow(self, flow, event);
    if (event->life == MF_EVENT_ENDS) {
        mf_growth_forget(self->growth, self->id.data, self->id.len);
        forget_untold(self, flow);
    }
}
