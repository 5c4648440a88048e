/*
 * mf_hub: the last few thousand changes in memory, and who wants to hear of
 * new ones. Subscribers pull at their own pace; nothing is queued for them,
 * so one that never reads costs nothing.
 *
 * Thread:  the loop's.
 */
#ifndef MF_SERVICE_HUB_H
#define MF_SERVICE_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct mf_hub;

/* `head` and `flow_count` are the store's at start. NULL: out of memory. */
struct mf_hub *mf_hub_new(uint64_t head, uint64_t flow_count);

/* No subscriber may be left. NULL is allowed. */
void mf_hub_free(struct mf_hub *hub);

/* Take in the changes of a commit (references are taken, not the caller's)
 * and call every subscriber. */
void mf_hub_publish(struct mf_hub *hub, const struct mf_change *changes,
                    size_t count, uint64_t flow_count);

uint64_t mf_hub_head(const struct mf_hub *hub); /* last change number */
uint64_t mf_hub_flow_count(const struct mf_hub *hub);

/* Change `number`, if it is still in memory; borrowed until the next
 * publish. */
const struct mf_change *mf_hub_change(const struct mf_hub *hub,
                                      uint64_t number);

/* Embedded in the subscriber. */
struct mf_subscriber {
    void (*on_change)(struct mf_subscriber *subscriber);
    struct mf_subscriber *next;
    struct mf_subscriber **link; /* NULL: not subscribed */
};

void mf_hub_subscribe(struct mf_hub *hub, struct mf_subscriber *subscriber);

/* Fine for one that is not subscribed; also inside on_change. */
void mf_hub_unsubscribe(struct mf_hub *hub, struct mf_subscriber *subscriber);

#endif
