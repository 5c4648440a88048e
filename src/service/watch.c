#include "service/watch.h"

#include <stdlib.h>

#include "mitmflow/v1/mitmflow.pb-c.h"
#include "service/fail.h"
#include "service/position.h"
#include "service/watch_impl.h"

enum { HEARTBEAT_MS = 5000 };

void mf_watch__finish(struct watch *watch, int code, const char *text)
{
    struct mf_err err;
    mf_err_set(&err, code, "%s", text);
    watch->is_over = true;
    mf_fail(watch->call, &err);
}

void mf_watch__free(struct watch *watch)
{
    mf_window_release(&watch->window);
    mf_query_free(watch->query);
    mf_filter_unref(watch->filter);
    free(watch);
}

/* ---- going on ---- */

/* Tell or read what comes after the cursor; false: it must wait for the
 * commit that holds it. */
static bool go_on_live(struct watch *watch)
{
    const struct mf_context *context = watch->watches->context;
    uint64_t next = watch->cursor + 1;
    if (watch->subscriber.part == MF_HUB_SUMMARIES) {
        if (mf_watch__tell_summaries(watch))
            return true;
    } else {
        const struct mf_change *change = mf_hub_change(context->hub, next);
        if (change && mf_watch__can_judge(watch, change)) {
            if (watch->filter && mf_filter_reads_bodies(watch->filter))
                mf_watch__match_live(watch);
            else
                mf_watch__tell_records(watch);
            return true;
        }
    }
    if (!mf_store_change_is_durable(context->store, next))
        return false;
    mf_watch__read(watch, READ_CHANGES);
    return true;
}

void mf_watch__pump(struct watch *watch)
{
    const struct mf_context *context = watch->watches->context;
    while (!watch->is_over && !watch->reading && context->pool &&
           mf_call_pending(watch->call) < MF_PENDING_MAX_LEN) {
        if (watch->window_open)
            mf_watch__tell_window(watch);
        else if (watch->needs_list)
            mf_watch__read(watch, READ_LIST);
        else if (watch->cursor >= mf_hub_head(context->hub) ||
                 !go_on_live(watch))
            return;
    }
}

static void on_change(struct mf_subscriber *subscriber)
{
    mf_watch__pump((struct watch *)((char *)subscriber -
                                    offsetof(struct watch, subscriber)));
}

/* A position can be told, and nothing that tells one is on its way. */
static bool is_idle(const struct watch *watch)
{
    return !watch->is_stream && !watch->is_over && !watch->reading &&
           !watch->needs_list && !watch->window_open;
}

static void on_heartbeat(void *arg)
{
    struct mf_watches *watches = arg;
    for (struct watch *watch = watches->first; watch; watch = watch->next) {
        if (watch->told_nothing && is_idle(watch) &&
            mf_call_pending(watch->call) == 0)
            mf_watch__tell_position(watch);
        watch->told_nothing = true;
    }
}

void mf_watches_tell_losses(struct mf_watches *watches)
{
    for (struct watch *watch = watches->first; watch; watch = watch->next)
        if (is_idle(watch) && mf_call_pending(watch->call) < MF_PENDING_MAX_LEN)
            mf_watch__tell_position(watch);
}

/* ---- the calls ---- */

static struct watch *watch_begin(struct mf_watches *watches,
                                 struct mf_call *call,
                                 const Mitmflow__V1__FlowFilter *filter,
                                 bool is_stream)
{
    if (watches->context->stopping) {
        mf_call_finish(call, MF_STATUS_UNAVAILABLE, "the server is stopping");
        return NULL;
    }
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch) {
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return NULL;
    }
    if (!mf_fail_or_filter(call, filter, &watch->filter)) {
        free(watch);
        return NULL;
    }
    if (mf_filter_is_empty(watch->filter)) {
        mf_filter_unref(watch->filter);
        watch->filter = NULL;
    }
    watch->watches = watches;
    watch->call = call;
    watch->is_stream = is_stream;
    watch->told_nothing = true;
    watch->next = watches->first;
    watch->link = &watches->first;
    if (watch->next)
        watch->next->link = &watch->next;
    watches->first = watch;
    watch->subscriber.on_change = on_change;
    watch->subscriber.part =
        watch->filter || is_stream ? MF_HUB_RECORDS : MF_HUB_SUMMARIES;
    mf_hub_subscribe(watches->context->hub, &watch->subscriber);
    mf_call_set_data(call, watch);
    mf_call_send_head(call);
    return watch;
}

