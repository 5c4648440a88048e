/* Base64 (RFC 4648). */
#ifndef MF_CODEC_BASE64_H
#define MF_CODEC_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Append `data` in the standard alphabet. 0, MF_EFULL or MF_ENOMEM. */
int mf_base64_encode(const void *data, size_t len, bool is_padded,
                     struct mf_buf *out);

/*
 * Append `text` decoded: either alphabet, padded or not.
 *
 *  MF_ECORRUPT  a strange character, or a length that cannot be
 *  MF_EFULL, MF_ENOMEM
 */
int mf_base64_decode(const char *text, size_t len, struct mf_buf *out);

/* Text that comes in pieces, and may be made of several texts in a row, each
 * of them padded or of a length that needs no padding. */
struct mf_base64_reader {
    uint32_t group;    /* digits of an unfinished group of four */
    unsigned digits;   /* how many */
    unsigned paddings; /* that are still to come */
};

/*
 * Append one more piece decoded; `reader` is all zero at first.
 *
 *  MF_ECORRUPT  a strange character, or padding out of place
 *  MF_EFULL, MF_ENOMEM
 */
int mf_base64_read(struct mf_base64_reader *reader, const uint8_t *text,
                   size_t len, struct mf_buf *out);

/* True if the text may end here. */
bool mf_base64_is_whole(const struct mf_base64_reader *reader);

#endif
