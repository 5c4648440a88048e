/*
 * CORS (the Fetch standard): pages of the origins that mf_rpc_opts names may
 * call; without credentials. Where none is named, nothing of it is said.
 */
#ifndef MF_RPC_CORS_H
#define MF_RPC_CORS_H

#include <stdbool.h>

#include "net/exchange.h"
#include "rpc/metadata.h"
#include "rpc/rpc.h"

/* Add what an answer to `x` says to the browser. */
void mf_cors_add_fields(const struct mf_rpc_opts *opts,
                        const struct mf_exchange *x, struct mf_fields *fields);

/* True if a browser asks whether a page of an allowed origin may call. */
bool mf_cors_is_preflight(const struct mf_rpc_opts *opts,
                          const struct mf_exchange *x);

/* Add what the answer to that says beside the above. */
void mf_cors_add_preflight_fields(const struct mf_method *method,
                                  struct mf_fields *fields);

#endif
