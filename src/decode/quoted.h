/* Transfer encodings of MIME (RFC 2045, section 6). Private to src/decode. */
#ifndef MF_DECODE_QUOTED_H
#define MF_DECODE_QUOTED_H

#include "base/buf.h"
#include "base/span.h"

/* Append `text` decoded. MF_EFULL, MF_ENOMEM; never malformed: what is not
 * quoted right stands for itself. */
int mf_quoted_decode(struct mf_span text, struct mf_buf *out);

/* The same of base64 with line ends in it. Also MF_ECORRUPT; then, and after
 * MF_EFULL, `out` has what came before. */
int mf_mime_base64_decode(struct mf_span text, struct mf_buf *out);

#endif
