#include "decode/textual.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

enum { FRAMES_MAX = 100, NODES_MAX = 20000, BYTES_SHOWN = 1024 };
enum { TEXT_MAX_LEN = 64 << 10, TAIL_LEN = 64 };

static const char left_out[] = "# there is more, which is not shown\n";

struct texts {
    mf_textual_put *put;
    void *user;
    struct mf_buf text; /* of the frame that is being read */
    bool is_begun, is_full;
    bool is_framed; /* its nodes are one deeper */
    size_t frames;
    unsigned depth; /* of what is open in `text` */
    char closers[MF_VIEW_DEPTH_MAX + 1];
    int rc; /* of `put` */
};

/* ---- Text ---- */

/* Room for the last line is kept; what finds none is left out. */
static void add(struct texts *texts, const char *text, size_t len)
{
    if (texts->is_full)
        return;
    texts->is_full = texts->text.len + len + TAIL_LEN > TEXT_MAX_LEN ||
                     mf_buf_append(&texts->text, text, len);
}

static void add_span(struct texts *texts, struct mf_span text)
{
    add(texts, text.text, text.len);
}

static void add_literal(struct texts *texts, const char *text)
{
    add(texts, text, strlen(text));
}

static void indent(struct texts *texts)
{
    for (unsigned i = 0; i < texts->depth; i++)
        add_literal(texts, "  ");
}

static void add_hex(struct texts *texts, struct mf_span bytes)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = bytes.len < BYTES_SHOWN ? bytes.len : BYTES_SHOWN;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)bytes.text[i];
        add(texts, &digits[byte >> 4], 1);
        add(texts, &digits[byte & 15], 1);
    }
    if (len < bytes.len)
        add_literal(texts, "...");
}

/* Between quotes, so that it is one line. */
static void add_quoted(struct texts *texts, struct mf_span text)
{
    size_t from = 0;
    add_literal(texts, "\"");
    for (size_t i = 0; i < text.len; i++) {
        char c = text.text[i];
        if (c != '"' && c != '\\' && c != '\n' && c != '\r' && c != '\t' &&
            (uint8_t)c >= 0x20)
            continue;
        add(texts, text.text + from, i - from);
        from = i + 1;
        if ((uint8_t)c >= 0x20 || c == '\n' || c == '\r' || c == '\t') {
            add_literal(texts, "\\");
            add_literal(texts, c == '\n'   ? "n"
                               : c == '\r' ? "r"
                               : c == '\t' ? "t"
                               : c == '"'  ? "\""
                                           : "\\");
        } else {
            add_literal(texts, "\\x");
            add_hex(texts, (struct mf_span){&text.text[i], 1});
        }
    }
    add(texts, text.text + from, text.len - from);
    add_literal(texts, "\"");
}

/* ---- Frames ---- */

/* Close what is deeper than `depth`. */
static void close_to(struct texts *texts, unsigned depth)
{
    while (texts->depth > depth) {
        texts->depth--;
        indent(texts);
        add(texts, &texts->closers[texts->depth], 1);
        add_literal(texts, "\n");
    }
}

static int finish(struct texts *texts)
{
    struct mf_buf clean;
    if (!texts->is_begun || texts->rc)
        return texts->rc;
    close_to(texts, 0);
    if (texts->is_full)
        texts->rc = mf_buf_append(&texts->text, left_out, strlen(left_out));
    mf_buf_init(&clean, 3 * TEXT_MAX_LEN);
    if (!texts->rc)
        texts->rc = mf_utf8_append(texts->text.data, texts->text.len, &clean);
    if (!texts->rc)
        texts->rc = texts->put(
            texts->user,
            (struct mf_span){clean.data ? (char *)clean.data : "", clean.len});
    mf_buf_release(&clean);
    texts->is_begun = false;
    return texts->rc;
}

static int begin(struct texts *texts, bool is_framed)
{
    int rc = finish(texts);
    if (rc)
        return rc;
    if (texts->frames++ == FRAMES_MAX) {
        texts->rc = texts->put(texts->user,
                               (struct mf_span){left_out, sizeof left_out - 1});
        return texts->rc ? texts->rc : MF_EFULL;
    }
    mf_buf_clear(&texts->text);
    texts->is_begun = true;
    texts->is_full = false;
    texts->is_framed = is_framed;
    texts->depth = 0;
    return 0;
}

