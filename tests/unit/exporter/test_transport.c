/* The transport against OpenSSL's own server side, by hand: every byte that
 * passes between them goes through pass(), in pieces of any size. */
#include "../cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "exporter/sender/transport.h"

enum { DAY_S = 24 * 60 * 60, PIECE_MAX = 16384, FILES = 16 };

static char folder[] = "/tmp/mitmflow-transport-XXXXXX";

/* ---- certificates ---- */

struct identity {
    EVP_PKEY *key;
    X509 *cert;
    char cert_path[64];
    char key_path[64];
};

static struct identity ca, other_ca, server, other_server, expired, early,
    self_signed, client, stray_client;

static void write_pem(const char *path, const struct identity *own, bool key,
                      const EVP_CIPHER *cipher)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    if (key)
        assert_true(PEM_write_PrivateKey(
            file, own->key, cipher, (unsigned char *)"secret", 6, NULL, NULL));
    else
        assert_true(PEM_write_X509(file, own->cert));
    fclose(file);
}

static void extend(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(extension);
    assert_true(X509_add_ext(cert, extension, -1));
    X509_EXTENSION_free(extension);
}

static void make(struct identity *own, const char *name, const char *names,
                 const struct identity *issuer, long first_day, long last_day)
{
    static long serial;
    own->key = EVP_EC_gen("P-256");
    own->cert = X509_new();
    X509_set_version(own->cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(own->cert), ++serial);
    X509_NAME *subject = X509_get_subject_name(own->cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(own->cert, issuer ? X509_get_subject_name(issuer->cert)
                                           : subject);
    X509_gmtime_adj(X509_getm_notBefore(own->cert), first_day * DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(own->cert), last_day * DAY_S);
    X509_set_pubkey(own->cert, own->key);
    extend(own->cert, NID_basic_constraints,
           issuer || names ? "CA:FALSE" : "critical,CA:TRUE");
    if (names)
        extend(own->cert, NID_subject_alt_name, names);
    assert_true(X509_sign(own->cert, issuer ? issuer->key : own->key,
                          EVP_sha256()) > 0);
    snprintf(own->cert_path, sizeof own->cert_path, "%s/%ld.crt", folder,
             serial);
    snprintf(own->key_path, sizeof own->key_path, "%s/%ld.key", folder, serial);
    write_pem(own->cert_path, own, false, NULL);
    write_pem(own->key_path, own, true, NULL);
}

static void drop(struct identity *own)
{
    unlink(own->cert_path);
    unlink(own->key_path);
    X509_free(own->cert);
    EVP_PKEY_free(own->key);
}

static struct identity *const identities[] = {
    &ca,    &other_ca,    &server, &other_server, &expired,
    &early, &self_signed, &client, &stray_client,
};

#define NAMES "DNS:flows.example,DNS:*.wild.example,IP:127.0.0.1,IP:fd10::2"

static int setup(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as in the sender's thread */
    assert_non_null(mkdtemp(folder));
    make(&ca, "Test CA", NULL, NULL, -100, 100);
    make(&other_ca, "Other CA", NULL, NULL, -100, 100);
    make(&server, "server", NAMES, &ca, -1, 1);
    make(&other_server, "server", NAMES, &other_ca, -1, 1);
    make(&expired, "server", NAMES, &ca, -9, -2);
    make(&early, "server", NAMES, &ca, 2, 9);
    make(&self_signed, "server", NAMES, NULL, -1, 1);
    make(&client, "client", NULL, &ca, -1, 1);
    make(&stray_client, "client", NULL, &other_ca, -1, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof identities / sizeof *identities; i++)
        drop(identities[i]);
    rmdir(folder);
    return 0;
}

/* ---- a connection ---- */

struct peer {
    struct mf_tls *tls;
    struct mf_transport *transport;
    int fd; /* the other end of the transport's socket */
    SSL *ssl;
    size_t piece; /* how many bytes pass at once */
    size_t passed, pass_max;
    char said[256]; /* what the server read */
    size_t said_len;
    struct mf_err err;
    int rc; /* of the transport's last call */
};

static struct mf_tls *tls_of(const char *ca_path, const char *cert_path,
                             const char *key_path)
{
    struct mf_tls_config config = {0};
    struct mf_tls *tls;
    struct mf_err err;
    snprintf(config.ca, sizeof config.ca, "%s", ca_path);
    snprintf(config.cert, sizeof config.cert, "%s", cert_path);
    snprintf(config.key, sizeof config.key, "%s", key_path);
    int rc = mf_tls_new(&config, &tls, &err);
    if (rc)
        print_message("%s\n", err.text);
    assert_int_equal(rc, 0);
    return tls;
}

static int select_h2(SSL *ssl, const unsigned char **out, unsigned char *len,
                     const unsigned char *offer, unsigned offer_len, void *user)
{
    (void)ssl;
    (void)user;
    assert_int_equal(offer_len, 3);
    assert_memory_equal(offer, "\x02h2", 3);
    *out = offer + 1;
    *len = 2;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *server_context(const struct identity *own)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(ctx, 0);
    assert_true(SSL_CTX_use_certificate(ctx, own->cert));
    assert_true(SSL_CTX_use_PrivateKey(ctx, own->key));
    SSL_CTX_set_alpn_select_cb(ctx, select_h2, NULL);
    return ctx;
}

static void unblock(int fd)
{
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

static void connect_to(struct peer *peer, struct mf_tls *tls, const char *host,
                       SSL_CTX *ctx)
{
    int fds[2];
    *peer = (struct peer){.tls = tls, .piece = PIECE_MAX, .pass_max = SIZE_MAX};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    unblock(fds[0]);
    unblock(fds[1]);
    peer->fd = fds[1];
    peer->transport = mf_transport_new(fds[0], tls, host);
    assert_non_null(peer->transport);
    if (!ctx)
        return;
    peer->ssl = SSL_new(ctx);
    SSL_set_bio(peer->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(peer->ssl);
}

static void release(struct peer *peer)
{
    mf_transport_free(peer->transport);
    mf_tls_free(peer->tls);
    if (peer->ssl)
        SSL_free(peer->ssl);
    if (peer->fd >= 0)
        close(peer->fd);
    ERR_clear_error();
}

static size_t allowed(const struct peer *peer)
{
    size_t left = peer->pass_max - peer->passed;
    return left < peer->piece ? left : peer->piece;
}

/* One piece each way; false: there was none. */
static bool pass(struct peer *peer)
{
    char data[PIECE_MAX];
    bool moved = false;
    ssize_t n = recv(peer->fd, data, allowed(peer), 0);
    if (n > 0) {
        assert_int_equal(BIO_write(SSL_get_rbio(peer->ssl), data, (int)n), n);
        peer->passed += (size_t)n;
        moved = true;
    }
    n = BIO_read(SSL_get_wbio(peer->ssl), data, (int)allowed(peer));
    if (n > 0) {
        assert_int_equal(send(peer->fd, data, (size_t)n, 0), n);
        peer->passed += (size_t)n;
        moved = true;
    }
    return moved;
}

static void serve(struct peer *peer)
{
    ERR_clear_error();
    int n = SSL_read(peer->ssl, peer->said + peer->said_len,
                     (int)(sizeof peer->said - peer->said_len));
    if (n > 0)
        peer->said_len += (size_t)n;
    ERR_clear_error();
}

/* Until nothing moves any more, or the transport fails. The client writes
 * `text` as soon as it can. */
static void talk(struct peer *peer, const char *text)
{
    uint8_t data[64];
    size_t len, at = 0, size = strlen(text);
    bool moved = true;
    peer->rc = MF_EBUSY;
    while (moved && peer->rc == MF_EBUSY) {
        len = 0;
        if (at < size) {
            peer->rc =
                mf_transport_write(peer->transport, (const uint8_t *)text + at,
                                   size - at, &len, &peer->err);
            at += len;
        }
        if (!peer->rc || peer->rc == MF_EBUSY)
            peer->rc = mf_transport_read(peer->transport, data, sizeof data,
                                         &len, &peer->err);
        moved = pass(peer);
        serve(peer);
        moved |= pass(peer);
    }
}

static void check_talk(struct peer *peer)
{
    uint8_t data[64];
    size_t len;
    talk(peer, "hello");
    if (peer->rc != MF_EBUSY)
        print_message("%s\n", peer->err.text);
    assert_int_equal(peer->rc, MF_EBUSY);
    assert_int_equal(peer->said_len, 5);
    assert_memory_equal(peer->said, "hello", 5);
    assert_int_equal(SSL_write(peer->ssl, "well", 4), 4);
    while (pass(peer))
        ;
    assert_int_equal(
        mf_transport_read(peer->transport, data, sizeof data, &len, &peer->err),
        0);
    assert_int_equal(len, 4);
    assert_memory_equal(data, "well", 4);
}

static void talk_with(const struct identity *own, const char *trust,
                      const char *host, struct peer *peer)
{
    SSL_CTX *ctx = server_context(own);
    connect_to(peer, tls_of(trust, "", ""), host, ctx);
    SSL_CTX_free(ctx);
    talk(peer, "hello");
}

static void check_refused(const struct identity *own, const char *trust,
                          const char *host, const char *why)
{
    struct peer peer;
    talk_with(own, trust, host, &peer);
    assert_int_equal(peer.rc, MF_EIO);
    if (!strstr(peer.err.text, why))
        print_message("%s\n", peer.err.text);
    assert_non_null(strstr(peer.err.text, why));
    assert_int_equal(peer.said_len, 0);
    release(&peer);
}

/* ---- in clear ---- */

static void bytes_pass_in_clear_both_ways(void **state)
{
    (void)state;
    struct peer peer;
    uint8_t data[16];
    size_t len;
    connect_to(&peer, NULL, "flows.example", NULL);
    assert_int_equal(
        mf_transport_read(peer.transport, data, sizeof data, &len, &peer.err),
        MF_EBUSY);
    assert_int_equal(mf_transport_write(peer.transport, (const uint8_t *)"one",
                                        3, &len, &peer.err),
                     0);
    assert_int_equal(recv(peer.fd, data, sizeof data, 0), 3);
    assert_int_equal(send(peer.fd, "four", 4, 0), 4);
    assert_int_equal(
        mf_transport_read(peer.transport, data, sizeof data, &len, &peer.err),
        0);
    assert_int_equal(len, 4);
    assert_memory_equal(data, "four", 4);
    assert_int_equal(mf_transport_events(peer.transport, false), POLLIN);
    assert_int_equal(mf_transport_events(peer.transport, true),
                     POLLIN | POLLOUT);
    release(&peer);
}

static void a_full_socket_never_blocks(void **state)
{
    (void)state;
    struct peer peer;
    static const uint8_t data[100000];
    size_t len, sent = 0;
    int rc;
    connect_to(&peer, NULL, "flows.example", NULL);
    while (!(rc = mf_transport_write(peer.transport, data, sizeof data, &len,
                                     &peer.err)))
        sent += len;
    assert_int_equal(rc, MF_EBUSY);
    assert_true(sent > 0);
    release(&peer);
}

static void a_server_that_closes_is_told(void **state)
{
    (void)state;
    struct peer peer;
    uint8_t data[16];
    size_t len;
    connect_to(&peer, NULL, "flows.example", NULL);
    close(peer.fd);
    peer.fd = -1;
    assert_int_equal(
        mf_transport_read(peer.transport, data, sizeof data, &len, &peer.err),
        MF_ECLOSED);
    assert_string_equal(peer.err.text, "the server closed the connection");
    assert_int_equal(
        mf_transport_write(peer.transport, data, 1, &len, &peer.err),
        MF_ECLOSED);
    release(&peer);
}

/* ---- handshakes ---- */

static void a_handshake_may_come_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 2, 3, 7, 100, PIECE_MAX};
    SSL_CTX *ctx = server_context(&server);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct peer peer;
        connect_to(&peer, tls_of(ca.cert_path, "", ""), "flows.example", ctx);
        peer.piece = pieces[i];
        check_talk(&peer);
        release(&peer);
    }
    SSL_CTX_free(ctx);
}

