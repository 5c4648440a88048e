#include "codec/base64.h"

#include "base/error.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int mf_base64_encode(const void *data, size_t len, bool is_padded,
                     struct mf_buf *out)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i < 3 ? len - i : 3;
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < left ? bytes[i + k] : 0);
        char text[4];
        for (size_t k = 0; k < 4; k++)
            text[k] = k <= left ? alphabet[group >> (18 - 6 * k) & 63] : '=';
        int rc = mf_buf_append(out, text, is_padded ? 4 : left + 1);
        if (rc)
            return rc;
    }
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
