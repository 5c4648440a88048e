#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "codec/decoder.h"
#include "codec/encoding.h"

enum { TEXT_LEN = 200000 };

static char text[TEXT_LEN];

static int make_text(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (size_t i = 0; i < TEXT_LEN; i++) {
        seed = seed * 1664525 + 1013904223;
        text[i] = (char)('a' + (seed >> 28));
    }
    return 0;
}

/* `len` bytes of the text with every encoding of `header`, in order. */
static struct mf_buf encode(const char *header, size_t len)
{
    enum mf_encoding stack[MF_ENCODING_STACK_MAX];
    size_t count;
    struct mf_buf data, next;
    assert_int_equal(
        mf_encoding_parse_stack(header, strlen(header), stack, &count), 0);
    mf_buf_init(&data, SIZE_MAX);
    assert_int_equal(mf_buf_append(&data, text, len), 0);
    for (size_t i = 0; i < count; i++) {
        mf_buf_init(&next, SIZE_MAX);
        assert_int_equal(
            mf_encoding_encode(stack[i], data.data, data.len, &next), 0);
        mf_buf_release(&data);
        data = next;
    }
    return data;
}

struct result {
    int rc;
    bool is_whole;
    struct mf_buf out;
};

/* Decode it, `in` bytes at a time, into `room` bytes at a time. */
static struct result decode(const char *header, const uint8_t *data, size_t len,
                            size_t in, size_t room)
{
    struct mf_decoder *decoder;
    struct result result = {0};
    mf_buf_init(&result.out, SIZE_MAX);
    assert_int_equal(mf_decoder_new(header, strlen(header), &decoder), 0);
    while (len && result.rc >= 0) {
        size_t piece = len < in ? len : in, left = piece;
        const uint8_t *at = data;
        do {
            size_t before = result.out.len;
            result.rc = mf_decoder_run(decoder, &at, &left, room, &result.out);
            assert_true(result.out.len - before <= room);
        } while (result.rc == 1);
        assert_true(result.rc < 0 || left == 0);
        data += piece;
        len -= piece;
    }
    result.is_whole = mf_decoder_is_whole(decoder);
    mf_decoder_free(decoder);
    return result;
}

static const char *const headers[] = {
    "gzip", "deflate", "br", "zstd", "gzip, br", "zstd, deflate, gzip, br", "",
};

static void what_was_encoded_comes_out_however_it_comes_in(void **state)
{
    (void)state;
    static const size_t ways[][3] = {
        {TEXT_LEN, TEXT_LEN, TEXT_LEN},
        {TEXT_LEN, 4096, 4096},
        {5000, 1, 4096},
        {5000, TEXT_LEN, 1},
        {5000, 1, 1},
        {TEXT_LEN, 7, 100000},
    };
    for (size_t h = 0; h < sizeof headers / sizeof *headers; h++) {
        for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
            struct mf_buf data = encode(headers[h], ways[w][0]);
            struct result got =
                decode(headers[h], data.data, data.len, ways[w][1], ways[w][2]);
            assert_int_equal(got.rc, 0);
            assert_true(got.is_whole);
            assert_int_equal(got.out.len, ways[w][0]);
            assert_memory_equal(got.out.data, text, got.out.len);
            mf_buf_release(&got.out);
            mf_buf_release(&data);
        }
    }
}

static void what_breaks_off_gives_what_came(void **state)
{
    (void)state;
    for (size_t h = 0; headers[h][0]; h++) {
        struct mf_buf data = encode(headers[h], TEXT_LEN);
        struct result got =
            decode(headers[h], data.data, data.len / 2, 1000, 5000);
        assert_int_equal(got.rc, 0);
        assert_false(got.is_whole);
        assert_true(got.out.len < TEXT_LEN);
        if (got.out.len)
            assert_memory_equal(got.out.data, text, got.out.len);
        mf_buf_release(&got.out);
        mf_buf_release(&data);
    }
}

static void what_follows_the_end_is_malformed(void **state)
{
    (void)state;
    for (size_t h = 0; headers[h][0]; h++) {
        struct mf_buf data = encode(headers[h], 5000);
        assert_int_equal(mf_buf_append(&data, "!!!!", 4), 0);
        struct result got = decode(headers[h], data.data, data.len, 100, 1000);
        assert_int_equal(got.rc, MF_ECORRUPT);
        assert_int_equal(got.out.len, 5000);
        mf_buf_release(&got.out);
        mf_buf_release(&data);
    }
}

