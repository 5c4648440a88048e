/*
 * mf_exchange: one request and its response, over HTTP/1.1 or HTTP/2 alike.
 *
 * Thread:  the loop's.
 * Life:    from on_request until on_close, which comes exactly once for
 *          every exchange whose events were set, last of all its callbacks,
 *          never from inside another call on the same exchange.
 */
#ifndef MF_NET_EXCHANGE_H
#define MF_NET_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mf_exchange;
struct mf_loop;

/* What is read of a request's rest before an early HTTP/1.1 answer. */
#define MF_EXCHANGE_DISCARD_MAX (UINT64_C(64) << 20)
enum { MF_EXCHANGE_DISCARD_MAX_S = 10 };

/* Borrowed text; not NUL-terminated unless it says so. */
struct mf_header {
    const char *name;  /* lower case, NUL-terminated */
    const char *value; /* NUL-terminated, may hold any bytes but NUL */
};

struct mf_exchange_events {
    /* Body bytes, borrowed for the call. None come while paused. */
    void (*on_data)(struct mf_exchange *x, void *user, const uint8_t *data,
                    size_t len);
    /* The request body is whole. */
    void (*on_end)(struct mf_exchange *x, void *user);
    /* Something was written since the last time, and what is pending is
     * below the low-water mark (64 KiB) now. */
    void (*on_drain)(struct mf_exchange *x, void *user);
    /* The deadline has passed (mf_exchange_set_deadline). NULL: it is reset
     * then. */
    void (*on_deadline)(struct mf_exchange *x, void *user);
    /* No byte of a body that is owed came in body_timeout_ms. NULL: the
     * exchange is reset then. */
    void (*on_body_late)(struct mf_exchange *x, void *user);
    /* Over: the response went out whole (`clean`), or a side broke off. The
     * exchange is gone after the call. */
    void (*on_close)(struct mf_exchange *x, void *user, bool clean);
};

/* Must be called in on_request, before anything else. `events` is borrowed
 * for the exchange's life; any member may be NULL. */
void mf_exchange_set_events(struct mf_exchange *x,
                            const struct mf_exchange_events *events,
                            void *user);

/* The request head; all of it lives as long as the exchange. */
const char *mf_exchange_method(const struct mf_exchange *x);
const char *mf_exchange_path(const struct mf_exchange *x); /* with query */
/* Host or :authority, as sent; NULL if there was none (or several). */
const char *mf_exchange_authority(const struct mf_exchange *x);
int mf_exchange_http_version(const struct mf_exchange *x); /* 1 or 2 */
/* Address of the peer for logs: "127.0.0.1:4242" or "unix". */
const char *mf_exchange_peer(const struct mf_exchange *x);
/* Which listener it came by: the `tag` in mf_listen_opts. */
int mf_exchange_listener_tag(const struct mf_exchange *x);

bool mf_exchange_is_tls(const struct mf_exchange *x);
/* Subject of the certificate that the client showed and our CA signed
 * (RFC 4514 text), or NULL. */
const char *mf_exchange_client_cert(const struct mf_exchange *x);

/* Headers in order of arrival, repeated ones too; without pseudo-headers. */
size_t mf_exchange_header_count(const struct mf_exchange *x);
const struct mf_header *mf_exchange_header_at(const struct mf_exchange *x,
                                              size_t index);
/* First value of `name` (lower case), or NULL. */
const char *mf_exchange_header(const struct mf_exchange *x, const char *name);

/* The loop that it lives on, for timers. */
struct mf_loop *mf_exchange_loop(const struct mf_exchange *x);

/* Stop and go on reading the request body (back-pressure to the peer). */
void mf_exchange_pause(struct mf_exchange *x);
void mf_exchange_resume(struct mf_exchange *x);

/* Call on_deadline after `delay_ms`, unless the response is finished by then;
 * a later call takes the place of an earlier one. 0 or MF_ENOMEM. */
int mf_exchange_set_deadline(struct mf_exchange *x, uint64_t delay_ms);

/*
 * Whether the peer owes us bytes of the request body now. At first it does,
 * until the body is whole; where it may be silent as long as it likes
 * (between the messages of a stream), say so. Bytes that are not read while
 * paused are not owed.
 */
void mf_exchange_time_body(struct mf_exchange *x, bool is_owed);

/*
 * Send the response head; once. `headers` are copied; "content-length" is
 * net's own, except in the answer to HEAD.
 *
 * Over HTTP/1.1 an answer before the request body is whole is held back
 * until it is; when the response is finished the rest of the request is
 * read and thrown away, at most MF_EXCHANGE_DISCARD_MAX bytes and
 * MF_EXCHANGE_DISCARD_MAX_S seconds of it; past that the connection is
 * closed instead. Over HTTP/2 it goes out at once, and the end of the
 * response in mid-upload is followed by RST_STREAM with NO_ERROR.
 *
 * After respond, write, finish or reset on an exchange that was reset
 * nothing happens.
 */
void mf_exchange_respond(struct mf_exchange *x, int status,
                         const struct mf_header *headers, size_t count);

/* Queue body bytes (copied). Nothing is refused: look at pending. */
void mf_exchange_write(struct mf_exchange *x, const void *data, size_t len);

/* Queue body bytes that outlive the server (static data; not copied). */
void mf_exchange_write_static(struct mf_exchange *x, const void *data,
                              size_t len);

/* End the response, with trailers (HTTP/2 only; over HTTP/1.1 they are an
 * assertion failure). */
void mf_exchange_finish(struct mf_exchange *x, const struct mf_header *trailers,
                        size_t count);

/* Break the exchange off: RST_STREAM with `h2_code`, or close the HTTP/1.1
 * connection. on_close still comes, later. */
void mf_exchange_reset(struct mf_exchange *x, uint32_t h2_code);

/* Bytes queued and not yet handed to the kernel (or the HTTP/2 window). */
size_t mf_exchange_pending(const struct mf_exchange *x);

#endif
