#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    READ_LEN = 256 * 1024,
    PAYLOAD_CAP = 64 * 1024,
    TEXT_CAP = 1024,
    FLAG_END_STREAM = 1,
    FLAG_END_HEADERS = 4,
    FLAG_ACK = 1,
};

void fail(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static void *must(void *memory)
{
    if (!memory)
        fail("out of memory");
    return memory;
}

/* ---- Frames out ---- */

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void put_head(uint8_t *at, size_t len, uint8_t type, uint8_t flags,
                     size_t id)
{
    put32(at, (uint32_t)len << 8 | type);
    at[4] = flags;
    put32(at + 5, (uint32_t)id);
}

static void queue(struct client *client, const void *data, size_t len)
{
    if (client->control_len + len > client->control_cap) {
        client->control_cap = 2 * (client->control_len + len);
        client->control = must(realloc(client->control, client->control_cap));
    }
    memcpy(client->control + client->control_len, data, len);
    client->control_len += len;
}

static void queue_frame(struct client *client, uint8_t type, uint8_t flags,
                        size_t id, const void *payload, size_t len)
{
    uint8_t head[FRAME_HEAD_LEN];
    put_head(head, len, type, flags, id);
    queue(client, head, sizeof head);
    queue(client, payload, len);
}

static void queue_update(struct client *client, size_t id, uint64_t len)
{
    uint8_t payload[4];
    put32(payload, (uint32_t)len);
    queue_frame(client, NGHTTP2_WINDOW_UPDATE, 0, id, payload, sizeof payload);
}

/* A field that enters no table (RFC 7541, section 6.2.2); short texts. */
static size_t put_field(uint8_t *at, const char *name, const char *value)
{
    size_t name_len = strlen(name), value_len = strlen(value);
    if (name_len > 126 || value_len > 126)
        fail("a field is too long");
    at[0] = 0;
    at[1] = (uint8_t)name_len;
    memcpy(at + 2, name, name_len);
    at[2 + name_len] = (uint8_t)value_len;
    memcpy(at + 3 + name_len, value, value_len);
    return 3 + name_len + value_len;
}

static void request_h1(struct client *client, const char *method,
                       const char *path, const char *type, const char *encoding,
                       bool has_body)
{
    char text[TEXT_CAP];
    int len =
        snprintf(text, sizeof text,
                 "%s %s HTTP/1.1\r\nhost: localhost\r\n%s%s%s%s%s%s%s\r\n",
                 method, path, type ? "content-type: " : "", type ? type : "",
                 type ? "\r\n" : "", encoding ? "grpc-encoding: " : "",
                 encoding ? encoding : "", encoding ? "\r\n" : "",
                 has_body ? "transfer-encoding: chunked\r\n" : "");
    queue(client, text, (size_t)len);
}

void client_request(struct client *client, const char *method, const char *path,
                    const char *type, const char *encoding, bool has_body)
{
    size_t index = client->stream_count++;
    client->streams = must(realloc(
        client->streams, client->stream_count * sizeof *client->streams));
    client->streams[index] = (struct stream){.window = client->initial_window,
                                             .is_all_sent = !has_body,
                                             .grpc_status = -1};
    if (client->is_http1) {
        client->tail_len = 0;
        request_h1(client, method, path, type, encoding, has_body);
        return;
    }
    uint8_t block[TEXT_CAP];
    size_t len = put_field(block, ":method", method);
    len += put_field(block + len, ":scheme", "http");
    len += put_field(block + len, ":path", path);
    len += put_field(block + len, ":authority", "localhost");
    if (type)
        len += put_field(block + len, "content-type", type);
    if (type)
        len += put_field(block + len, "te", "trailers");
    if (encoding)
        len += put_field(block + len, "grpc-encoding", encoding);
    if (client->session)
        len += put_field(block + len, "mitmflow-session", client->session);
    uint8_t flags = FLAG_END_HEADERS | (has_body ? 0 : FLAG_END_STREAM);
    queue_frame(client, NGHTTP2_HEADERS, flags, 2 * index + 1, block, len);
}

static void add_part(struct client *client, const void *data, size_t len)
{
    if (!len)
        return;
    client->parts[client->part_count++] = (struct part){data, len};
    client->batch_len += len;
}

static size_t body_h1(struct client *client, struct stream *stream,
                      const uint8_t *data, size_t len, bool is_last)
{
    char *head = (char *)client->heads[client->head_count++];
    if (len) {
        int n = snprintf(head, sizeof client->heads[0], "%zx\r\n", len);
        add_part(client, head, (size_t)n);
        add_part(client, data, len);
        add_part(client, "\r\n", 2);
    }
    if (is_last)
        add_part(client, "0\r\n\r\n", 5);
    stream->is_all_sent = is_last;
    return len;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

size_t client_body(struct client *client, size_t index, const uint8_t *data,
                   size_t max, bool is_last)
{
    struct stream *stream = &client->streams[index];
    if (client->part_count + 5 > BATCH_PARTS ||
        client->batch_len >= BATCH_MAX_LEN || stream->is_all_sent)
        return 0;
    size_t len = max;
    if (!client->is_http1) {
        int64_t room = least(client->window, stream->window);
        if (room <= 0 && max > 0)
            return 0;
        len = (size_t)least(least(room, (int64_t)max),
                            (int64_t)client->frame_max);
    }
    is_last = is_last && len == max;
    stream->sent += len;
    if (client->is_http1)
        return body_h1(client, stream, data, len, is_last);
    uint8_t *head = client->heads[client->head_count++];
    put_head(head, len, NGHTTP2_DATA, is_last ? FLAG_END_STREAM : 0,
             2 * index + 1);
    add_part(client, head, FRAME_HEAD_LEN);
    add_part(client, data, len);
    client->window -= (int64_t)len;
    stream->window -= (int64_t)len;
    stream->is_all_sent = is_last;
    return len;
}

/* ---- Writing ---- */

bool client_is_ready(const struct client *client)
{
    return client->part_at == client->part_count &&
           client->staged_at == client->staged_len;
}

static void forget_batch(struct client *client)
{
    client->part_at = client->part_count = 0;
    client->head_count = 0;
    client->batch_len = 0;
}

/* Small frames go behind the batch that is under way, in one of their own. */
static void begin_control(struct client *client)
{
    if (!client->control_len || !client_is_ready(client))
        return;
    free(client->sending);
    client->sending = client->control;
    client->control = NULL;
    add_part(client, client->sending, client->control_len);
    client->control_len = client->control_cap = 0;
}

static bool write_tls(struct client *client)
{
    if (client->staged_at == client->staged_len) {
        client->staged = must(realloc(client->staged, client->batch_len + 1));
        client->staged_at = client->staged_len = 0;
        for (size_t i = 0; i < client->part_count; i++) {
            memcpy(client->staged + client->staged_len, client->parts[i].data,
                   client->parts[i].len);
            client->staged_len += client->parts[i].len;
        }
        forget_batch(client);
    }
    while (client->staged_at < client->staged_len) {
        int n = SSL_write(client->ssl, client->staged + client->staged_at,
                          (int)(client->staged_len - client->staged_at));
        if (n <= 0 && SSL_get_error(client->ssl, n) == SSL_ERROR_WANT_WRITE)
            return false;
        if (n <= 0)
            fail("the server closed the connection (TLS)");
        client->staged_at += (size_t)n;
    }
    return true;
}

static bool write_clear(struct client *client)
{
    while (client->part_at < client->part_count) {
        struct part *at = &client->parts[client->part_at];
        struct iovec iov[BATCH_PARTS];
        size_t count = client->part_count - client->part_at;
        for (size_t i = 0; i < count; i++)
            iov[i] = (struct iovec){(void *)(uintptr_t)at[i].data, at[i].len};
        ssize_t n = writev(client->fd, iov, (int)count);
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n < 0)
            fail("the server closed the connection");
        size_t left = (size_t)n;
        while (left && left >= client->parts[client->part_at].len)
            left -= client->parts[client->part_at++].len;
        if (left) {
            at = &client->parts[client->part_at];
            at->data = (const uint8_t *)at->data + left;
            at->len -= left;
        }
    }
    forget_batch(client);
    return true;
}

bool client_write(struct client *client)
{
    bool is_done = client->ssl ? write_tls(client) : write_clear(client);
    if (is_done && client->control_len) {
        begin_control(client);
        is_done = client->ssl ? write_tls(client) : write_clear(client);
    }
    return is_done;
}

/* ---- Frames in ---- */

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
}

