#include "service/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mitmflow/v1/mitmflow.pb-c.h"
#include "pb/wire.h"
#include "service/fail.h"

enum {
    BATCH_FLOWS = 500,
    LIVE_CHANGES = 64, /* matched off the loop at once */
    HEARTBEAT_MS = 5000,
    CURSOR_CAP = 96,
};
#define BATCH_MAX_LEN ((size_t)256 << 10)
#define MESSAGE_MAX_LEN ((size_t)16 << 20)

/* Field numbers of WatchFlowsResponse and StreamFlowsResponse. */
enum {
    WATCH_RESET = 1,
    WATCH_FLOWS = 2,
    WATCH_GONE = 3,
    WATCH_CURSOR = 4,
    WATCH_CAUGHT_UP = 5,
    WATCH_TOTAL = 6,
    STREAM_FLOW = 1,
};

struct mf_watches {
    struct mf_context *context;
    struct watch *first;
    struct mf_timer *heartbeat;
};

enum read_kind { READ_NONE, READ_LIST, READ_CHANGES, READ_LIVE };

struct watch {
    struct mf_job job; /* first: jobs are cast back */
    struct mf_subscriber subscriber;
    struct mf_watches *watches;
    struct watch *next, **link;
    struct mf_call *call; /* NULL: closed, waiting for the job */
    struct mf_filter *filter;
    bool is_stream;    /* StreamFlows */
    bool is_over;      /* finished, waiting for on_close */
    bool needs_list;   /* start from a list, not from `cursor` */
    bool told_nothing; /* since the last heartbeat */
    size_t limit;
    int64_t since_ns;
    uint64_t cursor; /* the last change told */

    enum read_kind reading; /* by the job under way */
    _Atomic bool cancel;
    int read_rc;
    struct mf_err read_err;
    struct mf_window window; /* read and not yet told from `window_at` */
    size_t window_at;
    bool window_open;
    bool is_new[LIVE_CHANGES]; /* READ_LIVE: of the window's records */
};

static void pump(struct watch *watch);

static void finish(struct watch *watch, int code, const char *text)
{
    struct mf_err err;
    mf_err_set(&err, code, "%s", text);
    watch->is_over = true;
    mf_fail(watch->call, &err);
}

/* ---- telling ---- */

/* One message being put together. */
struct batch {
    struct watch *watch;
    struct mf_buf buf;
    size_t count;
};

static void batch_begin(struct batch *batch, struct watch *watch)
{
    *batch = (struct batch){.watch = watch};
    mf_buf_init(&batch->buf, MESSAGE_MAX_LEN);
}

static bool batch_is_full(const struct batch *batch)
{
    return batch->count >= BATCH_FLOWS || batch->buf.len >= BATCH_MAX_LEN;
}

/* A stream tells each flow by itself. */
static int tell_flow(struct batch *batch, const struct mf_record *record)
{
    size_t len;
    const uint8_t *summary = mf_record_summary(record, &len);
    batch->count++;
    if (!batch->watch->is_stream)
        return mf_wire_put_bytes(&batch->buf, WATCH_FLOWS, summary, len);
    int rc = mf_wire_put_bytes(&batch->buf, STREAM_FLOW, summary, len);
    if (!rc)
        mf_call_send(batch->watch->call, batch->buf.data, batch->buf.len);
    mf_buf_clear(&batch->buf);
    return rc;
}

static int tell_gone(struct batch *batch, uint64_t number)
{
    batch->count++;
    if (batch->watch->is_stream)
        return 0;
    return mf_wire_put_varint(&batch->buf, WATCH_GONE, number);
}

static int tell_change(struct batch *batch, uint64_t number, bool is_new,
                       const struct mf_record *record)
{
    if (record && mf_filter_match(batch->watch->filter, record))
        return tell_flow(batch, record);
    return is_new ? 0 : tell_gone(batch, number);
}

static int put_position(struct batch *batch)
{
    const struct watch *watch = batch->watch;
    const struct mf_context *context = watch->watches->context;
    char cursor[CURSOR_CAP];
    int len = snprintf(cursor, sizeof cursor, "%s.%" PRIu64,
                       mf_store_epoch(context->store), watch->cursor);
    int rc = mf_wire_put_bytes(&batch->buf, WATCH_CURSOR, cursor, (size_t)len);
    if (!rc)
        rc = mf_wire_put_varint_opt(&batch->buf, WATCH_CAUGHT_UP,
                                    watch->cursor >= mf_hub_head(context->hub));
    if (!rc)
        rc = mf_wire_put_varint_opt(&batch->buf, WATCH_TOTAL,
                                    mf_hub_flow_count(context->hub));
    return rc;
}

