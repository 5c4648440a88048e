#include "view_sink.h"

#include <string.h>

#include <stdlib.h>

enum { NODES_MAX = 20000, INFLATED_MAX = 1 << 20 };

static volatile unsigned char read_so_far;

static void touch(struct mf_span span)
{
    for (size_t i = 0; i < span.len; i++)
        read_so_far ^= (unsigned char)span.text[i];
}

static int tell(void *user, unsigned depth, const struct mf_node *node)
{
    size_t *count = user;
    if (depth > MF_VIEW_DEPTH_MAX || ++*count > NODES_MAX + 1)
        abort();
    if (node->kind < MF_NODE_GROUP || node->kind > MF_NODE_FAULT)
        abort();
    touch(node->name);
    touch(node->type);
    touch(node->text);
    touch(node->bytes);
    touch(node->also);
    return 0;
}

void fuzz_view(mf_decoder *decoder, const struct mf_body *body)
{
    size_t count = 0;
    struct mf_view view;
    const struct mf_decode_opts opts = {.inflated_max = INFLATED_MAX};
    struct mf_decoding decoding = {
        .body = body,
        .opts = &opts,
        .view = &view,
        .inflated_left = INFLATED_MAX,
    };
    mf_view_init(&view, NODES_MAX, tell, &count);
    int rc = decoder(&decoding);
    if (view.depth != 0 || (rc != 0 && !(rc == MF_EFULL && view.is_limited)))
        abort();
}

void fuzz_typed(mf_decoder *decoder, const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *end = size ? memchr(text, '\n', size) : NULL;
    if (!end)
        return;
    size_t len = (size_t)(end - text);
    struct mf_body body = {
        .place = MF_BODY_RESPONSE,
        .data = {end + 1, size - len - 1},
        .content_type = {text, len},
    };
    fuzz_view(decoder, &body);
    body.is_cut = true;
    fuzz_view(decoder, &body);
}

void fuzz_placed(mf_decoder *decoder, const uint8_t *data, size_t size)
{
    if (size < 2)
        return;
    const struct mf_body body = {
        .place = data[0] & 4   ? MF_BODY_MESSAGE
                 : data[0] & 2 ? MF_BODY_RESPONSE
                               : MF_BODY_REQUEST,
        .data = {(const char *)data + 1, size - 1},
        .is_text_message = data[0] & 4,
    };
    fuzz_view(decoder, &body);
}
