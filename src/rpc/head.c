/* From a request's head to a call, or to the answer that it gets instead. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/call_impl.h"

/* Longer ones are as good as none; so that sums stay in range. */
#define TIMEOUT_MAX_MS (UINT64_C(100) * 365 * 86400 * 1000)

static const struct mf_exchange_events no_events;

static void answer_http(struct mf_exchange *x, int status,
                        const struct mf_header *headers, size_t count)
{
    mf_exchange_set_events(x, &no_events, NULL);
    mf_exchange_respond(x, status, headers, count);
    mf_exchange_finish(x, NULL, 0);
}

static void answer_no_memory(struct mf_exchange *x)
{
    answer_http(x, 503, NULL, 0);
}

static void answer_wrong_verb(struct mf_exchange *x,
                              const struct mf_method *method)
{
    const struct mf_header allow = {
        "allow", method->no_side_effects ? "GET, POST" : "POST"};
    answer_http(x, 405, &allow, 1);
}

static void answer_wrong_type(struct mf_exchange *x,
                              const struct mf_method *method)
{
    const struct mf_header accept = {
        "accept-post", method->kind == MF_METHOD_UNARY
                           ? "application/proto, application/json, "
                             "application/grpc, application/grpc-web"
                           : "application/connect+proto, "
                             "application/connect+json, "
                             "application/grpc, application/grpc-web"};
    answer_http(x, 415, &accept, 1);
}

/* ---- Unknown paths ---- */

static const struct mf_method unknown_method = {.kind = MF_METHOD_UNARY};

static bool handle_unknown(struct mf_rpc *rpc, struct mf_exchange *x,
                           const struct mf_content_type *type)
{
    if (!type || strcmp(mf_exchange_method(x), "POST") != 0)
        return false;
    if (type->protocol == MF_PROTOCOL_CONNECT_UNARY && type->is_json &&
        !mf_exchange_header(x, "connect-protocol-version"))
        return false; /* anybody posts JSON */
    if (type->protocol == MF_PROTOCOL_CONNECT_UNARY ||
        type->protocol == MF_PROTOCOL_CONNECT_STREAM ||
        mf_exchange_http_version(x) < 2) {
        answer_http(x, 404, NULL, 0);
        return true;
    }
    const struct mf_entry entry = {.method = &unknown_method};
    struct mf_call *call = mf_call__new(rpc, &entry, x, type);
    if (!call)
        answer_no_memory(x);
    else
        mf_call__fail(call, MF_STATUS_UNIMPLEMENTED, "no such method");
    return true;
}

/* ---- Calls ---- */

static enum mf_status read_encodings(struct mf_call *call,
                                     const char **ret_message)
{
    const struct mf_protocol_names *names = mf_protocol_names(call->protocol);
    const char *encoding = mf_exchange_header(call->x, names->encoding);
    if (encoding &&
        mf_encoding_parse(encoding, strlen(encoding), &call->encoding)) {
        *ret_message = "the compression is not supported; gzip, deflate, br "
                       "and zstd are";
        return MF_STATUS_UNIMPLEMENTED;
    }
    call->may_gzip =
        mf_offers_gzip(mf_exchange_header(call->x, names->accept_encoding));
    return MF_STATUS_OK;
}

static void on_deadline(void *arg)
{
    mf_call__fail(arg, MF_STATUS_DEADLINE_EXCEEDED, "the deadline has passed");
}

static enum mf_status read_timeout(struct mf_call *call,
                                   const char **ret_message)
{
    const struct mf_protocol_names *names = mf_protocol_names(call->protocol);
    bool has;
    uint64_t ms;
    if (mf_timeout_parse(call->protocol,
                         mf_exchange_header(call->x, names->timeout), &has,
                         &ms)) {
        *ret_message = "malformed time-out";
        return MF_STATUS_INVALID_ARGUMENT;
    }
    if (!has)
        return MF_STATUS_OK;
    if (ms > TIMEOUT_MAX_MS)
        ms = TIMEOUT_MAX_MS;
    call->deadline = mf_timer_new(mf_exchange_loop(call->x), on_deadline, call);
    if (!call->deadline) {
        *ret_message = "out of memory";
        return MF_STATUS_RESOURCE_EXHAUSTED;
    }
    mf_timer_start(call->deadline, ms, 0);
    call->deadline_ns = mf_clock_mono_ns() + (int64_t)ms * MF_NS_PER_MS;
    return MF_STATUS_OK;
}

