#include "../cmocka.h"

#include <string.h>

#include "client/reply.h"

static struct mf_schema *schema;

static int set_up(void **state)
{
    (void)state;
    return mf_schema_new(mf_pb_descriptors, mf_pb_descriptors_len, &schema,
                         NULL);
}

static int tear_down(void **state)
{
    (void)state;
    mf_schema_free(schema);
    return 0;
}

enum { MAX_LEN = 4096, TOLD_CAP = 256 };

/* What came of an answer that arrived in pieces of `step` bytes. */
struct outcome {
    int rc;
    char messages[TOLD_CAP]; /* each in brackets */
    bool has_ended;
    char code[64];
    char message[64];
    char detail[64]; /* the first one's type */
    struct mf_err err;
};

static void read_piece(struct mf_reply *reply, const uint8_t *data, size_t len,
                       struct outcome *outcome)
{
    struct mf_envelope_message message;
    while ((outcome->rc = mf_reply_next(reply, &data, &len, &message,
                                        &outcome->err)) == 1) {
        strncat(outcome->messages, "[", 2);
        strncat(outcome->messages, (const char *)message.data, message.len);
        strncat(outcome->messages, "]", 2);
    }
}

static struct outcome read_all(const uint8_t *data, size_t len, size_t step)
{
    struct outcome outcome = {0};
    struct mf_reply reply;
    mf_reply_init(&reply, schema, MAX_LEN);
    for (size_t at = 0; at < len && outcome.rc >= 0; at += step)
        read_piece(&reply, data + at, len - at < step ? len - at : step,
                   &outcome);
    outcome.has_ended = reply.has_ended;
    const Connectrpc__Error *error = mf_reply_error(&reply);
    if (error) {
        strncpy(outcome.code, error->code, sizeof outcome.code - 1);
        strncpy(outcome.message, error->message, sizeof outcome.message - 1);
        if (error->n_details)
            strncpy(outcome.detail, error->details[0]->type,
                    sizeof outcome.detail - 1);
    }
    mf_reply_release(&reply);
    return outcome;
}

#define READ(bytes, step) \
    read_all((const uint8_t *)(bytes), sizeof(bytes) - 1, step)

static void messages_and_a_good_end_come_out_however_they_were_split(void **s)
{
    (void)s;
    const char bytes[] = "\0\0\0\0\3one\0\0\0\0\0\0\0\0\0\3two\2\0\0\0\2{}";
    for (size_t step = 1; step < sizeof bytes; step++) {
        struct outcome outcome = READ(bytes, step);
        assert_int_equal(outcome.rc, 0);
        assert_string_equal(outcome.messages, "[one][][two]");
        assert_true(outcome.has_ended);
        assert_string_equal(outcome.code, "");
    }
}

static void an_error_at_the_end_has_code_message_and_details(void **state)
{
    (void)state;
    const char json[] =
        "{\"error\":{\"code\":\"invalid_argument\",\"message\":\"no \\u001b\","
        "\"details\":[{\"type\":\"mitmflow.v1.FilterError\",\"value\":\"CgE\","
        "\"debug\":{\"a\":[1]}}]},\"metadata\":{\"x\":[\"y\"]}}";
    uint8_t bytes[MF_ENVELOPE_PREFIX_LEN + sizeof json - 1];
    mf_envelope_prefix(MF_ENVELOPE_END_STREAM, sizeof json - 1, bytes);
    memcpy(bytes + MF_ENVELOPE_PREFIX_LEN, json, sizeof json - 1);
    struct outcome outcome = read_all(bytes, sizeof bytes, 7);
    assert_int_equal(outcome.rc, 0);
    assert_true(outcome.has_ended);
    assert_string_equal(outcome.code, "invalid_argument");
    assert_string_equal(outcome.message, "no \033");
    assert_string_equal(outcome.detail, "mitmflow.v1.FilterError");
}

static void what_is_no_connect_stream_is_refused(void **state)
{
    (void)state;
    assert_int_equal(READ("HTTP/1.1 200 OK", 1).rc, MF_ECORRUPT);
    assert_int_equal(READ("\1\0\0\0\0", 5).rc, MF_ECORRUPT);
    assert_int_equal(READ("\0\0\0\x10\1", 5).rc, MF_EFULL);
    assert_int_equal(READ("\2\0\0\0\1{", 6).rc, MF_ECORRUPT);
    assert_int_equal(READ("\2\0\0\0\2[]", 7).rc, MF_ECORRUPT);
    assert_int_equal(READ("\2\0\0\0\2{}\0", 8).rc, MF_ECORRUPT);
    assert_false(READ("\2\0\0\0\2{", 6).has_ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            messages_and_a_good_end_come_out_however_they_were_split),
        cmocka_unit_test(an_error_at_the_end_has_code_message_and_details),
        cmocka_unit_test(what_is_no_connect_stream_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
