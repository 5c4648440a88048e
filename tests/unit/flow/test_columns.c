/* Columns, summaries apart and together, appends. The fuzz target `parts`
 * has the general properties. */
#include "support.h"

#include "flow/append.h"
#include "flow/columns.h"
#include "flow/messages.h"
#include "flow/summary.h"

static bool is(struct mf_span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.text, text, span.len) == 0;
}

static void put_client(struct mf_buf *body, uint32_t field)
{
    size_t mark;
    mf_wire_begin(body, field, &mark);
    put_text(body, 1, "192.0.2.7");
    mf_wire_put_varint(body, 2, 5555);
    mf_wire_put_varint(body, 9, 1);
    mf_wire_end(body, mark);
}

static struct mf_flow *http_flow(void)
{
    struct mf_buf body;
    struct mf_flow *flow = NULL;
    size_t mark;
    mf_buf_init(&body, SIZE_MAX);
    put_text(&body, 1, "id");
    mf_wire_begin(&body, 2, &mark);
    put_text(&body, 1, "POST");
    put_text(&body, 2, "http://192.0.2.1:8080/path");
    put_text(&body, 11, "http://name.example:8080/path");
    put_pair(&body, 100, "Content-Type", "text/x-request");
    put_text(&body, 4, "12345");
    mf_wire_end(&body, mark);
    mf_wire_begin(&body, 3, &mark);
    mf_wire_put_varint(&body, 1, 404);
    put_pair(&body, 100, "content-type", "text/x-response");
    put_text(&body, 3, "123");
    mf_wire_put_varint(&body, 10, 1); /* cut */
    mf_wire_end(&body, mark);
    put_client(&body, 6);
    assert_int_equal(read_body(MF_FLOW_HTTP, &body, EVENT(RESPONSE), &flow), 0);
    return flow;
}

static void columns_tell_what_a_flow_is(void **state)
{
    (void)state;
    struct mf_flow *flow = http_flow();
    struct mf_columns columns;
    struct mf_column_texts texts;
    mf_flow_columns(flow, &columns, &texts);
    assert_int_equal(columns.type, MF_FLOW_HTTP);
    assert_int_equal(columns.state, MF_FLOW_ENDED);
    assert_int_equal(columns.status, 404);
    assert_int_equal(columns.client_port, 5555);
    assert_int_equal(columns.client_bytes, 5);
    assert_int_equal(columns.server_bytes, 3);
    assert_int_equal(columns.flags,
                     MF_COLUMN_TLS | MF_COLUMN_REQUEST | MF_COLUMN_RESPONSE |
                         MF_COLUMN_LOST | MF_COLUMN_TWO_HOSTS |
                         MF_COLUMN_RESPONSE_TYPE | MF_COLUMN_REQUEST_TYPE);
    assert_true(is(texts.names[MF_NAME_METHOD], "POST"));
    assert_true(is(texts.names[MF_NAME_HOST], "name.example"));
    assert_true(is(texts.names[MF_NAME_CLIENT], "192.0.2.7"));
    assert_true(is(texts.response_type, "text/x-response"));
    assert_true(is(texts.request_type, "text/x-request"));
    mf_flow_unref(flow);
}

static void a_summary_is_split_to_little(void **state)
{
    (void)state;
    struct mf_flow *flow = http_flow();
    struct mf_columns columns;
    struct mf_column_texts texts;
    struct mf_buf url, rest;
    mf_buf_init(&url, SIZE_MAX);
    mf_buf_init(&rest, SIZE_MAX);
    mf_flow_columns(flow, &columns, &texts);
    columns.method = columns.host = columns.client = columns.response_type = 1;
    assert_int_equal(mf_summary_split(flow, &columns, &texts, &url, &rest), 0);
    assert_true(is((struct mf_span){(char *)url.data, url.len},
                   "http://name.example:8080/path"));
    /* The other URL, and no server address in place of the host's. */
    assert_true(rest.len < 40);
    mf_buf_release(&url);
    mf_buf_release(&rest);
    mf_flow_unref(flow);
}

