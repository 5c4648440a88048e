/* DNS messages in .mitm files, both ways. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/mitm.h"

/* Numbers of DNSMessage, DNSQuestion and DNSResourceRecord. */
enum {
    PACKED = 1,
    QUESTIONS = 2,
    SECTIONS = 4,
    MESSAGE_ID = 6,
    QUERY = 7,
    OP_CODE = 8,
    AUTHORITATIVE = 9,
    RESPONSE_CODE = 100,
    TRUNCATION = 101,
    RECURSION_DESIRED = 102,
    RECURSION_AVAILABLE = 103,
    TIMESTAMP = 104,
    ENTRY_NAME = 1,
    ENTRY_TYPE = 2,
    ENTRY_CLASS = 3,
    ENTRY_TTL = 4,
    ENTRY_DATA = 5,
};

static const char *const section_names[SECTIONS] = {
    "questions", "answers", "authorities", "additionals"};

/* As mitmproxy names them. */
static const struct mf_mitm_name types[] = {
    {"A", 1},         {"NS", 2},      {"MD", 3},          {"MF", 4},
    {"CNAME", 5},     {"SOA", 6},     {"MB", 7},          {"MG", 8},
    {"MR", 9},        {"NULL", 10},   {"WKS", 11},        {"PTR", 12},
    {"HINFO", 13},    {"MINFO", 14},  {"MX", 15},         {"TXT", 16},
    {"RP", 17},       {"AFSDB", 18},  {"X25", 19},        {"ISDN", 20},
    {"RT", 21},       {"NSAP", 22},   {"NSAP_PTR", 23},   {"SIG", 24},
    {"KEY", 25},      {"PX", 26},     {"GPOS", 27},       {"AAAA", 28},
    {"LOC", 29},      {"NXT", 30},    {"EID", 31},        {"NIMLOC", 32},
    {"SRV", 33},      {"ATMA", 34},   {"NAPTR", 35},      {"KX", 36},
    {"CERT", 37},     {"A6", 38},     {"DNAME", 39},      {"SINK", 40},
    {"OPT", 41},      {"APL", 42},    {"DS", 43},         {"SSHFP", 44},
    {"IPSECKEY", 45}, {"RRSIG", 46},  {"NSEC", 47},       {"DNSKEY", 48},
    {"DHCID", 49},    {"NSEC3", 50},  {"NSEC3PARAM", 51}, {"TLSA", 52},
    {"SMIMEA", 53},   {"HIP", 55},    {"NINFO", 56},      {"RKEY", 57},
    {"TALINK", 58},   {"CDS", 59},    {"CDNSKEY", 60},    {"OPENPGPKEY", 61},
    {"CSYNC", 62},    {"ZONEMD", 63}, {"SVCB", 64},       {"HTTPS", 65},
    {"SPF", 99},      {"UINFO", 100}, {"UID", 101},       {"GID", 102},
    {"UNSPEC", 103},  {"NID", 104},   {"L32", 105},       {"L64", 106},
    {"LP", 107},      {"EUI48", 108}, {"EUI64", 109},     {"TKEY", 249},
    {"TSIG", 250},    {"IXFR", 251},  {"AXFR", 252},      {"MAILB", 253},
    {"MAILA", 254},   {"ANY", 255},   {"URI", 256},       {"CAA", 257},
    {"AVC", 258},     {"DOA", 259},   {"AMTRELAY", 260},  {"TA", 32768},
    {"DLV", 32769},   {NULL, 0},
};
static const struct mf_mitm_name classes[] = {
    {"IN", 1}, {"CH", 3}, {"HS", 4}, {"NONE", 254}, {"ANY", 255}, {NULL, 0},
};

/* "TYPE(65534)" has its number in it. */
static int64_t code_of(const struct mf_mitm_name *names, struct mf_span text)
{
    int64_t code = mf_mitm_number_of(names, text);
    if (code)
        return code;
    for (size_t i = 0; i < text.len; i++)
        if (text.text[i] >= '0' && text.text[i] <= '9' && code <= 0xffff)
            code = code * 10 + (text.text[i] - '0');
    return code & 0xffff;
}