static struct stream *stream_of(struct client *client, uint32_t id)
{
    size_t index = id / 2;
    return id % 2 && index < client->stream_count ? &client->streams[index]
                                                  : NULL;
}

static void end_stream(struct client *client, struct stream *stream)
{
    if (stream->is_over)
        return;
    stream->is_over = true;
    stream->is_ok = stream->status == 200 && stream->grpc_status <= 0;
    client->over_count++;
}

static void take_settings(struct client *client, const uint8_t *payload,
                          size_t len)
{
    for (; len >= 6; payload += 6, len -= 6) {
        unsigned id = (unsigned)payload[0] << 8 | payload[1];
        uint32_t value = get32(payload + 2);
        if (id == NGHTTP2_SETTINGS_MAX_FRAME_SIZE)
            client->frame_max = value;
        if (id != NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)
            continue;
        for (size_t i = 0; i < client->stream_count; i++)
            client->streams[i].window += value - client->initial_window;
        client->initial_window = value;
    }
    client->has_settings = true;
    queue_frame(client, NGHTTP2_SETTINGS, FLAG_ACK, 0, "", 0);
}

static void take_headers(struct client *client, struct stream *stream,
                         uint8_t *payload, size_t len)
{
    int flags = 0;
    while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
        nghttp2_nv field;
        ssize_t n = nghttp2_hd_inflate_hd2(client->inflater, &field, &flags,
                                           payload, len, 1);
        if (n < 0)
            fail("the server's headers are garbled");
        payload += n;
        len -= (size_t)n;
        if (!(flags & NGHTTP2_HD_INFLATE_EMIT) || !stream)
            continue;
        if (strcmp((char *)field.name, ":status") == 0)
            stream->status = atoi((char *)field.value);
        if (strcmp((char *)field.name, "grpc-status") == 0)
            stream->grpc_status = atoi((char *)field.value);
    }
    nghttp2_hd_inflate_end_headers(client->inflater);
}

