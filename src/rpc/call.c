#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/call_impl.h"

enum { H2_INTERNAL_ERROR = 2 }; /* RFC 9113, section 7 */

/* ---- Life ---- */

static size_t max_len_of(const struct mf_call *call)
{
    size_t max_len = call->method->max_message_len;
    if (!max_len)
        max_len = call->rpc->opts.max_message_len;
    if (call->is_json && max_len > MF_CALL_JSON_MAX_LEN)
        max_len = MF_CALL_JSON_MAX_LEN;
    return max_len;
}

struct mf_call *mf_call__new(struct mf_rpc *rpc, const struct mf_entry *entry,
                             struct mf_exchange *x,
                             const struct mf_content_type *type)
{
    struct mf_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    call->rpc = rpc;
    call->method = entry->method;
    call->user = entry->user;
    call->x = x;
    call->protocol = type->protocol;
    call->content_type = type->name;
    call->is_json = type->is_json;
    call->is_text = type->is_text;
    call->max_len = max_len_of(call);
    const size_t wire_max = mf_call__wire_max(call->max_len);
    mf_envelope_init(&call->envelope, MF_ENVELOPE_COMPRESSED, wire_max);
    mf_buf_init(&call->body, wire_max);
    mf_buf_init(&call->held, SIZE_MAX); /* bounded by the exchange's reads */
    mf_buf_init(&call->unwrapped, SIZE_MAX); /* bounded like `held` */
    mf_buf_init(&call->plain, 0);
    mf_buf_init(&call->binary, 0);
    mf_buf_init(&call->answer, SIZE_MAX);
    mf_metadata_init(&call->headers);
    mf_metadata_init(&call->trailers);
    mf_exchange_set_events(x, &mf_call__events, call);
    return call;
}

void mf_call__free(struct mf_call *call)
{
    mf_timer_free(call->wake);
    mf_envelope_release(&call->envelope);
    mf_buf_release(&call->body);
    mf_buf_release(&call->held);
    mf_buf_release(&call->unwrapped);
    mf_buf_release(&call->plain);
    mf_buf_release(&call->binary);
    mf_buf_release(&call->answer);
    mf_metadata_release(&call->headers);
    mf_metadata_release(&call->trailers);
    free(call);
}

static void tell_close(struct mf_call *call)
{
    if (call->is_closed || !call->is_known)
        return;
    call->is_closed = true;
    if (call->method->ops.on_close)
        call->method->ops.on_close(call, call->user);
}

/* Nothing more is taken from the client, or sent. */
static void set_over(struct mf_call *call)
{
    call->is_over = true;
    if (call->wake)
        mf_timer_stop(call->wake);
    /* So that the exchange can throw the rest of the request away. */
    mf_exchange_resume(call->x);
}

void mf_call__fail(struct mf_call *call, enum mf_status status,
                   const char *message)
{
    if (call->is_over)
        return;
    const struct mf_ending ending = {.status = status, .message = message};
    mf_call__write_end(call, &ending);
    set_over(call);
    tell_close(call);
}

static void on_drain(struct mf_exchange *x, void *user)
{
    (void)x;
    struct mf_call *call = user;
    if (!call->is_over && call->is_known && call->method->ops.on_drain)
        call->method->ops.on_drain(call, call->user);
}

static void on_deadline(struct mf_exchange *x, void *user)
{
    (void)x;
    mf_call__fail(user, MF_STATUS_DEADLINE_EXCEEDED, "the deadline has passed");
}

static void on_close(struct mf_exchange *x, void *user, bool clean)
{
    (void)x;
    (void)clean;
    struct mf_call *call = user;
    call->is_over = true;
    tell_close(call);
    mf_call__free(call);
}

const struct mf_exchange_events mf_call__events = {
    .on_data = mf_call__on_data,
    .on_end = mf_call__on_end,
    .on_drain = on_drain,
    .on_deadline = on_deadline,
    .on_body_late = mf_call__on_body_late,
    .on_close = on_close,
};

/* ---- What handlers call ---- */

void mf_call_set_data(struct mf_call *call, void *data)
{
    call->data = data;
}

void *mf_call_data(const struct mf_call *call)
{
    return call->data;
}

const char *mf_call_metadata(const struct mf_call *call, const char *name)
{
    return mf_exchange_header(call->x, name);
}

size_t mf_call_metadata_count(const struct mf_call *call)
{
    return mf_exchange_header_count(call->x);
}

const struct mf_header *mf_call_metadata_at(const struct mf_call *call,
                                            size_t index)
{
    return mf_exchange_header_at(call->x, index);
}

bool mf_call_time_left(const struct mf_call *call, uint64_t *ret_ms)
{
    if (!call->deadline_ns)
        return false;
    int64_t left_ns = call->deadline_ns - mf_clock_mono_ns();
    *ret_ms = left_ns > 0 ? (uint64_t)left_ns / MF_NS_PER_MS : 0;
    return true;
}

const char *mf_call_get_query(const struct mf_call *call)
{
    const char *query = strchr(mf_exchange_path(call->x), '?');
    return call->is_get && query ? query + 1 : NULL;
}

const char *mf_call_peer(const struct mf_call *call)
{
    return mf_exchange_peer(call->x);
}

