/* For fuzz targets of decoders. */
#ifndef MF_TESTS_FUZZ_VIEW_SINK_H
#define MF_TESTS_FUZZ_VIEW_SINK_H

#include "decode/decode.h"

/*
 * Decode `body` by `decoder`, read every byte that is told, and abort where
 * the view is not as it must be: more nodes or deeper than allowed, not closed,
 * or an error that a decoder does not give.
 */
void fuzz_view(mf_decoder *decoder, const struct mf_body *body);

/* The same for an input whose first line is a content type and the rest a
 * response's body of it, whole and cut. */
void fuzz_typed(mf_decoder *decoder, const uint8_t *data, size_t size);

/* The same for an input whose first byte tells the place (of a request,
 * response or message) and the rest is the body. */
void fuzz_placed(mf_decoder *decoder, const uint8_t *data, size_t size);

#endif
