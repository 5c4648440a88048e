#include "flow/messages.h"

#include <string.h>

#include "flow/details.h"

uint64_t mf_message_digest(uint64_t digest, const uint8_t *message, size_t len)
{
    const uint64_t factor = UINT64_C(0x9fb21c651e98df25);
    uint64_t a = digest ^ len ^ UINT64_C(0x9e3779b97f4a7c15), b = ~digest;
    size_t i = 0;
    for (; i + 16 <= len; i += 16) {
        uint64_t words[2];
        memcpy(words, message + i, sizeof words);
        a = (a ^ words[0]) * factor;
        b = (b ^ words[1]) * factor;
        a ^= a >> 29;
        b ^= b >> 31;
    }
    uint64_t tail[2] = {0};
    if (i < len)
        memcpy(tail, message + i, len - i);
    a = (a ^ tail[0]) * factor;
    b = (b ^ tail[1]) * factor;
    a ^= a >> 32;
    b ^= b >> 32;
    a = (a ^ b * UINT64_C(0xc2b2ae3d27d4eb4f)) * factor;
    a ^= a >> 32;
    return a ? a : 1;
}

void mf_messages_walk(const struct mf_flow *flow,
                      struct mf_messages_walk *ret_walk)
{
    *ret_walk = (struct mf_messages_walk){
        .rest = flow->body,
        .number = mf_flow__messages_field(flow->type),
    };
}

void mf_messages_walk_fields(enum mf_flow_type type, const uint8_t *fields,
                             size_t len, struct mf_messages_walk *ret_walk)
{
    *ret_walk = (struct mf_messages_walk){
        .rest = {(const char *)fields, len},
        .number = mf_flow__messages_field(type),
    };
}

bool mf_messages_next(struct mf_messages_walk *walk)
{
    struct mf_cursor cursor = mf_flow__cursor(walk->rest);
    struct mf_wire_field field;
    while (walk->number && mf_wire_next(&cursor, &field)) {
        if (field.number != walk->number || field.type != MF_WIRE_LEN)
            continue;
        walk->message = mf_flow__span(&field);
        walk->rest = (struct mf_span){(const char *)cursor.at,
                                      (size_t)(cursor.end - cursor.at)};
        return true;
    }
    return false;
}

void mf_message_read(struct mf_span message, bool *ret_from_client,
                     size_t *ret_len)
{
    struct mf_cursor cursor = mf_flow__cursor(message);
    struct mf_wire_field field;
    *ret_from_client = false;
    *ret_len = 0;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 1)
            *ret_len = mf_flow__span(&field).len;
        else if (field.number == 3)
            *ret_from_client = field.value != 0;
    }
}

struct mf_flow_sizes mf_flow_sizes(const struct mf_flow *flow)
{
    return (struct mf_flow_sizes){flow->details.client_bytes,
                                  flow->details.server_bytes};
}

int mf_message_put(enum mf_flow_type type, struct mf_span message,
                   struct mf_buf *out)
{
    return mf_wire_put_bytes(out, mf_flow__messages_field(type), message.text,
                             message.len);
}

int mf_messages_put_fields(const struct mf_flow *flow, struct mf_buf *out)
{
    struct mf_messages_walk walk;
    int rc = 0;
    mf_messages_walk(flow, &walk);
    while (!rc && mf_messages_next(&walk))
        rc = mf_message_put(flow->type, walk.message, out);
    return rc;
}

/* The body's fields, of the messages the first `count`. */
static int put_body_head(const struct mf_flow *flow, uint64_t count,
                         struct mf_buf *out)
{
    uint32_t number = mf_flow__messages_field(flow->type);
    struct mf_cursor cursor = mf_flow__cursor(flow->body);
    struct mf_wire_field field;
    uint64_t seen = 0;
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field)) {
        bool is_message =
            number && field.number == number && field.type == MF_WIRE_LEN;
        if (!is_message || seen++ < count)
            rc = mf_wire_put_field(out, &field);
    }
    return rc;
}

/* True for the flow's own message among the fields of a mitmproxy.v1.Flow. */
static bool is_body(const struct mf_wire_field *field)
{
    return field->type == MF_WIRE_LEN && field->number >= MF_FLOW_HTTP &&
           field->number <= MF_FLOW_UDP;
}

int mf_messages_put_head(const struct mf_flow *flow, uint64_t count,
                         struct mf_buf *out)
{
    struct mf_cursor cursor =
        mf_cursor_make(flow->snapshot, flow->snapshot_len);
    struct mf_wire_field field;
    size_t mark;
    int rc = mf_wire_begin(out, flow->type, &mark);
    if (!rc)
        rc = put_body_head(flow, count, out);
    if (!rc)
        rc = mf_wire_end(out, mark);
    while (!rc && mf_wire_next(&cursor, &field))
        if (!is_body(&field))
            rc = mf_wire_put_field(out, &field);
    return rc;
}

int mf_messages_put_piece(enum mf_flow_type type, struct mf_span id,
                          const uint8_t *fields, size_t len, struct mf_buf *out)
{
    size_t mark;
    int rc = mf_wire_begin(out, type, &mark);
    if (!rc)
        rc = mf_wire_put_bytes(out, 1, id.text, id.len);
    if (!rc)
        rc = mf_buf_append(out, fields, len);
    return rc ? rc : mf_wire_end(out, mark);
}

/* Field `number` as `field`, if that is there, with `more` behind. */
static int put_longer(struct mf_buf *out, uint32_t number,
                      const struct mf_wire_field *field, const uint8_t *more,
                      size_t more_len)
{
    size_t mark;
    int rc = mf_wire_begin(out, number, &mark);
    if (!rc && field->len)
        rc = mf_buf_append(out, field->data, field->len);
    if (!rc)
        rc = mf_buf_append(out, more, more_len);
    return rc ? rc : mf_wire_end(out, mark);
}

int mf_flow_extend(const uint8_t *snapshot, size_t len, const uint8_t *fields,
                   size_t fields_len, const uint8_t *meta, size_t meta_len,
                   struct mf_buf *out)
{
    enum { META = 100 };
    struct mf_cursor cursor = mf_cursor_make(snapshot, len);
    struct mf_wire_field field, body = {0}, old_meta = {0};
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field)) {
        if (is_body(&field))
            body = field;
        else if (field.number == META && field.type == MF_WIRE_LEN)
            old_meta = field;
        else
            rc = mf_wire_put_field(out, &field);
    }
    if (!rc && (cursor.error || !body.number))
        rc = MF_ECORRUPT;
    if (!rc)
        rc = put_longer(out, body.number, &body, fields, fields_len);
    if (!rc && (old_meta.number || meta_len))
        rc = put_longer(out, META, &old_meta, meta, meta_len);
    return rc;
}
