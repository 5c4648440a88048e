#include "support.h"

#include "codec/encoding.h"
#include "flow/published.h"

static const char *header(Mitmproxy__V1__Response__HeadersEntry **headers,
                          size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(headers[i]->key, name) == 0)
            return headers[i]->value;
    return NULL;
}

/* A mitmproxy.v1.Flow with one response. */
static void make_flow(const char *encoding, const void *raw, size_t raw_len,
                      struct mf_buf *ret_flow)
{
    size_t flow, half;
    mf_buf_init(ret_flow, 1 << 20);
    mf_wire_begin(ret_flow, 1, &flow);
    put_text(ret_flow, 1, "id");
    mf_wire_begin(ret_flow, 3, &half);
    mf_wire_put_varint(ret_flow, 1, 200);
    put_pair(ret_flow, 100, "Set-Cookie", "a=1");
    put_pair(ret_flow, 100, "X-Latin", "caf\xe9");
    put_pair(ret_flow, 100, "set-cookie", "b=2");
    put_pair(ret_flow, 100, "content-encoding", encoding);
    put_pair(ret_flow, 101, "X-Trailer", "t");
    mf_wire_put_bytes(ret_flow, 102, raw, raw_len);
    mf_wire_end(ret_flow, half);
    mf_wire_put_bytes(ret_flow, 100, "", 0); /* websocket_close */
    mf_wire_put_varint(ret_flow, 9, 1);
    mf_wire_begin(ret_flow, 11, &half);
    put_text(ret_flow, 1, "message");
    mf_wire_put_varint(ret_flow, 100, 1);
    mf_wire_end(ret_flow, half);
    mf_wire_end(ret_flow, flow);
    put_pair(ret_flow, 100, "a comment", "");
}

static Mitmproxy__V1__Flow *publish(const struct mf_buf *flow,
                                    enum mf_published_mode mode,
                                    size_t body_max, int *ret_error)
{
    struct mf_buf out;
    struct mf_published_result result = {0};
    mf_buf_init(&out, 1 << 20);
    assert_int_equal(mf_flow_put_published(flow->data, flow->len, mode,
                                           body_max, &out, &result),
                     0);
    Mitmproxy__V1__Flow *published =
        mitmproxy__v1__flow__unpack(NULL, out.len, out.data);
    assert_non_null(published);
    *ret_error = result.response_error;
    assert_int_equal(result.request_error, 0);
    mf_buf_release(&out);
    return published;
}

static void header_fields_become_maps(void **state)
{
    (void)state;
    struct mf_buf flow;
    int error;
    make_flow("identity", "body", 4, &flow);
    Mitmproxy__V1__Flow *published =
        publish(&flow, MF_PUBLISHED_ADD, 100, &error);
    const Mitmproxy__V1__Response *response = published->http_flow->response;
    assert_int_equal(error, 0);
    assert_int_equal(response->n_headers, 3);
    assert_string_equal(
        header(response->headers, response->n_headers, "Set-Cookie"),
        "a=1, b=2");
    assert_string_equal(
        header(response->headers, response->n_headers, "X-Latin"),
        "caf\xc3\xa9");
    assert_int_equal(response->n_trailers, 1);
    assert_string_equal(response->trailers[0]->value, "t");
    assert_int_equal(response->content.len, 4);
    assert_int_equal(response->n_header_fields, 4);
    assert_int_equal(response->raw_content.len, 4);
    assert_non_null(published->meta);
    mitmproxy__v1__flow__free_unpacked(published, NULL);
    mf_buf_release(&flow);
}

static void an_old_peer_gets_no_field_from_100_up(void **state)
{
    (void)state;
    struct mf_buf flow;
    int error;
    make_flow("identity", "body", 4, &flow);
    Mitmproxy__V1__Flow *published =
        publish(&flow, MF_PUBLISHED_ONLY, 100, &error);
    const Mitmproxy__V1__HTTPFlow *http = published->http_flow;
    assert_int_equal(http->response->n_headers, 3);
    assert_int_equal(http->response->content.len, 4);
    assert_int_equal(http->response->n_header_fields, 0);
    assert_int_equal(http->response->raw_content.len, 0);
    assert_null(http->websocket_close);
    assert_int_equal(http->n_websocket_messages, 1);
    assert_int_equal(http->websocket_messages[0]->content.len, 7);
    assert_int_equal(http->websocket_messages[0]->opcode, 0);
    assert_null(published->meta);
    mitmproxy__v1__flow__free_unpacked(published, NULL);
    mf_buf_release(&flow);
}

