#include "support.h"

#include "codec/encoding.h"
#include "flow/text.h"

static bool is_text(const char *text)
{
    return mf_is_text(text, strlen(text));
}

static void text_has_no_nul_and_few_controls(void **state)
{
    (void)state;
    assert_true(is_text(""));
    assert_true(is_text("{\"a\":\t1}\r\n"));
    assert_true(is_text("\x1b[31mred\x1b[0m"));
    assert_true(is_text("\xc3\xa9\xe8\xaa\x9e"));
    assert_true(is_text("caf\xe9, in ISO-8859-1"));
    assert_false(mf_is_text("a\0b", 3));
    assert_false(is_text("\x08\x96\x01\x12\x07testing"));
    assert_false(is_text("\x7f"));
    /* One in 32. */
    char text[65];
    memset(text, 'x', sizeof text);
    text[10] = text[64] = 1;
    assert_true(mf_is_text(text, 32));
    assert_false(mf_is_text(text, 31));
    assert_true(mf_is_text(text, 64));
    assert_false(mf_is_text(text + 1, 63 - 32));
}

static void only_the_first_kib_tells(void **state)
{
    (void)state;
    char bytes[2000];
    memset(bytes, 'x', sizeof bytes);
    memset(bytes + 1024, 0, sizeof bytes - 1024);
    assert_true(mf_is_text(bytes, sizeof bytes));
    bytes[1023] = 0;
    assert_false(mf_is_text(bytes, sizeof bytes));
    memset(bytes, 1, sizeof bytes);
    assert_false(mf_is_text(bytes, sizeof bytes));
}

/* ---- pieces ---- */

struct seen {
    enum mf_piece_kind kind;
    const char *text; /* that the piece must hold as a whole; NULL: any */
    size_t count;
    int error;
    bool is_origin; /* its text is its origin */
    size_t origin_len;
};

static bool look(void *user, const struct mf_piece *piece)
{
    struct seen *seen = user;
    if (piece->kind != seen->kind ||
        (seen->text &&
         (strlen(seen->text) != piece->text.len ||
          memcmp(seen->text, piece->text.text, piece->text.len) != 0)))
        return false;
    seen->count++;
    seen->error = piece->error;
    seen->is_origin = piece->text.text == piece->origin.text;
    seen->origin_len = piece->origin.len;
    return false;
}

static struct seen look_for(const struct mf_flow *flow, enum mf_piece_kind kind,
                            const char *text)
{
    struct seen seen = {.kind = kind, .text = text};
    mf_flow_each_piece(flow, look, &seen);
    return seen;
}

static const char text_body[] = "a body that is text";
static const char binary_body[] = "\x01\x02\x03 binary \x04\x05";

/* A response with `raw` as its encoded body, or `content` as it is. */
static struct mf_flow *flow_with(const char *encoding, const void *raw,
                                 size_t raw_len, const char *content)
{
    struct mf_buf body;
    struct mf_flow *flow = NULL;
    size_t mark, inner;
    mf_buf_init(&body, SIZE_MAX);
    put_text(&body, 1, "id");
    mf_wire_begin(&body, 3, &mark);
    if (encoding)
        put_pair(&body, 100, "Content-Encoding", encoding);
    if (raw)
        mf_wire_put_bytes(&body, 102, raw, raw_len);
    if (content)
        put_text(&body, 3, content);
    mf_wire_end(&body, mark);
    mf_wire_begin(&body, 7, &mark);
    mf_wire_begin(&body, 10, &inner);
    put_text(&body, 1, "a certificate");
    mf_wire_end(&body, inner);
    mf_wire_end(&body, mark);
    assert_int_equal(read_body(MF_FLOW_HTTP, &body, EVENT(RESPONSE), &flow), 0);
    return flow;
}

