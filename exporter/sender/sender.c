#include "exporter/sender/sender.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "exporter/sender/connect.h"
#include "exporter/sender/random.h"
#include "exporter/sender/sender_state.h"

enum { READ_LEN = 65536 };
enum { REFUSALS_MAX = 5 };
/* Of one round: a server that never stops must not keep the thread there. */
enum { READS_MAX = 16 };

/* Longer than the caller's patience, the thread is left to itself. */
#define STOP_SLACK_NS ((int64_t)1 * MF_NS_PER_S)

#define WRITE_BUF_LEN ((size_t)1 << 20)

/* ---- configuration ---- */

static bool config_changed(struct mf_sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    bool changed = sender->config_number != sender->current_number;
    pthread_mutex_unlock(&sender->lock);
    return changed;
}

static void on_spool_loss(void *user, uint64_t count, int64_t from_ns,
                          int64_t to_ns, const char *reason)
{
    struct mf_sender *sender = user;
    mf_outbox_lose(sender->outbox, count, from_ns, to_ns, reason);
}

/* Until there is a server, the one that an earlier process had is expected:
 * what a growing flow gains is then kept as it comes, in place of now and then
 * the whole. */
static void recall_server(struct mf_sender *sender)
{
    uint64_t max = sender->spool ? mf_spool_remembered(sender->spool) : 0;
    if (!sender->was_met)
        atomic_store(&sender->append_max,
                     max < SIZE_MAX ? (size_t)max : SIZE_MAX);
}

/* The spool that is closed now may have records still. */
static void say_left_behind(struct mf_sender *sender)
{
    struct mf_spool_stats stats = {0};
    if (sender->spool)
        mf_spool_get_stats(sender->spool, &stats);
    if (stats.records)
        mf_sender__say(sender, true,
                       "mitmflow: %" PRIu64
                       " messages wait in the spool %.160s until it is used "
                       "again",
                       stats.records, sender->current.spool_dir);
}

/* Open the spool that the configuration names, unless it is open. */
static void take_spool(struct mf_sender *sender,
                       const struct mf_sender_config *config)
{
    struct mf_sender_config *now = &sender->current;
    bool has_spool = config->spool_dir[0] && config->spool_max;
    bool had_spool = sender->spool != NULL;
    if (has_spool && had_spool && !strcmp(config->spool_dir, now->spool_dir)) {
        mf_spool_set_max(sender->spool, config->spool_max);
        return;
    }
    struct mf_spool *spool = NULL;
    struct mf_err err = {0};
    const struct mf_spool_opts opts = {
        .dir = config->spool_dir,
        .max_bytes = config->spool_max,
        .on_loss = on_spool_loss,
        .user = sender,
    };
    sender->spool_error[0] = 0;
    if (has_spool && mf_spool_open(&opts, &spool, &err)) {
        snprintf(sender->spool_error, sizeof sender->spool_error, "%.150s",
                 err.text);
        mf_sender__say(
            sender, true,
            "mitmflow: flows wait in memory only, without a spool: %s",
            err.text);
    }
    say_left_behind(sender);
    sender->spool = spool;
    mf_outbox_set_spool(sender->outbox, spool);
    recall_server(sender);
}

static void take_config(struct mf_sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    struct mf_sender_config config = sender->config;
    bool is_new = sender->current_number != sender->config_number;
    struct mf_tls *old_tls = is_new ? sender->current_tls : NULL;
    if (is_new) {
        sender->current_tls = sender->tls;
        sender->tls = NULL;
    }
    sender->was_up &= !is_new;
    sender->current_number = sender->config_number;
    pthread_mutex_unlock(&sender->lock);
    if (!is_new)
        return;
    mf_tls_free(old_tls);
    mf_outbox_set_body_max(sender->outbox, config.body_max);
    take_spool(sender, &config);
    sender->current = config;
    sender->was_in_vain = false;
    sender->has_tried = false; /* an end waits for the first attempt */
}

void mf_sender_configure(struct mf_sender *sender,
                         const struct mf_sender_config *config,
                         struct mf_tls *tls)
{
    pthread_mutex_lock(&sender->lock);
    struct mf_tls *old_tls = sender->tls;
    bool is_new = tls || memcmp(&sender->config, config, sizeof *config) != 0;
    if (is_new) {
        sender->config = *config;
        sender->tls = tls;
        sender->config_number++;
    }
    pthread_mutex_unlock(&sender->lock);
    if (!is_new)
        return;
    mf_tls_free(old_tls);
    mf_sender__poke(sender);
}

/* Half of the longest message: the rest of a flow needs room, too. */
static size_t append_max_of(const struct mf_hello *hello)
{
    if (!hello->takes_appends)
        return 0;
    uint64_t max = hello->max_message_len / 2;
    return max && max < SIZE_MAX ? (size_t)max : SIZE_MAX;
}

