#include "flow/decoded.h"

#include "base/utf8.h"
#include "codec/charset.h"
#include "decode/decode.h"
#include "flow/body_http.h"
#include "flow/details.h"
#include "flow/text.h"

/* Each flow is decoded once when it is packed, and again when it is judged. */
enum { NODES_MAX = 20000, INFLATED_MAX_LEN = 4 << 20 };

static int put_line(struct mf_buf *out, struct mf_span text)
{
    if (text.len == 0)
        return 0;
    int rc = mf_buf_append(out, text.text, text.len);
    return rc ? rc : mf_buf_append_byte(out, '\n');
}

static int put_node(void *user, unsigned depth, const struct mf_node *node)
{
    (void)depth;
    struct mf_buf *out = user;
    if (node->kind == MF_NODE_NOTE || node->kind == MF_NODE_FAULT)
        return 0;
    int rc = put_line(out, node->name);
    if (!rc)
        rc = put_line(out, node->type);
    return rc ? rc : put_line(out, node->text);
}

/* A streamed answer of a language model has its words in pieces. */
static bool is_in_pieces(const struct mf_body *body)
{
    size_t at = 0;
    while (at < body->data.len && (unsigned char)body->data.text[at] <= ' ')
        at++;
    return at < body->data.len && body->data.text[at] != '{';
}

/* Kinds whose bytes do not show what they say. */
static bool hides_its_text(enum mf_body_kind kind, const struct mf_body *body)
{
    switch (kind) {
    case MF_BODY_LLM:
        return is_in_pieces(body);
    case MF_BODY_GRPC:
    case MF_BODY_GRPC_WEB:
    case MF_BODY_GRPC_WEB_TEXT:
    case MF_BODY_CONNECT:
    case MF_BODY_CONNECT_STREAM:
    case MF_BODY_PROTOBUF:
    case MF_BODY_MULTIPART:
    case MF_BODY_FORM:
    case MF_BODY_MSGPACK:
    case MF_BODY_CBOR:
    case MF_BODY_DNS:
        return true;
    default:
        return false;
    }
}

static bool is_text_kind(enum mf_body_kind kind)
{
    return kind >= MF_BODY_TEXT && kind <= MF_BODY_JAVASCRIPT;
}

int mf_flow__put_decoded(const struct mf_flow *flow, enum mf_half half,
                         struct mf_span body, struct mf_buf *out)
{
    const struct mf_flow__half *side = mf_flow__half_of(flow, half);
    const struct mf_body_http http = mf_flow_body_http(flow);
    const struct mf_decode_opts opts = {.inflated_max = INFLATED_MAX_LEN};
    const struct mf_body whole = {
        .place = half == MF_HALF_REQUEST ? MF_BODY_REQUEST : MF_BODY_RESPONSE,
        .data = body,
        .content_type = side->content_type,
        .is_cut = side->is_cut,
        .is_sender_client = half == MF_HALF_REQUEST,
        .http = &http,
    };
    struct mf_view view;
    enum mf_body_kind kind = mf_body_kind(&whole);
    int rc = 0;
    if (hides_its_text(kind, &whole)) {
        mf_view_init(&view, NODES_MAX, put_node, out);
        rc = mf_decode(&whole, &opts, &view);
    } else if (is_text_kind(kind) && (!mf_utf8_valid(body.text, body.len) ||
                                      mf_body_is_utf16(&whole))) {
        rc = mf_charset_read_all(side->content_type, body, out);
    }
    return rc == MF_ENOMEM ? rc : 0;
}
