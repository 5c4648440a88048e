/* Flows, their parts and what was appended to them. */
#include "redact_support.h"

#include <stdio.h>

#include "pb/encoder.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})

static Mitmproxy__V1__Request *request_of(const struct bench *bench)
{
    return bench->out->flow->http_flow->request;
}

static void check_header(const char *const *rules, const char *name,
                         const char *value, const char *expected)
{
    for (int half = 0; half < 2; half++) {
        struct bench bench;
        struct sample sample;
        char text[256];
        snprintf(text, sizeof text, expected, mark_of("secret"),
                 mark_of("secret"));
        bench_init(&bench, rules);
        sample_init(&sample, "http://example.com/");
        sample_add_header(&sample, half, "Before", "1");
        sample_add_header(&sample, half, name, value);
        bench_send(&bench, MF_KIND_WHOLE, &sample.message);
        http_t *http = bench.out->flow->http_flow;
        Mitmproxy__V1__HeaderField *field =
            half ? http->response->header_fields[1]
                 : http->request->header_fields[1];
        assert_bytes(field->name, name);
        assert_bytes(field->value, text);
        bench_release(&bench);
    }
}

static void headers_are_found_by_name(void **state)
{
    (void)state;
    const char *const *rules =
        RULES("header authorization, cookie, set-cookie, x-api-*");
    check_header(rules, "X-API-Key", " secret ", " %s ");
    check_header(rules, "X-Apix", "secret", "secret");
    check_header(rules, "AUTHORIZATION", "Bearer secret", "Bearer %s");
    check_header(rules, "Authorization", "secret", "%s");
    check_header(rules, "Cookie", "a=secret; b=\"secret\"", "a=%s; b=\"%s\"");
    check_header(rules, "Set-Cookie", "a=secret; Path=/; HttpOnly",
                 "a=%s; Path=/; HttpOnly");
}

static void query_fields_are_found_in_headers_too(void **state)
{
    (void)state;
    const char *const *rules = RULES("query token");
    check_header(rules, "Referer", "http://x/?a=1&token=secret&b",
                 "http://x/?a=1&token=%s&b");
    check_header(rules, "Location", "/next#token=secret", "/next#token=%s");
    check_header(rules, "Link", "<http://x/?token=secret>; rel=next",
                 "<http://x/?token=%s>; rel=next");
    check_header(rules, "X", "token=secret", "token=secret");
}

static void regexes_look_at_header_values(void **state)
{
    (void)state;
    check_header(RULES("regex /s[a-z]+t/ in header"), "X", "a secret, secret",
                 "a %s, %s");
    check_header(RULES("regex /secret/ in header"), "X", "a=%73ecret;",
                 "a=%s;");
    check_header(RULES("regex /secret/ in body|url"), "X", "secret", "secret");
}

static void check_url(const char *rule, const char *url, const char *expected)
{
    struct bench bench;
    struct sample sample;
    char text[256];
    snprintf(text, sizeof text, expected, mark_of("secret"), mark_of("secret"));
    bench_init(&bench, RULES(rule));
    sample_init(&sample, url);
    sample.request.pretty_url = (char *)url;
    bench_send(&bench, MF_KIND_WHOLE, &sample.message);
    assert_string_equal(request_of(&bench)->url, text);
    assert_string_equal(request_of(&bench)->pretty_url, text);
    bench_release(&bench);
}

static void query_fields_are_found_in_urls(void **state)
{
    (void)state;
    check_url("query token, *_token", "http://x/?token=secret&my_token=secret",
              "http://x/?token=%s&my_token=%s");
    check_url("query token", "http://x/?%74oken=se%63ret#token=secret",
              "http://x/?%%74oken=%s#token=%s");
    check_url("query token", "http://x/token=secret?a=token",
              "http://x/token=secret?a=token");
    check_url("query token", "http://x/?to=http%3A%2F%2Fy%3Ftoken%3Dsecret%26a",
              "http://x/?to=http%%3A%%2F%%2Fy%%3Ftoken%%3D%s%%26a");
    check_url("query token", "http://x/?token=&a=1", "http://x/?token=&a=1");
    check_url("regex /secret/ in url", "http://x/secret/%73ecret",
              "http://x/%s/%s");
}

