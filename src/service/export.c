#include "service/export.h"

#include <stdlib.h>
#include <string.h>

#include "mitmflow/v1/mitmflow.pb-c.h"
#include "pb/wire.h"
#include "service/export_task.h"
#include "service/fail.h"
#include "service/flow_ref.h"
#include "service/stream.h"

enum {
    PIECE_LEN = 256 << 10,  /* of one message of Export */
    ANSWER_LEN = 128 << 20, /* of ExportFlows, which is one message */
    REFS_MAX = 100000,
};

/* Field numbers of ExportResponse. */
enum {
    EXPORT_FILENAME = 1,
    EXPORT_MEDIA_TYPE = 2,
    EXPORT_DATA = 3,
    EXPORT_PROGRESS = 4,
    EXPORT_LEFT_OUT = 5,
    EXPORT_END = 6,
    PROGRESS_FLOWS = 1,
    PROGRESS_TOTAL = 2,
    OMISSION_WHAT = 1,
    OMISSION_COUNT = 2,
    OMISSION_NUMBER = 3,
};

/* ---- Export ---- */

struct stream {
    struct mf_export_run *run;
    enum mf_export_format format;
    bool has_begun;
    bool is_whole;
};

static void stream_free(void *user)
{
    struct stream *stream = user;
    mf_export_run_free(stream->run);
    free(stream);
}

static int put_head(struct stream *stream, struct mf_buf *out)
{
    char name[64];
    const char *type = mf_export_media_type(stream->format);
    if (stream->has_begun)
        return 0;
    stream->has_begun = true;
    mf_export_file_name(stream->format, name, sizeof name);
    int rc = mf_wire_put_bytes(out, EXPORT_FILENAME, name, strlen(name));
    return rc ? rc
              : mf_wire_put_bytes(out, EXPORT_MEDIA_TYPE, type, strlen(type));
}

static int put_progress(const struct stream *stream, struct mf_buf *out)
{
    struct mf_export_run_progress progress =
        mf_export_run_progress(stream->run);
    size_t mark;
    int rc = mf_wire_begin(out, EXPORT_PROGRESS, &mark);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, PROGRESS_FLOWS, progress.flows);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, PROGRESS_TOTAL, progress.total);
    return rc ? rc : mf_wire_end(out, mark);
}

static int put_omission(const struct mf_export_omission *omission,
                        struct mf_buf *out)
{
    size_t mark;
    int rc = mf_wire_begin(out, EXPORT_LEFT_OUT, &mark);
    if (!rc)
        rc = mf_wire_put_bytes(out, OMISSION_WHAT, omission->what,
                               strlen(omission->what));
    if (!rc)
        rc = mf_wire_put_varint_opt(out, OMISSION_COUNT, omission->count);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, OMISSION_NUMBER, omission->first);
    return rc ? rc : mf_wire_end(out, mark);
}

static int put_end(const struct stream *stream, struct mf_buf *out)
{
    size_t count;
    const struct mf_export_omission *omissions =
        mf_export_run_omissions(stream->run, &count);
    int rc = 0;
    for (size_t i = 0; !rc && i < count; i++)
        rc = put_omission(&omissions[i], out);
    return rc ? rc : mf_wire_put_varint(out, EXPORT_END, true);
}

/* What was written in earlier steps comes first. */
static int step(void *user, struct mf_reader *reader, struct mf_buf *out,
                const atomic_bool *cancel, struct mf_err *err)
{
    struct stream *stream = user;
    struct mf_span piece = mf_export_run_take(stream->run, PIECE_LEN);
    if (!piece.len && !stream->is_whole) {
        int rc = mf_export_run_step(stream->run, reader, cancel, err);
        if (rc < 0)
            return rc;
        stream->is_whole = rc == 0;
        piece = mf_export_run_take(stream->run, PIECE_LEN);
    }
    bool is_end = stream->is_whole && !piece.len;
    int rc = put_head(stream, out);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, EXPORT_DATA, piece.text, piece.len);
    if (!rc)
        rc = put_progress(stream, out);
    if (!rc && is_end)
        rc = put_end(stream, out);
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : !is_end;
}

static const struct mf_stream_ops stream_ops = {
    .step = step,
    .free = stream_free,
    .is_search = true,
    .gives_way = true,
};

static void refuse(struct mf_call *call, const char *text)
{
    mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT, text);
}

/* False: the call is finished. */
static bool open_run(struct mf_call *call,
                     const struct mf_export_run_opts *opts,
                     struct mf_export_run **ret_run)
{
    struct mf_err err;
    if (!mf_export_run_new(opts, ret_run, &err))
        return true;
    mf_fail(call, &err);
    return false;
}

static void start_stream(struct mf_context *context, struct mf_call *call,
                         const struct mf_export_run_opts *opts)
{
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream) {
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    stream->format = opts->format;
    if (open_run(call, opts, &stream->run))
        mf_stream_start(context, call, &stream_ops, stream);
    else
        free(stream);
}

static void read_export(struct mf_context *context, struct mf_call *call,
                        const Mitmflow__V1__ExportRequest *request)
{
    struct mf_flow_ref *refs = calloc(request->n_numbers + 1, sizeof *refs);
    struct mf_export_run_opts opts = {
        .format = (enum mf_export_format)request->format,
        .mitm_version = request->mitm_version,
        .refs = refs,
        .ref_count = request->n_numbers,
    };
    for (size_t i = 0; refs && i < request->n_numbers; i++)
        refs[i] = (struct mf_flow_ref){request->numbers[i], {"", 0}};
    if (!refs)
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
    else if (mf_fail_or_filter(call, request->filter, &opts.filter)) {
        start_stream(context, call, &opts);
        mf_filter_unref(opts.filter);
    }
    free(refs);
}

