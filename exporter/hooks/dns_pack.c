#include "exporter/hooks/dns_pack.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "exporter/hooks/text.h"

enum { LABEL_MAX_LEN = 63 };

static int put_be(struct mf_buf *out, unsigned long long value, int width)
{
    uint8_t bytes[8];
    for (int i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    return mf_buf_append(out, bytes, (size_t)width);
}

static bool fits_word(long long value)
{
    return value >= 0 && value <= 0xffff;
}

int mf_dns_put_head(struct mf_buf *out, const struct mf_dns_head *head)
{
    if (!fits_word(head->id) || !fits_word(head->flags))
        return MF_EINVAL;
    int rc = put_be(out, (unsigned long long)head->id, 2);
    if (!rc)
        rc = put_be(out, (unsigned long long)head->flags, 2);
    for (int i = 0; !rc && i < 4; i++)
        rc = head->counts[i] > 0xffff ? MF_EINVAL
                                      : put_be(out, head->counts[i], 2);
    return rc;
}

static int put_name(struct mf_buf *out, const char *name, size_t len)
{
    if (!mf_text_is_ascii(name, len))
        return MF_EUNSUPPORTED;
    int rc = 0;
    for (size_t at = 0; !rc && len && at <= len;) {
        const char *dot = memchr(name + at, '.', len - at);
        size_t label = dot ? (size_t)(dot - (name + at)) : len - at;
        if (label == 0 || label > LABEL_MAX_LEN)
            return MF_EUNSUPPORTED;
        rc = mf_buf_append_byte(out, (uint8_t)label);
        if (!rc)
            rc = mf_buf_append(out, name + at, label);
        at += label + 1;
    }
    return rc ? rc : mf_buf_append_byte(out, 0);
}

int mf_dns_put_question(struct mf_buf *out, const char *name, size_t name_len,
                        long type, long class_code)
{
    if (!fits_word(type) || !fits_word(class_code))
        return MF_EINVAL;
    int rc = put_name(out, name, name_len);
    if (!rc)
        rc = put_be(out, (unsigned long long)type, 2);
    return rc ? rc : put_be(out, (unsigned long long)class_code, 2);
}

int mf_dns_put_record(struct mf_buf *out, const char *name, size_t name_len,
                      long type, long class_code, long long ttl,
                      const void *data, size_t len)
{
    if (ttl < 0 || ttl > 0xffffffffLL || len > 0xffff)
        return MF_EINVAL;
    int rc = mf_dns_put_question(out, name, name_len, type, class_code);
    if (!rc)
        rc = put_be(out, (unsigned long long)ttl, 4);
    if (!rc)
        rc = put_be(out, len, 2);
    return rc ? rc : mf_buf_append(out, data, len);
}
