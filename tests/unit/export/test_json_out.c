/* JSON as it is written. */
#include "support.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "export/json_fields.h"
#include "export/json_out.h"

static int append(void *user, const void *data, size_t len)
{
    return mf_buf_append(user, data, len);
}

#define EXPECT(want, calls)                    \
    do {                                       \
        struct mf_buf out;                     \
        struct mf_json_out json;               \
        mf_buf_init(&out, SIZE_MAX);           \
        mf_json_out_init(&json, append, &out); \
        calls;                                 \
        assert_int_equal(json.error, 0);       \
        char *text = text_of(&out);            \
        assert_string_equal(text, want);       \
        free(text);                            \
        mf_buf_release(&out);                  \
    } while (0)

static void commas_stand_between_values(void **state)
{
    (void)state;
    EXPECT("{\"a\":1,\"b\":[true,null,{}],\"c\":[]}", {
        mf_json_begin_object(&json);
        mf_json_put_key(&json, "a");
        mf_json_put_int(&json, 1);
        mf_json_put_key(&json, "b");
        mf_json_begin_array(&json);
        mf_json_put_bool(&json, true);
        mf_json_put_null(&json);
        mf_json_begin_object(&json);
        mf_json_end_object(&json);
        mf_json_end_array(&json);
        mf_json_put_key(&json, "c");
        mf_json_begin_array(&json);
        mf_json_end_array(&json);
        mf_json_end_object(&json);
    });
}

