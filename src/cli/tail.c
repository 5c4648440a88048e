#include "cli/tail.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/ask.h"

enum {
    FIRST_LIMIT = 10,  /* flows shown of those that are there already */
    RESET_LIMIT = 500, /* that a server brings which cannot go on */
    SILENCE_S = 20,    /* heartbeats come every 5 s */
    SEEN_CAP = 8192,
    BACKOFF_MIN_MS = 250,
    BACKOFF_MAX_MS = 5000,
};

struct tail {
    struct mf_ask ask;
    char *cursor; /* NULL: none yet */
    bool is_connected;
    bool was_connected; /* ever */
    unsigned backoff_ms;
    /* Flows shown, and in which state, each in the place of its number.
     * Numbers come in order, so these are the last ones. */
    uint64_t seen[SEEN_CAP];
    int rc; /* of taking a message */
    struct mf_err *err;
};

/* ---- Which changes are shown ---- */

static bool is_live(const Mitmflow__V1__FlowSummary *flow)
{
    return flow->state == MITMFLOW__V1__FLOW_STATE__FLOW_STATE_LIVE;
}

/* A flow that may stay open for long is worth a line when it begins. */
static bool is_long(const Mitmflow__V1__FlowSummary *flow)
{
    switch (flow->summary_case) {
    case MITMFLOW__V1__FLOW_SUMMARY__SUMMARY_HTTP:
        return flow->http->is_websocket;
    case MITMFLOW__V1__FLOW_SUMMARY__SUMMARY_TCP:
    case MITMFLOW__V1__FLOW_SUMMARY__SUMMARY_UDP:
        return true;
    default:
        return false;
    }
}

/* A server whose data went away gives its numbers again. */
static uint64_t identity(const Mitmflow__V1__FlowSummary *flow)
{
    uint64_t start = 0;
    if (flow->timestamp_start)
        start = (uint64_t)flow->timestamp_start->seconds * MF_NS_PER_S +
                (uint64_t)flow->timestamp_start->nanos;
    return flow->number ^ start * UINT64_C(0x9e3779b97f4a7c15);
}

/* True once for a flow that has ended or was cut off; once more before, if it
 * is a long one. */
static bool is_news(struct tail *tail, const Mitmflow__V1__FlowSummary *flow)
{
    uint64_t *seen = &tail->seen[flow->number % SEEN_CAP];
    uint64_t state = identity(flow) << 2 | ((unsigned)flow->state & 3);
    if ((is_live(flow) && !is_long(flow)) || *seen == state)
        return false;
    *seen = state;
    return true;
}

/* ---- What comes ---- */

static void say_connected(struct tail *tail)
{
    if (!tail->is_connected && tail->was_connected)
        mf_ask_tell("the server is back");
    tail->is_connected = tail->was_connected = true;
    tail->backoff_ms = BACKOFF_MIN_MS;
}

static int take(struct tail *tail, const Mitmflow__V1__WatchFlowsResponse *told)
{
    if (told->reset && tail->cursor)
        mf_ask_tell("the server could not go on where it was: flows may be "
                    "missing here");
    char *cursor = strdup(told->cursor);
    if (!cursor)
        return mf_err_set(tail->err, MF_ENOMEM, "out of memory");
    free(tail->cursor);
    tail->cursor = cursor;
    for (size_t i = 0; i < told->n_flows; i++) {
        bool is_shown = is_news(tail, told->flows[i]) || tail->ask.is_json;
        int rc = is_shown
                     ? mf_ask_put_flow(&tail->ask, told->flows[i], tail->err)
                     : 0;
        if (rc)
            return rc;
    }
    mf_ask_flush(&tail->ask);
    return 0;
}

static bool on_message(void *user, const uint8_t *data, size_t len)
{
    struct tail *tail = user;
    Mitmflow__V1__WatchFlowsResponse *told =
        mitmflow__v1__watch_flows_response__unpack(NULL, len, data);
    if (!told) {
        tail->rc =
            mf_err_set(tail->err, MF_ECORRUPT,
                       "%.100s sent a malformed message", tail->ask.server);
        return false;
    }
    say_connected(tail);
    tail->rc = take(tail, told);
    mitmflow__v1__watch_flows_response__free_unpacked(told, NULL);
    return !tail->rc && !mf_ask_is_unread(&tail->ask);
}