/* Send what the batch holds; with `position`, all up to the watch's cursor
 * is told. With an error it is not, and the watch ends. */
static void batch_send(struct batch *batch, int rc, bool position)
{
    struct watch *watch = batch->watch;
    if (!rc && position && !watch->is_stream)
        rc = put_position(batch);
    if (!rc && batch->buf.len) {
        mf_call_send(watch->call, batch->buf.data, batch->buf.len);
        watch->told_nothing = false;
    }
    mf_buf_release(&batch->buf);
    if (rc)
        finish(watch, rc, mf_err_message(rc));
}

static void close_window(struct watch *watch)
{
    watch->window_open = false;
    mf_window_release(&watch->window);
}

/* The next part of a list, oldest flow first; then its cursor. */
static void tell_list(struct watch *watch)
{
    struct batch batch;
    int rc = 0;
    batch_begin(&batch, watch);
    if (watch->window_at == 0 && !watch->is_stream)
        rc = mf_wire_put_varint(&batch.buf, WATCH_RESET, 1);
    while (!rc && watch->window_at < watch->window.count &&
           !batch_is_full(&batch)) {
        size_t oldest_first = watch->window.count - ++watch->window_at;
        rc = tell_flow(&batch, watch->window.records[oldest_first]);
    }
    bool is_last = watch->window_at == watch->window.count;
    if (is_last) {
        watch->cursor = watch->window.head;
        watch->needs_list = false;
        close_window(watch);
    }
    batch_send(&batch, rc, is_last);
}

/* The next part of what a job found of changes. What is gone comes last, so
 * the cursor moves only once all of it is told. */
static void tell_changes(struct watch *watch)
{
    const struct mf_window *window = &watch->window;
    size_t count = window->count, all = count + window->gone_count;
    struct batch batch;
    int rc = 0;
    batch_begin(&batch, watch);
    while (!rc && watch->window_at < all && !batch_is_full(&batch)) {
        size_t at = watch->window_at++;
        rc = at < count ? tell_flow(&batch, window->records[at])
                        : tell_gone(&batch, window->gone[at - count]);
    }
    if (watch->window_at == all) {
        watch->cursor = window->change;
        close_window(watch);
    }
    batch_send(&batch, rc, true);
}

static void tell_live(struct watch *watch)
{
    struct mf_hub *hub = watch->watches->context->hub;
    struct batch batch;
    int rc = 0;
    batch_begin(&batch, watch);
    while (!rc && !batch_is_full(&batch)) {
        const struct mf_change *change = mf_hub_change(hub, watch->cursor + 1);
        if (!change)
            break;
        rc =
            tell_change(&batch, change->number, change->is_new, change->record);
        watch->cursor++;
    }
    if (batch.count)
        batch_send(&batch, rc, true);
    else
        mf_buf_release(&batch.buf);
}

/* ---- reading ---- */

/* On a pool thread: what does not match is gone, or was never there. */
static int keep_matching(struct watch *watch)
{
    struct mf_window *window = &watch->window;
    size_t most = window->gone_count + window->count, kept = 0;
    uint64_t *gone = realloc(window->gone, (most + 1) * sizeof *gone);
    if (!gone)
        return MF_ENOMEM;
    window->gone = gone;
    for (size_t i = 0; i < window->count; i++) {
        struct mf_record *record = window->records[i];
        if (watch->cancel || mf_filter_match(watch->filter, record)) {
            window->records[kept++] = record;
            continue;
        }
        if (watch->reading != READ_LIVE || !watch->is_new[i])
            gone[window->gone_count++] = mf_record_head(record)->number;
        mf_record_unref(record);
    }
    window->count = kept;
    return 0;
}

static int read_changes(struct watch *watch, struct mf_reader *reader)
{
    int rc = 0;
    if (watch->reading == READ_CHANGES)
        rc = mf_reader_changes(reader, watch->cursor, BATCH_FLOWS,
                               &watch->window, &watch->read_err);
    if (rc || !(rc = keep_matching(watch)))
        return rc;
    mf_window_release(&watch->window);
    return mf_err_set(&watch->read_err, rc, "%s", mf_err_message(rc));
}

