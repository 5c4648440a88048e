#include "export/json_fields.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/base64.h"
#include "export/json_message.h"
#include "pb/wire.h"

enum { NAME_MAX_LEN = 64 };

static struct mf_span span_of(const json_t *string)
{
    return (struct mf_span){json_string_value(string),
                            json_string_length(string)};
}

struct mf_span mf_json_get_text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? span_of(value) : (struct mf_span){"", 0};
}

double mf_json_get_number(const json_t *object, const char *name, double preset)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    char *end;
    if (!text || !*text)
        return json_is_number(value) ? json_number_value(value) : preset;
    double number = strtod(text, &end); /* some write them as text */
    return *end ? preset : number;
}

/* ---- values ---- */

static int fail(struct mf_err *err, const ProtobufCFieldDescriptor *field,
                const char *what)
{
    return mf_err_set(err, MF_ECORRUPT, "\"%s\" is not %s", field->name, what);
}

static int tell(struct mf_err *err, int rc)
{
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
}

/* An integer, or its digits in a string; the bits of either sign. */
static bool get_integer(const json_t *value, uint64_t *ret_value)
{
    if (json_is_integer(value)) {
        *ret_value = (uint64_t)json_integer_value(value);
        return true;
    }
    if (!json_is_string(value))
        return false;
    const char *text = json_string_value(value);
    char *end;
    *ret_value = *text == '-' ? (uint64_t)strtoll(text, &end, 10)
                              : strtoull(text, &end, 10);
    return end != text && *end == '\0';
}

static bool get_double(const json_t *value, double *ret_value)
{
    if (json_is_number(value)) {
        *ret_value = json_number_value(value);
        return true;
    }
    const char *text = json_string_value(value);
    char *end = NULL;
    if (text)
        *ret_value = strtod(text, &end);
    return text && end != text && *end == '\0';
}

static bool get_enum(const json_t *value, const ProtobufCEnumDescriptor *type,
                     uint64_t *ret_value)
{
    if (!json_is_string(value))
        return get_integer(value, ret_value);
    const ProtobufCEnumValue *known =
        protobuf_c_enum_descriptor_get_value_by_name(type,
                                                     json_string_value(value));
    if (known)
        *ret_value = (uint64_t)(int64_t)known->value;
    return known != NULL;
}

static int put_message(const json_t *value,
                       const ProtobufCFieldDescriptor *field,
                       struct mf_buf *out, struct mf_err *err)
{
    const ProtobufCMessageDescriptor *type = field->descriptor;
    int64_t ns;
    if (json_is_string(value)) {
        if (strcmp(type->name, "google.protobuf.Timestamp") != 0)
            return fail(err, field, "an object");
        if (!mf_json_parse_time(span_of(value), &ns))
            return fail(err, field, "a time");
        return tell(err, ns ? mf_wire_put_timestamp_opt(out, field->id, ns)
                            : mf_wire_put_bytes(out, field->id, "", 0));
    }
    size_t mark;
    if (!json_is_object(value))
        return fail(err, field, "an object");
    int rc = tell(err, mf_wire_begin(out, field->id, &mark));
    if (!rc)
        rc = mf_json_get_fields(value, type, out, err);
    return rc ? rc : tell(err, mf_wire_end(out, mark));
}

static int put_base64(const json_t *value,
                      const ProtobufCFieldDescriptor *field, struct mf_buf *out,
                      struct mf_err *err)
{
    struct mf_buf bytes;
    if (!json_is_string(value))
        return fail(err, field, "base64");
    mf_buf_init(&bytes, out->max);
    struct mf_span text = span_of(value);
    int rc = mf_base64_decode(text.text, text.len, &bytes);
    if (!rc)
        rc =
            tell(err, mf_wire_put_bytes(out, field->id, bytes.data, bytes.len));
    else
        rc = rc == MF_ECORRUPT ? fail(err, field, "base64") : tell(err, rc);
    mf_buf_release(&bytes);
    return rc;
}

