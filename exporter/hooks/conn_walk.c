/* ClientConn, ServerConn and Cert. */
#include <string.h>

#include "base/error.h"
#include "exporter/hooks/walk.h"

enum { CERTS_MAX = 512 };

/* What mitmproxy calls a thing, and its number in mitmproxy.v1. */
struct named {
    const char *name;
    uint32_t number;
};

static const struct named TRANSPORTS[] = {{"tcp", 1}, {"udp", 2}, {NULL, 0}};

static const struct named TLS_VERSIONS[] = {
    {"SSLv3", 1},   {"TLSv1", 2},    {"TLSv1.1", 3}, {"TLSv1.2", 4},
    {"TLSv1.3", 5}, {"DTLSv0.9", 6}, {"DTLSv1", 7},  {"DTLSv1.2", 8},
    {"QUICv1", 9},  {"QUIC", 9},     {NULL, 0},
};

static const struct named VIA_PROTOCOLS[] = {
    {"http", 1}, {"https", 2}, {"http3", 3}, {"tls", 4},  {"dtls", 5},
    {"tcp", 6},  {"udp", 7},   {"dns", 8},   {"quic", 9}, {NULL, 0},
};

/* By the value of mitmproxy's ConnectionState flags. */
static const uint32_t STATES[] = {1, 4, 5, 2};

static uint32_t look_up(PyObject *text, const struct named *table)
{
    if (!text || !PyUnicode_Check(text))
        return 0;
    for (; table->name; table++)
        if (PyUnicode_CompareWithASCIIString(text, table->name) == 0)
            return table->number;
    return 0;
}

static void put_named(struct mf_walk *walk, uint32_t number, PyObject *object,
                      enum mf_name name, const struct named *table)
{
    PyObject *value = mf_walk_get(walk, object, name);
    mf_encoder_varint_opt(walk->enc, number, look_up(value, table));
    Py_XDECREF(value);
}

/* (host, port, ...) as two fields. */
static void put_pair(struct mf_walk *walk, uint32_t number, PyObject *pair)
{
    PyObject *host = mf_walk_item(pair, 0);
    PyObject *port = mf_walk_item(pair, 1);
    mf_walk_put_str(walk, number, host);
    long long value = mf_walk_to_int(port, 0);
    if (value > 0 && value <= UINT32_MAX)
        mf_encoder_varint_opt(walk->enc, number + 1, (uint64_t)value);
    Py_XDECREF(host);
    Py_XDECREF(port);
}

static void put_address(struct mf_walk *walk, uint32_t number, PyObject *conn,
                        enum mf_name name)
{
    PyObject *pair = mf_walk_get(walk, conn, name);
    if (pair)
        put_pair(walk, number, pair);
    Py_XDECREF(pair);
}

static void put_state(struct mf_walk *walk, uint32_t number, PyObject *conn)
{
    PyObject *state = mf_walk_get(walk, conn, MF_NAME_state);
    if (!state)
        return;
    long long value = mf_walk_int(walk, state, MF_NAME__value_, -1);
    if (value >= 0 && value <= 3)
        mf_encoder_varint_opt(walk->enc, number, STATES[value]);
    Py_DECREF(state);
}

static void put_certs(struct mf_walk *walk, uint32_t number, PyObject *conn)
{
    PyObject *list = mf_walk_get(walk, conn, MF_NAME_certificate_list);
    if (!list)
        return;
    PyObject *cert;
    for (Py_ssize_t i = 0; (cert = mf_walk_item(list, i)); i++) {
        mf_walk_put_cert(walk, number, cert);
        Py_DECREF(cert);
    }
    Py_DECREF(list);
}

static void put_list(struct mf_walk *walk, uint32_t number, PyObject *conn,
                     enum mf_name name)
{
    PyObject *list = mf_walk_get(walk, conn, name);
    if (!list)
        return;
    PyObject *item;
    for (Py_ssize_t i = 0; (item = mf_walk_item(list, i)); i++) {
        const uint8_t *data;
        size_t len;
        if (mf_walk_to_bytes(item, &data, &len))
            mf_encoder_bytes(walk->enc, number, data, len);
        else
            mf_walk_put_str(walk, number, item);
        Py_DECREF(item);
    }
    Py_DECREF(list);
}

