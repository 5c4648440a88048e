#include "service/service.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "pb/schema.h"
#include "rpc/health.h"
#include "rpc/reflection.h"
#include "rpc/rpc.h"
#include "service/access.h"
#include "service/context.h"
#include "service/decode.h"
#include "service/explain.h"
#include "service/export.h"
#include "service/failures.h"
#include "service/get_body.h"
#include "service/ingest.h"
#include "service/learner.h"
#include "service/losses.h"
#include "service/match.h"
#include "service/messages.h"
#include "service/must.h"
#include "service/page.h"
#include "service/proxies.h"
#include "service/proxies_list.h"
#include "service/query.h"
#include "service/viewer.h"
#include "service/watch.h"

#define MESSAGE_MAX_LEN ((size_t)256 << 20)

enum {
    TAKE_AT_ONCE = 256,
    REST_MAX_MS = 8,
    EVICTED_EVERY_S = 60,
};

struct mf_service {
    struct mf_context context;
    struct mf_guard guard;
    struct mf_schema *schema;
    struct mf_rpc *rpc;
    struct mf_health *health;
    struct mf_reflection *reflection;
    struct mf_ingest *ingest;
    struct mf_watches *watches;
    struct mf_queries *queries;

    struct mf_timer *rest_timer;
    int64_t rested_ns;     /* when the next changes may be taken */
    bool is_failing;       /* the last commit told did */
    uint64_t evicted_told; /* in the log */
    int64_t evicted_told_ns;
};

/* ---- changes, on their way to viewers ---- */

static void take_changes(void *arg)
{
    struct mf_service *service = arg;
    struct mf_context *context = &service->context;
    struct mf_change changes[TAKE_AT_ONCE];
    size_t count, all = 0;
    if (!context->pool) /* not started yet, or closed */
        return;
    while ((count =
                mf_store_take_changes(context->store, changes, TAKE_AT_ONCE))) {
        mf_failures_see(context->failures, changes, count);
        mf_learner_see(context, changes, count);
        mf_hub_take(context->hub, changes, count);
        all += count;
    }
    int64_t rest_ms = all < REST_MAX_MS ? (int64_t)all : REST_MAX_MS;
    service->rested_ns = mf_clock_mono_ns() + rest_ms * MF_NS_PER_MS;
    mf_store_stats(context->store, &context->stats);
    mf_hub_tell(context->hub);
}

/* A change that comes alone is told at once. After many follows a rest of a
 * millisecond each: what comes fast comes to a viewer in few messages, which
 * cost it and us much less. */
static void take_changes_soon(void *arg)
{
    struct mf_service *service = arg;
    int64_t rest_ns = service->rested_ns - mf_clock_mono_ns();
    if (rest_ns > 0)
        mf_timer_start(service->rest_timer,
                       (uint64_t)(rest_ns / MF_NS_PER_MS + 1), 0);
    else
        take_changes(service);
}

static void on_changes(void *user)
{
    struct mf_service *service = user;
    mf_must(mf_loop_post(service->context.loop, take_changes_soon, service) ==
            0);
}

/* ---- from the writer thread to the loop ---- */

/* A commit, or that one failed, on its way to the loop. */
struct note {
    struct mf_service *service;
    uint64_t ticket;
    bool has_failed;
    struct mf_err err;
};

static void on_failure(struct mf_service *service, const struct mf_err *err)
{
    service->is_failing = true;
    if (err->code != MF_EFULL) {
        mf_log(MF_LOG_ERROR, "the store fails, trying again: %s", err->text);
        return;
    }
    mf_log(MF_LOG_ERROR, "the disk is full, no flows are taken: %s", err->text);
    mf_ingest_full(service->ingest);
}

/* What the limits took, once in a while. */
static void log_evictions(struct mf_service *service)
{
    const struct mf_store_stats *stats = &service->context.stats;
    int64_t now_ns = mf_clock_mono_ns();
    if (stats->evicted_count == service->evicted_told ||
        now_ns - service->evicted_told_ns < EVICTED_EVERY_S * MF_NS_PER_S)
        return;
    mf_log(MF_LOG_INFO,
           "%" PRIu64 " flows let go by the limits, %" PRIu64 " are kept",
           stats->evicted_count - service->evicted_told, stats->flow_count);
    service->evicted_told = stats->evicted_count;
    service->evicted_told_ns = now_ns;
}

static void on_success(struct mf_service *service, uint64_t ticket)
{
    if (service->is_failing)
        mf_log(MF_LOG_INFO, "flows are written again");
    service->is_failing = false;
    mf_ingest_committed(service->ingest, ticket);
    mf_store_stats(service->context.store, &service->context.stats);
    /* Some may wait for it to read what the hub does not hold. */
    mf_hub_tell(service->context.hub);
    log_evictions(service);
}

static void take_note(void *arg)
{
    struct note *note = arg;
    if (note->service->context.pool && note->has_failed)
        on_failure(note->service, &note->err);
    else if (note->service->context.pool)
        on_success(note->service, note->ticket);
    free(note);
}

static void post_note(struct mf_service *service, const struct note *note)
{
    struct note *copy = malloc(sizeof *copy);
    mf_must(copy != NULL);
    *copy = *note;
    mf_must(mf_loop_post(service->context.loop, take_note, copy) == 0);
}

static void on_commit(void *user, uint64_t ticket)
{
    post_note(user, &(struct note){.service = user, .ticket = ticket});
}

