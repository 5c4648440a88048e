/* Updates, deletions, evictions and cut-offs, on the writer thread. */
#include <stdlib.h>
#include <string.h>

#include "store/front_impl.h"

static void signal_changes(struct mf_front *front, bool signals)
{
    if (signals)
        front->opts.on_changes(front->opts.user);
}

/* ---- which flow ---- */

/* Whether flow `number` is there and has this id. */
static int has_id(struct mf_front *front, uint64_t number, struct mf_span id,
                  bool *ret_has)
{
    struct mf_entry *entry;
    int rc = mf_front__load(front, number, &entry);
    *ret_has = !rc && entry->id_len == id.len &&
               memcmp(entry->id, id.text, id.len) == 0;
    if (!rc && entry->list == MF_ENTRY_NOWHERE)
        mf_front__file(front, entry);
    return rc == MF_ENOENT || rc == MF_ECORRUPT ? 0 : rc;
}

int mf_front_number_of(struct mf_front *front, const struct mf_flow_ref *ref,
                       uint64_t *ret_number)
{
    enum { CANDIDATES_MAX = 256 };
    uint64_t numbers[CANDIDATES_MAX];
    *ret_number = ref->number;
    if (ref->number)
        return 0;
    size_t count =
        mf_front_find_numbers(front, ref->id, numbers, CANDIDATES_MAX);
    if (count > CANDIDATES_MAX)
        count = CANDIDATES_MAX;
    bool has = false;
    int rc = 0;
    pthread_mutex_lock(&front->mutex);
    for (size_t i = 0; !rc && !has && i < count; i++) {
        rc = has_id(front, numbers[i], ref->id, &has);
        *ret_number = numbers[i];
    }
    pthread_mutex_unlock(&front->mutex);
    return rc ? rc : has ? 0 : MF_ENOENT;
}

/* ---- changes without a snapshot ---- */

/* The entry's record at the next change, from what is known of it. */
static int make_record(struct mf_front *front, struct mf_entry *entry,
                       struct mf_record **ret_record)
{
    const struct mf_growth *growth = entry->growth;
    struct mf_buf derived;
    int rc = 0;
    mf_buf_init(&derived, SIZE_MAX);
    if (growth && growth->derived)
        rc = mf_buf_append(&derived, growth->derived, growth->derived_len);
    else if (entry->flow)
        rc = mf_flow_put_summary(entry->flow, &derived);
    else
        rc = mf_front__derived(front, entry->number, &derived);
    if (!rc) {
        *ret_record =
            mf_front__record(front, entry, NULL, derived.data, derived.len);
        rc = *ret_record ? 0 : MF_ENOMEM;
    }
    mf_buf_release(&derived);
    return rc;
}

/* Under the mutex. The entry as it is stays if it fails. */
static int update(struct mf_front *front, struct mf_entry *entry,
                  const struct mf_op *op, struct mf_record **ret_record,
                  bool *ret_signals)
{
    bool pinned = op->sets_pinned ? op->pinned : entry->pinned;
    bool is_same = pinned == entry->pinned &&
                   (!op->note || strcmp(op->note, entry->note->text) == 0);
    struct mf_text *note =
        mf_front__text(front, op->note ? op->note : entry->note->text);
    struct mf_text *old_note = entry->note;
    bool was_pinned = entry->pinned;
    int rc = note ? mf_front__reserve_change(front) : MF_ENOMEM;
    if (!rc) {
        entry->note = note;
        entry->pinned = pinned;
        rc = make_record(front, entry, ret_record);
    }
    if (rc) {
        entry->note = old_note;
        entry->pinned = was_pinned;
        mf_text_unref(note);
        return rc;
    }
    mf_text_unref(old_note);
    if (is_same) {
        /* Its record would tell a change that is none. */
        mf_record_unref(*ret_record);
        *ret_record = NULL;
        front->last_change--;
        uint64_t last = front->last_change;
        front->last_change = entry->change - 1;
        rc = make_record(front, entry, ret_record);
        front->last_change = last + 1;
        return rc;
    }
    front->pinned_count += pinned - was_pinned;
    *ret_signals =
        mf_front__changed(front, entry, mf_record_ref(*ret_record), false);
    return 0;
}

int mf_front_update(struct mf_front *front, uint64_t number,
                    const struct mf_op *op, struct mf_record **ret_record)
{
    struct mf_entry *entry;
    bool signals = false;
    pthread_mutex_lock(&front->mutex);
    int rc = mf_front__load(front, number, &entry);
    if (!rc) {
        rc = update(front, entry, op, ret_record, &signals);
        if (entry->list == MF_ENTRY_NOWHERE)
            mf_front__file(front, entry);
    }
    pthread_mutex_unlock(&front->mutex);
    signal_changes(front, signals);
    return rc;
}

static int cut_off(struct mf_front *front, struct mf_entry *entry,
                   const char *session, bool *signals)
{
    if (entry->is_deleted || entry->state != MF_FLOW_LIVE ||
        strcmp(entry->session->text, session) != 0)
        return 0;
    struct mf_record *record;
    int rc = mf_front__reserve_change(front);
    entry->state = MF_FLOW_CUT_OFF;
    if (!rc)
        rc = make_record(front, entry, &record);
    if (rc)
        entry->state = MF_FLOW_LIVE;
    else
        *signals |= mf_front__changed(front, entry, record, false);
    return rc;
}

