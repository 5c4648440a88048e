/*
 * mf_stream: answers a server-streaming call in steps on the pool, no faster
 * than the viewer reads; between steps others get their turns.
 *
 * Thread:  the loop's, where nothing else is said.
 */
#ifndef MF_SERVICE_STREAM_H
#define MF_SERVICE_STREAM_H

#include <stdatomic.h>

#include "base/buf.h"
#include "rpc/rpc.h"
#include "service/context.h"

struct mf_stream_ops {
    /*
     * On a pool thread: append one message to `out`, which is sent. 1: there
     * is more, 0: that was the last, or an error, `err` saying what is told
     * to the viewer. `cancel` turns true when nobody wants it any more; what
     * takes long looks at it.
     */
    int (*step)(void *user, struct mf_reader *reader, struct mf_buf *out,
                const atomic_bool *cancel, struct mf_err *err);
    /* The last of all; any thread but none at once. */
    void (*free)(void *user);
    bool is_search; /* as mf_job */
    bool gives_way; /* to flows that come in (pace.h) */
};

/* Answer `call` from now on; `user` is taken over, also when memory is out. */
void mf_stream_start(struct mf_context *context, struct mf_call *call,
                     const struct mf_stream_ops *ops, void *user);

/* For the call's mf_method_ops. */
void mf_stream_on_drain(struct mf_call *call, void *user);
void mf_stream_on_close(struct mf_call *call, void *user);

#endif
