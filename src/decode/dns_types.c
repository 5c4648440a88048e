/* What DNS calls its numbers: the registry of IANA, and RFCs as named. */
#include <stdio.h>
#include <string.h>

#include "decode/dns_record.h"

/* clang-format off */
#define NAME(name)   {name, mf_dns__name}
#define U8(name)     {name, mf_dns__u8}
#define U16(name)    {name, mf_dns__u16}
#define U32(name)    {name, mf_dns__u32}
#define SECONDS(name) {name, mf_dns__seconds}
#define STRING(name) {name, mf_dns__string}
#define HEX(name)    {name, mf_dns__rest_hex}
#define BASE64(name) {name, mf_dns__rest_base64}
#define SIGNATURE \
    {{"covered", mf_dns__type}, {"algorithm", mf_dns__algorithm}, \
     U8("labels"), SECONDS("original TTL"), {"expires", mf_dns__when}, \
     {"signed", mf_dns__when}, U16("key tag"), NAME("signer"), \
     BASE64("signature")}
#define KEY_FIELDS \
    {{"flags", mf_dns__key_flags}, U8("protocol"), \
     {"algorithm", mf_dns__algorithm}, BASE64("key")}
#define DIGEST \
    {U16("key tag"), {"algorithm", mf_dns__algorithm}, U8("digest type"), \
     HEX("digest")}
#define ASSOCIATION \
    {U8("usage"), U8("selector"), U8("matching"), HEX("data")}
#define SERVICE \
    {U16("priority"), NAME("target"), {"", mf_dns__service_params}}
#define TEXTS {{"text", mf_dns__strings}}

