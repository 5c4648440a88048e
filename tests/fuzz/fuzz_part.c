#include <stdlib.h>

#include "flow/part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two ExportFlowRequests; the first two bytes are the length of the first: a
 * flow, and then a part of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t first = (size_t)data[0] << 8 | data[1];
    data += 2;
    size -= 2;
    first = first < size ? first : size;
    struct mf_flow *base, *flow;
    struct mf_part part;
    struct mf_err err;
    if (mf_flow_from_export(data, first, &base, &err))
        return 0;
    if (!mf_part_from_export(data + first, size - first, &part, &err) &&
        !mf_flow_from_part(base, &part, &flow, &err)) {
        if (mf_flow_type(flow) != mf_flow_type(base) ||
            mf_flow_id(flow).len != mf_flow_id(base).len)
            abort();
        mf_flow_unref(flow);
    }
    mf_flow_unref(base);
    return 0;
}
