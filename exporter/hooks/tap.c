#include "exporter/hooks/tap.h"

#include <string.h>

#include "exporter/hooks/walk.h"

struct tap {
    PyObject_HEAD PyObject *inner;
    PyObject *drip_type;
    PyObject *chunks; /* a list; NULL: none yet */
    PyObject *whole;  /* of them, when it was asked for */
    uint64_t count, whole_count;
    size_t kept, keep_max;
};

/* What an addon's callable gave, item by item. */
struct drip {
    PyObject_HEAD PyObject *tap;
    PyObject *items; /* an iterator */
};

/* ---- counting ---- */

static void keep(struct tap *tap, PyObject *data)
{
    PyObject *bytes = PyBytes_FromObject(data);
    Py_ssize_t len = bytes ? PyBytes_Size(bytes) : 0;
    size_t room = tap->keep_max - tap->kept;
    if (bytes && (size_t)len > room) {
        PyObject *part = PyBytes_FromStringAndSize(PyBytes_AsString(bytes),
                                                   (Py_ssize_t)room);
        Py_DECREF(bytes);
        bytes = part;
        len = (Py_ssize_t)room;
    }
    if (bytes && !tap->chunks)
        tap->chunks = PyList_New(0);
    if (bytes && tap->chunks && PyList_Append(tap->chunks, bytes) == 0)
        tap->kept += (size_t)len;
    Py_XDECREF(bytes);
}

/* Sets no exception, whatever the data is. */
static void count(struct tap *tap, PyObject *data)
{
    Py_ssize_t len =
        PyBytes_Check(data) ? PyBytes_Size(data) : PyObject_Length(data);
    if (len > 0) {
        tap->count += (uint64_t)len;
        if (tap->kept < tap->keep_max)
            keep(tap, data);
    }
    PyErr_Clear();
}

static PyObject *drip_new(struct tap *tap, PyObject *answer)
{
    PyObject *items = PyObject_GetIter(answer);
    if (!items) {
        /* mitmproxy will find out by itself. */
        PyErr_Clear();
        Py_INCREF(answer);
        return answer;
    }
    struct drip *drip =
        PyObject_GC_New(struct drip, (PyTypeObject *)tap->drip_type);
    if (!drip) {
        Py_DECREF(items);
        return NULL;
    }
    Py_INCREF((PyObject *)tap);
    drip->tap = (PyObject *)tap;
    drip->items = items;
    PyObject_GC_Track((PyObject *)drip);
    return (PyObject *)drip;
}

/* What a callable of another addon answered; takes the reference. */
static PyObject *pass_answer(struct tap *tap, PyObject *answer)
{
    if (PyBytes_Check(answer)) {
        count(tap, answer);
        return answer;
    }
    if (!PyList_CheckExact(answer) && !PyTuple_CheckExact(answer)) {
        PyObject *drip = drip_new(tap, answer);
        Py_DECREF(answer);
        return drip;
    }
    /* To ask an item for its length may be someone's code, and take it out. */
    PyObject *item;
    for (Py_ssize_t i = 0; (item = mf_walk_item(answer, i)); i++) {
        count(tap, item);
        Py_DECREF(item);
    }
    return answer;
}

static PyObject *tap_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
    struct tap *tap = (struct tap *)self;
    if (PyCallable_Check(tap->inner)) {
        PyObject *answer = PyObject_Call(tap->inner, args, kwargs);
        return answer ? pass_answer(tap, answer) : NULL;
    }
    PyObject *data;
    if (!PyArg_ParseTuple(args, "O", &data))
        return NULL;
    count(tap, data);
    /* Anything else would be taken apart into its items. */
    if (!PyBytes_Check(data))
        return Py_BuildValue("[O]", data);
    Py_INCREF(data);
    return data;
}

