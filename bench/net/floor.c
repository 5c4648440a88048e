/*
 * The floor: what nghttp2 alone costs. Takes request bodies and only counts
 * their bytes; answers /bench.Sink/Feed with as many 2 KB messages as the
 * request's text ("N") says. One thread, epoll, in clear.
 *
 * usage: bench-floor [FRAME_MAX [READ_LEN]]   prints its port
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>

enum {
    WINDOW = 64 << 20,
    WRITE_LEN = 256 * 1024,
    MESSAGE_LEN = 2048,
    PREFIX_LEN = 5,
    READS_AT_ONCE = 2,
    MAX_STREAMS = 1000,
    TEXT_CAP = 32,
};

static struct {
    int epoll;
    size_t frame_max, read_len;
    uint8_t *input;
    uint8_t message[PREFIX_LEN + MESSAGE_LEN];
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    uint64_t bytes;
} app = {.frame_max = 1 << 20, .read_len = 128 * 1024};

struct conn {
    int fd;
    nghttp2_session *session;
    uint8_t out[WRITE_LEN + (1 << 20)];
    size_t out_at, out_len;
};

/* What a stream has been asked for. */
struct feed {
    char text[TEXT_CAP];
    size_t text_len;
    uint64_t left; /* bytes */
    size_t at;     /* in the message */
};

static void fail(const char *what)
{
    fprintf(stderr, "bench-floor: %s\n", what);
    exit(1);
}

/* ---- Callbacks ---- */

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame,
                    void *user)
{
    (void)user;
    struct feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        fail("out of memory");
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, feed);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame,
                     const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *user)
{
    (void)flags;
    (void)user;
    struct feed *feed =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (name_len == 5 && memcmp(name, ":path", 5) == 0 && value_len == 16 &&
        memcmp(value, "/bench.Sink/Feed", 16) == 0)
        feed->left = 1;
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id,
                   const uint8_t *data, size_t len, void *user)
{
    (void)flags;
    (void)user;
    app.bytes += len;
    struct feed *feed = nghttp2_session_get_stream_user_data(session, id);
    if (!feed->left)
        return 0;
    for (size_t i = 0; i < len && feed->text_len < TEXT_CAP - 1; i++)
        feed->text[feed->text_len++] = (char)data[i];
    return 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to,
                         size_t cap, uint32_t *flags,
                         nghttp2_data_source *source, void *user)
{
    (void)user;
    struct feed *feed = source->ptr;
    size_t done = 0;
    while (done < cap && feed->left) {
        size_t n = sizeof app.message - feed->at;
        n = n < cap - done ? n : cap - done;
        memcpy(to + done, app.message + feed->at, n);
        feed->at = (feed->at + n) % sizeof app.message;
        feed->left -= n;
        done += n;
    }
    if (feed->left)
        return (ssize_t)done;
    static nghttp2_nv ok[] = {{(uint8_t *)"grpc-status", (uint8_t *)"0", 11, 1,
                               NGHTTP2_NV_FLAG_NONE}};
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    nghttp2_submit_trailer(session, id, ok, 1);
    return (ssize_t)done;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame,
                    void *user)
{
    (void)user;
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) ||
        (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS))
        return 0;
    struct feed *feed =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    /* Behind the message's prefix and its field's. */
    const char *digits = feed->text + PREFIX_LEN + 2;
    feed->left =
        feed->left ? strtoull(digits, NULL, 10) * sizeof app.message : 0;
    static nghttp2_nv head[] = {
        {(uint8_t *)":status", (uint8_t *)"200", 7, 3, NGHTTP2_NV_FLAG_NONE}};
    nghttp2_data_provider provider = {.source.ptr = feed,
                                      .read_callback = read_body};
    nghttp2_submit_response(session, frame->hd.stream_id, head, 1, &provider);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code,
                    void *user)
{
    (void)code;
    (void)user;
    free(nghttp2_session_get_stream_user_data(session, id));
    return 0;
}

