/* application/x-www-form-urlencoded (WHATWG, URL, section 5.1): a row for
 * each pair. */
#include <ctype.h>
#include <string.h>

#include "codec/percent.h"
#include "decode/decoders.h"
#include "decode/inner.h"
#include "decode/jwt.h"

/* Where a '%' stands that two hex digits do not follow; len: nowhere. */
static size_t find_stray(struct mf_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.text[i] == '%' &&
            (text.len - i < 3 || !isxdigit((unsigned char)text.text[i + 1]) ||
             !isxdigit((unsigned char)text.text[i + 2])))
            return i;
    return text.len;
}

struct pair {
    struct mf_span text;
    uint64_t offset;
    bool is_cut;
};

static int put_pair(struct mf_view *view, const struct pair *pair)
{
    const char *equals = memchr(pair->text.text, '=', pair->text.len);
    size_t name_len =
        equals ? (size_t)(equals - pair->text.text) : pair->text.len;
    size_t value_at = equals ? name_len + 1 : name_len;
    struct mf_buf name, value;
    mf_buf_init(&name, pair->text.len);
    mf_buf_init(&value, pair->text.len);
    int rc = mf_percent_decode(pair->text.text, name_len, true, &name);
    if (!rc)
        rc = mf_percent_decode(pair->text.text + value_at,
                               pair->text.len - value_at, true, &value);
    const struct mf_node row = {
        .kind = MF_NODE_ROW,
        .name = {(const char *)name.data, name.len},
        .text = {(const char *)value.data, value.len},
        .offset = pair->offset,
        .len = pair->text.len,
        .is_cut = pair->is_cut,
    };
    if (!rc)
        rc = mf_decode__put(view, &row);
    size_t stray = find_stray(pair->text);
    if (!rc && stray < pair->text.len && !pair->is_cut)
        rc = mf_view_fault(view, pair->offset + stray,
                           "two hex digits do not follow this %%");
    struct mf_span token;
    size_t at = 0;
    if (!rc && mf_jwt_find(row.text, &at, &token))
        rc = mf_jwt_view(view, token, 0, false);
    mf_buf_release(&name);
    mf_buf_release(&value);
    return rc;
}

int mf_decode__form(struct mf_decoding *decoding)
{
    struct mf_span data = decoding->body->data;
    int rc = 0;
    for (size_t at = 0; !rc && at < data.len;) {
        const char *end = memchr(data.text + at, '&', data.len - at);
        size_t len = end ? (size_t)(end - data.text) - at : data.len - at;
        const struct pair pair = {
            .text = {data.text + at, len},
            .offset = at,
            .is_cut = !end && decoding->body->is_cut,
        };
        if (len)
            rc = put_pair(decoding->view, &pair);
        at += len + 1;
    }
    return rc;
}
