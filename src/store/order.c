#include "store/order.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/column_page.h"

#define TOP_BIT (UINT64_C(1) << 63)

/* So that the order of the bits is that of the numbers. */
static uint64_t bits_of_signed(int64_t value)
{
    return (uint64_t)value ^ TOP_BIT;
}

static uint64_t bits_of_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits & TOP_BIT ? ~bits : bits | TOP_BIT;
}

static uint64_t size_of(const struct mf_columns *columns)
{
    uint64_t sum = columns->client_bytes + columns->server_bytes;
    return sum < columns->client_bytes ? UINT64_MAX : sum;
}

/* The first eight bytes as a number settle most comparisons. */
static uint64_t bits_of_text(struct mf_span text)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof bits; i++)
        bits = bits << 8 | (i < text.len ? (uint8_t)text.text[i] : 0);
    return bits;
}

static bool name_of(enum mf_sort_key key, const struct mf_columns *columns,
                    enum mf_name_kind *ret_kind, uint32_t *ret_id)
{
    switch (key) {
    case MF_SORT_METHOD:
        *ret_kind = MF_NAME_METHOD;
        *ret_id = columns->method;
        return true;
    case MF_SORT_HOST:
        *ret_kind = MF_NAME_HOST;
        *ret_id = columns->host;
        return true;
    case MF_SORT_CLIENT:
        *ret_kind = MF_NAME_CLIENT;
        *ret_id = columns->client;
        return true;
    case MF_SORT_SOURCE:
        *ret_kind = MF_NAME_SOURCE;
        *ret_id = columns->source;
        return true;
    case MF_SORT_CONTENT_TYPE:
        *ret_kind = MF_NAME_CONTENT_TYPE;
        *ret_id =
            columns->flags & MF_COLUMN_RESPONSE_TYPE || columns->response_type
                ? columns->response_type
                : columns->request_type;
        return true;
    default:
        return false;
    }
}

static uint64_t bits_of(enum mf_sort_key key, const struct mf_columns *columns)
{
    const char *type;
    switch (key) {
    case MF_SORT_START:
        return bits_of_signed(columns->start_ns);
    case MF_SORT_DURATION:
        return bits_of_double(columns->duration_ms);
    case MF_SORT_SIZE:
        return size_of(columns);
    case MF_SORT_STATUS:
        return columns->status;
    case MF_SORT_TYPE:
        type = mf_flow_type_name((enum mf_flow_type)columns->type);
        return bits_of_text((struct mf_span){type, strlen(type)});
    default:
        return 0; /* the number alone */
    }
}

void mf_order_place(const struct mf_order *order,
                    const struct mf_columns *columns,
                    struct mf_place *ret_place)
{
    enum mf_name_kind kind;
    uint32_t id;
    *ret_place = (struct mf_place){.number = columns->number, .text = ""};
    if (!name_of(order->key, columns, &kind, &id)) {
        ret_place->bits = bits_of(order->key, columns);
        return;
    }
    struct mf_span text = mf_names_text(order->names, kind, id);
    ret_place->bits = bits_of_text(text);
    ret_place->text = text.text;
    ret_place->len = text.len;
}

static int compare(const struct mf_place *a, const struct mf_place *b)
{
    if (a->bits != b->bits)
        return a->bits < b->bits ? -1 : 1;
    size_t least = a->len < b->len ? a->len : b->len;
    int order = a->text == b->text ? 0 : memcmp(a->text, b->text, least);
    if (order)
        return order;
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

bool mf_order_before(const struct mf_order *order, const struct mf_place *a,
                     const struct mf_place *b)
{
    int result = compare(a, b);
    return order->ascending ? result < 0 : result > 0;
}

uint32_t mf_order_columns(const struct mf_order *order)
{
    static const uint32_t columns[] = {
        [MF_SORT_ARRIVAL] = 0,
        [MF_SORT_START] = 1U << MF_PAGED_START,
        [MF_SORT_DURATION] = 1U << MF_PAGED_DURATION,
        [MF_SORT_SIZE] =
            1U << MF_PAGED_CLIENT_BYTES | 1U << MF_PAGED_SERVER_BYTES,
        [MF_SORT_STATUS] = 1U << MF_PAGED_STATUS,
        [MF_SORT_METHOD] = 1U << MF_PAGED_METHOD,
        [MF_SORT_HOST] = 1U << MF_PAGED_HOST,
        [MF_SORT_CLIENT] = 1U << MF_PAGED_CLIENT,
        [MF_SORT_SOURCE] = 1U << MF_PAGED_SOURCE,
        [MF_SORT_CONTENT_TYPE] = 1U << MF_PAGED_FLAGS |
                                 1U << MF_PAGED_RESPONSE_TYPE |
                                 1U << MF_PAGED_REQUEST_TYPE,
        [MF_SORT_TYPE] = 0,
    };
    return columns[order->key];
}

/* ---- cursors: KEY DIRECTION . BITS . NUMBER . TEXT, in hexadecimal ---- */

/* No hexadecimal digit: the key ends with it. */
static char direction(const struct mf_order *order)
{
    return order->ascending ? 'u' : 'v';
}

void mf_order_put_cursor(const struct mf_order *order,
                         const struct mf_place *last, char *cursor)
{
    int at = snprintf(cursor, MF_CURSOR_CAP, "%x%c.%" PRIx64 ".%" PRIx64 ".",
                      (unsigned)order->key, direction(order), last->bits,
                      last->number);
    for (size_t i = 0; i < last->len && i < MF_NAME_MAX_LEN; i++, at += 2)
        snprintf(cursor + at, 3, "%02x", (uint8_t)last->text[i]);
}

/* Reads hexadecimal digits up to `end`; false if there are none or too
 * many. */
static bool get_hex(const char **at, char end, uint64_t *ret_value)
{
    enum { DIGITS_MAX = 16 };
    uint64_t value = 0;
    size_t count = 0;
    for (; **at && **at != end; (*at)++, count++) {
        char digit = **at;
        if (count == DIGITS_MAX)
            return false;
        if (digit >= '0' && digit <= '9')
            value = value << 4 | (uint64_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            value = value << 4 | (uint64_t)(digit - 'a' + 10);
        else
            return false;
    }
    *ret_value = value;
    return count > 0 && *(*at)++ == end;
}

bool mf_order_get_cursor(const struct mf_order *order, const char *cursor,
                         char *text, struct mf_place *ret_place)
{
    uint64_t key;
    struct mf_place place = {.text = text};
    if (!get_hex(&cursor, direction(order), &key) || key != order->key ||
        *cursor++ != '.' || !get_hex(&cursor, '.', &place.bits) ||
        !get_hex(&cursor, '.', &place.number))
        return false;
    for (; *cursor; cursor += 2) {
        char pair[] = {cursor[0], cursor[1], '.', '\0'};
        const char *at = pair;
        uint64_t byte;
        if (!cursor[1] || place.len == MF_NAME_MAX_LEN ||
            !get_hex(&at, '.', &byte))
            return false;
        text[place.len++] = (char)byte;
    }
    *ret_place = place;
    return true;
}
