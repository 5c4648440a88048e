/*
 * A protobuf message of a stranger: the first byte says whether it is read by
 * the type shapes.All (lowest bit), shapes.old.Base (the next), or by its
 * looks.
 */
#include <stdlib.h>
#include <string.h>

#include "decode/protobuf.h"
#include "pb/wire.h"
#include "shapes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NODES_MAX = 20000 };

static void require(int holds)
{
    if (!holds)
        abort();
}

/* The shapes, learned as a server would tell them. */
static struct mf_typeset *shapes(void)
{
    static struct mf_typeset *set;
    struct mf_types *types;
    struct mf_buf answer;
    if (set)
        return set;
    mf_buf_init(&answer, 1 << 20);
    require(mf_types_new(&types) == 0);
    require(mf_wire_put_bytes(&answer, 4, mf_test_shapes, mf_test_shapes_len) ==
            0);
    require(mf_types_learn(types, 1, answer.data, answer.len));
    mf_buf_release(&answer);
    set = mf_types_now(types);
    mf_types_free(types);
    return set;
}

struct seen {
    const uint8_t *data;
    size_t len;
    size_t nodes;
    unsigned depth; /* of the last node */
};

/* Every node lies in the message, and no depth is skipped. */
static int see(void *user, unsigned depth, const struct mf_node *node)
{
    struct seen *seen = user;
    static volatile uint8_t sum; /* so that every text is read */
    require(depth <= seen->depth + 1 || seen->nodes == 0);
    require(node->offset <= seen->len && node->len <= seen->len);
    require(node->offset + node->len <= seen->len);
    for (size_t i = 0; i < node->text.len; i++)
        sum = (uint8_t)(sum + (uint8_t)node->text.text[i]);
    for (size_t i = 0; i < node->also.len; i++)
        sum = (uint8_t)(sum + (uint8_t)node->also.text[i]);
    for (size_t i = 0; i < node->name.len; i++)
        sum = (uint8_t)(sum + (uint8_t)node->name.text[i]);
    if (node->bytes.len)
        sum = (uint8_t)(sum + (uint8_t)node->bytes.text[node->bytes.len - 1]);
    seen->depth = depth;
    seen->nodes++;
    return 0;
}

static void read_as(const struct mf_message_type *type, const uint8_t *data,
                    size_t len)
{
    struct mf_view view;
    struct seen seen = {.data = data, .len = len};
    struct mf_protobuf pb = {
        .view = &view, .types = shapes(), .base = data, .offset = 0};
    mf_view_init(&view, NODES_MAX, see, &seen);
    int rc = mf_protobuf_put(&pb, type, data, len);
    require(rc == 0 || (rc == MF_EFULL && view.is_limited));
    require(view.depth == 0);
    require(seen.nodes <= NODES_MAX + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *name = data[0] & 1   ? "shapes.All"
                       : data[0] & 2 ? "shapes.old.Base"
                                     : "";
    read_as(mf_typeset_message(shapes(), (struct mf_span){name, strlen(name)}),
            data + 1, size - 1);
    mf_protobuf_is_likely(data + 1, size - 1);
    return 0;
}
