/*
 * mf_reflection: grpc.reflection.v1 and v1alpha, by which clients learn what
 * services there are and how to call them.
 *
 * Told are the services that rpc has, and the files of rpc's schema.
 *
 * Thread:  the loop's.
 * Source:  gRPC's server reflection protocol.
 */
#ifndef MF_RPC_REFLECTION_H
#define MF_RPC_REFLECTION_H

#include "rpc/rpc.h"

struct mf_reflection;

/* Register both versions with `rpc`, whose schema has
 * grpc/reflection/v1/reflection.proto and v1alpha's. NULL when memory is out;
 * then `rpc` may only be freed. */
struct mf_reflection *mf_reflection_new(struct mf_rpc *rpc);

/* When no call is open any more. NULL is allowed. */
void mf_reflection_free(struct mf_reflection *reflection);

/* End what streams there are with UNAVAILABLE, and any further one. */
void mf_reflection_stop(struct mf_reflection *reflection);

#endif
