#include "net/h2_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_TEXT_MAX_FACTOR = 2, STATUS_CAP = 16 };

static void mark_dirty(struct mf_h2_stream *stream)
{
    struct mf_h2_conn *conn = stream->conn;
    if (conn->is_dead)
        return;
    if (!stream->is_dirty) {
        stream->is_dirty = true;
        stream->next_dirty = NULL;
        if (conn->dirty)
            conn->last_dirty->next_dirty = stream;
        else
            conn->dirty = stream;
        conn->last_dirty = stream;
    }
    mf_h2__wants_flush(conn);
}

static void kick(struct mf_exchange *x)
{
    mark_dirty((struct mf_h2_stream *)x);
}

static const struct mf_transport transport = {
    .version = 2,
    .kick = kick,
    .resume = kick,
};

struct mf_h2_stream *mf_h2__stream_new(struct mf_h2_conn *conn, int32_t id)
{
    const struct mf_server_opts *opts = &conn->conn.server->opts;
    struct mf_h2_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    mf_exchange__init(&stream->x, &transport, opts->loop);
    mf_head__init(&stream->x.head, HEAD_TEXT_MAX_FACTOR * opts->max_head_len);
    mf_buf_init(&stream->held, MF_H2_STREAM_WINDOW);
    stream->x.origin = &conn->conn.origin;
    stream->conn = conn;
    stream->id = id;
    stream->next = conn->streams;
    if (stream->next)
        stream->next->prev = stream;
    conn->streams = stream;
    conn->stream_count++;
    return stream;
}

/* ---- The request ---- */

static const struct mf_exchange_events no_events;

void mf_h2__stream_begin(struct mf_h2_stream *stream)
{
    struct mf_exchange *x = &stream->x;
    struct mf_server *server = stream->conn->conn.server;
    stream->is_head_whole = true;
    if (!x->path)
        x->path = strdup("");
    if (!x->path || !x->method || mf_head__seal(&x->head)) {
        x->events = &no_events;
        mf_exchange_reset(x, NGHTTP2_INTERNAL_ERROR);
    } else if (stream->is_head_too_long) {
        x->events = &no_events;
        mf_exchange_respond(x, 431, NULL, 0);
        mf_exchange_finish(x, NULL, 0);
    } else {
        server->opts.on_request(server->opts.user, x);
        assert(x->events);
    }
}

/* Bytes of the body are done with: open the windows again. */
static void give_back(struct mf_h2_stream *stream, size_t len)
{
    nghttp2_session_consume(stream->conn->session, stream->id, len);
}

static void hold(struct mf_h2_stream *stream, const uint8_t *data, size_t len)
{
    struct mf_h2_conn *conn = stream->conn;
    /* A peer within its window cannot fill it. */
    if (mf_buf_append(&stream->held, data, len)) {
        mf_exchange_reset(&stream->x, NGHTTP2_INTERNAL_ERROR);
        nghttp2_session_consume_connection(conn->session, len);
        return;
    }
    conn->held += len;
    if (conn->held > MF_H2_HELD_MAX)
        conn->owed += len;
    else
        nghttp2_session_consume_connection(conn->session, len);
}

static void let_go(struct mf_h2_conn *conn, size_t len)
{
    conn->held -= len;
    if (conn->owed && conn->held <= MF_H2_HELD_MAX && !conn->is_dead) {
        nghttp2_session_consume_connection(conn->session, conn->owed);
        conn->owed = 0;
    }
}

void mf_h2__stream_data(struct mf_h2_stream *stream, const uint8_t *data,
                        size_t len)
{
    struct mf_exchange *x = &stream->x;
    if (x->is_finished || x->is_reset) {
        give_back(stream, len);
    } else if (x->is_paused || stream->held.len) {
        hold(stream, data, len);
    } else {
        mf_exchange__data(x, data, len);
        give_back(stream, len);
    }
}

static void end_if_due(struct mf_h2_stream *stream)
{
    struct mf_exchange *x = &stream->x;
    if (stream->is_remote_ended && !x->is_ended && !x->is_paused &&
        !stream->held.len && !x->is_finished && !x->is_reset)
        mf_exchange__end(x);
}

void mf_h2__stream_end(struct mf_h2_stream *stream)
{
    stream->is_remote_ended = true;
    end_if_due(stream);
}

/* ---- The response ---- */

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to,
                         size_t cap, uint32_t *flags,
                         nghttp2_data_source *source, void *user);

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name,
        .value = (uint8_t *)(uintptr_t)value,
        .namelen = strlen(name),
        .valuelen = strlen(value),
    };
}

