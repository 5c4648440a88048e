/* What the methods of the service share. Private to src/service. */
#ifndef MF_SERVICE_CONTEXT_H
#define MF_SERVICE_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "net/loop.h"
#include "service/hub.h"
#include "service/pool.h"
#include "store/store.h"

struct mf_context {
    struct mf_loop *loop;
    struct mf_store *store;
    struct mf_pool *pool;
    struct mf_hub *hub;
    bool stopping;
};

/* The longest message that an exporter may send. */
#define MF_INGEST_MESSAGE_MAX_LEN ((size_t)256 << 20)

/* And a viewer: room for naming 100,000 flows. */
#define MF_VIEWER_MESSAGE_MAX_LEN ((size_t)8 << 20)

#endif
