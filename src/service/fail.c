#include "service/fail.h"

#include <string.h>

#include "base/log.h"
#include "pb/wire.h"

void mf_fail(struct mf_call *call, const struct mf_err *err)
{
    switch (err->code) {
    case MF_ENOENT:
        mf_call_finish(call, MF_STATUS_NOT_FOUND, err->text);
        return;
    case MF_EINVAL:
    case MF_EUTF8:
        mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT, err->text);
        return;
    case MF_EFULL:
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, err->text);
        return;
    case MF_ECORRUPT: /* the store's; a client's has its own words */
        mf_log(MF_LOG_ERROR, "request failed: %s", err->text);
        mf_call_finish(call, MF_STATUS_DATA_LOSS, err->text);
        return;
    default:
        mf_log(MF_LOG_ERROR, "request failed: %s (%s)", err->text,
               mf_err_message(err->code));
        mf_call_finish(call, MF_STATUS_INTERNAL, "internal error");
    }
}

/* Field numbers of FilterError. */
enum {
    ERROR_MESSAGE = 1,
    ERROR_POSITION = 2,
    ERROR_LENGTH = 3,
    ERROR_MAX_LEN = 1024,
};

int mf_fail_put_filter_error(const struct mf_filter_fault *fault,
                             struct mf_buf *out)
{
    int rc = mf_wire_put_bytes_opt(out, ERROR_MESSAGE, fault->text,
                                   strlen(fault->text));
    if (!rc)
        rc = mf_wire_put_varint_opt(out, ERROR_POSITION, fault->position);
    return rc ? rc : mf_wire_put_varint_opt(out, ERROR_LENGTH, fault->len);
}

static void fail_filter(struct mf_call *call, const struct mf_err *err,
                        const struct mf_filter_fault *fault)
{
    struct mf_buf bytes;
    mf_buf_init(&bytes, ERROR_MAX_LEN);
    int rc = mf_fail_put_filter_error(fault, &bytes);
    const struct mf_error_detail detail = {
        .type = "mitmflow.v1.FilterError",
        .value = bytes.data,
        .len = bytes.len,
    };
    mf_call_finish_error(call, MF_STATUS_INVALID_ARGUMENT, err->text, &detail,
                         rc ? 0 : 1);
    mf_buf_release(&bytes);
}

bool mf_fail_or_filter(struct mf_call *call,
                       const Mitmflow__V1__FlowFilter *message,
                       struct mf_filter **ret_filter)
{
    struct mf_filter_fault fault = {0};
    struct mf_err err = {.text = "the filter cannot be used"};
    err.code = mf_filter_new(message, ret_filter, &fault, &err);
    if (!err.code)
        return true;
    if (err.code == MF_EINVAL && fault.text[0])
        fail_filter(call, &err, &fault);
    else
        mf_fail(call, &err);
    return false;
}

void mf_fail_or_send(struct mf_call *call, int rc, struct mf_buf *answer)
{
    if (rc) {
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, mf_err_message(rc));
    } else {
        mf_call_send(call, answer->data, answer->len);
        mf_call_finish(call, MF_STATUS_OK, NULL);
    }
    mf_buf_release(answer);
}
