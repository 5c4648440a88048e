/*
 * Flows that grow by messages: whole, or by appends to a server that takes
 * them.
 *
 * Such a flow is sent whole with its first message, when all about its
 * connections is known; then only new messages go out, each once. The end is
 * an append, too, but for a short flow, which is sent whole once more: so it
 * has its connections' last moments, and messages as later addons left them.
 *
 * An append in the queue holds its flow. A server that has not got the flow
 * (it is another one, was given another folder, or the whole was given up for
 * want of room) names it in its answer, and one that takes no appends is not
 * sent any: in both cases the queue says that the flow is wanted, and it is
 * sent whole as it then is. If it still lives, as often as mf_growth allows;
 * if it has ended, at once, as it is held until the server has its end.
 */
#include "base/clock.h"
#include "exporter/hooks/object.h"

/* A flow with this many bytes of messages is not sent whole at its end. */
enum { SHORT_LEN = 16384 };

enum mf_event_index mf_object_growing(const struct mf_event *event)
{
    switch (event->kind) {
    case MF_EVENT_TCP:
        return MF_EVENT_AT_tcp_message;
    case MF_EVENT_UDP:
        return MF_EVENT_AT_udp_message;
    default:
        return MF_EVENT_AT_websocket_message;
    }
}

/* ---- appends ---- */

/* Encode messages from `first` on; true: they are the last ones. */
static bool encode_append(struct mf_object *self, PyObject *flow,
                          const struct mf_event *event, size_t first)
{
    struct mf_encoder *enc = &self->enc;
    static const uint32_t LISTS[] = {
        [MF_EVENT_HTTP] = 3, [MF_EVENT_TCP] = 4, [MF_EVENT_UDP] = 5};
    mf_walk_let_go(&self->walk);
    mf_encoder_clear(enc);
    struct mf_mark mark = mf_encoder_begin(enc, 100);
    bool is_last = mf_walk_put_append(
        &self->walk, flow, event->kind == MF_EVENT_HTTP, LISTS[event->kind],
        first, event->life == MF_EVENT_ENDS);
    mf_encoder_end(enc, mark);
    if (!is_last)
        event = &mf_events[mf_object_growing(event)];
    mf_encoder_varint_opt(enc, 2, event->number);
    return is_last;
}

void mf_object_append(struct mf_object *self, PyObject *flow,
                      enum mf_event_index index, size_t first, unsigned attempt)
{
    const struct mf_event *event = &mf_events[index];
    bool is_last = false;
    int rc = 0;
    mf_object_look_at_server(self);
    while (!rc && !is_last) {
        is_last = encode_append(self, flow, event, first) ||
                  self->walk.list_end == first;
        const struct mf_event *told_by =
            is_last ? event : &mf_events[mf_object_growing(event)];
        struct mf_label label =
            mf_object_label(self, MF_KIND_APPEND, told_by,
                            told_by->life == MF_EVENT_ENDS, true);
        rc = mf_object_push(self, &label, flow, attempt);
        mf_walk_let_go(&self->walk);
        first = self->walk.list_end;
    }
    mf_growth_appended(self->growth, self->id.data, self->id.len, first,
                       mf_clock_mono_ns());
    if (rc)
        mf_object_note_failure(self, rc, event->name);
    if (self->sender)
        mf_sender_wake(self->sender);
}

bool mf_object_append_end(struct mf_object *self, PyObject *flow,
                          enum mf_event_index index)
{
    mf_object_look_at_server(self);
    size_t told = mf_growth_told(self->growth, self->id.data, self->id.len);
    if (!told ||
        mf_growth_bytes(self->growth, self->id.data, self->id.len) < SHORT_LEN)
        return false;
    mf_object_append(self, flow, index, told, 0);
    return true;
}

/* ---- what is not told yet ---- */

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

void mf_object_forget(struct mf_object *self, PyObject *flow)
{
    mf_growth_forget(self->growth, self->id.data, self->id.len);
    if (count_untold(self) == 0)
        return;
    PyObject *id = mf_walk_get(&self->walk, flow, MF_NAME_id);
    for (int i = 0; id && i < MF_EVENT_COUNT; i++)
        if (self->untold[i] && PyDict_DelItem(self->untold[i], id))
            PyErr_Clear();
    Py_XDECREF(id);
}

/* Send what the flow has gained. */
static void tell(struct mf_object *self, PyObject *flow,
                 enum mf_event_index index)
{
    size_t told = mf_growth_told(self->growth, self->id.data, self->id.len);
    if (told)
        mf_object_append(self, flow, index, told, 0);
    else
        mf_object_send(self, flow, index, 0);
}

/* When the flow is due; `all`: at once. False: not yet. */
static bool is_due(struct mf_object *self, PyObject *flow, bool all,
                   int64_t *ret_due)
{
    if (!mf_object_read_id(self, flow))
        return false;
    *ret_due = mf_growth_due_ns(self->growth, self->id.data, self->id.len);
    return all || *ret_due <= mf_clock_mono_ns();
}

static bool flush_one(struct mf_object *self, enum mf_event_index index,
                      bool all)
{
    PyObject *id, *flow;
    Py_ssize_t position = 0;
    int64_t due = 0;
    bool is_found = false;
    while (!is_found &&
           PyDict_Next(self->untold[index], &position, &id, &flow)) {
        /* To ask for an id may be someone's code, after which they may be
         * gone from the dict. */
        Py_INCREF(flow);
        Py_INCREF(id);
        is_found = is_due(self, flow, all, &due);
        if (is_found && PyDict_DelItem(self->untold[index], id))
            PyErr_Clear();
        if (is_found && due)
            tell(self, flow, index);
        Py_DECREF(id);
        Py_DECREF(flow);
    }
    return is_found;
}

void mf_object_grow(struct mf_object *self, PyObject *flow,
                    enum mf_event_index index)
{
    bool is_http = mf_events[index].kind == MF_EVENT_HTTP;
    PyObject *messages = mf_walk_get_messages(&self->walk, flow, is_http);
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
    mf_object_look_at_server(self);
    if (mf_growth_add(self->growth, self->id.data, self->id.len, count, len,
                      mf_clock_mono_ns()) == MF_GROWTH_WAIT)
        remember(self, flow, index);
    else
        tell(self, flow, index);
}

/* ---- flows that are wanted whole ---- */

static void send_one(struct mf_object *self, PyObject *flow,
                     const struct mf_wanted *wanted)
{
    int index = 0;
    while (index < MF_EVENT_COUNT - 1 &&
           mf_events[index].number != wanted->event)
        index++;
    if (!mf_object_read_id(self, flow))
        return;
    if (wanted->is_end)
        mf_object_send(self, flow, (enum mf_event_index)index,
                       wanted->attempt + 1);
    else if (mf_growth_want_whole(self->growth, self->id.data, self->id.len))
        remember(self, flow, (enum mf_event_index)index);
    /* Else it was sent whole since, with its end, or will be with what comes
     * next. */
}

static void send_wanted(struct mf_object *self)
{
    struct mf_wanted wanted;
    while (self->queue && mf_queue_take_wanted(self->queue, &wanted)) {
        send_one(self, wanted.flow, &wanted);
        Py_DECREF((PyObject *)wanted.flow);
    }
}

bool mf_object_flush(struct mf_object *self, bool all)
{
    send_wanted(self);
    mf_object_look_at_server(self);
    for (int i = 0; i < MF_EVENT_COUNT; i++)
        while (self->untold[i] && flush_one(self, i, all))
            ;
    if (self->queue)
        mf_queue_wanted_told(self->queue);
    return count_untold(self) > 0;
}
