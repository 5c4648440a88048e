#include "support.h"

#include "flow/details.h"

static void data_reads(const char *type, const void *data, size_t len,
                       const char *want)
{
    /* A message that compressed names point into: "example.com" at 12. */
    static const char packed[] = "............\7example\3com\0\xc0\x19";
    char text[128];
    size_t text_len = mf_flow__dns_data_text(
        (struct mf_span){type, strlen(type)}, (struct mf_span){data, len},
        (struct mf_span){packed, sizeof packed - 1}, text, sizeof text);
    assert_int_equal(text_len, strlen(want));
    assert_memory_equal(text, want, text_len);
}

static void addresses_are_written_as_addresses(void **state)
{
    (void)state;
    data_reads("A", "\xc0\0\x02\x07", 4, "192.0.2.7");
    data_reads("AAAA", "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16,
               "2001:db8::1");
    data_reads("A", "\xc0\0\x02", 3, "");
    data_reads("AAAA", "\xc0\0\x02\x07", 4, "");
}

static void names_are_followed_into_the_message(void **state)
{
    (void)state;
    data_reads("CNAME", "\3www\7example\3org", 17, "www.example.org");
    data_reads("CNAME", "\3www\xc0\x0c", 6, "www.example.com");
    data_reads("MX", "\0\x0a\4mail\xc0\x0c", 9, "mail.example.com");
    data_reads("NS", "\0", 1, ".");
    data_reads("TXT", "\3one\4 two", 9, "one two");
}

static void hostile_names_end(void **state)
{
    (void)state;
    data_reads("CNAME", "\xc0\x19", 2, ""); /* points to itself */
    data_reads("CNAME", "\xff\xff", 2, ""); /* beyond the message */
    data_reads("CNAME", "\3ww", 3, "");
    data_reads("CNAME", "\x40xx", 3, "");
    data_reads("CNAME", "", 0, "");
    data_reads("TXT", "\x09zz", 3, "");
    data_reads("SOA", "\3www\0", 5, "");
    char longest[200];
    memset(longest, 63, sizeof longest);
    data_reads("CNAME", longest, sizeof longest, ""); /* over the room */
}

static void bytes_that_are_not_text_are_escaped(void **state)
{
    (void)state;
    data_reads("CNAME", "\3a\0\xff\0", 5, "a\\000\\255");
    data_reads("TXT", "\4\xc3\xa9\n!", 5, "\\195\\169\\010!");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_written_as_addresses),
        cmocka_unit_test(names_are_followed_into_the_message),
        cmocka_unit_test(hostile_names_end),
        cmocka_unit_test(bytes_that_are_not_text_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
