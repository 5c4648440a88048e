/* What a body says to a search, where that is not its bytes. Private to
 * src/flow. */
#ifndef MF_FLOW_DECODED_H
#define MF_FLOW_DECODED_H

#include "flow/lookup.h"

/*
 * Append to `out` (empty, with its own maximum) the text of `body`, a half's
 * without its content encodings: in UTF-8 where it is text of another
 * charset; the names, types and values that a decoder finds in what is binary
 * or in parts, a line each. Nothing where a search of the bytes sees it all.
 * More than fits is left out. 0 or MF_ENOMEM.
 */
int mf_flow__put_decoded(const struct mf_flow *flow, enum mf_half half,
                         struct mf_span body, struct mf_buf *out);

#endif
