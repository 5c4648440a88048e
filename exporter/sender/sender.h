/*
 * mf_sender: the thread that carries messages from the queue to a server.
 * It never touches Python.
 *
 * Thread:  all calls on mitmproxy's thread. Calls return at once but for
 *          mf_sender_stop().
 */
#ifndef MF_EXPORTER_SENDER_H
#define MF_EXPORTER_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "exporter/queue.h"
#include "exporter/redact/redact.h"
#include "exporter/sender/address.h"
#include "exporter/sender/outbox.h"
#include "exporter/sender/transport.h"

enum {
    MF_SENDER_SOURCE_CAP = 256,
    MF_SENDER_VERSION_CAP = 32,
    MF_SENDER_TOKEN_CAP = 1024,
};

struct mf_sender_config {
    struct mf_address addresses[MF_ADDRESS_MAX]; /* tried in turn */
    size_t address_count;
    char source[MF_SENDER_SOURCE_CAP]; /* UTF-8 */
    char mitmproxy_version[MF_SENDER_VERSION_CAP];
    size_t body_max;
    char token[MF_SENDER_TOKEN_CAP]; /* sent as a bearer's; empty: none */
    struct mf_tls_config tls;
    char spool_dir[MF_TRANSPORT_PATH_CAP]; /* empty: no spool */
    uint64_t spool_max;                    /* 0: no spool */
};

struct mf_sender;

/*
 * Start the thread. `notify_fd` (-1: none) gets a byte when there is a line
 * to log, or a dead object or a wanted flow in the queue; it does not block and
 * stays open until mf_sender_stop() has returned. The queue is borrowed, until
 * then too. NULL: no thread, or out of memory.
 */
struct mf_sender *mf_sender_start(struct mf_queue *queue,
                                  const struct mf_sender_config *config,
                                  struct mf_tls *tls,
                                  struct mf_redactor *redactor, int notify_fd);

/*
 * Take a new configuration; what was connected connects anew if it is another
 * one, or has TLS, whose files may have changed. `tls` (NULL: no TLS address)
 * is made of it beforehand, so that what is wrong is told where it was set, and
 * is taken over. Redaction changes by mf_queue_push_rules().
 */
void mf_sender_configure(struct mf_sender *sender,
                         const struct mf_sender_config *config,
                         struct mf_tls *tls);

/* There are messages in the queue. */
void mf_sender_wake(struct mf_sender *sender);

/* Oldest line to log, into `out`; false if there is none. */
bool mf_sender_take_line(struct mf_sender *sender, char *out, size_t cap,
                         bool *ret_is_warning);

/*
 * How many bytes an append, or the messages of a whole flow, may have for the
 * server that was last connected, to an earlier process too where there is a
 * spool; 0: it takes no appends, or none was.
 */
size_t mf_sender_append_max(const struct mf_sender *sender);

struct mf_sender_stats {
    bool connected;
    bool published; /* the server knows the published schema only */
    uint64_t connects;
    uint64_t rejected;
    char server[MF_ADDRESS_TEXT_CAP]; /* connected to, or tried last */
    char version[32];                 /* of the server, as it says */
    char error[256];                  /* why there is no connection */
    struct mf_outbox_stats outbox;    /* as of a moment ago */
    size_t left; /* at the end: could be neither sent nor kept; lost */
};
void mf_sender_get_stats(struct mf_sender *sender,
                         struct mf_sender_stats *ret_stats);

/*
 * End the thread: what waits is sent for up to `deadline_ns` more if a
 * server is connected, or the first attempt to connect is still under way;
 * what is left then goes to the spool.
 *
 * 0: the thread has ended; lines and counts may still be asked for until
 * mf_sender_free(). MF_EBUSY: flows are wanted whole; put them into the queue
 * and call again with the time that is left. MF_ECLOSED: it hangs in a system
 * call (a name server that does not answer); it frees `sender` by itself
 * later, and neither `sender` nor `queue` may ever be used again.
 */
int mf_sender_stop(struct mf_sender *sender, int64_t deadline_ns);

/* After mf_sender_stop() has returned 0. */
void mf_sender_free(struct mf_sender *sender);

#endif
