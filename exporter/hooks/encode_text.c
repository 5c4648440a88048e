#include "exporter/hooks/encode_text.h"

void mf_encoder_text(struct mf_encoder *enc, uint32_t number, const void *bytes,
                     size_t len, enum mf_text_escape escape)
{
    if (len == 0 || enc->error)
        return;
    struct mf_mark mark = mf_encoder_begin(enc, number);
    if (!enc->error)
        enc->error = mf_text_put_bytes(&enc->buf, bytes, len, escape);
    mf_encoder_end(enc, mark);
}

void mf_encoder_ucs4(struct mf_encoder *enc, uint32_t number,
                     const uint32_t *chars, size_t count,
                     enum mf_text_escape escape)
{
    if (count == 0 || enc->error)
        return;
    struct mf_mark mark = mf_encoder_begin(enc, number);
    if (!enc->error)
        enc->error = mf_text_put_ucs4(&enc->buf, chars, count, escape);
    mf_encoder_end(enc, mark);
}
