/* What the store's files share, and what its tests may turn. */
#ifndef MF_STORE_INTERNAL_H
#define MF_STORE_INTERNAL_H

#include <pthread.h>

#include "store/batch.h"
#include "store/dir.h"
#include "store/queue.h"

struct mf_store {
    struct mf_store_opts opts; /* without dir */
    struct mf_store__limits limits;
    struct mf_store__dir dir;
    sqlite3 *db;            /* the writer's, once it runs */
    struct mf_batch *batch; /* so is this */
    struct mf_store__queue queue;
    uint64_t told_ticket;
    char epoch[33];
    pthread_t writer;
};

extern const struct mf_store__limits mf_store__default_limits;

/* mf_store_open() with other limits. */
int mf_store__open(const struct mf_store_opts *opts,
                   const struct mf_store__limits *limits,
                   struct mf_store **ret_store, struct mf_err *err);

/* The writer thread's function; `arg` is the store. */
void *mf_store__write(void *arg);

#endif
