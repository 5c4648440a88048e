#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "pb/encoder.h"
#include "pb/wire.h"

/* The message with its splices put in; the caller frees it. */
static uint8_t *flatten(const struct mf_encoder *enc, size_t *ret_len)
{
    size_t len = mf_encoder_len(enc), at = 0, done = 0;
    uint8_t *flat = malloc(len + 1);
    for (size_t i = 0; i < enc->splice_count; i++) {
        const struct mf_splice *splice = &enc->splices[i];
        memcpy(flat + done, enc->buf.data + at, splice->at - at);
        done += splice->at - at;
        memcpy(flat + done, splice->data, splice->len);
        done += splice->len;
        at = splice->at;
    }
    memcpy(flat + done, enc->buf.data + at, enc->buf.len - at);
    assert_int_equal(done + enc->buf.len - at, len);
    *ret_len = len;
    return flat;
}

/* The same nested message with and without splices is the same bytes. */
static uint8_t *encode(size_t body_len, void *object, size_t *ret_len,
                       size_t *ret_splices)
{
    uint8_t *body = malloc(body_len + 1);
    for (size_t i = 0; i < body_len; i++)
        body[i] = (uint8_t)(i * 7);
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 20);
    struct mf_mark outer = mf_encoder_begin(&enc, 1);
    struct mf_mark first = mf_encoder_begin(&enc, 2);
    mf_encoder_varint_opt(&enc, 1, 7);
    mf_encoder_body(&enc, 4, body, body_len, object);
    mf_encoder_bytes(&enc, 5, "abc", 3);
    mf_encoder_end(&enc, first);
    struct mf_mark second = mf_encoder_begin(&enc, 3);
    mf_encoder_body(&enc, 4, body, body_len, object);
    mf_encoder_end(&enc, second);
    mf_encoder_end(&enc, outer);
    mf_encoder_varint_opt(&enc, 2, 4);
    assert_int_equal(enc.error, 0);
    *ret_splices = enc.splice_count;
    uint8_t *flat = flatten(&enc, ret_len);
    mf_encoder_release(&enc);
    free(body);
    return flat;
}

static void splices_give_the_same_bytes_as_copies(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 100, 8191, 8192, 20000, 300000};
    int object;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        size_t copied_len, spliced_len, none, some;
        uint8_t *copied = encode(lens[i], NULL, &copied_len, &none);
        uint8_t *spliced = encode(lens[i], &object, &spliced_len, &some);
        assert_int_equal(none, 0);
        assert_int_equal(some, lens[i] >= MF_SPLICE_MIN_LEN ? 2 : 0);
        assert_int_equal(copied_len, spliced_len);
        assert_memory_equal(copied, spliced, copied_len);
        free(copied);
        free(spliced);
    }
}

static int64_t encode_seconds(double seconds, size_t *ret_len)
{
    struct mf_encoder enc;
    struct mf_wire_field field;
    mf_encoder_init(&enc, 100);
    mf_encoder_seconds(&enc, 9, seconds);
    *ret_len = enc.buf.len;
    int64_t ns = 0;
    if (enc.buf.len && mf_wire_find(enc.buf.data, enc.buf.len, 9, &field))
        ns = mf_wire_timestamp_ns(field.data, field.len);
    mf_encoder_release(&enc);
    return ns;
}

static void seconds_keep_their_fraction(void **state)
{
    (void)state;
    size_t len;
    assert_int_equal(encode_seconds(1795490592.5, &len), 1795490592500000000);
    assert_int_equal(encode_seconds(0.999999999999, &len), 1000000000);
    encode_seconds(0, &len);
    assert_true(len > 0); /* the epoch is a time */
}

static void absurd_times_are_left_out(void **state)
{
    (void)state;
    size_t len;
    static const double absurd[] = {-1, 1e300, 0.0 / 0.0, 1.0 / 0.0,
                                    -1.0 / 0.0};
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        encode_seconds(absurd[i], &len);
        assert_int_equal(len, 0);
    }
}

static void the_first_error_stays(void **state)
{
    (void)state;
    struct mf_encoder enc;
    mf_encoder_init(&enc, 10);
    struct mf_mark mark = mf_encoder_begin(&enc, 1);
    mf_encoder_bytes(&enc, 2, "12345678901", 11);
    assert_int_equal(enc.error, MF_EFULL);
    mf_encoder_varint_opt(&enc, 3, 1);
    mf_encoder_end(&enc, mark);
    mf_encoder_fail(&enc, MF_ENOMEM);
    assert_int_equal(enc.error, MF_EFULL);
    mf_encoder_clear(&enc);
    assert_int_equal(enc.error, 0);
    mf_encoder_release(&enc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splices_give_the_same_bytes_as_copies),
        cmocka_unit_test(seconds_keep_their_fraction),
        cmocka_unit_test(absurd_times_are_left_out),
        cmocka_unit_test(the_first_error_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
