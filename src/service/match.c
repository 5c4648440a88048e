#include "service/match.h"

#include <stdlib.h>
#include <string.h>

#include "mitmflow/v1/mitmflow.pb-c.h"
#include "pb/wire.h"
#include "service/context.h"
#include "service/fail.h"
#include "service/stream.h"

enum {
    NUMBERS_MAX = 1000,
    STEP = 32,            /* flows looked at before others get their turns */
    RESPONSE_NUMBERS = 1, /* of MatchFlowsResponse */
};

/* One call. */
struct match {
    struct mf_filter *filter;
    size_t count;
    size_t next;
    uint64_t numbers[];
};

static void match_free(void *user)
{
    struct match *match = user;
    mf_filter_unref(match->filter);
    free(match);
}

/* Append `number` if there is such a flow and it matches. */
static int look_at(const struct match *match, struct mf_reader *reader,
                   uint64_t number, struct mf_buf *out, struct mf_err *err)
{
    const struct mf_flow_ref ref = {.number = number};
    struct mf_record *record;
    int rc = mf_reader_get(reader, &ref, 0, &record, err);
    if (rc == MF_ENOENT || rc == MF_ECORRUPT)
        return 0;
    if (rc)
        return rc;
    if (mf_filter_match(match->filter, record, NULL))
        rc = mf_wire_put_varint(out, RESPONSE_NUMBERS, number);
    mf_record_unref(record);
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
}

static int match_step(void *user, struct mf_reader *reader, struct mf_buf *out,
                      const atomic_bool *cancel, struct mf_err *err)
{
    struct match *match = user;
    int rc = 0;
    for (size_t i = 0; !rc && i < STEP && match->next < match->count; i++) {
        if (atomic_load_explicit(cancel, memory_order_relaxed))
            return 0;
        rc = look_at(match, reader, match->numbers[match->next++], out, err);
    }
    return rc ? rc : match->next < match->count;
}

static const struct mf_stream_ops match_ops = {
    .step = match_step, .free = match_free, .is_search = true};

static void start(struct mf_context *context, struct mf_call *call,
                  const Mitmflow__V1__MatchFlowsRequest *request)
{
    struct mf_filter *filter;
    if (!mf_fail_or_filter(call, request->filter, &filter))
        return;
    struct match *match =
        malloc(sizeof *match + request->n_numbers * sizeof *match->numbers);
    if (!match) {
        mf_filter_unref(filter);
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    match->filter = filter;
    match->count = request->n_numbers;
    match->next = 0;
    if (match->count)
        memcpy(match->numbers, request->numbers,
               match->count * sizeof *match->numbers);
    mf_stream_start(context, call, &match_ops, match);
}

static void on_match_flows(struct mf_call *call, void *user,
                           const uint8_t *message, size_t len)
{
    Mitmflow__V1__MatchFlowsRequest *request =
        mitmflow__v1__match_flows_request__unpack(NULL, len, message);
    if (!request) {
        mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT, "malformed message");
        return;
    }
    if (request->n_numbers > NUMBERS_MAX)
        mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT,
                       "at most 1000 flows at once");
    else
        start(user, call, request);
    mitmflow__v1__match_flows_request__free_unpacked(request, NULL);
}

#define SERVICE "mitmflow.v1."

const struct mf_method mf_match_methods[] = {
    {
        .path = "/" SERVICE "Service/MatchFlows",
        .input = SERVICE "MatchFlowsRequest",
        .output = SERVICE "MatchFlowsResponse",
        .kind = MF_METHOD_SERVER_STREAM,
        .ops = {.on_message = on_match_flows,
                .on_drain = mf_stream_on_drain,
                .on_close = mf_stream_on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
};
const size_t mf_match_method_count =
    sizeof mf_match_methods / sizeof *mf_match_methods;
