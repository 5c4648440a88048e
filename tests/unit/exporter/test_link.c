/* mf_link against a server in memory. */
#include "../cmocka.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "exporter/sender/link.h"

#define S MF_NS_PER_S
#define MS ((int64_t)MF_NS_PER_MS)

enum { CALLS_MAX = 64 };

struct call {
    int32_t id;
    bool is_hello;
    bool is_ended; /* by the client */
    bool is_answered;
    char source[64];
    char session[64];
    struct mf_buf data;
};

/* What the server does and saw. */
struct peer {
    nghttp2_session *session;
    struct call calls[CALLS_MAX];
    size_t count;
    const char *hello_status; /* HTTP */
    const char *hello_type;
    const char *hello_grpc; /* NULL: no grpc-status */
    struct mf_buf hello_body;
    struct mf_buf body; /* of the answer under way */
    struct mf_queue *queue;
    struct mf_outbox *outbox;
    struct mf_link *link;
    int64_t now_ns;
    struct mf_err err;
    int rc;
    unsigned pushed;
};

static struct call *find(struct peer *peer, int32_t id)
{
    for (size_t i = 0; i < peer->count; i++)
        if (peer->calls[i].id == id)
            return &peer->calls[i];
    return NULL;
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame,
                    void *user)
{
    (void)session;
    struct peer *peer = user;
    assert_true(peer->count < CALLS_MAX);
    struct call *call = &peer->calls[peer->count++];
    call->id = frame->hd.stream_id;
    mf_buf_init(&call->data, 64 << 20);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame,
                     const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *user)
{
    (void)session;
    (void)flags;
    struct call *call = find(user, frame->hd.stream_id);
    if (name_len == 5 && !memcmp(name, ":path", 5))
        call->is_hello =
            value_len > 5 && !memcmp(value + value_len - 5, "Hello", 5);
    if (name_len == 19 && !memcmp(name, "mitmflow-source-bin", 19))
        memcpy(call->source, value, value_len);
    if (name_len == 16 && !memcmp(name, "mitmflow-session", 16))
        memcpy(call->session, value, value_len);
    return 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *data,
                         size_t len, uint32_t *flags,
                         nghttp2_data_source *source, void *user)
{
    (void)source;
    struct peer *peer = user;
    size_t n = peer->body.len < len ? peer->body.len : len;
    if (n)
        memcpy(data, peer->body.data, n);
    mf_buf_consume(&peer->body, n);
    if (peer->body.len == 0) {
        const char *status = find(peer, id)->is_hello ? peer->hello_grpc : "0";
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (status) {
            nghttp2_nv trailer = {(uint8_t *)"grpc-status", (uint8_t *)status,
                                  11, strlen(status), 0};
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            nghttp2_submit_trailer(session, id, &trailer, 1);
        }
    }
    return (ssize_t)n;
}

static void respond(struct peer *peer, struct call *call, const char *status,
                    const char *type, const void *body, size_t len)
{
    nghttp2_nv fields[] = {
        {(uint8_t *)":status", (uint8_t *)status, 7, strlen(status), 0},
        {(uint8_t *)"content-type", (uint8_t *)type, 12, strlen(type), 0},
    };
    nghttp2_data_provider provider = {.read_callback = read_body};
    mf_buf_clear(&peer->body);
    mf_buf_append(&peer->body, body, len);
    call->is_answered = true;
    assert_int_equal(
        nghttp2_submit_response(peer->session, call->id, fields, 2, &provider),
        0);
}

/* A trailers-only answer. */
static void refuse(struct peer *peer, struct call *call, const char *grpc)
{
    nghttp2_nv fields[] = {
        {(uint8_t *)":status", (uint8_t *)"200", 7, 3, 0},
        {(uint8_t *)"content-type", (uint8_t *)"application/grpc", 12, 16, 0},
        {(uint8_t *)"grpc-status", (uint8_t *)grpc, 11, strlen(grpc), 0},
    };
    call->is_answered = true;
    nghttp2_submit_response(peer->session, call->id, fields, 3, NULL);
}

