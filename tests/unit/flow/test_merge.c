#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "flow/merge.h"
#include "pb/spliced.h"

enum { BODY_LEN = 10000, CONTENT = 3, CONTENT_TRUNCATED = 10 };

static uint8_t body_bytes[BODY_LEN];

/* A part that is being written: Flow, HTTPFlow. */
struct part {
    struct mf_encoder enc;
    struct mf_mark http;
};

static void begin(struct part *part)
{
    mf_encoder_init(&part->enc, 1 << 20);
    part->http = mf_encoder_begin(&part->enc, 1);
}

static struct mf_spliced end(struct part *part)
{
    mf_encoder_end(&part->enc, part->http);
    assert_int_equal(part->enc.error, 0);
    return mf_spliced_of(&part->enc);
}

static void text(struct part *part, uint32_t number, const char *value)
{
    mf_encoder_bytes(&part->enc, number, value, strlen(value));
}

static struct mf_mark nested(struct part *part, uint32_t number)
{
    return mf_encoder_begin(&part->enc, number);
}

/* The message in one run, "NUMBER=" and text for each field, nested in (). */
static void describe(struct mf_region region, struct mf_buf *out, int depth)
{
    struct mf_region_field field;
    while (mf_region_next(&region, &field)) {
        mf_buf_printf(out, "%u", field.number);
        bool is_message =
            (depth == 0 && field.number == 1) ||
            (depth == 1 && (field.number == 2 || field.number == 3));
        if (field.type != MF_WIRE_LEN) {
            mf_buf_printf(out, "=%d ", (int)field.value);
        } else if (field.body.splice < field.body.splice_end) {
            is_message ? (void)0 : (void)mf_buf_printf(out, "=spliced ");
        } else if (!is_message) {
            mf_buf_printf(out, "=%.*s ", (int)(field.body.end - field.body.at),
                          (const char *)field.body.message->bytes +
                              field.body.at);
        }
        if (is_message && field.type == MF_WIRE_LEN) {
            mf_buf_printf(out, "(");
            describe(field.body, out, depth + 1);
            mf_buf_printf(out, ") ");
        }
    }
    assert_int_equal(region.error, 0);
}

static void assert_merges_to(const struct mf_spliced *parts, size_t count,
                             const char *want)
{
    struct mf_encoder out;
    struct mf_buf got;
    mf_encoder_init(&out, 1 << 20);
    mf_buf_init(&got, 1 << 20);
    assert_int_equal(mf_merge_flows(parts, count, &out), 0);
    struct mf_spliced whole = mf_spliced_of(&out);
    describe(mf_region_of(&whole), &got, 0);
    assert_int_equal(mf_buf_append_byte(&got, 0), 0);
    assert_string_equal((char *)got.data, want);
    mf_buf_release(&got);
    mf_encoder_release(&out);
}

static struct mf_spliced head(struct part *part)
{
    begin(part);
    text(part, 1, "id");
    struct mf_mark request = nested(part, 2);
    text(part, 1, "GET");
    text(part, 100, "a");
    text(part, 100, "b");
    mf_encoder_end(&part->enc, request);
    text(part, 6, "client");
    mf_encoder_varint_opt(&part->enc, 10, 1);
    return end(part);
}

static struct mf_spliced response(struct part *part, void *object)
{
    begin(part);
    struct mf_mark mark = nested(part, 3);
    mf_encoder_varint_opt(&part->enc, 1, 200);
    mf_encoder_body(&part->enc, CONTENT, body_bytes, BODY_LEN, object);
    mf_encoder_varint_opt(&part->enc, CONTENT_TRUNCATED, 1);
    mf_encoder_end(&part->enc, mark);
    mf_encoder_varint_opt(&part->enc, 10, 1);
    return end(part);
}

static void a_part_replaces_what_it_has_and_leaves_the_rest(void **state)
{
    (void)state;
    struct part first, second;
    struct mf_spliced parts[2];
    parts[0] = head(&first);
    begin(&second);
    struct mf_mark request = nested(&second, 2);
    text(&second, 100, "c");
    mf_encoder_end(&second.enc, request);
    text(&second, 7, "server");
    mf_encoder_end(&second.enc, second.http);
    text(&second, 100, "meta");
    parts[1] = mf_spliced_of(&second.enc);
    assert_merges_to(parts, 1, "1(1=id 6=client 10=1 2(1=GET 100=a 100=b ) ) ");
    assert_merges_to(parts, 2,
                     "1(1=id 6=client 7=server 2(1=GET 100=c ) ) 100=meta ");
    struct mf_spliced again[] = {parts[0], parts[1], parts[1]};
    assert_merges_to(again, 3,
                     "1(1=id 6=client 7=server 2(1=GET 100=c ) ) 100=meta ");
    mf_encoder_release(&first.enc);
    mf_encoder_release(&second.enc);
}

