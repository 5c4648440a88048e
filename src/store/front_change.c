/* Changes: their numbers, their queue, and what is dirty. */
#include <stdlib.h>

#include "base/clock.h"
#include "store/front_impl.h"

enum { FIRST_CHANGES = 1024 };

int mf_front__reserve_change(struct mf_front *front)
{
    if (front->change_count < front->change_cap)
        return 0;
    size_t cap = front->change_cap ? 2 * front->change_cap : FIRST_CHANGES;
    struct mf_change *changes = malloc(cap * sizeof *changes);
    if (!changes)
        return MF_ENOMEM;
    for (size_t i = 0; i < front->change_count; i++)
        changes[i] =
            front->changes[(front->change_first + i) & (front->change_cap - 1)];
    free(front->changes);
    front->changes = changes;
    front->change_cap = cap;
    front->change_first = 0;
    return 0;
}

/* Takes the reference. */
static bool queue_change(struct mf_front *front, const struct mf_change *change)
{
    if (!front->opts.on_changes) {
        mf_record_unref(change->record);
        return false;
    }
    size_t at =
        (front->change_first + front->change_count) & (front->change_cap - 1);
    front->changes[at] = *change;
    front->change_count++;
    bool signals = !front->has_signalled;
    front->has_signalled = true;
    return signals;
}

static void make_dirty(struct mf_front *front, struct mf_entry *entry)
{
    if (entry->list == MF_ENTRY_DIRTY)
        return;
    entry->first_change = entry->change;
    entry->first_ticket = front->ticket;
    mf_front__to_list(front, entry, MF_ENTRY_DIRTY);
    mf_front__has_work(front);
}

void mf_front__has_work(struct mf_front *front)
{
    if (front->dirty_since_ns)
        return;
    front->dirty_since_ns = mf_clock_mono_ns();
    pthread_cond_signal(&front->work);
}

bool mf_front__changed(struct mf_front *front, struct mf_entry *entry,
                       struct mf_record *record, bool is_first)
{
    entry->change = ++front->last_change;
    make_dirty(front, entry);
    return queue_change(front, &(struct mf_change){
                                   .change = entry->change,
                                   .number = entry->number,
                                   .is_new = is_first,
                                   .is_evicted = entry->is_evicted,
                                   .record = record,
                               });
}

struct mf_record *mf_front__record(const struct mf_front *front,
                                   const struct mf_entry *entry,
                                   struct mf_flow *flow, const uint8_t *derived,
                                   size_t len)
{
    const struct mf_record_head head = {
        .number = entry->number,
        .change = front->last_change + 1,
        .pinned = entry->pinned,
        .state = (enum mf_flow_state)entry->state,
        .source = entry->source->text,
        .note = entry->note->text,
    };
    return mf_record_new(&head, flow, derived, len);
}

size_t mf_front_take_changes(struct mf_front *front, struct mf_change *changes,
                             size_t max)
{
    size_t count = 0;
    pthread_mutex_lock(&front->mutex);
    front->has_signalled = false;
    while (count < max && front->change_count) {
        changes[count++] = front->changes[front->change_first];
        front->change_first =
            (front->change_first + 1) & (front->change_cap - 1);
        front->change_count--;
    }
    pthread_mutex_unlock(&front->mutex);
    return count;
}
