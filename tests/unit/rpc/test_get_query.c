#include "../cmocka.h"

#include <string.h>

#include "rpc/protocol.h"

enum { MAX_LEN = 64 };

static int parse(const char *path, struct mf_get_query *query,
                 struct mf_buf *message)
{
    mf_buf_init(message, MAX_LEN);
    return mf_get_query_parse(path, query, message);
}

static void assert_message(const char *path, bool is_json,
                           enum mf_encoding encoding, const char *expected)
{
    struct mf_get_query query;
    struct mf_buf message;
    assert_int_equal(parse(path, &query, &message), 0);
    assert_int_equal(query.is_json, is_json);
    assert_int_equal(query.encoding, encoding);
    assert_int_equal(message.len, strlen(expected));
    if (message.len)
        assert_memory_equal(message.data, expected, message.len);
    mf_buf_release(&message);
}

static void a_message_is_found_in_any_place(void **state)
{
    (void)state;
    assert_message("/p?encoding=json&message=%7b%7D", true,
                   MF_ENCODING_IDENTITY, "{}");
    assert_message("/p?message=a+b&x=y&connect=v1&encoding=proto", false,
                   MF_ENCODING_IDENTITY, "a b");
    assert_message("/p?encoding=proto&message=", false, MF_ENCODING_IDENTITY,
                   "");
    assert_message("/p?encoding=json&compression=gzip&base64=1&message=eHl6",
                   true, MF_ENCODING_GZIP, "xyz");
    assert_message("/p?encoding=proto&base64=1&message=-_%2D%5f", false,
                   MF_ENCODING_IDENTITY, "\xfb\xff\xbf");
    assert_message("/p?encoding=proto&base64=0&message=eHl6", false,
                   MF_ENCODING_IDENTITY, "eHl6");
}

static void bad_queries_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int rc;
    } cases[] = {
        {"/p", MF_ENOENT},
        {"/p?encoding=xml&message=", MF_ENOENT},
        {"/p?encoding=json", MF_EINVAL},
        {"/p?encoding=json&messages=x", MF_EINVAL},
        {"/p?encoding=json&message=x&connect=v2", MF_EINVAL},
        {"/p?encoding=json&message=x&base64=1", MF_EINVAL},
        {"/p?encoding=json&message=x&compression=lzw", MF_EUNSUPPORTED},
        {"/p?encoding=js%00on&message=x", MF_EINVAL},
        {"/p?encoding=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaa&message=x",
         MF_EINVAL},
        {"/p?encoding=json&message="
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "x",
         MF_EFULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mf_get_query query;
        struct mf_buf message;
        assert_int_equal(parse(cases[i].path, &query, &message), cases[i].rc);
        mf_buf_release(&message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_found_in_any_place),
        cmocka_unit_test(bad_queries_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
