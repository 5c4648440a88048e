/*
 * Content encodings: gzip, deflate (both kinds), br, zstd, and stacks of
 * them (RFC 9110, section 8.4; RFC 7932; RFC 8878).
 *
 * Bytes in, bytes out, bounded by the output buffer's maximum.
 */
#ifndef MF_CODEC_ENCODING_H
#define MF_CODEC_ENCODING_H

#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

enum mf_encoding {
    MF_ENCODING_IDENTITY,
    MF_ENCODING_GZIP,
    MF_ENCODING_DEFLATE,
    MF_ENCODING_BROTLI,
    MF_ENCODING_ZSTD,
};

/*
 * The encoding that one token names, without regard to case; empty text and
 * "identity" are identity, "x-gzip" is gzip. MF_EUNSUPPORTED for any other.
 */
int mf_encoding_parse(const char *name, size_t len,
                      enum mf_encoding *ret_encoding);

/* Its token: "gzip". */
const char *mf_encoding_name(enum mf_encoding encoding);

/*
 * Append the decoded bytes of `data` to `out`.
 *
 *  MF_EFULL     the result would pass out's maximum
 *  MF_ETRUNC    the data ends too early
 *  MF_ECORRUPT  malformed, or zstd with a window of more than 8 MiB
 *  MF_ENOMEM
 *
 * After MF_EFULL, MF_ETRUNC and MF_ECORRUPT `out` holds what could be
 * decoded up to there.
 */
int mf_encoding_decode(enum mf_encoding encoding, const void *data, size_t len,
                       struct mf_buf *out);

/* Append `data` encoded; MF_EFULL or MF_ENOMEM (then `out` is as before). */
int mf_encoding_encode(enum mf_encoding encoding, const void *data, size_t len,
                       struct mf_buf *out);

enum { MF_ENCODING_STACK_MAX = 4 };

/* The encodings that a Content-Encoding header value names, but identity, in
 * the order in which they were applied. MF_EUNSUPPORTED: one that is not
 * known, or too many. */
int mf_encoding_parse_stack(const char *header, size_t len,
                            enum mf_encoding stack[MF_ENCODING_STACK_MAX],
                            size_t *ret_count);

/*
 * The values of all Content-Encoding fields of a message as one: several
 * fields say what one with commas does (RFC 9110, section 5.3). Begins as
 * zeros. Values that are longer together than any that can be undone make one
 * that is not known.
 */
struct mf_encoding_list {
    struct mf_span first; /* borrowed, as long as it is the only one */
    char joined[128];
    size_t joined_len;
};
void mf_encoding_list_add(struct mf_encoding_list *list, struct mf_span value);

/* Lives as long as the list, and what was added. */
struct mf_span mf_encoding_list_value(const struct mf_encoding_list *list);

/*
 * Undo a whole Content-Encoding header value (a comma list, applied first
 * to last, at most four). Errors as above, and MF_EUNSUPPORTED; every
 * intermediate result is bounded by out's maximum too.
 */
int mf_encoding_decode_all(const char *header, size_t header_len,
                           const void *data, size_t len, struct mf_buf *out);

#endif