static void a_handshake_waits_for_the_server_not_for_room(void **state)
{
    (void)state;
    struct peer peer;
    size_t len;
    SSL_CTX *ctx = server_context(&server);
    connect_to(&peer, tls_of(ca.cert_path, "", ""), "flows.example", ctx);
    SSL_CTX_free(ctx);
    assert_int_equal(mf_transport_write(peer.transport, (const uint8_t *)"x", 1,
                                        &len, &peer.err),
                     MF_EBUSY);
    /* The socket has room: to wait for that would never wait. */
    assert_int_equal(mf_transport_events(peer.transport, true), POLLIN);
    release(&peer);
}

static void tls_1_2_is_enough_and_less_is_not(void **state)
{
    (void)state;
    static const struct {
        int version;
        bool is_enough;
    } cases[] = {{TLS1_3_VERSION, true},
                 {TLS1_2_VERSION, true},
                 {TLS1_1_VERSION, false},
                 {TLS1_VERSION, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct peer peer;
        SSL_CTX *ctx = server_context(&server);
        SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(ctx, cases[i].version);
        connect_to(&peer, tls_of(ca.cert_path, "", ""), "flows.example", ctx);
        SSL_CTX_free(ctx);
        if (cases[i].is_enough) {
            check_talk(&peer);
            assert_int_equal(SSL_version(peer.ssl), cases[i].version);
        } else {
            talk(&peer, "hello");
            assert_int_equal(peer.rc, MF_EIO);
            assert_non_null(strstr(peer.err.text, "TLS 1.2 or later"));
        }
        release(&peer);
    }
}

static void h2_is_agreed_and_the_name_is_told(void **state)
{
    (void)state;
    struct peer peer;
    const unsigned char *protocol;
    unsigned len;
    SSL_CTX *ctx = server_context(&server);
    connect_to(&peer, tls_of(ca.cert_path, "", ""), "flows.example", ctx);
    check_talk(&peer);
    SSL_get0_alpn_selected(peer.ssl, &protocol, &len);
    assert_int_equal(len, 2);
    assert_memory_equal(protocol, "h2", 2);
    assert_string_equal(SSL_get_servername(peer.ssl, TLSEXT_NAMETYPE_host_name),
                        "flows.example");
    release(&peer);
    connect_to(&peer, tls_of(ca.cert_path, "", ""), "127.0.0.1", ctx);
    check_talk(&peer);
    assert_null(SSL_get_servername(peer.ssl, TLSEXT_NAMETYPE_host_name));
    release(&peer);
    SSL_CTX_free(ctx);
}

static void a_server_without_alpn_is_taken(void **state)
{
    (void)state;
    struct peer peer;
    SSL_CTX *ctx = server_context(&server);
    SSL_CTX_set_alpn_select_cb(ctx, NULL, NULL);
    connect_to(&peer, tls_of(ca.cert_path, "", ""), "flows.example", ctx);
    SSL_CTX_free(ctx);
    check_talk(&peer);
    release(&peer);
}

static void a_new_handshake_is_not_taken(void **state)
{
    (void)state;
    struct peer peer;
    SSL_CTX *ctx = server_context(&server);
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    connect_to(&peer, tls_of(ca.cert_path, "", ""), "flows.example", ctx);
    SSL_CTX_free(ctx);
    check_talk(&peer);
    assert_int_equal(SSL_renegotiate(peer.ssl), 1);
    SSL_do_handshake(peer.ssl);
    uint8_t data[16];
    size_t len;
    while (pass(&peer))
        ;
    assert_int_equal(
        mf_transport_read(peer.transport, data, sizeof data, &len, &peer.err),
        MF_EBUSY);
    while (pass(&peer))
        ;
    ERR_clear_error();
    assert_true(SSL_read(peer.ssl, data, sizeof data) <= 0);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
    release(&peer);
}

/* ---- whom it trusts ---- */

static void names_and_addresses_of_the_certificate_are_taken(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "flows.example", "FLOWS.EXAMPLE", "flows.example.", "a.wild.example",
        "127.0.0.1",     "fd10::2",       "fd10:0:0::2",
    };
    SSL_CTX *ctx = server_context(&server);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct peer peer;
        connect_to(&peer, tls_of(ca.cert_path, "", ""), hosts[i], ctx);
        check_talk(&peer);
        release(&peer);
    }
    SSL_CTX_free(ctx);
}

