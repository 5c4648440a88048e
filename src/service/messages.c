#include "service/messages.h"

#include <stdlib.h>

#include "mitmflow/v1/mitmflow.pb-c.h"
#include "pb/wire.h"
#include "service/context.h"
#include "service/flow_ref.h"
#include "service/renumber.h"
#include "service/stream.h"

/* Read at once, at most. */
enum { PART = 2000 };

/* Field numbers of GetMessagesResponse. */
enum {
    FIRST_INDEX = 1,
    MESSAGE_COUNT = 5,
};

/* One call. */
struct range {
    struct mf_owned_ref ref;
    uint64_t first; /* of the next part */
    size_t left;
};

static void range_free(void *user)
{
    struct range *range = user;
    mf_owned_ref_release(&range->ref);
    free(range);
}

/* ---- the answer ---- */

static int put_part(const struct range *range,
                    const struct mf_messages *messages, struct mf_buf *buf)
{
    int rc = mf_messages_renumber(messages->type, buf);
    if (!rc)
        rc = mf_wire_put_varint_opt(buf, FIRST_INDEX, range->first);
    return rc ? rc
              : mf_wire_put_varint_opt(buf, MESSAGE_COUNT, messages->total);
}

static int read_part(void *user, struct mf_reader *reader, struct mf_buf *out,
                     const atomic_bool *cancel, struct mf_err *err)
{
    (void)cancel;
    struct range *range = user;
    struct mf_messages messages;
    size_t limit = range->left < PART ? range->left : PART;
    int rc = mf_reader_messages(reader, &range->ref.ref, range->first, limit,
                                out, &messages, err);
    if (rc)
        return rc;
    rc = put_part(range, &messages, out);
    if (rc)
        return mf_err_set(err, rc, "messages cannot be shown: %s",
                          mf_err_message(rc));
    uint64_t count = messages.count;
    range->first += count;
    range->left -= count < range->left ? (size_t)count : range->left;
    return count && range->left && range->first < messages.total;
}

/* ---- the call ---- */

static const struct mf_stream_ops range_ops = {.step = read_part,
                                               .free = range_free};

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
        range->first = request->first_index;
        range->left = mf_list_limit(request->limit);
        mf_stream_start(user, call, &range_ops, range);
    }
    mitmflow__v1__get_messages_request__free_unpacked(request, NULL);
}

#define SERVICE "mitmflow.v1."

const struct mf_method mf_messages_methods[] = {
    {
        .path = "/" SERVICE "Service/GetMessages",
        .input = SERVICE "GetMessagesRequest",
        .output = SERVICE "GetMessagesResponse",
        .kind = MF_METHOD_SERVER_STREAM,
        .ops = {.on_message = on_get_messages,
                .on_drain = mf_stream_on_drain,
                .on_close = mf_stream_on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
};
const size_t mf_messages_method_count =
    sizeof mf_messages_methods / sizeof *mf_messages_methods;
