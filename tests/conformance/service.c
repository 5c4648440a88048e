#include "service.h"

#include <stdlib.h>

#include "messages.h"
#include "plan.h"
#include "request_info.h"

#define PACKAGE "connectrpc.conformance.v1."
#define URL(message) "type.googleapis.com/" PACKAGE message

/* ---- One call ---- */

struct session {
    struct mf_call *call;
    struct mf_loop *loop;
    struct mf_timer *timer;  /* NULL until an answer has to wait */
    ProtobufCMessage *first; /* the first request; the plan borrows from it */
    struct plan plan;
    struct request_log log;
    size_t sent;         /* items of the plan */
    bool is_full_duplex; /* requests are answered one by one */
    bool is_asked;       /* and one has no answer yet */
    bool is_half_closed; /* no more requests come */
    bool is_waiting;     /* the timer runs */
    bool has_waited;     /* it ran for the next answer */
};

static void fail(struct session *session, int code)
{
    mf_call_finish(session->call, MF_STATUS_RESOURCE_EXHAUSTED,
                   mf_err_message(code));
}

/* Made by the call's first callback. NULL: the call was failed. */
static struct session *session_of(struct mf_call *call, struct mf_loop *loop,
                                  const char *type_url)
{
    struct session *session = mf_call_data(call);
    if (session)
        return session;
    session = calloc(1, sizeof *session);
    if (!session) {
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED,
                       mf_err_message(MF_ENOMEM));
        return NULL;
    }
    session->call = call;
    session->loop = loop;
    request_log_init(&session->log, call, type_url);
    mf_call_set_data(call, session);
    return session;
}

static void on_close(struct mf_call *call, void *loop)
{
    (void)loop;
    struct session *session = mf_call_data(call);
    if (!session)
        return;
    mf_timer_free(session->timer);
    request_log_release(&session->log);
    if (session->first)
        protobuf_c_message_free_unpacked(session->first, NULL);
    free(session);
    mf_call_set_data(call, NULL);
}

/* Log a request, and unpack the first. False: the call was failed. */
static bool take_request(struct session *session,
                         const ProtobufCMessageDescriptor *type,
                         const uint8_t *request, size_t len)
{
    int rc = request_log_add(&session->log, request, len);
    if (rc) {
        fail(session, rc);
        return false;
    }
    if (session->first)
        return true;
    session->first = protobuf_c_message_unpack(type, NULL, len, request);
    if (!session->first)
        mf_call_finish(session->call, MF_STATUS_INVALID_ARGUMENT,
                       "the request is not of the method's type");
    return session->first;
}

/* False: `go_on` is called once the plan's delay has passed. */
static bool may_answer(struct session *session, void (*go_on)(void *session))
{
    if (session->is_waiting)
        return false;
    if (session->has_waited || session->plan.delay_ms == 0) {
        session->has_waited = false;
        return true;
    }
    if (!session->timer)
        session->timer = mf_timer_new(session->loop, go_on, session);
    if (!session->timer) {
        fail(session, MF_ENOMEM);
        return false;
    }
    session->is_waiting = true;
    mf_timer_start(session->timer, session->plan.delay_ms, 0);
    return false;
}

static void end_delay(struct session *session)
{
    session->is_waiting = false;
    session->has_waited = true;
}

/* ---- One answer: unary methods, and client streams at their end ---- */

static void answer_after_delay(void *arg);

static void answer(struct session *session)
{
    if (!may_answer(session, answer_after_delay))
        return;
    const struct plan *plan = &session->plan;
    struct request_info info;
    int rc = request_info_init(&info, &session->log, true);
    if (!rc && !plan->error)
        rc = plan_send(session->call, plan->items, &info);
    if (!rc)
        rc = plan_finish(plan, session->call, &info);
    request_info_release(&info);
    if (rc)
        fail(session, rc);
}

static void answer_after_delay(void *arg)
{
    end_delay(arg);
    answer(arg);
}

static void begin_answer(struct session *session)
{
    const unary_request *first = (const unary_request *)session->first;
    session->plan = plan_of_unary(first ? first->response_definition : NULL);
    plan_put_metadata(&session->plan, session->call);
    answer(session);
}

static void take_unary(struct mf_call *call, void *loop, const char *type_url,
                       const uint8_t *request, size_t len)
{
    struct session *session = session_of(call, loop, type_url);
    if (session && take_request(session, &UNARY_REQUEST, request, len))
        begin_answer(session);
}

static void on_unary(struct mf_call *call, void *loop, const uint8_t *request,
                     size_t len)
{
    take_unary(call, loop, URL("UnaryRequest"), request, len);
}

static void on_idempotent_unary(struct mf_call *call, void *loop,
                                const uint8_t *request, size_t len)
{
    take_unary(call, loop, URL("IdempotentUnaryRequest"), request, len);
}

static void on_client_message(struct mf_call *call, void *loop,
                              const uint8_t *request, size_t len)
{
    struct session *session =
        session_of(call, loop, URL("ClientStreamRequest"));
    if (session)
        take_request(session, &UNARY_REQUEST, request, len);
}

