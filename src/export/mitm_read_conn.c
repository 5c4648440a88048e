/* The connections of a flow in .mitm files. */
#include <string.h>

#include "export/import.h"
#include "export/mitm.h"
#include "export/mitm_conn.h"

/* The first that is there of what versions called in different ways. */
static struct mf_tnet find_any(struct mf_tnet dict, const char *const *keys)
{
    struct mf_tnet value = {0, {"", 0}};
    for (; *keys && !mf_tnet_is_set(value); keys++)
        value = mf_tnet_find(dict, *keys);
    return value;
}

/* [host, port], or an object that has it. */
static void take_address(struct mf_mitm_reader *reader, uint32_t number,
                         struct mf_tnet address)
{
    int64_t port;
    if (address.type == MF_TNET_DICT)
        address = mf_tnet_find(address, "address");
    struct mf_tnet host = mf_tnet_item(address, 0);
    if (mf_tnet_text(host).len)
        mf_mitm_take_text(reader, number, host);
    if (mf_tnet_int(mf_tnet_item(address, 1), &port) && port > 0)
        mf_mitm_take_int(reader, number + 1, mf_tnet_item(address, 1));
}

/* Whether it has expired is told as of when the connection began, as by an
 * exporter. */
static void take_cert(struct mf_mitm_reader *reader, uint32_t number,
                      struct mf_tnet conn, struct mf_tnet cert)
{
    double at = 0;
    if (!mf_tnet_text(cert).len)
        return;
    mf_tnet_double(mf_tnet_find(conn, "timestamp_start"), &at);
    size_t mark = mf_mitm_begin(reader, number);
    if (!reader->error)
        reader->error = mf_certificates_put(
            &reader->certificates, mf_tnet_text(cert), at, reader->out);
    mf_mitm_end(reader, mark);
}

static void take_certs(struct mf_mitm_reader *reader, struct mf_tnet conn)
{
    static const char *const older[] = {"clientcert", "cert", NULL};
    struct mf_tnet cert, list = mf_tnet_find(conn, "certificate_list");
    struct mf_cursor cursor = mf_tnet_inside(list);
    while (mf_tnet_next(&cursor, &cert))
        take_cert(reader, CERTS, conn, cert);
    if (!list.type)
        take_cert(reader, CERTS, conn, find_any(conn, older));
}

static void take_list(struct mf_mitm_reader *reader, uint32_t number,
                      struct mf_tnet list, bool is_text)
{
    struct mf_tnet item;
    struct mf_cursor cursor = mf_tnet_inside(list);
    while (mf_tnet_next(&cursor, &item)) {
        if (is_text)
            mf_mitm_take_text(reader, number, item);
        else
            mf_mitm_take_span(reader, number, mf_tnet_text(item));
    }
}

static void take_name(struct mf_mitm_reader *reader, uint32_t number,
                      const struct mf_mitm_name *names, struct mf_tnet name)
{
    int rc = mf_wire_put_varint_opt(
        reader->out, number, mf_mitm_number_of(names, mf_tnet_text(name)));
    if (rc && !reader->error)
        reader->error = rc;
}

/* Where there is none, the same for all flows of a connection. */
static void take_id(struct mf_mitm_reader *reader, struct mf_tnet conn,
                    bool is_server)
{
    static const char *const names[] = {"source_address", "address",
                                        "ip_address", NULL};
    char id[40];
    struct mf_tnet told = mf_tnet_find(conn, "id");
    struct mf_buf *key = &reader->scratch;
    if (mf_tnet_text(told).len) {
        mf_mitm_take_text(reader, ID, told);
        return;
    }
    struct mf_span start = mf_tnet_find(conn, "timestamp_start").data;
    struct mf_span address = find_any(conn, names).data;
    mf_buf_clear(key);
    int rc = mf_buf_append(key, start.text, start.len);
    rc = rc ? rc : mf_buf_append(key, address.text, address.len);
    if (rc && !reader->error)
        reader->error = rc;
    mf_import_make_id(key->len ? (void *)key->data : "", key->len, is_server,
                      id);
    mf_mitm_take_span(reader, ID, (struct mf_span){id, strlen(id)});
}

static void take_state(struct mf_mitm_reader *reader, struct mf_tnet state)
{
    int64_t value;
    if (!mf_tnet_int(state, &value) || value < 0 || value > 3)
        return;
    int rc = mf_wire_put_varint(reader->out, STATE, mf_mitm_states[value]);
    if (rc && !reader->error)
        reader->error = rc;
}