static void read_work(struct mf_job *job, struct mf_reader *reader)
{
    struct watch *watch = (struct watch *)job;
    if (watch->reading != READ_LIST) {
        watch->read_rc = read_changes(watch, reader);
        return;
    }
    const struct mf_list_query query = {
        .filter = watch->filter,
        .limit = watch->limit,
        .since_ns = watch->since_ns,
        .cancel = &watch->cancel,
    };
    watch->read_rc =
        mf_reader_list(reader, &query, &watch->window, &watch->read_err);
}

static void watch_free(struct watch *watch)
{
    if (watch->window_open)
        mf_window_release(&watch->window);
    mf_filter_unref(watch->filter);
    free(watch);
}

static void read_done(struct mf_job *job)
{
    struct watch *watch = (struct watch *)job;
    enum read_kind kind = watch->reading;
    watch->reading = READ_NONE;
    watch->window_open = watch->read_rc == 0;
    watch->window_at = 0;
    if (!watch->call) {
        watch_free(watch);
        return;
    }
    if (watch->read_rc == MF_ENOENT && kind == READ_CHANGES) {
        watch->needs_list = true; /* a gap: begin again */
    } else if (watch->read_rc) {
        finish(watch, watch->read_rc, watch->read_err.text);
        return;
    }
    pump(watch);
}

/* With the window empty, but for READ_LIVE. */
static void start_read(struct watch *watch, enum read_kind kind)
{
    watch->reading = kind;
    watch->job.work = read_work;
    watch->job.done = read_done;
    watch->job.is_search = mf_filter_reads_bodies(watch->filter);
    mf_pool_run(watch->watches->context->pool, &watch->job);
}

/* The place of flow `number` among the window's records; their count: none. */
static size_t find_record(const struct mf_window *window, uint64_t number)
{
    size_t at = 0;
    while (at < window->count &&
           mf_record_head(window->records[at])->number != number)
        at++;
    return at;
}

/* Of several changes of one flow the last stands for all. */
static void take_live(struct watch *watch, const struct mf_change *change)
{
    struct mf_window *window = &watch->window;
    size_t at = find_record(window, change->number);
    bool is_new = change->is_new;
    if (at < window->count) {
        size_t after = --window->count - at;
        is_new = watch->is_new[at];
        mf_record_unref(window->records[at]);
        memmove(&window->records[at], &window->records[at + 1],
                after * sizeof(struct mf_record *));
        memmove(&watch->is_new[at], &watch->is_new[at + 1],
                after * sizeof *watch->is_new);
    }
    if (change->record) {
        watch->is_new[window->count] = is_new;
        window->records[window->count++] = mf_record_ref(change->record);
    } else if (!is_new) {
        window->gone[window->gone_count++] = change->number;
    }
    window->change = change->change;
}

/* Live changes for a filter that takes its time: matched by a job. */
static void match_live(struct watch *watch)
{
    struct mf_hub *hub = watch->watches->context->hub;
    struct mf_window *window = &watch->window;
    window->records = calloc(LIVE_CHANGES, sizeof(struct mf_record *));
    window->gone = calloc(LIVE_CHANGES, sizeof *window->gone);
    if (!window->records || !window->gone) {
        mf_window_release(window);
        finish(watch, MF_ENOMEM, mf_err_message(MF_ENOMEM));
        return;
    }
    const struct mf_change *change;
    for (uint64_t i = 1;
         i <= LIVE_CHANGES && (change = mf_hub_change(hub, watch->cursor + i));
         i++)
        take_live(watch, change);
    start_read(watch, READ_LIVE);
}

/*
 * Tell as much as the viewer takes. Returns with a read under way, with
 * enough pending (on_drain goes on), or caught up (on_change goes on).
 */
static void pump(struct watch *watch)
{
    struct mf_hub *hub = watch->watches->context->hub;
    while (!watch->is_over && !watch->reading &&
           mf_call_pending(watch->call) < MF_PENDING_MAX_LEN) {
        if (watch->window_open && watch->needs_list)
            tell_list(watch);
        else if (watch->window_open)
            tell_changes(watch);
        else if (watch->needs_list)
            start_read(watch, READ_LIST);
        else if (watch->cursor >= mf_hub_head(hub))
            return;
        else if (!mf_hub_change(hub, watch->cursor + 1))
            start_read(watch, READ_CHANGES);
        else if (mf_filter_reads_bodies(watch->filter))
            match_live(watch);
        else
            tell_live(watch);
    }
}

