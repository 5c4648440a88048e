#include "cli/serve.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/listen_plan.h"
#include "cli/systemd.h"
#include "cli/tls_files.h"
#include "decode/types.h"
#include "net/loop.h"
#include "net/server.h"
#include "service/access.h"
#include "service/service.h"

struct serve {
    const struct mf_options *options;
    struct mf_loop *loop;
    struct mf_service *service;
    struct mf_server *server;
    struct mf_tls *tls; /* NULL: in clear */
    struct mf_types *types;
    bool stopping;
};

/* It may be in nobody's way that the service manager does not hear us. */
#define NOTIFY(...)                                      \
    do {                                                 \
        struct mf_err notify_err;                        \
        if (mf_systemd_notify(&notify_err, __VA_ARGS__)) \
            mf_log(MF_LOG_WARN, "%s", notify_err.text);  \
    } while (0)

/* ---- Signals ---- */

static void on_server_stopped(void *arg)
{
    struct serve *serve = arg;
    mf_loop_stop(serve->loop);
}

static void on_stop_signal(void *arg, int signum)
{
    struct serve *serve = arg;
    if (serve->stopping)
        return;
    serve->stopping = true;
    mf_log(MF_LOG_INFO, "stopping (signal %d)", signum);
    NOTIFY("STOPPING=1\nSTATUS=stopping");
    mf_service_stop(serve->service);
    mf_server_stop(serve->server, (unsigned)serve->options->stop_grace_ms,
                   on_server_stopped, serve);
}

static int load_types(struct serve *serve, struct mf_err *err)
{
    const struct mf_option_list *sets = &serve->options->descriptor_sets;
    int rc = mf_types_load(serve->types, sets->values, sets->count, err);
    if (!rc)
        mf_log(MF_LOG_INFO, "%zu message types are known",
               mf_types_count(serve->types));
    return rc;
}

static void on_reload_signal(void *arg, int signum)
{
    (void)signum;
    struct serve *serve = arg;
    struct mf_err err;
    if (serve->stopping)
        return;
    NOTIFY("RELOADING=1\nMONOTONIC_USEC=%" PRId64, mf_clock_mono_ns() / 1000);
    if (!serve->tls && !serve->options->descriptor_sets.count)
        mf_log(MF_LOG_INFO, "nothing to read again: no TLS files and no "
                            "descriptor sets are given");
    if (serve->tls && mf_tls_files_load(serve->options, &serve->tls, &err))
        mf_log(MF_LOG_ERROR, "TLS files not taken, the old ones serve on: %s",
               err.text);
    else if (serve->tls)
        mf_log(MF_LOG_INFO, "TLS files read again");
    if (serve->options->descriptor_sets.count && load_types(serve, &err))
        mf_log(MF_LOG_ERROR,
               "descriptor sets not taken, the old ones stay in use: %s",
               err.text);
    NOTIFY("READY=1");
}

static int watch_signals(struct serve *serve)
{
    int rc = mf_loop_on_signal(serve->loop, SIGTERM, on_stop_signal, serve);
    if (!rc)
        rc = mf_loop_on_signal(serve->loop, SIGINT, on_stop_signal, serve);
    if (!rc)
        rc = mf_loop_on_signal(serve->loop, SIGHUP, on_reload_signal, serve);
    return rc;
}

/* ---- Start ---- */

static int listen_at(struct serve *serve,
                     const struct mf_planned_listen *planned,
                     struct mf_err *err)
{
    char *url;
    const struct mf_listen_opts listen = {
        .address = planned->address,
        .fd = planned->fd,
        .tag = planned->tag,
        .tls = planned->is_tls ? serve->tls : NULL,
        .needs_client_cert = planned->needs_client_cert,
    };
    int rc = mf_server_listen(serve->server, &listen, &url, err);
    if (rc)
        return rc;
    /* The URL is the last word: script/server reads it. */
    if (planned->tag & MF_ACCESS_VIEWERS)
        mf_log(MF_LOG_INFO, "listening on %s", url);
    else
        mf_log(MF_LOG_INFO, "listening for exporters on %s", url);
    free(url);
    return 0;
}

