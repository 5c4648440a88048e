/* Message types out of reflection answers that pass by. */
#ifndef MF_DECODE_REFLECTION_H
#define MF_DECODE_REFLECTION_H

#include "decode/body.h"
#include "decode/types.h"

/* True for the URL of a gRPC reflection service; quick. */
bool mf_reflection_is_url(struct mf_span url);

/* Learn from the frames of an answer of it, of gRPC, gRPC-Web or Connect.
 * `origin` and what is returned as mf_types_learn(). */
bool mf_reflection_learn(struct mf_types *types, uint64_t origin,
                         const struct mf_body *body);

#endif
