/* proto3 JSON for every shape, and what is refused. */
#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "pb/json_text.h"
#include "pb/schema.h"
#include "pb/wire.h"
#include "shapes.h"

#define TYPE "shapes.All"
enum { OUT_MAX_LEN = 1 << 20, DEEP = 10000 };

static struct mf_schema *schema;

static int setup(void **state)
{
    (void)state;
    return mf_schema_new(mf_test_shapes, mf_test_shapes_len, &schema, NULL);
}

static int teardown(void **state)
{
    (void)state;
    mf_schema_free(schema);
    return 0;
}

static void assert_json(const uint8_t *data, size_t len, const char *json)
{
    struct mf_buf out;
    struct mf_err err = {0};
    mf_buf_init(&out, OUT_MAX_LEN);
    if (mf_json_from_binary(schema, TYPE, data, len, &out, &err))
        fail_msg("%s: %s", json, err.text);
    mf_buf_append_byte(&out, 0);
    assert_string_equal((char *)out.data, json);
    mf_buf_release(&out);
}

/* `in` to binary and back gives `json`. */
static void assert_reads(const char *in, const char *json)
{
    struct mf_buf binary;
    struct mf_err err = {0};
    mf_buf_init(&binary, OUT_MAX_LEN);
    if (mf_json_to_binary(schema, TYPE, in, strlen(in), &binary, &err))
        fail_msg("%s: %s", in, err.text);
    assert_json(binary.data, binary.len, json);
    mf_buf_release(&binary);
}

/* `in` is refused, with `word` in the reason. */
static void assert_refuses(const char *in, size_t len, const char *word)
{
    struct mf_buf binary;
    struct mf_err err = {0};
    mf_buf_init(&binary, OUT_MAX_LEN);
    mf_buf_append_byte(&binary, 'x');
    if (mf_json_to_binary(schema, TYPE, in, len, &binary, &err) != MF_ECORRUPT)
        fail_msg("taken: %.100s", in);
    if (!strstr(err.text, word) || strstr(err.text, "TYPE_") ||
        strchr(err.text, '\n') || strlen(err.text) > 220)
        fail_msg("%.100s: %s", in, err.text);
    assert_int_equal(binary.len, 1); /* as before */
    mf_buf_release(&binary);
}

