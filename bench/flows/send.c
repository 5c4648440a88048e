/*
 * Sends made-up flows by ExportFlow over gRPC, a connection for each stream,
 * and checks that all are acknowledged.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "../net/client.h"
#include "flows.h"
#include "message.h"
#include "pb/wire.h"
#include "ring.h"

#define EXPORT_PATH "/mitmproxy.v1.Service/ExportFlow"

enum {
    BUFFER_LEN = 512 * 1024,
    CALL_MESSAGES = 2048, /* then it is half-closed */
    CALLS_MAX = 8,        /* that wait for their answer */
    ABREAST = 16,         /* flows whose snapshots are mixed */
    STREAMS_MAX = 64,
    ANSWER_CAP = 64,
    CALLS_PER_S = 4, /* when the rate is given */
    PROCESSED_FIELD = 3,
    REJECTED_FIELD = 100,
};

struct reply {
    uint8_t data[ANSWER_CAP];
    size_t len;
};

struct source {
    struct client *client;
    uint64_t first, flows; /* its part of all */
    uint64_t sent;         /* messages laid into the buffer */
    uint64_t total;        /* messages there will be */
    uint64_t answered;     /* calls */
    size_t call_messages;  /* of the open call */
    bool has_call;
    uint8_t *buffer;
    size_t at, len;
    struct reply replies[CALLS_MAX]; /* to the oldest calls */
    uint64_t processed;
};

static struct {
    const struct send_opts *opts;
    struct ring *ring;
    uint64_t call_max;
    int64_t start_ns, real_ns;
    uint64_t bytes;
} load;

/* ---- answers ---- */

static void on_answer(struct client *client, size_t stream, const uint8_t *data,
                      size_t len)
{
    struct source *source = client->user;
    struct reply *reply = &source->replies[stream % CALLS_MAX];
    if (!load.opts->checks)
        return;
    if (reply->len + len > ANSWER_CAP)
        fail("an answer is long");
    memcpy(reply->data + reply->len, data, len);
    reply->len += len;
}

static void take_reply(struct source *source, struct reply *reply)
{
    if (reply->len < PREFIX_LEN)
        return;
    struct mf_cursor cursor =
        mf_cursor_make(reply->data + PREFIX_LEN, reply->len - PREFIX_LEN);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == PROCESSED_FIELD)
            source->processed += field.value;
        if (field.number == REJECTED_FIELD && field.value)
            fail("flows were rejected");
    }
    reply->len = 0;
}

static void settle(struct source *source)
{
    struct client *client = source->client;
    while (source->answered < client->stream_count &&
           client->streams[source->answered].is_over) {
        if (!client->streams[source->answered].is_ok)
            fail("a call failed");
        take_reply(source, &source->replies[source->answered % CALLS_MAX]);
        source->answered++;
    }
}

/* ---- messages ---- */

/* Which flow and snapshot the next message is. */
static uint64_t flow_of(const struct source *source, int *ret_stage)
{
    unsigned snapshots = (unsigned)load.opts->snapshots;
    uint64_t block = source->sent / (ABREAST * snapshots) * ABREAST;
    uint64_t in_block = source->sent % (ABREAST * snapshots);
    uint64_t width = source->flows - block;
    if (width > ABREAST)
        width = ABREAST;
    *ret_stage = (int)(in_block / width);
    return source->first + block + in_block % width;
}

static int64_t began_ns(uint64_t n)
{
    if (!load.opts->span_s)
        return load.real_ns + clock_ns() - load.start_ns;
    double share = (double)(n - load.opts->first) / (double)load.opts->flows;
    return load.real_ns -
           (int64_t)((1 - share) * (double)load.opts->span_s * 1e9);
}

static uint64_t due(const struct source *source)
{
    if (!load.opts->rate)
        return source->total;
    double seconds = (double)(clock_ns() - load.start_ns) / 1e9;
    uint64_t count =
        (uint64_t)(seconds * load.opts->rate / (double)load.opts->streams) + 1;
    return count < source->total ? count : source->total;
}

static void refill(struct source *source)
{
    uint64_t until = due(source);
    size_t max = ring_max_len(load.ring);
    source->at = source->len = 0;
    while (source->sent < until && source->len + max <= BUFFER_LEN &&
           source->call_messages < load.call_max) {
        int stage;
        uint64_t n = flow_of(source, &stage);
        source->len += ring_put(load.ring, n, stage, began_ns(n),
                                source->buffer + source->len);
        source->sent++;
        source->call_messages++;
    }
    load.bytes += source->len;
}

static void begin_call(struct source *source)
{
    struct client *client = source->client;
    if (source->has_call || source->sent == source->total ||
        client->stream_count - source->answered >= CALLS_MAX)
        return;
    client_request(client, "POST", load.opts->path, "application/grpc", NULL,
                   true);
    source->has_call = true;
    source->call_messages = 0;
    client_write(client);
}