static void bodies_are_decoded_and_bounded(void **state)
{
    (void)state;
    char text[1000];
    struct mf_buf packed, flow;
    int error;
    memset(text, 'z', sizeof text);
    mf_buf_init(&packed, 1000);
    mf_encoding_encode(MF_ENCODING_BROTLI, text, sizeof text, &packed);
    make_flow("br", packed.data, packed.len, &flow);
    Mitmproxy__V1__Flow *published =
        publish(&flow, MF_PUBLISHED_ADD, 1000, &error);
    assert_int_equal(error, 0);
    assert_int_equal(published->http_flow->response->content.len, 1000);
    mitmproxy__v1__flow__free_unpacked(published, NULL);
    published = publish(&flow, MF_PUBLISHED_ADD, 999, &error);
    assert_int_equal(error, MF_EFULL);
    assert_int_equal(published->http_flow->response->content.len, 999);
    mitmproxy__v1__flow__free_unpacked(published, NULL);
    mf_buf_release(&flow);
    mf_buf_release(&packed);
}

static void bodies_are_left_out_where_nobody_asks_for_them(void **state)
{
    (void)state;
    struct mf_buf flow;
    int error;
    make_flow("gzip", "no gzip", 7, &flow);
    Mitmproxy__V1__Flow *published =
        publish(&flow, MF_PUBLISHED_BARE, 100, &error);
    const Mitmproxy__V1__Response *response = published->http_flow->response;
    assert_int_equal(error, 0);
    assert_int_equal(response->content.len, 0);
    assert_int_equal(response->raw_content.len, 0);
    assert_int_equal(response->n_headers, 3);
    assert_int_equal(response->n_header_fields, 4);
    mitmproxy__v1__flow__free_unpacked(published, NULL);
    mf_buf_release(&flow);
}

static void a_body_that_cannot_be_decoded_is_given_as_it_is(void **state)
{
    (void)state;
    struct mf_buf flow;
    int error;
    make_flow("rot13", "obql", 4, &flow);
    Mitmproxy__V1__Flow *published =
        publish(&flow, MF_PUBLISHED_ADD, 100, &error);
    assert_int_equal(error, MF_EUNSUPPORTED);
    assert_int_equal(published->http_flow->response->content.len, 4);
    mitmproxy__v1__flow__free_unpacked(published, NULL);
    mf_buf_release(&flow);
    make_flow("gzip", "no gzip", 7, &flow);
    published = publish(&flow, MF_PUBLISHED_ADD, 100, &error);
    assert_int_equal(error, MF_ECORRUPT);
    assert_int_equal(published->http_flow->response->content.len, 0);
    mitmproxy__v1__flow__free_unpacked(published, NULL);
    mf_buf_release(&flow);
}

static void a_flow_of_the_published_exporter_stays_as_it_is(void **state)
{
    (void)state;
    static const char *const names[] = {"http-odd-1", "dns-1", "websocket-1",
                                        "tcp-1", "udp-1"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct mf_flow *flow = load_flow(names[i]);
        struct mf_buf out;
        size_t len;
        const uint8_t *snapshot = mf_flow_snapshot(flow, &len);
        mf_buf_init(&out, 1 << 20);
        assert_int_equal(mf_flow_put_published(snapshot, len, MF_PUBLISHED_ONLY,
                                               100, &out, NULL),
                         0);
        assert_int_equal(out.len, len);
        assert_memory_equal(out.data, snapshot, len);
        mf_buf_release(&out);
        mf_flow_unref(flow);
    }
}

static void what_does_not_fit_is_an_error_at_every_size(void **state)
{
    (void)state;
    struct mf_buf flow, out;
    make_flow("identity", "body", 4, &flow);
    mf_buf_init(&out, 1 << 20);
    mf_flow_put_published(flow.data, flow.len, MF_PUBLISHED_ADD, 100, &out,
                          NULL);
    size_t whole = out.len;
    mf_buf_release(&out);
    for (size_t max = 0; max < whole; max++) {
        mf_buf_init(&out, max);
        assert_int_equal(mf_flow_put_published(flow.data, flow.len,
                                               MF_PUBLISHED_ADD, 100, &out,
                                               NULL),
                         MF_EFULL);
        mf_buf_release(&out);
    }
    for (size_t len = 1; len < flow.len; len++) {
        mf_buf_init(&out, 1 << 20);
        int rc = mf_flow_put_published(flow.data, len, MF_PUBLISHED_ADD, 100,
                                       &out, NULL);
        assert_true(rc == 0 || rc == MF_ECORRUPT);
        mf_buf_release(&out);
    }
    mf_buf_release(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_fields_become_maps),
        cmocka_unit_test(an_old_peer_gets_no_field_from_100_up),
        cmocka_unit_test(bodies_are_decoded_and_bounded),
        cmocka_unit_test(bodies_are_left_out_where_nobody_asks_for_them),
        cmocka_unit_test(a_body_that_cannot_be_decoded_is_given_as_it_is),
        cmocka_unit_test(a_flow_of_the_published_exporter_stays_as_it_is),
        cmocka_unit_test(what_does_not_fit_is_an_error_at_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
