/* What QueryFlows and SummarizeFlows answer beside the flows: fields appended
 * to a message. All return 0, MF_EFULL or MF_ENOMEM. */
#ifndef MF_SERVICE_QUERY_ANSWER_H
#define MF_SERVICE_QUERY_ANSWER_H

#include "base/buf.h"
#include "service/context.h"
#include "store/reader.h"

/* A QueryProgress as field `number`. */
int mf_query_put_progress(const struct mf_query_progress *progress,
                          uint32_t number, struct mf_buf *out);

/* A QueryEnd as field `number`. */
int mf_query_put_end(const struct mf_context *context,
                     const struct mf_query *query, uint32_t number,
                     struct mf_buf *out);

/* A FlowsSummary as field `number`. */
int mf_query_put_summary(const struct mf_summary *summary, size_t bars,
                         uint32_t number, struct mf_buf *out);

#endif
