/*
 * mf_decoder: undoes a stack of content encodings as the bytes come, in fixed
 * memory.
 *
 * Unlike mf_encoding_decode_all() it takes the first two bytes of deflate data
 * at their word about the wrapper.
 */
#ifndef MF_CODEC_DECODER_H
#define MF_CODEC_DECODER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct mf_decoder;

/*
 * What may come out of it whatever went in, and how many times what went in
 * beyond that: more is no content, but made to keep a reader busy.
 */
#define MF_DECODER_FREE_LEN ((uint64_t)256 << 20)
enum { MF_DECODER_RATIO_MAX = 100 };

/* For a Content-Encoding header value. MF_EUNSUPPORTED, MF_ENOMEM. */
int mf_decoder_new(const char *header, size_t len,
                   struct mf_decoder **ret_decoder);
void mf_decoder_free(struct mf_decoder *decoder); /* NULL is allowed */

/*
 * Read from *data, *len, which are moved past what was read, and append what
 * comes of it to `out`, at most `room` bytes.
 *
 *  1            there may be more, once there is room again
 *  0            the input is used up
 *  MF_ECORRUPT  malformed from here on; what was appended is good
 *  MF_EFULL     out of proportion: as above, or an encoding inside of a stack
 *               gives far more than its input (what was appended is good); or
 *               `out` has no such room
 *  MF_ENOMEM
 *
 * After an error nothing more can be read.
 */
int mf_decoder_run(struct mf_decoder *decoder, const uint8_t **data,
                   size_t *len, size_t room, struct mf_buf *out);

/* True if the input may end here: else it breaks off. */
bool mf_decoder_is_whole(const struct mf_decoder *decoder);

#endif
