#include "service/get_flow.h"

#include <string.h>

#include "base/error.h"
#include "decode/textual.h"
#include "flow/body_http.h"
#include "flow/published.h"
#include "pb/wire.h"
#include "service/body_source.h"

/* Of what is compressed inside a body. */
#define INFLATED_MAX_LEN ((size_t)16 << 20)

/* Field numbers of mitmflow.v1. */
enum {
    RESPONSE_FLOW = 1,
    FLOW_EXTRA = 5,
    FLOW_PINNED = 6,
    FLOW_NOTE = 7,
    FLOW_META = 100,
    FLOW_SUMMARY = 101,
    EXTRA_REQUEST = 1,
    EXTRA_RESPONSE = 2,
    DETAILS_FRAMES = 1,
    DETAILS_CONTENT_TYPE = 2,
    DETAILS_BODY_SIZE = 3,
    DETAILS_DECODE_ERROR = 100,
};

/* Where mitmflow.v1.Flow has each kind that mitmproxy.v1.Flow has. */
static uint32_t viewer_field(enum mf_flow_type type)
{
    static const uint32_t fields[] = {
        [MF_FLOW_HTTP] = 1,
        [MF_FLOW_TCP] = 2,
        [MF_FLOW_UDP] = 3,
        [MF_FLOW_DNS] = 4,
    };
    return fields[type];
}

/* How Request and Response number what MessageDetails needs. */
struct half {
    uint32_t field; /* in HTTPFlow */
    uint32_t headers;
    uint32_t content;
    uint32_t extra; /* in HTTPFlowExtra */
    enum mf_body_place place;
};
static const struct half request_half = {2, 3, 4, EXTRA_REQUEST,
                                         MF_BODY_REQUEST};
static const struct half response_half = {3, 2, 3, EXTRA_RESPONSE,
                                          MF_BODY_RESPONSE};

/* A flow and what its texts are made by. */
struct texts {
    const struct mf_flow *flow;
    const struct mf_types *types;
};

static bool is_content_type(struct mf_span name)
{
    static const char want[] = "content-type";
    if (name.len != sizeof want - 1)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if ((name.text[i] | 0x20) != want[i])
            return false;
    return true;
}

/* The value of a header map entry if it is Content-Type. */
static bool read_content_type(const struct mf_wire_field *entry,
                              struct mf_wire_field *ret_value)
{
    struct mf_wire_field key;
    return mf_wire_find(entry->data, entry->len, 1, &key) &&
           is_content_type((struct mf_span){(const char *)key.data, key.len}) &&
           mf_wire_find(entry->data, entry->len, 2, ret_value);
}

static int put_frame(void *user, struct mf_span text)
{
    return mf_wire_put_bytes(user, DETAILS_FRAMES, text.text, text.len);
}

static int put_frames(const struct half *half, const struct texts *texts,
                      const struct mf_wire_field *type,
                      const struct mf_wire_field *content, struct mf_buf *out)
{
    const struct mf_body_http http = mf_flow_body_http(texts->flow);
    const struct mf_body body = {
        .place = half->place,
        .data = {content->data ? (const char *)content->data : "",
                 content->len},
        .content_type = {type->data ? (const char *)type->data : "", type->len},
        .http = &http,
    };
    const struct mf_decode_opts opts = {.types = texts->types,
                                        .inflated_max = INFLATED_MAX_LEN};
    return mf_textual_frames(&body, &opts, put_frame, out);
}

static int put_details(const struct half *half, const struct texts *texts,
                       const struct mf_wire_field *http, int decode_error,
                       struct mf_buf *out)
{
    struct mf_wire_field message, field, type = {0}, content = {0};
    if (!mf_wire_find(http->data, http->len, half->field, &message))
        return 0;
    struct mf_cursor cursor = mf_cursor_make(message.data, message.len);
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == half->content)
            content = field;
        else if (field.number == half->headers)
            read_content_type(&field, &type);
    }
    const char *error = decode_error ? mf_err_message(decode_error) : "";
    size_t mark;
    int rc = mf_wire_begin(out, half->extra, &mark);
    if (!rc)
        rc = put_frames(half, texts, &type, &content, out);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, DETAILS_CONTENT_TYPE, type.data,
                                   type.len);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, DETAILS_BODY_SIZE, content.len);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, DETAILS_DECODE_ERROR, error,
                                   strlen(error));
    return rc ? rc : mf_wire_end(out, mark);
}

static int put_extra(const struct texts *texts,
                     const struct mf_wire_field *http,
                     const struct mf_published_result *result,
                     struct mf_buf *out)
{
    size_t mark;
    int rc = mf_wire_begin(out, FLOW_EXTRA, &mark);
    if (!rc)
        rc =
            put_details(&request_half, texts, http, result->request_error, out);
    if (!rc)
        rc = put_details(&response_half, texts, http, result->response_error,
                         out);
    return rc ? rc : mf_wire_end(out, mark);
}

static int put_flow(const struct mf_record *record, size_t body_max,
                    const struct mf_types *types, struct mf_buf *published,
                    struct mf_buf *out)
{
    const struct mf_flow *flow = mf_record_flow(record);
    const struct texts texts = {.flow = flow, .types = types};
    const struct mf_record_head *head = mf_record_head(record);
    if (!flow)
        return MF_ECORRUPT;
    enum mf_flow_type type = mf_flow_type(flow);
    struct mf_published_result result = {0};
    struct mf_wire_field kind, meta;
    size_t len;
    const uint8_t *bytes = mf_flow_snapshot(flow, &len);

    enum mf_published_mode mode =
        body_max ? MF_PUBLISHED_ADD : MF_PUBLISHED_BARE;
    int rc =
        mf_flow_put_published(bytes, len, mode, body_max, published, &result);
    if (!rc && !mf_wire_find(published->data, published->len, type, &kind))
        rc = MF_ECORRUPT;
    if (!rc)
        rc = mf_wire_put_bytes(out, viewer_field(type), kind.data, kind.len);
    if (!rc && type == MF_FLOW_HTTP && body_max)
        rc = put_extra(&texts, &kind, &result, out);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, FLOW_PINNED, head->pinned);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, FLOW_NOTE, head->note,
                                   strlen(head->note));
    if (!rc && mf_wire_find(bytes, len, FLOW_META, &meta))
        rc = mf_wire_put_bytes(out, FLOW_META, meta.data, meta.len);
    const uint8_t *summary = mf_record_summary(record, &len);
    return rc ? rc : mf_wire_put_bytes(out, FLOW_SUMMARY, summary, len);
}

int mf_get_flow_put(const struct mf_record *record, size_t body_max,
                    const struct mf_types *types, struct mf_span more,
                    struct mf_buf *out)
{
    struct mf_buf published;
    size_t mark;
    mf_buf_init(&published, out->max);
    int rc = mf_wire_begin(out, RESPONSE_FLOW, &mark);
    if (!rc)
        rc = put_flow(record, body_max, types, &published, out);
    if (!rc)
        rc = mf_buf_append(out, more.text, more.len);
    if (!rc)
        rc = mf_wire_end(out, mark);
    mf_buf_release(&published);
    return rc;
}
