/* The connections of a flow in a .mitm file. */
#include <string.h>

#include "codec/base64.h"
#include "export/mitm.h"
#include "export/mitm_conn.h"

enum { TRANSPORT_UDP = 2 };

/* [host, port]; sockets' addresses of IPv6 have two more numbers. */
static void put_pair(struct mf_mitm_writer *writer, struct mf_span host,
                     uint64_t port, bool is_socket)
{
    struct mf_tnet_out *out = &writer->out;
    struct mf_tnet_mark mark = mf_tnet_begin(out);
    mf_tnet_put_text(out, host);
    mf_tnet_put_int(out, (int64_t)port);
    if (is_socket && host.len && memchr(host.text, ':', host.len)) {
        mf_tnet_put_int(out, 0);
        mf_tnet_put_int(out, 0);
    }
    mf_tnet_end(out, mark, MF_TNET_LIST);
}

static void put_address(struct mf_mitm_writer *writer, const char *key,
                        const struct mf_mitm_fields *conn, uint32_t number,
                        bool is_always_there, bool is_name)
{
    bool is_there = mf_mitm_has(conn, number) || mf_mitm_has(conn, number + 1);
    mf_mitm_put_key(writer, key);
    if (is_there || is_always_there)
        put_pair(writer, mf_mitm_span(conn, number),
                 mf_mitm_uint(conn, number + 1),
                 !is_name && mf_mitm_uint(conn, TRANSPORT) != TRANSPORT_UDP);
    else
        mf_tnet_put_null(&writer->out);
}

/* ---- certificates ---- */

/* Of the published exporter's, some may be DER. */
static void put_der(struct mf_mitm_writer *writer, struct mf_span der)
{
    enum { LINE_BYTES = 48 }; /* 64 digits */
    struct mf_buf *pem = &writer->scratch;
    mf_buf_clear(pem);
    int rc = mf_buf_printf(pem, "-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; !rc && at < der.len; at += LINE_BYTES) {
        size_t left = der.len - at;
        rc = mf_base64_encode(der.text + at,
                              left < LINE_BYTES ? left : LINE_BYTES, true, pem);
        rc = rc ? rc : mf_buf_append_byte(pem, '\n');
    }
    if (!rc)
        rc = mf_buf_printf(pem, "-----END CERTIFICATE-----\n");
    if (rc)
        writer->out.error = rc;
    else
        mf_tnet_put_bytes(&writer->out,
                          (struct mf_span){(char *)pem->data, pem->len});
}

/* False: the certificate's bytes are not there. */
static bool put_cert(struct mf_mitm_writer *writer, struct mf_span cert)
{
    enum { CONTENT = 1, DER_SEQUENCE = 0x30, CERT_MAX_LEN = 16 << 10 };
    struct mf_wire_field field;
    if (!mf_wire_find((const uint8_t *)cert.text, cert.len, CONTENT, &field) ||
        field.type != MF_WIRE_LEN || !field.len)
        return false;
    struct mf_span content = {(const char *)field.data, field.len};
    if (field.data[0] == DER_SEQUENCE && field.len <= CERT_MAX_LEN)
        put_der(writer, content);
    else
        mf_tnet_put_bytes(&writer->out, content);
    return true;
}

static void put_certs(struct mf_mitm_writer *writer,
                      const struct mf_mitm_fields *conn)
{
    struct mf_wire_field field;
    struct mf_cursor cursor =
        mf_cursor_make(conn->message.text, conn->message.len);
    mf_mitm_put_key(writer, "certificate_list");
    struct mf_tnet_mark mark = mf_tnet_begin(&writer->out);
    while (mf_wire_next(&cursor, &field))
        if (field.number == CERTS && field.type == MF_WIRE_LEN &&
            !put_cert(writer,
                      (struct mf_span){(const char *)field.data, field.len}))
            mf_mitm_leave_out(writer, "a certificate without its bytes");
    mf_tnet_end(&writer->out, mark, MF_TNET_LIST);
}

/* ---- what both have ---- */

