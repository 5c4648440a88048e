/* HTTP/2 from inside: h2.c has connections and sockets, h2_time.c their time,
 * h2_flood.c their manners, h2_stream.c what becomes of streams, h2_session.c
 * nghttp2's callbacks. */
#ifndef MF_NET_H2_IMPL_H
#define MF_NET_H2_IMPL_H

#include <nghttp2/nghttp2.h>

#include "net/server_impl.h"

enum {
    MF_H2_STREAM_WINDOW = 4 << 20,
    MF_H2_CONN_WINDOW = 16 << 20,
    /* More would help little: a read takes in many frames anyhow. */
    MF_H2_FRAME_MAX = 16384,
    /* Received for paused streams of one connection: past it the
     * connection's window is not opened again. */
    MF_H2_HELD_MAX = 8 << 20,
    MF_H2_GAPS = 16,
};

struct mf_h2_stream;

struct mf_h2_gap {
    int32_t first;
    int32_t last;
};

enum mf_h2_flood_kind {
    MF_H2_FLOOD_RESET, /* the client's, and ours for what it did */
    MF_H2_FLOOD_BAD,   /* frames that break the protocol on one stream */
    MF_H2_FLOOD_SETTINGS,
    MF_H2_FLOOD_PING,
    MF_H2_FLOOD_EMPTY,  /* DATA without data */
    MF_H2_FLOOD_TINY,   /* with hardly any */
    MF_H2_FLOOD_WINDOW, /* small WINDOW_UPDATEs */
    MF_H2_FLOOD_CONTINUATION,
    MF_H2_FLOOD_PRIORITY,
    MF_H2_FLOOD_KINDS,
};

struct mf_h2_flood {
    uint64_t filled_ms;
    uint32_t tokens[MF_H2_FLOOD_KINDS];
};

struct mf_h2_conn {
    struct mf_conn conn; /* first */
    nghttp2_session *session;
    struct mf_sock sock;
    int watching; /* libuv's events */
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned handles;         /* whose close is under way */
    struct mf_deferred flush; /* apply what is dirty, then write */
    struct mf_buf out;        /* what the socket did not take: from out_at */
    size_t out_at;
    struct mf_h2_stream *dirty; /* in order of their becoming so */
    struct mf_h2_stream *last_dirty;
    struct mf_h2_stream *streams;
    size_t stream_count;
    size_t held; /* received for paused streams */
    size_t owed; /* of that, not given back to the connection's window */
    struct mf_h2_flood flood;
    int32_t highest_id;
    struct mf_h2_gap gaps[MF_H2_GAPS]; /* ids that the client skipped */
    size_t gap_count;
    unsigned heads;       /* that have begun */
    unsigned state;       /* what is awaited, since state_ms: h2_time.c */
    uint64_t state_ms;    /* times are the loop's */
    uint64_t timer_ms;    /* when the timer fires; UINT64_MAX: never */
    uint64_t look_ms;     /* when to look at streams; 0: there are none */
    uint64_t received_ms; /* the last time that something came */
    uint64_t sent_ms;     /* that `out` was begun, or the socket took of it */
    uint64_t ping_ms;     /* nothing came since this PING; 0: none is out */
    uint64_t goaway_ms;   /* the last GOAWAY follows then; 0: none is owed */
    bool is_in_head;      /* the last of them is not whole */
    bool has_settings;    /* the client's first frame came */
    bool is_dead;         /* being taken down */
};

struct mf_h2_stream {
    struct mf_exchange x; /* first */
    struct mf_h2_conn *conn;
    struct mf_h2_stream *next, *prev;
    struct mf_h2_stream *next_dirty;
    int32_t id;
    size_t head_len; /* as RFC 9113, section 6.5.2 counts it */
    size_t hosts;
    struct mf_buf held; /* body that came while paused */
    bool is_head_too_long;
    bool is_head_whole;
    bool is_dirty;
    bool is_remote_ended;
    bool is_submitted;
    bool is_deferred; /* nghttp2 waits for more of the body */
    bool is_end_sent;
    bool is_reset_sent;
};

/* ---- h2_stream.c ---- */

/* NULL when memory is out. */
struct mf_h2_stream *mf_h2__stream_new(struct mf_h2_conn *conn, int32_t id);
/* Tells on_close; frees. */
void mf_h2__stream_close(struct mf_h2_stream *stream, bool clean);
/* The head is whole: tell on_request, or answer 431. */
void mf_h2__stream_begin(struct mf_h2_stream *stream);
void mf_h2__stream_data(struct mf_h2_stream *stream, const uint8_t *data,
                        size_t len);
void mf_h2__stream_end(struct mf_h2_stream *stream);
/* Say to nghttp2 what became of the response, deliver what was held. */
void mf_h2__stream_apply(struct mf_h2_stream *stream);

/* ---- h2_session.c ---- */

/* 0 or MF_ENOMEM. */
int mf_h2__session_new(struct mf_h2_conn *conn);

/* ---- h2_flood.c ---- */

void mf_h2__flood_init(struct mf_h2_flood *flood, uint64_t now_ms);
/* One more of that kind; false: too many. */
bool mf_h2__flood_take(struct mf_h2_flood *flood, enum mf_h2_flood_kind kind,
                       uint64_t now_ms);

/* Each ends the session when it is too much. */
void mf_h2__count(struct mf_h2_conn *conn, enum mf_h2_flood_kind kind);
void mf_h2__count_begun(struct mf_h2_conn *conn,
                        const nghttp2_frame_hd *header);
void mf_h2__count_received(struct mf_h2_conn *conn, const nghttp2_frame *frame,
                           const struct mf_h2_stream *stream);
void mf_h2__count_sent(struct mf_h2_conn *conn, const nghttp2_frame *frame,
                       const struct mf_h2_stream *stream);
/* `len`: of the head that is coming in, so far. */
void mf_h2__count_head(struct mf_h2_conn *conn, size_t len);

/* ---- h2_time.c ---- */

/* After whatever happened. */
void mf_h2__set_timer(struct mf_h2_conn *conn);
void mf_h2__note_received(struct mf_h2_conn *conn);
void mf_h2__note_sent(struct mf_h2_conn *conn);

/* ---- h2.c ---- */

/* None of these from inside nghttp2 or the application. */
void mf_h2__take_down(struct mf_h2_conn *conn);
/* Say why, if the peer reads, and take it down. */
void mf_h2__part(struct mf_h2_conn *conn, uint32_t code);

/* The one that says which streams were taken. */
void mf_h2__last_goaway(struct mf_h2_conn *conn);

void mf_h2__wants_flush(struct mf_h2_conn *conn);

#endif
