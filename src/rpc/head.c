/* From a request's head to a call, or to the answer that it gets instead. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/accept.h"
#include "rpc/call_impl.h"
#include "rpc/cors.h"
#include "rpc/refusal.h"

/* Longer ones are as good as none; so that sums stay in range. */
#define TIMEOUT_MAX_MS (UINT64_C(100) * 365 * 86400 * 1000)

/* ---- Unknown paths ---- */

static const struct mf_method unknown_method = {.kind = MF_METHOD_UNARY};

static bool is_connect(const struct mf_content_type *type)
{
    return type->protocol == MF_PROTOCOL_CONNECT_UNARY ||
           type->protocol == MF_PROTOCOL_CONNECT_STREAM;
}

static bool handle_unknown(struct mf_rpc *rpc, struct mf_exchange *x,
                           const struct mf_content_type *type)
{
    if (!type || strcmp(mf_exchange_method(x), "POST") != 0)
        return false;
    if (type->protocol == MF_PROTOCOL_CONNECT_UNARY && type->is_json &&
        !mf_exchange_header(x, "connect-protocol-version"))
        return false; /* anybody posts JSON */
    if (is_connect(type)) {
        mf_refuse_path(&rpc->opts, x);
        return true;
    }
    if (type->protocol == MF_PROTOCOL_GRPC && mf_exchange_http_version(x) < 2) {
        mf_refuse_version(&rpc->opts, x);
        return true;
    }
    const struct mf_entry entry = {.method = &unknown_method};
    struct mf_call *call = mf_call__new(rpc, &entry, x, type);
    if (!call)
        mf_refuse_memory(&rpc->opts, x);
    else
        mf_call__fail(call, MF_STATUS_UNIMPLEMENTED, "no such method");
    return true;
}

/* ---- Calls ---- */

static const char no_encoding[] =
    "the compression is not supported; gzip, br, zstd and deflate are";

/* The encoding of the request's messages. 0 or MF_EUNSUPPORTED. */
static int read_encoding(struct mf_call *call)
{
    const char *name = mf_protocol_names(call->protocol)->encoding;
    bool is_first = true;
    for (size_t i = 0; i < mf_exchange_header_count(call->x); i++) {
        const struct mf_header *header = mf_exchange_header_at(call->x, i);
        if (strcmp(header->name, name) != 0)
            continue;
        /* Two are a list, and messages are compressed once at most. */
        if (!is_first || mf_encoding_parse(header->value, strlen(header->value),
                                           &call->encoding))
            return MF_EUNSUPPORTED;
        is_first = false;
    }
    return 0;
}

static void read_accepted(struct mf_call *call)
{
    const char *name = mf_protocol_names(call->protocol)->accept_encoding;
    bool is_named = false;
    struct mf_accept accept;
    mf_accept_init(&accept);
    for (size_t i = 0; i < mf_exchange_header_count(call->x); i++) {
        const struct mf_header *header = mf_exchange_header_at(call->x, i);
        if (strcmp(header->name, name) != 0)
            continue;
        mf_accept_add(&accept, header->value);
        is_named = true;
    }
    /* Connect: who says nothing takes what it sends. */
    if (!is_named && (call->protocol == MF_PROTOCOL_CONNECT_UNARY ||
                      call->protocol == MF_PROTOCOL_CONNECT_STREAM))
        mf_accept_add(&accept, mf_encoding_name(call->encoding));
    call->answer_encoding = mf_accept_choose(&accept);
}

static enum mf_status read_encodings(struct mf_call *call,
                                     const char **ret_message)
{
    if (!call->is_get && read_encoding(call)) {
        call->is_encoding_unknown = true;
        *ret_message = no_encoding;
        return MF_STATUS_UNIMPLEMENTED;
    }
    read_accepted(call);
    return MF_STATUS_OK;
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
    if (mf_exchange_set_deadline(call->x, ms)) {
        *ret_message = "out of memory";
        return MF_STATUS_RESOURCE_EXHAUSTED;
    }
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
        call->is_encoding_unknown = true;
        *ret_message = no_encoding;
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

static enum mf_status admit(struct mf_call *call, const char **ret_message)
{
    const struct mf_rpc_opts *opts = &call->rpc->opts;
    return opts->admit ? opts->admit(opts->admit_user, call->method, call->x,
                                     ret_message)
                       : MF_STATUS_OK;
}

static void begin(struct mf_call *call)
{
    const char *message = NULL;
    enum mf_status status = admit(call, &message);
    if (!status)
        status = read_version(call, &message);
    if (!status && call->is_get)
        status = read_get(call, &message);
    if (!status)
        status = read_encodings(call, &message);
    if (!status)
        status = read_timeout(call, &message);
    if (status) {
        mf_call__fail(call, status, message);
        return;
    }
    mf_call__time_body(call);
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

static bool is_method(const struct mf_exchange *x, const char *name)
{
    return strcmp(mf_exchange_method(x), name) == 0;
}

static void handle_known(struct mf_rpc *rpc, struct mf_exchange *x,
                         const struct mf_entry *entry,
                         const struct mf_content_type *type)
{
    const struct mf_rpc_opts *opts = &rpc->opts;
    const struct mf_method *method = entry->method;
    bool is_get = is_method(x, "GET") && method->no_side_effects &&
                  method->kind == MF_METHOD_UNARY;
    if (mf_cors_is_preflight(opts, x)) {
        mf_answer_preflight(opts, x, method);
        return;
    }
    if (!is_get && !is_method(x, "POST")) {
        mf_refuse_verb(opts, x, method);
        return;
    }
    if (is_get)
        type = type_of_get(x);
    if (!type || !mf_content_type_fits(type, method->kind)) {
        mf_refuse_type(opts, x, method);
        return;
    }
    if (type->protocol == MF_PROTOCOL_GRPC && mf_exchange_http_version(x) < 2) {
        mf_refuse_version(opts, x);
        return;
    }
    struct mf_call *call = mf_call__new(rpc, entry, x, type);
    if (!call) {
        mf_refuse_memory(opts, x);
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
