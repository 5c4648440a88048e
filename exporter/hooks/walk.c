#include "exporter/hooks/walk.h"

#include <stdlib.h>

#include "base/error.h"
#include "exporter/hooks/tap.h"

/* A string longer than this is not text that mitmproxy shows. */
enum { PACKED_MAX_LEN = 65535 }; /* of a DNS message */
#define TEXT_MAX_LEN ((size_t)64 << 20)

#define NAME_TEXT(name) #name,
static const char *const NAMES[] = {MF_NAME_MAP(NAME_TEXT)};
#undef NAME_TEXT

int mf_walk_init(struct mf_walk *walk, struct mf_encoder *enc,
                 PyObject *describe_cert, PyObject *dns_type,
                 PyObject *dns_class)
{
    *walk = (struct mf_walk){.enc = enc};
    mf_buf_init(&walk->text, TEXT_MAX_LEN);
    mf_buf_init(&walk->packed, PACKED_MAX_LEN);
    mf_tnet_out_init(&walk->typed);
    for (int i = 0; i < MF_NAME_COUNT; i++) {
        walk->names[i] = PyUnicode_InternFromString(NAMES[i]);
        if (!walk->names[i])
            return -1;
    }
    if (mf_shapes_init(&walk->shapes, walk->names))
        return -1;
    if (mf_conns_init(&walk->conns)) {
        PyErr_NoMemory();
        return -1;
    }
    walk->tap_type = mf_tap_type_new();
    if (!walk->tap_type)
        return -1;
    walk->certs = PyDict_New();
    if (!walk->certs)
        return -1;
    Py_INCREF(describe_cert);
    walk->describe_cert = describe_cert;
    Py_INCREF(dns_type);
    walk->dns_type = dns_type;
    Py_INCREF(dns_class);
    walk->dns_class = dns_class;
    return 0;
}

void mf_walk_release(struct mf_walk *walk)
{
    if (walk->enc)
        mf_walk_let_go(walk);
    for (int i = 0; i < MF_NAME_COUNT; i++)
        Py_CLEAR(walk->names[i]);
    Py_CLEAR(walk->describe_cert);
    Py_CLEAR(walk->dns_type);
    Py_CLEAR(walk->dns_class);
    Py_CLEAR(walk->certs);
    for (int i = 0; i < MF_RECENT_CERTS; i++) {
        Py_CLEAR(walk->recent_certs[i].cert);
        Py_CLEAR(walk->recent_certs[i].bytes);
    }
    Py_CLEAR(walk->tap_type);
    mf_shapes_release(&walk->shapes);
    mf_conns_release(&walk->conns);
    free(walk->chars);
    walk->chars = NULL;
    walk->chars_cap = 0;
    mf_buf_release(&walk->text);
    mf_buf_release(&walk->packed);
    mf_tnet_out_release(&walk->typed);
}

/* ---- reading ---- */

PyObject *mf_walk_get(struct mf_walk *walk, PyObject *object, enum mf_name name)
{
    PyObject *value = PyObject_GetAttr(object, walk->names[name]);
    if (!value) {
        PyErr_Clear();
        return NULL;
    }
    if (value == Py_None) {
        Py_DECREF(value);
        return NULL;
    }
    return value;
}

bool mf_walk_is_true(PyObject *object)
{
    if (!object || object == Py_False)
        return false;
    int is_true = object == Py_True ? 1 : PyObject_IsTrue(object);
    if (is_true < 0)
        PyErr_Clear();
    return is_true > 0;
}

bool mf_walk_bool(struct mf_walk *walk, PyObject *object, enum mf_name name)
{
    PyObject *value = mf_walk_get(walk, object, name);
    bool is_true = mf_walk_is_true(value);
    Py_XDECREF(value);
    return is_true;
}

long long mf_walk_to_int(PyObject *object, long long fallback)
{
    if (!object || !PyLong_Check(object))
        return fallback;
    long long value = PyLong_AsLongLong(object);
    if (value == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        return fallback;
    }
    return value;
}

long long mf_walk_int(struct mf_walk *walk, PyObject *object, enum mf_name name,
                      long long fallback)
{
    PyObject *value = mf_walk_get(walk, object, name);
    long long number = mf_walk_to_int(value, fallback);
    Py_XDECREF(value);
    return number;
}

double mf_walk_to_seconds(PyObject *object)
{
    if (!object || !(PyFloat_Check(object) || PyLong_Check(object)))
        return -1;
    double seconds = PyFloat_AsDouble(object);
    if (seconds == -1 && PyErr_Occurred())
        PyErr_Clear();
    return seconds;
}

double mf_walk_seconds(struct mf_walk *walk, PyObject *object,
                       enum mf_name name)
{
    PyObject *value = mf_walk_get(walk, object, name);
    double seconds = mf_walk_to_seconds(value);
    Py_XDECREF(value);
    return seconds;
}

bool mf_walk_to_bytes(PyObject *object, const uint8_t **ret_data,
                      size_t *ret_len)
{
    /* The exact type first: to ask for a kind of it is a call each time. */
    if (!object || !(PyBytes_CheckExact(object) || PyBytes_Check(object)))
        return false;
    *ret_data = (const uint8_t *)PyBytes_AsString(object);
    *ret_len = (size_t)PyBytes_Size(object);
    return true;
}

