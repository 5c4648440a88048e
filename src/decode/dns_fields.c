/* Fields of DNS records: building them, and reading the simple ones. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/error.h"
#include "codec/base64.h"
#include "codec/dns_name.h"
#include "decode/dns_record.h"
#include "decode/value.h"

/* All of a record of 64 KiB as \DDD, twice, and names of fields; only
 * compressed names where there should be none come to more. */
enum { TEXT_MAX_LEN = 2 << 20 };

void mf_dns_data_init(struct mf_dns_data *data, struct mf_span message)
{
    *data = (struct mf_dns_data){.message = message};
    mf_buf_init(&data->text, TEXT_MAX_LEN);
}

void mf_dns_data_release(struct mf_dns_data *data)
{
    mf_buf_release(&data->text);
    free(data->fields);
    data->fields = NULL;
}

/* Most records have few fields, and short text. */
static int make_room(struct mf_dns_data *data)
{
    enum { FIRST_LEN = 1024 };
    return data->text.cap ? 0 : mf_buf_reserve(&data->text, FIRST_LEN);
}

int mf_dns_data_read(struct mf_dns_data *data, unsigned type,
                     struct mf_span bytes)
{
    static const struct mf_dns_field_type unknown = {"data", mf_dns__rest_hex};
    const struct mf_dns_type *known = mf_dns_type(type);
    const struct mf_dns_field_type *field = known ? known->fields : &unknown;
    data->at = mf_cursor_make(bytes.text, bytes.len);
    data->error = make_room(data);
    data->count = 0;
    mf_buf_clear(&data->text);
    for (size_t i = 0; i < MF_DNS_FIELDS_MAX && field[i].read; i++) {
        field[i].read(data, field[i].name);
        if (data->error || data->at.error || !known)
            break;
    }
    return data->error ? data->error : data->at.error;
}

struct mf_span mf_dns_data_piece(const struct mf_dns_data *data,
                                 struct mf_dns_piece piece)
{
    if (!piece.len)
        return (struct mf_span){"", 0};
    return (struct mf_span){(const char *)data->text.data + piece.at,
                            piece.len};
}

void mf_dns__put(struct mf_dns_data *data, const void *text, size_t len)
{
    if (!data->error)
        data->error = mf_buf_append(&data->text, text, len);
}