static void the_fields_of_a_body_are_replaced_together(void **state)
{
    (void)state;
    struct part first, second, third;
    int object;
    struct mf_spliced parts[3];
    parts[0] = head(&first);
    parts[1] = response(&second, &object);
    assert_merges_to(parts, 2,
                     "1(1=id 6=client 10=1 2(1=GET 100=a 100=b ) 3(1=200 "
                     "3=spliced 10=1 ) ) ");
    begin(&third);
    struct mf_mark mark = nested(&third, 3);
    mf_encoder_varint_opt(&third.enc, 103, 7);
    mf_encoder_end(&third.enc, mark);
    parts[2] = end(&third);
    assert_merges_to(
        parts, 3, "1(1=id 6=client 2(1=GET 100=a 100=b ) 3(1=200 103=7 ) ) ");
    mf_encoder_release(&first.enc);
    mf_encoder_release(&second.enc);
    mf_encoder_release(&third.enc);
}

static void the_first_id_stays(void **state)
{
    (void)state;
    struct part first, second;
    struct mf_spliced parts[2];
    parts[0] = head(&first);
    begin(&second);
    text(&second, 1, "other");
    parts[1] = end(&second);
    assert_merges_to(parts, 2, "1(1=id 6=client 2(1=GET 100=a 100=b ) ) ");
    mf_encoder_release(&first.enc);
    mf_encoder_release(&second.enc);
}

static void splices_make_no_difference_to_the_bytes(void **state)
{
    (void)state;
    struct part first, second, copied;
    int object;
    struct mf_spliced parts[] = {head(&first), response(&second, &object)};
    struct mf_spliced plain[] = {parts[0], response(&copied, NULL)};
    struct mf_encoder a, b;
    mf_encoder_init(&a, 1 << 20);
    mf_encoder_init(&b, 1 << 20);
    assert_int_equal(mf_merge_flows(parts, 2, &a), 0);
    assert_int_equal(mf_merge_flows(plain, 2, &b), 0);
    assert_int_equal(a.splice_count, 1);
    assert_ptr_equal(a.splices[0].object, &object);
    assert_ptr_equal(a.splices[0].data, body_bytes);
    assert_int_equal(b.splice_count, 0);
    struct mf_spliced whole = mf_spliced_of(&a);
    struct mf_buf flat;
    mf_buf_init(&flat, 1 << 20);
    assert_int_equal(mf_spliced_flatten(&whole, &flat), 0);
    assert_int_equal(mf_spliced_len(&whole), flat.len);
    assert_int_equal(flat.len, b.buf.len);
    assert_memory_equal(flat.data, b.buf.data, flat.len);
    mf_buf_release(&flat);
    mf_encoder_release(&a);
    mf_encoder_release(&b);
    mf_encoder_release(&first.enc);
    mf_encoder_release(&second.enc);
    mf_encoder_release(&copied.enc);
}

static void parts_of_two_types_are_refused(void **state)
{
    (void)state;
    struct part first, second;
    struct mf_encoder out;
    struct mf_spliced parts[2];
    parts[0] = head(&first);
    mf_encoder_init(&second.enc, 1 << 20);
    second.http = mf_encoder_begin(&second.enc, 2);
    parts[1] = end(&second);
    mf_encoder_init(&out, 1 << 20);
    assert_int_equal(mf_merge_flows(parts, 2, &out), MF_ECORRUPT);
    assert_int_equal(mf_merge_flows(parts, 0, &out), MF_EINVAL);
    struct mf_spliced many[MF_MERGE_PARTS_MAX + 1];
    for (size_t i = 0; i <= MF_MERGE_PARTS_MAX; i++)
        many[i] = parts[0];
    assert_int_equal(mf_merge_flows(many, MF_MERGE_PARTS_MAX + 1, &out),
                     MF_EINVAL);
    mf_encoder_clear(&out);
    assert_int_equal(mf_merge_flows(many, MF_MERGE_PARTS_MAX, &out), 0);
    mf_encoder_release(&out);
    mf_encoder_release(&first.enc);
    mf_encoder_release(&second.enc);
}

static void a_cut_message_is_refused_wherever_it_is_cut(void **state)
{
    (void)state;
    struct part first;
    struct mf_spliced whole = response(&first, NULL);
    for (size_t len = 1; len < whole.len; len += len < 40 ? 1 : 997) {
        struct mf_spliced cut = {whole.bytes, len, NULL, 0};
        struct mf_encoder out;
        mf_encoder_init(&out, 1 << 20);
        assert_int_equal(mf_merge_flows(&cut, 1, &out), MF_ECORRUPT);
        mf_encoder_release(&out);
    }
    mf_encoder_release(&first.enc);
}

int main(void)
{
    for (size_t i = 0; i < BODY_LEN; i++)
        body_bytes[i] = (uint8_t)(i * 7);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_replaces_what_it_has_and_leaves_the_rest),
        cmocka_unit_test(the_fields_of_a_body_are_replaced_together),
        cmocka_unit_test(the_first_id_stays),
        cmocka_unit_test(splices_make_no_difference_to_the_bytes),
        cmocka_unit_test(parts_of_two_types_are_refused),
        cmocka_unit_test(a_cut_message_is_refused_wherever_it_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
