#include "exporter/hooks/object.h"

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
    walk->list_end = walk->list_count = 0;
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

void mf_object_note_failure(struct mf_object *self, int error, const char *hook)
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

void mf_object_hold(void *object)
{
    Py_INCREF((PyObject *)object);
}

void mf_object_collect(struct mf_object *self)
{
    PyObject *object;
    while (self->queue && (object = mf_queue_take_dead(self->queue)))
        Py_DECREF(object);
}

bool mf_object_read_id(struct mf_object *self, PyObject *flow)
{
    PyObject *id = mf_walk_get(&self->walk, flow, MF_NAME_id);
    mf_buf_clear(&self->id);
    bool ok =
        id && mf_walk_to_text(&self->walk, id, &self->id, MF_TEXT_REPLACE);
    Py_XDECREF(id);
    return ok && self->id.len;
}

bool mf_object_look_at_server(struct mf_object *self)
{
    size_t max = self->sender ? mf_sender_append_max(self->sender) : 0;
    struct mf_walk *walk = &self->walk;
    walk->list_max = max && max < walk->body_max ? max : walk->body_max;
    mf_growth_set_appends(self->growth, max > 0);
    return max > 0;
}

void mf_object_send(struct mf_object *self, PyObject *flow,
                    enum mf_event_index index, unsigned attempt)
{
    const struct mf_event *event = &mf_events[index];
    struct mf_walk *walk = &self->walk;
    bool appends = mf_object_look_at_server(self);
    mf_object_encode(self, flow, event);
    bool has_rest = appends && walk->list_end < walk->list_count &&
                    attempt < MF_ATTEMPTS_MAX;
    enum mf_event_index rest = index;
    if (has_rest && event->life == MF_EVENT_ENDS) {
        event = &mf_events[mf_object_growing(event)];
        mf_object_encode(self, flow, event);
    }
    size_t told = has_rest ? walk->list_end : walk->list_count;
    int rc = self->enc.error;
    if (!rc)
        rc = mf_queue_push(self->queue, &self->enc, mf_object_hold);
    mf_walk_let_go(walk);
    mf_growth_sent(self->growth, self->id.data, self->id.len, told,
                   mf_encoder_len(&self->enc), mf_clock_mono_ns());
    if (rc)
        mf_object_note_failure(self, rc, event->name);
    else if (has_rest)
        mf_object_append(self, flow, rest, told, attempt);
    if (self->sender)
        mf_sender_wake(self->sender);
}

void mf_object_handle(struct mf_object *self, PyObject *flow,
                      enum mf_event_index index)
{
    const struct mf_event *event = &mf_events[index];
    if (!self->queue || self->is_stopped)
        return;
    mf_object_collect(self);
    if (!mf_object_read_id(self, flow)) {
        mf_object_note_failure(self, MF_EINVAL, event->name);
        return;
    }
    if (event->life == MF_EVENT_GROWS) {
        mf_object_grow(self, flow, index);
        return;
    }
    if (event->life != MF_EVENT_ENDS ||
        !mf_object_append_end(self, flow, index))
        mf_object_send(self, flow, index, 0);
    if (event->life == MF_EVENT_ENDS)
        mf_object_forget(self, flow);
}
