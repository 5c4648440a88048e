#include "../cmocka.h"

#include <string.h>

#include "codec/base64.h"
#include "rpc/ending.h"

static void assert_text(const struct mf_buf *out, const char *expected)
{
    assert_int_equal(out->len, strlen(expected));
    if (out->len)
        assert_memory_equal(out->data, expected, out->len);
}

static void assert_json(const struct mf_ending *ending, const char *expected)
{
    struct mf_buf out;
    mf_buf_init(&out, 1024);
    assert_int_equal(mf_ending_json(ending, &out), 0);
    assert_text(&out, expected);
    mf_buf_release(&out);
}

static void assert_stream_json(const struct mf_ending *ending,
                               const struct mf_metadata *trailers,
                               const char *expected)
{
    struct mf_buf out;
    mf_buf_init(&out, 1024);
    assert_int_equal(mf_ending_stream_json(ending, trailers, &out), 0);
    assert_text(&out, expected);
    mf_buf_release(&out);
}

static const struct mf_error_detail details[] = {
    {.type = "a.B", .value = (const uint8_t *)"\x08\x96\x01", .len = 3},
    {.type = "a.Empty", .value = NULL, .len = 0},
};

static void errors_are_json_whatever_their_text(void **state)
{
    (void)state;
    struct mf_ending ending = {.status = MF_STATUS_NOT_FOUND};
    assert_json(&ending, "{\"code\":\"not_found\"}");
    ending.message = "";
    assert_json(&ending, "{\"code\":\"not_found\"}");
    ending.message = "a\"\\\n\x01\x7f\xc3\xa4";
    assert_json(&ending, "{\"code\":\"not_found\",\"message\":"
                         "\"a\\\"\\\\\\u000a\\u0001\\u007f\xc3\xa4\"}");
}

static void messages_become_text(void **state)
{
    (void)state;
    static char longest[MF_CALL_MESSAGE_MAX_LEN + 3];
    struct mf_buf out;
    mf_buf_init(&out, SIZE_MAX);
    mf_ending_clean_message("\xff\xc3 a", &out);
    assert_string_equal(out.data, "?? a");
    mf_buf_clear(&out);
    mf_ending_clean_message("\xc3\xa4", &out);
    assert_string_equal(out.data, "\xc3\xa4");
    mf_buf_clear(&out);
    memset(longest, 'x', sizeof longest - 1);
    memcpy(longest + MF_CALL_MESSAGE_MAX_LEN - 1, "\xc3\xa4", 2);
    mf_ending_clean_message(longest, &out);
    assert_int_equal(out.len, MF_CALL_MESSAGE_MAX_LEN);
    assert_int_equal(out.data[out.len - 2], 'x');
    mf_buf_release(&out);
}

static void details_are_unpadded_in_json(void **state)
{
    (void)state;
    const struct mf_ending ending = {.status = MF_STATUS_ABORTED,
                                     .message = "m",
                                     .details = details,
                                     .detail_count = 2};
    assert_json(&ending, "{\"code\":\"aborted\",\"message\":\"m\",\"details\":["
                         "{\"type\":\"a.B\",\"value\":\"CJYB\"},"
                         "{\"type\":\"a.Empty\",\"value\":\"\"}]}");
}

static void the_end_of_a_stream_gathers_repeated_trailers(void **state)
{
    (void)state;
    const struct mf_ending ok = {.status = MF_STATUS_OK};
    const struct mf_ending error = {.status = MF_STATUS_UNKNOWN};
    struct mf_metadata trailers;
    mf_metadata_init(&trailers);
    assert_stream_json(&ok, &trailers, "{}");
    assert_stream_json(&error, &trailers, "{\"error\":{\"code\":\"unknown\"}}");
    mf_metadata_add(&trailers, "b", "1");
    mf_metadata_add(&trailers, "a", "\"");
    mf_metadata_add(&trailers, "b", "2");
    assert_stream_json(&ok, &trailers,
                       "{\"metadata\":{\"b\":[\"1\",\"2\"],\"a\":[\"\\\"\"]}}");
    assert_stream_json(&error, &trailers,
                       "{\"error\":{\"code\":\"unknown\"},"
                       "\"metadata\":{\"b\":[\"1\",\"2\"],\"a\":[\"\\\"\"]}}");
    mf_metadata_release(&trailers);
}

static void grpc_has_code_text_and_details_in_one(void **state)
{
    (void)state;
    static const char expected[] =
        "\x08\x05\x12\x01m"
        "\x1a\x1e\x0a\x17type.googleapis.com/a.B"
        "\x12\x03\x08\x96\x01"
        "\x1a\x1d\x0a\x1btype.googleapis.com/a.Empty";
    struct mf_ending ending = {.status = MF_STATUS_NOT_FOUND,
                               .message = "m",
                               .details = details,
                               .detail_count = 2};
    struct mf_buf out, plain;
    mf_buf_init(&out, 1024);
    mf_buf_init(&plain, 1024);
    assert_int_equal(mf_ending_grpc_details(&ending, &out), 0);
    assert_null(memchr(out.data, '=', out.len));
    assert_int_equal(mf_base64_decode((const char *)out.data, out.len, &plain),
                     0);
    assert_int_equal(plain.len, sizeof expected - 1);
    assert_memory_equal(plain.data, expected, plain.len);
    mf_buf_clear(&out);
    ending.detail_count = 0;
    assert_int_equal(mf_ending_grpc_details(&ending, &out), 0);
    assert_int_equal(out.len, 0);
    mf_buf_release(&out);
    mf_buf_release(&plain);
}

static void grpc_messages_are_percent_encoded(void **state)
{
    (void)state;
    struct mf_ending ending = {.status = MF_STATUS_UNKNOWN,
                               .message = "100% \xc3\xa4\r\n\x7f~"};
    struct mf_buf out;
    mf_buf_init(&out, 1024);
    assert_int_equal(mf_ending_grpc_message(&ending, &out), 0);
    assert_text(&out, "100%25 %C3%A4%0D%0A%7F~");
    mf_buf_clear(&out);
    ending.message = "  a b ";
    mf_ending_grpc_message(&ending, &out);
    assert_text(&out, "%20%20a b%20");
    mf_buf_clear(&out);
    ending.message = "  ";
    mf_ending_grpc_message(&ending, &out);
    assert_text(&out, "%20%20");
    mf_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_json_whatever_their_text),
        cmocka_unit_test(messages_become_text),
        cmocka_unit_test(details_are_unpadded_in_json),
        cmocka_unit_test(the_end_of_a_stream_gathers_repeated_trailers),
        cmocka_unit_test(grpc_has_code_text_and_details_in_one),
        cmocka_unit_test(grpc_messages_are_percent_encoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
