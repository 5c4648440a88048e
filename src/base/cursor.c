#include "base/cursor.h"

struct mf_cursor mf_cursor_make(const void *data, size_t len)
{
    static const uint8_t nothing;
    const uint8_t *at = data ? data : &nothing;
    return (struct mf_cursor){.at = at, .end = at + (data ? len : 0)};
}

uint32_t mf_cursor_le32(struct mf_cursor *cursor)
{
    const uint8_t *b = mf_cursor_bytes(cursor, 4);
    if (!b)
        return 0;
    return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 |
           b[0];
}

uint64_t mf_cursor_le64(struct mf_cursor *cursor)
{
    uint64_t low = mf_cursor_le32(cursor);
    uint64_t high = mf_cursor_le32(cursor);
    return cursor->error ? 0 : high << 32 | low;
}

uint64_t mf_cursor_varint(struct mf_cursor *cursor)
{
    enum { MAX_LEN = 10 };
    size_t left = mf_cursor_left(cursor);
    size_t max = left < MAX_LEN ? left : MAX_LEN;
    uint64_t value = 0;
    for (size_t i = 0; i < max; i++) {
        uint8_t byte = cursor->at[i];
        if (i == MAX_LEN - 1 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (!(byte & 0x80)) {
            cursor->at += i + 1;
            return value;
        }
    }
    mf_cursor_fail(cursor, left < MAX_LEN ? MF_ETRUNC : MF_ECORRUPT);
    return 0;
}