static void rules_hold_for_their_hosts_only(void **state)
{
    (void)state;
    static const struct {
        const char *url, *pretty, *sni, *address;
        bool holds;
    } CASES[] = {
        {"http://A.example.com/", "", "", "", true},
        {"http://1.2.3.4:8080/", "https://a.example.com:444/", "", "", true},
        {"http://1.2.3.4/", "", "a.example.com", "", true},
        {"http://1.2.3.4/", "", "", "a.example.com", true},
        {"http://example.com/", "", "", "", false},
        {"http://a.example.com.evil.org/", "", "", "b.org", false},
        {"http://evil.org/a.example.com", "", "", "", false},
        {"http://a.example.com@evil.org/", "", "", "", false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct bench bench;
        struct sample sample;
        Mitmproxy__V1__ClientConn client = MITMPROXY__V1__CLIENT_CONN__INIT;
        Mitmproxy__V1__ServerConn server = MITMPROXY__V1__SERVER_CONN__INIT;
        bench_init(&bench, RULES("header x host=*.example.com"));
        sample_init(&sample, CASES[i].url);
        sample.request.pretty_url = (char *)CASES[i].pretty;
        client.sni = (char *)CASES[i].sni;
        server.address_host = (char *)CASES[i].address;
        sample.http.client = &client;
        sample.http.server = &server;
        sample_add_header(&sample, false, "x", "secret");
        bench_send(&bench, MF_KIND_WHOLE, &sample.message);
        if (bench.verdict !=
            (CASES[i].holds ? MF_REDACT_CHANGED : MF_REDACT_KEEP))
            fail_msg("%s", CASES[i].url);
        bench_release(&bench);
    }
}

/* As the hooks tell of a flow: a head, the response's head, its body. */
static void a_body_that_comes_later_is_redacted_as_its_headers_say(void **state)
{
    (void)state;
    struct bench bench;
    struct sample sample;
    char expected[64];
    static char comment[] = "mine", body[] = "{\"a\":\"secret\"}";
    bench_init(&bench, RULES("json $.a host=example.com", "json $.a host=x.org",
                             "header x"));
    sample_init(&sample, "http://example.com/");
    sample_add_header(&sample, false, "x", "secret");
    sample.http.response = NULL;
    sample.meta.comment = comment;
    sample.flow.meta = &sample.meta;
    bench_send(&bench, MF_KIND_WHOLE, &sample.message);
    assert_int_equal(bench.out->flow->meta->n_redactions, 1);

    sample_init(&sample, "");
    sample_make_part(&sample);
    sample.http.request = NULL;
    sample_add_header(&sample, true, "Content-Type", "application/json");
    bench_send(&bench, MF_KIND_PART, &sample.message);
    assert_int_equal(bench.verdict, MF_REDACT_KEEP);

    sample_init(&sample, "");
    sample_make_part(&sample);
    sample.http.request = NULL;
    sample.response.content.data = (uint8_t *)body;
    sample.response.content.len = strlen(body);
    bench_send(&bench, MF_KIND_PART, &sample.message);
    assert_int_equal(bench.verdict, MF_REDACT_CHANGED);
    assert_string_equal(bench.out->part->flow_id, "flow-1");
    Mitmproxy__V1__Flow *flow = bench.out->part->flow;
    snprintf(expected, sizeof expected, "{\"a\":\"%s\"}", mark_of("secret"));
    assert_bytes(flow->http_flow->response->content, expected);
    /* A part's meta takes the place of all that was told before. */
    assert_string_equal(flow->meta->comment, "mine");
    assert_int_equal(flow->meta->n_redactions, 2);
    assert_string_equal(flow->meta->redactions[0], "header x");
    assert_string_equal(flow->meta->redactions[1], "json $.a host=example.com");
    bench_release(&bench);
}

static void note(struct bench *bench, const request_t *message)
{
    uint8_t bytes[4096];
    size_t len = mitmproxy__v1__export_flow_request__get_packed_size(message);
    assert_true(len <= sizeof bytes);
    mitmproxy__v1__export_flow_request__pack(message, bytes);
    const struct mf_spliced spliced = {.bytes = bytes, .len = len};
    mf_redact_note(&bench->flow, &spliced);
}

static void what_a_flow_had_before_there_were_rules_is_told_again(void **state)
{
    (void)state;
    struct bench bench;
    struct sample sample;
    static char comment[] = "mine, secret", body[] = "{\"a\":\"secret\"}";
    char expected[64];
    bench_init(&bench, RULES("json $.a", "regex /secret/"));
    sample_init(&sample, "http://example.com/");
    sample.meta.comment = comment;
    sample.flow.meta = &sample.meta;
    note(&bench, &sample.message);

    sample_init(&sample, "");
    sample_make_part(&sample);
    sample.http.request = NULL;
    sample.response.content.data = (uint8_t *)body;
    sample.response.content.len = strlen(body);
    bench_send(&bench, MF_KIND_PART, &sample.message);
    snprintf(expected, sizeof expected, "mine, %s", mark_of("secret"));
    assert_non_null(bench.out->part->flow->meta);
    assert_string_equal(bench.out->part->flow->meta->comment, expected);
    assert_int_equal(bench.out->part->flow->meta->n_redactions, 2);
    bench_release(&bench);
}

static void the_flow_of_an_unknown_head_is_redacted_by_every_rule(void **state)
{
    (void)state;
    struct bench bench;
    struct sample sample;
    bench_init(&bench, RULES("regex /secret/ host=x.org"));
    sample_init(&sample, "");
    sample_make_part(&sample);
    sample.http.request = NULL;
    sample.response.content.data = (uint8_t *)"a secret";
    sample.response.content.len = 8;
    bench_send(&bench, MF_KIND_PART, &sample.message);
    assert_int_equal(bench.verdict, MF_REDACT_CHANGED);
    assert_false(holds(&bench.bytes, "secret"));
    /* Nor is it known how this one was encoded. */
    sample.response.raw_content = sample.response.content;
    sample.response.content.len = 0;
    bench_send(&bench, MF_KIND_PART, &sample.message);
    assert_string_equal(
        bench.out->part->flow->http_flow->response->content_left_out,
        "a rule should look through it, but its encoding is not known");
    bench_release(&bench);
}

static void flows_are_skipped_by_host(void **state)
{
    (void)state;
    struct bench bench;
    struct sample sample;
    bench_init(&bench, RULES("skip-flow host=*.bank.example"));
    sample_init(&sample, "https://www.bank.example/");
    assert_int_equal(bench_send(&bench, MF_KIND_WHOLE, &sample.message),
                     MF_REDACT_SKIP);
    sample_init(&sample, "");
    sample_make_part(&sample);
    assert_int_equal(bench_send(&bench, MF_KIND_PART, &sample.message),
                     MF_REDACT_SKIP);
    mf_redact_flow_release(&bench.flow);
    sample_init(&sample, "https://www.example/");
    assert_int_equal(bench_send(&bench, MF_KIND_WHOLE, &sample.message),
                     MF_REDACT_KEEP);
    bench_release(&bench);
}

static void texts_beside_the_traffic_are_looked_at(void **state)
{
    (void)state;
    struct bench bench;
    struct sample sample;
    static char text[] = "my secret", key[] = "k";
    Mitmproxy__V1__MetadataEntry entry = MITMPROXY__V1__METADATA_ENTRY__INIT;
    Mitmproxy__V1__MetadataEntry *entries[] = {&entry};
    Mitmproxy__V1__ServerConn server = MITMPROXY__V1__SERVER_CONN__INIT;
    bench_init(&bench, RULES("regex /secret/"));
    sample_init(&sample, "http://example.com/");
    entry.key = key;
    entry.value = sample.meta.comment = sample.http.error = server.error =
        sample.response.reason = text;
    sample.meta.metadata = entries;
    sample.meta.n_metadata = 1;
    sample.flow.meta = &sample.meta;
    sample.http.server = &server;
    bench_send(&bench, MF_KIND_WHOLE, &sample.message);
    assert_int_equal(bench.verdict, MF_REDACT_CHANGED);
    assert_false(holds(&bench.bytes, "secret"));
    assert_string_equal(bench.out->flow->meta->metadata[0]->key, "k");
    assert_string_equal(bench.out->flow->meta->redactions[0], "regex (rule 1)");
    bench_release(&bench);
}

static void a_match_in_text_cuts_no_character(void **state)
{
    (void)state;
    struct bench bench;
    struct sample sample;
    static char error[] = "a\xc3\xa4z";
    bench_init(&bench, RULES("regex /\\xa4/"));
    sample_init(&sample, "http://example.com/");
    sample.http.error = error;
    bench_send(&bench, MF_KIND_WHOLE, &sample.message);
    const char *left = bench.out->flow->http_flow->error;
    assert_int_equal(left[0], 'a');
    assert_memory_equal(left + 1, "REDACTED-", 9);
    assert_string_equal(left + 26, "z");
    bench_release(&bench);
}

static void messages_are_redacted_in_wholes_and_appends(void **state)
{
    (void)state;
    struct bench bench;
    struct sample sample;
    char expected[64];
    Mitmproxy__V1__WebSocketMessage message =
        MITMPROXY__V1__WEB_SOCKET_MESSAGE__INIT;
    Mitmproxy__V1__WebSocketMessage *messages[] = {&message};
    Mitmproxy__V1__FlowAppend append = MITMPROXY__V1__FLOW_APPEND__INIT;
    static char id[] = "flow-1";
    message.content.data = (uint8_t *)"42[\"in\",{\"t\":\"secret\"}]";
    message.content.len = strlen((char *)message.content.data);
    message.opcode = 1;
    snprintf(expected, sizeof expected, "42[\"in\",{\"t\":\"%s\"}]",
             mark_of("secret"));
    bench_init(&bench, RULES("json $..t host=example.com"));
    sample_init(&sample, "http://example.com/");
    sample.http.websocket_messages = messages;
    sample.http.n_websocket_messages = 1;
    bench_send(&bench, MF_KIND_WHOLE, &sample.message);
    assert_bytes(bench.out->flow->http_flow->websocket_messages[0]->content,
                 expected);
    append.flow_id = id;
    append.first_index = 1;
    append.websocket_messages = messages;
    append.n_websocket_messages = 1;
    request_t request = MITMPROXY__V1__EXPORT_FLOW_REQUEST__INIT;
    request.append = &append;
    bench_send(&bench, MF_KIND_APPEND, &request);
    assert_int_equal(bench.out->append->first_index, 1);
    assert_bytes(bench.out->append->websocket_messages[0]->content, expected);
    assert_int_equal(bench.out->append->websocket_messages[0]->opcode, 1);
    bench_release(&bench);
}

static void messages_are_skipped_with_bodies(void **state)
{
    (void)state;
    struct bench bench;
    Mitmproxy__V1__TCPMessage message = MITMPROXY__V1__TCPMESSAGE__INIT;
    Mitmproxy__V1__TCPMessage *messages[] = {&message};
    Mitmproxy__V1__ServerConn server = MITMPROXY__V1__SERVER_CONN__INIT;
    Mitmproxy__V1__TCPFlow tcp = MITMPROXY__V1__TCPFLOW__INIT;
    Mitmproxy__V1__Flow flow = MITMPROXY__V1__FLOW__INIT;
    request_t request = MITMPROXY__V1__EXPORT_FLOW_REQUEST__INIT;
    static char host[] = "10.1.2.3";
    server.peername_host = host;
    message.content.data = (uint8_t *)"secret";
    message.content.len = 6;
    message.from_client = true;
    tcp.server = &server;
    tcp.messages = messages;
    tcp.n_messages = 1;
    flow.flow_case = MITMPROXY__V1__FLOW__FLOW_TCP_FLOW;
    flow.tcp_flow = &tcp;
    request.flow = &flow;
    bench_init(&bench, RULES("skip-body host=10.1.*", "skip-body type=a/b"));
    bench_send(&bench, MF_KIND_WHOLE, &request);
    assert_int_equal(bench.out->flow->tcp_flow->n_messages, 1);
    assert_int_equal(bench.out->flow->tcp_flow->messages[0]->content.len, 0);
    assert_true(bench.out->flow->tcp_flow->messages[0]->from_client);
    assert_int_equal(bench.out->flow->meta->n_redactions, 1);
    bench_release(&bench);
}

static void dns_names_take_the_packed_message_with_them(void **state)
{
    (void)state;
    struct bench bench;
    Mitmproxy__V1__DNSQuestion question = MITMPROXY__V1__DNSQUESTION__INIT;
    Mitmproxy__V1__DNSQuestion *questions[] = {&question};
    Mitmproxy__V1__DNSMessage message = MITMPROXY__V1__DNSMESSAGE__INIT;
    Mitmproxy__V1__DNSFlow dns = MITMPROXY__V1__DNSFLOW__INIT;
    Mitmproxy__V1__Flow flow = MITMPROXY__V1__FLOW__INIT;
    request_t request = MITMPROXY__V1__EXPORT_FLOW_REQUEST__INIT;
    static char name[] = "secret.example";
    question.name = name;
    message.questions = questions;
    message.n_questions = 1;
    message.packed.data = (uint8_t *)"\6secret\7example";
    message.packed.len = 15;
    dns.request = &message;
    flow.flow_case = MITMPROXY__V1__FLOW__FLOW_DNS_FLOW;
    flow.dns_flow = &dns;
    request.flow = &flow;
    bench_init(&bench, RULES("regex /secret\\.example/"));
    bench_send(&bench, MF_KIND_WHOLE, &request);
    assert_false(holds(&bench.bytes, "secret"));
    assert_int_equal(bench.out->flow->dns_flow->request->packed.len, 0);
    bench_release(&bench);
}

/* A whole flow whose response's body lies elsewhere. */
static enum mf_redact_verdict send_far_body(struct bench *bench, uint8_t *body,
                                            size_t len, void *object)
{
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 16);
    struct mf_mark flow = mf_encoder_begin(&enc, 1);
    struct mf_mark http = mf_encoder_begin(&enc, 1);
    struct mf_mark response = mf_encoder_begin(&enc, 3);
    mf_encoder_body(&enc, 3, body, len, object);
    struct mf_mark field = mf_encoder_begin(&enc, 100);
    mf_encoder_bytes(&enc, 1, "x", 1);
    mf_encoder_bytes(&enc, 2, "secret", 6);
    mf_encoder_end(&enc, field);
    mf_encoder_end(&enc, response);
    mf_encoder_end(&enc, http);
    mf_encoder_end(&enc, flow);
    assert_int_equal(enc.splice_count, 1);
    const struct mf_spliced message = mf_spliced_of(&enc);
    enum mf_redact_verdict verdict =
        bench_send_spliced(bench, MF_KIND_WHOLE, &message);
    mf_encoder_release(&enc);
    return verdict;
}

