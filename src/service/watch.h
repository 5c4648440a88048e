/*
 * WatchFlows and StreamFlows: changes from a cursor, from the store while
 * behind, from the hub once caught up, at the viewer's own pace.
 */
#ifndef MF_SERVICE_WATCH_H
#define MF_SERVICE_WATCH_H

#include "rpc/rpc.h"
#include "service/context.h"

struct mf_watches;

/* NULL: out of memory. */
struct mf_watches *mf_watches_new(struct mf_context *context);
void mf_watches_free(struct mf_watches *watches); /* NULL is allowed */

/* The two methods; their user pointer is the mf_watches. */
extern const struct mf_method mf_watch_methods[];
extern const size_t mf_watch_method_count;

/* There are new losses: tell those who are not told anything else now. */
void mf_watches_tell_losses(struct mf_watches *watches);

/* Finish every watch with UNAVAILABLE. */
void mf_watches_stop(struct mf_watches *watches);

#endif
