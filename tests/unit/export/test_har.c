/* HAR, both ways. */
#include "support.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "export/har.h"
#include "flow/lookup.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/wire.h"

static void put_line(struct mf_buf *half, uint32_t number, const char *name,
                     const char *value)
{
    size_t mark;
    mf_wire_begin(half, number, &mark);
    mf_wire_put_bytes(half, 1, name, strlen(name));
    mf_wire_put_bytes_opt(half, 2, value, strlen(value));
    mf_wire_end(half, mark);
}

#define START INT64_C(1700000000123456789)
#define MS INT64_C(1000000)

/* What may stand in a request and a response, as our exporter tells it. */
static void put_request(struct mf_buf *http)
{
    static const uint8_t form[] = "a=1&b=%C3%A9+x&c";
    size_t mark;
    mf_wire_begin(http, 2, &mark);
    mf_wire_put_bytes(http, 1, "POST", 4);
    mf_wire_put_bytes(http, 2, "https://192.0.2.1/p?q=1&r=a%20b", 31);
    mf_wire_put_bytes(http, 6, "HTTP/1.1", 8);
    mf_wire_put_bytes(http, 11, "https://example.com/p?q=1&r=a%20b", 33);
    mf_wire_put_timestamp_opt(http, 9, START);
    mf_wire_put_timestamp_opt(http, 10, START + 2 * MS);
    put_line(http, 100, "Host", "example.com");
    put_line(http, 100, "Cookie", "s=1; t=\"2\"; u");
    put_line(http, 100, "Content-Type", "application/x-www-form-urlencoded");
    put_line(http, 100, "X-Odd", "caf\xe9");
    mf_wire_put_bytes(http, 4, form, sizeof form - 1);
    mf_wire_end(http, mark);
}

static void put_response(struct mf_buf *http)
{
    static const uint8_t gzip[] = {
        /* of "hello\n" */
        0x1f, 0x8b, 8,    0, 0, 0,    0,    0,    0,    3, 0xcb, 0x48, 0xcd,
        0xc9, 0xc9, 0xe7, 2, 0, 0x20, 0x30, 0x3a, 0x36, 6, 0,    0,    0};
    size_t mark;
    mf_wire_begin(http, 3, &mark);
    mf_wire_put_varint(http, 1, 200);
    mf_wire_put_bytes(http, 5, "HTTP/1.1", 8);
    mf_wire_put_bytes(http, 11, "OK", 2);
    mf_wire_put_timestamp_opt(http, 8, START + 10 * MS);
    mf_wire_put_timestamp_opt(http, 9, START + 15 * MS);
    put_line(http, 100, "Content-Type", "text/plain");
    put_line(http, 100, "Content-Encoding", "gzip");
    put_line(http, 100, "Set-Cookie",
             "id=7; Path=/x; Expires=Wed, 21 Oct 2015 07:28:00 GMT; HttpOnly");
    put_line(http, 100, "Set-Cookie", "b=2; Secure; SameSite=Lax; Domain=e.x");
    put_line(http, 101, "X-Trailer", "last");
    mf_wire_put_bytes(http, 102, gzip, sizeof gzip);
    mf_wire_end(http, mark);
}

static void put_server(struct mf_buf *http)
{
    size_t mark;
    mf_wire_begin(http, 7, &mark);
    mf_wire_put_bytes(http, 1, "192.0.2.1", 9);
    mf_wire_put_varint(http, 2, 443);
    mf_wire_put_bytes(http, 6, "conn-7", 6);
    mf_wire_put_varint(http, 9, 1);
    mf_wire_put_timestamp_opt(http, 17, START + 2 * MS);
    mf_wire_put_timestamp_opt(http, 22, START + 3 * MS);
    mf_wire_put_timestamp_opt(http, 19, START + 5 * MS);
    mf_wire_end(http, mark);
}

static struct mf_flow *full_flow(void)
{
    struct mf_buf http, fields;
    size_t mark;
    mf_buf_init(&http, SIZE_MAX);
    mf_buf_init(&fields, SIZE_MAX);
    mf_wire_put_bytes(&http, 1, "an-id", 5);
    put_request(&http);
    put_response(&http);
    put_server(&http);
    mf_wire_put_timestamp_opt(&http, 4, START);
    mf_wire_put_double_opt(&http, 5, 15.25);
    mf_wire_put_bytes(&fields, MF_FLOW_HTTP, http.data, http.len);
    mf_wire_begin(&fields, 100, &mark);
    mf_wire_put_bytes(&fields, 1, "a comment", 9);
    mf_wire_end(&fields, mark);
    struct mf_flow *flow = make_flow(&fields);
    mf_buf_release(&http);
    mf_buf_release(&fields);
    return flow;
}

