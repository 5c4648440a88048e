/*
 * The Nth allocation of the loop's thread fails, for every N: whole
 * conversations then end in an answer or a closed connection, and nothing
 * leaks or is used after its end.
 */
#include "../cmocka.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wrap_memory.h"
#include "net/server.h"
#include "rpc/rpc.h"

enum { MESSAGE_MAX_LEN = 1 << 20, ANSWER_CAP = 65536 };

static struct {
    bool is_armed;
    pthread_t thread;
    size_t left; /* allocations that work */
    bool has_failed;
} memory;

static bool is_out(void)
{
    if (!memory.is_armed || !pthread_equal(pthread_self(), memory.thread))
        return false;
    if (memory.left > 0) {
        memory.left--;
        return false;
    }
    /* This one alone: what follows must cope. */
    if (memory.has_failed)
        return false;
    memory.has_failed = true;
    return true;
}

/* ---- The service ---- */

static void on_message(struct mf_call *call, void *user, const uint8_t *message,
                       size_t len)
{
    (void)user;
    mf_call_send(call, message, len);
}

static void on_unary(struct mf_call *call, void *user, const uint8_t *message,
                     size_t len)
{
    on_message(call, user, message, len);
    mf_call_finish(call, MF_STATUS_OK, NULL);
}

static void on_half_close(struct mf_call *call, void *user)
{
    (void)user;
    mf_call_finish(call, MF_STATUS_OK, NULL);
}

/* Everything that an error may have, and more fields than fit at first. */
static void on_error(struct mf_call *call, void *user, const uint8_t *message,
                     size_t len)
{
    (void)user;
    const struct mf_error_detail detail = {
        .type = "a.B", .value = message, .len = len};
    for (int i = 0; i < 8; i++) {
        mf_call_add_header(call, "x-head", "a");
        mf_call_add_trailer(call, "x-end", "b");
    }
    mf_call_finish_error(call, MF_STATUS_ABORTED, "100% no", &detail, 1);
}

static const struct mf_method methods[] = {
    {.path = "/t/Error",
     .kind = MF_METHOD_UNARY,
     .ops = {.on_message = on_error}},
    {.path = "/t/Server",
     .kind = MF_METHOD_SERVER_STREAM,
     .ops = {.on_message = on_error}},
    {.path = "/t/Unary",
     .kind = MF_METHOD_UNARY,
     .no_side_effects = true,
     .ops = {.on_message = on_unary}},
    {.path = "/t/Client",
     .kind = MF_METHOD_CLIENT_STREAM,
     .ops = {.on_message = on_message, .on_half_close = on_half_close}},
    {.path = "/t/Bidi",
     .kind = MF_METHOD_BIDI_STREAM,
     .ops = {.on_message = on_message, .on_half_close = on_half_close}},
};

static void on_request(void *user, struct mf_exchange *x)
{
    static const struct mf_exchange_events no_events;
    if (mf_rpc_handle(user, x))
        return;
    mf_exchange_set_events(x, &no_events, NULL);
    mf_exchange_respond(x, 404, NULL, 0);
    mf_exchange_finish(x, NULL, 0);
}

/* ---- The client ---- */

struct talk {
    const char *bytes;
    size_t len;
    /* True when the answer that was read is whole. */
    bool (*is_whole)(const uint8_t *answer, size_t len);
};

struct run {
    const struct talk *talk;
    struct mf_loop *loop;
    struct mf_server *server;
    struct sockaddr_in address;
    bool is_answered;
};

static void on_stopped(void *arg)
{
    mf_loop_stop(((struct run *)arg)->loop);
}

static void stop(void *arg)
{
    struct run *run = arg;
    memory.is_armed = false;
    mf_server_stop(run->server, 0, on_stopped, run);
}

static void *client(void *arg)
{
    struct run *run = arg;
    static uint8_t answer[ANSWER_CAP];
    size_t len = 0;
    ssize_t n = 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&run->address, sizeof run->address))
        abort();
    for (size_t at = 0; at < run->talk->len && n >= 0; at += (size_t)n)
        n = send(fd, run->talk->bytes + at, run->talk->len - at, MSG_NOSIGNAL);
    do {
        n = recv(fd, answer + len, sizeof answer - len, 0);
        len += n > 0 ? (size_t)n : 0;
        run->is_answered = run->talk->is_whole(answer, len);
    } while (n > 0 && !run->is_answered && len < sizeof answer);
    close(fd);
    if (mf_loop_post(run->loop, stop, run))
        abort();
    return NULL;
}

/* One conversation with the allocation after `works` others failing. True if
 * that one was reached. */
