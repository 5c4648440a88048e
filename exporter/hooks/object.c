#include "exporter/hooks/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "exporter/hooks/module.h"

/* The longest message; far above two bodies of any sensible grpc_body_max. */
#define MESSAGE_MAX_LEN ((size_t)1 << 30)

#define QUEUE_MAX_LEN ((size_t)64 << 20)
#define BODY_MAX_LEN ((size_t)16 << 20)

/* ---- life ---- */

static int object_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"describe_cert",     "dns_type",  "dns_class",
                            "mitmproxy_version", "log",       "on_untold",
                            "on_late",           "queue_max", NULL};
    struct mf_object *self = (struct mf_object *)object;
    PyObject *describe_cert, *dns_type, *dns_class, *version, *log, *on_untold,
        *on_late = Py_None;
    Py_ssize_t queue_max = QUEUE_MAX_LEN;
    if (self->queue) {
        PyErr_SetString(PyExc_RuntimeError, "__init__ was called before");
        return -1;
    }
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "OOOUOO|On", names, &describe_cert, &dns_type,
            &dns_class, &version, &log, &on_untold, &on_late, &queue_max))
        return -1;
    mf_encoder_init(&self->enc, MESSAGE_MAX_LEN);
    mf_buf_init(&self->id, MF_SPLICE_MIN_LEN);
    if (mf_walk_init(&self->walk, &self->enc, describe_cert, dns_type,
                     dns_class) ||
        mf_settings_copy_text("mitmproxy_version", version,
                              self->mitmproxy_version,
                              sizeof self->mitmproxy_version))
        return -1;
    self->walk.body_max = self->walk.list_max = BODY_MAX_LEN;
    Py_INCREF(log);
    self->log = log;
    Py_INCREF(on_untold);
    self->on_untold = on_untold;
    Py_INCREF(on_late);
    self->on_late = on_late;
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
    if (!sender || self->has_ended)
        return;
    int64_t until_ns = mf_clock_mono_ns() + (int64_t)(seconds * 1e9);
    int rc = MF_EBUSY;
    while (rc == MF_EBUSY) {
        if (seconds > 0)
            mf_object_flush(self, true);
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

/* -1 with an exception. */
static int start_sender(struct mf_object *self, int notify_fd)
{
    struct mf_tls *tls;
    struct mf_redactor *redactor;
    if (mf_settings_make(&self->settings, &tls, &redactor))
        return -1;
    self->sender = mf_sender_start(self->queue, &self->settings.config, tls,
                                   redactor, notify_fd);
    if (!self->sender) {
        PyErr_SetString(PyExc_RuntimeError, "cannot start a thread");
        return -1;
    }
    self->has_ended = false;
    return 0;
}

/* Another thread, without a voice, sends or spools what comes so late. It
 * knows of no flow. */
void mf_object_resume(struct mf_object *self)
{
    if (!self->queue || self->is_stopped)
        return;
    mf_sender_free(self->sender);
    self->sender = NULL;
    mf_told_table_free(self->told);
    self->told = mf_told_table_new();
    self->is_stopped = !self->told || start_sender(self, -1);
    if (!self->is_stopped && self->on_late != Py_None)
        Py_XDECREF(PyObject_CallFunction(self->on_late, NULL));
    PyErr_Clear();
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
    Py_VISIT(self->on_late);
    Py_VISIT(self->walk.describe_cert);
    Py_VISIT(self->walk.dns_type);
    Py_VISIT(self->walk.dns_class);
    Py_VISIT(self->walk.certs);
    for (int i = 0; i < MF_RECENT_CERTS; i++)
        Py_VISIT(self->walk.recent_certs[i].cert);
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
    Py_CLEAR(self->on_late);
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
    mf_settings_release(&self->settings);
    mf_walk_release(&self->walk);
    mf_encoder_release(&self->enc);
    mf_buf_release(&self->id);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

/* ---- methods ---- */

PyDoc_STRVAR(
    configure_doc,
    "configure(addr, source, body_max, token='', ca='', cert='', key='', "
    "spool_dir='', spool_max=0, rules=(), key_path='')\n\n"
    "Take new options, at any time. ValueError says what is wrong with "
    "which, and nothing has changed then.");

static PyObject *object_configure(PyObject *object, PyObject *args,
                                  PyObject *kwargs)
{
    struct mf_object *self = (struct mf_object *)object;
    struct mf_settings settings;
    struct mf_tls *tls;
    struct mf_redactor *redactor;
    if (mf_settings_read(args, kwargs, &settings))
        return NULL;
    memcpy(settings.config.mitmproxy_version, self->mitmproxy_version,
           sizeof self->mitmproxy_version);
    if (mf_settings_make(&settings, &tls, &redactor)) {
        mf_settings_release(&settings);
        return NULL;
    }
    bool is_running = self->sender && !self->has_ended;
    if (is_running && mf_queue_push_rules(self->queue, redactor)) {
        mf_tls_free(tls);
        mf_redactor_free(redactor);
        mf_settings_release(&settings);
        return PyErr_NoMemory();
    }
    mf_settings_release(&self->settings);
    self->settings = settings;
    self->has_config = true;
    self->walk.body_max = self->walk.list_max = settings.config.body_max;
    if (is_running) {
        mf_sender_configure(self->sender, &settings.config, tls);
    } else {
        mf_tls_free(tls);
        mf_redactor_free(redactor);
    }
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
    if (start_sender(self, (int)fd))
        return NULL;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(stop_doc,
             "stop(seconds) -> how many messages are lost by it\n\n"
             "Send what waits for up to so long if a server is connected, "
             "put the rest into the spool and end the thread. tick() still "
             "gives the last lines. What hooks bring after it begins another "
             "thread, to be stopped too.");

static PyObject *object_stop(PyObject *object, PyObject *arg)
{
    struct mf_object *self = (struct mf_object *)object;
    double seconds = PyFloat_AsDouble(arg);
    if (PyErr_Occurred())
        return NULL;
    if (self->queue && !self->is_stopped)
        mf_object_flush(self, true);
    stop_sender(self, seconds < 0 ? 0 : seconds);
    mf_object_collect(self);
    struct mf_queue_stats stats = {0};
    struct mf_sender_stats sender = {0};
    /* Else all of it stays with a thread that hangs. */
    if (self->queue)
        mf_queue_get_stats(self->queue, &stats);
    if (self->sender)
        mf_sender_get_stats(self->sender, &sender);
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
    if (self->queue && !self->is_stopped)
        has_untold = mf_object_flush(self, false);
    PyObject *lines = PyList_New(0);
    while (lines && self->sender &&
           mf_sender_take_line(self->sender, text, sizeof text, &is_warning))
        if (append_line(lines, text, is_warning))
            Py_CLEAR(lines);
    return lines ? Py_BuildValue("NO", lines, has_untold ? Py_True : Py_False)
                 : NULL;
}

PyDoc_STRVAR(stats_doc, "stats() -> dict of counts, and of what goes on");

static PyObject *object_stats(PyObject *object, PyObject *unused)
{
    (void)unused;
    return mf_object_stats((struct mf_object *)object);
}

/* The whole message, as it would be sent. */
PyObject *mf_object_flat_message(const struct mf_encoder *enc)
{
    struct mf_buf flat;
    mf_buf_init(&flat, MESSAGE_MAX_LEN);
    const struct mf_spliced message = mf_spliced_of(enc);
    int rc = mf_spliced_flatten(&message, &flat);
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

/* The hook of that name; MF_EVENT_COUNT with an exception. */
static enum mf_event_index find_event(PyObject *name)
{
    int i = 0;
    while (i < MF_EVENT_COUNT &&
           PyUnicode_CompareWithASCIIString(name, mf_events[i].name))
        i++;
    if (i == MF_EVENT_COUNT)
        PyErr_Format(PyExc_KeyError, "%U", name);
    return (enum mf_event_index)i;
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
    enum mf_event_index index = find_event(name);
    if (index == MF_EVENT_COUNT)
        return NULL;
    self->pushed = PyList_New(0);
    if (!self->pushed)
        return NULL;
    mf_object_handle(self, flow, index);
    PyObject *pushed = self->pushed;
    self->pushed = NULL;
    return pushed;
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
    enum mf_event_index index = find_event(name);
    if (index == MF_EVENT_COUNT)
        return NULL;
    mf_object_encode(self, flow, &mf_events[index]);
    if (self->enc.error) {
        PyErr_SetString(PyExc_ValueError, mf_err_message(self->enc.error));
        return NULL;
    }
    PyObject *bytes = mf_object_flat_message(&self->enc);
    mf_walk_let_go(&self->walk);
    return bytes;
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
    MF_EVENT_MAP(HOOK_ROW){"configure",
                           (PyCFunction)(void (*)(void))object_configure,
                           METH_VARARGS | METH_KEYWORDS, configure_doc},
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
