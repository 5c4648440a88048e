#include "pb/wire.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/utf8.h"

/* Mostly they are one byte or two: tags, short lengths, flags. */
static inline uint64_t next_varint(struct mf_cursor *cursor)
{
    const uint8_t *at = cursor->at;
    if (cursor->end - at < 2)
        return mf_cursor_varint(cursor);
    if (at[0] < 0x80) {
        cursor->at++;
        return at[0];
    }
    if (at[1] < 0x80) {
        cursor->at += 2;
        return (uint64_t)(at[0] & 0x7f) | (uint64_t)at[1] << 7;
    }
    return mf_cursor_varint(cursor);
}

/* As mf_cursor_bytes(), for a cursor without an error. */
static inline const uint8_t *next_bytes(struct mf_cursor *cursor, uint64_t len)
{
    const uint8_t *bytes = cursor->at;
    if (len > (size_t)(cursor->end - bytes))
        return mf_cursor_bytes(cursor, len);
    cursor->at += len;
    return bytes;
}

/* Every captured byte passes here, several times: hence so little of it is in
 * other functions. */
static inline bool next_head(struct mf_cursor *cursor,
                             struct mf_wire_field *ret_field)
{
    if (cursor->error || cursor->at == cursor->end)
        return false;
    uint64_t tag = next_varint(cursor), value = 0;
    size_t len = 0;
    if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        mf_cursor_fail(cursor, MF_ECORRUPT);
    switch ((enum mf_wire_type)(tag & 7)) {
    case MF_WIRE_VARINT:
        value = next_varint(cursor);
        break;
    case MF_WIRE_FIXED64:
        value = mf_cursor_le64(cursor);
        break;
    case MF_WIRE_FIXED32:
        value = mf_cursor_le32(cursor);
        break;
    case MF_WIRE_LEN:
        len = next_varint(cursor);
        break;
    default:
        mf_cursor_fail(cursor, MF_ECORRUPT);
    }
    if (cursor->error)
        return false;
    ret_field->number = (uint32_t)(tag >> 3);
    ret_field->type = (enum mf_wire_type)(tag & 7);
    ret_field->value = value;
    ret_field->data = NULL;
    ret_field->len = len;
    return true;
}

bool mf_wire_next_head(struct mf_cursor *cursor,
                       struct mf_wire_field *ret_field)
{
    return next_head(cursor, ret_field);
}

bool mf_wire_next(struct mf_cursor *cursor, struct mf_wire_field *ret_field)
{
    if (!next_head(cursor, ret_field))
        return false;
    if (ret_field->type == MF_WIRE_LEN)
        ret_field->data = next_bytes(cursor, ret_field->len);
    return !cursor->error;
}

double mf_wire_double(const struct mf_wire_field *field)
{
    double value;
    memcpy(&value, &field->value, sizeof value);
    return field->type == MF_WIRE_FIXED64 ? value : 0;
}

int64_t mf_wire_timestamp_ns(const uint8_t *data, size_t len)
{
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field;
    int64_t seconds = 0, nanos = 0;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 1)
            seconds = (int64_t)field.value;
        else if (field.number == 2)
            nanos = (int32_t)field.value;
    }
    const int64_t limit = INT64_MAX / MF_NS_PER_S - 1;
    if (cursor.error || seconds > limit || seconds < -limit || nanos < 0 ||
        nanos >= MF_NS_PER_S)
        return 0;
    return seconds * MF_NS_PER_S + nanos;
}

bool mf_wire_find(const uint8_t *data, size_t len, uint32_t number,
                  struct mf_wire_field *ret_field)
{
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field, last = {0};
    while (mf_wire_next(&cursor, &field))
        if (field.number == number && field.type == MF_WIRE_LEN)
            last = field;
    if (cursor.error || !last.number)
        return false;
    *ret_field = last;
    return true;
}

size_t mf_wire_varint_len(uint64_t value)
{
    size_t len = 1;
    while (value >>= 7)
        len++;
    return len;
}

size_t mf_wire_encode_varint(uint8_t *at, uint64_t value)
{
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        at[len++] = (uint8_t)(value | 0x80);
    at[len++] = (uint8_t)value;
    return len;
}

static size_t encode_tag(uint8_t *at, uint32_t number, enum mf_wire_type type)
{
    return mf_wire_encode_varint(at, (uint64_t)number << 3 | type);
}

