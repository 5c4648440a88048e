#include "../cmocka.h"

#include <string.h>

#include "base/error.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/wire.h"

static void what_is_written_unpacks_with_protobuf_c(void **state)
{
    (void)state;
    char long_text[300];
    memset(long_text, 'x', sizeof long_text);
    struct mf_buf buf;
    mf_buf_init(&buf, 4096);
    size_t flow, http;
    mf_wire_begin(&buf, 1, &flow);
    mf_wire_begin(&buf, 1, &http);
    mf_wire_put_bytes(&buf, 1, long_text, sizeof long_text);
    mf_wire_put_timestamp_opt(&buf, 4, -1);
    mf_wire_put_double_opt(&buf, 5, 1.5);
    mf_wire_put_varint_opt(&buf, 9, 0);
    mf_wire_put_varint_opt(&buf, 10, 1);
    assert_int_equal(mf_wire_end(&buf, http), 0);
    assert_int_equal(mf_wire_end(&buf, flow), 0);
    mf_wire_put_varint(&buf, 2, MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_RESPONSE);

    Mitmproxy__V1__ExportFlowRequest *request =
        mitmproxy__v1__export_flow_request__unpack(NULL, buf.len, buf.data);
    assert_non_null(request);
    assert_int_equal(request->event_type,
                     MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_RESPONSE);
    const Mitmproxy__V1__HTTPFlow *got = request->flow->http_flow;
    assert_int_equal(strlen(got->id), sizeof long_text);
    assert_true(got->duration_ms == 1.5);
    assert_int_equal(got->timestamp_start->seconds, -1);
    assert_int_equal(got->timestamp_start->nanos, 999999999);
    assert_true(got->live);
    mitmproxy__v1__export_flow_request__free_unpacked(request, NULL);
    mf_buf_release(&buf);
}

static void a_full_buffer_is_an_error_at_every_step(void **state)
{
    (void)state;
    for (size_t max = 0; max < 12; max++) {
        struct mf_buf buf;
        size_t mark = 0;
        mf_buf_init(&buf, max);
        int rc = mf_wire_begin(&buf, 1, &mark);
        if (!rc)
            rc = mf_wire_put_bytes(&buf, 2, "12345678", 8);
        assert_int_equal(rc, MF_EFULL);
        mf_buf_release(&buf);
    }
}

static void an_absurd_timestamp_reads_as_none(void **state)
{
    (void)state;
    struct mf_buf buf;
    mf_buf_init(&buf, 100);
    mf_wire_put_varint(&buf, 1, UINT64_MAX / 2);
    assert_int_equal(mf_wire_timestamp_ns(buf.data, buf.len), 0);
    mf_buf_clear(&buf);
    mf_wire_put_varint(&buf, 1, 5);
    mf_wire_put_varint(&buf, 2, 7);
    assert_true(mf_wire_timestamp_ns(buf.data, buf.len) == INT64_C(5000000007));
    mf_buf_release(&buf);
}

static void the_last_occurrence_of_a_field_counts(void **state)
{
    (void)state;
    struct mf_buf buf;
    struct mf_wire_field field;
    mf_buf_init(&buf, 100);
    mf_wire_put_bytes(&buf, 3, "one", 3);
    mf_wire_put_bytes(&buf, 3, "two", 3);
    assert_true(mf_wire_find(buf.data, buf.len, 3, &field));
    assert_memory_equal(field.data, "two", 3);
    assert_false(mf_wire_find(buf.data, buf.len, 4, &field));
    assert_false(mf_wire_find(buf.data, buf.len - 1, 3, &field));
    mf_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_unpacks_with_protobuf_c),
        cmocka_unit_test(a_full_buffer_is_an_error_at_every_step),
        cmocka_unit_test(an_absurd_timestamp_reads_as_none),
        cmocka_unit_test(the_last_occurrence_of_a_field_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