static void bodies_are_told_apart_by_what_they_are_decoded(void **state)
{
    (void)state;
    static const char *const bodies[] = {text_body, binary_body};
    for (int i = 0; i < 2; i++) {
        enum mf_piece_kind kind = i ? MF_PIECE_BINARY : MF_PIECE_BODY;
        enum mf_piece_kind other = i ? MF_PIECE_BODY : MF_PIECE_BINARY;
        struct mf_flow *flow = flow_with(NULL, NULL, 0, bodies[i]);
        struct seen seen = look_for(flow, kind, bodies[i]);
        assert_int_equal(seen.count, 1);
        assert_true(seen.is_origin);
        assert_int_equal(look_for(flow, other, NULL).count, 0);
        assert_int_equal(visits(flow, bodies[i], strlen(bodies[i])), i == 0);
        mf_flow_unref(flow);

        struct mf_buf raw;
        mf_buf_init(&raw, 1000);
        mf_encoding_encode(MF_ENCODING_GZIP, bodies[i], strlen(bodies[i]),
                           &raw);
        flow = flow_with("gzip", raw.data, raw.len, NULL);
        seen = look_for(flow, kind, bodies[i]);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.error, 0);
        assert_false(seen.is_origin);
        assert_int_equal(seen.origin_len, raw.len);
        assert_int_equal(visits(flow, bodies[i], strlen(bodies[i])), i == 0);
        mf_flow_unref(flow);
        mf_buf_release(&raw);
    }
}

static void a_body_that_cannot_be_decoded_says_why(void **state)
{
    (void)state;
    struct mf_flow *flow = flow_with("gzip", "not gzip", 8, NULL);
    struct seen seen = look_for(flow, MF_PIECE_BODY, NULL);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.error, MF_ECORRUPT);
    mf_flow_unref(flow);
    flow = flow_with("mystery", "as it is", 8, NULL);
    seen = look_for(flow, MF_PIECE_BODY, "as it is");
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.error, MF_EUNSUPPORTED);
    mf_flow_unref(flow);
}

static void
certificates_and_raw_bodies_beside_decoded_ones_are_other(void **state)
{
    (void)state;
    struct mf_flow *flow = flow_with("gzip", "raw bytes", 9, text_body);
    struct mf_body_lens lens;
    assert_int_equal(look_for(flow, MF_PIECE_OTHER, NULL).count, 2);
    assert_int_equal(look_for(flow, MF_PIECE_BODY, text_body).count, 1);
    assert_false(visits(flow, "raw bytes", 9));
    assert_false(visits(flow, "a certificate", 13));
    mf_flow_measure_bodies(flow, &lens);
    assert_int_equal(lens.binary, 9 + 13);
    assert_int_equal(lens.encoded, 0);
    mf_flow_unref(flow);
    flow = flow_with("gzip", "raw bytes", 9, NULL);
    mf_flow_measure_bodies(flow, &lens);
    assert_int_equal(lens.binary, 13);
    assert_int_equal(lens.encoded, 9);
    mf_flow_unref(flow);
}

static void what_body_filters_see_of_dns_is_a_piece(void **state)
{
    (void)state;
    struct mf_buf body;
    struct mf_flow *flow = NULL;
    size_t mark;
    mf_buf_init(&body, SIZE_MAX);
    put_text(&body, 1, "id");
    mf_wire_begin(&body, 3, &mark);
    put_pair(&body, 2, "example.com", "TYPE65");
    put_pair(&body, 3, "example.com", "TYPE65");
    mf_wire_end(&body, mark);
    assert_int_equal(read_body(MF_FLOW_DNS, &body, EVENT(DNS_RESPONSE), &flow),
                     0);
    assert_int_equal(
        look_for(flow, MF_PIECE_DERIVED, "example.com\r\n0x").count, 1);
    assert_false(visits(flow, "example.com\r\n0x", 15));
    assert_true(visits(flow, "example.com", 11));
    mf_flow_unref(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_has_no_nul_and_few_controls),
        cmocka_unit_test(only_the_first_kib_tells),
        cmocka_unit_test(bodies_are_told_apart_by_what_they_are_decoded),
        cmocka_unit_test(a_body_that_cannot_be_decoded_says_why),
        cmocka_unit_test(
            certificates_and_raw_bodies_beside_decoded_ones_are_other),
        cmocka_unit_test(what_body_filters_see_of_dns_is_a_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
