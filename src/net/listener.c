/* Listening sockets, and the sockets that they give. */
#include "net/server_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/address.h"
#include "net/tls_impl.h"

enum {
    BACKLOG = 1024,
    ACCEPTS_AT_ONCE = 64,
    ACCEPT_PAUSE_MS = 100, /* after EMFILE and its like */
    KEEPALIVE_IDLE_S = 60,
    KEEPALIVE_INTERVAL_S = 15,
    KEEPALIVE_COUNT = 4,
};

struct mf_listener {
    uv_poll_t poll;
    struct mf_listener *next;
    struct mf_server *server;
    int fd;
    int tag;
    char *unix_path;    /* NULL for TCP */
    struct mf_tls *tls; /* NULL: in clear */
    bool needs_client_cert;
};

/* ---- Making one ---- */

static int listen_error(struct mf_err *err, const char *address)
{
    int code = errno == EADDRINUSE                 ? MF_EBUSY
               : errno == EACCES || errno == EPERM ? MF_EACCES
               : errno == EADDRNOTAVAIL            ? MF_EINVAL
                                                   : MF_EIO;
    return mf_err_set(err, code, "cannot listen on %s: %s", address,
                      strerror(errno));
}

/* True if nobody answers there any more. */
static bool is_stale(const struct sockaddr_un *addr)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool stale =
        connect(fd, (const struct sockaddr *)addr, sizeof *addr) != 0 &&
        errno == ECONNREFUSED;
    close(fd);
    return stale;
}

static int open_unix(const char *address, int *ret_fd, char **ret_path,
                     struct mf_err *err)
{
    const char *path = address + strlen("unix:");
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (*path == '\0' || strlen(path) >= sizeof addr.sun_path)
        return mf_err_set(err, MF_EINVAL, "not an address: %s", address);
    memcpy(addr.sun_path, path, strlen(path) + 1);
    if (is_stale(&addr))
        unlink(path);
    char *copy = strdup(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (!copy || fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) ||
        listen(fd, BACKLOG)) {
        int rc = listen_error(err, address);
        if (fd >= 0)
            close(fd);
        free(copy);
        return rc;
    }
    *ret_fd = fd;
    *ret_path = copy;
    return 0;
}

static int bind_one(const struct addrinfo *info)
{
    int fd =
        socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* Of a name's addresses one of IPv4 goes first: what connects to "localhost"
 * tries both, what connects to 127.0.0.1 does not. */
static int bind_first(const struct addrinfo *list)
{
    for (int pass = 0; pass < 2; pass++)
        for (const struct addrinfo *info = list; info; info = info->ai_next) {
            if ((info->ai_family == AF_INET) != (pass == 0))
                continue;
            int fd = bind_one(info);
            if (fd >= 0 || errno == EADDRINUSE)
                return fd;
        }
    return -1;
}

static int open_tcp(const char *address, int *ret_fd, struct mf_err *err)
{
    char host[256], service[8];
    unsigned port;
    if (mf_address_split(address, host, sizeof host, &port))
        return mf_err_set(err, MF_EINVAL, "not an address: %s", address);
    snprintf(service, sizeof service, "%u", port);
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    struct addrinfo *list;
    int rc = getaddrinfo(*host ? host : NULL, service, &hints, &list);
    if (rc)
        return mf_err_set(err, MF_EINVAL, "cannot resolve %s: %s", address,
                          gai_strerror(rc));
    int fd = bind_first(list);
    if (fd < 0)
        rc = listen_error(err, address);
    else
        *ret_fd = fd;
    freeaddrinfo(list);
    return rc;
}

static void print_peer(const struct sockaddr_storage *addr, char *text,
                       size_t cap)
{
    char host[INET6_ADDRSTRLEN] = "";
    if (addr->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)addr;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(text, cap, "%s:%u", host, ntohs(v4->sin_port));
    } else if (addr->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)addr;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(text, cap, "[%s]:%u", host, ntohs(v6->sin6_port));
    } else {
        snprintf(text, cap, "unix");
    }
}

static bool is_unix(int fd)
{
    struct sockaddr_storage addr = {0};
    socklen_t len = sizeof addr;
    return getsockname(fd, (struct sockaddr *)&addr, &len) == 0 &&
           addr.ss_family == AF_UNIX;
}

static char *url_of(const struct mf_listener *listener)
{
    char text[128], *url = NULL;
    if (mf_address_of_socket(listener->fd, text, sizeof text))
        return NULL;
    const char *scheme = strncmp(text, "unix:", 5) == 0 ? ""
                         : listener->tls                ? "https://"
                                                        : "http://";
    return asprintf(&url, "%s%s", scheme, text) < 0 ? NULL : url;
}

/* ---- Accepting ---- */

