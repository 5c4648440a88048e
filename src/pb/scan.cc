#include "pb/scan.hh"

extern "C" {
#include "base/utf8.h"
#include "pb/wire.h"
}

#include <google/protobuf/descriptor.h>
#include <google/protobuf/wire_format_lite.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pb = google::protobuf;

namespace
{

enum {
    /* A level of google.protobuf.Value takes up to three messages. */
    DEPTH_MAX = 3 * 100 + 20,
    /* libprotobuf copies what is in an Any, and all that is in that. */
    ANY_DEPTH_MAX = 10,
    BITS = 64,
};

/* Which fields of a message were seen; those of a oneof count as one. */
class seen_fields
{
    uint64_t few = 0;
    std::vector<bool> many;

  public:
    explicit seen_fields(const pb::Descriptor *type)
        : many(type->field_count() > BITS ? (size_t)type->field_count() : 0)
    {
    }
    /* True if it was seen before. */
    bool add(const pb::FieldDescriptor *field)
    {
        const pb::OneofDescriptor *oneof = field->real_containing_oneof();
        auto index =
            (size_t)(oneof ? oneof->field(0)->index() : field->index());
        if (!many.empty()) {
            bool was = many[index];
            many[index] = true;
            return was;
        }
        bool was = few >> index & 1;
        few |= UINT64_C(1) << index;
        return was;
    }
};

/* The keys of a message's maps; as they are on the wire will do. */
using seen_keys = std::set<std::pair<const pb::FieldDescriptor *, std::string>>;

struct scan {
    const struct mf_schema *schema;
    struct mf_err *err;
    bool is_odd;
    unsigned depth, any_depth;

    int message(const pb::Descriptor *type, const uint8_t *data, size_t len);
    int field(const pb::FieldDescriptor *field, const struct mf_wire_field &at);
    int packed(const pb::FieldDescriptor *field,
               const struct mf_wire_field &at);
    int any(const struct mf_wire_field &url, const struct mf_wire_field &value);
    int fail(const char *format, const char *detail)
    {
        return mf_err_set(err, MF_ECORRUPT, format, detail);
    }
};

int wire_type_of(const pb::FieldDescriptor *field)
{
    using pb::internal::WireFormatLite;
    return (int)WireFormatLite::WireTypeForFieldType(
        (WireFormatLite::FieldType)field->type());
}

int scan::packed(const pb::FieldDescriptor *field,
                 const struct mf_wire_field &at)
{
    struct mf_cursor cursor = mf_cursor_make(at.data, at.len);
    const int type = wire_type_of(field);
    while (!mf_cursor_done(&cursor)) {
        if (type == MF_WIRE_FIXED32)
            mf_cursor_le32(&cursor);
        else if (type == MF_WIRE_FIXED64)
            mf_cursor_le64(&cursor);
        else
            mf_cursor_varint(&cursor);
    }
    return cursor.error ? fail("%.100s is malformed", field->name().c_str())
                        : 0;
}

int scan::field(const pb::FieldDescriptor *field,
                const struct mf_wire_field &at)
{
    switch (field->type()) {
    case pb::FieldDescriptor::TYPE_MESSAGE:
        return message(field->message_type(), at.data, at.len);
    case pb::FieldDescriptor::TYPE_STRING:
        if (!mf_utf8_valid(at.data, at.len))
            return fail("%.100s is not UTF-8", field->name().c_str());
        return 0;
    default:
        if (at.type == MF_WIRE_LEN && field->is_packable())
            return packed(field, at);
        return 0;
    }
}

/* Does the wire have what the field's type says? If not, the field is taken
 * for an unknown one. */
bool is_as_declared(const pb::FieldDescriptor *field,
                    const struct mf_wire_field &at)
{
    return (int)at.type == wire_type_of(field) ||
           (at.type == MF_WIRE_LEN && field->is_packable());
}

bool is_wrapper(const pb::Descriptor *type)
{
    switch (type->well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_DOUBLEVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_FLOATVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_INT64VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_UINT64VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_INT32VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_UINT32VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_STRINGVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_BYTESVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_BOOLVALUE:
        return true;
    default:
        return false;
    }
}

std::string key_of(const struct mf_wire_field &entry)
{
    struct mf_cursor cursor = mf_cursor_make(entry.data, entry.len);
    struct mf_wire_field at;
    std::string key;
    while (mf_wire_next(&cursor, &at))
        if (at.number == 1)
            key = at.type == MF_WIRE_LEN
                      ? std::string((const char *)at.data, at.len)
                      : std::to_string(at.value);
    return key;
}

int scan::any(const struct mf_wire_field &url,
              const struct mf_wire_field &value)
{
    if (url.len == 0)
        return value.len == 0 ? 0 : fail("an Any has no %s", "type");
    std::string text((const char *)url.data, url.len);
    const pb::Descriptor *type = mf_schema_type_of_url(schema, text);
    if (!type)
        return fail("an Any of unknown type %.100s", text.c_str());
    if (++any_depth > ANY_DEPTH_MAX)
        return fail("Any is nested %s", "too deep");
    bool was_odd = is_odd;
    is_odd = false;
    int rc = message(type, value.data, value.len);
    if (!rc && is_odd)
        rc = fail("an Any of type %.100s has a field twice",
                  type->full_name().c_str());
    is_odd = was_odd;
    any_depth--;
    return rc;
}

int scan::message(const pb::Descriptor *type, const uint8_t *data, size_t len)
{
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field at, any_url = {}, any_value = {};
    bool is_any = type->well_known_type() == pb::Descriptor::WELLKNOWNTYPE_ANY;
    bool wraps = is_wrapper(type);
    seen_fields fields(type);
    seen_keys keys;
    int rc = 0, known = 0;
    if (++depth > DEPTH_MAX)
        return fail("a message is nested %s", "too deep");
    while (!rc && mf_wire_next(&cursor, &at)) {
        const pb::FieldDescriptor *found =
            type->FindFieldByNumber((int)at.number);
        if (!found || !is_as_declared(found, at)) {
            is_odd = is_odd || wraps; /* which are read by position */
            continue;
        }
        known++;
        if (found->is_map())
            is_odd = !keys.emplace(found, key_of(at)).second || is_odd;
        else if (!found->is_repeated())
            is_odd = fields.add(found) || is_odd;
        rc = field(found, at);
        if (is_any && at.type == MF_WIRE_LEN)
            (at.number == 1 ? any_url : any_value) = at;
    }
    if (!rc && cursor.error)
        rc = fail("%.100s is malformed", type->full_name().c_str());
    if (!rc && is_any)
        rc = any(any_url, any_value);
    if (!rc && known == 0 &&
        type->well_known_type() == pb::Descriptor::WELLKNOWNTYPE_VALUE)
        rc = fail("a google.protobuf.Value has no %s", "value");
    depth--;
    return rc;
}

} // namespace

int mf_schema_scan(const struct mf_schema *schema, const pb::Descriptor *type,
                   const uint8_t *data, size_t len, bool *ret_is_odd,
                   struct mf_err *err)
{
    scan scan = {schema, err, false, 0, 0};
    int rc = scan.message(type, data, len);
    if (rc == 0)
        *ret_is_odd = scan.is_odd;
    return rc;
}
