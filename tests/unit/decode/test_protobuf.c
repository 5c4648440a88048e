/* What protobuf messages look like that are cut, wrong or hostile. */
#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/protobuf.h"
#include "dump.h"
#include "pb/wire.h"
#include "shapes.h"

static struct mf_types *shapes(void)
{
    struct mf_types *types;
    struct mf_buf answer;
    mf_buf_init(&answer, 1 << 20);
    assert_int_equal(mf_types_new(&types), 0);
    assert_int_equal(
        mf_wire_put_bytes(&answer, 4, mf_test_shapes, mf_test_shapes_len), 0);
    assert_true(mf_types_learn(types, 1, answer.data, answer.len));
    mf_buf_release(&answer);
    return types;
}

static int setup(void **state)
{
    *state = shapes();
    return 0;
}

static int teardown(void **state)
{
    mf_types_free(*state);
    return 0;
}

/* `type` NULL: by its looks. The caller frees it. */
static char *dump(const struct mf_types *types, const char *type,
                  const void *data, size_t len)
{
    struct mf_buf out;
    struct mf_view view;
    struct mf_typeset *set = mf_types_now(types);
    const struct mf_protobuf pb = {.view = &view, .types = set};
    mf_buf_init(&out, 1 << 24);
    mf_view_init(&view, 100000, dump_node, &out);
    const struct mf_message_type *found =
        type ? mf_typeset_message(set, (struct mf_span){type, strlen(type)})
             : NULL;
    assert_true(!type || found);
    assert_int_equal(mf_protobuf_put(&pb, found, data, len), 0);
    assert_int_equal(view.depth, 0);
    mf_buf_append_byte(&out, 0);
    mf_typeset_unref(set);
    return (char *)mf_buf_take(&out, &len);
}

static void check(const struct mf_types *types, const char *type,
                  const char *bytes, size_t len, const char *want)
{
    char *told = dump(types, type, bytes, len);
    assert_string_equal(told, want);
    free(told);
}

#define CHECK(state, type, bytes, want) \
    check(*(state), type, bytes, sizeof(bytes) - 1, want)
#define ALL "shapes.All"

static void what_is_cut_shows_what_is_there_and_what_is_not(void **state)
{
    CHECK(state, ALL, "\x72\x05hel",
          "text s #14 <string> = hel cut\n"
          "fault = field 14 ends 2 bytes too early\n");
    CHECK(state, ALL,
          "\x8a\x01\x09\x08\x05\x12\x03"
          "ab",
          "group m #17 <shapes.Inner> cut\n"
          "  number n #1 <int32> = 5\n"
          "  text s #2 <string> = ab cut\n"
          "  fault = field 2 ends 1 bytes too early\n"
          "fault = field 17 ends 3 bytes too early\n");
    CHECK(state, ALL, "\x08\x01\x08\x80",
          "number i32 #1 <int32> = 1\n"
          "fault = breaks off inside a number\n"
          "bytes rest | 0880\n");
}

static void a_field_of_another_wire_type_is_shown_as_it_is(void **state)
{
    CHECK(state, ALL, "\x0a\x02hi",
          "text #1 <string> = hi guess\n"
          "fault = field 1 is declared as int32 i32\n");
    CHECK(state, ALL, "\x70\x05",
          "number #14 <varint> = 5 ~ sint -3\n"
          "fault = field 14 is declared as string s\n");
}

static void unknown_fields_are_shown_raw(void **state)
{
    CHECK(state, ALL, "\xb8\x3e\x07", "number #999 <varint> = 7 ~ sint -4\n");
}

static void repeated_numbers_may_be_packed_or_not(void **state)
{
    CHECK(state, ALL, "\xa2\x01\x03\x01\x02\x03\xa0\x01\x04",
          "list ri #20 <int32>\n"
          "  number <int32> = 1\n"
          "  number <int32> = 2\n"
          "  number <int32> = 3\n"
          "number ri #20 <int32> = 4\n");
    CHECK(state, ALL, "\xa2\x01\x02\x01\x80",
          "list ri #20 <int32>\n"
          "  number <int32> = 1\n"
          "  fault = breaks off inside a number\n"
          "  bytes rest | 80\n");
}