/* What a proxy says whose limit is lower. */
static void find_too_large(struct peer *peer, struct call *call)
{
    nghttp2_nv field = {(uint8_t *)":status", (uint8_t *)"413", 7, 3, 0};
    call->is_answered = true;
    nghttp2_submit_response(peer->session, call->id, &field, 1, NULL);
}

static int on_chunk(nghttp2_session *session, uint8_t flags, int32_t id,
                    const uint8_t *data, size_t len, void *user)
{
    (void)session;
    (void)flags;
    return mf_buf_append(&find(user, id)->data, data, len);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame,
                    void *user)
{
    (void)session;
    struct peer *peer = user;
    struct call *call = find(peer, frame->hd.stream_id);
    if (!call || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    call->is_ended = true;
    if (call->is_hello && peer->hello_status)
        respond(peer, call, peer->hello_status, peer->hello_type,
                peer->hello_body.data, peer->hello_body.len);
    return 0;
}

static void begin_with(struct peer *peer, bool gives_room)
{
    nghttp2_option *option;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, !gives_room);
    static const uint8_t hello[] = "\0\0\0\0\4\x12\2\x08\1";
    *peer = (struct peer){
        .hello_status = "200",
        .hello_type = "application/grpc",
        .hello_grpc = "0",
        .now_ns = 1000 * S,
    };
    mf_buf_init(&peer->hello_body, 1000);
    mf_buf_append(&peer->hello_body, hello, sizeof hello - 1);
    mf_buf_init(&peer->body, 1000);
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks,
                                                            on_begin);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
                                                              on_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    assert_int_equal(
        nghttp2_session_server_new2(&peer->session, callbacks, peer, option),
        0);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(peer->session, 0, NULL, 0);
    peer->queue = mf_queue_new(64 << 20);
    const struct mf_link_config config = {
        .authority = "a:1",
        .source = "me",
        .session = "0123",
        .mitmproxy_version = "12.2.3",
        .body_max = 1 << 20,
    };
    peer->outbox = mf_outbox_new(peer->queue);
    peer->link = mf_link_new(peer->outbox, &config, peer->now_ns);
    assert_non_null(peer->link);
}

static void begin(struct peer *peer)
{
    begin_with(peer, true);
}

static void end(struct peer *peer)
{
    mf_link_free(peer->link);
    mf_outbox_free(peer->outbox);
    mf_queue_free(peer->queue);
    nghttp2_session_del(peer->session);
    for (size_t i = 0; i < peer->count; i++)
        mf_buf_release(&peer->calls[i].data);
    mf_buf_release(&peer->hello_body);
    mf_buf_release(&peer->body);
}

/* Carry bytes both ways until nothing moves; the link gets `step` at a time. */
static int turn(struct peer *peer, size_t step)
{
    struct mf_buf out;
    mf_buf_init(&out, 1 << 20);
    for (bool moved = true; moved && !peer->rc;) {
        moved = false;
        mf_buf_clear(&out);
        mf_outbox_advance(peer->outbox, peer->now_ns);
        peer->rc = mf_link_advance(peer->link, peer->now_ns, &peer->err);
        if (!peer->rc)
            peer->rc = mf_link_write(peer->link, &out, &peer->err);
        if (out.len) {
            moved = true;
            assert_int_equal(
                nghttp2_session_mem_recv(peer->session, out.data, out.len),
                out.len);
        }
        const uint8_t *data;
        ssize_t n;
        while (!peer->rc &&
               (n = nghttp2_session_mem_send(peer->session, &data)) > 0) {
            moved = true;
            for (size_t at = 0; !peer->rc && at < (size_t)n; at += step) {
                size_t len = (size_t)n - at < step ? (size_t)n - at : step;
                peer->rc = mf_link_receive(peer->link, data + at, len,
                                           peer->now_ns, &peer->err);
            }
        }
    }
    mf_buf_release(&out);
    return peer->rc;
}