static json_t *entry_of(const struct mf_buf *file, size_t index)
{
    json_error_t error;
    json_t *json = json_loadb((char *)file->data, file->len, 0, &error);
    if (!json)
        fail_msg("%s", error.text);
    json_t *entry = json_incref(json_array_get(
        json_object_get(json_object_get(json, "log"), "entries"), index));
    json_decref(json);
    return entry;
}

static void expect_json(const json_t *json, const char *want)
{
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT |
                                      JSON_REAL_PRECISION(9));
    assert_non_null(text);
    assert_string_equal(text, want);
    free(text);
}

static const json_t *at(const json_t *json, const char *a, const char *b)
{
    json = json_object_get(json, a);
    return b ? json_object_get(json, b) : json;
}

static void an_entry_tells_what_har_has_room_for(void **state)
{
    (void)state;
    struct mf_flow *flow = full_flow();
    struct mf_buf file = export_flows(MF_EXPORT_HAR, &flow, 1, NULL);
    json_t *entry = entry_of(&file, 0);
    expect_json(at(entry, "startedDateTime", NULL),
                "\"2023-11-14T22:13:20.123456789Z\"");
    expect_json(at(entry, "request", "url"),
                "\"https://example.com/p?q=1&r=a%20b\"");
    expect_json(at(entry, "request", "queryString"),
                "[{\"name\":\"q\",\"value\":\"1\"},"
                "{\"name\":\"r\",\"value\":\"a b\"}]");
    expect_json(at(entry, "request", "cookies"),
                "[{\"name\":\"s\",\"value\":\"1\"},"
                "{\"name\":\"t\",\"value\":\"\\\"2\\\"\"},"
                "{\"name\":\"u\",\"value\":\"\"}]");
    expect_json(at(at(entry, "request", "postData"), "params", NULL),
                "[{\"name\":\"a\",\"value\":\"1\"},"
                "{\"name\":\"b\",\"value\":\"\xc3\xa9 x\"},"
                "{\"name\":\"c\",\"value\":\"\"}]");
    expect_json(json_array_get(at(entry, "request", "headers"), 3),
                "{\"name\":\"X-Odd\",\"value\":\"caf\xc3\xa9\","
                "\"_valueBase64\":\"Y2Fm6Q==\"}");
    expect_json(at(entry, "response", "cookies"),
                "[{\"name\":\"id\",\"value\":\"7\",\"path\":\"/x\","
                "\"expires\":\"2015-10-21T07:28:00.000Z\",\"httpOnly\":true,"
                "\"secure\":false},{\"name\":\"b\",\"value\":\"2\","
                "\"domain\":\"e.x\",\"httpOnly\":false,\"secure\":true,"
                "\"sameSite\":\"Lax\"}]");
    expect_json(at(at(entry, "response", "content"), "text", NULL),
                "\"hello\\n\"");
    expect_json(at(at(entry, "response", "content"), "compression", NULL),
                "-20");
    expect_json(at(entry, "response", "bodySize"), "26");
    expect_json(at(entry, "response", "_trailers"),
                "[{\"name\":\"X-Trailer\",\"value\":\"last\"}]");
    expect_json(at(entry, "serverIPAddress", NULL), "\"192.0.2.1\"");
    expect_json(at(entry, "connection", NULL), "\"conn-7\"");
    expect_json(at(entry, "comment", NULL), "\"a comment\"");
    expect_json(at(entry, "time", NULL), "15");
    expect_json(at(entry, "timings", NULL),
                "{\"blocked\":-1,\"dns\":-1,\"connect\":3,\"ssl\":2,\"send\":2,"
                "\"wait\":5,\"receive\":5}");
    json_decref(entry);
    mf_buf_release(&file);
    mf_flow_unref(flow);
}

static void ours_reads_back_the_same(void **state)
{
    (void)state;
    struct mf_flow *flow = full_flow();
    struct mf_buf file = export_flows(MF_EXPORT_HAR, &flow, 1, NULL);
    struct imported got = import_bytes(file.data, file.len);
    if (got.rc)
        fail_msg("%s", got.err.text);
    assert_string_equal(got.format, "HAR");
    assert_int_equal(got.count, 1);
    assert_same_flow(got.flows[0], flow);
    imported_release(&got);
    mf_buf_release(&file);
    mf_flow_unref(flow);
}

