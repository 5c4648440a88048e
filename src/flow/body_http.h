/* The HTTP exchange around a body, for those who decode it. */
#ifndef MF_FLOW_BODY_HTTP_H
#define MF_FLOW_BODY_HTTP_H

#include "decode/body.h"
#include "flow/flow.h"

/* Of an HTTP flow; it borrows from the flow. */
struct mf_body_http mf_flow_body_http(const struct mf_flow *flow);

#endif