/* ---- the calls ---- */

static void on_change(struct mf_subscriber *subscriber)
{
    pump((struct watch *)((char *)subscriber -
                          offsetof(struct watch, subscriber)));
}

static void on_heartbeat(void *arg)
{
    struct mf_watches *watches = arg;
    for (struct watch *watch = watches->first; watch; watch = watch->next) {
        bool idle = !watch->reading && !watch->needs_list &&
                    !watch->window_open && mf_call_pending(watch->call) == 0;
        if (watch->told_nothing && idle && !watch->is_stream) {
            struct batch batch;
            batch_begin(&batch, watch);
            batch_send(&batch, 0, true);
        }
        watch->told_nothing = true;
    }
}

static struct watch *watch_begin(struct mf_watches *watches,
                                 struct mf_call *call,
                                 const Mitmflow__V1__FlowFilter *filter)
{
    struct mf_err err;
    if (watches->context->stopping) {
        mf_call_finish(call, MF_STATUS_UNAVAILABLE, "the server is stopping");
        return NULL;
    }
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch) {
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return NULL;
    }
    if (mf_filter_new(filter, &watch->filter, &err)) {
        free(watch);
        mf_fail(call, &err);
        return NULL;
    }
    watch->watches = watches;
    watch->call = call;
    watch->told_nothing = true;
    watch->next = watches->first;
    watch->link = &watches->first;
    if (watch->next)
        watch->next->link = &watch->next;
    watches->first = watch;
    watch->subscriber.on_change = on_change;
    mf_hub_subscribe(watches->context->hub, &watch->subscriber);
    mf_call_set_data(call, watch);
    mf_call_send_head(call);
    return watch;
}

/* True if `text` is a cursor that this server gave and can continue. */
static bool read_cursor(const struct mf_context *context, const char *text,
                        uint64_t *ret_cursor)
{
    const char *epoch = mf_store_epoch(context->store);
    size_t epoch_len = strlen(epoch);
    if (strncmp(text, epoch, epoch_len) != 0 || text[epoch_len] != '.')
        return false;
    const char *digits = text + epoch_len + 1;
    if (*digits < '0' || *digits > '9')
        return false;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(digits, &end, 10);
    if (errno || *end || value > mf_hub_head(context->hub))
        return false;
    *ret_cursor = value;
    return true;
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
    struct watch *watch = watch_begin(watches, call, request->filter);
    if (watch) {
        watch->limit = mf_list_limit(request->limit);
        watch->needs_list =
            !read_cursor(watches->context, request->cursor, &watch->cursor);
        pump(watch);
        bool is_current = !watch->needs_list && !watch->reading;
        if (is_current && watch->told_nothing) {
            struct batch batch; /* nothing new: say so at once */
            batch_begin(&batch, watch);
            batch_send(&batch, 0, true);
        }
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
    struct watch *watch = watch_begin(watches, call, request->filter);
    if (watch) {
        watch->is_stream = true;
        watch->limit = MF_LIST_MAX;
        watch->since_ns = request->since_timestamp_ns;
        watch->needs_list = watch->since_ns != 0;
        watch->cursor = mf_hub_head(watches->context->hub);
        pump(watch);
    }
    mitmflow__v1__stream_flows_request__free_unpacked(request, NULL);
}

static void on_drain(struct mf_call *call, void *user)
{
    (void)user;
    struct watch *watch = mf_call_data(call);
    if (watch)
        pump(watch);
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
        watch_free(watch);
}

struct mf_watches *mf_watches_new(struct mf_context *context)
{
    struct mf_watches *watches = calloc(1, sizeof *watches);
    if (!watches)
        return NULL;
    watches->context = context;
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
    for (struct watch *watch = watches->first; watch; watch = watch->next)
        mf_call_finish(watch->call, MF_STATUS_UNAVAILABLE,
                       "the server is stopping");
}

void mf_watches_free(struct mf_watches *watches)
{
    if (!watches)
        return;
    mf_timer_free(watches->heartbeat);
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
