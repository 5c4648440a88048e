#include "service/fail.h"

#include "base/log.h"

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
