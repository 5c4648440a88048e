#include "service/ingest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "codec/base64.h"
#include "flow/part.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/wire.h"
#include "service/connections.h"
#include "service/fail.h"
#include "service/losses.h"
#include "service/missing.h"
#include "service/proxies.h"
#include "service/session.h"

enum {
    SOURCE_MAX_LEN = 255,
    SESSION_MAX_LEN = 64,
    SESSION_GRACE_MS = 20000,
    REJECTIONS_TOLD = 16, /* of one stream, in the answer and the log */
    HELLO_MAX_LEN = 64 << 10,
};

/* Stop reading at the first, go on below the second. */
#define BACKLOG_HIGH_LEN ((size_t)10 << 20)
#define BACKLOG_LOW_LEN ((size_t)5 << 20)

static const char full_text[] = "the server's disk is full";

/* Field numbers of ExportFlowRequest and ExportFlowResponse. */
enum {
    EXPORT_APPEND = 100,
    EXPORT_PART = 101,
    EXPORT_CONNECTION = 102,
    EXPORT_LOSS = 103,
    RESPONSE_MISSING = 102,
};

struct mf_ingest {
    struct mf_context *context;
    struct mf_sessions *sessions;
    struct stream *first; /* the oldest: streams go on in that order, so that
                             an exporter's next does not overtake its last */
    struct stream **end;
    uint64_t durable; /* last ticket told by a commit */
    bool paused;      /* all streams, for the store's backlog */
};

/* One ExportFlow call. */
struct stream {
    struct mf_ingest *ingest;
    struct mf_call *call;
    struct stream *next, **link;
    struct mf_session *session;
    struct mf_proxy *proxy; /* NULL: not noted */
    char source[SOURCE_MAX_LEN + 1];
    uint64_t messages;
    uint64_t rejected;
    size_t told; /* of the rejected, with their reasons */
    struct mf_missing *missing;
    bool is_enough; /* answered as soon as may be; takes no more */
    uint64_t last_ticket;
    bool half_closed;
    bool is_over; /* finished, waiting for on_close */
    Mitmproxy__V1__Rejection *rejections[REJECTIONS_TOLD];
};

/* ---- the answer ---- */

static void finish(struct stream *stream, enum mf_status status,
                   const char *text)
{
    stream->is_over = true;
    mf_call_finish(stream->call, status, text);
}

static int put_answer(const struct stream *stream, struct mf_buf *out)
{
    Mitmproxy__V1__ExportFlowResponse response =
        MITMPROXY__V1__EXPORT_FLOW_RESPONSE__INIT;
    response.received = true;
    response.flows_processed = stream->messages;
    response.rejected = stream->rejected;
    response.rejections =
        (Mitmproxy__V1__Rejection **)(uintptr_t)stream->rejections;
    response.n_rejections = stream->told;
    int rc = mf_buf_reserve(
        out,
        mitmproxy__v1__export_flow_response__get_packed_size(&response) + 1);
    if (rc)
        return rc;
    out->len += mitmproxy__v1__export_flow_response__pack(&response, out->data);
    return mf_missing_put(stream->missing, RESPONSE_MISSING, out);
}

static void answer(struct stream *stream)
{
    struct mf_buf bytes;
    mf_buf_init(&bytes, SIZE_MAX);
    stream->is_over = true;
    if (put_answer(stream, &bytes)) {
        mf_call_finish(stream->call, MF_STATUS_RESOURCE_EXHAUSTED,
                       "out of memory");
    } else {
        mf_call_send(stream->call, bytes.data, bytes.len);
        mf_call_finish(stream->call, MF_STATUS_OK, NULL);
    }
    mf_buf_release(&bytes);
}

static void answer_if_durable(struct stream *stream)
{
    if ((stream->half_closed || stream->is_enough) && !stream->is_over &&
        stream->last_ticket <= stream->ingest->durable)
        answer(stream);
}

static void set_paused(struct mf_ingest *ingest, bool paused)
{
    if (ingest->paused == paused)
        return;
    ingest->paused = paused;
    for (struct stream *s = ingest->first; s; s = s->next) {
        if (paused)
            mf_call_pause(s->call);
        else if (!s->is_enough)
            mf_call_resume(s->call);
    }
}

void mf_ingest_committed(struct mf_ingest *ingest, uint64_t ticket)
{
    ingest->durable = ticket;
    for (struct stream *s = ingest->first; s; s = s->next)
        answer_if_durable(s);
    if (mf_store_backlog(ingest->context->store) < BACKLOG_LOW_LEN)
        set_paused(ingest, false);
}

