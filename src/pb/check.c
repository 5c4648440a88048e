#include "pb/check.h"

#include <stdbool.h>

#include "base/utf8.h"
#include "pb/wire.h"

enum { MAX_DEPTH = 64 };

static enum mf_wire_type wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return MF_WIRE_FIXED32;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return MF_WIRE_FIXED64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return MF_WIRE_LEN;
    default:
        return MF_WIRE_VARINT;
    }
}

static bool type_fits(const ProtobufCFieldDescriptor *known,
                      const struct mf_wire_field *field)
{
    enum mf_wire_type want = wire_type_of(known->type);
    if (field->type == want)
        return true;
    return known->label == PROTOBUF_C_LABEL_REPEATED && want != MF_WIRE_LEN &&
           field->type == MF_WIRE_LEN; /* packed */
}

/* Those below 100 mostly are numbered from 1 on without a gap. */
static inline const ProtobufCFieldDescriptor *
find_field(const ProtobufCMessageDescriptor *type, uint32_t number)
{
    if (number - 1 < type->n_fields && type->fields[number - 1].id == number)
        return &type->fields[number - 1];
    return protobuf_c_message_descriptor_get_field(type, number);
}

static int check_message(const ProtobufCMessageDescriptor *type,
                         const uint8_t *data, size_t len, int depth,
                         size_t *fields_left, struct mf_err *err)
{
    if (depth > MAX_DEPTH)
        return mf_err_set(err, MF_ECORRUPT, "%s: nested too deep", type->name);
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        if ((*fields_left)-- == 0)
            return mf_err_set(err, MF_EINVAL, "%s: more than %d fields",
                              type->name, MF_PB_FIELDS_MAX);
        const ProtobufCFieldDescriptor *known = find_field(type, field.number);
        if (!known)
            continue;
        if (!type_fits(known, &field))
            return mf_err_set(err, MF_ECORRUPT, "%s.%s: wrong wire type",
                              type->name, known->name);
        if (known->type == PROTOBUF_C_TYPE_STRING &&
            !mf_utf8_valid(field.data, field.len))
            return mf_err_set(err, MF_EUTF8, "%s.%s: not UTF-8", type->name,
                              known->name);
        if (known->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        int rc = check_message(known->descriptor, field.data, field.len,
                               depth + 1, fields_left, err);
        if (rc)
            return rc;
    }
    if (cursor.error)
        return mf_err_set(err, MF_ECORRUPT, "%s: malformed", type->name);
    return 0;
}

int mf_pb_check(const ProtobufCMessageDescriptor *type, const uint8_t *data,
                size_t len, struct mf_err *err)
{
    size_t fields_left = MF_PB_FIELDS_MAX;
    return check_message(type, data, len, 0, &fields_left, err);
}