/* True if the socket has to take something first. */
static bool step(struct source *source)
{
    struct client *client = source->client;
    if (!client_write(client))
        return true;
    begin_call(source);
    while (source->has_call && client_is_ready(client)) {
        if (source->at == source->len)
            refill(source);
        bool is_last = source->call_messages >= load.call_max ||
                       source->sent == source->total;
        if (source->at == source->len && !is_last)
            return false;
        size_t index = client->stream_count - 1;
        size_t n;
        do {
            n = client_body(client, index, source->buffer + source->at,
                            source->len - source->at, is_last);
            source->at += n;
        } while (n && source->at < source->len);
        if (client->streams[index].is_all_sent)
            source->has_call = false;
        bool is_written = client_write(client);
        if (!is_written)
            return true;
        if (source->at < source->len)
            return false; /* the window is shut */
        begin_call(source);
    }
    return !client_is_ready(client);
}

/* ---- the whole ---- */

static void open_source(struct source *source, size_t index)
{
    const struct send_opts *opts = load.opts;
    uint64_t each = opts->flows / opts->streams;
    char *session = malloc(32);
    source->buffer = malloc(BUFFER_LEN);
    if (!session || !source->buffer)
        fail("out of memory");
    snprintf(session, 32, "bench-%zu-%zu", (size_t)opts->first, index);
    source->first = opts->first + index * each;
    source->flows =
        index + 1 < opts->streams ? each : opts->flows - index * each;
    source->total = source->flows * (uint64_t)opts->snapshots;
    source->client = client_new(opts->port, NULL, false);
    source->client->session = session;
    source->client->on_data = on_answer;
    source->client->user = source;
    struct pollfd fd = {.fd = source->client->fd, .events = POLLIN};
    while (!source->client->has_settings) {
        client_write(source->client);
        poll(&fd, 1, -1);
        client_read(source->client);
    }
}

static bool is_done(const struct source *source)
{
    return source->sent == source->total && !source->has_call &&
           source->answered == source->client->stream_count;
}

static void run(struct source *sources, size_t count)
{
    struct pollfd fds[STREAMS_MAX];
    for (;;) {
        size_t done = 0;
        for (size_t i = 0; i < count; i++) {
            bool wants = step(&sources[i]);
            done += is_done(&sources[i]);
            fds[i] = (struct pollfd){.fd = sources[i].client->fd,
                                     .events = POLLIN | (wants ? POLLOUT : 0)};
        }
        if (done == count)
            return;
        struct timespec wait = {.tv_nsec = 1000000000};
        if (load.opts->rate)
            wait.tv_nsec =
                (long)(1e9 * (double)count / load.opts->rate / 2) % 1000000000;
        wait.tv_sec = wait.tv_nsec == 1000000000;
        wait.tv_nsec %= 1000000000;
        ppoll(fds, count, &wait, NULL);
        for (size_t i = 0; i < count; i++) {
            if (fds[i].revents & (POLLIN | POLLERR | POLLHUP))
                client_read(sources[i].client);
            settle(&sources[i]);
        }
    }
}

static double own_cpu(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void send_flows(const struct send_opts *opts)
{
    static struct source sources[STREAMS_MAX];
    struct timespec real;
    if (!opts->streams || opts->streams > STREAMS_MAX)
        fail("too many streams");
    load.opts = opts;
    load.ring =
        ring_new(opts->seed, opts->templates, opts->snapshots, opts->is_whole);
    load.call_max = CALL_MESSAGES;
    if (opts->rate && opts->rate < CALL_MESSAGES * CALLS_PER_S)
        load.call_max = (uint64_t)(opts->rate / CALLS_PER_S) + 1;
    for (size_t i = 0; i < opts->streams; i++)
        open_source(&sources[i], i);
    clock_gettime(CLOCK_REALTIME, &real);
    load.real_ns = (int64_t)real.tv_sec * 1000000000 + real.tv_nsec;
    double cpu = own_cpu();
    load.start_ns = clock_ns();
    run(sources, opts->streams);
    double seconds = (double)(clock_ns() - load.start_ns) / 1e9;
    uint64_t processed = 0, messages = 0;
    for (size_t i = 0; i < opts->streams; i++) {
        processed += sources[i].processed;
        messages += sources[i].sent;
        client_free(sources[i].client);
        free(sources[i].buffer);
    }
    if (opts->checks && processed != messages)
        fail("not all were acknowledged");
    printf("{\"flows\": %llu, \"messages\": %llu, \"bytes\": %llu, "
           "\"seconds\": %.4f, \"cpu\": %.4f}\n",
           (unsigned long long)opts->flows, (unsigned long long)messages,
           (unsigned long long)(load.bytes - PREFIX_LEN * messages), seconds,
           own_cpu() - cpu);
    ring_free(load.ring);
}