static void on_watch(struct mf_call *call, void *user, const uint8_t *message,
                     size_t len)
{
    struct mf_watches *watches = user;
    Mitmflow__V1__WatchFlowsRequest *request =
        mitmflow__v1__watch_flows_request__unpack(NULL, len, message);
    if (!request) {
        mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT, "malformed message");
        return;
    }
    struct watch *watch = watch_begin(watches, call, request->filter, false);
    if (watch) {
        watch->limit = mf_list_limit(request->limit);
        watch->needs_list = !mf_position_read(watches->context, request->cursor,
                                              &watch->cursor);
        mf_watch__pump(watch);
        bool is_current = !watch->needs_list && !watch->reading;
        if (is_current && watch->told_nothing && !watch->is_over)
            mf_watch__tell_position(watch); /* nothing new: say so at once */
    }
    mitmflow__v1__watch_flows_request__free_unpacked(request, NULL);
}

static void on_stream(struct mf_call *call, void *user, const uint8_t *message,
                      size_t len)
{
    struct mf_watches *watches = user;
    Mitmflow__V1__StreamFlowsRequest *request =
        mitmflow__v1__stream_flows_request__unpack(NULL, len, message);
    if (!request) {
        mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT, "malformed message");
        return;
    }
    struct watch *watch = watch_begin(watches, call, request->filter, true);
    if (watch) {
        watch->limit = MF_LIST_MAX;
        watch->since_ns = request->since_timestamp_ns;
        watch->needs_list = watch->since_ns != 0;
        watch->cursor = mf_hub_head(watches->context->hub);
        mf_watch__pump(watch);
    }
    mitmflow__v1__stream_flows_request__free_unpacked(request, NULL);
}

static void on_drain(struct mf_call *call, void *user)
{
    (void)user;
    struct watch *watch = mf_call_data(call);
    if (watch)
        mf_watch__pump(watch);
}

static void on_close(struct mf_call *call, void *user)
{
    struct mf_watches *watches = user;
    struct watch *watch = mf_call_data(call);
    if (!watch)
        return;
    mf_hub_unsubscribe(watches->context->hub, &watch->subscriber);
    *watch->link = watch->next;
    if (watch->next)
        watch->next->link = watch->link;
    watch->call = NULL;
    watch->cancel = true;
    if (!watch->reading)
        mf_watch__free(watch);
}

struct mf_watches *mf_watches_new(struct mf_context *context)
{
    struct mf_watches *watches = calloc(1, sizeof *watches);
    if (!watches)
        return NULL;
    watches->context = context;
    mf_buf_init(&watches->scratch, 0);
    watches->heartbeat = mf_timer_new(context->loop, on_heartbeat, watches);
    if (!watches->heartbeat) {
        free(watches);
        return NULL;
    }
    mf_timer_start(watches->heartbeat, HEARTBEAT_MS, HEARTBEAT_MS);
    return watches;
}

void mf_watches_stop(struct mf_watches *watches)
{
    mf_timer_stop(watches->heartbeat);
    for (struct watch *watch = watches->first; watch; watch = watch->next) {
        watch->is_over = true;
        mf_call_finish(watch->call, MF_STATUS_UNAVAILABLE,
                       "the server is stopping");
    }
}

void mf_watches_free(struct mf_watches *watches)
{
    if (!watches)
        return;
    mf_timer_free(watches->heartbeat);
    mf_buf_release(&watches->scratch);
    free(watches);
}

#define SERVICE "mitmflow.v1."

const struct mf_method mf_watch_methods[] = {
    {
        .path = "/" SERVICE "Service/WatchFlows",
        .input = SERVICE "WatchFlowsRequest",
        .output = SERVICE "WatchFlowsResponse",
        .kind = MF_METHOD_SERVER_STREAM,
        .ops = {.on_message = on_watch,
                .on_drain = on_drain,
                .on_close = on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
    {
        .path = "/" SERVICE "Service/StreamFlows",
        .input = SERVICE "StreamFlowsRequest",
        .output = SERVICE "StreamFlowsResponse",
        .kind = MF_METHOD_SERVER_STREAM,
        .ops = {.on_message = on_stream,
                .on_drain = on_drain,
                .on_close = on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
};
const size_t mf_watch_method_count =
    sizeof mf_watch_methods / sizeof *mf_watch_methods;
