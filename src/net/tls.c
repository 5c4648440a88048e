#include "net/tls_impl.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

/* AEAD with forward secrecy: nothing of RFC 9113, appendix A. TLS 1.3 has
 * no others. */
static const char ciphers_1_2[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

/* What a client that takes no tickets is remembered by. */
enum { SESSIONS_MAX = 1024 };

struct mf_tls {
    SSL_CTX *ctx; /* each connection holds on to its own */
    bool has_client_ca;
};

/* ---- Reading PEM ---- */

static int fail_by_openssl(struct mf_err *err, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);
    ERR_clear_error();
    if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    return mf_err_set(err, MF_EINVAL, "%s: %s", what,
                      reason ? reason : "not usable");
}

/* True if what was read of a file ended where its last item did. */
static bool is_at_end(void)
{
    unsigned long code = ERR_peek_last_error();
    if (ERR_GET_LIB(code) != ERR_LIB_PEM ||
        ERR_GET_REASON(code) != PEM_R_NO_START_LINE)
        return false;
    ERR_clear_error();
    return true;
}

/* Calls `add` with each certificate; `what` names the text in errors. */
static int read_certs(const char *pem, const char *what,
                      int (*add)(SSL_CTX *ctx, X509 *cert, size_t index),
                      SSL_CTX *ctx, struct mf_err *err)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    if (!bio)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    int rc = 0;
    size_t count = 0;
    ERR_clear_error();
    X509 *cert;
    while (!rc && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        if (!add(ctx, cert, count++))
            rc = fail_by_openssl(err, what);
        X509_free(cert);
    }
    if (!rc && !is_at_end())
        rc = fail_by_openssl(err, what);
    if (!rc && count == 0)
        rc = mf_err_set(err, MF_EINVAL, "%s: no certificate in PEM form", what);
    BIO_free(bio);
    return rc;
}

/* Asked for only if a key is encrypted. */
static int refuse_password(char *to, int cap, int is_writing, void *user)
{
    (void)to;
    (void)cap;
    (void)is_writing;
    *(bool *)user = true;
    return -1;
}

static int read_key(const char *pem, EVP_PKEY **ret_key, struct mf_err *err)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    if (!bio)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    bool is_encrypted = false;
    ERR_clear_error();
    EVP_PKEY *key =
        PEM_read_bio_PrivateKey(bio, NULL, refuse_password, &is_encrypted);
    BIO_free(bio);
    if (key) {
        *ret_key = key;
        return 0;
    }
    if (is_encrypted) {
        ERR_clear_error();
        return mf_err_set(err, MF_EINVAL,
                          "key: it is encrypted; without a password only");
    }
    if (is_at_end() ||
        ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_UNSUPPORTED) {
        ERR_clear_error();
        return mf_err_set(err, MF_EINVAL, "key: no private key in PEM form");
    }
    return fail_by_openssl(err, "key");
}

static int add_own(SSL_CTX *ctx, X509 *cert, size_t index)
{
    return index == 0 ? SSL_CTX_use_certificate(ctx, cert)
                      : (int)SSL_CTX_add1_chain_cert(ctx, cert);
}

static int add_client_ca(SSL_CTX *ctx, X509 *cert, size_t index)
{
    (void)index;
    return X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert) &&
           SSL_CTX_add_client_CA(ctx, cert);
}

static int load(SSL_CTX *ctx, const struct mf_tls_pem *pem, struct mf_err *err)
{
    EVP_PKEY *key = NULL;
    int rc = read_certs(pem->cert, "certificate", add_own, ctx, err);
    if (!rc)
        rc = read_key(pem->key, &key, err);
    if (!rc && !X509_check_private_key(SSL_CTX_get0_certificate(ctx), key)) {
        ERR_clear_error();
        rc = mf_err_set(err, MF_EINVAL,
                        "key: it belongs to another certificate");
    }
    if (!rc && !SSL_CTX_use_PrivateKey(ctx, key))
        rc = fail_by_openssl(err, "key");
    if (!rc && pem->client_ca)
        rc = read_certs(pem->client_ca, "client CA", add_client_ca, ctx, err);
    EVP_PKEY_free(key);
    return rc;
}