/* What is no absolute URL is one to nobody who reads HAR: mitmproxy refuses the
 * whole file for it. */
static void what_opens_a_tunnel_has_an_absolute_url(void **state)
{
    (void)state;
    struct mf_buf http, fields;
    size_t mark;
    mf_buf_init(&http, SIZE_MAX);
    mf_buf_init(&fields, SIZE_MAX);
    mf_wire_put_bytes(&http, 1, "an-id", 5);
    mf_wire_begin(&http, 2, &mark);
    mf_wire_put_bytes(&http, 1, "CONNECT", 7);
    mf_wire_put_bytes(&http, 2, "192.0.2.1:443", 13);
    mf_wire_put_bytes(&http, 6, "HTTP/1.1", 8);
    mf_wire_end(&http, mark);
    mf_wire_put_bytes(&fields, MF_FLOW_HTTP, http.data, http.len);
    struct mf_flow *flow = make_flow(&fields);
    struct mf_buf file = export_flows(MF_EXPORT_HAR, &flow, 1, NULL);
    json_t *entry = entry_of(&file, 0);
    expect_json(at(entry, "request", "url"), "\"https://192.0.2.1:443\"");
    struct imported got = import_bytes(file.data, file.len);
    if (got.rc)
        fail_msg("%s", got.err.text);
    assert_true(mf_span_equals(mf_flow_facts(got.flows[0])->url,
                               MF_SPAN("192.0.2.1:443")));
    imported_release(&got);
    json_decref(entry);
    mf_buf_release(&file);
    mf_flow_unref(flow);
    mf_buf_release(&http);
    mf_buf_release(&fields);
}

/* Those have maps of headers and no bodies as they were on the wire, so the
 * flows are others; what a HAR says of them is not. */
static void
flows_of_the_published_exporter_are_told_the_same_again(void **state)
{
    struct mf_flow *flows[16];
    struct mf_buf left_out;
    size_t count = 0;
    (void)state;
    for (; golden_names[count]; count++)
        flows[count] = load_flow(golden_names[count]);
    struct mf_buf file = export_flows(MF_EXPORT_HAR, flows, count, &left_out);
    char *what = text_of(&left_out);
    assert_string_equal(what, "1 flow type dns\n2 flow type dns\n"
                              "7 flow type tcp\n8 flow type tcp\n"
                              "9 flow type udp\n10 flow type udp\n");
    struct imported got = import_bytes(file.data, file.len);
    if (got.rc)
        fail_msg("%s", got.err.text);
    assert_int_equal(got.count, 6);
    struct mf_buf again =
        export_flows(MF_EXPORT_HAR, got.flows, got.count, NULL);
    for (size_t i = 0; i < got.count; i++) {
        json_t *one = entry_of(&file, i), *two = entry_of(&again, i);
        /* Number, note and pin are of the store. */
        json_object_del(one, "_mitmflow");
        json_object_del(two, "_mitmflow");
        json_object_del(one, "comment");
        json_object_del(two, "comment");
        assert_true(json_equal(one, two));
        json_decref(one);
        json_decref(two);
    }
    imported_release(&got);
    free(what);
    mf_buf_release(&left_out);
    mf_buf_release(&file);
    mf_buf_release(&again);
    for (size_t i = 0; i < count; i++)
        mf_flow_unref(flows[i]);
}

static void put_message(struct mf_buf *http, const char *data, size_t len,
                        bool from_client, unsigned opcode)
{
    size_t mark;
    mf_wire_begin(http, 11, &mark);
    mf_wire_put_bytes_opt(http, 1, data, len);
    mf_wire_put_timestamp_opt(http, 2, START + 20 * MS);
    mf_wire_put_varint_opt(http, 3, from_client);
    mf_wire_put_varint_opt(http, 100, opcode);
    mf_wire_put_varint_opt(http, 101, from_client && opcode == 2);
    mf_wire_end(http, mark);
}

