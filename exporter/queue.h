/*
 * mf_queue: messages on their way from mitmproxy's thread, which puts them
 * in, to the sender's, which takes them all at once and in order; and Python
 * objects on their way back, which only mitmproxy's thread may release.
 *
 * Messages lie one after the other in chunks that are used again: a push
 * takes no memory from the heap while the sender keeps up. Long byte strings
 * are referred to. The sender copies what it keeps and releases the message
 * soon; what a queue holds is therefore bounded by refusing more, and never by
 * giving up what is in it.
 *
 * Thread:  push, take_dead, take_wanted and wanted_told from mitmproxy's, with
 *          the GIL; take, release, let_go and want from the sender's; the rest
 *          from any.
 * Units:   bytes.
 */
#ifndef MF_EXPORTER_QUEUE_H
#define MF_EXPORTER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exporter/label.h"
#include "pb/encoder.h"
#include "pb/spliced.h"

struct mf_queue;

/* A growing flow that a server wants whole. */
struct mf_wanted {
    void *flow;       /* an object; a reference goes with it */
    unsigned event;   /* the last that was told of it */
    unsigned attempt; /* how often it was wanted before */
    bool is_end;
};

struct mf_redactor;

struct mf_message {
    struct mf_message *next;
    struct mf_label label;
    struct mf_redactor *rules; /* of MF_KIND_RULES: the taker's; NULL: none */
    struct mf_spliced body;    /* an ExportFlowRequest. The splices' objects are
                                  references that go to the taker: to be given
                                  back by mf_queue_let_go(). */
    void *flow; /* of a growing flow: a reference, as above; else NULL */
    unsigned attempt;
    struct mf_chunk *chunk; /* the queue's own */
    size_t memory;
};

struct mf_queue_stats {
    uint64_t pushed;
    uint64_t refused; /* no room, or no memory */
    size_t memory;    /* of what is in the queue, with what it refers to, and
                         of what the sender has said to hold */
    size_t wanted;    /* flows that have to be sent whole */
    uint64_t wanted_total; /* and that ever had to be */
};

/* At most about `max` bytes. NULL: out of memory. */
struct mf_queue *mf_queue_new(size_t max);

/* Objects that are still held are lost unless mf_queue_close() and
 * mf_queue_take_dead() came before. NULL is allowed. */
void mf_queue_free(struct mf_queue *queue);

/*
 * Put in the message that `enc` holds. The caller takes a reference for each
 * splice's object and for `flow` (NULL: none) if it returns 0.
 *
 *  MF_EFULL    there is no room
 *  MF_ECLOSED  after mf_queue_close()
 *  MF_ENOMEM
 */
int mf_queue_push(struct mf_queue *queue, const struct mf_encoder *enc,
                  const struct mf_label *label, void *flow, unsigned attempt);

/*
 * Put in what all that follows is redacted by (NULL: nothing), and nothing
 * that is in the queue already. Taken over if it returns 0; there is always
 * room. MF_ECLOSED, MF_ENOMEM.
 */
int mf_queue_push_rules(struct mf_queue *queue, struct mf_redactor *rules);

/* All that is in the queue, oldest first; NULL: nothing. */
struct mf_message *mf_queue_take(struct mf_queue *queue);

bool mf_queue_has_messages(const struct mf_queue *queue);

/* Done with a message: its bytes are gone after it, its objects are not. */
void mf_queue_release(struct mf_queue *queue, struct mf_message *message);

/* The sender holds so much more (or less) memory for messages it took. */
void mf_queue_hold(struct mf_queue *queue, int64_t len);

/* Give an object back. */
void mf_queue_let_go(struct mf_queue *queue, void *object);

/* One object to release, NULL if there is none; cheap when there is none. */
void *mf_queue_take_dead(struct mf_queue *queue);
bool mf_queue_has_dead(const struct mf_queue *queue);

/* The sender asks for a flow whole; `wanted` is taken over. Who takes it
 * pushes it and says then that what was taken is told: the queue is not empty
 * before, or a sender that is to stop would do so without it. */
void mf_queue_want(struct mf_queue *queue, struct mf_wanted *wanted);
bool mf_queue_take_wanted(struct mf_queue *queue, struct mf_wanted *ret_wanted);
void mf_queue_wanted_told(struct mf_queue *queue);

/* Take no more. */
void mf_queue_close(struct mf_queue *queue);

/* Nothing is in it, and every flow that was wanted is told. */
bool mf_queue_is_empty(const struct mf_queue *queue);
size_t mf_queue_max(const struct mf_queue *queue);
void mf_queue_get_stats(const struct mf_queue *queue,
                        struct mf_queue_stats *ret_stats);

#endif
