/*
 * mf_shape: many attributes of an object in one pass over its __dict__.
 *
 * What a type has that its objects have not (defaults in the class,
 * properties, names that this version of mitmproxy does not know) is learnt
 * with the first object of that type, so no later one raises for it. Objects
 * whose types look attributes up in their own way are asked for each.
 *
 * Thread:  with the GIL.
 */
#ifndef MF_EXPORTER_SHAPE_H
#define MF_EXPORTER_SHAPE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exporter/hooks/names.h"

enum mf_shape_kind {
    MF_SHAPE_FLOW,
    MF_SHAPE_REQUEST, /* RequestData */
    MF_SHAPE_RESPONSE,
    MF_SHAPE_CLIENT,
    MF_SHAPE_SERVER,
    MF_SHAPE_KINDS,
};

/* Places in the values of each kind. */
enum {
    MF_FLOW_ID,
    MF_FLOW_LIVE,
    MF_FLOW_REQUEST,
    MF_FLOW_RESPONSE,
    MF_FLOW_WEBSOCKET,
    MF_FLOW_CLIENT,
    MF_FLOW_SERVER,
    MF_FLOW_ERROR,
    MF_FLOW_COMMENT,
    MF_FLOW_MARKED,
    MF_FLOW_IS_REPLAY,
    MF_FLOW_INTERCEPTED,
    MF_FLOW_METADATA,
    MF_FLOW_CREATED,
    MF_FLOW_VALUES,
};
enum {
    MF_MESSAGE_VERSION,
    MF_MESSAGE_HEADERS,
    MF_MESSAGE_CONTENT,
    MF_MESSAGE_TRAILERS,
    MF_MESSAGE_START,
    MF_MESSAGE_END,
    MF_MESSAGE_COMMON,
    MF_REQUEST_METHOD = MF_MESSAGE_COMMON,
    MF_REQUEST_SCHEME,
    MF_REQUEST_AUTHORITY,
    MF_REQUEST_PATH,
    MF_REQUEST_HOST,
    MF_REQUEST_PORT,
    MF_REQUEST_VALUES,
    MF_RESPONSE_STATUS = MF_MESSAGE_COMMON,
    MF_RESPONSE_REASON,
    MF_RESPONSE_VALUES,
};
enum {
    MF_CONN_ID,
    MF_CONN_PEERNAME,
    MF_CONN_SOCKNAME,
    MF_CONN_STATE,
    MF_CONN_TRANSPORT,
    MF_CONN_ERROR,
    MF_CONN_TLS,
    MF_CONN_CERTS,
    MF_CONN_ALPN,
    MF_CONN_ALPN_OFFERS,
    MF_CONN_CIPHER,
    MF_CONN_CIPHERS,
    MF_CONN_TLS_VERSION,
    MF_CONN_SNI,
    MF_CONN_START,
    MF_CONN_END,
    MF_CONN_TLS_SETUP,
    MF_CONN_COMMON,
    MF_CLIENT_MITMCERT = MF_CONN_COMMON,
    MF_CLIENT_MODE,
    MF_CLIENT_VALUES,
    MF_SERVER_ADDRESS = MF_CONN_COMMON,
    MF_SERVER_TCP_SETUP,
    MF_SERVER_VIA,
    MF_SERVER_VALUES,
};
enum { MF_SHAPE_MAX_VALUES = MF_SERVER_VALUES };

struct mf_shape;
enum { MF_SHAPE_TYPES = 8 }; /* of each kind that are learnt */

struct mf_shapes {
    PyObject *dict_name;
    PyObject *const *names; /* of the walk: MF_NAME_COUNT of them */
    struct mf_shape *types[MF_SHAPE_KINDS][MF_SHAPE_TYPES];
};

/* 0, or -1 with an exception set. */
int mf_shapes_init(struct mf_shapes *shapes, PyObject *const *names);
void mf_shapes_release(struct mf_shapes *shapes);

/* How many values a kind has. */
size_t mf_shape_count(enum mf_shape_kind kind);

/* Fill `values` with new references, NULL for missing and for None. */
void mf_shape_read(struct mf_shapes *shapes, enum mf_shape_kind kind,
                   PyObject *object, PyObject **values);

/* Release what mf_shape_read() gave; they are NULL then. */
void mf_shape_drop(PyObject **values, size_t count);

#endif
