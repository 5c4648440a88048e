/* mf_loop from inside src/net. */
#ifndef MF_NET_LOOP_IMPL_H
#define MF_NET_LOOP_IMPL_H

#include <stdbool.h>

#include <uv.h>

#include "net/loop.h"

uv_loop_t *mf_loop__uv(struct mf_loop *loop);

/*
 * A call to be made on the loop as soon as the present callback returned:
 * how net gets out of a library's callbacks, and out of the application's.
 */
struct mf_deferred {
    void (*fn)(void *arg);
    void *arg;
    struct mf_deferred *next; /* private from here */
    struct mf_deferred *prev;
    bool is_queued;
};

void mf_deferred__init(struct mf_deferred *deferred, void (*fn)(void *arg),
                       void *arg);

/* Queue it; nothing happens if it is queued already. */
void mf_loop__defer(struct mf_loop *loop, struct mf_deferred *deferred);

/* Take it back; nothing happens if it is not queued. */
void mf_loop__undefer(struct mf_loop *loop, struct mf_deferred *deferred);

#endif