/* ---- Nodes ---- */

static void add_name(struct texts *texts, const struct mf_node *node)
{
    char digits[24];
    if (node->name.len) {
        add_span(texts, node->name);
        add_literal(texts, ": ");
    } else if (node->number) {
        int len =
            snprintf(digits, sizeof digits, "%" PRIu64 ": ", node->number);
        add(texts, digits, (size_t)len);
    }
}

static void add_value(struct texts *texts, const struct mf_node *node)
{
    /* Braces around what is only a guess at a byte string, as protoscope
     * has it. */
    bool is_raw = node->is_guess && node->number && !node->name.len;
    switch (node->kind) {
    case MF_NODE_TEXT:
    case MF_NODE_TIME:
        add_literal(texts, is_raw ? "{" : "");
        add_quoted(texts, node->text);
        add_literal(texts, is_raw ? "}" : "");
        break;
    case MF_NODE_BYTES:
        add_literal(texts, "{`");
        add_hex(texts, node->bytes);
        add_literal(texts, "`}");
        break;
    case MF_NODE_NULL:
        add_literal(texts, "null");
        break;
    case MF_NODE_NOTE:
    case MF_NODE_FAULT:
        add_literal(texts, "# ");
        add_span(texts, node->text);
        break;
    default:
        add_span(texts, node->text);
    }
    bool is_fixed = node->type.len > 5 &&
                    memcmp(node->type.text, "fixed", 5) == 0 && !node->name.len;
    if (is_fixed && node->also.len) {
        add_literal(texts, "  # ");
        add_span(texts, node->also);
    }
    add_literal(texts, "\n");
}

static bool is_open(const struct mf_node *node)
{
    return node->kind == MF_NODE_GROUP || node->kind == MF_NODE_LIST ||
           node->kind == MF_NODE_FRAME || node->kind == MF_NODE_PART;
}

static void add_node(struct texts *texts, const struct mf_node *node)
{
    bool is_list = node->kind == MF_NODE_LIST;
    indent(texts);
    add_name(texts, node);
    if (!is_open(node)) {
        add_value(texts, node);
        return;
    }
    add_literal(texts, is_list ? "[\n" : "{\n");
    texts->closers[texts->depth++] = is_list ? ']' : '}';
}

static bool is_trailers(const struct mf_node *node)
{
    static const char name[] = "trailers";
    return node->kind == MF_NODE_GROUP && node->name.len == sizeof name - 1 &&
           memcmp(node->name.text, name, sizeof name - 1) == 0;
}

static int take_node(void *user, unsigned depth, const struct mf_node *node)
{
    struct texts *texts = user;
    bool is_frame = node->kind == MF_NODE_FRAME || is_trailers(node);
    if (depth == 0 && is_frame)
        return begin(texts, true);
    /* What follows the last frame belongs to none. */
    if (!texts->is_begun || (depth == 0 && texts->is_framed)) {
        int rc = begin(texts, false);
        if (rc)
            return rc;
    }
    close_to(texts, texts->is_framed ? depth - 1 : depth);
    add_node(texts, node);
    return 0;
}

/* ---- Bodies ---- */

static bool has_texts(enum mf_body_kind kind)
{
    switch (kind) {
    case MF_BODY_GRPC:
    case MF_BODY_GRPC_WEB:
    case MF_BODY_GRPC_WEB_TEXT:
    case MF_BODY_CONNECT:
    case MF_BODY_CONNECT_STREAM:
    case MF_BODY_CONNECT_GET:
    case MF_BODY_PROTOBUF:
    case MF_BODY_DNS:
        return true;
    default:
        return false;
    }
}

int mf_textual_frames(const struct mf_body *body,
                      const struct mf_decode_opts *opts, mf_textual_put *put,
                      void *user)
{
    struct texts texts = {.put = put, .user = user};
    struct mf_view view;
    if (!has_texts(mf_body_kind(body)))
        return 0;
    mf_buf_init(&texts.text, TEXT_MAX_LEN);
    mf_view_init(&view, NODES_MAX, take_node, &texts);
    int rc = mf_decode(body, opts, &view);
    if (!texts.rc && (rc == 0 || rc == MF_EFULL))
        rc = finish(&texts);
    mf_buf_release(&texts.text);
    return texts.rc ? texts.rc : rc;
}
