/*
 * mf_transport: bytes to and from a server over a connected socket, in clear
 * or by TLS (OpenSSL, at least TLS 1.2, ALPN h2), without blocking.
 *
 * A server's certificate is checked against its name and, unless `ca` names
 * a file, what SSL_CERT_FILE and SSL_CERT_DIR name, or the usual places of
 * this kind of system: a statically linked OpenSSL knows its own only.
 *
 * Thread:  the sender's.
 */
#ifndef MF_EXPORTER_TRANSPORT_H
#define MF_EXPORTER_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { MF_TRANSPORT_PATH_CAP = 1024 };

/* Files in PEM; empty: none. */
struct mf_tls_config {
    char ca[MF_TRANSPORT_PATH_CAP];
    char cert[MF_TRANSPORT_PATH_CAP];
    char key[MF_TRANSPORT_PATH_CAP];
};

struct mf_tls; /* trust and key, read once for each configuration */

/* MF_EINVAL or MF_EIO with `err`, which names the option and the file;
 * MF_ENOMEM. Any thread. */
int mf_tls_new(const struct mf_tls_config *config, struct mf_tls **ret_tls,
               struct mf_err *err);
void mf_tls_free(struct mf_tls *tls); /* NULL is allowed */

struct mf_transport;

/* `fd` is connected and non-blocking, and taken over, also on failure. `tls`
 * NULL: in clear; else borrowed until mf_transport_new() returns, and `host`
 * is the server's name. NULL: out of memory. */
struct mf_transport *mf_transport_new(int fd, struct mf_tls *tls,
                                      const char *host);
void mf_transport_free(struct mf_transport *transport); /* NULL is allowed */

/*
 * Send or receive what is possible now. 0 with *ret_len > 0; MF_EBUSY: wait
 * for mf_transport_events(), and give the same bytes first when it was a
 * write; MF_ECLOSED: the server closed the connection; MF_EIO with `err`: why,
 * in words for a log line. After the last two the transport is of no more use.
 */
int mf_transport_write(struct mf_transport *transport, const uint8_t *data,
                       size_t len, size_t *ret_len, struct mf_err *err);
int mf_transport_read(struct mf_transport *transport, uint8_t *data, size_t cap,
                      size_t *ret_len, struct mf_err *err);

/* For poll(): the socket, and what to wait for besides input. */
int mf_transport_fd(const struct mf_transport *transport);
short mf_transport_events(const struct mf_transport *transport,
                          bool has_output);
/* Bytes are here already that poll() does not know of. */
bool mf_transport_has_input(const struct mf_transport *transport);

#endif
