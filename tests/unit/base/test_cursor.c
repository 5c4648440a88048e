#include "../cmocka.h"

#include "base/cursor.h"
#include "base/error.h"

static void reads_past_the_end_yield_zero_and_stick(void **state)
{
    (void)state;
    struct mf_cursor c = mf_cursor_make("\x01\x02\x03", 3);
    assert_int_equal(mf_cursor_be16(&c), 0x0102);
    assert_int_equal(mf_cursor_be32(&c), 0);
    assert_int_equal(c.error, MF_ETRUNC);
    assert_int_equal(mf_cursor_u8(&c), 0);
    assert_true(mf_cursor_done(&c));
}

static void a_length_beyond_memory_is_refused(void **state)
{
    (void)state;
    struct mf_cursor c = mf_cursor_make("abc", 3);
    assert_null(mf_cursor_bytes(&c, UINT64_MAX));
    assert_int_equal(c.error, MF_ETRUNC);
}

static void varints_take_all_64_bits_and_no_more(void **state)
{
    (void)state;
    struct mf_cursor c =
        mf_cursor_make("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
    assert_true(mf_cursor_varint(&c) == UINT64_MAX);
    assert_int_equal(c.error, 0);
    c = mf_cursor_make("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
    mf_cursor_varint(&c);
    assert_int_equal(c.error, MF_ECORRUPT);
    c = mf_cursor_make("\x80", 1);
    mf_cursor_varint(&c);
    assert_int_equal(c.error, MF_ETRUNC);
}

static void a_cursor_over_nothing_is_at_its_end(void **state)
{
    (void)state;
    struct mf_cursor c = mf_cursor_make(NULL, 0);
    assert_true(mf_cursor_done(&c));
    assert_int_equal(c.error, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_past_the_end_yield_zero_and_stick),
        cmocka_unit_test(a_length_beyond_memory_is_refused),
        cmocka_unit_test(varints_take_all_64_bits_and_no_more),
        cmocka_unit_test(a_cursor_over_nothing_is_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
