/* mf_sender with peers that are away, silent, or hang up. */
#include "../cmocka.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "exporter/sender/sender.h"

enum { PATIENCE_MS = 30000 };

static void push(struct mf_queue *queue)
{
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1000);
    mf_encoder_bytes(&enc, 1, "\x0a\x04\x0a\x02id", 6);
    static unsigned pushed;
    struct mf_label label = {.kind = MF_KIND_WHOLE, .event = 4, .is_end = true};
    label.id_len = (uint8_t)snprintf(label.id, sizeof label.id, "%u", pushed++);
    assert_int_equal(mf_queue_push(queue, &enc, &label, NULL, 0), 0);
    mf_encoder_release(&enc);
}

/* A socket that listens on a port of the loopback. */
static int listen_on(unsigned *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static struct mf_sender_config config_for(unsigned port)
{
    struct mf_sender_config config = {.body_max = 1000};
    char text[64];
    snprintf(text, sizeof text, "http://127.0.0.1:%u", port);
    assert_int_equal(
        mf_address_parse(text, config.addresses, &config.address_count, NULL),
        0);
    snprintf(config.source, sizeof config.source, "test");
    return config;
}

/* Wait for the notice that there is a line, and for the line. */
static void wait_line(struct mf_sender *sender, int notice_fd,
                      const char *wanted)
{
    char text[400], byte[64];
    bool is_warning;
    for (;;) {
        while (mf_sender_take_line(sender, text, sizeof text, &is_warning))
            if (strstr(text, wanted))
                return;
        struct pollfd fd = {.fd = notice_fd, .events = POLLIN};
        assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
        assert_true(read(notice_fd, byte, sizeof byte) > 0);
    }
}

/* The next connection's first bytes are the HTTP/2 preface. */
static int take_connection(int listener)
{
    char preface[24];
    int fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    assert_int_equal(recv(fd, preface, sizeof preface, MSG_WAITALL), 24);
    assert_memory_equal(preface, "PRI * HTTP/2.0", 14);
    return fd;
}

struct fixture {
    struct mf_queue *queue;
    struct mf_sender *sender;
    int listener;
    unsigned port;
    int notice[2];
};

static void begin(struct fixture *f)
{
    f->listener = listen_on(&f->port);
    f->queue = mf_queue_new(8 << 20);
    push(f->queue);
    assert_int_equal(pipe(f->notice), 0);
    const struct mf_sender_config config = config_for(f->port);
    f->sender = mf_sender_start(f->queue, &config, NULL, NULL, f->notice[1]);
    assert_non_null(f->sender);
}

static void end(struct fixture *f, int64_t deadline_ns)
{
    assert_int_equal(mf_sender_stop(f->sender, deadline_ns), 0);
    mf_sender_free(f->sender);
    mf_queue_free(f->queue);
    close(f->notice[0]);
    close(f->notice[1]);
    close(f->listener);
}

static void a_peer_that_hangs_up_is_called_again(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    for (int i = 0; i < 3; i++)
        close(take_connection(f.listener));
    wait_line(f.sender, f.notice[0], "cannot export to http://127.0.0.1:");
    end(&f, 0);
}

static void a_loss_is_told_once(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    for (int i = 0; i < 4; i++)
        close(take_connection(f.listener));
    wait_line(f.sender, f.notice[0], "cannot export");
    char text[400];
    bool is_warning;
    assert_false(mf_sender_take_line(f.sender, text, sizeof text, &is_warning));
    end(&f, 0);
}

static void a_silent_peer_does_not_hold_up_the_end(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    int fd = take_connection(f.listener);
    end(&f, 100 * (int64_t)MF_NS_PER_MS);
    close(fd);
}

static void a_new_configuration_is_taken_at_once(void **state)
{
    (void)state;
    struct fixture f;
    unsigned port;
    begin(&f);
    int first = take_connection(f.listener);
    int other = listen_on(&port);
    const struct mf_sender_config config = config_for(port);
    mf_sender_configure(f.sender, &config, NULL);
    int second = take_connection(other);
    end(&f, 0);
    close(first);
    close(second);
    close(other);
}

static void waking_a_sender_that_is_busy_is_harmless(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    int fd = take_connection(f.listener);
    for (int i = 0; i < 10000; i++) {
        push(f.queue);
        mf_sender_wake(f.sender);
    }
    struct mf_sender_stats stats;
    mf_sender_get_stats(f.sender, &stats);
    assert_false(stats.connected);
    end(&f, 0);
    close(fd);
}

static void a_name_that_does_not_exist_is_told(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    struct mf_sender_config config = config_for(f.port);
    snprintf(config.addresses[0].host, sizeof config.addresses[0].host,
             "256.256.256.256");
    snprintf(config.addresses[0].text, sizeof config.addresses[0].text,
             "http://nowhere");
    close(take_connection(f.listener));
    wait_line(f.sender, f.notice[0], "cannot export");
    mf_sender_configure(f.sender, &config, NULL);
    assert_int_equal(mf_sender_stop(f.sender, 0), 0);
    mf_sender_free(f.sender);
    f.sender = mf_sender_start(f.queue, &config, NULL, NULL, f.notice[1]);
    wait_line(f.sender, f.notice[0], "cannot export to http://nowhere");
    end(&f, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_hangs_up_is_called_again),
        cmocka_unit_test(a_loss_is_told_once),
        cmocka_unit_test(a_silent_peer_does_not_hold_up_the_end),
        cmocka_unit_test(a_new_configuration_is_taken_at_once),
        cmocka_unit_test(waking_a_sender_that_is_busy_is_harmless),
        cmocka_unit_test(a_name_that_does_not_exist_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
