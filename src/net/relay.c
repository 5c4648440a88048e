/*
 * TLS for HTTP/1.1: libmicrohttpd is given one end of a socket pair, and
 * what is decrypted goes through the other. What one side does not take is
 * kept, and nothing more is read from the other until it is gone; ends are
 * passed on, and a break of the peer's breaks the pair.
 */
#include "net/server_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK_LEN = 64 * 1024 };

struct relay {
    struct mf_conn conn; /* first */
    struct mf_sock sock; /* the peer; fd < 0: it has a new owner */
    int inner;
    struct mf_buf in;  /* for the inner side, which did not take it yet */
    struct mf_buf out; /* for the peer */
    bool is_peer_done; /* it sends no more */
    bool is_inner_done;
    int sock_events; /* that are watched */
    int inner_events;
    uv_poll_t sock_poll;
    uv_poll_t inner_poll;
    uv_timer_t send_timer; /* of the last bytes, when nobody else looks */
    struct mf_deferred again;
    unsigned closing;
};

/* ---- The end ---- */

static void on_closed(uv_handle_t *handle)
{
    struct relay *relay = handle->data;
    struct mf_server *server = relay->conn.server;
    if (--relay->closing == 0)
        free(relay);
    mf_server__handle_closed(server);
}

static void leave(struct relay *relay)
{
    relay->closing = 3;
    mf_loop__undefer(relay->conn.server->opts.loop, &relay->again);
    uv_close((uv_handle_t *)&relay->sock_poll, on_closed);
    uv_close((uv_handle_t *)&relay->inner_poll, on_closed);
    uv_close((uv_handle_t *)&relay->send_timer, on_closed);
    mf_buf_release(&relay->in);
    mf_buf_release(&relay->out);
    close(relay->inner);
    if (relay->sock.fd >= 0)
        mf_sock__close(&relay->sock);
    mf_conn__leave(&relay->conn);
}

/* An answer that was cut must not look whole: no close_notify. */
static void break_off(struct relay *relay)
{
    relay->sock.is_broken = true;
    leave(relay);
}

static void end(struct relay *relay)
{
    struct mf_sock sock = relay->sock;
    relay->sock.fd = -1;
    uv_poll_stop(&relay->sock_poll);
    mf_linger__start(relay->conn.server, &sock, &relay->conn.origin);
    leave(relay);
}

static void on_send_late(uv_timer_t *timer)
{
    break_off(timer->data);
}

static void time_send(struct relay *relay)
{
    uv_timer_start(&relay->send_timer, on_send_late,
                   relay->conn.server->opts.send_timeout_ms, 0);
}

/* ---- From the peer to the inner side ---- */

