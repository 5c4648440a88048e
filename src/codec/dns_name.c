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

static bool put_dot(struct mf_dns_text *out)
{
    if (out->len == out->max)
        return false;
    out->text[out->len++] = '.';
    return true;
}

static bool put_label(struct mf_dns_text *out, bool is_first,
                      const uint8_t *label, size_t len)
{
    if (!is_first && !put_dot(out))
        return false;
    size_t i = 0, room = out->max - out->len;
    char *to = out->text + out->len;
    for (; i < len && i < room && is_simple(label[i]); i++)
        to[i] = (char)label[i];
    out->len += i;
    for (; i < len; i++)
        if (!mf_dns_put_byte(out, label[i], ".\\"))
            return false;
    return true;
}

/* What is read, without the calls that a cursor takes for each byte. */
struct place {
    const uint8_t *at, *end;
};

/* Go to where the pointer at `place` leads. */
static int jump(struct place *place, struct mf_span message)
{
    if (place->end - place->at < 2)
        return MF_ETRUNC;
    size_t to = (size_t)(place->at[0] & ~POINTER_MASK) << 8 | place->at[1];
    if (to >= message.len)
        return MF_ECORRUPT;
    place->at = (const uint8_t *)message.text + to;
    place->end = (const uint8_t *)message.text + message.len;
    return 0;
}

/* The labels at `place`; *ret_end is where the name ends there, which is not
 * where its pointers lead. */
static int put_labels(struct place *place, struct mf_span message,
                      struct mf_dns_text *out, const uint8_t **ret_end)
{
    size_t name_len = 1, start = out->len;
    for (int jumps = 0; jumps <= JUMPS_MAX;) {
        if (place->at == place->end)
            return MF_ETRUNC;
        uint8_t len = *place->at;
        if ((len & POINTER_MASK) == POINTER_MASK) {
            if (jumps++ == 0 && place->end - place->at >= 2)
                *ret_end = place->at + 2;
            int rc = jump(place, message);
            if (rc != 0)
                return rc;
            continue;
        }
        name_len += len + 1u;
        if ((len & POINTER_MASK) || name_len > NAME_MAX_LEN + 1)
            return MF_ECORRUPT;
        if (place->end - place->at <= len)
            return MF_ETRUNC;
        const uint8_t *label = place->at + 1;
        place->at = label + len;
        if (jumps == 0)
            *ret_end = place->at;
        if (len == 0)
            return out->len > start || put_dot(out) ? 0 : MF_EFULL;
        if (!put_label(out, out->len == start, label, len))
            return MF_EFULL;
    }
    return MF_ECORRUPT;
}

int mf_dns_put_name(struct mf_cursor *cursor, struct mf_span message,
                    struct mf_dns_text *out)
{
    struct place place = {cursor->at, cursor->end};
    if (cursor->error)
        return cursor->error;
    int rc = put_labels(&place, message, out, &cursor->at);
    if (rc == MF_ETRUNC)
        mf_cursor_fail(cursor, rc);
    return rc;
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
