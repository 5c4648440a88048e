#include "exporter/sender/link.h"

#include <inttypes.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/base64.h"
#include "exporter/sender/outgoing.h"
#include "pb/wire.h"

#define HELLO_PATH "/mitmproxy.v1.Service/Hello"
#define EXPORT_PATH "/mitmproxy.v1.Service/ExportFlow"

enum { CALLS_MAX = 8, PUBLISHED_CALLS_MAX = 1 };
enum { HELLO_MAX_LEN = 2048, HTTP_TOO_LARGE = 413, WAITING_CAP = 72 };
enum { FEATURES = 5 /* of ExportFeatures: all are ours */ };

#define HELLO_NS ((int64_t)5 * MF_NS_PER_S)
#define ANSWER_NS ((int64_t)120 * MF_NS_PER_S)
#define QUIET_NS ((int64_t)20 * MF_NS_PER_S)
#define PING_NS ((int64_t)10 * MF_NS_PER_S)
/* A call that waits may be ended by something on the way; but not at once. */
#define IDLE_END_NS ((int64_t)10 * MF_NS_PER_S)

#define WRITE_LEN ((size_t)256 * 1024)
#define NEVER_NS INT64_MAX

/* One ExportFlow or Hello call. */
struct call {
    struct mf_link *link;
    struct call *next;
    int32_t id;
    bool is_hello;
    struct mf_answer answer;
    size_t messages;
    size_t len; /* of its messages */
    int64_t begun_ns;
    int64_t first_ns; /* when the first of its messages was begun */
    bool ending;      /* no further message; half-close after this one */
    bool is_deferred; /* has nothing to send now */
    bool is_sent;     /* half-closed, all handed to the socket */
    int64_t sent_ns;
    bool is_over;
};

struct mf_link {
    nghttp2_session *session;
    struct mf_outbox *outbox;
    struct mf_link_config config;
    struct mf_abilities abilities;
    struct mf_buf source_bin; /* NUL-terminated */
    struct mf_buf bearer;     /* too; empty: no token */
    struct call hello_call;
    struct mf_buf hello_body;
    size_t hello_sent;
    struct mf_hello hello;
    bool is_up;                /* Hello is answered */
    struct call *first, *last; /* ExportFlow calls, oldest first */
    size_t calls;
    struct mf_outgoing outgoing; /* in the last call */
    size_t in_flight_len;
    bool finishing;
    bool goaway;
    bool is_cut;      /* a call with messages was ended by the server */
    bool has_sent;    /* messages */
    bool is_refusing; /* a call failed */
    int64_t stuck_ns; /* since when bytes wait that cannot go out; 0: none do */
    int64_t now_ns;
    int64_t begun_ns, heard_ns, pinged_ns; /* pinged 0: no ping is out */
    uint64_t acked, rejected;
    size_t refused;
    int error; /* sticky */
    struct mf_err why;
};

static int fail(struct mf_link *link, int error, const char *why)
{
    if (!link->error)
        link->error = mf_err_set(&link->why, error, "%s", why);
    return link->error;
}

static int report(struct mf_link *link, struct mf_err *err)
{
    if (link->error && err)
        *err = link->why;
    return link->error;
}

/* ---- what goes out ---- */

static ssize_t read_hello(struct mf_link *link, uint8_t *data, size_t len,
                          uint32_t *flags)
{
    size_t left = link->hello_body.len - link->hello_sent;
    size_t n = left < len ? left : len;
    memcpy(data, link->hello_body.data + link->hello_sent, n);
    link->hello_sent += n;
    if (n == left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static size_t call_messages_max(const struct mf_link *link)
{
    return link->config.one_by_one ? 1 : MF_LINK_STREAM_MESSAGES;
}

/* Begin with the next message that can be sent; false if there is none. */
static bool begin_message(struct mf_link *link, struct call *call)
{
    if (call->ending || link->in_flight_len >= MF_LINK_IN_FLIGHT_LEN ||
        !mf_outbox_next(link->outbox, &link->abilities, &link->outgoing,
                        link->now_ns))
        return false;
    call->messages++;
    link->has_sent = true;
    size_t len = link->outgoing.len;
    call->len += len;
    link->in_flight_len += len;
    if (call->messages == 1)
        call->first_ns = link->now_ns;
    if (call->messages >= call_messages_max(link) ||
        call->len >= MF_LINK_STREAM_LEN)
        call->ending = true;
    return true;
}

static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *data,
                       size_t len, uint32_t *flags, nghttp2_data_source *source,
                       void *user)
{
    (void)session;
    (void)id;
    struct mf_link *link = user;
    struct call *call = source->ptr;
    if (call->is_hello)
        return read_hello(link, data, len, flags);
    size_t done = 0;
    while (done < len) {
        if (mf_outgoing_is_idle(&link->outgoing) && !begin_message(link, call))
            break;
        done += mf_outgoing_read(&link->outgoing, data + done, len - done);
        if (mf_outgoing_is_idle(&link->outgoing))
            mf_outbox_read(link->outbox);
    }
    link->stuck_ns = 0;
    if (call->ending && mf_outgoing_is_idle(&link->outgoing)) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    } else if (done == 0) {
        call->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    return (ssize_t)done;
}

static void wake_call(struct mf_link *link, struct call *call)
{
    if (!call->is_deferred)
        return;
    call->is_deferred = false;
    nghttp2_session_resume_data(link->session, call->id);
}

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){
        .name = (uint8_t *)name,
        .value = (uint8_t *)value,
        .namelen = strlen(name),
        .valuelen = strlen(value),
        .flags = NGHTTP2_NV_FLAG_NONE,
    };
}

