/*
 * Values of any type that a .mitm file can have, as typed netstrings. Nobody's
 * code is asked: of numbers and containers of other classes what they hold is
 * read past their methods.
 */
#include "base/error.h"
#include "exporter/hooks/walk.h"

/* The file has two more levels around it. */
enum { DEPTH_MAX = MF_TNET_DEPTH_MAX - 2, BITS_MAX = 1024, HEAD_MAX_LEN = 16 };

static bool put_value(struct mf_walk *walk, PyObject *value, int depth);

/* There is room for so much more; so no string is too long to be copied. */
static bool has_room(const struct mf_walk *walk, size_t len)
{
    return !walk->typed.error &&
           walk->typed.buf.len + len + HEAD_MAX_LEN <= walk->typed_max;
}

static bool put_span(struct mf_walk *walk, enum mf_tnet_type type,
                     const void *data, size_t len)
{
    if (!has_room(walk, len))
        return false;
    struct mf_span span = {len ? (const char *)data : "", len};
    mf_tnet_put_value(&walk->typed, (struct mf_tnet){type, span});
    return true;
}

static bool put_text(struct mf_walk *walk, enum mf_tnet_type type,
                     PyObject *text)
{
    Py_ssize_t count = PyUnicode_GetLength(text);
    if (count < 0 || !has_room(walk, (size_t)count))
        return false;
    mf_buf_clear(&walk->text);
    return mf_walk_to_text(walk, text, &walk->text, MF_TEXT_REPLACE) &&
           put_span(walk, type, walk->text.data, walk->text.len);
}

/* One that is longer than the processor's. */
static bool put_long(struct mf_walk *walk, PyObject *value)
{
    bool is_put = false;
    if (!PyLong_CheckExact(value))
        return false;
    PyObject *bits = PyObject_CallMethod(value, "bit_length", NULL);
    PyObject *text = NULL;
    if (bits && mf_walk_to_int(bits, BITS_MAX + 1) <= BITS_MAX)
        text = PyObject_Str(value);
    if (text)
        is_put = put_text(walk, MF_TNET_INT, text);
    Py_XDECREF(text);
    Py_XDECREF(bits);
    return is_put;
}

static bool put_int(struct mf_walk *walk, PyObject *value)
{
    int overflow = 0;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow)
        return put_long(walk, value);
    mf_tnet_put_int(&walk->typed, number);
    return true;
}

static bool put_list(struct mf_walk *walk, PyObject *list, int depth)
{
    struct mf_tnet_mark mark = mf_tnet_begin(&walk->typed);
    PyObject *item;
    bool is_put = true;
    for (Py_ssize_t i = 0; is_put && (item = mf_walk_item(list, i)); i++) {
        is_put = put_value(walk, item, depth + 1);
        Py_DECREF(item);
    }
    mf_tnet_end(&walk->typed, mark, MF_TNET_LIST);
    return is_put;
}

static bool put_pair(struct mf_walk *walk, PyObject *pair, int depth)
{
    PyObject *key = mf_walk_item(pair, 0), *value = mf_walk_item(pair, 1);
    bool is_put = key && value && PyUnicode_Check(key) &&
                  put_text(walk, MF_TNET_TEXT, key) &&
                  put_value(walk, value, depth + 1);
    Py_XDECREF(key);
    Py_XDECREF(value);
    return is_put;
}

static bool put_dict(struct mf_walk *walk, PyObject *dict, int depth)
{
    if (!has_room(walk, (size_t)PyDict_Size(dict)))
        return false;
    struct mf_tnet_mark mark = mf_tnet_begin(&walk->typed);
    PyObject *items = PyDict_Items(dict), *pair;
    bool is_put = items != NULL;
    for (Py_ssize_t i = 0; is_put && (pair = mf_walk_item(items, i)); i++) {
        is_put = put_pair(walk, pair, depth);
        Py_DECREF(pair);
    }
    Py_XDECREF(items);
    mf_tnet_end(&walk->typed, mark, MF_TNET_DICT);
    return is_put;
}

static bool put_value(struct mf_walk *walk, PyObject *value, int depth)
{
    const uint8_t *data;
    size_t len;
    if (depth > DEPTH_MAX || !has_room(walk, 0))
        return false;
    if (value == Py_None)
        mf_tnet_put_null(&walk->typed);
    else if (PyBool_Check(value))
        mf_tnet_put_bool(&walk->typed, value == Py_True);
    else if (PyLong_Check(value))
        return put_int(walk, value);
    else if (PyFloat_Check(value))
        mf_tnet_put_double(&walk->typed, PyFloat_AsDouble(value));
    else if (PyUnicode_Check(value))
        return put_text(walk, MF_TNET_TEXT, value);
    else if (mf_walk_to_bytes(value, &data, &len))
        return put_span(walk, MF_TNET_BYTES, data, len);
    else if (PyList_Check(value) || PyTuple_Check(value))
        return put_list(walk, value, depth);
    else if (PyDict_Check(value))
        return put_dict(walk, value, depth);
    else
        return false;
    return true;
}

void mf_walk_put_typed(struct mf_walk *walk, uint32_t number, PyObject *value,
                       size_t *room)
{
    struct mf_tnet_out *typed = &walk->typed;
    mf_buf_clear(&typed->buf);
    typed->error = 0;
    walk->typed_max = *room;
    bool is_put = put_value(walk, value, 1);
    PyErr_Clear();
    if (typed->error)
        mf_encoder_fail(walk->enc, typed->error);
    else if (is_put && typed->buf.len <= *room) {
        mf_encoder_bytes(walk->enc, number, typed->buf.data, typed->buf.len);
        *room -= typed->buf.len;
    }
}
