/* The extension module `_mitmflow`. */
#ifndef MF_EXPORTER_MODULE_H
#define MF_EXPORTER_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern PyType_Spec mf_object_spec;

#endif
