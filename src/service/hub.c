#include "service/hub.h"

#include <assert.h>
#include <stdlib.h>

#include "pb/wire.h"
#include "service/must.h"

enum {
    SLOTS = 8192,
    PAGE_CHANGES = 128,
    PAGE_MIN_CAP = 4096,
    WATCH_FLOWS = 2, /* fields of WatchFlowsResponse */
    WATCH_GONE = 3,
};
/* Of each part. */
#define HELD_MAX_LEN ((size_t)8 << 20)

/* Encoded changes from `first` on. */
struct page {
    struct page *older, *newer;
    uint64_t first;
    size_t count;
    size_t ends[PAGE_CHANGES]; /* in `bytes` */
    struct mf_buf bytes;
};

struct mf_hub {
    uint64_t head;
    size_t subscribers[MF_HUB_PARTS];

    struct mf_change *slots; /* change n is in slot n % SLOTS; or NULL */
    uint64_t slot_count;     /* the last so many up to head are held */
    size_t slots_len;

    struct page *oldest, *newest;
    size_t pages_len;

    struct mf_subscriber *first;
    struct mf_subscriber *upcoming; /* next to be called, in tell */
};

struct mf_hub *mf_hub_new(uint64_t head)
{
    struct mf_hub *hub = calloc(1, sizeof *hub);
    if (hub)
        hub->head = head;
    return hub;
}

uint64_t mf_hub_head(const struct mf_hub *hub)
{
    return hub->head;
}

/* ---- records ---- */

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

static void drop_slot(struct mf_hub *hub)
{
    struct mf_change *oldest =
        &hub->slots[(hub->head - hub->slot_count + 1) % SLOTS];
    hub->slots_len -= change_len(oldest);
    mf_record_unref(oldest->record);
    oldest->record = NULL;
    hub->slot_count--;
}

static void drop_slots(struct mf_hub *hub)
{
    while (hub->slot_count)
        drop_slot(hub);
    free(hub->slots);
    hub->slots = NULL;
}

/* `change` is the head's; takes its reference. */
static void hold_record(struct mf_hub *hub, const struct mf_change *change)
{
    if (!hub->slots)
        mf_must((hub->slots = calloc(SLOTS, sizeof *hub->slots)) != NULL);
    hub->slots[change->change % SLOTS] = *change;
    hub->slot_count++;
    hub->slots_len += change_len(change);
    while (hub->slot_count > 1 &&
           (hub->slots_len > HELD_MAX_LEN || hub->slot_count == SLOTS))
        drop_slot(hub);
}

const struct mf_change *mf_hub_change(const struct mf_hub *hub, uint64_t number)
{
    if (number > hub->head || hub->head - number >= hub->slot_count)
        return NULL;
    return &hub->slots[number % SLOTS];
}

/* ---- summaries ---- */

static size_t page_len(const struct page *page)
{
    return sizeof *page + page->bytes.cap;
}

static void drop_page(struct mf_hub *hub)
{
    struct page *page = hub->oldest;
    hub->pages_len -= page_len(page);
    hub->oldest = page->newer;
    if (hub->oldest)
        hub->oldest->older = NULL;
    else
        hub->newest = NULL;
    mf_buf_release(&page->bytes);
    free(page);
}

static void drop_pages(struct mf_hub *hub)
{
    while (hub->oldest)
        drop_page(hub);
}

/* The page that takes the next change. NULL: out of memory. */
static struct page *open_page(struct mf_hub *hub)
{
    struct page *newest = hub->newest;
    if (newest && newest->count < PAGE_CHANGES)
        return newest;
    struct page *page = malloc(sizeof *page);
    if (!page)
        return NULL;
    page->older = newest;
    page->newer = NULL;
    page->first = hub->head;
    page->count = 0;
    mf_buf_init(&page->bytes, SIZE_MAX);
    if (newest)
        newest->newer = page;
    else
        hub->oldest = page;
    hub->newest = page;
    hub->pages_len += page_len(page);
    return page;
}

