#include "export/json_message.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "pb/wire.h"

enum {
    NAME_MAX_LEN = 64,
    FIELDS_MAX = 64,
};

/* What a double holds exactly. */
#define EXACT_MAX (UINT64_C(1) << 53)

void mf_json_camel_case(const char *name, char *ret_name, size_t size)
{
    size_t len = 0;
    bool is_upper = false;
    for (; *name && len + 1 < size; name++) {
        if (*name == '_') {
            is_upper = true;
            continue;
        }
        bool is_letter = *name >= 'a' && *name <= 'z';
        ret_name[len++] =
            is_upper && is_letter ? (char)(*name - ('a' - 'A')) : *name;
        is_upper = false;
    }
    ret_name[len] = '\0';
}

/* They are the messages that stand inside others, with a key and a value. */
bool mf_json_is_map_entry(const ProtobufCMessageDescriptor *type)
{
    size_t package = strlen(type->package_name);
    return type->n_fields == 2 && strlen(type->name) > package + 1 &&
           strchr(type->name + package + 1, '.') &&
           strcmp(type->fields[0].name, "key") == 0 &&
           strcmp(type->fields[1].name, "value") == 0;
}

static bool is_timestamp(const ProtobufCMessageDescriptor *type)
{
    return strcmp(type->name, "google.protobuf.Timestamp") == 0;
}

/* The field's type on the wire. */
static enum mf_wire_type wire_type_of(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return MF_WIRE_LEN;
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return MF_WIRE_FIXED64;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return MF_WIRE_FIXED32;
    default:
        return MF_WIRE_VARINT;
    }
}

static struct mf_span span_of(const struct mf_wire_field *field)
{
    return (struct mf_span){(const char *)field->data, field->len};
}

static struct mf_cursor cursor_of(struct mf_span message)
{
    return mf_cursor_make(message.text, message.len);
}

/* ---- values ---- */

static void put_uint(struct mf_json_out *json, uint64_t value)
{
    char text[24];
    if (value <= EXACT_MAX) {
        mf_json_put_uint(json, value);
        return;
    }
    snprintf(text, sizeof text, "%" PRIu64, value);
    mf_json_put_string(json, text);
}

static void put_int(struct mf_json_out *json, int64_t value)
{
    char text[24];
    if (value >= -(int64_t)EXACT_MAX && value <= (int64_t)EXACT_MAX) {
        mf_json_put_int(json, value);
        return;
    }
    snprintf(text, sizeof text, "%" PRId64, value);
    mf_json_put_string(json, text);
}

static void put_double(struct mf_json_out *json, double value)
{
    if (isfinite(value))
        mf_json_put_double(json, value);
    else
        mf_json_put_string(json, isnan(value) ? "NaN"
                                 : value > 0  ? "Infinity"
                                              : "-Infinity");
}

static void put_enum(struct mf_json_out *json,
                     const ProtobufCEnumDescriptor *type, int64_t value)
{
    const ProtobufCEnumValue *known =
        value >= INT32_MIN && value <= INT32_MAX
            ? protobuf_c_enum_descriptor_get_value(type, (int)value)
            : NULL;
    if (known)
        mf_json_put_string(json, known->name);
    else
        put_int(json, value);
}

/* What cannot be told in nanoseconds is told as it is. */
static void put_timestamp(struct mf_json_out *json,
                          const ProtobufCMessageDescriptor *type,
                          struct mf_span message)
{
    int64_t ns =
        mf_wire_timestamp_ns((const uint8_t *)message.text, message.len);
    if (ns || !message.len) {
        mf_json_put_time(json, ns);
        return;
    }
    mf_json_begin_object(json);
    mf_json_put_fields(json, type, message, NULL);
    mf_json_end_object(json);
}

static void put_message(struct mf_json_out *json,
                        const ProtobufCMessageDescriptor *type,
                        struct mf_span message, mf_json_skip *skip)
{
    if (is_timestamp(type)) {
        put_timestamp(json, type, message);
        return;
    }
    mf_json_begin_object(json);
    mf_json_put_fields(json, type, message, skip);
    mf_json_end_object(json);
}

static void put_value(struct mf_json_out *json,
                      const ProtobufCFieldDescriptor *type,
                      const struct mf_wire_field *field, mf_json_skip *skip)
{
    switch (type->type) {
    case PROTOBUF_C_TYPE_STRING:
        mf_json_put_text(json, span_of(field));
        break;
    case PROTOBUF_C_TYPE_BYTES:
        if (mf_json_is_text(span_of(field)))
            mf_json_put_text(json, span_of(field));
        else
            mf_json_put_base64(json, span_of(field));
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        put_message(json, type->descriptor, span_of(field), skip);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        put_enum(json, type->descriptor, (int64_t)field->value);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        mf_json_put_bool(json, field->value != 0);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        put_double(json, mf_wire_double(field));
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_INT64:
        put_int(json, (int64_t)field->value);
        break;
    default: /* no schema of proto/ has others: as they are */
        put_uint(json, field->value);
        break;
    }
}

/* ---- fields ---- */

/* Step to the next field that is `type`'s. */
static bool next_of(struct mf_cursor *cursor,
                    const ProtobufCFieldDescriptor *type,
                    struct mf_wire_field *ret_field)
{
    while (mf_wire_next(cursor, ret_field))
        if (ret_field->number == type->id &&
            ret_field->type == wire_type_of(type))
            return true;
    return false;
}

static void put_key(struct mf_json_out *json,
                    const ProtobufCFieldDescriptor *type, bool is_base64)
{
    char name[NAME_MAX_LEN + sizeof MF_JSON_BASE64];
    mf_json_camel_case(type->name, name, NAME_MAX_LEN);
    if (is_base64)
        strcat(name, MF_JSON_BASE64);
    mf_json_put_key(json, name);
}

