/*
 * mf_server: listeners, each telling HTTP/2 (prior knowledge) and HTTP/1.1
 * apart by the first bytes of a connection.
 *
 * Thread:  the loop's.
 */
#ifndef MF_NET_SERVER_H
#define MF_NET_SERVER_H

#include "net/exchange.h"
#include "net/loop.h"

struct mf_server;

struct mf_server_opts {
    struct mf_loop *loop;
    /* A request's head is whole. Must call mf_exchange_set_events(). */
    void (*on_request)(void *user, struct mf_exchange *x);
    void *user;
    /* Limits; 0: the default in parentheses. */
    unsigned max_connections; /* (4096) */
    unsigned max_streams;     /* of one HTTP/2 connection at a time (256) */
    size_t max_head_len;      /* of a request, bytes (64 KiB) */
    unsigned head_timeout_ms; /* from accept or last response to a whole
                                 head, while one has begun (10 s) */
    unsigned idle_timeout_ms; /* no exchange open (300 s) */
};

int mf_server_new(const struct mf_server_opts *opts,
                  struct mf_server **ret_server, struct mf_err *err);

/*
 * Listen on "HOST:PORT", "[V6]:PORT" or "unix:PATH" (a stale socket file is
 * replaced). PORT 0 picks one. *ret_url (the caller frees it) says where:
 * "http://127.0.0.1:50051" or "unix:PATH".
 *
 *  MF_EINVAL  not an address
 *  MF_EBUSY   in use
 *  MF_EACCES, MF_EIO
 */
int mf_server_listen(struct mf_server *server, const char *address, int tag,
                     char **ret_url, struct mf_err *err);

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
