#include "store/front_impl.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "store/sql.h"

enum { FIRST_BUCKETS = 1024 };

/* Snapshots of live flows that are held for parts: of one, and of all. */
#define HELD_FLOW_MAX_LEN ((size_t)1 << 20)
#define HELD_MAX_LEN ((size_t)16 << 20)

/* ---- texts ---- */

void mf_text_unref(struct mf_text *text)
{
    if (text &&
        atomic_fetch_sub_explicit(&text->refs, 1, memory_order_acq_rel) == 1)
        free(text);
}

struct mf_text *mf_front__text(struct mf_front *front, const char *text)
{
    size_t len = strlen(text);
    uint32_t hash = 0;
    for (size_t i = 0; i < len; i++)
        hash = hash * 31 + (uint8_t)text[i];
    struct mf_text **slot = &front->texts[hash % MF_TEXT_SLOTS];
    if (!*slot || (*slot)->len != len ||
        memcmp((*slot)->text, text, len) != 0) {
        struct mf_text *made = malloc(sizeof *made + len + 1);
        if (!made)
            return NULL;
        atomic_init(&made->refs, 1);
        made->len = len;
        memcpy(made->text, text, len + 1);
        mf_text_unref(*slot);
        *slot = made;
    }
    atomic_fetch_add_explicit(&(*slot)->refs, 1, memory_order_relaxed);
    return *slot;
}

/* ---- tables ---- */

/* Of a key or number. Numbers come one after another: they spread by
 * themselves. */
static struct mf_entry **bucket_of(const struct mf_table *table, uint64_t value)
{
    return &table->buckets[value & (table->bucket_count - 1)];
}

static uint64_t value_of(const struct mf_entry *entry, enum mf_table_kind kind)
{
    return kind == MF_BY_KEY ? entry->key : entry->number;
}

struct mf_entry *mf_front__by_number(const struct mf_front *front,
                                     uint64_t number)
{
    struct mf_entry *entry = *bucket_of(&front->tables[MF_BY_NUMBER], number);
    while (entry && entry->number != number)
        entry = entry->next[MF_BY_NUMBER];
    return entry;
}

static bool has_key(const struct mf_entry *entry, uint64_t key,
                    const char *source, struct mf_span id)
{
    return entry->key == key && entry->id_len == id.len &&
           memcmp(entry->id, id.text, id.len) == 0 &&
           strcmp(entry->source->text, source) == 0;
}

struct mf_entry *mf_front__by_key(const struct mf_front *front, uint64_t key,
                                  const char *source, struct mf_span id)
{
    struct mf_entry *entry = *bucket_of(&front->tables[MF_BY_KEY], key);
    while (entry && !has_key(entry, key, source, id))
        entry = entry->next[MF_BY_KEY];
    return entry;
}

static void chain(struct mf_table *table, enum mf_table_kind kind,
                  struct mf_entry *entry)
{
    struct mf_entry **bucket = bucket_of(table, value_of(entry, kind));
    entry->next[kind] = *bucket;
    *bucket = entry;
}

/* Twice the buckets; if memory is out, chains get longer. */
static void grow(struct mf_table *table, enum mf_table_kind kind)
{
    const struct mf_table old = *table;
    struct mf_entry **buckets =
        calloc(2 * old.bucket_count, sizeof(struct mf_entry *));
    if (!buckets)
        return;
    table->buckets = buckets;
    table->bucket_count *= 2;
    for (size_t i = 0; i < old.bucket_count; i++) {
        struct mf_entry *next;
        for (struct mf_entry *entry = old.buckets[i]; entry; entry = next) {
            next = entry->next[kind];
            chain(table, kind, entry);
        }
    }
    free(old.buckets);
}

static void add_to_table(struct mf_front *front, enum mf_table_kind kind,
                         struct mf_entry *entry)
{
    struct mf_table *table = &front->tables[kind];
    if (++table->count > table->bucket_count)
        grow(table, kind);
    chain(table, kind, entry);
}

/* Fine for one that is not in it. */
static void remove_from_table(struct mf_front *front, enum mf_table_kind kind,
                              const struct mf_entry *entry)
{
    struct mf_table *table = &front->tables[kind];
    struct mf_entry **link = bucket_of(table, value_of(entry, kind));
    while (*link && *link != entry)
        link = &(*link)->next[kind];
    if (!*link)
        return;
    *link = entry->next[kind];
    table->count--;
}

