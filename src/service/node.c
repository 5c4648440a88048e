#include "service/node.h"

#include "base/utf8.h"
#include "pb/wire.h"

enum {
    RESPONSE_NODES = 2,
    NODE_DEPTH = 1,
    NODE_KIND = 2,
    NODE_NAME = 3,
    NODE_NUMBER = 4,
    NODE_TYPE = 5,
    NODE_TEXT = 6,
    NODE_DATA = 7,
    NODE_ALSO = 8,
    NODE_OFFSET = 9,
    NODE_LENGTH = 10,
    NODE_CUT = 11,
    NODE_GUESS = 12,
};

static int put_text(struct mf_buf *out, uint32_t number, struct mf_span text)
{
    text.len = mf_utf8_cut(text.text, text.len, MF_NODE_TEXT_MAX_LEN);
    return mf_wire_put_text_opt(out, number, text);
}

static bool is_cut(const struct mf_node *node)
{
    return node->is_cut || node->name.len > MF_NODE_TEXT_MAX_LEN ||
           node->text.len > MF_NODE_TEXT_MAX_LEN ||
           node->bytes.len > MF_NODE_BYTES_MAX_LEN;
}

int mf_node_put(unsigned depth, const struct mf_node *node, struct mf_buf *out)
{
    size_t before = out->len, mark;
    size_t bytes_len = node->bytes.len < MF_NODE_BYTES_MAX_LEN
                           ? node->bytes.len
                           : MF_NODE_BYTES_MAX_LEN;
    int rc = mf_wire_begin(out, RESPONSE_NODES, &mark);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, NODE_DEPTH, depth);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, NODE_KIND, node->kind);
    if (!rc)
        rc = put_text(out, NODE_NAME, node->name);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, NODE_NUMBER, node->number);
    if (!rc)
        rc = put_text(out, NODE_TYPE, node->type);
    if (!rc)
        rc = put_text(out, NODE_TEXT, node->text);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, NODE_DATA, node->bytes.text, bytes_len);
    if (!rc)
        rc = put_text(out, NODE_ALSO, node->also);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, NODE_OFFSET, node->offset);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, NODE_LENGTH, node->len);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, NODE_CUT, is_cut(node));
    if (!rc)
        rc = mf_wire_put_varint_opt(out, NODE_GUESS, node->is_guess);
    if (!rc)
        rc = mf_wire_end(out, mark);
    if (rc)
        out->len = before;
    return rc;
}
