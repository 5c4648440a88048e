#include "decode/cbor_tags.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum {
    BIGNUM = 2,
    NEGATIVE_BIGNUM = 3,
    UUID = 37,
    IPV4 = 52,
    IPV6 = 54,
    NETWORK_ADDRESS = 260,
    BIGNUM_MAX_LEN = 128,
};

static const struct {
    uint64_t tag;
    const char *name;
} names[] = {
    {0, "date and time"},
    {MF_CBOR_EPOCH, "time"},
    {BIGNUM, "bignum"},
    {NEGATIVE_BIGNUM, "negative bignum"},
    {4, "decimal fraction"},
    {5, "bigfloat"},
    {16, "COSE_Encrypt0"},
    {17, "COSE_Mac0"},
    {18, "COSE_Sign1"},
    {21, "base64url"},
    {22, "base64"},
    {23, "base16"},
    {24, "CBOR"},
    {25, "string reference"},
    {28, "shared value"},
    {29, "reference to a shared value"},
    {30, "rational"},
    {32, "URI"},
    {33, "base64url"},
    {34, "base64"},
    {35, "regular expression"},
    {36, "MIME message"},
    {UUID, "UUID"},
    {38, "text with language"},
    {IPV4, "IPv4"},
    {IPV6, "IPv6"},
    {61, "CWT"},
    {64, "uint8 array"},
    {65, "uint16 array"},
    {66, "uint32 array"},
    {67, "uint64 array"},
    {72, "int8 array"},
    {73, "int16 array"},
    {74, "int32 array"},
    {75, "int64 array"},
    {81, "float32 array"},
    {82, "float64 array"},
    {85, "float32 array, little-endian"},
    {86, "float64 array, little-endian"},
    {96, "COSE_Encrypt"},
    {97, "COSE_Mac"},
    {98, "COSE_Sign"},
    {100, "days since 1970"},
    {256, "string reference namespace"},
    {258, "set"},
    {259, "map"},
    {NETWORK_ADDRESS, "network address"},
    {261, "network address and mask"},
    {1001, "extended time"},
    {1004, "date"},
    {55799, "CBOR"},
};

const char *mf_cbor_tag_name(uint64_t tag)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].tag == tag)
            return names[i].name;
    return NULL;
}

/* Divide the number by ten, and give what is left. */
static unsigned divide(uint8_t *number, size_t len)
{
    unsigned left = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = left << 8 | number[i];
        number[i] = (uint8_t)(digit / 10);
        left = digit % 10;
    }
    return left;
}

static bool is_zero(const uint8_t *number, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (number[i])
            return false;
    return true;
}

/* The negative ones are -1 - n. False: too long. */
static bool put_bignum(struct mf_span bytes, bool is_negative,
                       char room[MF_CBOR_ROOM], struct mf_node *node)
{
    uint8_t number[BIGNUM_MAX_LEN + 1] = {0};
    size_t len = bytes.len + 1, at = MF_CBOR_ROOM;
    if (bytes.len > BIGNUM_MAX_LEN)
        return false;
    if (bytes.len)
        memcpy(number + 1, bytes.text, bytes.len);
    for (size_t i = len; is_negative && i-- > 0;)
        if (++number[i])
            break;
    do
        room[--at] = (char)('0' + divide(number, len));
    while (!is_zero(number, len));
    if (is_negative)
        room[--at] = '-';
    node->kind = MF_NODE_NUMBER;
    node->text = (struct mf_span){room + at, MF_CBOR_ROOM - at};
    return true;
}

static void put_uuid(struct mf_span bytes, char room[MF_CBOR_ROOM])
{
    for (size_t i = 0, at = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            room[at++] = '-';
        snprintf(room + at, 3, "%02x", (uint8_t)bytes.text[i]);
        at += 2;
    }
}

void mf_cbor_read_tagged(uint64_t tag, struct mf_span bytes,
                         char room[MF_CBOR_ROOM], struct mf_node *node)
{
    bool is_any = tag == NETWORK_ADDRESS;
    room[0] = '\0';
    if (tag == BIGNUM || tag == NEGATIVE_BIGNUM) {
        if (put_bignum(bytes, tag == NEGATIVE_BIGNUM, room, node))
            node->bytes = MF_SPAN_NONE;
        return;
    }
    if (tag == UUID && bytes.len == 16)
        put_uuid(bytes, room);
    else if ((tag == IPV4 || is_any) && bytes.len == 4)
        inet_ntop(AF_INET, bytes.text, room, MF_CBOR_ROOM);
    else if ((tag == IPV6 || is_any) && bytes.len == 16)
        inet_ntop(AF_INET6, bytes.text, room, MF_CBOR_ROOM);
    else if (is_any && bytes.len == 6)
        snprintf(room, MF_CBOR_ROOM, "%02x:%02x:%02x:%02x:%02x:%02x",
                 (uint8_t)bytes.text[0], (uint8_t)bytes.text[1],
                 (uint8_t)bytes.text[2], (uint8_t)bytes.text[3],
                 (uint8_t)bytes.text[4], (uint8_t)bytes.text[5]);
    if (!room[0])
        return;
    node->kind = MF_NODE_TEXT;
    node->text = (struct mf_span){room, strlen(room)};
    node->bytes = MF_SPAN_NONE;
}