static void put_message(struct mf_buf *buf, uint32_t field, const char *text,
                        bool from_client, int64_t at_ns)
{
    size_t mark;
    mf_wire_begin(buf, field, &mark);
    put_text(buf, 1, text);
    mf_wire_put_timestamp_opt(buf, 2, at_ns);
    mf_wire_put_varint_opt(buf, 3, from_client);
    mf_wire_end(buf, mark);
}

static int read_append(struct mf_buf *body, unsigned event,
                       struct mf_append *ret_append)
{
    static struct mf_buf message; /* the append borrows from it */
    mf_buf_release(&message);
    mf_buf_init(&message, SIZE_MAX);
    mf_wire_put_bytes(&message, 100, body->data, body->len);
    mf_wire_put_varint(&message, 2, event);
    mf_buf_release(body);
    return mf_append_from_export(message.data, message.len, ret_append, NULL);
}

static void an_append_is_read_as_fields_of_its_flow(void **state)
{
    (void)state;
    struct mf_append append;
    struct mf_messages_walk walk;
    struct mf_buf body;
    mf_buf_init(&body, SIZE_MAX);
    put_text(&body, 1, "w");
    mf_wire_put_varint(&body, 2, 40);
    put_message(&body, 3, "hello", true, 1000);
    put_message(&body, 3, "you", false, 2000);
    put_text(&body, 7, "gone");
    mf_wire_put_double_opt(&body, 9, 12.5);
    assert_int_equal(read_append(&body, EVENT(WEBSOCKET_END), &append), 0);
    assert_true(is(append.flow_id, "w"));
    assert_int_equal(append.type, MF_FLOW_HTTP);
    assert_int_equal(append.first_index, 40);
    assert_int_equal(append.count, 2);
    assert_int_equal(append.client_bytes, 5);
    assert_int_equal(append.server_bytes, 3);
    assert_int_equal(append.last_ns, 2000);
    assert_int_equal(append.state, MF_FLOW_ENDED);
    assert_true(append.duration_ms == 12.5);
    assert_true(is(append.error, "gone"));
    mf_messages_walk_fields(append.type, append.messages.data,
                            append.messages.len, &walk);
    assert_true(mf_messages_next(&walk));
    assert_true(mf_messages_next(&walk));
    assert_false(mf_messages_next(&walk));
    struct mf_wire_field error;
    assert_true(mf_wire_find(append.fields.data, append.fields.len, 8, &error));
    mf_append_release(&append);
}

static void an_append_that_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    struct mf_append append;
    struct mf_buf body;
    mf_buf_init(&body, SIZE_MAX);
    put_message(&body, 4, "x", true, 0);
    assert_int_equal(read_append(&body, EVENT(TCP_MESSAGE), &append),
                     MF_EINVAL); /* no id */
    put_text(&body, 1, "t");
    put_message(&body, 4, "x", true, 0);
    put_message(&body, 5, "x", true, 0);
    assert_int_equal(read_append(&body, EVENT(TCP_MESSAGE), &append),
                     MF_EINVAL); /* of two types */
    put_text(&body, 1, "t");
    mf_wire_put_varint(&body, 2, UINT64_MAX);
    put_message(&body, 4, "x", true, 0);
    assert_int_equal(read_append(&body, EVENT(TCP_MESSAGE), &append),
                     MF_EINVAL);
    const uint8_t nothing[] = {0x10, 1};
    assert_int_equal(mf_append_from_export(nothing, 2, &append, NULL),
                     MF_ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_tell_what_a_flow_is),
        cmocka_unit_test(a_summary_is_split_to_little),
        cmocka_unit_test(an_append_is_read_as_fields_of_its_flow),
        cmocka_unit_test(an_append_that_cannot_be_meant_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
