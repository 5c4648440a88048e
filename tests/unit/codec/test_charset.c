#include "../cmocka.h"

#include <string.h>

#include "base/error.h"
#include "codec/charset.h"

static struct mf_span span(const char *text)
{
    return (struct mf_span){text, strlen(text)};
}

static void assert_found(const char *type, const char *head, const char *name,
                         enum mf_charset_source wanted)
{
    enum mf_charset_source source;
    assert_string_equal(mf_charset_find(span(type), span(head), &source), name);
    assert_int_equal(source, wanted);
}

static void labels_are_those_of_browsers(void **state)
{
    (void)state;
    assert_string_equal(mf_charset_name(MF_SPAN(" Latin1 ")), "windows-1252");
    assert_string_equal(mf_charset_name(MF_SPAN("UTF8")), "UTF-8");
    assert_string_equal(mf_charset_name(MF_SPAN("x-sjis")), "Shift_JIS");
    assert_null(mf_charset_name(MF_SPAN("")));
    assert_null(mf_charset_name(MF_SPAN("latin")));
    /* iconv knows these; peers may not choose them. */
    assert_null(mf_charset_name(MF_SPAN("utf-7")));
    assert_null(mf_charset_name(MF_SPAN("iso-2022-cn-ext")));
    assert_null(mf_charset_name(MF_SPAN("utf-8//IGNORE")));
}

static void a_mark_goes_before_a_header_and_that_before_markup(void **state)
{
    (void)state;
    const char *meta = "<html><meta charset='koi8-r'>";
    assert_found("text/html; charset=utf-8", "\xff\xfeh", "UTF-16LE",
                 MF_CHARSET_BOM);
    assert_found("text/html; charset=\"shift_jis\"", meta, "Shift_JIS",
                 MF_CHARSET_HEADER);
    assert_found("text/html; charset=nonsense", meta, "KOI8-R",
                 MF_CHARSET_MARKUP);
    assert_found("text/html", "<!-- <meta charset=gbk> --> <p>", "UTF-8",
                 MF_CHARSET_ASSUMED);
    assert_found("text/html",
                 "<meta http-equiv=content-type "
                 "content='text/html; charset=gb2312'>",
                 "GBK", MF_CHARSET_MARKUP);
    assert_found("text/html", "<meta charset=utf-16>", "UTF-8",
                 MF_CHARSET_MARKUP);
    assert_found("text/xml", "<?xml version='1.0' encoding='euc-kr'?><a/>",
                 "EUC-KR", MF_CHARSET_MARKUP);
    assert_found("application/json", "{\"a\":\"<meta charset=gbk>\"}", "UTF-8",
                 MF_CHARSET_ASSUMED);
    assert_found("", "caf\xe9 au lait", "windows-1252", MF_CHARSET_ASSUMED);
}

static void assert_read(const char *type, struct mf_span data,
                        const char *wanted)
{
    struct mf_buf out;
    mf_buf_init(&out, 1000);
    assert_int_equal(mf_charset_read_all(span(type), data, &out), 0);
    assert_int_equal(out.len, strlen(wanted));
    assert_memory_equal(out.data, wanted, out.len);
    mf_buf_release(&out);
}

static void text_comes_out_as_utf8(void **state)
{
    (void)state;
    assert_read("a/b;charset=iso-8859-1", MF_SPAN("caf\xe9 \x80"), "café €");
    assert_read("a/b;charset=sjis", MF_SPAN("\x93\xfa\x96\x7b"), "日本");
    assert_read("a/b;charset=euc-kr", MF_SPAN("\xc7\xd1\x8c\x63"), "한똠");
    assert_read("a/b;charset=iso-2022-jp", MF_SPAN("\x1b$BF|K\\\x1b(B!"),
                "日本!");
    assert_read("a/b",
                MF_SPAN("\xff\xfe"
                        "h\0\xe9\0"),
                "hé");
    assert_read("a/b", MF_SPAN("\xef\xbb\xbfh\xc3\xa9"), "hé");
    assert_read("a/b;charset=windows-1258", MF_SPAN("Vi\xea\xf2t e"), "Việt e");
}

static void what_is_wrong_is_replaced(void **state)
{
    (void)state;
    assert_read("a/b;charset=utf-8", MF_SPAN("a\xff\xc3(b\xe2\x82"),
                "a\ufffd\ufffd(b\ufffd");
    assert_read("a/b;charset=shift_jis",
                MF_SPAN("a\xff"
                        "b\x93"),
                "a\ufffd"
                "b\ufffd");
    assert_read("a/b;charset=utf-16le",
                MF_SPAN("\x00\xdc"
                        "a\0b"),
                "\ufffd"
                "a\ufffd");
}

static void a_result_that_is_too_long_is_cut_between_characters(void **state)
{
    (void)state;
    struct mf_buf out;
    char text[400];
    memset(text, 0xe9, sizeof text);
    mf_buf_init(&out, 101);
    assert_int_equal(mf_charset_read_all(MF_SPAN("a/b;charset=latin1"),
                                         (struct mf_span){text, sizeof text},
                                         &out),
                     MF_EFULL);
    assert_true(out.len >= 101 - MF_CHARSET_ROOM_MIN && out.len % 2 == 0);
    mf_buf_release(&out);
}

static void every_charset_that_has_a_label_is_known_here(void **state)
{
    (void)state;
    static const char *const labels[] = {
        "utf-8",        "latin1",       "ibm866",       "latin2",
        "latin3",       "latin4",       "cyrillic",     "arabic",
        "greek",        "hebrew",       "latin6",       "iso-8859-13",
        "iso-8859-14",  "latin9",       "iso-8859-16",  "koi8-r",
        "koi8-u",       "macintosh",    "windows-874",  "windows-1250",
        "windows-1251", "windows-1253", "windows-1254", "windows-1255",
        "windows-1256", "windows-1257", "windows-1258", "x-mac-cyrillic",
        "gbk",          "gb18030",      "big5",         "euc-jp",
        "iso-2022-jp",  "shift_jis",    "euc-kr",       "utf-16le",
        "utf-16be",
    };
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        struct mf_charset *charset = NULL;
        const char *name = mf_charset_name(span(labels[i]));
        assert_non_null(name);
        assert_int_equal(mf_charset_new(name, &charset), 0);
        mf_charset_free(charset);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_those_of_browsers),
        cmocka_unit_test(a_mark_goes_before_a_header_and_that_before_markup),
        cmocka_unit_test(text_comes_out_as_utf8),
        cmocka_unit_test(what_is_wrong_is_replaced),
        cmocka_unit_test(a_result_that_is_too_long_is_cut_between_characters),
        cmocka_unit_test(every_charset_that_has_a_label_is_known_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
