/* What a watch tells its viewer. */
#include "pb/wire.h"
#include "service/losses.h"
#include "service/position.h"
#include "service/watch_impl.h"

#define MESSAGE_MAX_LEN ((size_t)16 << 20)
#define SCRATCH_KEEP_CAP ((size_t)1 << 20)

/* Field numbers of WatchFlowsResponse and StreamFlowsResponse. */
enum {
    WATCH_RESET = 1,
    WATCH_FLOWS = 2,
    WATCH_GONE = 3,
    WATCH_CURSOR = 4,
    WATCH_CAUGHT_UP = 5,
    WATCH_TOTAL = 6,
    WATCH_EVICTED = 7,
    WATCH_LOSSES = 8,
    STREAM_FLOW = 1,
};

/* One message being put together, in the scratch of all watches. */
struct batch {
    struct watch *watch;
    struct mf_buf *buf;
    size_t count;
};

static struct batch batch_begin(struct watch *watch)
{
    struct mf_buf *scratch = &watch->watches->scratch;
    if (scratch->cap > SCRATCH_KEEP_CAP)
        mf_buf_release(scratch);
    mf_buf_clear(scratch);
    scratch->max = MESSAGE_MAX_LEN;
    return (struct batch){.watch = watch, .buf = scratch};
}

static bool batch_is_full(const struct batch *batch)
{
    return batch->count >= MF_BATCH_FLOWS ||
           batch->buf->len >= MF_BATCH_MAX_LEN;
}

/* A stream tells each flow by itself. */
static int tell_flow(struct batch *batch, const struct mf_record *record)
{
    size_t len;
    const uint8_t *summary = mf_record_summary(record, &len);
    batch->count++;
    if (!batch->watch->is_stream)
        return mf_wire_put_bytes(batch->buf, WATCH_FLOWS, summary, len);
    int rc = mf_wire_put_bytes(batch->buf, STREAM_FLOW, summary, len);
    if (!rc)
        mf_call_send(batch->watch->call, batch->buf->data, batch->buf->len);
    mf_buf_clear(batch->buf);
    return rc;
}

static int tell_gone(struct batch *batch, uint64_t number)
{
    batch->count++;
    if (batch->watch->is_stream)
        return 0;
    return mf_wire_put_varint(batch->buf, WATCH_GONE, number);
}

static int put_position(struct batch *batch)
{
    struct watch *watch = batch->watch;
    struct mf_context *context = watch->watches->context;
    int rc = mf_position_put(context, watch->cursor, WATCH_CURSOR, batch->buf);
    if (!rc)
        rc = mf_wire_put_varint_opt(batch->buf, WATCH_CAUGHT_UP,
                                    watch->cursor >= mf_hub_head(context->hub));
    if (!rc)
        rc = mf_wire_put_varint_opt(batch->buf, WATCH_TOTAL,
                                    context->stats.flow_count);
    if (!rc)
        rc = mf_wire_put_varint_opt(batch->buf, WATCH_EVICTED,
                                    context->stats.evicted_count);
    return rc ? rc
              : mf_losses_put(context, &watch->loss, WATCH_LOSSES, batch->buf);
}

/* Send what the batch holds; with `position`, all up to the watch's cursor
 * is told. With an error it is not, and the watch ends. */
static void batch_send(struct batch *batch, int rc, bool position)
{
    struct watch *watch = batch->watch;
    if (!rc && position && !watch->is_stream)
        rc = put_position(batch);
    if (!rc && batch->buf->len) {
        mf_call_send(watch->call, batch->buf->data, batch->buf->len);
        watch->told_nothing = false;
    }
    if (rc)
        mf_watch__finish(watch, rc, mf_err_message(rc));
}

void mf_watch__tell_position(struct watch *watch)
{
    struct batch batch = batch_begin(watch);
    batch_send(&batch, 0, true);
}

/* ---- what was read ---- */

static void close_window(struct watch *watch)
{
    watch->window_open = false;
    mf_window_release(&watch->window);
}

/* The next part of a list, oldest flow first; then its cursor. */
static void tell_list(struct watch *watch)
{
    struct batch batch = batch_begin(watch);
    int rc = 0;
    if (watch->window_at == 0 && !watch->is_stream) {
        rc = mf_wire_put_varint(batch.buf, WATCH_RESET, 1);
        watch->loss = 0;
    }
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
    struct batch batch = batch_begin(watch);
    int rc = 0;
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

void mf_watch__tell_window(struct watch *watch)
{
    if (watch->needs_list)
        tell_list(watch);
    else
        tell_changes(watch);
}

/* ---- what is live ---- */

bool mf_watch__tell_summaries(struct watch *watch)
{
    const struct mf_hub *hub = watch->watches->context->hub;
    struct batch batch = batch_begin(watch);
    int rc = mf_hub_put(hub, watch->cursor, MF_BATCH_MAX_LEN, MF_BATCH_FLOWS,
                        batch.buf, &watch->cursor);
    if (rc == MF_ENOENT)
        return false;
    batch_send(&batch, rc, true);
    return true;
}

bool mf_watch__can_judge(const struct watch *watch,
                         const struct mf_change *change)
{
    return !watch->filter || !change->record || mf_record_flow(change->record);
}

static int tell_change(struct batch *batch, const struct mf_change *change)
{
    const struct mf_filter *filter = batch->watch->filter;
    if (change->record &&
        (!filter || mf_filter_match(filter, change->record, NULL)))
        return tell_flow(batch, change->record);
    /* Of what was never told nothing is told. */
    return change->is_new ? 0 : tell_gone(batch, change->number);
}

void mf_watch__tell_records(struct watch *watch)
{
    const struct mf_hub *hub = watch->watches->context->hub;
    struct batch batch = batch_begin(watch);
    const struct mf_change *change;
    int rc = 0;
    while (!rc && !batch_is_full(&batch) &&
           (change = mf_hub_change(hub, watch->cursor + 1)) &&
           mf_watch__can_judge(watch, change)) {
        rc = tell_change(&batch, change);
        watch->cursor++;
    }
    if (rc || batch.count)
        batch_send(&batch, rc, true);
}
