/* Keys of flows that a person deleted while they were live. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "store/front_impl.h"

enum { FIRST_SLOTS = 64 };

uint64_t mf_front__whole_key(const struct mf_front *front, const char *source,
                             struct mf_span id)
{
    /* The source's hash takes the place of the seed's first half. */
    uint8_t seed[MF_KEY_SEED_LEN];
    memcpy(seed, front->opts.key_seed, sizeof seed);
    uint64_t hash = mf_key_hash(seed, (struct mf_span){source, strlen(source)});
    memcpy(seed, &hash, sizeof hash);
    hash = mf_key_hash(seed, id);
    return hash ? hash : 1;
}

static size_t slot_of(const uint64_t *slots, size_t slot_count,
                      uint64_t whole_key)
{
    size_t slot = whole_key & (slot_count - 1);
    while (slots[slot] && slots[slot] != whole_key)
        slot = (slot + 1) & (slot_count - 1);
    return slot;
}

static int grow(struct mf_front *front)
{
    size_t count =
        front->growing_slots ? 2 * front->growing_slots : FIRST_SLOTS;
    uint64_t *slots = calloc(count, sizeof *slots);
    if (!slots)
        return MF_ENOMEM;
    for (size_t i = 0; i < front->growing_slots; i++)
        if (front->growing[i])
            slots[slot_of(slots, count, front->growing[i])] = front->growing[i];
    free(front->growing);
    front->growing = slots;
    front->growing_slots = count;
    return 0;
}

int mf_front__add_growing(struct mf_front *front, uint64_t whole_key)
{
    if (whole_key == 0 || mf_front__is_growing(front, whole_key))
        return 0;
    if (2 * (front->growing_count + 1) > front->growing_slots && grow(front))
        return MF_ENOMEM;
    front->growing[slot_of(front->growing, front->growing_slots, whole_key)] =
        whole_key;
    front->growing_count++;
    return 0;
}

bool mf_front__is_growing(const struct mf_front *front, uint64_t whole_key)
{
    return front->growing_count &&
           front->growing[slot_of(front->growing, front->growing_slots,
                                  whole_key)];
}

static void remove_slot(struct mf_front *front, size_t gap)
{
    size_t mask = front->growing_slots - 1;
    front->growing[gap] = 0;
    front->growing_count--;
    for (size_t slot = (gap + 1) & mask; front->growing[slot];
         slot = (slot + 1) & mask) {
        uint64_t moved = front->growing[slot];
        front->growing[slot] = 0;
        front->growing[slot_of(front->growing, front->growing_slots, moved)] =
            moved;
    }
}

void mf_front__end_growing(struct mf_front *front, uint64_t whole_key)
{
    uint64_t *ended = mf_array_grow(front->ended, front->ended_count,
                                    &front->ended_cap, sizeof *ended);
    if (!ended)
        return; /* it stays: its next word is dropped too */
    front->ended = ended;
    if (front->ended_count == 0)
        front->ended_ticket = front->ticket;
    ended[front->ended_count++] = whole_key;
    mf_front__has_work(front);
    remove_slot(front,
                slot_of(front->growing, front->growing_slots, whole_key));
}