static enum mf_status read_get(struct mf_call *call, const char **ret_message)
{
    struct mf_get_query query;
    int rc = mf_get_query_parse(mf_exchange_path(call->x), &query, &call->body);
    switch (rc) {
    case 0:
        call->is_json = query.is_json;
        call->content_type =
            query.is_json ? "application/json" : "application/proto";
        call->encoding = query.encoding;
        return MF_STATUS_OK;
    case MF_EUNSUPPORTED:
        *ret_message = "the compression is not supported";
        return MF_STATUS_UNIMPLEMENTED;
    case MF_EFULL:
        *ret_message = "the message is too long";
        return MF_STATUS_RESOURCE_EXHAUSTED;
    case MF_ENOMEM:
        *ret_message = "out of memory";
        return MF_STATUS_RESOURCE_EXHAUSTED;
    default:
        *ret_message = "malformed query";
        return MF_STATUS_INVALID_ARGUMENT;
    }
}

static enum mf_status read_version(struct mf_call *call,
                                   const char **ret_message)
{
    const char *version =
        mf_exchange_header(call->x, "connect-protocol-version");
    if (!version || strcmp(version, "1") == 0)
        return MF_STATUS_OK;
    *ret_message = "the protocol's version is not supported; 1 is";
    return MF_STATUS_INVALID_ARGUMENT;
}

static void begin(struct mf_call *call)
{
    const char *message = NULL;
    enum mf_status status = read_version(call, &message);
    if (!status)
        status = read_encodings(call, &message);
    if (!status && call->is_get)
        status = read_get(call, &message);
    if (!status)
        status = read_timeout(call, &message);
    if (status) {
        mf_call__fail(call, status, message);
        return;
    }
    mf_call__watch_stall(call);
    const struct mf_method *method = call->method;
    bool takes_stream = method->kind == MF_METHOD_CLIENT_STREAM ||
                        method->kind == MF_METHOD_BIDI_STREAM;
    if (takes_stream && method->ops.on_open) {
        call->is_known = true;
        method->ops.on_open(call, call->user);
    }
}

/* The codec of a GET is in its query. */
static const struct mf_content_type *type_of_get(const struct mf_exchange *x)
{
    struct mf_get_query query = {.is_json = true};
    struct mf_buf message;
    mf_buf_init(&message, 0); /* only the codec is wanted */
    if (mf_get_query_parse(mf_exchange_path(x), &query, &message) == MF_ENOENT)
        return NULL;
    return mf_content_type_find(query.is_json ? "application/json"
                                              : "application/proto");
}

static void handle_known(struct mf_rpc *rpc, struct mf_exchange *x,
                         const struct mf_entry *entry,
                         const struct mf_content_type *type)
{
    const struct mf_method *method = entry->method;
    bool is_get = strcmp(mf_exchange_method(x), "GET") == 0;
    if (is_get && method->no_side_effects && method->kind == MF_METHOD_UNARY) {
        type = type_of_get(x);
    } else if (strcmp(mf_exchange_method(x), "POST") != 0) {
        answer_wrong_verb(x, method);
        return;
    }
    if (!type || !mf_content_type_fits(type, method->kind)) {
        answer_wrong_type(x, method);
        return;
    }
    /* gRPC ends with trailers, which HTTP/1.1 has not here. */
    if (type->protocol == MF_PROTOCOL_GRPC && mf_exchange_http_version(x) < 2) {
        answer_http(x, 505, NULL, 0);
        return;
    }
    struct mf_call *call = mf_call__new(rpc, entry, x, type);
    if (!call) {
        answer_no_memory(x);
        return;
    }
    call->is_get = is_get;
    begin(call);
}

bool mf_rpc_handle(struct mf_rpc *rpc, struct mf_exchange *x)
{
    const char *path = mf_exchange_path(x);
    const struct mf_entry *entry =
        mf_map_get(rpc->methods, path, strcspn(path, "?"));
    const struct mf_content_type *type =
        mf_content_type_find(mf_exchange_header(x, "content-type"));
    if (!entry)
        return handle_unknown(rpc, x, type);
    handle_known(rpc, x, entry, type);
    return true;
}
