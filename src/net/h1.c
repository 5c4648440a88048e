/*
 * HTTP/1.1 by libmicrohttpd, driven by our loop.
 *
 * libmicrohttpd calls handle_request() again and again; what it may not be
 * told in mid-request (an answer) or cannot be told at all (to break a
 * connection off) is kept in struct h1_request and said when it asks next.
 * A connection with nothing to do is suspended, and resumed when a flag that
 * matters changed. As it does not watch a suspended socket, we watch a
 * duplicate of the descriptor ourselves (h1_watch.c).
 */
#include "net/h1_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    /* libmicrohttpd's memory for one connection, heads and buffers. */
    POOL_EXTRA = 16 * 1024,
    RESPONSE_BLOCK = 32 * 1024,
    SPARE_CONNECTIONS = 64,
};

/* ---- Driving the daemon ---- */

static void run_daemon(void *h1);

static void on_timeout(uv_timer_t *timer)
{
    run_daemon(timer->data);
}

static void on_epoll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run_daemon(poll->data);
}

static void run_daemon(void *arg)
{
    struct mf_h1 *h1 = arg;
    MHD_run(h1->daemon);
    MHD_UNSIGNED_LONG_LONG timeout;
    if (MHD_get_timeout(h1->daemon, &timeout) == MHD_YES)
        uv_timer_start(&h1->timer, on_timeout, timeout, 0);
    else
        uv_timer_stop(&h1->timer);
}

/* ---- Reading a request ---- */

/* Called with the request line; what it returns is handle_request's *state. */
static void *begin_request(void *user, const char *uri,
                           struct MHD_Connection *connection)
{
    (void)user;
    struct mf_h1_conn *conn = mf_h1__conn_of(connection);
    if (!conn)
        return NULL;
    struct mf_h1_request *request = calloc(1, sizeof *request);
    if (!request)
        return NULL;
    mf_h1__request_init(request, conn);
    request->x.path = strdup(uri);
    conn->request = request;
    mf_h1__time_head(conn);
    return request;
}

struct head_walk {
    struct mf_h1_request *request;
    size_t hosts;
    bool has_length;
    bool has_coding;
    uint64_t length;
    bool is_strange; /* read one way here, and otherwise elsewhere */
    int rc;
};

static bool is_chunked(const char *value, size_t len)
{
    return len == strlen("chunked") && strncasecmp(value, "chunked", len) == 0;
}

/* One that another reader of the same bytes might take another way: white
 * space before the colon, a coding that is not known, two lengths (RFC 9112,
 * sections 5.1 and 6.3). */
static void note_framing(struct head_walk *walk, const char *name,
                         const char *value, size_t value_len)
{
    walk->is_strange |= name[strcspn(name, " \t")] != '\0';
    if (strcasecmp(name, "content-length") == 0) {
        uint64_t length = strtoull(value, NULL, 10);
        walk->is_strange |= walk->has_length && walk->length != length;
        walk->has_length = true;
        walk->length = length;
    } else if (strcasecmp(name, "transfer-encoding") == 0) {
        walk->has_coding = true;
        walk->is_strange |= !is_chunked(value, value_len);
    }
}

static enum MHD_Result add_header(void *arg, enum MHD_ValueKind kind,
                                  const char *name, size_t name_len,
                                  const char *value, size_t value_len)
{
    (void)kind;
    struct head_walk *walk = arg;
    struct mf_exchange *x = &walk->request->x;
    if (!value) {
        value = "";
        value_len = 0;
    }
    /* libmicrohttpd leaves the white space behind a value. */
    while (value_len &&
           (value[value_len - 1] == ' ' || value[value_len - 1] == '\t'))
        value_len--;
    walk->rc = mf_head__add(&x->head, name, name_len, value, value_len);
    if (walk->rc)
        return MHD_NO;
    if (strcasecmp(name, "host") == 0) {
        walk->hosts++;
        free(x->authority);
        x->authority = strndup(value, value_len);
    }
    note_framing(walk, name, value, value_len);
    return MHD_YES;
}

/* "http://host/path" as a proxy would be sent it: keep the path. */
static void strip_absolute_form(char *path)
{
    if (strncasecmp(path, "http://", 7) != 0)
        return;
    const char *start = strchr(path + 7, '/');
    if (start)
        memmove(path, start, strlen(start) + 1);
    else
        memcpy(path, "/", 2);
}

/* Answer without an exchange, and close. */
static enum MHD_Result refuse(struct MHD_Connection *connection,
                              unsigned status, const char *text)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "content-type",
                            "text/plain; charset=utf-8");
    MHD_add_response_header(response, "connection", "close");
    enum MHD_Result rc = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return rc;
}

static bool is_head_too_long(const struct mf_h1_request *request)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info &&
           info->header_size > request->conn->conn.server->opts.max_head_len;
}