/* ---- writing ---- */

static void put_int(struct mf_mitm_writer *writer, const char *key,
                    int64_t value)
{
    mf_mitm_put_key(writer, key);
    mf_tnet_put_int(&writer->out, value);
}

static void put_bool(struct mf_mitm_writer *writer, const char *key,
                     const struct mf_mitm_fields *fields, uint32_t number)
{
    mf_mitm_put_key(writer, key);
    mf_tnet_put_bool(&writer->out, mf_mitm_uint(fields, number));
}

static void put_entry(struct mf_mitm_writer *writer, struct mf_span entry,
                      bool is_record)
{
    struct mf_mitm_fields fields;
    mf_mitm_read_fields(entry, &fields);
    struct mf_tnet_mark mark = mf_tnet_begin(&writer->out);
    mf_mitm_put_key(writer, "name");
    mf_tnet_put_text(&writer->out, mf_mitm_span(&fields, ENTRY_NAME));
    put_int(writer, "type", code_of(types, mf_mitm_span(&fields, ENTRY_TYPE)));
    put_int(writer, "class_",
            code_of(classes, mf_mitm_span(&fields, ENTRY_CLASS)));
    if (is_record) {
        put_int(writer, "ttl", (int64_t)mf_mitm_uint(&fields, ENTRY_TTL));
        mf_mitm_put_key(writer, "data");
        mf_tnet_put_bytes(&writer->out, mf_mitm_span(&fields, ENTRY_DATA));
    }
    mf_tnet_end(&writer->out, mark, MF_TNET_DICT);
}

static void put_section(struct mf_mitm_writer *writer,
                        const struct mf_mitm_fields *message, uint32_t section)
{
    struct mf_wire_field field;
    struct mf_cursor cursor =
        mf_cursor_make(message->message.text, message->message.len);
    mf_mitm_put_key(writer, section_names[section]);
    struct mf_tnet_mark mark = mf_tnet_begin(&writer->out);
    while (mf_wire_next(&cursor, &field))
        if (field.number == QUESTIONS + section && field.type == MF_WIRE_LEN)
            put_entry(writer,
                      (struct mf_span){(const char *)field.data, field.len},
                      section > 0);
    mf_tnet_end(&writer->out, mark, MF_TNET_LIST);
}

/* Three bits that only the packed message tells. */
static int64_t reserved_of(struct mf_span packed)
{
    enum { FLAGS_LOW = 3, SHIFT = 4, MASK = 7 };
    return packed.len > FLAGS_LOW
               ? (uint8_t)packed.text[FLAGS_LOW] >> SHIFT & MASK
               : 0;
}

static void put_message(struct mf_mitm_writer *writer, struct mf_span message)
{
    struct mf_mitm_fields fields;
    mf_mitm_read_fields(message, &fields);
    struct mf_tnet_mark mark = mf_tnet_begin(&writer->out);
    put_int(writer, "id", (int64_t)mf_mitm_uint(&fields, MESSAGE_ID));
    put_bool(writer, "query", &fields, QUERY);
    put_int(writer, "op_code", (int64_t)mf_mitm_uint(&fields, OP_CODE));
    put_bool(writer, "authoritative_answer", &fields, AUTHORITATIVE);
    put_bool(writer, "truncation", &fields, TRUNCATION);
    put_bool(writer, "recursion_desired", &fields, RECURSION_DESIRED);
    put_bool(writer, "recursion_available", &fields, RECURSION_AVAILABLE);
    put_int(writer, "reserved", reserved_of(mf_mitm_span(&fields, PACKED)));
    put_int(writer, "response_code",
            (int64_t)mf_mitm_uint(&fields, RESPONSE_CODE));
    for (uint32_t i = 0; i < SECTIONS; i++)
        put_section(writer, &fields, i);
    mf_mitm_put_seconds(writer, "timestamp", &fields, TIMESTAMP);
    mf_tnet_end(&writer->out, mark, MF_TNET_DICT);
}

