#include "cli/serve.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/log.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/server.h"
#include "service/service.h"

enum { STOP_GRACE_MS = 3000 };

struct serve {
    struct mf_loop *loop;
    struct mf_service *service;
    struct mf_server *server;
    bool stopping;
};

static int check_addresses(const struct mf_options *options, struct mf_err *err)
{
    for (size_t i = 0; i < options->addrs.count; i++) {
        const char *addr = options->addrs.values[i];
        if (!options->insecure && !mf_address_is_loopback(addr))
            return mf_err_set(
                err, MF_EINVAL,
                "%.100s is not a loopback address: whoever reaches it could "
                "read and delete every flow; use 127.0.0.1, or --insecure to "
                "allow it",
                addr);
    }
    return 0;
}

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
    mf_service_stop(serve->service);
    mf_server_stop(serve->server, STOP_GRACE_MS, on_server_stopped, serve);
}

static int listen_all(struct serve *serve, const struct mf_options *options,
                      struct mf_err *err)
{
    for (size_t i = 0; i < options->addrs.count; i++) {
        char *url;
        const struct mf_listen_opts listen = {
            .address = options->addrs.values[i],
        };
        int rc = mf_server_listen(serve->server, &listen, &url, err);
        if (rc)
            return rc;
        mf_log(MF_LOG_INFO, "listening on %s", url);
        free(url);
    }
    return 0;
}

static int start(struct serve *serve, const struct mf_options *options,
                 struct mf_err *err)
{
    int rc = mf_loop_new(&serve->loop, err);
    if (rc)
        return rc;
    const struct mf_service_opts service_opts = {
        .loop = serve->loop,
        .data_dir = options->data_dir,
        .max_flows = options->max_flows,
        .guard = {.hosts = options->hosts.values,
                  .host_count = options->hosts.count},
    };
    rc = mf_service_new(&service_opts, &serve->service, err);
    if (rc)
        return rc;
    const struct mf_server_opts server_opts = {
        .loop = serve->loop,
        .on_request = mf_service_on_request,
        .user = serve->service,
    };
    rc = mf_server_new(&server_opts, &serve->server, err);
    if (!rc)
        rc = mf_loop_on_signal(serve->loop, SIGTERM, on_stop_signal, serve);
    if (!rc)
        rc = mf_loop_on_signal(serve->loop, SIGINT, on_stop_signal, serve);
    return rc ? rc : listen_all(serve, options, err);
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
    struct serve serve = {0};
    umask(077); /* what was captured is for this user alone */
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    int rc = check_addresses(options, err);
    if (!rc)
        rc = start(&serve, options, err);
    if (!rc)
        mf_loop_run(serve.loop);
    mf_service_free(serve.service);
    mf_server_free(serve.server);
    if (serve.loop)
        mf_loop_free(serve.loop);
    return rc;
}
