/*
 * mf_loss: flows that an exporter had to give up: a mitmproxy.v1.Loss.
 *
 * Units:   times are ns since the Unix epoch, UTC; 0: not told.
 */
#ifndef MF_FLOW_LOSS_H
#define MF_FLOW_LOSS_H

#include "flow/flow.h"

enum { MF_LOSS_ID_MAX_LEN = 255, MF_LOSS_REASON_MAX_LEN = 1024 };

struct mf_loss {
    struct mf_span id; /* spans are inside the message */
    uint64_t count;
    int64_t from_ns;
    int64_t to_ns;
    struct mf_span reason; /* cut to its maximum */
};

/*
 * Read an ExportFlowRequest that has a `loss`. Borrows `message` for the life
 * of *ret_loss.
 *
 *  MF_ECORRUPT  not a well-formed message
 *  MF_EINVAL    whole but unusable: no loss, an id that is not of 1 to 255
 *               bytes, a count of 0 or over 2^63 - 1
 *  MF_EUTF8     whole but unusable: a string field is not UTF-8
 */
int mf_loss_from_export(const uint8_t *message, size_t len,
                        struct mf_loss *ret_loss, struct mf_err *err);

#endif