static void set_connected(struct mf_sender *sender,
                          const struct mf_hello *hello)
{
    pthread_mutex_lock(&sender->lock);
    sender->stats.connected = hello != NULL;
    if (hello) {
        snprintf(sender->stats.version, sizeof sender->stats.version, "%s",
                 hello->version);
        sender->stats.error[0] = 0;
    }
    sender->stats.published = hello && hello->greeting == MF_GREETING_PUBLISHED;
    if (hello)
        sender->stats.connects++;
    pthread_mutex_unlock(&sender->lock);
    if (!hello)
        return;
    sender->was_met = true;
    atomic_store(&sender->append_max, append_max_of(hello));
    if (sender->spool)
        mf_spool_remember(sender->spool, append_max_of(hello));
}

size_t mf_sender_append_max(const struct mf_sender *sender)
{
    return atomic_load(&sender->append_max);
}

void mf_sender_get_stats(struct mf_sender *sender,
                         struct mf_sender_stats *ret_stats)
{
    pthread_mutex_lock(&sender->lock);
    *ret_stats = sender->stats;
    pthread_mutex_unlock(&sender->lock);
}

/* ---- one connection ---- */

static int flush(struct mf_sender *sender, struct mf_link *link,
                 struct mf_transport *transport, struct mf_err *err)
{
    for (;;) {
        size_t len;
        if (sender->out.len == 0) {
            int rc = mf_link_write(link, &sender->out, err);
            if (rc || sender->out.len == 0)
                return rc;
        }
        int rc = mf_transport_write(transport, sender->out.data,
                                    sender->out.len, &len, err);
        if (rc)
            return rc == MF_EBUSY ? 0 : rc == MF_ECLOSED ? MF_EIO : rc;
        mf_buf_consume(&sender->out, len);
    }
}

static int receive(struct mf_link *link, struct mf_transport *transport,
                   struct mf_err *err)
{
    uint8_t data[READ_LEN];
    for (int i = 0; i < READS_MAX; i++) {
        size_t len;
        int rc = mf_transport_read(transport, data, sizeof data, &len, err);
        if (rc)
            return rc == MF_EBUSY ? 0 : rc == MF_ECLOSED ? MF_EIO : rc;
        rc = mf_link_receive(link, data, len, mf_clock_mono_ns(), err);
        if (rc)
            return rc;
    }
    return 0;
}

/* A server that said hello before and then took nothing is told of once it
 * takes something. */
static void say_up_in_time(struct mf_sender *sender, const struct mf_link *link,
                           const struct mf_address *address, bool *is_told)
{
    if (*is_told || (sender->was_in_vain && !mf_link_acked(link)))
        return;
    *is_told = true;
    mf_sender__say_up(sender, address, mf_link_hello(link));
}

/* Until the link ends; MF_ECLOSED: well. */
static int run_link(struct mf_sender *sender, struct mf_link *link,
                    struct mf_transport *transport,
                    const struct mf_address *address, struct mf_err *err)
{
    bool is_up = false, is_told = false;
    for (;;) {
        if (mf_sender__must_stop(sender, is_up) || config_changed(sender))
            return mf_err_set(err, MF_ECLOSED, "stopped");
        if (atomic_load(&sender->stopping)) {
            mf_outbox_hurry(sender->outbox);
            mf_link_finish(link);
        }
        int64_t due = mf_sender__take_in(sender);
        int rc = mf_link_advance(link, mf_clock_mono_ns(), err);
        int flushed = flush(sender, link, transport, err);
        if (rc || flushed)
            return rc ? rc : flushed;
        if (!is_up && mf_link_hello(link)) {
            is_up = sender->has_tried = true;
            set_connected(sender, mf_link_hello(link));
        }
        if (is_up)
            say_up_in_time(sender, link, address, &is_told);
        int64_t link_due =
            mf_transport_has_input(transport) ? 0 : mf_link_deadline_ns(link);
        short got =
            mf_sender__rest(sender, mf_transport_fd(transport),
                            mf_transport_events(transport, sender->out.len > 0),
                            due < link_due ? due : link_due);
        if (got & (POLLIN | POLLHUP | POLLERR) ||
            mf_transport_has_input(transport)) {
            rc = receive(link, transport, err);
            if (rc)
                return rc;
        }
        if (mf_link_acked(link)) {
            mf_backoff_reset(&sender->backoff);
            sender->refusals = 0;
        }
    }
}

/* A call was refused for its content: find the message by sending one at a
 * time, and give it up in the end. */
static void note_refusal(struct mf_sender *sender, size_t messages)
{
    if (messages == 0)
        return;
    if (++sender->refusals < REFUSALS_MAX || messages > 1)
        return;
    sender->refusals = 0;
    mf_backoff_reset(&sender->backoff);
    bool is_flow =
        mf_outbox_give_up(sender->outbox, "the server does not take it");
    mf_sender__say(sender, true,
                   "mitmflow: one %s was given up: the server does not take it",
                   is_flow ? "flow" : "report of what was lost");
}