int mf_wire_put_varint(struct mf_buf *buf, uint32_t number, uint64_t value)
{
    uint8_t bytes[20];
    size_t len = encode_tag(bytes, number, MF_WIRE_VARINT);
    len += mf_wire_encode_varint(bytes + len, value);
    return mf_buf_append(buf, bytes, len);
}

int mf_wire_put_varint_opt(struct mf_buf *buf, uint32_t number, uint64_t value)
{
    return value ? mf_wire_put_varint(buf, number, value) : 0;
}

static int put_fixed(struct mf_buf *buf, uint32_t number,
                     enum mf_wire_type type, uint64_t value)
{
    uint8_t bytes[20];
    size_t len = encode_tag(bytes, number, type);
    size_t width = type == MF_WIRE_FIXED64 ? 8 : 4;
    for (size_t i = 0; i < width; i++)
        bytes[len++] = (uint8_t)(value >> (8 * i));
    return mf_buf_append(buf, bytes, len);
}

int mf_wire_put_double_opt(struct mf_buf *buf, uint32_t number, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits ? put_fixed(buf, number, MF_WIRE_FIXED64, bits) : 0;
}

int mf_wire_put_bytes(struct mf_buf *buf, uint32_t number, const void *data,
                      size_t len)
{
    uint8_t head[20];
    size_t head_len = encode_tag(head, number, MF_WIRE_LEN);
    head_len += mf_wire_encode_varint(head + head_len, len);
    if (len > SIZE_MAX - head_len)
        return MF_EFULL;
    int rc = mf_buf_reserve(buf, head_len + len);
    if (rc)
        return rc;
    mf_buf_append(buf, head, head_len);
    return mf_buf_append(buf, data, len);
}

int mf_wire_put_bytes_opt(struct mf_buf *buf, uint32_t number, const void *data,
                          size_t len)
{
    return len ? mf_wire_put_bytes(buf, number, data, len) : 0;
}

int mf_wire_put_text_opt(struct mf_buf *buf, uint32_t number,
                         struct mf_span text)
{
    size_t mark;
    if (text.len == 0)
        return 0;
    int rc = mf_wire_begin(buf, number, &mark);
    if (!rc)
        rc = mf_utf8_append(text.text, text.len, buf);
    return rc ? rc : mf_wire_end(buf, mark);
}

int mf_wire_put_timestamp_opt(struct mf_buf *buf, uint32_t number, int64_t ns)
{
    if (ns == 0)
        return 0;
    int64_t seconds = ns / MF_NS_PER_S, nanos = ns % MF_NS_PER_S;
    if (nanos < 0) {
        nanos += MF_NS_PER_S;
        seconds--;
    }
    size_t mark;
    int rc = mf_wire_begin(buf, number, &mark);
    if (!rc)
        rc = mf_wire_put_varint_opt(buf, 1, (uint64_t)seconds);
    if (!rc)
        rc = mf_wire_put_varint_opt(buf, 2, (uint64_t)nanos);
    return rc ? rc : mf_wire_end(buf, mark);
}

int mf_wire_put_field(struct mf_buf *buf, const struct mf_wire_field *field)
{
    switch (field->type) {
    case MF_WIRE_VARINT:
        return mf_wire_put_varint(buf, field->number, field->value);
    case MF_WIRE_LEN:
        return mf_wire_put_bytes(buf, field->number, field->data, field->len);
    default:
        return put_fixed(buf, field->number, field->type, field->value);
    }
}

int mf_wire_begin(struct mf_buf *buf, uint32_t number, size_t *ret_mark)
{
    uint8_t bytes[11];
    size_t len = encode_tag(bytes, number, MF_WIRE_LEN);
    bytes[len++] = 0;
    int rc = mf_buf_append(buf, bytes, len);
    if (!rc)
        *ret_mark = buf->len;
    return rc;
}

int mf_wire_end(struct mf_buf *buf, size_t mark)
{
    size_t body_len = buf->len - mark;
    size_t extra = mf_wire_varint_len(body_len) - 1;
    int rc = mf_buf_reserve(buf, extra);
    if (rc)
        return rc;
    if (extra)
        memmove(buf->data + mark + extra, buf->data + mark, body_len);
    mf_wire_encode_varint(buf->data + mark - 1, body_len);
    buf->len += extra;
    return 0;
}