static void take_frame(struct client *client)
{
    const uint8_t *head = client->frame_head;
    uint8_t type = head[3], flags = head[4];
    uint32_t id = get32(head + 5);
    struct stream *stream = stream_of(client, id);
    uint8_t *payload = client->payload;
    if (type == NGHTTP2_SETTINGS && !(flags & FLAG_ACK))
        take_settings(client, payload, client->payload_len);
    if (type == NGHTTP2_WINDOW_UPDATE && id == 0)
        client->window += get32(payload);
    if (type == NGHTTP2_WINDOW_UPDATE && stream)
        stream->window += get32(payload);
    if (type == NGHTTP2_PING && !(flags & FLAG_ACK))
        queue_frame(client, NGHTTP2_PING, FLAG_ACK, 0, payload, 8);
    if (type == NGHTTP2_GOAWAY)
        fail("the server sent GOAWAY");
    if (type == NGHTTP2_HEADERS)
        take_headers(client, stream, payload, client->payload_len);
    if (type == NGHTTP2_RST_STREAM && stream && !stream->is_over)
        fail("the server reset a stream");
    if ((type == NGHTTP2_HEADERS || type == NGHTTP2_DATA) && stream &&
        (flags & FLAG_END_STREAM))
        end_stream(client, stream);
    client->frame_head_len = 0;
    client->payload_len = 0;
}

static void take_data(struct client *client, const uint8_t *data, size_t len)
{
    uint32_t id = get32(client->frame_head + 5);
    struct stream *stream = stream_of(client, id);
    client->owed += len;
    if (client->owed > RECEIVE_WINDOW / 8) {
        queue_update(client, 0, client->owed);
        client->owed = 0;
    }
    if (!stream)
        return;
    stream->received += len;
    stream->owed += len;
    if (stream->owed > RECEIVE_WINDOW / 8) {
        queue_update(client, id, stream->owed);
        stream->owed = 0;
    }
    if (client->on_data)
        client->on_data(client, id / 2, data, len);
}

static void take_h2(struct client *client, const uint8_t *data, size_t len)
{
    while (len) {
        size_t n = FRAME_HEAD_LEN - client->frame_head_len;
        n = n < len ? n : len;
        memcpy(client->frame_head + client->frame_head_len, data, n);
        client->frame_head_len += n;
        data += n;
        len -= n;
        if (client->frame_head_len < FRAME_HEAD_LEN)
            return;
        if (n)
            client->payload_left = get32(client->frame_head) >> 8;
        n = client->payload_left < len ? client->payload_left : len;
        if (client->frame_head[3] == NGHTTP2_DATA) {
            take_data(client, data, n);
        } else {
            if (client->payload_len + n > PAYLOAD_CAP)
                fail("the server sent a long frame");
            memcpy(client->payload + client->payload_len, data, n);
            client->payload_len += n;
        }
        client->payload_left -= n;
        data += n;
        len -= n;
        if (client->payload_left == 0)
            take_frame(client);
    }
}

