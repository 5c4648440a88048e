/* How a call ended. */
#include <string.h>
#include <strings.h>

#include "codec/base64.h"
#include "codec/percent.h"
#include "decode/grpc_impl.h"

#define DECODED_MAX_LEN ((size_t)1 << 20)

struct mf_span mf_rpc_status_name(int64_t code)
{
    static const char *const names[] = {
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    };
    if (code < 0 || code >= (int64_t)(sizeof names / sizeof *names))
        return MF_SPAN_NONE;
    return (struct mf_span){names[code], strlen(names[code])};
}

static int put_row(const struct mf_rpc_body *rpc, struct mf_span name,
                   struct mf_span value)
{
    const struct mf_node node = {
        .kind = MF_NODE_ROW, .name = name, .text = value};
    return mf_view_put(rpc->view, &node);
}

static int put_code(const struct mf_rpc_body *rpc, struct mf_span name,
                    struct mf_span value)
{
    int64_t code = value.len > 0 && value.len <= 3 ? 0 : -1;
    for (size_t i = 0; i < value.len && code >= 0; i++)
        code = value.text[i] >= '0' && value.text[i] <= '9'
                   ? 10 * code + (value.text[i] - '0')
                   : -1;
    const struct mf_node node = {
        .kind = MF_NODE_ENUM,
        .name = name,
        .text = mf_rpc_status_name(code),
        .also = value,
    };
    return node.text.len ? mf_view_put(rpc->view, &node)
                         : put_row(rpc, name, value);
}

static int put_message_text(const struct mf_rpc_body *rpc, struct mf_span name,
                            struct mf_span value)
{
    struct mf_buf text;
    mf_buf_init(&text, DECODED_MAX_LEN);
    int rc = mf_percent_decode(value.text, value.len, false, &text);
    if (rc == MF_EFULL)
        rc = put_row(rpc, name, value);
    else if (!rc)
        rc = put_row(rpc, name,
                     (struct mf_span){(const char *)text.data, text.len});
    mf_buf_release(&text);
    return rc;
}

static int put_decoded(const struct mf_rpc_body *rpc, struct mf_span name,
                       struct mf_span type_name, const struct mf_buf *bytes)
{
    const struct mf_message_type *type =
        mf_typeset_of_url(rpc->types, type_name);
    const struct mf_protobuf pb = {.view = rpc->view, .types = rpc->types};
    struct mf_node node = {
        .kind = MF_NODE_GROUP, .name = name, .type = type_name};
    int rc = mf_view_open(rpc->view, &node);
    if (rc)
        return rc;
    rc = mf_protobuf_put(&pb, type, bytes->data, bytes->len);
    mf_view_close(rpc->view);
    return rc;
}

int mf_rpc_put_base64(const struct mf_rpc_body *rpc, struct mf_span name,
                      struct mf_span type, struct mf_span text)
{
    struct mf_buf bytes;
    mf_buf_init(&bytes, DECODED_MAX_LEN);
    int rc = mf_base64_decode(text.text, text.len, &bytes);
    if (!rc)
        rc = put_decoded(rpc, name, type, &bytes);
    else if (rc == MF_ECORRUPT || rc == MF_EFULL)
        rc = put_row(rpc, name, text);
    mf_buf_release(&bytes);
    return rc;
}

static bool is_named(struct mf_span name, const char *want)
{
    return name.len == strlen(want) &&
           strncasecmp(name.text, want, name.len) == 0;
}

int mf_rpc_put_trailer(const struct mf_rpc_body *rpc, struct mf_span name,
                       struct mf_span value)
{
    if (is_named(name, "grpc-status"))
        return put_code(rpc, name, value);
    if (is_named(name, "grpc-message"))
        return put_message_text(rpc, name, value);
    if (is_named(name, "grpc-status-details-bin"))
        return mf_rpc_put_base64(rpc, name, MF_SPAN("google.rpc.Status"),
                                 value);
    return put_row(rpc, name, value);
}
