#include "cli/shown.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

/* Characters that are not what is seen: controls, soft hyphen, zero-width
 * and bidirectional ones, separators, tags. In ascending order. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},       {0x61c, 0x61c},
    {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},
    {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
};

static bool is_hidden(uint32_t character)
{
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (character <= hidden[i].last)
            return character >= hidden[i].first;
    return false;
}

/* The bytes of the character at `text`; 0 if it is none (RFC 3629). */
static size_t read_character(const char *text, size_t len, uint32_t *ret)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t size = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
    if (size > len || !mf_utf8_valid(text, size))
        return 0;
    uint32_t character = size == 1 ? *at : *at & (0x7fu >> size);
    for (size_t i = 1; i < size; i++)
        character = character << 6 | (at[i] & 0x3fu);
    *ret = character;
    return size;
}

static int put_hidden(struct mf_buf *out, uint32_t character)
{
    if (character == '\n')
        return mf_buf_append(out, "\\n", 2);
    if (character == '\t')
        return mf_buf_append(out, "\\t", 2);
    if (character < 0x80)
        return mf_buf_printf(out, "\\x%02x", (unsigned)character);
    return mf_buf_printf(out, "\\u{%X}", (unsigned)character);
}

int mf_shown_put(struct mf_buf *out, const char *text, size_t len)
{
    if (len == 0)
        return 0;
    int rc = 0;
    size_t plain = 0; /* bytes before `at` that are taken as they are */
    for (size_t at = 0; !rc && at < len;) {
        uint32_t character;
        size_t size = read_character(text + at, len - at, &character);
        if (size && !is_hidden(character)) {
            at += size;
            continue;
        }
        rc = mf_buf_append(out, text + plain, at - plain);
        if (!rc && size)
            rc = put_hidden(out, character);
        else if (!rc)
            rc = mf_buf_printf(out, "\\x%02x", (unsigned)(uint8_t)text[at]);
        at += size ? size : 1;
        plain = at;
    }
    return rc ? rc : mf_buf_append(out, text + plain, len - plain);
}

int mf_shown_puts(struct mf_buf *out, const char *text)
{
    return mf_shown_put(out, text, strlen(text));
}

size_t mf_shown_columns(const char *text, size_t len)
{
    struct mf_buf shown;
    size_t columns = 0;
    mf_buf_init(&shown, SIZE_MAX);
    if (mf_shown_put(&shown, text, len) == 0)
        for (size_t i = 0; i < shown.len; i++)
            columns += (shown.data[i] & 0xc0) != 0x80;
    mf_buf_release(&shown);
    return columns;
}
