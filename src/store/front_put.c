/* Snapshots and appended messages, as they come. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "flow/lookup.h"
#include "flow/messages.h"
#include "flow/summary.h"
#include "store/front_impl.h"

enum {
    /* What a write takes in memory beside its bytes. */
    OVERHEAD = 1024,
};

/* A write that is about to take effect. Set up in steps that can fail, then
 * taken over at once. */
struct write {
    struct mf_front *front;
    struct mf_entry *entry;
    bool is_first; /* the entry is made for it */
    struct mf_text *session;
    struct mf_growth *growth; /* new; NULL: as it is */
    struct mf_growth_plan plan;
    bool has_plan;
    struct mf_buf derived;
    struct mf_record *record;
};

/* ---- common ---- */

/* True if the flow was deleted while it was live: its words are dropped. */
static bool drop_growing(struct mf_front *front, const char *source,
                         struct mf_span id, enum mf_flow_state state)
{
    if (!front->growing_count)
        return false;
    uint64_t whole_key = mf_front__whole_key(front, source, id);
    if (!mf_front__is_growing(front, whole_key))
        return false;
    if (state != MF_FLOW_LIVE)
        mf_front__end_growing(front, whole_key);
    return true;
}

static void add_bytes(struct mf_front *front, struct mf_entry *entry,
                      size_t bytes)
{
    size_t before = front->dirty_bytes;
    entry->bytes += bytes;
    front->dirty_bytes += bytes;
    atomic_fetch_add_explicit(&front->backlog, bytes, memory_order_relaxed);
    if (before < front->opts.batch_bytes &&
        front->dirty_bytes >= front->opts.batch_bytes)
        pthread_cond_signal(&front->work);
}

static void remove_bytes(struct mf_front *front, struct mf_entry *entry,
                         size_t bytes)
{
    entry->bytes -= bytes;
    front->dirty_bytes -= bytes;
    atomic_fetch_sub_explicit(&front->backlog, bytes, memory_order_relaxed);
}

static void set_text(struct mf_text **text, struct mf_text *value)
{
    mf_text_unref(*text);
    *text = value;
}

/* The write does not take place. */
static void undo(struct write *write)
{
    mf_text_unref(write->session);
    mf_growth_free(write->growth);
    if (write->has_plan)
        mf_buf_release(&write->plan.messages);
    mf_buf_release(&write->derived);
    mf_record_unref(write->record);
    if (write->is_first && write->entry) {
        mf_keys_remove(write->front->keys, write->entry->key,
                       write->entry->number);
        mf_front__remove(write->front, write->entry);
    } else if (write->entry) {
        mf_front__file(write->front, write->entry);
    }
}

static size_t snapshot_len(const struct mf_flow *flow)
{
    size_t len;
    mf_flow_snapshot(flow, &len);
    return len;
}

/* ---- whole snapshots ---- */

static int add_entry(struct write *write, uint64_t key, const char *source,
                     struct mf_span id)
{
    struct mf_front *front = write->front;
    uint64_t number = front->last_number + 1;
    struct mf_entry *entry = mf_front__add(front, number, key, id);
    if (!entry)
        return MF_ENOMEM;
    write->entry = entry;
    write->is_first = true;
    entry->is_new = true;
    entry->arrived_ns = mf_clock_wall_ns();
    entry->source = mf_front__text(front, source);
    entry->session = mf_front__text(front, "");
    entry->note = mf_front__text(front, "");
    if (!entry->source || !entry->session || !entry->note)
        return MF_ENOMEM;
    return mf_keys_add(front->keys, key, number);
}

/* What `flow` does to the messages of the entry, where that matters. */
static int plan_growth(struct write *write, struct mf_flow *flow)
{
    struct mf_growth *growth = write->entry->growth;
    if (!mf_flow_may_grow(flow) && !growth)
        return 0;
    if (!growth && !(growth = write->growth = mf_growth_new()))
        return MF_ENOMEM;
    int rc = mf_growth_plan(growth, flow, &write->plan);
    write->has_plan = !rc;
    return rc;
}

