/*
 * mf_sock: a connected socket that does not block, or TLS upon one.
 *
 * Errors:  MF_ECLOSED (the peer sends no more) and MF_EIO (broken).
 */
#ifndef MF_NET_SOCK_IMPL_H
#define MF_NET_SOCK_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

struct ssl_st;

struct mf_sock {
    int fd;
    struct ssl_st *ssl; /* owned; NULL: in clear */
    /* The last recv filled its room; poll() does not tell of bytes that are
     * inside TLS, so that it must be called again. */
    bool has_more;
    bool recv_wants_write; /* TLS has to send something before it */
    bool send_wants_read;
    bool is_broken;
};

/* Takes `fd`. */
struct mf_sock mf_sock__plain(int fd);

/* How many bytes came; 0: none now; MF_ECLOSED, MF_EIO. */
ssize_t mf_sock__recv(struct mf_sock *sock, void *to, size_t cap);

/* How many were taken, 0 too; MF_EIO. What was not taken must be sent next,
 * and no less of it. */
ssize_t mf_sock__send(struct mf_sock *sock, const void *data, size_t len);

/* Go on with the handshake: 1 when it is done, 0: when `events` say so;
 * MF_EIO. */
int mf_sock__handshake(struct mf_sock *sock);

/* libuv's events to wait for. */
int mf_sock__events(const struct mf_sock *sock, bool wants_recv,
                    bool wants_send);

/* Say that nothing more comes from here (close_notify, FIN). False: call
 * again when it can be written. */
bool mf_sock__end(struct mf_sock *sock);

/* Without TLS from now on; the caller closes it. */
int mf_sock__take_fd(struct mf_sock *sock);

/* Says so too, if that is possible now, and closes. */
void mf_sock__close(struct mf_sock *sock);

#endif