/* For the server to show: messages in memory and in the spool, and the bytes
 * that the spool takes. */
static void describe_waiting(const struct mf_outbox *outbox,
                             char out[WAITING_CAP])
{
    struct mf_outbox_stats stats;
    mf_outbox_get_stats(outbox, &stats);
    snprintf(out, WAITING_CAP, "%zu %" PRIu64 " %" PRIu64,
             stats.waiting + stats.in_flight, stats.spool.records,
             stats.spool.bytes);
}

static int submit(struct mf_link *link, struct call *call, const char *path)
{
    const struct mf_link_config *config = &link->config;
    char waiting[WAITING_CAP];
    describe_waiting(link->outbox, waiting);
    nghttp2_nv fields[] = {
        field(":method", "POST"),
        field(":scheme", config->is_tls ? "https" : "http"),
        field(":path", path),
        field(":authority", link->config.authority),
        field("te", "trailers"),
        field("content-type", "application/grpc+proto"),
        field("user-agent", "mitmflow-exporter/" MF_VERSION),
        field("mitmflow-session", link->config.session),
        field("mitmflow-source-bin", (char *)link->source_bin.data),
        field("mitmflow-waiting", waiting),
        {.namelen = 0}, /* the token, if there is one */
    };
    size_t count = sizeof fields / sizeof *fields - 1;
    if (link->bearer.len) {
        fields[count] = field("authorization", (char *)link->bearer.data);
        fields[count++].flags = NGHTTP2_NV_FLAG_NO_INDEX;
    }
    nghttp2_data_provider body = {
        .source.ptr = call,
        .read_callback = on_read,
    };
    mf_answer_init(&call->answer);
    call->link = link;
    call->id =
        nghttp2_submit_request(link->session, NULL, fields, count, &body, call);
    if (call->id < 0)
        return fail(link, MF_EIO, "HTTP/2 has no stream left");
    return 0;
}

/* ---- calls ---- */

static void call_free(struct call *call)
{
    mf_answer_release(&call->answer);
    free(call);
}

static struct call *open_call(const struct mf_link *link)
{
    return link->last && !link->last->is_sent && !link->last->is_over
               ? link->last
               : NULL;
}

static int begin_call(struct mf_link *link)
{
    struct call *call = calloc(1, sizeof *call);
    if (!call)
        return fail(link, MF_ENOMEM, "out of memory");
    call->begun_ns = link->now_ns;
    if (submit(link, call, EXPORT_PATH)) {
        call_free(call);
        return link->error;
    }
    if (link->last)
        link->last->next = call;
    else
        link->first = call;
    link->last = call;
    link->calls++;
    return 0;
}

static bool is_about_content(const struct mf_answer *answer)
{
    int grpc_status = answer->grpc_status;
    if (grpc_status < 0) /* something between us and the server said it */
        return answer->http_status == HTTP_TOO_LARGE;
    return grpc_status == MF_GRPC_INVALID_ARGUMENT ||
           grpc_status == MF_GRPC_RESOURCE_EXHAUSTED ||
           grpc_status == MF_GRPC_OUT_OF_RANGE ||
           grpc_status == MF_GRPC_INTERNAL;
}

static void call_failed(struct mf_link *link, const struct call *call)
{
    char why[MF_ANSWER_TEXT_CAP + 32];
    mf_answer_describe(&call->answer, why, sizeof why);
    link->is_refusing = true;
    if (is_about_content(&call->answer))
        link->refused = call->messages;
    fail(link, MF_EIO, why);
}