static int derive(struct write *write, struct mf_flow *flow)
{
    struct mf_front *front = write->front;
    struct mf_buf *scratch = &front->scratch;
    mf_buf_clear(scratch);
    int rc = mf_flow_put_summary(flow, scratch);
    if (rc)
        return rc;
    if (write->has_plan &&
        (rc = mf_buf_append(&write->derived, scratch->data, scratch->len)))
        return rc;
    struct mf_entry *entry = write->entry;
    uint8_t state = entry->state;
    entry->state = (uint8_t)mf_flow_state(flow);
    write->record =
        mf_front__record(front, entry, flow, scratch->data, scratch->len);
    entry->state = state;
    return write->record ? 0 : MF_ENOMEM;
}

static void grow_by_flow(struct write *write, struct mf_flow *flow)
{
    struct mf_entry *entry = write->entry;
    if (!write->has_plan)
        return;
    if (write->growth) {
        entry->growth = write->growth;
        write->growth = NULL;
    }
    struct mf_growth *growth = entry->growth;
    size_t before = growth->messages.len;
    mf_growth_apply(growth, &write->plan);
    write->has_plan = false;
    if (growth->messages.len > before)
        add_bytes(write->front, entry, growth->messages.len - before);
    struct mf_flow_sizes sizes = mf_flow_sizes(flow);
    growth->client_bytes = sizes.client_bytes;
    growth->server_bytes = sizes.server_bytes;
    growth->duration_ms = mf_flow_duration_ms(flow);
    growth->start_ns = mf_flow_start_ns(flow);
    free(growth->derived);
    growth->derived = mf_buf_take(&write->derived, &growth->derived_len);
}

static bool take_over(struct write *write, struct mf_flow *flow)
{
    struct mf_front *front = write->front;
    struct mf_entry *entry = write->entry;
    if (write->is_first) {
        front->last_number++;
        front->flow_count++;
    }
    entry->type = (uint8_t)mf_flow_type(flow);
    entry->state = (uint8_t)mf_flow_state(flow);
    set_text(&entry->session, write->session);
    write->session = NULL;
    if (entry->flow)
        remove_bytes(front, entry, snapshot_len(entry->flow) + OVERHEAD);
    mf_flow_unref(entry->flow);
    entry->flow = mf_flow_ref(flow);
    add_bytes(front, entry, snapshot_len(flow) + OVERHEAD);
    grow_by_flow(write, flow);
    bool is_held = entry->state == MF_FLOW_LIVE &&
                   (!entry->growth || entry->growth->count == 0);
    mf_front__hold(front, entry, is_held ? flow : NULL);
    struct mf_record *record = write->record;
    write->record = NULL;
    return mf_front__changed(front, entry, record, write->is_first);
}

/* Under the mutex. */
static int put(struct write *write, uint64_t key, struct mf_flow *flow,
               const char *source, const char *session, bool *ret_signals)
{
    struct mf_front *front = write->front;
    int rc = mf_front__reserve_change(front);
    if (!rc)
        rc =
            mf_front__find(front, key, source, mf_flow_id(flow), &write->entry);
    /* What cannot be read is not there. */
    if (rc == MF_ENOENT || rc == MF_ECORRUPT) {
        write->entry = NULL;
        rc = add_entry(write, key, source, mf_flow_id(flow));
    }
    if (!rc && !(write->session = mf_front__text(front, session)))
        rc = MF_ENOMEM;
    if (!rc)
        rc = plan_growth(write, flow);
    if (!rc)
        rc = derive(write, flow);
    if (rc) {
        undo(write);
        return rc;
    }
    *ret_signals = take_over(write, flow);
    return 0;
}

/* Whether anything is taken at all. */
int mf_front__admit(const struct mf_front *front)
{
    if (front->is_closing)
        return MF_ECLOSED;
    return front->failing == MF_EFULL ? MF_EFULL : 0;
}

static int leave(struct mf_front *front, int rc, bool signals,
                 uint64_t *ret_ticket)
{
    if (!rc && ret_ticket)
        *ret_ticket = front->ticket;
    /* Nothing to commit: the writer tells the ticket all the same. */
    if (!rc && !front->dirty_since_ns)
        pthread_cond_signal(&front->work);
    pthread_mutex_unlock(&front->mutex);
    if (signals)
        front->opts.on_changes(front->opts.user);
    return rc;
}

