#include "exporter/sender/outgoing.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "exporter/sender/published_form.h"
#include "exporter/sender/shrink.h"

enum { HEAD_LEN = 5 };

/* gRPC has 32 bits for a length; half of that is far above any body_max. */
#define MESSAGE_MAX_LEN ((size_t)1 << 31)

void mf_outgoing_init(struct mf_outgoing *out)
{
    *out = (struct mf_outgoing){0};
    mf_encoder_init(&out->enc, MESSAGE_MAX_LEN);
}

void mf_outgoing_release(struct mf_outgoing *out)
{
    mf_encoder_release(&out->enc);
    mf_outgoing_init(out);
}

void mf_outgoing_reset(struct mf_outgoing *out)
{
    out->is_busy = false;
    mf_encoder_clear(&out->enc);
}

/* `message` into out->enc in one run, cut to what the server keeps. */
static int shrink(struct mf_outgoing *out, const struct mf_spliced *message,
                  size_t max_len)
{
    struct mf_buf flat, cut;
    mf_buf_init(&flat, MESSAGE_MAX_LEN);
    mf_buf_init(&cut, MESSAGE_MAX_LEN);
    int rc = mf_spliced_flatten(message, &flat);
    if (!rc)
        rc = mf_shrink(flat.data, flat.len, max_len, &cut);
    mf_buf_release(&flat);
    mf_encoder_release(&out->enc);
    out->enc.buf = cut;
    return rc;
}

static int copy(struct mf_outgoing *out, const struct mf_spliced *message)
{
    const struct mf_region all = mf_region_of(message);
    mf_region_put_bytes(&out->enc, &all);
    return out->enc.error;
}

static int put(struct mf_outgoing *out, const struct mf_spliced *message,
               const struct mf_outgoing_rules *rules)
{
    int rc = 0;
    if (rules->published)
        rc = mf_published_form(message, rules->body_max, &out->enc);
    else if (!rules->max_len || mf_spliced_len(message) <= rules->max_len)
        rc = copy(out, message);
    else
        return shrink(out, message, rules->max_len);
    if (rc || !rules->max_len || mf_encoder_len(&out->enc) <= rules->max_len)
        return rc;
    const struct mf_spliced published = mf_spliced_of(&out->enc);
    return shrink(out, &published, rules->max_len);
}

int mf_outgoing_begin(struct mf_outgoing *out, const struct mf_spliced *message,
                      const struct mf_outgoing_rules *rules)
{
    mf_outgoing_reset(out);
    int rc = put(out, message, rules);
    size_t len = mf_encoder_len(&out->enc);
    if (!rc && len >= MESSAGE_MAX_LEN)
        rc = MF_EFULL;
    if (rc) {
        mf_outgoing_reset(out);
        return rc;
    }
    out->is_busy = true;
    out->at = 0;
    out->len = HEAD_LEN + len;
    out->splice = out->bytes_at = out->splice_at = 0;
    out->head[0] = 0;
    for (int i = 0; i < 4; i++)
        out->head[1 + i] = (uint8_t)(len >> (8 * (3 - i)));
    return 0;
}

struct run {
    const uint8_t *data;
    size_t len;
    size_t *at; /* to be moved on; NULL: the head's */
};

/* The bytes that come next in one run. */
static struct run next_run(struct mf_outgoing *out)
{
    const struct mf_encoder *enc = &out->enc;
    if (out->at < HEAD_LEN)
        return (struct run){out->head + out->at, HEAD_LEN - out->at, NULL};
    for (;;) {
        const struct mf_splice *splice =
            out->splice < enc->splice_count ? &enc->splices[out->splice] : NULL;
        size_t end = splice ? splice->at : enc->buf.len;
        if (out->bytes_at < end || !splice)
            return (struct run){enc->buf.data + out->bytes_at,
                                end - out->bytes_at, &out->bytes_at};
        if (out->splice_at < splice->len)
            return (struct run){splice->data + out->splice_at,
                                splice->len - out->splice_at, &out->splice_at};
        out->splice++;
        out->splice_at = 0;
    }
}

size_t mf_outgoing_read(struct mf_outgoing *out, uint8_t *data, size_t len)
{
    size_t done = 0;
    while (out->is_busy && done < len) {
        struct run run = next_run(out);
        size_t n = run.len < len - done ? run.len : len - done;
        if (n)
            memcpy(data + done, run.data, n);
        done += n;
        if (run.at)
            *run.at += n;
        out->at += n;
        if (out->at == out->len)
            mf_outgoing_reset(out);
    }
    return done;
}
