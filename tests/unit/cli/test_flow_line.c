#include "../cmocka.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/flow_line.h"

static const char *line_of(const Mitmflow__V1__FlowSummary *flow)
{
    static char line[1024];
    struct mf_buf out;
    mf_buf_init(&out, sizeof line - 1);
    assert_int_equal(mf_flow_line_put(&out, flow), 0);
    memcpy(line, out.data, out.len);
    line[out.len] = '\0';
    mf_buf_release(&out);
    return line;
}

/* An HTTP flow of a moment in 2026 that a test changes. */
struct http {
    Mitmflow__V1__FlowSummary flow;
    Mitmflow__V1__HttpFlowSummary http;
    Google__Protobuf__Timestamp start;
};

static struct http *http(void)
{
    static struct http h;
    mitmflow__v1__flow_summary__init(&h.flow);
    mitmflow__v1__http_flow_summary__init(&h.http);
    google__protobuf__timestamp__init(&h.start);
    h.start.seconds = 1795428104;
    h.start.nanos = 120999999;
    h.flow.type = "http";
    h.flow.timestamp_start = &h.start;
    h.flow.state = MITMFLOW__V1__FLOW_STATE__FLOW_STATE_ENDED;
    h.flow.summary_case = MITMFLOW__V1__FLOW_SUMMARY__SUMMARY_HTTP;
    h.flow.http = &h.http;
    h.flow.server_bytes = 1900;
    h.flow.duration_ms = 41.3;
    h.http.method = "GET";
    h.http.url = "http://a.example/x?q=1";
    h.http.status_code = 200;
    return &h;
}

static void an_http_flow_has_its_url_last(void **state)
{
    (void)state;
    struct http *h = http();
    assert_string_equal(line_of(&h->flow),
                        "2026-11-23 10:01:44.120 GET     200       1.9 kB   "
                        "41 ms  http://a.example/x?q=1\n");
    h->http.pretty_url = "http://pretty/";
    h->flow.note = "look";
    h->flow.duration_ms = 123456;
    h->flow.client_bytes = 5000000;
    assert_string_equal(line_of(&h->flow),
                        "2026-11-23 10:01:44.120 GET     200       5.0 MB   "
                        "123 s  http://pretty/  # look\n");
}

static void without_a_status_the_state_stands_there(void **state)
{
    (void)state;
    struct http *h = http();
    h->http.status_code = 0;
    assert_non_null(strstr(line_of(&h->flow), "GET     -   "));
    h->flow.state = MITMFLOW__V1__FLOW_STATE__FLOW_STATE_LIVE;
    h->http.is_websocket = true;
    assert_non_null(strstr(line_of(&h->flow), "WS      open   "));
    h->flow.state = MITMFLOW__V1__FLOW_STATE__FLOW_STATE_CUT_OFF;
    assert_non_null(strstr(line_of(&h->flow), "WS      cut off "));
    h->flow.error = "refused";
    assert_non_null(strstr(line_of(&h->flow), "WS      error "));
    assert_non_null(strstr(line_of(&h->flow), "  error: refused\n"));
}

static void captured_text_cannot_reach_the_terminal(void **state)
{
    (void)state;
    struct http *h = http();
    h->http.method = "\033[2J";
    h->http.url = "http://a/\n\xc2\x9b"
                  "31m\xe2\x80\xae";
    h->flow.note = "\a";
    h->flow.error = "\r\n";
    const char *line = line_of(&h->flow);
    assert_int_equal(strspn(line, "\n") + strcspn(line, "\n"),
                     strlen(line) - 1);
    for (const char *at = line; *at != '\n'; at++)
        assert_in_range((unsigned char)*at, ' ', '~');
}

static void other_types_tell_host_and_messages_or_question_and_answers(void **s)
{
    (void)s;
    struct http *h = http();
    Mitmflow__V1__TcpFlowSummary tcp = MITMFLOW__V1__TCP_FLOW_SUMMARY__INIT;
    tcp.server_address_host = "2001:db8::1";
    tcp.server_address_port = 25;
    h->flow.summary_case = MITMFLOW__V1__FLOW_SUMMARY__SUMMARY_TCP;
    h->flow.tcp = &tcp;
    h->flow.message_count = 1;
    assert_non_null(strstr(line_of(&h->flow), "TCP     -   "));
    assert_non_null(strstr(line_of(&h->flow), "[2001:db8::1]:25, 1 message\n"));
    Mitmflow__V1__DnsFlowSummary dns = MITMFLOW__V1__DNS_FLOW_SUMMARY__INIT;
    char *answers[] = {"192.0.2.1", "192.0.2.2"};
    dns.question_name = "a.example";
    dns.question_type = "A";
    dns.answers = answers;
    dns.n_answers = 2;
    dns.has_response = true;
    dns.response_code = 3;
    h->flow.summary_case = MITMFLOW__V1__FLOW_SUMMARY__SUMMARY_DNS;
    h->flow.dns = &dns;
    assert_non_null(strstr(line_of(&h->flow), "DNS     NXDOMAIN "));
    assert_non_null(
        strstr(line_of(&h->flow), "a.example A -> 192.0.2.1, 192.0.2.2\n"));
    dns.response_code = 4095;
    assert_non_null(strstr(line_of(&h->flow), "code 4095"));
}

static void absurd_figures_are_told_as_none(void **state)
{
    (void)state;
    struct http *h = http();
    h->flow.duration_ms = NAN;
    h->start.seconds = INT64_MAX;
    assert_int_equal(strncmp(line_of(&h->flow), "-  ", 3), 0);
    h->flow.timestamp_start = NULL;
    h->flow.duration_ms = -INFINITY;
    h->flow.server_bytes = UINT64_MAX;
    assert_int_equal(strncmp(line_of(&h->flow), "-  ", 3), 0);
    h->flow.summary_case = MITMFLOW__V1__FLOW_SUMMARY__SUMMARY__NOT_SET;
    assert_non_null(strstr(line_of(&h->flow), "http "));
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_http_flow_has_its_url_last),
        cmocka_unit_test(without_a_status_the_state_stands_there),
        cmocka_unit_test(captured_text_cannot_reach_the_terminal),
        cmocka_unit_test(
            other_types_tell_host_and_messages_or_question_and_answers),
        cmocka_unit_test(absurd_figures_are_told_as_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
