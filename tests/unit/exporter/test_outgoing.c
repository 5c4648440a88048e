#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "exporter/sender/outgoing.h"
#include "pb/wire.h"

enum { BODY_LEN = 20000 };
static uint8_t body[BODY_LEN];
static int object;

/* A whole HTTP flow with a response: a header and a body in field `number`. */
static void encode(struct mf_encoder *enc, uint32_t number, const void *data,
                   size_t len, const char *encoding)
{
    mf_encoder_init(enc, 1 << 20);
    struct mf_mark flow = mf_encoder_begin(enc, 1);
    struct mf_mark http = mf_encoder_begin(enc, 1);
    mf_encoder_bytes(enc, 1, "id", 2);
    struct mf_mark response = mf_encoder_begin(enc, 3);
    mf_encoder_varint_opt(enc, 1, 200);
    mf_encoder_body(enc, number, data, len, &object);
    struct mf_mark header = mf_encoder_begin(enc, 100);
    mf_encoder_bytes(enc, 1, "content-encoding", 16);
    mf_encoder_bytes(enc, 2, encoding, strlen(encoding));
    mf_encoder_end(enc, header);
    mf_encoder_end(enc, response);
    mf_encoder_bytes(enc, 8, "oops", 4);
    mf_encoder_end(enc, http);
    mf_encoder_end(enc, flow);
    mf_encoder_varint_opt(enc, 2, 4);
}

/* Read all, `step` bytes at a time, behind the head, whose length fits. */
static void read_all(struct mf_outgoing *out, size_t step, struct mf_buf *all)
{
    uint8_t bytes[100000];
    mf_buf_init(all, 1 << 20);
    while (!mf_outgoing_is_idle(out)) {
        size_t n = mf_outgoing_read(out, bytes, step);
        assert_true(n > 0);
        mf_buf_append(all, bytes, n);
    }
    assert_true(all->len > 5);
    assert_int_equal(all->data[0], 0);
    assert_int_equal((size_t)all->data[2] << 16 | all->data[3] << 8 |
                         all->data[4],
                     all->len - 5);
    mf_buf_consume(all, 5);
}

static struct mf_wire_field find(const struct mf_buf *all, const char *path)
{
    struct mf_wire_field field = {.data = all->data, .len = all->len};
    for (; *path; path++)
        assert_true(mf_wire_find(field.data, field.len, (uint32_t)(*path - '0'),
                                 &field));
    return field;
}

static void it_may_be_read_in_any_steps(void **state)
{
    (void)state;
    struct mf_encoder enc;
    struct mf_outgoing out;
    struct mf_buf at_once, slowly;
    const struct mf_outgoing_rules rules = {0};
    encode(&enc, 3, body, BODY_LEN, "identity");
    const struct mf_spliced message = mf_spliced_of(&enc);
    mf_outgoing_init(&out);
    assert_int_equal(mf_outgoing_begin(&out, &message, &rules), 0);
    assert_int_equal(out.enc.splice_count, 1);
    read_all(&out, 100000, &at_once);
    assert_int_equal(at_once.len, mf_encoder_len(&enc));
    assert_int_equal(mf_outgoing_begin(&out, &message, &rules), 0);
    read_all(&out, 1, &slowly);
    assert_int_equal(slowly.len, at_once.len);
    assert_memory_equal(slowly.data, at_once.data, slowly.len);
    struct mf_wire_field content = find(&at_once, "1133");
    assert_int_equal(content.len, BODY_LEN);
    mf_buf_release(&at_once);
    mf_buf_release(&slowly);
    mf_outgoing_release(&out);
    mf_encoder_release(&enc);
}