/* Fields 1 to 19, alike in both messages. */
static void put_common(struct mf_walk *walk, PyObject *conn)
{
    put_address(walk, 1, conn, MF_NAME_peername);
    put_address(walk, 3, conn, MF_NAME_sockname);
    put_state(walk, 5, conn);
    mf_walk_put_text(walk, 6, conn, MF_NAME_id);
    put_named(walk, 7, conn, MF_NAME_transport_protocol, TRANSPORTS);
    mf_walk_put_text(walk, 8, conn, MF_NAME_error);
    mf_walk_put_bool(walk, 9, conn, MF_NAME_tls);
    put_certs(walk, 10, conn);
    mf_walk_put_bytes(walk, 11, conn, MF_NAME_alpn);
    put_list(walk, 12, conn, MF_NAME_alpn_offers);
    mf_walk_put_text(walk, 13, conn, MF_NAME_cipher);
    put_list(walk, 14, conn, MF_NAME_cipher_list);
    put_named(walk, 15, conn, MF_NAME_tls_version, TLS_VERSIONS);
    mf_walk_put_text(walk, 16, conn, MF_NAME_sni);
    mf_walk_put_time(walk, 17, conn, MF_NAME_timestamp_start);
    mf_walk_put_time(walk, 18, conn, MF_NAME_timestamp_end);
    mf_walk_put_time(walk, 19, conn, MF_NAME_timestamp_tls_setup);
}

void mf_walk_put_client(struct mf_walk *walk, uint32_t number, PyObject *conn)
{
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    put_common(walk, conn);
    PyObject *cert = mf_walk_get(walk, conn, MF_NAME_mitmcert);
    if (cert)
        mf_walk_put_cert(walk, 20, cert);
    Py_XDECREF(cert);
    PyObject *mode = mf_walk_get(walk, conn, MF_NAME_proxy_mode);
    if (mode)
        mf_walk_put_text(walk, 21, mode, MF_NAME_full_spec);
    Py_XDECREF(mode);
    mf_encoder_end(walk->enc, mark);
}

static void put_via(struct mf_walk *walk, uint32_t number, PyObject *via)
{
    PyObject *scheme = mf_walk_item(via, 0);
    PyObject *address = mf_walk_item(via, 1);
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    mf_encoder_varint_opt(walk->enc, 1, look_up(scheme, VIA_PROTOCOLS));
    if (address)
        put_pair(walk, 2, address);
    mf_encoder_end(walk->enc, mark);
    Py_XDECREF(scheme);
    Py_XDECREF(address);
}

void mf_walk_put_server(struct mf_walk *walk, uint32_t number, PyObject *conn)
{
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    put_common(walk, conn);
    put_address(walk, 20, conn, MF_NAME_address);
    mf_walk_put_time(walk, 22, conn, MF_NAME_timestamp_tcp_setup);
    PyObject *via = mf_walk_get(walk, conn, MF_NAME_via);
    if (via)
        put_via(walk, 23, via);
    Py_XDECREF(via);
    mf_encoder_end(walk->enc, mark);
}

/* ---- certificates ---- */

/* What describe_cert() in mitmflow_exporter.py gives, in this order. */
enum {
    CERT_CONTENT,
    CERT_FINGERPRINT,
    CERT_ISSUERS,
    CERT_NOTBEFORE,
    CERT_NOTAFTER,
    CERT_HASEXPIRED,
    CERT_SUBJECTS,
    CERT_SERIAL,
    CERT_IS_CA,
    CERT_KEYINFO,
    CERT_CN,
    CERT_ORGANIZATION,
    CERT_ALTNAMES,
    CERT_CRLS,
    CERT_FIELDS,
};