static void drop_first_call(struct mf_link *link)
{
    struct call *call = link->first;
    link->in_flight_len -= call->len;
    link->first = call->next;
    if (!link->first)
        link->last = NULL;
    link->calls--;
    call_free(call);
}

static bool is_missing(const void *user, const uint8_t *id, size_t len)
{
    return mf_ack_is_missing(user, id, len);
}

/* Take the answers of calls that are over, in the calls' order. */
static void settle(struct mf_link *link)
{
    struct call *call;
    while (!link->error && (call = link->first) && call->is_over) {
        struct mf_ack ack;
        if (call->messages == 0 && !call->is_sent &&
            link->now_ns - call->begun_ns >= IDLE_END_NS) {
            drop_first_call(link);
            continue;
        }
        if (mf_ack_read(&call->answer, &ack)) {
            call_failed(link, call);
            return;
        }
        size_t acked = ack.processed < call->messages ? (size_t)ack.processed
                                                      : call->messages;
        if (acked < call->messages || !call->is_sent)
            fail(link, MF_EIO, "the server ended a call before its end");
        mf_outbox_ack(link->outbox, acked, ack.has_missing ? is_missing : NULL,
                      &ack, link->now_ns);
        link->acked += acked;
        link->rejected += ack.rejected;
        if (acked)
            link->config.one_by_one = false;
        drop_first_call(link);
    }
}

/* ---- what comes in ---- */

static int on_header(nghttp2_session *session, const nghttp2_frame *frame,
                     const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *user)
{
    (void)flags;
    (void)user;
    struct call *call =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (call)
        mf_answer_header(&call->answer, name, name_len, value, value_len);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id,
                   const uint8_t *data, size_t len, void *user)
{
    (void)flags;
    (void)user;
    struct call *call = nghttp2_session_get_stream_user_data(session, id);
    if (call)
        mf_answer_data(&call->answer, data, len);
    return 0;
}

static void on_hello_over(struct mf_link *link)
{
    struct call *call = &link->hello_call;
    mf_hello_read(&call->answer, &link->hello);
    if (link->hello.greeting == MF_GREETING_REFUSED) {
        char why[MF_ANSWER_TEXT_CAP + 32];
        mf_answer_describe(&call->answer, why, sizeof why);
        fail(link, MF_EIO, why);
        return;
    }
    link->is_up = true;
    const struct mf_hello *hello = &link->hello;
    link->abilities.published = hello->greeting == MF_GREETING_PUBLISHED;
    link->abilities.appends = hello->takes_appends;
    link->abilities.parts = hello->takes_parts;
    link->abilities.connections = hello->takes_connections;
    link->abilities.losses = hello->takes_losses;
    if (hello->max_message_len > 0 && hello->max_message_len < SIZE_MAX)
        link->abilities.max_len = (size_t)hello->max_message_len;
}

