/* nghttp2's callbacks: from its events to streams. */
#include "net/h2_impl.h"

#include <stdlib.h>
#include <string.h>

enum {
    DATA_LEN_MAX = 64 * 1024,
    ACKS_MAX = 8192,
};

/* ---- The order of stream ids ---- */

/* RFC 9113, section 5.1.1: an id below the highest that was never opened is
 * an error of the connection; nghttp2 drops the frame in silence. */
static bool was_skipped(const struct mf_h2_conn *conn, int32_t id)
{
    size_t kept = conn->gap_count < MF_H2_GAPS ? conn->gap_count : MF_H2_GAPS;
    for (size_t i = 0; i < kept; i++)
        if (id >= conn->gaps[i].first && id <= conn->gaps[i].last)
            return true;
    return false;
}

static int on_begin_frame(nghttp2_session *session,
                          const nghttp2_frame_hd *header, void *user)
{
    struct mf_h2_conn *conn = user;
    int32_t id = header->stream_id;
    mf_h2__count_begun(conn, header);
    if (header->type != NGHTTP2_HEADERS || id % 2 == 0)
        return 0;
    if (id <= conn->highest_id) {
        if (was_skipped(conn, id))
            nghttp2_session_terminate_session(session, NGHTTP2_PROTOCOL_ERROR);
        return 0;
    }
    if (id > conn->highest_id + 2)
        conn->gaps[conn->gap_count++ % MF_H2_GAPS] =
            (struct mf_h2_gap){conn->highest_id + 2, id - 2};
    conn->highest_id = id;
    return 0;
}

/* ---- Receiving ---- */

static struct mf_h2_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static int on_begin_headers(nghttp2_session *session,
                            const nghttp2_frame *frame, void *user)
{
    struct mf_h2_conn *conn = user;
    conn->is_in_head = true;
    conn->heads++;
    if (frame->hd.type != NGHTTP2_HEADERS ||
        frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct mf_h2_stream *stream = mf_h2__stream_new(conn, frame->hd.stream_id);
    if (!stream)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream);
    return 0;
}

static char *copy_text(const uint8_t *text, size_t len)
{
    return strndup((const char *)text, len);
}

static int add_pseudo(struct mf_exchange *x, const char *name, size_t name_len,
                      const uint8_t *value, size_t len)
{
    char **to = NULL;
    if (name_len == 7 && memcmp(name, ":method", 7) == 0)
        to = &x->method;
    else if (name_len == 5 && memcmp(name, ":path", 5) == 0)
        to = &x->path;
    else if (name_len == 10 && memcmp(name, ":authority", 10) == 0)
        to = &x->authority;
    if (!to || *to)
        return 0;
    *to = copy_text(value, len);
    return *to ? 0 : MF_ENOMEM;
}

/* HTTP/1.1's Host stands in for :authority. */
static void note_host(struct mf_h2_stream *stream, const uint8_t *value,
                      size_t len)
{
    struct mf_exchange *x = &stream->x;
    if (stream->hosts++ == 0 && !x->authority) {
        x->authority = copy_text(value, len);
    } else if (!x->authority || strlen(x->authority) != len ||
               memcmp(x->authority, value, len) != 0) {
        /* Two that differ: nobody knows which is meant. */
        free(x->authority);
        x->authority = NULL;
    }
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame,
                     const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *user)
{
    (void)flags;
    (void)user;
    struct mf_h2_stream *stream = stream_of(session, frame->hd.stream_id);
    if (!stream)
        return 0;
    const size_t max = stream->conn->conn.server->opts.max_head_len;
    stream->head_len += name_len + value_len + 32;
    mf_h2__count_head(stream->conn, stream->head_len);
    if (stream->is_head_whole)
        return 0; /* trailers of a request say nothing to us */
    if (stream->head_len > max)
        stream->is_head_too_long = true;
    struct mf_exchange *x = &stream->x;
    bool is_pseudo = name_len && name[0] == ':';
    /* Of a head that is too long only the method matters. */
    if (stream->is_head_too_long && !is_pseudo)
        return 0;
    int rc = is_pseudo
                 ? add_pseudo(x, (const char *)name, name_len, value, value_len)
                 : mf_head__add(&x->head, (const char *)name, name_len,
                                (const char *)value, value_len);
    if (!is_pseudo && name_len == 4 && memcmp(name, "host", 4) == 0)
        note_host(stream, value, value_len);
    return rc ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame,
                         void *user)
{
    struct mf_h2_conn *conn = user;
    conn->has_settings = true;
    conn->is_in_head = false;
    mf_h2__count_received(conn, frame, stream_of(session, frame->hd.stream_id));
    if (frame->hd.type == NGHTTP2_PING && conn->goaway_ms &&
        (frame->hd.flags & NGHTTP2_FLAG_ACK))
        mf_h2__last_goaway(conn);
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    struct mf_h2_stream *stream = stream_of(session, frame->hd.stream_id);
    if (!stream)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && !stream->is_head_whole)
        mf_h2__stream_begin(stream);
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        mf_h2__stream_end(stream);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id,
                   const uint8_t *data, size_t len, void *user)
{
    (void)flags;
    (void)user;
    struct mf_h2_stream *stream = stream_of(session, id);
    if (stream)
        mf_h2__stream_data(stream, data, len);
    else
        nghttp2_session_consume(session, id, len);
    return 0;
}

