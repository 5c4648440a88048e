#include "support.h"

/* What is mitmproxy's is compared with it by tests/query; here are the leaves
 * of our own, and what flows of the published exporter look like. */

static const struct sample http = {
    .type = MF_FLOW_HTTP,
    .id = "0123abcd-4567-89ab",
    .method = "POST",
    .url = "http://10.0.0.9:8080/path",
    .pretty_url = "http://named.example:8080/path",
    .content_type = "Text/HTML; charset=utf-8",
    .header = "one",
    .status = 404,
    .client_ip = "192.168.0.7",
    .client_port = 50123,
    .server_host = "10.0.0.9",
    .server_port = 8080,
    .message = "twelve bytes",
    .request_body = "eight by",
    .source = "laptop",
    .start_ns = INT64_C(1795770000123456789),
    .duration_ms = 1500,
};

static struct sample with(struct sample sample, const char *note, bool pinned,
                          enum mf_flow_state state)
{
    sample.note = note;
    sample.pinned = pinned;
    sample.state = state;
    return sample;
}

static void sizes_are_of_both_directions(void **state)
{
    (void)state;
    assert_true(finds("~size 20", &http));
    assert_true(finds("~size =20", &http));
    assert_false(finds("~size >20", &http));
    assert_true(finds("~size >=20", &http));
    assert_true(finds("~size > 19", &http));
    assert_true(finds("~size <0.1k", &http));
    assert_false(finds("~size <20", &http));
    assert_true(finds("~size 1..20", &http));
    assert_false(finds("~size 21..1M", &http));
    assert_false(finds("~size <0", &http));
}

static void durations_have_units(void **state)
{
    (void)state;
    assert_true(finds("~dur >1s", &http));
    assert_true(finds("~dur >=1.5s", &http));
    assert_false(finds("~dur >1.5s", &http));
    assert_true(finds("~dur 1500ms..2m", &http));
    assert_true(finds("~dur <1501", &http));
    assert_false(finds("~dur <1500", &http));
    assert_true(finds("~dur ..1h", &http));
}

static void times_are_of_the_start(void **state)
{
    (void)state;
    /* 2026-11-27T09:00:00.123456789Z */
    assert_true(finds("~time 2026-11-27T09:00Z", &http));
    assert_true(finds("~time 2026-11-27T09:00:00Z", &http));
    assert_true(finds("~time 2026-11-27T11:00+02:00", &http));
    assert_false(finds("~time 2026-11-27T09:01Z", &http));
    assert_true(finds("~time >2026-11-27T09:00Z", &http));
    assert_true(finds("~time <=2026-11-27T09:00Z", &http));
    assert_false(finds("~time <2026-11-27T09:00Z", &http));
    assert_true(finds("~time >2026-11-26 ~time <2026-11-29", &http));
    assert_true(finds("~time 2026-11-26..2026-11-28", &http));
    assert_true(finds("~time \"2026-11-27 08:59Z..\"", &http));
}

static void pins_and_notes_are_the_records(void **state)
{
    (void)state;
    struct sample noted = with(http, "Look\nhere", false, MF_FLOW_ENDED);
    struct sample pinned = with(http, "", true, MF_FLOW_ENDED);
    assert_true(finds("~pinned", &pinned));
    assert_false(finds("~pinned", &http));
    assert_true(finds("~noted", &noted));
    assert_false(finds("~noted", &http));
    assert_true(finds("~note ^here$", &noted));
    assert_false(finds("~note gone", &noted));
    assert_true(finds("~note ^$", &http));
    assert_false(finds("~note .", &http));
    assert_true(finds("LOOK", &noted));
}

static void what_is_not_whole_is_lost(void **state)
{
    (void)state;
    struct sample cut = with(http, "", false, MF_FLOW_CUT_OFF);
    struct sample streamed = http;
    streamed.message = NULL;
    streamed.is_streamed = true;
    assert_false(finds("~lost", &http));
    assert_true(finds("~lost", &cut));
    assert_true(finds("~lost", &streamed));
    /* Nothing is there to be found, not even nothing. */
    assert_false(finds("~bs ^$", &streamed));
}

static void devices_and_sources_are_regular_expressions(void **state)
{
    (void)state;
    struct sample unknown = http;
    unknown.client_ip = unknown.source = NULL;
    assert_true(finds("~device ^192\\.168\\.", &http));
    assert_false(finds("~device :50123", &http));
    assert_true(finds("~source LAP", &http));
    assert_false(finds("~source desk", &http));
    assert_true(finds("~source ^$", &unknown));
    assert_false(finds("~device .", &unknown));
}

static void ids_are_found_by_a_part(void **state)
{
    (void)state;
    assert_true(finds("~id 0123ABCD", &http));
    assert_true(finds("~id 4567", &http));
    assert_false(finds("~id 4568", &http));
    /* A bare word only if it is long: ids are random. */
    assert_true(finds("0123abcd", &http));
    assert_false(finds("0123abc", &http));
}

static void statuses_may_be_classes_and_ranges(void **state)
{
    (void)state;
    struct sample none = http;
    none.has_no_response = true;
    assert_true(finds("~c 4xx", &http));
    assert_true(finds("~c 400-404", &http));
    assert_true(finds("~c 400..404", &http));
    assert_true(finds("~c >=400", &http));
    assert_false(finds("~c 5xx", &http));
    assert_false(finds("~c <400", &http));
    assert_false(finds("~c >=0", &none));
}

