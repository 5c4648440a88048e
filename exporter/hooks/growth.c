#include "exporter/hooks/growth.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "exporter/label.h"

enum { FLOWS_MAX = 65536, BUCKETS = 1024, SLAB_ENTRIES = 32 };
#define INTERVAL_MIN_NS ((int64_t)100 * MF_NS_PER_MS)

struct entry {
    struct entry *next; /* in its bucket, or spare */
    size_t id_len;
    char id[MF_FLOW_ID_CAP];
    size_t count;
    size_t told; /* of them, by snapshots and appends */
    size_t sent_count;
    uint64_t bytes, sent_bytes;
    size_t sent_len; /* of the last snapshot */
    int64_t sent_ns;
    int64_t told_ns; /* the last snapshot or append */
    bool is_there;   /* the server was sent a snapshot to append to */
    bool is_wanted;  /* and has not got it */
};

struct slab {
    struct slab *next;
    struct entry entries[SLAB_ENTRIES];
};

/* Entries are used again: none comes from the heap once there are enough. */
struct mf_growth {
    bool appends;
    struct entry *buckets[BUCKETS];
    struct entry *spare;
    struct slab *slabs;
    size_t count;
};

struct mf_growth *mf_growth_new(void)
{
    return calloc(1, sizeof(struct mf_growth));
}

void mf_growth_free(struct mf_growth *growth)
{
    if (!growth)
        return;
    while (growth->slabs) {
        struct slab *next = growth->slabs->next;
        free(growth->slabs);
        growth->slabs = next;
    }
    free(growth);
}

/* The link to the entry of a flow, or to NULL. Ids are mitmproxy's own, so
 * nobody prepares them. */
static struct entry **find(const struct mf_growth *growth, const void *id,
                           size_t id_len)
{
    const uint8_t *at = id;
    uint32_t hash = 2166136261;
    for (size_t i = 0; i < id_len; i++)
        hash = (hash ^ at[i]) * 16777619;
    struct entry **link =
        (struct entry **)&growth->buckets[(hash ^ hash >> 16) % BUCKETS];
    while (*link &&
           ((*link)->id_len != id_len || memcmp((*link)->id, id, id_len) != 0))
        link = &(*link)->next;
    return link;
}

static struct entry *entry_get(const struct mf_growth *growth, const void *id,
                               size_t id_len)
{
    return id_len ? *find(growth, id, id_len) : NULL;
}

static void forget(struct mf_growth *growth, struct entry **link)
{
    struct entry *entry = *link;
    *link = entry->next;
    entry->next = growth->spare;
    growth->spare = entry;
    growth->count--;
}

static void forget_all(struct mf_growth *growth)
{
    for (int i = 0; i < BUCKETS; i++)
        while (growth->buckets[i])
            forget(growth, &growth->buckets[i]);
}

static void add_slab(struct mf_growth *growth)
{
    struct slab *slab = malloc(sizeof *slab);
    if (!slab)
        return;
    slab->next = growth->slabs;
    growth->slabs = slab;
    for (int i = 0; i < SLAB_ENTRIES; i++) {
        slab->entries[i].next = growth->spare;
        growth->spare = &slab->entries[i];
    }
}

static struct entry *entry_new(struct mf_growth *growth, const void *id,
                               size_t id_len)
{
    if (id_len == 0 || id_len > MF_FLOW_ID_CAP)
        return NULL;
    if (growth->count >= FLOWS_MAX)
        forget_all(growth);
    if (!growth->spare)
        add_slab(growth);
    struct entry *entry = growth->spare;
    if (!entry)
        return NULL;
    growth->spare = entry->next;
    *entry = (struct entry){.id_len = id_len};
    memcpy(entry->id, id, id_len);
    *find(growth, id, id_len) = entry;
    growth->count++;
    return entry;
}

void mf_growth_set_appends(struct mf_growth *growth, bool appends)
{
    growth->appends = appends;
}

static bool is_appended(const struct mf_growth *growth,
                        const struct entry *entry)
{
    return growth->appends && entry->is_there && !entry->is_wanted;
}

/* The next snapshot. */
static int64_t whole_due_ns(const struct entry *entry)
{
    int64_t cost_ns = (int64_t)((double)entry->sent_len * MF_NS_PER_S /
                                MF_GROWTH_BYTES_PER_S);
    return entry->sent_ns +
           (cost_ns > INTERVAL_MIN_NS ? cost_ns : INTERVAL_MIN_NS);
}

enum mf_growth_way mf_growth_add(struct mf_growth *growth, const void *id,
                                 size_t id_len, size_t count, size_t len,
                                 int64_t now_ns)
{
    struct entry *entry = entry_get(growth, id, id_len);
    if (!entry)
        entry = entry_new(growth, id, id_len);
    if (!entry)
        return MF_GROWTH_WHOLE;
    entry->count = count;
    entry->bytes += len;
    if (is_appended(growth, entry))
        return now_ns - entry->told_ns >= MF_GROWTH_APPEND_NS ? MF_GROWTH_APPEND
                                                              : MF_GROWTH_WAIT;
    bool is_due = entry->count >= 2 * entry->sent_count ||
                  (entry->bytes >= 2 * entry->sent_bytes && entry->sent_bytes);
    return is_due || now_ns >= whole_due_ns(entry) ? MF_GROWTH_WHOLE
                                                   : MF_GROWTH_WAIT;
}

void mf_growth_sent(struct mf_growth *growth, const void *id, size_t id_len,
                    size_t told, size_t len, int64_t now_ns)
{
    struct entry *entry = entry_get(growth, id, id_len);
    if (!entry)
        return;
    entry->told = told;
    entry->sent_count = entry->count;
    entry->sent_bytes = entry->bytes;
    entry->sent_len = len;
    entry->sent_ns = entry->told_ns = now_ns;
    entry->is_there = told > 0;
    entry->is_wanted = false;
}

void mf_growth_appended(struct mf_growth *growth, const void *id, size_t id_len,
                        size_t told, int64_t now_ns)
{
    struct entry *entry = entry_get(growth, id, id_len);
    if (!entry)
        return;
    entry->told = told;
    entry->told_ns = now_ns;
    entry->is_there = told > 0;
}

size_t mf_growth_told(const struct mf_growth *growth, const void *id,
                      size_t id_len)
{
    const struct entry *entry = entry_get(growth, id, id_len);
    return entry && is_appended(growth, entry) ? entry->told : 0;
}

uint64_t mf_growth_bytes(const struct mf_growth *growth, const void *id,
                         size_t id_len)
{
    const struct entry *entry = entry_get(growth, id, id_len);
    return entry ? entry->bytes : 0;
}

bool mf_growth_want_whole(struct mf_growth *growth, const void *id,
                          size_t id_len)
{
    struct entry *entry = entry_get(growth, id, id_len);
    if (entry)
        entry->is_wanted = true;
    return entry != NULL;
}

int64_t mf_growth_due_ns(const struct mf_growth *growth, const void *id,
                         size_t id_len)
{
    const struct entry *entry = entry_get(growth, id, id_len);
    if (!entry || (entry->count <= entry->told && !entry->is_wanted))
        return 0;
    return is_appended(growth, entry) ? entry->told_ns + MF_GROWTH_APPEND_NS
                                      : whole_due_ns(entry);
}

void mf_growth_forget(struct mf_growth *growth, const void *id, size_t id_len)
{
    struct entry **link = id_len ? find(growth, id, id_len) : NULL;
    if (link && *link)
        forget(growth, link);
}

size_t mf_growth_count(const struct mf_growth *growth)
{
    return growth->count;
}