/* A message that is a whole ExportFlowRequest of about `len` bytes. */
static void push(struct peer *peer, size_t len)
{
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 26);
    struct mf_mark flow = mf_encoder_begin(&enc, 1);
    struct mf_mark http = mf_encoder_begin(&enc, 1);
    mf_encoder_bytes(&enc, 1, "id", 2);
    struct mf_mark request = mf_encoder_begin(&enc, 2);
    void *body = calloc(1, len + 1);
    mf_encoder_bytes(&enc, 4, body, len);
    free(body);
    mf_encoder_end(&enc, request);
    mf_encoder_end(&enc, http);
    mf_encoder_end(&enc, flow);
    mf_encoder_varint_opt(&enc, 2, 4);
    struct mf_label label = {.kind = MF_KIND_WHOLE, .event = 4, .is_end = true};
    label.id_len =
        (uint8_t)snprintf(label.id, sizeof label.id, "%u", peer->pushed++);
    assert_int_equal(mf_queue_push(peer->queue, &enc, &label, NULL, 0), 0);
    mf_encoder_release(&enc);
}

/* How many whole gRPC frames a call has brought. */
static size_t frames_of(const struct call *call)
{
    size_t count = 0;
    for (size_t at = 0; at + 5 <= call->data.len; count++) {
        const uint8_t *p = call->data.data + at;
        assert_int_equal(p[0], 0);
        at += 5 + ((size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 |
                   p[4]);
        assert_true(at <= call->data.len);
    }
    return count;
}

static void acknowledge(struct peer *peer, struct call *call, uint8_t count)
{
    uint8_t body[] = {0, 0, 0, 0, 2, 0x18, count};
    respond(peer, call, "200", "application/grpc", body, sizeof body);
}

static struct mf_outbox_stats stats_of(struct peer *peer)
{
    struct mf_outbox_stats stats;
    mf_outbox_get_stats(peer->outbox, &stats);
    return stats;
}

/* ---- the tests ---- */

static void hello_comes_first_and_every_call_repeats_it(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    push(&peer, 100);
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    assert_true(peer.calls[0].is_hello);
    assert_int_equal(mf_link_hello(peer.link)->greeting, MF_GREETING_RICH);
    assert_int_equal(peer.count, 2);
    assert_false(peer.calls[1].is_hello);
    assert_string_equal(peer.calls[1].source, "bWU");
    assert_string_equal(peer.calls[1].session, "0123");
    assert_int_equal(frames_of(&peer.calls[1]), 1);
    assert_false(peer.calls[1].is_ended);
    end(&peer);
}

static void nothing_is_sent_before_hello_is_answered(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    peer.hello_status = NULL;
    push(&peer, 100);
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    assert_int_equal(peer.count, 1);
    peer.now_ns += 4 * S;
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    peer.now_ns += 1 * S;
    assert_int_equal(turn(&peer, SIZE_MAX), MF_EIO);
    assert_string_equal(peer.err.text, "it does not answer");
    end(&peer);
}

static void a_call_ends_in_time_and_the_next_begins_at_once(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    push(&peer, 100);
    turn(&peer, SIZE_MAX);
    assert_int_equal(mf_link_deadline_ns(peer.link), peer.now_ns + 100 * MS);
    peer.now_ns += 99 * MS;
    turn(&peer, SIZE_MAX);
    assert_false(peer.calls[1].is_ended);
    peer.now_ns += 1 * MS;
    turn(&peer, SIZE_MAX);
    assert_true(peer.calls[1].is_ended);
    assert_int_equal(peer.count, 3);
    assert_int_equal(stats_of(&peer).in_flight, 1);
    acknowledge(&peer, &peer.calls[1], 1);
    assert_int_equal(turn(&peer, 1), 0);
    assert_int_equal(stats_of(&peer).sent, 1);
    assert_true(mf_queue_is_empty(peer.queue));
    /* The call that is open waits in peace. */
    peer.now_ns += 15 * S;
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    assert_false(peer.calls[2].is_ended);
    end(&peer);
}

static void an_acknowledgement_counts_only_after_those_before_it(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    push(&peer, 100);
    turn(&peer, SIZE_MAX);
    peer.now_ns += 100 * MS;
    turn(&peer, SIZE_MAX);
    push(&peer, 100);
    push(&peer, 100);
    turn(&peer, SIZE_MAX);
    peer.now_ns += 100 * MS;
    turn(&peer, SIZE_MAX);
    assert_true(peer.calls[2].is_ended);
    acknowledge(&peer, &peer.calls[2], 2);
    turn(&peer, SIZE_MAX);
    assert_int_equal(stats_of(&peer).sent, 0);
    acknowledge(&peer, &peer.calls[1], 1);
    turn(&peer, SIZE_MAX);
    assert_int_equal(stats_of(&peer).sent, 3);
    end(&peer);
}

static void a_failed_call_makes_all_later_ones_wait_again(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    push(&peer, 100);
    turn(&peer, SIZE_MAX);
    peer.now_ns += 100 * MS;
    turn(&peer, SIZE_MAX);
    push(&peer, 100);
    turn(&peer, SIZE_MAX);
    refuse(&peer, &peer.calls[1], "14");
    assert_int_equal(turn(&peer, SIZE_MAX), MF_EIO);
    assert_non_null(strstr(peer.err.text, "gRPC status 14"));
    assert_int_equal(mf_link_refused(peer.link), 0);
    mf_link_free(peer.link);
    peer.link = NULL;
    assert_int_equal(stats_of(&peer).waiting, 2);
    assert_int_equal(stats_of(&peer).in_flight, 0);
    end(&peer);
}

static void a_refusal_for_the_content_is_told(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    push(&peer, 100);
    push(&peer, 100);
    turn(&peer, SIZE_MAX);
    refuse(&peer, &peer.calls[1], "3");
    assert_int_equal(turn(&peer, SIZE_MAX), MF_EIO);
    assert_int_equal(mf_link_refused(peer.link), 2);
    end(&peer);
}

static void
what_a_proxy_finds_too_large_is_refused_for_the_content(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    push(&peer, 100);
    turn(&peer, SIZE_MAX);
    find_too_large(&peer, &peer.calls[1]);
    assert_int_equal(turn(&peer, SIZE_MAX), MF_EIO);
    assert_non_null(strstr(peer.err.text, "HTTP status 413"));
    assert_int_equal(mf_link_refused(peer.link), 1);
    end(&peer);
}

static void a_call_that_the_server_ends_early_keeps_what_it_took(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    for (int i = 0; i < 5; i++)
        push(&peer, 100);
    turn(&peer, SIZE_MAX);
    acknowledge(&peer, &peer.calls[1], 3);
    assert_int_equal(turn(&peer, SIZE_MAX), MF_EIO);
    assert_int_equal(stats_of(&peer).sent, 3);
    mf_link_free(peer.link);
    peer.link = NULL;
    assert_int_equal(stats_of(&peer).waiting, 2);
    end(&peer);
}

static void an_idle_call_that_ends_late_is_begun_anew(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    turn(&peer, SIZE_MAX);
    assert_int_equal(peer.count, 2);
    peer.now_ns += 15 * S;
    refuse(&peer, &peer.calls[1], "14");
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    assert_int_equal(peer.count, 3);
    end(&peer);
}

static void
a_server_that_ends_every_call_at_once_is_not_called_for_ever(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    turn(&peer, SIZE_MAX);
    acknowledge(&peer, &peer.calls[1], 0);
    assert_int_equal(turn(&peer, SIZE_MAX), MF_EIO);
    end(&peer);
}

static void a_server_cannot_acknowledge_more_than_it_got(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    push(&peer, 100);
    turn(&peer, SIZE_MAX);
    peer.now_ns += 100 * MS;
    turn(&peer, SIZE_MAX);
    push(&peer, 100);
    turn(&peer, SIZE_MAX);
    acknowledge(&peer, &peer.calls[1], 100);
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    assert_int_equal(stats_of(&peer).sent, 1);
    assert_int_equal(stats_of(&peer).in_flight, 1);
    end(&peer);
}

static void long_messages_end_a_call_by_their_length(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    nghttp2_session_set_local_window_size(peer.session, 0, 0, 1 << 30);
    push(&peer, 3 << 20);
    push(&peer, 3 << 20);
    push(&peer, 100);
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    assert_true(peer.calls[1].is_ended);
    assert_int_equal(frames_of(&peer.calls[1]), 2);
    assert_int_equal(frames_of(&peer.calls[2]), 1);
    end(&peer);
}

static void a_silent_server_is_pinged_and_then_given_up(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    turn(&peer, SIZE_MAX);
    peer.now_ns += 20 * S;
    assert_int_equal(turn(&peer, SIZE_MAX), 0); /* it answers the ping */
    struct mf_buf out;
    mf_buf_init(&out, 1 << 20);
    peer.now_ns += 20 * S;
    assert_int_equal(mf_link_advance(peer.link, peer.now_ns, NULL), 0);
    assert_int_equal(mf_link_write(peer.link, &out, NULL), 0);
    assert_int_equal(out.len, 17); /* a PING that nobody answers */
    peer.now_ns += 10 * S;
    assert_int_equal(mf_link_advance(peer.link, peer.now_ns, &peer.err),
                     MF_EIO);
    mf_buf_release(&out);
    end(&peer);
}

static void a_server_that_goes_away_gets_no_new_call(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    push(&peer, 100);
    turn(&peer, SIZE_MAX);
    nghttp2_submit_goaway(peer.session, 0, peer.calls[1].id, 0, NULL, 0);
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    assert_true(peer.calls[1].is_ended);
    assert_int_equal(peer.count, 2);
    acknowledge(&peer, &peer.calls[1], 1);
    assert_int_equal(turn(&peer, SIZE_MAX), MF_ECLOSED);
    assert_int_equal(stats_of(&peer).sent, 1);
    end(&peer);
}

static void finishing_ends_when_all_is_acknowledged(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    push(&peer, 100);
    mf_link_finish(peer.link);
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    assert_true(peer.calls[1].is_ended);
    acknowledge(&peer, &peer.calls[1], 1);
    assert_int_equal(turn(&peer, SIZE_MAX), MF_ECLOSED);
    end(&peer);
}

static void an_old_server_gets_one_call_at_a_time(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    peer.hello_status = "404";
    peer.hello_type = "text/plain";
    peer.hello_grpc = NULL;
    push(&peer, 100);
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    assert_int_equal(mf_link_hello(peer.link)->greeting, MF_GREETING_PUBLISHED);
    peer.now_ns += 100 * MS;
    push(&peer, 100);
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    assert_int_equal(peer.count, 2);
    acknowledge(&peer, &peer.calls[1], (uint8_t)frames_of(&peer.calls[1]));
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    assert_int_equal(peer.count, 3);
    end(&peer);
}

static void what_is_longer_than_the_server_keeps_is_cut(void **state)
{
    (void)state;
    static const uint8_t hello[] =
        "\0\0\0\0\7\x12\2\x08\1\x18\xe8\x07"; /* at most 1,000 bytes */
    struct peer peer;
    begin(&peer);
    mf_buf_clear(&peer.hello_body);
    mf_buf_append(&peer.hello_body, hello, sizeof hello - 1);
    push(&peer, 5000);
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    assert_int_equal(frames_of(&peer.calls[1]), 1);
    assert_true(peer.calls[1].data.len <= 1005);
    assert_true(peer.calls[1].data.len > 300);
    end(&peer);
}

/* Time passes, and pings are answered. */
static int wait_out(struct peer *peer, int64_t ns)
{
    for (int64_t left = ns; left > 0 && !peer->rc; left -= 5 * S) {
        peer->now_ns += left < 5 * S ? left : 5 * S;
        turn(peer, SIZE_MAX);
    }
    return peer->rc;
}

static void a_server_that_gives_no_room_is_given_up(void **state)
{
    (void)state;
    struct peer peer;
    static const nghttp2_settings_entry no_room[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}};
    begin(&peer);
    turn(&peer, SIZE_MAX);
    nghttp2_submit_settings(peer.session, 0, no_room, 1);
    turn(&peer, SIZE_MAX);
    /* With nothing to send there is nothing to wait for. */
    assert_int_equal(wait_out(&peer, 300 * S), 0);
    push(&peer, 100);
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    assert_int_equal(wait_out(&peer, 119 * S), 0);
    assert_true(mf_link_deadline_ns(peer.link) <= peer.now_ns + 1 * S);
    assert_int_equal(wait_out(&peer, 1 * S), MF_EIO);
    assert_string_equal(peer.err.text, "it takes nothing");
    end(&peer);
}