static void on_store_failure(void *user, const struct mf_err *err)
{
    post_note(user,
              &(struct note){.service = user, .has_failed = true, .err = *err});
}

/* ---- life ---- */

static int start_hub(struct mf_service *service, struct mf_err *err)
{
    struct mf_context *context = &service->context;
    mf_store_stats(context->store, &context->stats);
    service->evicted_told = context->stats.evicted_count;
    mf_losses_begin(context);
    context->hub = mf_hub_new(context->stats.head);
    return context->hub ? 0 : mf_err_set(err, MF_ENOMEM, "out of memory");
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
        mf_rpc_add(service->rpc, mf_query_methods, mf_query_method_count,
                   service->queries) ||
        mf_rpc_add(service->rpc, mf_proxies_methods, mf_proxies_method_count,
                   &service->context) ||
        mf_rpc_add(service->rpc, mf_messages_methods, mf_messages_method_count,
                   &service->context) ||
        mf_rpc_add(service->rpc, mf_decode_methods, mf_decode_method_count,
                   &service->context) ||
        mf_rpc_add(service->rpc, mf_explain_methods, mf_explain_method_count,
                   &service->context) ||
        mf_rpc_add(service->rpc, mf_match_methods, mf_match_method_count,
                   &service->context) ||
        mf_rpc_add(service->rpc, mf_get_body_methods, mf_get_body_method_count,
                   &service->context) ||
        mf_rpc_add(service->rpc, mf_export_methods, mf_export_method_count,
                   &service->context) ||
        mf_rpc_add(service->rpc, mf_viewer_methods, mf_viewer_method_count,
                   &service->context))
        return MF_ENOMEM;
    service->reflection = mf_reflection_new(service->rpc);
    service->health = mf_health_new(service->rpc);
    if (!service->reflection || !service->health)
        return MF_ENOMEM;
    return mf_health_set_all(service->health, MF_HEALTH_SERVING);
}

static void tell_older_frames(const struct mf_store *store)
{
    uint64_t frames = mf_store_older_frames(store);
    if (frames)
        mf_log(MF_LOG_INFO,
               "this version finds more in bodies than the one before: %" PRIu64
               " frames of flows are indexed anew in the background, and until "
               "then searches find in them what was found before",
               frames);
}

int mf_service_new(const struct mf_service_opts *opts,
                   struct mf_service **ret_service, struct mf_err *err)
{
    struct mf_service *service = calloc(1, sizeof *service);
    if (!service)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    struct mf_context *context = &service->context;
    context->loop = opts->loop;
    context->types = opts->types;
    context->max_message_len =
        opts->max_message_len ? opts->max_message_len : MESSAGE_MAX_LEN;
    service->guard = opts->guard;
    const struct mf_store_opts store_opts = {
        .dir = opts->data_dir,
        .max_flows = opts->max_flows,
        .max_bytes = opts->max_bytes,
        .max_age_ns = opts->max_age_ns,
        .on_changes = on_changes,
        .on_commit = on_commit,
        .on_failure = on_store_failure,
        .user = service,
    };
    service->ingest = mf_ingest_new(context);
    service->watches = context->watches = mf_watches_new(context);
    context->failures = mf_failures_new(context);
    context->proxies = mf_proxies_new();
    service->queries = mf_queries_new(context);
    service->rest_timer = mf_timer_new(context->loop, take_changes, service);
    int rc = mf_schema_new(mf_pb_descriptors, mf_pb_descriptors_len,
                           &service->schema, err);
    if (!rc && (!service->ingest || !service->watches || !service->queries ||
                !context->failures || !context->proxies ||
                !service->rest_timer || start_rpc(service)))
        rc = mf_err_set(err, MF_ENOMEM, "out of memory");
    if (!rc)
        rc = mf_store_open(&store_opts, &context->store, err);
    if (!rc) {
        tell_older_frames(context->store);
        mf_learner_remember(context);
        rc = start_hub(service, err);
    }
    if (!rc)
        rc = mf_pool_new(context->loop, context->store, &context->pool, err);
    if (rc) {
        mf_service_free(service);
        return rc;
    }
    take_changes(service); /* of its opening */
    *ret_service = service;
    return 0;
}

void mf_service_on_request(void *user, struct mf_exchange *x)
{
    struct mf_service *service = user;
    const char *refusal = mf_guard_refusal(
        &service->guard, mf_exchange_authority(x),
        mf_exchange_header(x, "origin"), mf_exchange_is_tls(x));
    bool is_viewer = mf_exchange_listener_tag(x) & MF_ACCESS_VIEWERS;
    if (refusal)
        mf_page_refuse(x, 403, refusal);
    else if (!mf_rpc_handle(service->rpc, x) &&
             !(is_viewer && mf_export_handle(&service->context, x)))
        mf_page_handle(x, is_viewer);
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
    mf_queries_free(service->queries);
    mf_timer_free(service->rest_timer);
    mf_ingest_free(service->ingest);
    mf_failures_free(service->context.failures);
    mf_proxies_free(service->context.proxies);
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
    if (service->context.store)
        mf_failures_flush(service->context.failures);
    mf_store_close(service->context.store);
    service->context.store = NULL;
    /* After the notes of the last commits, which are posted already. */
    mf_must(mf_loop_post(service->context.loop, destroy, service) == 0);
}
