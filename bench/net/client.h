/*
 * The benchmarks' own client: HTTP/2 or HTTP/1.1, in clear or over TLS, cheap
 * enough not to be what is measured. What it sends lies ready in memory and
 * goes out by writev(); it keeps to the server's flow control.
 *
 * Errors:  end the process.
 */
#ifndef MF_BENCH_CLIENT_H
#define MF_BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

enum {
    BATCH_PARTS = 512, /* of one write */
    BATCH_MAX_LEN = 512 * 1024,
    FRAME_HEAD_LEN = 9,
    /* Ours; given back when an eighth of it is used. */
    RECEIVE_WINDOW = 64 << 20,
};

struct stream {
    int64_t window;
    uint64_t sent;     /* body bytes */
    uint64_t received; /* body bytes; given back in parts */
    uint64_t owed;
    bool is_all_sent;
    bool is_over; /* answered to its end */
    bool is_ok;   /* and grpc-status 0, or status 200 where there is none */
    int status;
    int grpc_status; /* -1: none */
};

struct part {
    const void *data;
    size_t len;
};

struct client {
    int fd;
    const char *session; /* sent as mitmflow-session; NULL: none */
    /* Body bytes of an answer over HTTP/2; NULL: nobody looks at them. */
    void (*on_data)(struct client *client, size_t stream, const uint8_t *data,
                    size_t len);
    void *user;
    SSL *ssl; /* NULL: in clear */
    bool is_http1;
    int64_t window; /* of the connection */
    int64_t initial_window;
    size_t frame_max;
    uint64_t owed;
    nghttp2_hd_inflater *inflater;

    struct stream *streams; /* ids 1, 3, 5... */
    size_t stream_count;
    size_t over_count;
    size_t turn; /* whose frame is next */
    bool has_settings;

    struct part parts[BATCH_PARTS]; /* of the write under way */
    size_t part_count, part_at;
    size_t batch_len;
    uint8_t heads[BATCH_PARTS][FRAME_HEAD_LEN + 8];
    size_t head_count;
    uint8_t *control; /* frames that wait for the next batch */
    size_t control_len, control_cap;
    uint8_t *staged; /* TLS: the batch in one piece; and control's copy */
    size_t staged_at, staged_len;
    uint8_t *sending;

    uint8_t frame_head[FRAME_HEAD_LEN]; /* of the frame under way */
    size_t frame_head_len;
    uint8_t *payload;
    size_t payload_len, payload_left;
    char tail[512]; /* HTTP/1.1: the last bytes received */
    size_t tail_len;
};

void fail(const char *what);

/* Connect to 127.0.0.1; does not return before that. */
struct client *client_new(unsigned port, SSL_CTX *tls, bool is_http1);
void client_free(struct client *client);

/* Begin a request: queues its head. */
void client_request(struct client *client, const char *method, const char *path,
                    const char *type, const char *encoding, bool has_body);

/* Add body bytes of a stream, which stay where they are until they are gone,
 * to the batch; how many there was room and window for (at most `max`, 0
 * for a batch that is full). All of it one DATA frame or chunk. */
size_t client_body(struct client *client, size_t stream, const uint8_t *data,
                   size_t max, bool is_last);
/* True if the batch is written and a new one may be begun. */
bool client_is_ready(const struct client *client);

/* Write what is queued, as far as the socket takes it; true if all. */
bool client_write(struct client *client);
/* Read what is there. */
void client_read(struct client *client);

#endif
