#include "support.h"

#include "base/utf8.h"
#include "codec/encoding.h"

static void a_recorded_http_flow_has_its_facts(void **state)
{
    (void)state;
    struct mf_flow *flow = load_flow("http-odd-1");
    Mitmflow__V1__FlowSummary *summary = summary_of(flow);
    assert_int_equal(mf_flow_type(flow), MF_FLOW_HTTP);
    assert_int_equal(mf_flow_state(flow), MF_FLOW_ENDED);
    assert_string_equal(summary->id, "a317bbca-4720-4ab9-9107-a4ad7272a180");
    assert_string_equal(summary->type, "http");
    assert_int_equal(summary->timestamp_start->seconds, 1795490598);
    assert_int_equal(summary->number, 7);
    assert_int_equal(summary->change, 9);
    assert_true(summary->pinned);
    assert_string_equal(summary->note, "a note");
    assert_string_equal(summary->source, "a proxy");
    assert_int_equal(summary->state,
                     MITMFLOW__V1__FLOW_STATE__FLOW_STATE_ENDED);
    assert_string_equal(summary->proxy_mode, "regular");
    assert_true(summary->duration_ms > 0 && summary->duration_ms < 1000);
    assert_int_equal(summary->server_bytes, 300);
    const Mitmflow__V1__HttpFlowSummary *http = summary->http;
    assert_string_equal(http->method, "GET");
    assert_string_equal(http->url, "http://localhost:43391/gzip/300");
    assert_string_equal(http->pretty_url, "http://localhost:43391/gzip/300");
    assert_int_equal(http->status_code, 200);
    assert_int_equal(http->response_content_length, 300);
    assert_string_equal(http->content_type, "application/json");
    assert_string_equal(http->http_version, "HTTP/1.1");
    assert_string_equal(http->client_peername_host, "127.0.0.1");
    assert_string_equal(http->server_address_host, "localhost");
    assert_int_equal(http->server_address_port, 43391);
    assert_true(visits(flow, "Content-Encoding", 16));
    assert_true(visits(flow, "golden", 6));
    mitmflow__v1__flow_summary__free_unpacked(summary, NULL);
    mf_flow_unref(flow);
}

static void a_recorded_dns_flow_has_a_readable_answer(void **state)
{
    (void)state;
    struct mf_flow *flow = load_flow("dns-1");
    Mitmflow__V1__FlowSummary *summary = summary_of(flow);
    assert_int_equal(mf_flow_state(flow), MF_FLOW_ENDED);
    assert_string_equal(summary->dns->question_name, "example.com");
    assert_string_equal(summary->dns->question_type, "A");
    assert_int_equal(summary->dns->n_answers, 1);
    assert_string_equal(summary->dns->answers[0], "192.0.2.7");
    assert_true(summary->dns->has_response);
    assert_int_equal(summary->dns->response_code, 0);
    assert_string_equal(summary->proxy_mode, "reverse:dns://127.0.0.1:35193");
    assert_int_equal(summary->client_bytes, 29);
    assert_int_equal(summary->server_bytes, 56);
    assert_true(visits(flow, "192.0.2.7", 9));
    mitmflow__v1__flow_summary__free_unpacked(summary, NULL);
    mf_flow_unref(flow);
}

static void recorded_messages_are_counted_by_side(void **state)
{
    (void)state;
    struct mf_flow *flow = load_flow("tcp-1");
    Mitmflow__V1__FlowSummary *summary = summary_of(flow);
    assert_int_equal(mf_flow_state(flow), MF_FLOW_ENDED);
    assert_int_equal(summary->message_count, 6);
    assert_int_equal(summary->client_bytes, 5 + 32 + 4);
    assert_int_equal(summary->server_bytes, 10 + 37 + 9);
    assert_true(summary->duration_ms > 0);
    assert_int_equal(summary->tcp->server_address_port, 42603);
    assert_int_equal(summary->tcp->client_peername_port, 54404);
    assert_true(visits(flow, "echo:first", 10));
    mitmflow__v1__flow_summary__free_unpacked(summary, NULL);
    mf_flow_unref(flow);
    flow = load_flow("websocket-1");
    summary = summary_of(flow);
    assert_int_equal(mf_flow_state(flow), MF_FLOW_ENDED);
    assert_true(mf_flow_facts(flow)->is_websocket);
    assert_int_equal(summary->message_count, 8);
    assert_true(visits(flow, "gr\303\274\303\237 dich", 11));
    mitmflow__v1__flow_summary__free_unpacked(summary, NULL);
    mf_flow_unref(flow);
}

