#include "exporter/sender/tls.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

enum { NAMES_MAX = 3, NAME_CAP = 48, NAMES_CAP = 3 * (NAME_CAP + 2) };

/* ---- what a certificate says; its bytes are the server's ---- */

static void put_name(char *out, size_t cap, const uint8_t *data, size_t len)
{
    size_t at = strlen(out);
    size_t end = at + NAME_CAP < cap ? at + NAME_CAP : cap;
    if (at && at + 3 < cap)
        at += (size_t)snprintf(out + at, cap - at, ", ");
    for (size_t i = 0; i < len && at + 1 < end; i++)
        out[at++] = (char)(data[i] > ' ' && data[i] < 127 ? data[i] : '?');
    out[at] = 0;
}

static void put_ip(char *out, size_t cap, const ASN1_OCTET_STRING *ip)
{
    char text[INET6_ADDRSTRLEN];
    int family = ASN1_STRING_length(ip) == 4 ? AF_INET : AF_INET6;
    if (ASN1_STRING_length(ip) != 4 && ASN1_STRING_length(ip) != 16)
        return;
    if (inet_ntop(family, ASN1_STRING_get0_data(ip), text, sizeof text))
        put_name(out, cap, (const uint8_t *)text, strlen(text));
}

static void list_names(X509 *cert, char *out, size_t cap)
{
    *out = 0;
    GENERAL_NAMES *names =
        X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int count = names ? sk_GENERAL_NAME_num(names) : 0;
    for (int i = 0; i < count && i < NAMES_MAX; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS)
            put_name(out, cap, ASN1_STRING_get0_data(name->d.dNSName),
                     (size_t)ASN1_STRING_length(name->d.dNSName));
        else if (name->type == GEN_IPADD)
            put_ip(out, cap, name->d.iPAddress);
    }
    GENERAL_NAMES_free(names);
}

static void put_common_name(const X509_NAME *name, char *out, size_t cap)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    const X509_NAME_ENTRY *entry =
        at < 0 ? NULL : X509_NAME_get_entry(name, at);
    const ASN1_STRING *text = entry ? X509_NAME_ENTRY_get_data(entry) : NULL;
    *out = 0;
    for (int i = 0; text && i < ASN1_STRING_length(text); i++) {
        uint8_t c = ASN1_STRING_get0_data(text)[i];
        if ((size_t)i + 1 >= cap)
            break;
        out[i] = (char)(c >= ' ' && c < 127 ? c : '?');
        out[i + 1] = 0;
    }
}

static void put_day(const ASN1_TIME *time, char *out, size_t cap)
{
    struct tm tm;
    if (!ASN1_TIME_to_tm(time, &tm) || !strftime(out, cap, "%Y-%m-%d", &tm))
        snprintf(out, cap, "?");
}

/* ---- certificates that are not trusted ---- */

static int explain_time(X509 *cert, int depth, bool is_early,
                        struct mf_err *err)
{
    char day[32];
    put_day(is_early ? X509_get0_notBefore(cert) : X509_get0_notAfter(cert),
            day, sizeof day);
    return mf_err_set(err, MF_EIO, "%s %s %s",
                      depth ? "the certificate of its authority"
                            : "its certificate",
                      is_early ? "is not valid before" : "expired on", day);
}

static int explain_names(X509 *cert, const char *host, struct mf_err *err)
{
    char names[NAMES_CAP];
    list_names(cert, names, sizeof names);
    return mf_err_set(err, MF_EIO,
                      "its certificate is not for %.60s but for %s", host,
                      *names ? names : "nobody (it names no host)");
}

static int explain_issuer(X509 *cert, struct mf_err *err)
{
    char issuer[NAME_CAP + 1];
    put_common_name(X509_get_issuer_name(cert), issuer, sizeof issuer);
    return mf_err_set(err, MF_EIO,
                      "its certificate comes from %s, which is not trusted; "
                      "grpc_ca can name a file to trust",
                      *issuer ? issuer : "an authority without a name");
}

