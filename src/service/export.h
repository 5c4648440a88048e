/* Export and ExportFlows: flows as other programs read them. */
#ifndef MF_SERVICE_EXPORT_H
#define MF_SERVICE_EXPORT_H

#include "rpc/rpc.h"
#include "service/context.h"

/* Their user pointer is the struct mf_context. */
extern const struct mf_method mf_export_methods[];
extern const size_t mf_export_method_count;

/*
 * GET /export?format=NAME&filter=EXPRESSION&number=N...&mitm_version=N: the
 * file itself, for a browser to save. Takes the exchange's events. False: it
 * asks for something else, and is untouched.
 */
bool mf_export_handle(struct mf_context *context, struct mf_exchange *x);

#endif