static void strings_are_escaped(void **state)
{
    static const char odd[] = "\"\\\b\f\n\r\t\x01\x7f/\0z";
    (void)state;
    EXPECT("\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u007f/\\u0000z\"",
           mf_json_put_text(&json, (struct mf_span){odd, sizeof odd - 1}));
    EXPECT("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
           mf_json_put_string(&json, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
}

static void what_is_not_utf8_is_replaced(void **state)
{
    (void)state;
#define R "\xef\xbf\xbd"
    EXPECT("\"a" R "b" R R R R R "\"",
           mf_json_put_string(&json, "a\xff"
                                     "b\xed\xa0\x80\xc3\xf0"));
    EXPECT("\"\xc3\xbf\xc3\xa9\"", /* or read as ISO-8859-1 */
           mf_json_put_latin1(&json, (struct mf_span){"\xff\xe9", 2}));
    EXPECT("\"\xc3\xa9\"",
           mf_json_put_latin1(&json, (struct mf_span){"\xc3\xa9", 2}));
}

/* Every byte in every place gives UTF-8 that reads back. */
static void any_bytes_give_a_string(void **state)
{
    unsigned seed = 1;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char bytes[12];
        size_t len = (size_t)round % sizeof bytes;
        struct mf_buf out;
        struct mf_json_out json;
        for (size_t i = 0; i < len; i++) {
            seed = seed * 1103515245 + 12345;
            bytes[i] = (char)(seed >> 16);
        }
        mf_buf_init(&out, SIZE_MAX);
        mf_json_out_init(&json, append, &out);
        if (round & 1)
            mf_json_put_text(&json, (struct mf_span){bytes, len});
        else
            mf_json_put_latin1(&json, (struct mf_span){bytes, len});
        assert_true(mf_utf8_valid(out.data, out.len));
        json_t *read = json_loadb((char *)out.data, out.len,
                                  JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_true(json_is_string(read));
        if (mf_utf8_valid(bytes, len)) {
            assert_int_equal(json_string_length(read), len);
            assert_memory_equal(json_string_value(read), bytes, len);
        }
        json_decref(read);
        mf_buf_release(&out);
    }
}

static void numbers_read_back_the_same(void **state)
{
    (void)state;
    EXPECT("0.1", mf_json_put_double(&json, 0.1));
    EXPECT("1234567890.1234567", mf_json_put_double(&json, 1234567890.1234567));
    EXPECT("null", mf_json_put_double(&json, NAN));
    EXPECT("null", mf_json_put_double(&json, -INFINITY));
    EXPECT("18446744073709551615", mf_json_put_uint(&json, UINT64_MAX));
    EXPECT("-9223372036854775808", mf_json_put_int(&json, INT64_MIN));
}

static void base64_of_any_length_is_padded(void **state)
{
    (void)state;
    EXPECT("\"\"", mf_json_put_base64(&json, (struct mf_span){"", 0}));
    EXPECT("\"AA==\"", mf_json_put_base64(&json, (struct mf_span){"\0", 1}));
    struct mf_buf out;
    struct mf_json_out json;
    static char zeros[100000];
    mf_buf_init(&out, SIZE_MAX);
    mf_json_out_init(&json, append, &out);
    mf_json_put_base64(&json, (struct mf_span){zeros, sizeof zeros});
    assert_int_equal(out.len, (sizeof zeros + 2) / 3 * 4 + 2);
    mf_buf_release(&out);
}

static void times_have_the_digits_that_they_need(void **state)
{
    const int64_t at = INT64_C(1700000000) * 1000000000;
    (void)state;
    EXPECT("\"2023-11-14T22:13:20.000Z\"", mf_json_put_time(&json, at));
    EXPECT("\"2023-11-14T22:13:20.123Z\"",
           mf_json_put_time(&json, at + 123000000));
    EXPECT("\"2023-11-14T22:13:20.123456Z\"",
           mf_json_put_time(&json, at + 123456000));
    EXPECT("\"2023-11-14T22:13:20.123456789Z\"",
           mf_json_put_time(&json, at + 123456789));
    EXPECT("\"1969-12-31T23:59:59.500Z\"", mf_json_put_time(&json, -500000000));
    EXPECT("\"1677-09-21T00:12:43.145224192Z\"",
           mf_json_put_time(&json, INT64_MIN));
}

static void times_are_read_with_any_zone(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* after 2023-11-14T22:13:20Z; -1: it is none */
    } times[] = {
        {"2023-11-14T22:13:20Z", 0},
        {"2023-11-14T22:13:20.250Z", 250},
        {"2023-11-14T23:13:20.250+01:00", 250},
        {"2023-11-14T17:43:20.250-0430", 250},
        {"2023-11-14 22:13:20.25z", 250},
        {"2023-11-14T22:13:20", -1},
        {"2023-13-14T22:13:20Z", -1},
        {"2023-11-14T22:13:20.Z", -1},
        {"2023-11-14T22:13:20Zx", -1},
        {"0001-01-01T00:00:00Z", -1},
        {"9999-01-01T00:00:00Z", -1},
        {"", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        int64_t ns = 0;
        bool is_time = mf_json_parse_time(
            (struct mf_span){times[i].text, strlen(times[i].text)}, &ns);
        assert_int_equal(is_time, times[i].ms >= 0);
        if (is_time)
            assert_int_equal(ns, INT64_C(1700000000000000000) +
                                     times[i].ms * 1000000);
    }
}

static int refuse(void *user, const void *data, size_t len)
{
    (void)data;
    (void)len;
    return ++*(int *)user == 3 ? MF_EIO : 0;
}

static void nothing_is_written_after_an_error(void **state)
{
    struct mf_json_out json;
    int calls = 0;
    (void)state;
    mf_json_out_init(&json, refuse, &calls);
    for (int i = 0; i < 10; i++)
        mf_json_put_null(&json);
    assert_int_equal(json.error, MF_EIO);
    assert_int_equal(calls, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_stand_between_values),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(what_is_not_utf8_is_replaced),
        cmocka_unit_test(any_bytes_give_a_string),
        cmocka_unit_test(numbers_read_back_the_same),
        cmocka_unit_test(base64_of_any_length_is_padded),
        cmocka_unit_test(times_have_the_digits_that_they_need),
        cmocka_unit_test(times_are_read_with_any_zone),
        cmocka_unit_test(nothing_is_written_after_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
