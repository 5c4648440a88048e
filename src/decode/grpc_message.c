/* One message of an RPC, and what is in front of it. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "codec/encoding.h"
#include "decode/grpc_impl.h"

/* ---- The body ---- */

bool mf_rpc_is_response(const struct mf_body *body)
{
    return body->place == MF_BODY_RESPONSE;
}

struct mf_span mf_rpc_header(const struct mf_body *body, const char *name)
{
    enum mf_header_place place =
        mf_rpc_is_response(body) ? MF_HEADER_RESPONSE : MF_HEADER_REQUEST;
    return body->http && body->http->header
               ? body->http->header(body->http->user, place, name)
               : MF_SPAN_NONE;
}

static bool has_text(struct mf_span in, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= in.len; i++)
        if (strncasecmp(in.text + i, text, len) == 0)
            return true;
    return false;
}

/* application/grpc is protobuf; application/grpc+FORMAT is not for others. */
static enum mf_rpc_codec codec_of(struct mf_span content_type)
{
    for (size_t i = 0; i < content_type.len; i++)
        if (content_type.text[i] == ';')
            content_type.len = i;
    if (has_text(content_type, "proto"))
        return MF_RPC_PROTO;
    if (has_text(content_type, "json"))
        return MF_RPC_JSON;
    return has_text(content_type, "+") ? MF_RPC_OTHER : MF_RPC_PROTO;
}

void mf_rpc_body_init(struct mf_rpc_body *rpc, struct mf_decoding *decoding,
                      const char *encoding)
{
    const struct mf_body *body = decoding->body;
    const struct mf_message_type *input = NULL, *output = NULL;
    *rpc = (struct mf_rpc_body){
        .decoding = decoding,
        .view = decoding->view,
        .types = mf_types_now(decoding->opts->types),
        .codec = codec_of(body->content_type),
        .encoding = mf_rpc_header(body, encoding),
        .base = (const uint8_t *)body->data.text,
    };
    if (body->http)
        mf_typeset_method(rpc->types, body->http->url, &input, &output);
    rpc->type = mf_rpc_is_response(body) ? output : input;
}

void mf_rpc_body_release(struct mf_rpc_body *rpc)
{
    mf_typeset_unref(rpc->types);
}

/* ---- Compression ---- */

static const char *why_not(int rc)
{
    return rc == MF_EFULL    ? "there is more than may be decompressed"
           : rc == MF_ETRUNC ? "the compressed bytes break off"
                             : "the compressed bytes are damaged";
}

int mf_rpc_inflate(struct mf_decoding *decoding, struct mf_span encoding,
                   const uint8_t *data, size_t len, struct mf_buf *out,
                   char ret_fault[MF_RPC_FAULT_CAP])
{
    enum { NAME_SHOWN = 40 };
    enum mf_encoding known;
    ret_fault[0] = '\0';
    mf_buf_init(out, decoding->inflated_left);
    if (mf_encoding_parse(encoding.text, encoding.len, &known)) {
        int shown = encoding.len < NAME_SHOWN ? (int)encoding.len : NAME_SHOWN;
        snprintf(ret_fault, MF_RPC_FAULT_CAP,
                 "compressed with %.*s, which is not known here", shown,
                 encoding.text);
        return 0;
    }
    int rc = mf_encoding_decode(known, data, len, out);
    decoding->inflated_left -= out->len;
    if (rc && rc != MF_ENOMEM)
        snprintf(ret_fault, MF_RPC_FAULT_CAP, "%s", why_not(rc));
    return rc == MF_ENOMEM ? rc : 0;
}

/* ---- Messages ---- */

static int put_inner(const struct mf_rpc_body *rpc, struct mf_span data)
{
    struct mf_body inner = {
        .place = rpc->decoding->body->place,
        .data = data,
        .content_type = rpc->codec == MF_RPC_JSON ? MF_SPAN("application/json")
                                                  : MF_SPAN_NONE,
    };
    struct mf_node node = {
        .kind = rpc->codec == MF_RPC_JSON ? MF_NODE_TEXT : MF_NODE_BYTES,
        .type = rpc->codec == MF_RPC_JSON ? MF_SPAN("json") : MF_SPAN_NONE,
    };
    *(rpc->codec == MF_RPC_JSON ? &node.text : &node.bytes) = data;
    int rc = mf_view_put(rpc->view, &node);
    return rc || rpc->codec == MF_RPC_JSON
               ? rc
               : mf_decode_inner(rpc->decoding, &inner);
}

int mf_rpc_put_message(const struct mf_rpc_body *rpc, const uint8_t *data,
                       size_t len, bool is_placed)
{
    const struct mf_protobuf pb = {
        .view = rpc->view,
        .types = rpc->types,
        .base = is_placed ? rpc->base : NULL,
    };
    if (rpc->codec != MF_RPC_PROTO)
        return put_inner(rpc, (struct mf_span){(const char *)data, len});
    return mf_protobuf_put(&pb, rpc->type, data, len);
}

int mf_rpc_put_compressed(const struct mf_rpc_body *rpc,
                          struct mf_span encoding, const uint8_t *data,
                          size_t len)
{
    struct mf_buf out;
    char fault[MF_RPC_FAULT_CAP];
    int rc = mf_rpc_inflate(rpc->decoding, encoding, data, len, &out, fault);
    if (!rc && out.len)
        rc = mf_rpc_put_message(rpc, out.data, out.len, false);
    if (!rc && fault[0]) {
        uint64_t offset = rpc->base ? (uint64_t)(data - rpc->base) : 0;
        struct mf_node node = {
            .kind = MF_NODE_BYTES,
            .name = MF_SPAN("compressed"),
            .bytes = {(const char *)data, len},
        };
        rc = mf_view_fault(rpc->view, offset, "%s", fault);
        if (!rc && out.len == 0)
            rc = mf_view_put(rpc->view, &node);
    }
    mf_buf_release(&out);
    return rc;
}