int mf_front_cut_off(struct mf_front *front, uint64_t number,
                     const char *session)
{
    struct mf_entry *entry;
    bool signals = false;
    pthread_mutex_lock(&front->mutex);
    int rc = mf_front__load(front, number, &entry);
    if (!rc) {
        rc = cut_off(front, entry, session, &signals);
        if (entry->list == MF_ENTRY_NOWHERE)
            mf_front__file(front, entry);
    }
    pthread_mutex_unlock(&front->mutex);
    signal_changes(front, signals);
    return rc == MF_ENOENT || rc == MF_ECORRUPT ? 0 : rc;
}

int mf_front_cut_off_some(struct mf_front *front, const char *session,
                          size_t limit, uint64_t *position, bool *ret_more)
{
    size_t at = (size_t)*position, seen = 0;
    bool signals = false;
    int rc = 0;
    pthread_mutex_lock(&front->mutex);
    const struct mf_table *numbers = &front->tables[MF_BY_NUMBER];
    for (; !rc && at < numbers->bucket_count && seen < limit; at++) {
        struct mf_entry *entry = numbers->buckets[at];
        for (seen++; !rc && entry; entry = entry->next[MF_BY_NUMBER], seen++)
            rc = cut_off(front, entry, session, &signals);
    }
    *ret_more = at < numbers->bucket_count;
    *position = at;
    pthread_mutex_unlock(&front->mutex);
    signal_changes(front, signals);
    return rc;
}

/* ---- gone ---- */

/* Under the mutex; room for the change was made. */
static bool bury(struct mf_front *front, struct mf_entry *entry, bool evicted)
{
    entry->is_deleted = true;
    entry->is_evicted = evicted;
    mf_keys_remove(front->keys, entry->key, entry->number);
    mf_front__forget_key(front, entry);
    mf_flow_unref(entry->flow);
    entry->flow = NULL;
    mf_front__hold(front, entry, NULL);
    mf_growth_free(entry->growth);
    entry->growth = NULL;
    front->flow_count--;
    front->pinned_count -= entry->pinned;
    front->evicted_count += evicted;
    return mf_front__changed(front, entry, NULL, false);
}

int mf_front_delete(struct mf_front *front, uint64_t number, bool forgets)
{
    struct mf_entry *entry;
    bool signals = false;
    pthread_mutex_lock(&front->mutex);
    int rc = mf_front__load(front, number, &entry);
    if (!rc)
        rc = mf_front__reserve_change(front);
    /* Of a flow that was cut off more may come, too. */
    if (!rc && entry->state != MF_FLOW_ENDED) {
        uint64_t whole_key =
            mf_front__whole_key(front, entry->source->text,
                                (struct mf_span){entry->id, entry->id_len});
        rc = mf_front__add_growing(front, whole_key);
        if (!rc)
            entry->growing = whole_key;
    }
    if (!rc) {
        entry->forgets = forgets;
        signals = bury(front, entry, false);
    }
    pthread_mutex_unlock(&front->mutex);
    signal_changes(front, signals);
    return rc;
}

/* Under the mutex. False: memory is out. */
static bool evict(struct mf_front *front, const struct mf_eviction *flow,
                  size_t *count, bool *signals)
{
    struct mf_entry *entry = mf_front__by_number(front, flow->number);
    if (entry && (entry->pinned || entry->is_deleted))
        return true;
    if (mf_front__reserve_change(front))
        return false;
    if (!entry) {
        /* Its row is not needed: it says that the flow is not pinned. */
        entry = mf_front__add(front, flow->number, (uint64_t)flow->key,
                              (struct mf_span){"", 0});
        if (!entry)
            return false;
        entry->state = MF_FLOW_ENDED;
    }
    *signals |= bury(front, entry, true);
    ++*count;
    return true;
}

size_t mf_front_evict(struct mf_front *front, const struct mf_eviction *flows,
                      size_t count)
{
    enum { AT_ONCE = 256 };
    size_t evicted = 0;
    bool signals = false, has_memory = true;
    for (size_t i = 0; has_memory && i < count;) {
        size_t end = count - i > AT_ONCE ? i + AT_ONCE : count;
        pthread_mutex_lock(&front->mutex);
        for (; has_memory && i < end; i++)
            has_memory = evict(front, &flows[i], &evicted, &signals);
        pthread_mutex_unlock(&front->mutex);
    }
    signal_changes(front, signals);
    return evicted;
}

bool mf_front_holds(struct mf_front *front, uint64_t number)
{
    pthread_mutex_lock(&front->mutex);
    const struct mf_entry *entry = mf_front__by_number(front, number);
    bool holds =
        entry && (entry->list == MF_ENTRY_DIRTY || entry->is_in_flight);
    pthread_mutex_unlock(&front->mutex);
    return holds;
}
