/* From error codes to what a client is told. */
#ifndef MF_SERVICE_FAIL_H
#define MF_SERVICE_FAIL_H

#include "base/error.h"
#include "mitmflow/v1/mitmflow.pb-c.h"
#include "query/filter.h"
#include "rpc/rpc.h"

/*
 * Finish `call` with the status that fits `err` (its code is not 0). What
 * is the client's fault or finding is told in words; so is a damaged store,
 * as DATA_LOSS, and logged. Anything else is INTERNAL there and in words in
 * the log.
 */
void mf_fail(struct mf_call *call, const struct mf_err *err);

/* Append the fields of a mitmflow.v1.FilterError. As mf_buf_append(). */
int mf_fail_put_filter_error(const struct mf_filter_fault *fault,
                             struct mf_buf *out);

/*
 * Compile a viewer's filter (NULL matches everything). True, or `call` is
 * finished: with a mitmflow.v1.FilterError among the details where the
 * expression is wrong.
 */
bool mf_fail_or_filter(struct mf_call *call,
                       const Mitmflow__V1__FlowFilter *message,
                       struct mf_filter **ret_filter);

/* The only answer of a unary call; where `rc` is not 0 it could not be put
 * together, and the call fails. Releases `answer`. */
void mf_fail_or_send(struct mf_call *call, int rc, struct mf_buf *answer);

#endif
