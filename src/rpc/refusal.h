/* Answers in plain HTTP, to what is no call, or none that can be made. */
#ifndef MF_RPC_REFUSAL_H
#define MF_RPC_REFUSAL_H

#include "net/exchange.h"
#include "rpc/rpc.h"

/* All take the exchange's events and finish it. */

void mf_refuse_path(const struct mf_rpc_opts *opts, struct mf_exchange *x);
void mf_refuse_verb(const struct mf_rpc_opts *opts, struct mf_exchange *x,
                    const struct mf_method *method);
void mf_refuse_type(const struct mf_rpc_opts *opts, struct mf_exchange *x,
                    const struct mf_method *method);
/* gRPC ends with trailers, which HTTP/1.1 does not have here. */
void mf_refuse_version(const struct mf_rpc_opts *opts, struct mf_exchange *x);
void mf_refuse_memory(const struct mf_rpc_opts *opts, struct mf_exchange *x);

/* Not a refusal: the browser is told that it may. */
void mf_answer_preflight(const struct mf_rpc_opts *opts, struct mf_exchange *x,
                         const struct mf_method *method);

#endif
