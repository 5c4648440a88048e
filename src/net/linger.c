/*
 * The end of a connection that we ended first: what the peer still sends is
 * thrown away until its own end, for a short time.
 */
#include "net/server_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_LEN = 16 * 1024,
    LINGER_MS = 2000,
    LINGER_MAX_LEN = 4 << 20,
};

struct linger_conn {
    struct mf_conn conn; /* first */
    int fd;
    size_t left;
    uv_poll_t poll;
    uv_timer_t deadline;
    unsigned closing;
};

static void on_closed(uv_handle_t *handle)
{
    struct linger_conn *linger = handle->data;
    struct mf_server *server = linger->conn.server;
    if (--linger->closing == 0)
        free(linger);
    mf_server__handle_closed(server);
}

static void leave(struct linger_conn *linger)
{
    if (linger->closing)
        return;
    linger->closing = 2;
    uv_close((uv_handle_t *)&linger->poll, on_closed);
    uv_close((uv_handle_t *)&linger->deadline, on_closed);
    close(linger->fd);
    mf_conn__leave(&linger->conn);
}

/* True when the peer's end came, or too much. */
static bool discard(struct linger_conn *linger)
{
    char bytes[READ_LEN];
    ssize_t len;
    while ((len = recv(linger->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        if ((size_t)len >= linger->left)
            return true;
        linger->left -= (size_t)len;
    }
    return len == 0 || (errno != EAGAIN && errno != EINTR);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct linger_conn *linger = poll->data;
    if (status < 0 || discard(linger))
        leave(linger);
}

static void on_deadline(uv_timer_t *timer)
{
    leave(timer->data);
}

/* A server that stops does not wait for what the peer may never send. */
static void on_stop(struct mf_conn *conn)
{
    struct linger_conn *linger = (struct linger_conn *)conn;
    discard(linger);
    leave(linger);
}

static const struct mf_conn_ops ops = {.stop = on_stop, .cut = on_stop};

void mf_linger__start(struct mf_server *server, struct mf_sock *sock,
                      struct mf_origin *origin)
{
    uv_loop_t *uv = mf_loop__uv(server->opts.loop);
    struct linger_conn *linger = calloc(1, sizeof *linger);
    if (!linger || uv_poll_init(uv, &linger->poll, sock->fd)) {
        free(linger);
        mf_origin__release(origin);
        mf_sock__close(sock);
        return;
    }
    linger->fd = mf_sock__take_fd(sock);
    linger->left = LINGER_MAX_LEN;
    uv_timer_init(uv, &linger->deadline);
    linger->poll.data = linger->deadline.data = linger;
    mf_conn__enter(&linger->conn, &ops, server, origin);
    mf_server__handle_opened(server);
    mf_server__handle_opened(server);
    if (server->is_stopping) {
        on_stop(&linger->conn);
        return;
    }
    uv_timer_start(&linger->deadline, on_deadline, LINGER_MS, 0);
    uv_poll_start(&linger->poll, UV_READABLE, on_readable);
}
