/*
 * mitmflow-conformance: what the Connect conformance suite judges. Learns by
 * stdin what it must be able to do, serves ConformanceService on a free port
 * of 127.0.0.1, tells by stdout which, and ends on SIGTERM. Every protocol,
 * codec and HTTP version is served, whichever the judge asks for.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handshake.h"
#include "net/server.h"
#include "net/tls.h"
#include "service.h"

enum {
    STOP_GRACE_MS = 2000,
    MESSAGE_MAX_LEN = 16 << 20, /* where the judge gives no limit */
};

extern const unsigned char conformance_descriptors[];
extern const size_t conformance_descriptors_len;

struct app {
    compat_request *request;
    struct mf_schema *schema;
    struct mf_loop *loop;
    struct mf_rpc *rpc;
    struct mf_tls *tls;
    struct mf_server *server;
    bool is_stopping;
};

/* ---- Requests ---- */

static void answer_not_found(struct mf_exchange *x, void *user)
{
    (void)user;
    mf_exchange_respond(x, 404, NULL, 0);
    mf_exchange_finish(x, NULL, 0);
}

static void on_request(void *user, struct mf_exchange *x)
{
    static const struct mf_exchange_events events = {.on_end =
                                                         answer_not_found};
    struct app *app = user;
    if (!mf_rpc_handle(app->rpc, x))
        mf_exchange_set_events(x, &events, NULL);
}

/* ---- The end ---- */

static void on_stopped(void *arg)
{
    mf_loop_stop(arg);
}

static void on_signal(void *arg, int signum)
{
    (void)signum;
    struct app *app = arg;
    if (app->is_stopping)
        return;
    app->is_stopping = true;
    mf_server_stop(app->server, STOP_GRACE_MS, on_stopped, app->loop);
}

/* ---- The start ---- */

/* PEM that came as bytes, as text; the caller frees it. NULL: none, or no
 * memory. */
static char *text_of(const ProtobufCBinaryData *bytes)
{
    return bytes->len ? strndup((const char *)bytes->data, bytes->len) : NULL;
}

static int start_tls(struct app *app, struct mf_err *err)
{
    const compat_request *request = app->request;
    if (!request->use_tls)
        return 0;
    if (!request->server_creds)
        return mf_err_set(err, MF_EINVAL, "TLS without server_creds");
    char *cert = text_of(&request->server_creds->cert);
    char *key = text_of(&request->server_creds->key);
    char *client_ca = text_of(&request->client_tls_cert);
    int rc = MF_ENOMEM;
    if (request->client_tls_cert.len && !client_ca)
        goto out;
    const struct mf_tls_pem pem = {
        .cert = cert ? cert : "",
        .key = key ? key : "",
        .client_ca = client_ca,
    };
    rc = mf_tls_new(&pem, &app->tls, err);
out:
    free(cert);
    free(key);
    free(client_ca);
    return rc;
}

static int start_rpc(struct app *app, struct mf_err *err)
{
    int rc = mf_schema_new(conformance_descriptors, conformance_descriptors_len,
                           &app->schema, err);
    if (rc)
        return rc;
    const size_t limit = app->request->message_receive_limit;
    const struct mf_rpc_opts opts = {
        .schema = app->schema,
        .max_message_len = limit ? limit : MESSAGE_MAX_LEN,
    };
    app->rpc = mf_rpc_new(&opts);
    if (!app->rpc || service_add(app->rpc, app->loop))
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    return 0;
}

/* Listen, and tell the judge where. */
static int listen_and_tell(struct app *app, struct mf_err *err)
{
    const struct mf_listen_opts opts = {
        .address = "127.0.0.1:0",
        .tls = app->tls,
        .needs_client_cert = app->request->client_tls_cert.len > 0,
    };
    char *url = NULL;
    int rc = mf_server_listen(app->server, &opts, &url, err);
    if (rc)
        return rc;
    compat_response response = COMPAT_RESPONSE_INIT;
    response.host = (char *)"127.0.0.1";
    response.port = (uint32_t)strtoul(strrchr(url, ':') + 1, NULL, 10);
    if (app->tls)
        response.pem_cert = app->request->server_creds->cert;
    free(url);
    return handshake_write(STDOUT_FILENO, &response, err);
}

static int start(struct app *app, struct mf_err *err)
{
    int rc = handshake_read(STDIN_FILENO, &app->request, err);
    if (!rc)
        rc = mf_loop_new(&app->loop, err);
    if (!rc)
        rc = start_rpc(app, err);
    if (!rc)
        rc = start_tls(app, err);
    const struct mf_server_opts opts = {
        .loop = app->loop,
        .on_request = on_request,
        .user = app,
    };
    if (!rc)
        rc = mf_server_new(&opts, &app->server, err);
    if (!rc)
        rc = mf_loop_on_signal(app->loop, SIGTERM, on_signal, app);
    return rc ? rc : listen_and_tell(app, err);
}

int main(void)
{
    struct app app = {0};
    struct mf_err err = {0};
    signal(SIGPIPE, SIG_IGN);
    int rc = start(&app, &err);
    if (!rc)
        mf_loop_run(app.loop);
    else
        fprintf(stderr, "mitmflow-conformance: %s\n",
                *err.text ? err.text : mf_err_message(rc));
    mf_server_free(app.server);
    mf_rpc_free(app.rpc);
    mf_tls_free(app.tls);
    if (app.loop)
        mf_loop_free(app.loop);
    mf_schema_free(app.schema);
    handshake_request_free(app.request);
    return rc ? 1 : 0;
}
