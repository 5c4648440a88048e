#include "flow/loss.h"

#include "flow/details.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/check.h"

enum { EXPORT_LOSS = 103 };

static void read_loss(struct mf_loss *loss, const struct mf_wire_field *all)
{
    struct mf_cursor cursor = mf_cursor_make(all->data, all->len);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 1)
            loss->id = mf_flow__span(&field);
        else if (field.number == 2)
            loss->count = field.value;
        else if (field.number == 3)
            loss->from_ns = mf_flow__time(&field);
        else if (field.number == 4)
            loss->to_ns = mf_flow__time(&field);
        else if (field.number == 5)
            loss->reason = mf_flow__span(&field);
    }
}

int mf_loss_from_export(const uint8_t *message, size_t len,
                        struct mf_loss *ret_loss, struct mf_err *err)
{
    int rc = mf_pb_check(&mitmproxy__v1__export_flow_request__descriptor,
                         message, len, err);
    if (rc)
        return rc;
    struct mf_wire_field all;
    if (!mf_wire_find(message, len, EXPORT_LOSS, &all))
        return mf_err_set(err, MF_EINVAL, "message without a loss");
    struct mf_loss loss = {.id = {"", 0}, .reason = {"", 0}};
    read_loss(&loss, &all);
    if (loss.id.len == 0 || loss.id.len > MF_LOSS_ID_MAX_LEN)
        return mf_err_set(err, MF_EINVAL, "loss with an id of %zu bytes",
                          loss.id.len);
    if (loss.count == 0 || loss.count > INT64_MAX)
        return mf_err_set(err, MF_EINVAL, "loss of no number of flows");
    /* One end stands for both; neither is before the other. */
    if (!loss.from_ns || (loss.to_ns && loss.from_ns > loss.to_ns))
        loss.from_ns = loss.to_ns;
    if (!loss.to_ns)
        loss.to_ns = loss.from_ns;
    loss.reason = mf_flow__cut(loss.reason, MF_LOSS_REASON_MAX_LEN);
    *ret_loss = loss;
    return 0;
}
