/* FlowMeta: what mitmproxy knows of any flow beside its traffic. */
#include <string.h>

#include "exporter/hooks/walk.h"

/* Addons may keep anything in a flow's metadata. */
enum { ENTRIES_MAX = 64, KEY_MAX_CHARS = 128, VALUE_MAX_CHARS = 1024 };
/* Of values beside their texts, in a flow. */
enum { TYPED_MAX_LEN = MF_TNET_SPLICE_MIN_LEN };

static void put_text(struct mf_walk *walk, uint32_t number, PyObject *text,
                     Py_ssize_t max)
{
    PyObject *part = NULL;
    if (PyUnicode_GetLength(text) > max)
        text = part = PyUnicode_Substring(text, 0, max);
    if (text)
        mf_walk_put_str(walk, number, text);
    else
        PyErr_Clear();
    Py_XDECREF(part);
}

/* "<int>": of a value that is not asked for its text, as that could be long,
 * or anyone's code. */
static void put_type(struct mf_walk *walk, uint32_t number, PyObject *value)
{
    PyObject *name =
        PyObject_GetAttrString((PyObject *)Py_TYPE(value), "__name__");
    PyObject *text = name ? PyUnicode_FromFormat("<%U>", name) : NULL;
    if (text)
        put_text(walk, number, text, VALUE_MAX_CHARS);
    PyErr_Clear();
    Py_XDECREF(text);
    Py_XDECREF(name);
}

static void put_value(struct mf_walk *walk, uint32_t number, PyObject *value)
{
    int overflow = 0;
    if (PyUnicode_CheckExact(value)) {
        put_text(walk, number, value, VALUE_MAX_CHARS);
        return;
    }
    bool is_short =
        value == Py_None || PyBool_Check(value) || PyFloat_CheckExact(value);
    if (PyLong_CheckExact(value)) {
        PyLong_AsLongLongAndOverflow(value, &overflow);
        is_short = overflow == 0;
    }
    PyObject *text = is_short ? PyObject_Str(value) : NULL;
    if (text)
        put_text(walk, number, text, VALUE_MAX_CHARS);
    else
        put_type(walk, number, value);
    PyErr_Clear();
    Py_XDECREF(text);
}

/* True if the text tells all of it, or it is to stay here: mitmproxy keeps
 * the user and the password that it took from a client under that key. */
static bool is_told_by_text(PyObject *key, PyObject *value)
{
    if (PyUnicode_CheckExact(value))
        return PyUnicode_GetLength(value) <= VALUE_MAX_CHARS;
    return PyUnicode_CompareWithASCIIString(key, "proxyauth") == 0;
}

static void put_entry(struct mf_walk *walk, uint32_t number, PyObject *key,
                      PyObject *value, size_t *room)
{
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    put_text(walk, 1, key, KEY_MAX_CHARS);
    put_value(walk, 2, value);
    if (!is_told_by_text(key, value))
        mf_walk_put_typed(walk, 3, value, room);
    mf_encoder_end(walk->enc, mark);
}

static void put_metadata(struct mf_walk *walk, uint32_t number,
                         PyObject *metadata)
{
    if (!metadata || !PyDict_Check(metadata) || PyDict_Size(metadata) == 0)
        return;
    /* Those of a copy stay while a text is made of them. */
    PyObject *items = PyDict_Items(metadata), *item;
    size_t count = 0, room = TYPED_MAX_LEN;
    for (Py_ssize_t i = 0;
         items && count < ENTRIES_MAX && (item = mf_walk_item(items, i)); i++) {
        PyObject *key = mf_walk_item(item, 0), *value = mf_walk_item(item, 1);
        if (key && value && PyUnicode_CheckExact(key)) {
            put_entry(walk, number, key, value, &room);
            count++;
        }
        Py_XDECREF(key);
        Py_XDECREF(value);
        Py_DECREF(item);
    }
    PyErr_Clear();
    Py_XDECREF(items);
}

void mf_walk_put_meta(struct mf_walk *walk, uint32_t number,
                      PyObject *const *values, uint64_t *told)
{
    struct mf_encoder *enc = walk->enc;
    size_t before = enc->buf.len;
    struct mf_mark mark = mf_encoder_begin(enc, number);
    mf_walk_put_str(walk, 1, values[MF_FLOW_COMMENT]);
    mf_walk_put_str(walk, 2, values[MF_FLOW_MARKED]);
    mf_walk_put_str(walk, 3, values[MF_FLOW_IS_REPLAY]);
    mf_encoder_varint_opt(enc, 4, mf_walk_is_true(values[MF_FLOW_INTERCEPTED]));
    mf_encoder_seconds(enc, 5, mf_walk_latest(walk, values[MF_FLOW_ERROR], -1));
    put_metadata(walk, 6, values[MF_FLOW_METADATA]);
    mf_encoder_seconds(enc, 8, mf_walk_to_seconds(values[MF_FLOW_CREATED]));
    if (enc->error)
        return;
    uint64_t hash =
        mf_told_hash(enc->buf.data + mark.at, enc->buf.len - mark.at);
    mf_encoder_end(enc, mark);
    /* One that is empty now is told as empty. */
    if (hash == *told)
        enc->buf.len = before;
    *told = hash;
}
