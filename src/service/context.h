/* What the methods of the service share. Private to src/service. */
#ifndef MF_SERVICE_CONTEXT_H
#define MF_SERVICE_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/types.h"
#include "net/loop.h"
#include "service/hub.h"
#include "service/pool.h"
#include "store/store.h"

struct mf_context {
    struct mf_loop *loop;
    struct mf_store *store; /* NULL: closed */
    struct mf_pool *pool;   /* NULL: closed */
    struct mf_hub *hub;
    struct mf_watches *watches;
    struct mf_failures *failures;
    struct mf_proxies *proxies;
    struct mf_types *types;      /* of protobuf; NULL: none are known */
    unsigned learning;           /* flows that types are being learned from */
    uint64_t last_loss;          /* its number */
    struct mf_store_stats stats; /* as of the last change or commit told */
    size_t max_message_len;      /* of an exporter's */
    bool stopping;
};

/* The longest message that a viewer may send: room for naming 100,000
 * flows. */
#define MF_VIEWER_MESSAGE_MAX_LEN ((size_t)8 << 20)

/* Flows, or messages of one, that one list brings at most. */
enum { MF_LIST_DEFAULT = 500, MF_LIST_MAX = 100000 };

/* What a viewer's `limit` means: 0 and less are the default. */
static inline size_t mf_list_limit(int64_t asked)
{
    if (asked <= 0)
        return MF_LIST_DEFAULT;
    return asked > MF_LIST_MAX ? MF_LIST_MAX : (size_t)asked;
}

/* Flows and bytes that one message to a viewer brings, about. */
enum { MF_BATCH_FLOWS = 500 };
#define MF_BATCH_MAX_LEN ((size_t)256 << 10)

/* Bytes that wait for a viewer before it is sent no more. */
#define MF_PENDING_MAX_LEN ((size_t)512 << 10)

/* How long one step of a query keeps a thread of the pool. */
#define MF_QUERY_STEP_NS (50 * INT64_C(1000000))

#endif