/* A status, and why, if it is not a request that can be served. */
static unsigned read_head(struct mf_h1_request *request, const char *method,
                          const char **ret_trouble)
{
    struct mf_exchange *x = &request->x;
    struct head_walk walk = {.request = request};
    if (is_head_too_long(request)) {
        *ret_trouble = "The request's head is too long.\n";
        return 431;
    }
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND,
                                add_header, &walk);
    x->method = strdup(method);
    if (walk.rc == MF_ENOMEM || mf_head__seal(&x->head) || !x->method ||
        !x->path) {
        *ret_trouble = "Out of memory.\n";
        return 503;
    }
    /* RFC 9112, section 6.3: the stuff of request smuggling. */
    if (walk.rc || (walk.has_length && walk.has_coding) || walk.is_strange) {
        *ret_trouble = "The request's head can be read in two ways.\n";
        return 400;
    }
    if (walk.hosts != 1) {
        free(x->authority);
        x->authority = NULL;
    }
    strip_absolute_form(x->path);
    return 0;
}

/* ---- Answering ---- */

static ssize_t read_answer(void *arg, uint64_t position, char *to, size_t cap)
{
    (void)position;
    struct mf_h1_request *request = arg;
    struct mf_exchange *x = &request->x;
    if (x->is_reset) {
        /* Once more, for the clean-up: see break_off(). */
        struct mf_h1 *h1 = request->conn->h1;
        mf_loop__defer(x->loop, &h1->run);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    size_t len = mf_exchange__pull(x, to, cap);
    if (x->is_finished && x->out.len == 0)
        request->is_all_sent = true;
    if (len > 0)
        return (ssize_t)len;
    if (x->is_finished)
        return MHD_CONTENT_READER_END_OF_STREAM;
    mf_h1__suspend(request);
    return 0;
}

static uint64_t answer_len(const struct mf_exchange *x)
{
    if (!x->is_finished)
        return MHD_SIZE_UNKNOWN;
    if (strcmp(x->method, "HEAD") != 0)
        return x->out.len;
    for (size_t i = 0; i < x->answer.count; i++)
        if (strcmp(x->answer.fields[i].name, "content-length") == 0)
            return strtoull(x->answer.fields[i].value, NULL, 10);
    return x->out.len;
}

/* A short answer that is all there goes out in one piece with its head: a
 * client that has just run out of time gets both or neither. */
static struct MHD_Response *make_short(struct mf_exchange *x)
{
    size_t len = x->out.len;
    char *body = malloc(len);
    if (!body)
        return NULL;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
    if (response)
        mf_exchange__pull(x, body, len);
    else
        free(body);
    return response;
}

static enum MHD_Result queue_answer(struct mf_h1_request *request,
                                    struct MHD_Connection *connection)
{
    struct mf_exchange *x = &request->x;
    uint64_t len = answer_len(x);
    struct MHD_Response *response = NULL;
    bool is_short =
        x->is_finished && len > 0 && len == x->out.len && len <= RESPONSE_BLOCK;
    if (is_short)
        response = make_short(x);
    if (!response) {
        is_short = false;
        response = MHD_create_response_from_callback(
            len, RESPONSE_BLOCK, read_answer, request, NULL);
    }
    if (!response)
        return MHD_NO;
    for (size_t i = 0; i < x->answer.count; i++) {
        const struct mf_header *h = &x->answer.fields[i];
        if (strcmp(h->name, "content-length") != 0)
            MHD_add_response_header(response, h->name, h->value);
    }
    if (request->conn->conn.server->is_stopping)
        MHD_add_response_header(response, "Connection", "close");
    /* None has a body to be read out. */
    request->is_all_sent = is_short || len == 0 ||
                           strcmp(x->method, "HEAD") == 0 || x->status == 204 ||
                           x->status == 304;
    request->is_queued = true;
    mf_exchange__begin_sending(x);
    enum MHD_Result rc =
        MHD_queue_response(connection, (unsigned)x->status, response);
    MHD_destroy_response(response);
    return rc;
}

/* ---- What libmicrohttpd calls ---- */

static enum MHD_Result discard(struct mf_h1_request *request, size_t *len)
{
    request->discarded += *len;
    *len = 0;
    if (request->discarded > MF_EXCHANGE_DISCARD_MAX || request->x.is_reset)
        return MHD_NO;
    return MHD_YES;
}

static enum MHD_Result take_body(struct mf_h1_request *request,
                                 const char *data, size_t *len)
{
    struct mf_exchange *x = &request->x;
    if (x->is_finished)
        return discard(request, len);
    if (!x->is_paused) {
        mf_exchange__data(x, (const uint8_t *)data, *len);
        *len = 0;
    }
    if (x->is_reset)
        return MHD_NO;
    /* A finished one goes on, to throw the rest away. */
    if (x->is_paused && !x->is_finished) {
        mf_h1__suspend(request);
        mf_h1__watch(request->conn);
    }
    return MHD_YES;
}

static enum MHD_Result handle_whole(struct mf_h1_request *request,
                                    struct MHD_Connection *connection)
{
    struct mf_exchange *x = &request->x;
    if (!x->is_ended && !x->is_finished) {
        if (x->is_paused) {
            mf_h1__suspend(request);
            return MHD_YES;
        }
        mf_exchange__end(x);
    }
    request->is_whole = true;
    mf_h1__watch(request->conn);
    if (x->is_reset)
        return MHD_NO;
    if (x->is_responded)
        return queue_answer(request, connection);
    mf_h1__suspend(request);
    return MHD_YES;
}

static enum MHD_Result handle_request(void *user,
                                      struct MHD_Connection *connection,
                                      const char *url, const char *method,
                                      const char *version, const char *data,
                                      size_t *len, void **state)
{
    (void)user;
    (void)url;
    (void)version;
    struct mf_h1_request *request = *state;
    if (!request)
        return MHD_NO;
    if (!request->connection) {
        request->connection = connection;
        struct mf_server *server = request->conn->conn.server;
        const char *trouble = NULL;
        unsigned status = read_head(request, method, &trouble);
        if (trouble) {
            request->connection = NULL; /* there is no exchange */
            return refuse(connection, status, trouble);
        }
        mf_h1__watch(request->conn);
        server->opts.on_request(server->opts.user, &request->x);
        assert(request->x.events);
        return request->x.is_reset ? MHD_NO : MHD_YES;
    }
    if (request->x.is_reset)
        return MHD_NO;
    if (*len > 0)
        return take_body(request, data, len);
    return handle_whole(request, connection);
}

static void end_request(void *user, struct MHD_Connection *connection,
                        void **state, enum MHD_RequestTerminationCode code)
{
    (void)user;
    (void)connection;
    struct mf_h1_request *request = *state;
    if (!request)
        return;
    *state = NULL;
    struct mf_h1_conn *conn = request->conn;
    conn->request = NULL;
    mf_h1__request_close(request, code == MHD_REQUEST_TERMINATED_COMPLETED_OK &&
                                      request->is_all_sent);
    mf_h1__watch(conn);
}

static void on_connection(void *user, struct MHD_Connection *connection,
                          void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct mf_h1 *h1 = user;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = h1->starting;
        h1->starting = NULL;
    } else if (*context) {
        mf_h1__conn_closed(*context);
        *context = NULL;
    }
    (void)connection;
}