static void put_list(struct mf_mitm_writer *writer, const char *key,
                     const struct mf_mitm_fields *conn, uint32_t number,
                     enum mf_tnet_type type)
{
    struct mf_wire_field field;
    struct mf_cursor cursor =
        mf_cursor_make(conn->message.text, conn->message.len);
    mf_mitm_put_key(writer, key);
    struct mf_tnet_mark mark = mf_tnet_begin(&writer->out);
    while (mf_wire_next(&cursor, &field))
        if (field.number == number && field.type == MF_WIRE_LEN)
            mf_tnet_put_value(
                &writer->out,
                (struct mf_tnet){type, {(const char *)field.data, field.len}});
    mf_tnet_end(&writer->out, mark, MF_TNET_LIST);
}

static void put_name(struct mf_mitm_writer *writer, const char *key,
                     const char *name)
{
    mf_mitm_put_key(writer, key);
    if (name)
        mf_tnet_put_string(&writer->out, name);
    else
        mf_tnet_put_null(&writer->out);
}

static void put_state(struct mf_mitm_writer *writer, uint64_t state)
{
    int64_t value = 0;
    for (int i = 0; i < 4; i++)
        if (mf_mitm_states[i] == state)
            value = i;
    mf_mitm_put_key(writer, "state");
    mf_tnet_put_int(&writer->out, value);
}

static void put_tls_version(struct mf_mitm_writer *writer, uint64_t version)
{
    const char *name = mf_mitm_name_of(mf_mitm_tls_versions, version);
    bool is_quic = name && strcmp(name, "QUICv1") == 0;
    put_name(writer, "tls_version",
             is_quic && writer->version < MF_MITM_HAS_QUICV1 ? "QUIC" : name);
}

static void put_transport(struct mf_mitm_writer *writer, uint64_t transport)
{
    const char *name = mf_mitm_name_of(mf_mitm_transports, transport);
    if (writer->version >= MF_MITM_HAS_NEW_CONNS)
        put_name(writer, "transport_protocol", name ? name : "tcp");
    else if (transport == TRANSPORT_UDP)
        mf_mitm_leave_out(writer, "a connection's transport protocol");
}

static void put_common(struct mf_mitm_writer *writer,
                       const struct mf_mitm_fields *conn)
{
    struct mf_tnet_out *out = &writer->out;
    bool is_new = writer->version >= MF_MITM_HAS_NEW_CONNS;
    mf_mitm_put_key(writer, "id");
    mf_tnet_put_text(out, mf_mitm_span(conn, ID));
    put_transport(writer, mf_mitm_uint(conn, TRANSPORT));
    mf_mitm_put_text(writer, "error", conn, ERROR);
    mf_mitm_put_key(writer, "tls");
    mf_tnet_put_bool(out, mf_mitm_uint(conn, TLS));
    put_certs(writer, conn);
    mf_mitm_put_key(writer, "alpn");
    if (mf_mitm_has(conn, ALPN))
        mf_tnet_put_bytes(out, mf_mitm_span(conn, ALPN));
    else
        mf_tnet_put_null(out);
    put_list(writer, "alpn_offers", conn, ALPN_OFFERS, MF_TNET_BYTES);
    mf_mitm_put_text(writer, is_new ? "cipher" : "cipher_name", conn, CIPHER);
    put_list(writer, "cipher_list", conn, CIPHERS, MF_TNET_TEXT);
    put_tls_version(writer, mf_mitm_uint(conn, TLS_VERSION));
    mf_mitm_put_text(writer, "sni", conn, SNI);
    mf_mitm_put_seconds(writer, "timestamp_end", conn, END);
    mf_mitm_put_seconds(writer, "timestamp_tls_setup", conn, TLS_SETUP);
    if (writer->version < MF_MITM_LACKS_STATE)
        put_state(writer, mf_mitm_uint(conn, STATE));
    if (!is_new) {
        mf_mitm_put_key(writer, "tls_established");
        mf_tnet_put_bool(out, mf_mitm_has(conn, TLS_SETUP));
    }
}

/* ---- clients ---- */

