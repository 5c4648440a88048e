#include "cli/systemd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/values.h"

enum { FIRST_FD = 3, MESSAGE_CAP = 1024 };

/* ---- Sockets ---- */

int mf_systemd_parse(const char *pid, const char *fds, const char *names,
                     pid_t self, struct mf_passed_sockets *ret_sockets,
                     struct mf_err *err)
{
    struct mf_passed_sockets sockets = {.count = 0};
    uint64_t number, count;
    if (!pid || !fds) {
        *ret_sockets = sockets;
        return 0;
    }
    if (mf_value_count(pid, &number))
        return mf_err_set(err, MF_EINVAL,
                          "LISTEN_PID is not a process id: \"%.64s\"", pid);
    if (mf_value_count(fds, &count) || count > MF_PASSED_MAX)
        return mf_err_set(err, MF_EINVAL,
                          "LISTEN_FDS is not a number from 0 to %d: \"%.64s\"",
                          MF_PASSED_MAX, fds);
    while (number == (uint64_t)self && sockets.count < count) {
        size_t len = names ? strcspn(names, ":") : 0;
        sockets.list[sockets.count] = (struct mf_passed_socket){
            .fd = FIRST_FD + (int)sockets.count,
            .is_ingest = len == 6 && memcmp(names, "ingest", 6) == 0,
        };
        sockets.count++;
        if (names)
            names += len + (names[len] == ':');
    }
    *ret_sockets = sockets;
    return 0;
}

int mf_systemd_take_sockets(struct mf_passed_sockets *ret_sockets,
                            struct mf_err *err)
{
    int rc =
        mf_systemd_parse(getenv("LISTEN_PID"), getenv("LISTEN_FDS"),
                         getenv("LISTEN_FDNAMES"), getpid(), ret_sockets, err);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return rc;
}

/* ---- Telling ---- */

/* A path, or "@" and an abstract name. */
static int read_address(const char *text, struct sockaddr_un *addr,
                        socklen_t *ret_len)
{
    size_t len = strlen(text);
    if ((*text != '/' && *text != '@') || len < 2 ||
        len >= sizeof addr->sun_path)
        return MF_EINVAL;
    *addr = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(addr->sun_path, text, len);
    if (*text == '@')
        addr->sun_path[0] = '\0';
    *ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    return 0;
}

static int send_to(const struct sockaddr_un *addr, socklen_t addr_len,
                   const char *message)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    ssize_t sent = sendto(fd, message, strlen(message), MSG_NOSIGNAL,
                          (const struct sockaddr *)addr, addr_len);
    int saved = errno;
    close(fd);
    errno = saved;
    return sent < 0 ? -1 : 0;
}

int mf_systemd_notify(struct mf_err *err, const char *format, ...)
{
    const char *to = getenv("NOTIFY_SOCKET");
    struct sockaddr_un addr;
    socklen_t addr_len;
    if (!to || !*to)
        return 0;
    if (read_address(to, &addr, &addr_len))
        return mf_err_set(err, MF_EINVAL,
                          "NOTIFY_SOCKET is not a path or @name: %.120s", to);
    char message[MESSAGE_CAP];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (send_to(&addr, addr_len, message))
        return mf_err_set(err, MF_EIO, "cannot notify %.120s: %s", to,
                          strerror(errno));
    return 0;
}
