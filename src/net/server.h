/*
 * mf_server: listeners, each telling HTTP/2 (prior knowledge) and HTTP/1.1
 * apart by the first bytes of a connection.
 *
 * Thread:  the loop's.
 */
#ifndef MF_NET_SERVER_H
#define MF_NET_SERVER_H

#include <stdbool.h>

#include "net/exchange.h"
#include "net/loop.h"

struct mf_server;
struct mf_tls; /* net/tls.h */

struct mf_server_opts {
    struct mf_loop *loop;
    /* A request's head is whole. Must call mf_exchange_set_events(). */
    void (*on_request)(void *user, struct mf_exchange *x);
    void *user;
    /* Limits; 0: the default in parentheses. */
    unsigned max_connections; /* (20,000, or what descriptors allow) */
    unsigned max_streams;     /* of one HTTP/2 connection at a time (256) */
    size_t max_head_len;      /* of a request, bytes (64 KiB) */
    /* How long a peer may hold us in a state, milliseconds. */
    unsigned first_timeout_ms; /* from accept to the first bytes that decide
                                  on a version; a TLS handshake too (10 s) */
    unsigned head_timeout_ms;  /* from a head's first byte to its last
                                  (10 s) */
    unsigned body_timeout_ms;  /* without a byte of a body that is owed: see
                                  mf_exchange_time_body() (60 s) */
    unsigned send_timeout_ms;  /* without taking a byte of what is pending
                                  (120 s) */
    unsigned idle_timeout_ms;  /* no exchange open (300 s) */
    unsigned ping_interval_ms; /* HTTP/2, exchanges open, nothing received:
                                  a PING is sent (60 s) */
    unsigned ping_timeout_ms;  /* and nothing received after it (20 s) */
};

int mf_server_new(const struct mf_server_opts *opts,
                  struct mf_server **ret_server, struct mf_err *err);

struct mf_listen_opts {
    /* "HOST:PORT", "[V6]:PORT" or "unix:PATH" (a stale socket file is
     * replaced). PORT 0 picks one. NULL: `fd` is a listening stream socket,
     * and the server's from now on, whatever is answered. */
    const char *address;
    int fd;
    int tag; /* mf_exchange_listener_tag() of what comes by it */
    /* Borrowed for the server's life; NULL: in clear. */
    struct mf_tls *tls;
    /* Without a certificate that tls's client CA signed no handshake
     * succeeds; otherwise one is asked for, if there is such a CA, and
     * mf_exchange_client_cert() tells. */
    bool needs_client_cert;
};

/*
 * Listen. *ret_url (the caller frees it) says where:
 * "http://127.0.0.1:50051", "https://..." or "unix:PATH".
 *
 *  MF_EINVAL  not an address; not a listening socket
 *  MF_EBUSY   in use
 *  MF_EACCES, MF_EIO
 */
int mf_server_listen(struct mf_server *server,
                     const struct mf_listen_opts *opts, char **ret_url,
                     struct mf_err *err);

/*
 * Stop accepting, send GOAWAY, let open exchanges finish for at most
 * `grace_ms`, then cut what is left and call `done`. Exchanges can tell
 * that they are being waited for only by ending themselves.
 */
void mf_server_stop(struct mf_server *server, unsigned grace_ms,
                    void (*done)(void *arg), void *arg);

/* After stop's `done`, or with no connection ever accepted. */
void mf_server_free(struct mf_server *server); /* NULL is allowed */

#endif
