/*
 * mf_learner: message types are learned from the answers of gRPC reflection
 * services that pass by, on the pool.
 *
 * Thread:  the loop's.
 */
#ifndef MF_SERVICE_LEARNER_H
#define MF_SERVICE_LEARNER_H

#include "flow/flow.h"
#include "service/context.h"

/* Look at a flow that was taken in. Quick for all but reflection; of these few
 * are read at a time, and the others left out. */
void mf_learner_see(struct mf_context *context, struct mf_flow *flow);

#endif
