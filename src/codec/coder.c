#include "codec/coder.h"

#include <limits.h>

#include "base/error.h"

enum {
    /* Answers are encoded while others wait: what is quick. */
    GZIP_LEVEL = 1,
    BROTLI_QUALITY = 1,
    ZSTD_LEVEL = 1,
    ZSTD_WINDOW_MAX_LOG = 23, /* 8 MiB; RFC 9659, section 3 */
    WINDOW_GZIP = 15 + 16,    /* zlib's way to ask for the gzip wrapper */
    WINDOW_ZLIB = 15,
    WINDOW_RAW = -15,
};

/* zlib counts in uInt: hand it a piece and see how far it came. */
static int zlib_step(struct mf_coder *coder, struct mf_coder_io *io,
                     bool *ret_end, int (*run)(z_stream *zlib, int flush))
{
    z_stream *zlib = &coder->state.zlib;
    uInt in_len = io->in_len > UINT_MAX ? UINT_MAX : (uInt)io->in_len;
    uInt out_len = io->out_len > UINT_MAX ? UINT_MAX : (uInt)io->out_len;
    zlib->next_in = (Bytef *)(uintptr_t)io->in; /* not written to */
    zlib->avail_in = in_len;
    zlib->next_out = io->out;
    zlib->avail_out = out_len;
    int rc = run(zlib, in_len == io->in_len ? Z_FINISH : Z_NO_FLUSH);
    io->in += in_len - zlib->avail_in;
    io->in_len -= in_len - zlib->avail_in;
    io->out += out_len - zlib->avail_out;
    io->out_len -= out_len - zlib->avail_out;
    *ret_end = rc == Z_STREAM_END;
    if (rc == Z_MEM_ERROR)
        return MF_ENOMEM;
    return rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR ? 0
                                                                 : MF_ECORRUPT;
}

/* Z_FINISH would make inflate() expect room for all of the output. */
static int inflate_some(z_stream *zlib, int flush)
{
    (void)flush;
    return inflate(zlib, Z_NO_FLUSH);
}

static int inflate_step(struct mf_coder *coder, struct mf_coder_io *io,
                        bool *ret_end)
{
    int rc = zlib_step(coder, io, ret_end, inflate_some);
    if (!rc && *ret_end)
        inflateReset(&coder->state.zlib);
    return rc;
}

static void inflate_release(struct mf_coder *coder)
{
    inflateEnd(&coder->state.zlib);
}

static int inflate_open(struct mf_coder *coder, int window_bits)
{
    *coder = (struct mf_coder){.step = inflate_step,
                               .release = inflate_release,
                               .concatenates = window_bits == WINDOW_GZIP};
    return inflateInit2(&coder->state.zlib, window_bits) == Z_OK ? 0
                                                                 : MF_ENOMEM;
}

static int brotli_in_step(struct mf_coder *coder, struct mf_coder_io *io,
                          bool *ret_end)
{
    BrotliDecoderState *brotli = coder->state.brotli_in;
    BrotliDecoderResult result = BrotliDecoderDecompressStream(
        brotli, &io->in_len, &io->in, &io->out_len, &io->out, NULL);
    *ret_end = result == BROTLI_DECODER_RESULT_SUCCESS;
    if (result != BROTLI_DECODER_RESULT_ERROR)
        return 0;
    BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(brotli);
    return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
                   code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES
               ? MF_ENOMEM
               : MF_ECORRUPT;
}

static void brotli_in_release(struct mf_coder *coder)
{
    BrotliDecoderDestroyInstance(coder->state.brotli_in);
}

static int brotli_in_open(struct mf_coder *coder)
{
    *coder =
        (struct mf_coder){.step = brotli_in_step, .release = brotli_in_release};
    coder->state.brotli_in = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    return coder->state.brotli_in ? 0 : MF_ENOMEM;
}

static int zstd_in_step(struct mf_coder *coder, struct mf_coder_io *io,
                        bool *ret_end)
{
    ZSTD_inBuffer in = {.src = io->in, .size = io->in_len};
    ZSTD_outBuffer out = {.dst = io->out, .size = io->out_len};
    size_t rc = ZSTD_decompressStream(coder->state.zstd_in, &out, &in);
    io->in += in.pos;
    io->in_len -= in.pos;
    io->out += out.pos;
    io->out_len -= out.pos;
    *ret_end = rc == 0;
    return ZSTD_isError(rc) ? MF_ECORRUPT : 0;
}

static void zstd_in_release(struct mf_coder *coder)
{
    ZSTD_freeDCtx(coder->state.zstd_in);
}

