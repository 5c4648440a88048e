/* mf_sender with peers that are away, silent, or hang up. */
#include "../cmocka.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "exporter/sender/sender.h"

enum { PATIENCE_MS = 30000 };

/* Frames of a kind that is to be ignored, without end, in place of what a
 * socket has. */
static atomic_bool is_flooded;
static atomic_uint flood_reads;

ssize_t __real_recv(int fd, void *data, size_t cap, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t cap, int flags);

ssize_t __wrap_recv(int fd, void *data, size_t cap, int flags)
{
    static const uint8_t FRAME[9] = {0, 0, 0, 0xee};
    static const uint8_t SETTINGS[9] = {0, 0, 0, 4};
    if (!atomic_load(&is_flooded))
        return __real_recv(fd, data, cap, flags);
    bool is_first = atomic_fetch_add(&flood_reads, 1) == 0;
    size_t len = 0;
    for (; len + sizeof FRAME <= cap; len += sizeof FRAME)
        memcpy((uint8_t *)data + len, len == 0 && is_first ? SETTINGS : FRAME,
               sizeof FRAME);
    return (ssize_t)len;
}

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

static void release(struct fixture *f)
{
    mf_queue_free(f->queue);
    close(f->notice[0]);
    close(f->notice[1]);
    close(f->listener);
}

static void end(struct fixture *f, int64_t deadline_ns)
{
    assert_int_equal(mf_sender_stop(f->sender, deadline_ns), 0);
    mf_sender_free(f->sender);
    release(f);
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

static void a_flood_of_frames_does_not_hold_up_the_end(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    int fd = take_connection(f.listener);
    atomic_store(&flood_reads, 0);
    atomic_store(&is_flooded, true);
    assert_int_equal(send(fd, "", 1, 0), 1);
    while (atomic_load(&flood_reads) < 100)
        poll(NULL, 0, 1);
    int rc = mf_sender_stop(f.sender, 100 * (int64_t)MF_NS_PER_MS);
    atomic_store(&is_flooded, false);
    assert_int_equal(rc, 0);
    mf_sender_free(f.sender);
    release(&f);
    close(fd);
}

/* ---- a server that says a little HTTP/2 ---- */

enum { DATA = 0, HEADERS = 1, END_STREAM = 1, END_HEADERS = 4 };

static void take_frame(int fd, uint8_t kind, uint8_t flag, uint8_t stream)
{
    uint8_t head[9], rest[1024];
    do {
        assert_int_equal(recv(fd, head, sizeof head, MSG_WAITALL), 9);
        size_t len = (size_t)head[1] << 8 | head[2];
        assert_true(head[0] == 0 && len <= sizeof rest);
        if (len)
            assert_int_equal(recv(fd, rest, len, MSG_WAITALL), len);
    } while (head[3] != kind || !(head[4] & flag) || head[8] != stream);
}

/* Headers, a message unless it is empty, and a status. */
static void answer(int fd, uint8_t stream, const char *message, uint8_t len,
                   const char *status)
{
    struct mf_buf out;
    mf_buf_init(&out, 1000);
    const uint8_t head[] = {0, 0,      20,   HEADERS, END_HEADERS, 0, 0,
                            0, stream, 0x88, 0x0f,    0x10,        16};
    mf_buf_append(&out, head, sizeof head);
    mf_buf_append(&out, "application/grpc", 16);
    if (len) {
        const uint8_t data[] = {
            0, 0, (uint8_t)(len + 5), 0, 0, 0, 0, 0, stream, 0, 0, 0, 0, len};
        mf_buf_append(&out, data, sizeof data);
        mf_buf_append(&out, message, len);
    }
    uint8_t status_len = (uint8_t)strlen(status);
    const uint8_t trailer[] = {0,
                               0,
                               (uint8_t)(14 + status_len),
                               HEADERS,
                               END_HEADERS | END_STREAM,
                               0,
                               0,
                               0,
                               stream,
                               0,
                               11};
    mf_buf_append(&out, trailer, sizeof trailer);
    mf_buf_append(&out, "grpc-status", 11);
    mf_buf_append_byte(&out, status_len);
    mf_buf_append(&out, status, status_len);
    assert_int_equal(send(fd, out.data, out.len, MSG_NOSIGNAL), out.len);
    mf_buf_release(&out);
}

static int greet(int listener)
{
    static const uint8_t SETTINGS[9] = {0, 0, 0, 4};
    int fd = take_connection(listener);
    assert_int_equal(send(fd, SETTINGS, sizeof SETTINGS, 0), 9);
    take_frame(fd, HEADERS, END_HEADERS, 1);
    answer(fd, 1, "", 0, "12");
    take_frame(fd, HEADERS, END_HEADERS, 3);
    return fd;
}

static void a_server_that_takes_nothing_is_told_of_once(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    for (int i = 0; i < 3; i++) {
        int fd = greet(f.listener);
        answer(fd, 3, "", 0, "12");
        if (i == 0) {
            wait_line(f.sender, f.notice[0], "exporting to");
            wait_line(f.sender, f.notice[0], "gRPC status 12");
        }
        close(fd);
    }
    int fd = greet(f.listener);
    char text[400];
    bool is_warning;
    assert_false(mf_sender_take_line(f.sender, text, sizeof text, &is_warning));
    take_frame(fd, DATA, END_STREAM, 3);
    answer(fd, 3, "\x18\x01", 2, "0");
    wait_line(f.sender, f.notice[0], "connected again");
    end(&f, 0);
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

static void remove_dir(const char *dir)
{
    char path[400];
    DIR *list = opendir(dir);
    struct dirent *entry;
    while (list && (entry = readdir(list))) {
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        unlink(path);
    }
    if (list)
        closedir(list);
    rmdir(dir);
}

static void what_waits_in_a_spool_that_is_left_is_told(void **state)
{
    (void)state;
    struct fixture f;
    char dirs[2][64];
    begin(&f);
    struct mf_sender_config config = config_for(f.port);
    config.spool_max = 1 << 20;
    for (int i = 0; i < 2; i++) {
        snprintf(dirs[i], sizeof dirs[i], "/tmp/mitmflow-sender-XXXXXX");
        assert_non_null(mkdtemp(dirs[i]));
        snprintf(config.spool_dir, sizeof config.spool_dir, "%s", dirs[i]);
        mf_sender_configure(f.sender, &config, NULL);
        struct mf_sender_stats stats = {0};
        while (i == 0 && stats.outbox.spool.records == 0) {
            poll(NULL, 0, 1);
            mf_sender_get_stats(f.sender, &stats);
        }
    }
    char line[200];
    snprintf(line, sizeof line, "1 messages wait in the spool %s until",
             dirs[0]);
    wait_line(f.sender, f.notice[0], line);
    end(&f, 0);
    remove_dir(dirs[0]);
    remove_dir(dirs[1]);
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
        cmocka_unit_test(a_flood_of_frames_does_not_hold_up_the_end),
        cmocka_unit_test(a_server_that_takes_nothing_is_told_of_once),
        cmocka_unit_test(a_new_configuration_is_taken_at_once),
        cmocka_unit_test(what_waits_in_a_spool_that_is_left_is_told),
        cmocka_unit_test(waking_a_sender_that_is_busy_is_harmless),
        cmocka_unit_test(a_name_that_does_not_exist_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
