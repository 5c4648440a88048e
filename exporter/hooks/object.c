#include "exporter/hooks/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "exporter/hooks/module.h"

/* The longest message; far above two bodies of any sensible grpc_body_max. */
#define MESSAGE_MAX_LEN ((size_t)1 << 30)

#define QUEUE_MAX_LEN ((size_t)64 << 20)
#define BODY_MAX_LEN ((size_t)16 << 20)

static int read_text(const char *name, PyObject *text, char *out, size_t cap)
{
    PyObject *bytes = PyUnicode_AsEncodedString(text, "utf-8", "replace");
    char *data;
    Py_ssize_t len;
    if (!bytes)
        return -1;
    int rc = PyBytes_AsStringAndSize(bytes, &data, &len);
    if (!rc && ((size_t)len >= cap || memchr(data, 0, (size_t)len))) {
        PyErr_Format(PyExc_ValueError,
                     "%s is longer than %d bytes, or has a NUL in it", name,
                     (int)cap - 1);
        rc = -1;
    }
    if (!rc)
        memcpy(out, data, (size_t)len + 1);
    Py_DECREF(bytes);
    return rc;
}

static PyObject *raise_err(const struct mf_err *err)
{
    PyErr_SetString(PyExc_ValueError, err->text);
    return NULL;
}

/* ---- life ---- */

static int object_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"describe_cert",     "dns_type", "dns_class",
                            "mitmproxy_version", "log",      "on_untold",
                            "queue_max",         NULL};
    struct mf_object *self = (struct mf_object *)object;
    PyObject *describe_cert, *dns_type, *dns_class, *version, *log, *on_untold;
    Py_ssize_t queue_max = QUEUE_MAX_LEN;
    if (self->queue) {
        PyErr_SetString(PyExc_RuntimeError, "__init__ was called before");
        return -1;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOUOO|n", names,
                                     &describe_cert, &dns_type, &dns_class,
                                     &version, &log, &on_untold, &queue_max))
        return -1;
    mf_encoder_init(&self->enc, MESSAGE_MAX_LEN);
    mf_buf_init(&self->id, MF_SPLICE_MIN_LEN);
    if (mf_walk_init(&self->walk, &self->enc, describe_cert, dns_type,
                     dns_class) ||
        read_text("mitmproxy_version", version, self->config.mitmproxy_version,
                  sizeof self->config.mitmproxy_version))
        return -1;
    self->walk.body_max = self->walk.list_max = BODY_MAX_LEN;
    Py_INCREF(log);
    self->log = log;
    Py_INCREF(on_untold);
    self->on_untold = on_untold;
    self->growth = mf_growth_new();
    self->told = mf_told_table_new();
    self->watched = PyDict_New();
    self->queue = mf_queue_new((size_t)queue_max);
    if (!self->growth || !self->queue || !self->told || !self->watched) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

/* End the thread; the GIL is released meanwhile, so hooks may come in. */
static void stop_sender(struct mf_object *self, double seconds)
{
    struct mf_sender *sender = self->sender;
    self->is_stopped = true;
    if (!sender || self->has_ended)
        return;
    int64_t until_ns = mf_clock_mono_ns() + (int64_t)(seconds * 1e9);
    int rc = MF_EBUSY;
    while (rc == MF_EBUSY) {
        if (seconds > 0) {
            mf_object_send_wanted(self);
            mf_object_flush(self, true);
        }
        int64_t left_ns = until_ns - mf_clock_mono_ns();
        Py_BEGIN_ALLOW_THREADS rc =
            mf_sender_stop(sender, left_ns > 0 ? left_ns : 0);
        Py_END_ALLOW_THREADS
    }
    self->has_ended = true;
    if (rc) {
        self->sender = NULL;
        self->queue = NULL; /* the thread's for ever */
    }
}

static void close_queue(struct mf_object *self)
{
    if (!self->queue)
        return;
    mf_queue_close(self->queue);
    mf_object_collect(self);
}

