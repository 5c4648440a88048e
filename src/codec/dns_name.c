#include "codec/dns_name.h"

#include <string.h>

#include "base/error.h"

enum {
    POINTER_MASK = 0xc0,
    NAME_MAX_LEN = 255,
    JUMPS_MAX = 127, /* as many as a name can have labels */
};

bool mf_dns_put_byte(struct mf_dns_text *out, uint8_t byte, const char *special)
{
    bool is_plain = byte >= 0x20 && byte < 0x7f;
    bool is_special = is_plain && strchr(special, byte);
    size_t len = is_special ? 2 : is_plain ? 1 : 4;
    if (out->max - out->len < len)
        return false;
    if (!is_plain || is_special)
        out->text[out->len++] = '\\';
    if (is_plain) {
        out->text[out->len++] = (char)byte;
        return true;
    }
    out->text[out->len++] = (char)('0' + byte / 100);
    out->text[out->len++] = (char)('0' + byte / 10 % 10);
    out->text[out->len++] = (char)('0' + byte % 10);
    return true;
}

static bool is_simple(uint8_t byte)
{
    return byte > 0x20 && byte < 0x7f && byte != '.' && byte != '\\';
}

static bool put_label(struct mf_dns_text *out, bool is_first,
                      const uint8_t *label, size_t len)
{
    if (!is_first && !mf_dns_put_byte(out, '.', ""))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (is_simple(label[i]) && out->len < out->max)
            out->text[out->len++] = (char)label[i];
        else if (!mf_dns_put_byte(out, label[i], ".\\"))
            return false;
    }
    return true;
}

/* Where the pointer that begins with `len` leads to. */
static int jump(struct mf_cursor *cursor, uint8_t len, struct mf_span message,
                struct mf_cursor *ret_target)
{
    size_t to = (size_t)(len & ~POINTER_MASK) << 8 | mf_cursor_u8(cursor);
    if (cursor->error)
        return cursor->error;
    if (to >= message.len)
        return MF_ECORRUPT;
    *ret_target = mf_cursor_make(message.text + to, message.len - to);
    return 0;
}

int mf_dns_put_name(struct mf_cursor *cursor, struct mf_span message,
                    struct mf_dns_text *out)
{
    struct mf_cursor target, *at = cursor;
    size_t name_len = 1, start = out->len;
    for (int jumps = 0; jumps <= JUMPS_MAX;) {
        uint8_t len = mf_cursor_u8(at);
        if (at->error)
            return at->error;
        if (len == 0)
            return out->len > start || mf_dns_put_byte(out, '.', "") ? 0
                                                                     : MF_EFULL;
        if ((len & POINTER_MASK) == POINTER_MASK) {
            int rc = jump(at, len, message, &target);
            if (rc != 0)
                return rc;
            at = &target;
            jumps++;
            continue;
        }
        name_len += len + 1u;
        if ((len & POINTER_MASK) || name_len > NAME_MAX_LEN)
            return MF_ECORRUPT;
        const uint8_t *label = mf_cursor_bytes(at, len);
        if (!label)
            return MF_ETRUNC;
        if (!put_label(out, out->len == start, label, len))
            return MF_EFULL;
    }
    return MF_ECORRUPT;
}

void mf_dns_skip_name(struct mf_cursor *cursor)
{
    size_t name_len = 0;
    for (;;) {
        uint8_t len = mf_cursor_u8(cursor);
        if (cursor->error || len == 0)
            return;
        if ((len & POINTER_MASK) == POINTER_MASK) {
            mf_cursor_u8(cursor);
            return;
        }
        name_len += len + 1u;
        if ((len & POINTER_MASK) || name_len > NAME_MAX_LEN)
            mf_cursor_fail(cursor, MF_ECORRUPT);
        mf_cursor_bytes(cursor, len);
    }
}