static void other_names_are_refused_and_told(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "other.example",    "example",      "flows.example.evil",
        "a.b.wild.example", "wild.example", "server",
    };
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        check_refused(&server, ca.cert_path, hosts[i], hosts[i]);
    check_refused(&server, ca.cert_path, "other.example",
                  "its certificate is not for other.example but for "
                  "flows.example, *.wild.example, 127.0.0.1");
    check_refused(&server, ca.cert_path, "127.0.0.2",
                  "is not for this address");
    check_refused(&server, ca.cert_path, "fd10::3", "is not for this address");
}

static void times_of_the_certificate_are_checked(void **state)
{
    (void)state;
    check_refused(&expired, ca.cert_path, "flows.example",
                  "its certificate expired on 20");
    check_refused(&early, ca.cert_path, "flows.example",
                  "its certificate is not valid before 20");
}

static void an_unknown_authority_is_refused_and_named(void **state)
{
    (void)state;
    check_refused(&other_server, ca.cert_path, "flows.example",
                  "its certificate comes from Other CA, which is not trusted; "
                  "grpc_ca can name a file to trust");
    check_refused(&self_signed, ca.cert_path, "flows.example",
                  "its certificate is self-signed and not trusted");
    check_refused(&server, "", "flows.example", "comes from Test CA");
}