static void an_unknown_number_of_an_enum_is_a_number(void **state)
{
    CHECK(state, ALL, "\x80\x01\x01\x80\x01\x09",
          "enum e #16 <shapes.Side> = LEFT ~ 1\n"
          "number e #16 <shapes.Side> = 9\n");
}

static void a_string_that_is_not_utf8_is_bytes(void **state)
{
    CHECK(state, ALL, "\x72\x02\xff\xfe",
          "bytes s #14 <string> ~ not UTF-8, as a string should be | fffe\n");
}

static void map_entries_are_named_by_their_keys(void **state)
{
    /* {"k": 1}, {3: {n: 4}}, {true: "v"}; then without key, without value */
    CHECK(state, ALL,
          "\xf2\x01\x05\x0a\x01k\x10\x01"
          "\xfa\x01\x06\x08\x03\x12\x02\x08\x04"
          "\x82\x02\x05\x08\x01\x12\x01v"
          "\xf2\x01\x02\x10\x02"
          "\xf2\x01\x03\x0a\x01q",
          "number msi[\"k\"] #30 <int32> = 1\n"
          "group mim[3] #31 <shapes.Inner>\n"
          "  number n #1 <int32> = 4\n"
          "text mbs[true] #32 <string> = v\n"
          "number msi[\"\"] #30 <int32> = 2\n"
          "number msi[\"q\"] #30 <int32> = 0\n");
    /* Something else in it: as a message. */
    CHECK(state, ALL, "\xf2\x01\x02\x18\x01",
          "group msi #30 <shapes.All.MsiEntry>\n"
          "  number #3 <varint> = 1 ~ bool true, sint -1\n");
}

static void a_time_out_of_range_is_shown_by_its_fields(void **state)
{
    CHECK(state, ALL, "\xb2\x03\x02\x08\x01",
          "time ts #54 <google.protobuf.Timestamp> = 1970-01-01T00:00:01Z\n");
    CHECK(state, ALL, "\xb2\x03\x06\x10\xff\xff\xff\xff\x0f",
          "group ts #54 <google.protobuf.Timestamp>\n"
          "  number nanos #2 <int32> = -1\n");
    CHECK(state, ALL, "\xb2\x03\x00",
          "time ts #54 <google.protobuf.Timestamp> = 1970-01-01T00:00:00Z\n");
}

static void any_of_an_unknown_type_is_guessed(void **state)
{
    CHECK(state, ALL, "\x92\x03\x0a\x0a\x04x/no\x12\x02\x08\x01",
          "group any #50 <google.protobuf.Any>\n"
          "  text @type #1 = x/no\n"
          "  number #1 <varint> = 1 ~ bool true, sint -1\n");
}

static void groups_are_read_and_their_ends_must_fit(void **state)
{
    CHECK(state, "shapes.old.Base", "\x13\x08\x05\x14",
          "group group #2 <shapes.old.Base.Group>\n"
          "  number n #1 <int32> = 5\n");
    CHECK(state, "shapes.old.Base", "\x13\x08\x05",
          "group group #2 <shapes.old.Base.Group>\n"
          "  number n #1 <int32> = 5\n"
          "  fault = breaks off inside a group\n");
    CHECK(state, "shapes.old.Base", "\x14",
          "fault = a group ends that did not begin\n"
          "bytes rest | 14\n");
    CHECK(state, NULL, "\x1b\x08\x05\x1c",
          "group #3 <group>\n"
          "  number #1 <varint> = 5 ~ sint -3\n");
}

static void extensions_have_their_full_names(void **state)
{
    CHECK(state, "shapes.old.Base", "\xa2\x06\x01x",
          "text shapes.old.first #100 <string> = x\n");
}

static void what_is_no_protobuf_is_bytes(void **state)
{
    CHECK(state, NULL, "\x00\x01",
          "fault = the field number is 0\n"
          "bytes rest | 0001\n");
    CHECK(state, NULL, "\x0f",
          "fault = there is no such wire type\n"
          "bytes rest | 0f\n");
    CHECK(state, NULL, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
          "fault = a number has more than ten bytes\n"
          "bytes rest | 08ffffffffffffffffffffff\n");
}

