/*
 * mf_link: one HTTP/2 connection to a server: Hello, then ExportFlow calls
 * one after the other. Bytes in, bytes out; the caller owns the socket and
 * the clock.
 *
 * A call is half-closed after MF_LINK_STREAM_MESSAGES messages,
 * MF_LINK_STREAM_LEN bytes or MF_LINK_STREAM_NS with something to be
 * acknowledged, and the next one begins at once, when all of the last one
 * has gone out, so that order is kept. Acknowledgements count in order too:
 * a failed call makes its messages and those of all later calls wait again,
 * and ends the link.
 *
 * Thread:  the sender's. Units: ns of the monotonic clock; bytes.
 */
#ifndef MF_EXPORTER_LINK_H
#define MF_EXPORTER_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "exporter/sender/answer.h"
#include "exporter/sender/outbox.h"

enum { MF_LINK_STREAM_MESSAGES = 1024 };
#define MF_LINK_STREAM_LEN ((size_t)4 << 20)
#define MF_LINK_STREAM_NS ((int64_t)100000000)

/* No more than this is in flight, but for one message that is longer. */
#define MF_LINK_IN_FLIGHT_LEN ((size_t)16 << 20)

struct mf_link_config {
    const char *authority;
    const char *source; /* UTF-8 */
    const char *session;
    const char *mitmproxy_version;
    const char *token; /* a bearer's; NULL or empty: none */
    size_t body_max;
    bool is_tls;     /* the connection is */
    bool one_by_one; /* one message a call: which one does it refuse? */
};

struct mf_link;

/* Strings of `config` are borrowed for the link's life. NULL: no memory. */
struct mf_link *mf_link_new(struct mf_outbox *outbox,
                            const struct mf_link_config *config,
                            int64_t now_ns);

/* What was in flight waits again. NULL is allowed. */
void mf_link_free(struct mf_link *link);

/*
 * Bytes came from the server. 0, or an error after which the link is of no
 * more use; `err` says why in words for a log line.
 */
int mf_link_receive(struct mf_link *link, const uint8_t *data, size_t len,
                    int64_t now_ns, struct mf_err *err);

/*
 * Time passed, or messages came into the outbox: begin and end calls. Errors
 * as above; MF_ECLOSED: the link has ended well (the server goes away, or
 * all is said after mf_link_finish()).
 */
int mf_link_advance(struct mf_link *link, int64_t now_ns, struct mf_err *err);

/* Append bytes to send, about 256 KiB at most. Errors as above. */
int mf_link_write(struct mf_link *link, struct mf_buf *out, struct mf_err *err);

/* When mf_link_advance() has something to do again at the latest. */
int64_t mf_link_deadline_ns(const struct mf_link *link);

/* Send what waits, and end. */
void mf_link_finish(struct mf_link *link);

/* What the server said to Hello; NULL before. */
const struct mf_hello *mf_link_hello(const struct mf_link *link);

/* Messages that it acknowledged, and of them those that it left out. */
uint64_t mf_link_acked(const struct mf_link *link);
uint64_t mf_link_rejected(const struct mf_link *link);

/* Messages were sent or calls refused, and nothing was acknowledged. */
bool mf_link_is_in_vain(const struct mf_link *link);

/* The first call in flight was refused for what it holds: how many messages
 * that was; 0: no such thing happened. */
size_t mf_link_refused(const struct mf_link *link);

#endif
