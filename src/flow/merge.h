/*
 * mf_merge: a flow out of its parts, by the rules of mitmproxy.v1.FlowPart.
 */
#ifndef MF_FLOW_MERGE_H
#define MF_FLOW_MERGE_H

#include "pb/spliced.h"

enum { MF_MERGE_PARTS_MAX = 64 };

/*
 * Append to `out` the fields of the mitmproxy.v1.Flow that `parts` (such
 * Flows, the oldest first; 1 to MF_MERGE_PARTS_MAX) make. Long byte strings are
 * spliced with the objects of the parts' splices where they have one, else
 * copied; the caller holds what the splices of `out` refer to. The flow's id is
 * taken from the first part that has one.
 *
 *  MF_ECORRUPT  a part is malformed, or of another type than the first
 *  MF_EINVAL    none, or too many
 *  MF_EFULL, MF_ENOMEM
 *
 * After an error `out` is of no use.
 */
int mf_merge_flows(const struct mf_spliced *parts, size_t count,
                   struct mf_encoder *out);

#endif
