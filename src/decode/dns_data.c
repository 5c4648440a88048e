/* The data of a DNS record while it is read: its fields and their text. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Most records have few fields, and short text: of a size that malloc() gives
 * again at once. */
static int make_room(struct mf_dns_data *data)
{
    enum { FIRST_LEN = 1024, FIRST_FIELDS = FIRST_LEN / sizeof *data->fields };
    if (data->cap)
        return 0;
    data->fields = malloc(FIRST_FIELDS * sizeof *data->fields);
    if (!data->fields)
        return MF_ENOMEM;
    data->cap = FIRST_FIELDS;
    return mf_buf_reserve(&data->text, FIRST_LEN);
}

int mf_dns_data_read(struct mf_dns_data *data, const struct mf_dns_type *type,
                     struct mf_span bytes)
{
    static const struct mf_dns_field_type unknown[] = {
        {"data", mf_dns__rest_hex}, {NULL, NULL}};
    const struct mf_dns_field_type *field = type ? type->fields : unknown;
    data->at = mf_cursor_make(bytes.text, bytes.len);
    data->error = make_room(data);
    data->count = 0;
    mf_buf_clear(&data->text);
    for (size_t i = 0; i < MF_DNS_FIELDS_MAX && field[i].read; i++) {
        field[i].read(data, field[i].name);
        if (data->error || data->at.error)
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

void mf_dns__put_slowly(struct mf_dns_data *data, const void *text, size_t len)
{
    if (!data->error)
        data->error = mf_buf_append(&data->text, text, len);
}

void mf_dns__put_number(struct mf_dns_data *data, uint64_t number)
{
    char room[MF_VALUE_ROOM];
    struct mf_span digits = mf_value_unsigned(number, room);
    mf_dns__put(data, digits.text, digits.len);
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

struct mf_dns_piece mf_dns__put_piece(struct mf_dns_data *data,
                                      const char *text)
{
    struct mf_dns_piece piece = {(uint32_t)data->text.len,
                                 (uint32_t)strlen(text)};
    mf_dns__put(data, text, piece.len);
    return piece;
}

/* How much of the message is read. */
static uint32_t offset(const struct mf_dns_data *data)
{
    return (uint32_t)((const char *)data->at.at - data->message.text);
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
        .name = mf_dns__put_piece(data, name),
        .text.at = (uint32_t)data->text.len,
        .offset = offset(data),
    };
    data->count += !data->error;
}

void mf_dns__end(struct mf_dns_data *data, const char *also)
{
    if (data->error)
        return;
    struct mf_dns_field *field = &data->fields[data->count - 1];
    field->text.len = (uint32_t)data->text.len - field->text.at;
    field->len = offset(data) - field->offset;
    if (data->at.error && !field->text.len)
        data->count--;
    else if (also)
        field->also = mf_dns__put_piece(data, also);
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

/* Nothing in it is to be escaped. Without a branch, so that many bytes are
 * looked at at once. */
static bool is_plain(const uint8_t *bytes, size_t len)
{
    unsigned odd = 0;
    for (size_t i = 0; i < len; i++)
        odd |= (unsigned)(bytes[i] < 0x20) | (bytes[i] >= 0x7f) |
               (bytes[i] == '"') | (bytes[i] == '\\');
    return !odd;
}

void mf_dns__put_escaped(struct mf_dns_data *data, const uint8_t *bytes,
                         size_t len)
{
    char text[1024];
    struct mf_dns_text out = {.text = text, .max = sizeof text};
    if (bytes && is_plain(bytes, len)) {
        mf_dns__put(data, bytes, len);
        return;
    }
    for (size_t i = 0; bytes && i < len; i++) {
        if (out.max - out.len < 4) {
            mf_dns__put(data, text, out.len);
            out.len = 0;
        }
        mf_dns_put_byte(&out, bytes[i], "\"\\");
    }
    mf_dns__put(data, text, out.len);
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

/* Behind the text, which has room for it. */
static void copy(struct mf_dns_data *data, struct mf_span text)
{
    memcpy(data->text.data + data->text.len, text.text, text.len);
    data->text.len += text.len;
}

static int join_one(struct mf_dns_data *data, const struct mf_dns_field *field,
                    bool is_first)
{
    const struct mf_span quote =
        field->style == MF_DNS_QUOTED ? MF_SPAN("\"") : MF_SPAN_NONE;
    /* Pieces of the text move when it grows: make room first. */
    int rc = mf_buf_reserve(&data->text, field->name.len + field->text.len + 4);
    if (rc != 0)
        return rc;
    if (!is_first)
        copy(data, MF_SPAN(" "));
    if (field->style == MF_DNS_NAMED) {
        copy(data, mf_dns_data_piece(data, field->name));
        if (field->text.len)
            copy(data, MF_SPAN("="));
    }
    copy(data, quote);
    copy(data, mf_dns_data_piece(data, field->text));
    copy(data, quote);
    return 0;
}

int mf_dns_data_text(struct mf_dns_data *data, struct mf_span *ret_text)
{
    struct mf_dns_piece piece = {.at = (uint32_t)data->text.len};
    for (size_t i = 0; i < data->count; i++) {
        if (data->fields[i].style == MF_DNS_PLAIN && !data->fields[i].text.len)
            continue;
        int rc = join_one(data, &data->fields[i], data->text.len == piece.at);
        if (rc != 0)
            return rc;
    }
    piece.len = (uint32_t)data->text.len - piece.at;
    *ret_text = mf_dns_data_piece(data, piece);
    return 0;
}
