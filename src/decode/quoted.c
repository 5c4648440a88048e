#include "decode/quoted.h"

#include "base/error.h"
#include "codec/base64.h"

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* The length of a line end at `at` with the white space before it; 0: none. */
static size_t line_end_len(struct mf_span text, size_t at)
{
    size_t end = at;
    while (end < text.len && (text.text[end] == ' ' || text.text[end] == '\t'))
        end++;
    if (end < text.len && text.text[end] == '\r')
        end++;
    return end < text.len && text.text[end] == '\n' ? end + 1 - at : 0;
}

int mf_quoted_decode(struct mf_span text, struct mf_buf *out)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < text.len; i++) {
        char c = text.text[i];
        if (c == '=') {
            size_t soft = line_end_len(text, i + 1);
            int high = text.len - i > 2 ? hex(text.text[i + 1]) : -1;
            int low = text.len - i > 2 ? hex(text.text[i + 2]) : -1;
            if (soft) {
                i += soft;
                continue;
            }
            if (high >= 0 && low >= 0) {
                c = (char)(high << 4 | low);
                i += 2;
            }
        }
        rc = mf_buf_append_byte(out, (uint8_t)c);
    }
    return rc;
}

int mf_mime_base64_decode(struct mf_span text, struct mf_buf *out)
{
    struct mf_base64_reader reader = {0};
    int rc = 0;
    for (size_t at = 0; !rc && at < text.len;) {
        size_t end = at;
        while (end < text.len && text.text[end] != '\r' &&
               text.text[end] != '\n' && text.text[end] != ' ')
            end++;
        rc = mf_base64_read(&reader, (const uint8_t *)text.text + at, end - at,
                            out);
        at = end + 1;
    }
    return rc ? rc : mf_base64_is_whole(&reader) ? 0 : MF_ECORRUPT;
}
