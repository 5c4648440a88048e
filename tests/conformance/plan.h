/*
 * plan: how a request wants to be answered, the same for all methods, and
 * the answers themselves.
 *
 * Thread:  the loop's.
 */
#ifndef CONFORMANCE_PLAN_H
#define CONFORMANCE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "messages.h"
#include "request_info.h"
#include "rpc/rpc.h"

struct plan {
    header_message **headers;
    size_t header_count;
    header_message **trailers;
    size_t trailer_count;
    const ProtobufCBinaryData *items; /* one answer each */
    size_t item_count;
    uint32_t delay_ms;          /* before an answer */
    const error_message *error; /* at the end; NULL: none */
};

/* What `definition` (NULL: none) says, borrowed from it. */
struct plan plan_of_unary(const unary_definition *definition);
struct plan plan_of_stream(const stream_definition *definition);

/* Add the plan's headers and trailers to the call's answer. */
void plan_put_metadata(const struct plan *plan, struct mf_call *call);

/* Send one answer with `data` and `info`; each may be NULL. 0 or
 * MF_ENOMEM. */
int plan_send(struct mf_call *call, const ProtobufCBinaryData *data,
              struct request_info *info);

/* Finish the call as planned; where that is an error `info` (unless NULL) is
 * one more detail of it. 0, or MF_ENOMEM and the call is not finished. */
int plan_finish(const struct plan *plan, struct mf_call *call,
                const struct request_info *info);

#endif
