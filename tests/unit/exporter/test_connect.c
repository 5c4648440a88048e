#include "../cmocka.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "exporter/sender/connect.h"

static int listener(int *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

static struct mf_address address(const char *host, int port)
{
    struct mf_address parsed[MF_ADDRESS_MAX];
    char text[128];
    size_t count;
    snprintf(text, sizeof text, "%s:%d", host, port);
    assert_int_equal(mf_address_parse(text, parsed, &count, NULL), 0);
    return parsed[0];
}

/* Until it is decided; counts how often it had to wait. */
static int finish(struct mf_connect *attempt, int *ret_fd, struct mf_err *err,
                  int *ret_waits)
{
    int rc;
    *ret_waits = 0;
    while ((rc = mf_connect_next(attempt, ret_fd, err)) == MF_EBUSY) {
        struct pollfd poll_fd = {.fd = attempt->fd, .events = attempt->events};
        assert_true(attempt->fd >= 0);
        assert_true(attempt->until_ns > mf_clock_mono_ns());
        poll(&poll_fd, 1, -1);
        ++*ret_waits;
    }
    return rc;
}

static void check_connects(const char *host)
{
    int port, fd, waits;
    int listening = listener(&port);
    struct mf_connect attempt;
    struct mf_err err;
    struct mf_address to = address(host, port);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(mf_connect_begin(&attempt, &to, &err), 0);
    assert_int_equal(finish(&attempt, &fd, &err, &waits), 0);
    assert_int_equal(send(fd, "x", 1, 0), 1);
    mf_connect_release(&attempt);
    close(fd);
    close(listening);
}

static void an_address_in_numbers_is_connected_to(void **state)
{
    (void)state;
    check_connects("127.0.0.1");
}

static void a_name_is_looked_up_and_its_addresses_tried(void **state)
{
    (void)state;
    check_connects("localhost");
}

static void a_refusal_is_told_in_words(void **state)
{
    (void)state;
    int port, fd, waits;
    int bound = listener(&port); /* and does not listen */
    struct mf_connect attempt;
    struct mf_err err;
    struct mf_address to = address("127.0.0.1", port);
    assert_int_equal(mf_connect_begin(&attempt, &to, &err), 0);
    assert_int_equal(finish(&attempt, &fd, &err, &waits), MF_EIO);
    assert_string_equal(err.text, "Connection refused");
    mf_connect_release(&attempt);
    close(bound);
}

static void a_name_that_is_none_is_told_in_words(void **state)
{
    (void)state;
    int fd, waits;
    struct mf_connect attempt;
    struct mf_err err;
    /* Too long for a label of a name: no server is asked. */
    struct mf_address to = address("a1234567890123456789012345678901234567890"
                                   "123456789012345678901234567890",
                                   1);
    assert_int_equal(mf_connect_begin(&attempt, &to, &err), 0);
    assert_int_equal(finish(&attempt, &fd, &err, &waits), MF_EIO);
    assert_true(err.text[0] != 0);
    assert_int_equal(attempt.fd, -1);
    mf_connect_release(&attempt);
}

static void a_lookup_can_be_left_at_any_time(void **state)
{
    (void)state;
    struct mf_address to = address("localhost", 1);
    for (int i = 0; i < 50; i++) {
        struct mf_connect attempt;
        struct mf_err err;
        int fd;
        assert_int_equal(mf_connect_begin(&attempt, &to, &err), 0);
        if (i % 2)
            mf_connect_next(&attempt, &fd, &err);
        mf_connect_release(&attempt);
        mf_connect_release(&attempt);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_in_numbers_is_connected_to),
        cmocka_unit_test(a_name_is_looked_up_and_its_addresses_tried),
        cmocka_unit_test(a_refusal_is_told_in_words),
        cmocka_unit_test(a_name_that_is_none_is_told_in_words),
        cmocka_unit_test(a_lookup_can_be_left_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
