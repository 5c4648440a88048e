/*
 * What the files of mf_sender share.
 *
 * Thread:  the sender's, unless said otherwise.
 */
#ifndef MF_EXPORTER_SENDER_STATE_H
#define MF_EXPORTER_SENDER_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "exporter/sender/backoff.h"
#include "exporter/sender/link.h"
#include "exporter/sender/sender.h"

enum { MF_SENDER__LINES = 16, MF_SENDER__LINE_CAP = 320 };
enum { MF_SENDER__SESSION_LEN = 32 };

struct mf_sender__line {
    bool is_warning;
    char text[MF_SENDER__LINE_CAP];
};

struct mf_sender {
    pthread_t thread;
    struct mf_queue *queue;
    struct mf_outbox *outbox;
    int notify_fd;
    int wake_fds[2];
    atomic_bool is_asleep; /* a wake is worth a system call */
    atomic_bool stopping;
    _Atomic int64_t stop_ns; /* deadline, once stopping */
    atomic_size_t append_max;
    bool was_met; /* a server, by this sender; the thread's own */

    pthread_mutex_t lock; /* of what follows, up to the next blank line */
    pthread_cond_t ended; /* or a flow is wanted */
    bool has_ended;
    bool is_abandoned;
    struct mf_sender_config config;
    struct mf_tls *tls; /* until it is taken */
    unsigned config_number;
    struct mf_sender__line lines[MF_SENDER__LINES];
    size_t line_first, line_count;
    struct mf_sender_stats stats;

    /* The thread's own. */
    struct mf_sender_config current;
    struct mf_tls *current_tls;
    struct mf_spool *spool; /* the outbox's */
    char spool_error[160];  /* why there is none */
    unsigned current_number;
    char session[MF_SENDER__SESSION_LEN + 1];
    struct mf_backoff backoff;
    bool has_tried;
    bool was_cut;     /* the last link was up, and broke off */
    bool was_up;      /* since the last line about a loss */
    bool was_in_vain; /* the last link that had something to send */
    bool told_loss;   /* a loss is told once, until it is over */
    uint64_t lost_told;
    int64_t say_lost_ns;           /* not before */
    int64_t rested_ns, noticed_ns; /* when it last slept, or told of objects */
    uint64_t wanted_told;
    unsigned refusals; /* of the first message in flight, in a row */
    struct mf_buf out; /* bytes that the socket did not take yet */
};

/* ---- what is said (sender_words.c) ---- */

/* Wake mitmproxy's thread. Any thread. */
void mf_sender__notify(struct mf_sender *sender);

/* A line for the event log. Any thread. */
void mf_sender__say(struct mf_sender *sender, bool is_warning,
                    const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void mf_sender__say_up(struct mf_sender *sender,
                       const struct mf_address *address,
                       const struct mf_hello *hello);
void mf_sender__say_loss(struct mf_sender *sender,
                         const struct mf_address *address, const char *why);
/* What was given up; now and then while it goes on. */
void mf_sender__say_given_up(struct mf_sender *sender,
                             const struct mf_outbox_stats *stats);
void mf_sender__say_end(struct mf_sender *sender, size_t lost);

/* ---- waking and waiting (sender_wait.c) ---- */

/* Nothing left, or out of time; where there is no link, out of attempts. */
bool mf_sender__must_stop(const struct mf_sender *sender, bool is_up);

/* Wake the sender's thread. Any thread. */
void mf_sender__poke(struct mf_sender *sender);

/* Take in what the queue has. Returns when that has to be done again. */
int64_t mf_sender__take_in(struct mf_sender *sender);

/* Sleep until there is something to do, not longer than `until_ns`; messages
 * wake now and then, so that many go out together. Returns what came for `fd`
 * (-1: none). */
short mf_sender__rest(struct mf_sender *sender, int fd, short events,
                      int64_t until_ns);

/* As mf_sender__rest(), without a server: what comes is taken in meanwhile. */
void mf_sender__wait_without(struct mf_sender *sender, int fd, short events,
                             int64_t until_ns);

#endif
