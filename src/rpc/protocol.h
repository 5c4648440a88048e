/* What the protocols name: content types, statuses, time-outs, queries. */
#ifndef MF_RPC_PROTOCOL_H
#define MF_RPC_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "codec/encoding.h"
#include "rpc/rpc.h"

enum mf_protocol {
    MF_PROTOCOL_CONNECT_UNARY,
    MF_PROTOCOL_CONNECT_STREAM,
    MF_PROTOCOL_GRPC,
    MF_PROTOCOL_GRPC_WEB,
};

struct mf_content_type {
    const char *name;
    enum mf_protocol protocol;
    bool is_json;
    bool is_text; /* base64 around everything (gRPC-Web) */
};

/* The row of a content-type header (NULL is allowed), or NULL. */
const struct mf_content_type *mf_content_type_find(const char *header);

/* True if the protocol can carry a method of that kind. */
bool mf_content_type_fits(const struct mf_content_type *type,
                          enum mf_method_kind kind);

/* Names of a protocol's headers. */
struct mf_protocol_names {
    const char *encoding;
    const char *accept_encoding;
    const char *timeout;
};
const struct mf_protocol_names *mf_protocol_names(enum mf_protocol protocol);

/* Connect's word for a status ("not_found"), and its HTTP status. */
const char *mf_status_word(enum mf_status status);
int mf_status_http(enum mf_status status);

/*
 * A request's time-out in milliseconds, rounded up; `header` may be NULL
 * (then *ret_has is false). MF_EINVAL if it is malformed.
 */
int mf_timeout_parse(enum mf_protocol protocol, const char *header,
                     bool *ret_has, uint64_t *ret_ms);

/* ---- Connect GET ---- */

struct mf_get_query {
    bool is_json;
    enum mf_encoding encoding;
};

/*
 * The message of a path's query, still encoded, appended to `message`.
 *
 *  MF_EINVAL       no message, malformed base64 or value, another version
 *  MF_ENOENT       no such codec
 *  MF_EUNSUPPORTED no such compression
 *  MF_EFULL, MF_ENOMEM
 *
 * Once the codec is known ret_query->is_json is set, whatever comes then.
 */
int mf_get_query_parse(const char *path, struct mf_get_query *ret_query,
                       struct mf_buf *message);

#endif
