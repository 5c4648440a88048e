#include "../cmocka.h"

#include <string.h>

#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/check.h"
#include "pb/wire.h"

static const ProtobufCMessageDescriptor *request_type(void)
{
    return &mitmproxy__v1__export_flow_request__descriptor;
}

static void put_flow_with_id(struct mf_buf *buf, const char *id)
{
    size_t flow, http;
    mf_buf_init(buf, 1000);
    mf_wire_begin(buf, 1, &flow);
    mf_wire_begin(buf, 1, &http);
    mf_wire_put_bytes(buf, 1, id, strlen(id));
    mf_wire_end(buf, http);
    mf_wire_end(buf, flow);
}

static void a_nested_string_that_is_not_utf8_is_named(void **state)
{
    (void)state;
    struct mf_buf buf;
    struct mf_err err;
    put_flow_with_id(&buf, "ok");
    assert_int_equal(mf_pb_check(request_type(), buf.data, buf.len, &err), 0);
    mf_buf_release(&buf);
    put_flow_with_id(&buf, "\xff");
    assert_int_equal(mf_pb_check(request_type(), buf.data, buf.len, &err),
                     MF_EUTF8);
    assert_string_equal(err.text, "mitmproxy.v1.HTTPFlow.id: not UTF-8");
    mf_buf_release(&buf);
}

static void a_known_field_of_another_wire_type_is_malformed(void **state)
{
    (void)state;
    struct mf_buf buf;
    mf_buf_init(&buf, 100);
    mf_wire_put_varint(&buf, 1, 5);
    assert_int_equal(mf_pb_check(request_type(), buf.data, buf.len, NULL),
                     MF_ECORRUPT);
    mf_buf_release(&buf);
}

static void unknown_fields_are_allowed(void **state)
{
    (void)state;
    struct mf_buf buf;
    mf_buf_init(&buf, 100);
    mf_wire_put_bytes(&buf, 9999, "\xff", 1);
    assert_int_equal(mf_pb_check(request_type(), buf.data, buf.len, NULL), 0);
    mf_buf_release(&buf);
}

static void too_many_fields_are_refused(void **state)
{
    (void)state;
    struct mf_buf buf;
    mf_buf_init(&buf, SIZE_MAX);
    for (size_t i = 0; i < MF_PB_FIELDS_MAX; i++)
        mf_buf_append(&buf, "\x78", 2); /* field 15: 0 */
    assert_int_equal(mf_pb_check(request_type(), buf.data, buf.len, NULL), 0);
    mf_buf_append(&buf, "\x78", 2);
    assert_int_equal(mf_pb_check(request_type(), buf.data, buf.len, NULL),
                     MF_EINVAL);
    mf_buf_release(&buf);
}

static void every_cut_of_a_message_is_malformed_or_whole(void **state)
{
    (void)state;
    struct mf_buf buf;
    put_flow_with_id(&buf, "0123456789");
    for (size_t len = 1; len < buf.len; len++)
        assert_int_equal(mf_pb_check(request_type(), buf.data, len, NULL),
                         MF_ECORRUPT);
    mf_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nested_string_that_is_not_utf8_is_named),
        cmocka_unit_test(a_known_field_of_another_wire_type_is_malformed),
        cmocka_unit_test(unknown_fields_are_allowed),
        cmocka_unit_test(too_many_fields_are_refused),
        cmocka_unit_test(every_cut_of_a_message_is_malformed_or_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