static void the_snapshot_is_kept_as_it_came(void **state)
{
    (void)state;
    struct mf_buf message;
    struct mf_wire_field field;
    load_message("http-get-1", &message);
    mf_wire_find(message.data, message.len, 1, &field);
    struct mf_flow *flow = load_flow("http-get-1"), *again = NULL;
    size_t len;
    const uint8_t *snapshot = mf_flow_snapshot(flow, &len);
    assert_int_equal(len, field.len);
    assert_memory_equal(snapshot, field.data, len);
    assert_int_equal(
        mf_flow_from_snapshot(snapshot, len, MF_FLOW_CUT_OFF, &again, NULL), 0);
    assert_int_equal(mf_flow_state(again), MF_FLOW_CUT_OFF);
    assert_int_equal(mf_flow_start_ns(again), mf_flow_start_ns(flow));
    mf_flow_unref(flow);
    mf_flow_unref(again);
    mf_buf_release(&message);
}

static enum mf_flow_state http_state(unsigned event, int status, bool websocket)
{
    struct mf_buf body;
    size_t mark;
    struct mf_flow *flow = NULL;
    mf_buf_init(&body, 1000);
    put_text(&body, 1, "id");
    mf_wire_begin(&body, 3, &mark);
    mf_wire_put_varint(&body, 1, (uint64_t)status);
    mf_wire_end(&body, mark);
    mf_wire_put_varint_opt(&body, 9, websocket);
    mf_wire_put_varint(&body, 10, 1); /* live tells nothing */
    assert_int_equal(read_body(MF_FLOW_HTTP, &body, event, &flow), 0);
    enum mf_flow_state state = mf_flow_state(flow);
    mf_flow_unref(flow);
    return state;
}

static void the_event_tells_the_end_of_an_http_flow(void **state)
{
    (void)state;
    assert_int_equal(http_state(EVENT(REQUESTHEADERS), 0, false), MF_FLOW_LIVE);
    assert_int_equal(http_state(EVENT(RESPONSEHEADERS), 200, false),
                     MF_FLOW_LIVE);
    assert_int_equal(http_state(EVENT(RESPONSE), 200, false), MF_FLOW_ENDED);
    assert_int_equal(http_state(EVENT(RESPONSE), 101, false), MF_FLOW_LIVE);
    assert_int_equal(http_state(EVENT(RESPONSE), 200, true), MF_FLOW_LIVE);
    assert_int_equal(http_state(EVENT(WEBSOCKET_MESSAGE), 101, true),
                     MF_FLOW_LIVE);
    assert_int_equal(http_state(EVENT(WEBSOCKET_END), 101, true),
                     MF_FLOW_ENDED);
    assert_int_equal(http_state(EVENT(ERROR), 101, true), MF_FLOW_ENDED);
    assert_int_equal(http_state(EVENT(HTTP_CONNECT), 0, false), MF_FLOW_LIVE);
    assert_int_equal(http_state(EVENT(HTTP_CONNECTED), 200, false),
                     MF_FLOW_ENDED);
    assert_int_equal(http_state(EVENT(HTTP_CONNECT_ERROR), 502, false),
                     MF_FLOW_ENDED);
    assert_int_equal(http_state(EVENT(TCP_END), 200, false), MF_FLOW_LIVE);
    assert_int_equal(http_state(12345, 200, false), MF_FLOW_LIVE);
}

static int read_empty(uint32_t type)
{
    struct mf_buf body;
    struct mf_flow *flow = NULL;
    mf_buf_init(&body, 1000);
    return read_body(type, &body, 0, &flow);
}

static void whole_but_unusable_messages_are_told_apart(void **state)
{
    (void)state;
    struct mf_flow *flow = NULL;
    struct mf_err err;
    struct mf_buf body;
    assert_int_equal(mf_flow_from_export(NULL, 0, &flow, &err), MF_EINVAL);
    assert_string_equal(err.text, "message without a flow");
    assert_int_equal(read_empty(MF_FLOW_TCP), MF_EINVAL);
    assert_int_equal(read_empty(99), MF_EINVAL);
    assert_int_equal(
        mf_flow_from_export((const uint8_t *)"\xff", 1, &flow, &err),
        MF_ECORRUPT);
    mf_buf_init(&body, 1000);
    put_text(&body, 1, "id");
    put_text(&body, 8, "\xff\xfe");
    assert_int_equal(read_body(MF_FLOW_HTTP, &body, 0, &flow), MF_EUTF8);
    assert_null(flow);
}