static int on_stream_close(nghttp2_session *session, int32_t id,
                           uint32_t error_code, void *user)
{
    struct mf_link *link = user;
    struct call *call = nghttp2_session_get_stream_user_data(session, id);
    if (!call)
        return 0;
    if (error_code != NGHTTP2_NO_ERROR && call->answer.grpc_status < 0 &&
        call->answer.http_status == 200)
        call->answer.http_status = 0; /* it was cut off */
    if (call->is_hello) {
        if (!link->is_up)
            on_hello_over(link);
    } else {
        call->is_over = true;
        /* Of its last message a part may be left, and nothing else may stand
         * where a message begins: no call follows. */
        link->is_cut |= !call->is_sent && call->messages;
    }
    return 0;
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame,
                         void *user)
{
    struct mf_link *link = user;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        link->goaway = true;
        return 0;
    }
    struct call *call =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    bool is_answer =
        frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    /* It will not read on: neither need we send on. */
    if (call && is_answer && !call->is_sent && !call->is_hello &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, call->id,
                                  NGHTTP2_CANCEL);
    return 0;
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame,
                         void *user)
{
    struct mf_link *link = user;
    /* Sent by the session itself, about what the server sent. */
    if (frame->hd.type == NGHTTP2_GOAWAY)
        fail(link, MF_ECORRUPT, "it does not speak HTTP/2 (gRPC)");
    if (frame->hd.type != NGHTTP2_DATA ||
        !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    struct call *call =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (call) {
        call->is_sent = true;
        call->sent_ns = link->now_ns;
    }
    return 0;
}

int mf_link_receive(struct mf_link *link, const uint8_t *data, size_t len,
                    int64_t now_ns, struct mf_err *err)
{
    link->now_ns = now_ns;
    link->heard_ns = now_ns;
    link->pinged_ns = 0;
    ssize_t n = nghttp2_session_mem_recv(link->session, data, len);
    if (n < 0)
        fail(link, MF_ECORRUPT, "it does not speak HTTP/2 (gRPC)");
    settle(link);
    return report(link, err);
}

/* ---- time ---- */

static void end_call_if_due(struct mf_link *link, struct call *call)
{
    bool is_due = call->messages &&
                  (link->now_ns - call->first_ns >= MF_LINK_STREAM_NS ||
                   (link->finishing && !mf_outbox_has_waiting(link->outbox)));
    if (is_due || (link->goaway && !call->ending))
        call->ending = true;
    if (call->ending || mf_outbox_has_waiting(link->outbox))
        wake_call(link, call);
}

static size_t calls_max(const struct mf_link *link)
{
    return link->abilities.published || link->config.one_by_one
               ? PUBLISHED_CALLS_MAX
               : CALLS_MAX;
}

/* Something waits, and nothing of it goes out: the server gives it no room. */
static bool is_stuck(const struct mf_link *link)
{
    const struct call *call = open_call(link);
    return call && !call->is_deferred &&
           (call->messages || mf_outbox_has_waiting(link->outbox));
}

static void check_stuck(struct mf_link *link)
{
    if (!is_stuck(link))
        link->stuck_ns = 0;
    else if (!link->stuck_ns)
        link->stuck_ns = link->now_ns;
    else if (link->now_ns - link->stuck_ns >= ANSWER_NS)
        fail(link, MF_EIO, "it takes nothing");
}

static void check_times(struct mf_link *link)
{
    if (!link->is_up && link->now_ns - link->begun_ns >= HELLO_NS)
        fail(link, MF_EIO, "it does not answer");
    if (link->pinged_ns && link->now_ns - link->pinged_ns >= PING_NS)
        fail(link, MF_EIO, "it does not answer");
    if (link->first && link->first->is_sent &&
        link->now_ns - link->first->sent_ns >= ANSWER_NS)
        fail(link, MF_EIO, "it acknowledges nothing");
    if (!link->pinged_ns && link->now_ns - link->heard_ns >= QUIET_NS) {
        link->pinged_ns = link->now_ns;
        nghttp2_submit_ping(link->session, NGHTTP2_FLAG_NONE, NULL);
    }
}

int mf_link_advance(struct mf_link *link, int64_t now_ns, struct mf_err *err)
{
    link->now_ns = now_ns;
    check_times(link);
    if (!link->goaway && !nghttp2_session_want_read(link->session) &&
        !nghttp2_session_want_write(link->session))
        fail(link, MF_EIO, "the server closed the connection");
    if (link->error || !link->is_up)
        return report(link, err);
    struct call *call = open_call(link);
    if (!call && link->calls < calls_max(link) && !link->goaway &&
        !link->is_cut &&
        !(link->finishing && mf_outbox_is_empty(link->outbox))) {
        if (begin_call(link))
            return report(link, err);
        call = link->last;
    }
    if (call)
        end_call_if_due(link, call);
    check_stuck(link);
    if (link->error)
        return report(link, err);
    bool is_done = link->finishing && mf_outbox_is_empty(link->outbox);
    if (is_done || (link->goaway && !link->first))
        return mf_err_set(err, MF_ECLOSED, "the server goes away");
    return 0;
}

int64_t mf_link_deadline_ns(const struct mf_link *link)
{
    int64_t due =
        link->pinged_ns ? link->pinged_ns + PING_NS : link->heard_ns + QUIET_NS;
    if (!link->is_up && link->begun_ns + HELLO_NS < due)
        due = link->begun_ns + HELLO_NS;
    const struct call *call = open_call(link);
    if (call && call->messages && !call->ending &&
        call->first_ns + MF_LINK_STREAM_NS < due)
        due = call->first_ns + MF_LINK_STREAM_NS;
    if (link->first && link->first->is_sent &&
        link->first->sent_ns + ANSWER_NS < due)
        due = link->first->sent_ns + ANSWER_NS;
    if (link->stuck_ns && link->stuck_ns + ANSWER_NS < due)
        due = link->stuck_ns + ANSWER_NS;
    return due;
}

int mf_link_write(struct mf_link *link, struct mf_buf *out, struct mf_err *err)
{
    size_t start = out->len;
    while (!link->error && out->len - start < WRITE_LEN) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(link->session, &data);
        if (n == 0)
            break;
        if (n < 0 || mf_buf_append(out, data, (size_t)n))
            fail(link, MF_ENOMEM, "out of memory");
    }
    settle(link);
    return report(link, err);
}

