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

/* (host, port, ...) as two fields. */
static void put_pair(struct mf_walk *walk, uint32_t number, PyObject *pair)
{
    if (!pair)
        return;
    PyObject *host = mf_walk_item(pair, 0);
    PyObject *port = mf_walk_item(pair, 1);
    mf_walk_put_str(walk, number, host);
    long long value = mf_walk_to_int(port, 0);
    if (value > 0 && value <= UINT32_MAX)
        mf_encoder_varint_opt(walk->enc, number + 1, (uint64_t)value);
    Py_XDECREF(host);
    Py_XDECREF(port);
}

static void put_state(struct mf_walk *walk, uint32_t number, PyObject *state)
{
    if (!state)
        return;
    long long value = mf_walk_int(walk, state, MF_NAME__value_, -1);
    if (value >= 0 && value <= 3)
        mf_encoder_varint_opt(walk->enc, number, STATES[value]);
}

static void put_certs(struct mf_walk *walk, uint32_t number, PyObject *list)
{
    PyObject *cert;
    for (Py_ssize_t i = 0; list && (cert = mf_walk_item(list, i)); i++) {
        mf_walk_put_cert(walk, number, cert);
        Py_DECREF(cert);
    }
}

static void put_list(struct mf_walk *walk, uint32_t number, PyObject *list)
{
    PyObject *item;
    for (Py_ssize_t i = 0; list && (item = mf_walk_item(list, i)); i++) {
        const uint8_t *data;
        size_t len;
        if (mf_walk_to_bytes(item, &data, &len))
            mf_encoder_bytes(walk->enc, number, data, len);
        else
            mf_walk_put_str(walk, number, item);
        Py_DECREF(item);
    }
}

static void put_time(struct mf_walk *walk, uint32_t number, PyObject *time)
{
    mf_encoder_seconds(walk->enc, number, mf_walk_to_seconds(time));
}

/* Fields 1 to 7, 9 and 17, which tell a connection from others. */
static void put_brief(struct mf_walk *walk, PyObject *const *values)
{
    struct mf_encoder *enc = walk->enc;
    put_pair(walk, 1, values[MF_CONN_PEERNAME]);
    put_pair(walk, 3, values[MF_CONN_SOCKNAME]);
    put_state(walk, 5, values[MF_CONN_STATE]);
    mf_walk_put_str(walk, 6, values[MF_CONN_ID]);
    mf_encoder_varint_opt(enc, 7,
                          look_up(values[MF_CONN_TRANSPORT], TRANSPORTS));
    mf_encoder_varint_opt(enc, 9, mf_walk_is_true(values[MF_CONN_TLS]));
    put_time(walk, 17, values[MF_CONN_START]);
}

/* The others of fields 1 to 19, alike in both messages. */
static void put_rest(struct mf_walk *walk, PyObject *const *values)
{
    struct mf_encoder *enc = walk->enc;
    const uint8_t *alpn;
    size_t alpn_len;
    mf_walk_put_str(walk, 8, values[MF_CONN_ERROR]);
    put_certs(walk, 10, values[MF_CONN_CERTS]);
    if (mf_walk_to_bytes(values[MF_CONN_ALPN], &alpn, &alpn_len))
        mf_encoder_bytes(enc, 11, alpn, alpn_len); /* empty: none agreed on */
    put_list(walk, 12, values[MF_CONN_ALPN_OFFERS]);
    mf_walk_put_str(walk, 13, values[MF_CONN_CIPHER]);
    put_list(walk, 14, values[MF_CONN_CIPHERS]);
    mf_encoder_varint_opt(enc, 15,
                          look_up(values[MF_CONN_TLS_VERSION], TLS_VERSIONS));
    mf_walk_put_str(walk, 16, values[MF_CONN_SNI]);
    put_time(walk, 18, values[MF_CONN_END]);
    put_time(walk, 19, values[MF_CONN_TLS_SETUP]);
}

static void put_mode(struct mf_walk *walk, uint32_t number, PyObject *mode)
{
    if (mode)
        mf_walk_put_text(walk, number, mode, MF_NAME_full_spec);
}

static void put_via(struct mf_walk *walk, uint32_t number, PyObject *via)
{
    if (!via)
        return;
    PyObject *scheme = mf_walk_item(via, 0);
    PyObject *address = mf_walk_item(via, 1);
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    mf_encoder_varint_opt(walk->enc, 1, look_up(scheme, VIA_PROTOCOLS));
    put_pair(walk, 2, address);
    mf_encoder_end(walk->enc, mark);
    Py_XDECREF(scheme);
    Py_XDECREF(address);
}

static void put_fields(struct mf_walk *walk, enum mf_shape_kind kind,
                       PyObject *const *values)
{
    put_brief(walk, values);
    put_rest(walk, values);
    if (kind == MF_SHAPE_CLIENT) {
        if (values[MF_CLIENT_MITMCERT])
            mf_walk_put_cert(walk, 20, values[MF_CLIENT_MITMCERT]);
        put_mode(walk, 21, values[MF_CLIENT_MODE]);
    } else {
        put_pair(walk, 20, values[MF_SERVER_ADDRESS]);
        put_time(walk, 22, values[MF_SERVER_TCP_SETUP]);
        put_via(walk, 23, values[MF_SERVER_VIA]);
    }
}