static int listen_all(struct serve *serve, const struct mf_listen_plan *plan,
                      struct mf_err *err)
{
    for (size_t i = 0; i < plan->count; i++) {
        int rc = listen_at(serve, &plan->list[i], err);
        if (rc)
            return rc;
    }
    NOTIFY("READY=1\nSTATUS=serving on %s%s", plan->list[plan->count - 1].text,
           plan->count > 1 ? " and other addresses" : "");
    return 0;
}

static int start_service(struct serve *serve, struct mf_err *err)
{
    const struct mf_options *options = serve->options;
    const struct mf_service_opts opts = {
        .loop = serve->loop,
        .data_dir = options->data_dir,
        .max_flows = options->max_flows,
        .max_bytes = options->max_bytes,
        .max_age_ns = (int64_t)options->max_age_ms * MF_NS_PER_MS,
        .max_message_len = options->max_message_len,
        .guard = {.hosts = options->hosts.values,
                  .host_count = options->hosts.count,
                  .origins = options->cors_origins.values,
                  .origin_count = options->cors_origins.count},
        .types = serve->types,
    };
    return mf_service_new(&opts, &serve->service, err);
}

static int start_server(struct serve *serve, struct mf_err *err)
{
    const struct mf_options *options = serve->options;
    const struct mf_server_opts opts = {
        .loop = serve->loop,
        .on_request = mf_service_on_request,
        .user = serve->service,
        .max_connections = (unsigned)options->max_connections,
        .max_streams = (unsigned)options->max_streams,
        .max_head_len = options->max_head_len,
        .first_timeout_ms = (unsigned)options->first_timeout_ms,
        .head_timeout_ms = (unsigned)options->head_timeout_ms,
        .body_timeout_ms = (unsigned)options->body_timeout_ms,
        .send_timeout_ms = (unsigned)options->send_timeout_ms,
        .idle_timeout_ms = (unsigned)options->idle_timeout_ms,
        .ping_interval_ms = (unsigned)options->ping_interval_ms,
        .ping_timeout_ms = (unsigned)options->ping_timeout_ms,
    };
    return mf_server_new(&opts, &serve->server, err);
}

static int start_types(struct serve *serve, struct mf_err *err)
{
    int rc = mf_types_new(&serve->types);
    if (rc)
        return mf_err_set(err, rc, "%s", mf_err_message(rc));
    if (serve->options->descriptor_sets.count)
        rc = load_types(serve, err);
    return rc;
}

static int start(struct serve *serve, const struct mf_listen_plan *plan,
                 struct mf_err *err)
{
    int rc = start_types(serve, err);
    if (!rc && serve->options->tls_cert)
        rc = mf_tls_files_load(serve->options, &serve->tls, err);
    if (!rc)
        rc = mf_loop_new(&serve->loop, err);
    if (!rc)
        rc = start_service(serve, err);
    if (!rc)
        rc = start_server(serve, err);
    if (rc)
        return rc;
    rc = watch_signals(serve);
    if (rc)
        return mf_err_set(err, rc, "cannot watch signals: %s",
                          mf_err_message(rc));
    return listen_all(serve, plan, err);
}

/* As many descriptors as we may have: a connection can take two. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int mf_serve(const struct mf_options *options, struct mf_err *err)
{
    struct serve serve = {.options = options};
    struct mf_passed_sockets passed;
    struct mf_listen_plan plan;
    umask(077); /* what was captured is for this user alone */
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    int rc = mf_systemd_take_sockets(&passed, err);
    if (!rc)
        rc = mf_listen_plan_make(options, &passed, &plan, err);
    if (!rc)
        rc = start(&serve, &plan, err);
    if (!rc)
        mf_loop_run(serve.loop);
    mf_service_free(serve.service);
    mf_server_free(serve.server);
    if (serve.loop)
        mf_loop_free(serve.loop);
    mf_tls_free(serve.tls);
    mf_types_free(serve.types);
    return rc;
}