static const char *wanted_name(X509_STORE_CTX *store)
{
    SSL *ssl =
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    return name ? name : "this address";
}

static void explain_verdict(X509_STORE_CTX *store, struct mf_err *err)
{
    int verdict = X509_STORE_CTX_get_error(store);
    X509 *cert = X509_STORE_CTX_get_current_cert(store);
    int depth = X509_STORE_CTX_get_error_depth(store);
    switch (cert ? verdict : X509_V_ERR_UNSPECIFIED) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        explain_time(cert, depth, verdict == X509_V_ERR_CERT_NOT_YET_VALID,
                     err);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        explain_names(cert, wanted_name(store), err);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        mf_err_set(err, MF_EIO,
                   "its certificate is self-signed and not trusted; grpc_ca "
                   "can name a file to trust");
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        explain_issuer(cert, err);
        break;
    default:
        mf_err_set(err, MF_EIO, "its certificate is refused: %s",
                   X509_verify_cert_error_string(verdict));
    }
}

int mf_tls_judge(int is_good, X509_STORE_CTX *store)
{
    SSL *ssl =
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct mf_err *verdict = ssl ? SSL_get_app_data(ssl) : NULL;
    if (!is_good && verdict)
        explain_verdict(store, verdict);
    return is_good;
}

/* ---- what the server said, or did not ---- */

static const struct {
    int reason;
    const char *text;
} reasons[] = {
    {SSL_R_WRONG_VERSION_NUMBER,
     "it does not speak TLS (is it an http:// address?)"},
    {SSL_R_HTTP_REQUEST, "it does not speak TLS (is it an http:// address?)"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "it does not speak TLS 1.2 or later"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "it does not speak TLS 1.2 or later"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
     "it wants a client certificate; see grpc_cert"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
     "it refuses the TLS handshake; maybe it wants a client certificate, see "
     "grpc_cert"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA,
     "it does not trust the client certificate of grpc_cert"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
     "it does not take the client certificate of grpc_cert"},
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
     "it does not take the client certificate of grpc_cert"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
     "it does not take the client certificate of grpc_cert"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
     "it says that the client certificate of grpc_cert has expired"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
     "it says that the client certificate of grpc_cert is revoked"},
    {SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL,
     "it does not speak HTTP/2 (gRPC) over TLS"},
    {SSL_R_TLSV1_UNRECOGNIZED_NAME, "it does not know that it has this name"},
};

static int explain_reason(unsigned long code, struct mf_err *err)
{
    int reason = ERR_GET_REASON(code);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (ERR_GET_LIB(code) == ERR_LIB_SSL && reasons[i].reason == reason)
            return mf_err_set(err, MF_EIO, "%s", reasons[i].text);
    const char *text = ERR_reason_error_string(code);
    return mf_err_set(err, MF_EIO, "TLS: %s", text ? text : "it failed");
}

static int explain_end(SSL *ssl, int saved_errno, struct mf_err *err)
{
    if (saved_errno)
        return mf_err_set(err, MF_EIO, "%s", strerror(saved_errno));
    if (SSL_is_init_finished(ssl))
        return mf_err_set(err, MF_ECLOSED, "the server closed the connection");
    return mf_err_set(err, MF_EIO,
                      "the server closed the connection in the TLS handshake");
}

int mf_tls_explain(SSL *ssl, int saved_errno, struct mf_err *err)
{
    const struct mf_err *verdict = SSL_get_app_data(ssl);
    unsigned long code = ERR_peek_error();
    bool has_ended = code == 0;
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
    if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        has_ended = true;
        saved_errno = 0;
    }
#endif
    ERR_clear_error();
    if (has_ended)
        return explain_end(ssl, saved_errno, err);
    if (verdict->code)
        return mf_err_set(err, verdict->code, "%s", verdict->text);
    return explain_reason(code, err);
}