static void set_options(int fd)
{
    const int on = 1, idle = KEEPALIVE_IDLE_S, count = KEEPALIVE_COUNT,
              interval = KEEPALIVE_INTERVAL_S;
    /* All of them fail on a Unix socket, which needs none. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

/* Errors of one connection that died in the backlog, not of the listener. */
static bool is_of_connection(int error)
{
    return error == EINTR || error == ECONNABORTED || error == EPROTO ||
           error == EPERM;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct mf_listener *listener = poll->data;
    struct mf_server *server = listener->server;
    if (status < 0)
        return;
    for (int i = 0; i < ACCEPTS_AT_ONCE && server->is_accepting; i++) {
        struct sockaddr_storage addr = {0};
        socklen_t len = sizeof addr;
        int fd = accept4(listener->fd, (struct sockaddr *)&addr, &len,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && is_of_connection(errno))
            continue;
        if (fd < 0) {
            if (errno != EAGAIN) {
                mf_listeners__accept(server, false);
                mf_timer_start(server->accept_pause, ACCEPT_PAUSE_MS, 0);
            }
            return;
        }
        struct mf_origin origin = {.tag = listener->tag};
        print_peer(&addr, origin.peer, sizeof origin.peer);
        set_options(fd);
        if (listener->tls)
            mf_handshake__start(server, fd, listener->tls,
                                listener->needs_client_cert, &origin);
        else
            mf_preface__start(server, fd, &origin);
    }
}

void mf_listeners__accept(struct mf_server *server, bool wanted)
{
    if (server->is_accepting == wanted)
        return;
    server->is_accepting = wanted;
    for (struct mf_listener *l = server->listeners; l; l = l->next) {
        if (wanted)
            uv_poll_start(&l->poll, UV_READABLE, on_readable);
        else
            uv_poll_stop(&l->poll);
    }
}

/* ---- Life ---- */

static void on_closed(uv_handle_t *handle)
{
    struct mf_listener *listener = handle->data;
    struct mf_server *server = listener->server;
    close(listener->fd);
    free(listener->unix_path);
    free(listener);
    if (server)
        mf_server__handle_closed(server);
}

void mf_listeners__close(struct mf_server *server, bool is_last)
{
    while (server->listeners) {
        struct mf_listener *listener = server->listeners;
        server->listeners = listener->next;
        if (listener->unix_path)
            unlink(listener->unix_path);
        if (is_last)
            listener->server = NULL;
        uv_close((uv_handle_t *)&listener->poll, on_closed);
    }
    server->is_accepting = false;
}

/* A socket that somebody else made, such as systemd. */
static int adopt(int fd, int *ret_fd, struct mf_err *err)
{
    int value = 0;
    socklen_t len = sizeof value;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) || !value ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len) ||
        value != SOCK_STREAM) {
        close(fd);
        return mf_err_set(err, MF_EINVAL,
                          "descriptor %d is not a listening stream socket", fd);
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    *ret_fd = fd;
    return 0;
}

static int open_socket(struct mf_listener *listener,
                       const struct mf_listen_opts *opts, struct mf_err *err)
{
    if (!opts->address)
        return adopt(opts->fd, &listener->fd, err);
    if (strncmp(opts->address, "unix:", 5) == 0)
        return open_unix(opts->address, &listener->fd, &listener->unix_path,
                         err);
    return open_tcp(opts->address, &listener->fd, err);
}

int mf_server_listen(struct mf_server *server,
                     const struct mf_listen_opts *opts, char **ret_url,
                     struct mf_err *err)
{
    struct mf_listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    listener->fd = -1;
    listener->tag = opts->tag;
    int rc = open_socket(listener, opts, err);
    char *url = NULL;
    if (!rc && !is_unix(listener->fd)) {
        listener->tls = opts->tls;
        listener->needs_client_cert = opts->needs_client_cert;
    }
    if (!rc && listener->needs_client_cert &&
        (!listener->tls || !mf_tls__has_client_ca(listener->tls)))
        rc = mf_err_set(err, MF_EINVAL,
                        "client certificates are needed, but no CA is given");
    if (rc)
        goto out;
    url = url_of(listener);
    if (!url || uv_poll_init(mf_loop__uv(server->opts.loop), &listener->poll,
                             listener->fd)) {
        rc = mf_err_set(err, MF_ENOMEM, "out of memory");
        goto out;
    }
    listener->poll.data = listener;
    listener->server = server;
    listener->next = server->listeners;
    server->listeners = listener;
    mf_server__handle_opened(server);
    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    server->is_accepting = true;
    *ret_url = url;
    return 0;
out:
    if (listener->fd >= 0)
        close(listener->fd);
    free(url);
    free(listener->unix_path);
    free(listener);
    return rc;
}
