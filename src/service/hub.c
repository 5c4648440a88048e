#include "service/hub.h"

#include <assert.h>
#include <stdlib.h>

enum { SLOTS = 8192 };
#define HELD_MAX_LEN (64u << 20)

struct mf_hub {
    struct mf_change slots[SLOTS]; /* change n is in slot n % SLOTS */
    uint64_t head;
    uint64_t count; /* the last `count` changes up to head are held */
    size_t held_len;
    uint64_t flow_count;
    struct mf_subscriber *first;
    struct mf_subscriber *upcoming; /* next to be called, in publish */
};

struct mf_hub *mf_hub_new(uint64_t head, uint64_t flow_count)
{
    struct mf_hub *hub = calloc(1, sizeof *hub);
    if (!hub)
        return NULL;
    hub->head = head;
    hub->flow_count = flow_count;
    return hub;
}

/* What a change holds in memory, nearly. */
static size_t change_len(const struct mf_change *change)
{
    size_t summary_len, snapshot_len = 0;
    if (!change->record)
        return 0;
    mf_record_summary(change->record, &summary_len);
    const struct mf_flow *flow = mf_record_flow(change->record);
    if (flow)
        mf_flow_snapshot(flow, &snapshot_len);
    return summary_len + snapshot_len;
}

static void drop_oldest(struct mf_hub *hub)
{
    struct mf_change *oldest =
        &hub->slots[(hub->head - hub->count + 1) % SLOTS];
    hub->held_len -= change_len(oldest);
    mf_record_unref(oldest->record);
    oldest->record = NULL;
    hub->count--;
}

void mf_hub_free(struct mf_hub *hub)
{
    if (!hub)
        return;
    assert(!hub->first);
    while (hub->count)
        drop_oldest(hub);
    free(hub);
}

static void append(struct mf_hub *hub, const struct mf_change *change)
{
    if (change->change <= hub->head)
        return; /* was in the store before the hub began */
    assert(change->change == hub->head + 1);
    if (hub->count == SLOTS)
        drop_oldest(hub);
    hub->slots[change->change % SLOTS] = *change;
    if (change->record)
        mf_record_ref(change->record);
    hub->head++;
    hub->count++;
    hub->held_len += change_len(change);
    while (hub->count > 1 && hub->held_len > HELD_MAX_LEN)
        drop_oldest(hub);
}

void mf_hub_publish(struct mf_hub *hub, const struct mf_change *changes,
                    size_t count, uint64_t flow_count)
{
    for (size_t i = 0; i < count; i++)
        append(hub, &changes[i]);
    hub->flow_count = flow_count;
    struct mf_subscriber *subscriber = hub->first;
    for (; subscriber; subscriber = hub->upcoming) {
        hub->upcoming = subscriber->next;
        subscriber->on_change(subscriber);
    }
}

uint64_t mf_hub_head(const struct mf_hub *hub)
{
    return hub->head;
}

uint64_t mf_hub_flow_count(const struct mf_hub *hub)
{
    return hub->flow_count;
}

const struct mf_change *mf_hub_change(const struct mf_hub *hub, uint64_t number)
{
    if (number > hub->head || hub->head - number >= hub->count)
        return NULL;
    return &hub->slots[number % SLOTS];
}

void mf_hub_subscribe(struct mf_hub *hub, struct mf_subscriber *subscriber)
{
    subscriber->next = hub->first;
    subscriber->link = &hub->first;
    if (hub->first)
        hub->first->link = &subscriber->next;
    hub->first = subscriber;
}

void mf_hub_unsubscribe(struct mf_hub *hub, struct mf_subscriber *subscriber)
{
    if (!subscriber->link)
        return;
    if (hub->upcoming == subscriber)
        hub->upcoming = subscriber->next;
    *subscriber->link = subscriber->next;
    if (subscriber->next)
        subscriber->next->link = subscriber->link;
    subscriber->link = NULL;
}
