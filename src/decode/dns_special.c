/* Fields of DNS records that have a form of their own. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "decode/dns_record.h"

static void put_type(struct mf_dns_data *data, unsigned number, bool is_first)
{
    char room[MF_DNS_TYPE_ROOM];
    struct mf_span text = mf_dns_type_text(mf_dns_type(number), number, room);
    if (!is_first)
        mf_dns__put(data, " ", 1);
    mf_dns__put(data, text.text, text.len);
}

/* One block of 256 types of which `bytes` are bits, first bit highest. */
static bool put_types(struct mf_dns_data *data, unsigned first,
                      const uint8_t *bytes, size_t len, bool is_first)
{
    for (size_t i = 0; bytes && i < len * 8; i++) {
        if (!(bytes[i / 8] & 0x80 >> i % 8))
            continue;
        put_type(data, first + (unsigned)i, is_first);
        is_first = false;
    }
    return is_first;
}

/* RFC 4034, section 4.1.2. */
void mf_dns__bitmap(struct mf_dns_data *data, const char *name)
{
    bool is_first = true;
    mf_dns__begin(data, MF_NODE_TEXT, name);
    while (!data->error && !mf_cursor_done(&data->at)) {
        unsigned block = mf_cursor_u8(&data->at);
        uint8_t len = mf_cursor_u8(&data->at);
        if (len == 0 || len > 32)
            mf_cursor_fail(&data->at, MF_ECORRUPT);
        is_first = put_types(data, block << 8, mf_cursor_bytes(&data->at, len),
                             len, is_first);
    }
    mf_dns__end(data, NULL);
}

/* RFC 2535, section 5.2: one bitmap of the first 128 types. */
void mf_dns__old_bitmap(struct mf_dns_data *data, const char *name)
{
    size_t len = mf_cursor_left(&data->at);
    mf_dns__begin(data, MF_NODE_TEXT, name);
    if (len > 16)
        mf_cursor_fail(&data->at, MF_ECORRUPT);
    put_types(data, 0, mf_cursor_bytes(&data->at, len), len, true);
    mf_dns__end(data, NULL);
}

/* RFC 1035, section 3.4.2: bits of ports. */
void mf_dns__services(struct mf_dns_data *data, const char *name)
{
    size_t len = mf_cursor_left(&data->at);
    bool is_first = true;
    mf_dns__begin(data, MF_NODE_TEXT, name);
    if (len > 65536 / 8)
        mf_cursor_fail(&data->at, MF_ECORRUPT);
    const uint8_t *bytes = mf_cursor_bytes(&data->at, len);
    for (size_t i = 0; bytes && i < len * 8; i++) {
        if (!(bytes[i / 8] & 0x80 >> i % 8))
            continue;
        mf_dns__put(data, " ", !is_first);
        mf_dns__put_number(data, i);
        is_first = false;
    }
    mf_dns__end(data, NULL);
}

/* RFC 1876: 2^31 is the equator and the prime meridian, in thousandths of a
 * second of arc. */
static void put_angle(struct mf_dns_data *data, uint32_t angle,
                      const char *hemispheres)
{
    bool is_positive = angle >= UINT32_C(0x80000000);
    uint32_t left = is_positive ? angle - UINT32_C(0x80000000)
                                : UINT32_C(0x80000000) - angle;
    mf_dns__putf(data, "%u %u %u.%03u %c ", left / 3600000, left / 60000 % 60,
                 left / 1000 % 60, left % 1000, hemispheres[is_positive]);
}

/* Two digits: times ten to the power of, in centimetres. */
static void put_size(struct mf_dns_data *data, uint8_t size)
{
    uint64_t value = size >> 4;
    for (unsigned power = size & 15; power && power <= 15; power--)
        value *= 10;
    if (value % 100)
        mf_dns__putf(data, " %llu.%02llum", (unsigned long long)value / 100,
                     (unsigned long long)value % 100);
    else
        mf_dns__putf(data, " %llum", (unsigned long long)value / 100);
}

void mf_dns__location(struct mf_dns_data *data, const char *name)
{
    mf_dns__begin(data, MF_NODE_TEXT, name);
    uint8_t version = mf_cursor_u8(&data->at);
    const uint8_t *sizes = mf_cursor_bytes(&data->at, 3);
    uint32_t latitude = mf_cursor_be32(&data->at);
    uint32_t longitude = mf_cursor_be32(&data->at);
    int64_t altitude = (int64_t)mf_cursor_be32(&data->at) - 10000000;
    if (version != 0)
        mf_cursor_fail(&data->at, MF_ECORRUPT);
    if (sizes && !data->at.error) {
        int64_t size = altitude < 0 ? -altitude : altitude;
        put_angle(data, latitude, "SN");
        put_angle(data, longitude, "WE");
        mf_dns__putf(data, "%s%lld.%02lldm", altitude < 0 ? "-" : "",
                     (long long)size / 100, (long long)size % 100);
        for (int i = 0; i < 3; i++)
            put_size(data, sizes[i]);
    }
    mf_dns__end(data, NULL);
}

static int family_of(unsigned number)
{
    return number == 1 ? AF_INET : number == 2 ? AF_INET6 : 0;
}

/* An address of which only the first bytes are written. */
static void put_start_of_address(struct mf_dns_data *data, int family,
                                 const uint8_t *bytes, size_t len)
{
    uint8_t whole[sizeof(struct in6_addr)] = {0};
    if (len > (family == AF_INET ? sizeof(struct in_addr) : sizeof whole)) {
        mf_cursor_fail(&data->at, MF_ECORRUPT);
        return;
    }
    if (len)
        memcpy(whole, bytes, len);
    mf_dns__put_address(data, family, whole);
}