static void byte_strings_are_guessed_by_their_looks(void **state)
{
    CHECK(state, NULL, "\x0a\x05hello", "text #1 <string> = hello guess\n");
    CHECK(state, NULL, "\x0a\x00",
          "text #1 <string> ~ an empty message guess\n");
    /* Begins with a line's end, and is whole as a message. */
    CHECK(state, NULL,
          "\x0a\x26\x0a\x24"
          "7f1f6a4e-3a52-4d4b-9a3e-0f6f0a1b2c3d",
          "group #1 <message> guess\n"
          "  text #1 <string> = 7f1f6a4e-3a52-4d4b-9a3e-0f6f0a1b2c3d guess\n");
    CHECK(state, NULL, "\x0a\x04\x00\x03\xac\x02",
          "list #1 <packed varints> guess\n"
          "  number = 0 guess\n"
          "  number = 3 guess\n"
          "  number = 300 guess\n");
    CHECK(state, NULL, "\x0a\x08\x00\x00\xc0\x3f\x00\x00\x20\xc0",
          "list #1 <packed floats> guess\n"
          "  number = 1.5 guess\n"
          "  number = -2.5 guess\n");
    CHECK(state, NULL, "\x0a\x04\xff\xd8\xff\xe0",
          "bytes #1 <bytes> | ffd8ffe0\n");
}

static void numbers_have_other_readings(void **state)
{
    CHECK(state, NULL, "\x08\x00", "number #1 <varint> = 0 ~ bool false\n");
    CHECK(state, NULL, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
          "number #1 <varint> = -1 ~ sint -9223372036854775808, uint64 "
          "18446744073709551615\n");
    CHECK(state, NULL, "\x0d\x00\x00\xc0\x3f",
          "number #1 <fixed32> = 1.5 ~ fixed32 1069547520\n");
    CHECK(state, NULL, "\x09\x00\x00\x00\x00\x00\x00\xf8\xbf",
          "number #1 <fixed64> = -1.5 ~ fixed64 13832806255468478464, "
          "sfixed64 -4613937818241073152\n");
}

static bool is_likely(const void *data, size_t len)
{
    return mf_protobuf_is_likely(data, len);
}

