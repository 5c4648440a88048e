#include "../cmocka.h"

#include <string.h>

#include "mitmflow/v1/mitmflow.pb-c.h"
#include "pb/schema.h"

static int setup(void **state)
{
    struct mf_schema *schema;
    if (mf_schema_new(mf_pb_descriptors, mf_pb_descriptors_len, &schema, NULL))
        return -1;
    *state = schema;
    return 0;
}

static int teardown(void **state)
{
    mf_schema_free(*state);
    return 0;
}

static int to_binary(const struct mf_schema *schema, const char *type,
                     const char *text, struct mf_buf *out, struct mf_err *err)
{
    mf_buf_init(out, 4096);
    return mf_json_to_binary(schema, type, text, strlen(text), out, err);
}

static void a_oneof_of_one_field_keeps_its_presence(void **state)
{
    struct mf_buf buf;
    struct mf_err err;
    assert_int_equal(to_binary(*state, "mitmflow.v1.UpdateFlowRequest",
                               "{\"flowId\":\"a\",\"pinned\":false}", &buf,
                               &err),
                     0);
    Mitmflow__V1__UpdateFlowRequest *request =
        mitmflow__v1__update_flow_request__unpack(NULL, buf.len, buf.data);
    assert_string_equal(request->flow_id, "a");
    assert_int_equal(request->pinned_presence_case,
                     MITMFLOW__V1__UPDATE_FLOW_REQUEST__PINNED_PRESENCE_PINNED);
    assert_int_equal(request->note_presence_case,
                     MITMFLOW__V1__UPDATE_FLOW_REQUEST__NOTE_PRESENCE__NOT_SET);
    mitmflow__v1__update_flow_request__free_unpacked(request, NULL);
    mf_buf_release(&buf);
}

static void messages_of_both_schemas_come_back_as_json(void **state)
{
    const char *text = "{\"flow\":{\"httpFlow\":{\"id\":\"x\","
                       "\"timestampStart\":\"2026-11-25T01:02:03.000000004Z\","
                       "\"request\":{\"headers\":{\"a\":\"b\"},"
                       "\"content\":\"AAE=\"}},\"pinned\":true}}";
    struct mf_buf buf, json;
    assert_int_equal(
        to_binary(*state, "mitmflow.v1.GetFlowResponse", text, &buf, NULL), 0);
    mf_buf_init(&json, 4096);
    assert_int_equal(mf_json_from_binary(*state, "mitmflow.v1.GetFlowResponse",
                                         buf.data, buf.len, &json, NULL),
                     0);
    struct mf_buf again;
    mf_buf_append_byte(&json, 0);
    assert_int_equal(to_binary(*state, "mitmflow.v1.GetFlowResponse",
                               (char *)json.data, &again, NULL),
                     0);
    assert_int_equal(buf.len, again.len);
    assert_memory_equal(buf.data, again.data, buf.len);
    mf_buf_release(&again);
    mf_buf_release(&json);
    mf_buf_release(&buf);
}

static void bad_json_is_told_with_its_reason(void **state)
{
    struct mf_buf buf;
    struct mf_err err = {0};
    assert_int_equal(to_binary(*state, "mitmflow.v1.GetFlowRequest",
                               "{\"flowId\":", &buf, &err),
                     MF_ECORRUPT);
    assert_true(strlen(err.text) > 0);
    assert_int_equal(to_binary(*state, "no.such.Type", "{}", &buf, &err),
                     MF_ENOENT);
}

static void unknown_names_are_skipped(void **state)
{
    struct mf_buf buf;
    assert_int_equal(to_binary(*state, "mitmflow.v1.GetFlowRequest",
                               "{\"newer\":{\"a\":[1]},\"flowId\":\"q\"}", &buf,
                               NULL),
                     0);
    assert_int_equal(buf.len, 3);
    mf_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_oneof_of_one_field_keeps_its_presence),
        cmocka_unit_test(messages_of_both_schemas_come_back_as_json),
        cmocka_unit_test(bad_json_is_told_with_its_reason),
        cmocka_unit_test(unknown_names_are_skipped),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
