#include "service/query.h"

#include <stdlib.h>

#include "base/clock.h"
#include "mitmflow/v1/mitmflow.pb-c.h"
#include "pb/wire.h"
#include "service/fail.h"
#include "service/query_answer.h"

enum {
    /* Progress is told after at most the sum of the two. */
    TICK_MS = 50,
    QUIET_MS = 150,
    BARS_MAX = 1000,
    FACET_DEFAULT = 20,
    FACET_LIMIT_MAX = 1000,
};

/* Field numbers of the answers. */
enum {
    QUERY_FLOWS = 1, /* and GetFlowsResponse's flow */
    QUERY_PROGRESS = 2,
    QUERY_END = 3,
    SUMMARIZE_PROGRESS = 1,
    SUMMARIZE_SUMMARY = 2,
};

struct mf_queries {
    struct mf_context *context;
    struct query *first;
    struct mf_timer *tick; /* runs while there is a query */
    struct mf_buf scratch;
};

enum kind { GET_FLOWS, QUERY, SUMMARIZE };

struct query {
    struct mf_job job; /* first: jobs are cast back */
    struct mf_queries *queries;
    struct query *next, **link;
    struct mf_call *call; /* NULL: closed, waiting for the job */
    enum kind kind;
    bool is_running; /* a step is */
    bool is_whole;   /* there is no further step */
    bool is_over;    /* finished, waiting for on_close */
    size_t bars;
    _Atomic bool cancel;
    int rc; /* of the last step */
    struct mf_err err;
    struct mf_query *query;
    struct mf_query_progress progress;
    int64_t told_ns; /* when the last message was sent */
};

static void query_free(struct query *query)
{
    mf_query_free(query->query);
    free(query);
}

static void finish(struct query *query, enum mf_status status, const char *text)
{
    query->is_over = true;
    mf_call_finish(query->call, status, text);
    /* The call may last: a slow client. */
    mf_query_free(query->query);
    query->query = NULL;
}

static void fail(struct query *query, const struct mf_err *err)
{
    query->is_over = true;
    mf_fail(query->call, err);
    mf_query_free(query->query);
    query->query = NULL;
}

/* ---- telling ---- */

/* The scratch, empty, for one message. */
static struct mf_buf *message_begin(const struct query *query)
{
    struct mf_buf *scratch = &query->queries->scratch;
    if (scratch->cap > 4 * MF_BATCH_MAX_LEN)
        mf_buf_release(scratch);
    mf_buf_clear(scratch);
    scratch->max = SIZE_MAX;
    return scratch;
}

/* True if it was sent; otherwise the call has failed. */
static bool message_send(struct query *query, int rc)
{
    const struct mf_buf *message = &query->queries->scratch;
    if (rc) {
        finish(query, MF_STATUS_RESOURCE_EXHAUSTED, mf_err_message(rc));
        return false;
    }
    mf_call_send(query->call, message->data, message->len);
    query->told_ns = mf_clock_mono_ns();
    return true;
}

static int put_progress(const struct query *query, struct mf_buf *message)
{
    uint32_t field = query->kind == QUERY ? QUERY_PROGRESS : SUMMARIZE_PROGRESS;
    if (query->kind == GET_FLOWS)
        return 0;
    return mf_query_put_progress(&query->progress, field, message);
}

/* While a step is under way, so that nothing here may end the call. */
static void tell_progress(struct query *query)
{
    struct mf_buf *message = message_begin(query);
    if (put_progress(query, message) == 0)
        message_send(query, 0);
}

/* Of GetFlows each flow is a message. */
static bool tell_one(struct query *query, const struct mf_record *record)
{
    size_t len;
    const uint8_t *summary = mf_record_summary(record, &len);
    struct mf_buf *message = message_begin(query);
    return message_send(query,
                        mf_wire_put_bytes(message, QUERY_FLOWS, summary, len));
}

/* `record` and what follows it. */
static bool tell_batch(struct query *query, struct mf_record *record)
{
    struct mf_buf *message = message_begin(query);
    int rc = 0;
    size_t count = 0;
    while (record) {
        size_t len;
        const uint8_t *summary = mf_record_summary(record, &len);
        if (!rc)
            rc = mf_wire_put_bytes(message, QUERY_FLOWS, summary, len);
        mf_record_unref(record);
        bool is_full =
            ++count == MF_BATCH_FLOWS || message->len >= MF_BATCH_MAX_LEN;
        record = rc || is_full ? NULL : mf_query_next(query->query);
    }
    if (!rc)
        rc = put_progress(query, message);
    return message_send(query, rc);
}

/* Send what was found, as far as the viewer takes it. True: all of it. */
static bool tell_found(struct query *query)
{
    while (mf_call_pending(query->call) < MF_PENDING_MAX_LEN) {
        struct mf_record *record = mf_query_next(query->query);
        bool is_sent;
        if (!record)
            return true;
        if (query->kind == GET_FLOWS) {
            is_sent = tell_one(query, record);
            mf_record_unref(record);
        } else {
            is_sent = tell_batch(query, record);
        }
        if (!is_sent)
            return false;
    }
    return false;
}