/* Sorted by number. */
static const struct mf_dns_type types[] = {
    {1, "A", {{"address", mf_dns__ipv4}}},
    {2, "NS", {NAME("server")}},
    {3, "MD", {NAME("host")}},
    {4, "MF", {NAME("host")}},
    {5, "CNAME", {NAME("name")}},
    {6, "SOA", {NAME("primary"), NAME("mailbox"), U32("serial"),
                SECONDS("refresh"), SECONDS("retry"), SECONDS("expire"),
                SECONDS("minimum")}},
    {7, "MB", {NAME("host")}},
    {8, "MG", {NAME("mailbox")}},
    {9, "MR", {NAME("mailbox")}},
    {10, "NULL", {HEX("data")}},
    {11, "WKS", {{"address", mf_dns__ipv4}, U8("protocol"),
                 {"ports", mf_dns__services}}},
    {12, "PTR", {NAME("name")}},
    {13, "HINFO", {STRING("cpu"), STRING("os")}},
    {14, "MINFO", {NAME("responsible"), NAME("errors")}},
    {15, "MX", {U16("preference"), NAME("exchange")}},
    {16, "TXT", TEXTS},
    {17, "RP", {NAME("mailbox"), NAME("text at")}},
    {18, "AFSDB", {U16("subtype"), NAME("host")}},
    {19, "X25", {STRING("address")}},
    {20, "ISDN", {STRING("address"), {"subaddress", mf_dns__more_string}}},
    {21, "RT", {U16("preference"), NAME("host")}},
    {22, "NSAP", {HEX("address")}},
    {23, "NSAP-PTR", {NAME("name")}},
    {24, "SIG", SIGNATURE},
    {25, "KEY", KEY_FIELDS},
    {26, "PX", {U16("preference"), NAME("map822"), NAME("mapx400")}},
    {27, "GPOS", {STRING("longitude"), STRING("latitude"),
                  STRING("altitude")}},
    {28, "AAAA", {{"address", mf_dns__ipv6}}},
    {29, "LOC", {{"location", mf_dns__location}}},
    {30, "NXT", {NAME("next"), {"types", mf_dns__old_bitmap}}},
    {31, "EID", {HEX("identifier")}},
    {32, "NIMLOC", {HEX("locator")}},
    {33, "SRV", {U16("priority"), U16("weight"), U16("port"),
                 NAME("target")}},
    {34, "ATMA", {U8("format"), HEX("address")}},
    {35, "NAPTR", {U16("order"), U16("preference"), STRING("flags"),
                   STRING("service"), STRING("regexp"),
                   NAME("replacement")}},
    {36, "KX", {U16("preference"), NAME("exchanger")}},
    {37, "CERT", {U16("certificate type"), U16("key tag"),
                  {"algorithm", mf_dns__algorithm}, BASE64("certificate")}},
    {38, "A6", {{"", mf_dns__address6}}},
    {39, "DNAME", {NAME("name")}},
    {40, "SINK", {U8("coding"), U8("subcoding"), HEX("data")}},
    {41, "OPT", {{"", mf_dns__options}}},
    {42, "APL", {{"prefix", mf_dns__prefixes}}},
    {43, "DS", DIGEST},
    {44, "SSHFP", {U8("algorithm"), U8("fingerprint type"),
                   HEX("fingerprint")}},
    {45, "IPSECKEY", {U8("precedence"), {"gateway", mf_dns__gateway},
                      BASE64("key")}},
    {46, "RRSIG", SIGNATURE},
    {47, "NSEC", {NAME("next"), {"types", mf_dns__bitmap}}},
    {48, "DNSKEY", KEY_FIELDS},
    {49, "DHCID", {BASE64("data")}},
    {50, "NSEC3", {U8("hash"), U8("flags"), U16("iterations"),
                   {"salt", mf_dns__salt}, {"next", mf_dns__base32},
                   {"types", mf_dns__bitmap}}},
    {51, "NSEC3PARAM", {U8("hash"), U8("flags"), U16("iterations"),
                        {"salt", mf_dns__salt}}},
    {52, "TLSA", ASSOCIATION},
    {53, "SMIMEA", ASSOCIATION},
    {55, "HIP", {{"", mf_dns__host_identity}}},
    {56, "NINFO", TEXTS},
    {57, "RKEY", KEY_FIELDS},
    {58, "TALINK", {NAME("previous"), NAME("next")}},
    {59, "CDS", DIGEST},
    {60, "CDNSKEY", KEY_FIELDS},
    {61, "OPENPGPKEY", {BASE64("key")}},
    {62, "CSYNC", {U32("serial"), U16("flags"), {"types", mf_dns__bitmap}}},
    {63, "ZONEMD", {U32("serial"), U8("scheme"), U8("hash"), HEX("digest")}},
    {64, "SVCB", SERVICE},
    {65, "HTTPS", SERVICE},
    {99, "SPF", TEXTS},
    {100, "UINFO", TEXTS},
    {101, "UID", {U32("uid")}},
    {102, "GID", {U32("gid")}},
    {103, "UNSPEC", {HEX("data")}},
    {104, "NID", {U16("preference"), {"node", mf_dns__node64}}},
    {105, "L32", {U16("preference"), {"locator", mf_dns__ipv4}}},
    {106, "L64", {U16("preference"), {"locator", mf_dns__node64}}},
    {107, "LP", {U16("preference"), NAME("name")}},
    {108, "EUI48", {{"address", mf_dns__eui}}},
    {109, "EUI64", {{"address", mf_dns__eui}}},
    {249, "TKEY", {NAME("algorithm"), {"inception", mf_dns__when},
                   {"expires", mf_dns__when}, U16("mode"),
                   {"error", mf_dns__status}, {"key", mf_dns__sized_hex},
                   {"other", mf_dns__sized_hex}}},
    {250, "TSIG", {NAME("algorithm"), {"signed", mf_dns__when48},
                   U16("fudge"), {"mac", mf_dns__sized_hex},
                   U16("original id"), {"error", mf_dns__status},
                   {"other", mf_dns__sized_hex}}},
    {251, "IXFR", {HEX("data")}},
    {252, "AXFR", {HEX("data")}},
    {253, "MAILB", {HEX("data")}},
    {254, "MAILA", {HEX("data")}},
    {255, "ANY", {HEX("data")}},
    {256, "URI", {U16("priority"), U16("weight"),
                  {"target", mf_dns__rest_text}}},
    {257, "CAA", {U8("flags"), STRING("tag"), {"value", mf_dns__rest_text}}},
    {258, "AVC", TEXTS},
    {259, "DOA", {U32("enterprise"), U32("object type"), U8("location"),
                  STRING("media type"), BASE64("data")}},
    {260, "AMTRELAY", {U8("precedence"), {"relay", mf_dns__relay}}},
    {32768, "TA", DIGEST},
    {32769, "DLV", DIGEST},
};
/* clang-format on */

