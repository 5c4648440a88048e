/*
 * One direction of one encoding, as a stream that takes what it can of `in`,
 * gives what it can into `out`, and moves both on. Private to src/codec; the
 * libraries of encodings stand behind coder.c.
 */
#ifndef MF_CODEC_CODER_H
#define MF_CODEC_CODER_H

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <stdbool.h>
#include <stdint.h>
#include <zlib.h>
#include <zstd.h>

#include "codec/encoding.h"

struct mf_coder_io {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_len;
};

struct mf_coder {
    /* 0, MF_ECORRUPT or MF_ENOMEM; *ret_end: the stream is whole. */
    int (*step)(struct mf_coder *coder, struct mf_coder_io *io, bool *ret_end);
    void (*release)(struct mf_coder *coder);
    bool concatenates; /* what follows an end may be another whole stream */
    union {
        z_stream zlib;
        BrotliDecoderState *brotli_in;
        BrotliEncoderState *brotli_out;
        ZSTD_DCtx *zstd_in;
        ZSTD_CCtx *zstd_out;
    } state;
};

/* How a deflate stream is wrapped. */
enum mf_deflate_wrap { MF_DEFLATE_ZLIB, MF_DEFLATE_RAW };

/* True unless deflate data that begins so must be raw (RFC 1950, section 2.2;
 * servers also send deflate without this wrapper). */
bool mf_coder_has_zlib_header(const uint8_t *data, size_t len);

/* Make a coder; after 0 its release() is due. `wrap` matters to deflate only.
 * MF_EUNSUPPORTED (identity), MF_ENOMEM. */
int mf_coder_open_decoder(enum mf_encoding encoding, enum mf_deflate_wrap wrap,
                          struct mf_coder *coder);
int mf_coder_open_encoder(enum mf_encoding encoding, struct mf_coder *coder);

#endif
