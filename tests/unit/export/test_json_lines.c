/* Flows as JSON with nothing left out, and back. */
#include "support.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/wire.h"

static size_t load_all(struct mf_flow **flows)
{
    size_t count = 0;
    for (; golden_names[count]; count++)
        flows[count] = load_flow(golden_names[count]);
    return count;
}

static void unref_all(struct mf_flow **flows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mf_flow_unref(flows[i]);
}

static void read_back(enum mf_export_format format)
{
    struct mf_flow *flows[16];
    struct mf_buf left_out;
    size_t count = load_all(flows);
    struct mf_buf file = export_flows(format, flows, count, &left_out);
    struct imported got = import_bytes(file.data, file.len);
    if (got.rc)
        fail_msg("%s", got.err.text);
    assert_int_equal(left_out.len, 0);
    assert_int_equal(got.count, count);
    assert_int_equal(got.read, file.len);
    assert_string_equal(got.format, "JSON lines");
    for (size_t i = 0; i < count; i++) {
        assert_same_flow(got.flows[i], flows[i]);
        assert_int_equal(mf_flow_state(got.flows[i]), MF_FLOW_ENDED);
        assert_string_equal(got.notes[i], i % 2 ? "a \"note\"" : "");
    }
    imported_release(&got);
    unref_all(flows, count);
    mf_buf_release(&file);
}

static void lines_read_back_the_same(void **state)
{
    (void)state;
    read_back(MF_EXPORT_JSON_LINES);
}

static void an_array_reads_back_the_same(void **state)
{
    (void)state;
    read_back(MF_EXPORT_JSON);
}

static void nothing_is_an_array_too(void **state)
{
    (void)state;
    struct mf_buf file = export_flows(MF_EXPORT_JSON, NULL, 0, NULL);
    json_t *json = json_loadb((char *)file.data, file.len, 0, NULL);
    assert_true(json_is_array(json));
    json_decref(json);
    struct imported got = import_bytes(file.data, file.len);
    assert_int_equal(got.rc, 0);
    assert_int_equal(got.count, 0);
    mf_buf_release(&file);
}

/* Any field of any kind, told or not: what is on the wire comes back. */
static void put_odd_http(struct mf_buf *http)
{
    static const uint8_t body[] = {0, 1, 2, 0xff, 0xfe, 'x'};
    size_t mark, inner;
    mf_wire_put_bytes(http, 1, "an-id", 5);
    mf_wire_begin(http, 2, &mark);
    mf_wire_put_bytes(http, 4, body, sizeof body);
    mf_wire_begin(http, 3, &inner); /* the map of old */
    mf_wire_put_bytes(http, 1, "a \"key\"", 7);
    mf_wire_put_bytes(http, 2, "value", 5);
    mf_wire_end(http, inner);
    mf_wire_begin(http, 7, &inner); /* another one, with a NUL in a key */
    mf_wire_put_bytes(http, 1, "\0", 1);
    mf_wire_put_bytes(http, 2, "value", 5);
    mf_wire_end(http, inner);
    mf_wire_begin(http, 100, &inner);
    mf_wire_put_bytes(http, 1, "x-caf\xe9", 6);
    mf_wire_put_bytes(http, 2, "a\r\nb", 4);
    mf_wire_end(http, inner);
    mf_wire_put_varint(http, 103, UINT64_MAX);
    mf_wire_put_varint(http, 777, 42); /* nobody knows it */
    mf_wire_put_bytes(http, 778, "more", 4);
    mf_wire_end(http, mark);
    mf_wire_put_double_opt(http, 5, 1.0 / 3);
    mf_wire_put_timestamp_opt(http, 4, INT64_C(1700000000123456789));
    mf_wire_begin(http, 6, &mark); /* a connection */
    mf_wire_put_bytes(http, 12, "h2", 2);
    mf_wire_put_bytes(http, 12, "\xff", 1);
    mf_wire_put_varint(http, 5, 99); /* no such state */
    mf_wire_put_bytes(http, 16, "caf\xc3\xa9.example\x1b", 14);
    mf_wire_end(http, mark);
}

