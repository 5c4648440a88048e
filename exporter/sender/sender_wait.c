/* The thread's sleep: what it waits for, and what wakes it. */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "exporter/sender/sender_state.h"

/* Messages that come this soon after others go out together. */
#define GATHER_NS ((int64_t)5 * MF_NS_PER_MS)

/* Objects to release are told no more often. */
#define NOTICE_NS ((int64_t)100 * MF_NS_PER_MS)

/* Nothing left, or out of time; where there is no link, out of attempts. */
bool mf_sender__must_stop(const struct mf_sender *sender, bool is_up)
{
    return atomic_load(&sender->stopping) &&
           (mf_outbox_is_empty(sender->outbox) ||
            (!is_up && sender->has_tried) ||
            mf_clock_mono_ns() >= atomic_load(&sender->stop_ns));
}

void mf_sender__poke(struct mf_sender *sender)
{
    ssize_t n = write(sender->wake_fds[1], "", 1);
    (void)n; /* a full pipe wakes as well */
}

void mf_sender_wake(struct mf_sender *sender)
{
    if (atomic_exchange(&sender->is_asleep, false))
        mf_sender__poke(sender);
}

static void drain_wakes(struct mf_sender *sender)
{
    char bytes[64];
    while (read(sender->wake_fds[0], bytes, sizeof bytes) > 0)
        ;
}

/*
 * Wait for `events` on `fd` (-1: none), a wake if `on_wake`, or the time.
 * Returns what came for `fd`.
 */
static short wait_for(struct mf_sender *sender, int fd, short events,
                      bool on_wake, int64_t until_ns)
{
    int64_t left_ns = until_ns - mf_clock_mono_ns();
    int timeout_ms = left_ns <= 0 ? 0
                     : left_ns > MF_NS_PER_S * 3600
                         ? 3600 * 1000
                         : (int)((left_ns + MF_NS_PER_MS - 1) / MF_NS_PER_MS);
    struct pollfd fds[2] = {
        {.fd = fd, .events = events},
        {.fd = sender->wake_fds[0], .events = POLLIN},
    };
    poll(fds, on_wake ? 2 : 1, timeout_ms);
    if (on_wake && fds[1].revents)
        drain_wakes(sender);
    return fd >= 0 ? fds[0].revents : 0;
}

/* Tell mitmproxy's thread if it has something to do with the queue: of a flow
 * that is wanted at once, of objects now and then. Returns when to be called
 * again at the latest. */
static int64_t tell_news(struct mf_sender *sender)
{
    struct mf_queue_stats stats;
    mf_queue_get_stats(sender->queue, &stats);
    bool has_dead = mf_queue_has_dead(sender->queue);
    int64_t now = mf_clock_mono_ns();
    if (stats.wanted_total == sender->wanted_told &&
        (!has_dead || now < sender->noticed_ns + NOTICE_NS))
        return has_dead ? sender->noticed_ns + NOTICE_NS : INT64_MAX;
    sender->wanted_told = stats.wanted_total;
    sender->noticed_ns = now;
    mf_sender__notify(sender);
    return has_dead ? now + NOTICE_NS : INT64_MAX;
}

/* Take in what the queue has. Returns when that has to be done again. */
int64_t mf_sender__take_in(struct mf_sender *sender)
{
    int64_t due = mf_outbox_advance(sender->outbox, mf_clock_mono_ns());
    int64_t notice = tell_news(sender);
    struct mf_outbox_stats stats;
    mf_outbox_get_stats(sender->outbox, &stats);
    pthread_mutex_lock(&sender->lock);
    if (sender->spool_error[0] && !stats.spool_error[0])
        memcpy(stats.spool_error, sender->spool_error,
               sizeof stats.spool_error);
    sender->stats.outbox = stats;
    pthread_mutex_unlock(&sender->lock);
    mf_sender__say_given_up(sender, &stats);
    return due < notice ? due : notice;
}

/* Sleep until there is something to do; a message wakes at most every
 * GATHER_NS, so that many go out together. What was taken in is known to be
 * of no use before `until_ns`. Returns what came for `fd`. */
short mf_sender__rest(struct mf_sender *sender, int fd, short events,
                      int64_t until_ns)
{
    bool stopping = atomic_load(&sender->stopping);
    int64_t stop_ns = atomic_load(&sender->stop_ns);
    if (stopping && stop_ns < until_ns)
        until_ns = stop_ns;
    int64_t gathered_ns = sender->rested_ns + GATHER_NS;
    if (mf_clock_mono_ns() < gathered_ns && !stopping)
        return wait_for(sender, fd, events, false,
                        until_ns < gathered_ns ? until_ns : gathered_ns);
    short got = 0;
    atomic_store(&sender->is_asleep, true);
    if (!mf_queue_has_messages(sender->queue))
        got = wait_for(sender, fd, events, true, until_ns);
    atomic_store(&sender->is_asleep, false);
    sender->rested_ns = mf_clock_mono_ns();
    return got;
}

/* As mf_sender__rest(), without a server: what comes is taken in meanwhile. */
void mf_sender__wait_without(struct mf_sender *sender, int fd, short events,
                             int64_t until_ns)
{
    int64_t due = mf_sender__take_in(sender);
    mf_sender__rest(sender, fd, events, due < until_ns ? due : until_ns);
}