void mf_ingest_full(struct mf_ingest *ingest)
{
    for (struct stream *s = ingest->first; s; s = s->next)
        if (!s->is_over)
            finish(s, MF_STATUS_RESOURCE_EXHAUSTED, full_text);
}

/* ---- the messages ---- */

/* Whole but unusable: left out alone, counted, told. */
static void reject(struct stream *stream, const struct mf_err *err)
{
    uint64_t index = stream->messages++;
    stream->rejected++;
    if (stream->told == REJECTIONS_TOLD)
        return;
    mf_log(MF_LOG_WARN, "message %" PRIu64 " from %s left out: %s", index,
           mf_call_peer(stream->call), err->text);
    Mitmproxy__V1__Rejection *rejection = malloc(sizeof *rejection);
    char *reason = strdup(err->text);
    if (!rejection || !reason) {
        free(rejection);
        free(reason);
        return;
    }
    mitmproxy__v1__rejection__init(rejection);
    rejection->index = index;
    rejection->reason = reason;
    stream->rejections[stream->told++] = rejection;
}

static bool has(const uint8_t *message, size_t len, uint32_t number)
{
    struct mf_wire_field field;
    return mf_wire_find(message, len, number, &field);
}

/* Keeps the snapshot, and takes it over. */
static int put(struct stream *stream, struct mf_flow *flow, struct mf_err *err)
{
    int rc = mf_store_put(stream->ingest->context->store, flow, stream->source,
                          mf_session_id(stream->session), &stream->last_ticket);
    if (!rc && mf_flow_state(flow) == MF_FLOW_ENDED)
        mf_proxy_ended(stream->proxy, flow, mf_clock_wall_ns());
    mf_flow_unref(flow);
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
}

static int take_flow(struct stream *stream, const uint8_t *message, size_t len,
                     struct mf_err *err)
{
    struct mf_flow *flow;
    int rc = mf_flow_from_export(message, len, &flow, err);
    return rc ? rc : put(stream, flow, err);
}

/* The exporter must send the flow whole; without room to say so the rest of
 * the stream is left to the next one. */
static int note_missing(struct stream *stream, struct mf_span id)
{
    int rc = mf_missing_add(&stream->missing, id);
    if (rc != MF_EFULL)
        return rc;
    stream->is_enough = true;
    return 0;
}

static int take_append(struct stream *stream, const uint8_t *message,
                       size_t len, struct mf_err *err)
{
    struct mf_append append;
    int rc = mf_append_from_export(message, len, &append, err);
    if (rc)
        return rc;
    rc =
        mf_store_append(stream->ingest->context->store, &append, stream->source,
                        mf_session_id(stream->session), &stream->last_ticket);
    if (!rc && append.state == MF_FLOW_ENDED)
        mf_proxy_ended(stream->proxy, NULL, mf_clock_wall_ns());
    if (rc == MF_ENOENT)
        rc = note_missing(stream, append.flow_id);
    mf_append_release(&append);
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
}

static int take_part(struct stream *stream, const uint8_t *message, size_t len,
                     struct mf_err *err)
{
    struct mf_part part;
    struct mf_flow *flow;
    int rc = mf_part_from_export(message, len, &part, err);
    if (rc)
        return rc;
    struct mf_flow *base = mf_store_held(stream->ingest->context->store,
                                         stream->source, part.flow_id);
    if (!base) {
        rc = note_missing(stream, part.flow_id);
        return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
    }
    rc = mf_flow_from_part(base, &part, &flow, err);
    mf_flow_unref(base);
    return rc ? rc : put(stream, flow, err);
}

/* A message brings one of these, told by its field. */
static int take(struct stream *stream, const uint8_t *message, size_t len,
                struct mf_err *err)
{
    struct mf_context *context = stream->ingest->context;
    if (has(message, len, EXPORT_APPEND))
        return take_append(stream, message, len, err);
    if (has(message, len, EXPORT_PART))
        return take_part(stream, message, len, err);
    if (has(message, len, EXPORT_CONNECTION))
        return mf_connections_take(context, stream->source, message, len,
                                   &stream->last_ticket, err);
    if (has(message, len, EXPORT_LOSS))
        return mf_losses_take(context, stream->source, message, len,
                              &stream->last_ticket, err);
    return take_flow(stream, message, len, err);
}

/* What one message that was not taken does to its stream. */
static void refuse(struct stream *stream, int rc, const struct mf_err *err)
{
    switch (rc) {
    case MF_EINVAL:
    case MF_EUTF8:
        reject(stream, err);
        break;
    case MF_ECORRUPT:
        finish(stream, MF_STATUS_INVALID_ARGUMENT, err->text);
        break;
    case MF_EFULL:
        finish(stream, MF_STATUS_RESOURCE_EXHAUSTED, full_text);
        break;
    default:
        finish(stream, MF_STATUS_UNAVAILABLE, err->text);
    }
}

