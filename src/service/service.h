/*
 * mf_service: what the server does for exporters and viewers, wired to the
 * store below and the network above.
 *
 * Thread:  the loop's.
 */
#ifndef MF_SERVICE_SERVICE_H
#define MF_SERVICE_SERVICE_H

#include "decode/types.h"
#include "net/exchange.h"
#include "net/loop.h"
#include "service/guard.h"

struct mf_service;

struct mf_service_opts {
    struct mf_loop *loop;
    const char *data_dir;
    uint64_t max_flows;     /* not counting pinned ones; 0: no cap */
    uint64_t max_bytes;     /* of what is kept on the disk; 0: no cap */
    int64_t max_age_ns;     /* since a flow's arrival; 0: no cap */
    size_t max_message_len; /* of an exporter's, bytes; 0: 256 MiB */
    struct mf_guard guard;  /* borrowed for the service's life */
    struct mf_types *types; /* of protobuf, borrowed likewise; reflection
                               answers that pass add to them; NULL: none */
};

/* Opens the store; errors as mf_store_open(). */
int mf_service_new(const struct mf_service_opts *opts,
                   struct mf_service **ret_service, struct mf_err *err);

/* Answer one request: a call, or the page. Fits mf_server_opts, with a tag
 * of service/access.h at each listener. */
void mf_service_on_request(void *service, struct mf_exchange *x);

/*
 * End every call that would last: exporters and watchers are told
 * UNAVAILABLE, so that they come back. No further one is taken.
 */
void mf_service_stop(struct mf_service *service);

/*
 * Commit what is queued and close the store; the rest goes when the loop is
 * freed. After mf_loop_run() has returned, so that no call and no job is
 * left. NULL is allowed.
 */
void mf_service_free(struct mf_service *service);

#endif