void mf_mitm_put_dns(struct mf_mitm_writer *writer,
                     const struct mf_mitm_fields *own)
{
    enum { REQUEST = 2, RESPONSE = 3 };
    mf_mitm_put_key(writer, "request");
    put_message(writer, mf_mitm_span(own, REQUEST));
    mf_mitm_put_key(writer, "response");
    if (mf_mitm_has(own, RESPONSE))
        put_message(writer, mf_mitm_span(own, RESPONSE));
    else
        mf_tnet_put_null(&writer->out);
}

/* ---- reading ---- */

static int64_t get_int(struct mf_tnet dict, const char *key, int64_t max)
{
    int64_t value = 0;
    mf_tnet_int(mf_tnet_find(dict, key), &value);
    return value >= 0 && value <= max ? value : 0;
}

static bool get_bool(struct mf_tnet dict, const char *key)
{
    return mf_tnet_is_true(mf_tnet_find(dict, key));
}

static int put_be(struct mf_buf *out, uint64_t value, unsigned width)
{
    int rc = 0;
    while (!rc && width--)
        rc = mf_buf_append_byte(out, (uint8_t)(value >> 8 * width));
    return rc;
}

/* Labels of plain characters only, as an exporter packs them. */
static int pack_name(struct mf_buf *out, struct mf_span name)
{
    enum { LABEL_MAX_LEN = 63 };
    int rc = 0;
    for (size_t at = 0; !rc && name.len && at <= name.len;) {
        const char *dot = memchr(name.text + at, '.', name.len - at);
        size_t len = dot ? (size_t)(dot - name.text) - at : name.len - at;
        if (len == 0 || len > LABEL_MAX_LEN)
            return MF_EUNSUPPORTED;
        for (size_t i = at; i < at + len; i++)
            if ((uint8_t)name.text[i] >= 0x80)
                return MF_EUNSUPPORTED;
        rc = put_be(out, len, 1);
        rc = rc ? rc : mf_buf_append(out, name.text + at, len);
        at += len + 1;
    }
    return rc ? rc : put_be(out, 0, 1);
}

static int pack_entry(struct mf_buf *out, struct mf_tnet entry, bool is_record)
{
    struct mf_span data = mf_tnet_text(mf_tnet_find(entry, "data"));
    int rc = pack_name(out, mf_tnet_text(mf_tnet_find(entry, "name")));
    rc = rc ? rc : put_be(out, (uint64_t)get_int(entry, "type", 0xffff), 2);
    rc = rc ? rc : put_be(out, (uint64_t)get_int(entry, "class_", 0xffff), 2);
    if (rc || !is_record)
        return rc;
    if (data.len > 0xffff)
        return MF_EUNSUPPORTED;
    rc = put_be(out, (uint64_t)get_int(entry, "ttl", UINT32_MAX), 4);
    rc = rc ? rc : put_be(out, data.len, 2);
    return rc ? rc : mf_buf_append(out, data.text, data.len);
}

static uint64_t flags_of(struct mf_tnet message)
{
    return (uint64_t)get_int(message, "op_code", 15) << 11 |
           (uint64_t)get_int(message, "reserved", 7) << 4 |
           (uint64_t)get_int(message, "response_code", 15) |
           (get_bool(message, "query") ? 0 : 1u << 15) |
           (get_bool(message, "authoritative_answer") ? 1u << 10 : 0) |
           (get_bool(message, "truncation") ? 1u << 9 : 0) |
           (get_bool(message, "recursion_desired") ? 1u << 8 : 0) |
           (get_bool(message, "recursion_available") ? 1u << 7 : 0);
}

static size_t count_items(struct mf_tnet list)
{
    struct mf_tnet item;
    struct mf_cursor cursor = mf_tnet_inside(list);
    size_t count = 0;
    while (mf_tnet_next(&cursor, &item))
        count++;
    return count;
}

