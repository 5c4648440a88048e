#include "codec/envelope.h"

#include <string.h>

#include "base/error.h"

enum {
    /* Kept for the next message; more is given back between messages. */
    KEEP_CAP = 64 * 1024,
};

void mf_envelope_init(struct mf_envelope *envelope, uint8_t known_flags,
                      size_t max_len)
{
    *envelope =
        (struct mf_envelope){.max_len = max_len, .known_flags = known_flags};
    mf_buf_init(&envelope->body, max_len);
}

void mf_envelope_release(struct mf_envelope *envelope)
{
    mf_buf_release(&envelope->body);
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static uint32_t body_len(const struct mf_envelope *envelope)
{
    const uint8_t *p = envelope->prefix;
    return (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 |
           p[4];
}

static void forget_taken(struct mf_envelope *envelope)
{
    if (!envelope->is_taken)
        return;
    envelope->is_taken = false;
    if (envelope->body.cap > KEEP_CAP)
        mf_buf_release(&envelope->body);
    else
        mf_buf_clear(&envelope->body);
}

int mf_envelope_next(struct mf_envelope *envelope, const uint8_t **data,
                     size_t *len, struct mf_envelope_message *ret_message)
{
    forget_taken(envelope);
    if (*len == 0)
        return 0;
    size_t take = min(MF_ENVELOPE_PREFIX_LEN - envelope->prefix_len, *len);
    memcpy(envelope->prefix + envelope->prefix_len, *data, take);
    envelope->prefix_len += take;
    *data += take;
    *len -= take;
    if (envelope->prefix_len < MF_ENVELOPE_PREFIX_LEN)
        return 0;

    ret_message->flags = envelope->prefix[0];
    if (ret_message->flags & ~envelope->known_flags)
        return MF_ECORRUPT;
    size_t need = body_len(envelope);
    if (need > envelope->max_len)
        return MF_EFULL;
    struct mf_buf *body = &envelope->body;
    if (body->len == 0 && *len >= need) {
        ret_message->data = *data;
        ret_message->len = need;
        *data += need;
        *len -= need;
        envelope->prefix_len = 0;
        return 1;
    }
    take = min(need - body->len, *len);
    int rc = mf_buf_append(body, *data, take);
    if (rc)
        return rc;
    *data += take;
    *len -= take;
    if (body->len < need)
        return 0;
    ret_message->data = body->data;
    ret_message->len = need;
    envelope->is_taken = true;
    envelope->prefix_len = 0;
    return 1;
}

bool mf_envelope_is_between(const struct mf_envelope *envelope)
{
    return envelope->prefix_len == 0;
}

void mf_envelope_prefix(uint8_t flags, uint32_t len,
                        uint8_t prefix[MF_ENVELOPE_PREFIX_LEN])
{
    prefix[0] = flags;
    prefix[1] = (uint8_t)(len >> 24);
    prefix[2] = (uint8_t)(len >> 16);
    prefix[3] = (uint8_t)(len >> 8);
    prefix[4] = (uint8_t)len;
}