static int on_invalid_frame(nghttp2_session *session,
                            const nghttp2_frame *frame, int error, void *user)
{
    (void)session;
    (void)frame;
    (void)error;
    struct mf_h2_conn *conn = user;
    mf_h2__count(conn, MF_H2_FLOOD_BAD);
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code,
                           void *user)
{
    (void)user;
    struct mf_h2_stream *stream = stream_of(session, id);
    if (!stream)
        return 0;
    nghttp2_session_set_stream_user_data(session, id, NULL);
    mf_h2__stream_close(stream,
                        stream->is_end_sent && code == NGHTTP2_NO_ERROR);
    return 0;
}

/* ---- Sending ---- */

static ssize_t data_len(nghttp2_session *session, uint8_t frame_type,
                        int32_t stream_id, int32_t session_window,
                        int32_t stream_window, uint32_t frame_max, void *user)
{
    (void)session;
    (void)frame_type;
    (void)stream_id;
    (void)user;
    int64_t len =
        session_window < stream_window ? session_window : stream_window;
    if (len > frame_max)
        len = frame_max;
    return (ssize_t)(len < DATA_LEN_MAX ? len : DATA_LEN_MAX);
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame,
                         void *user)
{
    mf_h2__count_sent(user, frame, stream_of(session, frame->hd.stream_id));
    struct mf_h2_conn *conn = user;
    /* Only now, as a PING would overtake it. */
    if (frame->hd.type == NGHTTP2_GOAWAY && conn->goaway_ms)
        nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, NULL);
    if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
        !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    struct mf_h2_stream *stream = stream_of(session, frame->hd.stream_id);
    if (!stream)
        return 0;
    stream->is_end_sent = true;
    /* RFC 9113, section 8.1: the answer does not need the rest. */
    if (!stream->is_remote_ended)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id,
                                  NGHTTP2_NO_ERROR);
    return 0;
}

/* ---- Making a session ---- */

static int new_session(struct mf_h2_conn *conn,
                       const nghttp2_session_callbacks *callbacks,
                       const nghttp2_option *option)
{
    const struct mf_server_opts *opts = &conn->conn.server->opts;
    if (nghttp2_session_server_new2(&conn->session, callbacks, conn, option))
        return MF_ENOMEM;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, opts->max_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, MF_H2_STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, MF_H2_FRAME_MAX},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)opts->max_head_len},
    };
    if (nghttp2_submit_settings(conn->session, NGHTTP2_FLAG_NONE, settings,
                                sizeof settings / sizeof *settings) ||
        nghttp2_session_set_local_window_size(conn->session, NGHTTP2_FLAG_NONE,
                                              0, MF_H2_CONN_WINDOW))
        return MF_ENOMEM;
    return 0;
}

int mf_h2__session_new(struct mf_h2_conn *conn)
{
    nghttp2_session_callbacks *cbs = NULL;
    nghttp2_option *option = NULL;
    int rc = MF_ENOMEM;
    if (nghttp2_session_callbacks_new(&cbs) || nghttp2_option_new(&option))
        goto out;
    nghttp2_session_callbacks_set_on_begin_frame_callback(cbs, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cbs,
                                                            on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cbs, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cbs, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cbs, on_data);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        cbs, on_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cbs,
                                                           on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(cbs, on_frame_send);
    nghttp2_session_callbacks_set_data_source_read_length_callback(cbs,
                                                                   data_len);
    /* A paused exchange must stop its peer. */
    nghttp2_option_set_no_auto_window_update(option, 1);
    /* The count of PINGs comes before it, and says why. */
    nghttp2_option_set_max_outbound_ack(option, ACKS_MAX);
#ifdef MF_HAS_RESET_LIMIT
    /* Its own count takes resets of what was answered for a flood, too. */
    nghttp2_option_set_stream_reset_rate_limit(option, UINT32_MAX, UINT32_MAX);
#endif
    rc = new_session(conn, cbs, option);
out:
    nghttp2_session_callbacks_del(cbs);
    nghttp2_option_del(option);
    return rc;
}