static void gzip_members_follow_each_other(void **state)
{
    (void)state;
    struct mf_buf data = encode("gzip", 100), more = encode("gzip", 50);
    assert_int_equal(mf_buf_append(&data, more.data, more.len), 0);
    struct result got = decode("gzip", data.data, data.len, 3, 10);
    assert_int_equal(got.rc, 0);
    assert_true(got.is_whole);
    assert_int_equal(got.out.len, 150);
    mf_buf_release(&got.out);
    mf_buf_release(&data);
    mf_buf_release(&more);
}

static void deflate_without_its_wrapper_is_known(void **state)
{
    (void)state;
    static const uint8_t raw[] = {0x4b, 0x4c, 0x4a, 0x06, 0x00}; /* "abc" */
    struct result got = decode("deflate", raw, sizeof raw, 1, 2);
    assert_int_equal(got.rc, 0);
    assert_true(got.is_whole);
    assert_int_equal(got.out.len, 3);
    assert_memory_equal(got.out.data, "abc", 3);
    mf_buf_release(&got.out);
}

static void an_encoding_that_is_not_known_is_refused(void **state)
{
    (void)state;
    struct mf_decoder *decoder;
    assert_int_equal(mf_decoder_new("gzip, aes128gcm", 15, &decoder),
                     MF_EUNSUPPORTED);
    assert_int_equal(mf_decoder_new("br,br,br,br,br", 14, &decoder),
                     MF_EUNSUPPORTED);
}

/* `data` by gzip, in its place. */
static void wrap(struct mf_buf *data)
{
    struct mf_buf next;
    mf_buf_init(&next, SIZE_MAX);
    assert_int_equal(
        mf_encoding_encode(MF_ENCODING_GZIP, data->data, data->len, &next), 0);
    mf_buf_release(data);
    *data = next;
}

static void append_times(struct mf_buf *out, const struct mf_buf *data,
                         int times)
{
    for (int i = 0; i < times; i++)
        assert_int_equal(mf_buf_append(out, data->data, data->len), 0);
}

/* Streams of nothing, which compress well: gigabytes of them would pass between
 * the encodings, and nothing come out. */
static void layers_that_give_nothing_to_each_other_are_stopped(void **state)
{
    (void)state;
    enum { MEMBERS = 400000, TIMES = 20 };
    struct mf_buf empty, inner, outer;
    mf_buf_init(&empty, SIZE_MAX);
    mf_buf_init(&outer, SIZE_MAX);
    inner = encode("gzip", 3);
    wrap(&empty);
    append_times(&inner, &empty, MEMBERS);
    wrap(&inner);
    append_times(&outer, &inner, TIMES);
    wrap(&outer);
    assert_true(outer.len < 100000);
    struct result got =
        decode("gzip, gzip, gzip", outer.data, outer.len, outer.len, 1000);
    assert_int_equal(got.rc, MF_EFULL);
    assert_true(got.out.len >= 3);
    assert_memory_equal(got.out.data, text, 3);
    mf_buf_release(&got.out);
    mf_buf_release(&empty);
    mf_buf_release(&inner);
    mf_buf_release(&outer);
}

/* ---- what is out of proportion ---- */

enum { BOMB_LEN = 300 << 20, ROOM_LEN = 64 << 10 };

static struct mf_buf encode_bytes(const char *header, const void *data,
                                  size_t len)
{
    enum mf_encoding stack[MF_ENCODING_STACK_MAX];
    size_t count;
    struct mf_buf last, next;
    assert_int_equal(
        mf_encoding_parse_stack(header, strlen(header), stack, &count), 0);
    mf_buf_init(&last, SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        mf_buf_init(&next, SIZE_MAX);
        assert_int_equal(mf_encoding_encode(stack[i], i ? last.data : data,
                                            i ? last.len : len, &next),
                         0);
        mf_buf_release(&last);
        last = next;
    }
    return last;
}

/* How much comes out, which is kept nowhere. */
static uint64_t measure(const char *header, const struct mf_buf *data,
                        int *ret_rc)
{
    struct mf_decoder *decoder;
    struct mf_buf out;
    const uint8_t *at = data->data;
    size_t left = data->len;
    uint64_t len = 0;
    mf_buf_init(&out, ROOM_LEN);
    assert_int_equal(mf_decoder_new(header, strlen(header), &decoder), 0);
    do {
        mf_buf_clear(&out);
        *ret_rc = mf_decoder_run(decoder, &at, &left, ROOM_LEN, &out);
        len += out.len;
    } while (*ret_rc == 1);
    if (*ret_rc == 0)
        assert_true(mf_decoder_is_whole(decoder));
    mf_decoder_free(decoder);
    mf_buf_release(&out);
    return len;
}

