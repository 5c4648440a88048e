/* The first stage of a connection with TLS: its handshake. */
#include "net/server_impl.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tls_impl.h"

/* What every record of a handshake begins with (RFC 8446, section 5.1). */
enum { RECORD_HANDSHAKE = 22 };

struct handshake {
    struct mf_conn conn; /* first */
    struct mf_sock sock; /* fd < 0: it has a new owner */
    uv_poll_t poll;
    uv_timer_t deadline;
    unsigned closing;
    bool has_begun;
};

static void on_closed(uv_handle_t *handle)
{
    struct handshake *hs = handle->data;
    struct mf_server *server = hs->conn.server;
    if (--hs->closing == 0)
        free(hs);
    mf_server__handle_closed(server);
}

static void leave(struct handshake *hs)
{
    hs->closing = 2;
    uv_close((uv_handle_t *)&hs->poll, on_closed);
    uv_close((uv_handle_t *)&hs->deadline, on_closed);
    if (hs->sock.fd >= 0)
        mf_sock__close(&hs->sock);
    mf_conn__leave(&hs->conn);
}

static void hand_over(struct handshake *hs,
                      void (*start)(struct mf_server *server,
                                    struct mf_sock *sock,
                                    struct mf_origin *origin))
{
    struct mf_sock sock = hs->sock;
    hs->sock.fd = -1;
    uv_poll_stop(&hs->poll);
    start(hs->conn.server, &sock, &hs->conn.origin);
    leave(hs);
}

/* Whoever speaks HTTP in clear, of any version, is told in HTTP/1.1. */
static void answer_in_clear(struct handshake *hs)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n"
                                 "Content-Type: text/plain\r\n"
                                 "Content-Length: 35\r\n"
                                 "Connection: close\r\n"
                                 "\r\n"
                                 "This port speaks TLS: use https://\n";
    send(hs->sock.fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
}

/* False: what came is no TLS, or nothing came. */
static bool look_at_first_byte(struct handshake *hs)
{
    unsigned char first;
    ssize_t len = recv(hs->sock.fd, &first, 1, MSG_PEEK);
    hs->has_begun = len == 1;
    if (len < 0)
        return true; /* the handshake will find out */
    if (len == 1 && first == RECORD_HANDSHAKE)
        return true;
    if (len == 1 && first >= 'A' && first <= 'Z')
        answer_in_clear(hs);
    return false;
}

static void end(struct handshake *hs)
{
    SSL_free(hs->sock.ssl);
    hs->sock.ssl = NULL;
    mf_sock__end(&hs->sock);
    hand_over(hs, mf_linger__start);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct handshake *hs = poll->data;
    if (!hs->has_begun && !look_at_first_byte(hs)) {
        end(hs);
        return;
    }
    int rc = mf_sock__handshake(&hs->sock);
    if (rc == 0) {
        uv_poll_start(&hs->poll, mf_sock__events(&hs->sock, true, false),
                      on_ready);
        return;
    }
    if (rc < 0 ||
        mf_tls__client_subject(hs->sock.ssl, &hs->conn.origin.client_cert))
        end(hs);
    else if (mf_tls__chose_h2(hs->sock.ssl))
        hand_over(hs, mf_h2__start);
    else
        hand_over(hs, mf_relay__start);
}

static void on_deadline(uv_timer_t *timer)
{
    leave(timer->data);
}

static void on_cut(struct mf_conn *conn)
{
    leave((struct handshake *)conn);
}

static const struct mf_conn_ops ops = {.stop = on_cut, .cut = on_cut};

void mf_handshake__start(struct mf_server *server, int fd, struct mf_tls *tls,
                         bool needs_client_cert, struct mf_origin *origin)
{
    uv_loop_t *uv = mf_loop__uv(server->opts.loop);
    struct handshake *hs = calloc(1, sizeof *hs);
    SSL *ssl = hs ? mf_tls__new_ssl(tls, fd, needs_client_cert) : NULL;
    if (!ssl || uv_poll_init(uv, &hs->poll, fd)) {
        SSL_free(ssl);
        free(hs);
        mf_origin__release(origin);
        close(fd);
        return;
    }
    uv_timer_init(uv, &hs->deadline);
    hs->poll.data = hs->deadline.data = hs;
    hs->sock = (struct mf_sock){.fd = fd, .ssl = ssl};
    origin->is_tls = true;
    mf_conn__enter(&hs->conn, &ops, server, origin);
    mf_server__handle_opened(server);
    mf_server__handle_opened(server);
    uv_timer_start(&hs->deadline, on_deadline, server->opts.first_timeout_ms,
                   0);
    uv_poll_start(&hs->poll, UV_READABLE, on_ready);
}
