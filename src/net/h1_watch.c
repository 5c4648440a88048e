/*
 * What libmicrohttpd does not do for a connection: notice that the peer of a
 * suspended one has left, time its states, and break it off from outside.
 */
#include "net/h1_impl.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
    /* A client that half-closed may still read; one that closed looks the
     * same until we write. */
    HALF_CLOSED_MS = 5000,
    LOOK_AGAIN_MS = 10,
    DISCARD_MS = MF_EXCHANGE_DISCARD_MAX_S * 1000,
    HEAD_TEXT_MAX_FACTOR = 2,
};

/* ---- Suspending and breaking off ---- */

void mf_h1__suspend(struct mf_h1_request *request)
{
    if (request->is_suspended)
        return;
    request->is_suspended = true;
    MHD_suspend_connection(request->connection);
}

static void wake(struct mf_h1_request *request)
{
    if (!request->is_suspended)
        return;
    request->is_suspended = false;
    MHD_resume_connection(request->connection);
    /* Its epoll descriptor does not tell of that. */
    struct mf_h1 *h1 = request->conn->h1;
    mf_loop__defer(h1->server->opts.loop, &h1->run);
}

/* It reads again, which it does by edges: an end that comes together with
 * the last bytes would wait for ever. */
static void nudge(struct mf_h1_request *request)
{
    if (request->is_suspended)
        return;
    MHD_suspend_connection(request->connection);
    request->is_suspended = true;
    wake(request);
}

/*
 * libmicrohttpd then finds the connection at its end. A connection that it
 * closes for an error of read_answer() it forgets to clean up, but for those
 * with a time-out of their own, which it visits in every run.
 */
static void break_off(struct mf_h1_conn *conn)
{
    shutdown(conn->watch_fd, SHUT_RDWR);
    struct mf_h1_request *request = conn->request;
    if (!request)
        return;
    request->x.is_reset = true;
    if (request->connection)
        MHD_set_connection_option(request->connection,
                                  MHD_CONNECTION_OPTION_TIMEOUT, 1u);
    wake(request);
}

/* ---- Timing ---- */

static uint64_t now_ms(const struct mf_h1_conn *conn)
{
    return uv_now(conn->timer.loop);
}

static void on_timer(uv_timer_t *timer);

/* One that is too early only looks; to stop it is not worth it. */
static void set_timer(struct mf_h1_conn *conn, uint64_t due)
{
    uint64_t now = now_ms(conn);
    if (due >= conn->timer_ms)
        return;
    conn->timer_ms = due;
    uv_timer_start(&conn->timer, on_timer, due > now ? due - now : 0, 0);
}

static void set_timers(struct mf_h1_conn *conn)
{
    const struct mf_server_opts *opts = &conn->conn.server->opts;
    if (conn->on_due)
        set_timer(conn, conn->due_ms);
    if (!conn->request)
        return;
    /* What begins to be timed after this is not late before. */
    uint64_t now = now_ms(conn);
    set_timer(conn, now + opts->body_timeout_ms);
    set_timer(conn, now + opts->send_timeout_ms);
    set_timer(conn, mf_exchange__due_ms(&conn->request->x, opts));
}

static void time_state(struct mf_h1_conn *conn,
                       void (*fn)(struct mf_h1_conn *conn), uint64_t delay_ms)
{
    conn->on_due = fn;
    conn->due_ms = now_ms(conn) + delay_ms;
    set_timers(conn);
}

static void untime_state(struct mf_h1_conn *conn)
{
    conn->on_due = NULL;
    set_timers(conn);
}

static void on_timer(uv_timer_t *timer)
{
    struct mf_h1_conn *conn = timer->data;
    conn->timer_ms = UINT64_MAX;
    if (conn->on_due && now_ms(conn) >= conn->due_ms) {
        void (*fn)(struct mf_h1_conn * conn) = conn->on_due;
        conn->on_due = NULL;
        fn(conn);
    }
    if (conn->request && conn->request->connection)
        mf_exchange__check_time(&conn->request->x, &conn->conn.server->opts);
    set_timers(conn);
}

static void on_idle_over(struct mf_h1_conn *conn)
{
    if (!conn->request || !conn->request->connection)
        break_off(conn);
}

static void on_head_late(struct mf_h1_conn *conn)
{
    on_idle_over(conn);
}

static void on_discard_late(struct mf_h1_conn *conn)
{
    if (conn->request && !conn->request->is_whole)
        break_off(conn);
}

static void on_half_closed_late(struct mf_h1_conn *conn)
{
    struct mf_h1_request *request = conn->request;
    if (request && !request->x.is_finished &&
        (request->is_whole || request->x.is_paused))
        break_off(conn);
}

void mf_h1__time_head(struct mf_h1_conn *conn)
{
    /* It may have begun before libmicrohttpd read it. */
    if (conn->on_due != on_head_late)
        time_state(conn, on_head_late, conn->conn.server->opts.head_timeout_ms);
}

/* ---- Watching ---- */

static void on_watch(uv_poll_t *handle, int status, int events);

static void watch_for(struct mf_h1_conn *conn, int events)
{
    if (conn->watching == events)
        return;
    conn->watching = events;
    if (events)
        uv_poll_start(&conn->poll, events, on_watch);
    else
        uv_poll_stop(&conn->poll);
}

/* A request that is not whole libmicrohttpd reads on, to its end, unless the
 * application lets it wait or wants no more of it. */
static bool is_ours(const struct mf_h1_request *request)
{
    return request->is_whole || request->x.is_paused || request->x.is_finished;
}

static void on_end_due(struct mf_h1_conn *conn);

