/* Messages that are read in a way of their own, as proto3 JSON does: times,
 * wrappers, google.protobuf.Any and Struct. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "decode/protobuf_impl.h"

/* ---- Times ---- */

enum { NS_PER_S = 1000000000, TIME_TEXT_CAP = 48 };
/* From 0001-01-01 to 9999-12-31, and as many seconds. */
#define TIMESTAMP_MIN INT64_C(-62135596800)
#define TIMESTAMP_MAX INT64_C(253402300799)
#define DURATION_MAX INT64_C(315576000000)

/* Field 1 and field 2, both varints; false: there is something else. */
static bool read_seconds(const struct mf_pb_record *message,
                         int64_t *ret_seconds, int64_t *ret_nanos)
{
    struct mf_pb_reader reader = mf_pb_reader_make(message->data, message->len);
    struct mf_pb_record record;
    const char *why;
    *ret_seconds = *ret_nanos = 0;
    while (mf_pb_next(&reader, &record, &why)) {
        if (record.wire != MF_PB_VARINT || record.number > 2)
            return false;
        *(record.number == 1 ? ret_seconds : ret_nanos) = (int64_t)record.value;
    }
    return !why;
}

/* ".5" as 3, 6 or 9 digits, or nothing. */
static int print_fraction(int64_t nanos, char *text, size_t cap)
{
    if (nanos == 0)
        return snprintf(text, cap, "%s", "");
    if (nanos % 1000000 == 0)
        return snprintf(text, cap, ".%03d", (int)(nanos / 1000000));
    if (nanos % 1000 == 0)
        return snprintf(text, cap, ".%06d", (int)(nanos / 1000));
    return snprintf(text, cap, ".%09d", (int)nanos);
}

static size_t print_timestamp(int64_t seconds, int64_t nanos,
                              char text[TIME_TEXT_CAP])
{
    struct tm tm;
    time_t time = (time_t)seconds;
    char fraction[16];
    if (seconds < TIMESTAMP_MIN || seconds > TIMESTAMP_MAX || nanos < 0 ||
        nanos >= NS_PER_S || !gmtime_r(&time, &tm))
        return 0;
    print_fraction(nanos, fraction, sizeof fraction);
    int len = snprintf(text, TIME_TEXT_CAP, "%04d-%02d-%02dT%02d:%02d:%02d%sZ",
                       tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                       tm.tm_min, tm.tm_sec, fraction);
    return len > 0 && len < TIME_TEXT_CAP ? (size_t)len : 0;
}

static size_t print_duration(int64_t seconds, int64_t nanos,
                             char text[TIME_TEXT_CAP])
{
    char fraction[16];
    bool is_negative = seconds < 0 || nanos < 0;
    if (seconds < -DURATION_MAX || seconds > DURATION_MAX ||
        nanos <= -NS_PER_S || nanos >= NS_PER_S ||
        (is_negative && (seconds > 0 || nanos > 0)))
        return 0;
    if (is_negative) {
        seconds = -seconds;
        nanos = -nanos;
    }
    print_fraction(nanos, fraction, sizeof fraction);
    int len = snprintf(text, TIME_TEXT_CAP, "%s%lld%ss", is_negative ? "-" : "",
                       (long long)seconds, fraction);
    return len > 0 && len < TIME_TEXT_CAP ? (size_t)len : 0;
}

static int put_time(const struct mf_protobuf *pb, bool is_duration,
                    const struct mf_pb_record *message, struct mf_node *node,
                    bool *ret_is_told)
{
    int64_t seconds, nanos;
    char text[TIME_TEXT_CAP];
    size_t len = 0;
    if (read_seconds(message, &seconds, &nanos))
        len = is_duration ? print_duration(seconds, nanos, text)
                          : print_timestamp(seconds, nanos, text);
    *ret_is_told = len > 0;
    if (len == 0)
        return 0;
    node->kind = is_duration ? MF_NODE_TEXT : MF_NODE_TIME;
    node->text = (struct mf_span){text, len};
    return mf_view_put(pb->view, node);
}

/* ---- google.protobuf.FieldMask ---- */

static int put_mask(const struct mf_protobuf *pb,
                    const struct mf_pb_record *message, struct mf_node *node,
                    bool *ret_is_told)
{
    enum { TEXT_CAP = 1024 };
    char text[TEXT_CAP];
    size_t len = 0;
    struct mf_pb_reader reader = mf_pb_reader_make(message->data, message->len);
    struct mf_pb_record record;
    const char *why;
    *ret_is_told = false;
    while (mf_pb_next(&reader, &record, &why)) {
        if (record.number != 1 || record.wire != MF_PB_LEN || record.missing ||
            record.len + 1 > TEXT_CAP - len)
            return 0;
        if (len)
            text[len++] = ',';
        memcpy(text + len, record.data, record.len);
        len += record.len;
    }
    if (why)
        return 0;
    *ret_is_told = true;
    node->kind = MF_NODE_TEXT;
    node->text = (struct mf_span){text, len};
    return mf_view_put(pb->view, node);
}