static void odd_ids_are_data(void **state)
{
    (void)state;
    static char long_id[4096];
    memset(long_id, 'x', sizeof long_id);
    const struct mf_span ids[] = {
        {"../../etc/passwd", 16}, {"a\0b", 3}, {"/", 1}, {long_id, 4096}};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct mf_flow *flow = NULL;
        struct mf_buf body, summary;
        struct mf_wire_field field;
        mf_buf_init(&body, 10000);
        mf_buf_init(&summary, 10000);
        mf_wire_put_bytes(&body, 1, ids[i].text, ids[i].len);
        assert_int_equal(read_body(MF_FLOW_UDP, &body, 0, &flow), 0);
        assert_int_equal(mf_flow_id(flow).len, ids[i].len);
        assert_memory_equal(mf_flow_id(flow).text, ids[i].text, ids[i].len);
        assert_int_equal(mf_flow_put_summary(flow, &summary), 0);
        assert_true(mf_wire_find(summary.data, summary.len, 1, &field));
        assert_int_equal(field.len, ids[i].len);
        assert_memory_equal(field.data, ids[i].text, ids[i].len);
        mf_buf_release(&summary);
        mf_flow_unref(flow);
    }
}

/* An HTTP flow with header fields and a gzip body, as our exporter sends. */
static struct mf_flow *own_http_flow(const char *type, size_t url_len)
{
    struct mf_buf body, packed;
    struct mf_flow *flow = NULL;
    size_t mark;
    char *url = malloc(url_len + 1);
    memset(url, 'u', url_len);
    url[url_len] = '\0';
    mf_buf_init(&body, 1 << 20);
    mf_buf_init(&packed, 1000);
    mf_encoding_encode(MF_ENCODING_GZIP, "find me", 7, &packed);
    put_text(&body, 1, "id");
    mf_wire_begin(&body, 2, &mark);
    put_text(&body, 1, "POST");
    put_text(&body, 2, url);
    mf_wire_put_timestamp_opt(&body, 9, 1000000000);
    mf_wire_put_varint(&body, 103, 5000);
    mf_wire_end(&body, mark);
    mf_wire_begin(&body, 3, &mark);
    mf_wire_put_timestamp_opt(&body, 9, 1250000000);
    put_pair(&body, 100, "CONTENT-type", type);
    put_pair(&body, 100, "Content-Encoding", "gzip");
    mf_wire_put_bytes(&body, 102, packed.data, packed.len);
    mf_wire_end(&body, mark);
    assert_int_equal(read_body(MF_FLOW_HTTP, &body, 0, &flow), 0);
    mf_buf_release(&packed);
    free(url);
    return flow;
}

static void raw_bodies_are_searched_decoded_and_counted_raw(void **state)
{
    (void)state;
    struct mf_flow *flow = own_http_flow("text/plain", 10);
    Mitmflow__V1__FlowSummary *summary = summary_of(flow);
    assert_true(visits(flow, "find me", 7));
    assert_int_equal(summary->client_bytes, 5000);
    assert_int_equal(summary->http->request_content_length, 5000);
    assert_int_equal(summary->http->response_content_length,
                     (int)summary->server_bytes);
    assert_true(summary->server_bytes > 20);
    assert_true(summary->duration_ms == 250);
    assert_string_equal(summary->http->content_type, "text/plain");
    mitmflow__v1__flow_summary__free_unpacked(summary, NULL);
    mf_flow_unref(flow);
}

static void summaries_are_bounded_and_always_utf8(void **state)
{
    (void)state;
    struct mf_flow *flow = own_http_flow("text/\xe9", 100000);
    Mitmflow__V1__FlowSummary *summary = summary_of(flow);
    assert_string_equal(summary->http->content_type, "text/\xc3\xa9");
    assert_int_equal(strlen(summary->http->url), 8192);
    mitmflow__v1__flow_summary__free_unpacked(summary, NULL);
    mf_flow_unref(flow);
    struct mf_buf body;
    mf_buf_init(&body, 10000);
    put_text(&body, 1, "id");
    char error[2001];
    for (size_t i = 0; i < 2000; i += 2)
        memcpy(error + i, i ? "\xc3\xa9" : "ab", 2);
    error[2000] = '\0';
    memmove(error, error + 1, 2000); /* characters begin at odd bytes */
    put_text(&body, 7, error);
    assert_int_equal(read_body(MF_FLOW_TCP, &body, 0, &flow), 0);
    summary = summary_of(flow);
    assert_int_equal(strlen(summary->error), 1023);
    assert_true(mf_utf8_valid(summary->error, strlen(summary->error)));
    mitmflow__v1__flow_summary__free_unpacked(summary, NULL);
    mf_flow_unref(flow);
}

