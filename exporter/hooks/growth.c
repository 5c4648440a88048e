#include "exporter/hooks/growth.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"

enum { FLOWS_MAX = 65536 };
#define INTERVAL_MIN_NS ((int64_t)100 * MF_NS_PER_MS)

struct entry {
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

struct mf_growth {
    bool appends;
    struct mf_map *by_id;
};

struct mf_growth *mf_growth_new(void)
{
    struct mf_growth *growth = malloc(sizeof *growth);
    if (!growth)
        return NULL;
    growth->appends = false;
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
    struct entry *entry = mf_map_get(growth->by_id, id, id_len);
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
    struct entry *entry = mf_map_get(growth->by_id, id, id_len);
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
    struct entry *entry = mf_map_get(growth->by_id, id, id_len);
    if (!entry)
        return;
    entry->told = told;
    entry->told_ns = now_ns;
    entry->is_there = told > 0;
}

size_t mf_growth_told(const struct mf_growth *growth, const void *id,
                      size_t id_len)
{
    const struct entry *entry = mf_map_get(growth->by_id, id, id_len);
    return entry && is_appended(growth, entry) ? entry->told : 0;
}

uint64_t mf_growth_bytes(const struct mf_growth *growth, const void *id,
                         size_t id_len)
{
    const struct entry *entry = mf_map_get(growth->by_id, id, id_len);
    return entry ? entry->bytes : 0;
}

bool mf_growth_want_whole(struct mf_growth *growth, const void *id,
                          size_t id_len)
{
    struct entry *entry = mf_map_get(growth->by_id, id, id_len);
    if (entry)
        entry->is_wanted = true;
    return entry != NULL;
}

int64_t mf_growth_due_ns(const struct mf_growth *growth, const void *id,
                         size_t id_len)
{
    const struct entry *entry = mf_map_get(growth->by_id, id, id_len);
    if (!entry || (entry->count <= entry->told && !entry->is_wanted))
        return 0;
    return is_appended(growth, entry) ? entry->told_ns + MF_GROWTH_APPEND_NS
                                      : whole_due_ns(entry);
}

void mf_growth_forget(struct mf_growth *growth, const void *id, size_t id_len)
{
    free(mf_map_remove(growth->by_id, id, id_len));
}

size_t mf_growth_count(const struct mf_growth *growth)
{
    return mf_map_count(growth->by_id);
}
