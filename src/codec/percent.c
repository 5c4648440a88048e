#include "codec/percent.h"

static const char digits[] = "0123456789ABCDEF";

int mf_percent_encode(const char *text, size_t len, struct mf_buf *out)
{
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = (uint8_t)text[i];
        const char escaped[3] = {'%', digits[c >> 4], digits[c & 15]};
        int rc = c < 0x20 || c > 0x7e || c == '%'
                     ? mf_buf_append(out, escaped, sizeof escaped)
                     : mf_buf_append_byte(out, c);
        if (rc)
            return rc;
    }
    return 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mf_percent_decode(const char *text, size_t len, bool plus_is_space,
                      struct mf_buf *out)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)text[i];
        int high = -1, low = -1;
        if (c == '%' && len - i > 2) {
            high = hex_value(text[i + 1]);
            low = hex_value(text[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            c = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        int rc = mf_buf_append_byte(out, c);
        if (rc)
            return rc;
    }
    return 0;
}
