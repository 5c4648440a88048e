#include "exporter/queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "pb/wire.h"

enum {
    CHUNK_LEN = 256 * 1024,
    SPARE_CHUNKS = 4,
    BODY_SLOTS = 256,
    APPEND_FIELD = 100, /* of ExportFlowRequest */
    FLOW_ID_FIELD = 1,  /* of FlowAppend, which it begins with */
    ALIGN = 16,
};

/* Messages are laid into chunks one after the other; a chunk is used again
 * when all its messages have gone. */
struct chunk {
    struct chunk *next; /* while spare */
    size_t cap;
    size_t used;
    size_t messages;
    _Alignas(ALIGN) uint8_t bytes[];
};

/* An object that messages refer to: a body, or the flow of an append. */
struct body {
    void *object;
    struct body *next_dead, *next_wanted;
    size_t messages; /* and one if it waits to be taken as wanted */
    size_t len;
    bool was_wanted; /* is, or was: what else is on its way says nothing new */
    unsigned event, attempt; /* of the last append */
};

struct part {
    struct body *body;
    size_t at; /* offset in the copied bytes */
    const uint8_t *data;
    size_t len;
};

struct mf_message {
    struct mf_message *next;
    struct chunk *chunk;
    size_t memory;
    size_t len;
    size_t copied_len;
    struct body *flow; /* of an append; else NULL */
    size_t part_count;
    struct part parts[]; /* then the copied bytes */
};

struct mf_queue {
    pthread_mutex_t lock;
    size_t max;
    bool closed;
    struct mf_message *first, *last;
    struct mf_message *last_in_flight; /* NULL: none is */
    struct chunk *current;             /* where messages are laid now */
    struct chunk *spare;
    size_t spare_count;
    struct body *slots[BODY_SLOTS]; /* bodies lately seen, by address */
    struct body *dead;
    struct body *wanted, *last_wanted;
    atomic_bool has_dead;
    struct mf_queue_stats stats;
};

struct mf_queue *mf_queue_new(size_t max)
{
    struct mf_queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return NULL;
    if (pthread_mutex_init(&queue->lock, NULL)) {
        free(queue);
        return NULL;
    }
    queue->max = max;
    return queue;
}

