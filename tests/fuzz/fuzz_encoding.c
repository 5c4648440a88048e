#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "codec/decoder.h"
#include "codec/encoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX_LEN = 1 << 16, ENCODINGS = MF_ENCODING_ZSTD + 1 };

static void require(int holds)
{
    if (!holds)
        abort();
}

/* Decode with a small maximum: what fits must be the start of the whole. */
static void check_bound(enum mf_encoding encoding, const uint8_t *data,
                        size_t size, const struct mf_buf *whole)
{
    struct mf_buf out;
    mf_buf_init(&out, whole->len / 2);
    int rc = mf_encoding_decode(encoding, data, size, &out);
    require(out.len <= whole->len / 2);
    require(rc != 0 || out.len == whole->len);
    if (out.len)
        require(memcmp(out.data, whole->data, out.len) == 0);
    mf_buf_release(&out);
}

static void check_round_trip(enum mf_encoding encoding, const uint8_t *data,
                             size_t size)
{
    struct mf_buf packed, plain;
    mf_buf_init(&packed, 2 * size + 1024);
    mf_buf_init(&plain, size);
    require(mf_encoding_encode(encoding, data, size, &packed) == 0);
    require(mf_encoding_decode(encoding, packed.data, packed.len, &plain) == 0);
    require(plain.len == size);
    require(size == 0 || memcmp(plain.data, data, size) == 0);
    mf_buf_release(&packed);
    mf_buf_release(&plain);
}

/* Decode in pieces of `piece_len`: what comes out must be the start of the
 * whole. */
static void check_pieces(const char *header, size_t header_len,
                         const uint8_t *data, size_t size,
                         const struct mf_buf *whole, int whole_rc,
                         size_t piece_len)
{
    enum { PIECE_ROOM = 100 };
    struct mf_decoder *decoder;
    struct mf_buf out;
    int rc = mf_decoder_new(header, header_len, &decoder);
    require((rc != 0) == (whole_rc == MF_EUNSUPPORTED));
    mf_buf_init(&out, OUT_MAX_LEN);
    while (rc >= 0 && rc != MF_EUNSUPPORTED && size && out.len < OUT_MAX_LEN) {
        const uint8_t *at = data;
        size_t left = size < piece_len ? size : piece_len, piece = left;
        size_t room = OUT_MAX_LEN - out.len;
        rc = mf_decoder_run(decoder, &at, &left,
                            room < PIECE_ROOM ? room : PIECE_ROOM, &out);
        data += piece - left;
        size -= piece - left;
    }
    size_t common = out.len < whole->len ? out.len : whole->len;
    if (common)
        require(memcmp(out.data, whole->data, common) == 0);
    if (!whole_rc && rc == 0 && size == 0)
        require(out.len == whole->len || whole->len == OUT_MAX_LEN);
    mf_buf_release(&out);
    if (whole_rc != MF_EUNSUPPORTED)
        mf_decoder_free(decoder);
}

/* The first byte names the encoding; from 16 up it is the length of a
 * Content-Encoding header that comes before the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t first = *data++;
    struct mf_buf out;
    size--;
    mf_buf_init(&out, OUT_MAX_LEN);
    if (first >= 16) {
        size_t header_len = (size_t)first - 16;
        header_len = header_len < size ? header_len : size;
        int rc =
            mf_encoding_decode_all((const char *)data, header_len,
                                   data + header_len, size - header_len, &out);
        for (size_t piece_len = 1; piece_len <= 3; piece_len += 2)
            check_pieces((const char *)data, header_len, data + header_len,
                         size - header_len, &out, rc, piece_len);
    } else {
        enum mf_encoding encoding = (enum mf_encoding)(first % ENCODINGS);
        mf_encoding_decode(encoding, data, size, &out);
        check_bound(encoding, data, size, &out);
        check_round_trip(encoding, data, size);
    }
    require(out.len <= OUT_MAX_LEN);
    mf_buf_release(&out);
    return 0;
}
