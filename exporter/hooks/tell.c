/*
 * Flows of requests and answers (HTTP, DNS): whole at the first event that is
 * seen of them, then what changed. What was told is in told.h; a flow that is
 * not known there, or whose change no part can say, is told whole.
 */
#include "exporter/hooks/object.h"
#include "exporter/hooks/tap.h"

enum { EVENT_TYPE = 2, PART = 101, PART_ID = 1, PART_FLOW = 2 };

void mf_object_untell(struct mf_object *self, PyObject *const *values)
{
    struct mf_told *told = mf_told_get(self->told, values[MF_FLOW_ID]);
    if (told)
        mf_told_forget(self->told, told);
}

/* ---- bodies that are passed on as they come ---- */

static void tap(struct mf_object *self, PyObject *message)
{
    struct mf_walk *walk = &self->walk;
    size_t keep_max = self->captures ? walk->body_max : 0;
    PyObject *stream = mf_walk_get(walk, message, MF_NAME_stream);
    if (!mf_walk_is_true(stream)) {
        if (self->watches && stream)
            mf_tap_watch(walk->tap_type, self->watched, message, keep_max);
    } else if ((stream == Py_True || PyCallable_Check(stream)) &&
               !mf_tap_check(walk->tap_type, stream)) {
        PyObject *tap = mf_tap_new(walk->tap_type, stream, keep_max);
        if (tap)
            PyObject_SetAttr(message, walk->names[MF_NAME_stream], tap);
        PyErr_Clear();
        Py_XDECREF(tap);
    }
    Py_XDECREF(stream);
}

static void tap_streams(struct mf_object *self, PyObject *const *values,
                        enum mf_event_index index)
{
    if (index == MF_EVENT_AT_requestheaders && values[MF_FLOW_REQUEST])
        tap(self, values[MF_FLOW_REQUEST]);
    if (index == MF_EVENT_AT_responseheaders && values[MF_FLOW_RESPONSE])
        tap(self, values[MF_FLOW_RESPONSE]);
}

static void restore(struct mf_object *self, PyObject *message)
{
    struct mf_walk *walk = &self->walk;
    PyObject *stream =
        message ? mf_walk_get(walk, message, MF_NAME_stream) : NULL;
    if (stream && (self->watches || mf_tap_check(walk->tap_type, stream)))
        mf_tap_restore(walk->tap_type, self->watched, message);
    Py_XDECREF(stream);
}

/* ---- telling ---- */

static void encode_part(struct mf_object *self, PyObject *flow,
                        PyObject *const *values, const struct mf_event *event,
                        struct mf_told *told)
{
    struct mf_encoder *enc = &self->enc;
    mf_walk_let_go(&self->walk);
    mf_encoder_clear(enc);
    struct mf_mark mark = mf_encoder_begin(enc, PART);
    mf_encoder_bytes(enc, PART_ID, self->id.data, self->id.len);
    struct mf_mark flow_mark = mf_encoder_begin(enc, PART_FLOW);
    mf_object_put_flow(self, flow, values, event, told, false);
    mf_encoder_end(enc, flow_mark);
    mf_encoder_end(enc, mark);
    mf_encoder_varint_opt(enc, EVENT_TYPE, event->number);
}

/* Encode what the flow's entry does not have; returns the kind. */
static enum mf_kind encode(struct mf_object *self, PyObject *flow,
                           PyObject *const *values,
                           const struct mf_event *event, struct mf_told *told,
                           bool is_known)
{
    if (is_known) {
        encode_part(self, flow, values, event, told);
        if (!self->walk.is_part_short)
            return MF_KIND_PART;
        mf_told_clear(told);
    }
    mf_object_encode_whole(self, flow, values, event, told);
    return MF_KIND_WHOLE;
}

void mf_object_tell(struct mf_object *self, PyObject *flow,
                    PyObject *const *values, enum mf_event_index index)
{
    const struct mf_event *event = &mf_events[index];
    struct mf_told nobody = {0};
    bool is_end = mf_object_ends(self, values, event);
    tap_streams(self, values, index);
    struct mf_told *told = mf_told_get(self->told, values[MF_FLOW_ID]);
    bool is_known = told != NULL;
    if (!told && !is_end)
        told = mf_told_add(self->told, values[MF_FLOW_ID]);
    bool grows = values[MF_FLOW_WEBSOCKET] != NULL;
    enum mf_kind kind =
        encode(self, flow, values, event, told ? told : &nobody, is_known);
    struct mf_label label = mf_object_label(self, kind, event, is_end, grows);
    int rc = mf_object_push(self, &label, grows ? flow : NULL, 0);
    mf_walk_let_go(&self->walk);
    mf_told_clear(&nobody);
    if (told && (rc || is_end))
        mf_told_forget(self->told, told);
    else if (told)
        mf_told_settle(self->told, told);
    if (rc)
        mf_object_note_failure(self, rc, event->name);
    if (is_end) {
        restore(self, values[MF_FLOW_REQUEST]);
        restore(self, values[MF_FLOW_RESPONSE]);
    }
    if (self->sender)
        mf_sender_wake(self->sender);
}
