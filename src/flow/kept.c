#include "flow/kept.h"

#include "flow/details.h"
#include "flow/half_numbers.h"

enum {
    DNS_PACKED = 1,
    MESSAGE_CONTENT = 1,
    MESSAGE_FROM_CLIENT = 3,
    MESSAGE_OPCODE = 100,
    OPCODE_TEXT = 1,
};

static void read_marks(struct mf_span message, struct mf_kept_body *body)
{
    struct mf_cursor cursor = mf_flow__cursor(message);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == MF_HALF_CONTENT_CHANGED)
            body->is_changed = field.value != 0;
        else if (field.number == MF_HALF_CONTENT_LEFT_OUT)
            body->left_out = mf_flow__span(&field);
    }
}

static void keep_http(const struct mf_flow *flow, enum mf_half half,
                      struct mf_kept_body *body)
{
    const struct mf_flow__half *side = mf_flow__half_of(flow, half);
    *body = (struct mf_kept_body){
        .wire = side->content.len ? MF_SPAN_NONE : side->raw_content,
        .decoded = side->content,
        .content_type = side->content_type,
        .encodings = mf_flow__encodings(side, mf_flow__fields_of(half)),
        .left_out = MF_SPAN_NONE,
        .wire_size = side->body_len,
        .is_cut = side->is_cut,
    };
    read_marks(side->message, body);
}

static void keep_dns(const struct mf_flow *flow, enum mf_half half,
                     struct mf_kept_body *body)
{
    struct mf_span message = half == MF_HALF_REQUEST
                                 ? flow->details.dns_request
                                 : flow->details.dns_response;
    struct mf_wire_field packed = {0};
    mf_wire_find((const uint8_t *)message.text, message.len, DNS_PACKED,
                 &packed);
    *body = (struct mf_kept_body){
        .wire = packed.data ? mf_flow__span(&packed) : MF_SPAN_NONE,
        .decoded = MF_SPAN_NONE,
        .content_type = MF_SPAN_NONE,
        .left_out = MF_SPAN_NONE,
    };
    body->wire_size = body->wire.len;
}

bool mf_flow_kept_body(const struct mf_flow *flow, enum mf_half half,
                       struct mf_kept_body *ret_body)
{
    if (!mf_flow_has_half(flow, half))
        return false;
    if (flow->type == MF_FLOW_DNS)
        keep_dns(flow, half, ret_body);
    else
        keep_http(flow, half, ret_body);
    return true;
}

struct mf_kept_message mf_flow_kept_message(struct mf_span message)
{
    struct mf_kept_message kept = {.content = MF_SPAN_NONE};
    struct mf_cursor cursor = mf_flow__cursor(message);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == MESSAGE_CONTENT)
            kept.content = mf_flow__span(&field);
        else if (field.number == MESSAGE_FROM_CLIENT)
            kept.from_client = field.value != 0;
        else if (field.number == MESSAGE_OPCODE)
            kept.is_text = field.value == OPCODE_TEXT;
    }
    return kept;
}

struct mf_flow_trailers mf_flow_trailers(const struct mf_flow *flow,
                                         enum mf_half half)
{
    return (struct mf_flow_trailers){
        mf_flow__cursor(mf_flow__half_of(flow, half)->message),
        mf_flow__fields_of(half)->trailers,
    };
}

bool mf_flow_trailers_next(struct mf_flow_trailers *trailers,
                           struct mf_span *ret_name, struct mf_span *ret_value)
{
    return mf_flow__next_line(&trailers->cursor, MF_HALF_TRAILER_FIELDS,
                              trailers->map, ret_name, ret_value);
}
