#include "service/messages.h"

#include <stdlib.h>

#include "mitmflow/v1/mitmflow.pb-c.h"
#include "pb/wire.h"
#include "service/context.h"
#include "service/fail.h"
#include "service/flow_ref.h"
#include "service/renumber.h"

/* Read at once, at most. */
enum { PART = 2000 };

/* Field numbers of GetMessagesResponse. */
enum {
    FIRST_INDEX = 1,
    MESSAGE_COUNT = 5,
};

/* One call. */
struct range {
    struct mf_job job; /* first: jobs are cast back */
    struct mf_context *context;
    struct mf_call *call; /* NULL: closed, waiting for the job */
    struct mf_owned_ref ref;
    uint64_t first; /* of the next part */
    size_t left;
    bool is_running;
    bool is_over; /* finished, waiting for on_close */
    int rc;
    struct mf_err err;
    struct mf_buf buf; /* of the part read */
    struct mf_messages messages;
};

static void range_free(struct range *range)
{
    mf_owned_ref_release(&range->ref);
    mf_buf_release(&range->buf);
    free(range);
}

/* ---- the answer ---- */

static int put_part(struct range *range)
{
    struct mf_buf *buf = &range->buf;
    int rc = mf_messages_renumber(range->messages.type, buf);
    if (!rc)
        rc = mf_wire_put_varint_opt(buf, FIRST_INDEX, range->first);
    return rc ? rc
              : mf_wire_put_varint_opt(buf, MESSAGE_COUNT,
                                       range->messages.total);
}

static void finish(struct range *range, int rc, const char *text)
{
    range->is_over = true;
    mf_buf_release(&range->buf);
    if (rc) {
        struct mf_err err;
        mf_err_set(&err, rc, "%s", text);
        mf_fail(range->call, &err);
    } else {
        mf_call_finish(range->call, MF_STATUS_OK, NULL);
    }
}

/* ---- reading ---- */

static void part_work(struct mf_job *job, struct mf_reader *reader)
{
    struct range *range = (struct range *)job;
    size_t limit = range->left < PART ? range->left : PART;
    mf_buf_clear(&range->buf);
    range->rc = mf_reader_messages(reader, &range->ref.ref, range->first, limit,
                                   &range->buf, &range->messages, &range->err);
    if (range->rc)
        return;
    range->rc = put_part(range);
    if (range->rc)
        mf_err_set(&range->err, range->rc, "messages cannot be shown: %s",
                   mf_err_message(range->rc));
}

static void go_on(struct range *range)
{
    if (range->is_over || range->is_running || !range->context->pool ||
        mf_call_pending(range->call) >= MF_PENDING_MAX_LEN)
        return;
    range->is_running = true;
    mf_pool_run(range->context->pool, &range->job);
}

static void part_done(struct mf_job *job)
{
    struct range *range = (struct range *)job;
    range->is_running = false;
    if (!range->call) {
        range_free(range);
        return;
    }
    if (job->was_dropped) {
        range->is_over = true;
        mf_call_finish(range->call, MF_STATUS_UNAVAILABLE,
                       "the server is stopping");
        return;
    }
    if (range->rc) {
        finish(range, range->rc, range->err.text);
        return;
    }
    mf_call_send(range->call, range->buf.data, range->buf.len);
    uint64_t count = range->messages.count;
    range->first += count;
    range->left -= count < range->left ? (size_t)count : range->left;
    if (!count || !range->left || range->first >= range->messages.total)
        finish(range, 0, NULL);
    else
        go_on(range);
}

/* ---- the call ---- */

static void on_get_messages(struct mf_call *call, void *user,
                            const uint8_t *message, size_t len)
{
    Mitmflow__V1__GetMessagesRequest *request =
        mitmflow__v1__get_messages_request__unpack(NULL, len, message);
    if (!request) {
        mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT, "malformed message");
        return;
    }
    struct range *range = calloc(1, sizeof *range);
    if (!range ||
        mf_owned_ref_init(&range->ref, message, len, request->number)) {
        free(range);
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
    } else {
        range->context = user;
        range->call = call;
        range->first = request->first_index;
        range->left = mf_list_limit(request->limit);
        mf_buf_init(&range->buf, SIZE_MAX);
        range->job.work = part_work;
        range->job.done = part_done;
        mf_call_set_data(call, range);
        mf_call_send_head(call);
        go_on(range);
    }
    mitmflow__v1__get_messages_request__free_unpacked(request, NULL);
}

static void on_drain(struct mf_call *call, void *user)
{
    (void)user;
    struct range *range = mf_call_data(call);
    if (range)
        go_on(range);
}

static void on_close(struct mf_call *call, void *user)
{
    (void)user;
    struct range *range = mf_call_data(call);
    if (!range)
        return;
    range->call = NULL;
    if (!range->is_running)
        range_free(range);
}

#define SERVICE "mitmflow.v1."

const struct mf_method mf_messages_methods[] = {
    {
        .path = "/" SERVICE "Service/GetMessages",
        .input = SERVICE "GetMessagesRequest",
        .output = SERVICE "GetMessagesResponse",
        .kind = MF_METHOD_SERVER_STREAM,
        .ops = {.on_message = on_get_messages,
                .on_drain = on_drain,
                .on_close = on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
};
const size_t mf_messages_method_count =
    sizeof mf_messages_methods / sizeof *mf_messages_methods;
