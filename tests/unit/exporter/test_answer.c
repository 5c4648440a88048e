#include "../cmocka.h"

#include <string.h>

#include "base/error.h"
#include "exporter/sender/answer.h"

static void header(struct mf_answer *answer, const char *name,
                   const char *value)
{
    mf_answer_header(answer, (const uint8_t *)name, strlen(name),
                     (const uint8_t *)value, strlen(value));
}

/* An answer of `status`, `type` and `grpc_status` (NULL: none) with a body. */
static void make(struct mf_answer *answer, const char *status, const char *type,
                 const char *grpc_status, const void *body, size_t len)
{
    mf_answer_init(answer);
    header(answer, ":status", status);
    if (type)
        header(answer, "content-type", type);
    /* One byte at a time: the split must not matter. */
    for (size_t i = 0; i < len; i++)
        mf_answer_data(answer, (const uint8_t *)body + i, 1);
    if (grpc_status)
        header(answer, "grpc-status", grpc_status);
}

static enum mf_greeting greeting(const char *status, const char *type,
                                 const char *grpc_status, const void *body,
                                 size_t len)
{
    struct mf_answer answer;
    struct mf_hello hello;
    make(&answer, status, type, grpc_status, body, len);
    mf_hello_read(&answer, &hello);
    mf_answer_release(&answer);
    return hello.greeting;
}

#define GRPC "application/grpc"
/* takes { raw_bodies: true } */
#define TAKES_RAW "\0\0\0\0\4\x12\2\x08\1"

static void a_server_that_takes_raw_bodies_gets_them(void **state)
{
    (void)state;
    assert_int_equal(greeting("200", GRPC, "0", TAKES_RAW, 9),
                     MF_GREETING_RICH);
    assert_int_equal(greeting("200", GRPC "+proto", "0", TAKES_RAW, 9),
                     MF_GREETING_RICH);
    /* It answers Hello, but takes nothing of ours. */
    assert_int_equal(greeting("200", GRPC, "0", "\0\0\0\0\0", 5),
                     MF_GREETING_PUBLISHED);
}

static void a_server_without_hello_gets_the_published_form(void **state)
{
    (void)state;
    assert_int_equal(greeting("200", GRPC, "12", "", 0), MF_GREETING_PUBLISHED);
    static const char *const statuses[] = {"404", "405", "415", "400", "301"};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        assert_int_equal(greeting(statuses[i], "text/plain", NULL, "", 0),
                         MF_GREETING_PUBLISHED);
    assert_int_equal(greeting("200", "text/html", NULL, "<p>", 3),
                     MF_GREETING_PUBLISHED);
    assert_int_equal(greeting("200", "application/grpc-web", NULL, "", 0),
                     MF_GREETING_PUBLISHED);
}

static void a_server_that_cannot_now_is_asked_again(void **state)
{
    (void)state;
    assert_int_equal(greeting("200", GRPC, "14", "", 0), MF_GREETING_REFUSED);
    assert_int_equal(greeting("200", GRPC, "16", "", 0), MF_GREETING_REFUSED);
    assert_int_equal(greeting("200", GRPC, "x", "", 0), MF_GREETING_REFUSED);
    assert_int_equal(greeting("200", GRPC, NULL, TAKES_RAW, 9),
                     MF_GREETING_REFUSED);
    static const char *const statuses[] = {"401", "403", "429", "500", "503"};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        assert_int_equal(greeting(statuses[i], "text/plain", NULL, "", 0),
                         MF_GREETING_REFUSED);
    struct mf_answer answer;
    struct mf_hello hello;
    mf_answer_init(&answer);
    mf_hello_read(&answer, &hello);
    assert_int_equal(hello.greeting, MF_GREETING_REFUSED);
    mf_answer_release(&answer);
}

static void a_broken_hello_is_refused(void **state)
{
    (void)state;
    assert_int_equal(greeting("200", GRPC, "0", TAKES_RAW, 8),
                     MF_GREETING_REFUSED);
    assert_int_equal(greeting("200", GRPC, "0", "\1\0\0\0\0", 5),
                     MF_GREETING_REFUSED);
    assert_int_equal(greeting("200", GRPC, "0", "\0\0\0\0\1\x12", 6),
                     MF_GREETING_REFUSED);
    assert_int_equal(greeting("200", GRPC, "0", "\0\xff\xff\xff\xff", 5),
                     MF_GREETING_REFUSED);
}

static void the_limit_and_version_are_read(void **state)
{
    (void)state;
    struct mf_answer answer;
    struct mf_hello hello;
    make(&answer, "200", GRPC, "0",
         "\0\0\0\0\x0c\x0a\3"
         "1\x1b"
         "2\x12\2\x08\1\x18\x80\x01",
         17);
    mf_hello_read(&answer, &hello);
    assert_int_equal(hello.greeting, MF_GREETING_RICH);
    assert_string_equal(hello.version, "1?2");
    assert_int_equal(hello.max_message_len, 128);
    mf_answer_release(&answer);
}

