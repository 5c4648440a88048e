#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "codec/envelope.h"

enum { MAX_LEN = 70000 };

/* Three messages, one of them empty and one long. */
static uint8_t *make_stream(size_t *ret_len)
{
    static const size_t lens[] = {3, 0, 70000};
    uint8_t *stream = malloc(70003 + 3 * MF_ENVELOPE_PREFIX_LEN);
    size_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        mf_envelope_prefix((uint8_t)(i & 1), (uint32_t)lens[i], stream + at);
        at += MF_ENVELOPE_PREFIX_LEN;
        memset(stream + at, 'a' + (int)i, lens[i]);
        at += lens[i];
    }
    *ret_len = at;
    return stream;
}

static void assert_message(const struct mf_envelope_message *message, size_t i)
{
    static const size_t lens[] = {3, 0, 70000};
    assert_int_equal(message->flags, i & 1);
    assert_int_equal(message->len, lens[i]);
    for (size_t k = 0; k < message->len; k++)
        assert_int_equal(message->data[k], 'a' + i);
}

static void messages_come_out_alike_however_they_went_in(void **state)
{
    (void)state;
    size_t len;
    uint8_t *stream = make_stream(&len);
    static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 1000, 65536, 1000000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct mf_envelope envelope;
        mf_envelope_init(&envelope, MF_ENVELOPE_COMPRESSED, MAX_LEN);
        size_t count = 0;
        for (size_t at = 0; at < len; at += sizes[s]) {
            const uint8_t *data = stream + at;
            size_t left = len - at < sizes[s] ? len - at : sizes[s];
            struct mf_envelope_message message;
            int rc;
            while ((rc = mf_envelope_next(&envelope, &data, &left, &message))) {
                assert_int_equal(rc, 1);
                assert_message(&message, count++);
            }
            assert_int_equal(left, 0);
        }
        assert_int_equal(count, 3);
        assert_true(mf_envelope_is_between(&envelope));
        mf_envelope_release(&envelope);
    }
    free(stream);
}

static int feed(uint8_t flags, uint32_t message_len, size_t body_len,
                bool *ret_between)
{
    struct mf_envelope envelope;
    struct mf_envelope_message message;
    uint8_t *stream = calloc(1, MF_ENVELOPE_PREFIX_LEN + body_len);
    mf_envelope_prefix(flags, message_len, stream);
    const uint8_t *data = stream;
    size_t len = MF_ENVELOPE_PREFIX_LEN + body_len;
    mf_envelope_init(&envelope, MF_ENVELOPE_COMPRESSED, MAX_LEN);
    int rc = mf_envelope_next(&envelope, &data, &len, &message);
    *ret_between = mf_envelope_is_between(&envelope);
    mf_envelope_release(&envelope);
    free(stream);
    return rc;
}

static void limits_and_flags_are_checked_at_the_prefix(void **state)
{
    (void)state;
    bool between;
    assert_int_equal(feed(0, MAX_LEN, MAX_LEN, &between), 1);
    assert_int_equal(feed(0, MAX_LEN + 1, 0, &between), MF_EFULL);
    assert_int_equal(feed(0, UINT32_MAX, 0, &between), MF_EFULL);
    assert_int_equal(feed(2, 0, 0, &between), MF_ECORRUPT);
    assert_int_equal(feed(0x81, 0, 0, &between), MF_ECORRUPT);
}

static void a_cut_stream_is_known(void **state)
{
    (void)state;
    bool between;
    assert_int_equal(feed(0, 10, 9, &between), 0);
    assert_false(between);
    struct mf_envelope envelope;
    struct mf_envelope_message message;
    const uint8_t *data = (const uint8_t *)"\0";
    size_t len = 1;
    mf_envelope_init(&envelope, 0, MAX_LEN);
    assert_true(mf_envelope_is_between(&envelope));
    assert_int_equal(mf_envelope_next(&envelope, &data, &len, &message), 0);
    assert_false(mf_envelope_is_between(&envelope));
    mf_envelope_release(&envelope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_out_alike_however_they_went_in),
        cmocka_unit_test(limits_and_flags_are_checked_at_the_prefix),
        cmocka_unit_test(a_cut_stream_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
