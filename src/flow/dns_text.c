/* DNS messages as mitmproxy's str() writes them, for filters on bodies. */
#include <arpa/inet.h>
#include <string.h>

#include "base/utf8.h"
#include "flow/details.h"
#include "flow/lookup.h"

/* A record's type and data. */
struct record {
    struct mf_span type;
    struct mf_span data;
};

static bool is_type(const struct record *record, const char *name)
{
    return record->type.len == strlen(name) &&
           memcmp(record->type.text, name, record->type.len) == 0;
}

static int put_hex(const struct record *record, bool is_valid,
                   struct mf_buf *out)
{
    int rc = mf_buf_append(out, "0x", 2);
    for (size_t i = 0; !rc && i < record->data.len; i++)
        rc = mf_buf_printf(out, "%02x", (uint8_t)record->data.text[i]);
    if (!rc && !is_valid)
        rc = mf_buf_printf(out, " (invalid %.*s data)", (int)record->type.len,
                           record->type.text);
    return rc;
}

static bool is_ascii(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] >= 0x80)
            return false;
    return true;
}

/* An uncompressed name; MF_ECORRUPT if it is none. */
static int put_name(struct mf_cursor *cursor, struct mf_buf *out)
{
    enum { LABEL_MAX_LEN = 63 };
    bool is_first = true;
    int rc = 0;
    while (!rc) {
        uint8_t len = mf_cursor_u8(cursor);
        const uint8_t *label =
            len <= LABEL_MAX_LEN ? mf_cursor_bytes(cursor, len) : NULL;
        if (cursor->error || len > LABEL_MAX_LEN)
            return MF_ECORRUPT;
        if (len == 0)
            return 0;
        if (!is_ascii(label, len))
            return MF_ECORRUPT;
        rc = is_first ? 0 : mf_buf_append_byte(out, '.');
        is_first = false;
        if (!rc)
            rc = mf_buf_append(out, label, len);
    }
    return rc;
}

static int put_whole_name(const struct record *record, struct mf_buf *out)
{
    struct mf_cursor cursor = mf_flow__cursor(record->data);
    int rc = put_name(&cursor, out);
    return rc || mf_cursor_done(&cursor) ? rc : MF_ECORRUPT;
}

static int put_address(int family, size_t want_len, const struct record *record,
                       struct mf_buf *out)
{
    char text[INET6_ADDRSTRLEN];
    if (record->data.len != want_len ||
        !inet_ntop(family, record->data.text, text, sizeof text))
        return MF_ECORRUPT;
    return mf_buf_append(out, text, strlen(text));
}

/* As Python's repr() of what it wrote before for bytes: so each backslash
 * comes twice. */
static int put_escaped(const uint8_t *bytes, size_t len, struct mf_buf *out)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < len; i++) {
        uint8_t byte = bytes[i];
        if (byte == '\n' || byte == '\r' || byte == '\t')
            rc = mf_buf_printf(out, "\\\\%c",
                               byte == '\n'   ? 'n'
                               : byte == '\r' ? 'r'
                                              : 't');
        else if (byte == '\\')
            rc = mf_buf_append(out, "\\\\\\\\", 4);
        else if (byte < 0x20 || byte >= 0x7f)
            rc = mf_buf_printf(out, "\\\\x%02x", byte);
        else
            rc = mf_buf_append_byte(out, byte);
    }
    return rc;
}

static int put_service_parameter(struct mf_cursor *cursor, struct mf_buf *out)
{
    static const char *const keys[] = {
        "mandatory", "alpn", "no_default_alpn", "port",
        "ipv4hint",  "ech",  "ipv6hint",
    };
    uint16_t key = mf_cursor_be16(cursor);
    uint16_t len = mf_cursor_be16(cursor);
    const uint8_t *value = mf_cursor_bytes(cursor, len);
    if (cursor->error)
        return MF_ECORRUPT;
    int rc = key < sizeof keys / sizeof *keys
                 ? mf_buf_printf(out, ", '%s': '", keys[key])
                 : mf_buf_printf(out, ", %u: '", key);
    if (!rc)
        rc = put_escaped(value, len, out);
    return rc ? rc : mf_buf_append_byte(out, '\'');
}

