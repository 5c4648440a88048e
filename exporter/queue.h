/*
 * mf_queue: messages between mitmproxy's thread, which puts them in, and the
 * sender's, which takes them in order and gives them back when the server
 * has acknowledged them. Bounded: the oldest that is not on its way is given
 * up, and counted.
 *
 * The order is: messages in flight, then those that wait. A failed stream
 * makes all that were in flight wait again, so that nothing overtakes.
 *
 * An append (messages of a flow that the server has) holds its flow until it
 * is acknowledged, ended or not: a server may answer that it wants the flow
 * whole, and only mitmproxy's thread can write that. Such a flow is wanted:
 * once, whatever else of it is on its way, until that thread takes it.
 *
 * Long bodies are not copied: a message refers to a body, and messages of
 * one flow share it. When its last message has gone, the body's object is
 * put on a list that mitmproxy's thread empties: the sender cannot touch a
 * Python object.
 *
 * Thread:  push and take_dead from one thread at a time, next, ack and
 *          requeue from one other; the rest from any.
 * Units:   bytes.
 */
#ifndef MF_EXPORTER_QUEUE_H
#define MF_EXPORTER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pb/encoder.h"

struct mf_queue;

struct mf_piece {
    const uint8_t *data;
    size_t len;
};

/* One message; lives until it is acknowledged or given up. */
struct mf_message;

struct mf_queue_stats {
    uint64_t pushed;
    uint64_t acked;
    uint64_t given_up; /* for want of room, or because nobody would take them */
    size_t waiting;
    size_t in_flight;
    size_t wanted;         /* flows that have to be sent whole */
    uint64_t wanted_total; /* and that ever had to be */
    size_t memory;         /* what counts against the maximum */
};

/* At most about `max` bytes. NULL: out of memory. */
struct mf_queue *mf_queue_new(size_t max);

/*
 * Drop everything. Objects that are still referred to are lost unless
 * mf_queue_close() and mf_queue_take_dead() came before. NULL is allowed.
 */
void mf_queue_free(struct mf_queue *queue);

/*
 * Put in the message that `enc` holds. For every spliced object that the
 * queue did not hold yet *ret_objects is called once, in the meaning "the
 * queue now refers to it": the caller takes a reference.
 *
 *  MF_EFULL    longer than the queue's maximum; counted as given up
 *  MF_ECLOSED  after mf_queue_close()
 *  MF_ENOMEM
 */
int mf_queue_push(struct mf_queue *queue, const struct mf_encoder *enc,
                  void (*hold)(void *object));

/* What an append is of. */
struct mf_append {
    void *flow;       /* an object */
    size_t len;       /* what it costs to hold, counted up to half of the
                         queue's maximum; 0 while others do anyway */
    unsigned event;   /* the caller's: what it was told with */
    unsigned attempt; /* the caller's */
};

/* As mf_queue_push(), for an ExportFlowRequest that is an append. */
int mf_queue_push_append(struct mf_queue *queue, const struct mf_encoder *enc,
                         void (*hold)(void *object),
                         const struct mf_append *append);

/*
 * A flow that has to be sent whole, the first that was told so; false if there
 * is none. `hold` is called for it: it is the caller's.
 */
bool mf_queue_take_wanted(struct mf_queue *queue, void (*hold)(void *object),
                          struct mf_append *ret_append);

/* The next that waits, now in flight; NULL if none does. */
struct mf_message *mf_queue_next(struct mf_queue *queue);

bool mf_message_is_append(const struct mf_message *message);

/* The length of a message, and its pieces: call with index 0, 1, ... */
size_t mf_message_len(const struct mf_message *message);
bool mf_message_piece(const struct mf_message *message, size_t index,
                      struct mf_piece *ret_piece);

/*
 * The first `count` in flight are durable at the server, but for appends to
 * flows that `is_missing` (NULL: none) names: those flows are wanted now.
 */
typedef bool mf_queue_is_missing(const void *user, const uint8_t *id,
                                 size_t len);
void mf_queue_ack(struct mf_queue *queue, size_t count,
                  mf_queue_is_missing *is_missing, const void *user);

/* The last in flight, an append, cannot be sent to this server: its flow is
 * wanted, and the message gone. */
void mf_queue_want_last(struct mf_queue *queue);

/* All in flight wait again. */
void mf_queue_requeue(struct mf_queue *queue);

/* Give up the first in flight, or the last: the one that next() gave. */
void mf_queue_give_up(struct mf_queue *queue);
void mf_queue_give_up_last(struct mf_queue *queue);

/*
 * Drop everything and take no more: after it every object is on the dead
 * list. No message may be in use.
 */
void mf_queue_close(struct mf_queue *queue);

/*
 * Hand out one object that no message refers to any more, NULL if there is
 * none. Cheap when there is none.
 */
void *mf_queue_take_dead(struct mf_queue *queue);

/* Messages that wait; nothing at all that is not acknowledged or wanted. */
bool mf_queue_has_waiting(const struct mf_queue *queue);
bool mf_queue_is_empty(const struct mf_queue *queue);
void mf_queue_get_stats(struct mf_queue *queue,
                        struct mf_queue_stats *ret_stats);

#endif
