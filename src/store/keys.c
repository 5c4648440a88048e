#include "store/keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/*
 * A hash's upper bits choose a shard; in it, 24 further bits are kept with
 * the number and give the slot. So a shard grows without the whole hashes,
 * and no growth takes long.
 */
enum {
    SHARD_BITS = 12,
    SHARDS = 1 << SHARD_BITS,
    PRINT_BITS = 24,
    NUMBER_BITS = 40,
    FIRST_SLOTS = 8,
};
#define NUMBER_MASK ((UINT64_C(1) << NUMBER_BITS) - 1)

struct shard {
    uint64_t *slots; /* print and number; 0: free */
    uint32_t slot_count;
    uint32_t count;
};

struct mf_keys {
    struct shard shards[SHARDS];
};

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* Little-endian, whatever the machine. */
static uint64_t load(const uint8_t *bytes, size_t len)
{
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF". */
uint64_t mf_key_hash(const uint8_t seed[MF_KEY_SEED_LEN], struct mf_span id)
{
    const uint8_t *at = (const uint8_t *)id.text;
    uint64_t k0 = load(seed, 8), k1 = load(seed + 8, 8);
    uint64_t v[4] = {
        k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
        k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
    size_t left = id.len;
    for (; left >= 8; at += 8, left -= 8) {
        uint64_t word = load(at, 8);
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = load(at, left) | (uint64_t)id.len << 56;
    v[3] ^= last;
    sip_round(v);
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct mf_keys *mf_keys_new(void)
{
    return calloc(1, sizeof(struct mf_keys));
}

void mf_keys_free(struct mf_keys *keys)
{
    if (!keys)
        return;
    for (size_t i = 0; i < SHARDS; i++)
        free(keys->shards[i].slots);
    free(keys);
}

static struct shard *shard_of(const struct mf_keys *keys, uint64_t hash)
{
    return (struct shard *)&keys->shards[hash >> (64 - SHARD_BITS)];
}

static uint64_t print_of(uint64_t hash)
{
    return hash >> (64 - SHARD_BITS - PRINT_BITS) &
           ((UINT64_C(1) << PRINT_BITS) - 1);
}

static uint32_t home_of(const struct shard *shard, uint64_t print)
{
    return (uint32_t)(print * shard->slot_count >> PRINT_BITS);
}

static uint32_t after(const struct shard *shard, uint32_t slot)
{
    return slot + 1 == shard->slot_count ? 0 : slot + 1;
}

static void insert(struct shard *shard, uint64_t value)
{
    uint32_t slot = home_of(shard, value >> NUMBER_BITS);
    while (shard->slots[slot])
        slot = after(shard, slot);
    shard->slots[slot] = value;
}

static int grow(struct shard *shard)
{
    uint32_t slot_count = shard->slot_count
                              ? shard->slot_count + shard->slot_count / 4 + 4
                              : FIRST_SLOTS;
    struct shard grown = {
        .slots = calloc(slot_count, sizeof *grown.slots),
        .slot_count = slot_count,
        .count = shard->count,
    };
    if (!grown.slots)
        return MF_ENOMEM;
    for (uint32_t i = 0; i < shard->slot_count; i++)
        if (shard->slots[i])
            insert(&grown, shard->slots[i]);
    free(shard->slots);
    *shard = grown;
    return 0;
}

int mf_keys_add(struct mf_keys *keys, uint64_t hash, uint64_t number)
{
    struct shard *shard = shard_of(keys, hash);
    if (number == 0 || number > NUMBER_MASK)
        return 0;
    /* At most four in five slots are taken. */
    if ((shard->count + 1) * 5 > shard->slot_count * 4 && grow(shard))
        return MF_ENOMEM;
    insert(shard, print_of(hash) << NUMBER_BITS | number);
    shard->count++;
    return 0;
}

/* Is `home` outside of the cyclic range (gap, slot]? */
static bool may_move(uint32_t home, uint32_t gap, uint32_t slot)
{
    if (gap <= slot)
        return home <= gap || home > slot;
    return home <= gap && home > slot;
}

static void close_gap(struct shard *shard, uint32_t gap)
{
    shard->slots[gap] = 0;
    for (uint32_t slot = after(shard, gap); shard->slots[slot];
         slot = after(shard, slot)) {
        uint64_t value = shard->slots[slot];
        if (!may_move(home_of(shard, value >> NUMBER_BITS), gap, slot))
            continue;
        shard->slots[gap] = value;
        shard->slots[slot] = 0;
        gap = slot;
    }
}

void mf_keys_remove(struct mf_keys *keys, uint64_t hash, uint64_t number)
{
    struct shard *shard = shard_of(keys, hash);
    uint64_t value = print_of(hash) << NUMBER_BITS | number;
    if (!shard->slot_count || number == 0 || number > NUMBER_MASK)
        return;
    uint32_t slot = home_of(shard, value >> NUMBER_BITS);
    while (shard->slots[slot] && shard->slots[slot] != value)
        slot = after(shard, slot);
    if (!shard->slots[slot])
        return;
    close_gap(shard, slot);
    shard->count--;
}

size_t mf_keys_find(const struct mf_keys *keys, uint64_t hash,
                    uint64_t *numbers, size_t max)
{
    const struct shard *shard = shard_of(keys, hash);
    uint64_t print = print_of(hash);
    size_t count = 0;
    if (!shard->slot_count)
        return 0;
    for (uint32_t slot = home_of(shard, print); shard->slots[slot];
         slot = after(shard, slot)) {
        if (shard->slots[slot] >> NUMBER_BITS != print)
            continue;
        if (count < max)
            numbers[count] = shard->slots[slot] & NUMBER_MASK;
        count++;
    }
    return count;
}
