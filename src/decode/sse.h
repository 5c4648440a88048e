/*
 * mf_sse: server-sent events, one by one (HTML, section 9.2.6).
 *
 * Incremental it is not: all of the stream is at hand, or all that came.
 */
#ifndef MF_DECODE_SSE_H
#define MF_DECODE_SSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct mf_sse {
    struct mf_span stream; /* borrowed */
    size_t at;
    size_t newline;     /* behind the next LF; past the end: there is none */
    struct mf_buf data; /* of events with several lines of data */
};

struct mf_sse_event {
    struct mf_span type; /* "" where the stream names none */
    struct mf_span data; /* until the next event is read */
    struct mf_span id;
    struct mf_span retry;
    struct mf_span comment; /* the last one of an event */
    uint64_t offset, len;   /* where in the stream */
    bool is_cut;            /* the stream ended in the middle of it */
};

void mf_sse_init(struct mf_sse *sse, struct mf_span stream);
void mf_sse_release(struct mf_sse *sse);

/* 1: an event (of comments alone, too), 0: the end, or MF_ENOMEM. */
int mf_sse_next(struct mf_sse *sse, struct mf_sse_event *ret_event);

#endif