/* The message as bytes; MF_EUNSUPPORTED: it cannot be packed. */
static int pack(struct mf_buf *out, struct mf_tnet message)
{
    struct mf_tnet entry;
    int rc = put_be(out, (uint64_t)get_int(message, "id", 0xffff), 2);
    rc = rc ? rc : put_be(out, flags_of(message), 2);
    for (int i = 0; !rc && i < SECTIONS; i++) {
        size_t count = count_items(mf_tnet_find(message, section_names[i]));
        rc = count > 0xffff ? MF_EUNSUPPORTED : put_be(out, count, 2);
    }
    for (int i = 0; !rc && i < SECTIONS; i++) {
        struct mf_cursor cursor =
            mf_tnet_inside(mf_tnet_find(message, section_names[i]));
        while (!rc && mf_tnet_next(&cursor, &entry))
            rc = pack_entry(out, entry, i > 0);
    }
    return rc;
}

static void take_code(struct mf_mitm_reader *reader, uint32_t number,
                      const struct mf_mitm_name *names, const char *other,
                      int64_t code)
{
    char text[24];
    const char *name = mf_mitm_name_of(names, (uint64_t)code);
    if (!name) {
        snprintf(text, sizeof text, "%s(%d)", other, (int)code);
        name = text;
    }
    mf_mitm_take_span(reader, number, (struct mf_span){name, strlen(name)});
}

static void take_entry(struct mf_mitm_reader *reader, uint32_t number,
                       struct mf_tnet entry, bool is_record)
{
    size_t mark = mf_mitm_begin(reader, number);
    mf_mitm_take_text(reader, ENTRY_NAME, mf_tnet_find(entry, "name"));
    take_code(reader, ENTRY_TYPE, types, "TYPE",
              get_int(entry, "type", 0xffff));
    take_code(reader, ENTRY_CLASS, classes, "CLASS",
              get_int(entry, "class_", 0xffff));
    if (is_record) {
        mf_mitm_take_int(reader, ENTRY_TTL, mf_tnet_find(entry, "ttl"));
        mf_mitm_take_span(reader, ENTRY_DATA,
                          mf_tnet_text(mf_tnet_find(entry, "data")));
    }
    mf_mitm_end(reader, mark);
}

static void take_packed(struct mf_mitm_reader *reader, struct mf_tnet message)
{
    struct mf_buf *packed = &reader->scratch;
    mf_buf_clear(packed);
    int rc = pack(packed, message);
    if (!rc)
        mf_mitm_take_span(reader, PACKED,
                          (struct mf_span){(char *)packed->data, packed->len});
    else if (rc != MF_EUNSUPPORTED && !reader->error)
        reader->error = rc;
}

static void take_message(struct mf_mitm_reader *reader, uint32_t number,
                         struct mf_tnet message)
{
    static const struct {
        const char *key;
        uint32_t number;
        bool is_bool;
    } members[] = {
        {"id", MESSAGE_ID, false},
        {"query", QUERY, true},
        {"op_code", OP_CODE, false},
        {"authoritative_answer", AUTHORITATIVE, true},
        {"response_code", RESPONSE_CODE, false},
        {"truncation", TRUNCATION, true},
        {"recursion_desired", RECURSION_DESIRED, true},
        {"recursion_available", RECURSION_AVAILABLE, true},
    };
    struct mf_tnet entry;
    if (!mf_tnet_is_set(message))
        return;
    size_t mark = mf_mitm_begin(reader, number);
    take_packed(reader, message);
    for (uint32_t i = 0; i < SECTIONS; i++) {
        struct mf_cursor cursor =
            mf_tnet_inside(mf_tnet_find(message, section_names[i]));
        while (mf_tnet_next(&cursor, &entry))
            take_entry(reader, QUESTIONS + i, entry, i > 0);
    }
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct mf_tnet value = mf_tnet_find(message, members[i].key);
        if (members[i].is_bool)
            mf_mitm_take_bool(reader, members[i].number, value);
        else
            mf_mitm_take_int(reader, members[i].number, value);
    }
    mf_mitm_take_seconds(reader, TIMESTAMP, mf_tnet_find(message, "timestamp"));
    mf_mitm_end(reader, mark);
}

void mf_mitm_take_dns(struct mf_mitm_reader *reader, struct mf_tnet flow)
{
    enum { REQUEST = 2, RESPONSE = 3 };
    take_message(reader, REQUEST, mf_tnet_find(flow, "request"));
    take_message(reader, RESPONSE, mf_tnet_find(flow, "response"));
}
