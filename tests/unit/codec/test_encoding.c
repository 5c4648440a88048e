#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/error.h"
#include "codec/encoding.h"

static const enum mf_encoding encodings[] = {
    MF_ENCODING_IDENTITY, MF_ENCODING_GZIP, MF_ENCODING_DEFLATE,
    MF_ENCODING_BROTLI,   MF_ENCODING_ZSTD,
};
enum { ENCODINGS = sizeof encodings / sizeof *encodings };

/* Text that compresses, but not to almost nothing. */
static char *make_text(size_t len)
{
    char *text = malloc(len ? len : 1);
    uint32_t seed = 1;
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        text[i] = (char)('a' + (seed >> 28));
    }
    return text;
}

static void what_is_encoded_decodes_to_the_same(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 4096, 300000};
    for (size_t e = 0; e < ENCODINGS; e++) {
        for (size_t l = 0; l < sizeof lens / sizeof *lens; l++) {
            char *text = make_text(lens[l]);
            struct mf_buf packed, plain;
            mf_buf_init(&packed, 1 << 20);
            mf_buf_init(&plain, 1 << 20);
            assert_int_equal(
                mf_encoding_encode(encodings[e], text, lens[l], &packed), 0);
            assert_int_equal(mf_encoding_decode(encodings[e], packed.data,
                                                packed.len, &plain),
                             0);
            assert_int_equal(plain.len, lens[l]);
            if (lens[l])
                assert_memory_equal(plain.data, text, lens[l]);
            mf_buf_release(&packed);
            mf_buf_release(&plain);
            free(text);
        }
    }
}

static void a_result_of_exactly_the_maximum_is_not_too_long(void **state)
{
    (void)state;
    enum { LEN = 10000 };
    char *text = make_text(LEN);
    for (size_t e = 0; e < ENCODINGS; e++) {
        struct mf_buf packed, plain;
        mf_buf_init(&packed, 1 << 20);
        mf_encoding_encode(encodings[e], text, LEN, &packed);
        mf_buf_init(&plain, LEN);
        assert_int_equal(
            mf_encoding_decode(encodings[e], packed.data, packed.len, &plain),
            0);
        mf_buf_release(&plain);
        mf_buf_init(&plain, LEN - 1);
        assert_int_equal(
            mf_encoding_decode(encodings[e], packed.data, packed.len, &plain),
            MF_EFULL);
        assert_int_equal(plain.len, LEN - 1);
        assert_memory_equal(plain.data, text, LEN - 1);
        mf_buf_release(&plain);
        mf_buf_release(&packed);
    }
    free(text);
}

static void an_encoder_that_runs_out_of_room_leaves_the_buffer(void **state)
{
    (void)state;
    char *text = make_text(100000);
    for (size_t e = 0; e < ENCODINGS; e++) {
        struct mf_buf packed;
        mf_buf_init(&packed, 1000);
        mf_buf_append(&packed, "before", 6);
        assert_int_equal(
            mf_encoding_encode(encodings[e], text, 100000, &packed), MF_EFULL);
        assert_int_equal(packed.len, 6);
        assert_memory_equal(packed.data, "before", 6);
        mf_buf_release(&packed);
    }
    free(text);
}

static void every_cut_gives_what_came_and_says_so(void **state)
{
    (void)state;
    enum { LEN = 2000 };
    char *text = make_text(LEN);
    for (size_t e = 1; e < ENCODINGS; e++) {
        struct mf_buf packed;
        mf_buf_init(&packed, 1 << 20);
        mf_encoding_encode(encodings[e], text, LEN, &packed);
        for (size_t len = 0; len < packed.len; len++) {
            struct mf_buf plain;
            mf_buf_init(&plain, 1 << 20);
            /* Bytes of their own, so that a read past them is seen. */
            uint8_t *cut = malloc(len ? len : 1);
            memcpy(cut, packed.data, len);
            assert_int_equal(mf_encoding_decode(encodings[e], cut, len, &plain),
                             MF_ETRUNC);
            assert_true(plain.len <= LEN);
            if (plain.len)
                assert_memory_equal(plain.data, text, plain.len);
            free(cut);
            mf_buf_release(&plain);
        }
        mf_buf_release(&packed);
    }
    free(text);
}

