#include "exporter/hooks/text.h"

#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

static const char REPLACEMENT[] = "\xef\xbf\xbd";
enum { REPLACEMENT_LEN = 3, CHAR_MAX_LEN = 4 };

bool mf_text_is_ascii(const void *text, size_t len)
{
    const uint8_t *bytes = text;
    uint8_t all = 0;
    for (size_t i = 0; i < len; i++)
        all |= bytes[i];
    return all < 0x80;
}

static size_t write_escape(uint8_t *at, uint8_t byte,
                           enum mf_text_escape escape)
{
    static const char digits[] = "0123456789ABCDEF";
    if (escape != MF_TEXT_PERCENT) {
        memcpy(at, REPLACEMENT, REPLACEMENT_LEN);
    } else {
        at[0] = '%';
        at[1] = (uint8_t)digits[byte >> 4];
        at[2] = (uint8_t)digits[byte & 15];
    }
    return REPLACEMENT_LEN;
}

/* Bytes of the well-formed character at `at`, 0 if there is none. */
static size_t char_len(const uint8_t *at, size_t left)
{
    for (size_t len = 1; len <= CHAR_MAX_LEN && len <= left; len++)
        if (mf_utf8_valid(at, len))
            return len;
    return 0;
}

static size_t write_char(uint8_t *at, uint32_t c)
{
    if (c < 0x80) {
        at[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        at[0] = (uint8_t)(0xc0 | c >> 6);
        at[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        at[0] = (uint8_t)(0xe0 | c >> 12);
        at[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        at[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    at[0] = (uint8_t)(0xf0 | c >> 18);
    at[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    at[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    at[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

static int put_latin1(struct mf_buf *out, const uint8_t *bytes, size_t len)
{
    int rc = len > SIZE_MAX / 2 ? MF_EFULL : mf_buf_reserve(out, 2 * len);
    for (size_t i = 0; !rc && i < len; i++)
        out->len += write_char(out->data + out->len, bytes[i]);
    return rc;
}

int mf_text_put_bytes(struct mf_buf *out, const void *text, size_t len,
                      enum mf_text_escape escape)
{
    const uint8_t *bytes = text;
    if (mf_text_is_ascii(bytes, len) ||
        (escape != MF_TEXT_LATIN1 && mf_utf8_valid(bytes, len)))
        return mf_buf_append(out, bytes, len);
    if (escape == MF_TEXT_LATIN1)
        return put_latin1(out, bytes, len);
    if (len > SIZE_MAX / REPLACEMENT_LEN)
        return MF_EFULL;
    int rc = mf_buf_reserve(out, len * REPLACEMENT_LEN);
    if (rc)
        return rc;
    for (size_t i = 0; i < len;) {
        size_t step = char_len(bytes + i, len - i);
        if (step) {
            memcpy(out->data + out->len, bytes + i, step);
            out->len += step;
            i += step;
        } else {
            out->len += write_escape(out->data + out->len, bytes[i++], escape);
        }
    }
    return 0;
}

int mf_text_put_ucs4(struct mf_buf *out, const uint32_t *chars, size_t count,
                     enum mf_text_escape escape)
{
    if (count > SIZE_MAX / CHAR_MAX_LEN)
        return MF_EFULL;
    size_t need = 0;
    for (size_t i = 0; i < count; i++)
        need += chars[i] < 0x80 ? 1 : chars[i] < 0x10000 ? 3 : CHAR_MAX_LEN;
    int rc = mf_buf_reserve(out, need);
    if (rc)
        return rc;
    uint8_t *at = out->data ? out->data + out->len : NULL;
    for (size_t i = 0; i < count; i++) {
        uint32_t c = chars[i];
        if (c >= 0xdc80 && c <= 0xdcff)
            at += write_escape(at, (uint8_t)(c - 0xdc00), escape);
        else if ((c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
            at += write_escape(at, 0, MF_TEXT_REPLACE);
        else
            at += write_char(at, c);
    }
    if (at)
        out->len = (size_t)(at - out->data);
    return 0;
}
