/*
 * mf_outbox: what has to reach a server, from the queue to its
 * acknowledgement, in memory or on disk.
 *
 * A flow is one thing here, however many messages brought it: its parts are
 * put together, and what goes out is what the server has not got of it yet.
 * Several events of a flow that wait go out as one message, with the event of
 * the last; one that lives waits a moment for more of them. What a flow is
 * stays known until its end is acknowledged, so that it can be sent whole: to
 * a server that takes no parts, that names it as missing, or to which it was
 * never sent. Messages of growing flows go out as they come; what such a flow
 * is, the hooks alone know, and are asked for it (mf_queue_want()).
 *
 * Two ways of working:
 *
 *  direct   What waits goes out from memory, the flow that has waited longest
 *           first. What has not been acknowledged for MF_OUTBOX_SPOOL_NS is
 *           written to the spool as well, in case the process dies.
 *  backlog  After a connection was lost, with none for a while, or with too
 *           much in memory: all that is not acknowledged is in the spool, new
 *           things go there too, and what goes out comes from there, oldest
 *           first, until nothing is left in it. So nothing overtakes.
 *
 * In the spool flows are whole, appends are as they came. Without a spool the
 * oldest that waits is given up when memory is full. What is given up is
 * counted, by reason, and told to the server as a mitmproxy.v1.Loss.
 *
 * All that comes in is redacted first (redact.h).
 *
 * Thread:  the sender's. Units: bytes; ns of the monotonic clock.
 */
#ifndef MF_EXPORTER_OUTBOX_H
#define MF_EXPORTER_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exporter/queue.h"
#include "exporter/redact/redact.h"
#include "exporter/sender/outgoing.h"
#include "exporter/spool/spool.h"

/* Unacknowledged for so long, it is written to the spool. */
#define MF_OUTBOX_SPOOL_NS ((int64_t)300000000)

/* More than this in memory, and the rest goes to the spool at once. */
#define MF_OUTBOX_MEMORY_LEN ((size_t)8 << 20)

/* What is known of flows that wait for nothing is let go beyond this, the
 * oldest first: they are sent in parts only from then on. */
#define MF_OUTBOX_IDLE_LEN ((size_t)12 << 20)

struct mf_outbox;

/* What the connected server takes. */
struct mf_abilities {
    bool published; /* the published schema only: all that follows is false */
    bool appends;
    bool parts;
    bool connections;
    bool losses;
    size_t max_len;  /* the longest message; 0: no limit */
    size_t body_max; /* of a body that is decoded for the published form */
};

/* `queue` is borrowed, `spool` (NULL: none) and `redactor` (NULL: no rules)
 * are taken over. NULL: out of memory. */
struct mf_outbox *mf_outbox_new(struct mf_queue *queue);
void mf_outbox_free(struct mf_outbox *outbox);
void mf_outbox_set_spool(struct mf_outbox *outbox, struct mf_spool *spool);
/* Later ones come through the queue, in their order (MF_KIND_RULES). */
void mf_outbox_set_redactor(struct mf_outbox *outbox,
                            struct mf_redactor *redactor);
/* Of a body that has to be decoded to be redacted. */
void mf_outbox_set_body_max(struct mf_outbox *outbox, size_t body_max);

/* Take in what the queue has, spool what is due. Returns when to call again
 * at the latest. */
int64_t mf_outbox_advance(struct mf_outbox *outbox, int64_t now_ns);

/* The end is near: what lives is not waited for any more, so that it goes out
 * with what follows of it. */
void mf_outbox_hurry(struct mf_outbox *outbox);

/* As mf_spool's on_loss: count what was lost elsewhere; wall clock. */
void mf_outbox_lose(struct mf_outbox *outbox, uint64_t count, int64_t from_ns,
                    int64_t to_ns, const char *reason);

/*
 * The next message for a server of these abilities, now in flight: ready to
 * be read from `out`, which borrows from the outbox until it is read to its
 * end. False: nothing can be sent now.
 */
bool mf_outbox_next(struct mf_outbox *outbox,
                    const struct mf_abilities *abilities,
                    struct mf_outgoing *out, int64_t now_ns);

/* What `out` gave was read to its end: what it borrowed may go. */
void mf_outbox_read(struct mf_outbox *outbox);

/* The first `count` in flight are durable at the server, but for flows that
 * `is_missing` (NULL: none) names, which will be sent whole. */
typedef bool mf_outbox_is_missing(const void *user, const uint8_t *id,
                                  size_t len);
void mf_outbox_ack(struct mf_outbox *outbox, size_t count,
                   mf_outbox_is_missing *is_missing, const void *user,
                   int64_t now_ns);

/* The connection is gone: all in flight waits again, and flows are sent whole
 * first, as the next server may be another one. */
void mf_outbox_disconnected(struct mf_outbox *outbox, int64_t now_ns);

/* Give up what was the first in flight when the connection ended: no server
 * takes it. False: that was a report of losses, no flow. */
bool mf_outbox_give_up(struct mf_outbox *outbox, const char *reason);

/* Write all that is not acknowledged to the spool and drop it from memory;
 * returns how many things could not be kept, which are lost. */
size_t mf_outbox_seal(struct mf_outbox *outbox);

struct mf_outbox_stats {
    size_t waiting; /* messages that could go out now */
    size_t in_flight;
    uint64_t sent;        /* messages acknowledged */
    uint64_t lost;        /* since the start */
    char lost_reason[96]; /* of the last of them */
    uint64_t skipped;     /* flows left out by a rule */
    size_t memory;        /* of all that is held */
    size_t flows;         /* that are known */
    bool is_backlog;
    struct mf_spool_stats spool;
    char spool_error[160]; /* why it does not work at present; else empty */
};
void mf_outbox_get_stats(const struct mf_outbox *outbox,
                         struct mf_outbox_stats *ret_stats);

/* Something could go out now. */
bool mf_outbox_has_waiting(const struct mf_outbox *outbox);

/* True: nothing waits, nothing is in flight, nothing is in the queue. */
bool mf_outbox_is_empty(const struct mf_outbox *outbox);

#endif
