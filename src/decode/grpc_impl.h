/*
 * Messages of RPC bodies: gRPC, gRPC-Web and Connect. Private to
 * src/decode/grpc*.c and connect*.c.
 */
#ifndef MF_DECODE_GRPC_IMPL_H
#define MF_DECODE_GRPC_IMPL_H

#include "base/buf.h"
#include "decode/decode.h"
#include "decode/protobuf.h"

/* How messages are written, by what follows the "+" of the content type. */
enum mf_rpc_codec {
    MF_RPC_PROTO,
    MF_RPC_JSON,
    MF_RPC_OTHER,
};

/* What all messages of a body have in common. */
struct mf_rpc_body {
    struct mf_decoding *decoding;
    struct mf_view *view;
    struct mf_typeset *types;           /* a reference */
    const struct mf_message_type *type; /* NULL: not known */
    enum mf_rpc_codec codec;
    struct mf_span encoding; /* its name, of messages that are marked */
    const uint8_t *base;     /* the body, if nodes lie in it; else NULL */
};

/* A body whose messages are of the type that its URL's method has. `encoding`
 * is the name of the header that tells how messages are compressed. */
void mf_rpc_body_init(struct mf_rpc_body *rpc, struct mf_decoding *decoding,
                      const char *encoding);
void mf_rpc_body_release(struct mf_rpc_body *rpc);

/* A header of the half that the body is of; empty: there is none. */
struct mf_span mf_rpc_header(const struct mf_body *body, const char *name);

bool mf_rpc_is_response(const struct mf_body *body);

/* A message that is not compressed, at the view's depth; `is_placed`: it lies
 * in the body. */
int mf_rpc_put_message(const struct mf_rpc_body *rpc, const uint8_t *data,
                       size_t len, bool is_placed);

/*
 * The same for one that is. What could not be undone is told, and what came
 * out until then is read. `encoding` is its name.
 */
int mf_rpc_put_compressed(const struct mf_rpc_body *rpc,
                          struct mf_span encoding, const uint8_t *data,
                          size_t len);

/* Append what `encoding` holds to `out`, whose maximum is what may still be
 * inflated; *ret_fault (of 100 bytes) says what is wrong, or is empty.
 * MF_ENOMEM alone is an error. */
enum { MF_RPC_FAULT_CAP = 100 };
int mf_rpc_inflate(struct mf_decoding *decoding, struct mf_span encoding,
                   const uint8_t *data, size_t len, struct mf_buf *out,
                   char ret_fault[MF_RPC_FAULT_CAP]);

/* ---- Framed bodies ---- */

/* One frame, whole or not. */
struct mf_rpc_frame {
    uint8_t flags;
    const uint8_t *start; /* of its prefix */
    const uint8_t *data;
    size_t len;       /* what is there */
    uint64_t missing; /* bytes past the end */
};

/* The next frame of the bytes from *at on, which moves behind it; false: there
 * is not even a whole prefix. */
bool mf_rpc_frame_next(const uint8_t **at, const uint8_t *end,
                       struct mf_rpc_frame *ret_frame);

/* A frame that ends the body, as its children; below it the view is open. */
typedef int mf_rpc_end(const struct mf_rpc_body *rpc,
                       const struct mf_rpc_frame *frame, const uint8_t *data,
                       size_t len);

/* Tell all frames. Those with the flag `end_flag` are told by `end`, called
 * `end_name`. */
int mf_rpc_put_frames(const struct mf_rpc_body *rpc, const uint8_t *data,
                      size_t len, uint8_t end_flag, const char *end_name,
                      mf_rpc_end *end);

/* ---- How a call ended ---- */

/* "NOT_FOUND"; empty: there is no such code. */
struct mf_span mf_rpc_status_name(int64_t code);

/* One line of trailers: a status in words, its details decoded, or a row. */
int mf_rpc_put_trailer(const struct mf_rpc_body *rpc, struct mf_span name,
                       struct mf_span value);

/* A google.rpc.Status, or a message of type `type`, in base64, as a group
 * called `name`. */
int mf_rpc_put_base64(const struct mf_rpc_body *rpc, struct mf_span name,
                      struct mf_span type, struct mf_span text);

#endif
