/* The server as its own process's client sees it: what cannot be seen from
 * outside, which is when events come and what they hold. */
#include "../cmocka.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/server.h"

struct fixture {
    struct mf_loop *loop;
    struct mf_server *server;
    struct sockaddr_in address;
    char answer[65536];
    const char *request;
    size_t request_len;

    void (*on_request)(struct fixture *fixture, struct mf_exchange *x);
    struct mf_exchange *x;
    char log[4096]; /* events in order */
    char body[4096];
    size_t body_len;
};

static int setup(void **state);

static void note(struct fixture *fixture, const char *text)
{
    size_t len = strlen(fixture->log);
    snprintf(fixture->log + len, sizeof fixture->log - len, "%s ", text);
}

static void on_data(struct mf_exchange *x, void *user, const uint8_t *data,
                    size_t len)
{
    (void)x;
    struct fixture *fixture = user;
    if (fixture->body_len + len > sizeof fixture->body)
        abort();
    memcpy(fixture->body + fixture->body_len, data, len);
    fixture->body_len += len;
}

static void on_end(struct mf_exchange *x, void *user)
{
    note(user, "end");
    const struct mf_header header = {"x-answer", "1"};
    mf_exchange_respond(x, 200, &header, 1);
    mf_exchange_write(x, "done", 4);
    mf_exchange_finish(x, NULL, 0);
}

static void stop(void *arg)
{
    mf_loop_stop(arg);
}

static void on_close(struct mf_exchange *x, void *user, bool clean)
{
    (void)x;
    struct fixture *fixture = user;
    note(fixture, clean ? "clean" : "broken");
    mf_server_stop(fixture->server, 1000, stop, fixture->loop);
}

static const struct mf_exchange_events events = {
    .on_data = on_data, .on_end = on_end, .on_close = on_close};

static void on_request(void *user, struct mf_exchange *x)
{
    struct fixture *fixture = user;
    note(fixture, "request");
    fixture->x = x;
    mf_exchange_set_events(x, &events, fixture);
    if (fixture->on_request)
        fixture->on_request(fixture, x);
}

static int listen_on(struct mf_server *server, const char *address, int tag,
                     char **ret_url, struct mf_err *err)
{
    const struct mf_listen_opts opts = {.address = address, .tag = tag};
    return mf_server_listen(server, &opts, ret_url, err);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    if (mf_loop_new(&fixture->loop, NULL))
        return -1;
    const struct mf_server_opts opts = {
        .loop = fixture->loop, .on_request = on_request, .user = fixture};
    char *url;
    unsigned port;
    if (mf_server_new(&opts, &fixture->server, NULL) ||
        listen_on(fixture->server, "127.0.0.1:0", 7, &url, NULL) ||
        sscanf(url, "http://127.0.0.1:%u", &port) != 1)
        return -1;
    free(url);
    fixture->address = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    mf_server_free(fixture->server);
    mf_loop_free(fixture->loop);
    free(fixture);
    return 0;
}

/* Sends the request, reads until the server closes. */
static void *client(void *arg)
{
    struct fixture *fixture = arg;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&fixture->address,
                sizeof fixture->address))
        abort();
    for (size_t i = 0; i < fixture->request_len;) {
        ssize_t n = send(fd, fixture->request + i, fixture->request_len - i,
                         MSG_NOSIGNAL);
        if (n <= 0)
            break;
        i += (size_t)n;
    }
    size_t len = 0;
    ssize_t n;
    while (len < sizeof fixture->answer - 1 &&
           (n = recv(fd, fixture->answer + len,
                     sizeof fixture->answer - 1 - len, 0)) > 0)
        len += (size_t)n;
    fixture->answer[len] = '\0';
    close(fd);
    return NULL;
}

static void exchange(struct fixture *fixture, const char *request)
{
    pthread_t thread;
    fixture->request = request;
    fixture->request_len = strlen(request);
    pthread_create(&thread, NULL, client, fixture);
    mf_loop_run(fixture->loop);
    pthread_join(thread, NULL);
}

/* ---- Tests ---- */

