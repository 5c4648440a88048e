#include "exporter/hooks/module.h"

#include "exporter/hooks/events.h"
#include "exporter/openssl.h"

/* The names of all hooks, in a tuple. */
static PyObject *event_names(void)
{
    PyObject *names = PyTuple_New(MF_EVENT_COUNT);
    for (int i = 0; names && i < MF_EVENT_COUNT; i++) {
        PyObject *name = PyUnicode_FromString(mf_events[i].name);
        if (!name || PyTuple_SetItem(names, i, name))
            Py_CLEAR(names);
    }
    return names;
}

/* PyModule_AddObject() takes the reference only where it succeeds. */
static int add(PyObject *module, const char *name, PyObject *object)
{
    if (object && PyModule_AddObject(module, name, object) == 0)
        return 0;
    Py_XDECREF(object);
    return -1;
}

static int module_exec(PyObject *module)
{
    mf_openssl_init();
    if (add(module, "Exporter", PyType_FromSpec(&mf_object_spec)) ||
        add(module, "EVENTS", event_names()) ||
        PyModule_AddStringConstant(module, "VERSION", MF_VERSION))
        return -1;
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_mitmflow",
    .m_doc = "Exports mitmproxy's flows; see mitmflow_exporter.py.",
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__mitmflow(void)
{
    return PyModuleDef_Init(&definition);
}
