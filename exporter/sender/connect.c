#include "exporter/sender/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "exporter/sender/lookup.h"

#define CONNECT_NS ((int64_t)5 * MF_NS_PER_S)
#define LOOKUP_NS ((int64_t)10 * MF_NS_PER_S)

int mf_connect_begin(struct mf_connect *attempt,
                     const struct mf_address *address, struct mf_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST};
    *attempt = (struct mf_connect){.fd = -1};
    if (getaddrinfo(address->host, address->port, &hints, &attempt->all) == 0) {
        attempt->at = attempt->all;
        return 0;
    }
    attempt->all = NULL;
    int rc = mf_lookup_begin(address, &attempt->lookup, err);
    if (rc)
        return rc;
    attempt->fd = mf_lookup_fd(attempt->lookup);
    attempt->events = POLLIN;
    attempt->until_ns = mf_clock_mono_ns() + LOOKUP_NS;
    return 0;
}

static void end_lookup(struct mf_connect *attempt)
{
    mf_lookup_free(attempt->lookup);
    attempt->lookup = NULL;
    attempt->fd = -1;
}

/* 0: the addresses are there. */
static int look_up(struct mf_connect *attempt, struct mf_err *err)
{
    int rc = mf_lookup_take(attempt->lookup, &attempt->all, err);
    if (rc == MF_EBUSY && mf_clock_mono_ns() < attempt->until_ns)
        return rc;
    if (rc == MF_EBUSY)
        rc = mf_err_set(err, MF_EIO, "no answer from the name server");
    end_lookup(attempt);
    attempt->at = rc ? NULL : attempt->all;
    return rc;
}

static void close_fd(struct mf_connect *attempt)
{
    if (attempt->fd >= 0)
        close(attempt->fd);
    attempt->fd = -1;
}

/* 0, MF_EBUSY, or MF_EIO with errno. */
static int start(struct mf_connect *attempt, const struct addrinfo *info)
{
    int one = 1;
    attempt->fd = socket(info->ai_family, info->ai_socktype, 0);
    if (attempt->fd < 0)
        return MF_EIO;
    fcntl(attempt->fd, F_SETFD, FD_CLOEXEC);
    fcntl(attempt->fd, F_SETFL, O_NONBLOCK);
    setsockopt(attempt->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    attempt->events = POLLOUT;
    attempt->until_ns = mf_clock_mono_ns() + CONNECT_NS;
    if (connect(attempt->fd, info->ai_addr, info->ai_addrlen) == 0)
        return 0;
    return errno == EINPROGRESS ? MF_EBUSY : MF_EIO;
}

/* How the attempt under way stands. */
static int look(struct mf_connect *attempt)
{
    struct pollfd poll_fd = {.fd = attempt->fd, .events = POLLOUT};
    if (poll(&poll_fd, 1, 0) <= 0) {
        errno = ETIMEDOUT;
        return mf_clock_mono_ns() < attempt->until_ns ? MF_EBUSY : MF_EIO;
    }
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    errno = error;
    return error ? MF_EIO : 0;
}

int mf_connect_next(struct mf_connect *attempt, int *ret_fd, struct mf_err *err)
{
    int last_errno = 0;
    int found = attempt->lookup ? look_up(attempt, err) : 0;
    if (found)
        return found;
    while (attempt->at) {
        int rc = attempt->fd < 0 ? start(attempt, attempt->at) : look(attempt);
        if (rc == MF_EBUSY)
            return rc;
        if (rc == 0) {
            *ret_fd = attempt->fd;
            attempt->fd = -1;
            return 0;
        }
        last_errno = errno;
        close_fd(attempt);
        attempt->at = attempt->at->ai_next;
    }
    return mf_err_set(err, MF_EIO, "%s", strerror(last_errno));
}

void mf_connect_release(struct mf_connect *attempt)
{
    if (attempt->lookup)
        end_lookup(attempt);
    close_fd(attempt);
    if (attempt->all)
        freeaddrinfo(attempt->all);
    attempt->all = attempt->at = NULL;
}