static int object_traverse(PyObject *object, visitproc visit, void *arg)
{
    struct mf_object *self = (struct mf_object *)object;
    for (int i = 0; i < MF_EVENT_COUNT; i++)
        Py_VISIT(self->untold[i]);
    Py_VISIT(self->log);
    Py_VISIT(self->pushed);
    Py_VISIT(self->watched);
    Py_VISIT(self->on_untold);
    Py_VISIT(self->walk.describe_cert);
    Py_VISIT(self->walk.dns_type);
    Py_VISIT(self->walk.dns_class);
    Py_VISIT(self->walk.certs);
    Py_VISIT(Py_TYPE(object));
    return 0;
}

static int object_clear(PyObject *object)
{
    struct mf_object *self = (struct mf_object *)object;
    for (int i = 0; i < MF_EVENT_COUNT; i++)
        Py_CLEAR(self->untold[i]);
    Py_CLEAR(self->log);
    Py_CLEAR(self->pushed);
    Py_CLEAR(self->watched);
    Py_CLEAR(self->on_untold);
    self->is_stopped = true; /* nothing that a hook needs is left */
    return 0;
}

static void object_dealloc(PyObject *object)
{
    struct mf_object *self = (struct mf_object *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    stop_sender(self, 0);
    if (self->sender)
        mf_sender_free(self->sender);
    close_queue(self);
    mf_queue_free(self->queue);
    self->sender = NULL;
    self->queue = NULL;
    object_clear(object);
    mf_growth_free(self->growth);
    mf_told_table_free(self->told);
    mf_walk_release(&self->walk);
    mf_encoder_release(&self->enc);
    mf_buf_release(&self->id);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

/* ---- methods ---- */

PyDoc_STRVAR(configure_doc,
             "configure(addr, source, body_max)\n\n"
             "Take new options, at any time. ValueError says what is wrong.");

static PyObject *object_configure(PyObject *object, PyObject *args)
{
    struct mf_object *self = (struct mf_object *)object;
    PyObject *addr, *source;
    Py_ssize_t body_max;
    char text[MF_ADDRESS_MAX * MF_ADDRESS_TEXT_CAP];
    struct mf_err err;
    if (!PyArg_ParseTuple(args, "UUn", &addr, &source, &body_max))
        return NULL;
    struct mf_sender_config config = self->config;
    if (read_text("grpc_addr", addr, text, sizeof text) ||
        read_text("grpc_source", source, config.source, sizeof config.source))
        return NULL;
    if (mf_address_parse(text, config.addresses, &config.address_count, &err))
        return raise_err(&err);
    if (body_max < 0) {
        PyErr_SetString(PyExc_ValueError, "grpc_body_max is negative");
        return NULL;
    }
    config.body_max = (size_t)body_max;
    self->walk.body_max = self->walk.list_max = config.body_max;
    self->config = config;
    self->has_config = true;
    if (self->sender)
        mf_sender_configure(self->sender, &config, NULL, NULL);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(start_doc,
             "start(notify_fd)\n\n"
             "Start the sender's thread. The descriptor gets a byte when "
             "tick() has something to do; -1: none.");

static PyObject *object_start(PyObject *object, PyObject *arg)
{
    struct mf_object *self = (struct mf_object *)object;
    long fd = PyLong_AsLong(arg);
    if (fd == -1 && PyErr_Occurred())
        return NULL;
    if (self->sender)
        Py_RETURN_NONE;
    if (!self->has_config || !self->queue || self->is_stopped) {
        PyErr_SetString(PyExc_RuntimeError, "not configured, or stopped");
        return NULL;
    }
    self->sender =
        mf_sender_start(self->queue, &self->config, NULL, NULL, (int)fd);
    if (!self->sender) {
        PyErr_SetString(PyExc_RuntimeError, "cannot start a thread");
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(stop_doc,
             "stop(seconds) -> messages that could not be sent\n\n"
             "Send what waits for up to so long if a server is connected, "
             "and end the thread. Hooks do nothing after it; tick() still "
             "gives the last lines.");

static PyObject *object_stop(PyObject *object, PyObject *arg)
{
    struct mf_object *self = (struct mf_object *)object;
    double seconds = PyFloat_AsDouble(arg);
    if (PyErr_Occurred())
        return NULL;
    if (self->queue && !self->is_stopped)
        mf_object_flush(self, true);
    stop_sender(self, seconds < 0 ? 0 : seconds);
    struct mf_queue_stats stats = {0};
    struct mf_sender_stats sender = {0};
    /* Else all of it stays with a thread that hangs. */
    if (self->queue)
        mf_queue_get_stats(self->queue, &stats);
    if (self->sender)
        mf_sender_get_stats(self->sender, &sender);
    close_queue(self);
    return PyLong_FromSize_t(sender.left + stats.wanted);
}

static int append_line(PyObject *lines, const char *text, bool is_warning)
{
    PyObject *line = Py_BuildValue("Os", is_warning ? Py_True : Py_False, text);
    int rc = line ? PyList_Append(lines, line) : -1;
    Py_XDECREF(line);
    return rc;
}

PyDoc_STRVAR(tick_doc,
             "tick() -> (lines, has_untold)\n\n"
             "Release what was sent, send growing flows that are due and "
             "flows that the server wants whole. "
             "lines: (is_warning, text), to be logged; has_untold: call "
             "again in a while.");

static PyObject *object_tick(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct mf_object *self = (struct mf_object *)object;
    bool has_untold = false, is_warning;
    char text[320];
    mf_object_collect(self);
    if (self->queue && !self->is_stopped) {
        mf_object_send_wanted(self);
        has_untold = mf_object_flush(self, false);
    }
    PyObject *lines = PyList_New(0);
    while (lines && self->sender &&
           mf_sender_take_line(self->sender, text, sizeof text, &is_warning))
        if (append_line(lines, text, is_warning))
            Py_CLEAR(lines);
    return lines ? Py_BuildValue("NO", lines, has_untold ? Py_True : Py_False)
                 : NULL;
}

PyDoc_STRVAR(stats_doc, "stats() -> dict of counts");

static PyObject *object_stats(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct mf_object *self = (struct mf_object *)object;
    struct mf_queue_stats queue = {0};
    struct mf_sender_stats sender = {0};
    if (self->queue)
        mf_queue_get_stats(self->queue, &queue);
    if (self->sender)
        mf_sender_get_stats(self->sender, &sender);
    const struct mf_outbox_stats *outbox = &sender.outbox;
    return Py_BuildValue(
        "{sKsKsKsnsnsnsOsOsOsKsKsKsKsnsn}", "pushed",
        (unsigned long long)queue.pushed, "acked",
        (unsigned long long)outbox->sent, "given_up",
        (unsigned long long)(queue.refused + outbox->lost), "waiting",
        (Py_ssize_t)outbox->waiting, "in_flight", (Py_ssize_t)outbox->in_flight,
        "memory", (Py_ssize_t)queue.memory, "connected",
        sender.connected ? Py_True : Py_False, "published",
        sender.published ? Py_True : Py_False, "appends",
        self->sender && mf_sender_append_max(self->sender) ? Py_True : Py_False,
        "wanted", (unsigned long long)queue.wanted_total, "connects",
        (unsigned long long)sender.connects, "rejected",
        (unsigned long long)sender.rejected, "failures",
        (unsigned long long)self->failures, "growing",
        (Py_ssize_t)(self->growth ? mf_growth_count(self->growth) : 0),
        "followed", (Py_ssize_t)(self->told ? mf_told_count(self->told) : 0));
}

/* The whole message, as it would be sent. */
PyObject *mf_object_flat_message(const struct mf_encoder *enc)
{
    struct mf_buf flat;
    mf_buf_init(&flat, MESSAGE_MAX_LEN);
    size_t at = 0;
    int rc = 0;
    for (size_t i = 0; !rc && i < enc->splice_count; i++) {
        const struct mf_splice *splice = &enc->splices[i];
        rc = mf_buf_append(&flat, enc->buf.data + at, splice->at - at);
        if (!rc)
            rc = mf_buf_append(&flat, splice->data, splice->len);
        at = splice->at;
    }
    if (!rc)
        rc = mf_buf_append(&flat, enc->buf.data + at, enc->buf.len - at);
    PyObject *bytes = rc ? PyErr_NoMemory()
                         : PyBytes_FromStringAndSize((const char *)flat.data,
                                                     (Py_ssize_t)flat.len);
    mf_buf_release(&flat);
    return bytes;
}

PyDoc_STRVAR(set_capture_doc,
             "set_capture(captures, watches=False)\n\n"
             "captures: keep the beginning of bodies that mitmproxy streams, "
             "up to body_max. watches: count those, too, that mitmproxy "
             "begins to stream after it has seen much of them, for when its "
             "option stream_large_bodies is set.");

static PyObject *object_set_capture(PyObject *object, PyObject *args)
{
    struct mf_object *self = (struct mf_object *)object;
    int captures, watches = 0;
    if (!PyArg_ParseTuple(args, "p|p", &captures, &watches))
        return NULL;
    self->captures = captures;
    self->watches = watches;
    if (self->watched)
        PyDict_Clear(self->watched);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(tell_doc,
             "tell(flow, event) -> list of (kind, bytes of the "
             "ExportFlowRequest, event, is_end, grows, id)\n\n"
             "For tests: does what the hook of that name does, but gives what "
             "it would put into the queue.");

static PyObject *object_tell(PyObject *object, PyObject *args)
{
    struct mf_object *self = (struct mf_object *)object;
    PyObject *flow, *name;
    if (!PyArg_ParseTuple(args, "OU", &flow, &name))
        return NULL;
    for (int i = 0; i < MF_EVENT_COUNT; i++) {
        if (PyUnicode_CompareWithASCIIString(name, mf_events[i].name))
            continue;
        self->pushed = PyList_New(0);
        if (!self->pushed)
            return NULL;
        mf_object_handle(self, flow, (enum mf_event_index)i);
        PyObject *pushed = self->pushed;
        self->pushed = NULL;
        return pushed;
    }
    return PyErr_Format(PyExc_KeyError, "%U", name);
}

PyDoc_STRVAR(encode_doc,
             "encode(flow, event) -> bytes of the ExportFlowRequest\n\n"
             "For tests and benchmarks: what the hook of that name sends.");

static PyObject *object_encode(PyObject *object, PyObject *args)
{
    struct mf_object *self = (struct mf_object *)object;
    PyObject *flow, *name;
    if (!PyArg_ParseTuple(args, "OU", &flow, &name))
        return NULL;
    for (int i = 0; i < MF_EVENT_COUNT; i++) {
        if (PyUnicode_CompareWithASCIIString(name, mf_events[i].name))
            continue;
        mf_object_encode(self, flow, &mf_events[i]);
        if (!self->enc.error) {
            PyObject *bytes = mf_object_flat_message(&self->enc);
            mf_walk_let_go(&self->walk);
            return bytes;
        }
        PyErr_SetString(PyExc_ValueError, mf_err_message(self->enc.error));
        return NULL;
    }
    return PyErr_Format(PyExc_KeyError, "%U", name);
}

#define HOOK(name, number, kind, life)                                        \
    static PyObject *hook_##name(PyObject *self, PyObject *flow)              \
    {                                                                         \
        mf_object_handle((struct mf_object *)self, flow, MF_EVENT_AT_##name); \
        Py_RETURN_NONE;                                                       \
    }
MF_EVENT_MAP(HOOK)
#undef HOOK

#define HOOK_ROW(name, number, kind, life) {#name, hook_##name, METH_O, NULL},
static PyMethodDef methods[] = {
    MF_EVENT_MAP(HOOK_ROW){"configure", object_configure, METH_VARARGS,
                           configure_doc},
    {"start", object_start, METH_O, start_doc},
    {"stop", object_stop, METH_O, stop_doc},
    {"tick", object_tick, METH_NOARGS, tick_doc},
    {"stats", object_stats, METH_NOARGS, stats_doc},
    {"set_capture", object_set_capture, METH_VARARGS, set_capture_doc},
    {"tell", object_tell, METH_VARARGS, tell_doc},
    {"encode", object_encode, METH_VARARGS, encode_doc},
    {NULL, NULL, 0, NULL},
};
#undef HOOK_ROW

static PyType_Slot slots[] = {
    {Py_tp_init, object_init},         {Py_tp_dealloc, object_dealloc},
    {Py_tp_traverse, object_traverse}, {Py_tp_clear, object_clear},
    {Py_tp_methods, methods},          {0, NULL},
};

PyType_Spec mf_object_spec = {
    .name = "_mitmflow.Exporter",
    .basicsize = sizeof(struct mf_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};
