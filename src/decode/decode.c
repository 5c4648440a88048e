#include <stdint.h>

#include "decode/decode.h"

#include "decode/decoders.h"
#include "decode/inner.h"

enum { BODY_DEPTH_MAX = 8 };

/* By mf_body_kind; NULL: text to be read as it is, or just bytes. */
static mf_decoder *const decoders[MF_BODY_SOCKET_IO + 1] = {
    [MF_BODY_UNKNOWN] = NULL,
    [MF_BODY_EVENTS] = mf_decode__events,
    [MF_BODY_FONT] = mf_decode__font,
    [MF_BODY_FORM] = mf_decode__form,
    [MF_BODY_IMAGE] = mf_decode__image,
    [MF_BODY_JSON] = mf_decode__tokens,
    [MF_BODY_JSON_LINES] = mf_decode__json_lines,
    [MF_BODY_MULTIPART] = mf_decode__multipart,
    [MF_BODY_PDF] = mf_decode__pdf,
    [MF_BODY_TEXT] = mf_decode__tokens,
    [MF_BODY_GRPC] = mf_decode__grpc,
    [MF_BODY_GRPC_WEB] = mf_decode__grpc_web,
    [MF_BODY_GRPC_WEB_TEXT] = mf_decode__grpc_web_text,
    [MF_BODY_CONNECT] = mf_decode__connect,
    [MF_BODY_CONNECT_STREAM] = mf_decode__connect_stream,
    [MF_BODY_CONNECT_GET] = mf_decode__connect_get,
    [MF_BODY_GRAPHQL] = mf_decode__graphql,
    [MF_BODY_LLM] = mf_decode__llm,
    [MF_BODY_SOCKET_IO] = mf_decode__socket_io,
    [MF_BODY_MSGPACK] = mf_decode__msgpack,
    [MF_BODY_CBOR] = mf_decode__cbor,
    [MF_BODY_DNS] = mf_decode__dns,
    [MF_BODY_PROTOBUF] = mf_decode__protobuf,
};

static int run(struct mf_decoding *decoding, enum mf_body_kind kind)
{
    mf_decoder *decoder = decoders[kind];
    return decoder ? decoder(decoding) : 0;
}

int mf_decode(const struct mf_body *body, const struct mf_decode_opts *opts,
              struct mf_view *view)
{
    struct mf_decoding decoding = {
        .body = body,
        .opts = opts,
        .view = view,
        .inflated_left = opts->inflated_max,
    };
    return run(&decoding, mf_body_kind(body));
}

/* Where the nodes of `inner` are: in the body around it, or nowhere. */
static void place(struct mf_view *view, struct mf_span outer,
                  struct mf_span inner)
{
    uintptr_t from = (uintptr_t)outer.text, at = (uintptr_t)inner.text;
    bool is_within = at >= from && at - from <= outer.len &&
                     inner.len <= outer.len - (at - from);
    if (is_within)
        view->base += at - from;
    else
        view->is_elsewhere = true;
}

int mf_decode_inner(struct mf_decoding *decoding, const struct mf_body *inner)
{
    return mf_decode__inner_as(decoding, inner, mf_body_kind(inner));
}

int mf_decode__inner_as(struct mf_decoding *decoding,
                        const struct mf_body *inner, enum mf_body_kind kind)
{
    if (decoding->depth == BODY_DEPTH_MAX)
        return mf_view_note(decoding->view, "bodies are nested too deep");
    const struct mf_body *outer = decoding->body;
    struct mf_view *view = decoding->view;
    uint64_t base = view->base;
    bool is_elsewhere = view->is_elsewhere;
    place(view, outer->data, inner->data);
    decoding->body = inner;
    decoding->depth++;
    int rc = run(decoding, kind);
    decoding->depth--;
    decoding->body = outer;
    view->base = base;
    view->is_elsewhere = is_elsewhere;
    return rc;
}

bool mf_decode__has_nodes(enum mf_body_kind kind)
{
    return decoders[kind] != NULL;
}
