/*
 * mf_settings: the options as the library has them, checked, and what the
 * sender's thread is given of them.
 *
 * Thread:  with the GIL.
 */
#ifndef MF_EXPORTER_SETTINGS_H
#define MF_EXPORTER_SETTINGS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "exporter/sender/sender.h"

struct mf_settings {
    struct mf_sender_config config;
    char **rules; /* owned */
    size_t rule_count;
    uint8_t key[MF_REDACT_KEY_LEN]; /* zeros while there are no rules */
};

/*
 * Read configure()'s arguments, all but mitmproxy's version, into
 * `ret_settings`. -1 with a Python exception that names the option; nothing
 * is kept then.
 */
int mf_settings_read(PyObject *args, PyObject *kwargs,
                     struct mf_settings *ret_settings);

/* Make what a sender takes over; each may be NULL. -1 with an exception. */
int mf_settings_make(const struct mf_settings *settings,
                     struct mf_tls **ret_tls,
                     struct mf_redactor **ret_redactor);

void mf_settings_release(struct mf_settings *settings);

/* Copy text, as UTF-8 with a NUL. -1 with an exception that names it, if it
 * is too long or has a NUL in it. */
int mf_settings_copy_text(const char *name, PyObject *text, char *out,
                          size_t cap);

#endif