static int zstd_in_open(struct mf_coder *coder)
{
    *coder = (struct mf_coder){
        .step = zstd_in_step, .release = zstd_in_release, .concatenates = true};
    coder->state.zstd_in = ZSTD_createDCtx();
    if (!coder->state.zstd_in)
        return MF_ENOMEM;
    ZSTD_DCtx_setParameter(coder->state.zstd_in, ZSTD_d_windowLogMax,
                           ZSTD_WINDOW_MAX_LOG);
    return 0;
}

static int deflate_step(struct mf_coder *coder, struct mf_coder_io *io,
                        bool *ret_end)
{
    return zlib_step(coder, io, ret_end, deflate);
}

static void deflate_release(struct mf_coder *coder)
{
    deflateEnd(&coder->state.zlib);
}

static int deflate_open(struct mf_coder *coder, int window_bits)
{
    enum { MEMORY_LEVEL = 8 };
    *coder =
        (struct mf_coder){.step = deflate_step, .release = deflate_release};
    return deflateInit2(&coder->state.zlib, GZIP_LEVEL, Z_DEFLATED, window_bits,
                        MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK
               ? 0
               : MF_ENOMEM;
}

static int brotli_out_step(struct mf_coder *coder, struct mf_coder_io *io,
                           bool *ret_end)
{
    BrotliEncoderState *brotli = coder->state.brotli_out;
    bool ok = BrotliEncoderCompressStream(brotli, BROTLI_OPERATION_FINISH,
                                          &io->in_len, &io->in, &io->out_len,
                                          &io->out, NULL);
    *ret_end = ok && BrotliEncoderIsFinished(brotli);
    return ok ? 0 : MF_ENOMEM;
}

static void brotli_out_release(struct mf_coder *coder)
{
    BrotliEncoderDestroyInstance(coder->state.brotli_out);
}

static int brotli_out_open(struct mf_coder *coder)
{
    *coder = (struct mf_coder){.step = brotli_out_step,
                               .release = brotli_out_release};
    BrotliEncoderState *brotli = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    coder->state.brotli_out = brotli;
    if (!brotli)
        return MF_ENOMEM;
    BrotliEncoderSetParameter(brotli, BROTLI_PARAM_QUALITY, BROTLI_QUALITY);
    return 0;
}

static int zstd_out_step(struct mf_coder *coder, struct mf_coder_io *io,
                         bool *ret_end)
{
    ZSTD_inBuffer in = {.src = io->in, .size = io->in_len};
    ZSTD_outBuffer out = {.dst = io->out, .size = io->out_len};
    size_t rc =
        ZSTD_compressStream2(coder->state.zstd_out, &out, &in, ZSTD_e_end);
    io->in += in.pos;
    io->in_len -= in.pos;
    io->out += out.pos;
    io->out_len -= out.pos;
    *ret_end = rc == 0;
    return ZSTD_isError(rc) ? MF_ENOMEM : 0;
}

static void zstd_out_release(struct mf_coder *coder)
{
    ZSTD_freeCCtx(coder->state.zstd_out);
}

static int zstd_out_open(struct mf_coder *coder)
{
    *coder =
        (struct mf_coder){.step = zstd_out_step, .release = zstd_out_release};
    coder->state.zstd_out = ZSTD_createCCtx();
    if (!coder->state.zstd_out)
        return MF_ENOMEM;
    ZSTD_CCtx_setParameter(coder->state.zstd_out, ZSTD_c_compressionLevel,
                           ZSTD_LEVEL);
    return 0;
}

bool mf_coder_has_zlib_header(const uint8_t *data, size_t len)
{
    return len < 2 || ((data[0] & 0x0f) == Z_DEFLATED && data[0] >> 4 <= 7 &&
                       (data[0] << 8 | data[1]) % 31 == 0);
}

int mf_coder_open_decoder(enum mf_encoding encoding, enum mf_deflate_wrap wrap,
                          struct mf_coder *coder)
{
    switch (encoding) {
    case MF_ENCODING_GZIP:
        return inflate_open(coder, WINDOW_GZIP);
    case MF_ENCODING_DEFLATE:
        return inflate_open(coder,
                            wrap == MF_DEFLATE_RAW ? WINDOW_RAW : WINDOW_ZLIB);
    case MF_ENCODING_BROTLI:
        return brotli_in_open(coder);
    case MF_ENCODING_ZSTD:
        return zstd_in_open(coder);
    default:
        return MF_EUNSUPPORTED;
    }
}

int mf_coder_open_encoder(enum mf_encoding encoding, struct mf_coder *coder)
{
    switch (encoding) {
    case MF_ENCODING_GZIP:
        return deflate_open(coder, WINDOW_GZIP);
    case MF_ENCODING_DEFLATE:
        return deflate_open(coder, WINDOW_ZLIB);
    case MF_ENCODING_BROTLI:
        return brotli_out_open(coder);
    case MF_ENCODING_ZSTD:
        return zstd_out_open(coder);
    default:
        return MF_EUNSUPPORTED;
    }
}
