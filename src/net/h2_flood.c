/*
 * Frames that are cheap to send and cost us: none of them is wrong, and all
 * of them have a use. What a busy client sends in a second is far below these
 * limits; what goes past one in that kind is a flood, and ends the
 * connection.
 *
 * Each kind has tokens, so many at most, that come back at a rate.
 */
#include "net/h2_impl.h"

enum {
    SECOND_MS = 1000,
    TINY_DATA_LEN = 5, /* not even the prefix of a message */
    TINY_WINDOW_LEN = 256,
    BIG_DATA_LEN = 1024,
    HEAD_FACTOR = 4, /* past so many times the limit no more is decoded */
};

static const struct {
    uint32_t burst;
    uint32_t per_second;
} limits[MF_H2_FLOOD_KINDS] = {
    [MF_H2_FLOOD_RESET] = {1000, 33},
    [MF_H2_FLOOD_BAD] = {256, 16},
    [MF_H2_FLOOD_SETTINGS] = {200, 20},
    [MF_H2_FLOOD_PING] = {2000, 500},
    [MF_H2_FLOOD_EMPTY] = {500, 100},
    [MF_H2_FLOOD_TINY] = {10000, 2000},
    [MF_H2_FLOOD_WINDOW] = {5000, 1000},
    [MF_H2_FLOOD_CONTINUATION] = {1000, 100},
    [MF_H2_FLOOD_PRIORITY] = {2000, 200},
};

void mf_h2__flood_init(struct mf_h2_flood *flood, uint64_t now_ms)
{
    for (size_t i = 0; i < MF_H2_FLOOD_KINDS; i++)
        flood->tokens[i] = limits[i].burst;
    flood->filled_ms = now_ms;
}

static void add_tokens(struct mf_h2_flood *flood, size_t kind, uint64_t count)
{
    uint64_t room = limits[kind].burst - flood->tokens[kind];
    flood->tokens[kind] += (uint32_t)(count < room ? count : room);
}

bool mf_h2__flood_take(struct mf_h2_flood *flood, enum mf_h2_flood_kind kind,
                       uint64_t now_ms)
{
    uint64_t seconds = (now_ms - flood->filled_ms) / SECOND_MS;
    if (seconds) {
        for (size_t i = 0; i < MF_H2_FLOOD_KINDS; i++)
            add_tokens(flood, i, seconds * limits[i].per_second);
        flood->filled_ms += seconds * SECOND_MS;
    }
    if (flood->tokens[kind] == 0)
        return false;
    flood->tokens[kind]--;
    return true;
}

void mf_h2__count(struct mf_h2_conn *conn, enum mf_h2_flood_kind kind)
{
    if (!mf_h2__flood_take(&conn->flood, kind, uv_now(conn->timer.loop)))
        nghttp2_session_terminate_session(conn->session,
                                          NGHTTP2_ENHANCE_YOUR_CALM);
}

static void count_data(struct mf_h2_conn *conn, const nghttp2_frame *frame)
{
    size_t len = frame->hd.length - frame->data.padlen;
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        return;
    if (len == 0)
        mf_h2__count(conn, MF_H2_FLOOD_EMPTY);
    else if (len < TINY_DATA_LEN)
        mf_h2__count(conn, MF_H2_FLOOD_TINY);
}

void mf_h2__count_received(struct mf_h2_conn *conn, const nghttp2_frame *frame,
                           const struct mf_h2_stream *stream)
{
    bool is_ack = frame->hd.flags & NGHTTP2_FLAG_ACK;
    switch (frame->hd.type) {
    case NGHTTP2_DATA:
        count_data(conn, frame);
        break;
    case NGHTTP2_RST_STREAM:
        /* Who waited for an answer pays for it by the waiting. */
        if (!stream || !stream->is_submitted)
            mf_h2__count(conn, MF_H2_FLOOD_RESET);
        break;
    case NGHTTP2_SETTINGS:
        if (!is_ack)
            mf_h2__count(conn, MF_H2_FLOOD_SETTINGS);
        break;
    case NGHTTP2_PING:
        mf_h2__count(conn, MF_H2_FLOOD_PING);
        break;
    case NGHTTP2_WINDOW_UPDATE:
        if (frame->window_update.window_size_increment < TINY_WINDOW_LEN)
            mf_h2__count(conn, MF_H2_FLOOD_WINDOW);
        break;
    default:
        break;
    }
}

void mf_h2__count_begun(struct mf_h2_conn *conn, const nghttp2_frame_hd *header)
{
    switch (header->type) {
    case NGHTTP2_PRIORITY:
        mf_h2__count(conn, MF_H2_FLOOD_PRIORITY);
        break;
    case NGHTTP2_CONTINUATION:
        mf_h2__count(conn, MF_H2_FLOOD_CONTINUATION);
        break;
    default:
        break;
    }
}

void mf_h2__count_sent(struct mf_h2_conn *conn, const nghttp2_frame *frame,
                       const struct mf_h2_stream *stream)
{
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
        /* What the peer provoked, and not what the application wanted. */
        if (frame->rst_stream.error_code != NGHTTP2_NO_ERROR &&
            !(stream && stream->is_reset_sent))
            mf_h2__count(conn, MF_H2_FLOOD_RESET);
        return;
    }
    /* One that reads what comes in small pieces gives the windows back in
     * such, and one that estimates its bandwidth sends a PING for each; but
     * pieces that its windows made small earn nothing. */
    if (frame->hd.type == NGHTTP2_DATA && stream &&
        (frame->hd.length >= BIG_DATA_LEN || stream->x.out.len == 0)) {
        add_tokens(&conn->flood, MF_H2_FLOOD_WINDOW, 2);
        add_tokens(&conn->flood, MF_H2_FLOOD_PING, 1);
    }
}

void mf_h2__count_head(struct mf_h2_conn *conn, size_t len)
{
    if (len / HEAD_FACTOR > conn->conn.server->opts.max_head_len)
        nghttp2_session_terminate_session(conn->session,
                                          NGHTTP2_ENHANCE_YOUR_CALM);
}
