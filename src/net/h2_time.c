/*
 * Time of an HTTP/2 connection: one timer for all that its peer may be late
 * with. What happens on the connection only notes the time; the timer is set
 * to the first moment at which something can be late, and looks then.
 */
#include "net/h2_impl.h"

#include "net/server.h"

enum { STATE_NONE, STATE_FIRST_FRAME, STATE_IDLE, STATE_HEADS };

static uint64_t now_ms(const struct mf_h2_conn *conn)
{
    return uv_now(conn->timer.loop);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- What can be late ---- */

/* Without a first frame, in the middle of a head (nothing else can come
 * then), or idle. */
static void note_state(struct mf_h2_conn *conn)
{
    unsigned state = !conn->has_settings       ? STATE_FIRST_FRAME
                     : conn->is_in_head        ? STATE_HEADS + conn->heads
                     : conn->stream_count == 0 ? STATE_IDLE
                                               : STATE_NONE;
    if (state == conn->state)
        return;
    conn->state = state;
    conn->state_ms = now_ms(conn);
}

static uint64_t state_due(const struct mf_h2_conn *conn)
{
    const struct mf_server_opts *opts = &conn->conn.server->opts;
    if (conn->state == STATE_NONE)
        return UINT64_MAX;
    return conn->state_ms + (conn->state == STATE_IDLE ? opts->idle_timeout_ms
                                                       : opts->head_timeout_ms);
}

/* What the socket does not take is not taken by a dead peer either; then it
 * is not asked for a sign of life. */
static uint64_t life_due(const struct mf_h2_conn *conn)
{
    const struct mf_server_opts *opts = &conn->conn.server->opts;
    if (conn->out.len)
        return conn->sent_ms + opts->send_timeout_ms;
    if (conn->stream_count == 0)
        return UINT64_MAX;
    return conn->ping_ms ? conn->ping_ms + opts->ping_timeout_ms
                         : conn->received_ms + opts->ping_interval_ms;
}

static uint64_t goaway_due(const struct mf_h2_conn *conn)
{
    return conn->goaway_ms ? conn->goaway_ms : UINT64_MAX;
}

/* A stream that begins to be timed after a look is not late before this. */
static uint64_t next_look(const struct mf_h2_conn *conn)
{
    const struct mf_server_opts *opts = &conn->conn.server->opts;
    return now_ms(conn) + earlier(opts->body_timeout_ms, opts->send_timeout_ms);
}

static void look_at_streams(struct mf_h2_conn *conn)
{
    const struct mf_server_opts *opts = &conn->conn.server->opts;
    conn->look_ms = next_look(conn);
    for (struct mf_h2_stream *s = conn->streams; s; s = s->next) {
        /* It may not send: others fill the connection's window. */
        if (conn->owed)
            s->x.body_ms = now_ms(conn);
        mf_exchange__check_time(&s->x, opts);
        conn->look_ms =
            earlier(conn->look_ms, mf_exchange__due_ms(&s->x, opts));
    }
}

/* ---- The timer ---- */

static void on_timer(uv_timer_t *timer)
{
    struct mf_h2_conn *conn = timer->data;
    uint64_t now = now_ms(conn);
    conn->timer_ms = UINT64_MAX;
    if (now >= life_due(conn)) {
        if (conn->out.len || conn->ping_ms) {
            mf_h2__take_down(conn);
            return;
        }
        conn->ping_ms = now;
        nghttp2_submit_ping(conn->session, NGHTTP2_FLAG_NONE, NULL);
    }
    if (now >= state_due(conn)) {
        mf_h2__part(conn, NGHTTP2_NO_ERROR);
        return;
    }
    if (now >= goaway_due(conn))
        mf_h2__last_goaway(conn);
    if (conn->stream_count && now >= conn->look_ms)
        look_at_streams(conn);
    mf_h2__wants_flush(conn);
}

void mf_h2__set_timer(struct mf_h2_conn *conn)
{
    note_state(conn);
    uint64_t due = earlier(state_due(conn), life_due(conn));
    due = earlier(due, goaway_due(conn));
    if (conn->stream_count == 0)
        conn->look_ms = 0;
    else if (conn->look_ms == 0)
        conn->look_ms = next_look(conn);
    if (conn->look_ms)
        due = earlier(due, conn->look_ms);
    /* One that is too early only looks; to stop it is not worth it. */
    if (due >= conn->timer_ms)
        return;
    uint64_t now = now_ms(conn);
    conn->timer_ms = due;
    uv_timer_start(&conn->timer, on_timer, due > now ? due - now : 0, 0);
}

void mf_h2__note_received(struct mf_h2_conn *conn)
{
    conn->received_ms = now_ms(conn);
    conn->ping_ms = 0;
}

void mf_h2__note_sent(struct mf_h2_conn *conn)
{
    conn->sent_ms = now_ms(conn);
    if (conn->ping_ms)
        conn->ping_ms = conn->sent_ms;
}
