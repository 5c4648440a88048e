/*
 * The pieces of a flow: every text and byte string in it that a search or a
 * body filter may look at, and what is text among them.
 */
#ifndef MF_FLOW_TEXT_H
#define MF_FLOW_TEXT_H

#include "flow/flow.h"

/* Raise it when decoders find more of what a search sees: stores then sign anew
 * what they have (store/resign.h). */
enum { MF_FLOW_TEXT_VERSION = 1 };

enum mf_piece_kind {
    MF_PIECE_LINE,    /* an address, URL, header name or value, ... */
    MF_PIECE_BODY,    /* a body or message that is text */
    MF_PIECE_BINARY,  /* a body or message that is not */
    MF_PIECE_DERIVED, /* what body filters see of DNS: made of what a LINE
                         or nobody else tells */
    MF_PIECE_DECODED, /* text that decoders find in a body, beside its bytes */
    MF_PIECE_OTHER,   /* bytes that nobody searches: a body as it was on the
                         wire beside its decoded form, a certificate */
};

struct mf_piece {
    enum mf_piece_kind kind;
    /* Decoded, in memory of its own where the body had a content encoding;
     * lives for the call. Empty for MF_PIECE_OTHER. */
    struct mf_span text;
    /* Where it comes from: the bytes of a field inside the flow's snapshot,
     * as they are there. Empty for MF_PIECE_LINE, MF_PIECE_DERIVED and
     * MF_PIECE_DECODED. */
    struct mf_span origin;
    /* Why `text` may not be what others make of `origin`; 0: it is. As
     * mf_encoding_decode_all(). */
    int error;
};

/*
 * Call `visit` with each piece that is not empty. Bodies are decoded, bounded
 * to 16 MiB each; one that breaks off counts as far as it came, one of an
 * unknown encoding as it is. Stops when `visit` returns true; returns what
 * the last call returned.
 */
bool mf_flow_each_piece(const struct mf_flow *flow,
                        bool (*visit)(void *user, const struct mf_piece *piece),
                        void *user);

/* How many bytes of the snapshot are bodies of some kind; nothing is decoded
 * to find out. */
struct mf_body_lens {
    size_t binary;  /* bodies and messages that are not text, and what is of
                       kind MF_PIECE_OTHER */
    size_t encoded; /* bodies with a content encoding, text or not */
};
void mf_flow_measure_bodies(const struct mf_flow *flow,
                            struct mf_body_lens *ret_lens);

/*
 * Whether a body or message of these bytes is text: in its first KiB there is
 * no NUL, and at most one byte in 32 is another control character. Text in
 * an encoding other than UTF-8 is text too, but UTF-16 is not.
 */
bool mf_is_text(const char *bytes, size_t len);

#endif
