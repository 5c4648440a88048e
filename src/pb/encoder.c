#include "pb/encoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "pb/wire.h"

enum { FIRST_SPLICES = 16 };

/* A buffer beyond this is given back rather than kept for the next. */
#define KEEP_MAX_LEN ((size_t)1 << 20)

/* Year 9999, the last that a Timestamp may hold. */
#define SECONDS_MAX 253402300799.0

void mf_encoder_init(struct mf_encoder *enc, size_t max)
{
    *enc = (struct mf_encoder){0};
    mf_buf_init(&enc->buf, max);
}

void mf_encoder_release(struct mf_encoder *enc)
{
    size_t max = enc->buf.max;
    mf_buf_release(&enc->buf);
    free(enc->splices);
    mf_encoder_init(enc, max);
}

void mf_encoder_clear(struct mf_encoder *enc)
{
    if (enc->buf.cap > KEEP_MAX_LEN)
        mf_buf_release(&enc->buf);
    mf_buf_clear(&enc->buf);
    enc->splice_count = 0;
    enc->spliced_len = 0;
    enc->error = 0;
}

size_t mf_encoder_len(const struct mf_encoder *enc)
{
    return enc->buf.len + enc->spliced_len;
}

void mf_encoder_fail(struct mf_encoder *enc, int error)
{
    if (!enc->error)
        enc->error = error;
}

struct mf_mark mf_encoder_begin(struct mf_encoder *enc, uint32_t number)
{
    struct mf_mark mark = {0, enc->splice_count, enc->spliced_len};
    if (!enc->error)
        enc->error = mf_wire_begin(&enc->buf, number, &mark.at);
    return mark;
}

void mf_encoder_end(struct mf_encoder *enc, struct mf_mark mark)
{
    if (enc->error)
        return;
    struct mf_buf *buf = &enc->buf;
    size_t copied_len = buf->len - mark.at;
    size_t body_len = copied_len + enc->spliced_len - mark.spliced_len;
    size_t extra = mf_wire_varint_len(body_len) - 1;
    enc->error = mf_buf_reserve(buf, extra);
    if (enc->error)
        return;
    if (extra) {
        memmove(buf->data + mark.at + extra, buf->data + mark.at, copied_len);
        for (size_t i = mark.splice; i < enc->splice_count; i++)
            enc->splices[i].at += extra;
    }
    mf_wire_encode_varint(buf->data + mark.at - 1, body_len);
    buf->len += extra;
}

void mf_encoder_varint_opt(struct mf_encoder *enc, uint32_t number,
                           uint64_t value)
{
    if (!enc->error)
        enc->error = mf_wire_put_varint_opt(&enc->buf, number, value);
}

void mf_encoder_double_opt(struct mf_encoder *enc, uint32_t number,
                           double value)
{
    if (!enc->error)
        enc->error = mf_wire_put_double_opt(&enc->buf, number, value);
}

void mf_encoder_bytes(struct mf_encoder *enc, uint32_t number, const void *data,
                      size_t len)
{
    if (!enc->error)
        enc->error = mf_wire_put_bytes(&enc->buf, number, data, len);
}

void mf_encoder_bytes_opt(struct mf_encoder *enc, uint32_t number,
                          const void *data, size_t len)
{
    if (len)
        mf_encoder_bytes(enc, number, data, len);
}

void mf_encoder_seconds(struct mf_encoder *enc, uint32_t number, double seconds)
{
    if (enc->error || !(seconds >= 0) || seconds > SECONDS_MAX)
        return;
    double whole = floor(seconds);
    int64_t s = (int64_t)whole;
    int64_t nanos = llround((seconds - whole) * (double)MF_NS_PER_S);
    if (nanos >= MF_NS_PER_S) {
        s++;
        nanos = 0;
    }
    struct mf_mark mark = mf_encoder_begin(enc, number);
    mf_encoder_varint_opt(enc, 1, (uint64_t)s);
    mf_encoder_varint_opt(enc, 2, (uint64_t)nanos);
    mf_encoder_end(enc, mark);
}

static int add_splice(struct mf_encoder *enc, struct mf_splice splice)
{
    if (enc->splice_count == enc->splice_cap) {
        size_t cap = enc->splice_cap ? enc->splice_cap * 2 : FIRST_SPLICES;
        struct mf_splice *more =
            realloc(enc->splices, cap * sizeof *enc->splices);
        if (!more)
            return MF_ENOMEM;
        enc->splices = more;
        enc->splice_cap = cap;
    }
    enc->splices[enc->splice_count++] = splice;
    enc->spliced_len += splice.len;
    return 0;
}

int mf_encoder_splice(struct mf_encoder *enc, const struct mf_splice *splice)
{
    if (!enc->error)
        enc->error = add_splice(enc, *splice);
    return enc->error;
}

void mf_encoder_body(struct mf_encoder *enc, uint32_t number, const void *data,
                     size_t len, void *object)
{
    if (len < MF_SPLICE_MIN_LEN || !object) {
        mf_encoder_bytes(enc, number, data, len);
        return;
    }
    if (enc->error)
        return;
    uint8_t head[20];
    size_t head_len = mf_wire_encode_varint(head, (uint64_t)number << 3 |
                                                      (unsigned)MF_WIRE_LEN);
    head_len += mf_wire_encode_varint(head + head_len, len);
    enc->error = mf_buf_append(&enc->buf, head, head_len);
    if (!enc->error)
        enc->error = add_splice(
            enc, (struct mf_splice){enc->buf.len, data, len, object});
}
