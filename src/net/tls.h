/*
 * mf_tls: a server's certificate and whom it trusts, for listeners of
 * mf_server. TLS 1.2 and later; ALPN "h2" and "http/1.1", and HTTP/1.1 where
 * a client offers none.
 *
 * Thread:  the loop's.
 */
#ifndef MF_NET_TLS_H
#define MF_NET_TLS_H

#include "base/error.h"

struct mf_tls;

/* PEM text, NUL-terminated. */
struct mf_tls_pem {
    const char *cert;      /* the server's, then its chain */
    const char *key;       /* of it; not encrypted */
    const char *client_ca; /* that signs clients' certificates, several are
                              allowed; NULL: clients show none */
};

/*
 * `pem` is read in the call. *ret_tls is freed by the caller, after every
 * server that listens with it.
 *
 *  MF_EINVAL  not PEM, an encrypted key, or a key of another certificate;
 *             `err` begins with which: "certificate: ", "key: " or
 *             "client CA: "
 *  MF_ENOMEM
 */
int mf_tls_new(const struct mf_tls_pem *pem, struct mf_tls **ret_tls,
               struct mf_err *err);

/* Use `pem` for connections from now on; open ones stay as they are. After
 * an error (as above) nothing has changed. */
int mf_tls_reload(struct mf_tls *tls, const struct mf_tls_pem *pem,
                  struct mf_err *err);

void mf_tls_free(struct mf_tls *tls); /* NULL is allowed */

#endif
