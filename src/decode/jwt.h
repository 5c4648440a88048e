/* JSON web tokens (RFC 7519), read and not verified. Private to src/decode. */
#ifndef MF_DECODE_JWT_H
#define MF_DECODE_JWT_H

#include <stdbool.h>

#include "decode/view.h"

/*
 * The next token in `text` from *at on: *ret_token is borrowed from it, *at
 * moves behind it. False: there is none.
 */
bool mf_jwt_find(struct mf_span text, size_t *at, struct mf_span *ret_token);

/*
 * Tell of one: its header and claims, and that nobody verified it. `offset`
 * and the token's length tell where it is, if is_placed.
 */
int mf_jwt_view(struct mf_view *view, struct mf_span token, uint64_t offset,
                bool is_placed);

#endif