static void absurd_durations_and_times_read_as_none(void **state)
{
    (void)state;
    static const double durations[] = {-1, 1e300, 0};
    for (size_t i = 0; i < 4; i++) {
        struct mf_buf body;
        struct mf_flow *flow = NULL;
        mf_buf_init(&body, 1000);
        put_text(&body, 1, "id");
        mf_wire_put_timestamp_opt(&body, 5, INT64_MIN / 2);
        mf_wire_put_double_opt(&body, 6,
                               i < 3 ? durations[i] : strtod("nan", NULL));
        assert_int_equal(read_body(MF_FLOW_TCP, &body, 0, &flow), 0);
        Mitmflow__V1__FlowSummary *summary = summary_of(flow);
        assert_true(summary->duration_ms == 0);
        mitmflow__v1__flow_summary__free_unpacked(summary, NULL);
        mf_flow_unref(flow);
    }
}

/* The start that is read of a DNS flow whose exporter says `start_ns`, and
 * `client_ns` for its client. */
static int64_t dns_start(int64_t start_ns, int64_t client_ns, unsigned protocol)
{
    struct mf_buf body;
    struct mf_flow *flow = NULL;
    size_t mark;
    mf_buf_init(&body, 1000);
    put_text(&body, 1, "id");
    mf_wire_put_timestamp_opt(&body, 4, start_ns);
    mf_wire_begin(&body, 6, &mark);
    mf_wire_put_varint(&body, 7, protocol);
    mf_wire_put_timestamp_opt(&body, 17, client_ns);
    mf_wire_end(&body, mark);
    assert_int_equal(read_body(MF_FLOW_DNS, &body, 0, &flow), 0);
    int64_t start = mf_flow_start_ns(flow);
    mf_flow_unref(flow);
    return start;
}

static void a_time_zone_in_the_start_of_a_dns_flow_is_undone(void **state)
{
    (void)state;
    const int64_t at = INT64_C(1795490625000000000), hour = 3600000000000;
    enum { TCP = 1, UDP = 2 };
    assert_true(dns_start(at, at - 5000000, UDP) == at);
    assert_true(dns_start(at + 2 * hour, at - 5000000, UDP) == at);
    assert_true(dns_start(at - 8 * hour, at - 5000000, UDP) == at);
    assert_true(dns_start(at + 23 * hour / 4, at, UDP) == at); /* Nepal */
    assert_true(dns_start(at + hour / 10, at, UDP) == at + hour / 10);
    assert_true(dns_start(at + 99 * hour, at, UDP) == at + 99 * hour);
    assert_true(dns_start(at + 2 * hour, at, TCP) == at + 2 * hour);
    assert_true(dns_start(at + 2 * hour, 0, UDP) == at + 2 * hour);
}

static void a_record_keeps_its_derived_summary(void **state)
{
    (void)state;
    const struct mf_record_head head = {.number = 1, .source = "", .note = ""};
    const uint8_t derived[] = {0x0a, 1, 'x'};
    struct mf_record *record =
        mf_record_new(&head, NULL, derived, sizeof derived);
    size_t len;
    const uint8_t *summary = mf_record_summary(record, &len);
    assert_null(mf_record_flow(record));
    assert_memory_equal(summary, derived, sizeof derived);
    assert_int_equal(len, sizeof derived + 3); /* number 100: three bytes */
    mf_record_unref(mf_record_ref(record));
    assert_int_equal(mf_record_head(record)->number, 1);
    mf_record_unref(record);
    mf_record_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recorded_http_flow_has_its_facts),
        cmocka_unit_test(a_recorded_dns_flow_has_a_readable_answer),
        cmocka_unit_test(recorded_messages_are_counted_by_side),
        cmocka_unit_test(the_snapshot_is_kept_as_it_came),
        cmocka_unit_test(the_event_tells_the_end_of_an_http_flow),
        cmocka_unit_test(whole_but_unusable_messages_are_told_apart),
        cmocka_unit_test(odd_ids_are_data),
        cmocka_unit_test(raw_bodies_are_searched_decoded_and_counted_raw),
        cmocka_unit_test(summaries_are_bounded_and_always_utf8),
        cmocka_unit_test(absurd_durations_and_times_read_as_none),
        cmocka_unit_test(a_time_zone_in_the_start_of_a_dns_flow_is_undone),
        cmocka_unit_test(a_record_keeps_its_derived_summary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
