/* Lines for mitmproxy's event log. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "exporter/sender/sender_state.h"

/* Losses that go on are told no more often. */
#define SAY_LOST_NS ((int64_t)30 * MF_NS_PER_S)

void mf_sender__notify(struct mf_sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    if (sender->notify_fd >= 0 && !sender->is_abandoned) {
        ssize_t n = write(sender->notify_fd, "", 1);
        (void)n; /* a full pipe tells as much */
    }
    pthread_cond_signal(&sender->ended);
    pthread_mutex_unlock(&sender->lock);
}

void mf_sender__say(struct mf_sender *sender, bool is_warning,
                    const char *format, ...)
{
    pthread_mutex_lock(&sender->lock);
    size_t at = (sender->line_first + sender->line_count) % MF_SENDER__LINES;
    if (sender->line_count == MF_SENDER__LINES)
        sender->line_first = (sender->line_first + 1) % MF_SENDER__LINES;
    else
        sender->line_count++;
    struct mf_sender__line *line = &sender->lines[at];
    line->is_warning = is_warning;
    va_list args;
    va_start(args, format);
    vsnprintf(line->text, sizeof line->text, format, args);
    va_end(args);
    pthread_mutex_unlock(&sender->lock);
    mf_sender__notify(sender);
}

bool mf_sender_take_line(struct mf_sender *sender, char *out, size_t cap,
                         bool *ret_is_warning)
{
    pthread_mutex_lock(&sender->lock);
    bool has_line = sender->line_count > 0;
    if (has_line) {
        const struct mf_sender__line *line = &sender->lines[sender->line_first];
        snprintf(out, cap, "%s", line->text);
        *ret_is_warning = line->is_warning;
        sender->line_first = (sender->line_first + 1) % MF_SENDER__LINES;
        sender->line_count--;
    }
    pthread_mutex_unlock(&sender->lock);
    return has_line;
}

/* What has become of flows while there was no connection. */
static void describe_gap(struct mf_sender *sender, char *out, size_t cap)
{
    struct mf_outbox_stats stats;
    mf_outbox_get_stats(sender->outbox, &stats);
    size_t at = 0;
    *out = 0;
    if (stats.spool.records)
        at = (size_t)snprintf(out, cap, "; %" PRIu64 " messages wait on disk",
                              stats.spool.records);
    if (stats.lost > sender->lost_told)
        snprintf(out + at, cap - at, "; %" PRIu64 " were lost meanwhile (%s)",
                 stats.lost - sender->lost_told, stats.lost_reason);
    sender->lost_told = stats.lost;
}

void mf_sender__say_up(struct mf_sender *sender,
                       const struct mf_address *address,
                       const struct mf_hello *hello)
{
    char gap[200];
    uint64_t lost_told = sender->lost_told;
    describe_gap(sender, gap, sizeof gap);
    bool has_lost = sender->lost_told > lost_told;
    if (sender->was_up && !sender->told_loss && !has_lost)
        return; /* it had gone away well, or was one of several */
    mf_sender__say(
        sender, has_lost, "mitmflow: %s %s%s%s%s%s",
        sender->told_loss && sender->stats.connects > 1 ? "connected again to"
                                                        : "exporting to",
        address->text, hello->version[0] ? " (mitmflow " : "", hello->version,
        hello->version[0] ? ")"
        : hello->greeting == MF_GREETING_PUBLISHED
            ? ", which knows the published schema only"
            : "",
        gap);
    sender->told_loss = false;
    sender->was_up = true;
}

/* What was given up; now and then while it goes on. */
void mf_sender__say_given_up(struct mf_sender *sender,
                             const struct mf_outbox_stats *stats)
{
    int64_t now = mf_clock_mono_ns();
    if (stats->lost == sender->lost_told || now < sender->say_lost_ns)
        return;
    mf_sender__say(sender, true, "mitmflow: %" PRIu64 " flows were lost: %s",
                   stats->lost - sender->lost_told, stats->lost_reason);
    sender->lost_told = stats->lost;
    sender->say_lost_ns = now + SAY_LOST_NS;
}

void mf_sender__say_end(struct mf_sender *sender, size_t lost)
{
    struct mf_outbox_stats stats;
    mf_outbox_get_stats(sender->outbox, &stats);
    if (stats.spool.records)
        mf_sender__say(sender, false,
                       "mitmflow: %" PRIu64
                       " messages wait in the spool for the next "
                       "start",
                       stats.spool.records);
    if (lost)
        sender->lost_told = stats.lost; /* the caller tells of it */
}

void mf_sender__say_loss(struct mf_sender *sender,
                         const struct mf_address *address, const char *why)
{
    pthread_mutex_lock(&sender->lock);
    snprintf(sender->stats.error, sizeof sender->stats.error, "%s", why);
    pthread_mutex_unlock(&sender->lock);
    if (sender->told_loss || atomic_load(&sender->stopping))
        return;
    mf_sender__say(
        sender, true, "mitmflow: %s %s: %s; flows wait, trying again",
        sender->was_up ? "lost" : "cannot export to", address->text, why);
    sender->told_loss = true;
    sender->was_up = false;
}
