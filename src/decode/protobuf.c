#include "decode/protobuf_impl.h"

#include <string.h>

#include "base/utf8.h"

/* ---- Faults ---- */

static uint64_t offset_of(const struct mf_protobuf *pb, const uint8_t *at)
{
    return pb->base ? pb->offset + (uint64_t)(at - pb->base) : 0;
}

int mf_protobuf__broken(const struct mf_protobuf *pb,
                        const struct mf_pb_reader *reader, const char *why)
{
    size_t left = (size_t)(reader->end - reader->at);
    struct mf_node rest = {
        .kind = MF_NODE_BYTES,
        .name = MF_SPAN("rest"),
        .bytes = {(const char *)reader->at, left},
    };
    mf_protobuf__place(pb, reader->at, reader->end, &rest);
    int rc = mf_view_fault(pb->view, offset_of(pb, reader->at), "%s", why);
    return rc || left == 0 ? rc : mf_view_put(pb->view, &rest);
}

int mf_protobuf__missing(const struct mf_protobuf *pb,
                         const struct mf_pb_record *record)
{
    return mf_view_fault(pb->view, offset_of(pb, record->start),
                         "field %u ends %llu bytes too early",
                         (unsigned)record->number,
                         (unsigned long long)record->missing);
}

/* ---- Scalars ---- */

