/*
 * mf_charset: text of whatever charset to UTF-8, as the bytes come, in fixed
 * memory. Bytes that are not of the charset become U+FFFD; nothing else is
 * wrong with text.
 *
 * Charsets are those of the WHATWG's Encoding Standard, by their labels there,
 * and no others: what a peer may choose is only what browsers read too.
 *
 * Thread:  one at a time, each its own.
 */
#ifndef MF_CODEC_CHARSET_H
#define MF_CODEC_CHARSET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/* The charset of a label, without regard to case ("latin1" is
 * "windows-1252"), or NULL. Lives for ever. */
const char *mf_charset_name(struct mf_span label);

enum mf_charset_source {
    MF_CHARSET_ASSUMED, /* UTF-8, or windows-1252 where it cannot be that */
    MF_CHARSET_BOM,
    MF_CHARSET_HEADER,
    MF_CHARSET_MARKUP, /* HTML's meta, XML's declaration */
};

enum { MF_CHARSET_HEAD_LEN = 1024 };

/*
 * The charset of text, told by its byte order mark, its content type or its
 * markup, in this order. `head` is its beginning: MF_CHARSET_HEAD_LEN bytes
 * are enough. Never NULL, lives for ever.
 */
const char *mf_charset_find(struct mf_span content_type, struct mf_span head,
                            enum mf_charset_source *ret_source);

struct mf_charset;

/* `name` is one that mf_charset_name() gives. MF_EUNSUPPORTED (also where
 * this system's iconv lacks it), MF_ENOMEM. */
int mf_charset_new(const char *name, struct mf_charset **ret_charset);
void mf_charset_free(struct mf_charset *charset); /* NULL is allowed */

enum { MF_CHARSET_ROOM_MIN = 16 };

/*
 * Read from *data, *len, which are moved past what was read, and append their
 * text to `out`, whole characters only, at most `room` bytes (of
 * MF_CHARSET_ROOM_MIN or more). A byte order mark at the start is left out.
 *
 *  1  there may be more, once there is room again
 *  0  the input is used up; the start of a character may be held back
 *  MF_EFULL, MF_ENOMEM  of `out`
 */
int mf_charset_run(struct mf_charset *charset, const uint8_t **data,
                   size_t *len, size_t room, struct mf_buf *out);

/* The input ends: append what was held back, at most MF_CHARSET_ROOM_MIN
 * bytes. 0, MF_EFULL or MF_ENOMEM. */
int mf_charset_end(struct mf_charset *charset, struct mf_buf *out);

/* All of `data`, by what mf_charset_find() says. MF_EFULL (`out` has what fits
 * in it) or MF_ENOMEM. */
int mf_charset_read_all(struct mf_span content_type, struct mf_span data,
                        struct mf_buf *out);

#endif