void mf_dns__putf(struct mf_dns_data *data, const char *format, ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len > 0)
        mf_dns__put(data, text,
                    (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

static struct mf_dns_piece put_piece(struct mf_dns_data *data, const char *text)
{
    struct mf_dns_piece piece = {data->text.len, text ? strlen(text) : 0};
    mf_dns__put(data, text, piece.len);
    return piece;
}

void mf_dns__begin(struct mf_dns_data *data, enum mf_node_kind kind,
                   const char *name)
{
    if (data->error)
        return;
    if (data->count == data->cap) {
        struct mf_dns_field *fields = mf_array_grow(
            data->fields, data->count, &data->cap, sizeof *data->fields);
        if (!fields) {
            data->error = MF_ENOMEM;
            return;
        }
        data->fields = fields;
    }
    struct mf_dns_field *field = &data->fields[data->count];
    *field = (struct mf_dns_field){
        .kind = kind,
        .name = put_piece(data, name),
        .text.at = data->text.len,
        .offset = (size_t)((const char *)data->at.at - data->message.text),
    };
    data->count += !data->error;
}

void mf_dns__end(struct mf_dns_data *data, const char *also)
{
    if (data->error)
        return;
    struct mf_dns_field *field = &data->fields[data->count - 1];
    field->text.len = data->text.len - field->text.at;
    field->len = (size_t)((const char *)data->at.at - data->message.text) -
                 field->offset;
    if (data->at.error && !field->text.len)
        data->count--;
    else
        field->also = put_piece(data, also);
}

static void put_decimal(struct mf_dns_data *data, uint64_t value)
{
    char room[MF_VALUE_ROOM];
    struct mf_span digits = mf_value_unsigned(value, room);
    mf_dns__put(data, digits.text, digits.len);
}

static void put_number(struct mf_dns_data *data, const char *name,
                       uint64_t value, const char *also)
{
    mf_dns__begin(data, MF_NODE_NUMBER, name);
    if (!data->at.error)
        put_decimal(data, value);
    mf_dns__end(data, also);
}

/* A number whose bytes are counted to the field. */
static void read_number(struct mf_dns_data *data, const char *name, size_t len)
{
    mf_dns__begin(data, MF_NODE_NUMBER, name);
    const uint8_t *bytes = mf_cursor_bytes(&data->at, len);
    uint64_t value = 0;
    for (size_t i = 0; bytes && i < len; i++)
        value = value << 8 | bytes[i];
    if (bytes)
        put_decimal(data, value);
    mf_dns__end(data, NULL);
}

void mf_dns__u8(struct mf_dns_data *data, const char *name)
{
    read_number(data, name, 1);
}

void mf_dns__u16(struct mf_dns_data *data, const char *name)
{
    read_number(data, name, 2);
}

void mf_dns__u32(struct mf_dns_data *data, const char *name)
{
    read_number(data, name, 4);
}

static void put_span_of_time(char *text, size_t max, uint32_t seconds)
{
    static const struct {
        uint32_t seconds;
        char unit;
    } units[] = {{604800, 'w'}, {86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        uint32_t count = seconds / units[i].seconds;
        seconds %= units[i].seconds;
        if (count && len < max)
            len += (size_t)snprintf(text + len, max - len, "%s%u %c",
                                    len ? " " : "", count, units[i].unit);
    }
}

void mf_dns__seconds(struct mf_dns_data *data, const char *name)
{
    char also[64];
    mf_dns__begin(data, MF_NODE_NUMBER, name);
    uint32_t seconds = mf_cursor_be32(&data->at);
    if (!data->at.error)
        put_decimal(data, seconds);
    put_span_of_time(also, sizeof also, seconds);
    mf_dns__end(data, also);
}

static void put_time(struct mf_dns_data *data, uint64_t seconds)
{
    struct tm tm;
    char text[40];
    time_t at = (time_t)seconds;
    size_t len = 0;
    if (!data->at.error && gmtime_r(&at, &tm))
        len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (len)
        mf_dns__put(data, text, len);
    else if (!data->at.error)
        put_decimal(data, seconds);
    mf_dns__end(data, NULL);
}

void mf_dns__when(struct mf_dns_data *data, const char *name)
{
    mf_dns__begin(data, MF_NODE_TIME, name);
    put_time(data, mf_cursor_be32(&data->at));
}

void mf_dns__when48(struct mf_dns_data *data, const char *name)
{
    mf_dns__begin(data, MF_NODE_TIME, name);
    uint64_t high = mf_cursor_be16(&data->at);
    put_time(data, high << 32 | mf_cursor_be32(&data->at));
}

void mf_dns__put_name(struct mf_dns_data *data, struct mf_cursor *at)
{
    char text[MF_DNS_NAME_TEXT_MAX];
    struct mf_dns_text out = {.text = text, .max = sizeof text};
    int rc = mf_dns_put_name(at, data->message, &out);
    if (rc != 0)
        mf_cursor_fail(at, rc);
    mf_dns__put(data, text, out.len);
}

void mf_dns__name(struct mf_dns_data *data, const char *name)
{
    mf_dns__begin(data, MF_NODE_TEXT, name);
    mf_dns__put_name(data, &data->at);
    mf_dns__end(data, NULL);
}

void mf_dns__put_address(struct mf_dns_data *data, int family,
                         const uint8_t *bytes)
{
    char text[INET6_ADDRSTRLEN];
    if (bytes && family == AF_INET) {
        for (int i = 0; i < 4; i++) {
            if (i)
                mf_dns__put(data, ".", 1);
            put_decimal(data, bytes[i]);
        }
        return;
    }
    if (bytes && inet_ntop(family, bytes, text, sizeof text))
        mf_dns__put(data, text, strlen(text));
}

void mf_dns__ipv4(struct mf_dns_data *data, const char *name)
{
    mf_dns__begin(data, MF_NODE_TEXT, name);
    mf_dns__put_address(data, AF_INET, mf_cursor_bytes(&data->at, 4));
    mf_dns__end(data, NULL);
}

void mf_dns__ipv6(struct mf_dns_data *data, const char *name)
{
    mf_dns__begin(data, MF_NODE_TEXT, name);
    mf_dns__put_address(data, AF_INET6, mf_cursor_bytes(&data->at, 16));
    mf_dns__end(data, NULL);
}

void mf_dns__put_escaped(struct mf_dns_data *data, const uint8_t *bytes,
                         size_t len)
{
    char text[1024];
    struct mf_dns_text out = {.text = text, .max = sizeof text};
    for (size_t i = 0; bytes && i < len; i++) {
        if (out.max - out.len < 4) {
            mf_dns__put(data, text, out.len);
            out.len = 0;
        }
        mf_dns_put_byte(&out, bytes[i], "\"\\");
    }
    mf_dns__put(data, text, out.len);
}

static void quoted(struct mf_dns_data *data, const char *name, size_t len)
{
    mf_dns__begin(data, MF_NODE_TEXT, name);
    if (data->error)
        return;
    data->fields[data->count - 1].style = MF_DNS_QUOTED;
    if (len > mf_cursor_left(&data->at)) {
        /* What came of it. */
        mf_dns__put_escaped(data, data->at.at, mf_cursor_left(&data->at));
        mf_cursor_fail(&data->at, MF_ETRUNC);
    } else {
        mf_dns__put_escaped(data, mf_cursor_bytes(&data->at, len), len);
    }
    mf_dns__end(data, NULL);
}

void mf_dns__string(struct mf_dns_data *data, const char *name)
{
    size_t len = mf_cursor_u8(&data->at);
    if (!data->at.error)
        quoted(data, name, len);
}

void mf_dns__more_string(struct mf_dns_data *data, const char *name)
{
    if (!mf_cursor_done(&data->at))
        mf_dns__string(data, name);
}

void mf_dns__strings(struct mf_dns_data *data, const char *name)
{
    while (!data->error && !mf_cursor_done(&data->at))
        mf_dns__string(data, name);
}

void mf_dns__rest_text(struct mf_dns_data *data, const char *name)
{
    quoted(data, name, mf_cursor_left(&data->at));
}

void mf_dns__put_hex(struct mf_dns_data *data, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char text[512];
    size_t used = 0;
    for (size_t i = 0; bytes && i < len; i++) {
        if (used == sizeof text) {
            mf_dns__put(data, text, used);
            used = 0;
        }
        text[used++] = digits[bytes[i] >> 4];
        text[used++] = digits[bytes[i] & 15];
    }
    mf_dns__put(data, text, used);
}

void mf_dns__put_rest_escaped(struct mf_dns_data *data, struct mf_cursor *value)
{
    size_t len = mf_cursor_left(value);
    mf_dns__put_escaped(data, mf_cursor_bytes(value, len), len);
}

void mf_dns__put_rest_hex(struct mf_dns_data *data, struct mf_cursor *value)
{
    size_t len = mf_cursor_left(value);
    mf_dns__put_hex(data, mf_cursor_bytes(value, len), len);
}

void mf_dns__put_base64(struct mf_dns_data *data, const uint8_t *bytes,
                        size_t len)
{
    if (!data->error && bytes)
        data->error = mf_base64_encode(bytes, len, true, &data->text);
}

void mf_dns__rest_hex(struct mf_dns_data *data, const char *name)
{
    size_t len = mf_cursor_left(&data->at);
    if (!len)
        return;
    mf_dns__begin(data, MF_NODE_TEXT, name);
    mf_dns__put_hex(data, mf_cursor_bytes(&data->at, len), len);
    mf_dns__end(data, NULL);
}

void mf_dns__rest_base64(struct mf_dns_data *data, const char *name)
{
    size_t len = mf_cursor_left(&data->at);
    mf_dns__begin(data, MF_NODE_TEXT, name);
    mf_dns__put_base64(data, mf_cursor_bytes(&data->at, len), len);
    mf_dns__end(data, NULL);
}

void mf_dns__salt(struct mf_dns_data *data, const char *name)
{
    mf_dns__begin(data, MF_NODE_TEXT, name);
    uint8_t len = mf_cursor_u8(&data->at);
    if (len == 0 && !data->at.error)
        mf_dns__put(data, "-", 1);
    mf_dns__put_hex(data, mf_cursor_bytes(&data->at, len), len);
    mf_dns__end(data, NULL);
}

/* RFC 4648's "extended hex" alphabet, without padding (RFC 5155). */
void mf_dns__base32(struct mf_dns_data *data, const char *name)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    mf_dns__begin(data, MF_NODE_TEXT, name);
    uint8_t len = mf_cursor_u8(&data->at);
    const uint8_t *bytes = mf_cursor_bytes(&data->at, len);
    unsigned bits = 0;
    uint32_t held = 0;
    for (size_t i = 0; bytes && i < len; i++) {
        held = held << 8 | bytes[i];
        for (bits += 8; bits >= 5; bits -= 5)
            mf_dns__put(data, &digits[held >> (bits - 5) & 31], 1);
    }
    if (bits)
        mf_dns__put(data, &digits[held << (5 - bits) & 31], 1);
    mf_dns__end(data, NULL);
}

void mf_dns__type(struct mf_dns_data *data, const char *name)
{
    char room[MF_DNS_TYPE_ROOM];
    mf_dns__begin(data, MF_NODE_ENUM, name);
    unsigned number = mf_cursor_be16(&data->at);
    struct mf_span text = mf_dns_type_text(number, room);
    if (!data->at.error)
        mf_dns__put(data, text.text, text.len);
    mf_dns__end(data, NULL);
}

void mf_dns__algorithm(struct mf_dns_data *data, const char *name)
{
    unsigned number = data->at.at < data->at.end ? *data->at.at : 0;
    mf_dns__u8(data, name);
    const char *also = mf_dns_algorithm_name(number);
    if (also && !data->error && !data->at.error)
        data->fields[data->count - 1].also = put_piece(data, also);
}

/* Hex with a separator after each `group` bytes. */
static void separated(struct mf_dns_data *data, const char *name, size_t len,
                      size_t group, char separator)
{
    mf_dns__begin(data, MF_NODE_TEXT, name);
    const uint8_t *bytes = mf_cursor_bytes(&data->at, len);
    for (size_t i = 0; bytes && i < len; i += group) {
        if (i)
            mf_dns__put(data, &separator, 1);
        mf_dns__put_hex(data, bytes + i, group);
    }
    mf_dns__end(data, NULL);
}

void mf_dns__eui(struct mf_dns_data *data, const char *name)
{
    separated(data, name, mf_cursor_left(&data->at) == 8 ? 8 : 6, 1, '-');
}

void mf_dns__node64(struct mf_dns_data *data, const char *name)
{
    separated(data, name, 8, 2, ':');
}

void mf_dns__sized_hex(struct mf_dns_data *data, const char *name)
{
    mf_dns__begin(data, MF_NODE_TEXT, name);
    uint16_t len = mf_cursor_be16(&data->at);
    mf_dns__put_hex(data, mf_cursor_bytes(&data->at, len), len);
    mf_dns__end(data, NULL);
}

void mf_dns__status(struct mf_dns_data *data, const char *name)
{
    unsigned number = mf_cursor_be16(&data->at);
    const char *also = mf_dns_status_name(number);
    put_number(data, name, number, also);
}

static int join_one(struct mf_dns_data *data, const struct mf_dns_field *field,
                    bool is_first)
{
    struct mf_buf *text = &data->text;
    bool is_quoted = field->style == MF_DNS_QUOTED;
    /* Pieces of `text` move when it grows: make room first. */
    int rc = mf_buf_reserve(text, field->name.len + field->text.len + 4);
    if (rc != 0)
        return rc;
    if (!is_first)
        mf_buf_append_byte(text, ' ');
    if (field->style == MF_DNS_NAMED) {
        mf_buf_append(text, text->data + field->name.at, field->name.len);
        if (field->text.len)
            mf_buf_append_byte(text, '=');
    }
    if (is_quoted)
        mf_buf_append_byte(text, '"');
    mf_buf_append(text, text->data + field->text.at, field->text.len);
    if (is_quoted)
        mf_buf_append_byte(text, '"');
    return 0;
}

int mf_dns_data_text(struct mf_dns_data *data, struct mf_span *ret_text)
{
    struct mf_dns_piece piece = {.at = data->text.len};
    for (size_t i = 0; i < data->count; i++) {
        if (data->fields[i].style == MF_DNS_PLAIN && !data->fields[i].text.len)
            continue;
        int rc = join_one(data, &data->fields[i], data->text.len == piece.at);
        if (rc != 0)
            return rc;
    }
    piece.len = data->text.len - piece.at;
    *ret_text = mf_dns_data_piece(data, piece);
    return 0;
}
