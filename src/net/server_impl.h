/* mf_server from inside src/net: listeners, connections, and their ends. */
#ifndef MF_NET_SERVER_IMPL_H
#define MF_NET_SERVER_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/exchange_impl.h"
#include "net/loop_impl.h"
#include "net/server.h"

enum { MF_PEER_CAP = 80 };

struct mf_h1;
struct mf_listener;

/* ---- Connections: what the server knows of each ---- */

struct mf_conn;

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
    int tag;
    char peer[MF_PEER_CAP];
};

/* Enter and leave the server's list. */
void mf_conn__enter(struct mf_conn *conn, const struct mf_conn_ops *ops,
                    struct mf_server *server, int tag, const char *peer);
void mf_conn__leave(struct mf_conn *conn);

/* ---- The server ---- */

struct mf_server {
    struct mf_server_opts opts;
    struct mf_listener *listeners;
    struct mf_conn conns; /* head of a ring */
    size_t conn_count;
    size_t open_handles;    /* libuv handles whose close is under way, too */
    struct mf_buf h2_input; /* one read, one write: scratch of all */
    struct mf_buf h2_frames;
    struct mf_h1 *h1; /* NULL until the first HTTP/1.1 connection */
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

/* A new connection: takes `fd`. Decides by its first bytes (preface.c). */
void mf_preface__start(struct mf_server *server, int fd, int tag,
                       const char *peer);

/* ---- HTTP/2 (h2.c): takes `fd` ---- */
void mf_h2__start(struct mf_server *server, int fd, int tag, const char *peer);

/* ---- HTTP/1.1 (h1.c) ---- */

/* Takes `fd`. */
void mf_h1__start(struct mf_server *server, int fd, int tag, const char *peer);
/* No connection is left. */
void mf_h1__free(struct mf_h1 *h1);

#endif
