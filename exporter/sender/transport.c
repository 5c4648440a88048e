#include "exporter/sender/transport.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "exporter/sender/tls.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SIGPIPE is blocked in the sender's thread */
#endif

struct mf_transport {
    int fd;
    SSL *ssl;          /* NULL: in clear */
    bool wants_output; /* of the session itself: the last call waits for it */
    bool is_broken;
    struct mf_err why;     /* once it is broken */
    struct mf_err verdict; /* on its certificate */
};

struct mf_transport *mf_transport_new(int fd, struct mf_tls *tls,
                                      const char *host)
{
    struct mf_transport *transport = calloc(1, sizeof *transport);
    if (!transport) {
        close(fd);
        return NULL;
    }
    transport->fd = fd;
    if (!tls)
        return transport;
    transport->ssl = mf_tls_session(tls, host, &transport->verdict);
    if (!transport->ssl || !SSL_set_fd(transport->ssl, fd)) {
        mf_transport_free(transport);
        return NULL;
    }
    return transport;
}

void mf_transport_free(struct mf_transport *transport)
{
    if (!transport)
        return;
    ERR_clear_error();
    if (transport->ssl && !transport->is_broken &&
        SSL_is_init_finished(transport->ssl))
        SSL_shutdown(transport->ssl); /* says goodbye, waits for nothing */
    ERR_clear_error();
    SSL_free(transport->ssl);
    close(transport->fd);
    free(transport);
}

/* ---- in clear ---- */

static int fail(struct mf_transport *transport, int code, const char *text)
{
    transport->is_broken = true;
    return mf_err_set(&transport->why, code, "%s", text);
}

static int send_clear(struct mf_transport *transport, const uint8_t *data,
                      size_t len, size_t *ret_len)
{
    ssize_t n;
    do
        n = send(transport->fd, data, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return MF_EBUSY;
    if (n < 0)
        return fail(transport, MF_EIO, strerror(errno));
    *ret_len = (size_t)n;
    return 0;
}

static int receive_clear(struct mf_transport *transport, uint8_t *data,
                         size_t cap, size_t *ret_len)
{
    ssize_t n;
    do
        n = recv(transport->fd, data, cap, 0);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return fail(transport, MF_ECLOSED, "the server closed the connection");
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return MF_EBUSY;
    if (n < 0)
        return fail(transport, MF_EIO, strerror(errno));
    *ret_len = (size_t)n;
    return 0;
}

/* ---- by TLS ---- */

static int give_up(struct mf_transport *transport, int saved_errno)
{
    transport->is_broken = true;
    return mf_tls_explain(transport->ssl, saved_errno, &transport->why);
}

/* What a call on the session means that returned `n`, not more than 0. */
static int judge(struct mf_transport *transport, int n)
{
    int saved_errno = errno;
    int error = SSL_get_error(transport->ssl, n);
    transport->wants_output = error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return MF_EBUSY;
    if (error == SSL_ERROR_ZERO_RETURN)
        return fail(transport, MF_ECLOSED, "the server closed the connection");
    return give_up(transport, error == SSL_ERROR_SYSCALL ? saved_errno : 0);
}

/* Before each call: what the queue of errors and errno then have is its own. */
static void forget_errors(void)
{
    ERR_clear_error();
    errno = 0;
}

static int shake_hands(struct mf_transport *transport)
{
    if (SSL_is_init_finished(transport->ssl))
        return 0;
    forget_errors();
    int n = SSL_do_handshake(transport->ssl);
    return n == 1 ? 0 : judge(transport, n);
}

/* A server that refuses us says so and closes: what it said may be here,
 * and tells more than that no more can be sent. */
static int judge_write(struct mf_transport *transport, int n)
{
    uint8_t byte;
    int saved_errno = errno;
    if (SSL_get_error(transport->ssl, n) != SSL_ERROR_SYSCALL) {
        errno = saved_errno;
        return judge(transport, n);
    }
    forget_errors();
    SSL_read(transport->ssl, &byte, sizeof byte);
    return give_up(transport, saved_errno);
}

static int send_sealed(struct mf_transport *transport, const uint8_t *data,
                       size_t len, size_t *ret_len)
{
    int rc = shake_hands(transport);
    if (rc)
        return rc;
    forget_errors();
    int n = SSL_write(transport->ssl, data, len < INT_MAX ? (int)len : INT_MAX);
    if (n <= 0)
        return judge_write(transport, n);
    transport->wants_output = false;
    *ret_len = (size_t)n;
    return 0;
}

static int receive_sealed(struct mf_transport *transport, uint8_t *data,
                          size_t cap, size_t *ret_len)
{
    int rc = shake_hands(transport);
    if (rc)
        return rc;
    forget_errors();
    int n = SSL_read(transport->ssl, data, cap < INT_MAX ? (int)cap : INT_MAX);
    if (n <= 0)
        return judge(transport, n);
    *ret_len = (size_t)n;
    return 0;
}

/* ---- either ---- */

static int report(const struct mf_transport *transport, int rc,
                  struct mf_err *err)
{
    return transport->is_broken
               ? mf_err_set(err, transport->why.code, "%s", transport->why.text)
               : rc;
}

int mf_transport_write(struct mf_transport *transport, const uint8_t *data,
                       size_t len, size_t *ret_len, struct mf_err *err)
{
    int rc = 0;
    if (!transport->is_broken)
        rc = transport->ssl ? send_sealed(transport, data, len, ret_len)
                            : send_clear(transport, data, len, ret_len);
    return report(transport, rc, err);
}

int mf_transport_read(struct mf_transport *transport, uint8_t *data, size_t cap,
                      size_t *ret_len, struct mf_err *err)
{
    int rc = 0;
    if (!transport->is_broken)
        rc = transport->ssl ? receive_sealed(transport, data, cap, ret_len)
                            : receive_clear(transport, data, cap, ret_len);
    return report(transport, rc, err);
}

int mf_transport_fd(const struct mf_transport *transport)
{
    return transport->fd;
}

short mf_transport_events(const struct mf_transport *transport, bool has_output)
{
    /* In the handshake the session says when it has something to send: a
     * socket that could take more would wake the caller again and again. */
    bool is_ready = !transport->ssl || SSL_is_init_finished(transport->ssl);
    bool wants_output = (has_output && is_ready) || transport->wants_output;
    return (short)(POLLIN | (wants_output ? POLLOUT : 0));
}

bool mf_transport_has_input(const struct mf_transport *transport)
{
    return transport->ssl && !transport->is_broken &&
           SSL_pending(transport->ssl) > 0;
}
