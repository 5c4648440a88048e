/* mf_server from inside src/net: listeners, connections, and their ends. */
#ifndef MF_NET_SERVER_IMPL_H
#define MF_NET_SERVER_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/exchange_impl.h"
#include "net/loop_impl.h"
#include "net/server.h"
#include "net/sock_impl.h"

enum { MF_PEER_CAP = 80 };

struct mf_h1;
struct mf_listener;

/* ---- Connections: what the server knows of each ---- */

struct mf_conn;

/* Where a connection comes from. */
struct mf_origin {
    int tag; /* its listener's */
    bool is_tls;
    /* Decrypted by a relay of ours, which counts in its place. */
    bool is_inner;
    char peer[MF_PEER_CAP];
    char *client_cert; /* owned: its subject; NULL: none was shown */
};

void mf_origin__release(struct mf_origin *origin);

struct mf_conn_ops {
    /* Let open exchanges finish, take no new ones, then close. */
    void (*stop)(struct mf_conn *conn);
    /* Break everything off. */
    void (*cut)(struct mf_conn *conn);
};

struct mf_conn {
    const struct mf_conn_ops *ops;
    struct mf_server *server;
    struct mf_conn *next;
    struct mf_conn *prev;
    struct mf_origin origin;
};

/* Enter and leave the server's list; what `origin` owns is moved. */
void mf_conn__enter(struct mf_conn *conn, const struct mf_conn_ops *ops,
                    struct mf_server *server, struct mf_origin *origin);
void mf_conn__leave(struct mf_conn *conn);

/* ---- The server ---- */

struct mf_server {
    struct mf_server_opts opts;
    struct mf_listener *listeners;
    struct mf_conn conns; /* head of a ring */
    size_t conn_count;
    size_t inner_count;     /* of them, those with a relay before them */
    size_t open_handles;    /* libuv handles whose close is under way, too */
    struct mf_buf h2_input; /* one read, one write: scratch of all */
    struct mf_buf h2_frames;
    struct mf_buf h2_spare; /* to take the place of h2_frames */
    struct mf_h1 *h1;       /* NULL until the first HTTP/1.1 connection */
    bool is_accepting;
    bool is_stopping;
    struct mf_timer *grace;
    struct mf_timer *accept_pause;
    struct mf_deferred finish;
    void (*stopped)(void *arg);
    void *stopped_arg;
};

/* Every handle is counted, so that `done` comes after the last is closed. */
void mf_server__handle_opened(struct mf_server *server);
void mf_server__handle_closed(struct mf_server *server);

/* ---- Listeners ---- */

void mf_listeners__accept(struct mf_server *server, bool wanted);
/* Closes all; with `is_last` the server may be gone before they are. */
void mf_listeners__close(struct mf_server *server, bool is_last);

/* ---- Stages of a connection: all take the socket, and what `origin`
 *      owns, whatever becomes of it ---- */

/* Decide by the first bytes (preface.c). */
void mf_preface__start(struct mf_server *server, int fd,
                       struct mf_origin *origin);

/* The first stage on a listener with TLS (handshake.c). */
void mf_handshake__start(struct mf_server *server, int fd, struct mf_tls *tls,
                         bool needs_client_cert, struct mf_origin *origin);

/* Decrypted for what speaks to plain sockets only (relay.c). */
void mf_relay__start(struct mf_server *server, struct mf_sock *sock,
                     struct mf_origin *origin);

/* The last one, after the end of what we send: a close() with bytes unread
 * would reset the connection, and the peer lose what it did not read yet
 * (linger.c). */
void mf_linger__start(struct mf_server *server, struct mf_sock *sock,
                      struct mf_origin *origin);

void mf_h2__start(struct mf_server *server, struct mf_sock *sock,
                  struct mf_origin *origin);

/* ---- HTTP/1.1 (h1.c) ---- */

void mf_h1__start(struct mf_server *server, int fd, struct mf_origin *origin);
/* No connection is left. */
void mf_h1__free(struct mf_h1 *h1);

#endif