static void text_comes_back_as_the_mapping_writes_it(void **state)
{
    (void)state;
    static const char *const same[] = {
        "{}",
        "{\"i32\":2147483647,\"i64\":\"9223372036854775807\","
        "\"u32\":4294967295,\"u64\":\"18446744073709551615\",\"s32\":-5,"
        "\"s64\":\"-9223372036854775808\",\"f32\":1,\"f64\":\"1\",\"sf32\":-1,"
        "\"sf64\":\"-1\"}",
        "{\"f\":\"Infinity\",\"d\":\"NaN\"}",
        "{\"f\":\"NaN\",\"d\":\"-Infinity\"}",
        "{\"f\":0.1,\"d\":1.7976931348623157e+308}",
        "{\"b\":true,\"s\":\"\xc3\xa9\xf0\x9f\x98\x80\\n\\u0000\\\"\"}",
        "{\"e\":\"LEFT\",\"m\":{\"n\":1},\"rec\":{\"rec\":{}}}",
        "{\"e\":99}",
        "{\"ri\":[1,2],\"rm\":[{},{\"s\":\"x\"}],\"re\":[\"RIGHT\",5]}",
        "{\"msi\":{\"\":1},\"mim\":{\"-2\":{}},\"mbs\":{\"true\":\"t\"}}",
        "{\"mrec\":{\"a\":{\"i32\":1}},\"mv\":{\"a\":null}}",
        "{\"oi\":0,\"opt\":0,\"xCustom\":\"c\"}",
        "{\"on\":null}",
        "{\"nv\":null}",
        "{\"any\":{\"@type\":\"a/b/shapes.Inner\",\"n\":5}}",
        "{\"any\":{\"@type\":\"type.googleapis.com/google.protobuf.Any\","
        "\"value\":{\"@type\":\"type.googleapis.com/shapes.Inner\"}}}",
        "{\"any\":{\"@type\":\"type.googleapis.com/google.protobuf.Duration\","
        "\"value\":\"1.500s\"}}",
        "{\"any\":{}}",
        "{\"st\":{\"a\":1,\"b\":[null,{\"c\":\"d\"}],\"e\":{}}}",
        "{\"val\":null}",
        "{\"lv\":[1,\"a\",null,[],{}],\"rv\":[1,null]}",
        "{\"ts\":\"0001-01-01T00:00:00Z\",\"dur\":\"-0.500s\"}",
        "{\"ts\":\"9999-12-31T23:59:59.999999999Z\"}",
        "{\"fm\":\"a,bC\",\"em\":{}}",
        "{\"wb\":false,\"wby\":\"AAE=\",\"wd\":1.5,\"wf\":\"NaN\",\"wi\":0,"
        "\"wl\":\"6\",\"ws\":\"\",\"wu\":8,\"wul\":\"9\"}",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_reads(same[i], same[i]);
}

static void other_spellings_are_taken(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {" { \"i32\" : \"12\" } \n", "{\"i32\":12}"},
        {"{\"i32\":1e2,\"u64\":5,\"d\":\"1.5\"}",
         "{\"i32\":100,\"u64\":\"5\",\"d\":1.5}"},
        {"{\"s\":\"\\u00e9\\ud83d\\ude00\\/\"}",
         "{\"s\":\"\xc3\xa9\xf0\x9f\x98\x80/\"}"},
        {"{\"by\":\"AAEC_-8\"}", "{\"by\":\"AAEC/+8=\"}"},
        {"{\"by\":\"AAEC/+8=\"}", "{\"by\":\"AAEC/+8=\"}"},
        {"{\"e\":1}", "{\"e\":\"LEFT\"}"},
        {"{\"e\":\"NEWER\"}", "{}"},
        {"{\"snake_case_name\":\"a\"}", "{\"snakeCaseName\":\"a\"}"},
        {"{\"custom\":\"a\"}", "{\"xCustom\":\"a\"}"},
        {"{\"i32\":null,\"m\":null,\"ri\":null,\"ts\":null,\"wi\":null}", "{}"},
        {"{\"newer\":{\"a\":[1,{}]},\"i32\":1}", "{\"i32\":1}"},
        {"{\"any\":{\"n\":5,\"@type\":\"type.googleapis.com/shapes.Inner\"}}",
         "{\"any\":{\"@type\":\"type.googleapis.com/shapes.Inner\",\"n\":5}}"},
        {"{\"ts\":\"2026-11-25T01:02:03.1+01:30\"}",
         "{\"ts\":\"2026-11-24T23:32:03.100Z\"}"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_reads(pairs[i][0], pairs[i][1]);
}

static void what_is_not_of_the_type_is_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"{\"i32\":2147483648}", "2147483648"},
        {"{\"i32\":1.5}", "i32"},
        {"{\"i32\":\"\"}", "i32"},
        {"{\"u32\":-1}", "-1"},
        {"{\"u64\":18446744073709551616}", "u64"},
        {"{\"d\":1e400}", "range"},
        {"{\"f\":1e39}", "1e+39"},
        {"{\"d\":\"inf\"}", "inf"},
        {"{\"b\":1}", "BOOL"},
        {"{\"s\":1}", "STRING"},
        {"{\"by\":\"A*\"}", "A*"},
        {"{\"m\":5}", "shapes.Inner"},
        {"{\"msi\":{\"a\":1,\"a\":2}}", "'a'"},
        {"{\"mim\":{\"x\":{}}}", "mim"},
        {"{\"oi\":1,\"os\":\"x\"}", "oneof"},
        {"{\"i32\":1,\"i32\":2}", "twice"},
        {"{\"snakeCaseName\":\"\",\"snake_case_name\":\"b\"}", "twice"},
        {"{\"m\":{\"n\":1,\"n\":1}}", "twice"},
        {"{\"any\":{\"@type\":\"a/shapes.Inner\",\"n\":1,\"n\":2}}", "twice"},
        {"{\"any\":{\"@type\":\"a/no.Such\"}}", "no.Such"},
        {"{\"any\":{\"@type\":\"shapes.Inner\"}}", "shapes.Inner"},
        {"{\"any\":{\"n\":5}}", "@type"},
        {"{\"ts\":\"2026-13-25T01:02:03Z\"}", "time"},
        {"{\"dur\":\"1\"}", "duration"},
        {"{\"dur\":\"315576000001s\"}", "uration"},
        {"{\"st\":[]}", "st"},
        {"[]", "message"},
        {"null", "message"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refuses(bad[i][0], strlen(bad[i][0]), bad[i][1]);
}

static void what_is_not_json_is_refused_with_its_place(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"", "byte 0: the text ends"},
        {"{", "byte 1: the text ends"},
        {"{\"i32\":", "byte 7: the text ends"},
        {"{\"i32\":1,}", "byte 9: expected a string"},
        {"{i32:1}", "byte 1"},
        {"{'i32':1}", "byte 1"},
        {"{\"i32\" 1}", "expected ':'"},
        {"{\"ri\":[1 2]}", "expected ',' or ']'"},
        {"{\"ri\":[1,2}", "expected ',' or ']'"},
        {"{\"ri\":[1,]}", "expected a value"},
        {"{\"a\":1]", "expected ',' or '}'"},
        {"{} {}", "byte 3"},
        {"{\"d\":01}", "byte 6"},
        {"{\"d\":.5}", "a value"},
        {"{\"d\":5.}", "digit"},
        {"{\"d\":1e}", "digit"},
        {"{\"d\":-}", "digit"},
        {"{\"d\":NaN}", "a value"},
        {"{\"s\":\"\\x41\"}", "escape"},
        {"{\"s\":\"\\u12\"}", "hexadecimal"},
        {"{\"s\":\"\\ud83d\"}", "surrogate"},
        {"{\"s\":\"\\ude00\"}", "surrogate"},
        {"{\"s\":\"\\ud83d\\u0041\"}", "surrogate"},
        {"{\"s\":\"a\tb\"}", "control"},
        {"{\"s\":\"\xff\"}", "UTF-8"},
        {"{\"newer\":\"\xed\xa0\x80\"}", "UTF-8"},
        {"\xef\xbb\xbf{}", "a value"},
        {"// {}", "a value"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refuses(bad[i][0], strlen(bad[i][0]), bad[i][1]);
    assert_refuses("{}\0", 3, "goes on");
}

static void repeat(struct mf_buf *buf, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(mf_buf_append(buf, text, strlen(text)), 0);
}

static void deep_text_is_refused(void **state)
{
    (void)state;
    static const char *const ways[][3] = {
        {"{\"rec\":", "{}", "}"},
        {"{\"newer\":", "1", "}"},
        {"{\"any\":{\"@type\":\"a/shapes.All\",\"rec\":", "{}", "}}"},
        {"[", "", "]"},
        {"{\"val\":[{\"a\":", "1", "}]}"},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct mf_buf text;
        mf_buf_init(&text, OUT_MAX_LEN);
        repeat(&text, ways[i][0], DEEP);
        repeat(&text, ways[i][1], 1);
        repeat(&text, ways[i][2], DEEP);
        mf_buf_append_byte(&text, 0);
        assert_refuses((char *)text.data, text.len - 1, "too deep");
        mf_buf_release(&text);
    }
}

/* Each is cheap to send, compressed above all, and costly to read. */
static void too_many_values_are_refused(void **state)
{
    (void)state;
    static const char *const ways[][3] = {
        {"{\"newer\":[", "1,", "1]}"},
        {"{\"newer\":[", "{},", "{}]}"},
        {"{\"newer\":[", "[],", "1]}"},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        /* the object, the list and its last are values, too */
        for (size_t extra = 0; extra < 2; extra++) {
            struct mf_buf text;
            mf_buf_init(&text, OUT_MAX_LEN);
            repeat(&text, ways[i][0], 1);
            repeat(&text, ways[i][1], MF_JSON_VALUES_MAX - 3 + extra);
            repeat(&text, ways[i][2], 1);
            mf_buf_append_byte(&text, 0);
            if (extra)
                assert_refuses((char *)text.data, text.len - 1, "too many");
            else
                assert_reads((char *)text.data, "{}");
            mf_buf_release(&text);
        }
    }
}

static void a_hundred_levels_are_no_more_than_a_hundred(void **state)
{
    (void)state;
    struct mf_buf text;
    for (size_t depth = MF_JSON_DEPTH_MAX; depth <= MF_JSON_DEPTH_MAX + 1;
         depth++) {
        mf_buf_init(&text, OUT_MAX_LEN);
        repeat(&text, "[", depth);
        repeat(&text, "]", depth);
        assert_int_equal(mf_json_text_check((char *)text.data, text.len, NULL),
                         depth > MF_JSON_DEPTH_MAX ? MF_ECORRUPT : 0);
        mf_buf_release(&text);
    }
}

/* ---- From binary ---- */

static void assert_no_json(const void *data, size_t len, const char *word)
{
    struct mf_buf out;
    struct mf_err err = {0};
    mf_buf_init(&out, OUT_MAX_LEN);
    assert_int_equal(mf_json_from_binary(schema, TYPE, data, len, &out, &err),
                     MF_ECORRUPT);
    if (!strstr(err.text, word))
        fail_msg("%s, not %s", err.text, word);
    assert_int_equal(out.len, 0);
    mf_buf_release(&out);
}

static void a_malformed_message_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *word;
    } bad[] = {
        {"\x08", 1, "malformed"},                   /* cut varint */
        {"\x72\x05\x41", 3, "malformed"},           /* cut string */
        {"\x72\x02\xff\xfe", 4, "s is not UTF-8"},  /* */
        {"\x8a\x01\x02\x0a\x05", 5, "malformed"},   /* cut inside */
        {"\xa2\x01\x01\xff", 4, "ri is malformed"}, /* packed */
        {"\x61\x01", 2, "malformed"},
        {"\x0b\x0c", 2, "malformed"},             /* group */
        {"\xf2\x01\x03\x0a\x01\xff", 6, "UTF-8"}, /* map key */
        {"\xa2\x03\x00", 3, "no value"},          /* Value of no kind */
        {"\x92\x03\x03\x12\x01x", 6, "no type"},  /* Any */
        {"\x92\x03\x06\x0a\x04z/.Z", 9, "z/.Z"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_no_json(bad[i].bytes, bad[i].len, bad[i].word);
}

static void what_comes_twice_is_written_once(void **state)
{
    (void)state;
    assert_json((const uint8_t *)"\x08\x01\x08\x02", 4, "{\"i32\":2}");
    assert_json((const uint8_t *)"\x8a\x01\x02\x08\x01\x8a\x01\x03\x12\x01"
                                 "a",
                11, "{\"m\":{\"n\":1,\"s\":\"a\"}}");
    assert_json((const uint8_t *)"\xf2\x01\x05\x0a\x01"
                                 "a\x10\x01\xf2\x01\x05\x0a\x01"
                                 "a\x10\x02",
                16, "{\"msi\":{\"a\":2}}");
}

/* Put `message` into field `number` of another, with `type` in field 1. */
static void nest(struct mf_buf *message, uint32_t number, const char *type)
{
    struct mf_buf outer;
    mf_buf_init(&outer, OUT_MAX_LEN);
    if (type)
        mf_wire_put_bytes(&outer, 1, type, strlen(type));
    assert_int_equal(
        mf_wire_put_bytes(&outer, number, message->data, message->len), 0);
    mf_buf_release(message);
    *message = outer;
}

static void a_deep_message_is_refused(void **state)
{
    (void)state;
    struct mf_buf message;
    mf_buf_init(&message, OUT_MAX_LEN);
    for (size_t i = 0; i < DEEP; i++)
        nest(&message, 18, NULL);
    assert_no_json(message.data, message.len, "too deep");
    mf_buf_release(&message);
    for (size_t i = 0; i < 1000; i++)
        nest(&message, 2, "a/google.protobuf.Any");
    nest(&message, 50, NULL);
    assert_no_json(message.data, message.len, "too deep");
    mf_buf_release(&message);
}

/* ---- Sets and look-ups ---- */

static void every_cut_of_a_set_is_told(void **state)
{
    (void)state;
    for (size_t len = 1; len < mf_test_shapes_len; len += 7) {
        struct mf_schema *cut = NULL;
        struct mf_err err = {0};
        int rc = mf_schema_new(mf_test_shapes, len, &cut, &err);
        assert_true(rc == 0 || (rc == MF_ECORRUPT && err.text[0]));
        mf_schema_free(cut);
    }
}

static void extensions_are_found(void **state)
{
    (void)state;
    size_t base, file;
    struct mf_buf numbers;
    const char *type = "shapes.old.Base";
    mf_buf_init(&numbers, 100);
    assert_int_equal(mf_schema_find_symbol(schema, type, strlen(type), &base),
                     0);
    assert_int_equal(
        mf_schema_find_extension(schema, type, strlen(type), 200, &file), 0);
    assert_int_equal(file, base);
    assert_int_equal(
        mf_schema_find_extension(schema, type, strlen(type), 101, &file),
        MF_ENOENT);
    assert_int_equal(mf_schema_extensions(schema, type, strlen(type), &numbers),
                     0);
    assert_int_equal(numbers.len, 3 * sizeof(int32_t));
    mf_buf_release(&numbers);
    assert_int_equal(mf_schema_find_symbol(schema, "shapes.old", 10, &file),
                     MF_ENOENT);
}

static void a_full_buffer_is_told(void **state)
{
    (void)state;
    struct mf_buf out;
    mf_buf_init(&out, 8);
    assert_int_equal(mf_json_to_binary(schema, TYPE, "{\"s\":\"0123456789\"}",
                                       18, &out, NULL),
                     MF_EFULL);
    assert_int_equal(out.len, 0);
    assert_int_equal(mf_json_from_binary(schema, TYPE,
                                         (const uint8_t *)"\x72\x04"
                                                          "abcd",
                                         6, &out, NULL),
                     MF_EFULL);
    assert_int_equal(out.len, 0);
    mf_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_comes_back_as_the_mapping_writes_it),
        cmocka_unit_test(other_spellings_are_taken),
        cmocka_unit_test(what_is_not_of_the_type_is_refused),
        cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
        cmocka_unit_test(deep_text_is_refused),
        cmocka_unit_test(too_many_values_are_refused),
        cmocka_unit_test(a_hundred_levels_are_no_more_than_a_hundred),
        cmocka_unit_test(a_malformed_message_is_refused),
        cmocka_unit_test(what_comes_twice_is_written_once),
        cmocka_unit_test(a_deep_message_is_refused),
        cmocka_unit_test(every_cut_of_a_set_is_told),
        cmocka_unit_test(extensions_are_found),
        cmocka_unit_test(a_full_buffer_is_told),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