/* RFC 3123. */
void mf_dns__prefixes(struct mf_dns_data *data, const char *name)
{
    while (!data->error && !mf_cursor_done(&data->at)) {
        mf_dns__begin(data, MF_NODE_TEXT, name);
        unsigned family = mf_cursor_be16(&data->at);
        unsigned prefix = mf_cursor_u8(&data->at);
        uint8_t len = mf_cursor_u8(&data->at);
        const uint8_t *bytes = mf_cursor_bytes(&data->at, len & 0x7f);
        if (bytes) {
            mf_dns__putf(data, "%s%u:", len & 0x80 ? "!" : "", family);
            if (family_of(family))
                put_start_of_address(data, family_of(family), bytes,
                                     len & 0x7f);
            else
                mf_dns__put_hex(data, bytes, len & 0x7f);
            mf_dns__putf(data, "/%u", prefix);
        }
        mf_dns__end(data, NULL);
    }
}

/* Nothing, an address or a name. */
static void put_host(struct mf_dns_data *data, const char *name, unsigned kind)
{
    if (kind == 1) {
        mf_dns__ipv4(data, name);
    } else if (kind == 2) {
        mf_dns__ipv6(data, name);
    } else if (kind == 3) {
        mf_dns__name(data, name);
    } else if (kind == 0) {
        mf_dns__begin(data, MF_NODE_TEXT, name);
        mf_dns__put(data, ".", 1);
        mf_dns__end(data, NULL);
    } else {
        mf_dns__rest_hex(data, name);
    }
}

static unsigned peek(const struct mf_dns_data *data)
{
    return mf_cursor_left(&data->at) ? *data->at.at : 0;
}

/* RFC 4025: the kind of the gateway comes before the algorithm. */
void mf_dns__gateway(struct mf_dns_data *data, const char *name)
{
    unsigned kind = peek(data);
    mf_dns__u8(data, "gateway type");
    if (!data->at.error)
        mf_dns__u8(data, "algorithm");
    if (!data->at.error)
        put_host(data, name, kind);
}

/* RFC 8777: the highest bit tells that discovery is optional. */
void mf_dns__relay(struct mf_dns_data *data, const char *name)
{
    mf_dns__begin(data, MF_NODE_NUMBER, "discovery optional");
    unsigned kind = mf_cursor_u8(&data->at);
    if (!data->at.error)
        mf_dns__put_number(data, kind >> 7);
    mf_dns__end(data, NULL);
    if (data->at.error)
        return;
    kind &= 0x7f;
    mf_dns__begin(data, MF_NODE_NUMBER, "relay type");
    mf_dns__put_number(data, kind);
    mf_dns__end(data, NULL);
    put_host(data, name, kind);
}

/* RFC 8005. */
void mf_dns__host_identity(struct mf_dns_data *data, const char *name)
{
    (void)name;
    uint8_t tag_len = mf_cursor_u8(&data->at);
    mf_dns__u8(data, "algorithm");
    uint16_t key_len = mf_cursor_be16(&data->at);
    if (data->at.error)
        return;
    mf_dns__begin(data, MF_NODE_TEXT, "identity tag");
    mf_dns__put_hex(data, mf_cursor_bytes(&data->at, tag_len), tag_len);
    mf_dns__end(data, NULL);
    if (data->at.error)
        return;
    mf_dns__begin(data, MF_NODE_TEXT, "key");
    mf_dns__put_base64(data, mf_cursor_bytes(&data->at, key_len), key_len);
    mf_dns__end(data, NULL);
    while (!data->error && !mf_cursor_done(&data->at))
        mf_dns__name(data, "rendezvous server");
}

/* RFC 2874: a suffix of an address, and the name that has the rest. */
void mf_dns__address6(struct mf_dns_data *data, const char *name)
{
    enum { BITS = 128 };
    (void)name;
    unsigned prefix = peek(data);
    mf_dns__u8(data, "prefix length");
    if (prefix > BITS)
        mf_cursor_fail(&data->at, MF_ECORRUPT);
    if (data->at.error)
        return;
    size_t len = (BITS - prefix + 7) / 8;
    if (len) {
        uint8_t whole[sizeof(struct in6_addr)] = {0};
        mf_dns__begin(data, MF_NODE_TEXT, "suffix");
        const uint8_t *bytes = mf_cursor_bytes(&data->at, len);
        if (bytes) {
            memcpy(whole + sizeof whole - len, bytes, len);
            mf_dns__put_address(data, AF_INET6, whole);
        }
        mf_dns__end(data, NULL);
    }
    if (prefix && !data->at.error)
        mf_dns__name(data, "prefix name");
}

/* RFC 4034, section 2.1.1, and RFC 5011. */
void mf_dns__key_flags(struct mf_dns_data *data, const char *name)
{
    enum { ZONE = 0x100, REVOKED = 0x80, ENTRY = 1 };
    char also[64];
    mf_dns__begin(data, MF_NODE_NUMBER, name);
    unsigned flags = mf_cursor_be16(&data->at);
    if (!data->at.error)
        mf_dns__put_number(data, flags);
    snprintf(also, sizeof also, "%s%s%s", flags & ZONE ? "zone key" : "",
             flags & ENTRY ? ", secure entry point" : "",
             flags & REVOKED ? ", revoked" : "");
    mf_dns__end(data, also[0] == ',' ? also + 2 : also);
}
