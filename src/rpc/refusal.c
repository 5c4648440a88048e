#include "rpc/refusal.h"

#include <string.h>

#include "rpc/cors.h"
#include "rpc/metadata.h"

enum { H2_INTERNAL_ERROR = 2 }; /* RFC 9113, section 7 */

static const struct mf_exchange_events no_events;

/* `fields` are released. */
static void answer(struct mf_exchange *x, int status, struct mf_fields *fields,
                   const char *text)
{
    mf_exchange_set_events(x, &no_events, NULL);
    if (fields->rc) {
        mf_exchange_reset(x, H2_INTERNAL_ERROR);
    } else {
        mf_exchange_respond(x, status, fields->list, fields->count);
        mf_exchange_write_static(x, text, strlen(text));
        mf_exchange_finish(x, NULL, 0);
    }
    mf_fields_release(fields);
}

static void refuse(const struct mf_rpc_opts *opts, struct mf_exchange *x,
                   int status, const char *name, const char *value,
                   const char *text)
{
    struct mf_fields fields;
    mf_fields_init(&fields);
    mf_fields_add(&fields, "content-type", "text/plain");
    if (name)
        mf_fields_add(&fields, name, value);
    mf_cors_add_fields(opts, x, &fields);
    answer(x, status, &fields, text);
}

void mf_refuse_path(const struct mf_rpc_opts *opts, struct mf_exchange *x)
{
    refuse(opts, x, 404, NULL, NULL, "There is no such method.\n");
}

void mf_refuse_verb(const struct mf_rpc_opts *opts, struct mf_exchange *x,
                    const struct mf_method *method)
{
    refuse(opts, x, 405, "allow",
           method->no_side_effects ? "GET, POST" : "POST",
           "Methods are called by POST; some by GET, too.\n");
}

void mf_refuse_type(const struct mf_rpc_opts *opts, struct mf_exchange *x,
                    const struct mf_method *method)
{
    refuse(opts, x, 415, "accept-post",
           method->kind == MF_METHOD_UNARY
               ? "application/proto, application/json, "
                 "application/grpc, application/grpc-web"
               : "application/connect+proto, application/connect+json, "
                 "application/grpc, application/grpc-web",
           "The method does not take this content type.\n");
}

void mf_refuse_version(const struct mf_rpc_opts *opts, struct mf_exchange *x)
{
    refuse(opts, x, 505, NULL, NULL,
           "gRPC needs HTTP/2; Connect and gRPC-Web do not.\n");
}

void mf_refuse_memory(const struct mf_rpc_opts *opts, struct mf_exchange *x)
{
    refuse(opts, x, 503, NULL, NULL, "Out of memory.\n");
}

void mf_answer_preflight(const struct mf_rpc_opts *opts, struct mf_exchange *x,
                         const struct mf_method *method)
{
    struct mf_fields fields;
    mf_fields_init(&fields);
    mf_cors_add_fields(opts, x, &fields);
    mf_cors_add_preflight_fields(method, &fields);
    answer(x, 204, &fields, "");
}