static void both_hosts_are_domains(void **state)
{
    (void)state;
    assert_true(finds("~d ^10\\.0\\.0\\.9$", &http));
    assert_true(finds("~d ^named\\.example$", &http));
    assert_false(finds("~d 8080", &http));
    assert_true(finds("~u ^http://named", &http));
    assert_false(finds("~u 10\\.0\\.0\\.9", &http));
}

static bool has_domain(const char *url, const char *server, const char *domain)
{
    char expression[200];
    struct sample sample = {
        .type = MF_FLOW_HTTP, .url = url, .server_host = server};
    snprintf(expression, sizeof expression, "~d \"^(%s)$\"", domain);
    return finds(expression, &sample);
}

static void a_host_is_told_from_its_port(void **state)
{
    (void)state;
    assert_true(has_domain("http://a.example/x:1", NULL, "a.example"));
    assert_true(has_domain("https://a.example:8443/", NULL, "a.example"));
    assert_true(has_domain("a.example:443", NULL, "a.example"));
    assert_true(has_domain("http://[::1]:80/", NULL, ".::1."));
    assert_true(has_domain("http://::1/", NULL, "::1"));
    assert_true(has_domain("http://::1:8080/", "::1", "::1"));
    assert_true(
        has_domain("http://1:2:3:4:5:6:7:8:9000/", NULL, "1:2:3:4:5:6:7:8"));
    assert_true(has_domain("http://a.example:99999/", NULL, "a.example:99999"));
    assert_true(has_domain("http://", NULL, ""));
    assert_true(has_domain("", "server.example", ""));
}

static void several_content_types_all_count(void **state)
{
    (void)state;
    struct sample two = http, empty = http;
    two.second_content_type = "image/png";
    empty.content_type = "";
    assert_true(finds("~ts html", &two));
    assert_true(finds("~ts png", &two));
    assert_true(finds("~a", &two));
    assert_false(finds("~a", &http));
    assert_false(finds("~tq html", &two));
    assert_true(finds("~ts ^$", &empty));
    assert_false(finds("~tq ^$", &empty));
}

static void dns_is_found_by_name_and_records(void **state)
{
    (void)state;
    struct sample dns = {.type = MF_FLOW_DNS,
                         .question = "Asked.example",
                         .dns_answer = "\xc0\x01\x02\x07"};
    struct sample silent = {.type = MF_FLOW_DNS};
    assert_true(finds("~u asked", &dns));
    assert_true(finds("~bs ^192\\.1\\.2\\.7$", &dns));
    assert_false(finds("~bq 192", &dns));
    assert_true(finds("~bq ^asked.example$", &dns));
    assert_false(finds("~u ''", &silent));
    assert_true(finds("~q", &silent));
    assert_true(finds("192.1.2.7", &dns));
}

static void marks_comments_metadata_and_replays_are_mitmproxys(void **state)
{
    (void)state;
    struct sample marked = {.type = MF_FLOW_TCP,
                            .marker = ":grapes:",
                            .comment = "one\ntwo",
                            .metadata = "value",
                            .replayed = "response"};
    assert_true(finds("~marked ~marker grapes ~comment ^two$", &marked));
    assert_true(finds("~meta \"^key: value$\"", &marked));
    assert_true(finds("~replay ~replays !~replayq", &marked));
    assert_false(finds("~marked | ~replay | ~meta .", &http));
}

static void messages_are_found_by_direction(void **state)
{
    (void)state;
    struct sample udp = {.type = MF_FLOW_UDP, .message = "Pay\0load"};
    struct sample websocket = http;
    websocket.is_websocket = true;
    assert_true(finds("~b pay ~bq PAY !~bs pay", &udp));
    assert_true(finds("~websocket ~bs twelve", &websocket));
}

static void without_its_flow_a_record_does_not_match(void **state)
{
    (void)state;
    const struct mf_record_head head = {.source = "", .note = ""};
    struct mf_record *record = mf_record_new(&head, NULL, NULL, 0);
    struct mf_filter *filter = filter_of("");
    assert_false(mf_filter_match(filter, record, NULL));
    mf_filter_unref(filter);
    mf_record_unref(record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_of_both_directions),
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(times_are_of_the_start),
        cmocka_unit_test(pins_and_notes_are_the_records),
        cmocka_unit_test(what_is_not_whole_is_lost),
        cmocka_unit_test(devices_and_sources_are_regular_expressions),
        cmocka_unit_test(ids_are_found_by_a_part),
        cmocka_unit_test(statuses_may_be_classes_and_ranges),
        cmocka_unit_test(both_hosts_are_domains),
        cmocka_unit_test(a_host_is_told_from_its_port),
        cmocka_unit_test(several_content_types_all_count),
        cmocka_unit_test(dns_is_found_by_name_and_records),
        cmocka_unit_test(marks_comments_metadata_and_replays_are_mitmproxys),
        cmocka_unit_test(messages_are_found_by_direction),
        cmocka_unit_test(without_its_flow_a_record_does_not_match),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    forget_names();
    return failed;
}