/* Keeps what is not taken. 0 or MF_ENOMEM. */
static int give_inner(struct relay *relay, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(relay->inner, data, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return mf_buf_append(&relay->in, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return 0; /* it is gone; its end is read next */
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int pump_in(struct relay *relay)
{
    if (relay->in.len) {
        size_t len;
        uint8_t *data = mf_buf_take(&relay->in, &len);
        int rc = give_inner(relay, data, len);
        free(data);
        if (rc || relay->in.len)
            return rc;
    }
    if (relay->is_peer_done || relay->is_inner_done)
        return 0;
    struct mf_buf *block = &relay->conn.server->h2_input;
    if (mf_buf_reserve(block, BLOCK_LEN))
        return MF_ENOMEM;
    ssize_t len = mf_sock__recv(&relay->sock, block->data, BLOCK_LEN);
    if (len == MF_ECLOSED) {
        relay->is_peer_done = true;
        shutdown(relay->inner, SHUT_WR);
        return 0;
    }
    return len < 0 ? (int)len : give_inner(relay, block->data, (size_t)len);
}

/* ---- From the inner side to the peer ---- */

static int give_peer(struct relay *relay, const uint8_t *data, size_t len)
{
    ssize_t n = mf_sock__send(&relay->sock, data, len);
    if (n < 0)
        return (int)n;
    if (n > 0 && relay->is_inner_done)
        time_send(relay);
    return mf_buf_append(&relay->out, data + n, len - (size_t)n);
}

static int pump_out(struct relay *relay)
{
    if (relay->out.len) {
        size_t len;
        uint8_t *data = mf_buf_take(&relay->out, &len);
        int rc = give_peer(relay, data, len);
        free(data);
        if (rc || relay->out.len)
            return rc;
    }
    if (relay->is_inner_done)
        return 0;
    struct mf_buf *block = &relay->conn.server->h2_input;
    if (mf_buf_reserve(block, BLOCK_LEN))
        return MF_ENOMEM;
    ssize_t len = recv(relay->inner, block->data, BLOCK_LEN, 0);
    if (len > 0)
        return give_peer(relay, block->data, (size_t)len);
    /* An error too comes after the last byte, where the inner side left
     * something unread. */
    if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
        relay->is_inner_done = true;
        mf_buf_release(&relay->in);
        time_send(relay);
    }
    return 0;
}

/* ---- On the loop ---- */

static void on_sock(uv_poll_t *poll, int status, int events);
static void on_inner(uv_poll_t *poll, int status, int events);

static void watch(uv_poll_t *poll, int *watched, int events, uv_poll_cb fn)
{
    if (*watched == events)
        return;
    *watched = events;
    if (events)
        uv_poll_start(poll, events, fn);
    else
        uv_poll_stop(poll);
}

static void pump(void *arg)
{
    struct relay *relay = arg;
    if (pump_in(relay) || pump_out(relay)) {
        break_off(relay);
        return;
    }
    bool is_last = relay->is_inner_done && !relay->out.len;
    if (is_last && mf_sock__end(&relay->sock)) {
        end(relay);
        return;
    }
    bool wants_recv =
        !relay->in.len && !relay->is_peer_done && !relay->is_inner_done;
    bool wants_send = relay->out.len || is_last;
    watch(&relay->sock_poll, &relay->sock_events,
          mf_sock__events(&relay->sock, wants_recv, wants_send), on_sock);
    int inner = 0;
    if (!relay->out.len && !relay->is_inner_done)
        inner |= UV_READABLE;
    if (relay->in.len)
        inner |= UV_WRITABLE;
    watch(&relay->inner_poll, &relay->inner_events, inner, on_inner);
    if (wants_recv && relay->sock.has_more)
        mf_loop__defer(relay->conn.server->opts.loop, &relay->again);
}

/* After an error libuv has stopped the watch; read or send will tell. */
static void on_sock(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct relay *relay = poll->data;
    if (status < 0)
        relay->sock_events = 0;
    pump(relay);
}

static void on_inner(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct relay *relay = poll->data;
    if (status < 0)
        relay->inner_events = 0;
    pump(relay);
}

/* ---- Life ---- */

/* The inner connection is stopped itself, and its end comes here. */
static void on_stop(struct mf_conn *conn)
{
    (void)conn;
}

static void on_cut(struct mf_conn *conn)
{
    break_off((struct relay *)conn);
}

static const struct mf_conn_ops ops = {.stop = on_stop, .cut = on_cut};

static void begin(struct relay *relay, struct mf_server *server, int inner,
                  struct mf_sock *sock, struct mf_origin *origin)
{
    relay->inner = inner;
    relay->sock = *sock;
    uv_timer_init(mf_loop__uv(server->opts.loop), &relay->send_timer);
    relay->sock_poll.data = relay->inner_poll.data = relay;
    relay->send_timer.data = relay;
    mf_buf_init(&relay->in, BLOCK_LEN);
    mf_buf_init(&relay->out, BLOCK_LEN);
    mf_deferred__init(&relay->again, pump, relay);
    mf_conn__enter(&relay->conn, &ops, server, origin);
    for (int i = 0; i < 3; i++)
        mf_server__handle_opened(server);
    mf_loop__defer(server->opts.loop, &relay->again);
}

static void on_failed_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void mf_relay__start(struct mf_server *server, struct mf_sock *sock,
                     struct mf_origin *origin)
{
    uv_loop_t *uv = mf_loop__uv(server->opts.loop);
    struct mf_origin inner_origin = *origin;
    inner_origin.is_inner = true;
    origin->client_cert = NULL;
    int pair[2] = {-1, -1};
    struct relay *relay = calloc(1, sizeof *relay);
    if (!relay ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                   pair))
        goto fail;
    if (uv_poll_init(uv, &relay->sock_poll, sock->fd))
        goto fail;
    relay->sock_poll.data = relay;
    if (uv_poll_init(uv, &relay->inner_poll, pair[0])) {
        uv_close((uv_handle_t *)&relay->sock_poll, on_failed_closed);
        relay = NULL;
        goto fail;
    }
    begin(relay, server, pair[0], sock, origin);
    mf_preface__start(server, pair[1], &inner_origin);
    return;
fail:
    if (pair[0] >= 0) {
        close(pair[0]);
        close(pair[1]);
    }
    free(relay);
    mf_origin__release(&inner_origin);
    mf_sock__close(sock);
}