/* Only the last bytes of an answer are looked at. */
static void take_h1(struct client *client, const uint8_t *data, size_t len)
{
    struct stream *stream = &client->streams[client->stream_count - 1];
    const size_t cap = sizeof client->tail - 1;
    stream->received += len;
    size_t keep = len < cap ? len : cap;
    if (client->tail_len + keep > cap) {
        size_t drop = client->tail_len + keep - cap;
        memmove(client->tail, client->tail + drop, client->tail_len - drop);
        client->tail_len -= drop;
    }
    memcpy(client->tail + client->tail_len, data + len - keep, keep);
    client->tail_len += keep;
    client->tail[client->tail_len] = '\0';
    /* gRPC-Web's trailers are the last of a body, whatever frames that. */
    const char *end =
        memmem(client->tail, client->tail_len, "grpc-status: ", 13);
    if (!end || !strchr(end, '\n'))
        return;
    stream->status = 200;
    stream->grpc_status = atoi(end + 13);
    end_stream(client, stream);
}

void client_read(struct client *client)
{
    static uint8_t buffer[READ_LEN];
    for (;;) {
        ssize_t n;
        if (client->ssl) {
            n = SSL_read(client->ssl, buffer, sizeof buffer);
            if (n <= 0 &&
                SSL_get_error(client->ssl, (int)n) == SSL_ERROR_WANT_READ)
                return;
        } else {
            n = recv(client->fd, buffer, sizeof buffer, 0);
            if (n < 0 && errno == EAGAIN)
                return;
        }
        if (n <= 0)
            fail("the server closed the connection");
        if (client->is_http1)
            take_h1(client, buffer, (size_t)n);
        else
            take_h2(client, buffer, (size_t)n);
        if (!client->ssl && (size_t)n < sizeof buffer)
            return;
    }
}

/* ---- Life ---- */

static void begin_h2(struct client *client)
{
    uint8_t window[6] = {0, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE};
    put32(window + 2, RECEIVE_WINDOW);
    queue(client, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    queue_frame(client, NGHTTP2_SETTINGS, 0, 0, window, sizeof window);
    queue_update(client, 0, RECEIVE_WINDOW - NGHTTP2_INITIAL_WINDOW_SIZE);
    client->window = client->initial_window = NGHTTP2_INITIAL_WINDOW_SIZE;
    client->frame_max = 16384;
    client->payload = must(malloc(PAYLOAD_CAP));
    if (nghttp2_hd_inflate_new(&client->inflater))
        fail("out of memory");
}

static void begin_tls(struct client *client, SSL_CTX *tls)
{
    static const unsigned char h2[] = "\x02h2", h1[] = "\x08http/1.1";
    client->ssl = must(SSL_new(tls));
    SSL_set_fd(client->ssl, client->fd);
    if (client->is_http1)
        SSL_set_alpn_protos(client->ssl, h1, sizeof h1 - 1);
    else
        SSL_set_alpn_protos(client->ssl, h2, sizeof h2 - 1);
    if (SSL_connect(client->ssl) != 1)
        fail("no TLS");
}

struct client *client_new(unsigned port, SSL_CTX *tls, bool is_http1)
{
    struct client *client = must(calloc(1, sizeof *client));
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    client->is_http1 = is_http1;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 ||
        connect(client->fd, (struct sockaddr *)&addr, sizeof addr))
        fail("cannot connect");
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (tls)
        begin_tls(client, tls);
    fcntl(client->fd, F_SETFL, O_NONBLOCK);
    if (!is_http1)
        begin_h2(client);
    return client;
}

void client_free(struct client *client)
{
    SSL_free(client->ssl);
    close(client->fd);
    if (client->inflater)
        nghttp2_hd_inflate_del(client->inflater);
    free(client->streams);
    free(client->control);
    free(client->staged);
    free(client->sending);
    free(client->payload);
    free(client);
}
