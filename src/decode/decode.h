/*
 * mf_decode: makes a view of a body, of whatever kind.
 *
 * Bytes in, nodes out; does no I/O. Nothing here is trusted: every length is
 * checked, depth and nodes are bounded, what was compressed is decompressed
 * within bounds. What is wrong with the bytes becomes a fault in the view,
 * beside what could be read.
 *
 * Thread:  any; the types may be used from several threads at once.
 */
#ifndef MF_DECODE_DECODE_H
#define MF_DECODE_DECODE_H

#include "decode/body.h"
#include "decode/view.h"

struct mf_types; /* decode/types.h */

struct mf_decode_opts {
    const struct mf_types *types; /* of protobuf; NULL: none are known */
    size_t inflated_max;          /* bytes, of all that is decompressed */
};

/* What a body is. *ret_kind is told by its declared type where that says
 * something, else by its looks; text is told from bytes by its first KiB. */
enum mf_body_kind mf_body_kind(const struct mf_body *body);
const char *mf_body_kind_name(enum mf_body_kind kind); /* "grpc-web" */

/* Whether it is text in UTF-16, by its byte order mark or its content type: its
 * bytes look like anything but text. */
bool mf_body_is_utf16(const struct mf_body *body);

/* The media type that its first bytes tell ("image/png"); "": they do not. */
const char *mf_body_sniff(struct mf_span data);

/*
 * Tell `view` all of a body. Kinds that are text to be read as it is (JSON,
 * HTML, plain text and others) have no nodes.
 *
 *  MF_EFULL   the view met its bounds
 *  MF_ENOMEM, or what the view's sink gave
 */
int mf_decode(const struct mf_body *body, const struct mf_decode_opts *opts,
              struct mf_view *view);

/*
 * Tell `view` of the fields of a message that have something inside: cookies
 * as a table, JSON web tokens, the user of basic authentication. Errors as
 * above.
 */
int mf_decode_headers(const struct mf_body_http *http,
                      enum mf_header_place place, struct mf_view *view);

/* One decoder; all have this shape, errors as above. */
struct mf_decoding {
    const struct mf_body *body;
    const struct mf_decode_opts *opts;
    struct mf_view *view;
    size_t inflated_left; /* of opts->inflated_max */
    unsigned depth;       /* of bodies in bodies; at most 8 */
};
typedef int mf_decoder(struct mf_decoding *decoding);

/* Decode a body inside another one (a part, a frame, an event): its kind is
 * told anew. `inner` is borrowed. */
int mf_decode_inner(struct mf_decoding *decoding, const struct mf_body *inner);

#endif
