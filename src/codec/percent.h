/* Percent-encoding: grpc-message (gRPC PROTOCOL-HTTP2) and URL queries. */
#ifndef MF_CODEC_PERCENT_H
#define MF_CODEC_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Append `text` with bytes outside 0x20..0x7e, and '%', as %XX. 0, MF_EFULL
 * or MF_ENOMEM. */
int mf_percent_encode(const char *text, size_t len, struct mf_buf *out);

/* Append `text` decoded; a '%' that two hex digits do not follow stands for
 * itself; with `plus_is_space` '+' is a space. 0, MF_EFULL or MF_ENOMEM. */
int mf_percent_decode(const char *text, size_t len, bool plus_is_space,
                      struct mf_buf *out);

#endif