static void free_chunks(struct chunk *chunk)
{
    while (chunk) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void mf_queue_free(struct mf_queue *queue)
{
    if (!queue)
        return;
    mf_queue_close(queue);
    while (mf_queue_take_dead(queue))
        ;
    free_chunks(queue->spare);
    free(queue->current);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

/* ---- chunks ---- */

static void chunk_recycle(struct mf_queue *queue, struct chunk *chunk)
{
    chunk->used = 0;
    if (chunk == queue->current)
        return;
    if (chunk->cap == CHUNK_LEN && queue->spare_count < SPARE_CHUNKS) {
        chunk->next = queue->spare;
        queue->spare = chunk;
        queue->spare_count++;
    } else {
        free(chunk);
    }
}

static struct chunk *chunk_new(size_t cap)
{
    struct chunk *chunk = malloc(sizeof *chunk + cap);
    if (chunk)
        *chunk = (struct chunk){.cap = cap};
    return chunk;
}

/* Room for `len` bytes; the chunk counts the message. */
static void *chunk_take(struct mf_queue *queue, size_t len,
                        struct chunk **ret_chunk)
{
    struct chunk *chunk = queue->current;
    len = (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (len > CHUNK_LEN) {
        chunk = chunk_new(len);
        if (!chunk)
            return NULL;
    } else if (!chunk || chunk->cap - chunk->used < len) {
        struct chunk *fresh = queue->spare;
        if (fresh) {
            queue->spare = fresh->next;
            queue->spare_count--;
        } else {
            fresh = chunk_new(CHUNK_LEN);
        }
        if (!fresh)
            return NULL;
        queue->current = fresh;
        if (chunk && chunk->messages == 0)
            chunk_recycle(queue, chunk);
        chunk = fresh;
    }
    void *at = chunk->bytes + chunk->used;
    chunk->used += len;
    chunk->messages++;
    *ret_chunk = chunk;
    return at;
}

/* ---- bodies ---- */

static struct body **body_slot(struct mf_queue *queue, const void *object)
{
    uintptr_t key = (uintptr_t)object >> 4;
    return &queue->slots[(key ^ key >> 8) % BODY_SLOTS];
}

/* The body that holds `object`, or NULL: out of memory. */
static struct body *body_get(struct mf_queue *queue, void *object, size_t len,
                             void (*hold)(void *object), size_t *memory)
{
    struct body **slot = body_slot(queue, object);
    if (*slot && (*slot)->object == object) {
        (*slot)->messages++;
        return *slot;
    }
    struct body *body = malloc(sizeof *body);
    if (!body)
        return NULL;
    *body = (struct body){.object = object, .messages = 1, .len = len};
    *slot = body;
    *memory += len;
    hold(object);
    return body;
}

static void body_put(struct mf_queue *queue, struct body *body)
{
    if (--body->messages)
        return;
    struct body **slot = body_slot(queue, body->object);
    if (*slot == body)
        *slot = NULL;
    queue->stats.memory -= body->len;
    body->next_dead = queue->dead;
    queue->dead = body;
    atomic_store(&queue->has_dead, true);
}

void *mf_queue_take_dead(struct mf_queue *queue)
{
    if (!atomic_load(&queue->has_dead))
        return NULL;
    pthread_mutex_lock(&queue->lock);
    struct body *body = queue->dead;
    if (body)
        queue->dead = body->next_dead;
    if (!queue->dead)
        atomic_store(&queue->has_dead, false);
    pthread_mutex_unlock(&queue->lock);
    void *object = body ? body->object : NULL;
    free(body);
    return object;
}

/* ---- messages ---- */

/* Out of the list already. */
static void message_drop(struct mf_queue *queue, struct mf_message *message)
{
    if (message->flow)
        body_put(queue, message->flow);
    for (size_t i = 0; i < message->part_count; i++)
        body_put(queue, message->parts[i].body);
    queue->stats.memory -= message->memory;
    struct chunk *chunk = message->chunk;
    if (--chunk->messages == 0)
        chunk_recycle(queue, chunk);
}

/* Give up the oldest that waits; false if none does. */
static bool give_up_one(struct mf_queue *queue)
{
    struct mf_message *before = queue->last_in_flight;
    struct mf_message **link = before ? &before->next : &queue->first;
    struct mf_message *message = *link;
    if (!message)
        return false;
    *link = message->next;
    if (queue->last == message)
        queue->last = before;
    queue->stats.waiting--;
    queue->stats.given_up++;
    message_drop(queue, message);
    return true;
}

static size_t new_memory(struct mf_queue *queue, const struct mf_encoder *enc,
                         size_t head_len)
{
    size_t memory = head_len;
    for (size_t i = 0; i < enc->splice_count; i++) {
        const struct body *seen = *body_slot(queue, enc->splices[i].object);
        if (!seen || seen->object != enc->splices[i].object)
            memory += enc->splices[i].len;
    }
    return memory;
}

/* More than the maximum may be in use: bodies that share a slot are counted
 * again, which new_memory() does not foresee. */
static bool has_room(const struct mf_queue *queue, size_t room)
{
    return queue->stats.memory <= queue->max &&
           room <= queue->max - queue->stats.memory;
}

static int message_new(struct mf_queue *queue, const struct mf_encoder *enc,
                       size_t head_len, void (*hold)(void *object),
                       struct mf_message **ret_message)
{
    struct chunk *chunk;
    struct mf_message *message = chunk_take(queue, head_len, &chunk);
    if (!message)
        return MF_ENOMEM;
    *message = (struct mf_message){
        .chunk = chunk,
        .memory = head_len,
        .len = mf_encoder_len(enc),
        .copied_len = enc->buf.len,
    };
    queue->stats.memory += head_len;
    for (size_t i = 0; i < enc->splice_count; i++) {
        const struct mf_splice *splice = &enc->splices[i];
        struct body *body = body_get(queue, splice->object, splice->len, hold,
                                     &queue->stats.memory);
        if (!body) {
            message_drop(queue, message);
            return MF_ENOMEM;
        }
        message->parts[message->part_count++] =
            (struct part){body, splice->at, splice->data, splice->len};
    }
    if (enc->buf.len)
        memcpy(&message->parts[enc->splice_count], enc->buf.data, enc->buf.len);
    *ret_message = message;
    return 0;
}

/* Note what the message is an append to. */
static int bind_flow(struct mf_queue *queue, struct mf_message *message,
                     const struct mf_append *append, size_t held_len,
                     void (*hold)(void *object))
{
    size_t memory = 0;
    struct body *flow = body_get(queue, append->flow, 0, hold, &memory);
    if (!flow)
        return MF_ENOMEM;
    flow->event = append->event;
    flow->attempt = append->attempt;
    message->flow = flow;
    message->memory += held_len;
    queue->stats.memory += held_len;
    return 0;
}

static int push(struct mf_queue *queue, const struct mf_encoder *enc,
                void (*hold)(void *object), const struct mf_append *append)
{
    size_t head_len = sizeof(struct mf_message) +
                      enc->splice_count * sizeof(struct part) + enc->buf.len;
    size_t held_len = append ? append->len : 0;
    if (held_len > queue->max / 2)
        held_len = queue->max / 2;
    int rc = 0;
    pthread_mutex_lock(&queue->lock);
    if (queue->closed) {
        rc = MF_ECLOSED;
        goto out;
    }
    queue->stats.pushed++;
    size_t room;
    while (
        !has_room(queue, room = new_memory(queue, enc, head_len + held_len))) {
        if (room > queue->max || !give_up_one(queue)) {
            rc = MF_EFULL;
            queue->stats.given_up++;
            goto out;
        }
    }
    struct mf_message *message;
    rc = message_new(queue, enc, head_len, hold, &message);
    if (!rc && append && bind_flow(queue, message, append, held_len, hold)) {
        message_drop(queue, message);
        rc = MF_ENOMEM;
    }
    if (rc) {
        queue->stats.given_up++;
        goto out;
    }
    if (queue->last)
        queue->last->next = message;
    else
        queue->first = message;
    queue->last = message;
    queue->stats.waiting++;
out:
    pthread_mutex_unlock(&queue->lock);
    return rc;
}

int mf_queue_push(struct mf_queue *queue, const struct mf_encoder *enc,
                  void (*hold)(void *object))
{
    return push(queue, enc, hold, NULL);
}

int mf_queue_push_append(struct mf_queue *queue, const struct mf_encoder *enc,
                         void (*hold)(void *object),
                         const struct mf_append *append)
{
    return push(queue, enc, hold, append);
}

struct mf_message *mf_queue_next(struct mf_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    struct mf_message *before = queue->last_in_flight;
    struct mf_message *message = before ? before->next : queue->first;
    if (message) {
        queue->last_in_flight = message;
        queue->stats.waiting--;
        queue->stats.in_flight++;
    }
    pthread_mutex_unlock(&queue->lock);
    return message;
}

bool mf_message_is_append(const struct mf_message *message)
{
    return message->flow != NULL;
}

size_t mf_message_len(const struct mf_message *message)
{
    return message->len;
}

bool mf_message_piece(const struct mf_message *message, size_t index,
                      struct mf_piece *ret_piece)
{
    if (index > 2 * message->part_count)
        return false;
    size_t n = index / 2;
    if (index % 2) {
        *ret_piece =
            (struct mf_piece){message->parts[n].data, message->parts[n].len};
        return true;
    }
    const uint8_t *copied =
        (const uint8_t *)&message->parts[message->part_count];
    size_t from = n ? message->parts[n - 1].at : 0;
    size_t to =
        n < message->part_count ? message->parts[n].at : message->copied_len;
    *ret_piece = (struct mf_piece){copied + from, to - from};
    return true;
}

static void drop_first_in_flight(struct mf_queue *queue)
{
    struct mf_message *message = queue->first;
    assert(message && queue->stats.in_flight > 0);
    queue->first = message->next;
    if (queue->last == message)
        queue->last = NULL;
    if (queue->last_in_flight == message)
        queue->last_in_flight = NULL;
    queue->stats.in_flight--;
    message_drop(queue, message);
}

/* Drop the last in flight. */
static void unlink_last(struct mf_queue *queue)
{
    struct mf_message *message = queue->last_in_flight, *before = NULL;
    for (struct mf_message *m = queue->first; m != message; m = m->next)
        before = m;
    if (!before) {
        drop_first_in_flight(queue);
        return;
    }
    before->next = message->next;
    queue->last_in_flight = before;
    if (queue->last == message)
        queue->last = before;
    queue->stats.in_flight--;
    message_drop(queue, message);
}

/* ---- flows that are wanted whole ---- */

static void want(struct mf_queue *queue, struct body *flow)
{
    if (flow->was_wanted)
        return;
    flow->was_wanted = true;
    flow->messages++;
    flow->next_wanted = NULL;
    if (queue->last_wanted)
        queue->last_wanted->next_wanted = flow;
    else
        queue->wanted = flow;
    queue->last_wanted = flow;
    queue->stats.wanted++;
    queue->stats.wanted_total++;
}

static struct body *unlink_wanted(struct mf_queue *queue)
{
    struct body *flow = queue->wanted;
    if (!flow)
        return NULL;
    queue->wanted = flow->next_wanted;
    if (!queue->wanted)
        queue->last_wanted = NULL;
    queue->stats.wanted--;
    return flow;
}

bool mf_queue_take_wanted(struct mf_queue *queue, void (*hold)(void *object),
                          struct mf_append *ret_append)
{
    pthread_mutex_lock(&queue->lock);
    struct body *flow = unlink_wanted(queue);
    if (flow) {
        *ret_append = (struct mf_append){
            .flow = flow->object,
            .event = flow->event,
            .attempt = flow->attempt,
        };
        hold(flow->object);
        /* Appends from now on follow the whole flow: others than these. */
        struct body **slot = body_slot(queue, flow->object);
        if (*slot == flow)
            *slot = NULL;
        body_put(queue, flow);
    }
    pthread_mutex_unlock(&queue->lock);
    return flow != NULL;
}

void mf_queue_want_last(struct mf_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    struct mf_message *message = queue->last_in_flight;
    if (message && message->flow)
        want(queue, message->flow);
    if (message)
        unlink_last(queue);
    pthread_mutex_unlock(&queue->lock);
}

/* The id of the flow that the message is an append to; it stands before all
 * that is spliced. */
static bool read_flow_id(const struct mf_message *message,
                         const uint8_t **ret_id, size_t *ret_len)
{
    struct mf_cursor cursor = mf_cursor_make(
        &message->parts[message->part_count], message->copied_len);
    bool is_append =
        mf_cursor_varint(&cursor) == (APPEND_FIELD << 3 | MF_WIRE_LEN);
    mf_cursor_varint(&cursor);
    bool has_id =
        mf_cursor_varint(&cursor) == (FLOW_ID_FIELD << 3 | MF_WIRE_LEN);
    uint64_t len = mf_cursor_varint(&cursor);
    *ret_id = mf_cursor_bytes(&cursor, len);
    *ret_len = (size_t)len;
    return is_append && has_id && !cursor.error;
}

static void want_if_missing(struct mf_queue *queue,
                            const struct mf_message *message,
                            mf_queue_is_missing *is_missing, const void *user)
{
    const uint8_t *id;
    size_t len;
    if (message->flow && read_flow_id(message, &id, &len) &&
        is_missing(user, id, len))
        want(queue, message->flow);
}

void mf_queue_ack(struct mf_queue *queue, size_t count,
                  mf_queue_is_missing *is_missing, const void *user)
{
    pthread_mutex_lock(&queue->lock);
    for (size_t i = 0; i < count && queue->stats.in_flight; i++) {
        if (is_missing)
            want_if_missing(queue, queue->first, is_missing, user);
        drop_first_in_flight(queue);
        queue->stats.acked++;
    }
    pthread_mutex_unlock(&queue->lock);
}

void mf_queue_requeue(struct mf_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->stats.waiting += queue->stats.in_flight;
    queue->stats.in_flight = 0;
    queue->last_in_flight = NULL;
    pthread_mutex_unlock(&queue->lock);
}

void mf_queue_give_up(struct mf_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    if (queue->stats.in_flight) {
        drop_first_in_flight(queue);
        queue->stats.given_up++;
    }
    pthread_mutex_unlock(&queue->lock);
}

void mf_queue_give_up_last(struct mf_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    if (queue->last_in_flight) {
        unlink_last(queue);
        queue->stats.given_up++;
    }
    pthread_mutex_unlock(&queue->lock);
}

void mf_queue_close(struct mf_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    queue->stats.given_up += queue->stats.in_flight;
    while (queue->stats.in_flight)
        drop_first_in_flight(queue);
    while (give_up_one(queue))
        ;
    struct body *flow;
    while ((flow = unlink_wanted(queue))) {
        queue->stats.given_up++;
        body_put(queue, flow);
    }
    pthread_mutex_unlock(&queue->lock);
}

bool mf_queue_has_waiting(const struct mf_queue *queue)
{
    struct mf_queue_stats stats;
    mf_queue_get_stats((struct mf_queue *)queue, &stats);
    return stats.waiting > 0;
}

bool mf_queue_is_empty(const struct mf_queue *queue)
{
    struct mf_queue_stats stats;
    mf_queue_get_stats((struct mf_queue *)queue, &stats);
    return stats.waiting + stats.in_flight + stats.wanted == 0;
}

void mf_queue_get_stats(struct mf_queue *queue,
                        struct mf_queue_stats *ret_stats)
{
    pthread_mutex_lock(&queue->lock);
    *ret_stats = queue->stats;
    pthread_mutex_unlock(&queue->lock);
}