static bool converse(const struct talk *talk, size_t works, bool *ret_answered)
{
    struct run run = {.talk = talk};
    static const char *const origins[] = {"https://page.example"};
    const struct mf_rpc_opts rpc_opts = {.max_message_len = MESSAGE_MAX_LEN,
                                         .cors_origins = origins,
                                         .cors_origin_count = 1};
    const struct mf_listen_opts listen = {.address = "127.0.0.1:0"};
    struct mf_rpc *rpc = mf_rpc_new(&rpc_opts);
    char *url;
    unsigned port;
    assert_non_null(rpc);
    assert_int_equal(
        mf_rpc_add(rpc, methods, sizeof methods / sizeof *methods, NULL), 0);
    assert_int_equal(mf_loop_new(&run.loop, NULL), 0);
    const struct mf_server_opts opts = {
        .loop = run.loop, .on_request = on_request, .user = rpc};
    assert_int_equal(mf_server_new(&opts, &run.server, NULL), 0);
    assert_int_equal(mf_server_listen(run.server, &listen, &url, NULL), 0);
    assert_int_equal(sscanf(url, "http://127.0.0.1:%u", &port), 1);
    free(url);
    run.address = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    memory.thread = pthread_self();
    memory.left = works;
    memory.has_failed = false;
    memory.is_armed = true;
    pthread_t thread;
    pthread_create(&thread, NULL, client, &run);
    mf_loop_run(run.loop);
    pthread_join(thread, NULL);
    mf_server_free(run.server);
    mf_rpc_free(rpc);
    mf_loop_free(run.loop);
    *ret_answered = run.is_answered;
    return memory.has_failed;
}

static void fail_each(const struct talk *talk)
{
    bool answered;
    size_t works = 0;
    while (converse(talk, works, &answered))
        works++;
    assert_true(answered);
    assert_true(works > 5);
}

/* ---- Tests ---- */

static bool is_whole_h1(const uint8_t *answer, size_t len)
{
    static const char unary[] = "\r\n\r\n\x0a\x01m";
    static const char stream[] = "\x02\0\0\0\2{}";
    const size_t unary_len = sizeof unary - 1, stream_len = sizeof stream - 1;
    return (len > unary_len &&
            memcmp(answer + len - unary_len, unary, unary_len) == 0) ||
           (len > stream_len &&
            memcmp(answer + len - stream_len, stream, stream_len) == 0);
}

static void unary_over_http_1_survives(void **state)
{
    (void)state;
    static const char bytes[] =
        "POST /t/Unary HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Content-Type: application/proto\r\n"
        "Connect-Timeout-Ms: 60000\r\n"
        "Content-Length: 3\r\n\r\n\x0a\x01m";
    const struct talk talk = {bytes, sizeof bytes - 1, is_whole_h1};
    fail_each(&talk);
}

static void get_over_http_1_survives(void **state)
{
    (void)state;
    static const char bytes[] =
        "GET /t/Unary?encoding=proto&base64=1&message=CgFt HTTP/1.1\r\n"
        "Host: x\r\nConnection: close\r\n\r\n";
    const struct talk talk = {bytes, sizeof bytes - 1, is_whole_h1};
    fail_each(&talk);
}

static void a_stream_over_http_1_survives(void **state)
{
    (void)state;
    /* Two messages; the second comes in two chunks. */
    static const char bytes[] =
        "POST /t/Client HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Content-Type: application/connect+proto\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
        "a\r\n\0\0\0\0\3\x0a\x01m\0\0\r\n"
        "6\r\n\0\0\3\x0a\x01n\r\n"
        "0\r\n\r\n";
    const struct talk talk = {bytes, sizeof bytes - 1, is_whole_h1};
    fail_each(&talk);
}

static bool holds(const uint8_t *answer, size_t len, const char *text,
                  size_t text_len)
{
    return answer && memmem(answer, len, text, text_len);
}
#define HOLDS(answer, len, text) holds(answer, len, text, sizeof text - 1)

static bool is_whole_error(const uint8_t *answer, size_t len)
{
    return HOLDS(answer, len, "HTTP/1.1 409 ") &&
           HOLDS(answer, len, "access-control-allow-origin: https://page") &&
           HOLDS(answer, len, "\"details\":[{\"type\":\"a.B\",") &&
           HOLDS(answer, len, "\"value\":\"CgFt\"}]}");
}

static void an_error_over_http_1_survives(void **state)
{
    (void)state;
    static const char bytes[] =
        "POST /t/Error HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Content-Type: application/proto\r\nOrigin: https://page.example\r\n"
        "Content-Length: 3\r\n\r\n\x0a\x01m";
    const struct talk talk = {bytes, sizeof bytes - 1, is_whole_error};
    fail_each(&talk);
}

static bool is_whole_stream_error(const uint8_t *answer, size_t len)
{
    return HOLDS(answer, len, "\"error\":{\"code\":\"aborted\"") &&
           HOLDS(answer, len, "\"b\",\"b\"]}}");
}

static void an_error_of_a_stream_survives(void **state)
{
    (void)state;
    static const char bytes[] =
        "POST /t/Server HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Content-Type: application/connect+proto\r\n"
        "Content-Length: 8\r\n\r\n\0\0\0\0\3\x0a\x01m";
    const struct talk talk = {bytes, sizeof bytes - 1, is_whole_stream_error};
    fail_each(&talk);
}