static void on_export(struct mf_call *call, void *user, const uint8_t *message,
                      size_t len)
{
    Mitmflow__V1__ExportRequest *request =
        mitmflow__v1__export_request__unpack(NULL, len, message);
    if (!request) {
        refuse(call, "malformed message");
        return;
    }
    bool has_zero = false;
    for (size_t i = 0; i < request->n_numbers; i++)
        has_zero |= request->numbers[i] == 0;
    if (request->n_numbers > REFS_MAX)
        refuse(call, "at most 100,000 flows can be named; use a filter");
    else if (has_zero)
        refuse(call, "no flow has the number 0");
    else
        read_export(user, call, request);
    mitmflow__v1__export_request__free_unpacked(request, NULL);
}

/* ---- ExportFlows: the same in one message ---- */

struct answer {
    struct mf_export_task task; /* first: tasks are cast back */
    struct mf_call *call;
    enum mf_export_format format;
    struct mf_buf data;
    bool is_too_long;
};

static void answer_free(struct mf_export_task *task)
{
    struct answer *answer = (struct answer *)task;
    mf_buf_release(&answer->data);
    free(answer);
}

static int answer_put(struct mf_export_task *task, struct mf_span piece)
{
    struct answer *answer = (struct answer *)task;
    int rc = mf_buf_append(&answer->data, piece.text, piece.len);
    answer->is_too_long = rc != 0;
    return rc;
}

static void send_answer(struct answer *answer)
{
    enum { DATA = 1, FILENAME = 2 };
    struct mf_buf message;
    char name[64];
    mf_export_file_name(answer->format, name, sizeof name);
    mf_buf_init(&message, SIZE_MAX);
    int rc = mf_wire_put_bytes_opt(&message, DATA, answer->data.data,
                                   answer->data.len);
    if (!rc)
        rc = mf_wire_put_bytes(&message, FILENAME, name, strlen(name));
    mf_buf_release(&answer->data);
    if (!rc)
        mf_call_send(answer->call, message.data, message.len);
    mf_call_finish(answer->call,
                   rc ? MF_STATUS_RESOURCE_EXHAUSTED : MF_STATUS_OK,
                   rc ? mf_err_message(rc) : NULL);
    mf_buf_release(&message);
}

static void answer_end(struct mf_export_task *task)
{
    struct answer *answer = (struct answer *)task;
    if (answer->is_too_long)
        mf_call_finish(answer->call, MF_STATUS_RESOURCE_EXHAUSTED,
                       "it is more than 128 MiB; Export gives it in pieces");
    else if (task->rc == MF_ECLOSED)
        mf_call_finish(answer->call, MF_STATUS_UNAVAILABLE, task->err.text);
    else if (task->rc)
        mf_fail(answer->call, &task->err);
    else
        send_answer(answer);
}

static const struct mf_export_task_ops answer_ops = {
    .put = answer_put,
    .end = answer_end,
    .free = answer_free,
};

static void start_answer(struct mf_context *context, struct mf_call *call,
                         const struct mf_export_run_opts *opts)
{
    struct answer *answer = calloc(1, sizeof *answer);
    if (!answer) {
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    if (!open_run(call, opts, &answer->task.run)) {
        free(answer);
        return;
    }
    answer->task.context = context;
    answer->task.ops = &answer_ops;
    answer->call = call;
    answer->format = opts->format;
    mf_buf_init(&answer->data, ANSWER_LEN);
    if (mf_export_task_init(&answer->task)) {
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    mf_call_set_data(call, answer);
    mf_export_task_go(&answer->task);
}

static void on_export_flows(struct mf_call *call, void *user,
                            const uint8_t *message, size_t len)
{
    Mitmflow__V1__ExportFlowsRequest *request =
        mitmflow__v1__export_flows_request__unpack(NULL, len, message);
    if (!request) {
        refuse(call, "malformed message");
        return;
    }
    struct mf_flow_ref *refs = calloc(request->n_flow_ids + 1, sizeof *refs);
    const struct mf_export_run_opts opts = {
        .format = request->format ? (enum mf_export_format)request->format
                                  : MF_EXPORT_HAR,
        .refs = refs,
        .ref_count = request->n_flow_ids,
    };
    for (size_t i = 0; refs && i < request->n_flow_ids; i++)
        refs[i].id = (struct mf_span){request->flow_ids[i],
                                      strlen(request->flow_ids[i])};
    if (!refs)
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
    else if (request->n_flow_ids > REFS_MAX)
        refuse(call, "at most 100,000 flows can be named");
    else
        start_answer(user, call, &opts);
    free(refs);
    mitmflow__v1__export_flows_request__free_unpacked(request, NULL);
}

static void answer_on_close(struct mf_call *call, void *user)
{
    (void)user;
    struct answer *answer = mf_call_data(call);
    if (answer)
        mf_export_task_close(&answer->task);
}

#define SERVICE "mitmflow.v1."

const struct mf_method mf_export_methods[] = {
    {
        .path = "/" SERVICE "Service/Export",
        .input = SERVICE "ExportRequest",
        .output = SERVICE "ExportResponse",
        .kind = MF_METHOD_SERVER_STREAM,
        .ops = {.on_message = on_export,
                .on_drain = mf_stream_on_drain,
                .on_close = mf_stream_on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
    {
        .path = "/" SERVICE "Service/ExportFlows",
        .input = SERVICE "ExportFlowsRequest",
        .output = SERVICE "ExportFlowsResponse",
        .kind = MF_METHOD_UNARY,
        .ops = {.on_message = on_export_flows, .on_close = answer_on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
};
const size_t mf_export_method_count =
    sizeof mf_export_methods / sizeof *mf_export_methods;
