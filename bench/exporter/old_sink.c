/*
 * A server of the published schema that keeps nothing: it takes ExportFlow
 * and knows no Hello, so that an exporter is measured and not a server.
 *
 * usage: bench-old-sink   prints its port; on SIGTERM "MESSAGES BYTES"
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/server.h"
#include "pb/wire.h"
#include "rpc/rpc.h"

enum { MESSAGE_MAX_LEN = 256 << 20, PROCESSED = 3 };

static struct mf_rpc *rpc;
static struct mf_loop *loop;
static uint64_t messages, bytes;

static void fail(const char *what)
{
    fprintf(stderr, "bench-old-sink: %s\n", what);
    exit(1);
}

static void on_open(struct mf_call *call, void *user)
{
    (void)user;
    uint64_t *count = calloc(1, sizeof *count);
    if (!count)
        fail("out of memory");
    mf_call_set_data(call, count);
}

static void on_message(struct mf_call *call, void *user, const uint8_t *data,
                       size_t len)
{
    (void)user;
    (void)data;
    ++*(uint64_t *)mf_call_data(call);
    messages++;
    bytes += len;
}

static void on_half_close(struct mf_call *call, void *user)
{
    (void)user;
    struct mf_buf answer;
    mf_buf_init(&answer, SIZE_MAX);
    if (mf_wire_put_varint(&answer, PROCESSED, *(uint64_t *)mf_call_data(call)))
        fail("out of memory");
    mf_call_send(call, answer.data, answer.len);
    mf_call_finish(call, MF_STATUS_OK, NULL);
    mf_buf_release(&answer);
}

static void on_close(struct mf_call *call, void *user)
{
    (void)user;
    free(mf_call_data(call));
}

static const struct mf_method methods[] = {
    {.path = "/mitmproxy.v1.Service/ExportFlow",
     .input = "mitmproxy.v1.ExportFlowRequest",
     .output = "mitmproxy.v1.ExportFlowResponse",
     .kind = MF_METHOD_CLIENT_STREAM,
     .ops = {.on_open = on_open,
             .on_message = on_message,
             .on_half_close = on_half_close,
             .on_close = on_close}},
};

static void answer_not_found(struct mf_exchange *x, void *user)
{
    (void)user;
    mf_exchange_respond(x, 404, NULL, 0);
    mf_exchange_finish(x, NULL, 0);
}

static void on_request(void *user, struct mf_exchange *x)
{
    (void)user;
    static const struct mf_exchange_events events = {.on_end =
                                                         answer_not_found};
    if (!mf_rpc_handle(rpc, x))
        mf_exchange_set_events(x, &events, NULL);
}

static void on_stopped(void *arg)
{
    mf_loop_stop(arg);
}

static void on_signal(void *arg, int signum)
{
    (void)signum;
    mf_server_stop(arg, 0, on_stopped, loop);
}

int main(void)
{
    struct mf_server *server;
    struct mf_schema *schema;
    char *url;
    if (mf_schema_new(mf_pb_descriptors, mf_pb_descriptors_len, &schema, NULL))
        fail("no schema");
    const struct mf_rpc_opts rpc_opts = {.schema = schema,
                                         .max_message_len = MESSAGE_MAX_LEN};
    rpc = mf_rpc_new(&rpc_opts);
    if (!rpc || mf_rpc_add(rpc, methods, 1, NULL) || mf_loop_new(&loop, NULL))
        fail("out of memory");
    const struct mf_server_opts opts = {.loop = loop, .on_request = on_request};
    const struct mf_listen_opts listen = {.address = "127.0.0.1:0"};
    if (mf_server_new(&opts, &server, NULL) ||
        mf_server_listen(server, &listen, &url, NULL))
        fail("cannot listen");
    printf("%s\n", strrchr(url, ':') + 1);
    fflush(stdout);
    mf_loop_on_signal(loop, SIGTERM, on_signal, server);
    mf_loop_run(loop);
    printf("%" PRIu64 " %" PRIu64 "\n", messages, bytes);
    return 0;
}