/* ---- One watch after another ---- */

static enum mf_client_end watch(struct tail *tail)
{
    Mitmflow__V1__FlowFilter filter = MITMFLOW__V1__FLOW_FILTER__INIT;
    Mitmflow__V1__WatchFlowsRequest request =
        MITMFLOW__V1__WATCH_FLOWS_REQUEST__INIT;
    filter.expression = tail->ask.expression;
    request.filter = &filter;
    request.limit = tail->cursor ? RESET_LIMIT : FIRST_LIMIT;
    if (tail->cursor)
        request.cursor = tail->cursor;
    size_t len = mitmflow__v1__watch_flows_request__get_packed_size(&request);
    uint8_t *binary = malloc(len ? len : 1);
    if (!binary) {
        mf_err_set(tail->err, MF_ENOMEM, "out of memory");
        return MF_CLIENT_FAILED;
    }
    mitmflow__v1__watch_flows_request__pack(&request, binary);
    const struct mf_client_call call = {
        .path = "/mitmflow.v1.Service/WatchFlows",
        .request = binary,
        .request_len = len,
        .silence_s = SILENCE_S,
        .on_message = on_message,
        .user = tail,
    };
    enum mf_client_end end = mf_client_call(tail->ask.client, &call, tail->err);
    free(binary);
    return end;
}

/* Say once that the server is gone, and wait before the next try. */
static void wait_for_server(struct tail *tail)
{
    if (tail->is_connected) {
        mf_ask_tell(tail->err->text);
        mf_ask_tell("waiting for the server to come back");
    }
    tail->is_connected = false;
    const struct timespec time = {
        .tv_sec = tail->backoff_ms / 1000,
        .tv_nsec = (long)(tail->backoff_ms % 1000) * MF_NS_PER_MS,
    };
    nanosleep(&time, NULL);
    tail->backoff_ms *= 2;
    if (tail->backoff_ms > BACKOFF_MAX_MS)
        tail->backoff_ms = BACKOFF_MAX_MS;
}

static enum mf_exit run(struct tail *tail)
{
    while (true) {
        enum mf_client_end end = watch(tail);
        if (tail->ask.is_closed)
            return MF_EXIT_DONE;
        if (end == MF_CLIENT_REFUSED)
            return mf_ask_tell_refusal(&tail->ask, tail->err);
        if (end == MF_CLIENT_DONE && !tail->rc)
            mf_err_set(tail->err, MF_ECLOSED, "%.100s ended the watch",
                       tail->ask.server);
        if (tail->rc || end == MF_CLIENT_FAILED || !tail->was_connected) {
            mf_ask_tell(tail->err->text);
            return MF_EXIT_FAILED;
        }
        wait_for_server(tail);
    }
}

enum mf_exit mf_tail(const struct mf_command *command, int argc, char **argv,
                     struct mf_err *err)
{
    enum mf_exit status = MF_EXIT_FAILED;
    const char *words[MF_ASK_WORDS_MAX];
    size_t count;
    bool help;
    struct mf_err told = {0};
    struct tail *tail = calloc(1, sizeof *tail);
    if (!tail) {
        mf_err_set(err, MF_ENOMEM, "out of memory");
        return MF_EXIT_FAILED;
    }
    tail->ask.server = MF_ASK_SERVER;
    tail->backoff_ms = BACKOFF_MIN_MS;
    tail->err = &told;
    const struct mf_command_flag flags[] = {MF_ASK_FLAGS(&tail->ask), {0}};
    int rc = mf_command_read(command, argc, argv, flags, 0, MF_ASK_WORDS_MAX,
                             words, &count, &help, err);
    if (!rc && help) {
        status = MF_EXIT_DONE;
        goto out;
    }
    if (!rc)
        rc = mf_ask_open(&tail->ask, words, count, err);
    if (rc)
        status = rc == MF_EINVAL ? MF_EXIT_USAGE : MF_EXIT_FAILED;
    else
        status = run(tail);
out:
    free(tail->cursor);
    mf_ask_close(&tail->ask);
    free(tail);
    return status;
}
