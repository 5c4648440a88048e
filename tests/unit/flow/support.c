#include "support.h"

#include <stdio.h>

void load_message(const char *name, struct mf_buf *ret_message)
{
    char path[512];
    uint8_t chunk[65536];
    snprintf(path, sizeof path, "%s/%s", MF_TEST_MESSAGES, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(chunk, 1, sizeof chunk, file);
    fclose(file);
    assert_true(len > 0 && len < sizeof chunk);
    mf_buf_init(ret_message, sizeof chunk);
    mf_buf_append(ret_message, chunk, len);
}

struct mf_flow *load_flow(const char *name)
{
    struct mf_buf message;
    struct mf_flow *flow = NULL;
    load_message(name, &message);
    assert_int_equal(
        mf_flow_from_export(message.data, message.len, &flow, NULL), 0);
    mf_buf_release(&message);
    return flow;
}

Mitmflow__V1__FlowSummary *summary_of(struct mf_flow *flow)
{
    const struct mf_record_head head = {
        .number = 7,
        .change = 9,
        .pinned = true,
        .state = mf_flow_state(flow),
        .source = "a proxy",
        .note = "a note",
    };
    struct mf_record *record = mf_record_new(&head, flow, NULL, 0);
    assert_non_null(record);
    size_t len;
    const uint8_t *bytes = mf_record_summary(record, &len);
    Mitmflow__V1__FlowSummary *summary =
        mitmflow__v1__flow_summary__unpack(NULL, len, bytes);
    assert_non_null(summary);
    mf_record_unref(record);
    return summary;
}

void wrap(uint32_t type, const struct mf_buf *body, unsigned event,
          struct mf_buf *ret_message)
{
    size_t mark;
    mf_buf_init(ret_message, SIZE_MAX);
    mf_wire_begin(ret_message, 1, &mark);
    mf_wire_put_bytes(ret_message, type, body->data, body->len);
    mf_wire_end(ret_message, mark);
    mf_wire_put_varint(ret_message, 2, event);
}

int read_body(uint32_t type, struct mf_buf *body, unsigned event,
              struct mf_flow **ret_flow)
{
    struct mf_buf message;
    wrap(type, body, event, &message);
    int rc = mf_flow_from_export(message.data, message.len, ret_flow, NULL);
    mf_buf_release(&message);
    mf_buf_release(body);
    return rc;
}

void put_text(struct mf_buf *buf, uint32_t number, const char *text)
{
    mf_wire_put_bytes(buf, number, text, strlen(text));
}

void put_pair(struct mf_buf *buf, uint32_t number, const char *name,
              const char *value)
{
    size_t mark;
    mf_wire_begin(buf, number, &mark);
    put_text(buf, 1, name);
    put_text(buf, 2, value);
    mf_wire_end(buf, mark);
}

static bool is_wanted(void *user, const char *text, size_t len)
{
    const struct mf_span *want = user;
    return want->len == len && memcmp(want->text, text, len) == 0;
}

bool visits(const struct mf_flow *flow, const char *text, size_t len)
{
    struct mf_span want = {text, len};
    return mf_flow_each_text(flow, is_wanted, &want);
}