static bool is_whole_web_text(const uint8_t *answer, size_t len)
{
    /* "gAAA" begins a frame of trailers. */
    return HOLDS(answer, len, "application/grpc-web-text\r\n") &&
           HOLDS(answer, len, "\r\n\r\ngAAA");
}

static void base64_text_survives(void **state)
{
    (void)state;
    static const char bytes[] =
        "POST /t/Error HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Content-Type: application/grpc-web-text\r\n"
        "Content-Length: 12\r\n\r\nAAAAAAMKAW0=";
    const struct talk talk = {bytes, sizeof bytes - 1, is_whole_web_text};
    fail_each(&talk);
}

static bool is_whole_gzip(const uint8_t *answer, size_t len)
{
    const uint8_t *body = answer ? memmem(answer, len, "\r\n\r\n", 4) : NULL;
    return body && HOLDS(answer, len, "content-encoding: gzip\r\n") &&
           answer + len > body + 4 + 18; /* a gzip of something */
}

static void a_packed_answer_survives(void **state)
{
    (void)state;
    static char bytes[4096];
    char note[1501];
    memset(note, 'n', sizeof note - 1);
    note[sizeof note - 1] = '\0';
    int len = snprintf(bytes, sizeof bytes,
                       "POST /t/Unary HTTP/1.1\r\nHost: x\r\n"
                       "Connection: close\r\nAccept-Encoding: br;q=0, gzip\r\n"
                       "Content-Type: application/proto\r\n"
                       "Content-Length: 1503\r\n\r\n\x0a\xdc\x0b%s",
                       note);
    const struct talk talk = {bytes, (size_t)len, is_whole_gzip};
    fail_each(&talk);
}

static bool is_whole_preflight(const uint8_t *answer, size_t len)
{
    return HOLDS(answer, len, "HTTP/1.1 204 ") &&
           HOLDS(answer, len, "access-control-max-age: 7200") &&
           HOLDS(answer, len, "\r\n\r\n");
}

static void a_preflight_survives(void **state)
{
    (void)state;
    static const char bytes[] =
        "OPTIONS /t/Unary HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Origin: https://page.example\r\n"
        "Access-Control-Request-Method: POST\r\n\r\n";
    const struct talk talk = {bytes, sizeof bytes - 1, is_whole_preflight};
    fail_each(&talk);
}

/* A frame with END_STREAM, RST_STREAM, or GOAWAY. */
static bool is_whole_h2(const uint8_t *answer, size_t len)
{
    size_t at = 0;
    while (len - at >= 9) {
        size_t frame_len = (size_t)answer[at] << 16 |
                           (size_t)answer[at + 1] << 8 | answer[at + 2];
        uint8_t type = answer[at + 3], flags = answer[at + 4];
        if (((type == 0 || type == 1) && (flags & 1)) || type == 3 || type == 7)
            return true;
        if (len - at < 9 + frame_len)
            return false;
        at += 9 + frame_len;
    }
    return false;
}

static void a_stream_over_http_2_survives(void **state)
{
    (void)state;
    static const char bytes[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                                "\0\0\0\x04\0\0\0\0\0"
                                "\0\0\x3e\x01\x04\0\0\0\x01"
                                "\x83\x86"
                                "\0\x05:path\x07/t/Bidi"
                                "\0\x0c"
                                "content-type\x10"
                                "application/grpc"
                                "\0\x0a:authority\x01x"
                                "\0\0\x0a\0\0\0\0\0\x01"
                                "\0\0\0\0\3\x0a\x01m\0\0"
                                "\0\0\x06\0\x01\0\0\0\x01"
                                "\0\0\3\x0a\x01n";
    const struct talk talk = {bytes, sizeof bytes - 1, is_whole_h2};
    fail_each(&talk);
}

static void an_error_over_http_2_survives(void **state)
{
    (void)state;
    static const char bytes[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                                "\0\0\0\x04\0\0\0\0\0"
                                "\0\0\x3f\x01\x04\0\0\0\x01"
                                "\x83\x86"
                                "\0\x05:path\x08/t/Error"
                                "\0\x0c"
                                "content-type\x10"
                                "application/grpc"
                                "\0\x0a:authority\x01x"
                                "\0\0\x08\0\x01\0\0\0\x01"
                                "\0\0\0\0\3\x0a\x01m";
    const struct talk talk = {bytes, sizeof bytes - 1, is_whole_h2};
    fail_each(&talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unary_over_http_1_survives),
        cmocka_unit_test(get_over_http_1_survives),
        cmocka_unit_test(a_stream_over_http_1_survives),
        cmocka_unit_test(a_stream_over_http_2_survives),
        cmocka_unit_test(an_error_over_http_1_survives),
        cmocka_unit_test(an_error_of_a_stream_survives),
        cmocka_unit_test(an_error_over_http_2_survives),
        cmocka_unit_test(a_packed_answer_survives),
        cmocka_unit_test(base64_text_survives),
        cmocka_unit_test(a_preflight_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
