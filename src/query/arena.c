#include "query/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_LEN = 4000 };

struct mf_arena_chunk {
    struct mf_arena_chunk *next;
    size_t used;
    size_t cap;
    alignas(max_align_t) uint8_t bytes[];
};

static struct mf_arena_chunk *add_chunk(struct mf_arena *arena, size_t len)
{
    size_t cap = len > CHUNK_LEN ? len : CHUNK_LEN;
    struct mf_arena_chunk *chunk = malloc(sizeof *chunk + cap);
    if (!chunk)
        return NULL;
    chunk->next = arena->chunks;
    chunk->used = 0;
    chunk->cap = cap;
    arena->chunks = chunk;
    return chunk;
}

void *mf_arena_get(struct mf_arena *arena, size_t len)
{
    size_t align = alignof(max_align_t);
    if (len > SIZE_MAX / 2)
        return NULL;
    len = (len + align - 1) / align * align;
    struct mf_arena_chunk *chunk = arena->chunks;
    if (!chunk || chunk->cap - chunk->used < len)
        chunk = add_chunk(arena, len);
    if (!chunk)
        return NULL;
    void *memory = chunk->bytes + chunk->used;
    chunk->used += len;
    return memset(memory, 0, len);
}

char *mf_arena_copy(struct mf_arena *arena, const void *bytes, size_t len)
{
    char *copy = mf_arena_get(arena, len ? len : 1);
    if (copy && len)
        memcpy(copy, bytes, len);
    return copy;
}

void mf_arena_release(struct mf_arena *arena)
{
    while (arena->chunks) {
        struct mf_arena_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
}
