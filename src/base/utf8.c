#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* Without a branch, so that many bytes are looked at at once. */
static inline bool is_ascii(const uint8_t *at, size_t len)
{
    uint8_t high = 0;
    for (size_t i = 0; i < len; i++)
        high |= at[i];
    return high < 0x80;
}

static size_t ascii_run(const uint8_t *at, size_t left)
{
    enum { BLOCK_LEN = 64 };
    size_t run = 0;
    uint64_t word;
    while (left - run >= BLOCK_LEN && is_ascii(at + run, BLOCK_LEN))
        run += BLOCK_LEN;
    for (; left - run >= sizeof word; run += sizeof word) {
        memcpy(&word, at + run, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    while (run < left && at[run] < 0x80)
        run++;
    return run;
}

/* Length of the well-formed sequence at `at` (Unicode, table 3-7); 0: none. */
static size_t sequence_len(const uint8_t *at, size_t left)
{
    uint8_t lead = at[0], low = 0x80, high = 0xbf;
    size_t len;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        len = 2;
    else if (lead >= 0xe0 && lead <= 0xef)
        len = 3;
    else if (lead >= 0xf0 && lead <= 0xf4)
        len = 4;
    else
        return 0;
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)
        high = 0x9f;
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f;
    if (left < len || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

size_t mf_utf8_prefix(const void *text, size_t len)
{
    if (len == 0)
        return 0; /* `text` may be NULL */
    const uint8_t *at = text, *end = at + len;
    while (at < end) {
        at += ascii_run(at, (size_t)(end - at));
        size_t step = at < end ? sequence_len(at, (size_t)(end - at)) : 0;
        if (step == 0)
            break;
        at += step;
    }
    return (size_t)(at - (const uint8_t *)text);
}

bool mf_utf8_valid(const void *text, size_t len)
{
    return mf_utf8_prefix(text, len) == len;
}

size_t mf_utf8_cut(const void *text, size_t len, size_t max)
{
    const uint8_t *bytes = text;
    if (len <= max)
        return len;
    while (max > 0 && (bytes[max] & 0xc0) == 0x80)
        max--;
    return max;
}

int mf_utf8_append(const void *text, size_t len, struct mf_buf *out)
{
    static const uint8_t replacement[] = {0xef, 0xbf, 0xbd};
    if (len == 0)
        return 0; /* `text` may be NULL */
    const uint8_t *at = text, *end = at + len;
    size_t before = out->len;
    int rc = 0;
    while (!rc && at < end) {
        const uint8_t *from = at;
        size_t step = 1;
        while (at < end && step) {
            at += ascii_run(at, (size_t)(end - at));
            step = at < end ? sequence_len(at, (size_t)(end - at)) : 0;
            at += step;
        }
        rc = mf_buf_append(out, from, (size_t)(at - from));
        if (!rc && at < end) {
            rc = mf_buf_append(out, replacement, sizeof replacement);
            at++;
        }
    }
    if (rc)
        out->len = before;
    return rc;
}