/* The str's code points in walk->chars; false for anything else. */
static bool read_chars(struct mf_walk *walk, PyObject *text, size_t *ret_count)
{
    if (!text || !(PyUnicode_CheckExact(text) || PyUnicode_Check(text)))
        return false;
    Py_ssize_t count = PyUnicode_GetLength(text);
    if (count < 0 || (size_t)count > TEXT_MAX_LEN) {
        PyErr_Clear();
        return false;
    }
    if ((size_t)count > walk->chars_cap) {
        size_t cap = (size_t)count + 256;
        Py_UCS4 *chars = realloc(walk->chars, cap * sizeof *chars);
        if (!chars) {
            mf_encoder_fail(walk->enc, MF_ENOMEM);
            return false;
        }
        walk->chars = chars;
        walk->chars_cap = cap;
    }
    if (count &&
        !PyUnicode_AsUCS4(text, walk->chars, (Py_ssize_t)walk->chars_cap, 0)) {
        PyErr_Clear();
        return false;
    }
    *ret_count = (size_t)count;
    return true;
}

bool mf_walk_to_text(struct mf_walk *walk, PyObject *object, struct mf_buf *out,
                     enum mf_text_escape escape)
{
    size_t count;
    if (!read_chars(walk, object, &count))
        return false;
    int rc = mf_text_put_ucs4(out, walk->chars, count, escape);
    if (rc)
        mf_encoder_fail(walk->enc, rc);
    return rc == 0;
}

PyObject *mf_walk_item(PyObject *sequence, Py_ssize_t index)
{
    PyObject *item = NULL;
    if (PyTuple_CheckExact(sequence) || PyTuple_Check(sequence)) {
        if (index < PyTuple_Size(sequence))
            item = PyTuple_GetItem(sequence, index);
    } else if (PyList_Check(sequence)) {
        if (index < PyList_Size(sequence))
            item = PyList_GetItem(sequence, index);
    }
    Py_XINCREF(item);
    return item;
}

size_t mf_walk_count(PyObject *sequence)
{
    Py_ssize_t count = 0;
    if (PyTuple_Check(sequence))
        count = PyTuple_Size(sequence);
    else if (PyList_Check(sequence))
        count = PyList_Size(sequence);
    return count > 0 ? (size_t)count : 0;
}

/* ---- writing ---- */

void mf_walk_put_str(struct mf_walk *walk, uint32_t number, PyObject *text)
{
    size_t count;
    if (read_chars(walk, text, &count))
        mf_encoder_ucs4(walk->enc, number, walk->chars, count, MF_TEXT_REPLACE);
}

void mf_walk_put_text(struct mf_walk *walk, uint32_t number, PyObject *object,
                      enum mf_name name)
{
    PyObject *value = mf_walk_get(walk, object, name);
    mf_walk_put_str(walk, number, value);
    Py_XDECREF(value);
}

void mf_walk_put_bytes_text(struct mf_walk *walk, uint32_t number,
                            PyObject *object, enum mf_name name,
                            enum mf_text_escape escape)
{
    const uint8_t *data;
    size_t len;
    PyObject *value = mf_walk_get(walk, object, name);
    if (mf_walk_to_bytes(value, &data, &len))
        mf_encoder_text(walk->enc, number, data, len, escape);
    Py_XDECREF(value);
}

void mf_walk_put_bytes(struct mf_walk *walk, uint32_t number, PyObject *object,
                       enum mf_name name)
{
    const uint8_t *data;
    size_t len;
    PyObject *value = mf_walk_get(walk, object, name);
    if (mf_walk_to_bytes(value, &data, &len))
        mf_encoder_bytes_opt(walk->enc, number, data, len);
    Py_XDECREF(value);
}

void mf_walk_put_body(struct mf_walk *walk, uint32_t number,
                      const uint8_t *data, size_t len, PyObject *object)
{
    size_t before = walk->enc->splice_count;
    mf_encoder_body(walk->enc, number, data, len, object);
    if (walk->enc->splice_count > before)
        Py_INCREF(object);
}

void mf_walk_let_go(struct mf_walk *walk)
{
    struct mf_encoder *enc = walk->enc;
    while (enc->splice_count)
        Py_DECREF((PyObject *)enc->splices[--enc->splice_count].object);
}

void mf_walk_put_time(struct mf_walk *walk, uint32_t number, PyObject *object,
                      enum mf_name name)
{
    mf_encoder_seconds(walk->enc, number, mf_walk_seconds(walk, object, name));
}

void mf_walk_put_bool(struct mf_walk *walk, uint32_t number, PyObject *object,
                      enum mf_name name)
{
    mf_encoder_varint_opt(walk->enc, number, mf_walk_bool(walk, object, name));
}

void mf_walk_put_int(struct mf_walk *walk, uint32_t number, PyObject *object,
                     enum mf_name name)
{
    long long value = mf_walk_int(walk, object, name, 0);
    mf_encoder_varint_opt(walk->enc, number, (uint64_t)value);
}

void mf_walk_settle(struct mf_walk *walk, uint64_t *told, size_t from)
{
    struct mf_encoder *enc = walk->enc;
    if (enc->error)
        return;
    uint64_t hash = mf_told_hash(enc->buf.data + from, enc->buf.len - from);
    if (hash == *told)
        enc->buf.len = from;
    else if (hash == 0)
        walk->is_part_short = true;
    *told = hash;
}
