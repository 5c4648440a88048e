/*
 * Bodies as they are decoded, beside what does the work alone: content
 * encodings beside their libraries, charsets beside iconv. In pieces of 64 KiB
 * both; CPU time of this thread: ratios within one run hold on another machine,
 * figures alone do not.
 *
 * usage: bench-decode-bodies [SECONDS-EACH]
 */
#include <brotli/decode.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "codec/charset.h"
#include "codec/decoder.h"
#include "codec/encoding.h"
#include "measure.h"

enum { BODY_LEN = 16 << 20, PIECE_LEN = 64 << 10 };

struct data {
    struct mf_buf bytes;
    const char *name; /* of an encoding, or a content type */
    size_t len;       /* what comes of it */
};

static double seconds_each = 1;
static uint8_t piece[PIECE_LEN];

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "bench-decode-bodies: %s\n", what);
    exit(1);
}

typedef void work(const struct data *data);

/* MB/s of what comes out. */
static double rate(work *run, const struct data *data)
{
    size_t runs = 0;
    double start = cpu_s(), now;
    do {
        run(data);
        runs++;
        now = cpu_s();
    } while (now - start < seconds_each);
    return (double)data->len * (double)runs / (now - start) / 1e6;
}

static void row(const char *name, const struct data *data, work *library,
                work *ours)
{
    double theirs[TURNS], own[TURNS], ratio[TURNS];
    for (int i = 0; i < TURNS; i++) {
        theirs[i] = rate(library, data);
        own[i] = rate(ours, data);
        ratio[i] = own[i] / theirs[i];
    }
    printf("%-28s %10zu %10.0f %10.0f %8.2f\n", name, data->bytes.len,
           median(theirs), median(own), median(ratio));
}

static size_t piece_at(const struct data *data, size_t at)
{
    size_t left = data->bytes.len - at;
    return left < PIECE_LEN ? left : PIECE_LEN;
}

/* ---- encodings ---- */

static void zlib_alone(const struct data *data)
{
    z_stream zlib = {0};
    size_t made = 0;
    bool is_gzip = strcmp(data->name, "gzip") == 0;
    inflateInit2(&zlib, is_gzip ? 15 + 16 : 15);
    for (size_t at = 0; at < data->bytes.len; at += PIECE_LEN) {
        zlib.next_in = data->bytes.data + at;
        zlib.avail_in = (uInt)piece_at(data, at);
        do {
            zlib.next_out = piece;
            zlib.avail_out = PIECE_LEN;
            inflate(&zlib, Z_NO_FLUSH);
            made += PIECE_LEN - zlib.avail_out;
        } while (zlib.avail_out == 0);
    }
    inflateEnd(&zlib);
    require(made == data->len, "zlib");
}

static void brotli_alone(const struct data *data)
{
    BrotliDecoderState *brotli = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    size_t made = 0;
    for (size_t at = 0; at < data->bytes.len; at += PIECE_LEN) {
        const uint8_t *in = data->bytes.data + at;
        size_t in_len = piece_at(data, at), room;
        do {
            uint8_t *out = piece;
            room = PIECE_LEN;
            BrotliDecoderDecompressStream(brotli, &in_len, &in, &room, &out,
                                          NULL);
            made += PIECE_LEN - room;
        } while (room == 0);
    }
    BrotliDecoderDestroyInstance(brotli);
    require(made == data->len, "brotli");
}

static void zstd_alone(const struct data *data)
{
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    size_t made = 0;
    for (size_t at = 0; at < data->bytes.len; at += PIECE_LEN) {
        ZSTD_inBuffer in = {data->bytes.data + at, piece_at(data, at), 0};
        ZSTD_outBuffer out;
        do {
            out = (ZSTD_outBuffer){piece, PIECE_LEN, 0};
            ZSTD_decompressStream(zstd, &out, &in);
            made += out.pos;
        } while (out.pos == PIECE_LEN || in.pos < in.size);
    }
    ZSTD_freeDCtx(zstd);
    require(made == data->len, "zstd");
}