/* ---- Wrappers ---- */

static int put_wrapper(const struct mf_protobuf *pb,
                       const struct mf_message_type *type,
                       const struct mf_pb_record *message, struct mf_node *node,
                       bool *ret_is_told)
{
    struct mf_pb_reader reader = mf_pb_reader_make(message->data, message->len);
    struct mf_pb_record record,
        value = {.start = message->start, .number = 1, .data = message->data};
    struct mf_field_type field;
    const char *why;
    *ret_is_told = false;
    if (!mf_message_type_field(type, 1, &field))
        return 0;
    while (mf_pb_next(&reader, &record, &why)) {
        if (record.number != 1 || record.missing ||
            !mf_protobuf__fits(field.kind, record.wire))
            return 0;
        value = record;
    }
    if (why)
        return 0;
    *ret_is_told = true;
    return mf_protobuf__put_value(pb, &field, &value, NULL, node);
}

/* ---- google.protobuf.Any ---- */

enum { ANY_TYPE_URL = 1, ANY_VALUE = 2 };

static int put_any_inner(const struct mf_protobuf *pb,
                         const struct mf_message_type *type,
                         const struct mf_pb_record *value,
                         struct mf_pb_reader *reader)
{
    enum mf_known_type known =
        type ? mf_message_type_known(type) : MF_KNOWN_NONE;
    if (known && !mf_protobuf__is_deep(pb)) {
        struct mf_node node = {
            .name = MF_SPAN("value"),
            .number = ANY_VALUE,
            .type = mf_message_type_name(type),
        };
        bool is_told;
        mf_protobuf__place(pb, value->start, reader->at, &node);
        int rc =
            mf_protobuf__put_known(pb, type, known, value, &node, &is_told);
        if (rc || is_told)
            return rc;
    }
    int rc = mf_protobuf_put(pb, type, value->data, value->len);
    return rc || !value->missing ? rc : mf_protobuf__missing(pb, value);
}

/* The fields of the message inside are told as the Any's own. */
static int put_any_fields(const struct mf_protobuf *pb,
                          const struct mf_pb_record *message)
{
    struct mf_pb_reader reader = mf_pb_reader_make(message->data, message->len);
    struct mf_pb_record record;
    struct mf_span url = MF_SPAN("");
    const char *why;
    while (mf_pb_next(&reader, &record, &why)) {
        int rc = 0;
        if (record.number == ANY_TYPE_URL && record.wire == MF_PB_LEN) {
            struct mf_node node = {
                .kind = MF_NODE_TEXT,
                .name = MF_SPAN("@type"),
                .number = ANY_TYPE_URL,
                .text = {(const char *)record.data, record.len},
                .is_cut = record.missing > 0,
            };
            mf_protobuf__place(pb, record.start, reader.at, &node);
            url = node.text;
            rc = mf_view_put(pb->view, &node);
        } else if (record.number == ANY_VALUE && record.wire == MF_PB_LEN) {
            rc = put_any_inner(pb, mf_typeset_of_url(pb->types, url), &record,
                               &reader);
        } else {
            rc = mf_protobuf__put_raw(pb, &reader, &record);
        }
        if (rc)
            return rc;
    }
    return why ? mf_protobuf__broken(pb, &reader, why) : 0;
}

static int put_any(const struct mf_protobuf *pb,
                   const struct mf_pb_record *message, struct mf_node *node,
                   bool *ret_is_told)
{
    *ret_is_told = true;
    node->kind = MF_NODE_GROUP;
    int rc = mf_view_open(pb->view, node);
    if (rc)
        return rc;
    rc = put_any_fields(pb, message);
    mf_view_close(pb->view);
    return rc;
}

/* ---- google.protobuf.Struct, Value and ListValue ---- */

enum value_field {
    VALUE_NULL = 1,
    VALUE_NUMBER,
    VALUE_STRING,
    VALUE_BOOL,
    VALUE_STRUCT,
    VALUE_LIST,
};

static int put_json_value(const struct mf_protobuf *pb,
                          const struct mf_pb_record *message,
                          struct mf_node *node);