static void a_servers_own_certificate_can_be_trusted(void **state)
{
    (void)state;
    struct peer peer;
    talk_with(&self_signed, self_signed.cert_path, "flows.example", &peer);
    assert_int_equal(peer.rc, MF_EBUSY);
    release(&peer);
    talk_with(&server, server.cert_path, "flows.example", &peer);
    assert_int_equal(peer.rc, MF_EBUSY);
    release(&peer);
    check_refused(&self_signed, self_signed.cert_path, "other.example",
                  "is not for other.example");
}

static void the_environment_names_whom_to_trust(void **state)
{
    (void)state;
    struct peer peer;
    char link[128];
    setenv("SSL_CERT_FILE", ca.cert_path, 1);
    talk_with(&server, "", "flows.example", &peer);
    assert_int_equal(peer.rc, MF_EBUSY);
    release(&peer);
    check_refused(&other_server, "", "flows.example", "comes from Other CA");
    unsetenv("SSL_CERT_FILE");

    snprintf(link, sizeof link, "%s/%08lx.0", folder,
             X509_subject_name_hash(ca.cert));
    assert_int_equal(symlink(ca.cert_path, link), 0);
    setenv("SSL_CERT_DIR", folder, 1);
    talk_with(&server, "", "flows.example", &peer);
    assert_int_equal(peer.rc, MF_EBUSY);
    release(&peer);
    check_refused(&other_server, "", "flows.example", "comes from Other CA");
    unsetenv("SSL_CERT_DIR");
    unlink(link);
}

