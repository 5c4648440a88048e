/* What is dirty goes to a commit, and comes back clean. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "store/front_impl.h"

/* Versions taken, or told of, with the mutex held. */
enum { AT_ONCE = 256 };

static struct mf_text *ref_text(struct mf_text *text)
{
    if (text)
        atomic_fetch_add_explicit(&text->refs, 1, memory_order_relaxed);
    return text;
}

static struct mf_gain *take_gain(struct mf_growth *growth)
{
    struct mf_gain *gain = malloc(sizeof *gain);
    if (!gain)
        return NULL;
    *gain = (struct mf_gain){
        .replaces = growth->replaces,
        .is_cut = growth->head_count < growth->count,
        .head_count = growth->head_count,
        .first = growth->first,
        .count = growth->pending,
        .messages = growth->messages,
        .fields = growth->fields,
        .meta = growth->meta,
        .message_count = growth->count,
        .digest = growth->digest,
        .client_bytes = growth->client_bytes,
        .server_bytes = growth->server_bytes,
        .duration_ms = growth->duration_ms,
    };
    growth->replaces = false;
    growth->pending = 0;
    mf_buf_init(&growth->messages, SIZE_MAX);
    mf_buf_init(&growth->fields, SIZE_MAX);
    mf_buf_init(&growth->meta, SIZE_MAX);
    return gain;
}

static int take_entry(struct mf_front *front, struct mf_entry *entry,
                      struct mf_version *version)
{
    struct mf_gain *gain = NULL;
    if (entry->growth && !(gain = take_gain(entry->growth)))
        return MF_ENOMEM;
    *version = (struct mf_version){
        .entry = entry,
        .number = entry->number,
        .change = entry->change,
        .key = entry->key,
        .arrived_ns = entry->arrived_ns,
        .id = {entry->id, entry->id_len},
        .source = ref_text(entry->source),
        .session = ref_text(entry->session),
        .note = ref_text(entry->note),
        .flow = entry->flow,
        .type = (enum mf_flow_type)entry->type,
        .state = (enum mf_flow_state)entry->state,
        .pinned = entry->pinned,
        .was_pinned = entry->was_pinned,
        .is_new = entry->is_new,
        .is_deleted = entry->is_deleted,
        .is_evicted = entry->is_evicted,
        .forgets = entry->forgets,
        .growing = entry->growing,
        .gain = gain,
        .bytes = entry->bytes,
    };
    front->dirty_bytes -= entry->bytes;
    entry->flow = NULL;
    entry->bytes = 0;
    entry->is_in_flight = true;
    entry->is_new = false;
    entry->was_pinned = entry->pinned;
    mf_front__to_list(front, entry, MF_ENTRY_NOWHERE);
    return 0;
}

static struct mf_version *room_for_one(struct mf_taken *taken)
{
    struct mf_version *versions = mf_array_grow(taken->versions, taken->count,
                                                &taken->cap, sizeof *versions);
    if (!versions)
        return NULL;
    taken->versions = versions;
    return &versions[taken->count];
}

/* Under the mutex: at most AT_ONCE. False: there is no more to take. */
static bool take_some(struct mf_front *front, size_t *bytes,
                      struct mf_taken *taken, int *rc)
{
    for (size_t i = 0; i < AT_ONCE; i++) {
        struct mf_entry *entry = front->dirty.first;
        /* One that was taken, and changed since, is for the next commit. */
        if (!entry || entry->is_in_flight ||
            (taken->count && entry->bytes > *bytes))
            return false;
        struct mf_version *version = room_for_one(taken);
        *rc = version ? take_entry(front, entry, version) : MF_ENOMEM;
        if (*rc)
            return false;
        taken->count++;
        *bytes -= version->bytes < *bytes ? version->bytes : *bytes;
        if (version->change > taken->top_change)
            taken->top_change = version->change;
        if (version->number > taken->last_number)
            taken->last_number = version->number;
    }
    return true;
}

static void take_asides(struct mf_front *front, struct mf_taken *taken)
{
    taken->asides.first = front->asides.first;
    taken->asides.bytes = front->asides.bytes;
    front->dirty_bytes -= front->asides.bytes;
    mf_asides_init(&front->asides);
}

int mf_front_take(struct mf_front *front, size_t bytes,
                  struct mf_taken *ret_taken)
{
    struct mf_taken taken = {0};
    bool more = true;
    int rc = 0;
    while (more) {
        pthread_mutex_lock(&front->mutex);
        more = take_some(front, &bytes, &taken, &rc);
        if (!more && (taken.count || !rc)) {
            const struct mf_entry *next = front->dirty.first;
            taken.last_change =
                next ? next->first_change - 1 : front->last_change;
            front->dirty_since_ns = next ? mf_clock_mono_ns() : 0;
            taken.ended = front->ended;
            taken.ended_count = front->ended_count;
            front->ended = NULL;
            front->ended_count = front->ended_cap = 0;
            take_asides(front, &taken);
        }
        pthread_mutex_unlock(&front->mutex);
    }
    /* What was taken before memory ran out is enough for a commit. */
    if (rc && !taken.count) {
        free(taken.versions);
        return rc;
    }
    *ret_taken = taken;
    return 0;
}

static void free_gain(struct mf_gain *gain)
{
    if (!gain)
        return;
    mf_buf_release(&gain->messages);
    mf_buf_release(&gain->fields);
    mf_buf_release(&gain->meta);
    free(gain);
}

static void free_version(struct mf_version *version)
{
    mf_text_unref(version->source);
    mf_text_unref(version->session);
    mf_text_unref(version->note);
    mf_flow_unref(version->flow);
    free_gain(version->gain);
}

static void free_taken(struct mf_front *front, struct mf_taken *taken)
{
    for (size_t i = 0; i < taken->count;) {
        size_t end = taken->count - i > AT_ONCE ? i + AT_ONCE : taken->count;
        size_t first = i;
        for (; i < end; i++) {
            atomic_fetch_sub_explicit(&front->backlog, taken->versions[i].bytes,
                                      memory_order_relaxed);
            free_version(&taken->versions[i]);
        }
        pthread_mutex_lock(&front->mutex);
        for (size_t at = first; at < end; at++) {
            struct mf_entry *entry = taken->versions[at].entry;
            entry->is_in_flight = false;
            mf_front__file(front, entry);
        }
        pthread_mutex_unlock(&front->mutex);
    }
    atomic_fetch_sub_explicit(&front->backlog, taken->asides.bytes,
                              memory_order_relaxed);
    mf_asides_release(&taken->asides);
    free(taken->versions);
    free(taken->ended);
    *taken = (struct mf_taken){0};
}

void mf_front_committed(struct mf_front *front, struct mf_taken *taken,
                        uint64_t bytes)
{
    uint64_t last_change = taken->last_change;
    free_taken(front, taken);
    pthread_mutex_lock(&front->mutex);
    atomic_store_explicit(&front->durable, last_change, memory_order_release);
    front->bytes = bytes;
    pthread_cond_broadcast(&front->settled);
    pthread_mutex_unlock(&front->mutex);
}

void mf_front_dropped(struct mf_front *front, struct mf_taken *taken)
{
    free_taken(front, taken);
}
