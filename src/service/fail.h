/* From error codes to what a client is told. */
#ifndef MF_SERVICE_FAIL_H
#define MF_SERVICE_FAIL_H

#include "base/error.h"
#include "rpc/rpc.h"

/*
 * Finish `call` with the status that fits `err` (its code is not 0). What
 * is the client's fault or finding is told in words; so is a damaged store,
 * as DATA_LOSS, and logged. Anything else is INTERNAL there and in words in
 * the log.
 */
void mf_fail(struct mf_call *call, const struct mf_err *err);

#endif