static void on_export_message(struct mf_call *call, void *user,
                              const uint8_t *message, size_t len)
{
    struct mf_ingest *ingest = user;
    struct stream *stream = mf_call_data(call);
    if (!stream || stream->is_over || stream->is_enough)
        return;
    struct mf_err err;
    mf_proxy_message(stream->proxy, len, mf_clock_wall_ns());
    int rc = take(stream, message, len, &err);
    if (rc) {
        refuse(stream, rc, &err);
        return;
    }
    if (stream->is_enough) { /* this one was not noted */
        mf_call_pause(call);
        answer_if_durable(stream);
        return;
    }
    stream->messages++;
    if (mf_store_backlog(ingest->context->store) > BACKLOG_HIGH_LEN)
        set_paused(ingest, true);
}

static void on_export_half_close(struct mf_call *call, void *user)
{
    (void)user;
    struct stream *stream = mf_call_data(call);
    if (!stream)
        return;
    stream->half_closed = true;
    answer_if_durable(stream);
}

/* ---- begin and end ---- */

static bool session_is_valid(const char *session)
{
    size_t len = strspn(session, "0123456789abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");
    return len > 0 && len <= SESSION_MAX_LEN && !session[len];
}

static bool source_is_valid(const char *source, size_t len)
{
    return len <= SOURCE_MAX_LEN && mf_utf8_valid(source, len) &&
           !memchr(source, 0, len);
}

/* Read `mitmflow-source-bin`; false if it is there and unusable. */
static bool read_source(struct stream *stream)
{
    const char *encoded = mf_call_metadata(stream->call, "mitmflow-source-bin");
    if (!encoded)
        return true;
    struct mf_buf source;
    mf_buf_init(&source, SOURCE_MAX_LEN);
    bool ok = mf_base64_decode(encoded, strlen(encoded), &source) == 0 &&
              source_is_valid((const char *)source.data, source.len);
    if (ok && source.len)
        memcpy(stream->source, source.data, source.len);
    mf_buf_release(&source);
    return ok;
}

/* What waits at the exporter, in its own words: `mitmflow-waiting`, three
 * numbers. */
static void read_waiting(const struct stream *stream)
{
    const char *text = mf_call_metadata(stream->call, "mitmflow-waiting");
    struct mf_waiting waiting;
    if (text &&
        sscanf(text, "%18" SCNu64 " %18" SCNu64 " %18" SCNu64,
               &waiting.messages, &waiting.spooled, &waiting.spool_bytes) == 3)
        mf_proxy_waiting(stream->proxy, &waiting);
}

static void note_proxy(struct stream *stream, const char *session)
{
    const struct mf_proxy_head head = {
        .source = stream->source,
        .session = session ? session : "",
        .peer = mf_call_peer(stream->call),
        .transport = mf_call_transport(stream->call),
    };
    stream->proxy = mf_proxies_open(stream->ingest->context->proxies, &head,
                                    mf_clock_wall_ns());
    read_waiting(stream);
}

static void stream_free(struct stream *stream)
{
    mf_proxy_close(stream->proxy, mf_clock_wall_ns());
    if (stream->session)
        mf_session_close(stream->session);
    mf_missing_free(stream->missing);
    for (size_t i = 0; i < stream->told; i++)
        mitmproxy__v1__rejection__free_unpacked(stream->rejections[i], NULL);
    free(stream);
}

static void on_export_open(struct mf_call *call, void *user)
{
    struct mf_ingest *ingest = user;
    const char *session = mf_call_metadata(call, "mitmflow-session");
    if (ingest->context->stopping) {
        mf_call_finish(call, MF_STATUS_UNAVAILABLE, "the server is stopping");
        return;
    }
    if (session && !session_is_valid(session)) {
        mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT,
                       "mitmflow-session: 1 to 64 of [0-9a-zA-Z-]");
        return;
    }
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream) {
        mf_call_finish(call, MF_STATUS_UNAVAILABLE, "out of memory");
        return;
    }
    stream->ingest = ingest;
    stream->call = call;
    if (!read_source(stream)) {
        free(stream);
        mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT,
                       "mitmflow-source-bin: base64 of at most 255 bytes of "
                       "UTF-8");
        return;
    }
    stream->session = mf_session_open(ingest->sessions, session);
    if (!stream->session) {
        free(stream);
        mf_call_finish(call, MF_STATUS_UNAVAILABLE, "out of memory");
        return;
    }
    stream->link = ingest->end;
    *ingest->end = stream;
    ingest->end = &stream->next;
    mf_call_set_data(call, stream);
    note_proxy(stream, session);
    if (ingest->paused)
        mf_call_pause(call);
}