/* A failing assertion must not jump out of the server's callbacks, so what
 * is seen there is noted, and looked at afterwards. */
static void note_head(struct fixture *fixture, struct mf_exchange *x)
{
    note(fixture, mf_exchange_method(x));
    note(fixture, mf_exchange_path(x));
    note(fixture, mf_exchange_authority(x) ? mf_exchange_authority(x) : "-");
    note(fixture, mf_exchange_http_version(x) == 1 ? "1" : "2");
    note(fixture, mf_exchange_listener_tag(x) == 7 ? "7" : "?");
    note(fixture, strncmp(mf_exchange_peer(x), "127.0.0.1:", 10) ? "?" : "v4");
    for (size_t i = 0; i < mf_exchange_header_count(x); i++) {
        const struct mf_header *header = mf_exchange_header_at(x, i);
        note(fixture, header->name);
        note(fixture, header->value);
    }
    note(fixture, mf_exchange_header(x, "x-one"));
    note(fixture, mf_exchange_header(x, "x-three") ? "?" : "none");
}

static void a_head_keeps_its_headers_in_order(void **state)
{
    struct fixture *fixture = *state;
    fixture->on_request = note_head;
    exchange(fixture, "POST /a%20b?c=d&c=e%00 HTTP/1.1\r\nHost: Host:1\r\n"
                      "X-One: b\r\nx-two: \xff\r\nx-one:  a \r\n"
                      "Content-Length: 3\r\n\r\nabc");
    assert_string_equal(fixture->log,
                        "request POST /a%20b?c=d&c=e%00 Host:1 1 7 v4 "
                        "host Host:1 x-one b x-two \xff x-one a "
                        "content-length 3 b none end clean ");
    assert_memory_equal(fixture->body, "abc", 3);
    assert_non_null(strstr(fixture->answer, "x-answer: 1\r\n"));
    assert_non_null(strstr(fixture->answer, "\r\n\r\ndone"));
}

static void note_authority(struct fixture *fixture, struct mf_exchange *x)
{
    note(fixture, mf_exchange_authority(x) ? "one" : "none");
}