struct mf_entry *mf_front__add(struct mf_front *front, uint64_t number,
                               uint64_t key, struct mf_span id)
{
    struct mf_entry *entry = malloc(sizeof *entry + id.len);
    if (!entry)
        return NULL;
    *entry = (struct mf_entry){.number = number, .key = key, .id_len = id.len};
    memcpy(entry->id, id.text, id.len);
    add_to_table(front, MF_BY_NUMBER, entry);
    add_to_table(front, MF_BY_KEY, entry);
    return entry;
}

void mf_front__forget_key(struct mf_front *front, struct mf_entry *entry)
{
    remove_from_table(front, MF_BY_KEY, entry);
}

static size_t held_len(const struct mf_flow *flow)
{
    size_t len;
    mf_flow_snapshot(flow, &len);
    return len;
}

void mf_front__hold(struct mf_front *front, struct mf_entry *entry,
                    struct mf_flow *flow)
{
    if (entry->held)
        front->held_bytes -= held_len(entry->held);
    mf_flow_unref(entry->held);
    entry->held = NULL;
    if (!flow || held_len(flow) > HELD_FLOW_MAX_LEN)
        return;
    entry->held = mf_flow_ref(flow);
    front->held_bytes += held_len(flow);
}

static void free_entry(struct mf_entry *entry)
{
    mf_text_unref(entry->source);
    mf_text_unref(entry->session);
    mf_text_unref(entry->note);
    mf_flow_unref(entry->flow);
    mf_flow_unref(entry->held);
    mf_growth_free(entry->growth);
    free(entry);
}

void mf_front__remove(struct mf_front *front, struct mf_entry *entry)
{
    mf_front__to_list(front, entry, MF_ENTRY_NOWHERE);
    mf_front__hold(front, entry, NULL);
    mf_front__forget_key(front, entry);
    remove_from_table(front, MF_BY_NUMBER, entry);
    free_entry(entry);
}

/* ---- lists ---- */

static struct mf_entry_ring *ring_of(struct mf_front *front,
                                     enum mf_entry_list list)
{
    return list == MF_ENTRY_DIRTY ? &front->dirty : &front->idle;
}

void mf_front__to_list(struct mf_front *front, struct mf_entry *entry,
                       enum mf_entry_list list)
{
    if (entry->list != MF_ENTRY_NOWHERE) {
        struct mf_entry_ring *ring = ring_of(front, entry->list);
        *(entry->before ? &entry->before->after : &ring->first) = entry->after;
        *(entry->after ? &entry->after->before : &ring->last) = entry->before;
        ring->count--;
    }
    entry->list = list;
    if (list == MF_ENTRY_NOWHERE)
        return;
    struct mf_entry_ring *ring = ring_of(front, list);
    entry->after = NULL;
    entry->before = ring->last;
    *(ring->last ? &ring->last->after : &ring->first) = entry;
    ring->last = entry;
    ring->count++;
}

void mf_front__file(struct mf_front *front, struct mf_entry *entry)
{
    if (entry->list == MF_ENTRY_DIRTY || entry->is_in_flight)
        return;
    if (entry->is_deleted || entry->state != MF_FLOW_LIVE) {
        mf_front__remove(front, entry);
        return;
    }
    mf_front__to_list(front, entry, MF_ENTRY_IDLE);
    while (front->idle.count > front->opts.live_count ||
           (front->idle.count && front->held_bytes > HELD_MAX_LEN))
        mf_front__remove(front, front->idle.first);
}

/* ---- life ---- */

static int init_sync(struct mf_front *front)
{
    pthread_condattr_t attr;
    if (pthread_mutex_init(&front->mutex, NULL))
        return MF_ENOMEM;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&front->work, &attr);
    pthread_cond_init(&front->settled, &attr);
    pthread_condattr_destroy(&attr);
    return 0;
}

static int init_tables(struct mf_front *front)
{
    for (size_t i = 0; i < MF_TABLES; i++) {
        struct mf_table *table = &front->tables[i];
        table->bucket_count = FIRST_BUCKETS;
        table->buckets = calloc(FIRST_BUCKETS, sizeof(struct mf_entry *));
        if (!table->buckets)
            return MF_ENOMEM;
    }
    front->keys = mf_keys_new();
    return front->keys ? 0 : MF_ENOMEM;
}

