/* mf_types from inside. Private to src/decode/types*.c. */
#ifndef MF_DECODE_TYPES_IMPL_H
#define MF_DECODE_TYPES_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "decode/types.h"

struct mf_typeset {
    atomic_uint refs;
    struct mf_layer *given;   /* of sets, on top of what is built in */
    struct mf_layer *learned; /* of answers, likewise */
    size_t count;
};

/* A file that was learned; owned. */
struct mf_types__file {
    char *bytes;
    size_t len;
    struct mf_span name; /* inside */
    uint64_t origin;
    uint64_t kept_at; /* mf_types.keeping when it was kept; 0: it is not */
    bool must_keep;   /* hand it over */
};

struct mf_types__files {
    struct mf_types__file *list;
    size_t count, cap;
    size_t len; /* of all bytes */
};

/* Some of the files that were learned, in order; a layer on the one before. */
struct mf_types__level {
    struct mf_layer *layer;
    size_t count;
};

/* Each level has more than twice the files of the next: 10,000 files have
 * fewer levels than this. */
enum { MF_TYPES__LEVELS_MAX = 16 };

struct mf_types {
    pthread_mutex_t writing; /* held for a whole addition */
    struct mf_layer *builtin;
    struct mf_types__files learned;
    struct mf_map *places;    /* of `learned`, plus 1, by name */
    _Atomic uint64_t keeping; /* 1, and one more when what was kept is lost */
    struct mf_types__files waiting; /* for what they import */
    struct mf_types__level levels[MF_TYPES__LEVELS_MAX];
    size_t level_count;
    pthread_mutex_t lock; /* of `now` alone, held for a moment */
    struct mf_typeset *now;
};

/* Make known what is known from now on; the layers are referenced. Called
 * with `writing` held. MF_ENOMEM: nothing has changed. */
int mf_types__publish(struct mf_types *types, struct mf_layer *given,
                      struct mf_layer *learned);

void mf_types__forget(struct mf_types__files *files);

#endif