static void long_bodies_are_found_where_they_lie(void **state)
{
    (void)state;
    enum { LEN = 20000 };
    struct bench bench;
    uint8_t *body = malloc(LEN);
    memset(body, '.', LEN);
    memcpy(body + 15000, "secret", 6);
    bench_init(&bench, RULES("regex /secret/ in body"));
    assert_int_equal(send_far_body(&bench, body, LEN, &bench),
                     MF_REDACT_CHANGED);
    Mitmproxy__V1__Response *response = bench.out->flow->http_flow->response;
    assert_int_equal(response->content.len, LEN + 25 - 6);
    assert_memory_equal(response->content.data + 15000, mark_of("secret"), 25);
    bench_release(&bench);
    bench_init(&bench, RULES("header x"));
    assert_int_equal(send_far_body(&bench, body, LEN, &bench),
                     MF_REDACT_CHANGED);
    response = bench.out->flow->http_flow->response;
    assert_int_equal(response->content.len, LEN);
    assert_memory_equal(response->content.data, body, LEN);
    bench_release(&bench);
    free(body);
}

static void a_message_that_cannot_be_read_stays_here(void **state)
{
    (void)state;
    struct bench bench;
    const uint8_t bytes[] = {0x0a, 5, 0x0a, 9, 0};
    const struct mf_spliced message = {.bytes = bytes, .len = sizeof bytes};
    bench_init(&bench, RULES("header x"));
    assert_int_equal(bench_send_spliced(&bench, MF_KIND_WHOLE, &message),
                     MF_REDACT_SKIP);
    bench_release(&bench);
}