static void odd_fields_read_back_the_same(void **state)
{
    struct mf_buf http, fields;
    (void)state;
    mf_buf_init(&http, SIZE_MAX);
    mf_buf_init(&fields, SIZE_MAX);
    put_odd_http(&http);
    mf_wire_put_bytes(&fields, MF_FLOW_HTTP, http.data, http.len);
    mf_wire_put_bytes(&fields, 4711, "new", 3);
    struct mf_flow *flow = make_flow(&fields);
    struct mf_buf file = export_flows(MF_EXPORT_JSON_LINES, &flow, 1, NULL);
    struct imported got = import_bytes(file.data, file.len);
    if (got.rc)
        fail_msg("%s", got.err.text);
    assert_int_equal(got.count, 1);
    assert_same_flow(got.flows[0], flow);

    json_t *json =
        json_loadb((char *)file.data, file.len, JSON_ALLOW_NUL, NULL);
    json_t *request =
        json_object_get(json_object_get(json, "httpFlow"), "request");
    assert_string_equal(
        json_string_value(json_object_get(request, "contentBase64")),
        "AAEC//54");
    assert_string_equal(
        json_string_value(json_object_get(request, "contentSize")),
        "18446744073709551615");
    json_decref(json);
    imported_release(&got);
    mf_flow_unref(flow);
    mf_buf_release(&file);
    mf_buf_release(&http);
    mf_buf_release(&fields);
}

static void expect_fault(const char *text, size_t before, const char *what)
{
    struct imported got = import_bytes(text, strlen(text));
    assert_int_equal(got.rc, MF_ECORRUPT);
    assert_int_equal(got.count, before);
    if (!strstr(got.err.text, what))
        fail_msg("\"%s\" lacks \"%s\"", got.err.text, what);
    imported_release(&got);
}

#define GOOD "{\"httpFlow\":{\"id\":\"one\"}}\n"

static void a_fault_names_the_flow_and_the_byte(void **state)
{
    (void)state;
    expect_fault(GOOD "{\"httpFlow\":", 1, "flow 2, byte 38");
    expect_fault(GOOD "{\"httpFlow\":{\"id\":tru}}", 1, "flow 2, byte 4");
    expect_fault(GOOD "7", 1, "flow 2, byte 26: an object was expected");
    expect_fault(GOOD "{}", 1, "it is no flow");
    expect_fault("{\"httpFlow\":{}}", 0, "flow 1, byte 0");
    expect_fault("{\"httpFlow\":{\"id\":\"x\",\"request\":7}}", 0,
                 "\"request\" is not an object");
    expect_fault("{\"httpFlow\":{\"id\":\"x\",\"live\":1}}", 0,
                 "\"live\" is not true or false");
    expect_fault("{\"httpFlow\":{\"id\":\"x\",\"timestampStart\":\"now\"}}", 0,
                 "\"timestamp_start\" is not a time");
    expect_fault("{\"httpFlow\":{\"id\":\"x\",\"request\":"
                 "{\"contentBase64\":\"*\"}}}",
                 0, "\"content\" is not base64");
    expect_fault("[" GOOD GOOD "]", 1, "a comma or ] was expected");
    expect_fault("[" GOOD "]]", 1, "something follows the end");
    expect_fault("[" GOOD, 1, "but the file ends");
}

static void nesting_is_bounded(void **state)
{
    char text[4096];
    (void)state;
    memset(text, '[', sizeof text - 1);
    memcpy(text, "{\"a\":", 5);
    text[sizeof text - 1] = '\0';
    expect_fault(text, 0, "nested too deep");
}

static void half_a_surrogate_pair_is_replaced(void **state)
{
    static const char text[] =
        "{\"httpFlow\":{\"id\":\"\\ud83d-\\ud83d\\ude00-\\udead-\\\\ud83d\"}}";
    (void)state;
    struct imported got = import_bytes(text, sizeof text - 1);
    if (got.rc)
        fail_msg("%s", got.err.text);
    struct mf_span id = mf_flow_id(got.flows[0]);
    assert_int_equal(id.len, 3 + 1 + 4 + 1 + 3 + 1 + 6);
    assert_memory_equal(
        id.text, "\xef\xbf\xbd-\xf0\x9f\x98\x80-\xef\xbf\xbd-\\ud83d", id.len);
    imported_release(&got);
}

static void what_is_no_file_of_flows_is_refused(void **state)
{
    static const char *const texts[] = {" ", "hello", "<html>", "\x89PNG"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct imported got = import_bytes(texts[i], strlen(texts[i]));
        assert_int_equal(got.rc, MF_EUNSUPPORTED);
        assert_non_null(strstr(got.err.text, "JSON lines"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_read_back_the_same),
        cmocka_unit_test(an_array_reads_back_the_same),
        cmocka_unit_test(nothing_is_an_array_too),
        cmocka_unit_test(odd_fields_read_back_the_same),
        cmocka_unit_test(a_fault_names_the_flow_and_the_byte),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(half_a_surrogate_pair_is_replaced),
        cmocka_unit_test(what_is_no_file_of_flows_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
