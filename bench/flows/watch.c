/*
 * Viewers by WatchFlows over gRPC: how long after it was sent each sees a
 * flow, and whether each sees all flows to their ends.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/client.h"
#include "answer.h"
#include "flows.h"
#include "message.h"
#include "pb/wire.h"
#include "ring.h"

#define WATCH_PATH "/mitmflow.v1.Service/WatchFlows"

enum {
    VIEWERS_MAX = 256,
    DELAYS_MAX = 1 << 24,
    POLL_MS = 100,
    LIMIT_FIELD = 3,
    /* mitmflow.v1.WatchFlowsResponse */
    FLOWS_FIELD = 2,
    CAUGHT_UP_FIELD = 5,
    /* FlowSummary */
    NUMBER_FIELD = 100,
    STATE_FIELD = 103,
    STATE_ENDED = 2,
};

struct viewer {
    struct client *client;
    struct answer answer;
    uint8_t *ended; /* a bit for each flow that is waited for */
    uint64_t ended_count;
    uint64_t told; /* summaries */
    bool has_caught_up;
};

static struct {
    const struct watch_opts *opts;
    struct viewer viewers[VIEWERS_MAX];
    int64_t heard_ns; /* last anything new */
    int64_t first_ns; /* the first flow that is waited for */
    float *delays;    /* ms */
    size_t delay_count;
} watch;

/* ---- what is told ---- */

static void take_delay(const uint8_t *data, size_t len)
{
    static const char mark[] = "clock=";
    const size_t mark_len = sizeof mark - 1;
    const uint8_t *at = memmem(data, len, mark, mark_len);
    if (!at || (size_t)(data + len - at) < mark_len + CLOCK_LEN)
        return;
    int64_t sent_ns = 0;
    for (size_t i = 0; i < CLOCK_LEN; i++)
        sent_ns = sent_ns * 10 + (at[mark_len + i] - '0');
    if (watch.delay_count < DELAYS_MAX)
        watch.delays[watch.delay_count++] =
            (float)((double)(clock_ns() - sent_ns) / 1e6);
}

static void take_summary(struct viewer *viewer, const uint8_t *data, size_t len)
{
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field;
    uint64_t number = 0, state = 0;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == NUMBER_FIELD)
            number = field.value;
        if (field.number == STATE_FIELD)
            state = field.value;
    }
    viewer->told++;
    uint64_t index = number - watch.opts->first;
    if (number < watch.opts->first || index >= watch.opts->flows)
        return;
    watch.heard_ns = clock_ns();
    if (!watch.first_ns)
        watch.first_ns = watch.heard_ns;
    if (viewer->has_caught_up)
        take_delay(data, len);
    uint8_t bit = (uint8_t)(1 << index % 8);
    if (state != STATE_ENDED || viewer->ended[index / 8] & bit)
        return;
    viewer->ended[index / 8] |= bit;
    viewer->ended_count++;
}

static void on_message(void *user, const uint8_t *data, size_t len)
{
    struct viewer *viewer = user;
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field;
    bool is_caught_up = false;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == FLOWS_FIELD)
            take_summary(viewer, field.data, field.len);
        if (field.number == CAUGHT_UP_FIELD)
            is_caught_up = field.value != 0;
    }
    viewer->has_caught_up |= is_caught_up;
}

static void on_data(struct client *client, size_t stream, const uint8_t *data,
                    size_t len)
{
    (void)stream;
    struct viewer *viewer = client->user;
    answer_take(&viewer->answer, data, len, on_message, viewer);
}

/* ---- viewers ---- */

/* A call with this one message. */
static struct client *begin(unsigned port, const char *path,
                            const struct mf_buf *message)
{
    struct client *client = client_new(port, NULL, false);
    struct pollfd fd = {.fd = client->fd, .events = POLLIN};
    while (!client->has_settings) {
        client_write(client);
        poll(&fd, 1, -1);
        client_read(client);
    }
    client_request(client, "POST", path, "application/grpc", NULL, true);
    client_write(client);
    client_body(client, 0, message->data, message->len, true);
    client_write(client);
    return client;
}

static void put_message(struct mf_buf *out, uint32_t number, uint64_t value)
{
    mf_buf_init(out, 64);
    if (mf_buf_append(out, "\0\0\0\0\0", PREFIX_LEN) ||
        mf_wire_put_varint_opt(out, number, value))
        fail("out of memory");
    out->data[PREFIX_LEN - 1] = (uint8_t)(out->len - PREFIX_LEN);
}

static int compare(const void *a, const void *b)
{
    float left = *(const float *)a, right = *(const float *)b;
    return (left > right) - (left < right);
}

static double at_share(double share)
{
    if (!watch.delay_count)
        return 0;
    return (double)
        watch.delays[(size_t)(share * (double)(watch.delay_count - 1))];
}

static void report(void)
{
    uint64_t missing = 0, told = 0;
    for (size_t i = 0; i < watch.opts->viewers; i++) {
        missing += watch.opts->flows - watch.viewers[i].ended_count;
        told += watch.viewers[i].told;
    }
    qsort(watch.delays, watch.delay_count, sizeof *watch.delays, compare);
    printf("{\"missing\": %llu, \"told\": %llu, \"delays\": %zu, "
           "\"p50\": %.3f, \"p95\": %.3f, \"p99\": %.3f, \"max\": %.3f}\n",
           (unsigned long long)missing, (unsigned long long)told,
           watch.delay_count, at_share(0.5), at_share(0.95), at_share(0.99),
           at_share(1));
}