/* ---- Contexts ---- */

static int choose_protocol(SSL *ssl, const unsigned char **out,
                           unsigned char *out_len, const unsigned char *offered,
                           unsigned offered_len, void *user)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    (void)ssl;
    (void)user;
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, offered,
                              offered_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void configure(SSL_CTX *ctx)
{
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(ctx, ciphers_1_2);
    /* Where a request ends HTTP says itself, so that an end without
     * close_notify is as good as one with it: an answer may follow. */
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* Of the client CA's certificates none is to be sent as our chain. */
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS |
                              SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_sess_set_cache_size(ctx, SESSIONS_MAX);
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    /* An intermediate CA may be all that is given. */
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx),
                                X509_V_FLAG_PARTIAL_CHAIN);
}

static int new_ctx(const struct mf_tls_pem *pem, SSL_CTX **ret_ctx,
                   struct mf_err *err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx) {
        ERR_clear_error();
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    }
    configure(ctx);
    int rc = load(ctx, pem, err);
    if (rc)
        SSL_CTX_free(ctx);
    else
        *ret_ctx = ctx;
    return rc;
}

int mf_tls_reload(struct mf_tls *tls, const struct mf_tls_pem *pem,
                  struct mf_err *err)
{
    SSL_CTX *ctx = NULL;
    int rc = new_ctx(pem, &ctx, err);
    if (rc)
        return rc;
    SSL_CTX_free(tls->ctx);
    tls->ctx = ctx;
    tls->has_client_ca = pem->client_ca != NULL;
    return 0;
}

int mf_tls_new(const struct mf_tls_pem *pem, struct mf_tls **ret_tls,
               struct mf_err *err)
{
    struct mf_tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    int rc = mf_tls_reload(tls, pem, err);
    if (rc)
        free(tls);
    else
        *ret_tls = tls;
    return rc;
}

void mf_tls_free(struct mf_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->ctx);
    free(tls);
}

/* ---- Connections ---- */

bool mf_tls__has_client_ca(const struct mf_tls *tls)
{
    return tls->has_client_ca;
}

SSL *mf_tls__new_ssl(struct mf_tls *tls, int fd, bool needs_client_cert)
{
    /* A session that began without a certificate must not be resumed where
     * one is needed. */
    static const unsigned char asks[] = "asks", needs[] = "needs";
    SSL *ssl = SSL_new(tls->ctx);
    if (!ssl || !SSL_set_fd(ssl, fd)) {
        SSL_free(ssl);
        ERR_clear_error();
        return NULL;
    }
    if (needs_client_cert)
        SSL_set_session_id_context(ssl, needs, sizeof needs);
    else
        SSL_set_session_id_context(ssl, asks, sizeof asks);
    if (needs_client_cert)
        SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       NULL);
    else if (tls->has_client_ca)
        SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    SSL_set_accept_state(ssl);
    return ssl;
}

bool mf_tls__chose_h2(const SSL *ssl)
{
    const unsigned char *name;
    unsigned len;
    SSL_get0_alpn_selected(ssl, &name, &len);
    return len == 2 && memcmp(name, "h2", 2) == 0;
}

int mf_tls__client_subject(const SSL *ssl, char **ret_subject)
{
    X509 *cert = SSL_get0_peer_certificate(ssl);
    *ret_subject = NULL;
    if (!cert || SSL_get_verify_result(ssl) != X509_V_OK)
        return 0;
    BIO *bio = BIO_new(BIO_s_mem());
    /* UTF-8 as it is; control characters are escaped. */
    const unsigned long flags = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;
    if (!bio ||
        X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, flags) < 0) {
        BIO_free(bio);
        ERR_clear_error();
        return MF_ENOMEM;
    }
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    *ret_subject = strndup(len > 0 ? text : "", (size_t)len);
    BIO_free(bio);
    return *ret_subject ? 0 : MF_ENOMEM;
}
