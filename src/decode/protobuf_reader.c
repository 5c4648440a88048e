#include "decode/protobuf_reader.h"

enum { VARINT_MAX_LEN = 10 };

size_t mf_pb_varint(const uint8_t *at, const uint8_t *end, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < VARINT_MAX_LEN && i < (size_t)(end - at); i++) {
        value |= (uint64_t)(at[i] & 0x7f) << (7 * i);
        if (at[i] < 0x80) {
            *ret_value = value;
            return i + 1;
        }
    }
    return 0;
}

static const char *why_no_varint(const uint8_t *at, const uint8_t *end)
{
    return end - at < VARINT_MAX_LEN ? "breaks off inside a number"
                                     : "a number has more than ten bytes";
}

static uint64_t read_fixed(const uint8_t *at, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

/* What follows the tag. NULL, or why it breaks. */
static const char *read_value(const uint8_t **at, const uint8_t *end,
                              struct mf_pb_record *record)
{
    size_t len = 0;
    uint64_t announced;
    switch (record->wire) {
    case MF_PB_VARINT:
        len = mf_pb_varint(*at, end, &record->value);
        if (len == 0)
            return why_no_varint(*at, end);
        break;
    case MF_PB_FIXED64:
    case MF_PB_FIXED32:
        len = record->wire == MF_PB_FIXED64 ? 8 : 4;
        if ((size_t)(end - *at) < len)
            return "breaks off inside a number";
        record->value = read_fixed(*at, len);
        break;
    case MF_PB_LEN:
        len = mf_pb_varint(*at, end, &announced);
        if (len == 0)
            return "breaks off inside a length";
        record->data = *at + len;
        record->len = (size_t)(end - record->data);
        if (announced > record->len)
            record->missing = announced - record->len;
        else
            record->len = (size_t)announced;
        len += record->len;
        break;
    default:
        break;
    }
    *at += len;
    return NULL;
}

struct mf_pb_reader mf_pb_reader_make(const uint8_t *data, size_t len)
{
    return (struct mf_pb_reader){data, len ? data + len : data};
}

bool mf_pb_next(struct mf_pb_reader *reader, struct mf_pb_record *ret_record,
                const char **ret_why)
{
    const uint8_t *at = reader->at;
    uint64_t tag;
    *ret_why = NULL;
    if (at == reader->end)
        return false;
    size_t len = mf_pb_varint(at, reader->end, &tag);
    if (len == 0)
        *ret_why = why_no_varint(at, reader->end);
    else if (tag >> 3 == 0)
        *ret_why = "the field number is 0";
    else if (tag >> 3 > 0x1fffffff)
        *ret_why = "the field number is too large";
    else if ((tag & 7) > MF_PB_FIXED32)
        *ret_why = "there is no such wire type";
    if (*ret_why)
        return false;
    *ret_record = (struct mf_pb_record){
        .start = at,
        .number = (uint32_t)(tag >> 3),
        .wire = (enum mf_pb_wire)(tag & 7),
    };
    at += len;
    *ret_why = read_value(&at, reader->end, ret_record);
    if (*ret_why)
        return false;
    reader->at = at;
    return true;
}