int mf_front_put(struct mf_front *front, struct mf_flow *flow,
                 const char *source, const char *session, uint64_t *ret_ticket)
{
    struct mf_span id = mf_flow_id(flow);
    uint64_t key = mf_key_hash(front->opts.key_seed, id);
    struct write write = {.front = front};
    bool signals = false;
    mf_buf_init(&write.derived, SIZE_MAX);
    pthread_mutex_lock(&front->mutex);
    int rc = mf_front__admit(front);
    if (!rc) {
        front->ticket++;
        if (!drop_growing(front, source, id, mf_flow_state(flow)))
            rc = put(&write, key, flow, source, session, &signals);
    }
    return leave(front, rc, signals, ret_ticket);
}

struct mf_flow *mf_front_held(struct mf_front *front, const char *source,
                              struct mf_span id)
{
    uint64_t key = mf_key_hash(front->opts.key_seed, id);
    pthread_mutex_lock(&front->mutex);
    const struct mf_entry *entry = mf_front__by_key(front, key, source, id);
    struct mf_flow *held = entry && !entry->is_deleted && entry->held
                               ? mf_flow_ref(entry->held)
                               : NULL;
    pthread_mutex_unlock(&front->mutex);
    return held;
}

/* ---- appended messages ---- */

/* What an append brings that is not there yet. */
struct news {
    struct mf_buf messages; /* as fields */
    uint64_t count;
    uint64_t client_bytes;
    uint64_t server_bytes;
    uint64_t digest;
    enum mf_flow_state state;
};

/* Leave out the first `skip` messages, which are there. */
static int pick_news(const struct mf_append *append, uint64_t skip,
                     const struct mf_growth *growth, struct news *news)
{
    struct mf_messages_walk walk;
    uint64_t index = 0;
    int rc = 0;
    news->digest = growth->digest;
    bool knows_digest = growth->digest || growth->count == 0;
    mf_messages_walk_fields(append->type, append->messages.data,
                            append->messages.len, &walk);
    while (!rc && mf_messages_next(&walk)) {
        bool from_client;
        size_t len;
        if (index++ < skip)
            continue;
        mf_message_read(walk.message, &from_client, &len);
        news->count++;
        *(from_client ? &news->client_bytes : &news->server_bytes) += len;
        if (knows_digest)
            news->digest = mf_message_digest(news->digest,
                                             (const uint8_t *)walk.message.text,
                                             walk.message.len);
        rc = mf_message_put(append->type, walk.message, &news->messages);
    }
    return rc;
}

/* 1: there is something new, 0: there is not, or an error. */
static int look_at(const struct mf_entry *entry, const struct mf_append *append,
                   struct news *news)
{
    const struct mf_growth *growth = entry->growth;
    if (!growth || (append->type && append->type != entry->type) ||
        append->first_index > growth->count)
        return MF_ENOENT;
    uint64_t skip = growth->count - append->first_index;
    int rc = pick_news(append, skip, growth, news);
    if (rc)
        return rc;
    news->state = entry->state == MF_FLOW_ENDED ? MF_FLOW_ENDED : append->state;
    /* A repeat does not bring a flow that was cut off back to life. */
    return news->count ||
           (news->state == MF_FLOW_ENDED && entry->state != MF_FLOW_ENDED);
}

static double duration_of(const struct mf_growth *growth,
                          const struct mf_append *append)
{
    if (append->duration_ms > 0)
        return append->duration_ms;
    if (!append->last_ns || !growth->start_ns)
        return growth->duration_ms;
    double duration_ms =
        ((double)append->last_ns - (double)growth->start_ns) / MF_NS_PER_MS;
    return duration_ms > growth->duration_ms ? duration_ms
                                             : growth->duration_ms;
}

