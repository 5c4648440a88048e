/*
 * How long a peer may hold up an exchange: without a byte of the body that
 * it owes, or without taking any of the answer; and the call's own deadline.
 *
 * The first two are looked at by the connection's one timer: what starts and
 * stops them, which is every message, only notes the time.
 */
#include "net/exchange_impl.h"
#include "net/server.h"

enum { H2_CANCEL = 8 /* RFC 9113, section 7 */ };

uint64_t mf_exchange__now_ms(const struct mf_exchange *x)
{
    return uv_now(mf_loop__uv(x->loop));
}

/* ---- The deadline ---- */

static void on_deadline(void *arg)
{
    struct mf_exchange *x = arg;
    if (x->is_finished || x->is_reset)
        return;
    if (x->events && x->events->on_deadline)
        x->events->on_deadline(x, x->user);
    else
        mf_exchange_reset(x, H2_CANCEL);
}

int mf_exchange_set_deadline(struct mf_exchange *x, uint64_t delay_ms)
{
    if (x->is_finished || x->is_reset)
        return 0;
    if (!x->deadline)
        x->deadline = mf_timer_new(x->loop, on_deadline, x);
    if (!x->deadline)
        return MF_ENOMEM;
    mf_timer_start(x->deadline, delay_ms, 0);
    return 0;
}

/* ---- The peer's bytes ---- */

void mf_exchange_time_body(struct mf_exchange *x, bool is_owed)
{
    if (is_owed && !x->is_body_owed)
        x->body_ms = mf_exchange__now_ms(x);
    x->is_body_owed = is_owed;
}

static bool is_body_timed(const struct mf_exchange *x)
{
    return x->is_body_owed && !x->is_ended && !x->is_paused &&
           !x->is_finished && !x->is_reset;
}

static bool is_send_timed(const struct mf_exchange *x)
{
    return x->is_sending && !x->is_reset && (x->out.len || x->is_finished);
}

uint64_t mf_exchange__due_ms(const struct mf_exchange *x,
                             const struct mf_server_opts *opts)
{
    uint64_t due = UINT64_MAX;
    if (is_body_timed(x))
        due = x->body_ms + opts->body_timeout_ms;
    if (is_send_timed(x) && x->sent_ms + opts->send_timeout_ms < due)
        due = x->sent_ms + opts->send_timeout_ms;
    return due;
}

void mf_exchange__check_time(struct mf_exchange *x,
                             const struct mf_server_opts *opts)
{
    uint64_t now = mf_exchange__now_ms(x);
    if (is_send_timed(x) && now >= x->sent_ms + opts->send_timeout_ms) {
        mf_exchange_reset(x, H2_CANCEL);
        return;
    }
    if (!is_body_timed(x) || now < x->body_ms + opts->body_timeout_ms)
        return;
    x->body_ms = now;
    if (x->events && x->events->on_body_late)
        x->events->on_body_late(x, x->user);
    else
        mf_exchange_reset(x, H2_CANCEL);
}
