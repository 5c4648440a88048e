/* Messages whose `stream` may be set after the last hook: see tap.h. */
#include "exporter/hooks/tap.h"

/* The attribute `stream` of a watched class: what is set lies in the
 * message's __dict__, as ever, but True is set as a tap. */
struct gate {
    PyObject_HEAD PyObject *tap_type;
    size_t keep_max;
};

/* Borrowed: of the instance; NULL without an exception: there is none. */
static PyObject *find(PyObject *message)
{
    PyObject *dict = PyObject_GetAttrString(message, "__dict__");
    PyObject *value = dict && PyDict_Check(dict)
                          ? PyDict_GetItemString(dict, "stream")
                          : NULL;
    Py_XDECREF(dict);
    PyErr_Clear();
    return value;
}

static int store(PyObject *message, PyObject *value)
{
    PyObject *dict = PyObject_GetAttrString(message, "__dict__");
    int rc = -1;
    if (dict)
        rc = value ? PyDict_SetItemString(dict, "stream", value)
                   : PyDict_DelItemString(dict, "stream");
    Py_XDECREF(dict);
    return rc;
}

static PyObject *gate_get(PyObject *self, PyObject *message, PyObject *owner)
{
    (void)self;
    (void)owner;
    PyObject *value = message ? find(message) : NULL;
    if (!value)
        value = Py_False; /* as in mitmproxy's class */
    Py_INCREF(value);
    return value;
}

static int gate_set(PyObject *self, PyObject *message, PyObject *value)
{
    struct gate *gate = (struct gate *)self;
    if (value != Py_True)
        return store(message, value);
    PyObject *tap = mf_tap_new(gate->tap_type, value, gate->keep_max);
    int rc = tap ? store(message, tap) : -1;
    Py_XDECREF(tap);
    return rc;
}

static int gate_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((struct gate *)self)->tap_type);
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static void gate_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(((struct gate *)self)->tap_type);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyType_Slot slots[] = {
    {Py_tp_descr_get, gate_get},
    {Py_tp_descr_set, gate_set},
    {Py_tp_traverse, gate_traverse},
    {Py_tp_dealloc, gate_dealloc},
    {0, NULL},
};
static PyType_Spec spec = {
    .name = "_mitmflow.Gate",
    .basicsize = sizeof(struct gate),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

static PyObject *gate_new(PyObject *tap_type, size_t keep_max)
{
    PyObject *type = PyType_FromSpec(&spec);
    struct gate *gate =
        type ? PyObject_GC_New(struct gate, (PyTypeObject *)type) : NULL;
    Py_XDECREF(type); /* its object holds it */
    if (!gate)
        return NULL;
    Py_INCREF(tap_type);
    gate->tap_type = tap_type;
    gate->keep_max = keep_max;
    PyObject_GC_Track((PyObject *)gate);
    return (PyObject *)gate;
}

static int copy_name(PyObject *names, PyObject *class, const char *name)
{
    PyObject *value = PyObject_GetAttrString(class, name);
    int rc = value ? PyDict_SetItemString(names, name, value) : -1;
    Py_XDECREF(value);
    return rc;
}

/* A class of which nothing tells that it is not `class`, but its `stream`. */
static PyObject *class_new(PyObject *tap_type, PyObject *class, size_t keep_max)
{
    PyObject *watched = NULL;
    PyObject *gate = gate_new(tap_type, keep_max);
    PyObject *names = PyDict_New();
    PyObject *name = PyObject_GetAttrString(class, "__name__");
    if (gate && names && name && !copy_name(names, class, "__module__") &&
        !copy_name(names, class, "__qualname__") &&
        !PyDict_SetItemString(names, "stream", gate))
        watched = PyObject_CallFunction((PyObject *)Py_TYPE(class), "O(O)O",
                                        name, class, names);
    Py_XDECREF(name);
    Py_XDECREF(names);
    Py_XDECREF(gate);
    return watched;
}

void mf_tap_watch(PyObject *type, PyObject *classes, PyObject *message,
                  size_t keep_max)
{
    PyObject *class = (PyObject *)Py_TYPE(message);
    PyObject *watched = PyDict_GetItemWithError(classes, class);
    Py_XINCREF(watched);
    if (!watched) {
        PyErr_Clear();
        watched = class_new(type, class, keep_max);
        /* The class itself stands for a watched one: no need to watch it. */
        if (watched && (PyDict_SetItem(classes, class, watched) ||
                        PyDict_SetItem(classes, watched, watched)))
            Py_CLEAR(watched);
    }
    if (watched && watched != class)
        PyObject_SetAttrString(message, "__class__", watched);
    PyErr_Clear();
    Py_XDECREF(watched);
}

void mf_tap_restore(PyObject *type, PyObject *classes, PyObject *message)
{
    PyObject *class = (PyObject *)Py_TYPE(message);
    PyObject *stream = find(message);
    Py_XINCREF(stream);
    if (stream && mf_tap_check(type, stream))
        store(message, mf_tap_inner(stream));
    PyErr_Clear();
    Py_XDECREF(stream);
    if (!classes || PyDict_GetItemWithError(classes, class) != class) {
        PyErr_Clear();
        return;
    }
    PyObject *base = PyObject_GetAttrString(class, "__base__");
    if (base)
        PyObject_SetAttrString(message, "__class__", base);
    PyErr_Clear();
    Py_XDECREF(base);
}
