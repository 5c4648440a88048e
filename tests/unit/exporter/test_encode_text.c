#include "../cmocka.h"

#include "base/error.h"
#include "exporter/hooks/encode_text.h"

static void a_string_field_is_always_utf8(void **state)
{
    (void)state;
    static const uint32_t chars[] = {'y', 0xdcff, 0xe9};
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 20);
    mf_encoder_text(&enc, 6, "x\xff", 2, MF_TEXT_PERCENT);
    mf_encoder_ucs4(&enc, 7, chars, 3, MF_TEXT_REPLACE);
    mf_encoder_text(&enc, 8, "", 0, MF_TEXT_REPLACE);
    assert_int_equal(enc.error, 0);
    static const char want[] = "\x32\x04x%FF\x3a\x06y\xef\xbf\xbd\xc3\xa9";
    assert_int_equal(enc.buf.len, sizeof want - 1);
    assert_memory_equal(enc.buf.data, want, sizeof want - 1);
    mf_encoder_release(&enc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_string_field_is_always_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
