#include "decode/inner.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "codec/charset.h"
#include "codec/params.h"

static bool is_text(enum mf_body_kind kind)
{
    return kind == MF_BODY_TEXT || kind == MF_BODY_JSON ||
           kind == MF_BODY_XML || kind == MF_BODY_HTML || kind == MF_BODY_CSS ||
           kind == MF_BODY_JAVASCRIPT;
}

static bool cut(struct mf_span *span)
{
    if (span->len <= MF_DECODE_TEXT_MAX_LEN)
        return false;
    span->len = MF_DECODE_TEXT_MAX_LEN;
    return true;
}

int mf_decode__put(struct mf_view *view, const struct mf_node *node)
{
    struct mf_node less = *node;
    if (less.text.len > MF_DECODE_TEXT_MAX_LEN) {
        less.text.len =
            mf_utf8_cut(less.text.text, less.text.len, MF_DECODE_TEXT_MAX_LEN);
        less.is_cut = true;
    }
    less.is_cut |= cut(&less.bytes);
    cut(&less.name);
    cut(&less.type);
    return mf_view_put(view, &less);
}

int mf_decode__row(struct mf_view *view, const char *name, struct mf_span text)
{
    const struct mf_node node = {
        .kind = MF_NODE_ROW, .name = {name, strlen(name)}, .text = text};
    return mf_decode__put(view, &node);
}

int mf_decode__number(struct mf_view *view, const char *name, uint64_t number)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, number);
    const struct mf_node node = {.kind = MF_NODE_NUMBER,
                                 .name = {name, strlen(name)},
                                 .text = {digits, (size_t)len}};
    return mf_view_put(view, &node);
}

/* True if it is UTF-8 already, as far as it is shown; *ret_text is that. */
static bool is_utf8(const struct mf_body *inner, struct mf_span *ret_text)
{
    enum { CHARACTER_MAX_LEN = 4 };
    struct mf_span data = inner->data;
    enum mf_charset_source source;
    const char *name = mf_charset_find(inner->content_type, data, &source);
    if (source == MF_CHARSET_BOM || strcmp(name, "UTF-8") != 0)
        return false;
    size_t look = MF_DECODE_TEXT_MAX_LEN + CHARACTER_MAX_LEN;
    size_t len = mf_utf8_prefix(data.text, data.len < look ? data.len : look);
    *ret_text = (struct mf_span){data.text, len};
    return len == data.len || len >= MF_DECODE_TEXT_MAX_LEN;
}

static int put_text(struct mf_decoding *decoding, struct mf_span text,
                    enum mf_body_kind kind, bool is_cut)
{
    const char *type = mf_body_kind_name(kind);
    const struct mf_node node = {
        .kind = MF_NODE_TEXT,
        .type = {type, strlen(type)},
        .text = text,
        .is_cut = is_cut,
    };
    return mf_decode__put(decoding->view, &node);
}

/* As UTF-8, by the charset that it says. */
static int put_converted(struct mf_decoding *decoding,
                         const struct mf_body *inner, enum mf_body_kind kind)
{
    /* Whatever charset it is, that fills a node. */
    enum { READ_MAX_LEN = 4 * MF_DECODE_TEXT_MAX_LEN };
    struct mf_span data = inner->data, text;
    struct mf_buf made;
    if (is_utf8(inner, &text))
        return put_text(decoding, text, kind,
                        inner->is_cut || text.len < data.len);
    if (data.len > READ_MAX_LEN)
        data.len = READ_MAX_LEN;
    mf_buf_init(&made, MF_DECODE_TEXT_MAX_LEN + MF_CHARSET_ROOM_MIN);
    int rc = mf_charset_read_all(inner->content_type, data, &made);
    bool is_cut = inner->is_cut || data.len < inner->data.len || rc == MF_EFULL;
    text = (struct mf_span){(const char *)made.data, made.len};
    if (!rc || rc == MF_EFULL)
        rc = put_text(decoding, text, kind, is_cut);
    mf_buf_release(&made);
    return rc;
}

static int put_bytes(struct mf_decoding *decoding, const struct mf_body *inner)
{
    const char *sniffed = mf_body_sniff(inner->data);
    struct mf_span type = mf_params_head(inner->content_type);
    const struct mf_node node = {
        .kind = MF_NODE_BYTES,
        .type = *sniffed ? (struct mf_span){sniffed, strlen(sniffed)} : type,
        .bytes = inner->data,
        .is_cut = inner->is_cut,
    };
    return mf_decode__put(decoding->view, &node);
}

int mf_decode__show(struct mf_decoding *decoding, const struct mf_body *inner)
{
    enum mf_body_kind kind = mf_body_kind(inner);
    struct mf_body shown = *inner;
    int rc = 0;
    if (is_text(kind)) {
        shown.is_cut |= cut(&shown.data);
        rc = put_converted(decoding, inner, kind);
    } else if (kind != MF_BODY_EMPTY && !mf_decode__has_nodes(kind)) {
        rc = put_bytes(decoding, inner);
    }
    return rc ? rc : mf_decode__inner_as(decoding, &shown, kind);
}
