/* Percent-encoding and base64. */
#include "../cmocka.h"

#include <string.h>

#include "base/error.h"
#include "codec/base64.h"
#include "codec/percent.h"

static void assert_text(struct mf_buf *buf, const char *expected)
{
    assert_int_equal(buf->len, strlen(expected));
    if (buf->len)
        assert_memory_equal(buf->data, expected, buf->len);
    mf_buf_clear(buf);
}

static void percent_encodes_what_a_header_cannot_hold(void **state)
{
    (void)state;
    struct mf_buf out;
    mf_buf_init(&out, 100);
    mf_percent_encode("a 100%\r\n\x7f\xc3\xa4~", 12, &out);
    assert_text(&out, "a 100%25%0D%0A%7F%C3%A4~");
    mf_buf_release(&out);
}

static void percent_decodes_and_forgives(void **state)
{
    (void)state;
    struct mf_buf out;
    mf_buf_init(&out, 100);
    mf_percent_decode("a%20b+c%2fd", 11, true, &out);
    assert_text(&out, "a b c/d");
    mf_percent_decode("a+%", 3, false, &out);
    assert_text(&out, "a+%");
    mf_percent_decode("%4%zz%4", 7, true, &out);
    assert_text(&out, "%4%zz%4");
    mf_buf_release(&out);
}

static void percent_stops_at_the_maximum(void **state)
{
    (void)state;
    struct mf_buf out;
    mf_buf_init(&out, 2);
    assert_int_equal(mf_percent_encode("%", 1, &out), MF_EFULL);
    assert_int_equal(mf_percent_decode("abc", 3, false, &out), MF_EFULL);
    mf_buf_release(&out);
}

/* RFC 4648, section 10. */
static const char *const vectors[][3] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
};

static void base64_is_written_and_read_as_the_standard_shows(void **state)
{
    (void)state;
    struct mf_buf out;
    mf_buf_init(&out, 100);
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const char *text = vectors[i][0];
        mf_base64_encode(text, strlen(text), true, &out);
        assert_text(&out, vectors[i][1]);
        mf_base64_encode(text, strlen(text), false, &out);
        assert_text(&out, vectors[i][2]);
        for (int k = 1; k < 3; k++) {
            const char *coded = vectors[i][k];
            assert_int_equal(mf_base64_decode(coded, strlen(coded), &out), 0);
            assert_text(&out, text);
        }
    }
    mf_buf_release(&out);
}

static void base64_reads_both_alphabets(void **state)
{
    (void)state;
    struct mf_buf out;
    mf_buf_init(&out, 100);
    assert_int_equal(mf_base64_decode("+/-_", 4, &out), 0);
    assert_text(&out, "\xfb\xff\xbf");
    mf_buf_release(&out);
}

static void base64_refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const cases[] = {"a",      "a===", "=",        "====",
                                        "Zg=",    "Z=g=", "Zg==Zg==", "Zm 9v",
                                        "Zm9v\n", "*"};
    struct mf_buf out;
    mf_buf_init(&out, 100);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(mf_base64_decode(cases[i], strlen(cases[i]), &out),
                         MF_ECORRUPT);
    mf_buf_release(&out);
}

/* Read `text` in pieces of `size`; 0, or the error. */
static int read_pieces(const char *text, size_t size, struct mf_buf *out,
                       bool *ret_whole)
{
    struct mf_base64_reader reader = {0};
    size_t len = strlen(text);
    int rc = 0;
    for (size_t at = 0; !rc && at < len; at += size)
        rc = mf_base64_read(&reader, (const uint8_t *)text + at,
                            len - at < size ? len - at : size, out);
    *ret_whole = mf_base64_is_whole(&reader);
    return rc;
}

static void base64_comes_in_any_pieces_and_texts_in_a_row(void **state)
{
    (void)state;
    static const char text[] = "Zm9vZg==Zm8=Zm9vYg==Zm9vYmFyZm8=";
    bool is_whole;
    struct mf_buf out;
    mf_buf_init(&out, 100);
    for (size_t size = 1; size <= sizeof text; size++) {
        assert_int_equal(read_pieces(text, size, &out, &is_whole), 0);
        assert_true(is_whole);
        assert_text(&out, "fooffofoobfoobarfo");
    }
    mf_buf_release(&out);
}

static void base64_in_pieces_is_as_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {"=",     "Z=",     "Zg=g",
                                      "Zg===", "Zm9v\n", "Zm9v ",
                                      "*",     "====",   "Zm9vZg==="};
    static const char *const cut[] = {"Z", "Zg", "Zg=", "Zm8", "Zm9vYg="};
    bool is_whole;
    struct mf_buf out;
    mf_buf_init(&out, 100);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (size_t size = 1; size < 4; size++)
            assert_int_equal(read_pieces(bad[i], size, &out, &is_whole),
                             MF_ECORRUPT);
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        assert_int_equal(read_pieces(cut[i], 1, &out, &is_whole), 0);
        assert_false(is_whole);
    }
    mf_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percent_encodes_what_a_header_cannot_hold),
        cmocka_unit_test(percent_decodes_and_forgives),
        cmocka_unit_test(percent_stops_at_the_maximum),
        cmocka_unit_test(base64_is_written_and_read_as_the_standard_shows),
        cmocka_unit_test(base64_reads_both_alphabets),
        cmocka_unit_test(base64_refuses_what_is_none),
        cmocka_unit_test(base64_comes_in_any_pieces_and_texts_in_a_row),
        cmocka_unit_test(base64_in_pieces_is_as_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
