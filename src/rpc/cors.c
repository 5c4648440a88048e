#include "rpc/cors.h"

#include <string.h>

/* The allowed origin that `x` comes from, or NULL. */
static const char *origin_of(const struct mf_rpc_opts *opts,
                             const struct mf_exchange *x)
{
    const char *origin = mf_exchange_header(x, "origin");
    for (size_t i = 0; origin && i < opts->cors_origin_count; i++)
        if (strcmp(origin, opts->cors_origins[i]) == 0)
            return opts->cors_origins[i];
    return NULL;
}

void mf_cors_add_fields(const struct mf_rpc_opts *opts,
                        const struct mf_exchange *x, struct mf_fields *fields)
{
    const char *origin = origin_of(opts, x);
    /* Caches must not give one origin what was answered to another. */
    if (opts->cors_origin_count)
        mf_fields_add(fields, "vary", "origin");
    if (!origin)
        return;
    mf_fields_add(fields, "access-control-allow-origin", origin);
    /* The star covers metadata; older browsers do not know it. */
    mf_fields_add(fields, "access-control-expose-headers",
                  "*, content-encoding, connect-content-encoding, "
                  "grpc-status, grpc-message, grpc-status-details-bin");
}

bool mf_cors_is_preflight(const struct mf_rpc_opts *opts,
                          const struct mf_exchange *x)
{
    return strcmp(mf_exchange_method(x), "OPTIONS") == 0 &&
           mf_exchange_header(x, "access-control-request-method") &&
           origin_of(opts, x);
}

void mf_cors_add_preflight_fields(const struct mf_method *method,
                                  struct mf_fields *fields)
{
    mf_fields_add(fields, "access-control-allow-methods",
                  method->no_side_effects ? "GET, POST" : "POST");
    /* The star covers metadata, but never authorization. */
    mf_fields_add(fields, "access-control-allow-headers",
                  "*, authorization, content-type, content-encoding, "
                  "connect-protocol-version, connect-timeout-ms, "
                  "connect-content-encoding, connect-accept-encoding, "
                  "grpc-timeout, grpc-encoding, grpc-accept-encoding, "
                  "x-grpc-web, x-user-agent");
    /* Two hours: no browser keeps it longer. */
    mf_fields_add(fields, "access-control-max-age", "7200");
}
