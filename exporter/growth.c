#include "exporter/growth.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"

enum { FLOWS_MAX = 65536 };
#define INTERVAL_MIN_NS ((int64_t)100 * MF_NS_PER_MS)

struct entry {
    size_t count, sent_count;
    uint64_t bytes, sent_bytes;
    size_t sent_len; /* of the last snapshot */
    int64_t sent_ns;
};

struct mf_growth {
    struct mf_map *by_id;
};

struct mf_growth *mf_growth_new(void)
{
    struct mf_growth *growth = malloc(sizeof *growth);
    if (!growth)
        return NULL;
    growth->by_id = mf_map_new();
    if (!growth->by_id) {
        free(growth);
        return NULL;
    }
    return growth;
}

static void free_entries(struct mf_map *map)
{
    size_t position = 0;
    struct entry *entry;
    while ((entry = mf_map_next(map, &position)))
        free(entry);
    mf_map_free(map);
}

void mf_growth_free(struct mf_growth *growth)
{
    if (!growth)
        return;
    free_entries(growth->by_id);
    free(growth);
}

static struct entry *entry_new(struct mf_growth *growth, const void *id,
                               size_t id_len)
{
    if (mf_map_count(growth->by_id) >= FLOWS_MAX) {
        struct mf_map *fresh = mf_map_new();
        if (!fresh)
            return NULL;
        free_entries(growth->by_id);
        growth->by_id = fresh;
    }
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry && mf_map_put(growth->by_id, id, id_len, entry)) {
        free(entry);
        return NULL;
    }
    return entry;
}

static int64_t due_ns(const struct entry *entry)
{
    int64_t cost_ns = (int64_t)((double)entry->sent_len * MF_NS_PER_S /
                                MF_GROWTH_BYTES_PER_S);
    return entry->sent_ns +
           (cost_ns > INTERVAL_MIN_NS ? cost_ns : INTERVAL_MIN_NS);
}

bool mf_growth_add(struct mf_growth *growth, const void *id, size_t id_len,
                   size_t count, size_t len, int64_t now_ns)
{
    struct entry *entry = mf_map_get(growth->by_id, id, id_len);
    if (!entry)
        entry = entry_new(growth, id, id_len);
    if (!entry)
        return true;
    entry->count = count;
    entry->bytes += len;
    return entry->count >= 2 * entry->sent_count ||
           (entry->bytes >= 2 * entry->sent_bytes && entry->sent_bytes) ||
           now_ns >= due_ns(entry);
}

void mf_growth_sent(struct mf_growth *growth, const void *id, size_t id_len,
                    size_t len, int64_t now_ns)
{
    struct entry *entry = mf_map_get(growth->by_id, id, id_len);
    if (!entry)
        return;
    entry->sent_count = entry->count;
    entry->sent_bytes = entry->bytes;
    entry->sent_len = len;
    entry->sent_ns = now_ns;
}

int64_t mf_growth_due_ns(const struct mf_growth *growth, const void *id,
                         size_t id_len)
{
    const struct entry *entry = mf_map_get(growth->by_id, id, id_len);
    return entry && entry->count != entry->sent_count ? due_ns(entry) : 0;
}

void mf_growth_forget(struct mf_growth *growth, const void *id, size_t id_len)
{
    free(mf_map_remove(growth->by_id, id, id_len));
}

size_t mf_growth_count(const struct mf_growth *growth)
{
    return mf_map_count(growth->by_id);
}