static ssize_t data_len(nghttp2_session *session, uint8_t type, int32_t id,
                        int32_t session_window, int32_t stream_window,
                        uint32_t frame_max, void *user)
{
    (void)session;
    (void)type;
    (void)id;
    (void)user;
    int32_t len =
        session_window < stream_window ? session_window : stream_window;
    return len < (int32_t)frame_max ? len : (ssize_t)frame_max;
}

/* ---- Connections ---- */

static void drop(struct conn *conn)
{
    nghttp2_session_del(conn->session);
    close(conn->fd);
    free(conn);
}

/* False: the connection is over. */
static bool write_some(struct conn *conn)
{
    for (;;) {
        while (conn->out_at < conn->out_len) {
            ssize_t n = send(conn->fd, conn->out + conn->out_at,
                             conn->out_len - conn->out_at, MSG_NOSIGNAL);
            if (n < 0)
                return errno == EAGAIN;
            conn->out_at += (size_t)n;
        }
        conn->out_at = conn->out_len = 0;
        while (conn->out_len < WRITE_LEN) {
            const uint8_t *frame;
            ssize_t n = nghttp2_session_mem_send(conn->session, &frame);
            if (n < 0)
                return false;
            if (n == 0)
                break;
            memcpy(conn->out + conn->out_len, frame, (size_t)n);
            conn->out_len += (size_t)n;
        }
        if (!conn->out_len)
            return true;
    }
}

static void serve(struct conn *conn, uint32_t events)
{
    bool is_alive = true;
    if (events & EPOLLIN) {
        ssize_t n = (ssize_t)app.read_len;
        for (int i = 0; i < READS_AT_ONCE && n == (ssize_t)app.read_len; i++) {
            n = recv(conn->fd, app.input, app.read_len, 0);
            if (n < 0 && errno == EAGAIN)
                break;
            is_alive = n > 0 && nghttp2_session_mem_recv(
                                    conn->session, app.input, (size_t)n) >= 0;
        }
    }
    if (!is_alive || !write_some(conn)) {
        drop(conn);
        return;
    }
    struct epoll_event event = {
        .events = EPOLLIN | (conn->out_len ? EPOLLOUT : 0), .data.ptr = conn};
    if (conn->out_len || (events & EPOLLOUT))
        epoll_ctl(app.epoll, EPOLL_CTL_MOD, conn->fd, &event);
}

static void take(int listener)
{
    const int on = 1;
    struct conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        fail("out of memory");
    conn->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (conn->fd < 0)
        fail("cannot accept");
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MAX_STREAMS},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
        {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, (uint32_t)app.frame_max}};
    if (nghttp2_session_server_new2(&conn->session, app.callbacks, conn,
                                    app.option) ||
        nghttp2_submit_settings(conn->session, 0, settings, 3) ||
        nghttp2_session_set_local_window_size(conn->session, 0, 0, WINDOW))
        fail("no session");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
    epoll_ctl(app.epoll, EPOLL_CTL_ADD, conn->fd, &event);
}

static int open_listener(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) ||
        listen(fd, 128) || getsockname(fd, (struct sockaddr *)&addr, &len))
        fail("cannot listen");
    printf("%u\n", ntohs(addr.sin_port));
    fflush(stdout);
    return fd;
}

static void set_up(void)
{
    app.input = malloc(app.read_len);
    if (!app.input || nghttp2_session_callbacks_new(&app.callbacks) ||
        nghttp2_option_new(&app.option))
        fail("out of memory");
    app.message[3] = MESSAGE_LEN >> 8;
    nghttp2_session_callbacks *cbs = app.callbacks;
    nghttp2_session_callbacks_set_on_begin_headers_callback(cbs, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(cbs, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cbs, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cbs, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cbs, on_close);
    nghttp2_session_callbacks_set_data_source_read_length_callback(cbs,
                                                                   data_len);
}

int main(int argc, char **argv)
{
    enum { EVENTS = 64 };
    if (argc > 1)
        app.frame_max = strtoul(argv[1], NULL, 10);
    if (argc > 2)
        app.read_len = strtoul(argv[2], NULL, 10);
    set_up();
    int listener = open_listener();
    app.epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(app.epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(app.epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr)
                serve(events[i].data.ptr, events[i].events);
            else
                take(listener);
        }
    }
}