static void garbage_is_malformed(void **state)
{
    (void)state;
    static const uint8_t garbage[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    for (size_t e = 1; e < ENCODINGS; e++) {
        struct mf_buf plain;
        mf_buf_init(&plain, 1000);
        assert_int_equal(
            mf_encoding_decode(encodings[e], garbage, sizeof garbage, &plain),
            MF_ECORRUPT);
        mf_buf_release(&plain);
    }
}

static void
bytes_after_the_end_are_malformed_and_what_came_is_kept(void **state)
{
    (void)state;
    for (size_t e = 1; e < ENCODINGS; e++) {
        struct mf_buf packed, plain;
        mf_buf_init(&packed, 1000);
        mf_buf_init(&plain, 1000);
        mf_encoding_encode(encodings[e], "hello", 5, &packed);
        mf_buf_append(&packed, "\xee\xee\xee\xee\xee", 5);
        assert_int_equal(
            mf_encoding_decode(encodings[e], packed.data, packed.len, &plain),
            MF_ECORRUPT);
        assert_int_equal(plain.len, 5);
        mf_buf_release(&packed);
        mf_buf_release(&plain);
    }
}

static void gzip_members_and_zstd_frames_follow_one_another(void **state)
{
    (void)state;
    static const enum mf_encoding both[] = {MF_ENCODING_GZIP, MF_ENCODING_ZSTD};
    for (size_t e = 0; e < 2; e++) {
        struct mf_buf packed, plain;
        mf_buf_init(&packed, 1000);
        mf_buf_init(&plain, 1000);
        mf_encoding_encode(both[e], "one ", 4, &packed);
        mf_encoding_encode(both[e], "two", 3, &packed);
        assert_int_equal(
            mf_encoding_decode(both[e], packed.data, packed.len, &plain), 0);
        assert_int_equal(plain.len, 7);
        assert_memory_equal(plain.data, "one two", 7);
        mf_buf_release(&packed);
        mf_buf_release(&plain);
    }
}

static void deflate_without_its_wrapper_decodes_too(void **state)
{
    (void)state;
    /* "hello" by raw deflate (RFC 1951), fixed codes. */
    static const uint8_t raw[] = {0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00};
    struct mf_buf plain;
    mf_buf_init(&plain, 100);
    assert_int_equal(
        mf_encoding_decode(MF_ENCODING_DEFLATE, raw, sizeof raw, &plain), 0);
    assert_int_equal(plain.len, 5);
    assert_memory_equal(plain.data, "hello", 5);
    mf_buf_release(&plain);
}

static void a_window_of_zstd_is_bounded(void **state)
{
    (void)state;
    for (int log = 23; log <= 24; log++) {
        struct mf_buf packed, plain;
        mf_buf_init(&packed, 1000);
        mf_buf_init(&plain, 1000);
        mf_buf_reserve(&packed, 1000);
        ZSTD_CCtx *zstd = ZSTD_createCCtx();
        ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, log);
        ZSTD_inBuffer in = {.src = "hello", .size = 5};
        ZSTD_outBuffer out = {.dst = packed.data, .size = 1000};
        /* Its length unknown, the window is what was asked for. */
        ZSTD_compressStream2(zstd, &out, &in, ZSTD_e_flush);
        assert_int_equal(ZSTD_compressStream2(zstd, &out, &in, ZSTD_e_end), 0);
        ZSTD_freeCCtx(zstd);
        assert_int_equal(
            mf_encoding_decode(MF_ENCODING_ZSTD, packed.data, out.pos, &plain),
            log > 23 ? MF_ECORRUPT : 0);
        mf_buf_release(&packed);
        mf_buf_release(&plain);
    }
}

static void names_are_read_without_regard_to_case(void **state)
{
    (void)state;
    enum mf_encoding encoding;
    assert_int_equal(mf_encoding_parse("X-GZip", 6, &encoding), 0);
    assert_int_equal(encoding, MF_ENCODING_GZIP);
    assert_int_equal(mf_encoding_parse("", 0, &encoding), 0);
    assert_int_equal(encoding, MF_ENCODING_IDENTITY);
    assert_int_equal(mf_encoding_parse("compress", 8, &encoding),
                     MF_EUNSUPPORTED);
    assert_int_equal(mf_encoding_parse("gzip2", 5, &encoding), MF_EUNSUPPORTED);
    for (size_t e = 0; e < ENCODINGS; e++) {
        const char *name = mf_encoding_name(encodings[e]);
        assert_int_equal(mf_encoding_parse(name, strlen(name), &encoding), 0);
        assert_int_equal(encoding, encodings[e]);
    }
}

