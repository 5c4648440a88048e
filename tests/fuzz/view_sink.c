#include "view_sink.h"

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
