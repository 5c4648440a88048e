/* What the files that read images share. Private to src/decode. */
#ifndef MF_DECODE_IMAGE_IMPL_H
#define MF_DECODE_IMAGE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { MF_IMAGE_NOTE_CAP = 64 };

/* 0 and "": the image does not say. */
struct mf_image {
    uint32_t width, height;
    unsigned depth; /* bits of a channel, or of a pixel of palettes and BMP */
    char note[MF_IMAGE_NOTE_CAP]; /* "truecolour with alpha", "2 images" */
};

/* Each reads what there is; false: it ends or breaks before its size. */
bool mf_image__read_boxes(struct mf_span data, struct mf_image *image);
bool mf_image__read_svg(struct mf_span data, struct mf_image *image);

#endif
