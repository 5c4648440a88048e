/* What each hook does: see tell.c for flows of requests and answers, grow.c
 * for flows that grow. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "exporter/hooks/object.h"

enum { FLOW = 1, EVENT_TYPE = 2, CONNECTION = 102, FLOW_META = 100 };
enum { SWITCHING_PROTOCOLS = 101 };

#define EVENT_ROW(name, number, kind, life) \
    {#name, number, MF_EVENT_##kind, MF_EVENT_##life},
const struct mf_event mf_events[MF_EVENT_COUNT] = {MF_EVENT_MAP(EVENT_ROW)};
#undef EVENT_ROW

/* ---- encoding ---- */

bool mf_object_ends(struct mf_object *self, PyObject *const *values,
                    const struct mf_event *event)
{
    /* Another flow's `response` ends it, but a WebSocket begins with one. */
    if (event != &mf_events[MF_EVENT_AT_response])
        return event->life == MF_EVENT_ENDS;
    struct mf_walk *walk = &self->walk;
    PyObject *response = values[MF_FLOW_RESPONSE];
    if (values[MF_FLOW_WEBSOCKET])
        return false;
    PyObject *data =
        response ? mf_walk_get(walk, response, MF_NAME_data) : NULL;
    bool goes_on = data && mf_walk_int(walk, data, MF_NAME_status_code, 0) ==
                               SWITCHING_PROTOCOLS;
    Py_XDECREF(data);
    return !goes_on;
}

void mf_object_put_flow(struct mf_object *self, PyObject *flow,
                        PyObject *const *values, const struct mf_event *event,
                        struct mf_told *told, bool is_whole)
{
    struct mf_walk *walk = &self->walk;
    walk->list_end = walk->list_count = 0;
    walk->is_part_short = false;
    walk->is_end = mf_object_ends(self, values, event);
    bool is_live = mf_walk_is_true(values[MF_FLOW_LIVE]) && !walk->is_end;
    struct mf_mark mark = mf_encoder_begin(walk->enc, event->kind);
    if (is_whole)
        mf_walk_put_str(walk, 1, values[MF_FLOW_ID]);
    switch (event->kind) {
    case MF_EVENT_HTTP:
        mf_walk_put_http(walk, values, told, is_live);
        break;
    case MF_EVENT_DNS:
        mf_walk_put_dns(walk, values, told, is_live);
        break;
    default:
        mf_walk_put_stream(walk, values, flow, is_live);
    }
    mf_encoder_end(walk->enc, mark);
    mf_walk_put_meta(walk, FLOW_META, values, &told->fields[MF_TOLD_FLOW_META]);
}

void mf_object_encode_whole(struct mf_object *self, PyObject *flow,
                            PyObject *const *values,
                            const struct mf_event *event, struct mf_told *told)
{
    struct mf_encoder *enc = &self->enc;
    mf_walk_let_go(&self->walk);
    mf_encoder_clear(enc);
    struct mf_mark mark = mf_encoder_begin(enc, FLOW);
    mf_object_put_flow(self, flow, values, event, told, true);
    mf_encoder_end(enc, mark);
    mf_encoder_varint_opt(enc, EVENT_TYPE, event->number);
}

static void encode_connection(struct mf_object *self, PyObject *data,
                              const struct mf_event *event)
{
    struct mf_encoder *enc = &self->enc;
    mf_walk_let_go(&self->walk);
    mf_encoder_clear(enc);
    mf_walk_put_connection(&self->walk, CONNECTION, event, data,
                           mf_clock_wall_ns());
    mf_encoder_varint_opt(enc, EVENT_TYPE, event->number);
}

void mf_object_encode(struct mf_object *self, PyObject *flow,
                      const struct mf_event *event)
{
    if (event->kind == MF_EVENT_CONNECTION) {
        encode_connection(self, flow, event);
        return;
    }
    PyObject *values[MF_FLOW_VALUES];
    struct mf_told nobody = {0};
    mf_shape_read(&self->walk.shapes, MF_SHAPE_FLOW, flow, values);
    mf_object_encode_whole(self, flow, values, event, &nobody);
    mf_told_clear(&nobody);
    mf_shape_drop(values, MF_FLOW_VALUES);
}

/* ---- failures ---- */

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

/* ---- the queue ---- */

void mf_object_collect(struct mf_object *self)
{
    PyObject *object;
    while (self->queue && (object = mf_queue_take_dead(self->queue)))
        Py_DECREF(object);
}

struct mf_label mf_object_label(const struct mf_object *self, enum mf_kind kind,
                                const struct mf_event *event, bool is_end,
                                bool grows)
{
    struct mf_label label = {
        .kind = kind,
        .event = event->number,
        .is_end = is_end,
        .grows = grows,
        .at_ns = mf_clock_wall_ns(),
    };
    if (kind != MF_KIND_CONNECTION && self->id.len <= MF_FLOW_ID_CAP) {
        label.id_len = (uint8_t)self->id.len;
        memcpy(label.id, self->id.data, self->id.len);
    }
    return label;
}

