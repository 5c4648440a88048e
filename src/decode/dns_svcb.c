/* The parameters of SVCB and HTTPS records (RFC 9460, RFC 9461, RFC 9540). */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/error.h"
#include "decode/dns_record.h"

/* Each puts the value that `at` of the data has. */
typedef void putter(struct mf_dns_data *data, struct mf_cursor *value);

static const char *key_name(unsigned key, char room[16]);

static void put_comma(struct mf_dns_data *data, bool *is_first)
{
    if (!*is_first)
        mf_dns__put(data, ",", 1);
    *is_first = false;
}

static void put_keys(struct mf_dns_data *data, struct mf_cursor *value)
{
    char room[16];
    bool is_first = true;
    while (!mf_cursor_done(value) && !data->error) {
        unsigned key = mf_cursor_be16(value);
        if (value->error)
            return;
        put_comma(data, &is_first);
        mf_dns__put_text(data, key_name(key, room));
    }
}

static void put_protocols(struct mf_dns_data *data, struct mf_cursor *value)
{
    bool is_first = true;
    while (!mf_cursor_done(value) && !data->error) {
        uint8_t len = mf_cursor_u8(value);
        const uint8_t *bytes = mf_cursor_bytes(value, len);
        if (!bytes)
            return;
        put_comma(data, &is_first);
        mf_dns__put_escaped(data, bytes, len);
    }
}

static void put_nothing(struct mf_dns_data *data, struct mf_cursor *value)
{
    (void)data;
    if (!mf_cursor_done(value))
        mf_cursor_fail(value, MF_ECORRUPT);
}

static void put_port(struct mf_dns_data *data, struct mf_cursor *value)
{
    unsigned port = mf_cursor_be16(value);
    if (!value->error)
        mf_dns__put_number(data, port);
}

static void put_addresses(struct mf_dns_data *data, struct mf_cursor *value,
                          int family, size_t len)
{
    bool is_first = true;
    while (!mf_cursor_done(value) && !data->error) {
        const uint8_t *address = mf_cursor_bytes(value, len);
        if (!address)
            return;
        put_comma(data, &is_first);
        mf_dns__put_address(data, family, address);
    }
}

static void put_ipv4(struct mf_dns_data *data, struct mf_cursor *value)
{
    put_addresses(data, value, AF_INET, sizeof(struct in_addr));
}

static void put_ipv6(struct mf_dns_data *data, struct mf_cursor *value)
{
    put_addresses(data, value, AF_INET6, sizeof(struct in6_addr));
}

static void put_base64(struct mf_dns_data *data, struct mf_cursor *value)
{
    size_t len = mf_cursor_left(value);
    mf_dns__put_base64(data, mf_cursor_bytes(value, len), len);
}

static const struct {
    const char *name;
    putter *put;
} keys[] = {
    {"mandatory", put_keys},          {"alpn", put_protocols},
    {"no-default-alpn", put_nothing}, {"port", put_port},
    {"ipv4hint", put_ipv4},           {"ech", put_base64},
    {"ipv6hint", put_ipv6},           {"dohpath", mf_dns__put_rest_escaped},
    {"ohttp", put_nothing},
};
enum { KEYS = sizeof keys / sizeof *keys };

static const char *key_name(unsigned key, char room[16])
{
    if (key < KEYS)
        return keys[key].name;
    snprintf(room, 16, "key%u", key & 0xffff);
    return room;
}

void mf_dns__service_params(struct mf_dns_data *data, const char *name)
{
    (void)name;
    while (!data->error && !mf_cursor_done(&data->at)) {
        char room[16];
        struct mf_cursor peek = data->at;
        unsigned key = mf_cursor_be16(&peek);
        mf_dns__begin(data, MF_NODE_TEXT, key_name(key, room));
        if (data->error)
            return;
        data->fields[data->count - 1].style = MF_DNS_NAMED;
        mf_cursor_be16(&data->at);
        uint16_t len = mf_cursor_be16(&data->at);
        const uint8_t *bytes = mf_cursor_bytes(&data->at, len);
        if (bytes) {
            struct mf_cursor value = mf_cursor_make(bytes, len);
            (key < KEYS ? keys[key].put : mf_dns__put_rest_hex)(data, &value);
            if (value.error || !mf_cursor_done(&value))
                mf_cursor_fail(&data->at, MF_ECORRUPT);
        }
        mf_dns__end(data, NULL);
    }
}