static void tell_end(struct query *query)
{
    struct mf_buf *message = message_begin(query);
    int rc = put_progress(query, message);
    if (!rc && query->kind == QUERY)
        rc = mf_query_put_end(query->queries->context, query->query, QUERY_END,
                              message);
    else if (!rc && query->kind == SUMMARIZE)
        rc = mf_query_put_summary(mf_query_summary(query->query), query->bars,
                                  SUMMARIZE_SUMMARY, message);
    if (query->kind == GET_FLOWS || message_send(query, rc))
        finish(query, MF_STATUS_OK, NULL);
}

/* ---- going on ---- */

static void step_work(struct mf_job *job, struct mf_reader *reader)
{
    struct query *query = (struct query *)job;
    query->rc = mf_query_step(query->query, reader, MF_QUERY_STEP_NS,
                              &query->cancel, &query->err);
}

/* Tell what was found, then look further or end. */
static void go_on(struct query *query)
{
    if (query->is_over || query->is_running || !tell_found(query))
        return;
    if (query->is_whole) {
        tell_end(query);
        return;
    }
    if (!query->queries->context->pool) {
        finish(query, MF_STATUS_UNAVAILABLE, "the server is stopping");
        return;
    }
    query->is_running = true;
    mf_pool_run(query->queries->context->pool, &query->job);
}

static void step_done(struct mf_job *job)
{
    struct query *query = (struct query *)job;
    query->is_running = false;
    if (!query->call) {
        query_free(query);
        return;
    }
    if (job->was_dropped || query->queries->context->stopping) {
        finish(query, MF_STATUS_UNAVAILABLE, "the server is stopping");
    } else if (query->rc < 0) {
        fail(query, &query->err);
    } else {
        query->is_whole = query->rc == 0;
        mf_query_progress(query->query, &query->progress);
        go_on(query);
    }
}

/* Steps wait for their turns; whoever waits for one hears of it. */
static void on_tick(void *arg)
{
    struct mf_queries *queries = arg;
    int64_t quiet_ns = mf_clock_mono_ns() - QUIET_MS * MF_NS_PER_MS;
    for (struct query *query = queries->first; query; query = query->next)
        if (query->is_running && !query->is_over && query->kind != GET_FLOWS &&
            query->told_ns < quiet_ns &&
            mf_call_pending(query->call) < MF_PENDING_MAX_LEN)
            tell_progress(query);
}

/* ---- the calls ---- */

static void query_on_drain(struct mf_call *call, void *user)
{
    (void)user;
    struct query *query = mf_call_data(call);
    if (query)
        go_on(query);
}

static void query_on_close(struct mf_call *call, void *user)
{
    struct mf_queries *queries = user;
    struct query *query = mf_call_data(call);
    if (!query)
        return;
    *query->link = query->next;
    if (query->next)
        query->next->link = query->link;
    if (!queries->first)
        mf_timer_stop(queries->tick);
    query->call = NULL;
    query->cancel = true;
    if (!query->is_running)
        query_free(query);
}

static void start(struct mf_queries *queries, struct mf_call *call,
                  enum kind kind, const struct mf_query_opts *opts)
{
    struct query *query = calloc(1, sizeof *query);
    if (!query) {
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    struct mf_err err;
    if (mf_query_new(opts, &query->query, &err)) {
        free(query);
        mf_fail(call, &err);
        return;
    }
    query->queries = queries;
    query->call = call;
    query->kind = kind;
    query->bars = opts->bars;
    query->told_ns = mf_clock_mono_ns();
    query->job.work = step_work;
    query->job.done = step_done;
    query->job.is_search = opts->summarize || opts->sort != MF_SORT_ARRIVAL ||
                           !mf_filter_is_empty(opts->filter);
    query->next = queries->first;
    query->link = &queries->first;
    if (query->next)
        query->next->link = &query->next;
    else
        mf_timer_start(queries->tick, TICK_MS, TICK_MS);
    queries->first = query;
    mf_call_set_data(call, query);
    mf_call_send_head(call);
    go_on(query);
}

static void refuse(struct mf_call *call, const char *text)
{
    mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT, text);
}

static void on_get_flows(struct mf_call *call, void *user,
                         const uint8_t *message, size_t len)
{
    Mitmflow__V1__GetFlowsRequest *request =
        mitmflow__v1__get_flows_request__unpack(NULL, len, message);
    struct mf_query_opts opts = {.cursor = ""};
    if (!request) {
        refuse(call, "malformed message");
        return;
    }
    if (mf_fail_or_filter(call, request->filter, &opts.filter)) {
        opts.limit = mf_list_limit(request->limit);
        start(user, call, GET_FLOWS, &opts);
        mf_filter_unref(opts.filter);
    }
    mitmflow__v1__get_flows_request__free_unpacked(request, NULL);
}

