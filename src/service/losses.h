/*
 * Flows that exporters had to give up: taken in, kept, told in the log and to
 * viewers.
 *
 * Thread:  the loop's.
 */
#ifndef MF_SERVICE_LOSSES_H
#define MF_SERVICE_LOSSES_H

#include "service/context.h"

/* Once, when the store is open. */
void mf_losses_begin(struct mf_context *context);

/*
 * Take an ExportFlowRequest that has a `loss`, durable with *ret_ticket.
 * Errors as mf_loss_from_export() and mf_store_put(), told in `err`.
 */
int mf_losses_take(struct mf_context *context, const char *source,
                   const uint8_t *message, size_t len, uint64_t *ret_ticket,
                   struct mf_err *err);

/* Append those with a number over *told as repeated field `number`, each a
 * mitmflow.v1.Loss; then *told is the last one's. 0, MF_EFULL, MF_ENOMEM. */
int mf_losses_put(struct mf_context *context, uint64_t *told, uint32_t number,
                  struct mf_buf *out);

#endif
