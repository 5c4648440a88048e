/* What a watch reads from the store, on the threads of the pool. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "service/watch_impl.h"

static void run(struct watch *watch);

/* ---- the list that a watch begins with ---- */

static int open_query(struct watch *watch)
{
    const struct mf_query_opts opts = {
        .filter = watch->filter,
        .limit = watch->limit,
        .cursor = "",
        .since_ns = watch->since_ns,
    };
    return mf_query_new(&opts, &watch->query, &watch->read_err);
}

/* Take over what the last step found. */
static int keep_found(struct watch *watch)
{
    struct mf_window *window = &watch->window;
    struct mf_record *record;
    while ((record = mf_query_next(watch->query))) {
        struct mf_record **records =
            mf_array_grow(window->records, window->count, &watch->window_cap,
                          sizeof *records);
        if (!records) {
            mf_record_unref(record);
            return mf_err_set(&watch->read_err, MF_ENOMEM, "out of memory");
        }
        window->records = records;
        records[window->count++] = record;
    }
    return 0;
}

static void close_query(struct watch *watch)
{
    mf_query_free(watch->query);
    watch->query = NULL;
    watch->window_cap = 0;
}

/* True if it takes another step. */
static bool list_goes_on(struct watch *watch)
{
    if (!watch->call || watch->read_rc < 0)
        return false;
    bool more = watch->read_rc > 0;
    watch->read_rc = keep_found(watch);
    if (watch->read_rc)
        return false;
    if (!more)
        watch->window.head = mf_query_head(watch->query);
    return more;
}

/* ---- live changes for a filter that takes its time ---- */

/* On a pool thread: what does not match is gone, or was never there. */
static void keep_matching(struct watch *watch)
{
    struct mf_window *window = &watch->window;
    size_t kept = 0;
    for (size_t i = 0; i < window->count; i++) {
        struct mf_record *record = window->records[i];
        if (watch->cancel || mf_filter_match(watch->filter, record, NULL)) {
            window->records[kept++] = record;
            continue;
        }
        if (!watch->is_new[i])
            window->gone[window->gone_count++] = mf_record_head(record)->number;
        mf_record_unref(record);
    }
    window->count = kept;
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
    bool is_new = change->is_new;
    size_t at = is_new ? window->count : find_record(window, change->number);
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

void mf_watch__match_live(struct watch *watch)
{
    const struct mf_hub *hub = watch->watches->context->hub;
    struct mf_window *window = &watch->window;
    window->records = calloc(LIVE_CHANGES, sizeof(struct mf_record *));
    window->gone = calloc(LIVE_CHANGES, sizeof *window->gone);
    if (!window->records || !window->gone) {
        mf_window_release(window);
        mf_watch__finish(watch, MF_ENOMEM, mf_err_message(MF_ENOMEM));
        return;
    }
    const struct mf_change *change;
    for (uint64_t i = 1; i <= LIVE_CHANGES &&
                         (change = mf_hub_change(hub, watch->cursor + i)) &&
                         mf_watch__can_judge(watch, change);
         i++)
        take_live(watch, change);
    watch->reading = READ_LIVE;
    run(watch);
}

/* ---- the job ---- */

static void work(struct mf_job *job, struct mf_reader *reader)
{
    struct watch *watch = (struct watch *)job;
    watch->read_rc = 0;
    if (watch->reading == READ_LIST)
        watch->read_rc = mf_query_step(watch->query, reader, MF_QUERY_STEP_NS,
                                       &watch->cancel, &watch->read_err);
    else if (watch->reading == READ_CHANGES)
        watch->read_rc = mf_reader_changes(
            reader, watch->cursor, MF_BATCH_FLOWS, watch->filter,
            &watch->cancel, &watch->window, &watch->read_err);
    else
        keep_matching(watch);
}

/* True if the changes read bring the watch on; else it begins again. */
static bool changes_are_usable(const struct watch *watch)
{
    return watch->read_rc != MF_ENOENT &&
           (watch->read_rc || watch->window.change > watch->cursor);
}

static void done(struct mf_job *job)
{
    struct watch *watch = (struct watch *)job;
    if (job->was_dropped)
        watch->read_rc = MF_ECLOSED;
    if (watch->reading == READ_LIST) {
        if (list_goes_on(watch)) {
            run(watch);
            return;
        }
        close_query(watch);
    }
    enum read_kind kind = watch->reading;
    watch->reading = READ_NONE;
    watch->window_open = watch->read_rc == 0;
    watch->window_at = 0;
    if (!watch->call) {
        mf_watch__free(watch);
        return;
    }
    if (watch->is_over)
        return;
    if (kind == READ_CHANGES && !changes_are_usable(watch)) {
        mf_window_release(&watch->window);
        watch->window_open = false;
        watch->needs_list = true; /* a gap */
    } else if (watch->read_rc) {
        mf_watch__finish(watch, watch->read_rc, watch->read_err.text);
        return;
    }
    mf_watch__pump(watch);
}

static void run(struct watch *watch)
{
    watch->job.work = work;
    watch->job.done = done;
    watch->job.is_search = watch->filter != NULL;
    mf_pool_run(watch->watches->context->pool, &watch->job);
}

void mf_watch__read(struct watch *watch, enum read_kind kind)
{
    if (kind == READ_LIST && open_query(watch)) {
        mf_watch__finish(watch, watch->read_err.code, watch->read_err.text);
        return;
    }
    watch->reading = kind;
    run(watch);
}
