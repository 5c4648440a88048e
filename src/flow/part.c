#include "flow/part.h"

#include "flow/details.h"
#include "flow/merge.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/check.h"

enum {
    ID_MAX_LEN = 65536,
    EVENT = 2, /* of ExportFlowRequest */
    PART = 101,
    FLOW_ID = 1, /* of FlowPart */
    FLOW = 2,
};

static int check(const struct mf_part *part, struct mf_err *err)
{
    if (part->flow_id.len == 0)
        return mf_err_set(err, MF_EINVAL, "part without a flow's id");
    if (part->flow_id.len > ID_MAX_LEN)
        return mf_err_set(err, MF_EINVAL, "flow id of %zu bytes",
                          part->flow_id.len);
    return mf_flow_snapshot_type(part->flow)
               ? 0
               : mf_err_set(err, MF_EINVAL, "part without a flow");
}

int mf_part_from_export(const uint8_t *message, size_t len,
                        struct mf_part *ret_part, struct mf_err *err)
{
    int rc = mf_pb_check(&mitmproxy__v1__export_flow_request__descriptor,
                         message, len, err);
    if (rc)
        return rc;
    struct mf_part part = {.flow_id = {"", 0}, .flow = {"", 0}};
    struct mf_cursor cursor = mf_cursor_make(message, len);
    struct mf_wire_field field, all = {0};
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == PART)
            all = field;
        else if (field.number == EVENT)
            part.event = field.value;
    }
    if (!all.number)
        return mf_err_set(err, MF_ENOENT, "message without a part");
    cursor = mf_cursor_make(all.data, all.len);
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == FLOW_ID)
            part.flow_id = mf_flow__span(&field);
        else if (field.number == FLOW)
            part.flow = mf_flow__span(&field);
    }
    rc = check(&part, err);
    if (!rc)
        *ret_part = part;
    return rc;
}

static struct mf_spliced in_one_run(const void *data, size_t len)
{
    return (struct mf_spliced){.bytes = data, .len = len};
}

int mf_flow_from_part(const struct mf_flow *base, const struct mf_part *part,
                      struct mf_flow **ret_flow, struct mf_err *err)
{
    if (mf_flow_snapshot_type(part->flow) != mf_flow_type(base))
        return mf_err_set(err, MF_EINVAL, "part of another type of flow");
    size_t base_len;
    const uint8_t *snapshot = mf_flow_snapshot(base, &base_len);
    struct mf_spliced parts[] = {in_one_run(snapshot, base_len),
                                 in_one_run(part->flow.text, part->flow.len)};
    struct mf_encoder whole;
    struct mf_flow *flow;
    mf_encoder_init(&whole, SIZE_MAX);
    int rc = mf_buf_reserve(&whole.buf, base_len + part->flow.len);
    if (!rc)
        rc = mf_merge_flows(parts, 2, &whole);
    if (rc)
        mf_err_set(err, rc, "part: %s", mf_err_message(rc));
    if (!rc)
        rc = mf_flow_from_snapshot(whole.buf.data, whole.buf.len, MF_FLOW_LIVE,
                                   &flow, err);
    mf_encoder_release(&whole);
    if (rc)
        return rc;
    mf_flow__set_event(flow, part->event);
    *ret_flow = flow;
    return 0;
}
