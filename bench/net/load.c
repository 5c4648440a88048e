/*
 * Load for a server of gRPC: streams of messages up, or answers down.
 *
 * usage: bench-load push|pull PORT PATH RING [--streams N] [--connections N]
 *                   [--seconds S] [--type T] [--encoding E] [--http1] [--tls]
 *                   [--frame-of-one]
 *
 * RING is a file of messages with their five-byte prefixes. `push` sends them
 * again and again for S seconds on every stream, in full DATA frames (or one
 * message a frame), and waits for the answers. `pull` sends them once on each
 * and waits.
 *
 * Prints: messages sent, body bytes sent, body bytes received, seconds.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"

enum { PREFIX_LEN = 5, CHUNK_MAX = 64 * 1024, CLIENTS_MAX = 1000 };

static struct {
    bool is_push, is_http1, is_tls, is_frame_of_one;
    unsigned port;
    const char *path, *type, *encoding;
    size_t streams, connections;
    double seconds;
    uint8_t *ring; /* twice, so that any slice of it is in one piece */
    size_t ring_len;
    size_t *starts; /* of messages, and the ring's end */
    size_t message_count;
} load = {
    .streams = 1, .connections = 1, .seconds = 1, .type = "application/grpc"};

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static size_t message_len(const uint8_t *at)
{
    return PREFIX_LEN + ((size_t)at[1] << 24 | (size_t)at[2] << 16 |
                         (size_t)at[3] << 8 | at[4]);
}

static void read_ring(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        fail("cannot read the ring");
    size_t len = (size_t)ftell(file);
    rewind(file);
    load.ring_len = len;
    load.ring = malloc(2 * len);
    load.starts = malloc((len / PREFIX_LEN + 1) * sizeof *load.starts);
    if (!load.ring || !load.starts || fread(load.ring, 1, len, file) != len)
        fail("cannot read the ring");
    fclose(file);
    memcpy(load.ring + len, load.ring, len);
    size_t at = 0;
    for (; at < len; at += message_len(load.ring + at))
        load.starts[load.message_count++] = at;
    if (at != len)
        fail("the ring is cut");
    load.starts[load.message_count] = len;
}

