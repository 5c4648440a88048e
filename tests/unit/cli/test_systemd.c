#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/systemd.h"

enum { SELF = 42 };

static void sockets_begin_at_3_and_one_named_ingest_is_for_exporters(void **s)
{
    (void)s;
    struct mf_passed_sockets sockets;
    assert_int_equal(
        mf_systemd_parse("42", "3", "web:ingest:ingest2", SELF, &sockets, NULL),
        0);
    assert_int_equal(sockets.count, 3);
    assert_int_equal(sockets.list[0].fd, 3);
    assert_false(sockets.list[0].is_ingest);
    assert_int_equal(sockets.list[1].fd, 4);
    assert_true(sockets.list[1].is_ingest);
    assert_int_equal(sockets.list[2].fd, 5);
    assert_false(sockets.list[2].is_ingest);
}

static void names_may_be_missing_or_too_few(void **state)
{
    (void)state;
    struct mf_passed_sockets sockets;
    assert_int_equal(mf_systemd_parse("42", "2", NULL, SELF, &sockets, NULL),
                     0);
    assert_int_equal(sockets.count, 2);
    assert_false(sockets.list[1].is_ingest);
    assert_int_equal(
        mf_systemd_parse("42", "3", "ingest", SELF, &sockets, NULL), 0);
    assert_int_equal(sockets.count, 3);
    assert_true(sockets.list[0].is_ingest);
    assert_false(sockets.list[1].is_ingest);
    assert_int_equal(
        mf_systemd_parse("42", "2", ":ingest", SELF, &sockets, NULL), 0);
    assert_false(sockets.list[0].is_ingest);
    assert_true(sockets.list[1].is_ingest);
}

static void sockets_of_another_process_are_left_alone(void **state)
{
    (void)state;
    struct mf_passed_sockets sockets;
    assert_int_equal(mf_systemd_parse("43", "2", NULL, SELF, &sockets, NULL),
                     0);
    assert_int_equal(sockets.count, 0);
    assert_int_equal(mf_systemd_parse(NULL, "2", NULL, SELF, &sockets, NULL),
                     0);
    assert_int_equal(sockets.count, 0);
    assert_int_equal(mf_systemd_parse("42", NULL, NULL, SELF, &sockets, NULL),
                     0);
    assert_int_equal(sockets.count, 0);
    assert_int_equal(mf_systemd_parse("42", "0", NULL, SELF, &sockets, NULL),
                     0);
    assert_int_equal(sockets.count, 0);
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    struct mf_passed_sockets sockets;
    struct mf_err err;
    const char *const bad[] = {
        "", "-1", "1x", " 1", "33", "4294967297", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(
            mf_systemd_parse("42", bad[i], NULL, SELF, &sockets, &err),
            MF_EINVAL);
        assert_non_null(strstr(err.text, "LISTEN_FDS"));
    }
    assert_int_equal(mf_systemd_parse("me", "1", NULL, SELF, &sockets, &err),
                     MF_EINVAL);
    assert_non_null(strstr(err.text, "LISTEN_PID"));
    assert_int_equal(
        mf_systemd_parse("4294967338", "1", NULL, SELF, &sockets, &err), 0);
    assert_int_equal(sockets.count, 0);
}

static void the_environment_is_cleared_of_them(void **state)
{
    (void)state;
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", "ingest", 1);
    struct mf_passed_sockets sockets;
    assert_int_equal(mf_systemd_take_sockets(&sockets, NULL), 0);
    assert_int_equal(sockets.count, 1);
    assert_true(sockets.list[0].is_ingest);
    assert_null(getenv("LISTEN_PID"));
    assert_null(getenv("LISTEN_FDS"));
    assert_null(getenv("LISTEN_FDNAMES"));
}

/* Listens at `name` ("@..." is abstract), notifies, returns what came. */
static void is_heard_at(const char *name)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    size_t len = strlen(name);
    memcpy(addr.sun_path, name, len);
    if (*name == '@')
        addr.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    socklen_t addr_len =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, addr_len), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    assert_int_equal(mf_systemd_notify(NULL, "READY=1\nSTATUS=%s", "here"), 0);
    char message[64] = "";
    assert_true(recv(fd, message, sizeof message - 1, MSG_DONTWAIT) > 0);
    assert_string_equal(message, "READY=1\nSTATUS=here");
    close(fd);
}

static void a_service_manager_is_told_by_path_and_by_abstract_name(void **state)
{
    (void)state;
    char dir[] = "/tmp/mf-notify-XXXXXX", path[64], name[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/socket", dir);
    is_heard_at(path);
    unlink(path);
    snprintf(name, sizeof name, "@%s", dir);
    is_heard_at(name);
    struct mf_err err;
    assert_int_equal(mf_systemd_notify(&err, "READY=1"), MF_EIO);
    assert_non_null(strstr(err.text, name));
    rmdir(dir);
}

static void without_a_service_manager_nothing_is_told(void **state)
{
    (void)state;
    struct mf_err err;
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(mf_systemd_notify(&err, "READY=1"), 0);
    setenv("NOTIFY_SOCKET", "", 1);
    assert_int_equal(mf_systemd_notify(&err, "READY=1"), 0);
    char longest[200];
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    const char *const bad[] = {"relative", "vsock:1:2", "/", "@", longest};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        setenv("NOTIFY_SOCKET", bad[i], 1);
        assert_int_equal(mf_systemd_notify(&err, "READY=1"), MF_EINVAL);
    }
    unsetenv("NOTIFY_SOCKET");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            sockets_begin_at_3_and_one_named_ingest_is_for_exporters),
        cmocka_unit_test(names_may_be_missing_or_too_few),
        cmocka_unit_test(sockets_of_another_process_are_left_alone),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(the_environment_is_cleared_of_them),
        cmocka_unit_test(
            a_service_manager_is_told_by_path_and_by_abstract_name),
        cmocka_unit_test(without_a_service_manager_nothing_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