static void on_client_half_close(struct mf_call *call, void *loop)
{
    struct session *session =
        session_of(call, loop, URL("ClientStreamRequest"));
    if (session)
        begin_answer(session);
}

/* ---- Many answers: server streams, and both kinds of bidi streams ---- */

/* The first answer tells everything; later ones of the requests since. */
static int send_item(struct session *session)
{
    bool is_first = session->sent == 0;
    bool has_info = is_first || session->is_asked;
    struct request_info info;
    int rc = 0;
    if (has_info)
        rc = request_info_init(&info, &session->log, is_first);
    if (!rc)
        rc = plan_send(session->call, &session->plan.items[session->sent],
                       has_info ? &info : NULL);
    if (has_info)
        request_info_release(&info);
    request_log_forget(&session->log);
    session->sent++;
    session->is_asked = false;
    return rc;
}

static void finish(struct session *session)
{
    if (session->sent > 0) {
        if (plan_finish(&session->plan, session->call, NULL))
            fail(session, MF_ENOMEM);
        return;
    }
    struct request_info info;
    int rc = request_info_init(&info, &session->log, true);
    if (!rc)
        rc = plan_finish(&session->plan, session->call, &info);
    request_info_release(&info);
    if (rc)
        fail(session, rc);
}

static void go_on_after_delay(void *arg);

/* Send what is due. A request that finds no item left ends the call, as the
 * client's own end does. */
static void go_on(struct session *session)
{
    while (session->sent < session->plan.item_count) {
        if (!session->is_asked && !session->is_half_closed)
            return;
        if (!may_answer(session, go_on_after_delay)) {
            /* What comes meanwhile is for the next answer. */
            if (session->is_waiting)
                mf_call_pause(session->call);
            return;
        }
        int rc = send_item(session);
        if (rc) {
            fail(session, rc);
            return;
        }
    }
    if (session->is_asked || session->is_half_closed)
        finish(session);
}

static void go_on_after_delay(void *arg)
{
    struct session *session = arg;
    end_delay(session);
    go_on(session);
    if (!session->is_waiting)
        mf_call_resume(session->call);
}

static void begin_stream(struct session *session,
                         const stream_definition *definition)
{
    session->plan = plan_of_stream(definition);
    plan_put_metadata(&session->plan, session->call);
    if (session->plan.item_count > 0)
        mf_call_send_head(session->call);
}

static void on_server_stream(struct mf_call *call, void *loop,
                             const uint8_t *request, size_t len)
{
    struct session *session =
        session_of(call, loop, URL("ServerStreamRequest"));
    if (!session ||
        !take_request(session, &SERVER_STREAM_REQUEST, request, len))
        return;
    const server_stream_request *first =
        (const server_stream_request *)session->first;
    session->is_half_closed = true;
    begin_stream(session, first->response_definition);
    go_on(session);
}

static void on_bidi_message(struct mf_call *call, void *loop,
                            const uint8_t *request, size_t len)
{
    struct session *session = session_of(call, loop, URL("BidiStreamRequest"));
    if (!session)
        return;
    bool is_first = !session->first;
    if (!take_request(session, &BIDI_STREAM_REQUEST, request, len))
        return;
    const bidi_stream_request *first =
        (const bidi_stream_request *)session->first;
    session->is_full_duplex = first->full_duplex;
    if (!session->is_full_duplex)
        return;
    if (is_first)
        begin_stream(session, first->response_definition);
    session->is_asked = true;
    go_on(session);
}

static void on_bidi_half_close(struct mf_call *call, void *loop)
{
    struct session *session = session_of(call, loop, URL("BidiStreamRequest"));
    if (!session)
        return;
    const bidi_stream_request *first =
        (const bidi_stream_request *)session->first;
    session->is_half_closed = true;
    if (!session->is_full_duplex)
        begin_stream(session, first ? first->response_definition : NULL);
    go_on(session);
}

/* ---- The methods ---- */

#define METHOD(name)                                \
    .path = "/" PACKAGE "ConformanceService/" name, \
    .input = PACKAGE name "Request", .output = PACKAGE name "Response"

static const struct mf_method methods[] = {
    {METHOD("Unary"), .kind = MF_METHOD_UNARY,
     .ops = {.on_message = on_unary, .on_close = on_close}},
    {METHOD("IdempotentUnary"), .kind = MF_METHOD_UNARY,
     .no_side_effects = true,
     .ops = {.on_message = on_idempotent_unary, .on_close = on_close}},
    {METHOD("ClientStream"), .kind = MF_METHOD_CLIENT_STREAM,
     .ops = {.on_message = on_client_message,
             .on_half_close = on_client_half_close,
             .on_close = on_close}},
    {METHOD("ServerStream"), .kind = MF_METHOD_SERVER_STREAM,
     .ops = {.on_message = on_server_stream, .on_close = on_close}},
    {METHOD("BidiStream"), .kind = MF_METHOD_BIDI_STREAM,
     .ops = {.on_message = on_bidi_message,
             .on_half_close = on_bidi_half_close,
             .on_close = on_close}},
};

int service_add(struct mf_rpc *rpc, struct mf_loop *loop)
{
    return mf_rpc_add(rpc, methods, sizeof methods / sizeof *methods, loop);
}
