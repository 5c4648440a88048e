/*
 * mf_map: byte-string keys to pointers; open addressing, seeded at random so
 * that strangers cannot prepare colliding keys.
 *
 * Keys are copied; values are the caller's.
 */
#ifndef MF_BASE_MAP_H
#define MF_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct mf_map;

/* NULL when memory is out. */
struct mf_map *mf_map_new(void);

/* Values are not touched. NULL is allowed. */
void mf_map_free(struct mf_map *map);

size_t mf_map_count(const struct mf_map *map);

/* The value of `key`, or NULL. */
void *mf_map_get(const struct mf_map *map, const void *key, size_t len);

/* Set `key` to `value` (not NULL). 0 or MF_ENOMEM. */
int mf_map_put(struct mf_map *map, const void *key, size_t len, void *value);

/* Remove `key`; returns the value that it had, or NULL. */
void *mf_map_remove(struct mf_map *map, const void *key, size_t len);

/*
 * Step through the values in no order: start with *position 0; returns
 * NULL at the end. The map must not be changed on the way.
 */
void *mf_map_next(const struct mf_map *map, size_t *position);

#endif
