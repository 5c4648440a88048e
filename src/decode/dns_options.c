/* The data of OPT: EDNS and its options (RFC 6891 and those named below). */
#include <arpa/inet.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "decode/dns_record.h"
#include "decode/value.h"

typedef void putter(struct mf_dns_data *data, struct mf_cursor *value);

/* RFC 5001: bytes that are mostly text. */
static void put_server(struct mf_dns_data *data, struct mf_cursor *value)
{
    size_t len = mf_cursor_left(value);
    bool is_text = true;
    for (size_t i = 0; i < len; i++)
        is_text = is_text && value->at[i] >= 0x20 && value->at[i] < 0x7f;
    (is_text ? mf_dns__put_rest_escaped : mf_dns__put_rest_hex)(data, value);
}

/* RFC 6975. */
static void put_algorithms(struct mf_dns_data *data, struct mf_cursor *value)
{
    bool is_first = true;
    while (!mf_cursor_done(value) && !data->error) {
        unsigned number = mf_cursor_u8(value);
        const char *name = mf_dns_algorithm_name(number);
        mf_dns__put(data, " ", !is_first);
        if (name)
            mf_dns__put_text(data, name);
        else
            mf_dns__put_number(data, number);
        is_first = false;
    }
}

static void put_bytes(struct mf_dns_data *data, struct mf_cursor *value)
{
    bool is_first = true;
    while (!mf_cursor_done(value) && !data->error) {
        mf_dns__put(data, " ", !is_first);
        mf_dns__put_number(data, mf_cursor_u8(value));
        is_first = false;
    }
}

/* RFC 7871. */
static void put_subnet(struct mf_dns_data *data, struct mf_cursor *value)
{
    unsigned family = mf_cursor_be16(value);
    unsigned source = mf_cursor_u8(value), scope = mf_cursor_u8(value);
    uint8_t whole[sizeof(struct in6_addr)] = {0};
    size_t len = mf_cursor_left(value);
    size_t max = family == 1 ? sizeof(struct in_addr) : sizeof whole;
    if ((family != 1 && family != 2) || len > max)
        mf_cursor_fail(value, MF_ECORRUPT);
    const uint8_t *bytes = mf_cursor_bytes(value, len);
    if (value->error)
        return;
    memcpy(whole, bytes, len);
    mf_dns__put_address(data, family == 1 ? AF_INET : AF_INET6, whole);
    mf_dns__put_text(data, "/");
    mf_dns__put_number(data, source);
    mf_dns__put_text(data, ", scope /");
    mf_dns__put_number(data, scope);
}

/* RFC 7314: seconds, or nothing in a query. */
static void put_seconds(struct mf_dns_data *data, struct mf_cursor *value)
{
    if (mf_cursor_done(value))
        return;
    uint32_t seconds = mf_cursor_be32(value);
    if (value->error)
        return;
    mf_dns__put_number(data, seconds);
    mf_dns__put_text(data, " s");
}

/* RFC 7873. */
static void put_cookie(struct mf_dns_data *data, struct mf_cursor *value)
{
    enum { CLIENT_LEN = 8 };
    mf_dns__put_text(data, "client ");
    mf_dns__put_hex(data, mf_cursor_bytes(value, CLIENT_LEN), CLIENT_LEN);
    if (mf_cursor_done(value))
        return;
    mf_dns__put_text(data, ", server ");
    mf_dns__put_rest_hex(data, value);
}

/* RFC 7828: in tenths of a second. */
static void put_keepalive(struct mf_dns_data *data, struct mf_cursor *value)
{
    if (mf_cursor_done(value))
        return;
    unsigned tenths = mf_cursor_be16(value);
    if (value->error)
        return;
    mf_dns__put_number(data, tenths / 10);
    mf_dns__put_text(data, ".");
    mf_dns__put_number(data, tenths % 10);
    mf_dns__put_text(data, " s");
}

/* RFC 7830. */
static void put_padding(struct mf_dns_data *data, struct mf_cursor *value)
{
    size_t len = mf_cursor_left(value);
    mf_cursor_bytes(value, len);
    mf_dns__put_number(data, len);
    mf_dns__put_text(data, " bytes");
}

static void put_name(struct mf_dns_data *data, struct mf_cursor *value)
{
    mf_dns__put_name(data, value);
}