/* ---- client certificates ---- */

static SSL_CTX *strict_context(int version)
{
    SSL_CTX *ctx = server_context(&server);
    SSL_CTX_set_max_proto_version(ctx, version);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca.cert);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       NULL);
    return ctx;
}

static void a_client_certificate_is_shown(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < 2; i++) {
        struct peer peer;
        SSL_CTX *ctx = strict_context(versions[i]);
        connect_to(&peer,
                   tls_of(ca.cert_path, client.cert_path, client.key_path),
                   "flows.example", ctx);
        SSL_CTX_free(ctx);
        check_talk(&peer);
        X509 *shown = SSL_get1_peer_certificate(peer.ssl);
        assert_int_equal(X509_cmp(shown, client.cert), 0);
        X509_free(shown);
        release(&peer);
    }
}

static void a_server_that_wants_another_client_certificate_is_told(void **state)
{
    (void)state;
    static const struct {
        int version;
        bool has_cert;
        const char *why;
    } cases[] = {
        {TLS1_3_VERSION, false, "wants a client certificate; see grpc_cert"},
        {TLS1_2_VERSION, false, "it wants a client certificate, see grpc_cert"},
        {TLS1_3_VERSION, true, "does not trust the client certificate"},
        {TLS1_2_VERSION, true, "does not trust the client certificate"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct peer peer;
        SSL_CTX *ctx = strict_context(cases[i].version);
        connect_to(&peer,
                   cases[i].has_cert
                       ? tls_of(ca.cert_path, stray_client.cert_path,
                                stray_client.key_path)
                       : tls_of(ca.cert_path, "", ""),
                   "flows.example", ctx);
        SSL_CTX_free(ctx);
        talk(&peer, "hello");
        assert_int_equal(peer.rc, MF_EIO);
        if (!strstr(peer.err.text, cases[i].why))
            print_message("%s\n", peer.err.text);
        assert_non_null(strstr(peer.err.text, cases[i].why));
        release(&peer);
    }
}

static void a_refusal_is_told_though_nothing_can_be_sent_any_more(void **state)
{
    (void)state;
    struct peer peer;
    size_t len;
    uint8_t data[100] = {0};
    SSL_CTX *ctx = strict_context(TLS1_3_VERSION);
    connect_to(&peer, tls_of(ca.cert_path, "", ""), "flows.example", ctx);
    SSL_CTX_free(ctx);
    /* The client's side of the handshake ends, nothing is read after it. */
    do {
        peer.rc = mf_transport_write(peer.transport, data, sizeof data, &len,
                                     &peer.err);
        pass(&peer);
        SSL_do_handshake(peer.ssl);
        pass(&peer);
    } while (peer.rc == MF_EBUSY);
    pass(&peer);
    SSL_do_handshake(peer.ssl);
    while (pass(&peer))
        ;
    shutdown(peer.fd, SHUT_RDWR);
    close(peer.fd);
    peer.fd = -1;
    while (!peer.rc)
        peer.rc = mf_transport_write(peer.transport, data, sizeof data, &len,
                                     &peer.err);
    assert_int_equal(peer.rc, MF_EIO);
    assert_non_null(strstr(peer.err.text, "wants a client certificate"));
    release(&peer);
}

/* ---- wrong options ---- */

static void check_config(const char *ca_path, const char *cert_path,
                         const char *key_path, const char *why)
{
    struct mf_tls_config config = {0};
    struct mf_tls *tls = NULL;
    struct mf_err err;
    snprintf(config.ca, sizeof config.ca, "%s", ca_path);
    snprintf(config.cert, sizeof config.cert, "%s", cert_path);
    snprintf(config.key, sizeof config.key, "%s", key_path);
    assert_int_not_equal(mf_tls_new(&config, &tls, &err), 0);
    assert_null(tls);
    if (!strstr(err.text, why))
        print_message("%s\n", err.text);
    assert_non_null(strstr(err.text, why));
    assert_int_equal(ERR_peek_error(), 0);
}

static void a_wrong_file_is_told_with_its_option(void **state)
{
    (void)state;
    char locked[128], why[300];
    snprintf(locked, sizeof locked, "%s/locked", folder);
    write_pem(locked, &client, true, EVP_aes_128_cbc());
    check_config("/no/such", "", "",
                 "grpc_ca: /no/such: No such file or directory");
    snprintf(why, sizeof why, "grpc_ca: %s: no certificate in PEM form",
             client.key_path);
    check_config(client.key_path, "", "", why);
    check_config("", "/no/such", "", "grpc_cert: /no/such: No such file");
    check_config("", client.key_path, client.key_path, "grpc_cert: ");
    check_config("", client.cert_path, "/no/such",
                 "grpc_key: /no/such: No such");
    check_config("", client.cert_path, client.cert_path,
                 "no private key in PEM form");
    snprintf(why, sizeof why,
             "grpc_cert: %s: no private key in it; set grpc_key",
             client.cert_path);
    check_config("", client.cert_path, "", why);
    check_config("", client.cert_path, server.key_path,
                 "the key belongs to another certificate");
    check_config("", client.cert_path, locked, "the key is encrypted");
    check_config("", "", client.key_path, "grpc_key: it needs grpc_cert");
    unlink(locked);
    setenv("SSL_CERT_FILE", "/no/such", 1);
    check_config("", "", "", "SSL_CERT_FILE: /no/such: No such file");
    unsetenv("SSL_CERT_FILE");
}

static void a_certificate_and_its_key_may_be_in_one_file(void **state)
{
    (void)state;
    char both[128];
    snprintf(both, sizeof both, "%s/both", folder);
    FILE *file = fopen(both, "w");
    assert_true(
        PEM_write_PrivateKey(file, client.key, NULL, NULL, 0, NULL, NULL));
    assert_true(PEM_write_X509(file, client.cert));
    fclose(file);
    mf_tls_free(tls_of("", both, ""));
    unlink(both);
}

/* ---- hostile and broken servers ---- */

static void a_connection_may_be_cut_anywhere_in_the_handshake(void **state)
{
    (void)state;
    struct peer peer;
    talk_with(&server, ca.cert_path, "flows.example", &peer);
    size_t whole = peer.passed;
    release(&peer);
    assert_true(whole > 500);
    SSL_CTX *ctx = server_context(&server);
    for (size_t max = 0; max < whole; max += 7) {
        connect_to(&peer, tls_of(ca.cert_path, "", ""), "flows.example", ctx);
        peer.pass_max = max;
        talk(&peer, "hello");
        close(peer.fd);
        peer.fd = -1;
        uint8_t data[16];
        size_t len;
        do
            peer.rc = mf_transport_read(peer.transport, data, sizeof data, &len,
                                        &peer.err);
        while (peer.rc == 0);
        assert_true(peer.rc == MF_EIO || peer.rc == MF_ECLOSED);
        assert_true(peer.err.text[0] != 0);
        assert_int_equal(
            mf_transport_write(peer.transport, data, 1, &len, &peer.err),
            peer.rc);
        release(&peer);
    }
    SSL_CTX_free(ctx);
}

static void what_is_no_tls_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        const char *why;
    } cases[] = {
        {"HTTP/1.1 400 Bad Request\r\n\r\n", "it does not speak TLS"},
        {"\0\0\x12\4\0\0\0\0\0\0\0\0\0\0", "it does not speak TLS"},
        {"SSH-2.0-OpenSSH_9.2\r\n", "it does not speak TLS"},
        {"\x16\x03\x03\xff\xff", ""},
        {"\x15\x03\x03\x00\x02\x02\x28", "refuses the TLS handshake"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct peer peer;
        uint8_t data[16];
        size_t len;
        connect_to(&peer, tls_of(ca.cert_path, "", ""), "flows.example", NULL);
        assert_int_equal(mf_transport_read(peer.transport, data, sizeof data,
                                           &len, &peer.err),
                         MF_EBUSY);
        size_t said_len = strlen(cases[i].said);
        said_len = said_len < 7 ? 14 : said_len;
        char said[64] = {0};
        memcpy(said, cases[i].said, strlen(cases[i].said));
        if (i == 1)
            memcpy(said, cases[i].said, 14);
        if (i == 4)
            memcpy(said, cases[i].said, 7);
        assert_int_equal(send(peer.fd, said, said_len, 0), said_len);
        close(peer.fd);
        peer.fd = -1;
        peer.rc = mf_transport_read(peer.transport, data, sizeof data, &len,
                                    &peer.err);
        assert_int_equal(peer.rc, MF_EIO);
        if (!strstr(peer.err.text, cases[i].why))
            print_message("%zu: %s\n", i, peer.err.text);
        assert_non_null(strstr(peer.err.text, cases[i].why));
        release(&peer);
    }
}

