#include "../cmocka.h"

#include <string.h>

#include "codec/encoding.h"
#include "mitmflow/v1/mitmflow.pb-c.h"
#include "pb/wire.h"
#include "service/get_flow.h"

enum { BODY_MAX_LEN = 1 << 16 };

static void put_text(struct mf_buf *buf, uint32_t field, const char *text)
{
    assert_int_equal(mf_wire_put_bytes(buf, field, text, strlen(text)), 0);
}

static void put_header(struct mf_buf *buf, const char *name, const char *value)
{
    size_t mark;
    mf_wire_begin(buf, 100, &mark);
    put_text(buf, 1, name);
    put_text(buf, 2, value);
    mf_wire_end(buf, mark);
}

/* A whole ExportFlowRequest around the `body` of flow type `type`. */
static struct mf_record *make_record(enum mf_flow_type type,
                                     const struct mf_buf *body)
{
    struct mf_buf message;
    struct mf_flow *flow;
    size_t mark;
    mf_buf_init(&message, 1 << 20);
    mf_wire_begin(&message, 1, &mark);
    mf_wire_put_bytes(&message, type, body->data, body->len);
    mf_wire_end(&message, mark);
    assert_int_equal(
        mf_flow_from_export(message.data, message.len, &flow, NULL), 0);
    const struct mf_record_head head = {.number = 7,
                                        .change = 9,
                                        .pinned = true,
                                        .state = MF_FLOW_ENDED,
                                        .source = "lab",
                                        .note = "look"};
    struct mf_record *record = mf_record_new(&head, flow, NULL, 0);
    assert_non_null(record);
    mf_flow_unref(flow);
    mf_buf_release(&message);
    return record;
}

static Mitmflow__V1__GetFlowResponse *get(const struct mf_record *record)
{
    struct mf_buf out;
    mf_buf_init(&out, 1 << 20);
    assert_int_equal(mf_get_flow_put(record, BODY_MAX_LEN, NULL,
                                     (struct mf_span){"", 0}, &out),
                     0);
    Mitmflow__V1__GetFlowResponse *response =
        mitmflow__v1__get_flow_response__unpack(NULL, out.len, out.data);
    assert_non_null(response);
    mf_buf_release(&out);
    return response;
}

static void put_http(struct mf_buf *body, const char *encoding, const void *raw,
                     size_t raw_len)
{
    size_t mark;
    mf_buf_init(body, 1 << 20);
    put_text(body, 1, "id");
    mf_wire_begin(body, 3, &mark);
    mf_wire_put_varint(body, 1, 200);
    put_header(body, "Content-Type", "text/plain; charset=utf-8");
    put_header(body, "Content-Encoding", encoding);
    put_header(body, "Set-Cookie", "a=1");
    put_header(body, "Set-Cookie", "b=2");
    mf_wire_put_bytes(body, 102, raw, raw_len);
    mf_wire_end(body, mark);
}

static void an_encoded_body_is_shown_decoded_beside_its_raw_bytes(void **state)
{
    (void)state;
    struct mf_buf raw, body;
    mf_buf_init(&raw, 1000);
    mf_encoding_encode(MF_ENCODING_GZIP, "hello hello", 11, &raw);
    put_http(&body, "gzip", raw.data, raw.len);
    struct mf_record *record = make_record(MF_FLOW_HTTP, &body);
    Mitmflow__V1__GetFlowResponse *response = get(record);
    const Mitmproxy__V1__Response *half = response->flow->http_flow->response;
    assert_int_equal(half->content.len, 11);
    assert_memory_equal(half->content.data, "hello hello", 11);
    assert_int_equal(half->raw_content.len, raw.len);
    assert_int_equal(half->n_header_fields, 4);
    assert_int_equal(half->n_headers, 3);
    const Mitmflow__V1__MessageDetails *details =
        response->flow->http_flow_extra->response;
    assert_string_equal(details->effective_content_type,
                        "text/plain; charset=utf-8");
    assert_int_equal(details->body_size, 11);
    assert_string_equal(details->decode_error, "");
    assert_true(response->flow->pinned);
    assert_string_equal(response->flow->note, "look");
    assert_int_equal(response->flow->summary->number, 7);
    assert_string_equal(response->flow->summary->source, "lab");
    mitmflow__v1__get_flow_response__free_unpacked(response, NULL);
    mf_record_unref(record);
    mf_buf_release(&body);
    mf_buf_release(&raw);
}

static void a_body_that_does_not_decode_says_so(void **state)
{
    (void)state;
    struct mf_buf body;
    put_http(&body, "br", "not brotli at all", 17);
    struct mf_record *record = make_record(MF_FLOW_HTTP, &body);
    Mitmflow__V1__GetFlowResponse *response = get(record);
    assert_true(
        strlen(response->flow->http_flow_extra->response->decode_error) > 0);
    mitmflow__v1__get_flow_response__free_unpacked(response, NULL);
    mf_record_unref(record);
    mf_buf_release(&body);
}

/* The two schemas number the kinds of flow differently. */
static void every_kind_of_flow_lands_in_the_viewers_field(void **state)
{
    (void)state;
    static const struct {
        enum mf_flow_type type;
        Mitmflow__V1__Flow__FlowCase want;
    } rows[] = {
        {MF_FLOW_HTTP, MITMFLOW__V1__FLOW__FLOW_HTTP_FLOW},
        {MF_FLOW_DNS, MITMFLOW__V1__FLOW__FLOW_DNS_FLOW},
        {MF_FLOW_TCP, MITMFLOW__V1__FLOW__FLOW_TCP_FLOW},
        {MF_FLOW_UDP, MITMFLOW__V1__FLOW__FLOW_UDP_FLOW},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mf_buf body;
        mf_buf_init(&body, 100);
        put_text(&body, 1, "id");
        struct mf_record *record = make_record(rows[i].type, &body);
        Mitmflow__V1__GetFlowResponse *response = get(record);
        assert_int_equal(response->flow->flow_case, rows[i].want);
        mitmflow__v1__get_flow_response__free_unpacked(response, NULL);
        mf_record_unref(record);
        mf_buf_release(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_encoded_body_is_shown_decoded_beside_its_raw_bytes),
        cmocka_unit_test(a_body_that_does_not_decode_says_so),
        cmocka_unit_test(every_kind_of_flow_lands_in_the_viewers_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