int mf_front_new(const struct mf_front_opts *opts, struct mf_front **ret_front,
                 struct mf_err *err)
{
    struct mf_front *front = calloc(1, sizeof *front);
    if (!front || init_sync(front)) {
        free(front);
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    }
    front->opts = *opts;
    front->last_number = opts->last_number;
    front->last_change = opts->last_change;
    front->flow_count = opts->flow_count;
    front->pinned_count = opts->pinned_count;
    front->evicted_count = opts->evicted_count;
    atomic_init(&front->durable, opts->last_change);
    mf_ops_init(&front->ops);
    mf_asides_init(&front->asides);
    mf_buf_init(&front->scratch, SIZE_MAX);
    int rc = init_tables(front);
    if (rc)
        mf_err_set(err, rc, "out of memory");
    else
        rc = mf_front__load_keys(front, err);
    if (!rc)
        rc = mf_front__load_losses(front, err);
    if (rc) {
        mf_front_free(front);
        return rc;
    }
    *ret_front = front;
    return 0;
}

static void free_changes(struct mf_front *front)
{
    for (size_t i = 0; i < front->change_count; i++)
        mf_record_unref(
            front->changes[(front->change_first + i) & (front->change_cap - 1)]
                .record);
    free(front->changes);
}

void mf_front_free(struct mf_front *front)
{
    if (!front)
        return;
    const struct mf_table *numbers = &front->tables[MF_BY_NUMBER];
    for (size_t i = 0; numbers->buckets && i < numbers->bucket_count; i++) {
        struct mf_entry *next;
        for (struct mf_entry *entry = numbers->buckets[i]; entry;
             entry = next) {
            next = entry->next[MF_BY_NUMBER];
            free_entry(entry);
        }
    }
    for (struct mf_op *op; (op = mf_ops_pop(&front->ops));)
        mf_op_free(op);
    free_changes(front);
    mf_front__free_asides(front);
    for (size_t i = 0; i < MF_TEXT_SLOTS; i++)
        mf_text_unref(front->texts[i]);
    for (size_t i = 0; i < MF_TABLES; i++)
        free(front->tables[i].buckets);
    mf_keys_free(front->keys);
    free(front->growing);
    free(front->ended);
    mf_buf_release(&front->scratch);
    mf_sql_finalize(&front->row_stmt, 1);
    sqlite3_close(front->db);
    pthread_cond_destroy(&front->work);
    pthread_cond_destroy(&front->settled);
    pthread_mutex_destroy(&front->mutex);
    free(front);
}

void mf_front_stats(const struct mf_front *front,
                    struct mf_store_stats *ret_stats)
{
    pthread_mutex_lock((pthread_mutex_t *)&front->mutex);
    *ret_stats = (struct mf_store_stats){
        .head = front->last_change,
        .flow_count = front->flow_count,
        .pinned_count = front->pinned_count,
        .evicted_count = front->evicted_count,
        .bytes = front->bytes,
    };
    pthread_mutex_unlock((pthread_mutex_t *)&front->mutex);
}

size_t mf_front_backlog(const struct mf_front *front)
{
    return atomic_load_explicit(&front->backlog, memory_order_relaxed);
}

uint64_t mf_front_head(struct mf_front *front)
{
    pthread_mutex_lock(&front->mutex);
    uint64_t head = front->last_change;
    pthread_mutex_unlock(&front->mutex);
    return head;
}

/* ---- waiting ---- */

/* With the mutex: wait until `mono_ns` or a signal; false: time is up. */
static bool wait_until(struct mf_front *front, pthread_cond_t *cond,
                       int64_t mono_ns)
{
    struct timespec until = {.tv_sec = mono_ns / MF_NS_PER_S,
                             .tv_nsec = mono_ns % MF_NS_PER_S};
    return pthread_cond_timedwait(cond, &front->mutex, &until) != ETIMEDOUT;
}

/* Tickets up to here are durable. */
static uint64_t durable_ticket(const struct mf_front *front)
{
    uint64_t ticket = front->ticket;
    if (front->dirty.first && front->dirty.first->first_ticket <= ticket)
        ticket = front->dirty.first->first_ticket - 1;
    if (front->ended_count && front->ended_ticket <= ticket)
        ticket = front->ended_ticket - 1;
    if (front->asides.first && front->aside_ticket <= ticket)
        ticket = front->aside_ticket - 1;
    for (const struct mf_op *op = front->ops.first; op; op = op->next)
        if (op->ticket) {
            if (op->ticket <= ticket)
                ticket = op->ticket - 1;
            break;
        }
    return ticket;
}

static bool has_tickets(const struct mf_front *front)
{
    return durable_ticket(front) > front->told_ticket;
}

static bool is_ripe(const struct mf_front *front, int64_t gather_ns)
{
    return front->dirty_since_ns &&
           (front->is_closing ||
            front->dirty_bytes >= front->opts.batch_bytes ||
            mf_clock_mono_ns() >= front->dirty_since_ns + gather_ns);
}

