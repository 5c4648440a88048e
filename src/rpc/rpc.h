/*
 * mf_rpc: remote methods, written once, served over gRPC, gRPC-Web and
 * Connect, binary protobuf and JSON, HTTP/1.1 and HTTP/2.
 *
 * A method sees whole messages as binary protobuf and answers the same way;
 * which protocol the client speaks does not reach it.
 *
 * Thread:  the loop's.
 * Sources: gRPC PROTOCOL-HTTP2 and PROTOCOL-WEB; the Connect protocol
 *          reference.
 */
#ifndef MF_RPC_RPC_H
#define MF_RPC_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/exchange.h"
#include "pb/schema.h"

/* gRPC status codes. */
enum mf_status {
    MF_STATUS_OK = 0,
    MF_STATUS_CANCELED = 1,
    MF_STATUS_UNKNOWN = 2,
    MF_STATUS_INVALID_ARGUMENT = 3,
    MF_STATUS_DEADLINE_EXCEEDED = 4,
    MF_STATUS_NOT_FOUND = 5,
    MF_STATUS_ALREADY_EXISTS = 6,
    MF_STATUS_PERMISSION_DENIED = 7,
    MF_STATUS_RESOURCE_EXHAUSTED = 8,
    MF_STATUS_FAILED_PRECONDITION = 9,
    MF_STATUS_ABORTED = 10,
    MF_STATUS_OUT_OF_RANGE = 11,
    MF_STATUS_UNIMPLEMENTED = 12,
    MF_STATUS_INTERNAL = 13,
    MF_STATUS_UNAVAILABLE = 14,
    MF_STATUS_DATA_LOSS = 15,
    MF_STATUS_UNAUTHENTICATED = 16,
};

enum mf_method_kind {
    MF_METHOD_UNARY,
    MF_METHOD_CLIENT_STREAM,
    MF_METHOD_SERVER_STREAM,
    MF_METHOD_BIDI_STREAM,
};

struct mf_call;

/* Of what a handler says beside its messages, bytes. */
enum {
    MF_CALL_METADATA_MAX_LEN = 16 * 1024, /* headers; trailers */
    MF_CALL_MESSAGE_MAX_LEN = 4 * 1024,   /* of an error; it is cut there */
    MF_CALL_DETAILS_MAX_LEN = 32 * 1024,  /* as gRPC sends them; more are left
                                             out there */
    /* Of a message as JSON, decompressed, whatever a method's binary ones may
     * be: it is read on the loop, where all others wait meanwhile. */
    MF_CALL_JSON_MAX_LEN = 32 * 1024 * 1024,
};

/*
 * What a method does. Any member but on_message may be NULL. For unary and
 * server-stream methods on_message comes exactly once, when the request is
 * whole (the framework answers a missing or second message itself).
 */
struct mf_method_ops {
    /* The head is there; no message yet. Client and bidi streams only. */
    void (*on_open)(struct mf_call *call, void *user);
    /* One message; borrowed for the call. None come while paused. */
    void (*on_message)(struct mf_call *call, void *user, const uint8_t *message,
                       size_t len);
    /* The client has sent all. Client and bidi streams only. */
    void (*on_half_close)(struct mf_call *call, void *user);
    /* Sent messages have drained; more may be sent. */
    void (*on_drain)(struct mf_call *call, void *user);
    /*
     * The call is over: finished, broken off by the client, failed by the
     * framework (cut or garbled frame, too long a message, deadline), or by
     * a stopping server. Last of all callbacks; comes exactly once if any
     * other came. `call` is gone after it.
     */
    void (*on_close)(struct mf_call *call, void *user);
};

struct mf_method {
    const char *path;  /* "/mitmflow.v1.Service/GetFlow" */
    const char *input; /* full message names, for JSON */
    const char *output;
    enum mf_method_kind kind;
    bool no_side_effects; /* Connect GET is allowed (unary only) */
    struct mf_method_ops ops;
    size_t max_message_len; /* of one from the client; 0: as mf_rpc_opts */
};

struct mf_rpc;

