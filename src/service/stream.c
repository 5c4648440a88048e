#include "service/stream.h"

#include <stdlib.h>

#include "service/fail.h"
#include "service/pace.h"

struct mf_stream {
    struct mf_job job; /* first: jobs are cast back */
    struct mf_context *context;
    struct mf_call *call; /* NULL: closed, waiting for the job */
    const struct mf_stream_ops *ops;
    void *user;
    bool is_running;
    bool is_over;        /* finished, waiting for on_close */
    struct mf_pace pace; /* with ops->gives_way */
    atomic_bool cancel;
    int rc; /* of the last step */
    struct mf_err err;
    struct mf_buf out;
};

static void stream_free(struct mf_stream *stream)
{
    stream->ops->free(stream->user);
    mf_pace_release(&stream->pace);
    mf_buf_release(&stream->out);
    free(stream);
}

static void work(struct mf_job *job, struct mf_reader *reader)
{
    struct mf_stream *stream = (struct mf_stream *)job;
    mf_buf_clear(&stream->out);
    stream->rc = stream->ops->step(stream->user, reader, &stream->out,
                                   &stream->cancel, &stream->err);
}

static void go_on(struct mf_stream *stream)
{
    if (stream->is_over || stream->is_running || stream->pace.is_waiting ||
        !stream->context->pool ||
        mf_call_pending(stream->call) >= MF_PENDING_MAX_LEN)
        return;
    stream->is_running = true;
    mf_pace_begin(&stream->pace);
    mf_pool_run(stream->context->pool, &stream->job);
}

static void has_waited(void *arg)
{
    struct mf_stream *stream = arg;
    stream->pace.is_waiting = false;
    go_on(stream);
}

static void done(struct mf_job *job)
{
    struct mf_stream *stream = (struct mf_stream *)job;
    stream->is_running = false;
    if (!stream->call) {
        stream_free(stream);
        return;
    }
    if (job->was_dropped) {
        stream->is_over = true;
        mf_call_finish(stream->call, MF_STATUS_UNAVAILABLE,
                       "the server is stopping");
        return;
    }
    if (stream->rc < 0) {
        stream->is_over = true;
        mf_fail(stream->call, &stream->err);
        return;
    }
    stream->is_over = stream->rc == 0;
    mf_call_send(stream->call, stream->out.data, stream->out.len);
    if (!stream->is_over) {
        if (!stream->ops->gives_way || !mf_pace_wait(&stream->pace))
            go_on(stream);
        return;
    }
    mf_buf_release(&stream->out); /* the call may last: a slow client */
    mf_call_finish(stream->call, MF_STATUS_OK, NULL);
}

void mf_stream_start(struct mf_context *context, struct mf_call *call,
                     const struct mf_stream_ops *ops, void *user)
{
    struct mf_stream *stream = calloc(1, sizeof *stream);
    if (stream && ops->gives_way &&
        mf_pace_init(&stream->pace, context, has_waited, stream)) {
        free(stream);
        stream = NULL;
    }
    if (!stream) {
        ops->free(user);
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    stream->job.work = work;
    stream->job.done = done;
    stream->job.is_search = ops->is_search;
    stream->context = context;
    stream->call = call;
    stream->ops = ops;
    stream->user = user;
    mf_buf_init(&stream->out, SIZE_MAX);
    mf_call_set_data(call, stream);
    mf_call_send_head(call);
    go_on(stream);
}

void mf_stream_on_drain(struct mf_call *call, void *user)
{
    (void)user;
    struct mf_stream *stream = mf_call_data(call);
    if (stream)
        go_on(stream);
}

void mf_stream_on_close(struct mf_call *call, void *user)
{
    (void)user;
    struct mf_stream *stream = mf_call_data(call);
    if (!stream)
        return;
    stream->call = NULL;
    atomic_store(&stream->cancel, true);
    if (!stream->is_running)
        stream_free(stream);
}