static int tap_traverse(PyObject *self, visitproc visit, void *arg)
{
    struct tap *tap = (struct tap *)self;
    Py_VISIT(tap->inner);
    Py_VISIT(tap->drip_type);
    Py_VISIT(tap->chunks);
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static int tap_clear(PyObject *self)
{
    struct tap *tap = (struct tap *)self;
    Py_CLEAR(tap->chunks);
    Py_CLEAR(tap->whole);
    return 0;
}

static void tap_dealloc(PyObject *self)
{
    struct tap *tap = (struct tap *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    tap_clear(self);
    Py_CLEAR(tap->inner);
    Py_CLEAR(tap->drip_type);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyObject *drip_next(PyObject *self)
{
    struct drip *drip = (struct drip *)self;
    PyObject *item = PyIter_Next(drip->items);
    if (item)
        count((struct tap *)drip->tap, item);
    return item;
}

static int drip_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((struct drip *)self)->tap);
    Py_VISIT(((struct drip *)self)->items);
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static void drip_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(((struct drip *)self)->tap);
    Py_CLEAR(((struct drip *)self)->items);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyType_Slot drip_slots[] = {
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, drip_next},
    {Py_tp_traverse, drip_traverse},
    {Py_tp_dealloc, drip_dealloc},
    {0, NULL},
};
static PyType_Spec drip_spec = {
    .name = "_mitmflow.Drip",
    .basicsize = sizeof(struct drip),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = drip_slots,
};

static PyType_Slot tap_slots[] = {
    {Py_tp_call, tap_call},
    {Py_tp_traverse, tap_traverse},
    {Py_tp_clear, tap_clear},
    {Py_tp_dealloc, tap_dealloc},
    {0, NULL},
};
static PyType_Spec tap_spec = {
    .name = "_mitmflow.Tap",
    .basicsize = sizeof(struct tap),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = tap_slots,
};

PyObject *mf_tap_type_new(void)
{
    PyObject *type = PyType_FromSpec(&tap_spec);
    PyObject *drip = type ? PyType_FromSpec(&drip_spec) : NULL;
    if (drip && PyObject_SetAttrString(type, "drip_type", drip))
        Py_CLEAR(drip);
    if (!drip)
        Py_CLEAR(type);
    Py_XDECREF(drip);
    return type;
}

PyObject *mf_tap_new(PyObject *type, PyObject *stream, size_t keep_max)
{
    PyObject *drip_type = PyObject_GetAttrString(type, "drip_type");
    struct tap *tap =
        drip_type ? PyObject_GC_New(struct tap, (PyTypeObject *)type) : NULL;
    if (!tap) {
        Py_XDECREF(drip_type);
        return NULL;
    }
    memset(&tap->inner, 0, sizeof *tap - offsetof(struct tap, inner));
    Py_INCREF(stream);
    tap->inner = stream;
    tap->drip_type = drip_type;
    tap->keep_max = keep_max;
    PyObject_GC_Track((PyObject *)tap);
    return (PyObject *)tap;
}

bool mf_tap_check(PyObject *type, PyObject *object)
{
    return (PyObject *)Py_TYPE(object) == type;
}

uint64_t mf_tap_count(PyObject *tap)
{
    return ((struct tap *)tap)->count;
}

PyObject *mf_tap_inner(PyObject *tap)
{
    return ((struct tap *)tap)->inner;
}

PyObject *mf_tap_kept(PyObject *object)
{
    struct tap *tap = (struct tap *)object;
    if (tap->whole && tap->whole_count != tap->count)
        Py_CLEAR(tap->whole);
    if (!tap->whole && tap->chunks) {
        PyObject *nothing = PyBytes_FromStringAndSize(NULL, 0);
        if (nothing)
            tap->whole = PyObject_CallMethod(nothing, "join", "O", tap->chunks);
        Py_XDECREF(nothing);
        PyErr_Clear();
        tap->whole_count = tap->count;
    }
    Py_XINCREF(tap->whole);
    return tap->whole;
}
