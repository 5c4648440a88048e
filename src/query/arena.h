/*
 * mf_arena: memory that a filter is made of, given back all at once.
 */
#ifndef MF_QUERY_ARENA_H
#define MF_QUERY_ARENA_H

#include <stddef.h>

struct mf_arena {
    struct mf_arena_chunk *chunks;
};

/* Zeroed memory for anything; NULL when memory is out. */
void *mf_arena_get(struct mf_arena *arena, size_t len);
/* A copy of `len` bytes, never NULL but when memory is out. */
char *mf_arena_copy(struct mf_arena *arena, const void *bytes, size_t len);
void mf_arena_release(struct mf_arena *arena);

#endif