static void converse(struct mf_sender *sender, struct mf_transport *transport,
                     const struct mf_address *address)
{
    struct mf_err err = {0};
    struct mf_link_config config = {
        .authority = address->authority,
        .source = sender->current.source,
        .session = sender->session,
        .mitmproxy_version = sender->current.mitmproxy_version,
        .token = sender->current.token,
        .body_max = sender->current.body_max,
        .is_tls = address->is_tls,
        .one_by_one = sender->refusals > 0,
    };
    struct mf_link *link =
        mf_link_new(sender->outbox, &config, mf_clock_mono_ns());
    if (!link) {
        mf_sender__say_loss(sender, address, "out of memory");
        return;
    }
    int rc = run_link(sender, link, transport, address, &err);
    size_t refused = mf_link_refused(link);
    sender->was_cut = rc != MF_ECLOSED && mf_link_hello(link);
    if (mf_link_acked(link))
        sender->was_in_vain = false;
    else if (rc != MF_ECLOSED && mf_link_is_in_vain(link))
        sender->was_in_vain = true;
    pthread_mutex_lock(&sender->lock);
    sender->stats.rejected += mf_link_rejected(link);
    pthread_mutex_unlock(&sender->lock);
    mf_link_free(link);
    set_connected(sender, NULL);
    note_refusal(sender, refused);
    mf_buf_clear(&sender->out);
    if (rc && rc != MF_ECLOSED)
        mf_sender__say_loss(sender, address, err.text);
}

/* ---- the thread ---- */

static void try_address(struct mf_sender *sender,
                        const struct mf_address *address)
{
    struct mf_err err = {0};
    struct mf_connect attempt;
    int fd = -1;
    pthread_mutex_lock(&sender->lock);
    snprintf(sender->stats.server, sizeof sender->stats.server, "%s",
             address->text);
    pthread_mutex_unlock(&sender->lock);
    int rc = mf_connect_begin(&attempt, address, &err);
    while (!rc && (rc = mf_connect_next(&attempt, &fd, &err)) == MF_EBUSY) {
        mf_sender__wait_without(sender, attempt.fd, attempt.events,
                                attempt.until_ns);
        rc = mf_sender__must_stop(sender, false) || config_changed(sender)
                 ? mf_err_set(&err, MF_ECLOSED, "stopped")
                 : 0;
    }
    mf_connect_release(&attempt);
    if (rc) {
        if (rc != MF_ECLOSED)
            mf_sender__say_loss(sender, address, err.text);
        return;
    }
    assert(!address->is_tls || sender->current_tls); /* never in clear */
    struct mf_transport *transport = mf_transport_new(
        fd, address->is_tls ? sender->current_tls : NULL, address->host);
    if (transport)
        converse(sender, transport, address);
    else
        mf_sender__say_loss(sender, address, "out of memory");
    mf_transport_free(transport);
}

static void try_all(struct mf_sender *sender)
{
    sender->was_cut = false;
    for (size_t i = 0; i < sender->current.address_count; i++) {
        if (config_changed(sender))
            return;
        if (mf_sender__must_stop(sender, false))
            break;
        try_address(sender, &sender->current.addresses[i]);
    }
    /* A server that spoke is tried again, also at the end. */
    sender->has_tried = !sender->was_cut;
    sender->has_tried |= mf_sender__must_stop(sender, false);
}

void mf_sender_free(struct mf_sender *sender)
{
    if (sender->wake_fds[0] >= 0)
        close(sender->wake_fds[0]);
    if (sender->wake_fds[1] >= 0)
        close(sender->wake_fds[1]);
    mf_buf_release(&sender->out);
    mf_outbox_free(sender->outbox);
    mf_tls_free(sender->tls);
    mf_tls_free(sender->current_tls);
    pthread_cond_destroy(&sender->ended);
    pthread_mutex_destroy(&sender->lock);
    free(sender);
}

