#include "codec/encoding.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"

enum {
    STACK_MAX = 4,
    ROOM_MIN_LEN = 4096,
    /* Answers are encoded while others wait: what is quick. */
    GZIP_LEVEL = 1,
    BROTLI_QUALITY = 1,
    ZSTD_LEVEL = 1,
    ZSTD_WINDOW_MAX_LOG = 23, /* 8 MiB; RFC 9659, section 3 */
    WINDOW_GZIP = 15 + 16,    /* zlib's way to ask for the gzip wrapper */
    WINDOW_ZLIB = 15,
    WINDOW_RAW = -15,
};

/*
 * One direction of one encoding, as a stream that takes what it can of `in`,
 * gives what it can into `out`, and moves both on.
 */
struct span_io {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_len;
};

struct stream {
    int (*step)(struct stream *stream, struct span_io *io, bool *ret_end);
    void (*release)(struct stream *stream);
    bool concatenates; /* what follows an end may be another whole stream */
    union {
        z_stream zlib;
        BrotliDecoderState *brotli_in;
        BrotliEncoderState *brotli_out;
        ZSTD_DCtx *zstd_in;
        ZSTD_CCtx *zstd_out;
    } state;
};

/* zlib counts in uInt: hand it a piece and see how far it came. */
static int zlib_step(struct stream *stream, struct span_io *io, bool *ret_end,
                     int (*run)(z_stream *zlib, int flush))
{
    z_stream *zlib = &stream->state.zlib;
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

static int inflate_step(struct stream *stream, struct span_io *io,
                        bool *ret_end)
{
    int rc = zlib_step(stream, io, ret_end, inflate_some);
    if (!rc && *ret_end)
        inflateReset(&stream->state.zlib);
    return rc;
}

static void inflate_release(struct stream *stream)
{
    inflateEnd(&stream->state.zlib);
}

static int inflate_open(struct stream *stream, int window_bits)
{
    *stream = (struct stream){.step = inflate_step,
                              .release = inflate_release,
                              .concatenates = window_bits == WINDOW_GZIP};
    return inflateInit2(&stream->state.zlib, window_bits) == Z_OK ? 0
                                                                  : MF_ENOMEM;
}

static int brotli_in_step(struct stream *stream, struct span_io *io,
                          bool *ret_end)
{
    BrotliDecoderState *brotli = stream->state.brotli_in;
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

static void brotli_in_release(struct stream *stream)
{
    BrotliDecoderDestroyInstance(stream->state.brotli_in);
}

static int brotli_in_open(struct stream *stream)
{
    *stream =
        (struct stream){.step = brotli_in_step, .release = brotli_in_release};
    stream->state.brotli_in = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    return stream->state.brotli_in ? 0 : MF_ENOMEM;
}

static int zstd_in_step(struct stream *stream, struct span_io *io,
                        bool *ret_end)
{
    ZSTD_inBuffer in = {.src = io->in, .size = io->in_len};
    ZSTD_outBuffer out = {.dst = io->out, .size = io->out_len};
    size_t rc = ZSTD_decompressStream(stream->state.zstd_in, &out, &in);
    io->in += in.pos;
    io->in_len -= in.pos;
    io->out += out.pos;
    io->out_len -= out.pos;
    *ret_end = rc == 0;
    return ZSTD_isError(rc) ? MF_ECORRUPT : 0;
}

static void zstd_in_release(struct stream *stream)
{
    ZSTD_freeDCtx(stream->state.zstd_in);
}

static int zstd_in_open(struct stream *stream)
{
    *stream = (struct stream){
        .step = zstd_in_step, .release = zstd_in_release, .concatenates = true};
    stream->state.zstd_in = ZSTD_createDCtx();
    if (!stream->state.zstd_in)
        return MF_ENOMEM;
    ZSTD_DCtx_setParameter(stream->state.zstd_in, ZSTD_d_windowLogMax,
                           ZSTD_WINDOW_MAX_LOG);
    return 0;
}

static int deflate_step(struct stream *stream, struct span_io *io,
                        bool *ret_end)
{
    return zlib_step(stream, io, ret_end, deflate);
}

static void deflate_release(struct stream *stream)
{
    deflateEnd(&stream->state.zlib);
}

static int deflate_open(struct stream *stream, int window_bits)
{
    enum { MEMORY_LEVEL = 8 };
    *stream = (struct stream){.step = deflate_step, .release = deflate_release};
    return deflateInit2(&stream->state.zlib, GZIP_LEVEL, Z_DEFLATED,
                        window_bits, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK
               ? 0
               : MF_ENOMEM;
}

static int brotli_out_step(struct stream *stream, struct span_io *io,
                           bool *ret_end)
{
    BrotliEncoderState *brotli = stream->state.brotli_out;
    bool ok = BrotliEncoderCompressStream(brotli, BROTLI_OPERATION_FINISH,
                                          &io->in_len, &io->in, &io->out_len,
                                          &io->out, NULL);
    *ret_end = ok && BrotliEncoderIsFinished(brotli);
    return ok ? 0 : MF_ENOMEM;
}

static void brotli_out_release(struct stream *stream)
{
    BrotliEncoderDestroyInstance(stream->state.brotli_out);
}

static int brotli_out_open(struct stream *stream)
{
    *stream =
        (struct stream){.step = brotli_out_step, .release = brotli_out_release};
    BrotliEncoderState *brotli = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    stream->state.brotli_out = brotli;
    if (!brotli)
        return MF_ENOMEM;
    BrotliEncoderSetParameter(brotli, BROTLI_PARAM_QUALITY, BROTLI_QUALITY);
    return 0;
}

static int zstd_out_step(struct stream *stream, struct span_io *io,
                         bool *ret_end)
{
    ZSTD_inBuffer in = {.src = io->in, .size = io->in_len};
    ZSTD_outBuffer out = {.dst = io->out, .size = io->out_len};
    size_t rc =
        ZSTD_compressStream2(stream->state.zstd_out, &out, &in, ZSTD_e_end);
    io->in += in.pos;
    io->in_len -= in.pos;
    io->out += out.pos;
    io->out_len -= out.pos;
    *ret_end = rc == 0;
    return ZSTD_isError(rc) ? MF_ENOMEM : 0;
}

static void zstd_out_release(struct stream *stream)
{
    ZSTD_freeCCtx(stream->state.zstd_out);
}

static int zstd_out_open(struct stream *stream)
{
    *stream =
        (struct stream){.step = zstd_out_step, .release = zstd_out_release};
    stream->state.zstd_out = ZSTD_createCCtx();
    if (!stream->state.zstd_out)
        return MF_ENOMEM;
    ZSTD_CCtx_setParameter(stream->state.zstd_out, ZSTD_c_compressionLevel,
                           ZSTD_LEVEL);
    return 0;
}

/* Free room at the end of `out`; 0 bytes when its maximum is reached. */
static int make_room(struct mf_buf *out, size_t hint)
{
    if (out->len < out->cap)
        return 0;
    size_t left = out->max - out->len;
    size_t want = hint > ROOM_MIN_LEN ? hint : ROOM_MIN_LEN;
    return mf_buf_reserve(out, want < left ? want : left);
}

/*
 * Run `stream` over all of `data`. A full `out` is told apart from one that
 * is filled to its last byte by offering one byte more that must stay unused.
 */
static int run_stream(struct stream *stream, const void *data, size_t len,
                      struct mf_buf *out)
{
    static const uint8_t nothing;
    struct span_io io = {.in = len ? data : &nothing, .in_len = len};
    for (;;) {
        uint8_t spare;
        int rc = make_room(out, len);
        if (rc)
            return rc;
        size_t room = out->cap - out->len;
        io.out = room ? out->data + out->len : &spare;
        io.out_len = room ? room : 1;
        size_t in_before = io.in_len, out_before = io.out_len;
        bool end = false;
        rc = stream->step(stream, &io, &end);
        size_t made = out_before - io.out_len;
        if (room == 0 && made > 0)
            return MF_EFULL;
        out->len += made;
        if (rc)
            return rc;
        if (end && io.in_len == 0)
            return 0;
        if (end && !stream->concatenates)
            return MF_ECORRUPT;
        if (!end && made == 0 && io.in_len == in_before)
            return io.in_len == 0 ? MF_ETRUNC : MF_ECORRUPT;
    }
}

static int open_decoder(enum mf_encoding encoding, int window_bits,
                        struct stream *stream)
{
    switch (encoding) {
    case MF_ENCODING_GZIP:
    case MF_ENCODING_DEFLATE:
        return inflate_open(stream, window_bits);
    case MF_ENCODING_BROTLI:
        return brotli_in_open(stream);
    case MF_ENCODING_ZSTD:
        return zstd_in_open(stream);
    default:
        return MF_EUNSUPPORTED;
    }
}

static int open_encoder(enum mf_encoding encoding, struct stream *stream)
{
    switch (encoding) {
    case MF_ENCODING_GZIP:
        return deflate_open(stream, WINDOW_GZIP);
    case MF_ENCODING_DEFLATE:
        return deflate_open(stream, WINDOW_ZLIB);
    case MF_ENCODING_BROTLI:
        return brotli_out_open(stream);
    case MF_ENCODING_ZSTD:
        return zstd_out_open(stream);
    default:
        return MF_EUNSUPPORTED;
    }
}

static int decode_with(enum mf_encoding encoding, int window_bits,
                       const void *data, size_t len, struct mf_buf *out)
{
    struct stream stream;
    int rc = open_decoder(encoding, window_bits, &stream);
    if (rc)
        return rc;
    rc = run_stream(&stream, data, len, out);
    stream.release(&stream);
    return rc;
}

/* RFC 1950, section 2.2; servers also send deflate without this wrapper. */
static bool has_zlib_header(const uint8_t *data, size_t len)
{
    return len < 2 || ((data[0] & 0x0f) == Z_DEFLATED && data[0] >> 4 <= 7 &&
                       (data[0] << 8 | data[1]) % 31 == 0);
}

int mf_encoding_decode(enum mf_encoding encoding, const void *data, size_t len,
                       struct mf_buf *out)
{
    if (encoding == MF_ENCODING_IDENTITY) {
        size_t left = out->max - out->len, fits = len < left ? len : left;
        int rc = mf_buf_append(out, data, fits);
        return rc ? rc : fits < len ? MF_EFULL : 0;
    }
    if (encoding != MF_ENCODING_DEFLATE)
        return decode_with(encoding, WINDOW_GZIP, data, len, out);
    size_t before = out->len;
    int rc = MF_ECORRUPT;
    if (has_zlib_header(data, len))
        rc = decode_with(encoding, WINDOW_ZLIB, data, len, out);
    if (rc == MF_ECORRUPT && out->len == before)
        rc = decode_with(encoding, WINDOW_RAW, data, len, out);
    return rc;
}

int mf_encoding_encode(enum mf_encoding encoding, const void *data, size_t len,
                       struct mf_buf *out)
{
    if (encoding == MF_ENCODING_IDENTITY)
        return mf_buf_append(out, data, len);
    struct stream stream;
    int rc = open_encoder(encoding, &stream);
    if (rc)
        return rc;
    size_t before = out->len;
    rc = run_stream(&stream, data, len, out);
    stream.release(&stream);
    if (rc)
        out->len = before;
    return rc;
}

const char *mf_encoding_name(enum mf_encoding encoding)
{
    static const char *const names[] = {
        [MF_ENCODING_IDENTITY] = "identity", [MF_ENCODING_GZIP] = "gzip",
        [MF_ENCODING_DEFLATE] = "deflate",   [MF_ENCODING_BROTLI] = "br",
        [MF_ENCODING_ZSTD] = "zstd",
    };
    return names[encoding];
}

int mf_encoding_parse(const char *name, size_t len,
                      enum mf_encoding *ret_encoding)
{
    static const struct {
        const char *name;
        enum mf_encoding encoding;
    } names[] = {
        {"", MF_ENCODING_IDENTITY},       {"identity", MF_ENCODING_IDENTITY},
        {"gzip", MF_ENCODING_GZIP},       {"x-gzip", MF_ENCODING_GZIP},
        {"deflate", MF_ENCODING_DEFLATE}, {"br", MF_ENCODING_BROTLI},
        {"zstd", MF_ENCODING_ZSTD},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strlen(names[i].name) == len &&
            strncasecmp(names[i].name, name, len) == 0) {
            *ret_encoding = names[i].encoding;
            return 0;
        }
    }
    return MF_EUNSUPPORTED;
}

/* The encodings that a header names, but identity, in order. */
static int parse_stack(const char *header, size_t len,
                       enum mf_encoding stack[STACK_MAX], size_t *ret_count)
{
    size_t count = 0;
    for (size_t at = 0; at <= len;) {
        size_t end = at;
        while (end < len && header[end] != ',')
            end++;
        size_t from = at, to = end;
        while (from < to && (header[from] == ' ' || header[from] == '\t'))
            from++;
        while (to > from && (header[to - 1] == ' ' || header[to - 1] == '\t'))
            to--;
        enum mf_encoding encoding;
        int rc = mf_encoding_parse(header + from, to - from, &encoding);
        if (rc)
            return rc;
        if (encoding != MF_ENCODING_IDENTITY) {
            if (count == STACK_MAX)
                return MF_EUNSUPPORTED;
            stack[count++] = encoding;
        }
        at = end + 1;
    }
    *ret_count = count;
    return 0;
}

int mf_encoding_decode_all(const char *header, size_t header_len,
                           const void *data, size_t len, struct mf_buf *out)
{
    enum mf_encoding stack[STACK_MAX];
    size_t count;
    int rc = parse_stack(header, header_len, stack, &count);
    if (rc)
        return rc;
    if (count <= 1)
        return mf_encoding_decode(count ? stack[0] : MF_ENCODING_IDENTITY, data,
                                  len, out);
    struct mf_buf layer, inner;
    int first_rc = 0;
    mf_buf_init(&layer, out->max);
    mf_buf_init(&inner, out->max);
    /* A layer that breaks off still hands on what it gave. */
    while (count > 1 && rc != MF_ENOMEM) {
        rc = mf_encoding_decode(stack[--count], data, len, &inner);
        first_rc = first_rc ? first_rc : rc;
        mf_buf_release(&layer);
        layer = inner;
        mf_buf_init(&inner, out->max);
        data = layer.data;
        len = layer.len;
    }
    if (rc != MF_ENOMEM)
        rc = mf_encoding_decode(stack[0], data, len, out);
    mf_buf_release(&layer);
    if (rc == MF_ENOMEM)
        return rc;
    return first_rc ? first_rc : rc;
}
