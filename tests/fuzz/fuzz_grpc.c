/*
 * A body of RPC of a stranger. The first byte says of which kind (its lowest
 * three bits), of which half and how it is encoded; what follows up to a 0 is
 * the URL, up to the next one a trailer's value; the rest is the body.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "decode/decoders.h"
#include "decode/textual.h"
#include "decode/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NODES_MAX = 20000, INFLATED_MAX = 1 << 20 };

static void require(int holds)
{
    if (!holds)
        abort();
}

static const struct mf_types *types(void)
{
    static struct mf_types *known;
    if (!known)
        require(mf_types_new(&known) == 0);
    return known;
}

struct exchange {
    struct mf_span encoding, trailer;
};

static struct mf_span header(const void *user, enum mf_header_place place,
                             const char *name)
{
    const struct exchange *exchange = user;
    (void)place;
    return strstr(name, "encoding") ? exchange->encoding : MF_SPAN_NONE;
}

static bool each_header(const void *user, enum mf_header_place place,
                        bool (*visit)(void *to, struct mf_span name,
                                      struct mf_span value),
                        void *to)
{
    static const char *const names[] = {"grpc-status", "grpc-message",
                                        "grpc-status-details-bin", "x"};
    const struct exchange *exchange = user;
    for (size_t i = 0; place == MF_TRAILER_RESPONSE && i < 4; i++)
        if (visit(to, (struct mf_span){names[i], strlen(names[i])},
                  exchange->trailer))
            return true;
    return false;
}

static int see(void *user, unsigned depth, const struct mf_node *node)
{
    const struct mf_body *body = user;
    require(depth <= MF_VIEW_DEPTH_MAX);
    require(node->offset + node->len <= body->data.len || node->len == 0);
    return 0;
}

static int see_text(void *user, struct mf_span text)
{
    enum { TEXT_MAX_LEN = 64 << 10, TEXTS_MAX = 101 };
    unsigned *count = user;
    require(++*count <= TEXTS_MAX);
    require(text.len <= TEXT_MAX_LEN && mf_utf8_valid(text.text, text.len));
    return 0;
}

/* As texts for people. */
static void read_texts(const struct mf_body *body,
                       const struct mf_decode_opts *opts, unsigned kind)
{
    static const struct mf_span content_types[8] = {
        MF_SPAN("application/grpc+proto"),
        MF_SPAN("application/grpc-web"),
        MF_SPAN("application/grpc-web-text"),
        MF_SPAN("application/proto"),
        MF_SPAN("application/connect+proto"),
        MF_SPAN("application/connect+json"),
        MF_SPAN("application/x-protobuf"),
        MF_SPAN("application/dns-message")};
    struct mf_body typed = *body;
    unsigned count = 0;
    typed.content_type = content_types[kind];
    int rc = mf_textual_frames(&typed, opts, see_text, &count);
    require(rc == 0 || rc == MF_EFULL);
}

static struct mf_span take(const uint8_t **data, size_t *size)
{
    const uint8_t *end = memchr(*data, 0, *size);
    size_t len = end ? (size_t)(end - *data) : *size;
    struct mf_span text = {(const char *)*data, len};
    len += end != NULL;
    *data += len;
    *size -= len;
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mf_decoder *const decoders[8] = {
        mf_decode__grpc,           mf_decode__grpc_web,
        mf_decode__grpc_web_text,  mf_decode__connect,
        mf_decode__connect_stream, mf_decode__connect_get,
        mf_decode__protobuf,       mf_decode__grpc};
    static const struct mf_span encodings[] = {
        MF_SPAN("gzip"), MF_SPAN("identity"), MF_SPAN("zstd"), MF_SPAN("no")};
    static const struct mf_span content_types[] = {
        MF_SPAN("application/grpc"), MF_SPAN("application/connect+json")};
    if (size == 0)
        return 0;
    uint8_t how = data[0];
    data++;
    size--;
    struct mf_span url = take(&data, &size);
    struct exchange exchange = {.encoding = encodings[how >> 5 & 3],
                                .trailer = take(&data, &size)};
    const struct mf_body_http http = {.url = url,
                                      .status = how & 8 ? 400 : 200,
                                      .header = header,
                                      .each_header = each_header,
                                      .user = &exchange};
    const struct mf_body body = {
        .place = how & 8 ? MF_BODY_RESPONSE : MF_BODY_REQUEST,
        .data = {(const char *)data, size},
        .content_type = content_types[how >> 4 & 1],
        .http = &http,
    };
    const struct mf_decode_opts opts = {.types = types(),
                                        .inflated_max = INFLATED_MAX};
    struct mf_view view;
    struct mf_decoding decoding = {.body = &body,
                                   .opts = &opts,
                                   .view = &view,
                                   .inflated_left = opts.inflated_max};
    mf_view_init(&view, NODES_MAX, see, (void *)(uintptr_t)&body);
    int rc = decoders[how & 7](&decoding);
    require(rc == 0 || (rc == MF_EFULL && view.is_limited));
    require(view.depth == 0);
    require(decoding.inflated_left <= opts.inflated_max);
    read_texts(&body, &opts, how & 7);
    return 0;
}