static void nobody_is_meant_by_two_hosts(void **state)
{
    struct fixture *fixture = *state;
    fixture->on_request = note_authority;
    exchange(fixture, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    assert_string_equal(fixture->log, "request none end clean ");
}

static void reset_at_once(struct fixture *fixture, struct mf_exchange *x)
{
    (void)fixture;
    mf_exchange_reset(x, 2);
    /* Nothing happens any more, and nothing is told from inside. */
    mf_exchange_respond(x, 200, NULL, 0);
    mf_exchange_write(x, "x", 1);
    mf_exchange_finish(x, NULL, 0);
    note(fixture, "reset");
}

static void a_reset_exchange_is_closed_later_and_not_cleanly(void **state)
{
    struct fixture *fixture = *state;
    fixture->on_request = reset_at_once;
    exchange(fixture, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_string_equal(fixture->log, "request reset broken ");
    assert_string_equal(fixture->answer, "");
}

static void go_on(void *arg)
{
    struct fixture *fixture = arg;
    note(fixture, fixture->body_len ? "body" : "resume");
    mf_exchange_resume(fixture->x);
}

static void pause_first(struct fixture *fixture, struct mf_exchange *x)
{
    mf_exchange_pause(x);
    note(fixture, "pause");
    mf_loop_post(fixture->loop, go_on, fixture);
}

static void nothing_comes_while_paused(void **state)
{
    struct fixture *fixture = *state;
    fixture->on_request = pause_first;
    exchange(fixture, "POST / HTTP/1.1\r\nHost: a\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n"
                      "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
    assert_string_equal(fixture->log, "request pause resume end clean ");
    assert_memory_equal(fixture->body, "abcdef", 6);
}

static void answer_early(struct fixture *fixture, struct mf_exchange *x)
{
    mf_exchange_respond(x, 418, NULL, 0);
    mf_exchange_write(x, "early", 5);
    note(fixture, mf_exchange_pending(x) == 5 ? "5" : "?");
    mf_exchange_finish(x, NULL, 0);
}

static void the_rest_of_an_answered_request_is_thrown_away(void **state)
{
    struct fixture *fixture = *state;
    fixture->on_request = answer_early;
    exchange(fixture, "POST / HTTP/1.1\r\nHost: a\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n"
                      "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
    assert_string_equal(fixture->log, "request 5 clean ");
    assert_int_equal(fixture->body_len, 0);
    assert_memory_equal(fixture->answer, "HTTP/1.1 418", 12);
    assert_non_null(strstr(fixture->answer, "\r\n\r\nearly"));
}

static void stop_if_untouched(void *arg)
{
    struct fixture *fixture = arg;
    if (!fixture->log[0])
        mf_server_stop(fixture->server, 1000, stop, fixture->loop);
}

static void *refused_client(void *arg)
{
    struct fixture *fixture = arg;
    client(fixture);
    mf_loop_post(fixture->loop, stop_if_untouched, fixture);
    return NULL;
}

/* The connection is closed, and nobody is told of a request. */
static void check_refused(struct fixture *fixture, const char *request)
{
    pthread_t thread;
    fixture->on_request = answer_early;
    fixture->request = request;
    fixture->request_len = strlen(request);
    pthread_create(&thread, NULL, refused_client, fixture);
    mf_loop_run(fixture->loop);
    pthread_join(thread, NULL);
    assert_string_equal(fixture->log, "");
    assert_null(strstr(fixture->answer, " 418 "));
}

static void two_lengths_are_refused(void **state)
{
    check_refused(*state, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                          "Content-Length: 30\r\n\r\nabc");
}

static void white_space_before_a_colon_is_refused(void **state)
{
    check_refused(*state, "POST / HTTP/1.1\r\nHost: a\r\n"
                          "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n");
}

static void addresses_that_cannot_be_had_are_errors(void **state)
{
    struct fixture *fixture = *state;
    struct mf_err err;
    char *url;
    char taken[64];
    assert_int_equal(listen_on(fixture->server, "nonsense", 0, &url, &err),
                     MF_EINVAL);
    assert_int_equal(listen_on(fixture->server, "unix:", 0, &url, &err),
                     MF_EINVAL);
    snprintf(taken, sizeof taken, "127.0.0.1:%u",
             ntohs(fixture->address.sin_port));
    assert_int_equal(listen_on(fixture->server, taken, 0, &url, &err),
                     MF_EBUSY);
    assert_non_null(strstr(err.text, taken));
    mf_server_stop(fixture->server, 0, stop, fixture->loop);
    mf_loop_run(fixture->loop);
}

static void a_server_that_nobody_came_to_may_be_freed(void **state)
{
    (void)state;
    struct mf_loop *loop;
    struct mf_server *server;
    char *url;
    assert_int_equal(mf_loop_new(&loop, NULL), 0);
    const struct mf_server_opts opts = {.loop = loop, .on_request = on_request};
    assert_int_equal(mf_server_new(&opts, &server, NULL), 0);
    assert_int_equal(listen_on(server, "127.0.0.1:0", 0, &url, NULL), 0);
    free(url);
    assert_int_equal(listen_on(server, "[::1]:0", 0, &url, NULL), 0);
    assert_memory_equal(url, "http://[::1]:", 13);
    free(url);
    mf_server_free(server);
    mf_server_free(NULL);
    mf_loop_free(loop);
}

int main(void)
{
#define IN_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        IN_FIXTURE(a_head_keeps_its_headers_in_order),
        IN_FIXTURE(nobody_is_meant_by_two_hosts),
        IN_FIXTURE(a_reset_exchange_is_closed_later_and_not_cleanly),
        IN_FIXTURE(nothing_comes_while_paused),
        IN_FIXTURE(the_rest_of_an_answered_request_is_thrown_away),
        IN_FIXTURE(two_lengths_are_refused),
        IN_FIXTURE(white_space_before_a_colon_is_refused),
        IN_FIXTURE(addresses_that_cannot_be_had_are_errors),
        cmocka_unit_test(a_server_that_nobody_came_to_may_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
