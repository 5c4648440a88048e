/*
 * What mf_transport's files share about TLS: the configuration as OpenSSL has
 * it, and what went wrong in words.
 *
 * Thread:  the sender's.
 */
#ifndef MF_EXPORTER_TLS_H
#define MF_EXPORTER_TLS_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "exporter/sender/transport.h"

/*
 * A client's session with a server of that name, not begun; NULL: out of
 * memory. The name is what its certificate has to be for. `verdict` lives as
 * long as the session; it says why the certificate was refused, once it was.
 */
SSL *mf_tls_session(struct mf_tls *tls, const char *host,
                    struct mf_err *verdict);

/* OpenSSL's callback, which fills the verdict. */
int mf_tls_judge(int is_good, X509_STORE_CTX *store);

/*
 * Say why the last call on `ssl` failed, from its verdict or OpenSSL's queue
 * of errors, which is empty then, and `saved_errno`, 0 if the connection
 * ended. Returns MF_EIO, or MF_ECLOSED where the server closed it after the
 * handshake.
 */
int mf_tls_explain(SSL *ssl, int saved_errno, struct mf_err *err);

#endif