static void a_server_that_gives_little_room_is_not_given_up(void **state)
{
    (void)state;
    struct peer peer;
    begin_with(&peer, false);
    turn(&peer, SIZE_MAX);
    static const nghttp2_settings_entry no_room[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}};
    nghttp2_submit_settings(peer.session, 0, no_room, 1);
    turn(&peer, SIZE_MAX);
    push(&peer, 100);
    turn(&peer, SIZE_MAX);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(wait_out(&peer, 100 * S), 0);
        nghttp2_submit_window_update(peer.session, 0, peer.calls[1].id, 10);
        assert_int_equal(turn(&peer, SIZE_MAX), 0);
    }
    assert_int_equal(peer.calls[1].data.len, 40);
    end(&peer);
}

static void after_a_call_that_is_cut_off_none_begins(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    push(&peer, 100);
    turn(&peer, SIZE_MAX);
    peer.now_ns += 100 * MS;
    turn(&peer, SIZE_MAX);
    assert_int_equal(peer.count, 3);
    push(&peer, 100000);
    static const nghttp2_settings_entry narrow[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1000}};
    nghttp2_submit_settings(peer.session, 0, narrow, 1);
    turn(&peer, SIZE_MAX);
    push(&peer, 100);
    refuse(&peer, &peer.calls[2], "13");
    assert_int_equal(turn(&peer, SIZE_MAX), 0);
    assert_int_equal(wait_out(&peer, 10 * S), 0);
    assert_int_equal(peer.count, 3);
    acknowledge(&peer, &peer.calls[1], 1);
    assert_int_equal(turn(&peer, SIZE_MAX), MF_EIO);
    assert_int_equal(stats_of(&peer).sent, 1);
    mf_link_free(peer.link);
    peer.link = NULL;
    assert_int_equal(stats_of(&peer).waiting, 2);
    end(&peer);
}

