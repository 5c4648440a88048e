#include "query/fold.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum {
    CHUNK_LEN = 32768,
    TWO_BYTE_FIRST = 0xc3, /* lead bytes of U+00C0 to U+053F */
    TWO_BYTE_LAST = 0xd4,
};

/* Upper-case letters (each `step`-th of a range) and the way to the lower. */
static const struct {
    uint16_t first, last;
    uint8_t step;
    int16_t to_lower;
} ranges[] = {
    {0x00c0, 0x00d6, 1, 32},   {0x00d8, 0x00de, 1, 32}, {0x0100, 0x012e, 2, 1},
    {0x0132, 0x0136, 2, 1},    {0x0139, 0x0147, 2, 1},  {0x014a, 0x0176, 2, 1},
    {0x0178, 0x0178, 1, -121}, {0x0179, 0x017d, 2, 1},  {0x0386, 0x0386, 1, 38},
    {0x0388, 0x038a, 1, 37},   {0x038c, 0x038c, 1, 64}, {0x038e, 0x038f, 1, 63},
    {0x0391, 0x03a1, 1, 32},   {0x03a3, 0x03ab, 1, 32}, {0x03c2, 0x03c2, 1, 1},
    {0x0400, 0x040f, 1, 80},   {0x0410, 0x042f, 1, 32}, {0x0460, 0x0480, 2, 1},
    {0x048a, 0x04be, 2, 1},    {0x04c1, 0x04cd, 2, 1},  {0x04d0, 0x052e, 2, 1},
};

static unsigned fold_letter(unsigned letter)
{
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (letter < ranges[i].first)
            return letter;
        if (letter <= ranges[i].last)
            return (letter - ranges[i].first) % ranges[i].step
                       ? letter
                       : (unsigned)((int)letter + ranges[i].to_lower);
    }
    return letter;
}

static void fold_ascii(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] |= (uint8_t)((uint8_t)(bytes[i] - 'A') < 26) << 5;
}

static bool fold_wide(uint8_t *bytes, size_t len)
{
    bool wide = false;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] < 0x80)
            continue;
        wide = true;
        if (bytes[i] < TWO_BYTE_FIRST || bytes[i] > TWO_BYTE_LAST ||
            i + 1 == len || (bytes[i + 1] & 0xc0) != 0x80)
            continue;
        unsigned letter =
            fold_letter((bytes[i] & 0x1fU) << 6 | (bytes[i + 1] & 0x3fU));
        bytes[i] = (uint8_t)(0xc0 | letter >> 6);
        bytes[++i] = (uint8_t)(0x80 | (letter & 0x3f));
    }
    return wide;
}

bool mf_fold(char *text, size_t len)
{
    fold_ascii((uint8_t *)text, len);
    return fold_wide((uint8_t *)text, len);
}

bool mf_fold_find(const char *text, size_t len, const char *needle,
                  size_t needle_len, bool wide)
{
    uint8_t chunk[CHUNK_LEN];
    assert(needle_len > 0 && needle_len <= MF_NEEDLE_MAX_LEN);
    /* Chunks overlap, so that a match lies whole in one of them. */
    for (size_t at = 0; len - at >= needle_len;) {
        size_t part = len - at < CHUNK_LEN ? len - at : CHUNK_LEN;
        memcpy(chunk, text + at, part);
        fold_ascii(chunk, part);
        if (wide)
            fold_wide(chunk, part);
        if (memmem(chunk, part, needle, needle_len))
            return true;
        if (part == len - at)
            return false;
        at += part - (needle_len - 1);
    }
    return false;
}
