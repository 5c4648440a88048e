/* Fields of DNS records: building them, and reading the simple ones. */
#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "codec/dns_name.h"
#include "decode/dns_record.h"
#include "decode/value.h"

static void put_number(struct mf_dns_data *data, const char *name,
                       uint64_t value, const char *also)
{
    mf_dns__begin(data, MF_NODE_NUMBER, name);
    if (!data->at.error)
        mf_dns__put_number(data, value);
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
        mf_dns__put_number(data, value);
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

/* Beside the field that was read last: "1 d 2 h". */
static void put_span_of_time(struct mf_dns_data *data, uint32_t seconds)
{
    static const struct {
        uint32_t seconds;
        char unit;
    } units[] = {{604800, 'w'}, {86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t start = data->text.len;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        uint32_t count = seconds / units[i].seconds;
        seconds %= units[i].seconds;
        if (!count)
            continue;
        mf_dns__put(data, " ", data->text.len > start);
        mf_dns__put_number(data, count);
        mf_dns__put(data, " ", 1);
        mf_dns__put(data, &units[i].unit, 1);
    }
    if (!data->error)
        data->fields[data->count - 1].also = (struct mf_dns_piece){
            (uint32_t)start, (uint32_t)(data->text.len - start)};
}

void mf_dns__seconds(struct mf_dns_data *data, const char *name)
{
    mf_dns__begin(data, MF_NODE_NUMBER, name);
    uint32_t seconds = mf_cursor_be32(&data->at);
    if (!data->at.error)
        mf_dns__put_number(data, seconds);
    mf_dns__end(data, NULL);
    if (!data->at.error && !data->error)
        put_span_of_time(data, seconds);
}

static void put_time(struct mf_dns_data *data, uint64_t seconds)
{
    char room[MF_VALUE_ROOM];
    if (!data->at.error) {
        struct mf_span text = mf_value_time((int64_t)seconds, 0, room);
        mf_dns__put(data, text.text, text.len);
    }
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

void mf_dns__name(struct mf_dns_data *data, const char *name)
{
    mf_dns__begin(data, MF_NODE_TEXT, name);
    mf_dns__put_name(data, &data->at);
    mf_dns__end(data, NULL);
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
    struct mf_span text = mf_dns_type_text(mf_dns_type(number), number, room);
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
        data->fields[data->count - 1].also = mf_dns__put_piece(data, also);
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
