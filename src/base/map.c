#include "base/map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"

enum { FIRST_SLOTS = 16 };

struct entry {
    uint64_t hash;
    void *value;
    size_t len;
    uint8_t key[];
};

struct mf_map {
    struct entry **slots; /* a power of two, at most 3/4 used */
    size_t slot_count;
    size_t count;
    uint64_t seed;
};

struct mf_map *mf_map_new(void)
{
    struct mf_map *map = calloc(1, sizeof *map);
    if (!map)
        return NULL;
    map->slots = calloc(FIRST_SLOTS, sizeof *map->slots);
    if (!map->slots) {
        free(map);
        return NULL;
    }
    map->slot_count = FIRST_SLOTS;
    if (getentropy(&map->seed, sizeof map->seed) != 0)
        map->seed = (uint64_t)(uintptr_t)map * UINT64_C(0x9e3779b97f4a7c15);
    return map;
}

void mf_map_free(struct mf_map *map)
{
    if (!map)
        return;
    for (size_t i = 0; i < map->slot_count; i++)
        free(map->slots[i]);
    free(map->slots);
    free(map);
}

size_t mf_map_count(const struct mf_map *map)
{
    return map->count;
}

static uint64_t hash_key(const struct mf_map *map, const uint8_t *key,
                         size_t len)
{
    uint64_t hash = map->seed ^ len;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ key[i]) * UINT64_C(0x9fb21c651e98df25);
        hash ^= hash >> 32;
    }
    return hash;
}

/* The slot that holds `key`, or the free one where it belongs. */
static size_t find_slot(const struct mf_map *map, uint64_t hash,
                        const uint8_t *key, size_t len)
{
    size_t mask = map->slot_count - 1;
    size_t slot = hash & mask;
    for (; map->slots[slot]; slot = (slot + 1) & mask) {
        const struct entry *entry = map->slots[slot];
        if (entry->hash == hash && entry->len == len &&
            (len == 0 || memcmp(entry->key, key, len) == 0))
            break;
    }
    return slot;
}

void *mf_map_get(const struct mf_map *map, const void *key, size_t len)
{
    uint64_t hash = hash_key(map, key, len);
    struct entry *entry = map->slots[find_slot(map, hash, key, len)];
    return entry ? entry->value : NULL;
}

static int grow(struct mf_map *map)
{
    size_t slot_count = map->slot_count * 2;
    struct entry **slots = calloc(slot_count, sizeof *slots);
    if (!slots)
        return MF_ENOMEM;
    for (size_t i = 0; i < map->slot_count; i++) {
        struct entry *entry = map->slots[i];
        if (!entry)
            continue;
        size_t slot = entry->hash & (slot_count - 1);
        while (slots[slot])
            slot = (slot + 1) & (slot_count - 1);
        slots[slot] = entry;
    }
    free(map->slots);
    map->slots = slots;
    map->slot_count = slot_count;
    return 0;
}

int mf_map_put(struct mf_map *map, const void *key, size_t len, void *value)
{
    uint64_t hash = hash_key(map, key, len);
    size_t slot = find_slot(map, hash, key, len);
    if (map->slots[slot]) {
        map->slots[slot]->value = value;
        return 0;
    }
    if ((map->count + 1) * 4 > map->slot_count * 3) {
        if (grow(map))
            return MF_ENOMEM;
        slot = find_slot(map, hash, key, len);
    }
    struct entry *entry = malloc(sizeof *entry + len);
    if (!entry)
        return MF_ENOMEM;
    *entry = (struct entry){.hash = hash, .value = value, .len = len};
    if (len)
        memcpy(entry->key, key, len);
    map->slots[slot] = entry;
    map->count++;
    return 0;
}

/* Is `home` outside of the cyclic range (gap, slot]? */
static bool may_move(size_t home, size_t gap, size_t slot)
{
    if (gap <= slot)
        return home <= gap || home > slot;
    return home <= gap && home > slot;
}

void *mf_map_remove(struct mf_map *map, const void *key, size_t len)
{
    size_t mask = map->slot_count - 1;
    size_t gap = find_slot(map, hash_key(map, key, len), key, len);
    if (!map->slots[gap])
        return NULL;
    void *value = map->slots[gap]->value;
    free(map->slots[gap]);
    map->slots[gap] = NULL;
    map->count--;
    for (size_t slot = (gap + 1) & mask; map->slots[slot];
         slot = (slot + 1) & mask) {
        if (!may_move(map->slots[slot]->hash & mask, gap, slot))
            continue;
        map->slots[gap] = map->slots[slot];
        map->slots[slot] = NULL;
        gap = slot;
    }
    return value;
}

void *mf_map_next(const struct mf_map *map, size_t *position)
{
    while (*position < map->slot_count) {
        struct entry *entry = map->slots[(*position)++];
        if (entry)
            return entry->value;
    }
    return NULL;
}
