/* DNS record data as text (RFC 1035, sections 3.3 and 4.1.4; RFC 3596). */
#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "flow/details.h"

enum {
    POINTER_MASK = 0xc0,
    JUMPS_MAX = 16,
};

static bool is_type(struct mf_span type, const char *name)
{
    return type.len == strlen(name) && memcmp(type.text, name, type.len) == 0;
}

struct writer {
    char *text;
    size_t len;
    size_t max;
};

/* Names and texts are bytes: what is not plain ASCII is written \DDD. */
static bool write_byte(struct writer *writer, uint8_t byte)
{
    bool plain = byte >= 0x20 && byte < 0x7f;
    if (writer->max - writer->len < (plain ? 1 : 4))
        return false;
    if (plain) {
        writer->text[writer->len++] = (char)byte;
        return true;
    }
    writer->text[writer->len++] = '\\';
    writer->text[writer->len++] = (char)('0' + byte / 100);
    writer->text[writer->len++] = (char)('0' + byte / 10 % 10);
    writer->text[writer->len++] = (char)('0' + byte % 10);
    return true;
}

static bool write_label(struct writer *writer, const uint8_t *label, size_t len)
{
    if (writer->len && !write_byte(writer, '.'))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!write_byte(writer, label[i]))
            return false;
    return true;
}

static size_t name_text(struct mf_span name, struct mf_span packed,
                        struct writer *writer)
{
    struct mf_cursor cursor = mf_flow__cursor(name);
    for (int jumps = 0; jumps <= JUMPS_MAX;) {
        uint8_t len = mf_cursor_u8(&cursor);
        if (cursor.error)
            return 0;
        if (len == 0)
            return writer->len ? writer->len : write_byte(writer, '.');
        if ((len & POINTER_MASK) == POINTER_MASK) {
            size_t to =
                (size_t)(len & ~POINTER_MASK) << 8 | mf_cursor_u8(&cursor);
            if (cursor.error || to >= packed.len)
                return 0;
            cursor = mf_cursor_make(packed.text + to, packed.len - to);
            jumps++;
            continue;
        }
        const uint8_t *label = mf_cursor_bytes(&cursor, len);
        if ((len & POINTER_MASK) || !label || !write_label(writer, label, len))
            return 0;
    }
    return 0;
}

static size_t strings_text(struct mf_span data, struct writer *writer)
{
    struct mf_cursor cursor = mf_flow__cursor(data);
    while (!mf_cursor_done(&cursor)) {
        uint8_t len = mf_cursor_u8(&cursor);
        const uint8_t *bytes = mf_cursor_bytes(&cursor, len);
        for (size_t i = 0; bytes && i < len; i++)
            if (!write_byte(writer, bytes[i]))
                return writer->len;
    }
    return writer->len;
}

static size_t address_text(int family, struct mf_span data, size_t want_len,
                           struct writer *writer)
{
    if (data.len != want_len ||
        !inet_ntop(family, data.text, writer->text, (socklen_t)writer->max))
        return 0;
    return strlen(writer->text);
}

size_t mf_flow__dns_data_text(struct mf_span type, struct mf_span data,
                              struct mf_span packed, char *text, size_t max)
{
    enum { MX_PREFERENCE_LEN = 2 };
    static const char *const names[] = {"CNAME", "NS", "PTR", "DNAME"};
    struct writer writer = {.text = text, .max = max};
    assert(max >= INET6_ADDRSTRLEN);
    if (is_type(type, "A"))
        return address_text(AF_INET, data, sizeof(struct in_addr), &writer);
    if (is_type(type, "AAAA"))
        return address_text(AF_INET6, data, sizeof(struct in6_addr), &writer);
    if (is_type(type, "TXT"))
        return strings_text(data, &writer);
    if (is_type(type, "MX") && data.len > MX_PREFERENCE_LEN)
        return name_text((struct mf_span){data.text + MX_PREFERENCE_LEN,
                                          data.len - MX_PREFERENCE_LEN},
                         packed, &writer);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_type(type, names[i]))
            return name_text(data, packed, &writer);
    return 0;
}