static void put_mode(struct mf_mitm_writer *writer, struct mf_span mode)
{
    bool is_regular =
        !mode.len || (mode.len == 7 && memcmp(mode.text, "regular", 7) == 0);
    if (writer->version < MF_MITM_HAS_PROXY_MODE) {
        if (!is_regular)
            mf_mitm_leave_out(writer, "the proxy's mode");
        return;
    }
    mf_mitm_put_key(writer, "proxy_mode");
    if (mode.len)
        mf_tnet_put_text(&writer->out, mode);
    else
        mf_tnet_put_string(&writer->out, "regular");
}

void mf_mitm_put_client(struct mf_mitm_writer *writer, struct mf_span message)
{
    struct mf_mitm_fields conn;
    double start = 0;
    struct mf_tnet_out *out = &writer->out;
    bool is_new = writer->version >= MF_MITM_HAS_NEW_CONNS;
    mf_mitm_read_fields(message, &conn);
    struct mf_tnet_mark mark = mf_tnet_begin(out);
    put_address(writer, is_new ? "peername" : "address", &conn, PEERNAME, true,
                false);
    put_address(writer, "sockname", &conn, SOCKNAME, true, false);
    put_common(writer, &conn);
    mf_mitm_put_key(writer, "mitmcert");
    if (!put_cert(writer, mf_mitm_span(&conn, MITMCERT)))
        mf_tnet_put_null(out);
    put_mode(writer, mf_mitm_span(&conn, PROXY_MODE));
    mf_mitm_put_key(writer, "timestamp_start");
    mf_mitm_seconds(&conn, START, &start);
    mf_tnet_put_double(out, start);
    if (!is_new) {
        mf_mitm_put_key(writer, "tls_extensions");
        mf_tnet_end(out, mf_tnet_begin(out), MF_TNET_LIST);
    }
    mf_tnet_end(out, mark, MF_TNET_DICT);
}

/* ---- servers ---- */

static void put_via(struct mf_mitm_writer *writer, const char *key,
                    const struct mf_mitm_fields *conn)
{
    enum { PROTOCOL = 1, HOST = 2, PORT = 3 };
    struct mf_mitm_fields via;
    mf_mitm_put_key(writer, key);
    if (!mf_mitm_has(conn, VIA)) {
        mf_tnet_put_null(&writer->out);
        return;
    }
    mf_mitm_read_fields(mf_mitm_span(conn, VIA), &via);
    const char *name =
        mf_mitm_name_of(mf_mitm_via_protocols, mf_mitm_uint(&via, PROTOCOL));
    struct mf_tnet_mark mark = mf_tnet_begin(&writer->out);
    mf_tnet_put_string(&writer->out, name ? name : "http");
    put_pair(writer, mf_mitm_span(&via, HOST), mf_mitm_uint(&via, PORT), false);
    mf_tnet_end(&writer->out, mark, MF_TNET_LIST);
}

void mf_mitm_put_server(struct mf_mitm_writer *writer, struct mf_span message)
{
    struct mf_mitm_fields conn;
    struct mf_tnet_out *out = &writer->out;
    bool is_new = writer->version >= MF_MITM_HAS_NEW_CONNS;
    mf_mitm_read_fields(message, &conn);
    struct mf_tnet_mark mark = mf_tnet_begin(out);
    put_address(writer, "address", &conn, ADDRESS, false, true);
    put_address(writer, is_new ? "peername" : "ip_address", &conn, PEERNAME,
                false, false);
    put_address(writer, is_new ? "sockname" : "source_address", &conn, SOCKNAME,
                false, false);
    put_common(writer, &conn);
    mf_mitm_put_seconds(writer, "timestamp_start", &conn, START);
    mf_mitm_put_seconds(writer, "timestamp_tcp_setup", &conn, TCP_SETUP);
    if (is_new) {
        put_via(writer, "via", &conn);
    } else {
        mf_mitm_put_key(writer, "via");
        mf_tnet_put_null(out);
        put_via(writer, "via2", &conn);
    }
    mf_tnet_end(out, mark, MF_TNET_DICT);
}