/* ---- life ---- */

static int put_hello(struct mf_link *link)
{
    struct mf_buf *body = &link->hello_body;
    const struct mf_link_config *config = &link->config;
    static const uint8_t head[5];
    size_t mark;
    mf_buf_init(body, HELLO_MAX_LEN);
    int rc = mf_buf_append(body, head, sizeof head);
    if (!rc)
        rc = mf_wire_put_bytes_opt(body, 1, config->source,
                                   strlen(config->source));
    if (!rc)
        rc = mf_wire_put_bytes_opt(body, 2, config->session,
                                   strlen(config->session));
    if (!rc)
        rc = mf_wire_put_bytes_opt(body, 3, MF_VERSION, strlen(MF_VERSION));
    if (!rc)
        rc = mf_wire_put_bytes_opt(body, 4, config->mitmproxy_version,
                                   strlen(config->mitmproxy_version));
    if (!rc)
        rc = mf_wire_begin(body, 5, &mark);
    for (uint32_t feature = 1; !rc && feature <= FEATURES; feature++)
        rc = mf_wire_put_varint(body, feature, 1);
    if (!rc)
        rc = mf_wire_end(body, mark);
    if (rc)
        return rc;
    size_t len = body->len - sizeof head;
    body->data[3] = (uint8_t)(len >> 8);
    body->data[4] = (uint8_t)len;
    return 0;
}

static int put_bearer(struct mf_link *link)
{
    const char *token = link->config.token;
    int rc = token && token[0]
                 ? mf_buf_printf(&link->bearer, "Bearer %s", token)
                 : 0;
    return rc || !link->bearer.len ? rc : mf_buf_append_byte(&link->bearer, 0);
}

static int begin_session(struct mf_link *link)
{
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks))
        return MF_ENOMEM;
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
                                                              on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks,
                                                           on_stream_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks,
                                                         on_frame_recv);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks,
                                                         on_frame_send);
    int rc = nghttp2_session_client_new(&link->session, callbacks, link);
    nghttp2_session_callbacks_del(callbacks);
    if (rc)
        return MF_ENOMEM;
    nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
    };
    return nghttp2_submit_settings(link->session, NGHTTP2_FLAG_NONE, settings,
                                   1)
               ? MF_ENOMEM
               : 0;
}

struct mf_link *mf_link_new(struct mf_outbox *outbox,
                            const struct mf_link_config *config, int64_t now_ns)
{
    struct mf_link *link = calloc(1, sizeof *link);
    if (!link)
        return NULL;
    link->outbox = outbox;
    link->config = *config;
    link->abilities.body_max = config->body_max;
    link->now_ns = link->begun_ns = link->heard_ns = now_ns;
    link->hello_call.is_hello = true;
    mf_outgoing_init(&link->outgoing);
    mf_buf_init(&link->source_bin, HELLO_MAX_LEN);
    mf_buf_init(&link->bearer, HELLO_MAX_LEN);
    if (mf_base64_encode(config->source, strlen(config->source), false,
                         &link->source_bin) ||
        mf_buf_append_byte(&link->source_bin, 0) || put_bearer(link) ||
        put_hello(link) || begin_session(link) ||
        submit(link, &link->hello_call, HELLO_PATH)) {
        mf_link_free(link);
        return NULL;
    }
    return link;
}

void mf_link_free(struct mf_link *link)
{
    if (!link)
        return;
    if (link->session)
        nghttp2_session_del(link->session);
    while (link->first) {
        struct call *call = link->first;
        link->first = call->next;
        call_free(call);
    }
    mf_outgoing_release(&link->outgoing);
    mf_outbox_disconnected(link->outbox, link->now_ns);
    mf_answer_release(&link->hello_call.answer);
    mf_buf_release(&link->hello_body);
    mf_buf_release(&link->source_bin);
    mf_buf_release(&link->bearer);
    free(link);
}

void mf_link_finish(struct mf_link *link)
{
    link->finishing = true;
}

const struct mf_hello *mf_link_hello(const struct mf_link *link)
{
    return link->is_up ? &link->hello : NULL;
}

uint64_t mf_link_acked(const struct mf_link *link)
{
    return link->acked;
}

uint64_t mf_link_rejected(const struct mf_link *link)
{
    return link->rejected;
}

size_t mf_link_refused(const struct mf_link *link)
{
    return link->refused;
}

bool mf_link_is_in_vain(const struct mf_link *link)
{
    return !link->acked && (link->has_sent || link->is_refusing);
}