static void websocket_messages_are_as_browsers_write_them(void **state)
{
    struct mf_buf http, fields;
    size_t mark;
    (void)state;
    mf_buf_init(&http, SIZE_MAX);
    mf_buf_init(&fields, SIZE_MAX);
    mf_wire_put_bytes(&http, 1, "ws", 2);
    mf_wire_begin(&http, 2, &mark);
    mf_wire_put_bytes(&http, 2, "https://e.x/chat", 16);
    mf_wire_end(&http, mark);
    mf_wire_put_varint(&http, 9, 1);
    put_message(&http, "hi \xe2\x82\xac", 6, true, 1);
    put_message(&http, "\x00\xff", 2, false, 2);
    put_message(&http, "\xff", 1, true, 1);
    put_message(&http, "\x01", 1, true, 2);
    put_message(&http, "who knows", 9, false, 0);
    mf_wire_put_bytes(&fields, MF_FLOW_HTTP, http.data, http.len);
    struct mf_flow *flow = make_flow(&fields);
    struct mf_buf file = export_flows(MF_EXPORT_HAR, &flow, 1, NULL);
    json_t *entry = entry_of(&file, 0);
    expect_json(at(entry, "request", "url"), "\"wss://e.x/chat\"");
    expect_json(at(entry, "_resourceType", NULL), "\"websocket\"");
    const json_t *messages = at(entry, "_webSocketMessages", NULL);
    expect_json(at(json_array_get(messages, 0), "type", NULL), "\"send\"");
    expect_json(at(json_array_get(messages, 0), "data", NULL),
                "\"hi \xe2\x82\xac\"");
    expect_json(at(json_array_get(messages, 1), "type", NULL), "\"receive\"");
    expect_json(at(json_array_get(messages, 1), "opcode", NULL), "2");
    expect_json(at(json_array_get(messages, 1), "data", NULL), "\"AP8=\"");
    expect_json(at(json_array_get(messages, 2), "_encoding", NULL),
                "\"base64\"");
    expect_json(at(json_array_get(messages, 4), "opcode", NULL), "1");
    json_decref(entry);
    struct imported got = import_bytes(file.data, file.len);
    if (got.rc)
        fail_msg("%s", got.err.text);
    assert_same_flow(got.flows[0], flow);
    imported_release(&got);
    mf_flow_unref(flow);
    mf_buf_release(&file);
    mf_buf_release(&http);
    mf_buf_release(&fields);
}

static struct mf_flow *flow_with_body(uint32_t extra, uint64_t value,
                                      const char *left_out)
{
    struct mf_buf http, fields;
    size_t mark;
    mf_buf_init(&http, SIZE_MAX);
    mf_buf_init(&fields, SIZE_MAX);
    mf_wire_put_bytes(&http, 1, "cut", 3);
    mf_wire_begin(&http, 3, &mark);
    mf_wire_put_varint(&http, 1, 200);
    mf_wire_put_bytes(&http, 3, "\x80\x81", left_out ? 0 : 2);
    mf_wire_put_varint(&http, extra, value);
    if (left_out)
        mf_wire_put_bytes(&http, 105, left_out, strlen(left_out));
    mf_wire_end(&http, mark);
    mf_wire_put_bytes(&fields, MF_FLOW_HTTP, http.data, http.len);
    struct mf_flow *flow = make_flow(&fields);
    mf_buf_release(&http);
    mf_buf_release(&fields);
    return flow;
}

static void a_body_that_is_not_whole_is_marked(void **state)
{
    struct mf_flow *flows[] = {
        flow_with_body(103, 5000, NULL),
        flow_with_body(103, 5000, "a rule"),
    };
    (void)state;
    struct mf_buf file = export_flows(MF_EXPORT_HAR, flows, 2, NULL);
    json_t *one = entry_of(&file, 0), *two = entry_of(&file, 1);
    expect_json(at(one, "response", "content"),
                "{\"size\":2,\"mimeType\":\"\",\"text\":\"gIE=\","
                "\"encoding\":\"base64\",\"_cut\":true,"
                "\"comment\":\"cut: 2 of 5000 bytes were kept\"}");
    expect_json(at(one, "response", "bodySize"), "5000");
    expect_json(at(two, "response", "content"),
                "{\"size\":0,\"mimeType\":\"\",\"_cut\":true,"
                "\"comment\":\"left out: a rule\"}");
    struct imported got = import_bytes(file.data, file.len);
    assert_int_equal(got.rc, 0);
    assert_same_flow(got.flows[0], flows[0]);
    assert_same_flow(got.flows[1], flows[1]);
    imported_release(&got);
    json_decref(one);
    json_decref(two);
    mf_buf_release(&file);
    mf_flow_unref(flows[0]);
    mf_flow_unref(flows[1]);
}