static void rubbish_ends_the_link(void **state)
{
    (void)state;
    struct peer peer;
    begin(&peer);
    static const char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    struct mf_buf out;
    mf_buf_init(&out, 1 << 20);
    int rc = mf_link_receive(peer.link, (const uint8_t *)text, sizeof text - 1,
                             peer.now_ns, &peer.err);
    if (!rc)
        rc = mf_link_write(peer.link, &out, &peer.err);
    assert_int_equal(rc, MF_ECORRUPT);
    assert_string_equal(peer.err.text, "it does not speak HTTP/2 (gRPC)");
    mf_buf_release(&out);
    end(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_comes_first_and_every_call_repeats_it),
        cmocka_unit_test(nothing_is_sent_before_hello_is_answered),
        cmocka_unit_test(a_call_ends_in_time_and_the_next_begins_at_once),
        cmocka_unit_test(an_acknowledgement_counts_only_after_those_before_it),
        cmocka_unit_test(a_failed_call_makes_all_later_ones_wait_again),
        cmocka_unit_test(a_refusal_for_the_content_is_told),
        cmocka_unit_test(
            what_a_proxy_finds_too_large_is_refused_for_the_content),
        cmocka_unit_test(a_call_that_the_server_ends_early_keeps_what_it_took),
        cmocka_unit_test(an_idle_call_that_ends_late_is_begun_anew),
        cmocka_unit_test(
            a_server_that_ends_every_call_at_once_is_not_called_for_ever),
        cmocka_unit_test(a_server_cannot_acknowledge_more_than_it_got),
        cmocka_unit_test(long_messages_end_a_call_by_their_length),
        cmocka_unit_test(a_silent_server_is_pinged_and_then_given_up),
        cmocka_unit_test(a_server_that_goes_away_gets_no_new_call),
        cmocka_unit_test(finishing_ends_when_all_is_acknowledged),
        cmocka_unit_test(an_old_server_gets_one_call_at_a_time),
        cmocka_unit_test(what_is_longer_than_the_server_keeps_is_cut),
        cmocka_unit_test(a_server_that_gives_no_room_is_given_up),
        cmocka_unit_test(a_server_that_gives_little_room_is_not_given_up),
        cmocka_unit_test(after_a_call_that_is_cut_off_none_begins),
        cmocka_unit_test(rubbish_ends_the_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
