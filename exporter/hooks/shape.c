#include "exporter/hooks/shape.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 48, NOT_WANTED = -1 };

static const enum mf_name FLOW[] = {
    MF_NAME_id,          MF_NAME_live,
    MF_NAME_request,     MF_NAME_response,
    MF_NAME_websocket,   MF_NAME_client_conn,
    MF_NAME_server_conn, MF_NAME_error,
    MF_NAME_comment,     MF_NAME_marked,
    MF_NAME_is_replay,   MF_NAME_intercepted,
    MF_NAME_metadata,    MF_NAME_timestamp_created,
};
#define MESSAGE                                                               \
    MF_NAME_http_version, MF_NAME_headers, MF_NAME_content, MF_NAME_trailers, \
        MF_NAME_timestamp_start, MF_NAME_timestamp_end
static const enum mf_name REQUEST[] = {
    MESSAGE,      MF_NAME_method, MF_NAME_scheme, MF_NAME_authority,
    MF_NAME_path, MF_NAME_host,   MF_NAME_port,
};
static const enum mf_name RESPONSE[] = {MESSAGE, MF_NAME_status_code,
                                        MF_NAME_reason};
#define CONN                                                                   \
    MF_NAME_id, MF_NAME_peername, MF_NAME_sockname, MF_NAME_state,             \
        MF_NAME_transport_protocol, MF_NAME_error, MF_NAME_tls,                \
        MF_NAME_certificate_list, MF_NAME_alpn, MF_NAME_alpn_offers,           \
        MF_NAME_cipher, MF_NAME_cipher_list, MF_NAME_tls_version, MF_NAME_sni, \
        MF_NAME_timestamp_start, MF_NAME_timestamp_end,                        \
        MF_NAME_timestamp_tls_setup
static const enum mf_name CLIENT[] = {CONN, MF_NAME_mitmcert,
                                      MF_NAME_proxy_mode};
static const enum mf_name SERVER[] = {CONN, MF_NAME_address,
                                      MF_NAME_timestamp_tcp_setup, MF_NAME_via};

#define WANT(list)                         \
    {                                      \
        list, sizeof list / sizeof list[0] \
    }
static const struct want {
    const enum mf_name *names;
    size_t count;
} WANTED[MF_SHAPE_KINDS] = {
    [MF_SHAPE_FLOW] = WANT(FLOW),         [MF_SHAPE_REQUEST] = WANT(REQUEST),
    [MF_SHAPE_RESPONSE] = WANT(RESPONSE), [MF_SHAPE_CLIENT] = WANT(CLIENT),
    [MF_SHAPE_SERVER] = WANT(SERVER),
};
_Static_assert(sizeof FLOW / sizeof FLOW[0] == MF_FLOW_VALUES, "");
_Static_assert(sizeof REQUEST / sizeof REQUEST[0] == MF_REQUEST_VALUES, "");
_Static_assert(sizeof RESPONSE / sizeof RESPONSE[0] == MF_RESPONSE_VALUES, "");
_Static_assert(sizeof CLIENT / sizeof CLIENT[0] == MF_CLIENT_VALUES, "");
_Static_assert(sizeof SERVER / sizeof SERVER[0] == MF_SERVER_VALUES, "");

/* A type whose objects keep their attributes in a __dict__. */
struct mf_shape {
    PyObject *type;
    bool is_plain; /* looked up in the common way */
    /* Keys as they are expected to follow in the __dict__, and others. */
    size_t key_count;
    PyObject *keys[KEYS_MAX];
    int8_t slots[KEYS_MAX];
    uint32_t has_default; /* by slot: the class has a value */
    uint32_t is_dynamic;  /* by slot: the class has a descriptor */
    PyObject *defaults[MF_SHAPE_MAX_VALUES];
};

int mf_shapes_init(struct mf_shapes *shapes, PyObject *const *names)
{
    *shapes = (struct mf_shapes){.names = names};
    shapes->dict_name = PyUnicode_InternFromString("__dict__");
    return shapes->dict_name ? 0 : -1;
}

static void free_shape(struct mf_shape *shape)
{
    if (!shape)
        return;
    for (size_t i = 0; i < shape->key_count; i++)
        Py_DECREF(shape->keys[i]);
    mf_shape_drop(shape->defaults, MF_SHAPE_MAX_VALUES);
    Py_DECREF(shape->type);
    free(shape);
}

void mf_shapes_release(struct mf_shapes *shapes)
{
    for (int kind = 0; kind < MF_SHAPE_KINDS; kind++)
        for (int i = 0; i < MF_SHAPE_TYPES; i++) {
            free_shape(shapes->types[kind][i]);
            shapes->types[kind][i] = NULL;
        }
    Py_CLEAR(shapes->dict_name);
}

size_t mf_shape_count(enum mf_shape_kind kind)
{
    return WANTED[kind].count;
}

void mf_shape_drop(PyObject **values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        Py_CLEAR(values[i]);
}

/* ---- learning a type ---- */

static PyObject *get(PyObject *object, PyObject *name)
{
    PyObject *value = PyObject_GetAttr(object, name);
    if (!value)
        PyErr_Clear();
    return value;
}

