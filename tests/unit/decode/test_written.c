/* What is written without the C library, beside what the library writes. */
#include "../cmocka.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "decode/dns_record.h"
#include "decode/value.h"

/* Words that make runs of zeros, of all lengths and places. */
static void fill(uint8_t bytes[16], unsigned seed)
{
    for (int i = 0; i < 8; i++) {
        seed = seed * 1664525 + 1013904223;
        unsigned draw = seed >> 16 & 7;
        unsigned word = draw < 4    ? 0
                        : draw == 4 ? 1
                        : draw == 5 ? 0xffff
                                    : seed >> 16 & 0xffff >> (seed >> 28);
        bytes[2 * i] = (uint8_t)(word >> 8);
        bytes[2 * i + 1] = (uint8_t)word;
    }
}

static void assert_written(int family, const uint8_t *bytes)
{
    char wanted[INET6_ADDRSTRLEN];
    struct mf_dns_data data;
    assert_non_null(inet_ntop(family, bytes, wanted, sizeof wanted));
    mf_dns_data_init(&data, MF_SPAN_NONE);
    mf_dns__put_address(&data, family, bytes);
    assert_int_equal(data.error, 0);
    assert_int_equal(data.text.len, strlen(wanted));
    assert_memory_equal(data.text.data, wanted, data.text.len);
    mf_dns_data_release(&data);
}

static void addresses_are_written_as_inet_ntop_writes_them(void **state)
{
    uint8_t bytes[16] = {0};
    (void)state;
    assert_written(AF_INET6, bytes);
    for (unsigned seed = 0; seed < 20000; seed++) {
        fill(bytes, seed);
        assert_written(AF_INET6, bytes);
        assert_written(AF_INET, bytes + seed % 12);
    }
}

static void assert_time_written(time_t seconds)
{
    struct tm tm;
    char room[MF_VALUE_ROOM], wanted[MF_VALUE_ROOM];
    assert_non_null(gmtime_r(&seconds, &tm));
    size_t len = (size_t)snprintf(wanted, sizeof wanted, "%04d-%02d-%02d",
                                  tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    strftime(wanted + len, sizeof wanted - len, "T%H:%M:%SZ", &tm);
    struct mf_span text = mf_value_time(seconds, 0, room);
    assert_int_equal(text.len, strlen(wanted));
    assert_memory_equal(text.text, wanted, text.len);
}

static void moments_are_written_as_strftime_writes_them(void **state)
{
    /* The years 0000 to 9999, at another time of each day. */
    enum { STEP = 86399 };
    static const int64_t first = -62167219200, last = 253402300799;
    (void)state;
    for (int64_t seconds = first; seconds <= last; seconds += STEP)
        assert_time_written((time_t)seconds);
    assert_time_written((time_t)last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_written_as_inet_ntop_writes_them),
        cmocka_unit_test(moments_are_written_as_strftime_writes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
