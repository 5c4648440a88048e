#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "exporter/sender/shrink.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"

typedef Mitmproxy__V1__ExportFlowRequest Export;

static Export *unpack(const struct mf_buf *bytes)
{
    Export *message = mitmproxy__v1__export_flow_request__unpack(
        NULL, bytes->len, bytes->data);
    assert_non_null(message);
    return message;
}

/* An HTTP flow with bodies of these lengths; the response's is encoded. */
static void make_http(struct mf_buf *out, size_t request_len,
                      size_t response_len)
{
    Mitmproxy__V1__Request request = MITMPROXY__V1__REQUEST__INIT;
    Mitmproxy__V1__Response response = MITMPROXY__V1__RESPONSE__INIT;
    Mitmproxy__V1__HTTPFlow http = MITMPROXY__V1__HTTPFLOW__INIT;
    Mitmproxy__V1__Flow flow = MITMPROXY__V1__FLOW__INIT;
    Export message = MITMPROXY__V1__EXPORT_FLOW_REQUEST__INIT;
    request.url = (char *)"http://a/";
    request.content.len = request_len;
    request.content.data = calloc(1, request_len + 1);
    response.status_code = 200;
    response.raw_content.len = response_len;
    response.raw_content.data = calloc(1, response_len + 1);
    http.id = (char *)"id";
    http.request = &request;
    http.response = &response;
    flow.flow_case = MITMPROXY__V1__FLOW__FLOW_HTTP_FLOW;
    flow.http_flow = &http;
    message.flow = &flow;
    message.event_type = MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_RESPONSE;
    size_t len = mitmproxy__v1__export_flow_request__get_packed_size(&message);
    mf_buf_reserve(out, len);
    out->len = mitmproxy__v1__export_flow_request__pack(&message, out->data);
    free(request.content.data);
    free(response.raw_content.data);
}

static void bodies_are_cut_and_marked(void **state)
{
    (void)state;
    struct mf_buf in, out;
    mf_buf_init(&in, 1 << 20);
    mf_buf_init(&out, 1 << 20);
    make_http(&in, 100, 50000);
    assert_int_equal(mf_shrink(in.data, in.len, 10000, &out), 0);
    assert_true(out.len <= 10000);
    Export *message = unpack(&out);
    const Mitmproxy__V1__Request *request = message->flow->http_flow->request;
    const Mitmproxy__V1__Response *response =
        message->flow->http_flow->response;
    assert_string_equal(message->flow->http_flow->id, "id");
    assert_int_equal(message->event_type, 4);
    assert_string_equal(request->url, "http://a/");
    assert_int_equal(request->content.len, 100);
    assert_false(request->content_truncated);
    assert_int_equal(response->status_code, 200);
    assert_true(response->raw_content.len > 1000);
    assert_true(response->content_truncated);
    assert_int_equal(response->content_size, 50000);
    mitmproxy__v1__export_flow_request__free_unpacked(message, NULL);
    mf_buf_release(&in);
    mf_buf_release(&out);
}

static void what_is_short_enough_stays_as_it_is(void **state)
{
    (void)state;
    struct mf_buf in, out;
    mf_buf_init(&in, 1 << 20);
    mf_buf_init(&out, 1 << 20);
    make_http(&in, 100, 100);
    assert_int_equal(mf_shrink(in.data, in.len, in.len, &out), 0);
    assert_int_equal(out.len, in.len);
    assert_memory_equal(out.data, in.data, in.len);
    mf_buf_release(&in);
    mf_buf_release(&out);
}

static void a_flow_that_is_too_long_without_bodies_is_refused(void **state)
{
    (void)state;
    struct mf_buf in, out;
    mf_buf_init(&in, 1 << 20);
    mf_buf_init(&out, 1 << 20);
    make_http(&in, 100, 100);
    mf_buf_append(&out, "x", 1);
    assert_int_equal(mf_shrink(in.data, in.len, 5, &out), MF_EFULL);
    assert_int_equal(out.len, 1);
    mf_buf_release(&in);
    mf_buf_release(&out);
}

static void the_last_messages_of_a_stream_are_left_out(void **state)
{
    (void)state;
    enum { COUNT = 50 };
    Mitmproxy__V1__TCPMessage messages[COUNT];
    Mitmproxy__V1__TCPMessage *list[COUNT];
    uint8_t content[1000] = {0};
    for (int i = 0; i < COUNT; i++) {
        mitmproxy__v1__tcpmessage__init(&messages[i]);
        messages[i].content = (ProtobufCBinaryData){sizeof content, content};
        list[i] = &messages[i];
    }
    Mitmproxy__V1__TCPFlow tcp = MITMPROXY__V1__TCPFLOW__INIT;
    Mitmproxy__V1__Flow flow = MITMPROXY__V1__FLOW__INIT;
    Export message = MITMPROXY__V1__EXPORT_FLOW_REQUEST__INIT;
    tcp.id = (char *)"id";
    tcp.n_messages = COUNT;
    tcp.messages = list;
    tcp.error = (char *)"at the end";
    flow.flow_case = MITMPROXY__V1__FLOW__FLOW_TCP_FLOW;
    flow.tcp_flow = &tcp;
    message.flow = &flow;
    struct mf_buf in, out;
    mf_buf_init(&in, 1 << 20);
    mf_buf_init(&out, 1 << 20);
    mf_buf_reserve(&in, 1 << 17);
    in.len = mitmproxy__v1__export_flow_request__pack(&message, in.data);
    assert_int_equal(mf_shrink(in.data, in.len, 20000, &out), 0);
    assert_true(out.len <= 20000);
    Export *cut = unpack(&out);
    size_t kept = cut->flow->tcp_flow->n_messages;
    assert_true(kept > 5 && kept < COUNT);
    assert_string_equal(cut->flow->tcp_flow->error, "at the end");
    mitmproxy__v1__export_flow_request__free_unpacked(cut, NULL);
    mf_buf_release(&in);
    mf_buf_release(&out);
}

static void every_cut_of_a_message_is_malformed_or_fits(void **state)
{
    (void)state;
    struct mf_buf in, out;
    mf_buf_init(&in, 1 << 20);
    mf_buf_init(&out, 1 << 20);
    make_http(&in, 300, 300);
    for (size_t len = 0; len < in.len; len++) {
        uint8_t *copy = malloc(len + 1);
        memcpy(copy, in.data, len);
        mf_buf_clear(&out);
        int rc = mf_shrink(copy, len, 200, &out);
        assert_true(rc ? out.len == 0 : out.len <= 200);
        free(copy);
    }
    mf_buf_release(&in);
    mf_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_cut_and_marked),
        cmocka_unit_test(what_is_short_enough_stays_as_it_is),
        cmocka_unit_test(a_flow_that_is_too_long_without_bodies_is_refused),
        cmocka_unit_test(the_last_messages_of_a_stream_are_left_out),
        cmocka_unit_test(every_cut_of_a_message_is_malformed_or_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