void mf_front_wait(struct mf_front *front, int64_t gather_ns, int64_t until_ns,
                   struct mf_front_work *ret_work)
{
    pthread_mutex_lock(&front->mutex);
    while (until_ns && !front->dirty_since_ns && !front->ops.first &&
           !front->is_closing && !has_tickets(front) &&
           wait_until(front, &front->work, until_ns))
        ;
    while (until_ns && front->dirty_since_ns && !is_ripe(front, gather_ns))
        wait_until(front, &front->work, front->dirty_since_ns + gather_ns);
    *ret_work = (struct mf_front_work){
        .is_closing = front->is_closing,
        .has_dirty = is_ripe(front, gather_ns),
        .has_ops = front->ops.first != NULL,
        .has_tickets = has_tickets(front),
    };
    pthread_mutex_unlock(&front->mutex);
}

bool mf_front_pause(struct mf_front *front, int64_t pause_ns)
{
    int64_t until_ns = mf_clock_mono_ns() + pause_ns;
    pthread_mutex_lock(&front->mutex);
    while (!front->is_closing && wait_until(front, &front->work, until_ns))
        ;
    bool is_closing = front->is_closing;
    pthread_mutex_unlock(&front->mutex);
    return is_closing;
}

void mf_front_close(struct mf_front *front)
{
    pthread_mutex_lock(&front->mutex);
    front->is_closing = true;
    pthread_cond_signal(&front->work);
    pthread_cond_broadcast(&front->settled);
    pthread_mutex_unlock(&front->mutex);
}

void mf_front_set_failing(struct mf_front *front, int rc)
{
    pthread_mutex_lock(&front->mutex);
    front->failing = rc;
    if (rc)
        pthread_cond_broadcast(&front->settled);
    pthread_mutex_unlock(&front->mutex);
}

uint64_t mf_front_tell(struct mf_front *front)
{
    pthread_mutex_lock(&front->mutex);
    uint64_t ticket = front->told_ticket = durable_ticket(front);
    pthread_mutex_unlock(&front->mutex);
    return ticket;
}

void mf_front_ask(struct mf_front *front, struct mf_op *op,
                  uint64_t *ret_ticket)
{
    pthread_mutex_lock(&front->mutex);
    if (op->kind == MF_OP_CUT_OFF)
        op->ticket = ++front->ticket;
    if (ret_ticket)
        *ret_ticket = op->ticket;
    op->number_max = front->last_number;
    op->change = front->last_change;
    mf_ops_push(&front->ops, op);
    pthread_cond_signal(&front->work);
    pthread_mutex_unlock(&front->mutex);
}

struct mf_op *mf_front_first_op(struct mf_front *front)
{
    pthread_mutex_lock(&front->mutex);
    struct mf_op *op = front->ops.first;
    pthread_mutex_unlock(&front->mutex);
    return op;
}

void mf_front_pop_op(struct mf_front *front)
{
    pthread_mutex_lock(&front->mutex);
    mf_ops_pop(&front->ops);
    pthread_mutex_unlock(&front->mutex);
}

/* ---- readers ---- */

bool mf_front_is_durable(const struct mf_front *front, uint64_t change)
{
    return change <=
           atomic_load_explicit(&front->durable, memory_order_acquire);
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

size_t mf_front_find_numbers(struct mf_front *front, struct mf_span id,
                             uint64_t *numbers, size_t max)
{
    uint64_t key = mf_key_hash(front->opts.key_seed, id);
    pthread_mutex_lock(&front->mutex);
    size_t count = mf_keys_find(front->keys, key, numbers, max);
    pthread_mutex_unlock(&front->mutex);
    qsort(numbers, count < max ? count : max, sizeof *numbers, compare_numbers);
    return count;
}

int mf_front_settle(struct mf_front *front, uint64_t number)
{
    int rc = 0;
    pthread_mutex_lock(&front->mutex);
    const struct mf_entry *entry =
        number ? mf_front__by_number(front, number) : NULL;
    uint64_t change = number ? 0 : front->last_change;
    if (entry && (entry->list == MF_ENTRY_DIRTY || entry->is_in_flight))
        change = entry->change;
    while (!mf_front_is_durable(front, change) && !rc) {
        if (front->failing || front->is_closing)
            rc = MF_EIO;
        else
            pthread_cond_wait(&front->settled, &front->mutex);
    }
    pthread_mutex_unlock(&front->mutex);
    return rc;
}
