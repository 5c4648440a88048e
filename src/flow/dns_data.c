/* DNS record data as text, of what summaries show (RFC 1035, section 3.3;
 * RFC 3596). */
#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "codec/dns_name.h"
#include "flow/details.h"

static bool is_type(struct mf_span type, const char *name)
{
    return type.len == strlen(name) && memcmp(type.text, name, type.len) == 0;
}

static size_t name_text(struct mf_span name, struct mf_span packed,
                        struct mf_dns_text *out)
{
    struct mf_cursor cursor = mf_flow__cursor(name);
    return mf_dns_put_name(&cursor, packed, out) == 0 ? out->len : 0;
}

static size_t strings_text(struct mf_span data, struct mf_dns_text *out)
{
    struct mf_cursor cursor = mf_flow__cursor(data);
    while (!mf_cursor_done(&cursor)) {
        uint8_t len = mf_cursor_u8(&cursor);
        const uint8_t *bytes = mf_cursor_bytes(&cursor, len);
        for (size_t i = 0; bytes && i < len; i++)
            if (!mf_dns_put_byte(out, bytes[i], ""))
                return out->len;
    }
    return out->len;
}

static size_t address_text(int family, struct mf_span data, size_t want_len,
                           struct mf_dns_text *out)
{
    if (data.len != want_len ||
        !inet_ntop(family, data.text, out->text, (socklen_t)out->max))
        return 0;
    return strlen(out->text);
}

size_t mf_flow__dns_data_text(struct mf_span type, struct mf_span data,
                              struct mf_span packed, char *text, size_t max)
{
    enum { MX_PREFERENCE_LEN = 2 };
    static const char *const names[] = {"CNAME", "NS", "PTR", "DNAME"};
    struct mf_dns_text out = {.text = text, .max = max};
    assert(max >= INET6_ADDRSTRLEN);
    if (is_type(type, "A"))
        return address_text(AF_INET, data, sizeof(struct in_addr), &out);
    if (is_type(type, "AAAA"))
        return address_text(AF_INET6, data, sizeof(struct in6_addr), &out);
    if (is_type(type, "TXT"))
        return strings_text(data, &out);
    if (is_type(type, "MX") && data.len > MX_PREFERENCE_LEN)
        return name_text((struct mf_span){data.text + MX_PREFERENCE_LEN,
                                          data.len - MX_PREFERENCE_LEN},
                         packed, &out);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_type(type, names[i]))
            return name_text(data, packed, &out);
    return 0;
}