static int submit_trailers(struct mf_h2_stream *stream)
{
    const struct mf_head *head = &stream->x.trailers;
    nghttp2_nv *fields = calloc(head->count, sizeof *fields);
    if (!fields)
        return NGHTTP2_ERR_NOMEM;
    for (size_t i = 0; i < head->count; i++)
        fields[i] = field(head->fields[i].name, head->fields[i].value);
    int rc = nghttp2_submit_trailer(stream->conn->session, stream->id, fields,
                                    head->count);
    free(fields);
    return rc;
}

/* The head; with it the end of a response that has no body. */
static int submit_response(struct mf_h2_stream *stream)
{
    struct mf_exchange *x = &stream->x;
    nghttp2_session *session = stream->conn->session;
    char status[STATUS_CAP];
    size_t count = x->answer.count + 1;
    nghttp2_nv *fields = calloc(count, sizeof *fields);
    if (!fields)
        return NGHTTP2_ERR_NOMEM;
    snprintf(status, sizeof status, "%03d", x->status % 1000);
    fields[0] = field(":status", status);
    for (size_t i = 0; i < x->answer.count; i++)
        fields[i + 1] =
            field(x->answer.fields[i].name, x->answer.fields[i].value);
    if (strcmp(x->method, "HEAD") == 0)
        mf_outq__release(&x->out);
    bool is_bare = x->is_finished && x->out.len == 0;
    int rc;
    if (is_bare && x->trailers.count) {
        rc = nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, stream->id,
                                    NULL, fields, count, NULL);
        if (!rc)
            rc = submit_trailers(stream);
    } else {
        nghttp2_data_provider provider = {.source.ptr = stream,
                                          .read_callback = read_body};
        rc = nghttp2_submit_response(session, stream->id, fields, count,
                                     is_bare ? NULL : &provider);
    }
    free(fields);
    return rc;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to,
                         size_t cap, uint32_t *flags,
                         nghttp2_data_source *source, void *user)
{
    (void)session;
    (void)id;
    (void)user;
    struct mf_h2_stream *stream = source->ptr;
    struct mf_exchange *x = &stream->x;
    size_t len = mf_exchange__pull(x, to, cap);
    if (x->out.len == 0 && x->is_finished) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (x->trailers.count) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            if (submit_trailers(stream))
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
    } else if (len == 0) {
        stream->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    return (ssize_t)len;
}

static void deliver_held(struct mf_h2_stream *stream)
{
    struct mf_exchange *x = &stream->x;
    while (stream->held.len && !x->is_paused) {
        struct mf_buf held = stream->held;
        mf_buf_init(&stream->held, held.max);
        if (!x->is_finished && !x->is_reset)
            mf_exchange__data(x, held.data, held.len);
        nghttp2_session_consume_stream(stream->conn->session, stream->id,
                                       held.len);
        let_go(stream->conn, held.len);
        mf_buf_release(&held);
    }
    end_if_due(stream);
}

void mf_h2__stream_apply(struct mf_h2_stream *stream)
{
    struct mf_exchange *x = &stream->x;
    nghttp2_session *session = stream->conn->session;
    if (!x->is_reset)
        deliver_held(stream);
    int rc = 0;
    if (x->is_responded && !stream->is_submitted && !x->is_reset) {
        stream->is_submitted = true;
        mf_exchange__begin_sending(x);
        rc = submit_response(stream);
    } else if (stream->is_deferred && (x->out.len || x->is_finished)) {
        stream->is_deferred = false;
        rc = nghttp2_session_resume_data(session, stream->id);
    }
    if (rc) {
        x->is_reset = true;
        x->reset_code = NGHTTP2_INTERNAL_ERROR;
    }
    if (x->is_reset && !stream->is_reset_sent) {
        stream->is_reset_sent = true;
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id,
                                  x->reset_code);
    }
}

/* ---- The end ---- */

static void unlink_stream(struct mf_h2_stream *stream)
{
    struct mf_h2_conn *conn = stream->conn;
    if (stream->prev)
        stream->prev->next = stream->next;
    else
        conn->streams = stream->next;
    if (stream->next)
        stream->next->prev = stream->prev;
    conn->stream_count--;
    if (!stream->is_dirty)
        return;
    struct mf_h2_stream **at = &conn->dirty, *before = NULL;
    while (*at != stream) {
        before = *at;
        at = &before->next_dirty;
    }
    *at = stream->next_dirty;
    if (conn->last_dirty == stream)
        conn->last_dirty = before;
}

void mf_h2__stream_close(struct mf_h2_stream *stream, bool clean)
{
    /* No longer the connection's, so that nothing is done for it. */
    let_go(stream->conn, stream->held.len);
    mf_exchange__close(&stream->x, clean);
    unlink_stream(stream);
    mf_buf_release(&stream->held);
    free(stream);
}
