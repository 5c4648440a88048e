#include "../cmocka.h"

#include <string.h>

#include "base/error.h"
#include "exporter/hooks/dns_pack.h"

static void a_message_is_packed_as_rfc_1035_says(void **state)
{
    (void)state;
    static const uint8_t expected[] =
        "\x12\x34\x81\x80\0\1\0\1\0\0\0\0"
        "\7example\3com\0\0\1\0\1"
        "\7example\3com\0\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\7";
    struct mf_dns_head head = {0x1234, 0x8180, {1, 1, 0, 0}};
    struct mf_buf out;
    mf_buf_init(&out, 1000);
    assert_int_equal(mf_dns_put_head(&out, &head), 0);
    assert_int_equal(mf_dns_put_question(&out, "example.com", 11, 1, 1), 0);
    assert_int_equal(
        mf_dns_put_record(&out, "example.com", 11, 1, 1, 60, "\xc0\0\2\7", 4),
        0);
    assert_int_equal(out.len, sizeof expected - 1);
    assert_memory_equal(out.data, expected, out.len);
    mf_buf_release(&out);
}

static void the_root_is_one_zero_byte(void **state)
{
    (void)state;
    struct mf_buf out;
    mf_buf_init(&out, 100);
    assert_int_equal(mf_dns_put_question(&out, "", 0, 2, 1), 0);
    assert_memory_equal(out.data, "\0\0\2\0\1", 5);
    mf_buf_release(&out);
}

static void odd_names_and_numbers_are_refused(void **state)
{
    (void)state;
    char longest[65];
    memset(longest, 'a', sizeof longest);
    struct mf_buf out;
    mf_buf_init(&out, 1000);
    assert_int_equal(mf_dns_put_question(&out, "a..b", 4, 1, 1),
                     MF_EUNSUPPORTED);
    assert_int_equal(mf_dns_put_question(&out, "a.", 2, 1, 1), MF_EUNSUPPORTED);
    assert_int_equal(mf_dns_put_question(&out, "\xc3\xa9", 2, 1, 1),
                     MF_EUNSUPPORTED);
    assert_int_equal(mf_dns_put_question(&out, longest, 64, 1, 1),
                     MF_EUNSUPPORTED);
    assert_int_equal(mf_dns_put_question(&out, longest, 63, 1, 1), 0);
    assert_int_equal(mf_dns_put_question(&out, "a", 1, 65536, 1), MF_EINVAL);
    assert_int_equal(mf_dns_put_record(&out, "a", 1, 1, 1, -1, "", 0),
                     MF_EINVAL);
    struct mf_dns_head head = {-1, 0, {0}};
    assert_int_equal(mf_dns_put_head(&out, &head), MF_EINVAL);
    mf_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_packed_as_rfc_1035_says),
        cmocka_unit_test(the_root_is_one_zero_byte),
        cmocka_unit_test(odd_names_and_numbers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
