/*
 * The viewer's plain methods: GetFlows, GetFlow, UpdateFlow, DeleteFlows.
 */
#ifndef MF_SERVICE_VIEWER_H
#define MF_SERVICE_VIEWER_H

#include "rpc/rpc.h"
#include "service/context.h"

/* Their user pointer is the struct mf_context. */
extern const struct mf_method mf_viewer_methods[];
extern const size_t mf_viewer_method_count;

#endif