/* ---- Life ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct mf_h1 *h1 = handle->data;
    if (--h1->handles == 0)
        free(h1);
}

static struct mf_h1 *new_h1(struct mf_server *server)
{
    struct mf_h1 *h1 = calloc(1, sizeof *h1);
    if (!h1)
        return NULL;
    h1->server = server;
    h1->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0,
        NULL, NULL, handle_request, h1, MHD_OPTION_NOTIFY_COMPLETED,
        end_request, h1, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h1,
        MHD_OPTION_URI_LOG_CALLBACK, begin_request, h1,
        MHD_OPTION_CONNECTION_LIMIT,
        server->opts.max_connections + SPARE_CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        2 * server->opts.max_head_len + POOL_EXTRA,
        MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_END);
    if (!h1->daemon) {
        free(h1);
        return NULL;
    }
    uv_loop_t *uv = mf_loop__uv(server->opts.loop);
    int fd =
        MHD_get_daemon_info(h1->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    if (uv_poll_init(uv, &h1->poll, fd)) {
        MHD_stop_daemon(h1->daemon);
        free(h1);
        return NULL;
    }
    uv_timer_init(uv, &h1->timer);
    h1->poll.data = h1->timer.data = h1;
    mf_deferred__init(&h1->run, run_daemon, h1);
    uv_poll_start(&h1->poll, UV_READABLE, on_epoll);
    return h1;
}

void mf_h1__free(struct mf_h1 *h1)
{
    if (!h1)
        return;
    mf_loop__undefer(h1->server->opts.loop, &h1->run);
    h1->handles = 2;
    uv_close((uv_handle_t *)&h1->poll, on_handle_closed);
    uv_close((uv_handle_t *)&h1->timer, on_handle_closed);
    MHD_stop_daemon(h1->daemon);
}

void mf_h1__start(struct mf_server *server, int fd, struct mf_origin *origin)
{
    if (!server->h1)
        server->h1 = new_h1(server);
    struct mf_h1 *h1 = server->h1;
    struct mf_h1_conn *conn = h1 ? mf_h1__conn_new(h1, fd, origin) : NULL;
    if (!conn) {
        close(fd);
        mf_origin__release(origin);
        return;
    }
    struct sockaddr_storage addr = {.ss_family = AF_UNIX};
    socklen_t len = sizeof addr;
    getpeername(fd, (struct sockaddr *)&addr, &len);
    /* It takes the descriptor, whatever it answers. */
    h1->starting = conn;
    enum MHD_Result rc = MHD_add_connection(
        h1->daemon, fd, (struct sockaddr *)&addr, sizeof addr);
    if (rc != MHD_YES && h1->starting)
        mf_h1__conn_closed(conn);
    h1->starting = NULL;
    /* Its first bytes are there already. */
    uv_timer_start(&h1->timer, on_timeout, 0, 0);
}