/* Index of the first message that begins at `offset` or behind it. */
static size_t message_at(size_t offset)
{
    size_t low = 0, high = load.message_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (load.starts[middle] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- One batch ---- */

/* The next frame of a stream; false: none fits. */
static bool add_frame(struct client *client, size_t index, bool is_ending)
{
    struct stream *stream = &client->streams[index];
    size_t offset = (size_t)(stream->sent % load.ring_len);
    size_t whole = load.starts[message_at(offset)] - offset;
    size_t max = load.ring_len;
    if (!load.is_push) {
        max = load.ring_len - (size_t)stream->sent;
        is_ending = true;
    } else if (is_ending) {
        max = whole;
    } else if (load.is_frame_of_one) {
        max = whole ? whole : load.starts[message_at(offset) + 1] - offset;
    }
    if (load.is_http1 && max > CHUNK_MAX) {
        max = CHUNK_MAX;
        is_ending = false;
    }
    uint64_t before = stream->sent;
    client_body(client, index, load.ring + offset, max, is_ending);
    return stream->sent > before || stream->is_all_sent;
}

/* True if there was something to send. */
static bool fill(struct client *client, bool is_ending)
{
    size_t failures = 0, added = 0;
    while (failures < client->stream_count) {
        size_t index = client->turn++ % client->stream_count;
        bool is_added = !client->streams[index].is_all_sent &&
                        add_frame(client, index, is_ending);
        added += is_added;
        failures = is_added ? 0 : failures + 1;
    }
    return added > 0;
}

/* ---- Running ---- */

static bool step(struct client *client, double deadline, struct pollfd *fd)
{
    bool is_over = client->over_count == client->stream_count;
    /* What waits, a head perhaps, goes before its body. */
    bool wants_room = !client_write(client);
    if (!wants_room && !is_over) {
        /* More may be sent as soon as this is gone. */
        wants_room = fill(client, now() >= deadline);
        client_write(client);
    }
    *fd = (struct pollfd){.fd = client->fd,
                          .events = POLLIN | (wants_room ? POLLOUT : 0)};
    return is_over;
}

static void run(struct client **clients, double deadline)
{
    static struct pollfd fds[CLIENTS_MAX];
    for (;;) {
        size_t over = 0;
        for (size_t i = 0; i < load.connections; i++) {
            over += step(clients[i], deadline, &fds[i]);
        }
        if (over == load.connections)
            return;
        /* A stream whose window is shut at the deadline must look again. */
        double left = deadline - now();
        int wait_ms = left > 0 ? (int)(left * 1000) + 1 : -1;
        poll(fds, load.connections, wait_ms);
        for (size_t i = 0; i < load.connections; i++)
            if (fds[i].revents & (POLLIN | POLLERR | POLLHUP))
                client_read(clients[i]);
    }
}

static struct client *open_client(SSL_CTX *tls)
{
    struct client *client = client_new(load.port, tls, load.is_http1);
    struct pollfd fd = {.fd = client->fd, .events = POLLIN};
    while (!load.is_http1 && !client->has_settings) {
        client_write(client);
        poll(&fd, 1, -1);
        client_read(client);
    }
    return client;
}

static void measure(void)
{
    struct client *clients[CLIENTS_MAX];
    SSL_CTX *tls = load.is_tls ? SSL_CTX_new(TLS_client_method()) : NULL;
    if (tls)
        SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    for (size_t i = 0; i < load.connections; i++)
        clients[i] = open_client(tls);
    double start = now();
    for (size_t i = 0; i < load.connections; i++)
        for (size_t k = 0; k < load.streams; k++)
            client_request(clients[i], "POST", load.path, load.type,
                           load.encoding, true);
    run(clients, start + (load.is_push ? load.seconds : 0));
    double seconds = now() - start;
    uint64_t messages = 0, sent = 0, received = 0;
    for (size_t i = 0; i < load.connections; i++) {
        for (size_t k = 0; k < load.streams; k++) {
            const struct stream *stream = &clients[i]->streams[k];
            if (!stream->is_ok)
                fail("a call failed");
            sent += stream->sent;
            received += stream->received;
            messages += stream->sent / load.ring_len * load.message_count +
                        message_at((size_t)(stream->sent % load.ring_len));
        }
        client_free(clients[i]);
    }
    SSL_CTX_free(tls);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %.6f\n", messages, sent,
           received, seconds);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        fail("usage: bench-load push|pull PORT PATH RING [OPTION...]");
    load.is_push = strcmp(argv[1], "push") == 0;
    load.port = (unsigned)strtoul(argv[2], NULL, 10);
    load.path = argv[3];
    read_ring(argv[4]);
    for (int i = 5; i < argc; i++) {
        const char *name = argv[i], *value = argv[i + 1] ? argv[i + 1] : "";
        if (strcmp(name, "--http1") == 0)
            load.is_http1 = true;
        else if (strcmp(name, "--tls") == 0)
            load.is_tls = true;
        else if (strcmp(name, "--frame-of-one") == 0)
            load.is_frame_of_one = true;
        else if (strcmp(name, "--streams") == 0 && ++i)
            load.streams = strtoul(value, NULL, 10);
        else if (strcmp(name, "--connections") == 0 && ++i)
            load.connections = strtoul(value, NULL, 10);
        else if (strcmp(name, "--seconds") == 0 && ++i)
            load.seconds = strtod(value, NULL);
        else if (strcmp(name, "--type") == 0 && ++i)
            load.type = value;
        else if (strcmp(name, "--encoding") == 0 && ++i)
            load.encoding = value;
        else
            fail("unknown option");
    }
    if (!load.connections || load.connections > CLIENTS_MAX || !load.streams)
        fail("bad number");
    measure();
    free(load.ring);
    free(load.starts);
    return 0;
}