static void
the_published_form_refers_to_a_body_that_stays_as_it_is(void **state)
{
    (void)state;
    struct mf_encoder enc;
    struct mf_outgoing out;
    struct mf_buf all;
    const struct mf_outgoing_rules rules = {.published = true,
                                            .body_max = 1 << 20};
    memset(body, 'b', sizeof body);
    encode(&enc, 3, body, BODY_LEN, "identity");
    const struct mf_spliced message = mf_spliced_of(&enc);
    mf_outgoing_init(&out);
    assert_int_equal(mf_outgoing_begin(&out, &message, &rules), 0);
    assert_int_equal(out.enc.splice_count, 1);
    assert_ptr_equal(out.enc.splices[0].data, body);
    assert_ptr_equal(out.enc.splices[0].object, &object);
    read_all(&out, 777, &all);
    struct mf_wire_field content = find(&all, "1133");
    assert_int_equal(content.len, BODY_LEN);
    assert_memory_equal(content.data, body, BODY_LEN);
    assert_memory_equal(find(&all, "118").data, "oops", 4);
    assert_memory_equal(find(&all, "11321").data, "content-encoding", 16);
    assert_memory_equal(all.data + all.len - 2, "\x10\x04", 2);
    mf_buf_release(&all);
    mf_outgoing_release(&out);
    mf_encoder_release(&enc);
}

static void the_published_form_decodes_a_body(void **state)
{
    (void)state;
    /* gzip of 20,000 times 'b', padded by a second member of stored bytes. */
    static const uint8_t gzip[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00,
                                   0x00, 0x02, 0xff, 0x01, 0x03, 0x00, 0xfc,
                                   0xff, 'a',  'b',  'c',  0xc2, 0x41, 0x24,
                                   0x35, 0x03, 0x00, 0x00, 0x00};
    struct mf_encoder enc;
    struct mf_outgoing out;
    struct mf_buf all;
    const struct mf_outgoing_rules rules = {.published = true,
                                            .body_max = 1 << 20};
    encode(&enc, 102, gzip, sizeof gzip, "gzip");
    const struct mf_spliced message = mf_spliced_of(&enc);
    mf_outgoing_init(&out);
    assert_int_equal(mf_outgoing_begin(&out, &message, &rules), 0);
    read_all(&out, 777, &all);
    struct mf_wire_field content = find(&all, "1133");
    assert_int_equal(content.len, 3);
    assert_memory_equal(content.data, "abc", 3);
    mf_buf_release(&all);
    mf_outgoing_release(&out);
    mf_encoder_release(&enc);
}

static void what_is_too_long_is_cut_in_either_form(void **state)
{
    (void)state;
    struct mf_encoder enc;
    struct mf_outgoing out;
    struct mf_buf all;
    encode(&enc, 3, body, BODY_LEN, "identity");
    const struct mf_spliced message = mf_spliced_of(&enc);
    mf_outgoing_init(&out);
    for (int published = 0; published < 2; published++) {
        const struct mf_outgoing_rules rules = {
            .published = published != 0, .max_len = 5000, .body_max = 1 << 20};
        assert_int_equal(mf_outgoing_begin(&out, &message, &rules), 0);
        read_all(&out, 777, &all);
        assert_true(all.len <= 5000);
        assert_true(find(&all, "1133").len > 1000);
        mf_buf_release(&all);
    }
    mf_outgoing_release(&out);
    mf_encoder_release(&enc);
}

static void what_is_malformed_is_not_begun(void **state)
{
    (void)state;
    struct mf_outgoing out;
    const struct mf_spliced message = {.bytes = (const uint8_t *)"\x0a\x7f",
                                       .len = 2};
    const struct mf_outgoing_rules rules = {.published = true};
    mf_outgoing_init(&out);
    assert_int_equal(mf_outgoing_begin(&out, &message, &rules), MF_ECORRUPT);
    assert_true(mf_outgoing_is_idle(&out));
    mf_outgoing_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_may_be_read_in_any_steps),
        cmocka_unit_test(
            the_published_form_refers_to_a_body_that_stays_as_it_is),
        cmocka_unit_test(the_published_form_decodes_a_body),
        cmocka_unit_test(what_is_too_long_is_cut_in_either_form),
        cmocka_unit_test(what_is_malformed_is_not_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
