#include "exporter/sender/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "exporter/openssl.h"

struct mf_tls {
    SSL_CTX *ctx;
};

static const unsigned char alpn[] = "\x02h2";

/* Where certificates of authorities are: Debian, Ubuntu, Alpine and Arch;
 * Fedora and its kin; openSUSE; macOS and Alpine; OpenSSL by Homebrew. */
static const char *const usual_files[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/opt/homebrew/etc/openssl@3/cert.pem",
    "/usr/local/etc/openssl@3/cert.pem",
};

/* ---- reading files ---- */

static int fail(struct mf_err *err, const char *option, const char *path,
                const char *why)
{
    ERR_clear_error();
    return mf_err_set(err, MF_EINVAL, "%s: %.120s: %s", option, path, why);
}

static int check_readable(const char *option, const char *path,
                          struct mf_err *err)
{
    if (access(path, R_OK) == 0)
        return 0;
    return mf_err_set(err, MF_EIO, "%s: %.120s: %s", option, path,
                      strerror(errno));
}

static int trust_file(SSL_CTX *ctx, const char *option, const char *path,
                      struct mf_err *err)
{
    int rc = check_readable(option, path, err);
    if (!rc && !SSL_CTX_load_verify_locations(ctx, path, NULL))
        rc = fail(err, option, path, "no certificate in PEM form");
    return rc;
}

/* What the environment names, and nothing else. *ret_found: it names some. */
static int trust_environment(SSL_CTX *ctx, bool *ret_found, struct mf_err *err)
{
    const char *file = getenv("SSL_CERT_FILE");
    const char *dir = getenv("SSL_CERT_DIR");
    bool has_file = file && *file, has_dir = dir && *dir;
    *ret_found = has_file || has_dir;
    if (has_file) {
        int rc = trust_file(ctx, "SSL_CERT_FILE", file, err);
        if (rc)
            return rc;
    }
    if (has_dir && !SSL_CTX_load_verify_locations(ctx, NULL, dir))
        return fail(err, "SSL_CERT_DIR", dir, "not usable");
    return 0;
}

static int trust_usual(SSL_CTX *ctx)
{
    for (size_t i = 0; i < sizeof usual_files / sizeof *usual_files; i++)
        if (access(usual_files[i], R_OK) == 0 &&
            SSL_CTX_load_verify_locations(ctx, usual_files[i], NULL))
            return 0;
    ERR_clear_error();
    return SSL_CTX_set_default_verify_paths(ctx) ? 0 : MF_ENOMEM;
}

static int load_trust(SSL_CTX *ctx, const char *ca, struct mf_err *err)
{
    if (*ca) {
        /* A server's own certificate, or an authority below another, is
         * enough: its owner means it. */
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx),
                                    X509_V_FLAG_PARTIAL_CHAIN);
        return trust_file(ctx, "grpc_ca", ca, err);
    }
    bool found;
    int rc = trust_environment(ctx, &found, err);
    if (rc || found)
        return rc;
    return trust_usual(ctx) ? mf_err_set(err, MF_ENOMEM, "out of memory") : 0;
}

/* Instead of a question on the terminal. */
static int refuse_password(char *to, int cap, int is_writing, void *user)
{
    (void)to;
    (void)cap;
    (void)is_writing;
    *(bool *)user = true;
    return -1;
}

static int load_key(SSL_CTX *ctx, const char *option, const char *path,
                    struct mf_err *err)
{
    bool is_encrypted = false;
    int rc = check_readable(option, path, err);
    if (rc)
        return rc;
    SSL_CTX_set_default_passwd_cb(ctx, refuse_password);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, &is_encrypted);
    rc = SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1 ? 0 : -1;
    SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
    if (!rc)
        return 0;
    if (is_encrypted)
        return fail(err, option, path,
                    "the key is encrypted; it has to be without a password");
    if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ||
        ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH)
        return fail(err, option, path,
                    "the key belongs to another certificate");
    return fail(err, option, path,
                strcmp(option, "grpc_cert")
                    ? "no private key in PEM form"
                    : "no private key in it; set grpc_key to its file first");
}

static int load_own(SSL_CTX *ctx, const struct mf_tls_config *config,
                    struct mf_err *err)
{
    if (!config->cert[0] && config->key[0])
        return mf_err_set(err, MF_EINVAL,
                          "grpc_key: it needs grpc_cert, the certificate");
    if (!config->cert[0])
        return 0;
    int rc = check_readable("grpc_cert", config->cert, err);
    if (rc)
        return rc;
    if (SSL_CTX_use_certificate_chain_file(ctx, config->cert) != 1)
        return fail(err, "grpc_cert", config->cert,
                    "no certificate in PEM form");
    return config->key[0] ? load_key(ctx, "grpc_key", config->key, err)
                          : load_key(ctx, "grpc_cert", config->cert, err);
}

/* ---- life ---- */

static SSL_CTX *new_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx)
        return NULL;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, mf_tls_judge);
    if (SSL_CTX_set_alpn_protos(ctx, alpn, sizeof alpn - 1)) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

int mf_tls_new(const struct mf_tls_config *config, struct mf_tls **ret_tls,
               struct mf_err *err)
{
    struct mf_tls *tls = calloc(1, sizeof *tls);
    mf_openssl_init();
    ERR_clear_error();
    if (tls)
        tls->ctx = new_context();
    if (!tls || !tls->ctx) {
        mf_tls_free(tls);
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    }
    int rc = load_trust(tls->ctx, config->ca, err);
    if (!rc)
        rc = load_own(tls->ctx, config, err);
    if (rc) {
        mf_tls_free(tls);
        return rc;
    }
    *ret_tls = tls;
    return 0;
}

void mf_tls_free(struct mf_tls *tls)
{
    if (tls)
        SSL_CTX_free(tls->ctx);
    free(tls);
}

/* ---- a session ---- */

static bool is_ip_address(const char *host)
{
    struct in6_addr any;
    return inet_pton(AF_INET, host, &any) == 1 ||
           inet_pton(AF_INET6, host, &any) == 1;
}

static bool set_name(SSL *ssl, const char *host)
{
    char name[MF_TRANSPORT_PATH_CAP];
    int len = snprintf(name, sizeof name, "%s", host);
    if (len <= 0 || (size_t)len >= sizeof name)
        return false;
    name[strcspn(name, "%")] = 0; /* the interface of an IPv6 address */
    if (is_ip_address(name))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    if (name[len - 1] == '.')
        name[len - 1] = 0;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 &&
           SSL_set_tlsext_host_name(ssl, name) == 1;
}

SSL *mf_tls_session(struct mf_tls *tls, const char *host,
                    struct mf_err *verdict)
{
    ERR_clear_error();
    SSL *ssl = SSL_new(tls->ctx);
    if (ssl && !(SSL_set_app_data(ssl, verdict) && set_name(ssl, host))) {
        SSL_free(ssl);
        ssl = NULL;
    }
    ERR_clear_error();
    if (ssl)
        SSL_set_connect_state(ssl);
    return ssl;
}
