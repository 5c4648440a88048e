/*
 * mf_protobuf: protobuf messages as nodes, by their type where it is known,
 * else by their looks (protoscope.c).
 *
 * Fields come in the order of the bytes. What does not fit its type, and what
 * is unknown to it, is told by its looks; where the bytes break a fault says
 * how, and the rest is bytes.
 *
 * Errors:  what mf_view_put() gives, or MF_ENOMEM.
 */
#ifndef MF_DECODE_PROTOBUF_H
#define MF_DECODE_PROTOBUF_H

#include "decode/types.h"
#include "decode/view.h"

struct mf_protobuf {
    struct mf_view *view;
    const struct mf_typeset *types; /* NULL: none are known */
    const uint8_t *base;            /* NULL: not in the body as it is */
    uint64_t offset;                /* of `base` in the body */
};

/* All fields of a message, at the view's depth. `type` NULL: it is guessed. */
int mf_protobuf_put(const struct mf_protobuf *pb,
                    const struct mf_message_type *type, const uint8_t *data,
                    size_t len);

/*
 * True for bytes of which nothing is known and that are hardly anything else:
 * whole as a message, with small field numbers and a text among its fields.
 */
bool mf_protobuf_is_likely(const uint8_t *data, size_t len);

#endif
