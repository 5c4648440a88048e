/*
 * Puts together what GetFlow answers: the whole flow as viewers read it.
 */
#ifndef MF_SERVICE_GET_FLOW_H
#define MF_SERVICE_GET_FLOW_H

#include "base/buf.h"
#include "decode/types.h"
#include "flow/record.h"

/*
 * Append an encoded mitmflow.v1.GetFlowResponse for `record` (read with
 * its flow): bodies decoded within `body_max` bytes each (0: without bodies
 * and what is told of them), header maps filled, frames and protobuf messages
 * as texts by `types` (NULL: none are known), and `more`, encoded fields of a
 * mitmflow.v1.Flow. Any thread.
 *
 *  MF_ECORRUPT  the snapshot cannot be read, or is missing
 *  MF_EFULL     the answer passes out's maximum
 *  MF_ENOMEM
 */
int mf_get_flow_put(const struct mf_record *record, size_t body_max,
                    const struct mf_types *types, struct mf_span more,
                    struct mf_buf *out);

#endif