static void on_query_flows(struct mf_call *call, void *user,
                           const uint8_t *message, size_t len)
{
    Mitmflow__V1__QueryFlowsRequest *request =
        mitmflow__v1__query_flows_request__unpack(NULL, len, message);
    struct mf_query_opts opts = {0};
    if (!request) {
        refuse(call, "malformed message");
        return;
    }
    if ((unsigned)request->sort > MF_SORT_TYPE) {
        refuse(call, "flows cannot be sorted by that");
    } else if (mf_fail_or_filter(call, request->filter, &opts.filter)) {
        opts.sort = (enum mf_sort_key)request->sort;
        opts.ascending = request->ascending;
        opts.limit = mf_list_limit(request->limit);
        opts.cursor = request->cursor;
        opts.offset = request->offset;
        opts.before = request->before;
        start(user, call, QUERY, &opts);
        mf_filter_unref(opts.filter);
    }
    mitmflow__v1__query_flows_request__free_unpacked(request, NULL);
}

static int64_t timestamp_ns(const Google__Protobuf__Timestamp *time)
{
    const int64_t limit = INT64_MAX / MF_NS_PER_S - 1;
    if (!time || time->seconds > limit || time->seconds < -limit ||
        time->nanos < 0 || time->nanos >= MF_NS_PER_S)
        return 0;
    return time->seconds * MF_NS_PER_S + time->nanos;
}

/* Take the facets that are asked for; why not, or NULL. */
static const char *
read_facets(const Mitmflow__V1__SummarizeFlowsRequest *request,
            struct mf_query_opts *opts)
{
    if (request->n_facets > MF_FACETS_MAX)
        return "too many facets";
    for (size_t i = 0; i < request->n_facets; i++) {
        int kind = (int)request->facets[i];
        if (kind < MF_FACET_HOST || kind > MF_FACET_CONTENT_TYPE)
            return "there is no such facet";
        opts->facets[opts->facet_count++] = (enum mf_facet_kind)kind;
    }
    if (request->facet_limit > FACET_LIMIT_MAX)
        return "a facet tells at most 1000 values";
    opts->facet_limit =
        request->facet_limit ? request->facet_limit : FACET_DEFAULT;
    return NULL;
}

static void on_summarize_flows(struct mf_call *call, void *user,
                               const uint8_t *message, size_t len)
{
    Mitmflow__V1__SummarizeFlowsRequest *request =
        mitmflow__v1__summarize_flows_request__unpack(NULL, len, message);
    struct mf_query_opts opts = {.cursor = "", .summarize = true};
    if (!request) {
        refuse(call, "malformed message");
        return;
    }
    const char *fault = read_facets(request, &opts);
    if (request->bars > BARS_MAX)
        fault = "a histogram has at most 1000 bars";
    if (fault) {
        refuse(call, fault);
    } else if (mf_fail_or_filter(call, request->filter, &opts.filter)) {
        opts.bars = request->bars;
        opts.with_details = request->with_details;
        opts.before = request->before;
        opts.from_ns = timestamp_ns(request->from);
        opts.to_ns = timestamp_ns(request->to);
        start(user, call, SUMMARIZE, &opts);
        mf_filter_unref(opts.filter);
    }
    mitmflow__v1__summarize_flows_request__free_unpacked(request, NULL);
}

/* ---- life ---- */

struct mf_queries *mf_queries_new(struct mf_context *context)
{
    struct mf_queries *queries = calloc(1, sizeof *queries);
    if (!queries)
        return NULL;
    queries->context = context;
    mf_buf_init(&queries->scratch, SIZE_MAX);
    queries->tick = mf_timer_new(context->loop, on_tick, queries);
    if (!queries->tick) {
        free(queries);
        return NULL;
    }
    return queries;
}

void mf_queries_free(struct mf_queries *queries)
{
    if (!queries)
        return;
    mf_timer_free(queries->tick);
    mf_buf_release(&queries->scratch);
    free(queries);
}

#define SERVICE "mitmflow.v1."

const struct mf_method mf_query_methods[] = {
    {
        .path = "/" SERVICE "Service/GetFlows",
        .input = SERVICE "GetFlowsRequest",
        .output = SERVICE "GetFlowsResponse",
        .kind = MF_METHOD_SERVER_STREAM,
        .ops = {.on_message = on_get_flows,
                .on_drain = query_on_drain,
                .on_close = query_on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
    {
        .path = "/" SERVICE "Service/QueryFlows",
        .input = SERVICE "QueryFlowsRequest",
        .output = SERVICE "QueryFlowsResponse",
        .kind = MF_METHOD_SERVER_STREAM,
        .ops = {.on_message = on_query_flows,
                .on_drain = query_on_drain,
                .on_close = query_on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
    {
        .path = "/" SERVICE "Service/SummarizeFlows",
        .input = SERVICE "SummarizeFlowsRequest",
        .output = SERVICE "SummarizeFlowsResponse",
        .kind = MF_METHOD_SERVER_STREAM,
        .ops = {.on_message = on_summarize_flows,
                .on_drain = query_on_drain,
                .on_close = query_on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
};
const size_t mf_query_method_count =
    sizeof mf_query_methods / sizeof *mf_query_methods;