static void the_servers_goodbye_is_told_as_such(void **state)
{
    (void)state;
    struct peer peer;
    SSL_CTX *ctx = server_context(&server);
    connect_to(&peer, tls_of(ca.cert_path, "", ""), "flows.example", ctx);
    SSL_CTX_free(ctx);
    check_talk(&peer);
    SSL_shutdown(peer.ssl);
    talk(&peer, "");
    assert_int_equal(peer.rc, MF_ECLOSED);
    release(&peer);
}

static void our_goodbye_is_said(void **state)
{
    (void)state;
    struct peer peer;
    SSL_CTX *ctx = server_context(&server);
    connect_to(&peer, tls_of(ca.cert_path, "", ""), "flows.example", ctx);
    SSL_CTX_free(ctx);
    check_talk(&peer);
    mf_transport_free(peer.transport);
    peer.transport = NULL;
    while (pass(&peer))
        ;
    serve(&peer);
    assert_true(SSL_get_shutdown(peer.ssl) & SSL_RECEIVED_SHUTDOWN);
    release(&peer);
}

/* ---- much at once ---- */

static void much_is_sent_as_the_socket_takes_it(void **state)
{
    (void)state;
    enum { TOTAL = 3000000 };
    struct peer peer;
    SSL_CTX *ctx = server_context(&server);
    connect_to(&peer, tls_of(ca.cert_path, "", ""), "flows.example", ctx);
    SSL_CTX_free(ctx);
    check_talk(&peer);
    uint8_t *out = malloc(TOTAL), *in = malloc(TOTAL);
    size_t sent = 0, got = 0, len, busy = 0;
    for (size_t i = 0; i < TOTAL; i++)
        out[i] = (uint8_t)(i * 2654435761u >> 13);
    while (got < TOTAL) {
        int rc = 0;
        while (sent < TOTAL &&
               !(rc = mf_transport_write(peer.transport, out + sent,
                                         TOTAL - sent, &len, &peer.err)))
            sent += len;
        busy += rc == MF_EBUSY;
        assert_true(!rc || rc == MF_EBUSY);
        pass(&peer);
        int n = SSL_read(peer.ssl, in + got, (int)(TOTAL - got));
        got += n > 0 ? (size_t)n : 0;
    }
    assert_true(busy > 1);
    assert_memory_equal(in, out, TOTAL);
    free(in);
    free(out);
    release(&peer);
}