static void decoder_here(const struct data *data)
{
    struct mf_decoder *decoder;
    struct mf_buf out;
    size_t made = 0;
    mf_buf_init(&out, PIECE_LEN);
    require(mf_decoder_new(data->name, strlen(data->name), &decoder) == 0,
            "no decoder");
    for (size_t at = 0; at < data->bytes.len; at += PIECE_LEN) {
        const uint8_t *in = data->bytes.data + at;
        size_t in_len = piece_at(data, at);
        int rc = 1;
        while (rc == 1) {
            rc = mf_decoder_run(decoder, &in, &in_len, PIECE_LEN, &out);
            made += out.len;
            mf_buf_clear(&out);
        }
        require(rc == 0, "it does not decode");
    }
    require(made == data->len && mf_decoder_is_whole(decoder),
            "it is not whole");
    mf_decoder_free(decoder);
    mf_buf_release(&out);
}

static void encode(const struct mf_buf *text, enum mf_encoding encoding,
                   struct data *data)
{
    mf_buf_init(&data->bytes, 2 * BODY_LEN);
    data->name = mf_encoding_name(encoding);
    data->len = text->len;
    require(mf_encoding_encode(encoding, text->data, text->len, &data->bytes) ==
                0,
            "it does not encode");
}

static void bench_encodings(const struct mf_buf *text)
{
    static const struct {
        enum mf_encoding encoding;
        work *alone;
    } rows[] = {
        {MF_ENCODING_GZIP, zlib_alone},
        {MF_ENCODING_DEFLATE, zlib_alone},
        {MF_ENCODING_BROTLI, brotli_alone},
        {MF_ENCODING_ZSTD, zstd_alone},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct data data;
        encode(text, rows[i].encoding, &data);
        row(data.name, &data, rows[i].alone, decoder_here);
        mf_buf_release(&data.bytes);
    }
}

/* ---- charsets ---- */

static void iconv_alone(const struct data *data)
{
    iconv_t converter = iconv_open("UTF-8", data->name);
    for (size_t at = 0; at < data->bytes.len; at += PIECE_LEN) {
        char *in = (char *)data->bytes.data + at;
        size_t in_len = piece_at(data, at);
        while (in_len) {
            char *out = (char *)piece;
            size_t room = PIECE_LEN;
            iconv(converter, &in, &in_len, &out, &room);
        }
    }
    iconv_close(converter);
}

static void charset_here(const struct data *data)
{
    struct mf_charset *charset;
    struct mf_buf out;
    const struct mf_span label = {data->name, strlen(data->name)};
    mf_buf_init(&out, PIECE_LEN);
    require(mf_charset_new(mf_charset_name(label), &charset) == 0, "charset");
    for (size_t at = 0; at < data->bytes.len; at += PIECE_LEN) {
        const uint8_t *in = data->bytes.data + at;
        size_t in_len = piece_at(data, at);
        while (mf_charset_run(charset, &in, &in_len, PIECE_LEN, &out) == 1)
            mf_buf_clear(&out);
        mf_buf_clear(&out);
    }
    mf_charset_free(charset);
    mf_buf_release(&out);
}

static void bench_charset(const struct mf_buf *text, const char *name)
{
    const struct data data = {.bytes = *text, .name = name, .len = text->len};
    row(name, &data, iconv_alone, charset_here);
}

/* ---- what they are made of ---- */

static uint32_t draw(void)
{
    static uint32_t seed = 1;
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

/* JSON that compresses as answers do. */
static void make_text(struct mf_buf *text)
{
    static const char *const words[] = {
        "checkout", "amount",  "order",   "customer", "delivered", "pending",
        "Berlin",   "invoice", "product", "quantity", "shipping",  "refund"};
    enum { WORDS = sizeof words / sizeof *words };
    mf_buf_init(text, BODY_LEN + 1000);
    while (text->len < BODY_LEN)
        require(mf_buf_printf(text,
                              "{\"id\":%u,\"state\":\"%s\",\"note\":\"%s %s "
                              "%s\",\"price\":%u.%02u}\n",
                              draw(), words[draw() % WORDS],
                              words[draw() % WORDS], words[draw() % WORDS],
                              words[draw() % WORDS], draw() % 1000,
                              draw() % 100) == 0,
                "out of memory");
}

int main(int argc, char **argv)
{
    struct mf_buf text;
    if (argc > 1)
        seconds_each = atof(argv[1]);
    make_text(&text);
    printf("%-28s %10s %10s %10s %8s\n", "", "bytes", "alone", "here", "ratio");
    bench_encodings(&text);
    bench_charset(&text, "utf-8");
    bench_charset(&text, "windows-1251");
    bench_charset(&text, "euc-jp");
    mf_buf_release(&text);
    return 0;
}