static int decode_all(const char *header, const struct mf_buf *packed,
                      struct mf_buf *plain)
{
    mf_buf_init(plain, 1000);
    return mf_encoding_decode_all(header, strlen(header), packed->data,
                                  packed->len, plain);
}

static void a_stack_is_undone_from_its_end(void **state)
{
    (void)state;
    struct mf_buf first, second, plain;
    mf_buf_init(&first, 1000);
    mf_buf_init(&second, 1000);
    mf_encoding_encode(MF_ENCODING_BROTLI, "hello", 5, &first);
    mf_encoding_encode(MF_ENCODING_GZIP, first.data, first.len, &second);
    assert_int_equal(decode_all(" BR ,identity,\tgzip", &second, &plain), 0);
    assert_memory_equal(plain.data, "hello", 5);
    mf_buf_release(&plain);
    assert_int_equal(decode_all("gzip, br", &second, &plain), MF_ECORRUPT);
    mf_buf_release(&plain);
    assert_int_equal(decode_all("br, gzip, rot13", &second, &plain),
                     MF_EUNSUPPORTED);
    assert_int_equal(decode_all("gzip,gzip,gzip,gzip,gzip", &second, &plain),
                     MF_EUNSUPPORTED);
    second.len -= 9; /* the end of the gzip trailer, and a little more */
    assert_int_equal(decode_all("br, gzip", &second, &plain), MF_ETRUNC);
    mf_buf_release(&plain);
    mf_buf_release(&first);
    mf_buf_release(&second);
}

static void a_bomb_in_an_inner_layer_is_bounded(void **state)
{
    (void)state;
    enum { LEN = 1 << 20 };
    char *zeros = calloc(1, LEN);
    struct mf_buf inner, outer, plain;
    mf_buf_init(&inner, 2 * LEN);
    mf_buf_init(&outer, 2 * LEN);
    mf_encoding_encode(MF_ENCODING_GZIP, zeros, LEN, &inner);
    mf_encoding_encode(MF_ENCODING_ZSTD, inner.data, inner.len, &outer);
    assert_int_equal(decode_all("gzip, zstd", &outer, &plain), MF_EFULL);
    assert_true(plain.cap <= 1000);
    mf_buf_release(&plain);
    mf_buf_release(&inner);
    mf_buf_release(&outer);
    free(zeros);
}

static void fields_of_one_name_are_one_list(void **state)
{
    (void)state;
    struct mf_encoding_list list = {.joined_len = 0};
    assert_int_equal(mf_encoding_list_value(&list).len, 0);
    mf_encoding_list_add(&list, MF_SPAN(""));
    mf_encoding_list_add(&list, MF_SPAN("gzip"));
    assert_true(mf_span_equals(mf_encoding_list_value(&list), MF_SPAN("gzip")));
    mf_encoding_list_add(&list, MF_SPAN("br"));
    mf_encoding_list_add(&list, MF_SPAN("zstd"));
    assert_true(mf_span_equals(mf_encoding_list_value(&list),
                               MF_SPAN("gzip, br, zstd")));
    /* Too long to be anything, and then not something by its rest either. */
    for (int i = 0; i < 100; i++) {
        enum mf_encoding stack[MF_ENCODING_STACK_MAX];
        size_t count;
        mf_encoding_list_add(&list, MF_SPAN("br"));
        struct mf_span value = mf_encoding_list_value(&list);
        if (i > 0)
            assert_int_equal(
                mf_encoding_parse_stack(value.text, value.len, stack, &count),
                MF_EUNSUPPORTED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encoded_decodes_to_the_same),
        cmocka_unit_test(a_result_of_exactly_the_maximum_is_not_too_long),
        cmocka_unit_test(an_encoder_that_runs_out_of_room_leaves_the_buffer),
        cmocka_unit_test(every_cut_gives_what_came_and_says_so),
        cmocka_unit_test(garbage_is_malformed),
        cmocka_unit_test(
            bytes_after_the_end_are_malformed_and_what_came_is_kept),
        cmocka_unit_test(gzip_members_and_zstd_frames_follow_one_another),
        cmocka_unit_test(deflate_without_its_wrapper_decodes_too),
        cmocka_unit_test(a_window_of_zstd_is_bounded),
        cmocka_unit_test(names_are_read_without_regard_to_case),
        cmocka_unit_test(a_stack_is_undone_from_its_end),
        cmocka_unit_test(a_bomb_in_an_inner_layer_is_bounded),
        cmocka_unit_test(fields_of_one_name_are_one_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
