#include "store/column_page.h"

#include <string.h>

enum {
    VERSION = 1,
    VALUE_MAX_LEN = 8,
    HEADER_LEN = 17, /* of a column: width, least, greatest */
};

/* Where a column is in struct mf_columns. */
static const struct place {
    uint16_t offset;
    uint16_t size;
} places[MF_PAGED_COLUMNS] = {
#define PLACE(member)                              \
    {                                              \
        offsetof(struct mf_columns, member),       \
            sizeof((struct mf_columns *)0)->member \
    }
    [MF_PAGED_TYPE] = PLACE(type),
    [MF_PAGED_CHANGE] = PLACE(change),
    [MF_PAGED_FLAGS] = PLACE(flags),
    [MF_PAGED_STATE] = PLACE(state),
    [MF_PAGED_STATUS] = PLACE(status),
    [MF_PAGED_CLIENT_PORT] = PLACE(client_port),
    [MF_PAGED_SERVER_PORT] = PLACE(server_port),
    [MF_PAGED_METHOD] = PLACE(method),
    [MF_PAGED_HOST] = PLACE(host),
    [MF_PAGED_CLIENT] = PLACE(client),
    [MF_PAGED_SOURCE] = PLACE(source),
    [MF_PAGED_RESPONSE_TYPE] = PLACE(response_type),
    [MF_PAGED_REQUEST_TYPE] = PLACE(request_type),
    [MF_PAGED_START] = PLACE(start_ns),
    [MF_PAGED_DURATION] = PLACE(duration_ms),
    [MF_PAGED_CLIENT_BYTES] = PLACE(client_bytes),
    [MF_PAGED_SERVER_BYTES] = PLACE(server_bytes),
    [MF_PAGED_MESSAGE_COUNT] = PLACE(message_count),
#undef PLACE
};