/* For tests: what would be queued goes into a list. */
static int push_to_list(struct mf_object *self, const struct mf_label *label)
{
    PyObject *bytes = mf_object_flat_message(&self->enc);
    PyObject *item =
        bytes ? Py_BuildValue("(iOiNNs#)", (int)label->kind, bytes,
                              (int)label->event, PyBool_FromLong(label->is_end),
                              PyBool_FromLong(label->grows), label->id,
                              (Py_ssize_t)label->id_len)
              : NULL;
    int rc = item && PyList_Append(self->pushed, item) == 0 ? 0 : MF_ENOMEM;
    PyErr_Clear();
    Py_XDECREF(item);
    Py_XDECREF(bytes);
    return rc;
}

int mf_object_push(struct mf_object *self, const struct mf_label *label,
                   PyObject *flow, unsigned attempt)
{
    const struct mf_encoder *enc = &self->enc;
    if (enc->error)
        return enc->error;
    if (self->pushed)
        return push_to_list(self, label);
    int rc = mf_queue_push(self->queue, enc, label, flow, attempt);
    if (rc)
        return rc;
    for (size_t i = 0; i < enc->splice_count; i++)
        Py_INCREF((PyObject *)enc->splices[i].object);
    Py_XINCREF(flow);
    return 0;
}

bool mf_object_read_id(struct mf_object *self, PyObject *flow)
{
    PyObject *id = mf_walk_get(&self->walk, flow, MF_NAME_id);
    bool ok = mf_object_take_id(self, id);
    Py_XDECREF(id);
    return ok;
}

bool mf_object_take_id(struct mf_object *self, PyObject *id)
{
    mf_buf_clear(&self->id);
    return id && mf_walk_to_text(&self->walk, id, &self->id, MF_TEXT_REPLACE) &&
           self->id.len && self->id.len <= MF_FLOW_ID_CAP;
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
    struct mf_label label =
        mf_object_label(self, MF_KIND_WHOLE, event, walk->is_end, true);
    int rc = mf_object_push(self, &label, flow, attempt);
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

/* ---- the hooks ---- */

/* A connection that has ended is not told of any more, or seldom. */
static void drop_connection(struct mf_object *self, PyObject *data,
                            const struct mf_event *event)
{
    struct mf_walk *walk = &self->walk;
    if (event == &mf_events[MF_EVENT_AT_client_disconnected])
        mf_conns_drop(&walk->conns, data);
    if (event != &mf_events[MF_EVENT_AT_server_disconnected])
        return;
    PyObject *server = mf_walk_get(walk, data, MF_NAME_server);
    if (server)
        mf_conns_drop(&walk->conns, server);
    Py_XDECREF(server);
}

static void send_connection(struct mf_object *self, PyObject *data,
                            const struct mf_event *event)
{
    encode_connection(self, data, event);
    struct mf_label label =
        mf_object_label(self, MF_KIND_CONNECTION, event, false, false);
    int rc = mf_object_push(self, &label, NULL, 0);
    mf_walk_let_go(&self->walk);
    drop_connection(self, data, event);
    if (rc)
        mf_object_note_failure(self, rc, event->name);
    if (self->sender)
        mf_sender_wake(self->sender);
}

/* A WebSocket with messages. */
static bool is_talking(struct mf_object *self, PyObject *const *values)
{
    PyObject *websocket = values[MF_FLOW_WEBSOCKET];
    PyObject *messages =
        websocket ? mf_walk_get(&self->walk, websocket, MF_NAME_messages)
                  : NULL;
    bool is = messages && mf_walk_count(messages) > 0;
    Py_XDECREF(messages);
    return is;
}

static void handle_flow(struct mf_object *self, PyObject *flow,
                        PyObject *const *values, enum mf_event_index index)
{
    const struct mf_event *event = &mf_events[index];
    if (!mf_object_take_id(self, values[MF_FLOW_ID])) {
        mf_object_note_failure(self, MF_EINVAL, event->name);
    } else if (event->life == MF_EVENT_GROWS) {
        mf_object_untell(self, values);
        mf_object_grow(self, flow, index);
    } else if (event->kind == MF_EVENT_TCP || event->kind == MF_EVENT_UDP ||
               is_talking(self, values)) {
        mf_object_untell(self, values);
        if (event->life != MF_EVENT_ENDS ||
            !mf_object_append_end(self, flow, index))
            mf_object_send(self, flow, index, 0);
        if (event->life == MF_EVENT_ENDS)
            mf_object_forget(self, flow);
    } else {
        mf_object_tell(self, flow, values, index);
    }
}

void mf_object_handle(struct mf_object *self, PyObject *flow,
                      enum mf_event_index index)
{
    if (self->is_busy) {
        /* In the midst of another event: a property that a hook asked for is
         * someone's code, and told this one. */
        mf_object_note_failure(self, MF_EBUSY, mf_events[index].name);
        return;
    }
    /* Connections that end with the proxy are no news that is worth a new
     * connection of ours; they wait for a flow that comes so late. */
    if (self->has_ended && mf_events[index].kind != MF_EVENT_CONNECTION)
        mf_object_resume(self);
    if (!self->queue || self->is_stopped)
        return;
    mf_object_collect(self);
    self->is_busy = true;
    if (mf_events[index].kind == MF_EVENT_CONNECTION) {
        send_connection(self, flow, &mf_events[index]);
    } else {
        PyObject *values[MF_FLOW_VALUES];
        mf_shape_read(&self->walk.shapes, MF_SHAPE_FLOW, flow, values);
        handle_flow(self, flow, values, index);
        mf_shape_drop(values, MF_FLOW_VALUES);
    }
    self->is_busy = false;
}
