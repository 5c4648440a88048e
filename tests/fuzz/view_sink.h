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

#endif