/* Encode a connection that is not known as it now is; returns its hash. */
static uint64_t put_new(struct mf_walk *walk, uint32_t number,
                        enum mf_shape_kind kind, PyObject *conn,
                        PyObject *const *values)
{
    struct mf_encoder *enc = walk->enc;
    struct mf_mark mark = mf_encoder_begin(enc, number);
    put_fields(walk, kind, values);
    if (enc->error)
        return 0;
    const uint8_t *bytes = enc->buf.data + mark.at;
    size_t len = enc->buf.len - mark.at;
    uint64_t hash = mf_told_hash(bytes, len);
    mf_conns_put(&walk->conns, conn, values, mf_shape_count(kind), bytes, len,
                 hash);
    mf_encoder_end(enc, mark);
    return hash;
}

/* The values are told now: take them over. */
static void remember(PyObject **values, size_t count, struct mf_told_conn *told)
{
    told->list_lens = mf_conns_list_lens(values, count);
    for (size_t i = 0; i < count; i++) {
        PyObject *old = told->values[i];
        told->values[i] = values[i];
        values[i] = old;
    }
}

static void put_conn(struct mf_walk *walk, uint32_t number,
                     enum mf_shape_kind kind, PyObject *conn,
                     struct mf_told_conn *told)
{
    PyObject *values[MF_SHAPE_MAX_VALUES];
    size_t count = mf_shape_count(kind), before = walk->enc->buf.len;
    mf_shape_read(&walk->shapes, kind, conn, values);
    if (told && told->hash &&
        memcmp(told->values, values, count * sizeof *values) == 0 &&
        told->list_lens == mf_conns_list_lens(values, count)) {
        mf_shape_drop(values, count);
        return;
    }
    const struct mf_conn *known =
        mf_conns_get(&walk->conns, conn, values, count);
    uint64_t hash =
        known ? known->hash : put_new(walk, number, kind, conn, values);
    if (told && told->hash == hash)
        walk->enc->buf.len = before;
    else if (known)
        mf_encoder_bytes(walk->enc, number, known->bytes, known->len);
    if (told) {
        told->hash = hash;
        remember(values, count, told);
    }
    mf_shape_drop(values, count);
}

void mf_walk_put_client(struct mf_walk *walk, uint32_t number, PyObject *conn,
                        struct mf_told_conn *told)
{
    put_conn(walk, number, MF_SHAPE_CLIENT, conn, told);
}

void mf_walk_put_server(struct mf_walk *walk, uint32_t number, PyObject *conn,
                        struct mf_told_conn *told)
{
    put_conn(walk, number, MF_SHAPE_SERVER, conn, told);
}

/* ---- connections in their own events ---- */

void mf_walk_put_client_brief(struct mf_walk *walk, uint32_t number,
                              PyObject *conn)
{
    PyObject *values[MF_SHAPE_MAX_VALUES];
    mf_shape_read(&walk->shapes, MF_SHAPE_CLIENT, conn, values);
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    put_brief(walk, values);
    mf_walk_put_str(walk, 8, values[MF_CONN_ERROR]);
    put_time(walk, 18, values[MF_CONN_END]);
    put_mode(walk, 21, values[MF_CLIENT_MODE]);
    mf_encoder_end(walk->enc, mark);
    mf_shape_drop(values, MF_CLIENT_VALUES);
}

void mf_walk_put_server_brief(struct mf_walk *walk, uint32_t number,
                              PyObject *conn)
{
    PyObject *values[MF_SHAPE_MAX_VALUES];
    mf_shape_read(&walk->shapes, MF_SHAPE_SERVER, conn, values);
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    put_brief(walk, values);
    mf_walk_put_str(walk, 8, values[MF_CONN_ERROR]);
    put_time(walk, 18, values[MF_CONN_END]);
    put_pair(walk, 20, values[MF_SERVER_ADDRESS]);
    put_time(walk, 22, values[MF_SERVER_TCP_SETUP]);
    put_via(walk, 23, values[MF_SERVER_VIA]);
    mf_encoder_end(walk->enc, mark);
    mf_shape_drop(values, MF_SERVER_VALUES);
}

void mf_walk_put_client_name(struct mf_walk *walk, uint32_t number,
                             PyObject *conn)
{
    PyObject *peername = mf_walk_get(walk, conn, MF_NAME_peername);
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    put_pair(walk, 1, peername);
    mf_walk_put_text(walk, 6, conn, MF_NAME_id);
    mf_encoder_end(walk->enc, mark);
    Py_XDECREF(peername);
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

/* The message of a certificate: a new reference to bytes, or NULL. */
static PyObject *look_up_cert(struct mf_walk *walk, PyObject *cert)
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
    Py_DECREF(key);
    return bytes;
}

void mf_walk_put_cert(struct mf_walk *walk, uint32_t number, PyObject *cert)
{
    /* The content's hash takes a while: first, whether it is an object that
     * was seen lately, such as the proxy's own certificate for a host. */
    uintptr_t address = (uintptr_t)cert >> 4;
    struct mf_walk_cert *recent =
        &walk->recent_certs[(address ^ address >> 6) % MF_RECENT_CERTS];
    if (recent->cert != cert) {
        PyObject *bytes = look_up_cert(walk, cert);
        PyObject *old = recent->cert, *old_bytes = recent->bytes;
        Py_INCREF(cert);
        recent->cert = cert;
        recent->bytes = bytes;
        Py_XDECREF(old);
        Py_XDECREF(old_bytes);
    }
    const uint8_t *data;
    size_t len;
    if (mf_walk_to_bytes(recent->bytes, &data, &len))
        mf_encoder_bytes(walk->enc, number, data, len);
}