/* ---- of others ---- */

static Mitmproxy__V1__Flow *unpack(const struct mf_flow *flow)
{
    size_t len;
    const uint8_t *bytes = mf_flow_snapshot(flow, &len);
    Mitmproxy__V1__Flow *message =
        mitmproxy__v1__flow__unpack(NULL, len, bytes);
    assert_non_null(message);
    return message;
}

static void a_har_of_a_browser_is_read(void **state)
{
    static const char text[] =
        "\xef\xbb\xbf{ \"log\" : {\"version\":\"1.2\",\"creator\":{\"name\":"
        "\"WebInspector\",\"version\":\"537.36\"},\"pages\":[{\"id\":\"p\","
        "\"title\":\"} ] \\\" [\"}],\"entries\":[{\"_initiator\":{\"type\":"
        "\"script\"},\"_resourceType\":\"fetch\",\"connection\":\"9912\","
        "\"request\":{\"method\":\"POST\",\"url\":\"https://example.com:8443/a"
        "?b=1\",\"httpVersion\":\"http/2.0\",\"headers\":[{\"name\":"
        "\":authority\",\"value\":\"example.com\"},{\"name\":\"accept\","
        "\"value\":\"*/*\"},{\"name\":\"accept\",\"value\":\"x\"}],"
        "\"queryString\":[],\"cookies\":[],\"headersSize\":-1,\"bodySize\":7,"
        "\"postData\":{\"mimeType\":\"application/x-www-form-urlencoded\","
        "\"params\":[{\"name\":\"k\",\"value\":\"v &\"},{\"name\":\"l\","
        "\"value\":\"\"}]}},\"response\":{\"status\":200,\"statusText\":\"\","
        "\"httpVersion\":\"http/2.0\",\"headers\":[],\"cookies\":[],"
        "\"content\":{\"size\":3,\"mimeType\":\"image/png\",\"text\":"
        "\"AAEC\",\"encoding\":\"base64\"},\"redirectURL\":\"\","
        "\"headersSize\":-1,\"bodySize\":-1,\"_error\":null},"
        "\"serverIPAddress\":\"[2001:db8::1]\",\"startedDateTime\":"
        "\"2023-11-14T23:13:20.250+01:00\",\"time\":12.5,\"timings\":"
        "{\"blocked\":1,\"dns\":-1,\"ssl\":1,\"connect\":2,\"send\":0.5,"
        "\"wait\":7,\"receive\":2}},{\"startedDateTime\":"
        "\"2023-11-14T22:13:21Z\",\"time\":0,\"request\":{\"method\":\"GET\","
        "\"url\":\"https://gone.example/\",\"headers\":[]},\"response\":"
        "{\"status\":0,\"headers\":[],\"content\":{\"size\":0,\"mimeType\":"
        "\"x-unknown\"},\"_error\":\"net::ERR_FAILED\"},\"comment\":"
        "\"failed\"},{\"startedDateTime\":\"2023-11-14T22:13:21Z\",\"time\":0,"
        "\"request\":{\"method\":\"GET\",\"url\":\"https://big.example/\"},"
        "\"response\":{\"status\":200,\"content\":{\"size\":99}}}],"
        "\"comment\":\"x\"},\"more\":[{}]}";
    (void)state;
    struct imported got = import_bytes(text, sizeof text - 1);
    if (got.rc)
        fail_msg("%s", got.err.text);
    assert_int_equal(got.count, 3);
    Mitmproxy__V1__Flow *flow = unpack(got.flows[0]);
    const Mitmproxy__V1__HTTPFlow *http = flow->http_flow;
    assert_string_equal(http->request->url, "https://example.com:8443/a?b=1");
    assert_int_equal(http->request->n_header_fields, 2);
    assert_int_equal(http->request->content.len, 10);
    assert_memory_equal(http->request->content.data, "k=v+%26&l=", 10);
    assert_memory_equal(http->response->content.data, "\0\1\2", 3);
    assert_string_equal(http->server->peername_host, "2001:db8::1");
    assert_string_equal(http->server->address_host, "example.com");
    assert_int_equal(http->server->address_port, 8443);
    assert_true(http->server->tls);
    assert_int_equal(http->timestamp_start->seconds, 1700000000);
    assert_int_equal(http->response->timestamp_start->nanos, 260500000);
    mitmproxy__v1__flow__free_unpacked(flow, NULL);

    flow = unpack(got.flows[1]);
    assert_null(flow->http_flow->response);
    assert_string_equal(flow->http_flow->error, "net::ERR_FAILED");
    assert_string_equal(flow->meta->comment, "failed");
    mitmproxy__v1__flow__free_unpacked(flow, NULL);
    assert_true(mf_flow_lacks_body(got.flows[2]));

    /* The same file has the same ids. */
    struct imported again = import_bytes(text, sizeof text - 1);
    for (size_t i = 0; i < got.count; i++)
        assert_same_flow(got.flows[i], again.flows[i]);
    struct mf_span one = mf_flow_id(got.flows[1]),
                   two = mf_flow_id(got.flows[2]);
    assert_int_equal(one.len, 36);
    assert_memory_not_equal(one.text, two.text, 36);
    imported_release(&again);
    imported_release(&got);
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

#define ENTRY                                        \
    "{\"startedDateTime\":\"2023-11-14T22:13:20Z\"," \
    "\"request\":{\"method\":\"GET\",\"url\":\"http://a/\"}}"
#define HAR(entries) "{\"log\":{\"entries\":[" entries "]}}"

static void a_fault_names_the_entry_and_the_byte(void **state)
{
    (void)state;
    expect_fault("{\"log\":{}}", 0, "there are no \"entries\"");
    expect_fault("{\"log\":7}", 0, "byte 7: an object was expected");
    expect_fault(HAR(ENTRY ",{}"), 1, "flow 2, byte 107: it has no");
    expect_fault(HAR(ENTRY "," ENTRY "x"), 2, "flow 3, byte 194");
    expect_fault("{\"log\":{\"entries\":[" ENTRY ",{\"a\":\"", 1,
                 "the file ends inside of it");
    expect_fault("{\"a\":{\"log\":1},\"log\":{}}", 0,
                 "there are no \"entries\"");
    expect_fault(HAR(ENTRY) "x", 1, "something follows the end");
    expect_fault("{\"log\":{\"entries\":[],\"entries\":[]}}", 0,
                 "for a second time");
    expect_fault("{\"log\":{\"pages\":[\"", 0, "a string does not end");
}

static void a_file_of_any_cut_is_refused_or_read(void **state)
{
    (void)state;
    struct mf_flow *flow = full_flow();
    struct mf_buf file = export_flows(MF_EXPORT_HAR, &flow, 1, NULL);
    for (size_t len = 1; len + 1 < file.len; len += 7) {
        struct imported got = import_bytes(file.data, len);
        if (len > file.len - 4)
            break;
        assert_true(got.rc == MF_ECORRUPT || got.rc == MF_EUNSUPPORTED);
        imported_release(&got);
    }
    mf_buf_release(&file);
    mf_flow_unref(flow);
}

static void dates_of_cookies_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1: it is none */
    } dates[] = {
        {"Wed, 21 Oct 2015 07:28:00 GMT", 1445412480},
        {"Wednesday, 21-Oct-15 07:28:00 GMT", 1445412480},
        {"Wed Oct 21 07:28:00 2015", 1445412480},
        {"21 oct 70 00:00:00", 25315200},
        {"Wed, 21 Oct 2015", -1},
        {"", -1},
        {"99 Oct 2015 07:28:00", -1},
        {"21 Oct 12345 07:28:00", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        int64_t ns = 0;
        bool is_date = mf_har_parse_date(
            (struct mf_span){dates[i].text, strlen(dates[i].text)}, &ns);
        assert_int_equal(is_date, dates[i].seconds >= 0);
        if (is_date)
            assert_int_equal(ns / 1000000000, dates[i].seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_tells_what_har_has_room_for),
        cmocka_unit_test(ours_reads_back_the_same),
        cmocka_unit_test(what_opens_a_tunnel_has_an_absolute_url),
        cmocka_unit_test(
            flows_of_the_published_exporter_are_told_the_same_again),
        cmocka_unit_test(websocket_messages_are_as_browsers_write_them),
        cmocka_unit_test(a_body_that_is_not_whole_is_marked),
        cmocka_unit_test(a_har_of_a_browser_is_read),
        cmocka_unit_test(a_fault_names_the_entry_and_the_byte),
        cmocka_unit_test(a_file_of_any_cut_is_refused_or_read),
        cmocka_unit_test(dates_of_cookies_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
