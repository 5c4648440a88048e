/* HTTP/1.1 from inside: its connections and requests. */
#ifndef MF_NET_H1_IMPL_H
#define MF_NET_H1_IMPL_H

#include <strings.h>
#include <unistd.h>

#include <microhttpd.h>

#include "net/server_impl.h"

struct mf_h1 {
    struct mf_server *server;
    struct MHD_Daemon *daemon;
    uv_poll_t poll; /* of the daemon's epoll descriptor */
    uv_timer_t timer;
    struct mf_deferred run;      /* a connection was resumed */
    unsigned handles;            /* whose close is under way */
    struct mf_h1_conn *starting; /* inside MHD_add_connection */
};

struct mf_h1_conn {
    struct mf_conn conn; /* first */
    struct mf_h1 *h1;
    struct mf_h1_request *request; /* NULL between requests */
    int watch_fd;                  /* a duplicate of the socket */
    int watching;                  /* libuv's events, 0: none */
    uv_poll_t poll;
    uv_timer_t timer;
    uint64_t timer_ms; /* when it fires; UINT64_MAX: never */
    /* What is done at due_ms, unless the state changes; NULL: nothing. */
    void (*on_due)(struct mf_h1_conn *conn);
    uint64_t due_ms;
    unsigned handles; /* whose close is under way */
    bool is_half_closed;
};

struct mf_h1_request {
    struct mf_exchange x; /* first */
    struct mf_h1_conn *conn;
    struct MHD_Connection *connection; /* NULL until the head is whole */
    bool is_suspended;
    bool is_whole;    /* the request's end was seen */
    bool is_queued;   /* the answer is libmicrohttpd's */
    bool is_all_sent; /* nothing more to ask us for */
    uint64_t discarded;
};

struct mf_h1_conn *mf_h1__conn_of(struct MHD_Connection *connection);

/* Does not take `fd`; moves what `origin` owns. NULL when memory or
 * descriptors are out. */
struct mf_h1_conn *mf_h1__conn_new(struct mf_h1 *h1, int fd,
                                   struct mf_origin *origin);
/* libmicrohttpd closed it; gives it back. */
void mf_h1__conn_closed(struct mf_h1_conn *conn);

/* Watch and time what the present state calls for. */
void mf_h1__watch(struct mf_h1_conn *conn);
/* A head has begun. */
void mf_h1__time_head(struct mf_h1_conn *conn);

void mf_h1__request_init(struct mf_h1_request *request,
                         struct mf_h1_conn *conn);
/* Frees it. */
void mf_h1__request_close(struct mf_h1_request *request, bool clean);

/* From inside libmicrohttpd's callbacks only. */
void mf_h1__suspend(struct mf_h1_request *request);

#endif
