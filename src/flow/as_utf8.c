/* Text of unknown making as UTF-8. */
#include "base/utf8.h"
#include "flow/details.h"

/* ISO-8859-1 is what HTTP once meant by bytes beyond ASCII. */
static int append_latin1(struct mf_buf *out, struct mf_span text, size_t max)
{
    size_t start = out->len;
    int rc = 0;
    for (size_t i = 0; !rc && i < text.len; i++) {
        uint8_t byte = (uint8_t)text.text[i];
        const uint8_t pair[] = {(uint8_t)(0xc0 | byte >> 6),
                                (uint8_t)(0x80 | (byte & 0x3f))};
        size_t len = byte < 0x80 ? 1 : sizeof pair;
        if (len > max - (out->len - start))
            break;
        rc = mf_buf_append(out, len == 1 ? &byte : pair, len);
    }
    return rc;
}

int mf_flow__append_text(struct mf_buf *out, struct mf_span text, size_t max)
{
    if (!mf_utf8_valid(text.text, text.len))
        return append_latin1(out, text, max);
    return mf_buf_append(out, text.text, mf_utf8_cut(text.text, text.len, max));
}

int mf_flow__put_text(struct mf_buf *out, uint32_t number, struct mf_span text,
                      size_t max)
{
    size_t mark;
    if (!text.len)
        return 0;
    int rc = mf_wire_begin(out, number, &mark);
    if (!rc)
        rc = mf_flow__append_text(out, text, max);
    return rc ? rc : mf_wire_end(out, mark);
}
