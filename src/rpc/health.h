/*
 * mf_health: grpc.health.v1.Health, by which clients and load balancers ask
 * whether the server, and each of its services, takes calls.
 *
 * Thread:  the loop's.
 * Source:  gRPC's health checking protocol, and proposal A90 (List).
 */
#ifndef MF_RPC_HEALTH_H
#define MF_RPC_HEALTH_H

#include "rpc/rpc.h"

struct mf_health;

enum mf_health_status {
    MF_HEALTH_SERVING = 1,
    MF_HEALTH_NOT_SERVING = 2,
};

/*
 * Register Check, List and Watch with `rpc`, whose schema has
 * grpc/health/v1/health.proto. No service is known at first. NULL when memory
 * is out; then `rpc` may only be freed.
 */
struct mf_health *mf_health_new(struct mf_rpc *rpc);

/* When no call is open any more. NULL is allowed. */
void mf_health_free(struct mf_health *health);

/* Say how a service is; "" is the server itself. Who watches it is told.
 * 0 or MF_ENOMEM. */
int mf_health_set(struct mf_health *health, const char *service,
                  enum mf_health_status status);

/* Say the same of the server and of every service that rpc has now.
 * 0 or MF_ENOMEM, after which some may have been set. */
int mf_health_set_all(struct mf_health *health, enum mf_health_status status);

/* From now on nothing is serving, whatever is set. Who watches is told, and
 * then the watch ends with UNAVAILABLE; so does any further one. */
void mf_health_stop(struct mf_health *health);

#endif
