/*
 * mf_part: what changed in a flow, as an exporter sent it: a
 * mitmproxy.v1.FlowPart, which makes a new snapshot of the flow's last one.
 */
#ifndef MF_FLOW_PART_H
#define MF_FLOW_PART_H

#include "flow/flow.h"

struct mf_part {
    struct mf_span flow_id; /* spans are inside the message */
    struct mf_span flow;    /* a mitmproxy.v1.Flow with what changed */
    uint64_t event;
};

/*
 * Read an ExportFlowRequest that has a `part`. Borrows `message` for the life
 * of *ret_part. Errors as mf_flow_from_export(); MF_ENOENT: it has none.
 */
int mf_part_from_export(const uint8_t *message, size_t len,
                        struct mf_part *ret_part, struct mf_err *err);

/*
 * The snapshot that `part` makes of `base`. MF_EINVAL: it is of another type
 * of flow; MF_ECORRUPT, MF_ENOMEM.
 */
int mf_flow_from_part(const struct mf_flow *base, const struct mf_part *part,
                      struct mf_flow **ret_flow, struct mf_err *err);

#endif