static void *sender_main(void *arg)
{
    struct mf_sender *sender = arg;
    while (!atomic_load(&sender->stopping) || !sender->has_tried) {
        take_config(sender);
        try_all(sender);
        if (config_changed(sender))
            continue;
        int64_t until =
            mf_backoff_next_ns(&sender->backoff) + mf_clock_mono_ns();
        while (!mf_sender__must_stop(sender, false) &&
               !config_changed(sender) && mf_clock_mono_ns() < until)
            mf_sender__wait_without(sender, -1, 0, until);
    }
    mf_sender__take_in(sender);
    size_t left = mf_outbox_seal(sender->outbox);
    mf_sender__say_end(sender, left);
    pthread_mutex_lock(&sender->lock);
    mf_outbox_get_stats(sender->outbox, &sender->stats.outbox);
    sender->stats.left = left;
    pthread_mutex_unlock(&sender->lock);
    /* Others may take what is in it from now on, such as a script that is
     * loaded anew. */
    mf_outbox_set_spool(sender->outbox, NULL);
    sender->spool = NULL;
    pthread_mutex_lock(&sender->lock);
    sender->has_ended = true;
    bool is_abandoned = sender->is_abandoned;
    pthread_cond_signal(&sender->ended);
    pthread_mutex_unlock(&sender->lock);
    if (is_abandoned)
        mf_sender_free(sender);
    return NULL;
}

/* ---- life ---- */

static int open_pipe(int fds[2])
{
    if (pipe(fds))
        return MF_EIO;
    for (int i = 0; i < 2; i++) {
        fcntl(fds[i], F_SETFD, FD_CLOEXEC);
        fcntl(fds[i], F_SETFL, O_NONBLOCK);
    }
    return 0;
}

static int init_locks(struct mf_sender *sender)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
#ifndef __APPLE__
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
#endif
    int rc = pthread_mutex_init(&sender->lock, NULL);
    if (!rc)
        rc = pthread_cond_init(&sender->ended, &attr);
    pthread_condattr_destroy(&attr);
    return rc;
}

struct mf_sender *mf_sender_start(struct mf_queue *queue,
                                  const struct mf_sender_config *config,
                                  struct mf_tls *tls,
                                  struct mf_redactor *redactor, int notify_fd)
{
    struct mf_sender *sender = calloc(1, sizeof *sender);
    if (!sender) {
        mf_redactor_free(redactor);
        mf_tls_free(tls);
        return NULL;
    }
    sender->queue = queue;
    sender->notify_fd = notify_fd;
    sender->wake_fds[0] = sender->wake_fds[1] = -1;
    sender->config = *config;
    sender->config_number = 1;
    sender->tls = tls;
    mf_buf_init(&sender->out, WRITE_BUF_LEN);
    if (init_locks(sender)) {
        mf_redactor_free(redactor);
        mf_tls_free(tls);
        free(sender);
        return NULL;
    }
    sender->outbox = mf_outbox_new(queue);
    if (sender->outbox)
        mf_outbox_set_redactor(sender->outbox, redactor);
    else
        mf_redactor_free(redactor);
    if (!sender->outbox || open_pipe(sender->wake_fds) ||
        mf_random_hex(sender->session, MF_SENDER__SESSION_LEN)) {
        mf_sender_free(sender);
        return NULL;
    }
    mf_backoff_init(&sender->backoff, (uint64_t)mf_clock_mono_ns());

    /* Signals are for Python's main thread. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&sender->thread, NULL, sender_main, sender);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc) {
        mf_sender_free(sender);
        return NULL;
    }
    return sender;
}

static struct timespec monotonic_after(int64_t ns)
{
    struct timespec at;
#ifdef __APPLE__
    clock_gettime(CLOCK_REALTIME, &at);
#else
    clock_gettime(CLOCK_MONOTONIC, &at);
#endif
    at.tv_sec += (time_t)(ns / MF_NS_PER_S);
    at.tv_nsec += (long)(ns % MF_NS_PER_S);
    if (at.tv_nsec >= MF_NS_PER_S) {
        at.tv_nsec -= (long)MF_NS_PER_S;
        at.tv_sec++;
    }
    return at;
}

static bool has_wanted(const struct mf_sender *sender)
{
    struct mf_queue_stats stats;
    mf_queue_get_stats(sender->queue, &stats);
    return stats.wanted > 0;
}

int mf_sender_stop(struct mf_sender *sender, int64_t deadline_ns)
{
    atomic_store(&sender->stop_ns, mf_clock_mono_ns() + deadline_ns);
    atomic_store(&sender->stopping, true);
    mf_sender__poke(sender);
    struct timespec until = monotonic_after(deadline_ns + STOP_SLACK_NS);
    pthread_mutex_lock(&sender->lock);
    int rc = 0;
    while (!sender->has_ended && rc != ETIMEDOUT &&
           !(deadline_ns > 0 && has_wanted(sender)))
        rc = pthread_cond_timedwait(&sender->ended, &sender->lock, &until);
    bool has_ended = sender->has_ended;
    if (!has_ended && rc != ETIMEDOUT) {
        pthread_mutex_unlock(&sender->lock);
        return MF_EBUSY;
    }
    sender->is_abandoned = !has_ended;
    pthread_t thread = sender->thread;
    pthread_mutex_unlock(&sender->lock);
    if (!has_ended) {
        pthread_detach(thread);
        return MF_ECLOSED;
    }
    pthread_join(thread, NULL);
    return 0;
}
