/* What decoders of bodies with others inside share. Private to src/decode. */
#ifndef MF_DECODE_INNER_H
#define MF_DECODE_INNER_H

#include "decode/decode.h"

/* A node's text or bytes are cut past this; the body has all of them. */
enum { MF_DECODE_TEXT_MAX_LEN = 64 << 10 };

/* True for kinds that have a decoder. */
bool mf_decode__has_nodes(enum mf_body_kind kind);

/* mf_decode_inner() of what is known to be of this kind. */
int mf_decode__inner_as(struct mf_decoding *decoding,
                        const struct mf_body *inner, enum mf_body_kind kind);

/*
 * Tell of a body inside another, whatever it is: what its decoder says, and of
 * what is text to be read as it is a node with this text, of other bytes a
 * node with those. Of text the decoder sees no more than is shown.
 */
int mf_decode__show(struct mf_decoding *decoding, const struct mf_body *inner);

/* Put a node, its text and bytes cut to MF_DECODE_TEXT_MAX_LEN. */
int mf_decode__put(struct mf_view *view, const struct mf_node *node);

/* The same of a row of a table, at `offset` of the body (len 0: nowhere). */
int mf_decode__row(struct mf_view *view, const char *name, struct mf_span text);
int mf_decode__number(struct mf_view *view, const char *name, uint64_t number);

#endif