static void take_alpn(struct mf_mitm_reader *reader, struct mf_tnet conn)
{
    static const char *const keys[] = {"alpn", "alpn_proto_negotiated", NULL};
    struct mf_tnet alpn = find_any(conn, keys);
    if (mf_tnet_is_set(alpn))
        mf_mitm_take_span(reader, ALPN, mf_tnet_text(alpn));
}

static void take_common(struct mf_mitm_reader *reader, struct mf_tnet conn,
                        bool is_server)
{
    static const char *const tls[] = {"tls", "tls_established",
                                      "ssl_established", NULL};
    static const char *const cipher[] = {"cipher", "cipher_name", NULL};
    static const char *const setup[] = {"timestamp_tls_setup",
                                        "timestamp_ssl_setup", NULL};
    take_state(reader, mf_tnet_find(conn, "state"));
    take_id(reader, conn, is_server);
    take_name(reader, TRANSPORT, mf_mitm_transports,
              mf_tnet_find(conn, "transport_protocol"));
    mf_mitm_take_text(reader, ERROR, mf_tnet_find(conn, "error"));
    mf_mitm_take_bool(reader, TLS, find_any(conn, tls));
    take_certs(reader, conn);
    take_alpn(reader, conn);
    take_list(reader, ALPN_OFFERS, mf_tnet_find(conn, "alpn_offers"), false);
    mf_mitm_take_text(reader, CIPHER, find_any(conn, cipher));
    take_list(reader, CIPHERS, mf_tnet_find(conn, "cipher_list"), true);
    take_name(reader, TLS_VERSION, mf_mitm_tls_versions,
              mf_tnet_find(conn, "tls_version"));
    mf_mitm_take_text(reader, SNI, mf_tnet_find(conn, "sni"));
    mf_mitm_take_seconds(reader, START, mf_tnet_find(conn, "timestamp_start"));
    mf_mitm_take_seconds(reader, END, mf_tnet_find(conn, "timestamp_end"));
    mf_mitm_take_seconds(reader, TLS_SETUP, find_any(conn, setup));
}

void mf_mitm_take_client(struct mf_mitm_reader *reader, uint32_t number,
                         struct mf_tnet conn)
{
    static const char *const peername[] = {"peername", "address", NULL};
    if (!mf_tnet_is_set(conn))
        return;
    size_t mark = mf_mitm_begin(reader, number);
    take_address(reader, PEERNAME, find_any(conn, peername));
    take_address(reader, SOCKNAME, mf_tnet_find(conn, "sockname"));
    take_common(reader, conn, false);
    take_cert(reader, MITMCERT, conn, mf_tnet_find(conn, "mitmcert"));
    mf_mitm_take_text(reader, PROXY_MODE, mf_tnet_find(conn, "proxy_mode"));
    mf_mitm_end(reader, mark);
}

/* ["http", ["proxy", 8080]]; before version 10 it was something else. */
static void take_via(struct mf_mitm_reader *reader, struct mf_tnet via)
{
    enum { PROTOCOL = 1, HOST = 2 };
    if (via.type != MF_TNET_LIST)
        return;
    size_t mark = mf_mitm_begin(reader, VIA);
    take_name(reader, PROTOCOL, mf_mitm_via_protocols, mf_tnet_item(via, 0));
    take_address(reader, HOST, mf_tnet_item(via, 1));
    mf_mitm_end(reader, mark);
}

void mf_mitm_take_server(struct mf_mitm_reader *reader, uint32_t number,
                         struct mf_tnet conn)
{
    static const char *const peername[] = {"peername", "ip_address",
                                           "peer_address", NULL};
    static const char *const sockname[] = {"sockname", "source_address", NULL};
    static const char *const via[] = {"via2", "via", NULL};
    if (!mf_tnet_is_set(conn))
        return;
    size_t mark = mf_mitm_begin(reader, number);
    take_address(reader, PEERNAME, find_any(conn, peername));
    take_address(reader, SOCKNAME, find_any(conn, sockname));
    take_address(reader, ADDRESS, mf_tnet_find(conn, "address"));
    take_common(reader, conn, true);
    mf_mitm_take_seconds(reader, TCP_SETUP,
                         mf_tnet_find(conn, "timestamp_tcp_setup"));
    take_via(reader, find_any(conn, via));
    mf_mitm_end(reader, mark);
}
