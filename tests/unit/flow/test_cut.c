#include "support.h"

#include "flow/cut.h"

struct parts {
    struct mf_buf rest, patches, taken;
};

static void cut(const struct mf_buf *message, struct mf_span *cuts,
                size_t count, struct parts *parts)
{
    mf_buf_init(&parts->rest, SIZE_MAX);
    mf_buf_init(&parts->patches, SIZE_MAX);
    mf_buf_init(&parts->taken, SIZE_MAX);
    assert_int_equal(mf_cut_take(message->data, message->len, cuts, count,
                                 &parts->rest, &parts->patches, &parts->taken),
                     0);
}

static struct mf_span span_of(const struct mf_buf *buf)
{
    return (struct mf_span){(const char *)buf->data, buf->len};
}

static void check_undo(const struct mf_buf *message, struct parts *parts)
{
    struct mf_buf out;
    mf_buf_init(&out, SIZE_MAX);
    assert_int_equal(mf_cut_undo(span_of(&parts->rest),
                                 span_of(&parts->patches),
                                 span_of(&parts->taken), &out),
                     0);
    assert_int_equal(out.len, message->len);
    assert_memory_equal(out.data, message->data, message->len);
    mf_buf_release(&out);
    mf_buf_release(&parts->rest);
    mf_buf_release(&parts->patches);
    mf_buf_release(&parts->taken);
}

static struct mf_span find(const struct mf_buf *message, const char *text)
{
    const char *at = memmem(message->data, message->len, text, strlen(text));
    assert_non_null(at);
    return (struct mf_span){at, strlen(text)};
}

static char big[300];

/* A field within a field within a field; `big` makes a length of two bytes. */
static void make_message(struct mf_buf *message)
{
    size_t outer, inner;
    memset(big, 'b', sizeof big - 1);
    mf_buf_init(message, SIZE_MAX);
    put_text(message, 9, "before");
    mf_wire_begin(message, 1, &outer);
    put_text(message, 1, "one");
    mf_wire_begin(message, 3, &inner);
    put_text(message, 2, "first cut");
    put_text(message, 3, big);
    put_text(message, 4, "stays");
    mf_wire_end(message, inner);
    put_text(message, 5, "second cut");
    mf_wire_end(message, outer);
    put_text(message, 9, "after");
}

static void fields_come_out_and_back_in_any_order(void **state)
{
    (void)state;
    struct mf_buf message;
    struct parts parts;
    make_message(&message);
    struct mf_span cuts[] = {find(&message, "second cut"), find(&message, big),
                             find(&message, "first cut")};
    cut(&message, cuts, 3, &parts);
    assert_int_equal(parts.taken.len, 10 + 299 + 9);
    assert_memory_equal(parts.taken.data, "first cutbbb", 12);
    assert_int_equal(parts.rest.len, message.len - parts.taken.len);
    check_undo(&message, &parts);
    mf_buf_release(&message);
}

static void what_is_left_is_well_formed_and_has_empty_fields(void **state)
{
    (void)state;
    struct mf_buf message;
    struct parts parts;
    struct mf_wire_field outer, inner, field;
    make_message(&message);
    struct mf_span cuts[] = {find(&message, big)};
    cut(&message, cuts, 1, &parts);
    assert_true(mf_wire_find(parts.rest.data, parts.rest.len, 1, &outer));
    assert_true(mf_wire_find(outer.data, outer.len, 3, &inner));
    assert_true(mf_wire_find(inner.data, inner.len, 3, &field));
    assert_int_equal(field.len, 0);
    assert_true(mf_wire_find(inner.data, inner.len, 4, &field));
    assert_memory_equal(field.data, "stays", field.len);
    assert_true(mf_wire_find(outer.data, outer.len, 5, &field));
    assert_memory_equal(field.data, "second cut", field.len);
    check_undo(&message, &parts);
    mf_buf_release(&message);
}

static void without_cuts_nothing_changes(void **state)
{
    (void)state;
    struct mf_buf message;
    struct parts parts;
    make_message(&message);
    cut(&message, NULL, 0, &parts);
    assert_int_equal(parts.patches.len, 0);
    assert_int_equal(parts.rest.len, message.len);
    check_undo(&message, &parts);
    mf_buf_release(&message);
}

static void what_is_no_field_stays(void **state)
{
    (void)state;
    struct mf_buf message;
    struct parts parts;
    make_message(&message);
    struct mf_span part = find(&message, "irst cut");
    cut(&message, &part, 1, &parts);
    assert_int_equal(parts.taken.len, 0);
    check_undo(&message, &parts);
    /* The others are still cut. */
    struct mf_span cuts[] = {part, find(&message, "second cut")};
    cut(&message, cuts, 2, &parts);
    assert_int_equal(parts.taken.len, 10);
    check_undo(&message, &parts);
    mf_buf_release(&message);
}

/* Whatever is cut out of whatever bytes: it comes back. */
static void any_cut_comes_back(void **state)
{
    (void)state;
    struct mf_buf message;
    uint64_t random = 88172645463325252u;
    make_message(&message);
    for (int i = 0; i < 20000; i++) {
        struct mf_span cuts[3];
        struct parts parts;
        size_t at = 0, count = 0;
        while (count < 3) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            at += random >> 33 & 63;
            size_t len = random >> 40 & 31;
            if (at + len > message.len)
                break;
            cuts[count++] =
                (struct mf_span){(const char *)message.data + at, len};
            at += len;
        }
        if (i % 3 == 0)
            message.data[random >> 33 & 63] ^= (uint8_t)(1 << (i & 7));
        cut(&message, cuts, count, &parts);
        check_undo(&message, &parts);
    }
    mf_buf_release(&message);
}

static void patches_that_do_not_fit_are_told(void **state)
{
    (void)state;
    struct mf_buf message, out;
    struct parts parts;
    make_message(&message);
    mf_buf_init(&out, SIZE_MAX);
    struct mf_span cuts[] = {find(&message, "second cut")};
    cut(&message, cuts, 1, &parts);
    struct mf_span rest = span_of(&parts.rest),
                   patches = span_of(&parts.patches),
                   taken = span_of(&parts.taken);
    taken.len--;
    assert_int_equal(mf_cut_undo(rest, patches, taken, &out), MF_ECORRUPT);
    taken.len += 1;
    rest.len = 5;
    assert_int_equal(mf_cut_undo(rest, patches, taken, &out), MF_ECORRUPT);
    rest.len = parts.rest.len;
    patches.len = 0;
    assert_int_equal(mf_cut_undo(rest, patches, taken, &out), MF_ECORRUPT);
    patches.len = parts.patches.len - 1;
    assert_int_equal(mf_cut_undo(rest, patches, taken, &out), MF_ECORRUPT);
    mf_buf_release(&out);
    check_undo(&message, &parts);
    mf_buf_release(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_come_out_and_back_in_any_order),
        cmocka_unit_test(what_is_left_is_well_formed_and_has_empty_fields),
        cmocka_unit_test(without_cuts_nothing_changes),
        cmocka_unit_test(what_is_no_field_stays),
        cmocka_unit_test(any_cut_comes_back),
        cmocka_unit_test(patches_that_do_not_fit_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
