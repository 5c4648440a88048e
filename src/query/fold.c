#include "query/fold.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "fold_table.h" /* made by tools/fold-table */

enum {
    STEP_LEN = 16,     /* of ASCII at a time */
    CHUNK_LEN = 16384, /* of text, in a search */
    CHARACTER_MAX = 4, /* bytes in UTF-8 */
};

/* The bytes of a folded text, at most. */
#define FOLDED_MAX(len) ((len) + (len) / 2)

static inline uint8_t fold_byte(uint8_t byte)
{
    return byte | (uint8_t)((uint8_t)(byte - 'A') < 26) << 5;
}

/* Written so that compilers make vectors of it. False: not all was ASCII. */
static inline bool fold_ascii(const uint8_t *restrict in, uint8_t *restrict out,
                              size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= in[i];
        out[i] = fold_byte(in[i]);
    }
    return any < 0x80;
}

static inline bool is_tail(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes that a character takes by its first one; 0: none begins so. */
static size_t character_len(uint8_t first)
{
    if (first < 0xc2)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

/* The character of `len` (2 to 4) bytes; 0: it is not one, or has a shorter
 * form. */
static uint32_t read_character(const uint8_t *at, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code = at[0] & (0xffU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if (!is_tail(at[i]))
            return 0;
        code = code << 6 | (at[i] & 0x3fU);
    }
    return code >= least[len] ? code : 0;
}

static size_t write_character(uint8_t *at, uint32_t code)
{
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (len == 1) {
        at[0] = (uint8_t)code;
        return 1;
    }
    for (size_t i = len; i-- > 1; code >>= 6)
        at[i] = (uint8_t)(0x80 | (code & 0x3f));
    at[0] = (uint8_t)(0xf00U >> len | code);
    return len;
}

/*
 * Fold one character of the `len` bytes at `in`, which begin with one that is
 * not ASCII; what is none is a byte that stays. Returns the bytes it took.
 */
static size_t fold_wide(const uint8_t *in, size_t len, uint8_t **out)
{
    size_t took = character_len(in[0]);
    uint32_t code = took && took <= len ? read_character(in, took) : 0;
    if (!code) {
        *(*out)++ = in[0];
        return 1;
    }
    uint8_t page = code >> 6 < FOLD_PAGE_COUNT ? fold_page[code >> 6] : 0;
    int32_t delta = fold_delta[page][code & 63];
    if (delta) {
        *out += write_character(*out, (uint32_t)((int32_t)code + delta));
        return took;
    }
    for (size_t i = 0; i < took; i++)
        *(*out)++ = in[i];
    return took;
}

/* `out` has room for FOLDED_MAX(len); returns the bytes written. */
static size_t fold(const uint8_t *in, size_t len, uint8_t *out)
{
    uint8_t *start = out;
    for (size_t i = 0; i < len;) {
        if (len - i >= STEP_LEN && fold_ascii(in + i, out, STEP_LEN)) {
            i += STEP_LEN;
            out += STEP_LEN;
            continue;
        }
        size_t end = len - i > STEP_LEN ? i + STEP_LEN : len;
        while (i < end) {
            if (in[i] < 0x80)
                *out++ = fold_byte(in[i++]);
            else
                i += fold_wide(in + i, len - i, &out);
        }
    }
    return (size_t)(out - start);
}

int mf_fold(const char *text, size_t len, struct mf_buf *out)
{
    if (len > SIZE_MAX / 2)
        return MF_EFULL;
    int rc = mf_buf_reserve(out, FOLDED_MAX(len));
    if (rc || len == 0)
        return rc;
    out->len += fold((const uint8_t *)text, len, out->data + out->len);
    return 0;
}

/* How much of the `len` bytes can be folded without those that follow: all
 * but a character that is cut at the end. */
static size_t whole_len(const uint8_t *text, size_t len)
{
    for (size_t back = 1; back < CHARACTER_MAX && back <= len; back++)
        if (!is_tail(text[len - back]))
            return character_len(text[len - back]) > back ? len - back : len;
    return len;
}

bool mf_fold_find(const char *text, size_t len, const char *needle,
                  size_t needle_len)
{
    uint8_t folded[MF_NEEDLE_MAX_LEN + FOLDED_MAX(CHUNK_LEN)];
    const uint8_t *at = (const uint8_t *)text;
    size_t kept = 0; /* the end of the last chunk: a match may begin there */
    assert(needle_len > 0 && needle_len <= MF_NEEDLE_MAX_LEN);
    while (len) {
        size_t part = len > CHUNK_LEN ? whole_len(at, CHUNK_LEN) : len;
        size_t have = kept + fold(at, part, folded + kept);
        if (memmem(folded, have, needle, needle_len))
            return true;
        kept = have < needle_len - 1 ? have : needle_len - 1;
        memmove(folded, folded + have - kept, kept);
        at += part;
        len -= part;
    }
    return false;
}

static const uint8_t KELVIN[] = {0xe2, 0x84, 0xaa};
static const uint8_t LONG_S[] = {0xc5, 0xbf};

/* Where a character is from `at` on, or `len`. */
static size_t find_character(const uint8_t *bytes, size_t len, size_t at,
                             const uint8_t *character, size_t character_len)
{
    const uint8_t *found;
    for (; at < len; at++) {
        found = memchr(bytes + at, character[0], len - at);
        if (!found)
            break;
        at = (size_t)(found - bytes);
        if (len - at >= character_len &&
            memcmp(found, character, character_len) == 0)
            return at;
    }
    return len;
}

int mf_fold_binary(const char *text, size_t len, struct mf_buf *out)
{
    int rc = mf_buf_reserve(out, len);
    if (rc || len == 0)
        return rc;
    const uint8_t *bytes = (const uint8_t *)text;
    uint8_t *start = out->data + out->len, *to = start;
    size_t kelvin = find_character(bytes, len, 0, KELVIN, sizeof KELVIN);
    size_t long_s = find_character(bytes, len, 0, LONG_S, sizeof LONG_S);
    for (size_t at = 0;;) {
        size_t next = kelvin < long_s ? kelvin : long_s;
        fold_ascii(bytes + at, to, next - at);
        to += next - at;
        if (next == len)
            break;
        if (next == kelvin) {
            *to++ = 'k';
            at = next + sizeof KELVIN;
            kelvin = find_character(bytes, len, at, KELVIN, sizeof KELVIN);
        } else {
            *to++ = 's';
            at = next + sizeof LONG_S;
            long_s = find_character(bytes, len, at, LONG_S, sizeof LONG_S);
        }
    }
    out->len += (size_t)(to - start);
    return 0;
}

/* The Kelvin sign (U+212A) or the long s (U+017F). */
static bool is_like_ascii(const uint8_t *at, size_t left)
{
    return (left >= 3 && at[0] == 0xe2 && at[1] == 0x84 && at[2] == 0xaa) ||
           (left >= 2 && at[0] == 0xc5 && at[1] == 0xbf);
}

bool mf_fold_ascii(const char *text, size_t len, char *out)
{
    const uint8_t *bytes = (const uint8_t *)text;
    if (fold_ascii(bytes, (uint8_t *)out, len))
        return true;
    for (size_t i = 0; i < len; i++)
        if (bytes[i] >= 0x80 && is_like_ascii(bytes + i, len - i))
            return false;
    return true;
}

/* Whether the needle may begin at one of BLOCK_LEN bytes: its first byte is
 * there, and its last where it would be. Written so that compilers make
 * vectors of it. */
enum { BLOCK_LEN = 64 };
static inline bool may_begin(const uint8_t *first, const uint8_t *last,
                             uint8_t first_byte, uint8_t last_byte)
{
    uint8_t any = 0;
    for (size_t i = 0; i < BLOCK_LEN; i++)
        any |= (uint8_t)(first[i] == first_byte) & (last[i] == last_byte);
    return any;
}

bool mf_fold_holds(const char *text, size_t len, const char *needle,
                   size_t needle_len)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t at = 0, reach = needle_len - 1 + BLOCK_LEN;
    if (needle_len == 0)
        return true;
    uint8_t first = (uint8_t)needle[0], last = (uint8_t)needle[needle_len - 1];
    for (; len - at >= reach; at += BLOCK_LEN) {
        const uint8_t *block = bytes + at;
        if (may_begin(block, block + needle_len - 1, first, last) &&
            memmem(block, reach, needle, needle_len))
            return true;
    }
    return memmem(bytes + at, len - at, needle, needle_len) != NULL;
}
