#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "flow/kept.h"
#include "flow/messages.h"
#include "flow/published.h"
#include "flow/record.h"
#include "mitmflow/v1/mitmflow.pb-c.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_MAX_LEN = 1 << 16 };

static void require(int holds)
{
    if (!holds)
        abort();
}

/* Read every byte, so that a sanitizer sees a span that is out of bounds. */
static bool touch(void *user, const char *text, size_t len)
{
    unsigned char *sum = user;
    for (size_t i = 0; i < len; i++)
        *sum ^= (unsigned char)text[i];
    return false;
}

static void check_summary(struct mf_flow *flow)
{
    const struct mf_record_head head = {
        .number = 1, .state = mf_flow_state(flow), .source = "", .note = "n"};
    struct mf_record *record = mf_record_new(&head, flow, NULL, 0);
    size_t len;
    require(record != NULL);
    const uint8_t *summary = mf_record_summary(record, &len);
    require(mf_pb_check(&mitmflow__v1__flow_summary__descriptor, summary, len,
                        NULL) == 0);
    mf_record_unref(record);
}

static void check_published(struct mf_flow *flow, enum mf_published_mode mode,
                            int is_checked)
{
    struct mf_buf out;
    struct mf_published_result result;
    size_t len;
    const uint8_t *snapshot = mf_flow_snapshot(flow, &len);
    mf_buf_init(&out, 1 << 24);
    int rc =
        mf_flow_put_published(snapshot, len, mode, BODY_MAX_LEN, &out, &result);
    require(rc == 0 || rc == MF_EFULL || !is_checked);
    /* What was well-formed stays so, texts included. */
    if (!rc && is_checked)
        require(mf_pb_check(&mitmproxy__v1__flow__descriptor, out.data, out.len,
                            NULL) == 0);
    mf_buf_release(&out);
}

static void touch_half(const struct mf_flow *flow, enum mf_half half,
                       unsigned char *sum)
{
    struct mf_kept_body body;
    struct mf_buf lines;
    struct mf_span name, value;
    if (mf_flow_kept_body(flow, half, &body)) {
        touch(sum, body.wire.text, body.wire.len);
        touch(sum, body.decoded.text, body.decoded.len);
        touch(sum, body.content_type.text, body.content_type.len);
        struct mf_span encoding = mf_encoding_list_value(&body.encodings);
        touch(sum, encoding.text, encoding.len);
        touch(sum, body.left_out.text, body.left_out.len);
    }
    struct mf_flow_trailers trailers = mf_flow_trailers(flow, half);
    while (mf_flow_trailers_next(&trailers, &name, &value)) {
        touch(sum, name.text, name.len);
        touch(sum, value.text, value.len);
    }
    mf_buf_init(&lines, SIZE_MAX);
    require(mf_flow_put_header_lines(flow, half, &lines) == 0);
    mf_buf_release(&lines);
}

static void touch_messages(const struct mf_flow *flow, unsigned char *sum)
{
    struct mf_messages_walk walk;
    uint64_t digest = 0;
    mf_messages_walk(flow, &walk);
    while (mf_messages_next(&walk)) {
        struct mf_kept_message kept = mf_flow_kept_message(walk.message);
        bool from_client;
        size_t len;
        mf_message_read(walk.message, &from_client, &len);
        require(from_client == kept.from_client && len == kept.content.len);
        touch(sum, kept.content.text, len);
        digest = mf_message_digest(digest, (const uint8_t *)walk.message.text,
                                   walk.message.len);
    }
}

static void touch_rest(const struct mf_flow *flow, unsigned char *sum)
{
    struct mf_buf metadata;
    struct mf_span marker = mf_flow_marker(flow);
    struct mf_span replayed = mf_flow_replayed(flow);
    touch(sum, marker.text, marker.len);
    touch(sum, replayed.text, replayed.len);
    mf_buf_init(&metadata, SIZE_MAX);
    require(mf_flow_put_metadata(flow, &metadata) == 0);
    mf_buf_release(&metadata);
    mf_flow_duration_ms(flow);
}

static void use_flow(struct mf_flow *flow, int is_checked)
{
    unsigned char sum = 0;
    mf_flow_each_text(flow, touch, &sum);
    touch_half(flow, MF_HALF_REQUEST, &sum);
    touch_half(flow, MF_HALF_RESPONSE, &sum);
    touch_messages(flow, &sum);
    touch_rest(flow, &sum);
    check_summary(flow);
    check_published(flow, MF_PUBLISHED_ADD, is_checked);
    check_published(flow, MF_PUBLISHED_ONLY, is_checked);
    check_published(flow, MF_PUBLISHED_BARE, is_checked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_flow *flow, *again;
    if (mf_flow_from_export(data, size, &flow, NULL) == 0) {
        size_t len;
        const uint8_t *snapshot = mf_flow_snapshot(flow, &len);
        use_flow(flow, 1);
        require(mf_flow_from_snapshot(snapshot, len, MF_FLOW_ENDED, &again,
                                      NULL) == 0);
        mf_flow_unref(again);
        mf_flow_unref(flow);
    }
    /* Stored bytes are read without the check; they may be damaged. */
    if (mf_flow_from_snapshot(data, size, MF_FLOW_LIVE, &flow, NULL) == 0) {
        use_flow(flow, 0);
        mf_flow_unref(flow);
    }
    return 0;
}
