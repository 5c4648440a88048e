#include "service/pace.h"

#include "base/clock.h"

enum {
    BUSY_RATE = 1000, /* changes a second from which on they go first */
    SHARE = 9,        /* it waits so many times as long as it works */
    WAIT_MAX_MS = 1000,
};

int mf_pace_init(struct mf_pace *pace, struct mf_context *context,
                 void (*go_on)(void *arg), void *arg)
{
    *pace = (struct mf_pace){
        .context = context,
        .timer = mf_timer_new(context->loop, go_on, arg),
        .seen_ns = mf_clock_mono_ns(),
        .seen = context->stats.head,
    };
    return pace->timer ? 0 : MF_ENOMEM;
}

void mf_pace_release(struct mf_pace *pace)
{
    mf_timer_free(pace->timer);
    pace->timer = NULL;
}

void mf_pace_begin(struct mf_pace *pace)
{
    pace->began_ns = mf_clock_mono_ns();
}

bool mf_pace_wait(struct mf_pace *pace)
{
    int64_t now_ns = mf_clock_mono_ns();
    int64_t worked_ns = now_ns - pace->began_ns;
    double seconds = (double)(now_ns - pace->seen_ns) / MF_NS_PER_S;
    double changes = (double)(pace->context->stats.head - pace->seen);
    pace->seen_ns = now_ns;
    pace->seen = pace->context->stats.head;
    if (pace->is_waiting)
        return true;
    if (changes < seconds * BUSY_RATE)
        return false;
    int64_t wait_ms = SHARE * worked_ns / MF_NS_PER_MS + 1;
    mf_timer_start(pace->timer,
                   (uint64_t)(wait_ms > WAIT_MAX_MS ? WAIT_MAX_MS : wait_ms),
                   0);
    pace->is_waiting = true;
    return true;
}