static void other_rules_hold_once_they_are_set(void **state)
{
    (void)state;
    struct bench bench, other;
    struct sample sample;
    bench_init(&bench, RULES("header x host=example.com"));
    bench_init(&other, RULES("query b", "regex /secret/ host=example.com"));
    sample_init(&sample, "http://example.com/");
    sample_add_header(&sample, false, "x", "secret");
    bench_send(&bench, MF_KIND_WHOLE, &sample.message);
    other.flow = bench.flow;
    bench.flow.facts = NULL;
    sample_init(&sample, "");
    sample_make_part(&sample);
    sample.http.request = NULL;
    sample.response.content.data = (uint8_t *)"secret";
    sample.response.content.len = 6;
    bench_send(&other, MF_KIND_PART, &sample.message);
    assert_int_equal(other.verdict, MF_REDACT_CHANGED);
    Mitmproxy__V1__FlowMeta *meta = other.out->part->flow->meta;
    assert_int_equal(meta->n_redactions, 2);
    assert_string_equal(meta->redactions[0], "header x host=example.com");
    bench_release(&bench);
    bench_release(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_found_by_name),
        cmocka_unit_test(query_fields_are_found_in_headers_too),
        cmocka_unit_test(regexes_look_at_header_values),
        cmocka_unit_test(query_fields_are_found_in_urls),
        cmocka_unit_test(rules_hold_for_their_hosts_only),
        cmocka_unit_test(
            a_body_that_comes_later_is_redacted_as_its_headers_say),
        cmocka_unit_test(what_a_flow_had_before_there_were_rules_is_told_again),
        cmocka_unit_test(the_flow_of_an_unknown_head_is_redacted_by_every_rule),
        cmocka_unit_test(flows_are_skipped_by_host),
        cmocka_unit_test(texts_beside_the_traffic_are_looked_at),
        cmocka_unit_test(a_match_in_text_cuts_no_character),
        cmocka_unit_test(messages_are_redacted_in_wholes_and_appends),
        cmocka_unit_test(messages_are_skipped_with_bodies),
        cmocka_unit_test(dns_names_take_the_packed_message_with_them),
        cmocka_unit_test(long_bodies_are_found_where_they_lie),
        cmocka_unit_test(a_message_that_cannot_be_read_stays_here),
        cmocka_unit_test(other_rules_hold_once_they_are_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
