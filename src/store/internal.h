/* What the store's files share, and what its tests may turn. */
#ifndef MF_STORE_INTERNAL_H
#define MF_STORE_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "store/aside.h"
#include "store/dir.h"
#include "store/front.h"
#include "store/names.h"
#include "store/recent.h"
#include "store/store.h"
#include "store/upkeep.h"

/* How much the writer takes at once and waits for. */
struct mf_store__limits {
    size_t batch_bytes;  /* of snapshots in one commit, nearly */
    int64_t gather_ns;   /* from the first write to its commit */
    size_t chunk_count;  /* flows cut off in one go */
    size_t delete_count; /* flows deleted in one commit */
    uint64_t tombstones; /* kept at least; twice as many at most */
    size_t live_count;   /* live flows kept in memory though they are clean */
    size_t block_bytes;  /* of snapshots that wait before a block is made of
                            them, when few come */
    size_t connections;  /* kept at most */
    int64_t linger_ns;   /* a connection without a flow is kept at least */
    int64_t free_pages;  /* kept in the database for what comes next */
    int64_t retry_min_ns;
    int64_t retry_max_ns;
};

struct mf_batch;
struct mf_resolver;

struct mf_store {
    struct mf_store_opts opts; /* without dir */
    struct mf_store__limits limits;
    struct mf_store__dir dir;
    char epoch[33];
    uint64_t older_frames; /* when it was opened */
    struct mf_front *front;
    struct mf_names *names;
    /* The writer thread's, once it runs. */
    sqlite3 *db;
    struct mf_recent *recent;
    struct mf_aside_tables *asides;
    struct mf_batch *batch;
    struct mf_resolver *resolver;
    struct mf_upkeep *upkeep;
    bool is_complete; /* when it has ended: everything is committed */
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
