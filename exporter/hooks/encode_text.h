/* Text of mitmproxy's as a string field of a message. */
#ifndef MF_EXPORTER_ENCODE_TEXT_H
#define MF_EXPORTER_ENCODE_TEXT_H

#include "exporter/hooks/text.h"
#include "pb/encoder.h"

/* A string field; empty is left out. */
void mf_encoder_text(struct mf_encoder *enc, uint32_t number, const void *bytes,
                     size_t len, enum mf_text_escape escape);
void mf_encoder_ucs4(struct mf_encoder *enc, uint32_t number,
                     const uint32_t *chars, size_t count,
                     enum mf_text_escape escape);

#endif