static int encode(const struct mf_change *change, struct mf_buf *out)
{
    if (change->record) {
        size_t len;
        const uint8_t *summary = mf_record_summary(change->record, &len);
        return mf_wire_put_bytes(out, WATCH_FLOWS, summary, len);
    }
    /* Of what was never told nothing is told. */
    return change->is_new ? 0
                          : mf_wire_put_varint(out, WATCH_GONE, change->number);
}

/* `change` is the head's. Without the memory nothing is held: the store has
 * it soon. */
static void hold_summary(struct mf_hub *hub, const struct mf_change *change)
{
    struct page *page = open_page(hub);
    size_t before = page ? page_len(page) : 0;
    if (!page || mf_buf_reserve(&page->bytes, PAGE_MIN_CAP) ||
        encode(change, &page->bytes)) {
        drop_pages(hub);
        return;
    }
    page->ends[page->count++] = page->bytes.len;
    hub->pages_len += page_len(page) - before;
    while (hub->oldest != hub->newest && hub->pages_len > HELD_MAX_LEN)
        drop_page(hub);
}

/* The page that holds `number`, which is not past the head; or NULL. */
static const struct page *find_page(const struct mf_hub *hub, uint64_t number)
{
    if (!hub->oldest || number < hub->oldest->first)
        return NULL;
    /* Who keeps up asks for the newest. */
    const struct page *page = hub->newest;
    while (page->first > number)
        page = page->older;
    return page;
}

static size_t page_at(const struct page *page, size_t index)
{
    return index ? page->ends[index - 1] : 0;
}

/* Append changes of `page` from `index` on; returns how many, or MF_E*. */
static int put_page(const struct page *page, size_t index, size_t max_len,
                    size_t max_count, struct mf_buf *out)
{
    size_t begin = page_at(page, index), end = index;
    do
        end++;
    while (end < page->count && end - index < max_count &&
           page->ends[end] - begin <= max_len);
    int rc = mf_buf_append(out, page->bytes.data + begin,
                           page->ends[end - 1] - begin);
    return rc ? rc : (int)(end - index);
}

int mf_hub_put(const struct mf_hub *hub, uint64_t after, size_t max_len,
               size_t max_count, struct mf_buf *out, uint64_t *ret_last)
{
    const struct page *page =
        after < hub->head ? find_page(hub, after + 1) : NULL;
    if (!page)
        return MF_ENOENT;
    uint64_t next = after + 1;
    size_t start = out->len;
    while (page && next - after - 1 < max_count && out->len - start < max_len) {
        int count = put_page(page, (size_t)(next - page->first),
                             max_len - (out->len - start),
                             max_count - (size_t)(next - after - 1), out);
        if (count < 0)
            return count;
        next += (uint64_t)count;
        if (next < page->first + page->count)
            break;
        page = page->newer;
    }
    *ret_last = next - 1;
    return 0;
}

/* ---- taking and telling ---- */

void mf_hub_take(struct mf_hub *hub, const struct mf_change *changes,
                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct mf_change *change = &changes[i];
        if (change->change <= hub->head) { /* older than the hub */
            mf_record_unref(change->record);
            continue;
        }
        assert(change->change == hub->head + 1);
        hub->head++;
        if (hub->subscribers[MF_HUB_SUMMARIES])
            hold_summary(hub, change);
        if (hub->subscribers[MF_HUB_RECORDS])
            hold_record(hub, change);
        else
            mf_record_unref(change->record);
    }
}

void mf_hub_tell(struct mf_hub *hub)
{
    struct mf_subscriber *subscriber = hub->first;
    for (; subscriber; subscriber = hub->upcoming) {
        hub->upcoming = subscriber->next;
        subscriber->on_change(subscriber);
    }
}

void mf_hub_subscribe(struct mf_hub *hub, struct mf_subscriber *subscriber)
{
    hub->subscribers[subscriber->part]++;
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
    if (--hub->subscribers[subscriber->part])
        return;
    if (subscriber->part == MF_HUB_RECORDS)
        drop_slots(hub);
    else
        drop_pages(hub);
}

void mf_hub_free(struct mf_hub *hub)
{
    if (!hub)
        return;
    assert(!hub->first);
    drop_slots(hub);
    drop_pages(hub);
    free(hub);
}
