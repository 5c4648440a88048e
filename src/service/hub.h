/*
 * mf_hub: the latest changes in memory, and who wants to hear of new ones.
 * Subscribers pull at their own pace; nothing is queued for them, so one
 * that never reads costs nothing. It holds only what a subscriber may ask
 * for, at most 16 MB, and nothing when there is none: what is not here is in
 * the store, at the latest after the next commit.
 *
 * Thread:  the loop's.
 */
#ifndef MF_SERVICE_HUB_H
#define MF_SERVICE_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/store.h"

struct mf_hub;

/* `head` is the store's at start. NULL: out of memory. */
struct mf_hub *mf_hub_new(uint64_t head);

/* No subscriber may be left. NULL is allowed. */
void mf_hub_free(struct mf_hub *hub);

/* Take the changes, in order and without a gap; their references are the
 * hub's from now on. */
void mf_hub_take(struct mf_hub *hub, const struct mf_change *changes,
                 size_t count);

/* Call every subscriber: there are changes, or some became durable. */
void mf_hub_tell(struct mf_hub *hub);

uint64_t mf_hub_head(const struct mf_hub *hub); /* last change number */

/* What a subscriber asks for. */
enum mf_hub_part {
    MF_HUB_SUMMARIES, /* of all changes, encoded once for everybody */
    MF_HUB_RECORDS,
    MF_HUB_PARTS,
};

/* Change `number`, if its record is held; borrowed until the next take. */
const struct mf_change *mf_hub_change(const struct mf_hub *hub,
                                      uint64_t number);

/*
 * Append what a WatchFlowsResponse tells of the changes after `after`
 * (fields `flows` and `gone`), in order, about `max_len` bytes and
 * `max_count` changes of them; *ret_last is the last one. 0, MF_ENOENT: the
 * first is not held, MF_EFULL or MF_ENOMEM.
 */
int mf_hub_put(const struct mf_hub *hub, uint64_t after, size_t max_len,
               size_t max_count, struct mf_buf *out, uint64_t *ret_last);

/* Embedded in the subscriber. */
struct mf_subscriber {
    enum mf_hub_part part;
    void (*on_change)(struct mf_subscriber *subscriber);
    struct mf_subscriber *next;
    struct mf_subscriber **link; /* NULL: not subscribed */
};

void mf_hub_subscribe(struct mf_hub *hub, struct mf_subscriber *subscriber);

/* Fine for one that is not subscribed; also inside on_change. */
void mf_hub_unsubscribe(struct mf_hub *hub, struct mf_subscriber *subscriber);

#endif
