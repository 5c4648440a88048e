/* mf_call from inside src/rpc: head.c makes one, receive.c feeds it, send.c
 * and end.c answer, call.c ends it. */
#ifndef MF_RPC_CALL_IMPL_H
#define MF_RPC_CALL_IMPL_H

#include "base/map.h"
#include "codec/base64.h"
#include "codec/envelope.h"
#include "net/loop.h"
#include "rpc/ending.h"
#include "rpc/metadata.h"
#include "rpc/protocol.h"
#include "rpc/rpc.h"

struct mf_rpc {
    struct mf_rpc_opts opts;
    struct mf_map *methods; /* path -> struct mf_entry */
};

struct mf_entry {
    const struct mf_method *method;
    void *user;
};

/* ---- rpc.c ---- */

/* Step through the methods in no order: start with *position 0; NULL at the
 * end. */
const struct mf_method *mf_rpc__next_method(const struct mf_rpc *rpc,
                                            size_t *position);

/* Full name of a service; its method's path has it. */
struct mf_service_name {
    const char *text; /* not NUL-terminated */
    size_t len;
};

/*
 * The services that have a method, sorted, each once: *ret_names is an array
 * of *ret_count that the caller frees. 0 or MF_ENOMEM.
 */
int mf_rpc__services(const struct mf_rpc *rpc,
                     struct mf_service_name **ret_names, size_t *ret_count);

struct mf_call {
    struct mf_rpc *rpc;
    const struct mf_method *method;
    size_t max_len; /* of a message from the client, uncompressed */
    void *user;
    void *data;
    struct mf_exchange *x;

    enum mf_protocol protocol;
    const char *content_type; /* as it is answered */
    bool is_json;
    bool is_get;
    enum mf_encoding encoding;        /* of the request's messages */
    enum mf_encoding answer_encoding; /* of the answer's, if it pays */
    bool is_encoding_unknown;         /* the request's is not one of ours */
    int64_t deadline_ns;              /* mf_clock_mono_ns(); 0: none */

    bool is_text; /* base64 both ways */
    struct mf_base64_reader reader;
    struct mf_buf unwrapped; /* scratch: out of base64 */

    struct mf_envelope envelope;
    struct mf_buf body; /* the one request of a unary or server-stream call */
    struct mf_buf held; /* what came and could not be taken while paused */
    size_t held_at;
    struct mf_timer *wake; /* to go on with `held`; NULL until needed */
    struct mf_buf plain;   /* scratch: decompressed */
    struct mf_buf binary;  /* scratch: from JSON */
    size_t message_count;

    struct mf_buf answer; /* the one answer, until the call is finished */
    bool has_answer;

    struct mf_metadata headers;
    struct mf_metadata trailers;
    bool has_lost_metadata; /* memory was out, or it was too much */

    bool is_known; /* a handler's callback was called */
    bool is_paused;
    bool is_half_closed; /* the client has sent all */
    bool is_head_sent;
    bool is_over;   /* its status is decided */
    bool is_closed; /* on_close was called */
};

/* ---- call.c ---- */

extern const struct mf_exchange_events mf_call__events;

/* NULL when memory is out. */
struct mf_call *mf_call__new(struct mf_rpc *rpc, const struct mf_entry *entry,
                             struct mf_exchange *x,
                             const struct mf_content_type *type);
void mf_call__free(struct mf_call *call);

/* End the call for the framework's own reasons: tells on_close at once, so
 * never from inside a handler. */
void mf_call__fail(struct mf_call *call, enum mf_status status,
                   const char *message);

/* ---- receive.c ---- */

void mf_call__on_data(struct mf_exchange *x, void *user, const uint8_t *data,
                      size_t len);
void mf_call__on_end(struct mf_exchange *x, void *user);
/* Say to the exchange whether the client owes us the rest of a message. */
void mf_call__time_body(struct mf_call *call);
void mf_call__on_body_late(struct mf_exchange *x, void *user);
/* Go on with what was held. */
void mf_call__go_on(void *call);

/* What a message of at most `max_len` may be on the wire, compressed. */
size_t mf_call__wire_max(size_t max_len);

/* ---- send.c ---- */

/* Write one message now. 0 or MF_E*. */
int mf_call__write(struct mf_call *call, const uint8_t *message, size_t len);
void mf_call__write_head(struct mf_call *call);
/* Write the head, if it is not yet, and an envelope. 0 or MF_E*. */
int mf_call__write_envelope(struct mf_call *call, uint8_t flags,
                            const uint8_t *data, size_t len);

/* ---- end.c ---- */

/* Write the end of the response. */
void mf_call__write_end(struct mf_call *call, const struct mf_ending *ending);

#endif