/* All that can fail of it. */
static int prepare_append(struct write *write, const struct mf_append *append,
                          const struct news *news, const char *session)
{
    struct mf_front *front = write->front;
    struct mf_entry *entry = write->entry;
    struct mf_growth *growth = entry->growth;
    const struct mf_summary_growth grown = {
        .client_bytes = growth->client_bytes + news->client_bytes,
        .server_bytes = growth->server_bytes + news->server_bytes,
        .message_count = growth->count + news->count,
        .duration_ms = duration_of(growth, append),
        .error = append->error,
    };
    int rc = mf_summary_grow(growth->derived, growth->derived_len, &grown,
                             &write->derived);
    if (!rc && !(write->session = mf_front__text(front, session)))
        rc = MF_ENOMEM;
    if (!rc)
        rc = mf_buf_reserve(&growth->messages, news->messages.len);
    if (!rc)
        rc = mf_buf_reserve(&growth->fields, append->fields.len);
    if (!rc)
        rc = mf_buf_reserve(&growth->meta, append->meta.len);
    if (rc)
        return rc;
    uint8_t state = entry->state;
    entry->state = (uint8_t)news->state;
    write->record = mf_front__record(front, entry, NULL, write->derived.data,
                                     write->derived.len);
    entry->state = state;
    return write->record ? 0 : MF_ENOMEM;
}

static void grow_by_append(struct write *write, const struct mf_append *append,
                           struct news *news)
{
    struct mf_growth *growth = write->entry->growth;
    if (news->count && !growth->messages.len) {
        growth->first = growth->count;
        growth->pending = 0;
    }
    if (news->count && !growth->has_pieces) {
        growth->has_pieces = true;
        growth->head_count = growth->count;
    }
    mf_buf_append(&growth->messages, news->messages.data, news->messages.len);
    growth->pending += news->count;
    mf_buf_append(&growth->fields, append->fields.data, append->fields.len);
    mf_buf_append(&growth->meta, append->meta.data, append->meta.len);
    growth->duration_ms = duration_of(growth, append);
    growth->count += news->count;
    growth->digest = news->digest;
    mf_front__hold(write->front, write->entry, NULL);
    growth->client_bytes += news->client_bytes;
    growth->server_bytes += news->server_bytes;
    free(growth->derived);
    growth->derived = mf_buf_take(&write->derived, &growth->derived_len);
}

/* Under the mutex. */
static int append_news(struct write *write, const struct mf_append *append,
                       struct news *news, const char *session,
                       bool *ret_signals)
{
    struct mf_entry *entry = write->entry;
    int rc = mf_front__reserve_change(write->front);
    if (!rc)
        rc = prepare_append(write, append, news, session);
    if (rc)
        return rc;
    add_bytes(write->front, entry,
              news->messages.len + append->fields.len + OVERHEAD);
    grow_by_append(write, append, news);
    entry->state = (uint8_t)news->state;
    set_text(&entry->session, write->session);
    write->session = NULL;
    struct mf_record *record = write->record;
    write->record = NULL;
    *ret_signals = mf_front__changed(write->front, entry, record, false);
    return 0;
}

static int append(struct write *write, uint64_t key,
                  const struct mf_append *append, const char *source,
                  const char *session, bool *ret_signals)
{
    struct news news = {0};
    mf_buf_init(&news.messages, SIZE_MAX);
    int rc = mf_front__find(write->front, key, source, append->flow_id,
                            &write->entry);
    if (rc)
        return rc;
    rc = look_at(write->entry, append, &news);
    if (rc == 1)
        rc = append_news(write, append, &news, session, ret_signals);
    mf_buf_release(&news.messages);
    undo(write); /* what was not taken over */
    return rc;
}

int mf_front_append(struct mf_front *front, const struct mf_append *what,
                    const char *source, const char *session,
                    uint64_t *ret_ticket)
{
    uint64_t key = mf_key_hash(front->opts.key_seed, what->flow_id);
    struct write write = {.front = front};
    bool signals = false;
    mf_buf_init(&write.derived, SIZE_MAX);
    pthread_mutex_lock(&front->mutex);
    int rc = mf_front__admit(front);
    if (!rc) {
        front->ticket++;
        if (!drop_growing(front, source, what->flow_id, what->state))
            rc = append(&write, key, what, source, session, &signals);
    }
    return leave(front, rc, signals, ret_ticket);
}
