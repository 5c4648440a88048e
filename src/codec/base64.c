#include "codec/base64.h"

#include "base/error.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t encoded_len(size_t len, bool is_padded)
{
    static const size_t of_rest[] = {0, 2, 3};
    return len / 3 * 4 + (is_padded && len % 3 ? 4 : of_rest[len % 3]);
}

int mf_base64_encode(const void *data, size_t len, bool is_padded,
                     struct mf_buf *out)
{
    const uint8_t *at = data;
    size_t left = len, text_len = encoded_len(len, is_padded);
    int rc = mf_buf_reserve(out, text_len);
    if (rc || len == 0)
        return rc;
    uint8_t *to = out->data + out->len;
    for (; left >= 3; left -= 3, at += 3) {
        uint32_t group = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
        *to++ = (uint8_t)alphabet[group >> 18];
        *to++ = (uint8_t)alphabet[group >> 12 & 63];
        *to++ = (uint8_t)alphabet[group >> 6 & 63];
        *to++ = (uint8_t)alphabet[group & 63];
    }
    if (left) {
        uint32_t group = (uint32_t)at[0] << 16;
        group |= left == 2 ? (uint32_t)at[1] << 8 : 0;
        for (size_t k = 0; k <= left; k++)
            *to++ = (uint8_t)alphabet[group >> (18 - 6 * k) & 63];
        for (size_t k = left; is_padded && k < 3; k++)
            *to++ = '=';
    }
    out->len += text_len;
    return 0;
}

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

int mf_base64_decode(const char *text, size_t len, struct mf_buf *out)
{
    /* Padding fills the last group of four, and nothing else. */
    if (len % 4 == 0)
        for (int i = 0; i < 2 && len && text[len - 1] == '='; i++)
            len--;
    if (len % 4 == 1)
        return MF_ECORRUPT;
    uint32_t group = 0;
    for (size_t i = 0; i < len; i++) {
        int value = digit_value(text[i]);
        if (value < 0)
            return MF_ECORRUPT;
        group = group << 6 | (uint32_t)value;
        /* Whole bytes come out after the second, third and fourth digit. */
        if (i % 4 == 0)
            continue;
        int rc = mf_buf_append_byte(out, (uint8_t)(group >> (6 - 2 * (i % 4))));
        if (rc)
            return rc;
    }
    return 0;
}

/* Padding stands for the last one or two digits of a group. */
static int read_padding(struct mf_base64_reader *reader)
{
    if (reader->paddings > 0) {
        reader->paddings--;
        return 0;
    }
    if (reader->digits < 2)
        return MF_ECORRUPT;
    reader->paddings = 3 - reader->digits;
    reader->digits = 0;
    return 0;
}

int mf_base64_read(struct mf_base64_reader *reader, const uint8_t *text,
                   size_t len, struct mf_buf *out)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < len; i++) {
        if (text[i] == '=') {
            rc = read_padding(reader);
            continue;
        }
        int value = digit_value((char)text[i]);
        if (value < 0 || reader->paddings > 0)
            return MF_ECORRUPT;
        reader->group = reader->group << 6 | (uint32_t)value;
        unsigned digit = reader->digits++;
        if (digit > 0)
            rc = mf_buf_append_byte(
                out, (uint8_t)(reader->group >> (6 - 2 * digit)));
        reader->digits %= 4;
    }
    return rc;
}

bool mf_base64_is_whole(const struct mf_base64_reader *reader)
{
    return reader->digits == 0 && reader->paddings == 0;
}