/* RFC 9460, as Python writes a dict. */
static int put_service(const struct record *record, struct mf_buf *out)
{
    struct mf_cursor cursor = mf_flow__cursor(record->data);
    int16_t priority = (int16_t)mf_cursor_be16(&cursor);
    int rc = mf_buf_printf(out, "{'target_name': '");
    if (!rc)
        rc = put_name(&cursor, out);
    if (!rc)
        rc = mf_buf_printf(out, "', 'priority': %d", priority);
    while (!rc && !mf_cursor_done(&cursor))
        rc = put_service_parameter(&cursor, out);
    if (!rc && cursor.error)
        rc = MF_ECORRUPT;
    return rc ? rc : mf_buf_append_byte(out, '}');
}

static int put_data(const struct record *record, struct mf_buf *out)
{
    if (is_type(record, "A"))
        return put_address(AF_INET, sizeof(struct in_addr), record, out);
    if (is_type(record, "AAAA"))
        return put_address(AF_INET6, sizeof(struct in6_addr), record, out);
    if (is_type(record, "NS") || is_type(record, "CNAME") ||
        is_type(record, "PTR"))
        return put_whole_name(record, out);
    if (is_type(record, "HTTPS"))
        return put_service(record, out);
    if (!is_type(record, "TXT"))
        return put_hex(record, true, out);
    if (!mf_utf8_valid(record->data.text, record->data.len))
        return MF_ECORRUPT;
    return mf_buf_append(out, record->data.text, record->data.len);
}

static int put_record(const struct mf_wire_field *field, struct mf_buf *out)
{
    struct record record = {{"", 0}, {"", 0}};
    struct mf_cursor cursor = mf_cursor_make(field->data, field->len);
    struct mf_wire_field part;
    while (mf_wire_next(&cursor, &part)) {
        if (part.number == 2)
            record.type = mf_flow__span(&part);
        else if (part.number == 5)
            record.data = mf_flow__span(&part);
    }
    size_t before = out->len;
    int rc = put_data(&record, out);
    if (rc != MF_ECORRUPT)
        return rc;
    out->len = before;
    return put_hex(&record, false, out);
}

static int put_question(const struct mf_wire_field *field, struct mf_buf *out)
{
    struct mf_wire_field name;
    if (!mf_wire_find(field->data, field->len, 1, &name))
        return 0;
    return mf_buf_append(out, name.data, name.len);
}

int mf_flow_put_dns_text(const struct mf_flow *flow, enum mf_half half,
                         struct mf_buf *out)
{
    enum { QUESTIONS = 2, ADDITIONALS = 5 };
    struct mf_span message = half == MF_HALF_REQUEST
                                 ? flow->details.dns_request
                                 : flow->details.dns_response;
    bool is_first = true;
    int rc = 0;
    /* Sections in their order, whatever the order on the wire. */
    for (uint32_t section = QUESTIONS; section <= ADDITIONALS; section++) {
        struct mf_cursor cursor = mf_flow__cursor(message);
        struct mf_wire_field field;
        while (!rc && mf_wire_next(&cursor, &field)) {
            if (field.number != section || field.type != MF_WIRE_LEN)
                continue;
            rc = is_first ? 0 : mf_buf_append(out, "\r\n", 2);
            is_first = false;
            if (!rc)
                rc = section == QUESTIONS ? put_question(&field, out)
                                          : put_record(&field, out);
        }
    }
    return rc;
}

struct mf_span mf_flow_asked_name(const struct mf_flow *flow)
{
    struct mf_cursor cursor = mf_flow__cursor(flow->details.dns_request);
    struct mf_wire_field field, name;
    while (mf_wire_next(&cursor, &field))
        if (field.number == 2 && field.type == MF_WIRE_LEN)
            return mf_wire_find(field.data, field.len, 1, &name)
                       ? mf_flow__span(&name)
                       : (struct mf_span){"", 0};
    return (struct mf_span){NULL, 0};
}
