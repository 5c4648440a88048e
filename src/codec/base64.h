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

#endif
