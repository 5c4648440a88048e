/*
 * service: connectrpc.conformance.v1.ConformanceService. Its handlers are
 * written once and see neither protocol, codec, compression nor HTTP version.
 *
 * Thread:  the loop's.
 */
#ifndef CONFORMANCE_SERVICE_H
#define CONFORMANCE_SERVICE_H

#include "net/loop.h"
#include "rpc/rpc.h"

/* Register the methods; `loop` is borrowed for rpc's life. 0 or
 * MF_ENOMEM. */
int service_add(struct mf_rpc *rpc, struct mf_loop *loop);

#endif
