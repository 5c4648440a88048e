#include "../cmocka.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/address.h"

static void addresses_are_split_into_host_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *address, *host;
        unsigned port;
    } cases[] = {
        {"127.0.0.1:50051", "127.0.0.1", 50051},
        {"[::1]:80", "::1", 80},
        {":0", "", 0},
        {"some.host:65535", "some.host", 65535},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char host[64];
        unsigned port;
        assert_int_equal(
            mf_address_split(cases[i].address, host, sizeof host, &port), 0);
        assert_string_equal(host, cases[i].host);
        assert_int_equal(port, cases[i].port);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",        "host",      "host:",    "host:65536",  "host:-1",
        "host:1x", "::1:80",    "[::1]",    "[::1]80",     "[host]:80",
        "[::1:80", "host:80:1", "host: 80", "host:000080",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char host[64];
        unsigned port;
        assert_int_equal(mf_address_split(cases[i], host, sizeof host, &port),
                         MF_EINVAL);
    }
}

static void a_host_longer_than_the_room_is_refused(void **state)
{
    (void)state;
    char host[4];
    unsigned port;
    assert_int_equal(mf_address_split("abc:1", host, sizeof host, &port), 0);
    assert_int_equal(mf_address_split("abcd:1", host, sizeof host, &port),
                     MF_EINVAL);
}

static void loopback_is_known(void **state)
{
    (void)state;
    assert_true(mf_address_is_loopback("unix:/run/x"));
    assert_true(mf_address_is_loopback("127.0.0.1:1"));
    assert_true(mf_address_is_loopback("127.255.0.9:1"));
    assert_true(mf_address_is_loopback("[::1]:1"));
    assert_true(mf_address_is_loopback("localhost:1"));
    assert_false(mf_address_is_loopback("128.0.0.1:1"));
    assert_false(mf_address_is_loopback("0.0.0.0:1"));
    assert_false(mf_address_is_loopback(":1"));
    assert_false(mf_address_is_loopback("[::]:1"));
    assert_false(mf_address_is_loopback("localhost.example:1"));
    assert_false(mf_address_is_loopback("127.0.0.1.example:1"));
}

static void an_authority_yields_its_host_in_lower_case(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"localhost", "localhost"},
        {"LOCALHOST:80", "localhost"},
        {"Example.Com:", "example.com"},
        {"[::1]:50051", "::1"},
        {"[::1]", "::1"},
        {"127.0.0.1:1", "127.0.0.1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char host[64];
        assert_int_equal(
            mf_address_authority_host(cases[i][0], host, sizeof host), 0);
        assert_string_equal(host, cases[i][1]);
    }
}

static void a_malformed_authority_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",        ":80",   "a:b",       "a b",    "a/b",
        "user@a",  "[a]",   "[::1",      "::1",    "a:80:80",
        "a:99999", "a\x7f", "a\xc3\xa4", "[::1]x", "a%00",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char host[64];
        assert_int_equal(mf_address_authority_host(cases[i], host, sizeof host),
                         MF_EINVAL);
    }
}

static void literals_are_told_from_names(void **state)
{
    (void)state;
    assert_true(mf_address_is_literal("127.0.0.1"));
    assert_true(mf_address_is_literal("::1"));
    assert_false(mf_address_is_literal("localhost"));
    assert_false(mf_address_is_literal("127.1.example"));
    assert_false(mf_address_is_literal(""));
}

/* A socket bound to `addr`, and what it is called; closed again. */
static const char *name_of(int family, const void *addr, size_t addr_len)
{
    static char text[128];
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, addr, (socklen_t)addr_len), 0);
    int rc = mf_address_of_socket(fd, text, sizeof text);
    if (rc == 0) /* and not with less room */
        assert_int_equal(mf_address_of_socket(fd, text, strlen(text)),
                         MF_EINVAL);
    assert_int_equal(mf_address_of_socket(fd, text, sizeof text), rc);
    close(fd);
    return rc ? NULL : text;
}

static void a_socket_says_its_address_as_people_write_it(void **state)
{
    (void)state;
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char *text = name_of(AF_INET, &v4, sizeof v4);
    assert_memory_equal(text, "127.0.0.1:", 10);
    assert_true(mf_address_is_loopback(text));
    v4.sin_addr.s_addr = INADDR_ANY;
    text = name_of(AF_INET, &v4, sizeof v4);
    assert_memory_equal(text, "0.0.0.0:", 8);
    assert_false(mf_address_is_loopback(text));

    struct sockaddr_un path = {.sun_family = AF_UNIX};
    char dir[] = "/tmp/mf-address-XXXXXX", want[128];
    assert_non_null(mkdtemp(dir));
    snprintf(path.sun_path, sizeof path.sun_path, "%s/s", dir);
    text = name_of(AF_UNIX, &path, sizeof path);
    snprintf(want, sizeof want, "unix:%s", path.sun_path);
    assert_string_equal(text, want);
    unlink(path.sun_path);
    snprintf(want, sizeof want, "unix:@%s", dir);
    rmdir(dir);
    snprintf(path.sun_path + 1, sizeof path.sun_path - 1, "%s", dir);
    path.sun_path[0] = '\0';
    text = name_of(AF_UNIX, &path,
                   offsetof(struct sockaddr_un, sun_path) + 1 + strlen(dir));
    assert_string_equal(text, want);
}

static void what_is_no_socket_of_ours_has_no_address(void **state)
{
    (void)state;
    char text[128];
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(mf_address_of_socket(pipes[0], text, sizeof text),
                     MF_EINVAL);
    assert_int_equal(mf_address_of_socket(-1, text, sizeof text), MF_EINVAL);
    close(pipes[0]);
    close(pipes[1]);
    int fd = socket(AF_NETLINK, SOCK_RAW, 0);
    assert_true(fd >= 0);
    assert_int_equal(mf_address_of_socket(fd, text, sizeof text), MF_EINVAL);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_split_into_host_and_port),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_host_longer_than_the_room_is_refused),
        cmocka_unit_test(loopback_is_known),
        cmocka_unit_test(an_authority_yields_its_host_in_lower_case),
        cmocka_unit_test(a_malformed_authority_is_refused),
        cmocka_unit_test(literals_are_told_from_names),
        cmocka_unit_test(a_socket_says_its_address_as_people_write_it),
        cmocka_unit_test(what_is_no_socket_of_ours_has_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
