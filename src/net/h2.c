/* HTTP/2 connections: the socket on one side, an nghttp2 session on the
 * other. */
#include "net/h2_impl.h"

#include <stdlib.h>
#include <string.h>

enum {
    READ_LEN = 256 * 1024,
    /* Taken from nghttp2 at once; what the socket does not take of it waits
     * and nothing more is taken until it is gone. */
    WRITE_LEN = 256 * 1024,
    /* After the first GOAWAY of a stop a PING tells when the peer knows of
     * it; one that does not answer is not waited for. */
    LAST_GOAWAY_MS = 500,
};

/* ---- Taking down ---- */

static void on_closed(uv_handle_t *handle)
{
    struct mf_h2_conn *conn = handle->data;
    struct mf_server *server = conn->conn.server;
    if (--conn->handles == 0)
        free(conn);
    mf_server__handle_closed(server);
}

static void end_session(struct mf_h2_conn *conn)
{
    conn->is_dead = true;
    while (conn->streams)
        mf_h2__stream_close(conn->streams, false);
    mf_loop__undefer(conn->conn.server->opts.loop, &conn->flush);
    nghttp2_session_del(conn->session);
    mf_buf_release(&conn->out);
    conn->handles = 2;
    uv_close((uv_handle_t *)&conn->poll, on_closed);
    uv_close((uv_handle_t *)&conn->timer, on_closed);
}

void mf_h2__take_down(struct mf_h2_conn *conn)
{
    if (conn->is_dead)
        return;
    end_session(conn);
    mf_sock__close(&conn->sock);
    mf_conn__leave(&conn->conn);
}

/* All is said: what the peer still sends is waited for, so that it reads
 * what was said. */
static void take_leave(struct mf_h2_conn *conn)
{
    end_session(conn);
    if (mf_sock__end(&conn->sock))
        mf_linger__start(conn->conn.server, &conn->sock, &conn->conn.origin);
    else
        mf_sock__close(&conn->sock);
    mf_conn__leave(&conn->conn);
}

/* ---- Writing ---- */

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch_for(struct mf_h2_conn *conn, int events)
{
    if (conn->watching == events)
        return;
    conn->watching = events;
    uv_poll_start(&conn->poll, events, on_ready);
}

/* What of `frames` the socket did not take is kept; the buffer changes
 * hands, and one of them is kept for the next time. */
static void keep(struct mf_h2_conn *conn, struct mf_buf *frames, size_t sent)
{
    struct mf_buf *spare = &conn->conn.server->h2_spare;
    mf_buf_release(&conn->out);
    conn->out = *frames;
    conn->out_at = sent;
    *frames = *spare;
    mf_buf_init(spare, SIZE_MAX);
}

static void let_go(struct mf_h2_conn *conn)
{
    struct mf_buf *spare = &conn->conn.server->h2_spare;
    mf_buf_clear(&conn->out);
    mf_buf_release(spare);
    *spare = conn->out;
    mf_buf_init(&conn->out, SIZE_MAX);
}

static int write_kept(struct mf_h2_conn *conn)
{
    if (!conn->out.len)
        return 0;
    ssize_t n = mf_sock__send(&conn->sock, conn->out.data + conn->out_at,
                              conn->out.len - conn->out_at);
    if (n < 0)
        return MF_EIO;
    if (n > 0)
        mf_h2__note_sent(conn);
    conn->out_at += (size_t)n;
    if (conn->out_at == conn->out.len)
        let_go(conn);
    return 0;
}

/* The frames that nghttp2 has, up to about WRITE_LEN; 0 or MF_EIO. */
static int collect(struct mf_h2_conn *conn, struct mf_buf *frames)
{
    while (frames->len < WRITE_LEN) {
        const uint8_t *frame;
        ssize_t len = nghttp2_session_mem_send(conn->session, &frame);
        if (len < 0)
            return MF_EIO;
        if (len == 0)
            return 0;
        if (mf_buf_append(frames, frame, (size_t)len))
            return MF_EIO;
    }
    return 0;
}

static int write_frames(struct mf_h2_conn *conn)
{
    struct mf_buf *frames = &conn->conn.server->h2_frames;
    int rc = write_kept(conn);
    while (!rc && !conn->out.len) {
        mf_buf_clear(frames);
        rc = collect(conn, frames);
        if (rc || !frames->len)
            break;
        ssize_t n = mf_sock__send(&conn->sock, frames->data, frames->len);
        if (n < 0)
            return MF_EIO;
        if ((size_t)n < frames->len) {
            mf_h2__note_sent(conn);
            keep(conn, frames, (size_t)n);
        }
    }
    return rc;
}