/* The first viewer's pause is over, or there is none. */
static bool has_paused(void)
{
    double end_s = watch.opts->pause_at_s + watch.opts->pause_s;
    return watch.opts->pause_s <= 0 ||
           (watch.first_ns &&
            (double)(clock_ns() - watch.first_ns) / 1e9 >= end_s);
}

static bool is_pausing(size_t index)
{
    if (index != 0 || watch.opts->pause_s <= 0 || !watch.first_ns)
        return false;
    double since = (double)(clock_ns() - watch.first_ns) / 1e9;
    return since >= watch.opts->pause_at_s &&
           since < watch.opts->pause_at_s + watch.opts->pause_s;
}

/* False: everything was told, or patience is at its end. */
static bool step(bool *is_announced)
{
    static struct pollfd fds[VIEWERS_MAX];
    size_t done = 0, caught_up = 0;
    for (size_t i = 0; i < watch.opts->viewers; i++) {
        struct viewer *viewer = &watch.viewers[i];
        bool wants = !client_write(viewer->client);
        fds[i] = (struct pollfd){.fd = is_pausing(i) ? -1 : viewer->client->fd,
                                 .events = POLLIN | (wants ? POLLOUT : 0)};
        caught_up += viewer->has_caught_up;
        done += viewer->ended_count == watch.opts->flows;
    }
    if (caught_up == watch.opts->viewers && !*is_announced) {
        printf("watching\n");
        fflush(stdout);
        *is_announced = true;
        watch.heard_ns = clock_ns();
    }
    if (done == watch.opts->viewers)
        return false;
    if (is_pausing(0))
        watch.heard_ns = clock_ns();
    double quiet_s = (double)(clock_ns() - watch.heard_ns) / 1e9;
    if (*is_announced && quiet_s > watch.opts->patience_s && has_paused())
        return false;
    poll(fds, watch.opts->viewers, POLL_MS);
    for (size_t i = 0; i < watch.opts->viewers; i++)
        if (fds[i].fd >= 0 && fds[i].revents)
            client_read(watch.viewers[i].client);
    return true;
}

void watch_flows(const struct watch_opts *opts)
{
    struct mf_buf request;
    bool is_announced = false;
    if (opts->viewers + opts->silent > VIEWERS_MAX)
        fail("too many viewers");
    watch.opts = opts;
    watch.delays = malloc(DELAYS_MAX * sizeof *watch.delays);
    if (!watch.delays)
        fail("out of memory");
    put_message(&request, LIMIT_FIELD, (uint64_t)opts->limit);
    for (size_t i = 0; i < opts->viewers + opts->silent; i++) {
        struct viewer *viewer = &watch.viewers[i];
        viewer->ended = calloc(1, opts->flows / 8 + 1);
        if (!viewer->ended)
            fail("out of memory");
        answer_init(&viewer->answer);
        viewer->client = begin(opts->port, WATCH_PATH, &request);
        viewer->client->user = viewer;
        viewer->client->on_data = on_data;
    }
    watch.heard_ns = clock_ns();
    while (step(&is_announced))
        ;
    report();
}

/* ---- viewers that are a burden ---- */

static void on_caught_up(void *user, const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    struct viewer *viewer = user;
    viewer->has_caught_up = true; /* any message will do */
}

static void on_any(struct client *client, size_t stream, const uint8_t *data,
                   size_t len)
{
    (void)stream;
    struct viewer *viewer = client->user;
    answer_take(&viewer->answer, data, len, on_caught_up, viewer);
}

void come_and_go(unsigned port, size_t count)
{
    static struct pollfd fds[VIEWERS_MAX];
    struct mf_buf request;
    put_message(&request, LIMIT_FIELD, 0);
    for (;;) {
        for (size_t i = 0; i < count; i++) {
            struct viewer *viewer = &watch.viewers[i];
            if (viewer->client && viewer->has_caught_up) {
                client_free(viewer->client);
                answer_release(&viewer->answer);
                viewer->client = NULL;
            }
            if (!viewer->client) {
                *viewer = (struct viewer){0};
                answer_init(&viewer->answer);
                viewer->client = begin(port, WATCH_PATH, &request);
                viewer->client->user = viewer;
                viewer->client->on_data = on_any;
            }
            client_write(viewer->client);
            fds[i] =
                (struct pollfd){.fd = viewer->client->fd, .events = POLLIN};
        }
        poll(fds, count, POLL_MS);
        for (size_t i = 0; i < count; i++)
            if (fds[i].revents)
                client_read(watch.viewers[i].client);
    }
}

void never_read(unsigned port, const char *path, const char *request_hex)
{
    struct mf_buf request;
    put_message(&request, 1, 0);
    for (const char *at = request_hex; at[0] && at[1]; at += 2) {
        char digits[3] = {at[0], at[1], '\0'};
        if (mf_buf_append_byte(&request, (uint8_t)strtoul(digits, NULL, 16)))
            fail("out of memory");
    }
    request.data[PREFIX_LEN - 1] = (uint8_t)(request.len - PREFIX_LEN);
    begin(port, path, &request);
    for (;;)
        poll(NULL, 0, -1);
}
