/*
 * What src/net and src/rpc cost: a server whose methods do nothing.
 *
 *   /bench.Sink/Count   client stream: counts messages, each handed over
 *                       whole; answers with the count
 *   /bench.Sink/Feed    server stream: the request's text says how many
 *                       messages of 2 KB are sent ("N"), or that one of
 *                       64 MB is ("big")
 *   /healthz            is no call
 *
 * usage: bench-sink [CERT-FILE KEY-FILE]   prints its port
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "net/server.h"
#include "net/tls.h"
#include "pb/wire.h"
#include "rpc/rpc.h"

#define TYPE "mitmflow.v1.UpdateFlowRequest"

enum {
    MESSAGE_LEN = 2048,
    BIG_LEN = 64 << 20,
    PENDING_MAX_LEN = 256 * 1024,
    TEXT_CAP = 32,
    TEXT_FIELD = 1,
    MAX_CONNECTIONS = 12000,
};

struct sink {
    uint64_t messages;
    uint64_t bytes;
    uint64_t left; /* to be sent */
};

static uint8_t message[MESSAGE_LEN];
static struct mf_rpc *rpc;
static struct mf_loop *loop;

static void fail(const char *what)
{
    fprintf(stderr, "bench-sink: %s\n", what);
    exit(1);
}

static struct sink *sink_of(struct mf_call *call)
{
    struct sink *sink = mf_call_data(call);
    if (sink)
        return sink;
    sink = calloc(1, sizeof *sink);
    if (!sink)
        fail("out of memory");
    mf_call_set_data(call, sink);
    return sink;
}

static void on_close(struct mf_call *call, void *user)
{
    (void)user;
    free(mf_call_data(call));
}

/* ---- Count ---- */

static void on_message(struct mf_call *call, void *user, const uint8_t *data,
                       size_t len)
{
    (void)user;
    (void)data;
    struct sink *sink = sink_of(call);
    sink->messages++;
    sink->bytes += len;
}

static void on_half_close(struct mf_call *call, void *user)
{
    (void)user;
    char text[TEXT_CAP];
    struct mf_buf answer;
    mf_buf_init(&answer, SIZE_MAX);
    snprintf(text, sizeof text, "%" PRIu64, sink_of(call)->messages);
    if (mf_wire_put_bytes(&answer, TEXT_FIELD, text, strlen(text)))
        fail("out of memory");
    mf_call_send(call, answer.data, answer.len);
    mf_call_finish(call, MF_STATUS_OK, NULL);
    mf_buf_release(&answer);
}

/* ---- Feed ---- */

static void feed(struct mf_call *call, void *user)
{
    (void)user;
    struct sink *sink = sink_of(call);
    while (sink->left > 0 && mf_call_pending(call) < PENDING_MAX_LEN) {
        sink->left--;
        mf_call_send(call, message, sizeof message);
    }
    if (sink->left == 0)
        mf_call_finish(call, MF_STATUS_OK, NULL);
}

static void on_order(struct mf_call *call, void *user, const uint8_t *data,
                     size_t len)
{
    char text[TEXT_CAP] = "";
    if (len > 2 && len - 2 < sizeof text)
        memcpy(text, data + 2, len - 2);
    if (strcmp(text, "big") == 0) {
        uint8_t *big = calloc(1, BIG_LEN);
        if (!big)
            fail("out of memory");
        mf_call_send(call, big, BIG_LEN);
        free(big);
    }
    sink_of(call)->left = strtoull(text, NULL, 10);
    feed(call, user);
}

static const struct mf_method methods[] = {
    {.path = "/bench.Sink/Count",
     .input = TYPE,
     .output = TYPE,
     .kind = MF_METHOD_CLIENT_STREAM,
     .ops = {.on_message = on_message,
             .on_half_close = on_half_close,
             .on_close = on_close}},
    {.path = "/bench.Sink/Feed",
     .input = TYPE,
     .output = TYPE,
     .kind = MF_METHOD_SERVER_STREAM,
     .ops = {.on_message = on_order, .on_drain = feed, .on_close = on_close}},
};

/* ---- The server ---- */

static void answer(struct mf_exchange *x, void *user)
{
    (void)user;
    mf_exchange_respond(x, 200, NULL, 0);
    mf_exchange_write_static(x, "healthy\n", 8);
    mf_exchange_finish(x, NULL, 0);
}

static void on_request(void *user, struct mf_exchange *x)
{
    (void)user;
    static const struct mf_exchange_events events = {.on_end = answer};
    if (!mf_rpc_handle(rpc, x))
        mf_exchange_set_events(x, &events, NULL);
}

static char *read_text(const char *path)
{
    enum { CAP = 64 * 1024 };
    char *text = calloc(1, CAP);
    FILE *file = fopen(path, "r");
    if (!text || !file || fread(text, 1, CAP - 1, file) == 0)
        fail("cannot read a file");
    fclose(file);
    return text;
}

static struct mf_tls *make_tls(const char *cert_path, const char *key_path)
{
    struct mf_tls *tls;
    char *cert = read_text(cert_path), *key = read_text(key_path);
    const struct mf_tls_pem pem = {.cert = cert, .key = key};
    if (mf_tls_new(&pem, &tls, NULL))
        fail("not a certificate and its key");
    free(cert);
    free(key);
    return tls;
}

static void on_stopped(void *arg)
{
    mf_loop_stop(arg);
}

static void on_signal(void *arg, int signum)
{
    (void)signum;
    struct mf_server *server = arg;
    static bool is_stopping;
    if (!is_stopping)
        mf_server_stop(server, 0, on_stopped, loop);
    is_stopping = true;
}

int main(int argc, char **argv)
{
    struct mf_server *server;
    struct mf_schema *schema;
    char *url;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (mf_schema_new(mf_pb_descriptors, mf_pb_descriptors_len, &schema, NULL))
        fail("no schema");
    const struct mf_rpc_opts rpc_opts = {.schema = schema,
                                         .max_message_len = 16 << 20};
    rpc = mf_rpc_new(&rpc_opts);
    if (!rpc || mf_rpc_add(rpc, methods, 2, NULL) || mf_loop_new(&loop, NULL))
        fail("out of memory");
    struct mf_tls *tls = argc > 2 ? make_tls(argv[1], argv[2]) : NULL;
    const struct mf_server_opts opts = {.loop = loop,
                                        .on_request = on_request,
                                        .max_connections = MAX_CONNECTIONS};
    const struct mf_listen_opts listen = {.address = "127.0.0.1:0", .tls = tls};
    if (mf_server_new(&opts, &server, NULL) ||
        mf_server_listen(server, &listen, &url, NULL))
        fail("cannot listen");
    printf("%s\n", strrchr(url, ':') + 1);
    fflush(stdout);
    mf_loop_on_signal(loop, SIGTERM, on_signal, server);
    mf_loop_run(loop);
    return 0;
}