/* The peer broke the connection off, or sends no more. */
static void look_at_end(struct mf_h1_conn *conn)
{
    struct pollfd fd = {.fd = conn->watch_fd, .events = POLLRDHUP};
    bool is_news = poll(&fd, 1, 0) > 0;
    if (is_news && (fd.revents & ~POLLRDHUP)) {
        break_off(conn);
        return;
    }
    if (is_news && (fd.revents & POLLRDHUP))
        conn->is_half_closed = true;
    mf_h1__watch(conn);
    if (conn->is_half_closed && !is_ours(conn->request)) {
        watch_for(conn, 0);
        nudge(conn->request);
        time_state(conn, on_end_due, LOOK_AGAIN_MS);
    }
}

static void on_end_due(struct mf_h1_conn *conn)
{
    struct mf_h1_request *request = conn->request;
    if (request && request->connection && !is_ours(request))
        look_at_end(conn);
}

static void on_watch(uv_poll_t *handle, int status, int events)
{
    (void)events;
    struct mf_h1_conn *conn = handle->data;
    if (status == 0)
        uv_poll_stop(&conn->poll);
    conn->watching = 0;
    /* Bytes of a head libmicrohttpd may have read already. */
    if (!conn->request || !conn->request->connection)
        mf_h1__time_head(conn);
    else
        look_at_end(conn);
}

void mf_h1__watch(struct mf_h1_conn *conn)
{
    if (conn->handles)
        return;
    struct mf_h1_request *request = conn->request;
    if (!request) {
        time_state(conn, on_idle_over, conn->conn.server->opts.idle_timeout_ms);
        watch_for(conn, UV_READABLE);
        if (conn->conn.server->is_stopping)
            break_off(conn);
        return;
    }
    if (request->x.is_finished && !request->is_whole) {
        watch_for(conn, 0);
        time_state(conn, on_discard_late, DISCARD_MS);
        return;
    }
    bool is_half_closed = is_ours(request) && conn->is_half_closed;
    watch_for(conn, is_half_closed ? 0 : UV_DISCONNECT);
    if (!is_half_closed)
        untime_state(conn);
    else if (conn->on_due != on_half_closed_late)
        time_state(conn, on_half_closed_late, HALF_CLOSED_MS);
}

/* ---- Requests ---- */

static void kick(struct mf_exchange *x)
{
    struct mf_h1_request *request = (struct mf_h1_request *)x;
    struct mf_h1_conn *conn = request->conn;
    if (x->is_reset)
        break_off(conn);
    else if (x->is_finished && !request->is_whole && request->connection)
        mf_h1__watch(conn);
    wake(request);
}

static void resume(struct mf_exchange *x)
{
    struct mf_h1_request *request = (struct mf_h1_request *)x;
    if (request->connection)
        mf_h1__watch(request->conn);
    wake(request);
}

static const struct mf_transport transport = {
    .version = 1,
    .kick = kick,
    .resume = resume,
};

void mf_h1__request_init(struct mf_h1_request *request, struct mf_h1_conn *conn)
{
    const struct mf_server_opts *opts = &conn->conn.server->opts;
    mf_exchange__init(&request->x, &transport, opts->loop);
    request->conn = conn;
    request->x.origin = &conn->conn.origin;
    mf_head__init(&request->x.head, HEAD_TEXT_MAX_FACTOR * opts->max_head_len);
}

void mf_h1__request_close(struct mf_h1_request *request, bool clean)
{
    mf_exchange__close(&request->x, clean);
    free(request);
}

/* ---- Connections ---- */

struct mf_h1_conn *mf_h1__conn_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void on_stop(struct mf_conn *conn)
{
    struct mf_h1_conn *h1_conn = (struct mf_h1_conn *)conn;
    if (!h1_conn->request)
        break_off(h1_conn);
}

static void on_cut(struct mf_conn *conn)
{
    break_off((struct mf_h1_conn *)conn);
}

static const struct mf_conn_ops conn_ops = {.stop = on_stop, .cut = on_cut};

static void on_closed(uv_handle_t *handle)
{
    struct mf_h1_conn *conn = handle->data;
    struct mf_server *server = conn->conn.server;
    if (--conn->handles == 0)
        free(conn);
    mf_server__handle_closed(server);
}

struct mf_h1_conn *mf_h1__conn_new(struct mf_h1 *h1, int fd,
                                   struct mf_origin *origin)
{
    struct mf_server *server = h1->server;
    uv_loop_t *uv = mf_loop__uv(server->opts.loop);
    struct mf_h1_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return NULL;
    conn->watch_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (conn->watch_fd < 0 || uv_poll_init(uv, &conn->poll, conn->watch_fd)) {
        if (conn->watch_fd >= 0)
            close(conn->watch_fd);
        free(conn);
        return NULL;
    }
    uv_timer_init(uv, &conn->timer);
    conn->poll.data = conn->timer.data = conn;
    conn->h1 = h1;
    conn->timer_ms = UINT64_MAX;
    mf_conn__enter(&conn->conn, &conn_ops, server, origin);
    mf_server__handle_opened(server);
    mf_server__handle_opened(server);
    /* Its first bytes are there: a head has begun. */
    mf_h1__time_head(conn);
    return conn;
}

void mf_h1__conn_closed(struct mf_h1_conn *conn)
{
    if (conn->request) {
        /* It ended before libmicrohttpd told us of its end. */
        struct mf_h1_request *request = conn->request;
        conn->request = NULL;
        mf_h1__request_close(request, false);
    }
    conn->handles = 2;
    uv_close((uv_handle_t *)&conn->poll, on_closed);
    uv_close((uv_handle_t *)&conn->timer, on_closed);
    close(conn->watch_fd);
    mf_conn__leave(&conn->conn);
}