static void an_acknowledgement_has_its_counts(void **state)
{
    (void)state;
    struct mf_answer answer;
    struct mf_ack ack;
    make(&answer, "200", GRPC, "0", "\0\0\0\0\7\x10\1\x18\x05\xa0\x06\x02", 12);
    assert_int_equal(mf_ack_read(&answer, &ack), 0);
    assert_int_equal(ack.processed, 5);
    assert_int_equal(ack.rejected, 2);
    mf_answer_release(&answer);

    make(&answer, "200", GRPC, "14", "\0\0\0\0\2\x18\x05", 7);
    assert_int_equal(mf_ack_read(&answer, &ack), MF_EINVAL);
    mf_answer_release(&answer);
    make(&answer, "200", GRPC, "0", "\0\0\0\0\2\x18", 6);
    assert_int_equal(mf_ack_read(&answer, &ack), MF_ETRUNC);
    mf_answer_release(&answer);
}

static void an_acknowledgement_names_the_flows_that_are_missing(void **state)
{
    (void)state;
    struct mf_answer answer;
    struct mf_ack ack;
    make(&answer, "200", GRPC, "0", "\0\0\0\0\2\x18\x05", 7);
    assert_int_equal(mf_ack_read(&answer, &ack), 0);
    assert_false(ack.has_missing);
    mf_answer_release(&answer);

    make(&answer, "200", GRPC, "0",
         "\0\0\0\0\x0b\x18\x05\xb2\x06\2ab\xb2\x06\1z", 16);
    assert_int_equal(mf_ack_read(&answer, &ack), 0);
    assert_int_equal(ack.processed, 5);
    assert_true(ack.has_missing);
    assert_true(mf_ack_is_missing(&ack, (const uint8_t *)"ab", 2));
    assert_true(mf_ack_is_missing(&ack, (const uint8_t *)"z", 1));
    assert_false(mf_ack_is_missing(&ack, (const uint8_t *)"a", 1));
    assert_false(mf_ack_is_missing(&ack, (const uint8_t *)"", 0));
    mf_answer_release(&answer);
}

static void appends_are_for_a_server_that_takes_them(void **state)
{
    (void)state;
    struct mf_answer answer;
    struct mf_hello hello;
    make(&answer, "200", GRPC, "0", TAKES_RAW, 9);
    mf_hello_read(&answer, &hello);
    assert_false(hello.takes_appends);
    mf_answer_release(&answer);
    /* takes { raw_bodies: true, appended_messages: true } */
    make(&answer, "200", GRPC, "0", "\0\0\0\0\6\x12\4\x08\1\x10\1", 11);
    mf_hello_read(&answer, &hello);
    assert_true(hello.takes_appends);
    mf_answer_release(&answer);
}

static void an_endless_answer_is_not_kept(void **state)
{
    (void)state;
    static const uint8_t zeros[1000];
    struct mf_answer answer;
    struct mf_ack ack;
    make(&answer, "200", GRPC, "0", "", 0);
    for (int i = 0; i < 1000; i++)
        mf_answer_data(&answer, zeros, sizeof zeros);
    assert_true(answer.data.len <= MF_ANSWER_MAX_LEN);
    assert_int_equal(mf_ack_read(&answer, &ack), MF_EFULL);
    mf_answer_release(&answer);
}

static void a_servers_words_are_short_and_printable(void **state)
{
    (void)state;
    struct mf_answer answer;
    char long_text[1000], out[300];
    memset(long_text, '\n', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    make(&answer, "200", GRPC, "13", "", 0);
    header(&answer, "grpc-message", long_text);
    mf_answer_describe(&answer, out, sizeof out);
    assert_null(strchr(out, '\n'));
    assert_true(strlen(out) < MF_ANSWER_TEXT_CAP + 32);
    assert_memory_equal(out, "gRPC status 13: ?", 17);
    mf_answer_release(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_takes_raw_bodies_gets_them),
        cmocka_unit_test(a_server_without_hello_gets_the_published_form),
        cmocka_unit_test(a_server_that_cannot_now_is_asked_again),
        cmocka_unit_test(a_broken_hello_is_refused),
        cmocka_unit_test(the_limit_and_version_are_read),
        cmocka_unit_test(an_acknowledgement_has_its_counts),
        cmocka_unit_test(an_acknowledgement_names_the_flows_that_are_missing),
        cmocka_unit_test(appends_are_for_a_server_that_takes_them),
        cmocka_unit_test(an_endless_answer_is_not_kept),
        cmocka_unit_test(a_servers_words_are_short_and_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
