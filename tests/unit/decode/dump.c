#include "dump.h"

#include "../cmocka.h"

#include <ctype.h>
#include <inttypes.h>

#include "base/utf8.h"

enum { BYTES_SHOWN = 64, NODES_MAX = 100000, DUMP_MAX_LEN = 16 << 20 };

static const char *const kinds[] = {
    [MF_NODE_GROUP] = "group",   [MF_NODE_LIST] = "list",
    [MF_NODE_TEXT] = "text",     [MF_NODE_BYTES] = "bytes",
    [MF_NODE_NUMBER] = "number", [MF_NODE_BOOL] = "bool",
    [MF_NODE_NULL] = "null",     [MF_NODE_ENUM] = "enum",
    [MF_NODE_TIME] = "time",     [MF_NODE_FRAME] = "frame",
    [MF_NODE_PART] = "part",     [MF_NODE_ROW] = "row",
    [MF_NODE_NOTE] = "note",     [MF_NODE_FAULT] = "fault",
};

static void put_text(struct mf_buf *out, const char *before,
                     struct mf_span text, const char *after)
{
    if (!text.len)
        return;
    bool is_utf8 = mf_utf8_valid(text.text, text.len);
    mf_buf_printf(out, "%s", before);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.text[i];
        if (c == '\n')
            mf_buf_append(out, "\\n", 2);
        else if (c == '\\')
            mf_buf_append(out, "\\\\", 2);
        else if (iscntrl(c) || (c >= 0x80 && !is_utf8))
            mf_buf_printf(out, "\\x%02x", c);
        else
            mf_buf_append_byte(out, c);
    }
    mf_buf_printf(out, "%s", after);
}

static void put_bytes(struct mf_buf *out, struct mf_span bytes)
{
    if (!bytes.len)
        return;
    mf_buf_append(out, " | ", 3);
    for (size_t i = 0; i < bytes.len && i < BYTES_SHOWN; i++)
        mf_buf_printf(out, "%02x", (unsigned char)bytes.text[i]);
    if (bytes.len > BYTES_SHOWN)
        mf_buf_printf(out, "... (%zu)", bytes.len);
}

int dump_node(void *user, unsigned depth, const struct mf_node *node)
{
    struct mf_buf *out = user;
    mf_buf_printf(out, "%*s%s", (int)depth * 2, "", kinds[node->kind]);
    put_text(out, " ", node->name, "");
    if (node->number)
        mf_buf_printf(out, " #%" PRIu64, node->number);
    put_text(out, " <", node->type, ">");
    put_text(out, " = ", node->text, "");
    put_text(out, " ~ ", node->also, "");
    put_bytes(out, node->bytes);
    if (node->len || node->offset)
        mf_buf_printf(out, " @%" PRIu64 "+%" PRIu64, node->offset, node->len);
    return mf_buf_printf(out, "%s%s\n", node->is_cut ? " cut" : "",
                         node->is_guess ? " guess" : "");
}

char *dump_body(const struct mf_body *body, const struct mf_decode_opts *opts)
{
    struct mf_buf out;
    struct mf_view view;
    mf_buf_init(&out, DUMP_MAX_LEN);
    mf_view_init(&view, NODES_MAX, dump_node, &out);
    int rc = mf_decode(body, opts, &view);
    assert_true(rc == 0 || (rc == MF_EFULL && view.is_limited));
    if (rc == 0)
        assert_int_equal(view.depth, 0);
    mf_buf_append_byte(&out, '\0');
    size_t len;
    return (char *)mf_buf_take(&out, &len);
}