static void on_export_close(struct mf_call *call, void *user)
{
    (void)user;
    struct stream *stream = mf_call_data(call);
    if (!stream)
        return;
    *stream->link = stream->next;
    if (stream->next)
        stream->next->link = stream->link;
    else
        stream->ingest->end = stream->link;
    if (stream->rejected > stream->told)
        mf_log(MF_LOG_WARN, "%" PRIu64 " messages from %s left out in all",
               stream->rejected, mf_call_peer(call));
    stream_free(stream);
}

static void on_session_gone(void *user, const char *id)
{
    struct mf_ingest *ingest = user;
    uint64_t ticket;
    int rc = mf_store_cut_off(ingest->context->store, id, &ticket);
    if (rc)
        mf_log(MF_LOG_ERROR, "flows of a lost exporter not marked: %s",
               mf_err_message(rc));
}

/* ---- Hello ---- */

static void on_hello(struct mf_call *call, void *user, const uint8_t *message,
                     size_t len)
{
    const struct mf_ingest *ingest = user;
    Mitmproxy__V1__HelloRequest *request =
        mitmproxy__v1__hello_request__unpack(NULL, len, message);
    if (!request) {
        mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT, "malformed message");
        return;
    }
    mf_log(MF_LOG_INFO,
           "exporter %.32s of mitmproxy %.32s connected from %s as \"%.64s\"",
           request->exporter_version, request->mitmproxy_version,
           mf_call_peer(call), request->source);
    const struct mf_proxy_head head = {
        .source = request->source,
        .session = session_is_valid(request->session) ? request->session : "",
        .peer = mf_call_peer(call),
        .transport = mf_call_transport(call),
    };
    mf_proxies_hello(ingest->context->proxies, &head, request->exporter_version,
                     request->mitmproxy_version, mf_clock_wall_ns());
    mitmproxy__v1__hello_request__free_unpacked(request, NULL);

    Mitmproxy__V1__ExportFeatures takes = MITMPROXY__V1__EXPORT_FEATURES__INIT;
    takes.raw_bodies = true;
    takes.appended_messages = true;
    takes.parts = true;
    takes.connection_events = true;
    takes.losses = true;
    Mitmproxy__V1__HelloResponse response = MITMPROXY__V1__HELLO_RESPONSE__INIT;
    response.server_version = MF_VERSION;
    response.takes = &takes;
    response.max_message_bytes = ingest->context->max_message_len;
    uint8_t bytes[256];
    len = mitmproxy__v1__hello_response__pack(&response, bytes);
    mf_call_send(call, bytes, len);
    mf_call_finish(call, MF_STATUS_OK, NULL);
}

/* ---- life ---- */

struct mf_ingest *mf_ingest_new(struct mf_context *context)
{
    struct mf_ingest *ingest = calloc(1, sizeof *ingest);
    if (!ingest)
        return NULL;
    ingest->context = context;
    ingest->end = &ingest->first;
    ingest->sessions = mf_sessions_new(context->loop, SESSION_GRACE_MS,
                                       on_session_gone, ingest);
    if (!ingest->sessions) {
        free(ingest);
        return NULL;
    }
    return ingest;
}

void mf_ingest_stop(struct mf_ingest *ingest)
{
    for (struct stream *s = ingest->first; s; s = s->next)
        if (!s->is_over)
            finish(s, MF_STATUS_UNAVAILABLE, "the server is stopping");
}

void mf_ingest_free(struct mf_ingest *ingest)
{
    if (!ingest)
        return;
    mf_sessions_free(ingest->sessions);
    free(ingest);
}

#define SERVICE "mitmproxy.v1."

const struct mf_method mf_ingest_methods[] = {
    {
        .path = "/" SERVICE "Service/ExportFlow",
        .input = SERVICE "ExportFlowRequest",
        .output = SERVICE "ExportFlowResponse",
        .kind = MF_METHOD_CLIENT_STREAM,
        .ops = {.on_open = on_export_open,
                .on_message = on_export_message,
                .on_half_close = on_export_half_close,
                .on_close = on_export_close},
    },
    {
        .path = "/" SERVICE "Service/Hello",
        .input = SERVICE "HelloRequest",
        .output = SERVICE "HelloResponse",
        .kind = MF_METHOD_UNARY,
        .ops = {.on_message = on_hello},
        .max_message_len = HELLO_MAX_LEN,
    },
};
const size_t mf_ingest_method_count =
    sizeof mf_ingest_methods / sizeof *mf_ingest_methods;