struct mf_rpc_opts {
    const struct mf_schema *schema; /* has every method's messages */
    size_t max_message_len;         /* uncompressed, of one message, bytes */
    /* Pages of these origins ("https://host:port") may call, too; none at
     * first. Borrowed for rpc's life. */
    const char *const *cors_origins;
    size_t cors_origin_count;
    /* May this call be made at all? Asked with its head, before the handler
     * hears of it; a status other than OK is answered, with *ret_message.
     * NULL: every one may. */
    enum mf_status (*admit)(void *user, const struct mf_method *method,
                            struct mf_exchange *x, const char **ret_message);
    void *admit_user;
};

struct mf_rpc *mf_rpc_new(const struct mf_rpc_opts *opts);
void mf_rpc_free(struct mf_rpc *rpc);

/* Register `count` methods (borrowed for rpc's life), each called with
 * `user`. 0 or MF_ENOMEM. */
int mf_rpc_add(struct mf_rpc *rpc, const struct mf_method *methods,
               size_t count, void *user);

/*
 * Serve `x` if it is a call: its path is a method's, or its content type is
 * one of RPC's (then an unknown path is UNIMPLEMENTED). Takes the
 * exchange's events. False: not a call, the exchange is untouched.
 */
bool mf_rpc_handle(struct mf_rpc *rpc, struct mf_exchange *x);

/* The handler's own data; NULL at first. */
void mf_call_set_data(struct mf_call *call, void *data);
void *mf_call_data(const struct mf_call *call);

/* First value of request metadata `name` (lower case), or NULL. "-bin"
 * values are as sent (base64). */
const char *mf_call_metadata(const struct mf_call *call, const char *name);
/* All request headers in order of arrival, repeated ones too. */
size_t mf_call_metadata_count(const struct mf_call *call);
const struct mf_header *mf_call_metadata_at(const struct mf_call *call,
                                            size_t index);
/* The time that the client gave the call, less what has passed, ms; false if
 * it gave none. */
bool mf_call_time_left(const struct mf_call *call, uint64_t *ret_ms);
/* The query of a Connect GET, still percent-encoded, or NULL. */
const char *mf_call_get_query(const struct mf_call *call);
const char *mf_call_peer(const struct mf_call *call);
/* By what it came, for people: "gRPC, HTTP/2, TLS". */
const char *mf_call_transport(const struct mf_call *call);

/*
 * Send one message (binary protobuf, copied). The response head goes out
 * with the first. Unary and client-stream methods send exactly one before
 * finishing with OK. Ignored after finish.
 */
void mf_call_send(struct mf_call *call, const uint8_t *message, size_t len);

/* Send the response head now, before any message (server streams). */
void mf_call_send_head(struct mf_call *call);

/*
 * Add response metadata: a header, until the head is sent; a trailer, until
 * the call is finished. Names in lower case and not the protocols' own
 * (asserted, see mf_call_name_is_free()); values of "-bin" names in base64
 * without padding. Both are copied; repeated names stay in order. White space
 * around a value is dropped, and what is not printable ASCII in it becomes
 * '?'. Too late, they are dropped; more than MF_CALL_METADATA_MAX_LEN fails
 * the call.
 */
void mf_call_add_header(struct mf_call *call, const char *name,
                        const char *value);
void mf_call_add_trailer(struct mf_call *call, const char *name,
                         const char *value);
/* True if handlers may add metadata of that name. */
bool mf_call_name_is_free(const char *name);

/* End the call; `message` (NULL is allowed) is told to the client. */
void mf_call_finish(struct mf_call *call, enum mf_status status,
                    const char *message);

/* One message that says more about an error. */
struct mf_error_detail {
    const char *type;     /* its full name */
    const uint8_t *value; /* binary protobuf */
    size_t len;
};

/* As mf_call_finish() with a `status` that is not OK, and `count` details. */
void mf_call_finish_error(struct mf_call *call, enum mf_status status,
                          const char *message,
                          const struct mf_error_detail *details, size_t count);

/* Break the call off without a status, as a lost connection would. */
void mf_call_abort(struct mf_call *call);

/* Stop and go on taking messages from the client (back-pressure). May be
 * called inside on_message. Calls of one connection that are resumed together
 * go on in the order of their resumption. */
void mf_call_pause(struct mf_call *call);
void mf_call_resume(struct mf_call *call);

/* Bytes sent and not yet drained. */
size_t mf_call_pending(const struct mf_call *call);

#endif
