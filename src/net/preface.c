/*
 * The first bytes of a connection: an HTTP/2 preface (RFC 9113, section
 * 3.4) or HTTP/1.1. The bytes are looked at, not taken.
 */
#include "net/server_impl.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINE_PEEK_LEN = 2048,
    DRAIN_MAX_LEN = 256 * 1024,
    /* No method of HTTP/1.1 begins so. */
    DECISIVE_LEN = 4,
    /* An undecided start stays in the socket, and would wake us for ever. */
    LOOK_AGAIN_MS = 10,
    LOOK_AGAIN_MAX_MS = 250,
};
static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct first_bytes {
    struct mf_conn conn; /* first */
    uv_poll_t poll;
    uv_timer_t look_again;
    uv_timer_t deadline;
    int fd;
    unsigned wait_ms;
    unsigned closing;
};

static void on_closed(uv_handle_t *handle)
{
    struct first_bytes *first = handle->data;
    struct mf_server *server = first->conn.server;
    if (--first->closing == 0)
        free(first);
    mf_server__handle_closed(server);
}

/* The descriptor, unless it has a new owner by now, is closed. */
static void leave(struct first_bytes *first)
{
    first->closing = 3;
    uv_close((uv_handle_t *)&first->poll, on_closed);
    if (first->fd >= 0)
        close(first->fd);
    uv_close((uv_handle_t *)&first->look_again, on_closed);
    uv_close((uv_handle_t *)&first->deadline, on_closed);
    mf_conn__leave(&first->conn);
}

/* False if the first line, as far as it is there, is no request line
 * (RFC 9112, section 3). */
static bool may_be_h1(int fd)
{
    char bytes[LINE_PEEK_LEN];
    ssize_t len = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    if (len <= 0)
        return true; /* its owner will find out */
    static const char version[] = " HTTP/1.";
    const char *end = memchr(bytes, '\n', (size_t)len);
    /* Empty lines before it are forgiven. */
    if (bytes[0] == '\r' || bytes[0] == '\n')
        return true;
    if (!end)
        return isalnum((unsigned char)bytes[0]) ||
               (bytes[0] && strchr("!#$%&'*+-.^_`|~", bytes[0]));
    return memmem(bytes, (size_t)(end - bytes), version, strlen(version));
}

/* What is unread at close() would reset the connection. */
static void close_quietly(int fd)
{
    char bytes[LINE_PEEK_LEN];
    ssize_t len;
    size_t left = DRAIN_MAX_LEN;
    do {
        len = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        left -= len > 0 ? (size_t)len : 0;
    } while (len > 0 && left > sizeof bytes);
    close(fd);
}

static void hand_over(struct first_bytes *first, bool is_h2)
{
    int fd = first->fd;
    first->fd = -1;
    uv_poll_stop(&first->poll);
    struct mf_sock sock = mf_sock__plain(fd);
    if (is_h2)
        mf_h2__start(first->conn.server, &sock, &first->conn.origin);
    else if (may_be_h1(fd))
        mf_h1__start(first->conn.server, fd, &first->conn.origin);
    else
        close_quietly(fd);
    leave(first);
}

static void on_deadline(uv_timer_t *timer)
{
    leave(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_look_again(uv_timer_t *timer)
{
    struct first_bytes *first = timer->data;
    uv_poll_start(&first->poll, UV_READABLE, on_readable);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct first_bytes *first = poll->data;
    char bytes[sizeof preface];
    ssize_t len = recv(first->fd, bytes, DECISIVE_LEN, MSG_PEEK | MSG_DONTWAIT);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len <= 0) {
        leave(first);
        return;
    }
    if (memcmp(bytes, preface, (size_t)len) != 0 || len == DECISIVE_LEN) {
        hand_over(first, memcmp(bytes, preface, (size_t)len) == 0);
        return;
    }
    uv_poll_stop(&first->poll);
    uv_timer_start(&first->look_again, on_look_again, first->wait_ms, 0);
    if (first->wait_ms < LOOK_AGAIN_MAX_MS)
        first->wait_ms *= 2;
}

static void on_cut(struct mf_conn *conn)
{
    leave((struct first_bytes *)conn);
}

static const struct mf_conn_ops ops = {.stop = on_cut, .cut = on_cut};

void mf_preface__start(struct mf_server *server, int fd,
                       struct mf_origin *origin)
{
    uv_loop_t *uv = mf_loop__uv(server->opts.loop);
    struct first_bytes *first = calloc(1, sizeof *first);
    if (!first || uv_poll_init(uv, &first->poll, fd)) {
        free(first);
        mf_origin__release(origin);
        close(fd);
        return;
    }
    uv_timer_init(uv, &first->look_again);
    uv_timer_init(uv, &first->deadline);
    first->poll.data = first->look_again.data = first->deadline.data = first;
    first->fd = fd;
    first->wait_ms = LOOK_AGAIN_MS;
    mf_conn__enter(&first->conn, &ops, server, origin);
    for (int i = 0; i < 3; i++)
        mf_server__handle_opened(server);
    uv_timer_start(&first->deadline, on_deadline, server->opts.first_timeout_ms,
                   0);
    uv_poll_start(&first->poll, UV_READABLE, on_readable);
}
