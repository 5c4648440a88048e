/*
 * Fills in what readers of the published schema look for: header maps and
 * decoded bodies, where a flow has header fields and raw bodies instead.
 */
#ifndef MF_FLOW_PUBLISHED_H
#define MF_FLOW_PUBLISHED_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Why a body's `content` is not the whole decoded body; 0: it is. */
struct mf_published_result {
    int request_error; /* MF_EUNSUPPORTED, MF_ECORRUPT, MF_ETRUNC, MF_EFULL */
    int response_error;
};

enum mf_published_mode {
    MF_PUBLISHED_ADD,  /* keep fields from 100 up beside what is filled in */
    MF_PUBLISHED_ONLY, /* leave them out, for a peer of the old schema */
    MF_PUBLISHED_BARE  /* as ADD, but without bodies of HTTP */
};

/*
 * Append `flow` (bytes of a mitmproxy.v1.Flow, well-formed) to `out`, with
 * `headers` and `trailers` filled from header_fields and trailer_fields
 * where the maps are empty (repeated values joined by ", ", bytes that are
 * not UTF-8 read as ISO-8859-1), and `content` decoded from raw_content by
 * the Content-Encoding, each body at most `body_max` bytes. A body that
 * breaks off gives what came and its error in *ret_result (NULL is allowed);
 * one of an unknown encoding is given as it is.
 *
 *  MF_ECORRUPT  malformed
 *  MF_EFULL     the result passes out's maximum
 *  MF_ENOMEM
 */
int mf_flow_put_published(const uint8_t *flow, size_t len,
                          enum mf_published_mode mode, size_t body_max,
                          struct mf_buf *out,
                          struct mf_published_result *ret_result);

#endif
