#include "exporter/queue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "exporter/redact/redact.h"

enum {
    CHUNK_LEN = 256 * 1024,
    SPARE_CHUNKS = 4,
    ALIGN = 16,
};

/* Messages are laid into chunks one after the other; a chunk is used again
 * when all its messages have gone. */
struct mf_chunk {
    struct mf_chunk *next; /* while spare */
    size_t cap;
    size_t used;
    size_t messages;
    _Alignas(ALIGN) uint8_t bytes[];
};

struct objects {
    void **items;
    size_t count, cap;
};

struct mf_queue {
    pthread_mutex_t lock;
    size_t max;
    bool closed;
    struct mf_message *first, *last;
    struct mf_chunk *current; /* where messages are laid now */
    struct mf_chunk *spare;
    size_t spare_count;
    /* Objects to be released. There is always room for all that are out, so
     * that giving one back cannot fail. */
    struct objects dead;
    size_t out;
    atomic_bool has_dead;
    struct mf_wanted *wanted; /* in order */
    size_t wanted_cap;
    bool is_telling; /* what was taken of them */
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

static void free_chunks(struct mf_chunk *chunk)
{
    while (chunk) {
        struct mf_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void mf_queue_free(struct mf_queue *queue)
{
    if (!queue)
        return;
    mf_queue_close(queue);
    free_chunks(queue->spare);
    free(queue->current);
    free(queue->dead.items);
    free(queue->wanted);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

/* ---- chunks ---- */

static void chunk_recycle(struct mf_queue *queue, struct mf_chunk *chunk)
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

static struct mf_chunk *chunk_new(size_t cap)
{
    struct mf_chunk *chunk = malloc(sizeof *chunk + cap);
    if (chunk)
        *chunk = (struct mf_chunk){.cap = cap};
    return chunk;
}

/* Room for `len` bytes; the chunk counts the message. */
static void *chunk_take(struct mf_queue *queue, size_t len,
                        struct mf_chunk **ret_chunk)
{
    struct mf_chunk *chunk = queue->current;
    len = (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (len > CHUNK_LEN) {
        chunk = chunk_new(len);
        if (!chunk)
            return NULL;
    } else if (!chunk || chunk->cap - chunk->used < len) {
        struct mf_chunk *fresh = queue->spare;
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

/* ---- objects ---- */

/* Make room on the dead list for `count` more. */
static int reserve(struct mf_queue *queue, size_t count)
{
    struct objects *dead = &queue->dead;
    size_t needed = queue->out + dead->count + count;
    if (needed <= dead->cap)
        return 0;
    size_t cap = dead->cap ? dead->cap * 2 : 256;
    while (cap < needed)
        cap *= 2;
    void **items = realloc(dead->items, cap * sizeof *items);
    if (!items)
        return MF_ENOMEM;
    dead->items = items;
    dead->cap = cap;
    return 0;
}

static void bury(struct mf_queue *queue, void *object)
{
    queue->dead.items[queue->dead.count++] = object;
    queue->out--;
    atomic_store(&queue->has_dead, true);
}

void mf_queue_let_go(struct mf_queue *queue, void *object)
{
    pthread_mutex_lock(&queue->lock);
    bury(queue, object);
    pthread_mutex_unlock(&queue->lock);
}

void *mf_queue_take_dead(struct mf_queue *queue)
{
    if (!atomic_load(&queue->has_dead))
        return NULL;
    pthread_mutex_lock(&queue->lock);
    struct objects *dead = &queue->dead;
    void *object = dead->count ? dead->items[--dead->count] : NULL;
    if (!dead->count)
        atomic_store(&queue->has_dead, false);
    pthread_mutex_unlock(&queue->lock);
    return object;
}

bool mf_queue_has_dead(const struct mf_queue *queue)
{
    return atomic_load(&queue->has_dead);
}

/* ---- messages ---- */

static int message_new(struct mf_queue *queue, const struct mf_encoder *enc,
                       struct mf_message **ret_message)
{
    size_t splices_len = enc->splice_count * sizeof(struct mf_splice);
    size_t head_len = sizeof(struct mf_message) + splices_len + enc->buf.len;
    struct mf_chunk *chunk;
    struct mf_message *message = chunk_take(queue, head_len, &chunk);
    if (!message)
        return MF_ENOMEM;
    struct mf_splice *splices = (struct mf_splice *)(message + 1);
    uint8_t *bytes = (uint8_t *)splices + splices_len;
    *message = (struct mf_message){
        .body = {bytes, enc->buf.len, splices, enc->splice_count},
        .chunk = chunk,
        .memory = head_len + enc->spliced_len,
    };
    if (splices_len)
        memcpy(splices, enc->splices, splices_len);
    if (enc->buf.len)
        memcpy(bytes, enc->buf.data, enc->buf.len);
    *ret_message = message;
    return 0;
}

static bool has_room(const struct mf_queue *queue, const struct mf_encoder *enc)
{
    size_t room = sizeof(struct mf_message) + mf_encoder_len(enc);
    return queue->stats.memory <= queue->max &&
           room <= queue->max - queue->stats.memory;
}

static void append(struct mf_queue *queue, struct mf_message *message)
{
    queue->stats.memory += message->memory;
    if (queue->last)
        queue->last->next = message;
    else
        queue->first = message;
    queue->last = message;
}

static int push(struct mf_queue *queue, const struct mf_encoder *enc,
                const struct mf_label *label, void *flow, unsigned attempt)
{
    struct mf_message *message;
    size_t objects = enc->splice_count + (flow != NULL);
    if (queue->closed)
        return MF_ECLOSED;
    queue->stats.pushed++;
    if (!has_room(queue, enc))
        return MF_EFULL;
    int rc = reserve(queue, objects);
    if (!rc)
        rc = message_new(queue, enc, &message);
    if (rc)
        return rc;
    message->label = *label;
    message->flow = flow;
    message->attempt = attempt;
    queue->out += objects;
    append(queue, message);
    return 0;
}

int mf_queue_push_rules(struct mf_queue *queue, struct mf_redactor *rules)
{
    const struct mf_encoder nothing = {0};
    struct mf_message *message;
    pthread_mutex_lock(&queue->lock);
    int rc =
        queue->closed ? MF_ECLOSED : message_new(queue, &nothing, &message);
    if (!rc) {
        message->label.kind = MF_KIND_RULES;
        message->rules = rules;
        append(queue, message);
    }
    pthread_mutex_unlock(&queue->lock);
    return rc;
}

int mf_queue_push(struct mf_queue *queue, const struct mf_encoder *enc,
                  const struct mf_label *label, void *flow, unsigned attempt)
{
    pthread_mutex_lock(&queue->lock);
    int rc = push(queue, enc, label, flow, attempt);
    if (rc && rc != MF_ECLOSED)
        queue->stats.refused++;
    pthread_mutex_unlock(&queue->lock);
    return rc;
}

struct mf_message *mf_queue_take(struct mf_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    struct mf_message *first = queue->first;
    queue->first = queue->last = NULL;
    pthread_mutex_unlock(&queue->lock);
    return first;
}

bool mf_queue_has_messages(const struct mf_queue *queue)
{
    struct mf_queue *q = (struct mf_queue *)queue;
    pthread_mutex_lock(&q->lock);
    bool has_messages = q->first != NULL;
    pthread_mutex_unlock(&q->lock);
    return has_messages;
}

static void drop(struct mf_queue *queue, struct mf_message *message)
{
    struct mf_chunk *chunk = message->chunk;
    queue->stats.memory -= message->memory;
    if (--chunk->messages == 0)
        chunk_recycle(queue, chunk);
}

void mf_queue_release(struct mf_queue *queue, struct mf_message *message)
{
    pthread_mutex_lock(&queue->lock);
    drop(queue, message);
    pthread_mutex_unlock(&queue->lock);
}

void mf_queue_hold(struct mf_queue *queue, int64_t len)
{
    pthread_mutex_lock(&queue->lock);
    queue->stats.memory += (size_t)len;
    pthread_mutex_unlock(&queue->lock);
}

/* ---- flows that are wanted whole ---- */

void mf_queue_want(struct mf_queue *queue, struct mf_wanted *wanted)
{
    pthread_mutex_lock(&queue->lock);
    struct mf_wanted *more =
        queue->closed ? NULL
                      : mf_array_grow(queue->wanted, queue->stats.wanted,
                                      &queue->wanted_cap, sizeof *more);
    if (more) {
        queue->wanted = more;
        more[queue->stats.wanted++] = *wanted;
        queue->stats.wanted_total++;
    } else {
        bury(queue, wanted->flow);
    }
    pthread_mutex_unlock(&queue->lock);
}

bool mf_queue_take_wanted(struct mf_queue *queue, struct mf_wanted *ret_wanted)
{
    pthread_mutex_lock(&queue->lock);
    size_t count = queue->stats.wanted;
    if (count) {
        *ret_wanted = queue->wanted[0];
        memmove(queue->wanted, queue->wanted + 1,
                (count - 1) * sizeof *queue->wanted);
        queue->stats.wanted--;
        queue->out--; /* the caller's now */
        queue->is_telling = true;
    }
    pthread_mutex_unlock(&queue->lock);
    return count > 0;
}

void mf_queue_wanted_told(struct mf_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->is_telling = false;
    pthread_mutex_unlock(&queue->lock);
}

/* ---- the end ---- */

void mf_queue_close(struct mf_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    for (struct mf_message *m = queue->first, *next; m; m = next) {
        next = m->next;
        for (size_t i = 0; i < m->body.splice_count; i++)
            bury(queue, m->body.splices[i].object);
        if (m->flow)
            bury(queue, m->flow);
        mf_redactor_free(m->rules);
        queue->stats.refused += m->label.kind != MF_KIND_RULES;
        drop(queue, m);
    }
    queue->first = queue->last = NULL;
    for (size_t i = 0; i < queue->stats.wanted; i++)
        bury(queue, queue->wanted[i].flow);
    queue->stats.refused += queue->stats.wanted;
    queue->stats.wanted = 0;
    pthread_mutex_unlock(&queue->lock);
}

bool mf_queue_is_empty(const struct mf_queue *queue)
{
    struct mf_queue *q = (struct mf_queue *)queue;
    pthread_mutex_lock(&q->lock);
    bool is_empty = !q->first && !q->stats.wanted && !q->is_telling;
    pthread_mutex_unlock(&q->lock);
    return is_empty;
}

size_t mf_queue_max(const struct mf_queue *queue)
{
    return queue->max;
}

void mf_queue_get_stats(const struct mf_queue *queue,
                        struct mf_queue_stats *ret_stats)
{
    struct mf_queue *q = (struct mf_queue *)queue;
    pthread_mutex_lock(&q->lock);
    *ret_stats = q->stats;
    pthread_mutex_unlock(&q->lock);
}