/* Apply what changed, write, and see whether that was the last of it. */
static void flush(struct mf_h2_conn *conn)
{
    while (conn->dirty) {
        struct mf_h2_stream *stream = conn->dirty;
        conn->dirty = stream->next_dirty;
        stream->is_dirty = false;
        mf_h2__stream_apply(stream);
    }
    if (write_frames(conn)) {
        mf_h2__take_down(conn);
        return;
    }
    bool is_over = (!nghttp2_session_want_read(conn->session) &&
                    !nghttp2_session_want_write(conn->session)) ||
                   (conn->conn.server->is_stopping && conn->stream_count == 0 &&
                    conn->goaway_ms == 0);
    if (is_over && !conn->out.len) {
        take_leave(conn);
        return;
    }
    watch_for(conn, mf_sock__events(&conn->sock, true, conn->out.len > 0));
    if (conn->sock.has_more)
        mf_h2__wants_flush(conn);
    mf_h2__set_timer(conn);
}

static int read_frames(struct mf_h2_conn *conn);

static void on_flush(void *arg)
{
    struct mf_h2_conn *conn = arg;
    if (conn->sock.has_more && read_frames(conn))
        mf_h2__take_down(conn);
    else
        flush(conn);
}

void mf_h2__wants_flush(struct mf_h2_conn *conn)
{
    mf_loop__defer(conn->conn.server->opts.loop, &conn->flush);
}

/* ---- Reading ---- */

static int read_frames(struct mf_h2_conn *conn)
{
    struct mf_buf *buf = &conn->conn.server->h2_input;
    if (mf_buf_reserve(buf, READ_LEN))
        return MF_EIO;
    ssize_t len = mf_sock__recv(&conn->sock, buf->data, READ_LEN);
    if (len <= 0)
        return (int)len;
    mf_h2__note_received(conn);
    ssize_t n = nghttp2_session_mem_recv(conn->session, buf->data, (size_t)len);
    return n < 0 ? MF_EIO : 0;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct mf_h2_conn *conn = poll->data;
    int rc = status < 0 ? MF_EIO : 0;
    int wanted = mf_sock__events(&conn->sock, true, false);
    if (!rc && (events & wanted))
        rc = read_frames(conn);
    if (rc)
        mf_h2__take_down(conn);
    else
        flush(conn);
}

void mf_h2__part(struct mf_h2_conn *conn, uint32_t code)
{
    nghttp2_session_terminate_session(conn->session, code);
    flush(conn);
    /* Where the peer does not read, what is kept never goes. */
    mf_h2__take_down(conn);
}

/* ---- Life ---- */

void mf_h2__last_goaway(struct mf_h2_conn *conn)
{
    conn->goaway_ms = 0;
    nghttp2_submit_goaway(
        conn->session, NGHTTP2_FLAG_NONE,
        nghttp2_session_get_last_proc_stream_id(conn->session),
        NGHTTP2_NO_ERROR, NULL, 0);
}

/* RFC 9113, section 6.8: first "open no more streams", and when that is known
 * to have come, which ones were taken. */
static void on_stop(struct mf_conn *conn)
{
    struct mf_h2_conn *h2 = (struct mf_h2_conn *)conn;
    h2->goaway_ms =
        uv_now(mf_loop__uv(conn->server->opts.loop)) + LAST_GOAWAY_MS;
    nghttp2_submit_shutdown_notice(h2->session);
    mf_h2__wants_flush(h2);
}

static void on_cut(struct mf_conn *conn)
{
    mf_h2__take_down((struct mf_h2_conn *)conn);
}

static const struct mf_conn_ops ops = {.stop = on_stop, .cut = on_cut};

void mf_h2__start(struct mf_server *server, struct mf_sock *sock,
                  struct mf_origin *origin)
{
    uv_loop_t *uv = mf_loop__uv(server->opts.loop);
    struct mf_h2_conn *conn = calloc(1, sizeof *conn);
    if (!conn || uv_poll_init(uv, &conn->poll, sock->fd)) {
        free(conn);
        mf_origin__release(origin);
        mf_sock__close(sock);
        return;
    }
    uv_timer_init(uv, &conn->timer);
    conn->poll.data = conn->timer.data = conn;
    conn->sock = *sock;
    conn->highest_id = -1;
    conn->timer_ms = UINT64_MAX;
    conn->received_ms = uv_now(uv);
    mf_h2__flood_init(&conn->flood, uv_now(uv));
    mf_buf_init(&conn->out, SIZE_MAX);
    mf_deferred__init(&conn->flush, on_flush, conn);
    mf_conn__enter(&conn->conn, &ops, server, origin);
    mf_server__handle_opened(server);
    mf_server__handle_opened(server);
    if (mf_h2__session_new(conn)) {
        mf_h2__take_down(conn);
        return;
    }
    /* Its first bytes are there, but they may wait for the next round. */
    watch_for(conn, UV_READABLE);
    mf_h2__wants_flush(conn);
}
