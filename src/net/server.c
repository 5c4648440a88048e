#include "net/server_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
    MAX_CONNECTIONS = 20 * 1000,
    DESCRIPTORS_KEPT = 256, /* for files, listeners and the like */
    MAX_STREAMS = 256,
    MAX_HEAD_LEN = 64 * 1024,
    FIRST_TIMEOUT_MS = 10 * 1000,
    HEAD_TIMEOUT_MS = 10 * 1000,
    BODY_TIMEOUT_MS = 60 * 1000,
    SEND_TIMEOUT_MS = 120 * 1000,
    IDLE_TIMEOUT_MS = 300 * 1000,
    PING_INTERVAL_MS = 60 * 1000,
    PING_TIMEOUT_MS = 20 * 1000,
};

/* ---- Connections ---- */

static bool is_full(const struct mf_server *server)
{
    return server->conn_count - server->inner_count >=
           server->opts.max_connections;
}

void mf_origin__release(struct mf_origin *origin)
{
    free(origin->client_cert);
    origin->client_cert = NULL;
}

void mf_conn__enter(struct mf_conn *conn, const struct mf_conn_ops *ops,
                    struct mf_server *server, struct mf_origin *origin)
{
    conn->ops = ops;
    conn->server = server;
    conn->origin = *origin;
    origin->client_cert = NULL;
    conn->prev = server->conns.prev;
    conn->next = &server->conns;
    conn->prev->next = conn;
    server->conns.prev = conn;
    server->conn_count++;
    server->inner_count += conn->origin.is_inner;
    if (is_full(server))
        mf_listeners__accept(server, false);
}

/* After the last connection and the last handle nothing can call us. */
static void finish_if_over(struct mf_server *server)
{
    if (server->is_stopping && server->conn_count == 0 &&
        server->open_handles == 0)
        mf_loop__defer(server->opts.loop, &server->finish);
}

void mf_conn__leave(struct mf_conn *conn)
{
    struct mf_server *server = conn->server;
    conn->prev->next = conn->next;
    conn->next->prev = conn->prev;
    server->conn_count--;
    server->inner_count -= conn->origin.is_inner;
    mf_origin__release(&conn->origin);
    if (!server->is_stopping && server->listeners && !is_full(server))
        mf_listeners__accept(server, true);
    finish_if_over(server);
}

void mf_server__handle_opened(struct mf_server *server)
{
    server->open_handles++;
}

void mf_server__handle_closed(struct mf_server *server)
{
    assert(server->open_handles > 0);
    server->open_handles--;
    finish_if_over(server);
}

/* ---- Life ---- */

static void resume_accepting(void *arg)
{
    struct mf_server *server = arg;
    if (!server->is_stopping && !is_full(server))
        mf_listeners__accept(server, true);
}

static void for_each_conn(struct mf_server *server,
                          void (*fn)(struct mf_conn *conn))
{
    /* `fn` may take its connection, and no other, out of the list. */
    struct mf_conn *next;
    for (struct mf_conn *c = server->conns.next; c != &server->conns;
         c = next) {
        next = c->next;
        fn(c);
    }
}

static void stop_conn(struct mf_conn *conn)
{
    conn->ops->stop(conn);
}

static void cut_conn(struct mf_conn *conn)
{
    conn->ops->cut(conn);
}

static void on_grace_over(void *arg)
{
    for_each_conn(arg, cut_conn);
}

static void on_finished(void *arg)
{
    struct mf_server *server = arg;
    if (!server->stopped)
        return;
    void (*stopped)(void *arg) = server->stopped;
    server->stopped = NULL;
    mf_timer_stop(server->grace);
    mf_h1__free(server->h1);
    server->h1 = NULL;
    stopped(server->stopped_arg);
}

static void set_default(unsigned *value, unsigned otherwise)
{
    if (*value == 0)
        *value = otherwise;
}

/* One over HTTP/1.1 takes two descriptors, and four over TLS: a quarter is
 * kept for these. Past that accept() fails, and waits. */
static unsigned most_connections(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) ||
        limit.rlim_cur <= 2 * DESCRIPTORS_KEPT)
        return DESCRIPTORS_KEPT;
    rlim_t most = (limit.rlim_cur - DESCRIPTORS_KEPT) / 4 * 3;
    return most < MAX_CONNECTIONS ? (unsigned)most : MAX_CONNECTIONS;
}

int mf_server_new(const struct mf_server_opts *opts,
                  struct mf_server **ret_server, struct mf_err *err)
{
    struct mf_server *server = calloc(1, sizeof *server);
    if (!server)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    server->opts = *opts;
    set_default(&server->opts.max_connections, most_connections());
    set_default(&server->opts.max_streams, MAX_STREAMS);
    set_default(&server->opts.first_timeout_ms, FIRST_TIMEOUT_MS);
    set_default(&server->opts.head_timeout_ms, HEAD_TIMEOUT_MS);
    set_default(&server->opts.body_timeout_ms, BODY_TIMEOUT_MS);
    set_default(&server->opts.send_timeout_ms, SEND_TIMEOUT_MS);
    set_default(&server->opts.idle_timeout_ms, IDLE_TIMEOUT_MS);
    set_default(&server->opts.ping_interval_ms, PING_INTERVAL_MS);
    set_default(&server->opts.ping_timeout_ms, PING_TIMEOUT_MS);
    if (server->opts.max_head_len == 0)
        server->opts.max_head_len = MAX_HEAD_LEN;
    mf_buf_init(&server->h2_input, SIZE_MAX);
    mf_buf_init(&server->h2_frames, SIZE_MAX);
    mf_buf_init(&server->h2_spare, SIZE_MAX);
    server->conns.next = server->conns.prev = &server->conns;
    mf_deferred__init(&server->finish, on_finished, server);
    server->grace = mf_timer_new(opts->loop, on_grace_over, server);
    server->accept_pause = mf_timer_new(opts->loop, resume_accepting, server);
    if (!server->grace || !server->accept_pause) {
        mf_server_free(server);
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    }
    *ret_server = server;
    return 0;
}

void mf_server_stop(struct mf_server *server, unsigned grace_ms,
                    void (*done)(void *arg), void *arg)
{
    assert(!server->is_stopping);
    server->is_stopping = true;
    server->stopped = done;
    server->stopped_arg = arg;
    mf_timer_stop(server->accept_pause);
    mf_listeners__close(server, false);
    mf_timer_start(server->grace, grace_ms, 0);
    for_each_conn(server, stop_conn);
    finish_if_over(server);
}

void mf_server_free(struct mf_server *server)
{
    if (!server)
        return;
    assert(server->conn_count == 0);
    mf_listeners__close(server, true);
    mf_loop__undefer(server->opts.loop, &server->finish);
    mf_h1__free(server->h1);
    mf_buf_release(&server->h2_input);
    mf_buf_release(&server->h2_frames);
    mf_buf_release(&server->h2_spare);
    mf_timer_free(server->grace);
    mf_timer_free(server->accept_pause);
    free(server);
}
