#include "service/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "pb/schema.h"
#include "rpc/health.h"
#include "rpc/reflection.h"
#include "rpc/rpc.h"
#include "service/access.h"
#include "service/context.h"
#include "service/ingest.h"
#include "service/page.h"
#include "service/viewer.h"
#include "service/watch.h"

#define MESSAGE_MAX_LEN ((size_t)256 << 20)

struct mf_service {
    struct mf_context context;
    struct mf_guard guard;
    struct mf_schema *schema;
    struct mf_rpc *rpc;
    struct mf_health *health;
    struct mf_reflection *reflection;
    struct mf_ingest *ingest;
    struct mf_watches *watches;
};

/* ---- from the writer thread to the loop ---- */

/* A commit on its way to the loop. */
struct note {
    struct mf_service *service;
    uint64_t ticket;
    uint64_t flow_count;
    size_t change_count;
    struct mf_change changes[]; /* with references of their own */
};

static void take_note(void *arg)
{
    struct note *note = arg;
    struct mf_service *service = note->service;
    if (service->context.pool) { /* started, and not yet closed */
        mf_hub_publish(service->context.hub, note->changes, note->change_count,
                       note->flow_count);
        mf_ingest_committed(service->ingest, note->ticket);
    }
    for (size_t i = 0; i < note->change_count; i++)
        mf_record_unref(note->changes[i].record);
    free(note);
}

/* Changes must reach the hub without a gap and acknowledgements must come,
 * so there is no going on without the memory for this. */
static void *must(void *memory)
{
    if (!memory) {
        mf_log(MF_LOG_ERROR, "out of memory");
        abort();
    }
    return memory;
}

static void on_commit(void *user, const struct mf_commit *commit)
{
    struct mf_service *service = user;
    size_t changes_len = commit->change_count * sizeof *commit->changes;
    struct note *note = must(malloc(sizeof *note + changes_len));
    *note = (struct note){
        .service = service,
        .ticket = commit->ticket,
        .flow_count = commit->flow_count,
        .change_count = commit->change_count,
    };
    for (size_t i = 0; i < commit->change_count; i++) {
        note->changes[i] = commit->changes[i];
        if (note->changes[i].record)
            mf_record_ref(note->changes[i].record);
    }
    if (mf_loop_post(service->context.loop, take_note, note))
        must(NULL);
}

static void on_store_failure(void *user, const struct mf_err *err)
{
    (void)user;
    mf_log(MF_LOG_ERROR, "flows cannot be written, trying again: %s",
           err->text);
}

/* ---- life ---- */

static int start_hub(struct mf_context *context, struct mf_err *err)
{
    struct mf_reader *reader;
    struct mf_window window = {0};
    int rc = mf_reader_open(context->store, &reader, err);
    if (rc)
        return rc;
    struct mf_filter *all = NULL;
    rc = mf_filter_new(NULL, &all, err);
    const struct mf_list_query query = {.filter = all, .limit = 0};
    if (!rc)
        rc = mf_reader_list(reader, &query, &window, err);
    if (!rc)
        context->hub = mf_hub_new(window.head, window.flow_count);
    mf_window_release(&window);
    mf_filter_unref(all);
    mf_reader_close(reader);
    if (!rc && !context->hub)
        rc = mf_err_set(err, MF_ENOMEM, "out of memory");
    return rc;
}

static enum mf_status admit(void *user, const struct mf_method *method,
                            struct mf_exchange *x, const char **ret_message)
{
    (void)user;
    return mf_access_judge(mf_exchange_listener_tag(x),
                           mf_exchange_client_cert(x) != NULL, method->path,
                           ret_message);
}

static int start_rpc(struct mf_service *service)
{
    const struct mf_rpc_opts opts = {
        .schema = service->schema,
        .max_message_len = service->context.max_message_len,
        .cors_origins = service->guard.origins,
        .cors_origin_count = service->guard.origin_count,
        .admit = admit,
    };
    service->rpc = mf_rpc_new(&opts);
    if (!service->rpc ||
        mf_rpc_add(service->rpc, mf_ingest_methods, mf_ingest_method_count,
                   service->ingest) ||
        mf_rpc_add(service->rpc, mf_watch_methods, mf_watch_method_count,
                   service->watches) ||
        mf_rpc_add(service->rpc, mf_viewer_methods, mf_viewer_method_count,
                   &service->context))
        return MF_ENOMEM;
    service->reflection = mf_reflection_new(service->rpc);
    service->health = mf_health_new(service->rpc);
    if (!service->reflection || !service->health)
        return MF_ENOMEM;
    return mf_health_set_all(service->health, MF_HEALTH_SERVING);
}

int mf_service_new(const struct mf_service_opts *opts,
                   struct mf_service **ret_service, struct mf_err *err)
{
    struct mf_service *service = calloc(1, sizeof *service);
    if (!service)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    struct mf_context *context = &service->context;
    context->loop = opts->loop;
    context->max_message_len =
        opts->max_message_len ? opts->max_message_len : MESSAGE_MAX_LEN;
    service->guard = opts->guard;
    const struct mf_store_opts store_opts = {
        .dir = opts->data_dir,
        .max_flows = opts->max_flows,
        .max_bytes = opts->max_bytes,
        .max_age_ns = opts->max_age_ns,
        .on_commit = on_commit,
        .on_failure = on_store_failure,
        .user = service,
    };
    service->ingest = mf_ingest_new(context);
    service->watches = mf_watches_new(context);
    int rc = mf_schema_new(mf_pb_descriptors, mf_pb_descriptors_len,
                           &service->schema, err);
    if (!rc && (!service->ingest || !service->watches || start_rpc(service)))
        rc = mf_err_set(err, MF_ENOMEM, "out of memory");
    if (!rc)
        rc = mf_store_open(&store_opts, &context->store, err);
    if (!rc)
        rc = start_hub(context, err);
    if (!rc)
        rc = mf_pool_new(context->loop, context->store, &context->pool, err);
    if (rc) {
        mf_service_free(service);
        return rc;
    }
    *ret_service = service;
    return 0;
}

void mf_service_on_request(void *user, struct mf_exchange *x)
{
    struct mf_service *service = user;
    const char *refusal = mf_guard_refusal(
        &service->guard, mf_exchange_authority(x),
        mf_exchange_header(x, "origin"), mf_exchange_is_tls(x));
    if (refusal)
        mf_page_refuse(x, 403, refusal);
    else if (!mf_rpc_handle(service->rpc, x))
        mf_page_handle(x, mf_exchange_listener_tag(x) & MF_ACCESS_VIEWERS);
}

void mf_service_stop(struct mf_service *service)
{
    service->context.stopping = true;
    mf_health_stop(service->health);
    mf_reflection_stop(service->reflection);
    mf_ingest_stop(service->ingest);
    mf_watches_stop(service->watches);
}

static void destroy(void *arg)
{
    struct mf_service *service = arg;
    mf_rpc_free(service->rpc);
    mf_health_free(service->health);
    mf_reflection_free(service->reflection);
    mf_watches_free(service->watches);
    mf_ingest_free(service->ingest);
    mf_hub_free(service->context.hub);
    mf_schema_free(service->schema);
    free(service);
}

void mf_service_free(struct mf_service *service)
{
    if (!service)
        return;
    mf_pool_free(service->context.pool);
    service->context.pool = NULL;
    mf_store_close(service->context.store);
    /* After the notes of the last commits, which are posted already. */
    must(mf_loop_post(service->context.loop, destroy, service) ? NULL
                                                               : service);
}