static void put_le64(uint8_t *at, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t load_le64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

/* Member `place` of a row as bits; signed and floating ones too. A signed
 * time is turned so that its order is that of the bits. */
static uint64_t bits_of(const struct mf_columns *row,
                        enum mf_paged_column column)
{
    const uint8_t *at = (const uint8_t *)row + places[column].offset;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    switch (places[column].size) {
    case 1:
        memcpy(&u8, at, sizeof u8);
        return u8;
    case 2:
        memcpy(&u16, at, sizeof u16);
        return u16;
    case 4:
        memcpy(&u32, at, sizeof u32);
        return u32;
    default:
        memcpy(&u64, at, sizeof u64);
        return column == MF_PAGED_START ? u64 ^ (UINT64_C(1) << 63) : u64;
    }
}

struct range {
    uint64_t least;
    uint64_t greatest;
    size_t width;
};

static size_t width_of(uint64_t value)
{
    size_t width = 0;
    for (; value; value >>= 8)
        width++;
    return width;
}

/* Of the rows that are there; of all for the type itself. */
static struct range range_of(const struct mf_columns *rows,
                             enum mf_paged_column column)
{
    struct range range = {.least = UINT64_MAX};
    bool has_any = false;
    for (size_t i = 0; i < MF_COLUMN_PAGE_ROWS; i++) {
        if (!rows[i].type && column != MF_PAGED_TYPE)
            continue;
        uint64_t bits = bits_of(&rows[i], column);
        range.least = bits < range.least ? bits : range.least;
        range.greatest = bits > range.greatest ? bits : range.greatest;
        has_any = true;
    }
    if (!has_any)
        return (struct range){0};
    range.width = width_of(range.greatest - range.least);
    return range;
}

int mf_column_page_put(const struct mf_columns *rows, struct mf_buf *out)
{
    struct range ranges[MF_PAGED_COLUMNS];
    size_t len = MF_COLUMN_PAGE_HEAD_LEN + VALUE_MAX_LEN;
    for (int column = 0; column < MF_PAGED_COLUMNS; column++) {
        ranges[column] = range_of(rows, column);
        len += ranges[column].width * MF_COLUMN_PAGE_ROWS;
    }
    int rc = mf_buf_reserve(out, len);
    if (rc)
        return rc;
    uint8_t *at = out->data + out->len;
    memset(at, 0, len);
    *at++ = VERSION;
    for (int column = 0; column < MF_PAGED_COLUMNS;
         column++, at += HEADER_LEN) {
        at[0] = (uint8_t)ranges[column].width;
        put_le64(at + 1, ranges[column].least, sizeof(uint64_t));
        put_le64(at + 9, ranges[column].greatest, sizeof(uint64_t));
    }
    for (int column = 0; column < MF_PAGED_COLUMNS; column++) {
        const struct range *range = &ranges[column];
        for (size_t i = 0; i < MF_COLUMN_PAGE_ROWS; i++, at += range->width)
            if (rows[i].type || column == MF_PAGED_TYPE)
                put_le64(at, bits_of(&rows[i], column) - range->least,
                         range->width);
    }
    out->len += len;
    return 0;
}

int mf_column_page_open(const void *data, size_t len, uint64_t page,
                        struct mf_column_page *ret_page)
{
    const uint8_t *at = data;
    size_t need = MF_COLUMN_PAGE_HEAD_LEN + VALUE_MAX_LEN;
    if (len < need || at[0] != VERSION ||
        page > UINT64_MAX / MF_COLUMN_PAGE_ROWS - 1)
        return MF_ECORRUPT;
    const uint8_t *values = at + MF_COLUMN_PAGE_HEAD_LEN;
    at++;
    for (int column = 0; column < MF_PAGED_COLUMNS;
         column++, at += HEADER_LEN) {
        size_t width = at[0];
        if (width > VALUE_MAX_LEN)
            return MF_ECORRUPT;
        need += width * MF_COLUMN_PAGE_ROWS;
        if (len < need)
            return MF_ECORRUPT;
        ret_page->columns[column] = (struct mf_column_values){
            .data = values,
            .base = load_le64(at + 1),
            .mask = width < 8 ? (UINT64_C(1) << 8 * width) - 1 : UINT64_MAX,
            .width = width,
        };
        values += width * MF_COLUMN_PAGE_ROWS;
    }
    ret_page->first = page * MF_COLUMN_PAGE_ROWS;
    return len == need ? 0 : MF_ECORRUPT;
}

static inline uint64_t value_at(const struct mf_column_values *values,
                                size_t at)
{
    return values->base +
           (load_le64(values->data + at * values->width) & values->mask);
}

/* Type `0` stands for what is not one: the bytes come from the disk. */
static uint8_t type_at(const struct mf_column_page *page, size_t at)
{
    uint64_t type = value_at(&page->columns[MF_PAGED_TYPE], at);
    return type <= MF_FLOW_UDP ? (uint8_t)type : 0;
}

/* A loop for each size, so that each is a few instructions a row. */
#define READ(type_of, expression)                            \
    for (size_t i = 0; i < count; i++, to += sizeof *rows) { \
        uint64_t value = value_at(&values, at + i);          \
        type_of narrow = (type_of)(expression);              \
        memcpy(to, &narrow, sizeof narrow);                  \
    }

static void read_column(const struct mf_column_page *page,
                        enum mf_paged_column column, size_t at, size_t count,
                        struct mf_columns *rows)
{
    const struct mf_column_values values = page->columns[column];
    uint8_t *to = (uint8_t *)rows + places[column].offset;
    uint64_t turn = column == MF_PAGED_START ? UINT64_C(1) << 63 : 0;
    switch (places[column].size) {
    case 1:
        READ(uint8_t, value)
        break;
    case 2:
        READ(uint16_t, value)
        break;
    case 4:
        READ(uint32_t, value)
        break;
    default:
        READ(uint64_t, value ^ turn)
    }
}

void mf_column_page_rows(const struct mf_column_page *page, unsigned at,
                         unsigned count, uint32_t wanted,
                         struct mf_columns *rows)
{
    for (unsigned i = 0; i < count; i++) {
        rows[i].number = page->first + at + i;
        rows[i].type = type_at(page, at + i);
    }
    for (int column = MF_PAGED_TYPE + 1; column < MF_PAGED_COLUMNS; column++)
        if (wanted >> column & 1)
            read_column(page, column, at, count, rows);
}

void mf_column_page_row(const struct mf_column_page *page, unsigned at,
                        struct mf_columns *ret_columns)
{
    mf_column_page_rows(page, at, 1, UINT32_MAX, ret_columns);
}

uint8_t mf_column_page_type(const struct mf_column_page *page, unsigned at)
{
    return type_at(page, at);
}

uint64_t mf_column_page_change(const struct mf_column_page *page, unsigned at)
{
    return value_at(&page->columns[MF_PAGED_CHANGE], at);
}

bool mf_column_page_is_full(const void *head, size_t len)
{
    const uint8_t *at = head;
    if (len < MF_COLUMN_PAGE_HEAD_LEN || at[0] != VERSION)
        return false;
    at += 1 + MF_PAGED_TYPE * HEADER_LEN;
    return load_le64(at + 1) > 0 && load_le64(at + 9) <= MF_FLOW_UDP;
}

int mf_column_page_changes(const void *head, size_t len, uint64_t *ret_first,
                           uint64_t *ret_last)
{
    const uint8_t *at = head;
    if (len < MF_COLUMN_PAGE_HEAD_LEN || at[0] != VERSION)
        return MF_ECORRUPT;
    at += 1 + MF_PAGED_CHANGE * HEADER_LEN;
    *ret_first = load_le64(at + 1);
    *ret_last = load_le64(at + 9);
    return 0;
}