/* As small as zlib makes it; our own encoder is in a hurry. */
static struct mf_buf deflate_bytes(int window_bits, char *data, size_t len)
{
    enum { MEMORY_LEVEL = 9 };
    z_stream zlib = {.next_in = (Bytef *)data, .avail_in = (uInt)len};
    struct mf_buf out;
    mf_buf_init(&out, SIZE_MAX);
    assert_int_equal(deflateInit2(&zlib, Z_BEST_COMPRESSION, Z_DEFLATED,
                                  window_bits, MEMORY_LEVEL,
                                  Z_DEFAULT_STRATEGY),
                     Z_OK);
    assert_int_equal(mf_buf_reserve(&out, len / 500), 0);
    zlib.next_out = out.data;
    zlib.avail_out = (uInt)(len / 500);
    assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
    out.len = zlib.total_out;
    deflateEnd(&zlib);
    return out;
}

static void a_bomb_ends_where_it_is_out_of_proportion(void **state)
{
    (void)state;
    enum { WINDOW_ZLIB = 15, WINDOW_GZIP = 15 + 16 };
    static const struct {
        const char *header;
        int window_bits; /* 0: by our own encoder */
    } bombs[] = {
        {"gzip", WINDOW_GZIP}, {"deflate", WINDOW_ZLIB}, {"br", 0},
        {"zstd", 0},           {"gzip, gzip", 0},        {"zstd, br", 0}};
    char *zeros = calloc(1, BOMB_LEN);
    assert_non_null(zeros);
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        int rc;
        const char *header = bombs[i].header;
        struct mf_buf data =
            bombs[i].window_bits
                ? deflate_bytes(bombs[i].window_bits, zeros, BOMB_LEN)
                : encode_bytes(header, zeros, BOMB_LEN);
        uint64_t most = MF_DECODER_FREE_LEN + MF_DECODER_RATIO_MAX * data.len;
        assert_true(most < BOMB_LEN);
        uint64_t len = measure(header, &data, &rc);
        assert_int_equal(rc, MF_EFULL);
        assert_true(len >= MF_DECODER_FREE_LEN);
        assert_true(len <= most + ROOM_LEN);
        mf_buf_release(&data);
    }
    free(zeros);
}

static void what_compresses_well_is_whole(void **state)
{
    (void)state;
    enum { ZEROS_LEN = 10 << 20, ROWS_LEN = 100 << 20 };
    static const char row[] =
        "{\"id\": 1, \"name\": \"the same as before\", \"tags\": []},\n";
    char *zeros = calloc(1, ZEROS_LEN), *rows = malloc(ROWS_LEN);
    assert_true(zeros && rows);
    for (size_t i = 0; i < ROWS_LEN; i++)
        rows[i] = row[i % (sizeof row - 1)];
    for (size_t i = 0; i < 4; i++) {
        int rc;
        struct mf_buf data = encode_bytes(headers[i], zeros, ZEROS_LEN);
        assert_int_equal(measure(headers[i], &data, &rc), ZEROS_LEN);
        assert_int_equal(rc, 0);
        mf_buf_release(&data);
        data = encode_bytes(headers[i], rows, ROWS_LEN);
        assert_int_equal(measure(headers[i], &data, &rc), ROWS_LEN);
        assert_int_equal(rc, 0);
        mf_buf_release(&data);
    }
    free(zeros);
    free(rows);
}

/* In proportion, its length does not matter. */
static void what_is_long_and_in_proportion_is_whole(void **state)
{
    (void)state;
    enum { PIECE_LEN = 10 << 20, TIMES = 30 };
    char *piece = calloc(1, PIECE_LEN);
    struct mf_buf all;
    int rc;
    assert_non_null(piece);
    memcpy(piece, text, TEXT_LEN);
    struct mf_buf member = encode_bytes("gzip", piece, PIECE_LEN);
    mf_buf_init(&all, SIZE_MAX);
    append_times(&all, &member, TIMES);
    assert_int_equal(measure("gzip", &all, &rc), (uint64_t)TIMES * PIECE_LEN);
    assert_int_equal(rc, 0);
    mf_buf_release(&all);
    mf_buf_release(&member);
    free(piece);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_encoded_comes_out_however_it_comes_in),
        cmocka_unit_test(what_breaks_off_gives_what_came),
        cmocka_unit_test(what_follows_the_end_is_malformed),
        cmocka_unit_test(gzip_members_follow_each_other),
        cmocka_unit_test(deflate_without_its_wrapper_is_known),
        cmocka_unit_test(layers_that_give_nothing_to_each_other_are_stopped),
        cmocka_unit_test(an_encoding_that_is_not_known_is_refused),
        cmocka_unit_test(a_bomb_ends_where_it_is_out_of_proportion),
        cmocka_unit_test(what_compresses_well_is_whole),
        cmocka_unit_test(what_is_long_and_in_proportion_is_whole),
    };
    return cmocka_run_group_tests(tests, make_text, NULL);
}
