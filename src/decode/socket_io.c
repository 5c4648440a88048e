/* Messages of Engine.IO (protocol 4) and of Socket.IO (5) in them. */
#include <ctype.h>
#include <string.h>

#include "decode/decoders.h"
#include "decode/json_tree.h"

static struct mf_span span(const char *text)
{
    return (struct mf_span){text, strlen(text)};
}

static void step(struct mf_span *text, size_t len)
{
    text->text += len;
    text->len -= len;
}

/* Digits up to where there are none. */
static struct mf_span take_digits(struct mf_span *text)
{
    struct mf_span digits = {text->text, 0};
    while (digits.len < text->len &&
           isdigit((unsigned char)text->text[digits.len]))
        digits.len++;
    step(text, digits.len);
    return digits;
}

static int tell_json(struct mf_view *view, struct mf_span text, size_t offset)
{
    struct mf_json json;
    if (!text.len)
        return 0;
    int rc = mf_json_read(&json, text);
    rc = rc == 0 ? mf_json_tell(view, MF_SPAN("data"), json.root)
                 : mf_json_tell_fault(view, &json, rc, offset);
    if (rc == 0 && json.is_cut)
        rc = mf_view_fault(view, offset + text.len, "it breaks off here");
    mf_json_release(&json);
    return rc;
}

static int tell_number(struct mf_view *view, const char *name,
                       struct mf_span digits)
{
    const struct mf_node node = {
        .kind = MF_NODE_NUMBER,
        .name = span(name),
        .text = digits,
    };
    return digits.len ? mf_view_put(view, &node) : 0;
}

/* "2/chat,7[...]": kind, attachments, namespace, number, data. */
static int tell_packet(struct mf_view *view, struct mf_span text, size_t offset)
{
    static const char *const kinds[] = {"connect",
                                        "disconnect",
                                        "event",
                                        "acknowledgement",
                                        "connect error",
                                        "binary event",
                                        "binary acknowledgement"};
    const char *start = text.text;
    int rc = mf_view_text(view, "packet", span(kinds[*text.text - '0']));
    bool is_binary = *text.text == '5' || *text.text == '6';
    step(&text, 1);
    if (rc == 0 && is_binary) {
        rc = tell_number(view, "attachments", take_digits(&text));
        step(&text, text.len && *text.text == '-');
    }
    if (rc == 0 && text.len && *text.text == '/') {
        const char *comma = memchr(text.text, ',', text.len);
        size_t len = comma ? (size_t)(comma - text.text) : text.len;
        rc = mf_view_text(view, "namespace", (struct mf_span){text.text, len});
        step(&text, len + (comma != NULL));
    }
    if (rc == 0)
        rc = tell_number(view, "id", take_digits(&text));
    return rc == 0 ? tell_json(view, text, offset + (size_t)(text.text - start))
                   : rc;
}

int mf_decode__socket_io(struct mf_decoding *decoding)
{
    static const char *const kinds[] = {"open",    "close",   "ping", "pong",
                                        "message", "upgrade", "noop"};
    struct mf_view *view = decoding->view;
    struct mf_span text = decoding->body->data;
    if (!text.len || *text.text < '0' || *text.text > '6')
        return 0;
    char kind = *text.text;
    int rc = mf_view_text(view, "message", span(kinds[kind - '0']));
    step(&text, 1);
    if (rc != 0 || !text.len)
        return rc;
    if (kind == '4' && *text.text >= '0' && *text.text <= '6')
        return tell_packet(view, text, 1);
    if (kind == '0')
        return tell_json(view, text, 1);
    return mf_view_text(view, "data", text);
}