size_t mf_print_u64(uint64_t value, char *text)
{
    char digits[20];
    size_t len = 0;
    do {
        digits[len++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    for (size_t i = 0; i < len; i++)
        text[i] = digits[len - 1 - i];
    return len;
}

size_t mf_print_i64(int64_t value, char *text)
{
    if (value >= 0)
        return mf_print_u64((uint64_t)value, text);
    text[0] = '-';
    return 1 + mf_print_u64(0 - (uint64_t)value, text + 1);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static size_t print_scalar(enum mf_field_kind kind, uint64_t value,
                           char text[MF_NUMBER_TEXT_CAP])
{
    uint32_t low = (uint32_t)value;
    double wide;
    float narrow;
    switch (kind) {
    case MF_FIELD_DOUBLE:
        memcpy(&wide, &value, sizeof wide);
        return mf_print_double(wide, text);
    case MF_FIELD_FLOAT:
        memcpy(&narrow, &low, sizeof narrow);
        return mf_print_float(narrow, text);
    case MF_FIELD_INT32:
    case MF_FIELD_SFIXED32:
        return mf_print_i64((int32_t)low, text);
    case MF_FIELD_INT64:
    case MF_FIELD_SFIXED64:
        return mf_print_i64((int64_t)value, text);
    case MF_FIELD_SINT32:
        return mf_print_i64((int32_t)unzigzag(low), text);
    case MF_FIELD_SINT64:
        return mf_print_i64(unzigzag(value), text);
    case MF_FIELD_UINT32:
    case MF_FIELD_FIXED32:
        return mf_print_u64(low, text);
    default:
        return mf_print_u64(value, text);
    }
}

/* By mf_field_kind. */
static const struct scalar {
    struct mf_span name;
    enum mf_pb_wire wire;
} scalars[] = {
    [MF_FIELD_DOUBLE] = {MF_SPAN("double"), MF_PB_FIXED64},
    [MF_FIELD_FLOAT] = {MF_SPAN("float"), MF_PB_FIXED32},
    [MF_FIELD_INT64] = {MF_SPAN("int64"), MF_PB_VARINT},
    [MF_FIELD_UINT64] = {MF_SPAN("uint64"), MF_PB_VARINT},
    [MF_FIELD_INT32] = {MF_SPAN("int32"), MF_PB_VARINT},
    [MF_FIELD_FIXED64] = {MF_SPAN("fixed64"), MF_PB_FIXED64},
    [MF_FIELD_FIXED32] = {MF_SPAN("fixed32"), MF_PB_FIXED32},
    [MF_FIELD_BOOL] = {MF_SPAN("bool"), MF_PB_VARINT},
    [MF_FIELD_STRING] = {MF_SPAN("string"), MF_PB_LEN},
    [MF_FIELD_GROUP] = {MF_SPAN("group"), MF_PB_GROUP},
    [MF_FIELD_MESSAGE] = {MF_SPAN("message"), MF_PB_LEN},
    [MF_FIELD_BYTES] = {MF_SPAN("bytes"), MF_PB_LEN},
    [MF_FIELD_UINT32] = {MF_SPAN("uint32"), MF_PB_VARINT},
    [MF_FIELD_ENUM] = {MF_SPAN("enum"), MF_PB_VARINT},
    [MF_FIELD_SFIXED32] = {MF_SPAN("sfixed32"), MF_PB_FIXED32},
    [MF_FIELD_SFIXED64] = {MF_SPAN("sfixed64"), MF_PB_FIXED64},
    [MF_FIELD_SINT32] = {MF_SPAN("sint32"), MF_PB_VARINT},
    [MF_FIELD_SINT64] = {MF_SPAN("sint64"), MF_PB_VARINT},
};

bool mf_protobuf__fits(enum mf_field_kind kind, enum mf_pb_wire wire)
{
    return scalars[kind].wire == wire;
}

static int put_enum(const struct mf_protobuf *pb,
                    const struct mf_field_type *field, uint64_t value,
                    struct mf_node *node)
{
    char digits[MF_NUMBER_TEXT_CAP];
    int32_t number = (int32_t)(uint32_t)value;
    struct mf_span name = mf_enum_type_value(field->enumeration, number);
    struct mf_span text = {digits, mf_print_i64(number, digits)};
    node->type = mf_enum_type_name(field->enumeration);
    node->kind = name.len ? MF_NODE_ENUM : MF_NODE_NUMBER;
    node->text = name.len ? name : text;
    if (name.len)
        node->also = text;
    return mf_view_put(pb->view, node);
}

static int put_scalar(const struct mf_protobuf *pb,
                      const struct mf_field_type *field, uint64_t value,
                      struct mf_node *node)
{
    char digits[MF_NUMBER_TEXT_CAP];
    if (field->kind == MF_FIELD_ENUM)
        return put_enum(pb, field, value, node);
    if (!node->type.len)
        node->type = scalars[field->kind].name;
    if (field->kind == MF_FIELD_BOOL) {
        node->kind = MF_NODE_BOOL;
        node->text = value ? MF_SPAN("true") : MF_SPAN("false");
        return mf_view_put(pb->view, node);
    }
    node->kind = MF_NODE_NUMBER;
    node->text =
        (struct mf_span){digits, print_scalar(field->kind, value, digits)};
    return mf_view_put(pb->view, node);
}

/* ---- Texts and messages ---- */

static int put_text(const struct mf_protobuf *pb,
                    const struct mf_field_type *field,
                    const struct mf_pb_record *record, struct mf_node *node)
{
    const struct mf_span data = {(const char *)record->data, record->len};
    bool is_text = field->kind == MF_FIELD_STRING;
    if (!node->type.len)
        node->type = scalars[field->kind].name;
    /* A cut text may end inside a character. */
    if (is_text && !record->missing && !mf_utf8_valid(data.text, data.len)) {
        node->also = MF_SPAN("not UTF-8, as a string should be");
        is_text = false;
    }
    node->kind = is_text ? MF_NODE_TEXT : MF_NODE_BYTES;
    *(is_text ? &node->text : &node->bytes) = data;
    return mf_view_put(pb->view, node);
}

static int put_message(const struct mf_protobuf *pb,
                       const struct mf_field_type *field,
                       const struct mf_pb_record *record,
                       struct mf_pb_reader *reader, struct mf_node *node)
{
    bool is_group = field->kind == MF_FIELD_GROUP;
    struct mf_pb_reader inner = mf_pb_reader_make(record->data, record->len);
    enum mf_known_type known = mf_message_type_known(field->message);
    if (!node->type.len)
        node->type = mf_message_type_name(field->message);
    if (known && !is_group) {
        bool is_told;
        int rc = mf_protobuf__put_known(pb, field->message, known, record, node,
                                        &is_told);
        if (rc || is_told)
            return rc;
    }
    node->kind = MF_NODE_GROUP;
    int rc = mf_view_open(pb->view, node);
    if (rc)
        return rc;
    rc = is_group ? mf_protobuf__put_records(pb, field->message, reader,
                                             record->number)
                  : mf_protobuf__put_records(pb, field->message, &inner, 0);
    mf_view_close(pb->view);
    return rc;
}

static int put_deep(const struct mf_protobuf *pb,
                    const struct mf_pb_record *record, struct mf_node *node)
{
    node->kind = MF_NODE_BYTES;
    node->bytes = (struct mf_span){(const char *)record->data, record->len};
    node->also = MF_SPAN("nested too deep to be shown");
    return mf_view_put(pb->view, node);
}

int mf_protobuf__put_value(const struct mf_protobuf *pb,
                           const struct mf_field_type *field,
                           const struct mf_pb_record *record,
                           struct mf_pb_reader *reader, struct mf_node *node)
{
    switch (field->kind) {
    case MF_FIELD_GROUP:
    case MF_FIELD_MESSAGE:
        if (mf_protobuf__is_deep(pb) && field->kind == MF_FIELD_MESSAGE)
            return put_deep(pb, record, node);
        return put_message(pb, field, record, reader, node);
    case MF_FIELD_STRING:
    case MF_FIELD_BYTES:
        return put_text(pb, field, record, node);
    default:
        return put_scalar(pb, field, record->value, node);
    }
}

/* ---- Packed ---- */

static bool next_packed(struct mf_pb_reader *reader, enum mf_pb_wire wire,
                        uint64_t *ret_value)
{
    size_t left = (size_t)(reader->end - reader->at), len = 0;
    if (wire == MF_PB_VARINT) {
        len = mf_pb_varint(reader->at, reader->end, ret_value);
    } else if (left >= (wire == MF_PB_FIXED64 ? 8u : 4u)) {
        len = wire == MF_PB_FIXED64 ? 8 : 4;
        *ret_value = 0;
        for (size_t i = 0; i < len; i++)
            *ret_value |= (uint64_t)reader->at[i] << (8 * i);
    }
    reader->at += len;
    return len > 0;
}

static int put_packed(const struct mf_protobuf *pb,
                      const struct mf_field_type *field,
                      const struct mf_pb_record *record, struct mf_node *node)
{
    enum mf_pb_wire wire = scalars[field->kind].wire;
    struct mf_pb_reader reader = mf_pb_reader_make(record->data, record->len);
    uint64_t value;
    node->kind = MF_NODE_LIST;
    node->type = field->kind == MF_FIELD_ENUM
                     ? mf_enum_type_name(field->enumeration)
                     : scalars[field->kind].name;
    int rc = mf_view_open(pb->view, node);
    if (rc)
        return rc;
    for (;;) {
        const uint8_t *start = reader.at;
        struct mf_node item = {.type = node->type};
        if (!next_packed(&reader, wire, &value))
            break;
        mf_protobuf__place(pb, start, reader.at, &item);
        rc = put_scalar(pb, field, value, &item);
        if (rc)
            break;
    }
    if (!rc && reader.at != reader.end && !record->missing)
        rc = mf_protobuf__broken(pb, &reader, "breaks off inside a number");
    mf_view_close(pb->view);
    return rc;
}

/* ---- Maps ---- */

enum { MAP_NAME_CAP = 160, MAP_KEY_MAX = 60 };

/* A record with nothing in it: what an entry means that has no value. */
static struct mf_pb_record absent(const struct mf_pb_record *entry,
                                  const struct mf_field_type *field)
{
    return (struct mf_pb_record){
        .start = entry->start,
        .number = field->number,
        .wire = scalars[field->kind].wire,
        .data = entry->data,
    };
}

/* The key and the value of an entry, the last of each as readers take it.
 * False if there is anything else in it. */
static bool read_entry(const struct mf_pb_record *entry,
                       const struct mf_field_type *key,
                       const struct mf_field_type *value,
                       struct mf_pb_record *ret_key,
                       struct mf_pb_record *ret_value)
{
    struct mf_pb_reader reader = mf_pb_reader_make(entry->data, entry->len);
    struct mf_pb_record record;
    const char *why;
    *ret_key = absent(entry, key);
    *ret_value = absent(entry, value);
    while (mf_pb_next(&reader, &record, &why)) {
        if (record.number == 1 && mf_protobuf__fits(key->kind, record.wire))
            *ret_key = record;
        else if (record.number == 2 &&
                 mf_protobuf__fits(value->kind, record.wire))
            *ret_value = record;
        else
            return false;
    }
    return !why;
}

/* NAME["KEY"] */
static struct mf_span name_entry(struct mf_span field,
                                 const struct mf_field_type *key,
                                 const struct mf_pb_record *record,
                                 char text[MAP_NAME_CAP])
{
    char digits[MF_NUMBER_TEXT_CAP];
    struct mf_span value = {digits, 0};
    bool is_text = key->kind == MF_FIELD_STRING, is_long;
    if (is_text)
        value = (struct mf_span){(const char *)record->data, record->len};
    else if (key->kind == MF_FIELD_BOOL)
        value = record->value ? MF_SPAN("true") : MF_SPAN("false");
    else
        value.len = print_scalar(key->kind, record->value, digits);
    is_long = value.len > MAP_KEY_MAX;
    if (is_long)
        value.len = mf_utf8_cut(value.text, value.len, MAP_KEY_MAX);
    if (field.len > MAP_KEY_MAX)
        field.len = MAP_KEY_MAX;
    char *at = text;
    memcpy(at, field.text, field.len);
    at += field.len;
    *at++ = '[';
    if (is_text)
        *at++ = '"';
    memcpy(at, value.text, value.len);
    at += value.len;
    if (is_long)
        at = (char *)memcpy(at, "...", 3) + 3;
    if (is_text)
        *at++ = '"';
    *at++ = ']';
    return (struct mf_span){text, (size_t)(at - text)};
}

/* An entry as its value, named by its key; *ret_is_told is false if it is
 * not as an entry should be. */
static int put_entry(const struct mf_protobuf *pb,
                     const struct mf_field_type *field,
                     const struct mf_pb_record *record, struct mf_node *node,
                     bool *ret_is_told)
{
    struct mf_field_type key, value;
    struct mf_pb_record key_record, value_record;
    char name[MAP_NAME_CAP];
    *ret_is_told =
        !record->missing && mf_message_type_field(field->message, 1, &key) &&
        mf_message_type_field(field->message, 2, &value) &&
        read_entry(record, &key, &value, &key_record, &value_record) &&
        !key_record.missing && !value_record.missing;
    if (!*ret_is_told)
        return 0;
    node->name = name_entry(field->name, &key, &key_record, name);
    return mf_protobuf__put_value(pb, &value, &value_record, NULL, node);
}

/* ---- Fields ---- */

static bool may_be_packed(const struct mf_field_type *field)
{
    return field->is_repeated && scalars[field->kind].wire != MF_PB_LEN &&
           field->kind != MF_FIELD_GROUP;
}

static int put_field(const struct mf_protobuf *pb,
                     const struct mf_field_type *field,
                     const struct mf_pb_record *record,
                     struct mf_pb_reader *reader)
{
    struct mf_node node = {
        .name = field->name,
        .number = field->number,
        .is_cut = record->missing > 0,
    };
    mf_protobuf__place(pb, record->start, reader->at, &node);
    if (field->is_map) {
        bool is_told;
        int rc = put_entry(pb, field, record, &node, &is_told);
        if (rc || is_told)
            return rc;
    }
    if (record->wire == MF_PB_LEN && may_be_packed(field))
        return put_packed(pb, field, record, &node);
    return mf_protobuf__put_value(pb, field, record, reader, &node);
}

static int put_record(const struct mf_protobuf *pb,
                      const struct mf_message_type *type,
                      const struct mf_pb_record *record,
                      struct mf_pb_reader *reader)
{
    struct mf_field_type field;
    int rc;
    if (!type || !mf_message_type_field(type, record->number, &field)) {
        rc = mf_protobuf__put_raw(pb, reader, record);
    } else if (mf_protobuf__fits(field.kind, record->wire) ||
               (record->wire == MF_PB_LEN && may_be_packed(&field))) {
        rc = put_field(pb, &field, record, reader);
    } else {
        rc = mf_protobuf__put_raw(pb, reader, record);
        if (!rc)
            rc = mf_view_fault(pb->view, offset_of(pb, record->start),
                               "field %u is declared as %s %.*s",
                               (unsigned)record->number,
                               scalars[field.kind].name.text,
                               (int)field.name.len, field.name.text);
    }
    if (!rc && record->missing)
        rc = mf_protobuf__missing(pb, record);
    return rc;
}

int mf_protobuf__put_records(const struct mf_protobuf *pb,
                             const struct mf_message_type *type,
                             struct mf_pb_reader *reader, uint32_t group)
{
    struct mf_pb_record record;
    const char *why;
    while (mf_pb_next(reader, &record, &why)) {
        if (record.wire == MF_PB_GROUP_END && record.number == group)
            return 0;
        if (record.wire == MF_PB_GROUP_END)
            why = "a group ends that did not begin";
        if (record.wire == MF_PB_GROUP && mf_protobuf__is_deep(pb))
            why = "nested too deep to be shown";
        if (why) {
            reader->at = record.start;
            break;
        }
        int rc = put_record(pb, type, &record, reader);
        if (rc)
            return rc;
    }
    if (!why && group)
        why = "breaks off inside a group";
    if (!why)
        return 0;
    int rc = mf_protobuf__broken(pb, reader, why);
    reader->at = reader->end;
    return rc;
}

int mf_protobuf_put(const struct mf_protobuf *pb,
                    const struct mf_message_type *type, const uint8_t *data,
                    size_t len)
{
    struct mf_pb_reader reader = mf_pb_reader_make(data, len);
    return mf_protobuf__put_records(pb, type, &reader, 0);
}