static void bytes_of_which_nothing_is_known_may_be_protobuf(void **state)
{
    (void)state;
    assert_true(is_likely("\x08\x01\x12\x05hello", 9));
    assert_true(is_likely("\x0a\x07\x0a\x05hello\x10\x01", 11));
    /* No text, not whole, too short, a picture, zeros, high numbers. */
    assert_false(is_likely("\x08\x01\x10\x02\x18\x03\x20\x04", 8));
    assert_false(is_likely("\x08\x01\x12\x06hello", 9));
    assert_false(is_likely("\x0a\x04text", 6));
    assert_false(is_likely("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16));
    assert_false(is_likely("\0\0\0\0\0\0\0\0\0\0", 10));
    assert_false(is_likely("\xc2\xbb\x01\x06hello!", 10));
    const struct mf_body_http http = {.url = MF_SPAN("https://a/")};
    struct mf_body body = {.place = MF_BODY_MESSAGE,
                           .data = {"\x08\x01\x12\x05hello", 9},
                           .http = &http};
    assert_int_equal(mf_body_kind(&body), MF_BODY_PROTOBUF);
    const struct mf_decode_opts opts = {.inflated_max = 0};
    char *told = dump_body(&body, &opts);
    assert_non_null(strstr(told, "note = read as protobuf by its looks\n"));
    free(told);
    body.http = NULL;
    assert_int_equal(mf_body_kind(&body), MF_BODY_UNKNOWN);
}

static void lengths_before_messages_are_told_by_the_content_type(void **state)
{
    const struct mf_decode_opts opts = {.types = *state};
    struct mf_body body = {
        .place = MF_BODY_RESPONSE,
        .data = {"\x02\x08\x01\x04\x12\x02hi\x05\x08\x02", 11},
        .content_type = MF_SPAN("application/vnd.google.protobuf; "
                                "proto=shapes.Inner; encoding=delimited"),
    };
    char *told = dump_body(&body, &opts);
    assert_string_equal(told, "frame message #1 <shapes.Inner> @0+3\n"
                              "  number n #1 <int32> = 1 @1+2\n"
                              "frame message #2 <shapes.Inner> @3+5\n"
                              "  text s #2 <string> = hi @4+4\n"
                              "frame message #3 <shapes.Inner> @8+3 cut\n"
                              "  number n #1 <int32> = 2 @9+2\n");
    free(told);
    body.content_type =
        MF_SPAN("application/x-protobuf; messageType=\"shapes.Inner\"");
    body.data = (struct mf_span){"\x08\x01", 2};
    told = dump_body(&body, &opts);
    assert_string_equal(told, "number n #1 <int32> = 1 @0+2\n");
    free(told);
}

/* Each level is a message in a message. */
static struct mf_buf nested(unsigned levels, uint32_t field)
{
    struct mf_buf inner, outer;
    mf_buf_init(&inner, 1 << 20);
    mf_buf_init(&outer, 1 << 20);
    mf_wire_put_varint(&inner, 1, 1);
    for (unsigned i = 0; i < levels; i++) {
        mf_buf_clear(&outer);
        assert_int_equal(
            mf_wire_put_bytes(&outer, field, inner.data, inner.len), 0);
        struct mf_buf swap = inner;
        inner = outer;
        outer = swap;
    }
    mf_buf_release(&outer);
    return inner;
}

static void what_is_nested_too_deep_is_bytes(void **state)
{
    static const char *const types[] = {ALL, NULL};
    for (size_t i = 0; i < 2; i++) {
        struct mf_buf bytes = nested(500, 18);
        char *told = dump(*state, types[i], bytes.data, bytes.len);
        assert_non_null(strstr(told, "nested too deep to be shown"));
        free(told);
        mf_buf_release(&bytes);
    }
    /* Groups, that have no length. */
    char groups[2000];
    memset(groups, 0x0b, sizeof groups);
    char *told = dump(*state, NULL, groups, sizeof groups);
    assert_non_null(strstr(told, "nested too deep to be shown"));
    free(told);
}

/* Were each level read anew for each guess, this would not end. */
static void guesses_cost_no_more_than_their_depth(void **state)
{
    enum { WIDTH = 3000, LEVELS = 60 };
    struct mf_buf inner, outer;
    struct mf_view view;
    size_t count;
    (void)state;
    mf_buf_init(&inner, 1 << 20);
    for (int i = 0; i < WIDTH; i++)
        mf_wire_put_bytes(&inner, 1, "\x08\x01", 2);
    for (int i = 0; i < LEVELS; i++) {
        mf_buf_init(&outer, 1 << 20);
        mf_wire_put_bytes(&outer, 1, inner.data, inner.len);
        mf_buf_release(&inner);
        inner = outer;
    }
    struct mf_buf out;
    mf_buf_init(&out, 1 << 24);
    const struct mf_protobuf pb = {.view = &view};
    mf_view_init(&view, 100000, dump_node, &out);
    assert_int_equal(mf_protobuf_put(&pb, NULL, inner.data, inner.len), 0);
    count = 100000 - view.nodes_left;
    assert_int_equal(count, LEVELS + 2 * WIDTH);
    mf_buf_release(&out);
    mf_buf_release(&inner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_cut_shows_what_is_there_and_what_is_not),
        cmocka_unit_test(a_field_of_another_wire_type_is_shown_as_it_is),
        cmocka_unit_test(unknown_fields_are_shown_raw),
        cmocka_unit_test(repeated_numbers_may_be_packed_or_not),
        cmocka_unit_test(an_unknown_number_of_an_enum_is_a_number),
        cmocka_unit_test(a_string_that_is_not_utf8_is_bytes),
        cmocka_unit_test(map_entries_are_named_by_their_keys),
        cmocka_unit_test(a_time_out_of_range_is_shown_by_its_fields),
        cmocka_unit_test(any_of_an_unknown_type_is_guessed),
        cmocka_unit_test(groups_are_read_and_their_ends_must_fit),
        cmocka_unit_test(extensions_have_their_full_names),
        cmocka_unit_test(what_is_no_protobuf_is_bytes),
        cmocka_unit_test(byte_strings_are_guessed_by_their_looks),
        cmocka_unit_test(numbers_have_other_readings),
        cmocka_unit_test(bytes_of_which_nothing_is_known_may_be_protobuf),
        cmocka_unit_test(lengths_before_messages_are_told_by_the_content_type),
        cmocka_unit_test(what_is_nested_too_deep_is_bytes),
        cmocka_unit_test(guesses_cost_no_more_than_their_depth),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