static void learn_default(struct mf_shape *shape, size_t slot, PyObject *name)
{
    PyObject *value = get(shape->type, name);
    if (!value)
        return;
    if (PyObject_HasAttrString((PyObject *)Py_TYPE(value), "__get__")) {
        shape->is_dynamic |= UINT32_C(1) << slot;
    } else if (value != Py_None) {
        shape->has_default |= UINT32_C(1) << slot;
        shape->defaults[slot] = value;
        return;
    }
    Py_DECREF(value);
}

static struct mf_shape *learn(struct mf_shapes *shapes, enum mf_shape_kind kind,
                              PyTypeObject *type)
{
    struct mf_shape *shape = calloc(1, sizeof *shape);
    if (!shape)
        return NULL;
    Py_INCREF((PyObject *)type);
    shape->type = (PyObject *)type;
    /* A static type's slots cannot be asked for in all versions. */
    void *lookup = PyType_GetFlags(type) & Py_TPFLAGS_HEAPTYPE
                       ? PyType_GetSlot(type, Py_tp_getattro)
                       : NULL;
    getattrofunc common = PyObject_GenericGetAttr;
    shape->is_plain = lookup && memcmp(&lookup, &common, sizeof lookup) == 0;
    for (size_t i = 0; shape->is_plain && i < WANTED[kind].count; i++)
        learn_default(shape, i, shapes->names[WANTED[kind].names[i]]);
    return shape;
}

/* NULL: too many types. */
static struct mf_shape *shape_of(struct mf_shapes *shapes,
                                 enum mf_shape_kind kind, PyTypeObject *type)
{
    struct mf_shape **known = shapes->types[kind];
    for (int i = 0; i < MF_SHAPE_TYPES; i++) {
        if (!known[i])
            return known[i] = learn(shapes, kind, type);
        if (known[i]->type == (PyObject *)type)
            return known[i];
    }
    return NULL;
}

/* The slot of a key that was not expected here. */
static int find_slot(const struct mf_shapes *shapes, enum mf_shape_kind kind,
                     struct mf_shape *shape, PyObject *key)
{
    for (size_t i = 0; i < shape->key_count; i++)
        if (shape->keys[i] == key)
            return shape->slots[i];
    int slot = NOT_WANTED;
    for (size_t i = 0; PyUnicode_Check(key) && i < WANTED[kind].count; i++)
        if (PyUnicode_Compare(key, shapes->names[WANTED[kind].names[i]]) == 0)
            slot = (int)i;
    PyErr_Clear();
    if (shape->key_count < KEYS_MAX) {
        Py_INCREF(key);
        shape->keys[shape->key_count] = key;
        shape->slots[shape->key_count++] = (int8_t)slot;
    }
    return slot;
}

/* ---- reading ---- */

static PyObject *value_of(PyObject *object, PyObject *name)
{
    PyObject *value = get(object, name);
    if (value == Py_None)
        Py_CLEAR(value);
    return value;
}

/* What the instance does not have. */
static void fill(const struct mf_shapes *shapes, enum mf_shape_kind kind,
                 const struct mf_shape *shape, PyObject *object, uint32_t seen,
                 PyObject **values)
{
    uint32_t left = (shape->has_default & ~seen) | shape->is_dynamic;
    for (size_t i = 0; left; i++, left >>= 1) {
        if (!(left & 1))
            continue;
        PyObject *old = values[i];
        if (shape->is_dynamic >> i & 1) {
            values[i] = value_of(object, shapes->names[WANTED[kind].names[i]]);
        } else {
            Py_INCREF(shape->defaults[i]);
            values[i] = shape->defaults[i];
        }
        Py_XDECREF(old);
    }
}

static bool read_plain(struct mf_shapes *shapes, enum mf_shape_kind kind,
                       struct mf_shape *shape, PyObject *object,
                       PyObject **values)
{
    PyObject *dict = get(object, shapes->dict_name), *key, *value;
    if (!dict || !PyDict_Check(dict)) {
        Py_XDECREF(dict);
        return false;
    }
    Py_ssize_t position = 0;
    uint32_t seen = 0;
    for (size_t at = 0; PyDict_Next(dict, &position, &key, &value); at++) {
        int slot = at < shape->key_count && shape->keys[at] == key
                       ? shape->slots[at]
                       : find_slot(shapes, kind, shape, key);
        if (slot == NOT_WANTED)
            continue;
        seen |= UINT32_C(1) << slot;
        if (value != Py_None && !values[slot]) {
            Py_INCREF(value);
            values[slot] = value;
        }
    }
    Py_DECREF(dict);
    fill(shapes, kind, shape, object, seen, values);
    return true;
}

void mf_shape_read(struct mf_shapes *shapes, enum mf_shape_kind kind,
                   PyObject *object, PyObject **values)
{
    const struct want *want = &WANTED[kind];
    for (size_t i = 0; i < want->count; i++)
        values[i] = NULL;
    struct mf_shape *shape = shape_of(shapes, kind, Py_TYPE(object));
    if (shape && shape->is_plain &&
        read_plain(shapes, kind, shape, object, values))
        return;
    for (size_t i = 0; i < want->count; i++)
        values[i] = value_of(object, shapes->names[want->names[i]]);
}
