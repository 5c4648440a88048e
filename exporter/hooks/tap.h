/*
 * mf_tap: counts a body that mitmproxy passes on as it comes, and may keep
 * its beginning.
 *
 * mitmproxy asks a message's `stream`: False; True; or a callable that gets
 * each chunk, b"" at the end, and answers with bytes or with some iterable of
 * bytes. A tap takes the place of True, or of another addon's callable, which
 * it calls: what goes on is the same in either case, byte for byte, chunk for
 * chunk, and so is what is raised.
 *
 * Thread:  with the GIL.
 */
#ifndef MF_EXPORTER_TAP_H
#define MF_EXPORTER_TAP_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The type of taps; NULL with an exception set. */
PyObject *mf_tap_type_new(void);

/* A new tap in place of `stream`, True or a callable, that keeps the first
 * `keep_max` bytes. NULL with an exception set. */
PyObject *mf_tap_new(PyObject *type, PyObject *stream, size_t keep_max);

bool mf_tap_check(PyObject *type, PyObject *object);

/* Bytes that went through. */
uint64_t mf_tap_count(PyObject *tap);

/* The beginning of them: a new reference to bytes; NULL: nothing is kept. */
PyObject *mf_tap_kept(PyObject *tap);

/* What it stands in for: borrowed. */
PyObject *mf_tap_inner(PyObject *tap);

/*
 * mitmproxy may set a message's `stream` to True after the last hook, when a
 * body of unknown length turns out to be long. A watched message takes a tap
 * in its place then: its class is one that is made of its own.
 *
 * `classes` is a dict for mf_tap_watch() to keep the classes in. No exception
 * is set afterwards; a message that cannot be watched stays as it is.
 */
void mf_tap_watch(PyObject *type, PyObject *classes, PyObject *message,
                  size_t keep_max);

/* Put back what the message had before any of this. */
void mf_tap_restore(PyObject *type, PyObject *classes, PyObject *message);

#endif