static int put_number(const json_t *value,
                      const ProtobufCFieldDescriptor *field, struct mf_buf *out,
                      struct mf_err *err)
{
    uint64_t number = 0;
    double real = 0;
    bool is_good;
    if (field->type == PROTOBUF_C_TYPE_DOUBLE) {
        if (!get_double(value, &real))
            return fail(err, field, "a number");
        return tell(err, mf_wire_put_double_opt(out, field->id, real));
    }
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        is_good = json_is_boolean(value);
        number = json_is_true(value);
    } else if (field->type == PROTOBUF_C_TYPE_ENUM) {
        is_good = get_enum(value, field->descriptor, &number);
    } else {
        is_good = get_integer(value, &number);
    }
    if (!is_good)
        return fail(err, field,
                    field->type == PROTOBUF_C_TYPE_BOOL   ? "true or false"
                    : field->type == PROTOBUF_C_TYPE_ENUM ? "one of its names"
                                                          : "a whole number");
    return tell(err, mf_wire_put_varint(out, field->id, number));
}

static int put_value(const json_t *value, const ProtobufCFieldDescriptor *field,
                     bool is_base64, struct mf_buf *out, struct mf_err *err)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return put_message(value, field, out, err);
    if (is_base64)
        return put_base64(value, field, out, err);
    if (field->type != PROTOBUF_C_TYPE_STRING &&
        field->type != PROTOBUF_C_TYPE_BYTES)
        return put_number(value, field, out, err);
    if (!json_is_string(value))
        return fail(err, field, "a string");
    struct mf_span text = span_of(value);
    return tell(err, mf_wire_put_bytes(out, field->id, text.text, text.len));
}

/* ---- fields ---- */

static int put_map(json_t *object, const ProtobufCFieldDescriptor *field,
                   struct mf_buf *out, struct mf_err *err)
{
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    const char *key;
    size_t key_len, mark;
    json_t *value;
    int rc = 0;
    if (!json_is_object(object))
        return fail(err, field, "an object");
    json_object_keylen_foreach(object, key, key_len, value)
    {
        rc = tell(err, mf_wire_begin(out, field->id, &mark));
        if (!rc)
            rc = tell(err, mf_wire_put_bytes(out, 1, key, key_len));
        if (!rc)
            rc = put_value(value, &entry->fields[1], false, out, err);
        if (!rc)
            rc = tell(err, mf_wire_end(out, mark));
        if (rc)
            break;
    }
    return rc;
}

static int put_field(json_t *value, const ProtobufCFieldDescriptor *field,
                     bool is_base64, struct mf_buf *out, struct mf_err *err)
{
    int rc = 0;
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return put_value(value, field, is_base64, out, err);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE && !json_is_array(value) &&
        mf_json_is_map_entry(field->descriptor))
        return put_map(value, field, out, err);
    if (!json_is_array(value))
        return fail(err, field, "an array");
    for (size_t i = 0; !rc && i < json_array_size(value); i++)
        rc = put_value(json_array_get(value, i), field, is_base64, out, err);
    return rc;
}

/* Fields that nobody here knew when they were written. */
static int put_unknown(const json_t *object, struct mf_buf *out,
                       struct mf_err *err)
{
    struct mf_span text = mf_json_get_text(object, MF_JSON_UNKNOWN);
    int rc = mf_base64_decode(text.text, text.len, out);
    if (rc == MF_ECORRUPT)
        return mf_err_set(err, rc, "\"" MF_JSON_UNKNOWN "\" is not base64");
    return tell(err, rc);
}

int mf_json_get_fields(const json_t *object,
                       const ProtobufCMessageDescriptor *type,
                       struct mf_buf *out, struct mf_err *err)
{
    char name[NAME_MAX_LEN + sizeof MF_JSON_BASE64];
    int rc = 0;
    for (unsigned i = 0; !rc && i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        mf_json_camel_case(field->name, name, NAME_MAX_LEN);
        json_t *value = json_object_get(object, name);
        bool is_base64 = !value && field->type == PROTOBUF_C_TYPE_BYTES;
        if (is_base64)
            value = json_object_get(object, strcat(name, MF_JSON_BASE64));
        if (value && !json_is_null(value))
            rc = put_field(value, field, is_base64, out, err);
    }
    return rc ? rc : put_unknown(object, out, err);
}
