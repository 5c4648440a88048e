#include "net/sock_impl.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <uv.h>

#include "base/error.h"

struct mf_sock mf_sock__plain(int fd)
{
    return (struct mf_sock){.fd = fd};
}

/* ---- In clear ---- */

static ssize_t recv_plain(struct mf_sock *sock, void *to, size_t cap)
{
    ssize_t len = recv(sock->fd, to, cap, 0);
    if (len > 0)
        return len;
    if (len == 0)
        return MF_ECLOSED;
    return errno == EAGAIN || errno == EINTR ? 0 : MF_EIO;
}

static ssize_t send_plain(struct mf_sock *sock, const uint8_t *data, size_t len)
{
    size_t sent = 0;
    while (sent < len) {
        ssize_t n = send(sock->fd, data + sent, len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0)
            return MF_EIO;
        sent += (size_t)n;
    }
    return (ssize_t)sent;
}

/* ---- TLS ---- */

/* What the last call failed for: 0 if it was only too early. */
static int error_of(struct mf_sock *sock, int rc, bool *wants_read,
                    bool *wants_write)
{
    switch (SSL_get_error(sock->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        *wants_read = true;
        return 0;
    case SSL_ERROR_WANT_WRITE:
        *wants_write = true;
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        return MF_ECLOSED;
    default:
        /* Nothing may be said on it any more. */
        sock->is_broken = true;
        ERR_clear_error();
        return MF_EIO;
    }
}

static ssize_t recv_tls(struct mf_sock *sock, uint8_t *to, size_t cap)
{
    size_t len = 0;
    int rc = 0;
    bool wants_read = false;
    sock->has_more = false;
    sock->recv_wants_write = false;
    while (len < cap) {
        size_t n;
        ERR_clear_error();
        int done = SSL_read_ex(sock->ssl, to + len, cap - len, &n);
        if (!done) {
            rc = error_of(sock, done, &wants_read, &sock->recv_wants_write);
            break;
        }
        len += n;
    }
    /* The end is told by the next call. */
    sock->has_more = len == cap || (len > 0 && rc);
    return len > 0 ? (ssize_t)len : rc;
}

static ssize_t send_tls(struct mf_sock *sock, const uint8_t *data, size_t len)
{
    size_t sent = 0;
    bool wants_write = false;
    sock->send_wants_read = false;
    while (sent < len) {
        size_t n;
        ERR_clear_error();
        int done = SSL_write_ex(sock->ssl, data + sent, len - sent, &n);
        if (!done) {
            if (error_of(sock, done, &sock->send_wants_read, &wants_write))
                return MF_EIO;
            break;
        }
        sent += n;
    }
    return (ssize_t)sent;
}

/* ---- Either ---- */

ssize_t mf_sock__recv(struct mf_sock *sock, void *to, size_t cap)
{
    if (sock->is_broken)
        return MF_EIO;
    return sock->ssl ? recv_tls(sock, to, cap) : recv_plain(sock, to, cap);
}

ssize_t mf_sock__send(struct mf_sock *sock, const void *data, size_t len)
{
    if (sock->is_broken)
        return MF_EIO;
    return sock->ssl ? send_tls(sock, data, len) : send_plain(sock, data, len);
}

int mf_sock__handshake(struct mf_sock *sock)
{
    bool wants_read = false;
    sock->recv_wants_write = false;
    ERR_clear_error();
    int rc = SSL_do_handshake(sock->ssl);
    if (rc == 1) {
        /* The request may be inside already. */
        sock->has_more = true;
        return 1;
    }
    return error_of(sock, rc, &wants_read, &sock->recv_wants_write) ? MF_EIO
                                                                    : 0;
}

int mf_sock__events(const struct mf_sock *sock, bool wants_recv,
                    bool wants_send)
{
    int events = 0;
    if (wants_recv)
        events |= sock->recv_wants_write ? UV_WRITABLE : UV_READABLE;
    if (wants_send)
        events |= sock->send_wants_read ? UV_READABLE : UV_WRITABLE;
    return events;
}

bool mf_sock__end(struct mf_sock *sock)
{
    if (sock->ssl && !sock->is_broken && SSL_is_init_finished(sock->ssl)) {
        ERR_clear_error();
        int rc = SSL_shutdown(sock->ssl);
        if (rc < 0 && SSL_get_error(sock->ssl, rc) == SSL_ERROR_WANT_WRITE)
            return false;
        ERR_clear_error();
    }
    shutdown(sock->fd, SHUT_WR);
    return true;
}

int mf_sock__take_fd(struct mf_sock *sock)
{
    int fd = sock->fd;
    SSL_free(sock->ssl);
    *sock = (struct mf_sock){.fd = -1};
    return fd;
}

void mf_sock__close(struct mf_sock *sock)
{
    if (sock->ssl)
        mf_sock__end(sock);
    SSL_free(sock->ssl);
    close(sock->fd);
    *sock = (struct mf_sock){.fd = -1};
}
