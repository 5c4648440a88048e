/* mf_tls from inside src/net. */
#ifndef MF_NET_TLS_IMPL_H
#define MF_NET_TLS_IMPL_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "net/tls.h"

/* Whether there is a client CA now. */
bool mf_tls__has_client_ca(const struct mf_tls *tls);

/*
 * The server's side of a TLS connection on `fd`, which is not taken. What it
 * needs of `tls` it keeps, over a reload too. NULL when memory is out.
 */
SSL *mf_tls__new_ssl(struct mf_tls *tls, int fd, bool needs_client_cert);

/* After the handshake. */
bool mf_tls__chose_h2(const SSL *ssl);

/* RFC 4514 text of the subject that was verified, which the caller frees;
 * NULL in *ret_subject if the client showed none. 0 or MF_ENOMEM. */
int mf_tls__client_subject(const SSL *ssl, char **ret_subject);

#endif