/* Field 1 of each: an entry with a name and a value, or a value. */
static int put_json_fields(const struct mf_protobuf *pb, bool is_list,
                           const struct mf_pb_record *message)
{
    struct mf_pb_reader reader = mf_pb_reader_make(message->data, message->len);
    struct mf_pb_record record, part;
    const char *why, *why_inside;
    int rc = 0;
    while (!rc && mf_pb_next(&reader, &record, &why)) {
        if (record.number != 1 || record.wire != MF_PB_LEN || record.missing) {
            rc = mf_protobuf__put_raw(pb, &reader, &record);
            if (!rc && record.missing)
                rc = mf_protobuf__missing(pb, &record);
            continue;
        }
        struct mf_node node = {.number = 0};
        mf_protobuf__place(pb, record.start, reader.at, &node);
        struct mf_pb_record value = record;
        if (!is_list) {
            struct mf_pb_reader entry =
                mf_pb_reader_make(record.data, record.len);
            value.len = 0;
            while (mf_pb_next(&entry, &part, &why_inside)) {
                if (part.number == 1 && part.wire == MF_PB_LEN)
                    node.name =
                        (struct mf_span){(const char *)part.data, part.len};
                else if (part.number == 2 && part.wire == MF_PB_LEN)
                    value = part;
            }
        }
        rc = put_json_value(pb, &value, &node);
    }
    if (rc)
        return rc;
    return why ? mf_protobuf__broken(pb, &reader, why) : 0;
}

static int put_json_group(const struct mf_protobuf *pb, bool is_list,
                          const struct mf_pb_record *message,
                          struct mf_node *node)
{
    if (mf_protobuf__is_deep(pb)) {
        node->kind = MF_NODE_BYTES;
        node->bytes =
            (struct mf_span){(const char *)message->data, message->len};
        node->also = MF_SPAN("nested too deep to be shown");
        return mf_view_put(pb->view, node);
    }
    node->kind = is_list ? MF_NODE_LIST : MF_NODE_GROUP;
    int rc = mf_view_open(pb->view, node);
    if (rc)
        return rc;
    rc = put_json_fields(pb, is_list, message);
    mf_view_close(pb->view);
    return rc;
}

static int put_json_scalar(const struct mf_protobuf *pb,
                           const struct mf_pb_record *value,
                           struct mf_node *node)
{
    char digits[MF_NUMBER_TEXT_CAP];
    double number;
    switch (value->number) {
    case VALUE_NUMBER:
        memcpy(&number, &value->value, sizeof number);
        node->kind = MF_NODE_NUMBER;
        node->text = (struct mf_span){digits, mf_print_double(number, digits)};
        break;
    case VALUE_STRING:
        node->kind = MF_NODE_TEXT;
        node->text = (struct mf_span){(const char *)value->data, value->len};
        break;
    case VALUE_BOOL:
        node->kind = MF_NODE_BOOL;
        node->text = value->value ? MF_SPAN("true") : MF_SPAN("false");
        break;
    default:
        node->kind = MF_NODE_NULL;
    }
    return mf_view_put(pb->view, node);
}

static int put_json_value(const struct mf_protobuf *pb,
                          const struct mf_pb_record *message,
                          struct mf_node *node)
{
    static const enum mf_pb_wire wires[] = {
        [VALUE_NULL] = MF_PB_VARINT, [VALUE_NUMBER] = MF_PB_FIXED64,
        [VALUE_STRING] = MF_PB_LEN,  [VALUE_BOOL] = MF_PB_VARINT,
        [VALUE_STRUCT] = MF_PB_LEN,  [VALUE_LIST] = MF_PB_LEN,
    };
    struct mf_pb_reader reader = mf_pb_reader_make(message->data, message->len);
    struct mf_pb_record record, value = {.number = VALUE_NULL};
    const char *why;
    while (mf_pb_next(&reader, &record, &why))
        if (record.number >= VALUE_NULL && record.number <= VALUE_LIST &&
            record.wire == wires[record.number])
            value = record;
    node->is_cut = value.missing > 0;
    if (why)
        node->also = MF_SPAN("malformed");
    if (value.number >= VALUE_STRUCT)
        return put_json_group(pb, value.number == VALUE_LIST, &value, node);
    return put_json_scalar(pb, &value, node);
}

/* ---- All ---- */

int mf_protobuf__put_known(const struct mf_protobuf *pb,
                           const struct mf_message_type *type,
                           enum mf_known_type known,
                           const struct mf_pb_record *record,
                           struct mf_node *node, bool *ret_is_told)
{
    *ret_is_told = false;
    if (record->missing && known != MF_KNOWN_ANY)
        return 0;
    switch (known) {
    case MF_KNOWN_ANY:
        return put_any(pb, record, node, ret_is_told);
    case MF_KNOWN_TIMESTAMP:
        return put_time(pb, false, record, node, ret_is_told);
    case MF_KNOWN_DURATION:
        return put_time(pb, true, record, node, ret_is_told);
    case MF_KNOWN_FIELD_MASK:
        return put_mask(pb, record, node, ret_is_told);
    case MF_KNOWN_WRAPPER:
        return put_wrapper(pb, type, record, node, ret_is_told);
    case MF_KNOWN_STRUCT:
    case MF_KNOWN_LIST:
        *ret_is_told = true;
        return put_json_group(pb, known == MF_KNOWN_LIST, record, node);
    case MF_KNOWN_VALUE:
        *ret_is_told = true;
        return put_json_value(pb, record, node);
    default:
        return 0;
    }
}