const struct mf_dns_type *mf_dns_type(unsigned number)
{
    enum { COUNT = sizeof types / sizeof *types };
    /* The first are all there. */
    if (number && number <= COUNT && types[number - 1].number == number)
        return &types[number - 1];
    size_t low = 0, high = COUNT;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (types[middle].number == number)
            return &types[middle];
        if (types[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct mf_span mf_dns_type_text(const struct mf_dns_type *type, unsigned number,
                                char room[MF_DNS_TYPE_ROOM])
{
    if (type)
        return (struct mf_span){type->name, strlen(type->name)};
    int len = snprintf(room, MF_DNS_TYPE_ROOM, "TYPE%u", number & 0xffff);
    return (struct mf_span){room, (size_t)len};
}

struct named {
    unsigned number;
    const char *name;
};

#define FIND(table, number) find(table, sizeof table / sizeof *table, number)

static const char *find(const struct named *table, size_t count,
                        unsigned number)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].number == number)
            return table[i].name;
    return NULL;
}

const char *mf_dns_class_name(unsigned number)
{
    static const struct named classes[] = {
        {1, "IN"}, {3, "CH"}, {4, "HS"}, {254, "NONE"}, {255, "ANY"},
    };
    return FIND(classes, number);
}

const char *mf_dns_opcode_name(unsigned number)
{
    static const struct named opcodes[] = {
        {0, "QUERY"},  {1, "IQUERY"}, {2, "STATUS"},
        {4, "NOTIFY"}, {5, "UPDATE"}, {6, "DSO"},
    };
    return FIND(opcodes, number);
}

const char *mf_dns_status_name(unsigned number)
{
    static const struct named statuses[] = {
        {0, "NOERROR"},  {1, "FORMERR"}, {2, "SERVFAIL"},  {3, "NXDOMAIN"},
        {4, "NOTIMP"},   {5, "REFUSED"}, {6, "YXDOMAIN"},  {7, "YXRRSET"},
        {8, "NXRRSET"},  {9, "NOTAUTH"}, {10, "NOTZONE"},  {11, "DSOTYPENI"},
        {16, "BADVERS"}, {17, "BADKEY"}, {18, "BADTIME"},  {19, "BADMODE"},
        {20, "BADNAME"}, {21, "BADALG"}, {22, "BADTRUNC"}, {23, "BADCOOKIE"},
    };
    return FIND(statuses, number);
}

const char *mf_dns_algorithm_name(unsigned number)
{
    static const struct named algorithms[] = {
        {1, "RSAMD5"},
        {2, "DH"},
        {3, "DSA"},
        {5, "RSASHA1"},
        {6, "DSA-NSEC3-SHA1"},
        {7, "RSASHA1-NSEC3-SHA1"},
        {8, "RSASHA256"},
        {10, "RSASHA512"},
        {12, "ECC-GOST"},
        {13, "ECDSAP256SHA256"},
        {14, "ECDSAP384SHA384"},
        {15, "ED25519"},
        {16, "ED448"},
        {252, "INDIRECT"},
        {253, "PRIVATEDNS"},
        {254, "PRIVATEOID"},
    };
    return FIND(algorithms, number);
}

const char *mf_dns_error_info(unsigned number)
{
    static const char *const infos[] = {
        "other error",
        "unsupported DNSKEY algorithm",
        "unsupported DS digest type",
        "stale answer",
        "forged answer",
        "DNSSEC indeterminate",
        "DNSSEC bogus",
        "signature expired",
        "signature not yet valid",
        "DNSKEY missing",
        "RRSIGs missing",
        "no zone key bit set",
        "NSEC missing",
        "cached error",
        "not ready",
        "blocked",
        "censored",
        "filtered",
        "prohibited",
        "stale NXDOMAIN answer",
        "not authoritative",
        "not supported",
        "no reachable authority",
        "network error",
        "invalid data",
        "signature expired before valid",
        "too early",
        "unsupported NSEC3 iterations value",
        "unable to conform to policy",
        "synthesized",
        "invalid query type",
    };
    return number < sizeof infos / sizeof *infos ? infos[number] : NULL;
}