/* RFC 8145. */
static void put_key_tags(struct mf_dns_data *data, struct mf_cursor *value)
{
    bool is_first = true;
    while (!mf_cursor_done(value) && !data->error) {
        unsigned tag = mf_cursor_be16(value);
        if (value->error)
            return;
        mf_dns__put(data, " ", !is_first);
        mf_dns__put_number(data, tag);
        is_first = false;
    }
}

/* RFC 8914. */
static void put_error(struct mf_dns_data *data, struct mf_cursor *value)
{
    unsigned code = mf_cursor_be16(value);
    const char *info = mf_dns_error_info(code);
    if (value->error)
        return;
    mf_dns__put_number(data, code);
    if (info) {
        mf_dns__put_text(data, " (");
        mf_dns__put_text(data, info);
        mf_dns__put_text(data, ")");
    }
    if (mf_cursor_done(value))
        return;
    size_t len = mf_cursor_left(value);
    const uint8_t *text = mf_cursor_bytes(value, len);
    mf_dns__put_text(data, ": ");
    if (mf_utf8_valid(text, len))
        mf_dns__put(data, text, len);
    else
        mf_dns__put_escaped(data, text, len);
}

static const struct {
    unsigned code;
    const char *name;
    putter *put;
} options[] = {
    {1, "LLQ", mf_dns__put_rest_hex},
    {2, "update lease", put_seconds},
    {3, "NSID", put_server},
    {5, "DAU", put_algorithms},
    {6, "DHU", put_bytes},
    {7, "N3U", put_bytes},
    {8, "client subnet", put_subnet},
    {9, "expire", put_seconds},
    {10, "cookie", put_cookie},
    {11, "keepalive", put_keepalive},
    {12, "padding", put_padding},
    {13, "chain", put_name},
    {14, "key tags", put_key_tags},
    {15, "error", put_error},
    {16, "client tag", mf_dns__put_rest_hex},
    {17, "server tag", mf_dns__put_rest_hex},
    {18, "report channel", put_name},
    {19, "zone version", mf_dns__put_rest_hex},
};

static size_t option_of(unsigned code)
{
    size_t i = 0;
    while (i < sizeof options / sizeof *options && options[i].code != code)
        i++;
    return i;
}

static void read_option(struct mf_dns_data *data)
{
    enum { WORD_LEN = 7 };
    char room[WORD_LEN + MF_VALUE_ROOM] = "option ";
    struct mf_cursor peek = data->at;
    unsigned code = mf_cursor_be16(&peek);
    size_t i = option_of(code);
    bool is_known = i < sizeof options / sizeof *options;
    if (!is_known)
        mf_value_unsigned(code, room + WORD_LEN);
    mf_dns__begin(data, MF_NODE_TEXT, is_known ? options[i].name : room);
    if (data->error)
        return;
    data->fields[data->count - 1].style = MF_DNS_NAMED;
    mf_cursor_be16(&data->at);
    uint16_t len = mf_cursor_be16(&data->at);
    const uint8_t *bytes = mf_cursor_bytes(&data->at, len);
    if (bytes) {
        struct mf_cursor value = mf_cursor_make(bytes, len);
        (is_known ? options[i].put : mf_dns__put_rest_hex)(data, &value);
        if (value.error || !mf_cursor_done(&value))
            mf_cursor_fail(&data->at, MF_ECORRUPT);
    }
    mf_dns__end(data, NULL);
}

static void put_number(struct mf_dns_data *data, const char *name,
                       unsigned value, const char *also)
{
    mf_dns__begin(data, MF_NODE_NUMBER, name);
    if (data->error)
        return;
    data->fields[data->count - 1].style = MF_DNS_NAMED;
    mf_dns__put_number(data, value);
    mf_dns__end(data, also);
}

/* The class is a size, the time to live is flags. */
void mf_dns__options(struct mf_dns_data *data, const char *name)
{
    enum { DNSSEC_OK = 0x8000 };
    (void)name;
    put_number(data, "version", data->ttl >> 16 & 0xff, NULL);
    put_number(data, "UDP size", data->class_, NULL);
    if (data->ttl >> 24)
        put_number(data, "upper bits of the status", data->ttl >> 24, NULL);
    if (data->ttl & 0xffff)
        put_number(data, "flags", data->ttl & 0xffff,
                   data->ttl & DNSSEC_OK ? "DNSSEC wanted" : NULL);
    while (!data->error && !mf_cursor_done(&data->at))
        read_option(data);
}