const char *mf_call_transport(const struct mf_call *call)
{
    static const char *const connect[2][2] = {
        {"Connect, HTTP/1.1", "Connect, HTTP/1.1, TLS"},
        {"Connect, HTTP/2", "Connect, HTTP/2, TLS"}};
    static const char *const grpc[2][2] = {
        {"gRPC, HTTP/1.1", "gRPC, HTTP/1.1, TLS"},
        {"gRPC, HTTP/2", "gRPC, HTTP/2, TLS"}};
    static const char *const grpc_web[2][2] = {
        {"gRPC-Web, HTTP/1.1", "gRPC-Web, HTTP/1.1, TLS"},
        {"gRPC-Web, HTTP/2", "gRPC-Web, HTTP/2, TLS"}};
    bool is_h2 = mf_exchange_http_version(call->x) == 2;
    bool is_tls = mf_exchange_is_tls(call->x);
    switch (call->protocol) {
    case MF_PROTOCOL_GRPC:
        return grpc[is_h2][is_tls];
    case MF_PROTOCOL_GRPC_WEB:
        return grpc_web[is_h2][is_tls];
    default:
        return connect[is_h2][is_tls];
    }
}

static bool answers_once(const struct mf_call *call)
{
    return call->method->kind == MF_METHOD_UNARY ||
           call->method->kind == MF_METHOD_CLIENT_STREAM;
}

/* From inside a handler: on_close comes later, with the exchange's end. */
static void end(struct mf_call *call, const struct mf_ending *ending)
{
    mf_call__write_end(call, ending);
    set_over(call);
}

static const struct mf_ending no_encoding = {
    .status = MF_STATUS_INTERNAL,
    .message = "the answer could not be encoded",
};

void mf_call_send(struct mf_call *call, const uint8_t *message, size_t len)
{
    if (call->is_over)
        return;
    int rc;
    if (answers_once(call)) {
        /* An error may still take its place. */
        mf_buf_clear(&call->answer);
        rc = mf_buf_append(&call->answer, message, len);
        call->has_answer = true;
    } else {
        rc = mf_call__write(call, message, len);
    }
    if (rc)
        end(call, &no_encoding);
}

void mf_call_send_head(struct mf_call *call)
{
    if (!call->is_over)
        mf_call__write_head(call);
}

static void add_metadata(struct mf_call *call, struct mf_metadata *metadata,
                         const char *name, const char *value)
{
    if (mf_metadata_add(metadata, name, value))
        call->has_lost_metadata = true;
}

void mf_call_add_header(struct mf_call *call, const char *name,
                        const char *value)
{
    if (!call->is_over && !call->is_head_sent)
        add_metadata(call, &call->headers, name, value);
}

void mf_call_add_trailer(struct mf_call *call, const char *name,
                         const char *value)
{
    if (!call->is_over)
        add_metadata(call, &call->trailers, name, value);
}

bool mf_call_name_is_free(const char *name)
{
    return mf_metadata_name_is_free(name);
}

/* What a call that its handler finished with OK ends with. */
static struct mf_ending ending_of_success(struct mf_call *call)
{
    if (!answers_once(call))
        return (struct mf_ending){.status = MF_STATUS_OK};
    if (!call->has_answer)
        return (struct mf_ending){.status = MF_STATUS_INTERNAL,
                                  .message = "no answer"};
    if (mf_call__write(call, call->answer.data, call->answer.len))
        return no_encoding;
    return (struct mf_ending){.status = MF_STATUS_OK};
}

static void finish(struct mf_call *call, struct mf_ending ending)
{
    if (call->is_over)
        return;
    if (call->has_lost_metadata)
        ending = (struct mf_ending){.status = MF_STATUS_RESOURCE_EXHAUSTED,
                                    .message = "too much metadata"};
    else if (ending.status == MF_STATUS_OK)
        ending = ending_of_success(call);
    mf_buf_release(&call->answer); /* it is on its way, or not wanted */
    end(call, &ending);
}

void mf_call_finish(struct mf_call *call, enum mf_status status,
                    const char *message)
{
    finish(call, (struct mf_ending){.status = status, .message = message});
}

void mf_call_finish_error(struct mf_call *call, enum mf_status status,
                          const char *message,
                          const struct mf_error_detail *details, size_t count)
{
    assert(status != MF_STATUS_OK);
    finish(call, (struct mf_ending){.status = status,
                                    .message = message,
                                    .details = details,
                                    .detail_count = count});
}

void mf_call_abort(struct mf_call *call)
{
    if (call->is_over)
        return;
    set_over(call);
    mf_exchange_reset(call->x, H2_INTERNAL_ERROR);
}

void mf_call_pause(struct mf_call *call)
{
    if (call->is_over)
        return;
    call->is_paused = true;
    mf_call__time_body(call);
    mf_exchange_pause(call->x);
}

void mf_call_resume(struct mf_call *call)
{
    if (call->is_over || !call->is_paused)
        return;
    call->is_paused = false;
    mf_call__time_body(call);
    /* Always later, so that calls go on in the order of their resumption,
     * whether they hold something or not. */
    if (!call->wake)
        call->wake =
            mf_timer_new(mf_exchange_loop(call->x), mf_call__go_on, call);
    if (call->wake)
        mf_timer_start(call->wake, 0, 0);
    else
        mf_call_abort(call);
}

size_t mf_call_pending(const struct mf_call *call)
{
    return mf_exchange_pending(call->x);
}
