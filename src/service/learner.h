/*
 * mf_learner: message types are learned from the answers of gRPC reflection
 * services that pass by, on the pool, and kept in the store.
 *
 * Thread:  the loop's.
 */
#ifndef MF_SERVICE_LEARNER_H
#define MF_SERVICE_LEARNER_H

#include "service/context.h"

/* Know what was learned before the store was opened. What cannot be read or
 * used is logged. */
void mf_learner_remember(struct mf_context *context);

/* Look at changes of flows, borrowed for the call. Quick for all but
 * reflection; of these few are read at a time, and the others left out. */
void mf_learner_see(struct mf_context *context, const struct mf_change *changes,
                    size_t count);

#endif