static void what_is_here_already_is_known(void **state)
{
    (void)state;
    struct peer peer;
    uint8_t data[4];
    size_t len;
    SSL_CTX *ctx = server_context(&server);
    connect_to(&peer, tls_of(ca.cert_path, "", ""), "flows.example", ctx);
    SSL_CTX_free(ctx);
    check_talk(&peer);
    assert_int_equal(SSL_write(peer.ssl, "twelve bytes", 12), 12);
    while (pass(&peer))
        ;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mf_transport_read(peer.transport, data, sizeof data,
                                           &len, &peer.err),
                         0);
        assert_int_equal(mf_transport_has_input(peer.transport), i < 2);
    }
    release(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_pass_in_clear_both_ways),
        cmocka_unit_test(a_full_socket_never_blocks),
        cmocka_unit_test(a_server_that_closes_is_told),
        cmocka_unit_test(a_handshake_may_come_in_pieces_of_any_size),
        cmocka_unit_test(a_handshake_waits_for_the_server_not_for_room),
        cmocka_unit_test(tls_1_2_is_enough_and_less_is_not),
        cmocka_unit_test(h2_is_agreed_and_the_name_is_told),
        cmocka_unit_test(a_server_without_alpn_is_taken),
        cmocka_unit_test(a_new_handshake_is_not_taken),
        cmocka_unit_test(names_and_addresses_of_the_certificate_are_taken),
        cmocka_unit_test(other_names_are_refused_and_told),
        cmocka_unit_test(times_of_the_certificate_are_checked),
        cmocka_unit_test(an_unknown_authority_is_refused_and_named),
        cmocka_unit_test(a_servers_own_certificate_can_be_trusted),
        cmocka_unit_test(the_environment_names_whom_to_trust),
        cmocka_unit_test(a_client_certificate_is_shown),
        cmocka_unit_test(
            a_server_that_wants_another_client_certificate_is_told),
        cmocka_unit_test(a_refusal_is_told_though_nothing_can_be_sent_any_more),
        cmocka_unit_test(a_wrong_file_is_told_with_its_option),
        cmocka_unit_test(a_certificate_and_its_key_may_be_in_one_file),
        cmocka_unit_test(a_connection_may_be_cut_anywhere_in_the_handshake),
        cmocka_unit_test(what_is_no_tls_is_refused),
        cmocka_unit_test(the_servers_goodbye_is_told_as_such),
        cmocka_unit_test(our_goodbye_is_said),
        cmocka_unit_test(much_is_sent_as_the_socket_takes_it),
        cmocka_unit_test(what_is_here_already_is_known),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