static void put_pairs(struct mf_walk *walk, uint32_t number, PyObject *pairs)
{
    PyObject *pair;
    for (Py_ssize_t i = 0; (pair = mf_walk_item(pairs, i)); i++) {
        PyObject *key = mf_walk_item(pair, 0);
        PyObject *value = mf_walk_item(pair, 1);
        struct mf_mark mark = mf_encoder_begin(walk->enc, number);
        mf_walk_put_str(walk, 1, key);
        if (value && PyLong_Check(value))
            mf_encoder_varint_opt(walk->enc, 2,
                                  (uint64_t)mf_walk_to_int(value, 0));
        else
            mf_walk_put_str(walk, 2, value);
        mf_encoder_end(walk->enc, mark);
        Py_XDECREF(key);
        Py_XDECREF(value);
        Py_DECREF(pair);
    }
}

static void put_cert_field(struct mf_walk *walk, int which, PyObject *value)
{
    uint32_t number = (uint32_t)which + 1;
    const uint8_t *data;
    size_t len;
    if (mf_walk_to_bytes(value, &data, &len)) {
        mf_encoder_bytes_opt(walk->enc, number, data, len);
    } else if (PyBool_Check(value)) {
        mf_encoder_varint_opt(walk->enc, number, value == Py_True);
    } else if (PyFloat_Check(value)) {
        mf_encoder_seconds(walk->enc, number, PyFloat_AsDouble(value));
    } else if (which == CERT_ALTNAMES || which == CERT_CRLS) {
        PyObject *item;
        for (Py_ssize_t i = 0; (item = mf_walk_item(value, i)); i++) {
            mf_walk_put_str(walk, number, item);
            Py_DECREF(item);
        }
    } else if (PyList_Check(value)) {
        put_pairs(walk, number, value);
    } else {
        mf_walk_put_str(walk, number, value);
    }
}

/* Encode a certificate; a new reference to bytes, NULL without an exception
 * where it cannot be described. */
static PyObject *encode_cert(struct mf_walk *walk, PyObject *cert)
{
    PyObject *facts =
        PyObject_CallFunctionObjArgs(walk->describe_cert, cert, NULL);
    if (!facts) {
        PyErr_Clear();
        return NULL;
    }
    struct mf_encoder mine, *outer = walk->enc;
    mf_encoder_init(&mine, MF_SPLICE_MIN_LEN * 1024);
    walk->enc = &mine;
    PyObject *value;
    for (int i = 0; i < CERT_FIELDS && (value = mf_walk_item(facts, i)); i++) {
        if (value != Py_None)
            put_cert_field(walk, i, value);
        Py_DECREF(value);
    }
    walk->enc = outer;
    Py_DECREF(facts);
    PyObject *bytes =
        mine.error ? NULL
                   : PyBytes_FromStringAndSize((const char *)mine.buf.data,
                                               (Py_ssize_t)mine.buf.len);
    if (!bytes)
        PyErr_Clear();
    mf_encoder_release(&mine);
    return bytes;
}

/* Drop the oldest entry of a full cache. */
static void make_room(PyObject *certs)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (PyDict_Size(certs) >= CERTS_MAX &&
           PyDict_Next(certs, &position, &key, &value)) {
        Py_INCREF(key);
        if (PyDict_DelItem(certs, key))
            PyErr_Clear();
        Py_DECREF(key);
        position = 0;
    }
}

void mf_walk_put_cert(struct mf_walk *walk, uint32_t number, PyObject *cert)
{
    /* cryptography's certificates are hashed and compared by content. */
    PyObject *key = mf_walk_get(walk, cert, MF_NAME__cert);
    if (!key) {
        key = cert;
        Py_INCREF(key);
    }
    PyObject *bytes = PyDict_GetItemWithError(walk->certs, key);
    Py_XINCREF(bytes);
    if (!bytes) {
        PyErr_Clear();
        bytes = encode_cert(walk, cert);
        make_room(walk->certs);
        if (bytes && PyDict_SetItem(walk->certs, key, bytes))
            PyErr_Clear();
    }
    const uint8_t *data;
    size_t len;
    if (mf_walk_to_bytes(bytes, &data, &len))
        mf_encoder_bytes(walk->enc, number, data, len);
    Py_XDECREF(bytes);
    Py_DECREF(key);
}