static void put_single(struct mf_json_out *json, struct mf_span message,
                       const ProtobufCFieldDescriptor *type, mf_json_skip *skip)
{
    struct mf_cursor cursor = cursor_of(message);
    struct mf_wire_field field, last;
    bool is_there = false;
    while (next_of(&cursor, type, &field)) {
        last = field;
        is_there = true;
    }
    if (!is_there)
        return;
    put_key(json, type,
            type->type == PROTOBUF_C_TYPE_BYTES &&
                !mf_json_is_text(span_of(&last)));
    put_value(json, type, &last, skip);
}

/* A map's entries are the members of an object. */
static void put_map(struct mf_json_out *json, struct mf_span message,
                    const ProtobufCFieldDescriptor *type)
{
    const ProtobufCMessageDescriptor *entry = type->descriptor;
    struct mf_cursor cursor = cursor_of(message);
    struct mf_wire_field field, part;
    put_key(json, type, false);
    mf_json_begin_object(json);
    while (next_of(&cursor, type, &field)) {
        struct mf_span key = {"", 0};
        struct mf_wire_field value = {.data = (const uint8_t *)""};
        if (mf_wire_find(field.data, field.len, 1, &part))
            key = span_of(&part);
        struct mf_cursor inner = cursor_of(span_of(&field));
        while (next_of(&inner, &entry->fields[1], &part))
            value = part;
        mf_json_put_key_text(json, key);
        put_value(json, &entry->fields[1], &value, NULL);
    }
    mf_json_end_object(json);
}

/* True if it can be an object: few readers of JSON take a NUL in a name. */
static bool is_map(struct mf_span message, const ProtobufCFieldDescriptor *type)
{
    struct mf_cursor cursor = cursor_of(message);
    struct mf_wire_field field, key;
    if (type->type != PROTOBUF_C_TYPE_MESSAGE ||
        !mf_json_is_map_entry(type->descriptor))
        return false;
    while (next_of(&cursor, type, &field))
        if (mf_wire_find(field.data, field.len, 1, &key) && key.len &&
            memchr(key.data, '\0', key.len))
            return false;
    return true;
}

/* True if some of the values are not text: then all are base64. */
static bool needs_base64(struct mf_span message,
                         const ProtobufCFieldDescriptor *type)
{
    struct mf_cursor cursor = cursor_of(message);
    struct mf_wire_field field;
    if (type->type != PROTOBUF_C_TYPE_BYTES)
        return false;
    while (next_of(&cursor, type, &field))
        if (!mf_json_is_text(span_of(&field)))
            return true;
    return false;
}

static void put_repeated(struct mf_json_out *json, struct mf_span message,
                         const ProtobufCFieldDescriptor *type,
                         mf_json_skip *skip)
{
    if (is_map(message, type)) {
        put_map(json, message, type);
        return;
    }
    bool is_base64 = needs_base64(message, type);
    struct mf_cursor cursor = cursor_of(message);
    struct mf_wire_field field;
    put_key(json, type, is_base64);
    mf_json_begin_array(json);
    while (next_of(&cursor, type, &field)) {
        if (is_base64)
            mf_json_put_base64(json, span_of(&field));
        else
            put_value(json, type, &field, skip);
    }
    mf_json_end_array(json);
}

/* The index of a field that is known and of its type; else -1. */
static int index_of(const ProtobufCMessageDescriptor *type,
                    const struct mf_wire_field *field)
{
    const ProtobufCFieldDescriptor *known =
        protobuf_c_message_descriptor_get_field(type, field->number);
    return known && wire_type_of(known) == field->type &&
                   known - type->fields < FIELDS_MAX
               ? (int)(known - type->fields)
               : -1;
}

static void put_unknown(struct mf_json_out *json,
                        const ProtobufCMessageDescriptor *type,
                        struct mf_span message)
{
    struct mf_cursor cursor = cursor_of(message);
    struct mf_wire_field field;
    struct mf_buf unknown;
    int rc = 0;
    mf_buf_init(&unknown, SIZE_MAX);
    while (!rc && mf_wire_next(&cursor, &field))
        if (index_of(type, &field) < 0)
            rc = mf_wire_put_field(&unknown, &field);
    if (rc && !json->error)
        json->error = rc;
    mf_json_put_key(json, MF_JSON_UNKNOWN);
    mf_json_put_base64(json,
                       (struct mf_span){(char *)unknown.data, unknown.len});
    mf_buf_release(&unknown);
}

void mf_json_put_fields(struct mf_json_out *json,
                        const ProtobufCMessageDescriptor *type,
                        struct mf_span message, mf_json_skip *skip)
{
    struct mf_cursor cursor = cursor_of(message);
    struct mf_wire_field field;
    uint64_t there = 0;
    bool has_unknown = false;
    while (mf_wire_next(&cursor, &field)) {
        int index = index_of(type, &field);
        if (index < 0)
            has_unknown = true;
        else
            there |= UINT64_C(1) << index;
    }
    for (unsigned i = 0; i < type->n_fields && i < FIELDS_MAX; i++) {
        const ProtobufCFieldDescriptor *known = &type->fields[i];
        if (!(there >> i & 1) || (skip && skip(type, known)))
            continue;
        if (known->label == PROTOBUF_C_LABEL_REPEATED)
            put_repeated(json, message, known, skip);
        else
            put_single(json, message, known, skip);
    }
    if (has_unknown)
        put_unknown(json, type, message);
}
